#include "tests/sectors/one_reserve_lender.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

namespace runnel::toy
{

using contracts::LendingAction;
using contracts::LendingHealth;
using contracts::LendingHolding;
using contracts::LendingReserveInfo;
using contracts::LendingView;
using contracts::LiquidationOrder;
using contracts::LiquidationPreview;

namespace
{
const Amount ray = Amount::power_of_ten(27);
const Amount wad = Amount::power_of_ten(18);
constexpr std::uint64_t bps = 10'000;
constexpr std::uint64_t year = 31'536'000;

Amount debt_of(const Amount& scaled, const Book& book)
{
    return mul_div_up(scaled, book.borrow_index, ray).value;
}

Amount ray_of_bps(std::uint32_t share)
{
    return mul_div_down(ray, share, bps).value;
}
}  // namespace

OneReserveLender::OneReserveLender(ContractIdentity identity, const LenderTerms& terms)
  : ContractBase{std::move(identity)},
    terms_{terms},
    book_{name() + ".book"},
    entries_{name() + ".entries", KeyOf::account}
{
    add_table(book_);
    add_table(entries_);
    book_.at(0).borrow_index = ray;
}

const ContractType& OneReserveLender::contract_type()
{
    static const ContractType type{.kind = "one_reserve_lender",
        .help = "Lends one token against another.",
        .role = ContractRole::lending,
        .sectors = contracts::implements<OneReserveLender, contracts::LendingMarket>(),
        .methods = methods(),
        .events = contracts::event_types<LendingBorrow, LendingSupply, LendingLiquidation,
            LendingPosition, LendingBalance, LendingReserve, LendingStatement, LendingHoldingState,
            LendingHealthState>(),
        .parameters =
            {
                {"loan", ParameterKind::token, "", {}, "What it lends."},
                {"collateral", ParameterKind::token, "", {}, "What secures debt."},
                {"oracle", ParameterKind::contract, "", {}, "Whose prices it believes.", 0, 0, {},
                    contracts::PriceSource::sector},
                {"ltv_bps", ParameterKind::integer, "7000", unit::bps, "Of collateral, borrowed.",
                    0, bps},
                {"threshold_bps", ParameterKind::integer, "7500", unit::bps, "Liquidated above.", 1,
                    bps},
                {"bonus_bps", ParameterKind::integer, "800", unit::bps, "The liquidator's.", 0,
                    bps},
                {"rate_bps", ParameterKind::integer, "500", unit::bps_per_year, "Interest.", 0,
                    bps},
                contracts::allocation({"initial_liquidity", ParameterKind::amount, "0",
                    unit::smallest_unit_of("loan"), "Deposited at genesis by NAME/seed."}),
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            const auto share = [&](std::string_view key)
            { return static_cast<std::uint32_t>(parameters.integer(key)); };
            const LenderTerms terms{parameters.token("loan"), parameters.token("collateral"),
                parameters.contract("oracle"), share("ltv_bps"), share("threshold_bps"),
                share("bonus_bps"), share("rate_bps")};
            return std::make_unique<OneReserveLender>(std::move(identity), terms);
        }};
    return type;
}

void OneReserveLender::connect(World& world)
{
    loan_ = &contracts::token_at(world, terms_.loan);
    collateral_ = &contracts::token_at(world, terms_.collateral);
    oracle_ = dynamic_cast<const contracts::PriceSource*>(world.find_contract(terms_.oracle));
    RUNNEL_CHECK(oracle_ != nullptr && terms_.loan != terms_.collateral);
    loan_decimals_ = world.contract(terms_.loan).token_info()->decimals;
    collateral_unit_ =
        Amount::power_of_ten(world.contract(terms_.collateral).token_info()->decimals);
}

void OneReserveLender::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const auto seed = builder.account(name() + "/seed", "wallet");
    const auto& amount = parameters.amount("initial_liquidity");
    if (amount.is_zero())
        return;
    dynamic_cast<contracts::Erc20&>(builder.world().contract(terms_.loan)).allocate(seed, amount);
    CallWriter calls;
    calls.add(terms_.loan, contracts::Erc20Approve{account(), amount});
    add_supply(calls, loan_reserve, amount, seed);
    builder.transaction(seed, std::move(calls).take());
}

