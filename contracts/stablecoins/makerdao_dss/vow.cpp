#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "contracts/stablecoins/makerdao_dss/events.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "state/world.hpp"

/// The system's own balance sheet, and its auctions for MKR. Source: makerdao/dss,
/// src/{vow,flap,flop}.sol.
namespace runnel::contracts
{

using namespace makerdao_dss;

namespace
{
/// A bid that has won, or lost its time: deal().
bool is_over(const Bid& bid, std::uint64_t now) noexcept
{
    return bid.tic != 0 && (bid.tic < now || bid.end < now);
}

/// What tend() and dent() check of an auction first.
struct BidErrors
{
    std::string_view guy;
    std::string_view tic;
    std::string_view end;
};
Result<void> require_open(const Bid& bid, std::uint64_t now, const BidErrors& errors)
{
    RUNNEL_REQUIRE(bid.guy != zero_account, Refusal::error(errors.guy));
    RUNNEL_REQUIRE(bid.tic > now || bid.tic == 0, Refusal::error(errors.tic));
    RUNNEL_REQUIRE(bid.end > now, Refusal::error(errors.end));
    return {};
}

/// What tick() checks: nobody has bid in time.
Result<void> require_ignored(
    const Bid& bid, std::uint64_t now, std::string_view not_finished, std::string_view has_bid)
{
    RUNNEL_REQUIRE(bid.end < now, Refusal::error(not_finished));
    RUNNEL_REQUIRE(bid.tic == 0, Refusal::error(has_bid));
    return {};
}
}  // namespace

// --- Vow --------------------------------------------------------------------------------------

Result<void> MakerDss::fess(CallContext& context, const Amount& tab)
{
    auto& queued = context.write(queue_, context.block().timestamp);
    queued = RUNNEL_TRY(guarded(Checked{queued} + tab));
    auto& vow = context.write(vow_, 0);
    vow.sin = RUNNEL_TRY(guarded(Checked{vow.sin} + tab));
    return {};
}

Result<Amount> MakerDss::free_debt(CallContext& context)
{
    const auto& vow = context.read(vow_, 0);
    return guarded(Checked{context.read(sin_, vow_account_)} - vow.sin - vow.ash);
}

Result<Returns> MakerDss::execute(const Flog& call, CallContext& context)
{
    auto& vow = context.write(vow_, 0);
    const auto due = RUNNEL_TRY(guarded(Checked{call.era} + vow.wait));
    RUNNEL_REQUIRE(
        due <= Amount{context.block().timestamp}, Refusal::error("Vow/wait-not-finished"));
    auto& queued = context.write(queue_, call.era);
    vow.sin = RUNNEL_TRY(guarded(Checked{vow.sin} - queued));
    queued = {};
    return Returns{};
}

Result<Returns> MakerDss::execute(const Heal& call, CallContext& context)
{
    RUNNEL_REQUIRE(
        call.rad <= context.read(dai_, vow_account_), Refusal::error("Vow/insufficient-surplus"));
    const auto debt = RUNNEL_TRY(free_debt(context));
    RUNNEL_REQUIRE(call.rad <= debt, Refusal::error("Vow/insufficient-debt"));
    RUNNEL_TRY(heal(context, vow_account_, call.rad));
    return Returns{};
}

Result<void> MakerDss::kiss(CallContext& context, const Amount& rad)
{
    auto& vow = context.write(vow_, 0);
    RUNNEL_REQUIRE(rad <= vow.ash, Refusal::error("Vow/not-enough-ash"));
    RUNNEL_REQUIRE(
        rad <= context.read(dai_, vow_account_), Refusal::error("Vow/insufficient-surplus"));
    vow.ash = wrapping_sub(vow.ash, rad);
    return heal(context, vow_account_, rad);
}

Result<Returns> MakerDss::execute(const Kiss& call, CallContext& context)
{
    RUNNEL_TRY(kiss(context, call.rad));
    return Returns{};
}

Result<Returns> MakerDss::execute(const Flap&, CallContext& context)
{
    RUNNEL_REQUIRE(mkr_ != nullptr, Refusal::error("Flapper/no-gem"));
    const auto& vow = context.read(vow_, 0);
    const auto needed =
        RUNNEL_TRY(guarded(Checked{context.read(sin_, vow_account_)} + vow.bump + vow.hump));
    RUNNEL_REQUIRE(
        context.read(dai_, vow_account_) >= needed, Refusal::error("Vow/insufficient-surplus"));
    const auto debt = RUNNEL_TRY(free_debt(context));
    RUNNEL_REQUIRE(debt.is_zero(), Refusal::error("Vow/debt-not-zero"));
    const auto lot = vow.bump;
    auto& house = context.write(houses_, flap_record);
    house.fill = RUNNEL_TRY(guarded(Checked{house.fill} + lot));
    RUNNEL_REQUIRE(house.fill <= house.lid, Refusal::error("Flapper/over-lid"));
    const auto number = ++house.kicks;
    context.write(flaps_, number) = {
        {}, lot, vow_account_, 0, context.block().timestamp + house.tau};
    RUNNEL_TRY(move(context, vow_account_, vow_account_, flap_account_, lot));
    context.emit(id(), FlapKickLog{number, lot, {}});
    tell_backstop(context, BackstopKind::surplus, BackstopAction::start, number,
        context.read(flaps_, number));
    return Returns{Amount{number}};
}

Result<Returns> MakerDss::execute(const Flop&, CallContext& context)
{
    RUNNEL_REQUIRE(mkr_ != nullptr, Refusal::error("Flopper/no-gem"));
    auto& vow = context.write(vow_, 0);
    const auto debt = RUNNEL_TRY(free_debt(context));
    RUNNEL_REQUIRE(vow.sump <= debt, Refusal::error("Vow/insufficient-debt"));
    RUNNEL_REQUIRE(
        context.read(dai_, vow_account_).is_zero(), Refusal::error("Vow/surplus-not-zero"));
    vow.ash = RUNNEL_TRY(guarded(Checked{vow.ash} + vow.sump));
    auto& house = context.write(houses_, flop_record);
    const auto number = ++house.kicks;
    context.write(flops_, number) = {
        vow.sump, vow.dump, vow_account_, 0, context.block().timestamp + house.tau};
    context.emit(id(), FlopKickLog{number, vow.dump, vow.sump, vow_account_});
    tell_backstop(context, BackstopKind::deficit, BackstopAction::start, number,
        context.read(flops_, number));
    return Returns{Amount{number}};
}

// --- Flapper: dai for MKR, which is burnt -----------------------------------------------------

Result<Returns> MakerDss::execute(const FlapTick& call, CallContext& context)
{
    const auto now = context.block().timestamp;
    auto& bid = context.write(flaps_, call.id);
    RUNNEL_TRY(require_ignored(bid, now, "Flapper/not-finished", "Flapper/bid-already-placed"));
    bid.end = now + context.read(houses_, flap_record).tau;
    tell_backstop(context, BackstopKind::surplus, BackstopAction::restart, call.id, bid);
    return Returns{};
}

Result<Returns> MakerDss::execute(const Tend& call, CallContext& context)
{
    const auto now = context.block().timestamp;
    const auto& house = context.read(houses_, flap_record);
    RUNNEL_TRY(require_open(context.read(flaps_, call.id), now,
        {"Flapper/guy-not-set", "Flapper/already-finished-tic", "Flapper/already-finished-end"}));
    auto& bid = context.write(flaps_, call.id);
    RUNNEL_REQUIRE(call.lot == bid.lot, Refusal::error("Flapper/lot-not-matching"));
    RUNNEL_REQUIRE(call.bid > bid.bid, Refusal::error("Flapper/bid-not-higher"));
    const auto offered = RUNNEL_TRY(guarded(Checked{call.bid} * wad));
    RUNNEL_REQUIRE(offered >= RUNNEL_TRY(guarded(Checked{house.beg} * bid.bid)),
        Refusal::error("Flapper/insufficient-increase"));
    const auto sender = context.sender();
    if (sender != bid.guy)
    {
        RUNNEL_TRY(mkr_->transfer_from(context.as(flap_account_), sender, bid.guy, bid.bid));
        bid.guy = sender;
    }
    RUNNEL_TRY(mkr_->transfer_from(
        context.as(flap_account_), sender, flap_account_, wrapping_sub(call.bid, bid.bid)));
    bid.bid = call.bid;
    bid.tic = now + house.ttl;
    tell_backstop(context, BackstopKind::surplus, BackstopAction::bid, call.id, bid);
    return Returns{};
}

Result<Returns> MakerDss::execute(const FlapDeal& call, CallContext& context)
{
    const auto bid = context.read(flaps_, call.id);
    RUNNEL_REQUIRE(is_over(bid, context.block().timestamp), Refusal::error("Flapper/not-finished"));
    RUNNEL_TRY(move(context, flap_account_, flap_account_, bid.guy, bid.lot));
    auto as_flapper = context.as(flap_account_);
    RUNNEL_TRY(mkr_->execute(Erc20Burn{flap_account_, bid.bid}, as_flapper));
    context.write(flaps_, call.id) = {};
    auto& house = context.write(houses_, flap_record);
    house.fill = RUNNEL_TRY(guarded(Checked{house.fill} - bid.lot));
    tell_backstop(context, BackstopKind::surplus, BackstopAction::settle, call.id, bid);
    return Returns{};
}

// --- Flopper: new MKR for dai -----------------------------------------------------------------

Result<Returns> MakerDss::execute(const FlopTick& call, CallContext& context)
{
    const auto now = context.block().timestamp;
    const auto& house = context.read(houses_, flop_record);
    auto& bid = context.write(flops_, call.id);
    RUNNEL_TRY(require_ignored(bid, now, "Flopper/not-finished", "Flopper/bid-already-placed"));
    bid.lot = RUNNEL_TRY(wad_mul_down(house.pad, bid.lot));
    bid.end = now + house.tau;
    tell_backstop(context, BackstopKind::deficit, BackstopAction::restart, call.id, bid);
    return Returns{};
}

Result<Returns> MakerDss::execute(const Dent& call, CallContext& context)
{
    const auto now = context.block().timestamp;
    const auto& house = context.read(houses_, flop_record);
    RUNNEL_TRY(require_open(context.read(flops_, call.id), now,
        {"Flopper/guy-not-set", "Flopper/already-finished-tic", "Flopper/already-finished-end"}));
    auto& bid = context.write(flops_, call.id);
    RUNNEL_REQUIRE(call.bid == bid.bid, Refusal::error("Flopper/not-matching-bid"));
    RUNNEL_REQUIRE(call.lot < bid.lot, Refusal::error("Flopper/lot-not-lower"));
    const auto wanted = RUNNEL_TRY(guarded(Checked{house.beg} * call.lot));
    RUNNEL_REQUIRE(wanted <= RUNNEL_TRY(guarded(Checked{bid.lot} * wad)),
        Refusal::error("Flopper/insufficient-decrease"));
    const auto sender = context.sender();
    if (sender != bid.guy)
    {
        RUNNEL_TRY(move(context, flop_account_, sender, bid.guy, call.bid));
        if (bid.tic == 0)
        {
            // The first bid: what it brings cancels the debt it was asked for.
            const auto& ash = context.read(vow_, 0).ash;
            RUNNEL_TRY(kiss(context, call.bid < ash ? call.bid : ash));
        }
        bid.guy = sender;
    }
    bid.lot = call.lot;
    bid.tic = now + house.ttl;
    tell_backstop(context, BackstopKind::deficit, BackstopAction::bid, call.id, bid);
    return Returns{};
}

Result<Returns> MakerDss::execute(const FlopDeal& call, CallContext& context)
{
    const auto bid = context.read(flops_, call.id);
    RUNNEL_REQUIRE(is_over(bid, context.block().timestamp), Refusal::error("Flopper/not-finished"));
    auto as_minter = context.as(account());
    RUNNEL_TRY(mkr_->execute(Erc20Mint{bid.guy, bid.lot}, as_minter));
    context.write(flops_, call.id) = {};
    tell_backstop(context, BackstopKind::deficit, BackstopAction::settle, call.id, bid);
    return Returns{};
}

}  // namespace runnel::contracts
