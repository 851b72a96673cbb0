#include "contracts/custody/custodial_exchange/exchange.hpp"
#include "state/world.hpp"

#include <utility>

/// What an exchange's operator does. Sums are not checked for overflow: none is more than wallets
/// hold, which is at most a token's supply.
namespace runnel::contracts
{

using namespace custodial_exchange;

namespace
{
void add(Amount& to, const Amount& amount)
{
    to = wrapping_add(to, amount);
}
void take(Amount& from, const Amount& amount)
{
    from = wrapping_sub(from, amount);
}
}  // namespace

// ---- What comes in ----

Result<Returns> CustodialExchange::execute(const Credit& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    const auto* listing = RUNNEL_TRY(require_listed(call.token));
    const auto& minimum = terms_of(call.token).deposit_minimum;
    Amount credited;
    for (const auto& deposit : call.deposits)
    {
        const auto* customer = RUNNEL_TRY(require_customer(context, deposit.customer));
        const auto account_id = customer->account;
        const auto held = holding(context, *listing, customer->deposit_account);
        auto& books_of = change(context, account_id, call.token);
        // Coins may have been taken away at the address: by a token that rebases.
        const auto came = held > books_of.unswept ? wrapping_sub(held, books_of.unswept) : Amount{};
        if (came.is_zero() || came < minimum)
            continue;
        const bool passes = screen(context, account_id, deposit.source, call.token, came, true) ==
                            ScreeningVerdict::pass;
        auto& books = context.write(assets_, index(call.token));
        add(books_of.total, came);
        add(books_of.unswept, came);
        if (!passes)
            add(books_of.held, came);
        add(books.owed, came);
        add(books.unswept, came);
        add(credited, came);
        context.emit(id(),
            CustodianMove{passes ? CustodianMoveType::deposit : CustodianMoveType::held_deposit,
                account_id, deposit.source, call.token, came, {}, 0});
    }
    RUNNEL_REQUIRE(!credited.is_zero(), Refusal::error("CustodialExchange: nothing to credit"));
    return Returns{credited};
}

Result<Returns> CustodialExchange::execute(const Sweep& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    const auto* listing = RUNNEL_TRY(require_listed(call.token));
    Amount swept;
    for (const auto number : call.customers)
    {
        const auto* customer = RUNNEL_TRY(require_customer(context, number));
        auto& books_of = change(context, customer->account, call.token);
        if (books_of.unswept.is_zero())
            continue;
        RUNNEL_TRY(context.charge_gas(gas_per_sweep));
        const auto amount = std::exchange(books_of.unswept, Amount{});
        auto& books = context.write(assets_, index(call.token));
        take(books.unswept, amount);
        add(books.hot, amount);
        add(swept, amount);
        RUNNEL_TRY(move_inside(context, *listing, customer->deposit_account, hot_wallet(), amount));
        context.emit(id(), CustodianMove{CustodianMoveType::sweep, customer->account, zero_account,
                               call.token, amount, {}, 0});
    }
    RUNNEL_REQUIRE(!swept.is_zero(), Refusal::error("CustodialExchange: nothing to sweep"));
    return Returns{swept};
}

Result<Returns> CustodialExchange::execute(const ReleaseDeposits& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    RUNNEL_TRY(require_listed(call.token));
    const auto* customer = RUNNEL_TRY(require_customer(context, call.customer));
    auto& books_of = change(context, customer->account, call.token);
    RUNNEL_REQUIRE(!books_of.held.is_zero(), Refusal::error("CustodialExchange: nothing held"));
    const auto released = std::exchange(books_of.held, Amount{});
    context.emit(id(), CustodianMove{CustodianMoveType::release, customer->account, zero_account,
                           call.token, released, {}, 0});
    return Returns{released};
}

// ---- What goes out ----

Result<Returns> CustodialExchange::execute(const PayBatch& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    const auto* listing = RUNNEL_TRY(require_listed(call.token));
    auto& books = context.write(assets_, index(call.token));
    std::uint32_t paid = 0;
    Amount sum;
    while (paid < call.withdrawals && books.first != 0)
    {
        auto& request = context.write(withdrawals_, books.first);
        const auto out = wrapping_sub(request.amount, request.fee);
        const bool was_rejected = request.amount.is_zero();
        if (!was_rejected && books.hot < out)
            break;
        books.first = request.next;
        if (books.first == 0)
            books.last = 0;
        const auto done = std::exchange(request, Withdrawal{});
        if (was_rejected)
            continue;
        RUNNEL_TRY(context.charge_gas(gas_per_payment));
        const auto customer = context.read(customers_, done.customer).account;
        auto& books_of = change(context, customer, call.token);
        take(books_of.total, done.amount);
        take(books_of.withdrawing, done.amount);
        take(books.owed, done.amount);
        take(books.withdrawing, done.amount);
        take(books.waiting_amount, done.amount);
        --books.waiting;
        add(books.own, done.fee);
        take(books.hot, out);
        add(sum, out);
        ++paid;
        RUNNEL_TRY(move(context, *listing, hot_wallet(), done.to, out));
        context.emit(id(), CustodianMove{CustodianMoveType::withdrawal, customer, done.to,
                               call.token, done.amount, done.fee, done.requested_at});
    }
    RUNNEL_REQUIRE(
        paid > 0, Refusal::error(books.waiting == 0 ? "CustodialExchange: nothing to pay"
                                                    : "CustodialExchange: hot wallet is empty"));
    return Returns{Amount{paid}, sum};
}

Result<Returns> CustodialExchange::execute(const RejectWithdrawal& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    RUNNEL_REQUIRE(!context.read(withdrawals_, call.withdrawal).amount.is_zero(),
        Refusal::error("CustodialExchange: no such withdrawal"));
    // What waits behind it is found through it: it stays in the queue as one of nothing.
    auto& request = context.write(withdrawals_, call.withdrawal);
    const auto done = std::exchange(request, Withdrawal{});
    request.next = done.next;
    const auto customer = context.read(customers_, done.customer).account;
    auto& books_of = change(context, customer, done.token);
    auto& books = context.write(assets_, index(done.token));
    take(books_of.withdrawing, done.amount);
    take(books.withdrawing, done.amount);
    if (!done.is_held)
    {
        --books.waiting;
        take(books.waiting_amount, done.amount);
    }
    context.emit(id(), CustodianMove{CustodianMoveType::rejection, customer, done.to, done.token,
                           done.amount, {}, done.requested_at});
    return Returns{done.amount};
}

Result<Returns> CustodialExchange::execute(const ReleaseWithdrawal& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    const auto& found = context.read(withdrawals_, call.withdrawal);
    RUNNEL_REQUIRE(
        !found.amount.is_zero(), Refusal::error("CustodialExchange: no such withdrawal"));
    RUNNEL_REQUIRE(found.is_held, Refusal::error("CustodialExchange: not held"));
    auto& request = context.write(withdrawals_, call.withdrawal);
    request.is_held = false;
    enqueue(context, call.withdrawal);
    context.emit(id(), CustodianMove{CustodianMoveType::release,
                           context.read(customers_, request.customer).account, request.to,
                           request.token, request.amount, request.fee, request.requested_at});
    return Returns{};
}

Result<Returns> CustodialExchange::execute(const FreezeCustomer& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    RUNNEL_TRY(require_customer(context, call.customer));
    context.write(customers_, call.customer).is_frozen = call.is_frozen;
    return Returns{};
}

// ---- Hot and cold ----

Result<Returns> CustodialExchange::execute(const MoveToCold& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    const auto* listing = RUNNEL_TRY(require_listed(call.token));
    auto& books = context.write(assets_, index(call.token));
    RUNNEL_REQUIRE(!call.amount.is_zero() && call.amount <= books.hot,
        Refusal::error("CustodialExchange: nothing to move"));
    take(books.hot, call.amount);
    add(books.cold, call.amount);
    RUNNEL_TRY(move_inside(context, *listing, hot_wallet(), cold_, call.amount));
    context.emit(id(), CustodianMove{CustodianMoveType::to_cold, zero_account, zero_account,
                           call.token, call.amount, {}, 0});
    return Returns{};
}

Result<Returns> CustodialExchange::execute(const RequestRefill& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    RUNNEL_TRY(require_listed(call.token));
    auto& books = context.write(assets_, index(call.token));
    RUNNEL_REQUIRE(!call.amount.is_zero() && call.amount <= books.cold,
        Refusal::error("CustodialExchange: cold wallet has not enough"));
    books.refill = call.amount;
    books.refill_ready_at = context.block().timestamp + terms_.cold_delay_seconds;
    return Returns{Amount{books.refill_ready_at}};
}

Result<Returns> CustodialExchange::execute(const Refill& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    const auto* listing = RUNNEL_TRY(require_listed(call.token));
    auto& books = context.write(assets_, index(call.token));
    RUNNEL_REQUIRE(!books.refill.is_zero() && context.block().timestamp >= books.refill_ready_at,
        Refusal::error("CustodialExchange: no refill is due"));
    const auto amount = std::exchange(books.refill, Amount{});
    books.refill_ready_at = 0;
    take(books.cold, amount);
    add(books.hot, amount);
    RUNNEL_TRY(move_inside(context, *listing, cold_, hot_wallet(), amount));
    context.emit(id(), CustodianMove{CustodianMoveType::to_hot, zero_account, zero_account,
                           call.token, amount, {}, 0});
    return Returns{amount};
}

// ---- Statements ----

Result<Returns> CustodialExchange::execute(const TakeReport&, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    auto& state = context.write(state_, 0);
    ++state.report;
    state.report_taken_at = context.block().timestamp;
    for (const auto token : tokens_)
    {
        const auto& books = context.read(assets_, index(token));
        auto& statement = context.write(statements_, index(token));
        statement.owed = books.owed;
        statement.reserves = wrapping_add(books.hot, wrapping_add(books.cold, books.unswept));
        statement.unswept = books.unswept;
    }
    return Returns{Amount{state.report}};
}

Result<Returns> CustodialExchange::execute(const PublishReserves& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    RUNNEL_TRY(require_listed(call.token));
    const auto& state = context.read(state_, 0);
    RUNNEL_REQUIRE(state.report != 0, Refusal::error("CustodialExchange: no report"));
    auto& statement = context.write(statements_, index(call.token));
    statement.report = state.report;
    statement.root = call.root;
    statement.total = call.total;
    statement.leaves = call.leaves;
    statement.published_at = context.block().timestamp;
    context.emit(
        id(), CustodianStatement{call.token, state.report, state.report_taken_at, call.total,
                  statement.owed, call.leaves, statement.reserves, statement.unswept});
    return Returns{};
}

Result<Returns> CustodialExchange::execute(const Misstate& call, CallContext& context)
{
    RUNNEL_TRY(require_operator(context));
    RUNNEL_TRY(require_listed(call.token));
    const auto* customer = RUNNEL_TRY(require_customer(context, call.customer));
    context.write(misstatements_, account_contract_key(customer->account, call.token)) = {
        true, call.is_omitted, call.is_omitted ? Amount{} : call.stated};
    return Returns{};
}

}  // namespace runnel::contracts
