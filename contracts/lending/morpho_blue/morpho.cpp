#include "contracts/lending/morpho_blue/morpho.hpp"

#include "contracts/kit/ecrecover.hpp"
#include "contracts/kit/gas.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/lending/morpho_blue/errors.hpp"
#include "contracts/lending/morpho_blue/events.hpp"
#include "contracts/lending/morpho_blue/market.hpp"
#include "contracts/lending/morpho_blue/math.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace morpho_blue;

namespace
{
Refusal error(std::string_view reason)
{
    return Refusal::error(reason);
}

/// The account that a contract acts as; account zero for none.
AccountId account_of(const World& world, ContractId contract)
{
    const auto* found = world.find_contract(contract);
    return found == nullptr ? zero_account : found->account();
}

Result<void> require_one_zero(const Amount& assets, const Amount& shares)
{
    RUNNEL_REQUIRE(assets.is_zero() != shares.is_zero(), error(errors::inconsistent_input));
    return {};
}

Pot supplies(const MarketState& market)
{
    return {market.total_supply_assets, market.total_supply_shares};
}
Pot debts(const MarketState& market)
{
    return {market.total_borrow_assets, market.total_borrow_shares};
}

/// SafeTransferLib: any refusal of the token's is Morpho's own.
Result<void> worded(
    Result<void> moved, std::string_view if_reverted, std::string_view if_false) noexcept
{
    if (moved.has_value() || moved.error().kind == RefusalKind::ledger)
        return moved;
    return fail(is_token_said_false(moved.error()) ? if_false : if_reverted);
}

Address low_address(const Amount& word)
{
    std::array<std::uint8_t, 32> bytes{};
    word.store_big_endian(bytes);
    Address address;
    std::copy(bytes.end() - static_cast<std::ptrdiff_t>(address.bytes.size()), bytes.end(),
        address.bytes.begin());
    return address;
}

void put_word(Bytes& out, const Address& address)
{
    out.insert(out.end(), 12, 0);
    Encoder{out}.put(address);
}
}  // namespace

MorphoBlue::MorphoBlue(ContractIdentity identity, std::uint64_t chain_id)
  : ContractBase{std::move(identity)},
    chain_id_{chain_id},
    state_{name() + ".state"},
    irms_{name() + ".irms", KeyOf::contract},
    lltvs_{name() + ".lltvs"},
    authorizations_{name() + ".authorizations", KeyOf::account_pair},
    nonces_{name() + ".nonces", KeyOf::account}
{
    add_table(state_);
    add_table(irms_);
    add_table(lltvs_);
    add_table(authorizations_);
    add_table(nonces_);
}

void MorphoBlue::connect(World& world)
{
    by_params_.clear();
    markets_.clear();
    for (std::uint32_t i = 0; i < world.contract_count(); ++i)
    {
        auto* market = dynamic_cast<MorphoBlueMarket*>(world.find_contract(ContractId{i}));
        if (market == nullptr || market->morpho() != id())
            continue;
        markets_.push_back(market);
        by_params_.emplace(market->params(), market);
    }
    Bytes domain;
    Encoder encoder{domain};
    encoder.put(keccak256("EIP712Domain(uint256 chainId,address verifyingContract)"));
    encoder.put(Amount{chain_id_});
    put_word(domain, world.account(account()).address);
    domain_separator_ = keccak256(domain);
}

MorphoBlueMarket* MorphoBlue::find_market(const MarketParams& params) const noexcept
{
    const auto found = by_params_.find(params);
    return found == by_params_.end() ? nullptr : found->second;
}

Result<MorphoBlueMarket*> MorphoBlue::require_market(
    CallContext& context, const MarketParams& params) const
{
    auto* market = find_market(params);
    RUNNEL_REQUIRE(market != nullptr && context.read(market->state_, 0).last_update != 0,
        error(errors::market_not_created));
    return market;
}

Result<void> MorphoBlue::require_owner(CallContext& context) const
{
    RUNNEL_REQUIRE(context.sender() == context.read(state_, 0).owner, error(errors::not_owner));
    return {};
}

Result<void> MorphoBlue::require_authorized(CallContext& context, AccountId on_behalf) const
{
    if (context.sender() != on_behalf)
        context.use_gas(gas::authorization);
    RUNNEL_REQUIRE(context.sender() == on_behalf ||
                       context.read(authorizations_, pair_key(on_behalf, context.sender())).is_set,
        error(errors::unauthorized));
    return {};
}

