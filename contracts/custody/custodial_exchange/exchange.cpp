#include "contracts/custody/custodial_exchange/exchange.hpp"

#include "contracts/kit/creation.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

/// What an exchange is, what it shows, and what its customers do.
namespace runnel::contracts
{

using namespace custodial_exchange;

namespace
{
constexpr std::uint64_t day_seconds = 86'400;
constexpr std::uint32_t bps_whole = 10'000;

/// What deposit addresses are made of: stands for the code of a forwarder's constructor.
const Hash& forwarder_code()
{
    static const auto hash = keccak256("runnel: forwarder of a custodial exchange");
    return hash;
}
}  // namespace

CustodialExchange::CustodialExchange(ContractIdentity identity, Terms terms)
  : ContractBase{std::move(identity)},
    terms_{std::move(terms)},
    state_{name() + ".state"},
    customers_{name() + ".customers"},
    numbers_{name() + ".numbers", KeyOf::account},
    entries_{name() + ".entries", KeyOf::account_contract},
    misstatements_{name() + ".misstatements", KeyOf::account_contract},
    assets_{name() + ".assets", KeyOf::contract},
    statements_{name() + ".statements", KeyOf::contract},
    withdrawals_{name() + ".withdrawals"}
{
    for (const auto& token : terms_.tokens)
        tokens_.push_back(token.token);
    entries_.set_conservation_weight(1);
    assets_.set_conservation_weight(-1);
    add_table(state_);
    add_table(customers_);
    add_table(numbers_);
    add_table(entries_);
    add_table(misstatements_);
    add_table(assets_);
    add_table(statements_);
    add_table(withdrawals_);
}

void CustodialExchange::connect(World& world)
{
    world_ = &world;
    coin_ = dynamic_cast<NativeCoin*>(world.find_contract(native_coin));
    listings_.clear();
    for (const auto token : tokens_)
    {
        Listing listing{token, token == native_coin ? nullptr : &token_at(world, token), {}};
        listing.unit = Amount::power_of_ten(world.contract(token).token_info().value().decimals);
        listings_.push_back(listing);
    }
    if (terms_.prices)
    {
        prices_ = dynamic_cast<const PriceSource*>(world.find_contract(*terms_.prices));
        RUNNEL_CHECK(prices_ != nullptr);
    }
    if (terms_.screening)
    {
        screening_ = dynamic_cast<ScreeningPolicy*>(world.find_contract(*terms_.screening));
        RUNNEL_CHECK(screening_ != nullptr);
    }
    operator_ = world.find_account(terms_.operated_by).value_or(zero_account);
    cold_ = world.find_account(name() + "/cold").value_or(zero_account);
}

void CustodialExchange::endow(World& world, ContractId token, const Amount& amount)
{
    if (amount.is_zero())
        return;
    const auto* listing = find_listing(token);
    RUNNEL_CHECK(listing != nullptr);
    const auto add = [&amount](Amount& to) { to = wrapping_add(to, amount); };
    if (listing->token != nullptr)
    {
        const bool given = listing->token->allocate(world, account(), amount);
        RUNNEL_CHECK(given);
    }
    else
    {
        add(world.native_supply.at(0));
        add(world.account_states.at(account()).balance);
    }
    auto& books = assets_.at(index(token));
    add(books.own);
    add(books.hot);
}

// ---- What it shows ----

void CustodialExchange::snapshot(SnapshotContext& context) const
{
    for (const auto token : tokens_)
    {
        const auto& books = asset(token);
        context.emit(id(), CustodianRow{token, books.owed, books.own, books.hot, books.cold,
                               books.unswept, books.withdrawing, books.waiting, customers()});
    }
}

void CustodialExchange::check_invariants(const World& world, Findings& findings) const
{
    const auto count = customers();
    for (const auto& listing : listings_)
    {
        const auto& books = asset(listing.id);
        const auto& token_name = world.contract(listing.id).name();
        const auto claims = wrapping_add(books.owed, books.own);
        const auto places = wallets(listing.id).total();
        if (claims != places)
        {
            findings.push_back(fmt::format("{}: {} of {} is owed or its own, its wallets have {}",
                name(), claims.to_string(), token_name, places.to_string()));
        }
        Amount owed;
        Amount unswept;
        Amount withdrawing;
        for (std::uint32_t number = 0; number < count; ++number)
        {
            const auto& books_of = entry(number, listing.id);
            owed = wrapping_add(owed, books_of.total);
            unswept = wrapping_add(unswept, books_of.unswept);
            withdrawing = wrapping_add(withdrawing, books_of.withdrawing);
            const auto bound = Checked{books_of.withdrawing} + books_of.held;
            if (!bound.ok() || bound.value > books_of.total)
            {
                findings.push_back(fmt::format(
                    "{}: customer {} has less {} than is bound", name(), number, token_name));
            }
            if (holding(listing, deposit_account(number)) < books_of.unswept)
            {
                findings.push_back(
                    fmt::format("{}: the deposit address of customer {} has less {} "
                                "than was credited and not swept",
                        name(), number, token_name));
            }
        }
        if (owed != books.owed || unswept != books.unswept || withdrawing != books.withdrawing)
        {
            findings.push_back(
                fmt::format("{}: the entries of customers do not add up to the books of {}", name(),
                    token_name));
        }
        if (holding(listing, account()) < books.hot || holding(listing, cold_) < books.cold)
        {
            findings.push_back(
                fmt::format("{}: its wallets have {} and {} of {}, less than the {} "
                            "and {} of its books",
                    name(), holding(listing, account()).to_string(),
                    holding(listing, cold_).to_string(), token_name, books.hot.to_string(),
                    books.cold.to_string()));
        }
        std::uint64_t waiting = 0;
        Amount waiting_amount;
        for (auto number = books.first; number != 0; number = withdrawals_.get(number).next)
        {
            const auto& request = withdrawals_.get(number);
            waiting += request.amount.is_zero() ? 0 : 1;
            waiting_amount = wrapping_add(waiting_amount, request.amount);
        }
        if (waiting != books.waiting || waiting_amount != books.waiting_amount)
        {
            findings.push_back(fmt::format(
                "{}: what waits is not the queue of withdrawals of {}", name(), token_name));
        }
    }
}

std::optional<std::uint32_t> CustodialExchange::number_of(AccountId account) const
{
    const auto number = numbers_.get(account).number;
    return number == 0 ? std::nullopt : std::optional{number - 1};
}

Address CustodialExchange::deposit_address(const Address& customer) const
{
    Bytes salt;
    Encoder{salt}.put(customer);
    return create2_address(
        world_->account(account()).address, keccak256(ByteView{salt}), forwarder_code());
}

CustodianBalance CustodialExchange::balance(std::uint32_t customer, ContractId token) const
{
    const auto& books = entry(customer, token);
    return {books.available(), books.withdrawing, books.held};
}

CustodianWallets CustodialExchange::wallets(ContractId token) const
{
    const auto& books = asset(token);
    return {books.hot, books.cold, books.unswept};
}

Amount CustodialExchange::uncredited(std::uint32_t customer, ContractId token) const
{
    const auto* listing = find_listing(token);
    if (listing == nullptr || customer >= customers())
        return {};
    const auto held = holding(*listing, deposit_account(customer));
    const auto& known = entry(customer, token).unswept;
    const auto came = held > known ? wrapping_sub(held, known) : Amount{};
    return came < terms_of(token).deposit_minimum ? Amount{} : came;
}

std::optional<Amount> CustodialExchange::quote_trade(
    ContractId token_in, ContractId token_out, const Amount& amount_in) const
{
    const auto* in = find_listing(token_in);
    const auto* out = find_listing(token_out);
    if (in == nullptr || out == nullptr || in == out || prices_ == nullptr)
        return std::nullopt;
    const auto result = quote(*in, *out, amount_in,
        [&](ContractId token) -> const Amount&
        { return prices_->prices().get(index(token)).price; });
    if (!result.has_value() || result->out.is_zero() || result->out > own(token_out))
        return std::nullopt;
    return result->out;
}

const Amount& CustodialExchange::withdrawal_fee(ContractId token) const
{
    return terms_of(token).withdrawal_fee;
}

const Amount& CustodialExchange::withdrawal_minimum(ContractId token) const
{
    return terms_of(token).withdrawal_minimum;
}

Amount CustodialExchange::withdrawal_room(
    std::uint32_t customer, ContractId token, std::uint64_t at) const
{
    const auto& limit = terms_of(token).daily_limit;
    if (limit.is_zero())
        return Amount::max();
    const auto& books = entry(customer, token);
    const auto used = books.day == at / day_seconds ? books.withdrawn : Amount{};
    return used < limit ? wrapping_sub(limit, used) : Amount{};
}

std::optional<std::uint64_t> CustodialExchange::next_withdrawal(ContractId token) const
{
    for (auto number = asset(token).first; number != 0; number = withdrawals_.get(number).next)
    {
        if (!withdrawals_.get(number).amount.is_zero())
            return number;
    }
    return std::nullopt;
}

std::optional<CustodianWithdrawal> CustodialExchange::withdrawal(std::uint64_t number) const
{
    const auto& request = withdrawals_.get(number);
    if (request.amount.is_zero())
        return std::nullopt;
    return CustodianWithdrawal{customer(request.customer), request.token, request.to,
        request.amount, request.fee, request.requested_at, request.is_held};
}

ReserveStatement CustodialExchange::statement(ContractId token) const
{
    const auto& published = statements_.get(index(token));
    return {published.report, {published.root, published.total}, published.leaves,
        published.published_at};
}

Amount CustodialExchange::reported_balance(std::uint32_t customer, ContractId token) const
{
    const auto& books = entry(customer, token);
    return books.report == report() ? books.reported : books.total;
}

std::optional<Amount> CustodialExchange::stated_balance(
    std::uint32_t customer, ContractId token) const
{
    const auto& lie =
        misstatements_.get(account_contract_key(customers_.get(customer).account, token));
    if (!lie.is_given)
        return reported_balance(customer, token);
    return lie.is_omitted ? std::nullopt : std::optional{lie.stated};
}

// ---- What the calls have in common ----

const CustodialExchange::Listing* CustodialExchange::find_listing(ContractId token) const noexcept
{
    const auto found = std::find_if(listings_.begin(), listings_.end(),
        [token](const Listing& listing) { return listing.id == token; });
    return found == listings_.end() ? nullptr : &*found;
}

const TokenTerms& CustodialExchange::terms_of(ContractId token) const
{
    static const TokenTerms none{};
    const auto found = std::find_if(terms_.tokens.begin(), terms_.tokens.end(),
        [token](const TokenTerms& terms) { return terms.token == token; });
    return found == terms_.tokens.end() ? none : *found;
}

Amount CustodialExchange::holding(const Listing& listing, AccountId account) const
{
    return listing.token == nullptr ? world_->account_states.get(account).balance
                                    : listing.token->holding(account);
}

Amount CustodialExchange::holding(
    CallContext& context, const Listing& listing, AccountId account) const
{
    return listing.token == nullptr ? context.read(world_->account_states, account).balance
                                    : listing.token->holding(context, account);
}

Result<void> CustodialExchange::move(CallContext& context, const Listing& listing, AccountId from,
    AccountId to, const Amount& amount) const
{
    auto mover = context.as(from);
    if (listing.token == nullptr)
    {
        RUNNEL_TRY(coin_->execute(NativeTransfer{to, amount}, mover));
        return {};
    }
    return openzeppelin::safe_5(
        listing.token->transfer(mover, to, amount), world_->contract(listing.id).account());
}

Result<void> CustodialExchange::move_inside(CallContext& context, const Listing& listing,
    AccountId from, AccountId to, const Amount& amount) const
{
    const auto before = holding(context, listing, to);
    RUNNEL_TRY(move(context, listing, from, to, amount));
    RUNNEL_REQUIRE(holding(context, listing, to) == wrapping_add(before, amount),
        Refusal::error("CustodialExchange: token did not arrive in full"));
    return {};
}

Result<const CustodialExchange::Listing*> CustodialExchange::require_listed(ContractId token) const
{
    const auto* listing = find_listing(token);
    RUNNEL_REQUIRE(listing != nullptr, Refusal::error("CustodialExchange: not listed"));
    return listing;
}

Result<void> CustodialExchange::require_operator(const CallContext& context) const
{
    RUNNEL_REQUIRE(
        context.sender() == operator_, Refusal::error("CustodialExchange: not the operator"));
    return {};
}

Result<const Customer*> CustodialExchange::require_customer(
    CallContext& context, std::uint32_t customer) const
{
    RUNNEL_REQUIRE(customer < context.read(state_, 0).customers,
        Refusal::error("CustodialExchange: no such customer"));
    return &context.read(customers_, customer);
}

Result<std::uint32_t> CustodialExchange::require_active(CallContext& context) const
{
    const auto number = context.read(numbers_, context.sender()).number;
    RUNNEL_REQUIRE(number != 0, Refusal::error("CustodialExchange: not a customer"));
    RUNNEL_REQUIRE(!context.read(customers_, number - 1).is_frozen,
        Refusal::error("CustodialExchange: account is frozen"));
    return number - 1;
}

Entry& CustodialExchange::change(CallContext& context, AccountId customer, ContractId token)
{
    auto& books = context.write(entries_, account_contract_key(customer, token));
    const auto report = context.read(state_, 0).report;
    if (books.report != report)
    {
        books.report = report;
        books.reported = books.total;
    }
    return books;
}

template <typename Read>
Result<CustodialExchange::Quote> CustodialExchange::quote(
    const Listing& in, const Listing& out, const Amount& amount_in, Read&& read_price) const
{
    const Amount price_in = read_price(in.id);
    const Amount price_out = read_price(out.id);
    RUNNEL_REQUIRE(
        !price_in.is_zero() && !price_out.is_zero(), Refusal::error("CustodialExchange: no price"));
    const Amount numerator = RUNNEL_TRY(Checked{price_in} * out.unit);
    const Amount denominator = RUNNEL_TRY(Checked{price_out} * in.unit);
    const Amount gross = RUNNEL_TRY(mul_div_down(amount_in, numerator, denominator));
    const auto spread = mul_div_up(gross, terms_.spread_bps, bps_whole).value;
    return Quote{wrapping_sub(gross, spread), spread};
}

ScreeningVerdict CustodialExchange::screen(CallContext& context, AccountId customer,
    AccountId counterparty, ContractId token, const Amount& amount, bool is_deposit) const
{
    if (screening_ == nullptr)
        return ScreeningVerdict::pass;
    auto own = context.as(account());
    return screening_->screen(own, {account(), customer, counterparty, token, amount, is_deposit});
}

bool CustodialExchange::is_own_wallet(AccountId account_id) const noexcept
{
    return account_id == account() || account_id == cold_;
}

// ---- What customers do ----

Result<Returns> CustodialExchange::execute(const OpenAccount& call, CallContext& context)
{
    const auto customer = context.sender();
    const auto& world = context.world();
    RUNNEL_TRY(require_account(world, call.deposit_account));
    auto& number = context.write(numbers_, customer).number;
    RUNNEL_REQUIRE(number == 0, Refusal::error("CustodialExchange: account exists"));
    RUNNEL_REQUIRE(world.account(call.deposit_account).address ==
                       deposit_address(world.account(customer).address),
        Refusal::error("CustodialExchange: wrong deposit address"));
    auto& state = context.write(state_, 0);
    context.write(customers_, state.customers) = {customer, call.deposit_account, call.salt, false};
    number = ++state.customers;
    context.emit(id(), CustodianAccount{customer, number - 1, call.deposit_account});
    return Returns{Amount{number - 1}};
}

Result<Returns> CustodialExchange::execute(const Trade& call, CallContext& context)
{
    const auto* in = RUNNEL_TRY(require_listed(call.token_in));
    const auto* out = RUNNEL_TRY(require_listed(call.token_out));
    RUNNEL_TRY(require_active(context));
    const auto customer = context.sender();
    RUNNEL_REQUIRE(in != out && !call.amount_in.is_zero(),
        Refusal::error("CustodialExchange: nothing to trade"));
    RUNNEL_REQUIRE(prices_ != nullptr, Refusal::error("CustodialExchange: no price"));
    const auto result = RUNNEL_TRY(quote(*in, *out, call.amount_in,
        [&](ContractId token) -> const Amount&
        { return context.read(prices_->prices(), index(token)).price; }));
    RUNNEL_REQUIRE(!result.out.is_zero(), Refusal::error("CustodialExchange: nothing to trade"));
    RUNNEL_REQUIRE(
        result.out >= call.amount_out_min, Refusal::error("CustodialExchange: below the limit"));
    auto& sold = change(context, customer, call.token_in);
    RUNNEL_REQUIRE(sold.available() >= call.amount_in,
        Refusal::error("CustodialExchange: insufficient balance"));
    auto& books_in = context.write(assets_, index(call.token_in));
    auto& books_out = context.write(assets_, index(call.token_out));
    RUNNEL_REQUIRE(
        books_out.own >= result.out, Refusal::error("CustodialExchange: exchange has not enough"));
    // No sum is more than wallets hold, which is at most a token's supply.
    sold.total = wrapping_sub(sold.total, call.amount_in);
    books_in.owed = wrapping_sub(books_in.owed, call.amount_in);
    books_in.own = wrapping_add(books_in.own, call.amount_in);
    auto& bought = change(context, customer, call.token_out);
    bought.total = wrapping_add(bought.total, result.out);
    books_out.owed = wrapping_add(books_out.owed, result.out);
    books_out.own = wrapping_sub(books_out.own, result.out);
    context.emit(id(), CustodianTrade{customer, call.token_in, call.amount_in, call.token_out,
                           result.out, result.spread});
    return Returns{result.out};
}

Result<Returns> CustodialExchange::execute(const RequestWithdrawal& call, CallContext& context)
{
    RUNNEL_TRY(require_listed(call.token));
    const auto number = RUNNEL_TRY(require_active(context));
    const auto customer = context.sender();
    const auto& terms = terms_of(call.token);
    RUNNEL_TRY(require_account(context.world(), call.to));
    RUNNEL_REQUIRE(call.to != zero_account && !is_own_wallet(call.to),
        Refusal::error("CustodialExchange: invalid recipient"));
    RUNNEL_REQUIRE(call.amount >= terms.withdrawal_minimum && call.amount > terms.withdrawal_fee,
        Refusal::error("CustodialExchange: below the minimum"));
    auto& books_of = change(context, customer, call.token);
    RUNNEL_REQUIRE(books_of.available() >= call.amount,
        Refusal::error("CustodialExchange: insufficient balance"));
    const auto now = context.block().timestamp;
    if (books_of.day != now / day_seconds)
    {
        books_of.day = now / day_seconds;
        books_of.withdrawn = {};
    }
    books_of.withdrawn = RUNNEL_TRY(Checked{books_of.withdrawn} + call.amount);
    RUNNEL_REQUIRE(terms.daily_limit.is_zero() || books_of.withdrawn <= terms.daily_limit,
        Refusal::error("CustodialExchange: above the daily limit"));
    const auto verdict = screen(context, customer, call.to, call.token, call.amount, false);
    RUNNEL_REQUIRE(verdict != ScreeningVerdict::refuse,
        Refusal::error("CustodialExchange: withdrawal is refused"));
    books_of.withdrawing = wrapping_add(books_of.withdrawing, call.amount);
    auto& books = context.write(assets_, index(call.token));
    books.withdrawing = wrapping_add(books.withdrawing, call.amount);
    const auto request = ++context.write(state_, 0).withdrawals;
    const bool is_held = verdict == ScreeningVerdict::hold;
    context.write(withdrawals_, request) = {
        number, call.token, call.to, call.amount, terms.withdrawal_fee, now, is_held, 0};
    if (!is_held)
        enqueue(context, request);
    context.emit(
        id(), CustodianMove{is_held ? CustodianMoveType::held_request : CustodianMoveType::request,
                  customer, call.to, call.token, call.amount, terms.withdrawal_fee, now});
    return Returns{Amount{request}};
}

void CustodialExchange::enqueue(CallContext& context, std::uint64_t number)
{
    const auto& request = context.read(withdrawals_, number);
    auto& books = context.write(assets_, index(request.token));
    if (books.last == 0)
        books.first = number;
    else
        context.write(withdrawals_, books.last).next = number;
    books.last = number;
    ++books.waiting;
    books.waiting_amount = wrapping_add(books.waiting_amount, request.amount);
}

// ---- Calls for others ----

void CustodialExchange::add_open(
    CallWriter& calls, const World& world, AccountId customer, const Hash& salt) const
{
    const auto address = deposit_address(world.account(customer).address);
    const auto known = world.find_account(address);
    calls.add(id(),
        OpenAccount{
            known && index(*known) < world.known_accounts() ? *known : calls.account_at(address),
            salt});
}

void CustodialExchange::add_trade(CallWriter& calls, ContractId token_in, ContractId token_out,
    const Amount& amount_in, const Amount& amount_out_min) const
{
    calls.add(id(), Trade{token_in, token_out, amount_in, amount_out_min});
}

void CustodialExchange::add_withdraw(
    CallWriter& calls, ContractId token, const Amount& amount, AccountId to) const
{
    calls.add(id(), RequestWithdrawal{token, amount, to});
}

void CustodialExchange::add_credit(
    CallWriter& calls, ContractId token, std::span<const std::uint32_t> customers) const
{
    Credit call{token, {}};
    for (const auto number : customers)
        call.deposits.push_back({number, zero_account});
    calls.add(id(), call);
}

void CustodialExchange::add_sweep(
    CallWriter& calls, ContractId token, std::span<const std::uint32_t> customers) const
{
    Sweep call{token, {}};
    for (const auto number : customers)
        call.customers.push_back(number);
    calls.add(id(), call);
}

void CustodialExchange::add_pay(
    CallWriter& calls, ContractId token, std::uint32_t withdrawals) const
{
    calls.add(id(), PayBatch{token, withdrawals});
}

void CustodialExchange::add_reject(CallWriter& calls, std::uint64_t withdrawal) const
{
    calls.add(id(), RejectWithdrawal{withdrawal});
}

void CustodialExchange::add_move_to_cold(
    CallWriter& calls, ContractId token, const Amount& amount) const
{
    calls.add(id(), MoveToCold{token, amount});
}

void CustodialExchange::add_request_refill(
    CallWriter& calls, ContractId token, const Amount& amount) const
{
    calls.add(id(), RequestRefill{token, amount});
}

void CustodialExchange::add_refill(CallWriter& calls, ContractId token) const
{
    calls.add(id(), Refill{token});
}

void CustodialExchange::add_take_report(CallWriter& calls) const
{
    calls.add(id(), TakeReport{});
}

void CustodialExchange::add_publish(
    CallWriter& calls, ContractId token, const MerkleSum& root, std::uint64_t leaves) const
{
    calls.add(id(), PublishReserves{token, root.hash, root.sum, leaves});
}

void CustodialExchange::add_misstate(
    CallWriter& calls, std::uint32_t customer, ContractId token, std::optional<Amount> stated) const
{
    calls.add(id(), Misstate{customer, token, !stated, stated.value_or(Amount{})});
}

void CustodialExchange::add_freeze(CallWriter& calls, std::uint32_t customer, bool frozen) const
{
    calls.add(id(), FreezeCustomer{customer, frozen});
}

}  // namespace runnel::contracts
