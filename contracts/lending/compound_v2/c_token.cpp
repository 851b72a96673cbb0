#include "contracts/lending/compound_v2/c_token.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/lending/compound_v2/comptroller.hpp"
#include "contracts/lending/compound_v2/events.hpp"
#include "contracts/lending/compound_v2/jump_rate_model.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <utility>

namespace runnel::contracts
{

using namespace compound_v2;

namespace compound_v2
{

Result<Accrual> accrue(
    MarketState& state, const JumpRateModel& model, const Amount& cash, std::uint64_t block)
{
    const auto rate =
        RUNNEL_TRY(model.borrow_rate_down(cash, state.total_borrows, state.total_reserves));
    RUNNEL_REQUIRE(rate <= borrow_rate_max, Refusal::error("borrow rate is absurdly high"));
    const auto factor = Checked{rate} * (Checked{block} - state.accrual_block);
    const auto interest = RUNNEL_TRY(multiply_down(factor, state.total_borrows));
    const auto borrows = RUNNEL_TRY(Checked{interest} + state.total_borrows);
    const auto reserves =
        RUNNEL_TRY(multiply_down(state.reserve_factor, interest) + state.total_reserves);
    const auto borrow_index =
        RUNNEL_TRY(multiply_down(factor, state.borrow_index) + state.borrow_index);
    state.accrual_block = block;
    state.borrow_index = borrow_index;
    state.total_borrows = borrows;
    state.total_reserves = reserves;
    return Accrual{interest};
}

Checked exchange_rate_down(const MarketState& state, const Amount& cash, const Amount& initial)
{
    if (state.total_supply.is_zero())
        return initial;
    return divide_down(
        Checked{cash} + state.total_borrows - state.total_reserves, state.total_supply);
}

Checked borrow_balance_down(const BorrowSnapshot& debt, const Amount& borrow_index)
{
    if (debt.principal.is_zero())
        return 0;
    return Checked{debt.principal} * borrow_index / debt.interest_index;
}

}  // namespace compound_v2

namespace
{
constexpr std::uint64_t c_token_unit = 100'000'000;

/// Asks whether something may be done; refuses with @p name and the code if not. A market that no
/// Comptroller lists may do nothing.
template <typename Ask>
Result<void> ask(CompoundV2Comptroller* comptroller, std::string_view name, Ask&& question)
{
    if (comptroller == nullptr)
        return accepted(Code::market_not_listed, name);
    const auto code = RUNNEL_TRY(question(*comptroller));
    return accepted(code, name);
}
}  // namespace

CompoundV2CToken::CompoundV2CToken(ContractIdentity identity, std::string symbol,
    ContractId underlying, const CTokenSettings& settings)
  : TokenBase{std::move(identity), TokenFlavour::uniswap},
    symbol_{std::move(symbol)},
    underlying_id_{underlying},
    settings_{settings},
    state_{name() + ".state"},
    debts_{name() + ".debts", KeyOf::account},
    comp_indexes_{name() + ".comp_indexes", KeyOf::account}
{
    state_.set_conservation_weight(-1);
    add_table(state_);
    add_table(debts_);
    add_table(comp_indexes_);
    if (settings_.rate_model != no_contract)
    {
        rate_model_ = std::make_unique<Table<ContractId>>(name() + ".rate_model");
        add_table(*rate_model_);
        rate_model_->at(0) = settings_.rate_model;
    }
    auto& state = state_.at(0);
    state.borrow_index = one;
    state.reserve_factor = settings.reserve_factor;
    state.accrual_block = settings.accrual_block + settings.block_offset;
}

void CompoundV2CToken::connect(World& world)
{
    world_ = &world;
    underlying_ = &token_at(world, underlying_id_);
    const auto info = world.contract(underlying_id_).token_info();
    underlying_decimals_ = info.has_value() ? info->decimals : 18;
    underlying_unit_ = Amount::power_of_ten(underlying_decimals_);
    if (settings_.initial_exchange_rate.is_zero())
    {
        settings_.initial_exchange_rate =
            (Checked{settings_.initial_whole_rate} * underlying_unit_ / c_token_unit).value;
    }
}

const Table<JumpRateModel>* CompoundV2CToken::models_of(ContractId rate_model) const
{
    const auto* model = find_rate_model(*world_, rate_model);
    return model == nullptr ? nullptr : &model->models();
}

const JumpRateModel& CompoundV2CToken::model() const
{
    const auto* models = rate_model_ == nullptr ? nullptr : models_of(rate_model_->get(0));
    return models == nullptr ? settings_.model : models->get(0);
}

const JumpRateModel& CompoundV2CToken::model(CallContext& context) const
{
    const auto* models =
        rate_model_ == nullptr ? nullptr : models_of(context.read(*rate_model_, 0));
    return models == nullptr ? settings_.model : context.read(*models, 0);
}

Amount CompoundV2CToken::debt_tolerance() const
{
    // A debt is never rounded up, and neither is the sum; the sum alone loses at accruals: up to a
    // unit each, of which there is one a block at most.
    return Amount{state().accrual_block - settings_.accrual_block};
}

void CompoundV2CToken::check_invariants(const World&, Findings& findings) const
{
    if (rate_model_ != nullptr && models_of(rate_model_->get(0)) == nullptr)
        findings.push_back(fmt::format("{}: its rate model is none", name()));
    Checked debts{0};
    for (const auto key : debts_.keys())
        debts = debts + borrow_balance_down(debts_.get(key), state().borrow_index);
    const auto covered = Checked{state().total_borrows} + debt_tolerance();
    if (debts.ok() && covered.ok() && debts.value > covered.value)
    {
        findings.push_back(fmt::format("{}: debts sum to {}, recorded are {}", name(),
            debts.value.to_string(), state().total_borrows.to_string()));
    }
    const auto owned = Checked{cash()} + state().total_borrows - state().total_reserves;
    if (!owned.ok() && !underlying_->rebases())
    {
        findings.push_back(fmt::format("{}: reserves are {}, cash and debt {} and {}", name(),
            state().total_reserves.to_string(), cash().to_string(),
            state().total_borrows.to_string()));
    }
}

std::uint64_t CompoundV2CToken::block_number(const CallContext& context) const
{
    return context.block().number + settings_.block_offset;
}

Result<MarketState*> CompoundV2CToken::accrue(CallContext& context)
{
    auto& state = context.write(state_, 0);
    state.accrual_time = context.block().timestamp;
    context.use_gas(gas::accrue);
    const auto block = block_number(context);
    if (state.accrual_block == block)
    {
        context.save_gas(gas::accrue_same_block_saves);
        return &state;
    }
    const auto cash = this->cash(context);
    const auto accrual = RUNNEL_TRY(compound_v2::accrue(state, model(context), cash, block));
    context.emit(
        id(), AccrueInterestLog{cash, accrual.interest, state.borrow_index, state.total_borrows});
    return &state;
}

Result<Amount> CompoundV2CToken::pull(CallContext& context, AccountId from, const Amount& amount)
{
    const auto before = cash(context);
    auto moved = underlying_->transfer_from(context.as(account()), from, account(), amount);
    if (!moved.has_value() && is_token_said_false(moved.error()))
        return fail("TOKEN_TRANSFER_IN_FAILED");
    RUNNEL_TRY(std::move(moved));
    return RUNNEL_TRY(Checked{cash(context)} - before);
}

Result<void> CompoundV2CToken::send(CallContext& context, AccountId to, const Amount& amount)
{
    auto moved = underlying_->transfer(context.as(account()), to, amount);
    if (!moved.has_value() && is_token_said_false(moved.error()))
        return fail("TOKEN_TRANSFER_OUT_FAILED");
    return moved;
}

// --- The token --------------------------------------------------------------------------------

Result<void> CompoundV2CToken::move(
    CallContext& context, AccountId from, AccountId to, const Amount& tokens)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_TRY(require_account(context.world(), to));
    RUNNEL_TRY(ask(comptroller_, "TransferComptrollerRejection",
        [&](auto& comptroller)
        { return comptroller.transfer_allowed(context, market_, from, to, tokens); }));
    RUNNEL_REQUIRE(from != to, Refusal::custom("TransferNotAllowed"));
    const auto spender = context.sender();
    if (spender != from)
    {
        auto& allowance = context.write(book_.allowances, pair_key(from, spender));
        const auto left = RUNNEL_TRY(Checked{allowance} - tokens);
        if (allowance != Amount::max())
            allowance = left;
    }
    auto& source = context.write(book_.balances, from);
    auto& target = context.write(book_.balances, to);
    const auto source_left = RUNNEL_TRY(Checked{source} - tokens);
    target = RUNNEL_TRY(Checked{target} + tokens);
    source = source_left;
    context.emit(id(), TransferLog{from, to, tokens});
    comptroller_->record_account(context, market_, from);
    comptroller_->record_account(context, market_, to);
    return {};
}

