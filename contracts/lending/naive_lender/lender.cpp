#include "contracts/lending/naive_lender/lender.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "contracts/tokens/weth9/weth9.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace naive_lender;

namespace
{
Refusal error(std::string_view text)
{
    return Refusal::error(text);
}
}  // namespace

NaiveLender::NaiveLender(ContractIdentity identity, const Setup& setup)
  : ContractBase{std::move(identity)},
    setup_{setup},
    book_{name() + ".book"},
    entries_{name() + ".entries", KeyOf::account}
{
    add_table(book_);
    add_table(entries_);
    book_.at(0).supply_index = naive_lender::ray;
    book_.at(0).borrow_index = naive_lender::ray;
}

const ContractType& NaiveLender::contract_type()
{
    static const ContractType type{.kind = "naive_lender",
        .help =
            "Lends one token against another, at whatever price it is told; vulnerable by "
            "parameter.",
        .role = ContractRole::lending,
        .sectors = implements<NaiveLender, LendingMarket, CoinWithdrawal>(),
        .methods = methods(),
        .events = event_types<LendingBorrow, LendingSupply, LendingLiquidation, LendingPosition,
            LendingBalance, LendingReserve, LendingStatement, LendingHoldingState,
            LendingHealthState>(),
        .parameters =
            {
                {"loan", ParameterKind::token, "", {}, "What it lends."},
                {"collateral", ParameterKind::token, "", {}, "What secures debt."},
                contract_parameter("oracle", PriceSource::sector,
                    "Whose prices of both it believes: safe with a price_oracle or a pool_oracle "
                    "with a window, open to flash loans with a pool_oracle without one."),
                {"ltv_bps", ParameterKind::integer, "7000", unit::bps,
                    "What may be borrowed of the collateral's value.", 0, bps_denominator},
                {"threshold_bps", ParameterKind::integer, "7500", unit::bps,
                    "Debt above this share of the collateral's value may be liquidated.", 1,
                    bps_denominator},
                {"bonus_bps", ParameterKind::integer, "800", unit::bps,
                    "What a liquidator gets beyond the debt that he repays.", 0, bps_denominator},
                {"rate_bps", ParameterKind::integer, "0", unit::bps_per_year, "Interest on debt.",
                    0, 100'000},
                {"careful", ParameterKind::boolean, "true", {},
                    "Whether withdrawETH writes down what it pays before it pays; else whom it "
                    "pays can come in again and be paid again."},
                allocation({"initial_liquidity", ParameterKind::amount, "0",
                    unit::smallest_unit_of("loan"),
                    "Supplied at genesis by the account NAME/seed_supplier, which is given the "
                    "tokens.",
                    0, 1e60}),
            },
        .create = creator<NaiveLender>(
            [](const Parameters& parameters)
            {
                const auto share = [&](std::string_view key)
                { return static_cast<std::uint32_t>(parameters.integer(key)); };
                return std::tuple{Setup{parameters.token("loan"), parameters.token("collateral"),
                    parameters.contract("oracle"),
                    Terms{share("ltv_bps"), share("threshold_bps"), share("bonus_bps"),
                        share("rate_bps")},
                    parameters.boolean("careful")}};
            }),
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.token("loan") == parameters.token("collateral"))
                return "collateral: expected another token than the loan";
            return parameters.integer("ltv_bps") <= parameters.integer("threshold_bps")
                       ? ""
                       : "ltv_bps: expected at most threshold_bps";
        }};
    return type;
}

void NaiveLender::connect(World& world)
{
    loan_ = &token_at(world, setup_.loan);
    collateral_ = &token_at(world, setup_.collateral);
    oracle_ = dynamic_cast<const PriceSource*>(world.find_contract(setup_.oracle));
    RUNNEL_CHECK(oracle_ != nullptr);
    weth_ = dynamic_cast<Weth9*>(loan_);
    coin_ = dynamic_cast<NativeCoin*>(world.find_contract(native_coin));
    loan_decimals_ = world.contract(setup_.loan).token_info()->decimals;
    collateral_unit_ =
        Amount::power_of_ten(world.contract(setup_.collateral).token_info()->decimals);
}

