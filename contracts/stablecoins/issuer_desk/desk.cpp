#include "contracts/stablecoins/issuer_desk/desk.hpp"

#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace runnel::contracts
{

using namespace issuer_desk;

namespace
{
constexpr std::uint32_t day_seconds = 86'400;
constexpr std::uint32_t bps_whole = 10'000;

Amount scaled(const Amount& amount, const Amount& to_unit, const Amount& from_unit)
{
    return mul_div_down(amount, to_unit, from_unit).value;
}
}  // namespace

bool Hours::is_open(std::uint64_t at) const noexcept
{
    if (is_always_open)
        return true;
    // The first day of 1970 was a Thursday; Sunday is 0.
    const auto weekday = (at / day_seconds + 4) % 7;
    const auto second = at % day_seconds;
    return weekday >= 1 && weekday <= 5 && second >= opens && second < closes;
}

std::uint64_t Hours::opens_at(std::uint64_t at) const noexcept
{
    if (is_open(at))
        return at;
    auto next = at - at % day_seconds + opens;
    for (int day = 0; day < 8; ++day, next += day_seconds)
    {
        if (next >= at && is_open(next))
            return next;
    }
    return std::numeric_limits<std::uint64_t>::max();
}

IssuerDesk::IssuerDesk(ContractIdentity identity, Terms terms)
  : ContractBase{std::move(identity)},
    terms_{std::move(terms)},
    state_{name() + ".state"},
    orders_{name() + ".orders"},
    customers_{name() + ".customers", KeyOf::account}
{
    add_table(state_);
    add_table(orders_);
    add_table(customers_);
}

const ContractType& IssuerDesk::contract_type()
{
    static const ContractType type{.kind = "issuer_desk",
        .help = "Issues a coin against a reserve token at par and redeems it, in banking hours.",
        .role = ContractRole::ledger,
        .sectors = implements<IssuerDesk, Issuer>(),
        .methods = methods(),
        .events = event_types<IssuerFlow, IssuerRow>(),
        .parameters =
            {
                token_parameter("coin", IssuedToken::sector,
                    "What it issues; the desk must be a minter of it."),
                token_parameter("reserve_token", plain_tokens,
                    "What it takes and gives for it: money in a bank, or another coin."),
                {"operator", ParameterKind::account, "", {}, "Who serves the orders."},
                {"always_open", ParameterKind::boolean, "false", {}, "It keeps no banking hours."},
                {"opens", ParameterKind::duration, "\"13h\"", {},
                    "When it opens on bank days, Monday to Friday, after midnight UTC.", 0,
                    86'400'000},
                {"closes", ParameterKind::duration, "\"22h\"", {}, "When it closes; later.", 0,
                    86'400'000},
                {"immediate", ParameterKind::boolean, "false", {},
                    "Orders are served as they come, or refused while it is closed."},
                {"issue_fee_bps", ParameterKind::integer, "0", unit::bps,
                    "What it keeps of what is paid for coins.", 0, bps_whole},
                {"redeem_fee_bps", ParameterKind::integer, "0", unit::bps,
                    "What it keeps of what coins are redeemed for.", 0, bps_whole},
                {"minimum", ParameterKind::integer, "0", unit::whole_tokens,
                    "The least that it takes in an order.", 0, 1e15},
                {"daily_limit", ParameterKind::integer, "0", unit::whole_tokens,
                    "The most that it takes for coins in a day (UTC); 0: no limit.", 0, 1e15},
                {"backing_bps", ParameterKind::integer, "10000", unit::bps,
                    "What of the coins that block 0 gives it has the reserve token for.", 0,
                    bps_whole},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            const auto number = [&](std::string_view key)
            { return static_cast<std::uint64_t>(parameters.integer(key)); };
            const auto bps = [&](std::string_view key)
            { return static_cast<std::uint32_t>(parameters.integer(key)); };
            const auto second = [&](std::string_view key)
            { return static_cast<std::uint32_t>(parameters.duration_ms(key) / 1'000); };
            Terms terms;
            terms.coin = parameters.token("coin");
            terms.reserve_token = parameters.token("reserve_token");
            terms.operated_by = parameters.text("operator");
            terms.hours = {parameters.boolean("always_open"), second("opens"), second("closes")};
            terms.is_immediate = parameters.boolean("immediate");
            terms.issue_fee_bps = bps("issue_fee_bps");
            terms.redeem_fee_bps = bps("redeem_fee_bps");
            terms.minimum = number("minimum");
            terms.daily_limit = number("daily_limit");
            terms.backing_bps = bps("backing_bps");
            return std::make_unique<IssuerDesk>(std::move(identity), std::move(terms));
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.token("coin") == parameters.token("reserve_token"))
                return "reserve_token: expected another token than the coin";
            if (parameters.duration_ms("opens") >= parameters.duration_ms("closes"))
                return "closes: expected a time later than opens";
            return "";
        }};
    return type;
}

void IssuerDesk::connect(World& world)
{
    coin_ = &token_at(world, terms_.coin);
    reserve_ = &token_at(world, terms_.reserve_token);
    issued_ = dynamic_cast<IssuedToken*>(world.find_contract(terms_.coin));
    RUNNEL_CHECK(issued_ != nullptr);
    issued_->join(*this);
    const auto unit = [&](ContractId token)
    { return Amount::power_of_ten(world.contract(token).token_info().value().decimals); };
    coin_unit_ = unit(terms_.coin);
    reserve_unit_ = unit(terms_.reserve_token);
    operator_ = world.find_account(terms_.operated_by).value_or(zero_account);
}

void IssuerDesk::genesis(const Parameters&, GenesisBuilder& builder)
{
    operator_ = builder.account(terms_.operated_by, "wallet");
}

void IssuerDesk::back(World& world, const Amount& value)
{
    const auto backed =
        mul_div_down(scaled(value, reserve_unit_, coin_unit_), terms_.backing_bps, bps_whole).value;
    if (backed.is_zero())
        return;
    const bool given = reserve_->allocate(world, account(), backed);
    RUNNEL_CHECK(given);
    auto& reserves = state_.at(0).reserves;
    reserves = wrapping_add(reserves, backed);
}

void IssuerDesk::snapshot(SnapshotContext& context) const
{
    const auto& state = state_.get(0);
    context.emit(id(), IssuerRow{terms_.coin, terms_.reserve_token, issued_->total_supply(),
                           state.reserves, state.waiting_issue, state.waiting_redeem,
                           orders_waiting(), is_open(context.block().timestamp)});
}

void IssuerDesk::check_invariants(const World&, Findings& findings) const
{
    const auto& state = state_.get(0);
    Amount issue;
    Amount redeem;
    for (auto number = state.first; number < state.end; ++number)
    {
        const auto& order = orders_.get(number);
        auto& sum = order.redeems ? redeem : issue;
        sum = wrapping_add(sum, order.paid);
    }
    if (issue != state.waiting_issue || redeem != state.waiting_redeem)
        findings.push_back(fmt::format("{}: what waits is not the sum of the orders", name()));
    const auto owed = wrapping_add(state.reserves, state.waiting_issue);
    if (reserve_->holding(account()) < owed)
    {
        findings.push_back(fmt::format("{}: holds {} of the reserve token, its books say {}",
            name(), reserve_->holding(account()).to_string(), owed.to_string()));
    }
    if (coin_->holding(account()) < state.waiting_redeem)
    {
        findings.push_back(fmt::format("{}: holds {} coins, {} wait to be redeemed", name(),
            coin_->holding(account()).to_string(), state.waiting_redeem.to_string()));
    }
}

// ---- Terms ----

Amount IssuerDesk::fee_of(bool redeems, const Amount& reserve) const
{
    return mul_div_up(reserve, redeems ? terms_.redeem_fee_bps : terms_.issue_fee_bps, bps_whole)
        .value;
}

IssuerDesk::Served IssuerDesk::served(bool redeems, const Amount& paid) const
{
    if (redeems)
    {
        const auto gross = scaled(paid, reserve_unit_, coin_unit_);
        const auto fee = fee_of(true, gross);
        return {paid, wrapping_sub(gross, fee), fee};
    }
    const auto fee = fee_of(false, paid);
    return {scaled(wrapping_sub(paid, fee), coin_unit_, reserve_unit_), paid, fee};
}

Amount IssuerDesk::preview(IssuerAction action, const Amount& paid) const
{
    const bool redeems = action == IssuerAction::redeem;
    const auto result = served(redeems, paid);
    return redeems ? result.reserve : result.coins;
}

Amount IssuerDesk::minimum(IssuerAction action) const
{
    return wrapping_mul(
        terms_.minimum, action == IssuerAction::redeem ? coin_unit_ : reserve_unit_);
}

Amount IssuerDesk::room(IssuerAction action, std::uint64_t at) const
{
    const auto& state = state_.get(0);
    if (action == IssuerAction::redeem)
    {
        return terms_.is_immediate ? scaled(state.reserves, coin_unit_, reserve_unit_)
                                   : Amount::max();
    }
    if (terms_.daily_limit == 0)
        return Amount::max();
    const auto limit = wrapping_mul(terms_.daily_limit, reserve_unit_);
    const auto used = state.day == at / day_seconds ? state.issued : Amount{};
    return used < limit ? wrapping_sub(limit, used) : Amount{};
}

const Amount& IssuerDesk::waiting(IssuerAction action) const
{
    const auto& state = state_.get(0);
    return action == IssuerAction::redeem ? state.waiting_redeem : state.waiting_issue;
}

const Amount& IssuerDesk::waiting_of(AccountId account, IssuerAction action) const
{
    const auto& customer = customers_.get(account);
    return action == IssuerAction::redeem ? customer.waiting_redeem : customer.waiting_issue;
}

void IssuerDesk::add_order(CallWriter& calls, IssuerAction action, const Amount& paid) const
{
    calls.add(id(), Order{action == IssuerAction::redeem, paid});
}

void IssuerDesk::add_serve(CallWriter& calls, std::uint32_t orders) const
{
    calls.add(id(), Serve{orders});
}

// ---- Orders ----

Result<Returns> IssuerDesk::execute(const Order& call, CallContext& context)
{
    const auto customer = context.sender();
    const auto at = context.block().timestamp;
    const auto action = call.redeems ? IssuerAction::redeem : IssuerAction::issue;
    RUNNEL_REQUIRE(!terms_.is_immediate || is_open(at), Refusal::error("IssuerDesk: closed"));
    RUNNEL_REQUIRE(!call.paid.is_zero() && call.paid >= minimum(action),
        Refusal::error("IssuerDesk: below the minimum"));
    auto& state = context.write(state_, 0);
    if (!call.redeems && terms_.daily_limit > 0)
    {
        const auto limit = wrapping_mul(terms_.daily_limit, reserve_unit_);
        if (state.day != at / day_seconds)
        {
            state.day = at / day_seconds;
            state.issued = {};
        }
        const Amount issued = RUNNEL_TRY(Checked{state.issued} + call.paid);
        RUNNEL_REQUIRE(issued <= limit, Refusal::error("IssuerDesk: above the daily limit"));
        state.issued = issued;
    }
    auto& token = call.redeems ? *coin_ : *reserve_;
    RUNNEL_TRY(token.transfer_from(context.as(account()), customer, account(), call.paid));
    auto& waiting = call.redeems ? state.waiting_redeem : state.waiting_issue;
    waiting = RUNNEL_TRY(Checked{waiting} + call.paid);
    auto& mine = context.write(customers_, customer);
    auto& waiting_of_mine = call.redeems ? mine.waiting_redeem : mine.waiting_issue;
    waiting_of_mine = RUNNEL_TRY(Checked{waiting_of_mine} + call.paid);
    const OpenOrder order{customer, call.redeems, call.paid, at};
    const auto number = state.end;
    if (terms_.is_immediate)
        RUNNEL_TRY(serve(context, order));
    else
    {
        context.write(orders_, number) = order;
        ++state.end;
    }
    return Returns{Amount{number}};
}

Result<void> IssuerDesk::serve(CallContext& context, const OpenOrder& order)
{
    auto& state = context.write(state_, 0);
    auto& customer = context.write(customers_, order.customer);
    const auto result = served(order.redeems, order.paid);
    const auto take = [](Amount& from, const Amount& amount) { from = wrapping_sub(from, amount); };
    if (order.redeems)
    {
        RUNNEL_REQUIRE(
            result.reserve <= state.reserves, Refusal::error("IssuerDesk: reserves are exhausted"));
        take(state.reserves, result.reserve);
        take(state.waiting_redeem, order.paid);
        take(customer.waiting_redeem, order.paid);
        RUNNEL_TRY(issued_->burn(context.as(account()), result.coins));
        if (!result.reserve.is_zero())
            RUNNEL_TRY(reserve_->transfer(context.as(account()), order.customer, result.reserve));
    }
    else
    {
        state.reserves = RUNNEL_TRY(Checked{state.reserves} + result.reserve);
        take(state.waiting_issue, order.paid);
        take(customer.waiting_issue, order.paid);
        if (!result.coins.is_zero())
            RUNNEL_TRY(issued_->mint(context.as(account()), order.customer, result.coins));
    }
    context.emit(id(), IssuerFlow{order.redeems ? IssuerAction::redeem : IssuerAction::issue,
                           order.customer, terms_.coin, result.coins, terms_.reserve_token,
                           result.reserve, result.fee, order.ordered_at});
    return {};
}

Result<Returns> IssuerDesk::execute(const Serve& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == operator_, Refusal::error("IssuerDesk: not the operator"));
    RUNNEL_REQUIRE(is_open(context.block().timestamp), Refusal::error("IssuerDesk: closed"));
    const auto& state = context.read(state_, 0);
    const auto first = state.first;
    const auto count = std::min<std::uint64_t>(call.orders, state.end - first);
    RUNNEL_REQUIRE(count > 0, Refusal::error("IssuerDesk: nothing to serve"));
    for (auto number = first; number < first + count; ++number)
    {
        RUNNEL_TRY(context.charge_gas(gas_per_order));
        const auto order = context.read(orders_, number);
        RUNNEL_TRY(serve(context, order));
        context.write(orders_, number) = {};
    }
    context.write(state_, 0).first = first + count;
    return Returns{Amount{count}};
}

}  // namespace runnel::contracts
