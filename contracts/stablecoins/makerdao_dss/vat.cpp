#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "state/world.hpp"

/// Joins and vat: who owns what. Source: makerdao/dss, src/vat.sol and src/join.sol.
namespace runnel::contracts
{

using namespace makerdao_dss;

namespace
{
constexpr std::string_view unknown_ilk = "Vat/ilk-not-init";

/// What a token refuses by answering false.
Result<void> accepted(Result<void> moved)
{
    if (!moved.has_value() && is_token_said_false(moved.error()))
        return fail("GemJoin/failed-transfer");
    return moved;
}
}  // namespace

// --- Vat --------------------------------------------------------------------------------------

bool MakerDss::wish(CallContext& context, AccountId owner, AccountId user)
{
    return owner == user || context.read(can_, pair_key(owner, user)).allowed;
}

Result<void> MakerDss::move(
    CallContext& context, AccountId caller, AccountId from, AccountId to, const Amount& rad)
{
    RUNNEL_REQUIRE(wish(context, from, caller), Refusal::error("Vat/not-allowed"));
    auto& source = context.write(dai_, from);
    source = RUNNEL_TRY(guarded(Checked{source} - rad));
    auto& target = context.write(dai_, to);
    target = RUNNEL_TRY(guarded(Checked{target} + rad));
    return {};
}

Result<void> MakerDss::flux(CallContext& context, std::size_t ilk, AccountId caller, AccountId from,
    AccountId to, const Amount& wad)
{
    RUNNEL_REQUIRE(wish(context, from, caller), Refusal::error("Vat/not-allowed"));
    auto& gems = *ilks_[ilk].gems;
    auto& source = context.write(gems, from);
    source = RUNNEL_TRY(guarded(Checked{source} - wad));
    auto& target = context.write(gems, to);
    target = RUNNEL_TRY(guarded(Checked{target} + wad));
    return {};
}

Result<void> MakerDss::slip(
    CallContext& context, std::size_t ilk, AccountId user, const Int256& wad)
{
    auto& gem = context.write(*ilks_[ilk].gems, user);
    gem = RUNNEL_TRY(add_signed(gem, wad));
    return {};
}

Result<void> MakerDss::grab(CallContext& context, std::size_t i, AccountId u, AccountId v,
    AccountId w, const Int256& dink, const Int256& dart)
{
    auto& urn = context.write(*ilks_[i].urns, u);
    auto& ilk = context.write(vat_ilks_, i);
    urn.ink = RUNNEL_TRY(add_signed(urn.ink, dink));
    urn.art = RUNNEL_TRY(add_signed(urn.art, dart));
    ilk.art = RUNNEL_TRY(add_signed(ilk.art, dart));
    const auto dtab = RUNNEL_TRY(mul_signed(ilk.rate, dart));
    auto& gem = context.write(*ilks_[i].gems, v);
    gem = RUNNEL_TRY(sub_signed(gem, dink));
    auto& sin = context.write(sin_, w);
    sin = RUNNEL_TRY(sub_signed(sin, dtab));
    auto& vat = context.write(vat_, 0);
    vat.vice = RUNNEL_TRY(sub_signed(vat.vice, dtab));
    return {};
}

Result<void> MakerDss::heal(CallContext& context, AccountId user, const Amount& rad)
{
    auto& sin = context.write(sin_, user);
    sin = RUNNEL_TRY(guarded(Checked{sin} - rad));
    auto& dai = context.write(dai_, user);
    dai = RUNNEL_TRY(guarded(Checked{dai} - rad));
    auto& vat = context.write(vat_, 0);
    vat.vice = RUNNEL_TRY(guarded(Checked{vat.vice} - rad));
    vat.debt = RUNNEL_TRY(guarded(Checked{vat.debt} - rad));
    return {};
}

Result<void> MakerDss::suck(CallContext& context, AccountId u, AccountId v, const Amount& rad)
{
    auto& sin = context.write(sin_, u);
    sin = RUNNEL_TRY(guarded(Checked{sin} + rad));
    auto& dai = context.write(dai_, v);
    dai = RUNNEL_TRY(guarded(Checked{dai} + rad));
    auto& vat = context.write(vat_, 0);
    vat.vice = RUNNEL_TRY(guarded(Checked{vat.vice} + rad));
    vat.debt = RUNNEL_TRY(guarded(Checked{vat.debt} + rad));
    return {};
}

Result<void> MakerDss::fold(CallContext& context, std::size_t i, AccountId u, const Int256& rate)
{
    auto& ilk = context.write(vat_ilks_, i);
    ilk.rate = RUNNEL_TRY(add_signed(ilk.rate, rate));
    const auto rad = RUNNEL_TRY(mul_signed(ilk.art, rate));
    auto& dai = context.write(dai_, u);
    dai = RUNNEL_TRY(add_signed(dai, rad));
    auto& vat = context.write(vat_, 0);
    vat.debt = RUNNEL_TRY(add_signed(vat.debt, rad));
    return {};
}

DebtChangeRow MakerDss::change_row(
    std::size_t ilk, AccountId owner, const Int256& dink, const Int256& dtab) const
{
    DebtChangeRow row;
    row.account = owner;
    row.collateral_token = ilks_[ilk].gem_id;
    row.debt_token = setup_.dai;
    (dink.is_negative() ? row.freed_raw : row.locked_raw) = units_down(ilk, dink.magnitude());
    (dtab.is_negative() ? row.repaid_raw : row.drawn_raw) = from_rad_down(dtab.magnitude());
    return row;
}

Result<Returns> MakerDss::execute(const Frob& call, CallContext& context)
{
    auto& tables = *RUNNEL_TRY(require_ilk(call.ilk, unknown_ilk));
    for (const auto account : {call.u, call.v, call.w})
        RUNNEL_TRY(require_account(context.world(), account));
    context.use_gas(gas::urn);
    auto& urn = context.write(*tables.urns, call.u);
    auto& ilk = context.write(vat_ilks_, call.ilk);
    auto& vat = context.write(vat_, 0);
    RUNNEL_REQUIRE(!ilk.rate.is_zero(), Refusal::error(unknown_ilk));
    urn.ink = RUNNEL_TRY(add_signed(urn.ink, call.dink));
    urn.art = RUNNEL_TRY(add_signed(urn.art, call.dart));
    ilk.art = RUNNEL_TRY(add_signed(ilk.art, call.dart));
    const auto dtab = RUNNEL_TRY(mul_signed(ilk.rate, call.dart));
    const auto tab = RUNNEL_TRY(guarded(Checked{ilk.rate} * urn.art));
    vat.debt = RUNNEL_TRY(add_signed(vat.debt, dtab));

    // Both sides of dss's either() and both() are computed, whatever the first one says.
    const bool draws = !call.dart.is_negative() && !call.dart.is_zero();
    const bool is_safer = !draws && !call.dink.is_negative();
    const auto all = RUNNEL_TRY(guarded(Checked{ilk.art} * ilk.rate));
    RUNNEL_REQUIRE(!draws || (all <= ilk.line && vat.debt <= vat.line),
        Refusal::error("Vat/ceiling-exceeded"));
    const auto secured = RUNNEL_TRY(guarded(Checked{urn.ink} * ilk.spot));
    RUNNEL_REQUIRE(is_safer || tab <= secured, Refusal::error("Vat/not-safe"));
    const auto sender = context.sender();
    RUNNEL_REQUIRE(is_safer || wish(context, call.u, sender), Refusal::error("Vat/not-allowed-u"));
    RUNNEL_REQUIRE(call.dink.is_negative() || call.dink.is_zero() || wish(context, call.v, sender),
        Refusal::error("Vat/not-allowed-v"));
    RUNNEL_REQUIRE(!call.dart.is_negative() || wish(context, call.w, sender),
        Refusal::error("Vat/not-allowed-w"));
    RUNNEL_REQUIRE(urn.art.is_zero() || tab >= ilk.dust, Refusal::error("Vat/dust"));
    auto& gem = context.write(*tables.gems, call.v);
    gem = RUNNEL_TRY(sub_signed(gem, call.dink));
    auto& dai = context.write(dai_, call.w);
    dai = RUNNEL_TRY(add_signed(dai, dtab));
    context.emit(id(), change_row(call.ilk, call.u, call.dink, dtab));
    return Returns{};
}

Result<Returns> MakerDss::execute(const Fork& call, CallContext& context)
{
    auto& tables = *RUNNEL_TRY(require_ilk(call.ilk, unknown_ilk));
    for (const auto account : {call.src, call.dst})
        RUNNEL_TRY(require_account(context.world(), account));
    auto& source = context.write(*tables.urns, call.src);
    auto& target = context.write(*tables.urns, call.dst);
    const auto& ilk = context.read(vat_ilks_, call.ilk);
    source.ink = RUNNEL_TRY(sub_signed(source.ink, call.dink));
    source.art = RUNNEL_TRY(sub_signed(source.art, call.dart));
    target.ink = RUNNEL_TRY(add_signed(target.ink, call.dink));
    target.art = RUNNEL_TRY(add_signed(target.art, call.dart));
    const auto source_tab = RUNNEL_TRY(guarded(Checked{source.art} * ilk.rate));
    const auto target_tab = RUNNEL_TRY(guarded(Checked{target.art} * ilk.rate));
    const auto sender = context.sender();
    RUNNEL_REQUIRE(wish(context, call.src, sender) && wish(context, call.dst, sender),
        Refusal::error("Vat/not-allowed"));
    RUNNEL_REQUIRE(source_tab <= RUNNEL_TRY(guarded(Checked{source.ink} * ilk.spot)),
        Refusal::error("Vat/not-safe-src"));
    RUNNEL_REQUIRE(target_tab <= RUNNEL_TRY(guarded(Checked{target.ink} * ilk.spot)),
        Refusal::error("Vat/not-safe-dst"));
    RUNNEL_REQUIRE(source_tab >= ilk.dust || source.art.is_zero(), Refusal::error("Vat/dust-src"));
    RUNNEL_REQUIRE(target_tab >= ilk.dust || target.art.is_zero(), Refusal::error("Vat/dust-dst"));
    if (const auto dtab = mul_signed(ilk.rate, call.dart); dtab.has_value())
    {
        context.emit(id(), change_row(call.ilk, call.src, -call.dink, -*dtab));
        context.emit(id(), change_row(call.ilk, call.dst, call.dink, *dtab));
    }
    return Returns{};
}

Result<Returns> MakerDss::execute(const Hope& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.usr));
    context.write(can_, pair_key(context.sender(), call.usr)).allowed = true;
    return Returns{};
}

