#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "contracts/stablecoins/makerdao_dss/events.hpp"
#include "state/world.hpp"

/// Fees, savings, prices. Source: makerdao/dss, src/{jug,pot,spot}.sol; makerdao/osm, src/osm.sol.
namespace runnel::contracts
{

using namespace makerdao_dss;

namespace
{
constexpr std::uint64_t wad_per_usd_e8 = 10'000'000'000;
}  // namespace

Result<Returns> MakerDss::execute(const JugDrip& call, CallContext& context)
{
    RUNNEL_TRY(require_ilk(call.ilk, "Vat/ilk-not-init"));
    const auto now = context.block().timestamp;
    auto& jug = context.write(jug_ilks_, call.ilk);
    if (jug.rho == 0)
        jug.rho = now;  // Its init.
    RUNNEL_REQUIRE(now >= jug.rho, Refusal::error("Jug/invalid-now"));
    context.use_gas(gas::rates);
    const auto growth = RUNNEL_TRY(guarded(Checked{context.read(prices_, base_record)} + jug.duty));
    const auto factor = RUNNEL_TRY(ray_pow_half_up(growth, Amount{now - jug.rho}));
    const auto before = context.read(vat_ilks_, call.ilk).rate;
    const auto rate = RUNNEL_TRY(ray_mul_down(factor, before));
    const auto more = RUNNEL_TRY(difference(rate, before));
    RUNNEL_TRY(fold(context, call.ilk, vow_account_, more));
    jug.rho = now;
    return Returns{rate};
}

Result<Returns> MakerDss::execute(const PotDrip&, CallContext& context)
{
    const auto now = context.block().timestamp;
    auto& pot = context.write(pot_, 0);
    if (pot.rho == 0)
        pot.rho = now;  // The constructor's.
    RUNNEL_REQUIRE(now >= pot.rho, Refusal::error("Pot/invalid-now"));
    context.use_gas(gas::rates);
    const auto factor = RUNNEL_TRY(ray_pow_half_up(pot.dsr, Amount{now - pot.rho}));
    const auto chi = RUNNEL_TRY(ray_mul_down(factor, pot.chi));
    const auto more = RUNNEL_TRY(guarded(Checked{chi} - pot.chi));
    pot.chi = chi;
    pot.rho = now;
    const auto earned = RUNNEL_TRY(guarded(Checked{pot.pie} * more));
    RUNNEL_TRY(suck(context, vow_account_, pot_account_, earned));
    return Returns{chi};
}

Result<Returns> MakerDss::execute(const PotJoin& call, CallContext& context)
{
    auto& pot = context.write(pot_, 0);
    RUNNEL_REQUIRE(context.block().timestamp == pot.rho, Refusal::error("Pot/rho-not-updated"));
    const auto user = context.sender();
    auto& pie = context.write(pies_, user);
    pie = RUNNEL_TRY(guarded(Checked{pie} + call.wad));
    pot.pie = RUNNEL_TRY(guarded(Checked{pot.pie} + call.wad));
    const auto rad = RUNNEL_TRY(guarded(Checked{pot.chi} * call.wad));
    RUNNEL_TRY(move(context, pot_account_, user, pot_account_, rad));
    return Returns{};
}

Result<Returns> MakerDss::execute(const PotExit& call, CallContext& context)
{
    auto& pot = context.write(pot_, 0);
    const auto user = context.sender();
    auto& pie = context.write(pies_, user);
    pie = RUNNEL_TRY(guarded(Checked{pie} - call.wad));
    pot.pie = RUNNEL_TRY(guarded(Checked{pot.pie} - call.wad));
    const auto rad = RUNNEL_TRY(guarded(Checked{pot.chi} * call.wad));
    RUNNEL_TRY(move(context, pot_account_, pot_account_, user, rad));
    return Returns{};
}

// --- Prices -----------------------------------------------------------------------------------

Pip MakerDss::read_feed(const Amount& usd_e8) const
{
    Pip pip;
    const auto value = Checked{usd_e8} * wad_per_usd_e8;
    pip.value = value.ok() ? value.value : Amount{};
    pip.has = !pip.value.is_zero();
    return pip;
}

Pip MakerDss::peek(CallContext& context, std::size_t ilk)
{
    context.use_gas(gas::feed);
    const auto& tables = ilks_[ilk];
    if (feed_ == nullptr || tables.hop != 0)
        return context.read(pips_, ilk);
    return read_feed(context.read(feed_->prices(), index(tables.gem_id)).price);
}

Pip MakerDss::pip(std::size_t ilk) const
{
    const auto& tables = ilks_.at(ilk);
    if (feed_ == nullptr || tables.hop != 0)
        return pips_.get(ilk);
    return read_feed(feed_->prices().get(index(tables.gem_id)).price);
}

Result<Returns> MakerDss::execute(const PipSet& call, CallContext& context)
{
    RUNNEL_TRY(require_admin(context, "Pip/not-authorized"));
    RUNNEL_TRY(require_ilk(call.ilk, "Spotter/ilk-not-init"));
    RUNNEL_REQUIRE(feed_ == nullptr, Refusal::error("Pip/has-a-feed"));
    auto& pip = context.write(pips_, call.ilk);
    pip.value = call.value;
    pip.has = call.has;
    return Returns{};
}

Result<Returns> MakerDss::execute(const OsmPoke& call, CallContext& context)
{
    const auto& tables = *RUNNEL_TRY(require_ilk(call.ilk, "Spotter/ilk-not-init"));
    RUNNEL_REQUIRE(feed_ != nullptr && tables.hop != 0, Refusal::error("OSM/hop-is-zero"));
    const auto now = context.block().timestamp;
    auto& pip = context.write(pips_, call.ilk);
    RUNNEL_REQUIRE(now >= pip.zzz + tables.hop, Refusal::error("OSM/not-passed"));
    context.use_gas(gas::feed);
    const auto source = read_feed(context.read(feed_->prices(), index(tables.gem_id)).price);
    if (!source.has)
        return Returns{};
    pip.value = pip.next;
    pip.has = pip.next_has;
    pip.next = source.value;
    pip.next_has = true;
    pip.zzz = now - now % tables.hop;
    context.emit(id(), LogValueLog{pip.value});
    return Returns{};
}

Result<Amount> MakerDss::spot_of(const Pip& pip, const Amount& par, const Amount& mat)
{
    const auto value = RUNNEL_TRY(guarded(Checked{pip.value} * billion));
    const auto in_dai = RUNNEL_TRY(ray_div_down(value, par));
    return ray_div_down(in_dai, mat);
}

Result<Returns> MakerDss::execute(const SpotterPoke& call, CallContext& context)
{
    RUNNEL_TRY(require_ilk(call.ilk, "Spotter/ilk-not-init"));
    const auto pip = peek(context, call.ilk);
    Amount spot;
    if (pip.has)
        spot = RUNNEL_TRY(
            spot_of(pip, context.read(prices_, par_record), context.read(mats_, call.ilk)));
    context.write(vat_ilks_, call.ilk).spot = spot;
    context.emit(id(), PokeLog{Amount{call.ilk}, pip.value, spot});
    return Returns{};
}

}  // namespace runnel::contracts
