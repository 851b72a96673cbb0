#pragma once

#include "contracts/kit/contract_base.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace runnel::contracts
{

class UniswapV2Pair;
class UniswapV2Router;

/// Switches the protocol fee on (an account) or off (the zero account); only the setter may.
struct UniswapV2SetFeeTo
{
    RUNNEL_CALL("setFeeTo", 0, {24'800, 2'400});

    AccountId fee_to{};
    RUNNEL_FIELDS(fee_to);
};

struct UniswapV2SetFeeToSetter
{
    RUNNEL_CALL("setFeeToSetter", 1, {24'800, 2'400});

    AccountId fee_to_setter{};
    RUNNEL_FIELDS(fee_to_setter);
};

/// Tokens are named by their contracts' accounts, as addresses are on Ethereum.
struct UniswapV2CreatePair
{
    RUNNEL_CALL("createPair", 2, {3'200, 900});  // Of a refusal: here it always refuses.

    AccountId token_a{};
    AccountId token_b{};
    RUNNEL_FIELDS(token_a, token_b);
};

struct UniswapV2FactoryState
{
    AccountId fee_to{};  // The zero account: no protocol fee.
    AccountId fee_to_setter{};
    RUNNEL_FIELDS(fee_to, fee_to_setter);
};

/// Knows the pairs of a Uniswap v2 and who earns the protocol fee.
///
/// Pairs are deployed at genesis: createPair refuses as the deployed code does for pairs that exist
/// and for impossible ones, and with a refusal of the ledger for any other.
/// Errors: UniswapV2: FORBIDDEN, UniswapV2: IDENTICAL_ADDRESSES, UniswapV2: ZERO_ADDRESS,
/// UniswapV2: PAIR_EXISTS.
/// Source: Uniswap v2-core `UniswapV2Factory.sol`.
class UniswapV2Factory : public ContractBase<UniswapV2Factory, UniswapV2SetFeeTo,
                             UniswapV2SetFeeToSetter, UniswapV2CreatePair>
{
public:
    explicit UniswapV2Factory(ContractIdentity identity, AccountId fee_to = zero_account,
        AccountId fee_to_setter = zero_account);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    /// The pair of these tokens in either order; nullptr if there is none. Of two pairs with the
    /// same tokens the one with the lower id counts.
    [[nodiscard]] UniswapV2Pair* find_pair(ContractId token_a, ContractId token_b) const noexcept;
    /// All pairs, in order of their contract ids.
    [[nodiscard]] const std::vector<UniswapV2Pair*>& pairs() const noexcept { return pairs_; }

    /// Its router; of several the one with the lowest id, nullptr if there is none.
    [[nodiscard]] const UniswapV2Router* router() const noexcept { return router_; }

    /// Record 0: read by every mint and burn of its pairs.
    [[nodiscard]] const Table<UniswapV2FactoryState>& state() const noexcept { return state_; }
    [[nodiscard]] AccountId fee_to() const noexcept { return state_.get(0).fee_to; }
    [[nodiscard]] AccountId fee_to_setter() const noexcept { return state_.get(0).fee_to_setter; }

    /// createPair() for tokens named by contract: what the router asks for. Always a refusal.
    [[nodiscard]] Refusal create_pair(
        const World& world, ContractId token_a, ContractId token_b) const;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const UniswapV2SetFeeTo& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const UniswapV2SetFeeToSetter& call, AccountId sender, AccessCollector& access) const;
    void declare(const UniswapV2CreatePair& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const UniswapV2SetFeeTo& call, CallContext& context);
    Result<Returns> execute(const UniswapV2SetFeeToSetter& call, CallContext& context);
    Result<Returns> execute(const UniswapV2CreatePair& call, CallContext& context);

private:
    /// A pair under its two tokens, the lower id in the high half.
    struct Entry
    {
        std::uint64_t tokens = 0;
        UniswapV2Pair* pair = nullptr;
    };
    [[nodiscard]] static std::uint64_t key(ContractId token_a, ContractId token_b) noexcept;
    [[nodiscard]] Refusal refuse_pair(
        const World& world, AccountId token_a, AccountId token_b) const;

    Table<UniswapV2FactoryState> state_;  // Record 0.
    std::vector<UniswapV2Pair*> pairs_;
    std::vector<Entry> entries_;  // Sorted by tokens.
    const UniswapV2Router* router_ = nullptr;
};

}  // namespace runnel::contracts
