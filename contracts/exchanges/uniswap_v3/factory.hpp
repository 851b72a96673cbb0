#pragma once

#include "contracts/exchanges/uniswap_v3/calls.hpp"
#include "contracts/exchanges/uniswap_v3/events.hpp"
#include "contracts/kit/contract_base.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace runnel::contracts::uniswap_v3
{

struct FactoryState
{
    AccountId owner{};
    RUNNEL_FIELDS(owner);
};

}  // namespace runnel::contracts::uniswap_v3

namespace runnel::contracts
{

class UniswapV3Pool;
class UniswapV3Router;

/// Knows the pools of a Uniswap v3, deploys them for the fees that are enabled, and says who owns
/// the protocol's fees.
///
/// A pool that a transaction creates has the address that CREATE2 gives it on Ethereum; its token0
/// is the one with the lower address; a scenario's pools keep the order of the scenario.
/// Errors: without data, as the deployed code has it; of the ledger, for an account that is no
/// token. Source: Uniswap v3-core `UniswapV3Factory.sol`, `UniswapV3PoolDeployer.sol`.
class UniswapV3Factory : public ContractBase<UniswapV3Factory, uniswap_v3::CreatePool,
                             uniswap_v3::SetOwner, uniswap_v3::EnableFeeAmount>
{
public:
    explicit UniswapV3Factory(ContractIdentity identity, AccountId owner = zero_account);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    /// The pool of these tokens in either order; nullptr if there is none.
    [[nodiscard]] UniswapV3Pool* find_pool(
        ContractId token_a, ContractId token_b, std::uint32_t fee) const noexcept;
    /// All pools, in order of their contract ids.
    [[nodiscard]] const std::vector<UniswapV3Pool*>& pools() const noexcept { return pools_; }
    /// Its router; of several the one with the lowest id, nullptr if there is none.
    [[nodiscard]] const UniswapV3Router* router() const noexcept { return router_; }
    /// Record 0.
    [[nodiscard]] const Table<uniswap_v3::FactoryState>& state() const noexcept { return state_; }
    /// 0 if the fee is not enabled.
    [[nodiscard]] std::int32_t tick_spacing(std::uint32_t fee) const
    {
        return tick_spacings_.get(fee);
    }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const uniswap_v3::CreatePool& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const uniswap_v3::CreatePool& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::SetOwner& call, CallContext& context);
    Result<Returns> execute(const uniswap_v3::EnableFeeAmount& call, CallContext& context);

private:
    /// Tokens, the lower id first, and the fee.
    using PoolKey = std::pair<std::uint64_t, std::uint32_t>;
    [[nodiscard]] static PoolKey key(
        ContractId token_a, ContractId token_b, std::uint32_t fee) noexcept;

    struct Entry
    {
        PoolKey key;
        UniswapV3Pool* pool = nullptr;
    };

    std::vector<UniswapV3Pool*> pools_;
    std::vector<Entry> entries_;  // Of pools_, by key: a router asks for each hop.
    const UniswapV3Router* router_ = nullptr;
    Table<uniswap_v3::FactoryState> state_;
    Table<std::int32_t> tick_spacings_;  // By fee.
};

}  // namespace runnel::contracts