bool MorphoBlue::is_lltv_enabled(CallContext& context, const Amount& lltv) const
{
    const auto count = context.read(state_, 0).lltvs;
    for (std::uint64_t i = 0; i < count; ++i)
    {
        if (context.read(lltvs_, i) == wrapping_add(lltv, 1))
            return true;
    }
    return false;
}

bool MorphoBlue::is_irm_enabled(CallContext& context, ContractId irm) const
{
    return context.world().find_contract(irm) == nullptr ? context.read(state_, 0).no_irm_enabled
                                                         : context.read(irms_, index(irm)).is_set;
}

void MorphoBlue::enable(ContractId irm, const Amount& lltv)
{
    auto& state = state_.at(0);
    if (irm == no_contract)
        state.no_irm_enabled = true;
    else
        irms_.at(index(irm)).is_set = true;
    const auto stored = wrapping_add(lltv, 1);
    for (std::uint64_t i = 0; i < state.lltvs; ++i)
    {
        if (lltvs_.get(i) == stored)
            return;
    }
    lltvs_.at(state.lltvs++) = stored;
}

Result<void> MorphoBlue::accrue(CallContext& context, MorphoBlueMarket& market)
{
    auto& state = context.write(market.state_, 0);
    const auto now = context.block().timestamp;
    const auto elapsed = RUNNEL_TRY(Checked{now} - state.last_update).low64();
    if (elapsed == 0)
    {
        context.save_gas(gas::same_time_saves);
        return {};
    }
    if (market.params().irm == no_contract)
        context.save_gas(gas::no_irm_saves);
    else
    {
        RUNNEL_REQUIRE(market.irm_ != nullptr, Refusal::empty());
        context.save_gas(market.irm_->gas_saved());
        context.use_gas(gas::accrual - market.irm_->gas_saved());
        const auto rate =
            RUNNEL_TRY(market.irm_->borrow_rate(context, {market.id(), market.market_id(), state}));
        const auto accrual = RUNNEL_TRY(morpho_blue::accrue(state, rate, elapsed));
        if (!state.fee.is_zero())
        {
            const auto recipient = context.read(state_, 0).fee_recipient;
            auto& shares = context.write(market.positions_, recipient).supply_shares;
            shares = RUNNEL_TRY(Checked{shares} + accrual.fee_shares);
        }
        context.emit(id(),
            AccrueInterestLog{market.market_id(), rate, accrual.interest, accrual.fee_shares});
    }
    state.last_update = now;
    return {};
}

Result<bool> MorphoBlue::is_healthy(
    CallContext& context, const MorphoBlueMarket& market, AccountId borrower, const Amount& price)
{
    const auto& state = context.read(market.state_, 0);
    const auto& position = context.read(market.positions_, borrower);
    const auto borrowed = RUNNEL_TRY(to_assets_up(position.borrow_shares, debts(state)));
    const auto borrow_max = RUNNEL_TRY(wad_mul_down(
        ratio_down(position.collateral, price, oracle_price_scale), market.params().lltv));
    return borrow_max >= borrowed;
}

Result<bool> MorphoBlue::is_healthy(
    CallContext& context, const MorphoBlueMarket& market, AccountId borrower) const
{
    if (context.read(market.positions_, borrower).borrow_shares.is_zero())
        return true;
    return is_healthy(context, market, borrower, RUNNEL_TRY(market.price(context)));
}

Result<void> MorphoBlue::send(
    CallContext& context, ContractId token, AccountId to, const Amount& amount)
{
    RUNNEL_REQUIRE(context.world().find_contract(token) != nullptr, error(errors::no_code));
    auto* found = find_token(context.world(), token);
    RUNNEL_REQUIRE(found != nullptr, error(errors::transfer_reverted));
    return worded(found->transfer(context.as(account()), to, amount), errors::transfer_reverted,
        errors::transfer_returned_false);
}

Result<void> MorphoBlue::pull(CallContext& context, ContractId token, const Amount& amount)
{
    RUNNEL_REQUIRE(context.world().find_contract(token) != nullptr, error(errors::no_code));
    auto* found = find_token(context.world(), token);
    RUNNEL_REQUIRE(found != nullptr, error(errors::transfer_from_reverted));
    return worded(found->transfer_from(context.as(account()), context.sender(), account(), amount),
        errors::transfer_from_reverted, errors::transfer_from_returned_false);
}

Result<void> MorphoBlue::call_back(CallContext& context, const CallList& data, const Amount& amount)
{
    if (!data.bytes.empty())
        RUNNEL_TRY(context.run(data, context.sender(), Returns{amount}));
    return {};
}

