#include "contracts/kit/token_book.hpp"
#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <initializer_list>

/// What the calls of agents touch, so that planning them needs no dry run.
namespace runnel::contracts
{

using namespace makerdao_dss;

namespace
{
bool are_known(const AccessCollector& access, std::initializer_list<AccountId> accounts)
{
    return std::all_of(accounts.begin(), accounts.end(),
        [&](AccountId one) { return require_account(access.world(), one).has_value(); });
}
}  // namespace

void MakerDss::declare_dai(AccessCollector& access, AccountId from, AccountId to) const
{
    access.write(dai_, from);
    access.write(dai_, to);
}

void MakerDss::declare_pip(AccessCollector& access, std::size_t ilk, AccessMode mode) const
{
    if (feed_ != nullptr && (ilks_[ilk].hop == 0 || mode == AccessMode::write))
        access.read(feed_->prices(), index(ilks_[ilk].gem_id));
    if (feed_ == nullptr || ilks_[ilk].hop != 0)
        access.add(pips_, ilk, mode);
}

void MakerDss::declare(const Hope& call, AccountId sender, AccessCollector& access) const
{
    if (are_known(access, {sender, call.usr}))
        access.write(can_, pair_key(sender, call.usr));
}

void MakerDss::declare(const GemJoinJoin& call, AccountId sender, AccessCollector& access) const
{
    if (call.ilk >= ilks_.size() || !are_known(access, {call.usr}))
        return;
    const auto& tables = ilks_[call.ilk];
    access.write(*tables.gems, call.usr);
    tables.gem->declare_transfer_from(access, account(), sender, account());
}

void MakerDss::declare(const GemJoinExit& call, AccountId sender, AccessCollector& access) const
{
    if (call.ilk >= ilks_.size())
        return;
    const auto& tables = ilks_[call.ilk];
    access.write(*tables.gems, sender);
    tables.gem->declare_transfer(access, account(), call.usr);
}

void MakerDss::declare(const DaiJoinJoin& call, AccountId sender, AccessCollector& access) const
{
    if (!are_known(access, {call.usr}))
        return;
    declare_dai(access, dai_join_account_, call.usr);
    dai_token_->declare_burn(access, dai_join_account_, sender);
}

void MakerDss::declare(const DaiJoinExit& call, AccountId sender, AccessCollector& access) const
{
    access.read(can_, pair_key(sender, dai_join_account_));
    declare_dai(access, sender, dai_join_account_);
    dai_token_->declare_mint(access, call.usr);
}

void MakerDss::declare(const Frob& call, AccountId sender, AccessCollector& access) const
{
    if (call.ilk >= ilks_.size() || !are_known(access, {call.u, call.v, call.w}))
        return;
    const auto& tables = ilks_[call.ilk];
    access.write(*tables.urns, call.u);
    access.write(vat_ilks_, call.ilk);
    access.write(vat_, 0);
    for (const auto owner : {call.u, call.v, call.w})
    {
        if (owner != sender)
            access.read(can_, pair_key(owner, sender));
    }
    access.write(*tables.gems, call.v);
    access.write(dai_, call.w);
}

void MakerDss::declare(const JugDrip& call, AccountId, AccessCollector& access) const
{
    if (call.ilk >= ilks_.size())
        return;
    access.write(jug_ilks_, call.ilk);
    access.read(prices_, base_record);
    access.write(vat_ilks_, call.ilk);
    access.write(dai_, vow_account_);
    access.write(vat_, 0);
}

void MakerDss::declare(const SpotterPoke& call, AccountId, AccessCollector& access) const
{
    if (call.ilk >= ilks_.size())
        return;
    declare_pip(access, call.ilk, AccessMode::read);
    access.read(prices_, par_record);
    access.read(mats_, call.ilk);
    access.write(vat_ilks_, call.ilk);
}

void MakerDss::declare(const OsmPoke& call, AccountId, AccessCollector& access) const
{
    if (call.ilk < ilks_.size())
        declare_pip(access, call.ilk, AccessMode::write);
}

void MakerDss::declare(const Take& call, AccountId sender, AccessCollector& access) const
{
    if (call.ilk >= ilks_.size() || !are_known(access, {call.who}))
        return;
    const auto& tables = ilks_[call.ilk];
    access.write(clips_, call.ilk);
    access.write(*tables.sales, call.id);
    const auto& sale = this->sale(call.ilk, call.id);
    access.write(*tables.gems, tables.clip);
    access.write(*tables.gems, call.who);
    if (!call.data.bytes.empty() && call.who == sender)
        access.calls(call.data, sender);
    else if (!call.data.bytes.empty())
        access.hand_over(call.who);
    access.read(can_, pair_key(sender, tables.clip));
    declare_dai(access, sender, vow_account_);
    access.write(dog_, 0);
    access.write(dog_ilks_, call.ilk);
    if (sale.usr == zero_account)
        return;
    // If it is all that is left: the last running auction takes its place, and its owner gets what
    // is over.
    access.write(*tables.gems, sale.usr);
    const auto count = clip(call.ilk).count;
    if (count == 0)
        return;
    access.write(*tables.active, count - 1);
    access.write(*tables.active, sale.pos);
    access.write(*tables.sales, tables.active->get(count - 1).low64());
}

void MakerDss::declare(const Redo& call, AccountId, AccessCollector& access) const
{
    if (call.ilk >= ilks_.size() || !are_known(access, {call.kpr}))
        return;
    access.write(clips_, call.ilk);
    access.write(*ilks_[call.ilk].sales, call.id);
    declare_pip(access, call.ilk, AccessMode::read);
    access.read(prices_, par_record);
    access.write(sin_, vow_account_);
    access.write(dai_, call.kpr);
    access.write(vat_, 0);
}

}  // namespace runnel::contracts
