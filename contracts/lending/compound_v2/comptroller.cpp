#include "contracts/lending/compound_v2/comptroller.hpp"

#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/compound_v2/events.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace compound_v2;

namespace compound_v2
{

bool Membership::has(std::size_t market) const noexcept
{
    return std::find(markets.begin(), markets.end(), market) != markets.end();
}

void Membership::enter(std::size_t market)
{
    markets.push_back(static_cast<std::uint8_t>(market));
}

void Membership::leave(std::size_t market) noexcept
{
    auto* const end = markets.items.data() + markets.count;
    auto* const found = std::find(markets.items.data(), end, market);
    if (found == end)
        return;
    *found = *(end - 1);
    *(end - 1) = 0;  // A record of zeros is none.
    --markets.count;
}

}  // namespace compound_v2

CompoundV2Comptroller::CompoundV2Comptroller(
    ContractIdentity identity, Setup setup, const std::vector<MarketSpec>& markets)
  : ContractBase{std::move(identity)},
    setup_{std::move(setup)},
    settings_{name() + ".settings"},
    configs_{name() + ".market_configs", KeyOf::reserve},
    comp_states_{name() + ".comp_states", KeyOf::reserve},
    memberships_{name() + ".memberships", KeyOf::account},
    comp_accrued_{name() + ".comp_accrued", KeyOf::account}
{
    RUNNEL_CHECK(markets.size() <= markets_max);
    add_table(settings_);
    add_table(configs_);
    add_table(comp_states_);
    add_table(memberships_);
    add_table(comp_accrued_);
    settings_.at(0) = setup_.settings;
    const auto first = setup_.first_block + setup_.block_offset;
    for (const auto& spec : markets)
    {
        configs_.at(markets_.size()) = spec.config;
        comp_states_.at(markets_.size()) = {double_one, double_one, first, first};
        markets_.push_back({spec.c_token, spec.underlying, nullptr});
    }
}

void CompoundV2Comptroller::connect(World& world)
{
    auto* const oracle = world.find_contract(setup_.oracle);
    feed_ = dynamic_cast<const PriceSource*>(oracle);
    simple_ = dynamic_cast<const CompoundV2SimplePriceOracle*>(oracle);
    RUNNEL_CHECK((feed_ != nullptr || simple_ != nullptr) && "the oracle has prices");
    if (setup_.comp != no_contract)
        comp_ = &token_at(world, setup_.comp);
    for (std::size_t number = 0; number < markets_.size(); ++number)
    {
        auto& market = markets_[number];
        market.c_token = dynamic_cast<CompoundV2CToken*>(world.find_contract(market.id));
        RUNNEL_CHECK(market.c_token != nullptr);
        market.c_token->join(*this, number);
    }
    admin_ = world.find_account(setup_.admin).value_or(zero_account);
}

std::optional<std::size_t> CompoundV2Comptroller::find_market(ContractId c_token) const noexcept
{
    for (std::size_t i = 0; i < markets_.size(); ++i)
    {
        if (markets_[i].id == c_token)
            return i;
    }
    return std::nullopt;
}

Amount CompoundV2Comptroller::price(std::size_t market) const
{
    CommittedReader reader;
    return price(reader, market);
}

Result<AccountLiquidity> CompoundV2Comptroller::account_liquidity(AccountId user) const
{
    CommittedReader reader;
    return evaluate(reader, user,
        [&](std::size_t market) -> Result<MarketFigures>
        {
            const auto& c_token = *markets_[market].c_token;
            return MarketFigures{RUNNEL_TRY(c_token.exchange_rate_stored()),
                c_token.state().borrow_index, price(market), config(market).collateral_factor};
        },
        {});
}

void CompoundV2Comptroller::check_invariants(const World& world, Findings& findings) const
{
    for (std::size_t i = 0; i < markets_.size(); ++i)
    {
        const auto& c_token = *markets_[i].c_token;
        const auto wanted = markets_[i].underlying;
        if (wanted != no_contract && c_token.underlying() != wanted)
        {
            const auto name_of = [&](ContractId token) { return world.contract(token).name(); };
            findings.push_back(
                fmt::format("{}: the c_token of its market of {} is {}, which lends {}", name(),
                    name_of(wanted), c_token.name(), name_of(c_token.underlying())));
        }
        const auto& debts = c_token.debts();
        for (const auto key : debts.keys())
        {
            const AccountId user{static_cast<std::uint32_t>(key)};
            if (!debts.get(key).principal.is_zero() && !membership(user).has(i))
            {
                findings.push_back(
                    fmt::format("{}: account {} owes in {}, which it has not entered", name(), key,
                        markets_[i].c_token->name()));
            }
        }
    }
}

