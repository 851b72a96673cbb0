#include "contracts/commerce/arbitrated_escrow/escrow.hpp"

#include "contracts/commerce/arbitrated_escrow/events.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "contracts/kit/token_book.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace runnel::contracts
{

using namespace arbitrated_escrow;

namespace
{
/// The party that Kleros' HasToPayFee names.
std::uint8_t party_number(EscrowParty party)
{
    return party == EscrowParty::seller ? 0 : 1;
}
EscrowStatus waiting_for(EscrowParty party)
{
    return party == EscrowParty::seller ? EscrowStatus::waiting_seller
                                        : EscrowStatus::waiting_buyer;
}
EscrowParty other(EscrowParty party)
{
    return party == EscrowParty::seller ? EscrowParty::buyer : EscrowParty::seller;
}
AccountId account_of(const EscrowDeal& deal, EscrowParty party)
{
    return party == EscrowParty::seller ? deal.seller : deal.buyer;
}
Refusal not_the(EscrowParty party)
{
    return Refusal::error(party == EscrowParty::seller ? "The caller must be the seller."
                                                       : "The caller must be the buyer.");
}
Amount half_down(const Amount& amount)
{
    return div_down(amount, 2);
}
/// Whether the time of what is neither disputed nor settled is over.
bool has_timed_out(const EscrowDeal& deal, std::uint64_t at)
{
    return deal.shipped_at == 0 ? at >= deal.ship_by : at - deal.shipped_at >= deal.inspection;
}
}  // namespace

ArbitratedEscrow::ArbitratedEscrow(ContractIdentity identity, Rules rules)
  : ContractBase{std::move(identity)},
    rules_{rules},
    state_{name() + ".state"},
    deals_{name() + ".deals"},
    credits_{name() + ".credits", KeyOf::account_contract},
    owed_{name() + ".owed", KeyOf::contract}
{
    add_table(state_);
    add_table(deals_);
    add_table(credits_);
    add_table(owed_);
}

const ContractType& ArbitratedEscrow::contract_type()
{
    static const ContractType type{.kind = "arbitrated_escrow",
        .help = "Holds buyers' money until the goods are there, or an arbiter decides.",
        .role = ContractRole::ledger,
        .sectors = implements<ArbitratedEscrow, Escrow>(),
        .methods = methods(),
        .events = event_types<TransactionCreatedLog, ShippedLog, PaymentLog, HasToPayFeeLog,
            DisputeLog, RulingLog, WithdrawnLog, EscrowMove, EscrowRow>(),
        .parameters =
            {
                {"fee_payer", ParameterKind::choice, "\"loser\"", {},
                    "Who pays for a ruling: each party deposits all of it and the winner has his "
                    "back, or each deposits half.",
                    0, 0, "loser|both"},
                {"fee_timeout", ParameterKind::duration, "\"3d\"", {},
                    "How long the other party of a dispute has to make its deposit.", 1'000},
                {"ruling_timeout", ParameterKind::duration, "\"14d\"", {},
                    "How long the arbiter has.", 1'000},
            },
        .create = creator<ArbitratedEscrow>(
            [](const Parameters& parameters)
            {
                const auto seconds = [&](std::string_view key)
                { return static_cast<std::uint64_t>(parameters.duration_ms(key) / 1'000); };
                const auto payer =
                    parameters.text("fee_payer") == "both" ? FeePayer::both : FeePayer::loser;
                return std::tuple{Rules{payer, seconds("fee_timeout"), seconds("ruling_timeout")}};
            })};
    return type;
}

void ArbitratedEscrow::snapshot(SnapshotContext& context) const
{
    for (const auto key : owed_.keys())
    {
        const ContractId token{static_cast<std::uint32_t>(key)};
        context.emit(
            id(), EscrowRow{token, token_at(*world_, token).holding(account()), owed(token)});
    }
}

void ArbitratedEscrow::check_invariants(const World& world, Findings& findings) const
{
    std::map<std::uint64_t, Amount> sums;
    const auto add = [&sums](std::uint64_t token, const Amount& amount)
    { sums[token] = wrapping_add(sums[token], amount); };
    for (std::uint64_t number = 0; number < deals(); ++number)
    {
        const auto& held = deal(number);
        add(index(held.token), held.amount);
        add(index(held.token), held.buyer_fee);
        add(index(held.token), held.seller_fee);
        if (held.status == EscrowStatus::resolved &&
            !(held.amount.is_zero() && held.buyer_fee.is_zero() && held.seller_fee.is_zero()))
            findings.push_back(fmt::format("{}: deal {} is settled and not empty", name(), number));
    }
    for (const auto key : credits_.keys())
        add(key & 0xFFFF'FFFFU, credits_.get(key));
    for (const auto key : owed_.keys())
        add(key, Amount{});
    for (const auto& [key, sum] : sums)
    {
        const ContractId token{static_cast<std::uint32_t>(key)};
        if (sum != owed(token))
        {
            findings.push_back(fmt::format("{}: deals and credits of token {} come to {}, not {}",
                name(), key, sum.to_string(), owed(token).to_string()));
        }
        const auto held = token_at(world, token).holding(account());
        if (held < owed(token))
        {
            findings.push_back(fmt::format("{}: holds {} of token {}, owes {}", name(),
                held.to_string(), key, owed(token).to_string()));
        }
    }
}

// ---- What it says ----

Amount ArbitratedEscrow::deposit(const EscrowDeal& deal, EscrowParty party) const
{
    if (rules_.fee_payer == FeePayer::loser)
        return deal.arbitration_cost;
    const auto half = half_down(deal.arbitration_cost);
    return party == EscrowParty::seller ? half : wrapping_sub(deal.arbitration_cost, half);
}

bool ArbitratedEscrow::is_due(const EscrowDeal& deal, std::uint64_t at) const
{
    switch (deal.status)
    {
        case EscrowStatus::no_dispute: return has_timed_out(deal, at);
        case EscrowStatus::waiting_seller:
        case EscrowStatus::waiting_buyer: return at - deal.last_interaction >= rules_.fee_timeout;
        case EscrowStatus::dispute_created:
            return at - deal.last_interaction >= rules_.ruling_timeout;
        case EscrowStatus::resolved: return false;
    }
    return false;
}

void ArbitratedEscrow::add_opening(CallWriter& calls, const EscrowTerms& terms) const
{
    calls.add(id(), CreateTransaction{terms});
}

void ArbitratedEscrow::add_shipment(
    CallWriter& calls, std::uint64_t number, const Amount& reference) const
{
    calls.add(id(), Ship{number, reference});
}

void ArbitratedEscrow::add_release(
    CallWriter& calls, std::uint64_t number, const Amount& amount) const
{
    calls.add(id(), Pay{number, amount});
}

void ArbitratedEscrow::add_deposit(CallWriter& calls, std::uint64_t number, EscrowParty party) const
{
    if (party == EscrowParty::seller)
        calls.add(id(), PayArbitrationFeeBySeller{number});
    else
        calls.add(id(), PayArbitrationFeeByBuyer{number});
}

void ArbitratedEscrow::add_settlement(CallWriter& calls, std::uint64_t number) const
{
    switch (deal(number).status)
    {
        case EscrowStatus::waiting_seller: calls.add(id(), TimeOutByBuyer{number}); return;
        case EscrowStatus::waiting_buyer: calls.add(id(), TimeOutBySeller{number}); return;
        case EscrowStatus::dispute_created: calls.add(id(), TimeOutRuling{number}); return;
        case EscrowStatus::no_dispute:
        case EscrowStatus::resolved: calls.add(id(), ExecuteTransaction{number}); return;
    }
}

void ArbitratedEscrow::add_ruling(
    CallWriter& calls, std::uint64_t number, EscrowRuling ruling) const
{
    calls.add(id(), Rule{number, static_cast<std::uint8_t>(ruling)});
}

void ArbitratedEscrow::add_withdrawal(CallWriter& calls, AccountId payee, ContractId token) const
{
    calls.add(id(), Withdraw{payee, token});
}

// ---- Opening ----

Result<Token*> ArbitratedEscrow::checked_token(
    CallContext& context, AccountId buyer, const EscrowTerms& terms) const
{
    for (const auto account : {buyer, terms.seller, terms.arbiter})
        RUNNEL_TRY(require_account(context.world(), account));
    auto* token = find_token(context.world(), terms.token);
    RUNNEL_REQUIRE(token != nullptr, Refusal::error("Escrow: no such token"));
    RUNNEL_REQUIRE(!token->rebases(), Refusal::error("Escrow: the token rebases"));
    RUNNEL_REQUIRE(!terms.amount.is_zero(), Refusal::error("Escrow: nothing to hold"));
    RUNNEL_REQUIRE(
        buyer != terms.seller, Refusal::error("Escrow: the seller is the buyer himself"));
    RUNNEL_REQUIRE(terms.arbiter != buyer && terms.arbiter != terms.seller,
        Refusal::error("Escrow: the arbiter is a party"));
    RUNNEL_REQUIRE(
        context.block().timestamp < terms.ship_by, Refusal::error("Escrow: too late to ship"));
    return token;
}

Result<void> ArbitratedEscrow::pull(
    CallContext& context, ContractId token_id, AccountId from, const Amount& amount)
{
    auto& token = token_at(context.world(), token_id);
    const auto before = token.holding(context, account());
    RUNNEL_TRY(
        openzeppelin::safe_5(token.transfer_from(context.as(account()), from, account(), amount),
            context.world().contract(token_id).account()));
    RUNNEL_REQUIRE(wrapping_sub(token.holding(context, account()), before) == amount,
        Refusal::error("Escrow: the token keeps a fee"));
    auto& owed = context.write(owed_, index(token_id));
    owed = RUNNEL_TRY(Checked{owed} + amount);
    return {};
}

Result<std::uint64_t> ArbitratedEscrow::open(
    CallContext& context, AccountId buyer, const EscrowTerms& terms)
{
    const auto number = context.write(state_, 0).deals++;
    auto& deal = context.write(deals_, number);
    deal.token = terms.token;
    deal.buyer = buyer;
    deal.seller = terms.seller;
    deal.arbiter = terms.arbiter;
    deal.agreed = terms.amount;
    deal.amount = terms.amount;
    deal.arbitration_cost = terms.arbitration_cost;
    deal.ship_by = terms.ship_by;
    deal.inspection = terms.inspection;
    deal.last_interaction = context.block().timestamp;
    context.emit(
        id(), TransactionCreatedLog{number, buyer, terms.seller, terms.token, terms.amount});
    tell(context, number, deal, EscrowMoveType::open, EscrowCause::agreement, buyer, terms.amount);
    return number;
}

Result<Returns> ArbitratedEscrow::execute(const CreateTransaction& call, CallContext& context)
{
    const auto buyer = context.sender();
    RUNNEL_TRY(checked_token(context, buyer, call.terms));
    RUNNEL_TRY(pull(context, call.terms.token, buyer, call.terms.amount));
    return Returns{Amount{RUNNEL_TRY(open(context, buyer, call.terms))}};
}

Result<std::uint64_t> ArbitratedEscrow::open_prepaid(
    CallContext context, AccountId buyer, const EscrowTerms& terms)
{
    const auto* token = RUNNEL_TRY(checked_token(context, buyer, terms));
    auto& owed = context.write(owed_, index(terms.token));
    const Amount total = RUNNEL_TRY(Checked{owed} + terms.amount);
    RUNNEL_REQUIRE(total <= token->holding(context, account()), Refusal::error("Escrow: not paid"));
    owed = total;
    return open(context, buyer, terms);
}

Result<Returns> ArbitratedEscrow::execute(
    const CreatePrepaidTransaction& call, CallContext& context)
{
    return Returns{Amount{RUNNEL_TRY(open_prepaid(context, call.buyer, call.terms))}};
}

// ---- Without a dispute ----

Result<EscrowDeal*> ArbitratedEscrow::find(CallContext& context, std::uint64_t number)
{
    RUNNEL_REQUIRE(
        number < context.read(state_, 0).deals, Refusal::error("Escrow: no such transaction"));
    return &context.write(deals_, number);
}

void ArbitratedEscrow::tell(CallContext& context, std::uint64_t number, const EscrowDeal& deal,
    EscrowMoveType type, EscrowCause cause, AccountId account, const Amount& amount) const
{
    context.emit(id(),
        EscrowMove{type, cause, number, account, deal.buyer, deal.seller, deal.token, amount});
}

void ArbitratedEscrow::put(CallContext& context, std::uint64_t number, const EscrowDeal& deal,
    EscrowMoveType type, EscrowCause cause, AccountId payee, const Amount& amount)
{
    if (amount.is_zero())
        return;
    // What is owed in all, and so no sum of credits, is beyond 2^256-1.
    auto& credit = context.write(credits_, account_contract_key(payee, deal.token));
    credit = wrapping_add(credit, amount);
    context.emit(id(), PaymentLog{number, amount, payee});
    tell(context, number, deal, type, cause, payee, amount);
}

Result<Returns> ArbitratedEscrow::execute(const Ship& call, CallContext& context)
{
    auto& deal = *RUNNEL_TRY(find(context, call.transaction));
    RUNNEL_REQUIRE(context.sender() == deal.seller, not_the(EscrowParty::seller));
    RUNNEL_REQUIRE(deal.status == EscrowStatus::no_dispute,
        Refusal::error("The transaction can't be disputed."));
    RUNNEL_REQUIRE(deal.shipped_at == 0, Refusal::error("Escrow: it was shipped"));
    RUNNEL_REQUIRE(
        context.block().timestamp < deal.ship_by, Refusal::error("Escrow: too late to ship"));
    deal.shipped_at = context.block().timestamp;
    deal.reference = call.reference;
    context.emit(id(), ShippedLog{call.transaction, call.reference});
    tell(context, call.transaction, deal, EscrowMoveType::ship, EscrowCause::agreement, deal.seller,
        Amount{});
    return Returns{};
}

Result<Returns> ArbitratedEscrow::pay_part(
    CallContext& context, std::uint64_t number, EscrowParty payee, const Amount& amount)
{
    auto& deal = *RUNNEL_TRY(find(context, number));
    const bool pays = payee == EscrowParty::seller;
    RUNNEL_REQUIRE(context.sender() == account_of(deal, other(payee)), not_the(other(payee)));
    RUNNEL_REQUIRE(deal.status == EscrowStatus::no_dispute,
        Refusal::error("The transaction can't be disputed."));
    RUNNEL_REQUIRE(amount <= deal.amount,
        Refusal::error(
            pays ? "The amount paid has to be less or equal than the transaction."
                 : "The amount reimbursed has to be less or equal than the transaction."));
    RUNNEL_REQUIRE(!amount.is_zero(), Refusal::error("Escrow: nothing to pay"));
    deal.amount = wrapping_sub(deal.amount, amount);
    if (deal.amount.is_zero())
        deal.status = EscrowStatus::resolved;
    put(context, number, deal, pays ? EscrowMoveType::release : EscrowMoveType::refund,
        EscrowCause::agreement, account_of(deal, payee), amount);
    return Returns{};
}

Result<Returns> ArbitratedEscrow::execute(const Pay& call, CallContext& context)
{
    return pay_part(context, call.transaction, EscrowParty::seller, call.amount);
}

Result<Returns> ArbitratedEscrow::execute(const Reimburse& call, CallContext& context)
{
    return pay_part(context, call.transaction, EscrowParty::buyer, call.amount);
}

Result<Returns> ArbitratedEscrow::execute(const ExecuteTransaction& call, CallContext& context)
{
    auto& deal = *RUNNEL_TRY(find(context, call.transaction));
    RUNNEL_REQUIRE(deal.status == EscrowStatus::no_dispute,
        Refusal::error("The transaction can't be disputed."));
    RUNNEL_REQUIRE(has_timed_out(deal, context.block().timestamp),
        Refusal::error("The timeout has not passed yet."));
    const auto rest = std::exchange(deal.amount, Amount{});
    deal.status = EscrowStatus::resolved;
    if (deal.shipped_at == 0)
        put(context, call.transaction, deal, EscrowMoveType::refund, EscrowCause::not_shipped,
            deal.buyer, rest);
    else
        put(context, call.transaction, deal, EscrowMoveType::release, EscrowCause::inspection_over,
            deal.seller, rest);
    return Returns{};
}

// ---- With a dispute ----

Result<Returns> ArbitratedEscrow::make_deposit(
    CallContext& context, std::uint64_t number, EscrowParty party)
{
    auto& deal = *RUNNEL_TRY(find(context, number));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(
        deal.status != EscrowStatus::dispute_created && deal.status != EscrowStatus::resolved,
        Refusal::error("Dispute has already been created."));
    RUNNEL_REQUIRE(context.sender() == account_of(deal, party), not_the(party));
    const bool raises = deal.status == EscrowStatus::no_dispute;
    if (raises)
    {
        RUNNEL_REQUIRE(deal.shipped_at != 0, Refusal::error("Escrow: nothing was shipped"));
        RUNNEL_REQUIRE(!has_timed_out(deal, now), Refusal::error("Escrow: the inspection is over"));
    }
    else
        RUNNEL_REQUIRE(
            deal.status == waiting_for(party), Refusal::error("Escrow: the fee was paid"));
    const auto fee = deposit(deal, party);
    if (!fee.is_zero())
        RUNNEL_TRY(pull(context, deal.token, context.sender(), fee));
    (party == EscrowParty::seller ? deal.seller_fee : deal.buyer_fee) = fee;
    deal.last_interaction = now;
    tell(context, number, deal, EscrowMoveType::deposit, EscrowCause::agreement, context.sender(),
        fee);
    if (raises)
    {
        deal.status = waiting_for(other(party));
        context.emit(id(), HasToPayFeeLog{number, party_number(other(party))});
        return Returns{};
    }
    deal.status = EscrowStatus::dispute_created;
    context.emit(id(), DisputeLog{deal.arbiter, number, number});
    tell(context, number, deal, EscrowMoveType::dispute, EscrowCause::agreement, context.sender(),
        deal.amount);
    return Returns{};
}

Result<Returns> ArbitratedEscrow::execute(
    const PayArbitrationFeeByBuyer& call, CallContext& context)
{
    return make_deposit(context, call.transaction, EscrowParty::buyer);
}

Result<Returns> ArbitratedEscrow::execute(
    const PayArbitrationFeeBySeller& call, CallContext& context)
{
    return make_deposit(context, call.transaction, EscrowParty::seller);
}

void ArbitratedEscrow::resolve(CallContext& context, std::uint64_t number, EscrowDeal& deal,
    EscrowRuling ruling, EscrowCause cause)
{
    const auto amount = std::exchange(deal.amount, Amount{});
    auto buyer_fee = std::exchange(deal.buyer_fee, Amount{});
    auto seller_fee = std::exchange(deal.seller_fee, Amount{});
    deal.status = EscrowStatus::resolved;
    const auto part_of_buyer = [ruling](const Amount& whole)
    {
        switch (ruling)
        {
            case EscrowRuling::buyer_wins: return whole;
            case EscrowRuling::seller_wins: return Amount{};
            case EscrowRuling::refused: break;
        }
        return half_down(whole);
    };
    if (cause == EscrowCause::ruling)
    {
        put(context, number, deal, EscrowMoveType::fee, cause, deal.arbiter, deal.arbitration_cost);
        const auto rest = wrapping_sub(wrapping_add(buyer_fee, seller_fee), deal.arbitration_cost);
        buyer_fee = part_of_buyer(rest);
        seller_fee = wrapping_sub(rest, buyer_fee);
    }
    const auto to_buyer = part_of_buyer(amount);
    put(context, number, deal, EscrowMoveType::refund, cause, deal.buyer, to_buyer);
    put(context, number, deal, EscrowMoveType::release, cause, deal.seller,
        wrapping_sub(amount, to_buyer));
    put(context, number, deal, EscrowMoveType::returned, cause, deal.buyer, buyer_fee);
    put(context, number, deal, EscrowMoveType::returned, cause, deal.seller, seller_fee);
}

Result<Returns> ArbitratedEscrow::time_out_party(
    CallContext& context, std::uint64_t number, EscrowParty winner)
{
    auto& deal = *RUNNEL_TRY(find(context, number));
    RUNNEL_REQUIRE(deal.status == waiting_for(other(winner)),
        Refusal::error(winner == EscrowParty::buyer
                           ? "The transaction is not waiting on the seller."
                           : "The transaction is not waiting on the buyer."));
    RUNNEL_REQUIRE(is_due(deal, context.block().timestamp),
        Refusal::error("Timeout time has not passed yet."));
    resolve(context, number, deal,
        winner == EscrowParty::buyer ? EscrowRuling::buyer_wins : EscrowRuling::seller_wins,
        EscrowCause::fee_unpaid);
    return Returns{};
}

Result<Returns> ArbitratedEscrow::execute(const TimeOutByBuyer& call, CallContext& context)
{
    return time_out_party(context, call.transaction, EscrowParty::buyer);
}

Result<Returns> ArbitratedEscrow::execute(const TimeOutBySeller& call, CallContext& context)
{
    return time_out_party(context, call.transaction, EscrowParty::seller);
}

Result<Returns> ArbitratedEscrow::execute(const TimeOutRuling& call, CallContext& context)
{
    auto& deal = *RUNNEL_TRY(find(context, call.transaction));
    RUNNEL_REQUIRE(deal.status == EscrowStatus::dispute_created,
        Refusal::error("Escrow: no dispute waits for a ruling"));
    RUNNEL_REQUIRE(is_due(deal, context.block().timestamp),
        Refusal::error("Timeout time has not passed yet."));
    resolve(context, call.transaction, deal, EscrowRuling::refused, EscrowCause::no_ruling);
    return Returns{};
}

Result<Returns> ArbitratedEscrow::execute(const Rule& call, CallContext& context)
{
    auto& deal = *RUNNEL_TRY(find(context, call.transaction));
    RUNNEL_REQUIRE(
        context.sender() == deal.arbiter, Refusal::error("The caller must be the arbitrator."));
    RUNNEL_REQUIRE(deal.status == EscrowStatus::dispute_created,
        Refusal::error(deal.status == EscrowStatus::resolved
                           ? "The dispute has already been resolved."
                           : "Escrow: no dispute waits for a ruling"));
    RUNNEL_REQUIRE(call.ruling <= static_cast<std::uint8_t>(EscrowRuling::seller_wins),
        Refusal::error("Invalid ruling."));
    context.emit(id(), RulingLog{deal.arbiter, call.transaction, call.ruling});
    resolve(context, call.transaction, deal, static_cast<EscrowRuling>(call.ruling),
        EscrowCause::ruling);
    return Returns{};
}

// ---- Credits ----

Result<Returns> ArbitratedEscrow::execute(const Withdraw& call, CallContext& context)
{
    const auto key = account_contract_key(call.payee, call.token);
    RUNNEL_REQUIRE(
        !context.read(credits_, key).is_zero(), Refusal::error("Escrow: nothing to withdraw"));
    const auto paid = std::exchange(context.write(credits_, key), Amount{});
    auto& owed = context.write(owed_, index(call.token));
    owed = wrapping_sub(owed, paid);
    RUNNEL_TRY(openzeppelin::safe_5(
        token_at(context.world(), call.token).transfer(context.as(account()), call.payee, paid),
        context.world().contract(call.token).account()));
    context.emit(id(), WithdrawnLog{call.payee, call.token, paid});
    return Returns{paid};
}

}  // namespace runnel::contracts
