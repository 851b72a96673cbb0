#include "contracts/kit/sectors/dex_quotes.hpp"

namespace runnel::contracts
{
namespace
{
constexpr unsigned smallest_part_bits = 13;

void quote_sizes(
    const Exchange& exchange, ContractId token_in, ContractId token_out, SnapshotContext& context)
{
    auto whole = exchange.depth(token_in);
    if (whole.is_zero())
        whole = exchange.reserve(token_in);
    // Beyond what any token has; below it no size overflows.
    if (whole.is_zero() || whole >= Amount::power_of_two(200))
        return;
    for (unsigned doubling = 0; doubling < quoted_doublings; ++doubling)
    {
        for (const std::uint64_t step : {2U, 3U})
        {
            const auto size = wrapping_mul(whole, step << doubling) >> smallest_part_bits;
            if (size.is_zero())
                continue;
            const auto paid = exchange.quote_exact_input(token_in, token_out, size);
            if (paid.has_value() && !paid->is_zero())
            {
                context.emit(exchange.contract().id(), DexQuote{token_in, token_out, size, *paid});
            }
        }
    }
}
}  // namespace

void snapshot_quotes(const Exchange& exchange, SnapshotContext& context)
{
    if (context.snapshots() != Snapshots::all_in_full)
        return;
    for (const auto token_in : exchange.tokens())
    {
        for (const auto token_out : exchange.tokens())
        {
            if (token_in != token_out)
                quote_sizes(exchange, token_in, token_out, context);
        }
    }
}

}  // namespace runnel::contracts