Result<void> CompoundV2CToken::transfer(CallContext context, AccountId to, const Amount& amount)
{
    return move(context, context.sender(), to, amount);
}

Result<void> CompoundV2CToken::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    return move(context, from, to, amount);
}

Result<Returns> CompoundV2CToken::execute(const Erc20Transfer& call, CallContext& context)
{
    RUNNEL_TRY(move(context, context.sender(), call.to, call.value));
    return Returns{1};
}

Result<Returns> CompoundV2CToken::execute(const Erc20TransferFrom& call, CallContext& context)
{
    RUNNEL_TRY(move(context, call.from, call.to, call.value));
    return Returns{1};
}

// --- Supply -----------------------------------------------------------------------------------

Result<Returns> CompoundV2CToken::execute(const Mint& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(accrue(context));
    const auto minter = context.sender();
    RUNNEL_TRY(ask(comptroller_, "MintComptrollerRejection",
        [&](auto& comptroller) { return comptroller.mint_allowed(context, market_, minter); }));
    // Before the tokens come, which would be counted otherwise.
    const auto rate = RUNNEL_TRY(exchange_rate_stored(context));
    const auto amount = RUNNEL_TRY(pull(context, minter, call.mint_amount));
    const auto tokens = RUNNEL_TRY(divide_down(amount, rate));
    state.total_supply = RUNNEL_TRY(Checked{state.total_supply} + tokens);
    auto& balance = context.write(book_.balances, minter);
    balance = RUNNEL_TRY(Checked{balance} + tokens);
    context.emit(id(), MintLog{minter, amount, tokens});
    context.emit(id(), TransferLog{account(), minter, tokens});
    comptroller_->record_supply(context, market_, minter, amount, false);
    return Returns{0, tokens};
}