Result<AccountLiquidity> CompoundV2Comptroller::liquidity(
    CallContext& context, AccountId user, const Hypothetical& next) const
{
    const auto entered = context.read(memberships_, user).markets.size();
    context.save_gas(
        (gas::counted - std::min<std::uint64_t>(entered, gas::counted)) * gas::look_at);
    return evaluate(
        context, user,
        [&](std::size_t market) -> Result<MarketFigures>
        {
            context.use_gas(gas::look_at);
            const auto& c_token = *markets_[market].c_token;
            return MarketFigures{RUNNEL_TRY(c_token.exchange_rate_stored(context)),
                context.read(c_token.states(), 0).borrow_index, price(context, market),
                context.read(configs_, market).collateral_factor};
        },
        next);
}

// --- Hooks ------------------------------------------------------------------------------------

Result<Code> CompoundV2Comptroller::mint_allowed(
    CallContext& context, std::size_t market, AccountId minter)
{
    RUNNEL_REQUIRE(!context.read(configs_, market).mint_paused, Refusal::error("mint is paused"));
    RUNNEL_TRY(update_supply_index(context, market));
    RUNNEL_TRY(credit_supplier(context, market, minter));
    return Code::none;
}

Result<Code> CompoundV2Comptroller::may_redeem(
    CallContext& context, std::size_t market, AccountId user, const Amount& tokens) const
{
    if (!context.read(memberships_, user).has(market))
    {
        context.save_gas(gas::counted * gas::look_at);
        return Code::none;
    }
    const auto after = RUNNEL_TRY(liquidity(context, user, {market, tokens, {}}));
    if (after.error != Code::none)
        return after.error;
    return after.shortfall().is_zero() ? Code::none : Code::insufficient_liquidity;
}

Result<Code> CompoundV2Comptroller::redeem_allowed(
    CallContext& context, std::size_t market, AccountId redeemer, const Amount& tokens)
{
    const auto code = RUNNEL_TRY(may_redeem(context, market, redeemer, tokens));
    if (code != Code::none)
        return code;
    RUNNEL_TRY(update_supply_index(context, market));
    RUNNEL_TRY(credit_supplier(context, market, redeemer));
    return Code::none;
}

Result<Code> CompoundV2Comptroller::borrow_allowed(
    CallContext& context, std::size_t market, AccountId borrower, const Amount& amount)
{
    const auto& config = context.read(configs_, market);
    RUNNEL_REQUIRE(!config.borrow_paused, Refusal::error("borrow is paused"));
    if (!context.read(memberships_, borrower).has(market))
        enter(context, market, borrower);
    if (price(context, market).is_zero())
        return Code::price_error;
    if (!config.borrow_cap.is_zero())
    {
        const auto next = RUNNEL_TRY(
            Checked{context.read(markets_[market].c_token->states(), 0).total_borrows} + amount);
        RUNNEL_REQUIRE(next < config.borrow_cap, Refusal::error("market borrow cap reached"));
    }
    const auto after = RUNNEL_TRY(liquidity(context, borrower, {market, {}, amount}));
    if (after.error != Code::none)
        return after.error;
    if (!after.shortfall().is_zero())
        return Code::insufficient_liquidity;
    RUNNEL_TRY(update_borrow_index(context, market));
    RUNNEL_TRY(credit_borrower(context, market, borrower));
    return Code::none;
}

Result<Code> CompoundV2Comptroller::repay_allowed(
    CallContext& context, std::size_t market, AccountId borrower)
{
    RUNNEL_TRY(update_borrow_index(context, market));
    RUNNEL_TRY(credit_borrower(context, market, borrower));
    return Code::none;
}

bool CompoundV2Comptroller::is_deprecated(CallContext& context, std::size_t market) const
{
    const auto& config = context.read(configs_, market);
    return config.collateral_factor.is_zero() && config.borrow_paused &&
           context.read(markets_[market].c_token->states(), 0).reserve_factor == one;
}