// --- Positions ----------------------------------------------------------------------------------

Result<Moved> MorphoBlue::supply(CallContext& context, MorphoBlueMarket& market,
    const Amount& assets_given, const Amount& shares_given, AccountId on_behalf,
    const CallList& data)
{
    RUNNEL_TRY(require_one_zero(assets_given, shares_given));
    RUNNEL_REQUIRE(on_behalf != zero_account, error(errors::zero_address));
    RUNNEL_TRY(require_account(context.world(), on_behalf));
    RUNNEL_TRY(accrue(context, market));
    auto& state = context.write(market.state_, 0);
    const auto shares = shares_given.is_zero()
                            ? RUNNEL_TRY(to_shares_down(assets_given, supplies(state)))
                            : shares_given;
    const auto assets = shares_given.is_zero()
                            ? assets_given
                            : RUNNEL_TRY(to_assets_up(shares_given, supplies(state)));
    auto& owned = context.write(market.positions_, on_behalf).supply_shares;
    if (!owned.is_zero())
        context.save_gas(gas_saved_by_write(false, false, false));
    owned = RUNNEL_TRY(Checked{owned} + shares);
    state.total_supply_shares = RUNNEL_TRY(add_uint128(state.total_supply_shares, shares));
    state.total_supply_assets = RUNNEL_TRY(add_uint128(state.total_supply_assets, assets));
    context.emit(id(), SupplyLog{market.market_id(), context.sender(), on_behalf, assets, shares});
    RUNNEL_TRY(call_back(context, data, assets));
    RUNNEL_TRY(pull(context, market.params().loan_token, assets));

    LendingSupply row;
    row.transaction_type = LendingSupplyType::supply;
    row.token = market.params().loan_token;
    row.depositor = context.sender();
    row.on_behalf_of = on_behalf;
    row.amount_raw = assets;
    context.emit(market.id(), row);
    market.record_loan(context, on_behalf);
    return Moved{assets, shares};
}

Result<Moved> MorphoBlue::withdraw(CallContext& context, MorphoBlueMarket& market,
    const Amount& assets_given, const Amount& shares_given, AccountId on_behalf, AccountId receiver)
{
    RUNNEL_TRY(require_one_zero(assets_given, shares_given));
    RUNNEL_REQUIRE(receiver != zero_account, error(errors::zero_address));
    RUNNEL_TRY(require_account(context.world(), on_behalf));
    RUNNEL_TRY(require_account(context.world(), receiver));
    RUNNEL_TRY(require_authorized(context, on_behalf));
    RUNNEL_TRY(accrue(context, market));
    auto& state = context.write(market.state_, 0);
    const auto shares = shares_given.is_zero()
                            ? RUNNEL_TRY(to_shares_up(assets_given, supplies(state)))
                            : shares_given;
    const auto assets = shares_given.is_zero()
                            ? assets_given
                            : RUNNEL_TRY(to_assets_down(shares_given, supplies(state)));
    auto& owned = context.write(market.positions_, on_behalf).supply_shares;
    owned = RUNNEL_TRY(Checked{owned} - shares);
    state.total_supply_shares = RUNNEL_TRY(sub_uint128(state.total_supply_shares, shares));
    state.total_supply_assets = RUNNEL_TRY(sub_uint128(state.total_supply_assets, assets));
    RUNNEL_REQUIRE(state.total_borrow_assets <= state.total_supply_assets,
        error(errors::insufficient_liquidity));
    context.emit(id(),
        WithdrawLog{market.market_id(), context.sender(), on_behalf, receiver, assets, shares});
    RUNNEL_TRY(send(context, market.params().loan_token, receiver, assets));

    LendingSupply row;
    row.transaction_type = LendingSupplyType::withdraw;
    row.token = market.params().loan_token;
    row.depositor = on_behalf;
    row.on_behalf_of = on_behalf;
    row.withdrawn_to = receiver;
    row.amount_raw = assets;
    context.emit(market.id(), row);
    market.record_loan(context, on_behalf);
    return Moved{assets, shares};
}