Result<Returns> CompoundV2CToken::redeem(
    CallContext& context, const Amount& tokens_in, const Amount& amount_in)
{
    auto& state = *RUNNEL_TRY(accrue(context));
    const auto redeemer = context.sender();
    const auto rate = RUNNEL_TRY(exchange_rate_stored(context));
    const bool by_tokens = !tokens_in.is_zero();
    const Amount tokens = RUNNEL_TRY(by_tokens ? Checked{tokens_in} : divide_down(amount_in, rate));
    const Amount amount = RUNNEL_TRY(by_tokens ? multiply_down(rate, tokens_in) : amount_in);
    RUNNEL_TRY(ask(comptroller_, "RedeemComptrollerRejection",
        [&](auto& comptroller)
        { return comptroller.redeem_allowed(context, market_, redeemer, tokens); }));
    RUNNEL_REQUIRE(cash(context) >= amount, Refusal::custom("RedeemTransferOutNotPossible"));
    state.total_supply = RUNNEL_TRY(Checked{state.total_supply} - tokens);
    auto& balance = context.write(book_.balances, redeemer);
    balance = RUNNEL_TRY(Checked{balance} - tokens);
    RUNNEL_TRY(send(context, redeemer, amount));
    context.emit(id(), TransferLog{redeemer, account(), tokens});
    context.emit(id(), RedeemLog{redeemer, amount, tokens});
    RUNNEL_REQUIRE(!tokens.is_zero() || amount.is_zero(), Refusal::error("redeemTokens zero"));
    comptroller_->record_supply(context, market_, redeemer, amount, true);
    return Returns{0, by_tokens ? amount : tokens};
}

Result<Returns> CompoundV2CToken::execute(const Redeem& call, CallContext& context)
{
    return redeem(context, call.redeem_tokens, {});
}

Result<Returns> CompoundV2CToken::execute(const RedeemUnderlying& call, CallContext& context)
{
    return redeem(context, {}, call.redeem_amount);
}

// --- Debt -------------------------------------------------------------------------------------

Result<Returns> CompoundV2CToken::execute(const Borrow& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(accrue(context));
    const auto borrower = context.sender();
    const auto& amount = call.borrow_amount;
    RUNNEL_TRY(ask(comptroller_, "BorrowComptrollerRejection",
        [&](auto& comptroller)
        { return comptroller.borrow_allowed(context, market_, borrower, amount); }));
    RUNNEL_REQUIRE(cash(context) >= amount, Refusal::custom("BorrowCashNotAvailable"));
    auto& debt = context.write(debts_, borrower);
    const auto owed = RUNNEL_TRY(borrow_balance_down(debt, state.borrow_index) + amount);
    state.total_borrows = RUNNEL_TRY(Checked{state.total_borrows} + amount);
    debt = {owed, state.borrow_index};
    RUNNEL_TRY(send(context, borrower, amount));
    context.emit(id(), BorrowLog{borrower, amount, owed, state.total_borrows});
    comptroller_->record_borrow(context, market_, borrower, amount);
    return Returns{0};
}

