#include "analytics/tracing/taint_policies.hpp"

#include <algorithm>
#include <utility>

namespace runnel::analytics::tracing
{
namespace
{
/// floor(a * b / c) for b <= c.
Amount share(const Amount& a, const Amount& b, const Amount& c)
{
    if (a.fits_uint64() && b.fits_uint64() && c.fits_uint64() && !c.is_zero())
    {
        const auto product = static_cast<uint128>(a.low64()) * b.low64();
        return Amount::from_uint128(product / c.low64());
    }
    return mul_div_down(a, b, c).value;
}
}  // namespace

std::string_view to_string(PolicyKind kind) noexcept
{
    switch (kind)
    {
        case PolicyKind::haircut: return "haircut";
        case PolicyKind::fifo: return "fifo";
        case PolicyKind::provenance: return "provenance";
        case PolicyKind::poison: return "poison";
    }
    return "unknown";
}

void add_units(Units& sum, const Units& more)
{
    if (sum.size() == 1 && more.size() == 1 && sum[0].kind == more[0].kind)
    {
        sum[0].units = wrapping_add(sum[0].units, more[0].units);
        return;
    }
    for (const auto& part : more)
    {
        const auto found = std::lower_bound(sum.begin(), sum.end(), part.kind,
            [](const KindUnits& entry, std::uint32_t kind) { return entry.kind < kind; });
        if (found != sum.end() && found->kind == part.kind)
            found->units = wrapping_add(found->units, part.units);
        else
            sum.insert(found, part);
    }
}

Amount total_units(const Units& units) noexcept
{
    Checked sum{Amount{}};
    for (const auto& part : units)
        sum = sum + part.units;
    return sum.ok() ? sum.value : Amount::max();
}

Amount units_of_kind(const Units& units, std::uint32_t kind) noexcept
{
    for (const auto& part : units)
    {
        if (part.kind == kind)
            return part.units;
    }
    return {};
}

Units take_share(Units& from, const Amount& part, const Amount& whole)
{
    if (part >= whole)
    {
        auto all = std::move(from);
        from.clear();
        return all;
    }
    Units taken;
    for (auto& entry : from)
    {
        const auto units = share(entry.units, part, whole);
        if (units.is_zero())
            continue;
        taken.push_back({entry.kind, units});
        entry.units = wrapping_sub(entry.units, units);
    }
    from.erase(std::remove_if(from.begin(), from.end(),
                   [](const KindUnits& entry) { return entry.units.is_zero(); }),
        from.end());
    return taken;
}

Units Haircut::loot(std::uint32_t kind, const Amount& amount)
{
    Units units;
    if (!amount.is_zero())
        units.push_back({kind, amount});
    return units;
}

Fifo::Lots Fifo::loot(std::uint32_t kind, const Amount& amount)
{
    Lots lots;
    if (!amount.is_zero())
        push(lots, {amount, amount, kind});
    return lots;
}

void Fifo::push(Lots& lots, const Lot& lot)
{
    if (lot.amount.is_zero() && lot.units.is_zero())
        return;
    if (lots.lots.size() > lots.first && lots.lots.back().kind == lot.kind)
    {
        // Neighbours of one kind with equal units an amount are one lot: always so if clean, and
        // if a unit is a smallest unit still.
        auto& back = lots.lots.back();
        if (lot.kind == clean || (back.amount == back.units && lot.amount == lot.units))
        {
            back.amount = wrapping_add(back.amount, lot.amount);
            back.units = wrapping_add(back.units, lot.units);
            return;
        }
    }
    lots.lots.push_back(lot);
    lots.loot += lot.kind == clean ? 0 : 1;
}

void Fifo::tidy(Lots& lots)
{
    if (lots.loot == 0)
        lots = {};
    else if (lots.first > 16 && lots.first > lots.lots.size() / 2)
    {
        lots.lots.erase(
            lots.lots.begin(), lots.lots.begin() + static_cast<std::ptrdiff_t>(lots.first));
        lots.first = 0;
    }
}

Fifo::Lots Fifo::take(State& state, const Amount& amount, const Amount& balance)
{
    if (is_clean(state))
        return {};
    Lots taken;
    if (amount >= balance)
    {
        std::swap(taken, state);
        tidy(taken);
        return taken;
    }
    auto left = amount;
    while (state.first < state.lots.size() && !left.is_zero())
    {
        auto& lot = state.lots[state.first];
        if (lot.amount <= left)
        {
            push(taken, lot);
            left = wrapping_sub(left, lot.amount);
            state.loot -= lot.kind == clean ? 0 : 1;
            ++state.first;
            continue;
        }
        const auto units = lot.kind == clean ? Amount{} : share(lot.units, left, lot.amount);
        push(taken, {left, units, lot.kind});
        lot.amount = wrapping_sub(lot.amount, left);
        lot.units = wrapping_sub(lot.units, units);
        left = {};
    }
    tidy(taken);
    tidy(state);
    return taken;
}

void Fifo::put(State& state, const Load& load, const Amount& amount, const Amount& balance)
{
    if (is_clean(state) && is_clean(load))
        return;
    if (is_clean(state))
        push(state, {balance, {}, clean});
    auto left = amount;
    for (std::size_t i = load.first; i < load.lots.size(); ++i)
    {
        push(state, load.lots[i]);
        left = wrapping_sub(left, std::min(left, load.lots[i].amount));
    }
    push(state, {left, {}, clean});
}

Amount Fifo::size_of(const Lots& lots) noexcept
{
    Amount size;
    for (std::size_t i = lots.first; i < lots.lots.size(); ++i)
        size = wrapping_add(size, lots.lots[i].amount);
    return size;
}

Fifo::Lots Fifo::slice(Load& pot, const Amount& part, const Amount& whole)
{
    if (is_clean(pot))
        return {};
    const auto size = size_of(pot);
    if (part >= whole)
        return take(pot, size, size);
    return take(pot, share(size, part, whole), size);
}

void Fifo::rescale(Load& load, const Amount& to)
{
    const auto from = size_of(load);
    if (is_clean(load) || from == to || from.is_zero())
        return;
    Amount before;
    Amount scaled_before;
    for (std::size_t i = load.first; i < load.lots.size(); ++i)
    {
        auto& lot = load.lots[i];
        const auto end = std::min(wrapping_add(before, lot.amount), from);
        const auto scaled_end = share(to, end, from);
        before = end;
        lot.amount = wrapping_sub(scaled_end, scaled_before);
        scaled_before = scaled_end;
    }
}

Units Fifo::units(const Lots& state)
{
    Units sum;
    for (std::size_t i = state.first; i < state.lots.size(); ++i)
    {
        const auto& lot = state.lots[i];
        if (lot.kind != clean && !lot.units.is_zero())
            add_units(sum, {{lot.kind, lot.units}});
    }
    return sum;
}

}  // namespace runnel::analytics::tracing