Result<Moved> MorphoBlue::borrow(CallContext& context, MorphoBlueMarket& market,
    const Amount& assets_given, const Amount& shares_given, AccountId on_behalf, AccountId receiver)
{
    RUNNEL_TRY(require_one_zero(assets_given, shares_given));
    RUNNEL_REQUIRE(receiver != zero_account, error(errors::zero_address));
    RUNNEL_TRY(require_account(context.world(), on_behalf));
    RUNNEL_TRY(require_account(context.world(), receiver));
    RUNNEL_TRY(require_authorized(context, on_behalf));
    RUNNEL_TRY(accrue(context, market));
    auto& state = context.write(market.state_, 0);
    const auto shares = shares_given.is_zero()
                            ? RUNNEL_TRY(to_shares_up(assets_given, debts(state)))
                            : shares_given;
    const auto assets = shares_given.is_zero()
                            ? assets_given
                            : RUNNEL_TRY(to_assets_down(shares_given, debts(state)));
    auto& owed = context.write(market.positions_, on_behalf).borrow_shares;
    owed = RUNNEL_TRY(add_uint128(owed, shares));
    state.total_borrow_shares = RUNNEL_TRY(add_uint128(state.total_borrow_shares, shares));
    state.total_borrow_assets = RUNNEL_TRY(add_uint128(state.total_borrow_assets, assets));
    RUNNEL_REQUIRE(
        RUNNEL_TRY(is_healthy(context, market, on_behalf)), error(errors::insufficient_collateral));
    RUNNEL_REQUIRE(state.total_borrow_assets <= state.total_supply_assets,
        error(errors::insufficient_liquidity));
    context.emit(
        id(), BorrowLog{market.market_id(), context.sender(), on_behalf, receiver, assets, shares});
    RUNNEL_TRY(send(context, market.params().loan_token, receiver, assets));

    LendingBorrow row;
    row.transaction_type = LendingBorrowType::borrow;
    row.token = market.params().loan_token;
    row.borrower = receiver;
    row.on_behalf_of = on_behalf;
    row.amount_raw = assets;
    context.emit(market.id(), row);
    market.record_loan(context, on_behalf);
    market.record_position(context, on_behalf);
    return Moved{assets, shares};
}

Result<Moved> MorphoBlue::repay(CallContext& context, MorphoBlueMarket& market,
    const Amount& assets_given, const Amount& shares_given, AccountId on_behalf,
    const CallList& data)
{
    RUNNEL_TRY(require_one_zero(assets_given, shares_given));
    RUNNEL_REQUIRE(on_behalf != zero_account, error(errors::zero_address));
    RUNNEL_TRY(require_account(context.world(), on_behalf));
    RUNNEL_TRY(accrue(context, market));
    auto& state = context.write(market.state_, 0);
    const auto shares = shares_given.is_zero()
                            ? RUNNEL_TRY(to_shares_down(assets_given, debts(state)))
                            : shares_given;
    const auto assets = shares_given.is_zero()
                            ? assets_given
                            : RUNNEL_TRY(to_assets_up(shares_given, debts(state)));
    auto& owed = context.write(market.positions_, on_behalf).borrow_shares;
    owed = RUNNEL_TRY(sub_uint128(owed, shares));
    state.total_borrow_shares = RUNNEL_TRY(sub_uint128(state.total_borrow_shares, shares));
    // What is repaid, rounded up, may be a unit more than all debt.
    state.total_borrow_assets =
        RUNNEL_TRY(to_uint128(floor_sub(state.total_borrow_assets, assets)));
    context.emit(id(), RepayLog{market.market_id(), context.sender(), on_behalf, assets, shares});
    RUNNEL_TRY(call_back(context, data, assets));
    RUNNEL_TRY(pull(context, market.params().loan_token, assets));

    LendingBorrow row;
    row.transaction_type = LendingBorrowType::repay;
    row.token = market.params().loan_token;
    row.borrower = on_behalf;
    row.on_behalf_of = on_behalf;
    row.repayer = context.sender();
    row.amount_raw = assets;
    context.emit(market.id(), row);
    market.record_loan(context, on_behalf);
    market.record_position(context, on_behalf);
    return Moved{assets, shares};
}