Result<Amount> CompoundV2CToken::repay(
    CallContext& context, AccountId payer, AccountId borrower, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), borrower));
    RUNNEL_TRY(ask(comptroller_, "RepayBorrowComptrollerRejection",
        [&](auto& comptroller) { return comptroller.repay_allowed(context, market_, borrower); }));
    auto& state = context.write(state_, 0);
    auto& debt = context.write(debts_, borrower);
    const auto owed = RUNNEL_TRY(borrow_balance_down(debt, state.borrow_index));
    const auto repaid = RUNNEL_TRY(pull(context, payer, amount == Amount::max() ? owed : amount));
    const auto left = RUNNEL_TRY(Checked{owed} - repaid);
    state.total_borrows = RUNNEL_TRY(Checked{state.total_borrows} - repaid);
    debt = {left, state.borrow_index};
    context.emit(id(), RepayBorrowLog{payer, borrower, repaid, left, state.total_borrows});
    return repaid;
}

Result<Returns> CompoundV2CToken::execute(const RepayBorrow& call, CallContext& context)
{
    RUNNEL_TRY(accrue(context));
    const auto payer = context.sender();
    const auto repaid = RUNNEL_TRY(repay(context, payer, payer, call.repay_amount));
    comptroller_->record_repay(context, market_, payer, payer, repaid);
    return Returns{0, repaid};
}

Result<Returns> CompoundV2CToken::execute(const RepayBorrowBehalf& call, CallContext& context)
{
    RUNNEL_TRY(accrue(context));
    const auto payer = context.sender();
    const auto repaid = RUNNEL_TRY(repay(context, payer, call.borrower, call.repay_amount));
    comptroller_->record_repay(context, market_, payer, call.borrower, repaid);
    return Returns{0, repaid};
}

// --- Liquidation ------------------------------------------------------------------------------

Result<Returns> CompoundV2CToken::execute(const LiquidateBorrow& call, CallContext& context)
{
    const auto liquidator = context.sender();
    RUNNEL_TRY(require_account(context.world(), call.borrower));
    auto* collateral =
        dynamic_cast<CompoundV2CToken*>(context.world().find_contract(call.c_token_collateral));
    // A call of an address without this code.
    RUNNEL_REQUIRE(collateral != nullptr, Refusal::empty());
    RUNNEL_TRY(accrue(context));
    if (collateral != this)
        RUNNEL_TRY(collateral->accrue(context));
    RUNNEL_TRY(ask(comptroller_, "LiquidateComptrollerRejection",
        [&](auto& comptroller) -> Result<Code>
        {
            if (collateral->comptroller_ != comptroller_)
                return Code::market_not_listed;
            return comptroller.liquidate_allowed(
                context, market_, call.borrower, call.repay_amount);
        }));
    RUNNEL_REQUIRE(call.borrower != liquidator, Refusal::custom("LiquidateLiquidatorIsBorrower"));
    RUNNEL_REQUIRE(!call.repay_amount.is_zero(), Refusal::custom("LiquidateCloseAmountIsZero"));
    RUNNEL_REQUIRE(
        call.repay_amount != Amount::max(), Refusal::custom("LiquidateCloseAmountIsUintMax"));
    const auto repaid = RUNNEL_TRY(repay(context, liquidator, call.borrower, call.repay_amount));
    const auto tokens =
        RUNNEL_TRY(comptroller_->seize_tokens(context, market_, collateral->market_, repaid));
    RUNNEL_REQUIRE(context.read(collateral->book_.balances, call.borrower) >= tokens,
        Refusal::error("LIQUIDATE_SEIZE_TOO_MUCH"));
    const auto seizure = RUNNEL_TRY(collateral->seize(context, liquidator, call.borrower, tokens));
    context.emit(
        id(), LiquidateBorrowLog{liquidator, call.borrower, repaid, collateral->id(), tokens});
    comptroller_->record_liquidation(
        context, {liquidator, call.borrower, market_, collateral->market_, repaid,
                     seizure.to_liquidator, seizure.to_reserves});
    return Returns{0, repaid, seizure.to_liquidator};
}

