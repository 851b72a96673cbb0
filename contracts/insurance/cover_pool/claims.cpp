#include "contracts/insurance/cover_pool/cover_pool.hpp"

#include <algorithm>

/// Incidents, claims and what is paid for them.
namespace runnel::contracts
{

using namespace cover_pool;

namespace
{
constexpr auto assessing = static_cast<std::uint8_t>(IncidentPhase::assessing);
constexpr auto claiming = static_cast<std::uint8_t>(IncidentPhase::claiming);
constexpr auto settled = static_cast<std::uint8_t>(IncidentPhase::settled);
constexpr auto denied = static_cast<std::uint8_t>(IncidentPhase::denied);

/// A cover counts from the block after its sale on: nobody insures what he sees.
bool is_covered(const Cover& cover, std::uint64_t at)
{
    return cover.start < at && at <= cover.end;
}
}  // namespace

Result<Cover*> CoverPoolContract::own_cover(CallContext& context, std::uint64_t number)
{
    RUNNEL_REQUIRE(
        number < context.read(state_, 0).covers, Refusal::error("CoverPool: no such cover"));
    auto& cover = context.write(covers_, number);
    RUNNEL_REQUIRE(
        cover.owner == context.sender(), Refusal::error("CoverPool: not the cover's owner"));
    RUNNEL_REQUIRE(cover.incident == 0, Refusal::error("CoverPool: already claimed"));
    return &cover;
}

Result<Incident*> CoverPoolContract::known_incident(CallContext& context, std::uint64_t number)
{
    RUNNEL_REQUIRE(
        number < context.read(state_, 0).incidents, Refusal::error("CoverPool: no such incident"));
    return &context.write(incidents_, number);
}

void CoverPoolContract::emit_incident(
    CallContext& context, std::uint64_t number, const Incident& incident) const
{
    const auto& product = *products_[incident.product];
    context.emit(id(), InsuranceIncident{number, static_cast<IncidentPhase>(incident.phase),
                           product.contract().id(), product.covered(), product.covered_token(),
                           incident.occurred_at, incident.loss_share, terms_.asset, incident.owed,
                           incident.payable});
}

Result<Returns> CoverPoolContract::execute(const SubmitIncident& call, CallContext& context)
{
    const auto& cover = *RUNNEL_TRY(own_cover(context, call.cover));
    auto& product_state = context.write(product_states_, cover.product);
    RUNNEL_REQUIRE(product_state.open_incident == 0,
        Refusal::error("CoverPool: an incident of the product is open"));
    auto& product = *products_[cover.product];
    const auto now = context.block().timestamp;
    Incident incident;
    incident.product = cover.product;
    if (product.proof() == CoverProof::measured)
    {
        RUNNEL_TRY(context.charge_gas(gas::measure));
        const auto measure = RUNNEL_TRY(product.measure(context));
        incident.phase = claiming;
        incident.level = measure.level;
        incident.scale = measure.scale;
        incident.occurred_at = now;
        incident.claims_until = now + terms_.claim_window;
    }
    else
    {
        RUNNEL_REQUIRE(call.occurred_at <= now && now - call.occurred_at <= terms_.grace,
            Refusal::error("CoverPool: not within the grace period"));
        incident.phase = assessing;
        incident.level = std::min(call.loss, wad());
        incident.scale = wad();
        incident.occurred_at = call.occurred_at;
    }
    RUNNEL_REQUIRE(
        is_covered(cover, incident.occurred_at), Refusal::error("CoverPool: not covered then"));
    incident.loss_share = product.loss_share(cover.base, {incident.level, incident.scale});
    RUNNEL_REQUIRE(!incident.loss_share.is_zero(), Refusal::error("CoverPool: no loss"));
    if (incident.phase == assessing)
    {
        RUNNEL_TRY(context.charge_gas(gas::assessment));
        incident.poll = RUNNEL_TRY(
            product.start_assessment(context.as(account()), context.sender(), incident.level));
    }
    auto& state = context.write(state_, 0);
    const auto number = state.incidents++;
    ++state.open_incidents;
    product_state.open_incident = number + 1;
    context.write(incidents_, number) = incident;
    context.emit(id(), IncidentSubmittedLog{context.sender(), number, cover.product});
    emit_incident(context, number, incident);
    // Whoever stops the pool pays for it: with the cover, or with the assessors' deposit.
    if (incident.phase == claiming)
        RUNNEL_TRY(claim(context, call.cover));
    return Returns{Amount{number}};
}

Result<Returns> CoverPoolContract::execute(const ResolveIncident& call, CallContext& context)
{
    auto& incident = *RUNNEL_TRY(known_incident(context, call.incident));
    RUNNEL_REQUIRE(incident.phase == assessing, Refusal::error("CoverPool: not being assessed"));
    const auto accepted = RUNNEL_TRY(products_[incident.product]->outcome(context, incident.poll));
    if (accepted)
    {
        incident.phase = claiming;
        incident.claims_until = context.block().timestamp + terms_.claim_window;
    }
    else
    {
        incident.phase = denied;
        context.write(product_states_, incident.product).open_incident = 0;
        --context.write(state_, 0).open_incidents;
    }
    emit_incident(context, call.incident, incident);
    return Returns{Amount{accepted ? 1ULL : 0ULL}};
}

Result<Amount> CoverPoolContract::owed_of(const Cover& cover, const Incident& incident) const
{
    RUNNEL_REQUIRE(
        is_covered(cover, incident.occurred_at), Refusal::error("CoverPool: not covered then"));
    const auto share =
        products_[cover.product]->loss_share(cover.base, {incident.level, incident.scale});
    const auto owed = mul_div_down(cover.amount, share, wad()).value;
    RUNNEL_REQUIRE(!owed.is_zero(), Refusal::error("CoverPool: no loss"));
    return owed;
}

Result<Amount> CoverPoolContract::claim(CallContext& context, std::uint64_t cover_number)
{
    auto& cover = *RUNNEL_TRY(own_cover(context, cover_number));
    auto& product = *RUNNEL_TRY(current(context, cover.product));
    RUNNEL_REQUIRE(
        product.open_incident != 0, Refusal::error("CoverPool: no incident to claim for"));
    const auto number = product.open_incident - 1;
    auto& incident = context.write(incidents_, number);
    RUNNEL_REQUIRE(
        incident.phase == claiming, Refusal::error("CoverPool: no incident to claim for"));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(now <= incident.claims_until, Refusal::error("CoverPool: too late to claim"));
    const auto owed = RUNNEL_TRY(owed_of(cover, incident));

    // The cover ends here, and its premium is earned.
    auto& state = *RUNNEL_TRY(current(context));
    const auto bucket = bucket_of(cover.end);
    if (bucket * terms_.bucket > now)
    {
        const auto take = [](Amount& from, const Amount& what) { from = wrapping_sub(from, what); };
        take(state.unearned_flow, wrapping_mul(cover.flow_rate, bucket * terms_.bucket - now));
        take(state.flow_rate, cover.flow_rate);
        take(state.active_cover, cover.amount);
        take(product.active_cover, cover.amount);
        auto& ending = context.write(endings_, bucket);
        take(ending.cover, cover.amount);
        take(ending.flow_rate, cover.flow_rate);
        take(context.write(product_endings_, bucket * products_max + cover.product), cover.amount);
    }
    cover.incident = number + 1;
    cover.owed = owed;
    incident.owed = wrapping_add(incident.owed, owed);
    ++incident.claims;
    state.open_owed = wrapping_add(state.open_owed, owed);
    context.emit(
        id(), ClaimSubmittedLog{context.sender(), number, cover_number, cover.product, owed});
    context.emit(
        id(), InsuranceClaim{InsuranceClaimType::claim, number, cover_number, context.sender(),
                  products_[cover.product]->contract().id(), terms_.asset, cover.amount, owed, {}});
    return owed;
}

Result<Returns> CoverPoolContract::execute(const SubmitClaim& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(claim(context, call.cover))};
}

