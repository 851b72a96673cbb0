#pragma once

#include "contracts/exchanges/order_book/book.hpp"

namespace runnel::contracts
{

template <typename Reader>
order_book::Match OrderBook::match(Reader& reader, const order_book::Demand& demand) const
{
    using order_book::Demand;
    order_book::Match match;
    match.left = demand.amount;
    const auto side = opposite(demand.side);
    for (auto rank = prices_.first_from(reader, side, 0); rank && !match.left.is_zero();
         rank = prices_.first_from(reader, side, *rank + 1))
    {
        if (demand.limit && *rank > order_book::rank_of(side, *demand.limit))
            break;
        auto ref = reader.read(queues_, order_book::side_key(side, *rank)).first;
        while (ref.number != 0 && !match.left.is_zero())
        {
            const auto& order = reader.read(orders_, numbered_key(ref.number, ref.maker));
            auto fill = fill_of(demand, order, match.left);
            if (fill.base.is_zero())
            {
                match.is_complete = true;
                return match;
            }
            if (match.count == terms_.fills_max)
            {
                match.is_cut = true;
                return match;
            }
            fill.order = ref;
            match.fills.at(match.count++) = fill;
            match.base = wrapping_add(match.base, fill.base);
            match.quote = wrapping_add(match.quote, fill.quote);
            const auto& done = demand.measure == Demand::Measure::base ? fill.base : fill.quote;
            match.left = wrapping_sub(match.left, std::min(done, match.left));
            if (fill.base < order.remaining)
            {
                match.is_complete = true;
                return match;
            }
            ref = order.behind;
        }
    }
    match.is_complete = match.left.is_zero();
    return match;
}

}  // namespace runnel::contracts