Result<Code> CompoundV2Comptroller::liquidate_allowed(
    CallContext& context, std::size_t market, AccountId borrower, const Amount& repay_amount)
{
    const auto owed =
        RUNNEL_TRY(markets_[market].c_token->borrow_balance_stored(context, borrower));
    if (is_deprecated(context, market))
    {
        RUNNEL_REQUIRE(
            owed >= repay_amount, Refusal::error("Can not repay more than the total borrow"));
        return Code::none;
    }
    const auto now = RUNNEL_TRY(liquidity(context, borrower, {}));
    if (now.error != Code::none)
        return now.error;
    if (now.shortfall().is_zero())
        return Code::insufficient_shortfall;
    const auto most = RUNNEL_TRY(multiply_down(context.read(settings_, 0).close_factor, owed));
    return repay_amount > most ? Code::too_much_repay : Code::none;
}

Result<Code> CompoundV2Comptroller::seize_allowed(
    CallContext& context, std::size_t market, AccountId liquidator, AccountId borrower)
{
    RUNNEL_REQUIRE(!context.read(settings_, 0).seize_paused, Refusal::error("seize is paused"));
    RUNNEL_TRY(update_supply_index(context, market));
    RUNNEL_TRY(credit_supplier(context, market, borrower));
    RUNNEL_TRY(credit_supplier(context, market, liquidator));
    return Code::none;
}

Result<Code> CompoundV2Comptroller::transfer_allowed(
    CallContext& context, std::size_t market, AccountId from, AccountId to, const Amount& tokens)
{
    RUNNEL_REQUIRE(
        !context.read(settings_, 0).transfer_paused, Refusal::error("transfer is paused"));
    const auto code = RUNNEL_TRY(may_redeem(context, market, from, tokens));
    if (code != Code::none)
        return code;
    RUNNEL_TRY(update_supply_index(context, market));
    RUNNEL_TRY(credit_supplier(context, market, from));
    RUNNEL_TRY(credit_supplier(context, market, to));
    return Code::none;
}

Result<Amount> CompoundV2Comptroller::seize_tokens(
    CallContext& context, std::size_t debt, std::size_t collateral, const Amount& repaid) const
{
    const auto debt_price = price(context, debt);
    const auto collateral_price = price(context, collateral);
    RUNNEL_REQUIRE(!debt_price.is_zero() && !collateral_price.is_zero(),
        Refusal::error("LIQUIDATE_COMPTROLLER_CALCULATE_AMOUNT_SEIZE_FAILED"));
    const auto rate = markets_[collateral].c_token->exchange_rate_stored(context);
    const auto ratio =
        divide_down(multiply_down(context.read(settings_, 0).liquidation_incentive, debt_price),
            multiply_down(collateral_price, rate));
    return RUNNEL_TRY(multiply_down(ratio, repaid));
}

// --- Markets entered and left -----------------------------------------------------------------

void CompoundV2Comptroller::enter(CallContext& context, std::size_t market, AccountId user)
{
    context.write(memberships_, user).enter(market);
    context.emit(id(), MarketEnteredLog{markets_[market].id, user});
}

Result<Returns> CompoundV2Comptroller::execute(const EnterMarkets& call, CallContext& context)
{
    const auto user = context.sender();
    Returns codes;
    for (const auto c_token : call.c_tokens)
    {
        const auto market = find_market(c_token);
        if (market.has_value() && !context.read(memberships_, user).has(*market))
        {
            enter(context, *market, user);
            record_account(context, *market, user);
        }
        if (codes.count < codes.values.size())
        {
            codes.values[codes.count++] =
                amount_of(market.has_value() ? Code::none : Code::market_not_listed);
        }
    }
    return codes;
}

Returns CompoundV2Comptroller::failure(
    CallContext& context, Code code, FailureInfo info, const Amount& detail) const
{
    context.emit(id(),
        FailureLog{static_cast<std::uint64_t>(code), static_cast<std::uint64_t>(info), detail});
    return Returns{amount_of(code)};
}

