#pragma once

#include "contracts/kit/contract_base.hpp"

#include <string_view>

namespace runnel::contracts
{

/// Who has something for each coin that block 0 gives.
class TokenBacker
{
public:
    virtual ~TokenBacker() = default;
    /// Takes up, at genesis, what stands for @p value of the coin.
    virtual void back(World& world, const Amount& value) = 0;
};

/// A token that somebody issues: what those who mint and burn it may know of it, whatever its code.
/// Its contract is also a Token.
class IssuedToken
{
public:
    static constexpr std::string_view sector = "issued_token";

    virtual ~IssuedToken() = default;

    /// After the last block.
    [[nodiscard]] virtual const Amount& total_supply() const noexcept = 0;

    /// What block 0 gives of it from now on, @p backer backs. At genesis.
    virtual void join(TokenBacker& backer) = 0;

    // The caller is the minter: what it may mint, and whom for, is the token's business.

    virtual Result<void> mint(CallContext context, AccountId to, const Amount& amount) = 0;
    /// Of the caller's own.
    virtual Result<void> burn(CallContext context, const Amount& amount) = 0;
    virtual void declare_mint(AccessCollector& access, AccountId minter, AccountId to) const = 0;
    virtual void declare_burn(AccessCollector& access, AccountId minter) const = 0;
};

}  // namespace runnel::contracts