void NaiveLender::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const auto& amount = parameters.amount("initial_liquidity");
    if (amount.is_zero())
        return;
    connect(builder.world());
    const auto seed = builder.account(name() + "/seed_supplier", "wallet");
    const bool given = loan_->allocate(builder.world(), seed, amount);
    RUNNEL_CHECK(given);
    CallWriter calls;
    calls.add(setup_.loan, Erc20Approve{account(), amount});
    add_supply(calls, loan_reserve, amount, seed);
    builder.transaction(seed, std::move(calls).take());
}

void NaiveLender::check_invariants(const World&, Findings& findings) const
{
    Book sum;
    Amount pledged;
    for (const auto key : entries_.keys())
    {
        const auto& entry = entries_.get(key);
        sum.supplied_scaled = wrapping_add(sum.supplied_scaled, entry.supplied_scaled);
        sum.debt_scaled = wrapping_add(sum.debt_scaled, entry.debt_scaled);
        pledged = wrapping_add(pledged, entry.collateral);
    }
    const auto& book = this->book();
    if (sum.supplied_scaled != book.supplied_scaled || sum.debt_scaled != book.debt_scaled)
        findings.push_back(name() + ": entries do not sum to the book");
    if (!collateral_->rebases() && pledged > collateral_->holding(account()))
        findings.push_back(name() + ": more collateral is pledged than held");
    if (!setup_.is_careful || loan_->rebases())
        return;  // Who can be paid twice cannot promise this.
    const auto claims = worth_down(book.supplied_scaled, book.supply_index).value;
    const auto assets = wrapping_add(
        loan_->holding(account()), worth_down(book.debt_scaled, book.borrow_index).value);
    if (claims > assets)
    {
        findings.push_back(fmt::format("{}: {} are supplied, cash and debt are {}", name(),
            claims.to_string(), assets.to_string()));
    }
}

template <typename Reader>
Result<Amount> NaiveLender::price(Reader&& reader) const
{
    const auto& of_collateral = reader.read(oracle_->prices(), index(setup_.collateral)).price;
    const auto& of_loan = reader.read(oracle_->prices(), index(setup_.loan)).price;
    RUNNEL_REQUIRE(!of_loan.is_zero(), error("NaiveLender: NO_PRICE"));
    return RUNNEL_TRY(mul_div_down(of_collateral, Amount::power_of_ten(loan_decimals_), of_loan));
}

// ---- Calls ----

Result<Book*> NaiveLender::touch(CallContext& context)
{
    auto& book = context.write(book_, 0);
    RUNNEL_TRY(accrue(book, setup_.terms, context.block().timestamp));
    return &book;
}

Result<Amount> NaiveLender::claim(Book& book, Entry& entry, const Amount& wanted) const
{
    const auto all = RUNNEL_TRY(worth_down(entry.supplied_scaled, book.supply_index));
    const auto amount = wanted == Amount::max() ? all : wanted;
    RUNNEL_REQUIRE(!amount.is_zero(), error("NaiveLender: ZERO_AMOUNT"));
    RUNNEL_REQUIRE(amount <= all, error("NaiveLender: MORE_THAN_SUPPLIED"));
    const auto scaled =
        amount == all ? entry.supplied_scaled : RUNNEL_TRY(scaled_up(amount, book.supply_index));
    entry.supplied_scaled = wrapping_sub(entry.supplied_scaled, scaled);
    book.supplied_scaled = wrapping_sub(book.supplied_scaled, scaled);
    return amount;
}

Result<void> NaiveLender::forgive(Book& book, Entry& entry, const Amount& repaid) const
{
    const auto debt = RUNNEL_TRY(worth_up(entry.debt_scaled, book.borrow_index));
    const auto scaled =
        repaid == debt ? entry.debt_scaled : RUNNEL_TRY(scaled_down(repaid, book.borrow_index));
    entry.debt_scaled = wrapping_sub(entry.debt_scaled, scaled);
    book.debt_scaled = wrapping_sub(book.debt_scaled, scaled);
    return {};
}