Result<Returns> MakerDss::execute(const Nope& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.usr));
    context.write(can_, pair_key(context.sender(), call.usr)).allowed = false;
    return Returns{};
}

Result<Returns> MakerDss::execute(const Move& call, CallContext& context)
{
    for (const auto account : {call.src, call.dst})
        RUNNEL_TRY(require_account(context.world(), account));
    RUNNEL_TRY(move(context, context.sender(), call.src, call.dst, call.rad));
    return Returns{};
}

Result<Returns> MakerDss::execute(const Flux& call, CallContext& context)
{
    RUNNEL_TRY(require_ilk(call.ilk, unknown_ilk));
    for (const auto account : {call.src, call.dst})
        RUNNEL_TRY(require_account(context.world(), account));
    RUNNEL_TRY(flux(context, call.ilk, context.sender(), call.src, call.dst, call.wad));
    return Returns{};
}

Result<Returns> MakerDss::execute(const Fold& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, "Vat/not-authorized"));
    RUNNEL_TRY(require_ilk(call.ilk, unknown_ilk));
    RUNNEL_TRY(require_account(context.world(), call.u));
    RUNNEL_TRY(fold(context, call.ilk, call.u, call.rate));
    return Returns{};
}

// --- Joins ------------------------------------------------------------------------------------

