#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <array>

/// What strategies and reports see of dss.
namespace runnel::contracts
{

using namespace makerdao_dss;

namespace
{
Amount value_or_most(const Checked& value)
{
    return value.ok() ? value.value : Amount::max();
}
Amount less(const Amount& a, const Amount& b)
{
    return a > b ? wrapping_sub(a, b) : Amount{};
}
}  // namespace

Amount MakerDss::from_rad_down(const Amount& rad)
{
    return div_down(rad, ray);
}

Amount MakerDss::from_rad_up(const Amount& rad)
{
    return value_or_most(mul_div_up(rad, 1, ray));
}

Amount MakerDss::units_down(std::size_t ilk, const Amount& wad_amount) const
{
    return div_down(wad_amount, ilks_[ilk].scale);
}

Amount MakerDss::lot_of_units(std::size_t ilk, const Amount& units) const
{
    return value_or_most((Checked{units} + 1) * ilks_[ilk].scale - 1);
}

Amount MakerDss::debt_token_supply() const noexcept
{
    return dai_token_->total_supply();
}

DebtTerms MakerDss::terms(std::size_t i) const
{
    const auto& tables = ilks_.at(i);
    const auto& vat_ilk = ilk(i);
    const auto& par = prices_.get(par_record);
    DebtTerms terms;
    terms.collateral = tables.gem_id;
    terms.unit = div_down(wad, tables.scale);
    // Up: the spot that the price was made into was rounded down.
    const auto counted = mul_div_up(vat_ilk.spot, mat(i), ray);
    if (counted.ok())
        terms.price = value_or_most(mul_div_up(counted.value, 1, billion));
    const auto feed =
        feed_ == nullptr ? pip(i) : read_feed(feed_->prices().get(index(tables.gem_id)).price);
    if (feed.has)
        terms.feed_price = value_or_most(mul_div_down(feed.value, ray, par));
    terms.ratio_min = div_down(mat(i), billion);
    terms.debt_min = from_rad_up(vat_ilk.dust);
    const auto owed = value_or_most(Checked{vat_ilk.art} * vat_ilk.rate);
    terms.debt = from_rad_up(owed);
    terms.debt_room =
        from_rad_down(std::min(less(vat_ilk.line, owed), less(vat().line, vat().debt)));
    terms.starts = clip(i).stopped < 1 && dog().hole > dog().dirt && dog(i).hole > dog(i).dirt;
    return terms;
}

DebtBooks MakerDss::books() const
{
    Checked owed{0};
    for (std::size_t i = 0; i < ilks_.size(); ++i)
        owed = owed + Checked{ilk(i).art} * ilk(i).rate;
    DebtBooks books;
    books.debt = from_rad_up(value_or_most(owed));
    const auto& has = dai(vow_account_);
    const auto& lacks = sin(vow_account_);
    books.surplus = from_rad_down(less(has, lacks));
    books.deficit = from_rad_up(less(lacks, has));
    return books;
}

std::vector<AccountId> MakerDss::accounts(std::size_t i) const
{
    const auto& tables = ilks_.at(i);
    auto keys = tables.urns->keys();
    for (const auto& more : {tables.gems->keys(), dai_.keys()})
        keys.insert(keys.end(), more.begin(), more.end());
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    std::vector<AccountId> accounts;
    for (const auto key : keys)
    {
        const AccountId account{static_cast<std::uint32_t>(key)};
        const std::array modules{vow_account_, pot_account_, dai_join_account_, flap_account_,
            flop_account_, tables.clip};
        if (std::find(modules.begin(), modules.end(), account) == modules.end())
            accounts.push_back(account);
    }
    return accounts;
}

DebtPosition MakerDss::position(std::size_t i, AccountId owner) const
{
    const auto& held = urn(i, owner);
    const auto& vat_ilk = ilk(i);
    const auto owed = value_or_most(Checked{held.art} * vat_ilk.rate);
    DebtPosition position;
    position.collateral = units_down(i, held.ink);
    position.debt = from_rad_up(owed);
    position.is_unsafe =
        !vat_ilk.spot.is_zero() && value_or_most(Checked{held.ink} * vat_ilk.spot) < owed;
    return position;
}

DebtClaims MakerDss::claims(std::size_t i, AccountId user) const
{
    return {units_down(i, gem(i, user)), from_rad_down(dai(user))};
}

std::vector<CollateralAuction> MakerDss::auctions(std::size_t i, std::uint64_t at) const
{
    std::vector<CollateralAuction> running;
    for (const auto number : active_sales(i))
    {
        const auto& one = sale(i, number);
        const auto now = sale_status(i, number, at);
        CollateralAuction auction;
        auction.id = number;
        auction.owner = one.usr;
        auction.collateral = units_down(i, one.lot);
        auction.wanted = from_rad_up(one.tab);
        auction.restarts = !now.has_value() || now->needs_redo;
        if (now.has_value())
            auction.price = value_or_most(mul_div_up(now->price, 1, billion));
        running.push_back(auction);
    }
    return running;
}

Result<AuctionPurchase> MakerDss::preview_take(
    std::size_t i, std::uint64_t auction, const Amount& most, std::uint64_t at) const
{
    const auto& one = sale(i, auction);
    RUNNEL_REQUIRE(clip(i).stopped < 3, Refusal::error("Clipper/stopped-incorrect"));
    RUNNEL_REQUIRE(one.usr != zero_account, Refusal::error("Clipper/not-running-auction"));
    const auto [done, price] = RUNNEL_TRY(sale_status(i, auction, at));
    RUNNEL_REQUIRE(!done, Refusal::error("Clipper/needs-reset"));
    const auto [owe, slice] = RUNNEL_TRY(purchase(one, clip(i), price, lot_of_units(i, most)));
    return AuctionPurchase{most, units_down(i, slice), from_rad_up(owe)};
}

Amount MakerDss::start_reward(std::size_t i, AccountId owner) const
{
    const auto owed = Checked{urn(i, owner).art} * ilk(i).rate;
    const auto tab = mul_div_down(value_or_most(owed), dog(i).chop, wad);
    const auto share = mul_div_down(value_or_most(tab), clip(i).chip, wad);
    return from_rad_down(value_or_most(Checked{clip(i).tip} + value_or_most(share)));
}

bool MakerDss::is_update_due(std::size_t i, std::uint64_t at) const
{
    const auto& tables = ilks_.at(i);
    const bool has_osm = feed_ != nullptr && tables.hop != 0;
    if (has_osm && at >= pips_.get(i).zzz + tables.hop &&
        !feed_->prices().get(index(tables.gem_id)).price.is_zero())
        return true;
    const auto now = pip(i);
    if (!now.has)
        return !ilk(i).spot.is_zero();
    const auto spot = spot_of(now, prices_.get(par_record), mat(i));
    return spot.has_value() && *spot != ilk(i).spot;
}

CallGas MakerDss::gas_of(DebtAction action) const noexcept
{
    constexpr auto leave = Hope::gas;
    switch (action)
    {
        case DebtAction::change:
            return {leave + GemJoinJoin::gas + Frob::gas + DaiJoinExit::gas, 0};
        case DebtAction::claim: return {leave + GemJoinExit::gas + DaiJoinExit::gas, 0};
        case DebtAction::start: return {Bark::gas, 0};
        case DebtAction::restart: return {Redo::gas, 0};
        case DebtAction::take:
        case DebtAction::take_and_sell:
            return {leave + DaiJoinJoin::gas + Take::gas + GemJoinExit::gas, 0};
        case DebtAction::update: return {OsmPoke::gas + SpotterPoke::gas + JugDrip::gas, 0};
    }
    return {};
}

// --- Calls ------------------------------------------------------------------------------------

void MakerDss::add_leave(CallWriter& calls, AccountId owner, AccountId user) const
{
    if (!can_.get(pair_key(owner, user)).allowed)
        calls.add(id(), Hope{user});
}

void MakerDss::add_change(
    CallWriter& calls, std::size_t i, const DebtChange& change, AccountId sender) const
{
    const auto number = static_cast<std::uint8_t>(i);
    const auto& tables = ilks_.at(i);
    const auto& rate = ilk(i).rate;
    if (!change.lock.is_zero())
        calls.add(id(), GemJoinJoin{number, sender, change.lock});
    if (!change.repay.is_zero())
        calls.add(id(), DaiJoinJoin{sender, change.repay});
    // So much of debt over the rate that what is drawn is there, and what was joined is enough.
    const auto drawn = value_or_most(mul_div_up(change.draw, ray, rate));
    const auto repaid =
        std::min(value_or_most(mul_div_down(change.repay, ray, rate)), urn(i, sender).art);
    const bool repays = repaid > drawn;
    const auto dart = Int256::from_magnitude(
        repays ? wrapping_sub(repaid, drawn) : wrapping_sub(drawn, repaid), repays);
    const bool frees = change.free > change.lock;
    const auto units =
        frees ? wrapping_sub(change.free, change.lock) : wrapping_sub(change.lock, change.free);
    const auto dink = Int256::from_magnitude(value_or_most(Checked{units} * tables.scale), frees);
    calls.add(id(), Frob{number, sender, sender, sender, dink, dart});
    if (!change.free.is_zero())
        calls.add(id(), GemJoinExit{number, sender, change.free});
    if (!change.draw.is_zero())
    {
        add_leave(calls, sender, dai_join_account_);
        calls.add(id(), DaiJoinExit{sender, change.draw});
    }
}

void MakerDss::add_claim(
    CallWriter& calls, std::size_t i, const DebtClaims& claims, AccountId sender) const
{
    if (!claims.collateral.is_zero())
        calls.add(id(), GemJoinExit{static_cast<std::uint8_t>(i), sender, claims.collateral});
    if (!claims.debt_token.is_zero())
    {
        add_leave(calls, sender, dai_join_account_);
        calls.add(id(), DaiJoinExit{sender, claims.debt_token});
    }
}

void MakerDss::add_start(CallWriter& calls, std::size_t i, AccountId owner, AccountId sender) const
{
    calls.add(id(), Bark{static_cast<std::uint8_t>(i), owner, sender});
}

void MakerDss::add_restart(
    CallWriter& calls, std::size_t i, std::uint64_t auction, AccountId sender) const
{
    calls.add(id(), Redo{static_cast<std::uint8_t>(i), auction, sender});
}

void MakerDss::add_take(CallWriter& calls, std::size_t i, std::uint64_t auction,
    const AuctionPurchase& purchase, AccountId sender) const
{
    const auto number = static_cast<std::uint8_t>(i);
    add_leave(calls, sender, ilks_.at(i).clip);
    calls.add(id(), DaiJoinJoin{sender, purchase.cost});
    calls.add(
        id(), Take{number, auction, lot_of_units(i, purchase.most), Amount::max(), sender, {}});
    calls.add(id(), GemJoinExit{number, sender, purchase.collateral});
}

void MakerDss::add_take_and_sell(CallWriter& calls, std::size_t i, std::uint64_t auction,
    const AuctionPurchase& purchase, const std::function<void(CallWriter&)>& add_sale,
    AccountId sender) const
{
    const auto number = static_cast<std::uint8_t>(i);
    CallWriter nested;
    nested.add(id(), GemJoinExit{number, sender, purchase.collateral});
    add_sale(nested);
    nested.add(id(), DaiJoinJoin{sender, purchase.cost});
    add_leave(calls, sender, ilks_.at(i).clip);
    calls.add(id(), Take{number, auction, lot_of_units(i, purchase.most), Amount::max(), sender,
                        nested.list()});
}

void MakerDss::add_update(CallWriter& calls, std::size_t i, std::uint64_t at) const
{
    const auto number = static_cast<std::uint8_t>(i);
    if (feed_ != nullptr && ilks_.at(i).hop != 0 && at >= pips_.get(i).zzz + ilks_.at(i).hop)
        calls.add(id(), OsmPoke{number});
    calls.add(id(), SpotterPoke{number});
    calls.add(id(), JugDrip{number});
}

}  // namespace runnel::contracts
