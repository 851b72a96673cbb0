#include "contracts/kit/approvals.hpp"
#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "state/world.hpp"

#include <algorithm>

/// What bidders in flaps and flops see of dss.
namespace runnel::contracts
{

using namespace makerdao_dss;

namespace
{
/// Of a transaction that starts an auction: more debt in the queue waits for the next one.
constexpr std::size_t flogs_max = 16;

Amount less(const Amount& a, const Amount& b)
{
    return a > b ? wrapping_sub(a, b) : Amount{};
}
}  // namespace

std::optional<ContractId> MakerDss::governance_token() const noexcept
{
    return mkr_ == nullptr ? std::nullopt : std::optional{setup_.mkr};
}

/// What flogs and a heal make of the vow's books.
MakerDss::VowBooks MakerDss::vow_books(std::uint64_t at) const
{
    VowBooks books;
    Checked queued = vow().sin;
    for (const auto era : queue_.keys())
    {
        const auto& debt = queue_.get(era);
        const auto due = Checked{era} + vow().wait;
        if (debt.is_zero() || !due.ok() || due.value > Amount{at})
            continue;
        if (books.due.size() == flogs_max)
            break;
        books.due.push_back(era);
        queued = queued - debt;
    }
    const auto& has = dai(vow_account_);
    const auto& lacks = sin(vow_account_);
    const auto unsettled = queued + vow().ash;
    const auto free = unsettled.ok() ? less(lacks, unsettled.value) : Amount{};
    books.healed = std::min(has, free);
    books.surplus = wrapping_sub(has, books.healed);
    books.debt = wrapping_sub(lacks, books.healed);
    books.free_debt = wrapping_sub(free, books.healed);
    return books;
}

std::optional<BackstopBid> MakerDss::first_bid(BackstopKind kind, std::uint64_t at) const
{
    if (mkr_ == nullptr)
        return std::nullopt;
    const auto books = vow_books(at);
    if (kind == BackstopKind::surplus)
    {
        const auto needed = Checked{books.debt} + vow().bump + vow().hump;
        const auto fill = Checked{flap().fill} + vow().bump;
        if (vow().bump.is_zero() || !books.free_debt.is_zero() || !needed.ok() ||
            books.surplus < needed.value || !fill.ok() || fill.value > flap().lid)
            return std::nullopt;
        return BackstopBid{from_rad_down(vow().bump), Amount{1}};
    }
    if (vow().sump.is_zero() || !books.surplus.is_zero() || books.free_debt < vow().sump)
        return std::nullopt;
    return lower(vow().dump, vow().sump);
}

std::vector<BackstopAuction> MakerDss::backstop_auctions(BackstopKind kind, std::uint64_t at) const
{
    const bool is_flap = kind == BackstopKind::surplus;
    const auto& bids = is_flap ? flaps_ : flops_;
    std::vector<BackstopAuction> running;
    for (const auto number : bids.keys())
    {
        const auto& one = bids.get(number);
        if (one.guy == zero_account)
            continue;
        BackstopAuction auction;
        auction.id = number;
        auction.won = is_flap ? from_rad_down(one.lot) : one.lot;
        auction.given = is_flap ? one.bid : from_rad_up(one.bid);
        if (one.tic != 0)
            auction.bidder = one.guy;
        auction.takes_bids = (one.tic > at || one.tic == 0) && one.end > at;
        auction.is_over = one.tic != 0 && (one.tic < at || one.end < at);
        auction.restarts = one.tic == 0 && one.end < at;
        running.push_back(auction);
    }
    return running;
}

/// The most MKR that a bid for @p bid rad of debt may want after one that wants @p lot.
std::optional<BackstopBid> MakerDss::lower(const Amount& lot, const Amount& bid) const
{
    const auto by_beg = mul_div_down(lot, wad, flop().beg);
    if (lot.is_zero() || !by_beg.ok())
        return std::nullopt;
    return BackstopBid{std::min(by_beg.value, wrapping_sub(lot, 1)), from_rad_up(bid)};
}

std::optional<BackstopBid> MakerDss::better_bid(
    BackstopKind kind, const BackstopAuction& auction) const
{
    if (kind == BackstopKind::surplus)
    {
        const auto& one = flap(auction.id);
        const auto by_beg = mul_div_up(flap().beg, one.bid, wad);
        const auto more = Checked{one.bid} + 1;
        if (!by_beg.ok() || !more.ok())
            return std::nullopt;
        return BackstopBid{from_rad_down(one.lot), std::max(by_beg.value, more.value)};
    }
    const auto& one = flop(auction.id);
    if (!auction.restarts)
        return lower(one.lot, one.bid);
    const auto padded = wad_mul_down(flop().pad, one.lot);
    return padded ? lower(*padded, one.bid) : std::nullopt;
}

void MakerDss::tell_backstop(CallContext& context, BackstopKind kind, BackstopAction action,
    std::uint64_t number, const Bid& bid) const
{
    const bool is_flap = kind == BackstopKind::surplus;
    BackstopAuctionRow row;
    row.transaction_type = action;
    row.kind = kind;
    row.auction = number;
    row.account = context.sender();
    if (bid.tic != 0)
        row.bidder = bid.guy;
    row.won_token = is_flap ? setup_.dai : setup_.mkr;
    row.given_token = is_flap ? setup_.mkr : setup_.dai;
    row.won_raw = is_flap ? from_rad_down(bid.lot) : bid.lot;
    row.given_raw = is_flap ? bid.bid : from_rad_up(bid.bid);
    context.emit(id(), row);
}

Amount MakerDss::backstop_claim(AccountId user) const
{
    return from_rad_down(dai(user));
}

CallGas MakerDss::backstop_gas(BackstopKind kind, BackstopAction action) const noexcept
{
    const bool is_flap = kind == BackstopKind::surplus;
    switch (action)
    {
        case BackstopAction::start:
            return {Flog::gas + Heal::gas + (is_flap ? Flap::gas : Flop::gas), 0};
        case BackstopAction::restart: return {is_flap ? FlapTick::gas : FlopTick::gas, 0};
        case BackstopAction::bid:
            return {Erc20Approve::gas +
                        (is_flap ? Tend::gas : Hope::gas + DaiJoinJoin::gas + Dent::gas),
                0};
        case BackstopAction::settle: return {is_flap ? FlapDeal::gas : FlopDeal::gas, 0};
        case BackstopAction::claim: return {Hope::gas + DaiJoinExit::gas, 0};
    }
    return {};
}

void MakerDss::add_backstop(CallWriter& calls, BackstopKind kind, std::uint64_t at) const
{
    const auto books = vow_books(at);
    for (const auto era : books.due)
        calls.add(id(), Flog{era});
    if (!books.healed.is_zero())
        calls.add(id(), Heal{books.healed});
    if (kind == BackstopKind::surplus)
        calls.add(id(), Flap{});
    else
        calls.add(id(), Flop{});
}

void MakerDss::add_backstop_restart(
    CallWriter& calls, BackstopKind kind, std::uint64_t auction) const
{
    if (kind == BackstopKind::surplus)
        calls.add(id(), FlapTick{auction});
    else
        calls.add(id(), FlopTick{auction});
}

void MakerDss::add_backstop_bid(CallWriter& calls, BackstopKind kind, std::uint64_t auction,
    const BackstopBid& bid, AccountId sender) const
{
    if (kind == BackstopKind::surplus)
    {
        add_approval(calls, *world_, setup_.mkr, sender, flap_account_, bid.given);
        calls.add(id(), Tend{auction, flap(auction).lot, bid.given});
        return;
    }
    add_approval(calls, *world_, setup_.dai, sender, dai_join_account_, bid.given);
    add_leave(calls, sender, flop_account_);
    calls.add(id(), DaiJoinJoin{sender, bid.given});
    calls.add(id(), Dent{auction, bid.won, flop(auction).bid});
}

void MakerDss::add_backstop_settlement(
    CallWriter& calls, BackstopKind kind, std::uint64_t auction) const
{
    if (kind == BackstopKind::surplus)
        calls.add(id(), FlapDeal{auction});
    else
        calls.add(id(), FlopDeal{auction});
}

void MakerDss::add_backstop_claim(CallWriter& calls, const Amount& amount, AccountId sender) const
{
    add_leave(calls, sender, dai_join_account_);
    calls.add(id(), DaiJoinExit{sender, amount});
}

}  // namespace runnel::contracts
