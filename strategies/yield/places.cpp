#include "strategies/yield/places.hpp"

#include "strategies/market/common.hpp"

#include <algorithm>

namespace runnel::strategies
{

using contracts::FarmAction;
using contracts::LendingAction;
using contracts::VaultAction;

namespace
{
constexpr double day_seconds = 86'400;
constexpr double year_seconds = 365 * day_seconds;
constexpr double ray = 1e27;

template <typename T>
void add_once(std::vector<T>& list, T item)
{
    if (std::find(list.begin(), list.end(), item) == list.end())
        list.push_back(item);
}

/// What is left of a rate for those who are there, once more have come.
double diluted(double rate, double there, double added)
{
    return there + added > 0 ? rate * there / (there + added) : 0;
}
}  // namespace

Places::Places(const World& world, const std::vector<ContractId>& contracts, ContractId asset,
    const DexMap& map)
  : asset_{asset}, map_{map}
{
    for (const auto id : contracts)
    {
        const auto* contract = world.find_contract(id);
        if (const auto* market = dynamic_cast<const contracts::LendingMarket*>(contract))
        {
            if (const auto reserve = market->find_reserve(asset))
                places_.push_back({market, nullptr, nullptr, *reserve});
        }
        else if (const auto* vault = dynamic_cast<const contracts::Vault*>(contract))
        {
            if (vault->asset() == asset)
                places_.push_back({nullptr, vault, nullptr});
        }
        else if (const auto* farm = dynamic_cast<const contracts::Farm*>(contract))
            add_farm(*farm, map);
    }
}

void Places::add_farm(const contracts::Farm& farm, const DexMap& map)
{
    for (std::size_t number = 0; number < farm.pool_count(); ++number)
    {
        const auto pool = farm.pool(number, {});
        Place place{nullptr, nullptr, &farm, number};
        if (pool.staked_token != asset_)
        {
            const auto found = std::find_if(map.pools().begin(), map.pools().end(),
                [&](const DexMap::Pool& known)
                {
                    return known.exchange->share_token() == pool.staked_token &&
                           known.exchange->trades(asset_) && known.tokens.size() == 2;
                });
            if (found == map.pools().end())
                continue;
            place.pool = found->exchange;
            const auto tokens = place.pool->tokens();
            place.other = tokens[0] == asset_ ? tokens[1] : tokens[0];
            add_once(others_, place.other);
            add_once(pools_, place.pool);
        }
        for (const auto& reward : pool.rewards)
        {
            if (reward.token != asset_)
                add_once(rewards_, reward.token);
        }
        places_.push_back(place);
    }
}

double Places::usd(const WorldView& view, ContractId token) const
{
    if (const auto price = reference_usd(view, token); price > 0)
        return price;
    const auto& known = map_.tokens();
    const auto found = std::find_if(known.begin(), known.end(),
        [token](const DexMap::Token& candidate) { return candidate.token == token; });
    if (found != known.end() && found->usd > 0)
        return found->usd;
    return token == asset_ ? 1 : 0;
}

double Places::usd(const WorldView& view, ContractId token, const Amount& amount) const
{
    return to_whole(amount, decimals_of(*view.world, token)) * usd(view, token);
}

double Places::shares_usd(const WorldView& view, const Exchange& pool, const Amount& shares) const
{
    if (shares.is_zero())
        return 0;
    const auto amounts = pool.share_value(shares);
    const auto tokens = pool.tokens();
    double sum = 0;
    for (std::size_t i = 0; i < amounts.size(); ++i)
        sum += usd(view, tokens[i], amounts[i]);
    return sum;
}

const contracts::LendingReserveInfo& Places::reserve(const WorldView& view, const Place& place)
{
    return markets_[place.market].at(*place.market, view.timestamp).reserve(place.number);
}

contracts::LendingHolding Places::holding(
    const WorldView& view, const Place& place, AccountId account)
{
    return markets_[place.market].at(*place.market, view.timestamp).holding(account, place.number);
}

double Places::rate(const WorldView& view, std::size_t number, double added_usd)
{
    const auto& place = places_.at(number);
    if (place.market != nullptr)
    {
        const auto& now = reserve(view, place);
        return diluted(
            now.supply_rate.to_double() / ray, usd(view, asset_, now.total_supplied), added_usd);
    }
    if (place.vault != nullptr)
    {
        const auto shares = place.vault->share_supply(view.timestamp);
        const auto now = place.vault->convert_to_assets(shares, view.timestamp);
        const auto tomorrow = place.vault->convert_to_assets(
            shares, view.timestamp + static_cast<std::uint64_t>(day_seconds));
        if (!now.has_value() || !tomorrow.has_value() || now->is_zero())
            return 0;
        const auto growth = tomorrow->to_double() / now->to_double() - 1;
        return diluted(growth * year_seconds / day_seconds, usd(view, asset_, *now), added_usd);
    }
    return farm_rate(view, place, added_usd);
}

double Places::farm_rate(const WorldView& view, const Place& place, double added_usd) const
{
    const auto pool = place.farm->pool(place.number, {view.timestamp, view.block_number});
    double paid = 0;  // USD a year.
    for (const auto& reward : pool.rewards)
    {
        const auto times = reward.clock == contracts::FarmClock::seconds
                               ? year_seconds
                               : year_seconds / view.slot_seconds;
        paid += usd(view, reward.token, reward.rate) * times;
    }
    const auto staked = place.pool != nullptr ? shares_usd(view, *place.pool, pool.total_staked)
                                              : usd(view, asset_, pool.total_staked);
    return pool.takes_stakes && staked + added_usd > 0 ? paid / (staked + added_usd) : 0;
}

double Places::worth(const WorldView& view, std::size_t number, AccountId account)
{
    const auto& place = places_.at(number);
    if (place.market != nullptr)
        return usd(view, asset_, holding(view, place, account).supplied);
    if (place.vault != nullptr)
    {
        const auto assets =
            place.vault->convert_to_assets(place.vault->share_balance(account), view.timestamp);
        return assets.has_value() ? usd(view, asset_, *assets) : 0;
    }
    const auto staked = place.farm->staked(account, place.number);
    return place.pool == nullptr ? usd(view, asset_, staked)
                                 : shares_usd(view, *place.pool, staked);
}

double Places::reward_usd(const WorldView& view, std::size_t number) const
{
    const auto& place = places_.at(number);
    if (place.farm == nullptr)
        return 0;
    const auto pool = place.farm->pool(place.number, {view.timestamp, view.block_number});
    return pool.rewards.empty() ? 0 : usd(view, pool.rewards.front().token);
}

namespace
{
/// A swap of half of the money, and a deposit or a withdrawal, which costs about as much.
std::uint64_t pool_gas(const Place& place)
{
    const auto* venue = place.pool == nullptr ? nullptr : place.pool->venue();
    return venue == nullptr ? 0 : 2 * venue->swap_gas(1);
}
}  // namespace

std::uint64_t Places::entry_gas(const Place& place) const
{
    if (place.market != nullptr)
        return place.market->gas_of(LendingAction::supply).total();
    if (place.vault != nullptr)
        return place.vault->gas_of(VaultAction::deposit).total();
    return place.farm->gas_of(FarmAction::stake).total() + pool_gas(place);
}

std::uint64_t Places::exit_gas(const Place& place) const
{
    if (place.market != nullptr)
        return place.market->gas_of(LendingAction::withdraw).total();
    if (place.vault != nullptr)
        return place.vault->gas_of(VaultAction::redeem).total();
    return place.farm->gas_of(FarmAction::withdraw).total() +
           place.farm->gas_of(FarmAction::claim).total() + pool_gas(place);
}

}  // namespace runnel::strategies
