#pragma once

#include "analytics/tracing/taint_policies.hpp"
#include "ledger/ids.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace runnel::analytics::tracing
{

/// A place where money is: an account's holding of a token.
struct Place
{
    AccountId account{};
    ContractId token{};
    friend auto operator<=>(const Place&, const Place&) = default;
};

/// Loot that moved from one place to another: all movements of the kind together.
struct Hop
{
    Place from;
    Place to;
    AccountId through{};  // The contract that gave the one token for the other; zero: a payment.
    Units units;
    Amount amount;  // Of the token that came, loot and clean.
    std::uint64_t count = 0;
    std::uint64_t first_block = 0;
    std::uint64_t last_block = 0;
};

/// The number of a place in a PlaceTable, from 0, in the order in which they were met.
using PlaceNumber = std::uint32_t;

/// Numbers places.
class PlaceTable
{
public:
    /// The place's number; a new one if it has none.
    [[nodiscard]] PlaceNumber number_of(Place place)
    {
        const auto next = static_cast<PlaceNumber>(places_.size());
        const auto [entry, added] = numbers_.try_emplace(key_of(place), next);
        if (added)
            places_.push_back(place);
        return entry->second;
    }
    [[nodiscard]] std::optional<PlaceNumber> find(Place place) const
    {
        const auto found = numbers_.find(key_of(place));
        return found == numbers_.end() ? std::nullopt : std::optional{found->second};
    }
    [[nodiscard]] Place operator[](PlaceNumber number) const noexcept { return places_[number]; }
    [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }

private:
    struct Hash
    {
        using is_avalanching = void;
        std::size_t operator()(std::uint64_t key) const noexcept
        {
            key *= 0x9E3779B97F4A7C15ULL;
            key ^= key >> 32U;
            key *= 0x9E3779B97F4A7C15ULL;
            return key ^ key >> 32U;
        }
    };
    static constexpr std::uint64_t key_of(Place place) noexcept
    {
        return std::uint64_t{index(place.account)} << 32U | index(place.token);
    }

    boost::unordered_flat_map<std::uint64_t, PlaceNumber, Hash> numbers_;
    std::vector<Place> places_;
};

/// Hops, told apart by the places and the contract between them. One takes 64 bytes, and 16 to 32
/// of an index: amounts of 128 bits, blocks and counts of 32 bits, units of one kind. A hop that
/// needs more has it beside the table; nothing is rounded or left out.
class HopTable
{
public:
    /// Adds a movement; false if its hop would be one more than @p hops_max, and is not told apart.
    bool add(PlaceNumber from, PlaceNumber to, AccountId through, const Units& units,
        const Amount& amount, std::uint64_t block, std::size_t hops_max);
    /// By places and contracts, from now on; nothing can be added. @p places are those that
    /// movements were added by.
    void close(PlaceTable places);

    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    [[nodiscard]] bool empty() const noexcept { return records_.empty(); }
    /// Of a closed table, likewise below.
    [[nodiscard]] Hop operator[](std::size_t position) const;
    [[nodiscard]] Place from(std::size_t position) const noexcept
    {
        return places_[records_[order_[position]].from];
    }
    [[nodiscard]] Place to(std::size_t position) const noexcept
    {
        return places_[records_[order_[position]].to];
    }

    class Iterator
    {
    public:
        Iterator(const HopTable& hops, std::size_t position) : hops_{&hops}, position_{position} {}
        [[nodiscard]] Hop operator*() const { return (*hops_)[position_]; }
        Iterator& operator++() noexcept
        {
            ++position_;
            return *this;
        }
        friend bool operator==(const Iterator&, const Iterator&) = default;

    private:
        const HopTable* hops_;
        std::size_t position_;
    };
    [[nodiscard]] Iterator begin() const noexcept { return {*this, 0}; }
    [[nodiscard]] Iterator end() const noexcept { return {*this, size()}; }

private:
    static constexpr std::uint32_t no_kind = 0xFFFF'FFFF;
    static constexpr std::uint32_t wide = 0xFFFF'FFFE;  // See wide_[position].

    /// What is read and written for a movement: one line of a processor's cache.
    struct alignas(64) Record
    {
        PlaceNumber from = 0;
        PlaceNumber to = 0;
        AccountId through{};
        std::uint32_t kind = no_kind;  // Of the units; or `wide`.
        std::uint32_t first_block = 0;
        std::uint32_t last_block = 0;
        std::uint32_t count = 0;
        std::uint32_t position = 0;
        std::uint64_t units[2]{};
        std::uint64_t amount[2]{};
    };
    static_assert(sizeof(Record) == 64);
    struct Wide
    {
        Units units;
        Amount amount;
        std::uint64_t count = 0;
        std::uint64_t first_block = 0;
        std::uint64_t last_block = 0;
    };

    /// The record of the hop, or null if it would be one too many.
    [[nodiscard]] Record* find(
        PlaceNumber from, PlaceNumber to, AccountId through, std::size_t hops_max);
    void grow();
    [[nodiscard]] static bool add_narrow(
        Record& record, const Units& units, const Amount& amount, std::uint64_t block) noexcept;
    [[nodiscard]] static Wide widened(const Record& record);
    [[nodiscard]] static std::uint64_t hash(
        PlaceNumber from, PlaceNumber to, AccountId through) noexcept;

    std::vector<Record> records_;
    /// Open addressing: the upper half of the hash, and 1 + the record's index below it; 0: free.
    std::vector<std::uint64_t> slots_;
    std::deque<Wide> wide_;
    PlaceTable places_;
    std::vector<std::uint32_t> order_;
};

}  // namespace runnel::analytics::tracing
