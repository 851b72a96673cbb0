#pragma once

#include "contracts/kit/sectors/farm.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/vault.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/market/lending_market.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace runnel::strategies
{

/// Somewhere that an asset earns more of itself, or of something else: one of the first three.
struct Place
{
    const contracts::LendingMarket* market = nullptr;
    const contracts::Vault* vault = nullptr;
    const contracts::Farm* farm = nullptr;
    std::size_t number = 0;          // The reserve, or the farm's pool.
    const Exchange* pool = nullptr;  // If the farm stakes the shares of this one.
    ContractId other = no_contract;  // That pool's other token.
};

/// All places of one asset that a group knows, and what they pay. Fixed at genesis.
///
/// A place is a lending market with the asset as a reserve, a vault of it, or each pool of a farm
/// that stakes the asset or the shares of an exchange of the asset and one other token.
class Places
{
public:
    /// @p map  Knows prices and the exchanges whose shares a farm may stake; outlives this.
    Places(const World& world, const std::vector<ContractId>& contracts, ContractId asset,
        const DexMap& map);

    [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
    [[nodiscard]] const Place& at(std::size_t place) const { return places_.at(place); }
    [[nodiscard]] ContractId asset() const noexcept { return asset_; }
    /// What farms pay beside the asset, and what pools hold beside it, each once.
    [[nodiscard]] std::span<const ContractId> rewards() const noexcept { return rewards_; }
    [[nodiscard]] std::span<const ContractId> others() const noexcept { return others_; }
    /// The exchanges whose shares farms stake, each once.
    [[nodiscard]] std::span<const Exchange* const> pools() const noexcept { return pools_; }

    /// USD per whole token, by the map or the world outside; the asset is worth 1 if nobody knows.
    [[nodiscard]] double usd(const WorldView& view, ContractId token) const;
    /// The same for an amount.
    [[nodiscard]] double usd(const WorldView& view, ContractId token, const Amount& amount) const;

    /// What the place pays per year on what is in it once @p added_usd have come, at today's rates:
    /// they share it with all others. A vault pays what its price of a share is going to rise
    /// within a day by what it has earned already; a farm what it announces, at today's prices.
    [[nodiscard]] double rate(const WorldView& view, std::size_t place, double added_usd);
    /// USD that an account has there.
    [[nodiscard]] double worth(const WorldView& view, std::size_t place, AccountId account);
    /// USD per whole token of the first thing that a farm pays; 0 for other places.
    [[nodiscard]] double reward_usd(const WorldView& view, std::size_t place) const;
    /// USD that shares of a pool are worth.
    [[nodiscard]] double shares_usd(
        const WorldView& view, const Exchange& pool, const Amount& shares) const;
    /// The market's reserve in this block.
    [[nodiscard]] const contracts::LendingReserveInfo& reserve(
        const WorldView& view, const Place& place);
    [[nodiscard]] contracts::LendingHolding holding(
        const WorldView& view, const Place& place, AccountId account);

    /// Gas of going in and of coming out, approvals and swaps included.
    [[nodiscard]] std::uint64_t entry_gas(const Place& place) const;
    [[nodiscard]] std::uint64_t exit_gas(const Place& place) const;

private:
    void add_farm(const contracts::Farm& farm, const DexMap& map);
    [[nodiscard]] double farm_rate(
        const WorldView& view, const Place& place, double added_usd) const;

    std::vector<Place> places_;
    ContractId asset_;
    std::vector<ContractId> rewards_;
    std::vector<ContractId> others_;
    std::vector<const Exchange*> pools_;
    const DexMap& map_;
    std::map<const contracts::LendingMarket*, MarketCache> markets_;
};

}  // namespace runnel::strategies
