#include "strategies/market/lending_market.hpp"

#include "ledger/transaction.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/dex.hpp"

#include <algorithm>
#include <limits>

namespace runnel::strategies
{

using contracts::LendingView;

namespace
{
/// A bound of 1 plus this is evaluated: far more than interest adds between two scans.
constexpr double health_margin = 2e-4;

constexpr unsigned bit_of(std::size_t reserve) noexcept
{
    return static_cast<unsigned>(std::min<std::size_t>(reserve, 63));
}

/// In the market's unit of account.
double value_of(const contracts::LendingReserveInfo& reserve, const Amount& amount)
{
    return amount.to_double() * (reserve.price.to_double() / reserve.unit.to_double());
}
}  // namespace

double usd_of_value(const WorldView& view, const contracts::UnitOfAccount& unit)
{
    const auto usd = unit.token == no_contract ? 1 : reference_usd(view, unit.token);
    return usd / Amount::power_of_ten(unit.decimals).to_double();
}

double market_usd(const contracts::LendingReserveInfo& reserve, double usd_of_value)
{
    return reserve.price.to_double() * usd_of_value;
}

double borrow_rate_with(const contracts::LendingReserveInfo& reserve, double added)
{
    const auto rate = reserve.borrow_rate.to_double() * 1e-27;
    const auto unit = reserve.unit.to_double();
    const auto supplied = reserve.total_supplied.to_double() / unit;
    if (!(supplied > 0) || !(added > 0))
        return rate;
    const auto owed = reserve.total_debt.to_double() / unit;
    return rate * ((owed + added) / supplied + 0.5) / (owed / supplied + 0.5);
}

GasCosts::GasCosts(const Parameters& parameters) : coin_{parameters.token("coin")}
{
    if (parameters.has("fee_tolerance"))
        fee_tolerance_ = parameters.number("fee_tolerance");
}

double GasCosts::coin_usd(const WorldView& view) const
{
    return reference_usd(view, coin_);
}

double GasCosts::usd(const WorldView& view, std::uint64_t gas, std::uint64_t price) const
{
    return gas_usd(view, coin_, gas + intrinsic_gas, price);
}

bool GasCosts::worth_it(const WalletContext& wallet, std::uint64_t gas, double value) const
{
    const auto& view = wallet.view();
    const auto price = view.base_fee + wallet.habitual_bid().priority_fee;
    return usd(view, gas, price) <= value * fee_tolerance_;
}

std::optional<RouteSwap> fair_swap(SwapDesk& desk, const WorldView& view, ContractId token_in,
    ContractId token_out, const Amount& amount_in, double slippage)
{
    const auto price_in = reference_usd(view, token_in);
    const auto price_out = reference_usd(view, token_out);
    if (amount_in.is_zero() || !(price_in > 0) || !(price_out > 0))
        return std::nullopt;
    auto swap = desk.best_swap(token_in, token_out, amount_in);
    if (!swap)
        return std::nullopt;
    const auto& world = *view.world;
    const auto fair = to_whole(amount_in, decimals_of(world, token_in)) * price_in / price_out;
    const auto paid = to_whole(swap->amount_out, decimals_of(world, token_out));
    return paid < fair * (1 - slippage - fee_along(swap->route)) ? std::nullopt : std::move(swap);
}

std::optional<RouteSwap> largest_fair_swap(SwapDesk& desk, const WorldView& view,
    ContractId token_in, ContractId token_out, Amount amount_in, double slippage,
    unsigned halvings_max)
{
    auto swap = fair_swap(desk, view, token_in, token_out, amount_in, slippage);
    for (unsigned i = 0; i < halvings_max && !swap; ++i)
    {
        amount_in = div_down(amount_in, 2);
        swap = fair_swap(desk, view, token_in, token_out, amount_in, slippage);
    }
    return swap;
}

ParameterSpec coin_parameter()
{
    return {"coin", ParameterKind::token, "", {},
        "The token whose reference price is the native coin's (WETH): what gas costs."};
}

ParameterSpec fee_tolerance_parameter()
{
    return {"fee_tolerance", ParameterKind::number, "0.02", {},
        "It does not act when gas would cost more than this share of the amount at stake.", 0, 1e6};
}

Amount part_of(const Amount& amount, double share)
{
    if (!(share > 0))
        return {};
    return share >= 1 ? amount : std::min(amount, Amount::from_double(amount.to_double() * share));
}

BorrowerWatch::BorrowerWatch(std::uint64_t rescan_blocks)
  : rescan_blocks_{std::max<std::uint64_t>(1, rescan_blocks)}
{}

void BorrowerWatch::refresh(const LendingView& market, std::uint64_t block)
{
    if (block == block_)
        return;
    scale(market);
    if (entries_.empty() || block % rescan_blocks_ == 0)
        admit(market);
    due_.clear();
    for (auto& entry : entries_)
    {
        if (index(entry.user) % rescan_blocks_ == block % rescan_blocks_)
            evaluate(entry, market);
        if (entry.bound < 1 + health_margin)
            due_.push_back(&entry);
    }
    // Not sorted: of a hundred thousand few are looked at.
    const auto later = [](const Entry* a, const Entry* b)
    { return a->debt_value != b->debt_value ? a->debt_value < b->debt_value : a->user > b->user; };
    std::make_heap(due_.begin(), due_.end(), later);
    unhealthy_.clear();
    while (!due_.empty() && unhealthy_.size() < unhealthy_max)
    {
        std::pop_heap(due_.begin(), due_.end(), later);
        auto& entry = *due_.back();
        due_.pop_back();
        evaluate(entry, market);
        if (entry.bound < 1)
            list(entry, market);
    }
    std::sort(unhealthy_.begin(), unhealthy_.end(),
        [](const Unhealthy& a, const Unhealthy& b)
        { return a.debt_value != b.debt_value ? a.debt_value > b.debt_value : a.user < b.user; });
    block_ = block;
}

/// Takes new borrowers in and lets those without debt go.
void BorrowerWatch::admit(const LendingView& market)
{
    const auto borrowers = market.borrowers();
    std::vector<Entry> entries;
    entries.reserve(borrowers.size());
    auto known = entries_.begin();
    for (const auto user : borrowers)
    {
        while (known != entries_.end() && known->user < user)
            ++known;
        if (known != entries_.end() && known->user == user)
            entries.push_back(*known);
        else
        {
            Entry entry;
            entry.user = user;
            evaluate(entry, market);
            entries.push_back(entry);
        }
    }
    entries_ = std::move(entries);
}

/// Carries all bounds over to the market's prices of now.
void BorrowerWatch::scale(const LendingView& market)
{
    const auto count = market.reserves().size();
    const bool first = prices_.size() != count;
    prices_.resize(count);
    std::vector<double> ratio_min(64, 1);  // By bit.
    std::vector<double> ratio_max(64, 1);
    bool changed = false;
    for (std::size_t i = 0; i < count; ++i)
    {
        const auto price = market.reserve(i).price.to_double();
        const auto ratio = first || !(prices_[i] > 0) ? 1 : price / prices_[i];
        const auto bit = bit_of(i);
        ratio_min[bit] = bit < 63 ? ratio : std::min(ratio_min[bit], ratio);
        ratio_max[bit] = bit < 63 ? ratio : std::max(ratio_max[bit], ratio);
        changed = changed || ratio != 1;
        prices_[i] = price;
    }
    if (!changed)
        return;
    for (auto& entry : entries_)
    {
        double collateral = std::numeric_limits<double>::infinity();
        double debt = 0;
        for (unsigned bit = 0; bit < std::min<std::size_t>(count, 64); ++bit)
        {
            if ((entry.collaterals >> bit & 1U) != 0)
                collateral = std::min(collateral, ratio_min[bit]);
            if ((entry.debts >> bit & 1U) != 0)
                debt = std::max(debt, ratio_max[bit]);
        }
        if (entry.collaterals != 0 && debt > 0)
            entry.bound *= collateral / debt;
    }
}

void BorrowerWatch::save(std::size_t record, Encoder& out) const
{
    if (record > 0)
        return out.put(entries_[record - 1]);
    out.put(block_);
    out.put(prices_);
}

bool BorrowerWatch::load(std::size_t record, Decoder& in)
{
    if (record == 0)
    {
        in.get(block_);
        in.get(prices_);
        entries_.clear();
        unhealthy_.clear();
        return in.ok() && std::all_of(prices_.begin(), prices_.end(),
                              [](double price) {
                                  return price >= 0 && price <= std::numeric_limits<double>::max();
                              });
    }
    Entry entry;
    in.get(entry);
    if (!in.ok() || record != entries_.size() + 1 || !(entry.bound >= 0) ||
        !(entry.debt_value >= 0) || (!entries_.empty() && entries_.back().user >= entry.user))
        return false;
    entries_.push_back(entry);
    return true;
}

void BorrowerWatch::evaluate(Entry& entry, const LendingView& market) const
{
    const auto factor = market.health(entry.user).health_factor;
    entry.bound = factor == Amount::max() ? std::numeric_limits<double>::infinity()
                                          : factor.to_double() * 1e-18;
    entry.collaterals = 0;
    entry.debts = 0;
    entry.debt_value = 0;
    for (std::size_t i = 0; i < market.reserves().size(); ++i)
    {
        const auto holding = market.holding(entry.user, i);
        if (holding.secures_debt)
            entry.collaterals |= 1ULL << bit_of(i);
        if (!holding.debt.is_zero())
        {
            entry.debts |= 1ULL << bit_of(i);
            entry.debt_value =
                std::max(entry.debt_value, value_of(market.reserve(i), holding.debt));
        }
    }
}

void BorrowerWatch::list(const Entry& entry, const LendingView& market)
{
    Unhealthy found;
    found.user = entry.user;
    found.health_factor = entry.bound;
    for (std::size_t i = 0; i < market.reserves().size(); ++i)
    {
        const auto holding = market.holding(entry.user, i);
        const auto& reserve = market.reserve(i);
        const auto supplied = value_of(reserve, holding.supplied);
        const auto owed = value_of(reserve, holding.debt);
        if (holding.secures_debt && supplied > found.collateral_value)
        {
            found.collateral = i;
            found.collateral_value = supplied;
        }
        if (owed > found.debt_value)
        {
            found.debt = i;
            found.debt_value = owed;
        }
    }
    if (found.debt_value > 0 && found.collateral_value > 0)
        unhealthy_.push_back(found);
}

}  // namespace runnel::strategies
