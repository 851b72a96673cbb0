#pragma once

#include "ledger/amount.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

/// How loot moves with money, by the rules that the field knows. docs/tracing.md defines them.
///
/// Loot is counted in units, integers: one unit is the smallest unit of a token when it was taken,
/// and stays one whatever it is swapped for. Units of different kinds (tokens; sources too, for
/// provenance) are never added up.
///
/// A policy has a State, what a holding knows of loot, a Load, what a movement carries of it, and
///
///     take(state, amount, balance)        what leaves with `amount` of `balance`; all if it is all
///     put(state, load, amount, balance)   `amount` comes in beside `balance`
///     append(pot, size, load, amount)     adds a load to what a contract holds of `size`
///     slice(pot, part, whole)             takes part / whole of it out again
///     rescale(load, to)                   the load is that of `to` smallest units of another token
///     units(state or load)                how much loot that is, by kind
///
/// No loot is made or lost by any of them. Divisions round down what moves: the rest stays.
namespace runnel::analytics::tracing
{

enum class PolicyKind : std::uint8_t
{
    haircut,     // The share of the balance that is loot leaves with every payment.
    fifo,        // What came first leaves first.
    provenance,  // Haircut, by source.
    poison,      // Whatever a tainted holding pays is tainted, all of it.
};
[[nodiscard]] std::string_view to_string(PolicyKind kind) noexcept;

struct KindUnits
{
    std::uint32_t kind = 0;
    Amount units;
    friend bool operator==(const KindUnits&, const KindUnits&) = default;
};
/// By kind, in their order, without zeros. Nearly always one: it costs no memory of its own.
using Units = boost::container::small_vector<KindUnits, 1>;

/// Adds @p more, whose sum with what is there fits 256 bits.
void add_units(Units& sum, const Units& more);
/// All kinds together; saturates.
[[nodiscard]] Amount total_units(const Units& units) noexcept;
[[nodiscard]] Amount units_of_kind(const Units& units, std::uint32_t kind) noexcept;
/// Takes floor(units * part / whole) of each kind out of @p from; everything if part >= whole.
[[nodiscard]] Units take_share(Units& from, const Amount& part, const Amount& whole);

class Haircut
{
public:
    using State = Units;
    using Load = Units;

    [[nodiscard]] static bool is_clean(const Units& units) noexcept { return units.empty(); }
    [[nodiscard]] static Load loot(std::uint32_t kind, const Amount& amount);
    [[nodiscard]] static Load take(State& state, const Amount& amount, const Amount& balance)
    {
        return take_share(state, amount, balance);
    }
    static void put(State& state, const Load& load, const Amount&, const Amount&)
    {
        add_units(state, load);
    }
    static void append(Load& pot, const Amount&, const Load& load, const Amount&)
    {
        add_units(pot, load);
    }
    [[nodiscard]] static Load slice(Load& pot, const Amount& part, const Amount& whole)
    {
        return take_share(pot, part, whole);
    }
    static void rescale(Load&, const Amount&) noexcept {}
    [[nodiscard]] static const Units& units(const Units& state) noexcept { return state; }
};

/// A queue of lots. Clean money stands in it too: what is behind it has to wait.
class Fifo
{
public:
    static constexpr std::uint32_t clean = 0xFFFF'FFFF;

    struct Lot
    {
        Amount amount;
        Amount units;
        std::uint32_t kind = clean;
    };
    /// Empty: all of the holding is clean.
    struct Lots
    {
        std::vector<Lot> lots;
        std::size_t first = 0;  // Those before it have left.
        std::size_t loot = 0;   // How many that have not left are loot.
    };
    using State = Lots;
    using Load = Lots;

    [[nodiscard]] static bool is_clean(const Lots& lots) noexcept { return lots.lots.empty(); }
    [[nodiscard]] static Load loot(std::uint32_t kind, const Amount& amount);
    [[nodiscard]] static Load take(State& state, const Amount& amount, const Amount& balance);
    static void put(State& state, const Load& load, const Amount& amount, const Amount& balance);
    static void append(Load& pot, const Amount& size, const Load& load, const Amount& amount)
    {
        put(pot, load, amount, size);
    }
    [[nodiscard]] static Load slice(Load& pot, const Amount& part, const Amount& whole);
    static void rescale(Load& load, const Amount& to);
    [[nodiscard]] static Units units(const Lots& state);

private:
    [[nodiscard]] static Amount size_of(const Lots& lots) noexcept;
    static void push(Lots& lots, const Lot& lot);
    /// Forgets what has left; all of it if nothing that is left is loot.
    static void tidy(Lots& lots);
};

/// Only whether: how much is marked is the holding's balance. It over-counts without bound.
class Poison
{
public:
    using State = bool;
    using Load = bool;

    [[nodiscard]] static bool is_clean(bool marked) noexcept { return !marked; }
    [[nodiscard]] static Load loot(std::uint32_t, const Amount&) noexcept { return true; }
    [[nodiscard]] static Load take(State& state, const Amount& amount, const Amount& balance)
    {
        const bool load = state;
        state = state && amount < balance;
        return load;
    }
    static void put(State& state, Load load, const Amount&, const Amount&) noexcept
    {
        state = state || load;
    }
    static void append(Load& pot, const Amount&, Load load, const Amount&) noexcept
    {
        pot = pot || load;
    }
    [[nodiscard]] static Load slice(Load& pot, const Amount& part, const Amount& whole)
    {
        return take(pot, part, whole);
    }
    static void rescale(Load&, const Amount&) noexcept {}
    [[nodiscard]] static Units units(bool) { return {}; }
};

}  // namespace runnel::analytics::tracing