Result<Returns> NaiveLender::execute(const Supply& call, CallContext& context)
{
    const auto reserve = find_reserve(call.asset);
    RUNNEL_REQUIRE(reserve.has_value(), error("NaiveLender: UNKNOWN_ASSET"));
    RUNNEL_TRY(require_account(context.world(), call.on_behalf_of));
    auto& book = *RUNNEL_TRY(touch(context));
    auto& entry = context.write(entries_, call.on_behalf_of);
    auto counted = call.amount;
    if (*reserve == loan_reserve)
    {
        counted = RUNNEL_TRY(scaled_down(call.amount, book.supply_index));
        entry.supplied_scaled = RUNNEL_TRY(Checked{entry.supplied_scaled} + counted);
        book.supplied_scaled = RUNNEL_TRY(Checked{book.supplied_scaled} + counted);
    }
    else
        entry.collateral = RUNNEL_TRY(Checked{entry.collateral} + counted);
    RUNNEL_REQUIRE(!counted.is_zero(), error("NaiveLender: ZERO_AMOUNT"));
    RUNNEL_TRY(token_of(*reserve).transfer_from(
        context.as(account()), context.sender(), account(), call.amount));
    emit_supply(context, LendingSupplyType::supply, *reserve, context.sender(), call.on_behalf_of,
        zero_account, call.amount);
    emit_account(context, call.on_behalf_of);
    return Returns{};
}

Result<Returns> NaiveLender::execute(const Withdraw& call, CallContext& context)
{
    const auto reserve = find_reserve(call.asset);
    RUNNEL_REQUIRE(reserve.has_value(), error("NaiveLender: UNKNOWN_ASSET"));
    RUNNEL_TRY(require_account(context.world(), call.to));
    const auto sender = context.sender();
    auto& book = *RUNNEL_TRY(touch(context));
    auto& entry = context.write(entries_, sender);
    auto amount = call.amount;
    if (*reserve == loan_reserve)
        amount = RUNNEL_TRY(claim(book, entry, call.amount));
    else
    {
        if (amount == Amount::max())
            amount = entry.collateral;
        RUNNEL_REQUIRE(!amount.is_zero(), error("NaiveLender: ZERO_AMOUNT"));
        RUNNEL_REQUIRE(amount <= entry.collateral, error("NaiveLender: MORE_THAN_SUPPLIED"));
        entry.collateral = wrapping_sub(entry.collateral, amount);
        if (!entry.debt_scaled.is_zero())
        {
            const auto worth = RUNNEL_TRY(price(context));
            const auto left =
                RUNNEL_TRY(position_of(entry, book, setup_.terms, worth, collateral_unit_));
            RUNNEL_REQUIRE(
                left.health_factor >= naive_lender::wad, error("NaiveLender: UNHEALTHY"));
        }
    }
    RUNNEL_TRY(token_of(*reserve).transfer(context.as(account()), call.to, amount));
    emit_supply(context, LendingSupplyType::withdraw, *reserve, sender, sender, call.to, amount);
    emit_account(context, sender);
    return Returns{amount};
}

Result<Returns> NaiveLender::execute(const WithdrawCoins& call, CallContext& context)
{
    RUNNEL_REQUIRE(weth_ != nullptr, error("NaiveLender: NO_COINS"));
    const auto sender = context.sender();
    RUNNEL_TRY(touch(context));
    // Copies in memory, as a Solidity contract loads what it means to store later.
    auto book_left = context.read(book_, 0);
    auto left = context.read(entries_, sender);
    const auto amount = RUNNEL_TRY(claim(book_left, left, call.amount));
    // The claim alone: what the receiver's calls do to collateral and debts stays done.
    const auto store = [&]
    {
        auto& book = context.write(book_, 0);
        auto& entry = context.write(entries_, sender);
        book.supplied_scaled = wrapping_add(
            wrapping_sub(book.supplied_scaled, entry.supplied_scaled), left.supplied_scaled);
        entry.supplied_scaled = left.supplied_scaled;
    };
    if (setup_.is_careful)
        store();
    RUNNEL_TRY(weth_->withdraw(context.as(account()), amount));
    RUNNEL_TRY(coin_->pay(context.as(account()), sender, amount));
    if (!setup_.is_careful)
        store();  // Too late: whom it has paid may have been here again meanwhile.
    emit_supply(context, LendingSupplyType::withdraw, loan_reserve, sender, sender, sender, amount);
    emit_account(context, sender);
    return Returns{amount};
}

