#pragma once

#include "contracts/kit/sectors/exchange.hpp"

#include <array>
#include <cstdint>
#include <string_view>

/// What exchanges would pay for trades of many sizes: rows that reports make curves of.
namespace runnel::contracts
{

/// What a swap in an exchange would pay, after block 0 and after the last block.
struct DexQuote
{
    static constexpr std::string_view name = "DexQuote";
    static constexpr std::string_view table = "dex_quotes";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 4> meanings{"What would be paid in.",
        "What would be paid out.",
        "How much would be paid in: the exchange's depth times 2/8192, 3/8192, 4/8192, 6/8192 and "
        "so on to 6.",
        "How much would be paid out, fees off, if nothing happens before."};

    ContractId token_in{};
    ContractId token_out{};
    Amount amount_in_raw;
    Amount amount_out_raw;
    RUNNEL_FIELDS(token_in, token_out, (amount_in_raw, smallest_unit_of("token_in")),
        (amount_out_raw, smallest_unit_of("token_out")));
};

/// Two sizes for each doubling, up to six times the depth: from a price that hardly moves to one
/// that a constant-product pool would lower by 98%.
inline constexpr unsigned quoted_doublings = 15;

/// What snapshot_exchange() does beside when all contracts show their state in full: a row of
/// dex_quotes for each pair of tokens, direction and size that the exchange would trade, by
/// Exchange::quote_exact_input(). Sizes are parts of Exchange::depth(), or of the reserve where
/// nothing is offered near the price, rounded down.
void snapshot_quotes(const Exchange& exchange, SnapshotContext& context);

}  // namespace runnel::contracts