// --- Formulas -----------------------------------------------------------------------------------

void OneReserveLender::accrue(Book& book, std::uint64_t now) const
{
    if (book.updated != 0 && now > book.updated)
    {
        const auto seconds = now - book.updated;
        const auto interest = mul_div_down(ray_of_bps(terms_.rate_bps), seconds, year).value;
        book.borrow_index = wrapping_add(book.borrow_index, interest);
    }
    book.updated = now;
}

Amount OneReserveLender::assets(const Book& book, const Amount& cash) const
{
    return wrapping_add(cash, debt_of(book.debt_scaled, book));
}

template <typename Reader>
Amount OneReserveLender::price(Reader& reader) const
{
    const auto& of_collateral = reader.read(oracle_->prices(), index(terms_.collateral)).price;
    const auto& of_loan = reader.read(oracle_->prices(), index(terms_.loan)).price;
    return mul_div_down(of_collateral, Amount::power_of_ten(loan_decimals_), of_loan).value;
}

OneReserveLender::Position OneReserveLender::position(
    const Entry& entry, const Book& book, const Amount& price) const
{
    Position found;
    found.collateral_value = mul_div_down(entry.collateral, price, collateral_unit_).value;
    found.debt = debt_of(entry.debt_scaled, book);
    const auto backing = mul_div_down(found.collateral_value, terms_.threshold_bps, bps).value;
    if (!found.debt.is_zero())
        found.health_factor = mul_div_down(backing, wad, found.debt).value;
    return found;
}

/// What @p amount of an unhealthy debt buys; where the collateral is short, all of it for less.
std::optional<OneReserveLender::Seizure> OneReserveLender::seizure(
    const Entry& entry, const Book& book, const Amount& price, const Amount& amount) const
{
    const auto found = position(entry, book, price);
    Seizure taken{std::min(amount, found.debt), {}};
    if (found.health_factor >= wad || taken.debt.is_zero() || price.is_zero())
        return std::nullopt;
    const std::uint64_t gross = bps + terms_.bonus_bps;
    const auto worth = mul_div_down(taken.debt, gross, bps).value;
    taken.collateral = mul_div_down(worth, collateral_unit_, price).value;
    if (taken.collateral > entry.collateral)
    {
        taken.collateral = entry.collateral;
        taken.debt = mul_div_up(found.collateral_value, bps, gross).value;
    }
    if (taken.debt.is_zero() || taken.collateral.is_zero())
        return std::nullopt;
    return taken;
}

// --- What any lending market offers -------------------------------------------------------------

class LenderView final : public LendingView
{
public:
    LenderView(const OneReserveLender& lender, const Book& book, const Amount& price,
        std::vector<LendingReserveInfo> reserves)
      : LendingView{std::move(reserves)}, lender_{lender}, book_{book}, price_{price}
    {}