Result<Returns> NaiveLender::execute(const Borrow& call, CallContext& context)
{
    RUNNEL_REQUIRE(!call.amount.is_zero(), error("NaiveLender: ZERO_AMOUNT"));
    const auto sender = context.sender();
    auto& book = *RUNNEL_TRY(touch(context));
    auto& entry = context.write(entries_, sender);
    const auto scaled = RUNNEL_TRY(scaled_up(call.amount, book.borrow_index));
    entry.debt_scaled = RUNNEL_TRY(Checked{entry.debt_scaled} + scaled);
    book.debt_scaled = RUNNEL_TRY(Checked{book.debt_scaled} + scaled);
    const auto worth = RUNNEL_TRY(price(context));
    const auto found = RUNNEL_TRY(position_of(entry, book, setup_.terms, worth, collateral_unit_));
    const auto most =
        RUNNEL_TRY(mul_div_down(found.collateral_value, setup_.terms.ltv_bps, bps_denominator));
    RUNNEL_REQUIRE(found.debt <= most, error("NaiveLender: INSUFFICIENT_COLLATERAL"));
    RUNNEL_TRY(loan_->transfer(context.as(account()), sender, call.amount));
    context.emit(id(), LendingBorrow{LendingBorrowType::borrow, setup_.loan, sender, sender,
                           zero_account, zero_account, call.amount});
    emit_account(context, sender);
    return Returns{call.amount};
}

Result<Returns> NaiveLender::execute(const Repay& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.on_behalf_of));
    auto& book = *RUNNEL_TRY(touch(context));
    auto& entry = context.write(entries_, call.on_behalf_of);
    const auto amount =
        std::min(call.amount, RUNNEL_TRY(worth_up(entry.debt_scaled, book.borrow_index)));
    RUNNEL_REQUIRE(!amount.is_zero(), error("NaiveLender: ZERO_AMOUNT"));
    RUNNEL_TRY(forgive(book, entry, amount));
    RUNNEL_TRY(loan_->transfer_from(context.as(account()), context.sender(), account(), amount));
    context.emit(id(), LendingBorrow{LendingBorrowType::repay, setup_.loan, call.on_behalf_of,
                           call.on_behalf_of, context.sender(), zero_account, amount});
    emit_account(context, call.on_behalf_of);
    return Returns{amount};
}

Result<Returns> NaiveLender::execute(const Liquidate& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.borrower));
    const auto sender = context.sender();
    auto& book = *RUNNEL_TRY(touch(context));
    auto& entry = context.write(entries_, call.borrower);
    const auto worth = RUNNEL_TRY(price(context));
    const auto found = RUNNEL_TRY(position_of(entry, book, setup_.terms, worth, collateral_unit_));
    const auto taken = RUNNEL_TRY(
        seizure_of(entry, found, setup_.terms, worth, collateral_unit_, call.debt_to_cover));
    RUNNEL_REQUIRE(!taken.debt.is_zero(), error("NaiveLender: HEALTHY"));
    RUNNEL_TRY(forgive(book, entry, taken.debt));
    entry.collateral = wrapping_sub(entry.collateral, taken.collateral);
    RUNNEL_TRY(loan_->transfer_from(context.as(account()), sender, account(), taken.debt));
    RUNNEL_TRY(collateral_->transfer(context.as(account()), sender, taken.collateral));

    context.emit(id(), LendingBorrow{LendingBorrowType::borrow_liquidation, setup_.loan,
                           call.borrower, call.borrower, sender, sender, taken.debt});
    emit_supply(context, LendingSupplyType::supply_liquidation, collateral_reserve, call.borrower,
        call.borrower, sender, taken.collateral);
    context.emit(id(),
        LendingLiquidation{call.borrower, sender, setup_.collateral, setup_.loan, taken.collateral,
            {}, taken.debt, mul_div_down(taken.collateral, worth, collateral_unit_).value,
            taken.debt, setup_.loan, loan_decimals_});
    emit_account(context, call.borrower);
    return Returns{taken.debt, taken.collateral};
}

