#include "strategies/market/common.hpp"

#include "contracts/kit/approvals.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/portable_math.hpp"

#include <algorithm>
#include <array>

namespace runnel::strategies
{
namespace
{
/// 10^decimals, rounded once as Amount::to_double() does.
double scale_of(std::uint8_t decimals)
{
    static const auto scales = []
    {
        std::array<double, 78> made{};
        for (unsigned i = 0; i < made.size(); ++i)
            made[i] = Amount::power_of_ten(i).to_double();
        return made;
    }();
    return scales.at(decimals);
}
}  // namespace

Amount to_units(double whole, std::uint8_t decimals)
{
    if (!(whole > 0))
        return {};
    return Amount::from_double(whole * scale_of(decimals));
}

double to_whole(const Amount& units, std::uint8_t decimals)
{
    return units.to_double() / scale_of(decimals);
}

std::optional<ContractId> optional_contract(const Parameters& parameters, std::string_view name)
{
    return parameters.has(name) ? std::optional{parameters.contract(name)} : std::nullopt;
}

std::uint64_t blocks_until_next(
    RandomStream& random, double mean_seconds, std::uint32_t slot_seconds)
{
    // Whole blocks: with a chance of slot / mean in each, the mean number of them is mean / slot.
    constexpr double blocks_max = 1e9;
    const auto chance = slot_seconds / mean_seconds;
    // So small that a double does not tell the other case from certainty.
    if (1 - chance == 1)
        return 1 + static_cast<std::uint64_t>(blocks_max);
    const auto blocks =
        chance < 1 ? random.exponential(-1 / portable_log(1 - chance)) : random.exponential(0);
    return 1 + static_cast<std::uint64_t>(std::min(blocks, blocks_max));
}

EventTimes::EventTimes(
    const WalletGroup& wallets, const Parameters& parameters, std::string_view parameter)
  : wallets_{wallets}, distribution_{parameters.distribution(parameter)}, parameter_{parameter}
{
    if (distribution_.shape == Distribution::Shape::constant)
        return;
    constexpr std::size_t asked = 16'384;
    const auto count = wallets.group_size != 0 ? wallets.group_size
                                               : wallets.first_number + wallets.accounts.size();
    const auto own = std::min(count, asked);
    double times = 0;
    double rates = 0;
    for (std::size_t i = 0; i < asked; ++i)
    {
        const auto seconds = drawn(static_cast<std::uint32_t>(i));
        times += seconds;
        rates += i < own ? 1 / seconds : 0;
    }
    if (own > 0)
        stretch_ = times / static_cast<double>(asked) * (rates / static_cast<double>(own));
}

double EventTimes::drawn(std::uint32_t number) const
{
    return std::max(1.0, wallets_.draw(distribution_, parameter_, number));
}

std::uint64_t block_within(RandomStream& random, std::int64_t span_ms, std::uint32_t slot_seconds)
{
    const auto blocks = std::max<std::int64_t>(1, span_ms / (std::int64_t{slot_seconds} * 1000));
    return 1 + random.uniform_below(static_cast<std::uint64_t>(blocks));
}

BlockContext block_of(const WorldView& view)
{
    return {view.block_number, view.timestamp, view.base_fee, 0, zero_account};
}

RandomTimes::RandomTimes(const WalletGroup& wallets, std::string_view first)
  : seed_{wallets.seed},
    stream_{wallets.stream ^ stream_of_name(first)},
    first_number_{wallets.first_number},
    slot_seconds_{wallets.slot_seconds}
{}

std::uint64_t RandomTimes::first_block(std::size_t position, double mean_seconds) const
{
    RandomStream random{seed_, stream_, first_number_ + position, 0};
    return blocks_until_next(random, mean_seconds, slot_seconds_);
}

std::uint64_t RandomTimes::first_block_within(std::size_t position, std::int64_t span_ms) const
{
    RandomStream random{seed_, stream_, first_number_ + position, 0};
    return block_within(random, span_ms, slot_seconds_);
}

std::uint64_t RandomTimes::next_block(WalletContext& wallet, double mean_seconds) const
{
    return wallet.view().block_number +
           blocks_until_next(wallet.random(), mean_seconds, slot_seconds_);
}

std::uint8_t decimals_of(const World& world, ContractId token)
{
    const auto info = world.contract(token).token_info();
    return info ? info->decimals : 18;
}

Amount holding_of(const WorldView& view, ContractId token, AccountId account)
{
    if (token == native_coin)
        return view.account(account).balance;
    return contracts::token_at(*view.world, token).holding(account);
}

Amount starting_holding(const WalletGroup& wallets, std::size_t position, ContractId token)
{
    if (wallets.arrivals.empty())
    {
        const auto account = wallets.accounts[position];
        return token == native_coin ? wallets.world->account_states.get(account).balance
                                    : contracts::token_at(*wallets.world, token).holding(account);
    }
    const auto& funds = wallets.arrivals[position].funds;
    const auto found = std::find_if(
        funds.begin(), funds.end(), [token](const auto& held) { return held.first == token; });
    return found == funds.end() ? Amount{} : found->second;
}

double reference_usd(const WorldView& view, ContractId token)
{
    const auto price = view.reference_price(token);
    return price ? static_cast<double>(*price) * 1e-8 : 0;
}

double reference_usd(const WorldView& view, ContractId token, const Amount& amount)
{
    return to_whole(amount, decimals_of(*view.world, token)) * reference_usd(view, token);
}

double presumed_usd(const WorldView& view, ContractId token)
{
    const auto price = reference_usd(view, token);
    return price > 0 ? price : 1;
}

double presumed_usd(const WorldView& view, ContractId token, const Amount& amount)
{
    return to_whole(amount, decimals_of(*view.world, token)) * presumed_usd(view, token);
}

double reference_price(const WorldView& view, ContractId token, ContractId currency)
{
    const auto usd = reference_usd(view, currency);
    return usd > 0 ? reference_usd(view, token) / usd : 0;
}

Bid urgent_bid(const WalletContext& wallet, double urgency)
{
    auto bid = wallet.habitual_bid();
    const auto tip = Amount::from_double(static_cast<double>(bid.priority_fee) * urgency).low64();
    bid.max_fee += tip > bid.priority_fee ? tip - bid.priority_fee : 0;
    bid.priority_fee = tip;
    return bid;
}

Amount min_amount_out(const Amount& quote, std::uint32_t slippage_bps)
{
    constexpr std::uint64_t whole_bps = 10'000;
    return mul_div_down(
        quote, whole_bps - std::min<std::uint64_t>(slippage_bps, whole_bps), whole_bps)
        .value;
}

void add_payment(CallWriter& calls, ContractId token, AccountId payee, const Amount& value)
{
    if (token == native_coin)
        calls.add(token, contracts::NativeTransfer{payee, value});
    else
        calls.add(token, contracts::Erc20Transfer{payee, value});
}

Address draw_address(RandomStream& random)
{
    Address address;
    for (auto& byte : address.bytes)
        byte = static_cast<std::uint8_t>(random.next_uint64() >> 56U);
    return address;
}

AccountId account_of_address(const World& world, const Address& address, CallWriter& calls)
{
    const auto known = world.find_account(address);
    return known && index(*known) < world.known_accounts() ? *known : calls.account_at(address);
}

const std::vector<AccountId>* find_group(const GroupAccounts& groups, std::string_view name)
{
    for (const auto& [group, accounts] : groups)
    {
        if (group == name)
            return &accounts;
    }
    return nullptr;
}

void add_approval(CallWriter& calls, const WorldView& view, ContractId token, AccountId owner,
    AccountId spender, const Amount& amount)
{
    contracts::add_approval(calls, *view.world, token, owner, spender, amount);
}

}  // namespace runnel::strategies