Result<Returns> CompoundV2Comptroller::execute(const ExitMarket& call, CallContext& context)
{
    const auto user = context.sender();
    const auto market = find_market(call.c_token);
    // A call of an address without this code.
    RUNNEL_REQUIRE(market.has_value(), Refusal::empty());
    const auto& c_token = *markets_[*market].c_token;
    const auto owed = RUNNEL_TRY(c_token.borrow_balance_stored(context, user));
    RUNNEL_TRY(c_token.exchange_rate_stored(context));  // Part of the snapshot.
    if (!owed.is_zero())
        return failure(
            context, Code::nonzero_borrow_balance, FailureInfo::exit_market_balance_owed);
    const auto code =
        RUNNEL_TRY(may_redeem(context, *market, user, context.read(c_token.balances(), user)));
    if (code != Code::none)
    {
        return failure(
            context, Code::rejection, FailureInfo::exit_market_rejection, amount_of(code));
    }
    if (!context.read(memberships_, user).has(*market))
        return Returns{0};
    context.write(memberships_, user).leave(*market);
    context.emit(id(), MarketExitedLog{call.c_token, user});
    record_account(context, *market, user);
    return Returns{0};
}

// --- The admin --------------------------------------------------------------------------------

Result<void> CompoundV2Comptroller::require_admin(
    CallContext& context, std::string_view reason) const
{
    RUNNEL_REQUIRE(context.sender() == admin_ && admin_ != zero_account, Refusal::error(reason));
    return {};
}

Result<std::size_t> CompoundV2Comptroller::require_listed(
    ContractId c_token, std::string_view reason) const
{
    const auto market = find_market(c_token);
    RUNNEL_REQUIRE(market.has_value(), Refusal::error(reason));
    return *market;
}

Result<Returns> CompoundV2Comptroller::execute(
    const SetCollateralFactor& call, CallContext& context)
{
    if (context.sender() != admin_ || admin_ == zero_account)
    {
        return failure(context, Code::unauthorized, FailureInfo::set_collateral_factor_owner_check);
    }
    const auto market = find_market(call.c_token);
    if (!market.has_value())
    {
        return failure(
            context, Code::market_not_listed, FailureInfo::set_collateral_factor_no_exists);
    }
    if (call.collateral_factor > collateral_factor_max)
    {
        return failure(context, Code::invalid_collateral_factor,
            FailureInfo::set_collateral_factor_validation);
    }
    if (!call.collateral_factor.is_zero() && price(context, *market).is_zero())
    {
        return failure(
            context, Code::price_error, FailureInfo::set_collateral_factor_without_price);
    }
    auto& config = context.write(configs_, *market);
    context.emit(id(),
        NewCollateralFactorLog{call.c_token, config.collateral_factor, call.collateral_factor});
    config.collateral_factor = call.collateral_factor;
    return Returns{0};
}

Result<Returns> CompoundV2Comptroller::execute(const SetMintPaused& call, CallContext& context)
{
    const auto market =
        RUNNEL_TRY(require_listed(call.c_token, "cannot pause a market that is not listed"));
    RUNNEL_TRY(require_admin(context, "only pause guardian and admin can pause"));
    context.write(configs_, market).mint_paused = call.state;
    return Returns{Amount{call.state ? 1ULL : 0ULL}};
}

Result<Returns> CompoundV2Comptroller::execute(const SetBorrowPaused& call, CallContext& context)
{
    const auto market =
        RUNNEL_TRY(require_listed(call.c_token, "cannot pause a market that is not listed"));
    RUNNEL_TRY(require_admin(context, "only pause guardian and admin can pause"));
    context.write(configs_, market).borrow_paused = call.state;
    return Returns{Amount{call.state ? 1ULL : 0ULL}};
}

Result<Returns> CompoundV2Comptroller::execute(const SetTransferPaused& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, "only pause guardian and admin can pause"));
    context.write(settings_, 0).transfer_paused = call.state;
    return Returns{Amount{call.state ? 1ULL : 0ULL}};
}

Result<Returns> CompoundV2Comptroller::execute(const SetSeizePaused& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, "only pause guardian and admin can pause"));
    context.write(settings_, 0).seize_paused = call.state;
    return Returns{Amount{call.state ? 1ULL : 0ULL}};
}