Result<Returns> MakerDss::execute(const GemJoinJoin& call, CallContext& context)
{
    auto& tables = *RUNNEL_TRY(require_ilk(call.ilk, unknown_ilk));
    RUNNEL_TRY(require_account(context.world(), call.usr));
    const auto wad = RUNNEL_TRY(guarded(Checked{call.wad} * tables.scale));
    RUNNEL_REQUIRE(!wad.bit(255), Refusal::error("GemJoin/overflow"));
    RUNNEL_TRY(slip(context, call.ilk, call.usr, Int256::from_bits(wad)));
    RUNNEL_TRY(accepted(
        tables.gem->transfer_from(context.as(account()), context.sender(), account(), call.wad)));
    return Returns{};
}

Result<Returns> MakerDss::execute(const GemJoinExit& call, CallContext& context)
{
    auto& tables = *RUNNEL_TRY(require_ilk(call.ilk, unknown_ilk));
    const auto wad = RUNNEL_TRY(guarded(Checked{call.wad} * tables.scale));
    RUNNEL_REQUIRE(wad <= Amount::power_of_two(255), Refusal::error("GemJoin/overflow"));
    RUNNEL_TRY(slip(context, call.ilk, context.sender(), Int256::from_magnitude(wad, true)));
    RUNNEL_TRY(accepted(tables.gem->transfer(context.as(account()), call.usr, call.wad)));
    return Returns{};
}

Result<Returns> MakerDss::execute(const DaiJoinJoin& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.usr));
    const auto rad = RUNNEL_TRY(guarded(Checked{ray} * call.wad));
    RUNNEL_TRY(move(context, dai_join_account_, dai_join_account_, call.usr, rad));
    RUNNEL_TRY(dai_token_->burn(context.as(dai_join_account_), context.sender(), call.wad));
    return Returns{};
}

Result<Returns> MakerDss::execute(const DaiJoinExit& call, CallContext& context)
{
    const auto rad = RUNNEL_TRY(guarded(Checked{ray} * call.wad));
    RUNNEL_TRY(move(context, dai_join_account_, context.sender(), dai_join_account_, rad));
    RUNNEL_TRY(dai_token_->mint(context, call.usr, call.wad));
    return Returns{};
}

}  // namespace runnel::contracts
