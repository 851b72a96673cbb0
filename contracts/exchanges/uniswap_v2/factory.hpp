#pragma once

#include "contracts/exchanges/uniswap_v2/calls.hpp"
#include "contracts/exchanges/uniswap_v2/events.hpp"
#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/kit/contract_base.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace runnel::contracts::uniswap_v2
{

struct FactoryState
{
    AccountId fee_to{};  // The zero account: no protocol fee.
    AccountId fee_to_setter{};
    RUNNEL_FIELDS(fee_to, fee_to_setter);
};

}  // namespace runnel::contracts::uniswap_v2

namespace runnel::contracts
{

class UniswapV2Pair;
class UniswapV2Router;

/// What a new pair's code costs: 2,512,920 for the whole transaction in the tests of Uniswap
/// v2-core, less 21,000 and the call's own figure.
inline constexpr std::uint64_t pair_deployment_gas = 2'488'700;

/// Knows the pairs of a Uniswap v2, deploys them, and says who earns the protocol fee.
///
/// A pair that a transaction creates has the address that CREATE2 gives it on Ethereum, from the
/// factory's address and the tokens' own: anybody can tell it beforehand. Its token0 is the one
/// with the lower address; a scenario's pairs keep the order of the scenario. Errors: UniswapV2:
/// FORBIDDEN, UniswapV2: IDENTICAL_ADDRESSES, UniswapV2: ZERO_ADDRESS, UniswapV2: PAIR_EXISTS; of
/// the ledger, for an account that is no token. Source: Uniswap v2-core `UniswapV2Factory.sol`.
class UniswapV2Factory : public ContractBase<UniswapV2Factory, uniswap_v2::SetFeeTo,
                             uniswap_v2::SetFeeToSetter, uniswap_v2::CreatePair>
{
public:
    explicit UniswapV2Factory(ContractIdentity identity, AccountId fee_to = zero_account,
        AccountId fee_to_setter = zero_account, uniswap_v2::PoolFee fee = {});

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
    [[nodiscard]] const Table<uniswap_v2::FactoryState>& state() const noexcept { return state_; }
    /// Of every swap on its pairs: what a fork's code has as a constant.
    [[nodiscard]] const uniswap_v2::PoolFee& fee() const noexcept { return fee_; }
    [[nodiscard]] AccountId fee_to() const noexcept { return state_.get(0).fee_to; }
    [[nodiscard]] AccountId fee_to_setter() const noexcept { return state_.get(0).fee_to_setter; }

    /// createPair() for tokens named by contract: what the router asks for.
    Result<UniswapV2Pair*> create_pair(
        CallContext& context, ContractId token_a, ContractId token_b) const;
    /// Where the pair of these tokens is or will be, if a transaction creates it.
    [[nodiscard]] Address pair_address(
        const World& world, ContractId token_a, ContractId token_b) const;
    [[nodiscard]] static Address pair_address(
        const Address& factory, const Address& token_a, const Address& token_b);
    /// Whether a call may create the pair: what declares that it deploys a contract.
    [[nodiscard]] bool may_create(const World& world, ContractId token_a, ContractId token_b) const;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const uniswap_v2::SetFeeTo& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const uniswap_v2::SetFeeToSetter& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const uniswap_v2::CreatePair& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const uniswap_v2::SetFeeTo& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::SetFeeToSetter& call, CallContext& context);
    Result<Returns> execute(const uniswap_v2::CreatePair& call, CallContext& context);

private:
    /// A pair under its two tokens, the lower id in the high half.
    struct Entry
    {
        std::uint64_t tokens = 0;
        UniswapV2Pair* pair = nullptr;
    };
    [[nodiscard]] static std::uint64_t key(ContractId token_a, ContractId token_b) noexcept;
    [[nodiscard]] Result<UniswapV2Pair*> create_pair(
        CallContext& context, AccountId token_a, AccountId token_b) const;

    uniswap_v2::PoolFee fee_;
    Table<uniswap_v2::FactoryState> state_;  // Record 0.
    std::vector<UniswapV2Pair*> pairs_;
    std::vector<Entry> entries_;  // Sorted by tokens.
    const UniswapV2Router* router_ = nullptr;
};

}  // namespace runnel::contracts