    std::vector<AccountId> accounts() const override
    {
        std::vector<AccountId> found;
        for (const auto key : lender_.entries_.keys())
        {
            const auto& entry = lender_.entries_.get(key);
            if (!entry.debt_scaled.is_zero() || !entry.shares.is_zero() ||
                !entry.collateral.is_zero())
                found.push_back(AccountId{static_cast<std::uint32_t>(key)});
        }
        return found;
    }
    std::vector<AccountId> borrowers() const override
    {
        std::vector<AccountId> found;
        for (const auto key : lender_.entries_.keys())
        {
            if (!lender_.entries_.get(key).debt_scaled.is_zero())
                found.push_back(AccountId{static_cast<std::uint32_t>(key)});
        }
        return found;
    }
    LendingHolding holding(AccountId user, std::size_t reserve) const override
    {
        const auto& entry = lender_.entries_.get(user);
        if (reserve == OneReserveLender::collateral_reserve)
            return {entry.collateral, {}, !entry.collateral.is_zero()};
        const auto& info = this->reserve(reserve);
        return {mul_div_down(entry.shares, info.supply_index, ray).value,
            debt_of(entry.debt_scaled, book_), false};
    }
    LendingHealth health(AccountId user) const override
    {
        const auto found = lender_.position(lender_.entries_.get(user), book_, price_);
        const auto& info = reserve(OneReserveLender::collateral_reserve);
        return {found.collateral_value, found.debt, info.ltv, info.threshold, found.health_factor};
    }
    Amount max_liquidatable_debt(AccountId user, std::size_t reserve) const override
    {
        const auto found = lender_.position(lender_.entries_.get(user), book_, price_);
        const bool owed = reserve == OneReserveLender::loan_reserve && found.health_factor < wad;
        return owed ? found.debt : Amount{};
    }
    std::optional<LiquidationPreview> preview_liquidation(
        const LiquidationOrder& order) const override
    {
        if (order.debt != OneReserveLender::loan_reserve ||
            order.collateral != OneReserveLender::collateral_reserve)
            return std::nullopt;
        const auto taken = lender_.seizure(
            lender_.entries_.get(order.borrower), book_, price_, order.debt_to_cover);
        if (!taken)
            return std::nullopt;
        return LiquidationPreview{taken->debt, taken->collateral, {}};
    }

private:
    const OneReserveLender& lender_;
    Book book_;
    Amount price_;
};

std::unique_ptr<const LendingView> OneReserveLender::view_at(std::uint64_t timestamp) const
{
    CommittedReader reader;
    auto book = book_.get(0);
    accrue(book, timestamp);
    const auto worth = price(reader);

    LendingReserveInfo loan;
    loan.token = terms_.loan;
    loan.unit = Amount::power_of_ten(loan_decimals_);
    loan.price = loan.unit;
    loan.cash = loan_->holding(account());
    loan.total_debt = debt_of(book.debt_scaled, book);
    loan.total_supplied = assets(book, loan.cash);
    loan.borrow_room = loan.cash;
    loan.supply_room = Amount::max();
    loan.supply_index =
        book.shares.is_zero() ? ray : mul_div_down(loan.total_supplied, ray, book.shares).value;
    loan.borrow_index = book.borrow_index;
    loan.borrow_rate = ray_of_bps(terms_.rate_bps);
    if (!loan.total_supplied.is_zero())
    {
        loan.supply_rate =
            mul_div_down(loan.borrow_rate, loan.total_debt, loan.total_supplied).value;
    }

    LendingReserveInfo collateral;
    collateral.token = terms_.collateral;
    collateral.unit = collateral_unit_;
    collateral.price = worth;
    collateral.cash = collateral_->holding(account());
    collateral.total_supplied = collateral.cash;
    collateral.supply_room = Amount::max();
    collateral.supply_index = ray;
    collateral.borrow_index = ray;
    collateral.ltv = terms_.ltv_bps / 1e4;
    collateral.threshold = terms_.threshold_bps / 1e4;
    collateral.bonus = terms_.bonus_bps / 1e4;
    return std::make_unique<LenderView>(
        *this, book, worth, std::vector<LendingReserveInfo>{loan, collateral});
}

std::optional<std::size_t> OneReserveLender::find_reserve(ContractId token) const noexcept
{
    if (token == terms_.loan)
        return loan_reserve;
    return token == terms_.collateral ? std::optional{collateral_reserve} : std::nullopt;
}

