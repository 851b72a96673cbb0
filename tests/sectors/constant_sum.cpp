#include "tests/sectors/constant_sum.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/dex_quotes.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <array>
#include <utility>

namespace runnel::toy
{

using namespace contracts;

namespace
{
constexpr std::uint64_t whole_bps = 10'000;

Result<void> require_limit(bool kept)
{
    RUNNEL_REQUIRE(kept, Refusal::error("ConstantSum: limit"));
    return {};
}
}  // namespace

ConstantSum::ConstantSum(
    ContractIdentity identity, std::vector<ContractId> tokens, std::uint64_t fee_bps)
  : ContractBase{std::move(identity)},
    tokens_{std::move(tokens)},
    fee_bps_{fee_bps},
    shares_{id(), name(), TokenFlavour::openzeppelin5},
    reserves_{name() + ".reserves"},
    supply_{name() + ".supply"}
{
    supply_.set_conservation_weight(-1);
    add_table(shares_.balances);
    add_table(shares_.allowances);
    add_table(reserves_);
    add_table(supply_);
}

const ContractType& ConstantSum::contract_type()
{
    static const std::array columns{
        allocation({"amount", ParameterKind::amount, "0", unit::smallest_unit, "At the start."})};
    static const ContractType type{.kind = "constant_sum",
        .help = "A pool in which whole tokens are worth the same.",
        .role = ContractRole::dex,
        .sectors = implements<ConstantSum, Exchange, Venue>(),
        .methods = methods(),
        .events = event_types<TransferLog, DexTrade, DexPool, DexShares, DexQuote>(),
        .parameters =
            {
                {"tokens", ParameterKind::tokens, "", {}, "Two to eight."},
                {"fee_bps", ParameterKind::integer, "10", unit::per_10_000, "Of what comes in.", 0,
                    1'000},
                {.name = "reserves",
                    .kind = ParameterKind::per_token,
                    .default_value = "{}",
                    .unit = {},
                    .help = "Liquidity at the start, of the account NAME/seed_lp.",
                    .columns = columns},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            return std::make_unique<ConstantSum>(std::move(identity),
                parameters.contracts("tokens"),
                static_cast<std::uint64_t>(parameters.integer("fee_bps")));
        }};
    return type;
}

std::optional<TokenInfo> ConstantSum::token_info() const
{
    return TokenInfo{"SUM", 18};
}

void ConstantSum::connect(World& world)
{
    token_.clear();
    units_.clear();
    for (const auto token : tokens_)
    {
        token_.push_back(&token_at(world, token));
        units_.push_back(Amount::power_of_ten(18U - world.contract(token).token_info()->decimals));
    }
}

void ConstantSum::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const auto seed = builder.account(name() + "/seed_lp", "liquidity_provider");
    CallWriter calls;
    SumDeposit deposit;
    for (std::size_t i = 0; i < tokens_.size(); ++i)
        deposit.amounts.push_back({});
    for (const auto& [token, row] : parameters.per_token("reserves"))
    {
        const auto amount = row.amount("amount");
        dynamic_cast<Erc20&>(builder.world().contract(token)).allocate(seed, amount);
        calls.add(token, Erc20Approve{account(), amount});
        deposit.amounts.items.at(side(token)) = amount;
    }
    if (calls.bytes().empty())
        return;
    calls.add(id(), deposit);
    builder.transaction(seed, std::move(calls).take());
}

std::optional<Amount> ConstantSum::quote(const QuoteRequest& request) const
{
    return answer_quote(*this, request);
}

void ConstantSum::snapshot(SnapshotContext& context) const
{
    snapshot_exchange(*this, context);
}

void ConstantSum::check_invariants(const World&, Findings& findings) const
{
    for (std::size_t i = 0; i < tokens_.size(); ++i)
    {
        if (reserves_.get(i).amount > token_[i]->holding(account()))
            findings.push_back(name() + ": does not hold its reserves");
    }
}

const Amount& ConstantSum::fees(ContractId token) const
{
    return reserves_.get(side(token)).fees;
}

// ---- Formulas ----

std::size_t ConstantSum::side(ContractId token) const noexcept
{
    return static_cast<std::size_t>(
        std::find(tokens_.begin(), tokens_.end(), token) - tokens_.begin());
}

Amount ConstantSum::value(std::size_t side, const Amount& amount) const
{
    return wrapping_mul(amount, units_[side]);
}

Amount ConstantSum::total_value() const
{
    Amount sum;
    for (std::size_t i = 0; i < tokens_.size(); ++i)
        sum = wrapping_add(sum, value(i, reserves_.get(i).amount));
    return sum;
}

Amount ConstantSum::fee_of(const Amount& amount_in) const
{
    return mul_div_up(amount_in, fee_bps_, whole_bps).value;
}

Result<Amount> ConstantSum::amount_out(
    std::size_t in, std::size_t out, const Amount& amount_in, const Amount& reserve_out) const
{
    const auto net = wrapping_sub(amount_in, fee_of(amount_in));
    const auto paid = div_down(value(in, net), units_[out]);
    RUNNEL_REQUIRE(!paid.is_zero() && paid <= reserve_out, Refusal::error("ConstantSum: drained"));
    return paid;
}

Result<Amount> ConstantSum::shares_for(
    std::span<const Amount> amounts, const Amount& held, const Amount& supply) const
{
    Amount deposited;
    for (std::size_t i = 0; i < amounts.size(); ++i)
        deposited = wrapping_add(deposited, value(i, amounts[i]));
    const auto shares = supply.is_zero() ? deposited : mul_div_down(deposited, supply, held).value;
    RUNNEL_REQUIRE(!shares.is_zero(), Refusal::error("ConstantSum: nothing"));
    return shares;
}

// ---- What it says of itself ----

Amount ConstantSum::reserve(ContractId token) const
{
    return reserves_.get(side(token)).amount;
}

double ConstantSum::spot_price(ContractId token_in, ContractId token_out) const
{
    return units_[side(token_in)].to_double() / units_[side(token_out)].to_double();
}

double ConstantSum::fee(ContractId, ContractId) const
{
    return static_cast<double>(fee_bps_) / static_cast<double>(whole_bps);
}

Result<Amount> ConstantSum::quote_exact_input(
    ContractId token_in, ContractId token_out, const Amount& amount_in) const
{
    return amount_out(side(token_in), side(token_out), amount_in, reserve(token_out));
}

Result<Amount> ConstantSum::quote_exact_output(
    ContractId token_in, ContractId token_out, const Amount& amount_out) const
{
    RUNNEL_REQUIRE(!amount_out.is_zero() && amount_out <= reserve(token_out),
        Refusal::error("ConstantSum: drained"));
    const auto net = mul_div_up(amount_out, units_[side(token_out)], units_[side(token_in)]).value;
    return mul_div_up(net, whole_bps, whole_bps - fee_bps_).value;
}

std::vector<Amount> ConstantSum::share_value(const Amount& shares) const
{
    std::vector<Amount> amounts(tokens_.size());
    for (std::size_t i = 0; i < tokens_.size() && !share_supply().is_zero(); ++i)
        amounts[i] = mul_div_down(shares, reserves_.get(i).amount, share_supply()).value;
    return amounts;
}

std::optional<DepositQuote> ConstantSum::quote_deposit(std::span<const Amount> offered) const
{
    const auto shares = shares_for(offered, total_value(), share_supply());
    if (!shares.has_value())
        return std::nullopt;
    return DepositQuote{{offered.begin(), offered.end()}, *shares};
}

// ---- The calls that use it ----

void ConstantSum::add_swap(CallWriter& calls, const SwapOrder& order) const
{
    const auto& hop = order.route.front();
    calls.add(id(), SumSwap{hop.token_in, hop.token_out, order.amount_in, order.amount_out_min,
                        order.recipient, order.deadline});
}

void ConstantSum::add_deposit(CallWriter& calls, const DepositOrder& order) const
{
    SumDeposit deposit{{}, order.shares_min};
    for (const auto& amount : order.amounts)
        deposit.amounts.push_back(amount);
    calls.add(id(), deposit);
}

void ConstantSum::add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const
{
    SumWithdraw withdrawal{order.shares, {}};
    for (const auto& amount : order.amounts_min)
        withdrawal.amounts_min.push_back(amount);
    calls.add(id(), withdrawal);
}

OrderFailure ConstantSum::failure_of(const Refusal& refusal) const
{
    if (refusal.text == "ConstantSum: limit" || refusal.text == "ConstantSum: drained")
        return OrderFailure::limit;
    return refusal.text == "ConstantSum: late" ? OrderFailure::deadline : OrderFailure::other;
}

// ---- Calls ----

void ConstantSum::declare(const SumSwap& call, AccountId sender, AccessCollector& access) const
{
    const auto in = side(call.token_in);
    const auto out = side(call.token_out);
    if (in == tokens_.size() || out == tokens_.size())
        return;
    access.write(reserves_, in);
    access.write(reserves_, out);
    token_[in]->declare_transfer_from(access, account(), sender, account());
    token_[out]->declare_transfer(access, account(), call.recipient);
}

void ConstantSum::declare(const SumDeposit&, AccountId sender, AccessCollector& access) const
{
    for (std::size_t i = 0; i < tokens_.size(); ++i)
    {
        access.write(reserves_, i);
        token_[i]->declare_transfer_from(access, account(), sender, account());
    }
    access.write(supply_, 0);
    shares_.declare_credit(access, sender);
}

void ConstantSum::declare(const SumWithdraw&, AccountId sender, AccessCollector& access) const
{
    for (std::size_t i = 0; i < tokens_.size(); ++i)
    {
        access.write(reserves_, i);
        token_[i]->declare_transfer(access, account(), sender);
    }
    access.write(supply_, 0);
    shares_.declare_balance(access, sender);
}

Result<Returns> ConstantSum::execute(const SumSwap& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    const auto in = side(call.token_in);
    const auto out = side(call.token_out);
    RUNNEL_REQUIRE(in != out && in < tokens_.size() && out < tokens_.size(),
        Refusal::error("ConstantSum: token"));
    RUNNEL_REQUIRE(call.deadline >= context.block().timestamp, Refusal::error("ConstantSum: late"));
    RUNNEL_TRY(context.charge_gas(SumSwap::extra_gas));
    auto& reserve_in = context.write(reserves_, in);
    auto& reserve_out = context.write(reserves_, out);
    const auto paid = RUNNEL_TRY(amount_out(in, out, call.amount_in, reserve_out.amount));
    RUNNEL_TRY(require_limit(paid >= call.amount_out_min));
    RUNNEL_TRY(token_[in]->transfer_from(
        context.as(account()), context.sender(), account(), call.amount_in));
    RUNNEL_TRY(token_[out]->transfer(context.as(account()), call.recipient, paid));
    const auto fee = fee_of(call.amount_in);
    reserve_in.amount = wrapping_add(reserve_in.amount, call.amount_in);
    reserve_in.fees = wrapping_add(reserve_in.fees, fee);
    reserve_out.amount = wrapping_sub(reserve_out.amount, paid);
    context.emit(id(), DexTrade{call.token_out, call.token_in, paid, call.amount_in, call.recipient,
                           call.token_in, fee});
    return Returns{paid};
}

Result<Returns> ConstantSum::execute(const SumDeposit& call, CallContext& context)
{
    RUNNEL_REQUIRE(call.amounts.size() == tokens_.size(), Refusal::error("ConstantSum: token"));
    Amount held;
    for (std::size_t i = 0; i < tokens_.size(); ++i)
    {
        auto& reserve = context.write(reserves_, i);
        held = wrapping_add(held, value(i, reserve.amount));
        RUNNEL_TRY(token_[i]->transfer_from(
            context.as(account()), context.sender(), account(), call.amounts[i]));
        reserve.amount = wrapping_add(reserve.amount, call.amounts[i]);
    }
    auto& supply = context.write(supply_, 0);
    const auto shares =
        RUNNEL_TRY(shares_for({call.amounts.begin(), call.amounts.end()}, held, supply));
    RUNNEL_TRY(require_limit(shares >= call.shares_min));
    RUNNEL_TRY(shares_.mint(context, supply, context.sender(), shares));
    return Returns{shares};
}

Result<Returns> ConstantSum::execute(const SumWithdraw& call, CallContext& context)
{
    RUNNEL_REQUIRE(call.amounts_min.size() == tokens_.size(), Refusal::error("ConstantSum: token"));
    auto& supply = context.write(supply_, 0);
    const auto supply_before = supply;
    RUNNEL_TRY(shares_.burn(context, supply, context.sender(), call.shares));
    for (std::size_t i = 0; i < tokens_.size(); ++i)
    {
        auto& reserve = context.write(reserves_, i);
        const auto paid = mul_div_down(call.shares, reserve.amount, supply_before).value;
        RUNNEL_TRY(require_limit(paid >= call.amounts_min[i]));
        RUNNEL_TRY(token_[i]->transfer(context.as(account()), context.sender(), paid));
        reserve.amount = wrapping_sub(reserve.amount, paid);
    }
    return Returns{};
}

}  // namespace runnel::toy