Result<void> MorphoBlue::supply_collateral(CallContext& context, MorphoBlueMarket& market,
    const Amount& assets, AccountId on_behalf, const CallList& data)
{
    RUNNEL_REQUIRE(!assets.is_zero(), error(errors::zero_assets));
    RUNNEL_REQUIRE(on_behalf != zero_account, error(errors::zero_address));
    RUNNEL_TRY(require_account(context.world(), on_behalf));
    // No interest is accrued: it costs gas and changes nothing here.
    auto& position = context.write(market.positions_, on_behalf);
    // Both are in one slot.
    if (!position.collateral.is_zero() || !position.borrow_shares.is_zero())
        context.save_gas(gas_saved_by_write(false, false, false));
    auto& collateral = position.collateral;
    collateral = RUNNEL_TRY(add_uint128(collateral, assets));
    context.credit(market.collateral_total_, 0, assets);
    context.emit(
        id(), SupplyCollateralLog{market.market_id(), context.sender(), on_behalf, assets});
    RUNNEL_TRY(call_back(context, data, assets));
    RUNNEL_TRY(pull(context, market.params().collateral_token, assets));

    LendingSupply row;
    row.transaction_type = LendingSupplyType::supply;
    row.token = market.params().collateral_token;
    row.depositor = context.sender();
    row.on_behalf_of = on_behalf;
    row.amount_raw = assets;
    context.emit(market.id(), row);
    market.record_collateral(context, on_behalf);
    market.record_position(context, on_behalf);
    return {};
}

Result<void> MorphoBlue::withdraw_collateral(CallContext& context, MorphoBlueMarket& market,
    const Amount& assets, AccountId on_behalf, AccountId receiver)
{
    RUNNEL_REQUIRE(!assets.is_zero(), error(errors::zero_assets));
    RUNNEL_REQUIRE(receiver != zero_account, error(errors::zero_address));
    RUNNEL_TRY(require_account(context.world(), on_behalf));
    RUNNEL_TRY(require_account(context.world(), receiver));
    RUNNEL_TRY(require_authorized(context, on_behalf));
    RUNNEL_TRY(accrue(context, market));
    auto& collateral = context.write(market.positions_, on_behalf).collateral;
    collateral = RUNNEL_TRY(sub_uint128(collateral, assets));
    RUNNEL_REQUIRE(
        RUNNEL_TRY(is_healthy(context, market, on_behalf)), error(errors::insufficient_collateral));
    auto& total = context.write(market.collateral_total_, 0);
    total = wrapping_sub(total, assets);
    context.emit(id(),
        WithdrawCollateralLog{market.market_id(), context.sender(), on_behalf, receiver, assets});
    RUNNEL_TRY(send(context, market.params().collateral_token, receiver, assets));

    LendingSupply row;
    row.transaction_type = LendingSupplyType::withdraw;
    row.token = market.params().collateral_token;
    row.depositor = on_behalf;
    row.on_behalf_of = on_behalf;
    row.withdrawn_to = receiver;
    row.amount_raw = assets;
    context.emit(market.id(), row);
    market.record_collateral(context, on_behalf);
    market.record_position(context, on_behalf);
    return {};
}