contracts::CallGas OneReserveLender::gas_of(LendingAction action) const noexcept
{
    switch (action)
    {
        case LendingAction::supply: return {std::max(Deposit::gas, Pledge::gas), 0};
        case LendingAction::withdraw: return {std::max(Redeem::gas, Unpledge::gas), 0};
        case LendingAction::borrow: return {TakeLoan::gas, 0};
        case LendingAction::repay: return {PayBack::gas, 0};
        case LendingAction::liquidate: return {Seize::gas, Seize::gas_of_transfer};
        case LendingAction::flash_borrow: break;
    }
    return {};
}

void OneReserveLender::add_supply(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId on_behalf_of) const
{
    if (reserve == loan_reserve)
        calls.add(id(), Deposit{amount, on_behalf_of});
    else
        calls.add(id(), Pledge{amount, on_behalf_of});
}

void OneReserveLender::add_withdraw(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const
{
    if (reserve == loan_reserve)
        calls.add(id(), Redeem{amount, to});
    else
        calls.add(id(), Unpledge{amount, to});
}

void OneReserveLender::add_borrow(CallWriter& calls, std::size_t, const Amount& amount) const
{
    calls.add(id(), TakeLoan{amount});
}

void OneReserveLender::add_repay(
    CallWriter& calls, std::size_t, const Amount& amount, AccountId debtor) const
{
    calls.add(id(), PayBack{amount, debtor});
}

void OneReserveLender::add_liquidation(CallWriter& calls, const LiquidationOrder& order) const
{
    calls.add(id(), Seize{order.borrower, order.debt_to_cover});
}

// --- Calls --------------------------------------------------------------------------------------

Result<void> OneReserveLender::pull(CallContext& context, std::size_t reserve, const Amount& amount)
{
    auto& token = reserve == loan_reserve ? *loan_ : *collateral_;
    return token.transfer_from(context.as(account()), context.sender(), account(), amount);
}

Result<void> OneReserveLender::send(
    CallContext& context, std::size_t reserve, AccountId to, const Amount& amount)
{
    auto& token = reserve == loan_reserve ? *loan_ : *collateral_;
    return token.transfer(context.as(account()), to, amount);
}

Result<Returns> OneReserveLender::execute(const Deposit& call, CallContext& context)
{
    auto& book = context.write(book_, 0);
    auto& entry = context.write(entries_, call.on_behalf_of);
    accrue(book, context.block().timestamp);
    const auto owned = assets(book, loan_->holding(context, account()));
    const auto shares = book.shares.is_zero()
                            ? call.amount
                            : RUNNEL_TRY(mul_div_down(call.amount, book.shares, owned));
    RUNNEL_REQUIRE(!shares.is_zero(), Refusal::error("Lender: nothing to deposit"));
    RUNNEL_TRY(pull(context, loan_reserve, call.amount));
    book.shares = wrapping_add(book.shares, shares);
    entry.shares = wrapping_add(entry.shares, shares);
    emit_supply(
        context, loan_reserve, context.sender(), call.on_behalf_of, zero_account, call.amount);
    emit_account(context, call.on_behalf_of);
    return Returns{};
}

Result<Returns> OneReserveLender::execute(const Redeem& call, CallContext& context)
{
    const auto sender = context.sender();
    auto& book = context.write(book_, 0);
    auto& entry = context.write(entries_, sender);
    accrue(book, context.block().timestamp);
    const auto owned = assets(book, loan_->holding(context, account()));
    RUNNEL_REQUIRE(!entry.shares.is_zero(), Refusal::error("Lender: nothing deposited"));
    const auto all = mul_div_down(entry.shares, owned, book.shares).value;
    const auto amount = call.amount == Amount::max() ? all : call.amount;
    RUNNEL_REQUIRE(amount <= all, Refusal::error("Lender: more than deposited"));
    const auto shares = amount == all ? entry.shares : mul_div_up(amount, book.shares, owned).value;
    book.shares = wrapping_sub(book.shares, shares);
    entry.shares = wrapping_sub(entry.shares, shares);
    RUNNEL_TRY(send(context, loan_reserve, call.to, amount));
    emit_supply(context, loan_reserve, sender, sender, call.to, amount);
    emit_account(context, sender);
    return Returns{amount};
}

Result<Returns> OneReserveLender::execute(const Pledge& call, CallContext& context)
{
    auto& entry = context.write(entries_, call.on_behalf_of);
    accrue(context.write(book_, 0), context.block().timestamp);
    RUNNEL_TRY(pull(context, collateral_reserve, call.amount));
    entry.collateral = wrapping_add(entry.collateral, call.amount);
    emit_supply(context, collateral_reserve, context.sender(), call.on_behalf_of, zero_account,
        call.amount);
    emit_account(context, call.on_behalf_of);
    return Returns{};
}

Result<Returns> OneReserveLender::execute(const Unpledge& call, CallContext& context)
{
    const auto sender = context.sender();
    auto& book = context.write(book_, 0);
    auto& entry = context.write(entries_, sender);
    accrue(book, context.block().timestamp);
    const auto amount = call.amount == Amount::max() ? entry.collateral : call.amount;
    RUNNEL_REQUIRE(amount <= entry.collateral, Refusal::error("Lender: more than pledged"));
    entry.collateral = wrapping_sub(entry.collateral, amount);
    RUNNEL_REQUIRE(position(entry, book, price(context)).health_factor >= wad,
        Refusal::error("Lender: debt would not be covered"));
    RUNNEL_TRY(send(context, collateral_reserve, call.to, amount));
    emit_supply(context, collateral_reserve, sender, sender, call.to, amount);
    emit_account(context, sender);
    return Returns{amount};
}

Result<Returns> OneReserveLender::execute(const TakeLoan& call, CallContext& context)
{
    const auto sender = context.sender();
    auto& book = context.write(book_, 0);
    auto& entry = context.write(entries_, sender);
    accrue(book, context.block().timestamp);
    const auto scaled = RUNNEL_TRY(mul_div_up(call.amount, ray, book.borrow_index));
    book.debt_scaled = wrapping_add(book.debt_scaled, scaled);
    entry.debt_scaled = wrapping_add(entry.debt_scaled, scaled);
    const auto found = position(entry, book, price(context));
    RUNNEL_REQUIRE(found.debt <= mul_div_down(found.collateral_value, terms_.ltv_bps, bps).value,
        Refusal::error("Lender: not enough collateral"));
    RUNNEL_TRY(send(context, loan_reserve, sender, call.amount));
    context.emit(id(),
        LendingBorrow{LendingBorrowType::borrow, terms_.loan, sender, sender, {}, {}, call.amount});
    emit_account(context, sender);
    return Returns{};
}

Result<Returns> OneReserveLender::execute(const PayBack& call, CallContext& context)
{
    auto& book = context.write(book_, 0);
    auto& entry = context.write(entries_, call.debtor);
    accrue(book, context.block().timestamp);
    const auto debt = debt_of(entry.debt_scaled, book);
    const auto amount = std::min(call.amount, debt);
    RUNNEL_REQUIRE(!amount.is_zero(), Refusal::error("Lender: nothing to repay"));
    const auto scaled =
        amount == debt ? entry.debt_scaled : mul_div_down(amount, ray, book.borrow_index).value;
    book.debt_scaled = wrapping_sub(book.debt_scaled, scaled);
    entry.debt_scaled = wrapping_sub(entry.debt_scaled, scaled);
    RUNNEL_TRY(pull(context, loan_reserve, amount));
    context.emit(id(), LendingBorrow{LendingBorrowType::repay, terms_.loan, call.debtor,
                           call.debtor, context.sender(), {}, amount});
    emit_account(context, call.debtor);
    return Returns{amount};
}

Result<Returns> OneReserveLender::execute(const Seize& call, CallContext& context)
{
    const auto sender = context.sender();
    auto& book = context.write(book_, 0);
    auto& entry = context.write(entries_, call.debtor);
    accrue(book, context.block().timestamp);
    const auto worth = price(context);
    const auto taken = seizure(entry, book, worth, call.amount);
    RUNNEL_REQUIRE(taken.has_value(), Refusal::error("Lender: debt is covered"));
    const auto scaled = taken->debt == debt_of(entry.debt_scaled, book)
                            ? entry.debt_scaled
                            : mul_div_down(taken->debt, ray, book.borrow_index).value;
    book.debt_scaled = wrapping_sub(book.debt_scaled, scaled);
    entry.debt_scaled = wrapping_sub(entry.debt_scaled, scaled);
    entry.collateral = wrapping_sub(entry.collateral, taken->collateral);
    RUNNEL_TRY(pull(context, loan_reserve, taken->debt));
    RUNNEL_TRY(context.charge_gas(Seize::gas_of_transfer));
    RUNNEL_TRY(send(context, collateral_reserve, sender, taken->collateral));

    context.emit(id(), LendingBorrow{LendingBorrowType::borrow_liquidation, terms_.loan,
                           call.debtor, call.debtor, sender, sender, taken->debt});
    context.emit(id(), LendingSupply{LendingSupplyType::supply_liquidation, terms_.collateral,
                           call.debtor, call.debtor, sender, sender, taken->collateral});
    context.emit(id(),
        LendingLiquidation{call.debtor, sender, terms_.collateral, terms_.loan, taken->collateral,
            {}, taken->debt, mul_div_down(taken->collateral, worth, collateral_unit_).value,
            taken->debt, terms_.loan, loan_decimals_});
    emit_account(context, call.debtor);
    return Returns{taken->debt, taken->collateral};
}

// --- Rows ---------------------------------------------------------------------------------------

void OneReserveLender::emit_supply(CallContext& context, std::size_t reserve, AccountId depositor,
    AccountId on_behalf_of, AccountId withdrawn_to, const Amount& amount) const
{
    const auto type =
        withdrawn_to == zero_account ? LendingSupplyType::supply : LendingSupplyType::withdraw;
    context.emit(
        id(), LendingSupply{type, reserve == loan_reserve ? terms_.loan : terms_.collateral,
                  depositor, on_behalf_of, withdrawn_to, zero_account, amount});
}

void OneReserveLender::emit_account(CallContext& context, AccountId account)
{
    const auto& book = context.write(book_, 0);
    const auto& entry = context.write(entries_, account);
    const auto owned = assets(book, loan_->holding(context, this->account()));
    const auto supplied =
        book.shares.is_zero() ? Amount{} : mul_div_down(entry.shares, owned, book.shares).value;
    const auto found = position(entry, book, price(context));
    context.emit(id(), LendingBalance{account, terms_.loan, entry.shares, entry.debt_scaled,
                           supplied, found.debt, false});
    context.emit(id(), LendingBalance{account, terms_.collateral, entry.collateral, {},
                           entry.collateral, {}, !entry.collateral.is_zero()});
    context.emit(id(), LendingPosition{account, found.collateral_value, found.debt,
                           terms_.threshold_bps, found.health_factor, terms_.loan, loan_decimals_});
}

void OneReserveLender::snapshot(SnapshotContext& context) const
{
    contracts::snapshot_lending(context, id(), *this);
}

void OneReserveLender::check_invariants(const World&, Findings& findings) const
{
    Book sum;
    Amount pledged;
    for (const auto key : entries_.keys())
    {
        const auto& entry = entries_.get(key);
        sum.shares = wrapping_add(sum.shares, entry.shares);
        sum.debt_scaled = wrapping_add(sum.debt_scaled, entry.debt_scaled);
        pledged = wrapping_add(pledged, entry.collateral);
    }
    const auto& book = book_.get(0);
    if (sum.shares != book.shares || sum.debt_scaled != book.debt_scaled)
        findings.push_back(name() + ": entries do not sum to the book");
    if (pledged > collateral_->holding(account()))
        findings.push_back(name() + ": more is pledged than held");
}

}  // namespace runnel::toy