Result<CompoundV2CToken::Seizure> CompoundV2CToken::seize(
    CallContext& context, AccountId liquidator, AccountId borrower, const Amount& tokens)
{
    RUNNEL_TRY(ask(comptroller_, "LiquidateSeizeComptrollerRejection",
        [&](auto& comptroller)
        { return comptroller.seize_allowed(context, market_, liquidator, borrower); }));
    const auto kept = RUNNEL_TRY(multiply_down(tokens, protocol_seize_share));
    Seizure seizure;
    seizure.to_liquidator = RUNNEL_TRY(Checked{tokens} - kept);
    seizure.to_reserves = RUNNEL_TRY(multiply_down(exchange_rate_stored(context), kept));
    auto& state = context.write(state_, 0);
    state.total_reserves = RUNNEL_TRY(Checked{state.total_reserves} + seizure.to_reserves);
    state.total_supply = RUNNEL_TRY(Checked{state.total_supply} - kept);
    auto& source = context.write(book_.balances, borrower);
    source = RUNNEL_TRY(Checked{source} - tokens);
    auto& target = context.write(book_.balances, liquidator);
    target = RUNNEL_TRY(Checked{target} + seizure.to_liquidator);
    context.emit(id(), TransferLog{borrower, liquidator, seizure.to_liquidator});
    context.emit(id(), TransferLog{borrower, account(), kept});
    context.emit(id(), ReservesAddedLog{account(), seizure.to_reserves, state.total_reserves});
    return seizure;
}

// --- Reserves ---------------------------------------------------------------------------------

Result<Returns> CompoundV2CToken::execute(const AccrueInterest&, CallContext& context)
{
    RUNNEL_TRY(accrue(context));
    return Returns{0};
}

Result<Returns> CompoundV2CToken::execute(const AddReserves& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(accrue(context));
    const auto amount = RUNNEL_TRY(pull(context, context.sender(), call.add_amount));
    state.total_reserves = RUNNEL_TRY(Checked{state.total_reserves} + amount);
    context.emit(id(), ReservesAddedLog{context.sender(), amount, state.total_reserves});
    return Returns{0};
}

Result<Returns> CompoundV2CToken::execute(const ReduceReserves& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(accrue(context));
    const auto& amount = call.reduce_amount;
    RUNNEL_REQUIRE(comptroller_ != nullptr && context.sender() == comptroller_->admin(),
        Refusal::custom("ReduceReservesAdminCheck"));
    RUNNEL_REQUIRE(cash(context) >= amount, Refusal::custom("ReduceReservesCashNotAvailable"));
    RUNNEL_REQUIRE(amount <= state.total_reserves, Refusal::custom("ReduceReservesCashValidation"));
    state.total_reserves = wrapping_sub(state.total_reserves, amount);
    RUNNEL_TRY(send(context, context.sender(), amount));
    context.emit(id(), ReservesReducedLog{context.sender(), amount, state.total_reserves});
    return Returns{0};
}

Result<Returns> CompoundV2CToken::execute(const SetReserveFactor& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(accrue(context));
    RUNNEL_REQUIRE(comptroller_ != nullptr && context.sender() == comptroller_->admin(),
        Refusal::custom("SetReserveFactorAdminCheck"));
    RUNNEL_REQUIRE(call.reserve_factor <= one, Refusal::custom("SetReserveFactorBoundsCheck"));
    context.emit(id(), NewReserveFactorLog{state.reserve_factor, call.reserve_factor});
    state.reserve_factor = call.reserve_factor;
    return Returns{0};
}

Result<Returns> CompoundV2CToken::execute(const SetInterestRateModel& call, CallContext& context)
{
    RUNNEL_TRY(accrue(context));
    RUNNEL_REQUIRE(comptroller_ != nullptr && context.sender() == comptroller_->admin(),
        Refusal::custom("SetInterestRateModelOwnerCheck"));
    RUNNEL_REQUIRE(rate_model_ != nullptr, Refusal::ledger("this market's curve stays"));
    // A call of isInterestRateModel() at an address without this code.
    RUNNEL_REQUIRE(
        find_rate_model(*world_, call.new_interest_rate_model) != nullptr, Refusal::empty());
    auto& rate_model = context.write(*rate_model_, 0);
    context.emit(id(), NewMarketInterestRateModelLog{rate_model, call.new_interest_rate_model});
    rate_model = call.new_interest_rate_model;
    return Returns{0};
}

}  // namespace runnel::contracts