Result<std::array<Amount, 2>> MorphoBlue::liquidate(CallContext& context, MorphoBlueMarket& market,
    AccountId borrower, const Amount& seized_assets, const Amount& repaid_shares,
    const CallList& data)
{
    RUNNEL_TRY(require_one_zero(seized_assets, repaid_shares));
    RUNNEL_TRY(require_account(context.world(), borrower));
    RUNNEL_TRY(accrue(context, market));
    const auto& params = market.params();
    auto& state = context.write(market.state_, 0);
    const auto price = RUNNEL_TRY(market.price(context));
    RUNNEL_REQUIRE(
        !RUNNEL_TRY(is_healthy(context, market, borrower, price)), error(errors::healthy_position));
    const auto amounts =
        RUNNEL_TRY(repaid_shares.is_zero()
                       ? liquidation_by_collateral(state, params.lltv, price, seized_assets)
                       : liquidation_by_shares(state, params.lltv, price, repaid_shares));

    auto& position = context.write(market.positions_, borrower);
    const auto& shares = amounts.repaid_shares;
    position.borrow_shares = RUNNEL_TRY(sub_uint128(position.borrow_shares, shares));
    state.total_borrow_shares = RUNNEL_TRY(sub_uint128(state.total_borrow_shares, shares));
    state.total_borrow_assets =
        RUNNEL_TRY(to_uint128(floor_sub(state.total_borrow_assets, amounts.repaid_assets)));
    position.collateral = RUNNEL_TRY(sub_uint128(position.collateral, amounts.seized_assets));
    auto& total = context.write(market.collateral_total_, 0);
    total = wrapping_sub(total, amounts.seized_assets);

    Moved bad_debt;
    if (position.collateral.is_zero())
    {
        // Nobody will repay it: all suppliers lose their part at once.
        bad_debt.shares = position.borrow_shares;
        bad_debt.assets = RUNNEL_TRY(to_assets_up(bad_debt.shares, debts(state)));
        bad_debt.assets = std::min(bad_debt.assets, state.total_borrow_assets);
        state.total_borrow_assets =
            RUNNEL_TRY(sub_uint128(state.total_borrow_assets, bad_debt.assets));
        state.total_supply_assets =
            RUNNEL_TRY(sub_uint128(state.total_supply_assets, bad_debt.assets));
        state.total_borrow_shares =
            RUNNEL_TRY(sub_uint128(state.total_borrow_shares, bad_debt.shares));
        position.borrow_shares = Amount{};
    }
    const auto liquidator = context.sender();
    RUNNEL_TRY(send(context, params.collateral_token, liquidator, amounts.seized_assets));
    context.emit(
        id(), LiquidateLog{market.market_id(), liquidator, borrower, amounts.repaid_assets,
                  amounts.repaid_shares, amounts.seized_assets, bad_debt.assets, bad_debt.shares});
    RUNNEL_TRY(call_back(context, data, amounts.repaid_assets));
    RUNNEL_TRY(pull(context, params.loan_token, amounts.repaid_assets));

    LendingBorrow borrow_row;
    borrow_row.transaction_type = LendingBorrowType::borrow_liquidation;
    borrow_row.token = params.loan_token;
    borrow_row.borrower = borrower;
    borrow_row.on_behalf_of = borrower;
    borrow_row.repayer = liquidator;
    borrow_row.liquidator = liquidator;
    borrow_row.amount_raw = amounts.repaid_assets;
    context.emit(market.id(), borrow_row);
    LendingSupply supply_row;
    supply_row.transaction_type = LendingSupplyType::supply_liquidation;
    supply_row.token = params.collateral_token;
    supply_row.depositor = borrower;
    supply_row.on_behalf_of = borrower;
    supply_row.withdrawn_to = liquidator;
    supply_row.liquidator = liquidator;
    supply_row.amount_raw = amounts.seized_assets;
    context.emit(market.id(), supply_row);
    market.record_liquidation(context, borrower, amounts, price);
    market.record_collateral(context, borrower);
    market.record_loan(context, borrower);
    market.record_position(context, borrower);
    return std::array{amounts.seized_assets, amounts.repaid_assets};
}

// --- Calls --------------------------------------------------------------------------------------

Result<Returns> MorphoBlue::execute(const SetOwner& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.new_owner));
    RUNNEL_TRY(require_owner(context));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(call.new_owner != state.owner, error(errors::already_set));
    state.owner = call.new_owner;
    context.emit(id(), SetOwnerLog{call.new_owner});
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const EnableIrm& call, CallContext& context)
{
    RUNNEL_TRY(require_owner(context));
    RUNNEL_REQUIRE(!is_irm_enabled(context, call.irm), error(errors::already_set));
    if (context.world().find_contract(call.irm) == nullptr)
        context.write(state_, 0).no_irm_enabled = true;
    else
        context.write(irms_, index(call.irm)).is_set = true;
    context.emit(id(), EnableIrmLog{account_of(context.world(), call.irm)});
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const EnableLltv& call, CallContext& context)
{
    RUNNEL_TRY(require_owner(context));
    RUNNEL_REQUIRE(!is_lltv_enabled(context, call.lltv), error(errors::already_set));
    RUNNEL_REQUIRE(call.lltv < wad, error(errors::max_lltv_exceeded));
    auto& state = context.write(state_, 0);
    context.write(lltvs_, state.lltvs) = wrapping_add(call.lltv, 1);
    ++state.lltvs;
    context.emit(id(), EnableLltvLog{call.lltv});
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const SetFee& call, CallContext& context)
{
    RUNNEL_TRY(require_owner(context));
    auto& market = *RUNNEL_TRY(require_market(context, call.market_params));
    auto& state = context.write(market.state_, 0);
    RUNNEL_REQUIRE(call.new_fee != state.fee, error(errors::already_set));
    RUNNEL_REQUIRE(call.new_fee <= fee_max, error(errors::max_fee_exceeded));
    RUNNEL_TRY(accrue(context, market));
    if (market.irm_ == nullptr)
        context.save_gas(gas::accrual_alone_saves);
    state.fee = call.new_fee;
    context.emit(id(), SetFeeLog{market.market_id(), call.new_fee});
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const SetFeeRecipient& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.new_fee_recipient));
    RUNNEL_TRY(require_owner(context));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(call.new_fee_recipient != state.fee_recipient, error(errors::already_set));
    context.save_gas(gas_saved_by_write(
        state.fee_recipient == zero_account, call.new_fee_recipient == zero_account, false));
    state.fee_recipient = call.new_fee_recipient;
    context.emit(id(), SetFeeRecipientLog{call.new_fee_recipient});
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const CreateMarket& call, CallContext& context)
{
    const auto& params = call.market_params;
    const auto& world = context.world();
    RUNNEL_REQUIRE(is_irm_enabled(context, params.irm), error(errors::irm_not_enabled));
    RUNNEL_REQUIRE(is_lltv_enabled(context, params.lltv), error(errors::lltv_not_enabled));
    auto* market = find_market(params);
    if (market == nullptr)
    {
        Bytes arguments;
        encode(MarketConstructor{id(), params}, arguments);
        auto* made = RUNNEL_TRY(context.deploy(MorphoBlueMarket::contract_type(), *this,
            low_address(MorphoBlueMarket::id_of(world, params)), std::move(arguments)));
        market = static_cast<MorphoBlueMarket*>(made);
    }
    auto& state = context.write(market->state_, 0);
    RUNNEL_REQUIRE(state.last_update == 0, error(errors::market_already_created));
    state.last_update = context.block().timestamp;
    context.emit(
        id(), CreateMarketLog{market->market_id(), account_of(world, params.loan_token),
                  account_of(world, params.collateral_token), account_of(world, params.oracle),
                  account_of(world, params.irm), params.lltv});
    if (params.irm == no_contract)
        context.save_gas(gas::create_without_curve_saves);
    else
    {
        RUNNEL_REQUIRE(market->irm_ != nullptr, Refusal::empty());
        if (market->irm_->gas_saved() != 0)
            context.save_gas(gas::create_without_curve_saves);
        RUNNEL_TRY(market->irm_->borrow_rate(context, {market->id(), market->market_id(), state}));
    }
    return Returns{market->market_id()};
}

