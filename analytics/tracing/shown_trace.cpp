#include "analytics/tracing/shown_trace.hpp"

#include "analytics/json_stream.hpp"
#include "analytics/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace runnel::analytics::tracing
{

Shown::Shown(LedgerQueries& source, const Trace& trace) : source_{source}, trace_{trace}
{
    double all = 0;
    bool priced = true;
    for (const auto& kind : trace.kinds)
    {
        all += kind.value;
        priced = priced && kind.value > 0;
    }
    for (const auto& kind : trace.kinds)
    {
        weights_.push_back(
            priced ? kind.value / all : 1.0 / static_cast<double>(trace.kinds.size()));
    }
}

const std::string& Shown::name(AccountId account)
{
    const auto [entry, added] = names_.try_emplace(account);
    if (added)
        entry->second = account == zero_account ? "(nobody)" : source_.account_name(account);
    return entry->second;
}

std::string Shown::place_name(Place place)
{
    return fmt::format("{} {}", name(place.account), source_.token_name(place.token));
}

Money Shown::money(const Amount& amount, ContractId token)
{
    return source_.money(amount, token);
}

double Shown::whole(const Amount& amount, ContractId token)
{
    return amount.to_double() / facts(token).one;
}

const std::string& Shown::name_json(AccountId account)
{
    auto& json = json_names_[account];
    if (json.empty())
        json = JsonStream::quoted(name(account));
    return json;
}

const Shown::TokenShown& Shown::facts(ContractId token)
{
    auto& shown = tokens_[token];
    if (shown.json.empty())
    {
        const auto* known = source_.token(token);
        shown.one = std::pow(10.0, known == nullptr ? 0 : known->decimals);
        shown.json = JsonStream::quoted(source_.token_name(token));
    }
    return shown;
}

std::string Shown::amount(const Amount& amount, ContractId token)
{
    return shown(money(amount, token), Unit::none);
}

std::string Shown::loot(const Units& units)
{
    std::string text;
    for (const auto& part : units)
    {
        const auto& kind = trace_.kinds[part.kind];
        text += fmt::format("{}{}", text.empty() ? "" : " + ", amount(part.units, kind.token));
        if (kind.source != zero_account && trace_.policy == PolicyKind::provenance)
            text += fmt::format(" of {}", name(kind.source));
    }
    return text;
}

double Shown::share(const Units& units) const
{
    double sum = 0;
    for (const auto& part : units)
    {
        const auto taken = trace_.kinds[part.kind].taken.to_double();
        sum += taken > 0 ? weights_[part.kind] * part.units.to_double() / taken : 0;
    }
    return sum;
}

double Shown::usd(const Amount& amount, ContractId token)
{
    const auto price = trace_.prices.find(token);
    return price == trace_.prices.end()
               ? 0
               : whole(amount, token) * static_cast<double>(price->second) / 1e8;
}

bool Shown::is_shown(
    const Units& units, const Amount& amount, ContractId token, const TraceView& view)
{
    if (view.min <= 0)
        return true;
    if (is_poison())
        return whole(amount, token) >= view.min;
    return std::any_of(units.begin(), units.end(),
        [&](const KindUnits& part)
        { return whole(part.units, trace_.kinds[part.kind].token) >= view.min; });
}

bool Shown::is_shown(const Hop& hop, const TraceView& view)
{
    return is_shown(hop.units, hop.amount, hop.to.token, view);
}

double Shown::weight(const Units& units, const Amount& amount, ContractId token)
{
    return is_poison() ? usd(amount, token) : share(units);
}

AccountId holder_of(const Stake& stake) noexcept
{
    return stake.owner == zero_account ? stake.place.account : stake.owner;
}

std::vector<Holder> holders_of(Shown& shown, const TraceView& view)
{
    std::map<AccountId, Holder> by_account;
    for (const auto& stake : shown.trace().stakes)
    {
        const auto account = holder_of(stake);
        auto& holder = by_account[account];
        holder.account = account;
        add_units(holder.units, stake.units);
        holder.weight += shown.weight(stake.units, stake.balance, stake.place.token);
        holder.stakes.push_back(&stake);
    }
    std::vector<Holder> holders;
    for (auto& [account, holder] : by_account)
    {
        if (std::any_of(holder.stakes.begin(), holder.stakes.end(),
                [&](const Stake* stake)
                { return shown.is_shown(holder.units, stake->balance, stake->place.token, view); }))
            holders.push_back(std::move(holder));
    }
    std::stable_sort(holders.begin(), holders.end(),
        [](const Holder& a, const Holder& b) { return a.weight > b.weight; });
    return holders;
}

std::string places_of(Shown& shown, LedgerQueries& source, const Holder& holder)
{
    std::string text;
    for (const auto* stake : holder.stakes)
    {
        if (!text.empty())
            text += ", ";
        text += shown.is_poison() ? shown.amount(stake->balance, stake->place.token)
                                  : source.token_name(stake->place.token);
        if (stake->owner != zero_account)
            text += " in " + shown.name(stake->place.account);
    }
    return text;
}

}  // namespace runnel::analytics::tracing