// ---- Rows ----

void NaiveLender::emit_supply(CallContext& context, LendingSupplyType type, std::size_t reserve,
    AccountId depositor, AccountId on_behalf_of, AccountId to, const Amount& amount) const
{
    const auto liquidator = type == LendingSupplyType::supply_liquidation ? to : zero_account;
    context.emit(
        id(), LendingSupply{type, id_of(reserve), depositor, on_behalf_of, to, liquidator, amount});
}

void NaiveLender::emit_account(CallContext& context, AccountId account) const
{
    const auto& book = context.read(book_, 0);
    const auto& entry = context.read(entries_, account);
    // What a call has just found to fit fits; without a price a position is worth nothing.
    const auto worth = price(context).value_or(Amount{});
    const auto found =
        position_of(entry, book, setup_.terms, worth, collateral_unit_).value_or(Position{});
    context.emit(
        id(), LendingBalance{account, setup_.loan, entry.supplied_scaled, entry.debt_scaled,
                  worth_down(entry.supplied_scaled, book.supply_index).value, found.debt, false});
    context.emit(id(), LendingBalance{account, setup_.collateral, entry.collateral, {},
                           entry.collateral, {}, !entry.collateral.is_zero()});
    context.emit(
        id(), LendingPosition{account, found.collateral_value, found.debt,
                  setup_.terms.threshold_bps, found.health_factor, setup_.loan, loan_decimals_});
}

void NaiveLender::snapshot(SnapshotContext& context) const
{
    snapshot_lending(context, id(), *this);
}

// ---- What any lending market offers ----

class naive_lender::View final : public LendingView
{
public:
    View(const NaiveLender& lender, const Book& book, const Amount& price,
        std::vector<LendingReserveInfo> reserves)
      : LendingView{std::move(reserves)}, lender_{lender}, book_{book}, price_{price}
    {}

    std::vector<AccountId> accounts() const override
    {
        return those(
            [](const Entry& entry)
            {
                return !entry.debt_scaled.is_zero() || !entry.supplied_scaled.is_zero() ||
                       !entry.collateral.is_zero();
            });
    }
    std::vector<AccountId> borrowers() const override
    {
        return those([](const Entry& entry) { return !entry.debt_scaled.is_zero(); });
    }
    LendingHolding holding(AccountId user, std::size_t reserve) const override
    {
        const auto& entry = lender_.entry(user);
        if (reserve == NaiveLender::collateral_reserve)
            return {entry.collateral, {}, !entry.collateral.is_zero()};
        return {worth_down(entry.supplied_scaled, book_.supply_index).value,
            worth_up(entry.debt_scaled, book_.borrow_index).value, false};
    }
    LendingHealth health(AccountId user) const override
    {
        const auto found = position(user);
        const auto& info = reserve(NaiveLender::collateral_reserve);
        return {found.collateral_value, found.debt, info.ltv, info.threshold, found.health_factor};
    }
    Amount max_liquidatable_debt(AccountId user, std::size_t reserve) const override
    {
        const auto found = position(user);
        const bool is_owed = reserve == NaiveLender::loan_reserve;
        return is_owed && found.health_factor < naive_lender::wad ? found.debt : Amount{};
    }
    std::optional<LiquidationPreview> preview_liquidation(
        const LiquidationOrder& order) const override
    {
        if (order.debt != NaiveLender::loan_reserve ||
            order.collateral != NaiveLender::collateral_reserve)
            return std::nullopt;
        const auto taken = seizure_of(lender_.entry(order.borrower), position(order.borrower),
            lender_.setup_.terms, price_, lender_.collateral_unit_, order.debt_to_cover);
        if (!taken.has_value() || taken->debt.is_zero())
            return std::nullopt;
        return LiquidationPreview{taken->debt, taken->collateral, {}};
    }

private:
    template <typename Predicate>
    [[nodiscard]] std::vector<AccountId> those(Predicate&& is_one) const
    {
        std::vector<AccountId> found;
        for (const auto key : lender_.entries_.keys())
        {
            if (is_one(lender_.entries_.get(key)))
                found.push_back(AccountId{static_cast<std::uint32_t>(key)});
        }
        return found;
    }
    [[nodiscard]] Position position(AccountId user) const
    {
        return position_of(
            lender_.entry(user), book_, lender_.setup_.terms, price_, lender_.collateral_unit_)
            .value_or(Position{});
    }