Result<Returns> CompoundV2Comptroller::execute(
    const SetMarketBorrowCaps& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, "only admin or borrow cap guardian can set borrow caps"));
    RUNNEL_REQUIRE(call.c_tokens.size() != 0 && call.c_tokens.size() == call.new_borrow_caps.size(),
        Refusal::error("invalid input"));
    for (std::size_t i = 0; i < call.c_tokens.size(); ++i)
    {
        // The deployed mapping takes any address; here a market has to be one.
        const auto market = RUNNEL_TRY(require_listed(call.c_tokens[i], "market must be listed"));
        context.write(configs_, market).borrow_cap = call.new_borrow_caps[i];
        context.emit(id(), NewBorrowCapLog{call.c_tokens[i], call.new_borrow_caps[i]});
    }
    return Returns{};
}

Result<Returns> CompoundV2Comptroller::execute(const SetCompSpeeds& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, "only admin can set comp speed"));
    const auto count = call.c_tokens.size();
    RUNNEL_REQUIRE(count == call.supply_speeds.size() && count == call.borrow_speeds.size(),
        Refusal::error("Comptroller::_setCompSpeeds invalid input"));
    for (std::size_t i = 0; i < count; ++i)
    {
        const auto c_token = call.c_tokens[i];
        const auto market = RUNNEL_TRY(require_listed(c_token, "comp market is not listed"));
        auto& config = context.write(configs_, market);
        if (config.comp_supply_speed != call.supply_speeds[i])
        {
            RUNNEL_TRY(update_supply_index(context, market));
            config.comp_supply_speed = call.supply_speeds[i];
            context.emit(id(), CompSupplySpeedUpdatedLog{c_token, call.supply_speeds[i]});
        }
        if (config.comp_borrow_speed != call.borrow_speeds[i])
        {
            RUNNEL_TRY(update_borrow_index(context, market));
            config.comp_borrow_speed = call.borrow_speeds[i];
            context.emit(id(), CompBorrowSpeedUpdatedLog{c_token, call.borrow_speeds[i]});
        }
    }
    return Returns{};
}

Result<Returns> CompoundV2Comptroller::execute(const SetCloseFactor& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, "only admin can set close factor"));
    auto& settings = context.write(settings_, 0);
    context.emit(id(), NewCloseFactorLog{settings.close_factor, call.close_factor});
    settings.close_factor = call.close_factor;
    return Returns{0};
}

Result<Returns> CompoundV2Comptroller::execute(
    const SetLiquidationIncentive& call, CallContext& context)
{
    if (context.sender() != admin_ || admin_ == zero_account)
    {
        return failure(
            context, Code::unauthorized, FailureInfo::set_liquidation_incentive_owner_check);
    }
    auto& settings = context.write(settings_, 0);
    context.emit(id(),
        NewLiquidationIncentiveLog{settings.liquidation_incentive, call.liquidation_incentive});
    settings.liquidation_incentive = call.liquidation_incentive;
    return Returns{0};
}

// --- Rows -------------------------------------------------------------------------------------

void CompoundV2Comptroller::record_account(
    CallContext& context, std::size_t market, AccountId user) const
{
    const auto& c_token = *markets_[market].c_token;
    const auto& state = context.read(c_token.states(), 0);
    const auto& debt = context.read(c_token.debts(), user);
    const auto rate = c_token.exchange_rate_stored(context);
    LendingBalance balance;
    balance.account = user;
    balance.token = c_token.underlying();
    balance.supplied_scaled = context.read(c_token.balances(), user);
    balance.debt_scaled = debt.principal.is_zero()
                              ? Amount{}
                              : divide_down(debt.principal, debt.interest_index).value;
    balance.supplied_raw = multiply_down(rate, balance.supplied_scaled).value;
    balance.debt_raw = borrow_balance_down(debt, state.borrow_index).value;
    balance.used_as_collateral = context.read(memberships_, user).has(market) &&
                                 !context.read(configs_, market).collateral_factor.is_zero();
    context.emit(id(), balance);

    // Values that do not fit 256 bits have no row.
    Checked collateral{0};
    for (const auto entered : context.read(memberships_, user).markets)
    {
        const auto& other = *markets_[entered].c_token;
        if (context.read(configs_, entered).collateral_factor.is_zero())
            continue;
        collateral = collateral + multiply_down(price(context, entered),
                                      multiply_down(other.exchange_rate_stored(context),
                                          context.read(other.balances(), user)));
    }
    const auto position = evaluate(context, user,
        [&](std::size_t entered) -> Result<MarketFigures>
        {
            const auto& other = *markets_[entered].c_token;
            return MarketFigures{RUNNEL_TRY(other.exchange_rate_stored(context)),
                context.read(other.states(), 0).borrow_index, price(context, entered),
                context.read(configs_, entered).collateral_factor};
        },
        {});
    if (!position.has_value() || position->error != Code::none || !collateral.ok())
        return;
    const auto& weighted = position->weighted_collateral;
    const auto threshold_bps =
        collateral.value.is_zero() ? Checked{0} : Checked{weighted} * 10'000 / collateral.value;
    const auto health =
        position->debt.is_zero() ? Checked{Amount::max()} : divide_down(weighted, position->debt);
    if (!health.ok() || !threshold_bps.ok())
        return;
    LendingPosition row;
    row.account = user;
    row.collateral = collateral.value;
    row.debt = position->debt;
    row.liquidation_threshold = threshold_bps.value;
    row.health_factor = health.value;
    row.value_decimals = unit_of_account().decimals;
    context.emit(id(), row);
}