Result<Returns> CoverPoolContract::execute(const SettleIncident& call, CallContext& context)
{
    auto& incident = *RUNNEL_TRY(known_incident(context, call.incident));
    RUNNEL_REQUIRE(incident.phase == claiming, Refusal::error("CoverPool: not being claimed for"));
    RUNNEL_REQUIRE(context.block().timestamp > incident.claims_until,
        Refusal::error("CoverPool: too early to settle"));
    auto& state = *RUNNEL_TRY(current(context));
    const auto available = capital_of(state);
    if (!incident.owed.is_zero())
    {
        incident.payable =
            std::min(incident.owed, mul_div_down(available, incident.owed, state.open_owed).value);
    }
    incident.phase = settled;
    state.open_owed = wrapping_sub(state.open_owed, incident.owed);
    state.claims_owed = wrapping_add(state.claims_owed, incident.payable);
    --state.open_incidents;
    context.write(product_states_, incident.product).open_incident = 0;
    context.emit(id(), IncidentSettledLog{call.incident, incident.owed, incident.payable});
    emit_incident(context, call.incident, incident);
    return Returns{incident.owed, incident.payable};
}

Result<Returns> CoverPoolContract::execute(const RedeemPayout& call, CallContext& context)
{
    RUNNEL_REQUIRE(
        call.cover < context.read(state_, 0).covers, Refusal::error("CoverPool: no such cover"));
    auto& cover = context.write(covers_, call.cover);
    RUNNEL_REQUIRE(cover.incident != 0, Refusal::error("CoverPool: not claimed"));
    auto& incident = context.write(incidents_, cover.incident - 1);
    RUNNEL_REQUIRE(incident.phase == settled, Refusal::error("CoverPool: not settled"));
    RUNNEL_REQUIRE(!cover.is_paid, Refusal::error("CoverPool: already paid"));
    const auto payout = mul_div_down(cover.owed, incident.payable, incident.owed).value;
    cover.is_paid = true;
    incident.paid = wrapping_add(incident.paid, payout);
    --incident.claims;
    auto& state = context.write(state_, 0);
    state.assets = wrapping_sub(state.assets, payout);
    state.claims_owed = wrapping_sub(state.claims_owed, payout);
    // What was rounded off is nobody's once all are paid: it is capital again.
    if (incident.claims == 0)
    {
        state.claims_owed =
            wrapping_sub(state.claims_owed, wrapping_sub(incident.payable, incident.paid));
    }
    if (!payout.is_zero())
        RUNNEL_TRY(asset_->transfer(context.as(account()), cover.owner, payout));
    context.emit(
        id(), IncidentPayoutRedeemedLog{cover.owner, payout, cover.incident - 1, cover.product});
    context.emit(id(), InsuranceClaim{InsuranceClaimType::payout, cover.incident - 1, call.cover,
                           cover.owner, products_[cover.product]->contract().id(), terms_.asset,
                           cover.amount, cover.owed, payout});
    return Returns{payout};
}

}  // namespace runnel::contracts