Result<Returns> MorphoBlue::execute(const Supply& call, CallContext& context)
{
    auto& market = *RUNNEL_TRY(require_market(context, call.market_params));
    const auto moved =
        RUNNEL_TRY(supply(context, market, call.assets, call.shares, call.on_behalf, call.data));
    return Returns{moved.assets, moved.shares};
}

Result<Returns> MorphoBlue::execute(const Withdraw& call, CallContext& context)
{
    auto& market = *RUNNEL_TRY(require_market(context, call.market_params));
    const auto moved = RUNNEL_TRY(
        withdraw(context, market, call.assets, call.shares, call.on_behalf, call.receiver));
    return Returns{moved.assets, moved.shares};
}

Result<Returns> MorphoBlue::execute(const Borrow& call, CallContext& context)
{
    auto& market = *RUNNEL_TRY(require_market(context, call.market_params));
    const auto moved = RUNNEL_TRY(
        borrow(context, market, call.assets, call.shares, call.on_behalf, call.receiver));
    return Returns{moved.assets, moved.shares};
}

Result<Returns> MorphoBlue::execute(const Repay& call, CallContext& context)
{
    auto& market = *RUNNEL_TRY(require_market(context, call.market_params));
    const auto moved =
        RUNNEL_TRY(repay(context, market, call.assets, call.shares, call.on_behalf, call.data));
    return Returns{moved.assets, moved.shares};
}

Result<Returns> MorphoBlue::execute(const SupplyCollateral& call, CallContext& context)
{
    auto& market = *RUNNEL_TRY(require_market(context, call.market_params));
    RUNNEL_TRY(supply_collateral(context, market, call.assets, call.on_behalf, call.data));
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const WithdrawCollateral& call, CallContext& context)
{
    auto& market = *RUNNEL_TRY(require_market(context, call.market_params));
    RUNNEL_TRY(withdraw_collateral(context, market, call.assets, call.on_behalf, call.receiver));
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const Liquidate& call, CallContext& context)
{
    auto& market = *RUNNEL_TRY(require_market(context, call.market_params));
    const auto amounts = RUNNEL_TRY(liquidate(
        context, market, call.borrower, call.seized_assets, call.repaid_shares, call.data));
    return Returns{amounts[0], amounts[1]};
}