    const NaiveLender& lender_;
    Book book_;
    Amount price_;
};

std::unique_ptr<const LendingView> NaiveLender::view_at(std::uint64_t timestamp) const
{
    auto book = this->book();
    if (!accrue(book, setup_.terms, timestamp).has_value())
        book = this->book();
    const auto worth = price(CommittedReader{}).value_or(Amount{});

    LendingReserveInfo loan;
    loan.token = setup_.loan;
    loan.unit = Amount::power_of_ten(loan_decimals_);
    loan.price = loan.unit;
    loan.cash = loan_->holding(account());
    loan.total_debt = worth_down(book.debt_scaled, book.borrow_index).value;
    loan.total_supplied = worth_down(book.supplied_scaled, book.supply_index).value;
    loan.borrow_room = loan.cash;
    loan.supply_room = Amount::max();
    loan.supply_index = book.supply_index;
    loan.borrow_index = book.borrow_index;
    loan.borrow_rate =
        mul_div_down(naive_lender::ray, setup_.terms.rate_bps, bps_denominator).value;
    if (!loan.total_supplied.is_zero())
    {
        loan.supply_rate =
            mul_div_down(loan.borrow_rate, loan.total_debt, loan.total_supplied).value;
    }

    LendingReserveInfo collateral;
    collateral.token = setup_.collateral;
    collateral.unit = collateral_unit_;
    collateral.price = worth;
    collateral.cash = collateral_->holding(account());
    collateral.total_supplied = collateral.cash;
    collateral.supply_room = Amount::max();
    collateral.supply_index = naive_lender::ray;
    collateral.borrow_index = naive_lender::ray;
    collateral.ltv = setup_.terms.ltv_bps / 1e4;
    collateral.threshold = setup_.terms.threshold_bps / 1e4;
    collateral.bonus = setup_.terms.bonus_bps / 1e4;
    return std::make_unique<View>(
        *this, book, worth, std::vector<LendingReserveInfo>{loan, collateral});
}

std::optional<std::size_t> NaiveLender::find_reserve(ContractId token) const noexcept
{
    if (token == setup_.loan)
        return loan_reserve;
    return token == setup_.collateral ? std::optional{collateral_reserve} : std::nullopt;
}

CallGas NaiveLender::gas_of(LendingAction action) const noexcept
{
    switch (action)
    {
        case LendingAction::supply: return {Supply::gas, 0};
        case LendingAction::withdraw: return {Withdraw::gas, 0};
        case LendingAction::borrow: return {Borrow::gas, 0};
        case LendingAction::repay: return {Repay::gas, 0};
        case LendingAction::liquidate: return {Liquidate::gas, 0};
        case LendingAction::flash_borrow: break;
    }
    return {};
}

void NaiveLender::add_supply(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId on_behalf_of) const
{
    calls.add(id(), Supply{id_of(reserve), amount, on_behalf_of});
}

void NaiveLender::add_withdraw(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const
{
    calls.add(id(), Withdraw{id_of(reserve), amount, to});
}

void NaiveLender::add_borrow(CallWriter& calls, std::size_t, const Amount& amount) const
{
    calls.add(id(), Borrow{amount});
}

void NaiveLender::add_repay(
    CallWriter& calls, std::size_t, const Amount& amount, AccountId debtor) const
{
    calls.add(id(), Repay{amount, debtor});
}

void NaiveLender::add_liquidation(CallWriter& calls, const LiquidationOrder& order) const
{
    calls.add(id(), Liquidate{order.borrower, order.debt_to_cover});
}

CallGas NaiveLender::coin_withdrawal_gas() const noexcept
{
    return {WithdrawCoins::gas, 2'600};
}

void NaiveLender::add_coin_withdrawal(CallWriter& calls, const Amount& amount) const
{
    calls.add(id(), WithdrawCoins{amount});
}

}  // namespace runnel::contracts
