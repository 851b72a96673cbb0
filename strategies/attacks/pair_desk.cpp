#include "strategies/attacks/pair_desk.hpp"

#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"

#include <fmt/format.h>

namespace runnel::strategies
{

PairDesk::PairDesk(const World& world, ContractId exchange, ContractId token)
  : exchange_{*contracts::find_exchange(world, exchange)}, token_{token}
{
    for (const auto traded : exchange_.tokens())
    {
        if (traded != token_)
            other_ = traded;
    }
}

Amount PairDesk::quote(ContractId sold, const Amount& amount) const
{
    if (amount.is_zero())
        return {};
    const auto bought = sold == token_ ? other_ : token_;
    return exchange_.quote_exact_input(sold, bought, amount).value_or(Amount{});
}

void PairDesk::add_swap(CallWriter& calls, const WalletContext& wallet, ContractId sold,
    const Amount& amount, const Amount& amount_out_min, AccountId recipient) const
{
    const auto& view = wallet.view();
    const auto& venue = *exchange_.venue();
    const contracts::Hop hop{&exchange_, sold, sold == token_ ? other_ : token_};
    add_approval(calls, view, sold, wallet.account(), venue.contract().account(), amount);
    venue.add_swap(calls, contracts::SwapOrder{{&hop, 1}, amount, amount_out_min, recipient,
                              view.timestamp + order_lifetime});
}

std::uint64_t PairDesk::extra_gas() const
{
    return exchange_.venue()->extra_gas(1);
}

std::uint64_t PairDesk::gas() const
{
    return exchange_.venue()->swap_gas(1);
}

std::string check_pair(const Parameters& parameters, const World& world, std::string_view token)
{
    const auto* exchange = contracts::find_exchange(world, parameters.contract("exchange"));
    return exchange->tokens().size() == 2 && exchange->trades(parameters.token(token))
               ? ""
               : fmt::format("{}: expected a token of the exchange, which has two", token);
}

}  // namespace runnel::strategies