void CompoundV2Comptroller::record_supply(CallContext& context, std::size_t market, AccountId user,
    const Amount& amount, bool is_withdrawal) const
{
    LendingSupply row;
    row.transaction_type = is_withdrawal ? LendingSupplyType::withdraw : LendingSupplyType::supply;
    row.token = markets_[market].c_token->underlying();
    row.depositor = user;
    row.on_behalf_of = user;
    if (is_withdrawal)
        row.withdrawn_to = user;
    row.amount_raw = amount;
    context.emit(id(), row);
    record_account(context, market, user);
}

void CompoundV2Comptroller::record_borrow(
    CallContext& context, std::size_t market, AccountId user, const Amount& amount) const
{
    LendingBorrow row;
    row.transaction_type = LendingBorrowType::borrow;
    row.token = markets_[market].c_token->underlying();
    row.borrower = user;
    row.on_behalf_of = user;
    row.amount_raw = amount;
    context.emit(id(), row);
    record_account(context, market, user);
}

void CompoundV2Comptroller::record_repay(CallContext& context, std::size_t market, AccountId payer,
    AccountId borrower, const Amount& amount) const
{
    LendingBorrow row;
    row.transaction_type = LendingBorrowType::repay;
    row.token = markets_[market].c_token->underlying();
    row.borrower = borrower;
    row.on_behalf_of = borrower;
    row.repayer = payer;
    row.amount_raw = amount;
    context.emit(id(), row);
    record_account(context, market, borrower);
}

void CompoundV2Comptroller::record_liquidation(
    CallContext& context, const LiquidationRecord& record) const
{
    const auto& debt = *markets_[record.debt].c_token;
    const auto& collateral = *markets_[record.collateral].c_token;
    const auto seized =
        multiply_down(collateral.exchange_rate_stored(context), record.tokens).value;
    LendingBorrow borrow;
    borrow.transaction_type = LendingBorrowType::borrow_liquidation;
    borrow.token = debt.underlying();
    borrow.borrower = record.borrower;
    borrow.on_behalf_of = record.borrower;
    borrow.repayer = record.liquidator;
    borrow.liquidator = record.liquidator;
    borrow.amount_raw = record.repaid;
    context.emit(id(), borrow);
    LendingSupply supply;
    supply.transaction_type = LendingSupplyType::supply_liquidation;
    supply.token = collateral.underlying();
    supply.depositor = record.borrower;
    supply.on_behalf_of = record.borrower;
    supply.withdrawn_to = record.liquidator;
    supply.liquidator = record.liquidator;
    supply.amount_raw = seized;
    context.emit(id(), supply);
    LendingLiquidation row;
    row.borrower = record.borrower;
    row.liquidator = record.liquidator;
    row.collateral_token = collateral.underlying();
    row.debt_token = debt.underlying();
    row.collateral_amount_raw = seized;
    row.protocol_fee_raw = record.fee;
    row.debt_amount_raw = record.repaid;
    row.collateral_value = multiply_down(price(context, record.collateral), seized).value;
    row.debt_value = multiply_down(price(context, record.debt), record.repaid).value;
    row.value_decimals = unit_of_account().decimals;
    context.emit(id(), row);
    record_account(context, record.debt, record.borrower);
    if (record.collateral != record.debt)
        record_account(context, record.collateral, record.borrower);
    record_account(context, record.collateral, record.liquidator);
}

}  // namespace runnel::contracts
