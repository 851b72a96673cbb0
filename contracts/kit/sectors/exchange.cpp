#include "contracts/kit/sectors/exchange.hpp"

#include "contracts/kit/sectors/dex_quotes.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/kit/token.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

namespace runnel::contracts
{

void Exchange::add_prepaid_swap(CallWriter&, ContractId, ContractId, const Amount&, AccountId) const
{
    check_failed("an exchange that can be paid first says how", __FILE__, __LINE__);
}

void Exchange::add_postpaid_swap(CallWriter&, const PostpaidSwap&, CallList) const
{
    check_failed("an exchange that can be paid later says how", __FILE__, __LINE__);
}

Amount Exchange::share_balance(AccountId account) const
{
    const auto* shares = dynamic_cast<const Token*>(&contract());
    RUNNEL_CHECK(shares != nullptr && "an exchange says what shares an account has");
    return shares->holding(account);
}

void Venue::add_opening(CallWriter&, const OpeningOrder&) const
{
    RUNNEL_CHECK(false && "nobody can open an exchange here");
}

void Venue::add_single_withdrawal(CallWriter&, const SingleWithdrawalOrder&) const
{
    RUNNEL_CHECK(false && "this venue pays all tokens alike");
}

std::uint64_t Venue::extra_gas(std::size_t) const noexcept
{
    return 0;
}

const Exchange* find_exchange(const World& world, ContractId id)
{
    return dynamic_cast<const Exchange*>(world.find_contract(id));
}

const Venue* find_venue(const World& world, ContractId id)
{
    return dynamic_cast<const Venue*>(world.find_contract(id));
}

std::optional<Amount> answer_quote(const Exchange& exchange, const QuoteRequest& request)
{
    if (request.token_in == request.token_out || !exchange.trades(request.token_in) ||
        !exchange.trades(request.token_out))
        return std::nullopt;
    const auto amount_out =
        exchange.quote_exact_input(request.token_in, request.token_out, request.amount_in);
    return amount_out.has_value() ? std::optional{*amount_out} : std::nullopt;
}

void snapshot_exchange(const Exchange& exchange, SnapshotContext& context)
{
    const auto id = exchange.contract().id();
    const auto tokens = exchange.tokens();
    for (const auto token : tokens)
    {
        const auto price = token == tokens[0] ? 1.0 : exchange.spot_price(token, tokens[0]);
        context.emit(id, DexPool{token, exchange.reserve(token),
                             Amount::from_double(price * DexPool::spot_price_scale)});
    }
    if (const auto share = exchange.share_token())
        context.emit(id, DexShares{*share, exchange.share_supply()});
    snapshot_quotes(exchange, context);
}

}  // namespace runnel::contracts