Result<Returns> MorphoBlue::execute(const FlashLoan& call, CallContext& context)
{
    RUNNEL_REQUIRE(!call.assets.is_zero(), error(errors::zero_assets));
    const auto caller = context.sender();
    context.emit(id(), FlashLoanLog{caller, call.token, call.assets});
    RUNNEL_TRY(send(context, call.token, caller, call.assets));
    RUNNEL_TRY(call_back(context, call.data, call.assets));
    RUNNEL_TRY(pull(context, call.token, call.assets));
    context.emit(id(), LendingFlashloan{call.token, caller, call.assets, {}});
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const SetAuthorization& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.authorized));
    const auto caller = context.sender();
    auto& flag = context.write(authorizations_, pair_key(caller, call.authorized));
    RUNNEL_REQUIRE(call.new_is_authorized != flag.is_set, error(errors::already_set));
    context.save_gas(gas_saved_by_write(!flag.is_set, !call.new_is_authorized, false));
    flag.is_set = call.new_is_authorized;
    context.emit(
        id(), SetAuthorizationLog{caller, caller, call.authorized, call.new_is_authorized});
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const SetAuthorizationWithSig& call, CallContext& context)
{
    const auto& world = context.world();
    RUNNEL_TRY(require_account(world, call.authorizer));
    RUNNEL_TRY(require_account(world, call.authorized));
    RUNNEL_REQUIRE(
        Amount{context.block().timestamp} <= call.deadline, error(errors::signature_expired));
    auto& nonce = context.write(nonces_, call.authorizer);
    RUNNEL_REQUIRE(call.nonce == nonce, error(errors::invalid_nonce));
    context.save_gas(gas_saved_by_write(nonce.is_zero(), false, false));
    nonce = RUNNEL_TRY(Checked{nonce} + 1);

    Bytes authorization;
    Encoder encoder{authorization};
    encoder.put(
        keccak256("Authorization(address authorizer,address authorized,bool isAuthorized,"
                  "uint256 nonce,uint256 deadline)"));
    put_word(authorization, world.account(call.authorizer).address);
    put_word(authorization, world.account(call.authorized).address);
    encoder.put(Amount{call.is_authorized});
    encoder.put(call.nonce);
    encoder.put(call.deadline);
    Bytes message{0x19, 0x01};
    Encoder{message}.put(domain_separator_);
    Encoder{message}.put(keccak256(authorization));
    const auto signatory = ecrecover(keccak256(message), call.v, call.r, call.s);
    RUNNEL_REQUIRE(signatory.has_value() && *signatory == world.account(call.authorizer).address,
        error(errors::invalid_signature));

    context.emit(id(), IncrementNonceLog{context.sender(), call.authorizer, call.nonce});
    auto& flag = context.write(authorizations_, pair_key(call.authorizer, call.authorized)).is_set;
    context.save_gas(gas_saved_by_write(!flag, !call.is_authorized, flag == call.is_authorized));
    flag = call.is_authorized;
    context.emit(id(), SetAuthorizationLog{
                           context.sender(), call.authorizer, call.authorized, call.is_authorized});
    return Returns{};
}

Result<Returns> MorphoBlue::execute(const AccrueInterest& call, CallContext& context)
{
    auto& market = *RUNNEL_TRY(require_market(context, call.market_params));
    const bool accrues = context.read(market.state_, 0).last_update != context.block().timestamp;
    RUNNEL_TRY(accrue(context, market));
    if (!accrues || market.irm_ == nullptr)
        context.save_gas(gas::accrual_alone_saves);
    return Returns{};
}

void MorphoBlue::check_invariants(const World& world, Findings& findings) const
{
    // By token, in the order of ids: what it owes of it.
    std::map<ContractId, Checked> owed;
    const auto add = [&owed](ContractId token, const Checked& amount)
    {
        const auto [entry, is_new] = owed.try_emplace(token, amount);
        if (!is_new)
            entry->second = entry->second + amount;
    };
    for (const auto* market : markets_)
    {
        const auto& state = market->state();
        add(market->params().loan_token,
            Checked{floor_sub(state.total_supply_assets, state.total_borrow_assets)});
        add(market->params().collateral_token, Checked{market->total_collateral()});
    }
    for (const auto& [token_id, amount] : owed)
    {
        const auto* token = find_token(world, token_id);
        if (token == nullptr ? amount.value.is_zero()
                             : token->rebases() || token->holding(account()) >= amount.value)
            continue;
        findings.push_back(fmt::format("{}: its markets count {} of {}, it holds {}", name(),
            amount.value.to_string(),
            token == nullptr ? "no token" : world.contract(token_id).name(),
            token == nullptr ? "none" : token->holding(account()).to_string()));
    }
}

}  // namespace runnel::contracts
