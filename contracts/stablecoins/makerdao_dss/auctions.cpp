#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "contracts/stablecoins/makerdao_dss/events.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

/// Liquidations: unsafe urns become Dutch auctions. Source: makerdao/dss, src/{dog,clip,abaci}.sol.
namespace runnel::contracts
{

using namespace makerdao_dss;

namespace makerdao_dss
{

Result<Amount> Abacus::price_down(const Amount& top, const Amount& seconds) const
{
    if (kind == Kind::linear)
    {
        if (seconds >= tau)
            return Amount{};
        const auto left = RUNNEL_TRY(guarded((Checked{tau} - seconds) * ray / tau));
        return ray_mul_down(top, left);
    }
    const auto steps =
        kind == Kind::stairstep ? RUNNEL_TRY(guarded(Checked{seconds} / step)) : seconds;
    const auto factor = RUNNEL_TRY(ray_pow_half_up(cut, steps));
    return ray_mul_down(top, factor);
}

}  // namespace makerdao_dss

namespace
{
constexpr std::string_view not_running = "Clipper/not-running-auction";

/// A price of a ray for 1e18 of collateral, in a wad; rounded up.
Amount token_price(const Amount& price)
{
    const auto up = mul_div_up(price, 1, billion);
    return up.ok() ? up.value : Amount{};
}
}  // namespace

Result<SaleStatus> MakerDss::status(
    const Sale& sale, const ClipState& clip, const Abacus& abacus, std::uint64_t now) const
{
    const auto seconds = RUNNEL_TRY(guarded(Checked{now} - sale.tic));
    SaleStatus result;
    result.price = RUNNEL_TRY(abacus.price_down(sale.top, seconds));
    result.needs_redo = seconds > clip.tail;
    if (!result.needs_redo)
        result.needs_redo = RUNNEL_TRY(ray_div_down(result.price, sale.top)) < clip.cusp;
    return result;
}

Result<SaleStatus> MakerDss::sale_status(std::size_t ilk, std::uint64_t id, std::uint64_t now) const
{
    return status(sale(ilk, id), clip(ilk), ilks_.at(ilk).abacus, now);
}

std::vector<std::uint64_t> MakerDss::active_sales(std::size_t ilk) const
{
    std::vector<std::uint64_t> ids;
    for (std::uint64_t place = 0; place < clip(ilk).count; ++place)
        ids.push_back(ilks_.at(ilk).active->get(place).low64());
    return ids;
}

Result<ClipState*> MakerDss::unlocked(
    CallContext& context, std::size_t ilk, std::uint64_t stopped_below)
{
    auto& clip = context.write(clips_, ilk);
    RUNNEL_REQUIRE(!clip.locked, Refusal::error("Clipper/system-locked"));
    RUNNEL_REQUIRE(clip.stopped < stopped_below, Refusal::error("Clipper/stopped-incorrect"));
    return &clip;
}

Result<Amount> MakerDss::feed_price(CallContext& context, std::size_t ilk)
{
    const auto pip = peek(context, ilk);
    RUNNEL_REQUIRE(pip.has, Refusal::error("Clipper/invalid-price"));
    const auto value = RUNNEL_TRY(guarded(Checked{pip.value} * billion));
    return ray_div_down(value, context.read(prices_, par_record));
}

// --- Dog --------------------------------------------------------------------------------------

Result<Returns> MakerDss::execute(const Bark& call, CallContext& context)
{
    const auto i = call.ilk;
    auto& tables = *RUNNEL_TRY(require_ilk(i, "Dog/not-unsafe"));
    for (const auto account : {call.urn, call.kpr})
        RUNNEL_TRY(require_account(context.world(), account));
    context.use_gas(gas::urn);
    const auto urn = context.read(*tables.urns, call.urn);
    const auto ilk = context.read(vat_ilks_, i);
    auto& dog = context.write(dog_, 0);
    auto& milk = context.write(dog_ilks_, i);
    bool is_unsafe = !ilk.spot.is_zero();
    if (is_unsafe)
    {
        const auto secured = RUNNEL_TRY(guarded(Checked{urn.ink} * ilk.spot));
        is_unsafe = secured < RUNNEL_TRY(guarded(Checked{urn.art} * ilk.rate));
    }
    RUNNEL_REQUIRE(is_unsafe, Refusal::error("Dog/not-unsafe"));
    RUNNEL_REQUIRE(
        dog.hole > dog.dirt && milk.hole > milk.dirt, Refusal::error("Dog/liquidation-limit-hit"));
    const auto room =
        std::min(wrapping_sub(dog.hole, dog.dirt), wrapping_sub(milk.hole, milk.dirt));
    auto dart = std::min(urn.art, RUNNEL_TRY(guarded(Checked{room} * wad / ilk.rate / milk.chop)));
    if (urn.art > dart)
    {
        // What is left must not be dust, and neither must what is taken.
        const auto left = RUNNEL_TRY(guarded((Checked{urn.art} - dart) * ilk.rate));
        if (left < ilk.dust)
            dart = urn.art;
        else
        {
            RUNNEL_REQUIRE(RUNNEL_TRY(guarded(Checked{dart} * ilk.rate)) >= ilk.dust,
                Refusal::error("Dog/dusty-auction-from-partial-liquidation"));
        }
    }
    const auto dink = RUNNEL_TRY(guarded(Checked{urn.ink} * dart / urn.art));
    RUNNEL_REQUIRE(!dink.is_zero(), Refusal::error("Dog/null-auction"));
    const auto limit = Amount::power_of_two(255);
    RUNNEL_REQUIRE(dart <= limit && dink <= limit, Refusal::error("Dog/overflow"));
    RUNNEL_TRY(grab(context, i, call.urn, tables.clip, vow_account_,
        Int256::from_magnitude(dink, true), Int256::from_magnitude(dart, true)));
    const auto due = RUNNEL_TRY(guarded(Checked{dart} * ilk.rate));
    RUNNEL_TRY(fess(context, due));
    const auto tab = RUNNEL_TRY(wad_mul_down(due, milk.chop));
    dog.dirt = RUNNEL_TRY(guarded(Checked{dog.dirt} + tab));
    milk.dirt = RUNNEL_TRY(guarded(Checked{milk.dirt} + tab));
    const auto number = RUNNEL_TRY(kick(context, i, tab, dink, call.urn, call.kpr));
    context.emit(id(), BarkLog{Amount{i}, call.urn, dink, dart, due, tables.clip, number});
    const auto& sale = context.read(*tables.sales, number);
    auto row = auction_row(i, CollateralAuctionStep::start, number, sale, call.kpr);
    row.collateral_raw = row.left_raw;
    row.debt_raw = from_rad_up(due);
    row.price = token_price(sale.top);
    context.emit(id(), row);
    return Returns{Amount{number}};
}

Result<void> MakerDss::digs(CallContext& context, std::size_t ilk, const Amount& rad)
{
    auto& dog = context.write(dog_, 0);
    dog.dirt = RUNNEL_TRY(guarded(Checked{dog.dirt} - rad));
    auto& milk = context.write(dog_ilks_, ilk);
    milk.dirt = RUNNEL_TRY(guarded(Checked{milk.dirt} - rad));
    return {};
}

// --- Clipper ----------------------------------------------------------------------------------

Result<std::uint64_t> MakerDss::kick(CallContext& context, std::size_t ilk, const Amount& tab,
    const Amount& lot, AccountId user, AccountId keeper)
{
    auto& clip = *RUNNEL_TRY(unlocked(context, ilk, 1));
    RUNNEL_REQUIRE(!tab.is_zero(), Refusal::error("Clipper/zero-tab"));
    RUNNEL_REQUIRE(!lot.is_zero(), Refusal::error("Clipper/zero-lot"));
    RUNNEL_REQUIRE(user != zero_account, Refusal::error("Clipper/zero-usr"));
    const auto number = ++clip.kicks;
    context.write(*ilks_[ilk].active, clip.count) = Amount{number};
    const auto price = RUNNEL_TRY(feed_price(context, ilk));
    const auto top = RUNNEL_TRY(ray_mul_down(price, clip.buf));
    RUNNEL_REQUIRE(!top.is_zero(), Refusal::error("Clipper/zero-top-price"));
    auto& sale = context.write(*ilks_[ilk].sales, number);
    sale = {tab, lot, top, user, clip.count, context.block().timestamp};
    ++clip.count;
    Amount coin;
    if (!clip.tip.is_zero() || !clip.chip.is_zero())
    {
        const auto share = RUNNEL_TRY(wad_mul_down(tab, clip.chip));
        coin = RUNNEL_TRY(guarded(Checked{clip.tip} + share));
        RUNNEL_TRY(suck(context, vow_account_, keeper, coin));
    }
    context.emit(id(), KickLog{number, top, tab, lot, user, keeper, coin});
    return number;
}

Result<MakerDss::Purchase> MakerDss::purchase(
    const Sale& sale, const ClipState& clip, const Amount& price, const Amount& amt)
{
    auto slice = std::min(sale.lot, amt);
    auto owe = RUNNEL_TRY(guarded(Checked{slice} * price));
    if (owe > sale.tab)
    {
        owe = sale.tab;
        slice = RUNNEL_TRY(guarded(Checked{owe} / price));
    }
    else if (owe < sale.tab && slice < sale.lot && wrapping_sub(sale.tab, owe) < clip.chost)
    {
        // What would be left is too little to be worth anybody's while.
        RUNNEL_REQUIRE(sale.tab > clip.chost, Refusal::error("Clipper/no-partial-purchase"));
        owe = wrapping_sub(sale.tab, clip.chost);
        slice = RUNNEL_TRY(guarded(Checked{owe} / price));
    }
    return Purchase{owe, slice};
}

CollateralAuctionRow MakerDss::auction_row(std::size_t ilk, CollateralAuctionStep step,
    std::uint64_t id, const Sale& sale, AccountId who) const
{
    CollateralAuctionRow row;
    row.transaction_type = step;
    row.auction = id;
    row.owner = sale.usr;
    row.account = who;
    row.collateral_token = ilks_[ilk].gem_id;
    row.debt_token = setup_.dai;
    row.wanted_raw = from_rad_up(sale.tab);
    row.left_raw = units_down(ilk, sale.lot);
    return row;
}

Result<Returns> MakerDss::execute(const Redo& call, CallContext& context)
{
    auto& tables = *RUNNEL_TRY(require_ilk(call.ilk, not_running));
    RUNNEL_TRY(require_account(context.world(), call.kpr));
    auto& clip = *RUNNEL_TRY(unlocked(context, call.ilk, 2));
    context.use_gas(gas::sale);
    RUNNEL_REQUIRE(
        context.read(*tables.sales, call.id).usr != zero_account, Refusal::error(not_running));
    auto& sale = context.write(*tables.sales, call.id);
    const auto now = context.block().timestamp;
    const auto before = RUNNEL_TRY(status(sale, clip, tables.abacus, now));
    RUNNEL_REQUIRE(before.needs_redo, Refusal::error("Clipper/cannot-reset"));
    sale.tic = now;
    const auto price = RUNNEL_TRY(feed_price(context, call.ilk));
    sale.top = RUNNEL_TRY(ray_mul_down(price, clip.buf));
    RUNNEL_REQUIRE(!sale.top.is_zero(), Refusal::error("Clipper/zero-top-price"));
    Amount coin;
    const bool rewards = !clip.tip.is_zero() || !clip.chip.is_zero();
    if (rewards && sale.tab >= clip.chost)
    {
        // Nobody is paid again and again for what is not worth it.
        if (RUNNEL_TRY(guarded(Checked{sale.lot} * price)) >= clip.chost)
        {
            const auto share = RUNNEL_TRY(wad_mul_down(sale.tab, clip.chip));
            coin = RUNNEL_TRY(guarded(Checked{clip.tip} + share));
            RUNNEL_TRY(suck(context, vow_account_, call.kpr, coin));
        }
    }
    context.emit(id(), RedoLog{call.id, sale.top, sale.tab, sale.lot, sale.usr, call.kpr, coin});
    auto row = auction_row(call.ilk, CollateralAuctionStep::restart, call.id, sale, call.kpr);
    row.collateral_raw = row.left_raw;
    row.price = token_price(sale.top);
    context.emit(id(), row);
    return Returns{};
}

Result<Returns> MakerDss::execute(const Take& call, CallContext& context)
{
    const auto i = call.ilk;
    auto& tables = *RUNNEL_TRY(require_ilk(i, not_running));
    RUNNEL_TRY(require_account(context.world(), call.who));
    auto& clip = *RUNNEL_TRY(unlocked(context, i, 3));
    context.use_gas(gas::sale);
    const auto user = context.read(*tables.sales, call.id).usr;
    RUNNEL_REQUIRE(user != zero_account, Refusal::error(not_running));
    auto& sale = context.write(*tables.sales, call.id);
    const auto [done, price] =
        RUNNEL_TRY(status(sale, clip, tables.abacus, context.block().timestamp));
    RUNNEL_REQUIRE(!done, Refusal::error("Clipper/needs-reset"));
    RUNNEL_REQUIRE(call.max >= price, Refusal::error("Clipper/too-expensive"));

    const auto [owe, slice] = RUNNEL_TRY(purchase(sale, clip, price, call.amt));
    const auto tab = wrapping_sub(sale.tab, owe);
    const auto lot = wrapping_sub(sale.lot, slice);
    auto row = auction_row(
        i, CollateralAuctionStep::take, call.id, {tab, lot, {}, user, 0, 0}, context.sender());
    row.collateral_raw = units_down(i, slice);
    row.paid_raw = from_rad_up(owe);
    row.price = token_price(price);
    RUNNEL_TRY(flux(context, i, tables.clip, tables.clip, call.who, slice));
    const auto sender = context.sender();
    if (!call.data.bytes.empty())
    {
        clip.locked = true;
        if (call.who == sender)
            RUNNEL_TRY(context.run(call.data, sender, Returns{owe, slice}));
        else
        {
            // An account without code cannot be called back.
            const bool has_code = RUNNEL_TRY(context.hand_over(call.who));
            RUNNEL_REQUIRE(has_code, Refusal::empty());
        }
        clip.locked = false;
    }
    RUNNEL_TRY(move(context, tables.clip, sender, vow_account_, owe));
    RUNNEL_TRY(digs(context, i, lot.is_zero() ? sale.tab : owe));
    if (lot.is_zero())
        remove(context, i, call.id);
    else if (tab.is_zero())
    {
        RUNNEL_TRY(flux(context, i, tables.clip, tables.clip, user, lot));
        remove(context, i, call.id);
        row.returned_raw = std::exchange(row.left_raw, Amount{});
    }
    else
    {
        sale.tab = tab;
        sale.lot = lot;
    }
    context.emit(id(), TakeLog{call.id, call.max, price, owe, tab, lot, user});
    context.emit(id(), row);
    return Returns{};
}

void MakerDss::remove(CallContext& context, std::size_t ilk, std::uint64_t id)
{
    auto& tables = ilks_[ilk];
    auto& clip = context.write(clips_, ilk);
    auto& last = context.write(*tables.active, clip.count - 1);
    const auto moved = last.low64();
    auto& sale = context.write(*tables.sales, id);
    if (id != moved)
    {
        context.write(*tables.active, sale.pos) = last;
        context.write(*tables.sales, moved).pos = sale.pos;
    }
    last = {};
    --clip.count;
    sale = {};
}

Result<Returns> MakerDss::execute(const Yank& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, "Clipper/not-authorized"));
    auto& tables = *RUNNEL_TRY(require_ilk(call.ilk, not_running));
    RUNNEL_REQUIRE(!context.read(clips_, call.ilk).locked, Refusal::error("Clipper/system-locked"));
    const auto sale = context.read(*tables.sales, call.id);
    RUNNEL_REQUIRE(sale.usr != zero_account, Refusal::error(not_running));
    RUNNEL_TRY(digs(context, call.ilk, sale.tab));
    RUNNEL_TRY(flux(context, call.ilk, tables.clip, tables.clip, context.sender(), sale.lot));
    remove(context, call.ilk, call.id);
    context.emit(id(), YankLog{call.id});
    context.emit(id(),
        auction_row(call.ilk, CollateralAuctionStep::cancel, call.id, sale, context.sender()));
    return Returns{};
}

Result<Returns> MakerDss::execute(const Upchost& call, CallContext& context)
{
    RUNNEL_TRY(require_ilk(call.ilk, not_running));
    const auto& dust = context.read(vat_ilks_, call.ilk).dust;
    const auto& chop = context.read(dog_ilks_, call.ilk).chop;
    context.write(clips_, call.ilk).chost = RUNNEL_TRY(wad_mul_down(dust, chop));
    return Returns{};
}

}  // namespace runnel::contracts
