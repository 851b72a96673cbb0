#pragma once

#include "contracts/kit/sectors/order_exchange.hpp"
#include "state/table.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace runnel::contracts::order_book
{

/// An order that rests: a member of its price's queue.
struct OpenOrder
{
    Amount remaining;
    OrderSide side{};
    std::uint32_t tick = 0;
    OrderRef before;
    OrderRef behind;
    RUNNEL_FIELDS(
        (remaining, smallest_unit_of_its("base")), side, (tick, other("ticks")), before, behind);
};

/// The queue of all orders with one price.
struct Queue
{
    Amount amount;
    std::uint32_t orders = 0;
    OrderRef first;
    OrderRef last;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("base")), orders, first, last);
};

/// What an account has in the book.
struct Balance
{
    Amount available_base;
    Amount available_quote;
    Amount locked_base;
    Amount locked_quote;
    std::uint32_t orders_placed = 0;
    RUNNEL_FIELDS((available_base, smallest_unit_of_its("base")),
        (available_quote, smallest_unit_of_its("quote")),
        (locked_base, smallest_unit_of_its("base")), (locked_quote, smallest_unit_of_its("quote")),
        orders_placed);
};

/// A price by how good it is for who takes it: the best has the lowest rank.
using Rank = std::uint32_t;
inline constexpr unsigned tick_bits = 24;
inline constexpr std::uint32_t tick_max = (1U << tick_bits) - 1;
[[nodiscard]] constexpr Rank rank_of(OrderSide side, std::uint32_t tick) noexcept
{
    return side == OrderSide::sell ? tick : tick_max - tick;
}
[[nodiscard]] constexpr std::uint32_t tick_of(OrderSide side, Rank rank) noexcept
{
    return rank_of(side, rank);
}
[[nodiscard]] constexpr std::uint64_t side_key(OrderSide side, std::uint64_t number) noexcept
{
    return std::uint64_t{side == OrderSide::sell} << tick_bits | number;
}

/// Which prices have orders, as a tree of bits: three levels of words of 256 bits, where a bit says
/// that the word below it has one. So the best price, and the next after any other, is found in at
/// most five reads, and a price that has orders already is not written here when more come.
class PriceBits
{
public:
    explicit PriceBits(std::string_view book)
      : words{std::string{book} + ".prices", KeyOf::sparse_number}
    {}

    /// The first price from @p rank on that has orders. @p reader: a CallContext or a
    /// CommittedReader.
    template <typename Reader>
    [[nodiscard]] std::optional<Rank> first_from(Reader& reader, OrderSide side, Rank rank) const
    {
        std::uint32_t position = rank;
        for (unsigned level = 0; level < levels && position >> (tick_bits - 8 * level) == 0;
             ++level)
        {
            const auto bits =
                reader.read(words, key(side, level, position >> 8U)) >> position % 256;
            if (!bits.is_zero())
            {
                position += bits.lowest_bit();
                while (level-- > 0)
                {
                    position = position << 8U |
                               reader.read(words, key(side, level, position)).lowest_bit();
                }
                return position;
            }
            position = (position >> 8U) + 1;
        }
        return std::nullopt;
    }

    /// Notes that a price has orders from now on, or none any more.
    template <typename Context>
    void set(Context& context, OrderSide side, Rank rank, bool has_orders)
    {
        auto position = rank;
        for (unsigned level = 0; level < levels; ++level)
        {
            auto& word = context.write(words, key(side, level, position >> 8U));
            const bool was_empty = word.is_zero();
            word.set_bit(position % 256, has_orders);
            // The word above knows it already.
            if (has_orders ? !was_empty : !word.is_zero())
                return;
            position >>= 8U;
        }
    }

    Table<Amount> words;

private:
    static constexpr unsigned levels = tick_bits / 8;

    [[nodiscard]] static std::uint64_t key(
        OrderSide side, std::uint64_t level, std::uint64_t word) noexcept
    {
        return level << (tick_bits + 1) | side_key(side, word);
    }
};

}  // namespace runnel::contracts::order_book
