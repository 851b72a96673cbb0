#pragma once

#include "contracts/kit/sectors/issued_token.hpp"
#include "contracts/kit/sectors/screening.hpp"
#include "contracts/kit/sectors/sector.hpp"
#include "contracts/kit/token_base.hpp"
#include "contracts/stablecoins/fiat_token/calls.hpp"

#include <string>

namespace runnel::contracts
{

namespace fiat_token
{

/// Who may do what, and whether anything is done at all.
struct Roles
{
    AccountId owner{};  // Appoints the others.
    AccountId master_minter{};
    AccountId pauser{};
    AccountId blacklister{};
    bool paused = false;
    /// There have been more tokens than one account may hold: until then nobody need look whether
    /// it does.
    bool is_vast = false;
    RUNNEL_FIELDS(owner, master_minter, pauser, blacklister, paused, is_vast);
};

struct Minter
{
    bool is_minter = false;
    Amount allowance;
    RUNNEL_FIELDS(is_minter, (allowance, smallest_unit));
};

struct Flag
{
    bool is_set = false;
    RUNNEL_FIELDS(is_set);
};

/// Which implementation stands behind the proxy.
enum class Version : std::uint8_t
{
    v2_1,  // From 2021 on: blacklisted accounts can neither approve nor be approved.
    v2_2,  // From November 2023 on: they can; a balance is below 2^255.
};

/// What the constructor and the initializers of the deployed token set.
struct Spec
{
    TokenInfo info;
    std::string name;  // In the domain of signatures.
    Version version = Version::v2_2;
    std::uint64_t chain_id = 1;
};

}  // namespace fiat_token

/// A token that stands for money in a bank, as USDC: minters with allowances mint and burn, a
/// pauser stops everything, and whom the blacklister names neither sends nor receives.
///
/// Conservation: the sum of all balances is the supply. Only mint() adds to it, at the expense of
/// the minter's allowance, and only burn() takes from it, which gives no allowance back. Block 0
/// may give tokens: these were minted before.
///
/// Order of checks: paused, the caller's role, the blacklist (caller, then payer, then payee), then
/// the call's own. transferFrom() looks at the allowance before the balance, and uses up every
/// allowance, also 2^256-1; it emits no Approval. The token itself is blacklisted.
///
/// Units: the token's smallest unit. Rounding: none. Errors: the reasons of the source, beside
/// TokenBook's `no such account` before all.
/// Source: Circle's stablecoin-evm, FiatTokenV2_1 and FiatTokenV2_2 with what they derive from, as
/// deployed behind 0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48. Not modelled: see
/// docs/fiat_token.md.
class FiatToken
  : public TokenBase<FiatToken, fiat_token::Mint, fiat_token::Burn, fiat_token::IncreaseAllowance,
        fiat_token::DecreaseAllowance, fiat_token::ConfigureMinter, fiat_token::RemoveMinter,
        fiat_token::Pause, fiat_token::Unpause, fiat_token::Blacklist, fiat_token::UnBlacklist,
        fiat_token::Permit, fiat_token::TransferOwnership, fiat_token::UpdateMasterMinter,
        fiat_token::UpdatePauser, fiat_token::UpdateBlacklister>,
    public IssuedToken,
    public AccountFreezer
{
public:
    FiatToken(ContractIdentity identity, fiat_token::Spec spec);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override { return spec_.info; }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void check_invariants(const World& world, Findings& findings) const override;

    bool allocate(World& world, AccountId account, const Amount& value) override;
    [[nodiscard]] bool can_be_allocated() const override { return true; }
    /// Puts the roles in place where there is no scenario.
    void appoint(const fiat_token::Roles& roles);

    [[nodiscard]] const fiat_token::Roles& roles() const noexcept { return roles_.get(0); }
    [[nodiscard]] bool is_minter(AccountId account) const
    {
        return minters_.get(account).is_minter;
    }
    [[nodiscard]] const Amount& minter_allowance(AccountId account) const
    {
        return minters_.get(account).allowance;
    }
    [[nodiscard]] bool is_blacklisted(AccountId account) const
    {
        return blacklist_.get(account).is_set;
    }
    // AccountFreezer.

    [[nodiscard]] AccountId frozen_by() const override { return roles().blacklister; }
    [[nodiscard]] bool is_frozen(AccountId account) const override
    {
        return is_blacklisted(account);
    }
    void add_freeze(CallWriter& calls, AccountId account) const override
    {
        calls.add(id(), fiat_token::Blacklist{account});
    }

    [[nodiscard]] const Amount& nonce(AccountId owner) const { return nonces_.get(owner); }

    // IssuedToken.

    [[nodiscard]] const Amount& total_supply() const noexcept override { return supply_.get(0); }
    void join(TokenBacker& backer) noexcept override { backer_ = &backer; }
    Result<void> mint(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> burn(CallContext context, const Amount& amount) override;
    void declare_mint(AccessCollector& access, AccountId minter, AccountId to) const override;
    void declare_burn(AccessCollector& access, AccountId minter) const override;

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;
    void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const override;
    void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const override;

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const Erc20Transfer& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20Approve& call, AccountId sender, AccessCollector& access) const;
    void declare(const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const Erc20Transfer& call, CallContext& context);
    Result<Returns> execute(const Erc20Approve& call, CallContext& context);
    Result<Returns> execute(const Erc20TransferFrom& call, CallContext& context);
    void declare(const fiat_token::Mint& call, AccountId sender, AccessCollector& access) const;
    void declare(const fiat_token::Burn& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const fiat_token::Mint& call, CallContext& context);
    Result<Returns> execute(const fiat_token::Burn& call, CallContext& context);
    Result<Returns> execute(const fiat_token::IncreaseAllowance& call, CallContext& context);
    Result<Returns> execute(const fiat_token::DecreaseAllowance& call, CallContext& context);
    Result<Returns> execute(const fiat_token::ConfigureMinter& call, CallContext& context);
    Result<Returns> execute(const fiat_token::RemoveMinter& call, CallContext& context);
    Result<Returns> execute(const fiat_token::Pause& call, CallContext& context);
    Result<Returns> execute(const fiat_token::Unpause& call, CallContext& context);
    Result<Returns> execute(const fiat_token::Blacklist& call, CallContext& context);
    Result<Returns> execute(const fiat_token::UnBlacklist& call, CallContext& context);
    Result<Returns> execute(const fiat_token::Permit& call, CallContext& context);
    Result<Returns> execute(const fiat_token::TransferOwnership& call, CallContext& context);
    Result<Returns> execute(const fiat_token::UpdateMasterMinter& call, CallContext& context);
    Result<Returns> execute(const fiat_token::UpdatePauser& call, CallContext& context);
    Result<Returns> execute(const fiat_token::UpdateBlacklister& call, CallContext& context);

private:
    [[nodiscard]] Result<void> require_running(CallContext& context) const;
    [[nodiscard]] Result<void> require_not_blacklisted(
        CallContext& context, AccountId account) const;
    [[nodiscard]] Result<void> require_owner(CallContext& context) const;
    /// Running, called by a minter that is not blacklisted.
    [[nodiscard]] Result<void> require_minter(CallContext& context) const;
    /// What approvals of @p owner for @p spender must pass.
    [[nodiscard]] Result<void> require_approval(
        CallContext& context, AccountId owner, AccountId spender) const;
    /// That @p account can take @p amount more.
    [[nodiscard]] Result<void> require_room(
        CallContext& context, AccountId account, const Amount& amount) const;
    Result<void> move(CallContext& context, AccountId from, AccountId to, const Amount& amount);
    void declare_standing(AccessCollector& access, AccountId account) const;
    Result<Returns> set_blacklisted(CallContext& context, AccountId account, bool is_set);

    fiat_token::Spec spec_;
    TokenBacker* backer_ = nullptr;
    Hash domain_separator_;
    Table<Amount> supply_;            // Record 0.
    Table<fiat_token::Roles> roles_;  // Record 0.
    Table<fiat_token::Minter> minters_;
    Table<fiat_token::Flag> blacklist_;
    Table<Amount> nonces_;  // Of permits.
};

}  // namespace runnel::contracts
