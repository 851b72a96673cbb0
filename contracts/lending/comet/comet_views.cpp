#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/comet/comet.hpp"
#include "contracts/lending/comet/comet_account.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>

/// What anybody may ask of a Comet, and its part in the sector of lending.
namespace runnel::contracts
{

using namespace comet;

namespace
{
const Amount ray = Amount::power_of_ten(27);

double share_of_wad(const Amount& factor)
{
    return factor.to_double() / 1e18;
}

Amount ray_of_index(const Amount& index)
{
    return wrapping_mul(index, Amount::power_of_ten(12));  // 1e-15 to 1e-27.
}

Amount ray_per_year(const Result<Amount>& wad_per_second)
{
    if (!wad_per_second.has_value())
        return {};
    return wrapping_mul(*wad_per_second, Amount{seconds_per_year * 1'000'000'000});
}

Amount floor_sub(const Amount& a, const Amount& b)
{
    return a > b ? wrapping_sub(a, b) : Amount{};
}

class CometView final : public LendingView
{
public:
    CometView(const Comet& comet, const Indexes& indexes, std::vector<LendingReserveInfo> reserves)
      : LendingView{std::move(reserves)}, comet_{comet}, indexes_{indexes}
    {}

    std::vector<AccountId> accounts() const override { return comet_.accounts(); }
    std::vector<AccountId> borrowers() const override { return comet_.borrowers(); }
    LendingHolding holding(AccountId user, std::size_t reserve) const override
    {
        if (reserve != Comet::base_reserve)
            return {comet_.collateral(user, reserve - 1), {}, true};
        const auto& principal = comet_.user(user).principal;
        const auto worth = present_value(
            principal.is_negative() ? indexes_.borrow : indexes_.supply, principal.magnitude())
                               .value;
        return principal.is_negative() ? LendingHolding{{}, worth, false}
                                       : LendingHolding{worth, {}, false};
    }
    LendingHealth health(AccountId user) const override { return comet_.health(user, indexes_); }
    Amount max_liquidatable_debt(AccountId user, std::size_t reserve) const override
    {
        // An absorbed account's collateral is for sale to the last unit: also what its debt leaves
        // over, which the protocol has paid the account for.
        Amount most;
        for (std::size_t i = 1; i < reserves().size() && reserve == Comet::base_reserve; ++i)
        {
            const auto sale = comet_.quote_liquidation(user, i - 1, Amount::max(), indexes_);
            if (sale)
                most = std::max(most, sale->base_paid);
        }
        return most;
    }
    std::optional<LiquidationPreview> preview_liquidation(
        const LiquidationOrder& order) const override
    {
        if (order.debt != Comet::base_reserve || order.collateral == Comet::base_reserve)
            return std::nullopt;
        const auto found = comet_.quote_liquidation(
            order.borrower, order.collateral - 1, order.debt_to_cover, indexes_);
        if (!found)
            return std::nullopt;
        return LiquidationPreview{found->base_paid, found->bought, found->kept};
    }

private:
    const Comet& comet_;
    Indexes indexes_;
};
}  // namespace

const Terms& Comet::terms() const
{
    CommittedReader reader;
    return terms(reader);
}

Result<Amount> Comet::utilization() const
{
    return utilization(totals());
}

Result<Indexes> Comet::indexes(std::uint64_t now) const
{
    return indexes(terms(), totals(), std::max(now, totals().last_accrual_time));
}

Result<Int256> Comet::reserves(std::uint64_t now) const
{
    const auto grown = RUNNEL_TRY(indexes(now));
    return reserves_of(totals(), grown, base_->holding(account()));
}

Result<Amount> Comet::balance_of(AccountId account, std::uint64_t now) const
{
    const auto grown = RUNNEL_TRY(indexes(now));
    const auto& principal = user(account).principal;
    if (principal.is_negative())
        return Amount{};
    return RUNNEL_TRY(present_value(grown.supply, principal.bits));
}

Result<Amount> Comet::borrow_balance_of(AccountId account, std::uint64_t now) const
{
    const auto grown = RUNNEL_TRY(indexes(now));
    const auto& principal = user(account).principal;
    if (!principal.is_negative())
        return Amount{};
    return RUNNEL_TRY(present_value(grown.borrow, principal.magnitude()));
}

Result<bool> Comet::is_borrow_collateralized(AccountId account) const
{
    CommittedReader reader;
    const auto covered =
        RUNNEL_TRY(covers(reader, account, stored(totals()), &AssetSpec::borrow_collateral_factor));
    return covered.value_or(true);
}

Result<bool> Comet::is_liquidatable(AccountId account) const
{
    CommittedReader reader;
    const auto covered = RUNNEL_TRY(
        covers(reader, account, stored(totals()), &AssetSpec::liquidate_collateral_factor));
    return !covered.value_or(true);
}

Result<Amount> Comet::quote_collateral(std::size_t offset, const Amount& base_amount) const
{
    CommittedReader reader;
    return quote(reader, offset, base_amount);
}

std::vector<AccountId> Comet::accounts() const
{
    std::vector<AccountId> found;
    for (const auto key : users_.keys())
    {
        const auto& user = users_.get(key);
        if (!user.principal.is_zero() || user.assets_in != 0)
            found.push_back(AccountId{static_cast<std::uint32_t>(key)});
    }
    return found;
}

std::vector<AccountId> Comet::borrowers() const
{
    std::vector<AccountId> found;
    for (const auto key : users_.keys())
    {
        if (users_.get(key).principal.is_negative())
            found.push_back(AccountId{static_cast<std::uint32_t>(key)});
    }
    return found;
}

LendingHealth Comet::health(AccountId account, const Indexes& indexes) const
{
    CommittedReader reader;
    return evaluate(reader, account, indexes);
}

std::optional<Liquidation> Comet::quote_liquidation(
    AccountId account, std::size_t offset, const Amount& base_max, const Indexes& indexes) const
{
    CommittedReader reader;
    const auto is_paused = [&](PauseFlag flag)
    { return (totals().pause_flags >> static_cast<unsigned>(flag) & 1U) != 0; };
    const auto covered = covers(reader, account, indexes, &AssetSpec::liquidate_collateral_factor);
    const auto base_price = price(reader, spec_.base_token);
    if (is_paused(PauseFlag::absorb) || is_paused(PauseFlag::buy) || !covered.has_value() ||
        covered->value_or(true) || !base_price.has_value())
        return std::nullopt;
    // What the account is left with, and so what the protocol then owes.
    const auto& terms = this->terms();
    Checked paid_for{0};
    for (std::size_t i = 0; i < assets_.size(); ++i)
    {
        const auto& balance = collateral(account, i);
        if (balance.is_zero())
            continue;
        const auto asset_price = price(reader, assets_[i].token_id);
        if (!asset_price.has_value())
            return std::nullopt;
        paid_for = paid_for + mul_factor(mul_price(balance, *asset_price, assets_[i].scale),
                                  terms.assets[i].liquidation_factor);
    }
    const auto debt = present_value(indexes.borrow, user(account).principal.magnitude());
    const auto delta = paid_for * base_scale_ / *base_price;
    if (!debt.ok() || !delta.ok())
        return std::nullopt;
    auto after = totals();
    after.total_borrow_base =
        wrapping_sub(after.total_borrow_base, user(account).principal.magnitude());
    if (delta.value > debt.value)
    {
        const auto principal =
            principal_of_supply_down(indexes.supply, wrapping_sub(delta.value, debt.value));
        if (!principal.has_value())
            return std::nullopt;
        after.total_supply_base = wrapping_add(after.total_supply_base, *principal);
    }
    const auto held = reserves_of(after, indexes, base_->holding(this->account()));
    if (!held.has_value() || (!held->is_negative() && held->bits >= terms.target_reserves))
        return std::nullopt;
    const auto& seized = collateral(account, offset);
    const auto paid = std::min(base_max, cost_of(reader, offset, seized));
    const auto bought = quote(reader, offset, paid);
    if (!bought.has_value() || bought->is_zero())
        return std::nullopt;
    return Liquidation{paid, *bought, floor_sub(seized, *bought)};
}

// --- LendingMarket ------------------------------------------------------------------------------

std::unique_ptr<const LendingView> Comet::view_at(std::uint64_t timestamp) const
{
    const auto grown = indexes(timestamp);
    const auto indexes_now = grown.has_value() ? *grown : stored(totals());
    const auto& totals = this->totals();
    const auto& terms = this->terms();
    const auto usage = utilization();
    const auto is_paused = [&](PauseFlag flag)
    { return (totals.pause_flags >> static_cast<unsigned>(flag) & 1U) != 0; };
    const auto price_of = [&](ContractId token)
    { return prices_->prices().get(index(token)).price; };

    std::vector<LendingReserveInfo> reserves;
    LendingReserveInfo base;
    base.token = spec_.base_token;
    base.unit = base_scale_;
    base.price = price_of(spec_.base_token);
    base.cash = base_->holding(account());
    base.total_supplied = present_value(indexes_now.supply, totals.total_supply_base).value;
    base.total_debt = present_value(indexes_now.borrow, totals.total_borrow_base).value;
    if (const auto held = this->reserves(timestamp); held.has_value() && !held->is_negative())
        base.treasury_claim = held->bits;
    base.borrow_room = is_paused(PauseFlag::withdraw) ? Amount{} : base.cash;
    base.supply_room = is_paused(PauseFlag::supply) ? Amount{} : Amount::max();
    base.supply_index = ray_of_index(indexes_now.supply);
    base.borrow_index = ray_of_index(indexes_now.borrow);
    if (usage.has_value())
    {
        base.supply_rate = ray_per_year(terms.supply.at(*usage));
        base.borrow_rate = ray_per_year(terms.borrow.at(*usage));
    }
    reserves.push_back(base);
    for (std::size_t i = 0; i < assets_.size(); ++i)
    {
        const auto& asset = assets_[i];
        const auto& asset_terms = terms.assets[i];
        LendingReserveInfo info;
        info.token = asset.token_id;
        info.unit = asset.scale;
        info.price = price_of(asset.token_id);
        info.cash = asset.token->holding(account());  // What is for sale, too.
        info.total_supplied = total_collateral(i);
        if (!is_paused(PauseFlag::supply))
        {
            info.supply_room =
                floor_sub(wrapping_mul(asset_terms.supply_cap, asset.scale), total_collateral(i));
        }
        info.supply_index = ray;
        info.borrow_index = ray;
        info.ltv = share_of_wad(asset_terms.borrow_collateral_factor);
        info.threshold = share_of_wad(asset_terms.liquidate_collateral_factor);
        const auto discount = share_of_wad(terms.store_front_price_factor) *
                              (1 - share_of_wad(asset_terms.liquidation_factor));
        info.bonus = 1 / (1 - discount) - 1;
        reserves.push_back(info);
    }
    return std::make_unique<CometView>(*this, indexes_now, std::move(reserves));
}

std::optional<std::size_t> Comet::find_reserve(ContractId token) const noexcept
{
    if (token == spec_.base_token)
        return base_reserve;
    const auto offset = find_asset(token);
    return offset ? std::optional{*offset + 1} : std::nullopt;
}

CallGas Comet::gas_of(LendingAction action) const noexcept
{
    switch (action)
    {
        case LendingAction::supply:
        case LendingAction::repay: return {SupplyTo::gas, 0};
        case LendingAction::withdraw: return {WithdrawTo::gas, 0};
        case LendingAction::borrow: return {comet::Withdraw::gas, 0};
        case LendingAction::liquidate: return {AbsorbAndBuy::gas, 0};
        case LendingAction::flash_borrow: break;
    }
    return {};
}

void Comet::add_supply(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId on_behalf_of) const
{
    calls.add(id(), SupplyTo{on_behalf_of, reserve_token(reserve), amount});
}

void Comet::add_withdraw(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const
{
    calls.add(id(), WithdrawTo{to, reserve_token(reserve), amount});
}

void Comet::add_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount) const
{
    calls.add(id(), comet::Withdraw{reserve_token(reserve), amount});
}

void Comet::add_repay(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId debtor) const
{
    calls.add(id(), SupplyTo{debtor, reserve_token(reserve), amount});
}

void Comet::add_liquidation(CallWriter& calls, const LiquidationOrder& order) const
{
    calls.add(
        id(), AbsorbAndBuy{order.borrower, reserve_token(order.collateral), order.debt_to_cover});
}

Result<Amount> Comet::supplied(CallContext& context, AccountId user, std::size_t reserve) const
{
    if (reserve != base_reserve)
        return context.read(*assets_.at(reserve - 1).balances, user);
    const auto grown = RUNNEL_TRY(indexes_now(context));
    const auto& principal = context.read(users_, user).principal;
    if (principal.is_negative())
        return Amount{};
    return RUNNEL_TRY(present_value(grown.supply, principal.bits));
}

// --- CollateralSale -----------------------------------------------------------------------------

std::vector<ContractId> Comet::sale_tokens() const
{
    std::vector<ContractId> tokens;
    for (const auto& asset : assets_)
        tokens.push_back(asset.token_id);
    return tokens;
}

Amount Comet::for_sale(ContractId token, std::uint64_t at) const
{
    const auto found = find_asset(token);
    const auto held = reserves(at);
    const bool is_paused =
        (totals().pause_flags >> static_cast<unsigned>(PauseFlag::buy) & 1U) != 0;
    if (!found || is_paused || !held.has_value() ||
        (!held->is_negative() && held->bits >= terms().target_reserves))
        return {};
    return floor_sub(assets_[*found].token->holding(account()), total_collateral(*found));
}

Amount Comet::sale_price(ContractId token, const Amount& amount) const
{
    CommittedReader reader;
    const auto found = find_asset(token);
    return found ? cost_of(reader, *found, amount) : Amount{};
}

std::optional<Amount> Comet::quote_purchase(
    ContractId token, const Amount& payment, std::uint64_t at) const
{
    const auto available = for_sale(token, at);
    if (available.is_zero())
        return std::nullopt;
    const auto bought = quote_collateral(*find_asset(token), payment);
    return bought.has_value() && *bought <= available ? std::optional{*bought} : std::nullopt;
}

CallGas Comet::purchase_gas() const noexcept
{
    return {BuyCollateral::gas, 0};
}

void Comet::add_purchase(CallWriter& calls, ContractId token, const Amount& payment,
    const Amount& amount_min, AccountId buyer) const
{
    calls.add(id(), BuyCollateral{token, amount_min, payment, buyer});
}

void Comet::snapshot(SnapshotContext& context) const
{
    snapshot_lending(context, id(), *this);
}

void Comet::check_invariants(const World& world, Findings& findings) const
{
    if (implementation_ != nullptr && implementation_->get(0) != id())
    {
        const auto* implementation = find_implementation(world, implementation_->get(0));
        if (implementation == nullptr || !implementation->fits(spec_))
            findings.push_back(fmt::format("{}: its implementation is none of its tokens", name()));
    }
    Checked supplied{0};
    Checked borrowed{0};
    for (const auto key : users_.keys())
    {
        const auto& principal = users_.get(key).principal;
        if (principal.is_negative())
            borrowed = borrowed + principal.magnitude();
        else
            supplied = supplied + principal.bits;
    }
    const auto compare = [&](std::string_view what, const Checked& sum, const Amount& total)
    {
        if (sum.ok() && sum.value == total)
            return;
        findings.push_back(fmt::format("{}: {} sum to {}, recorded are {}", name(), what,
            sum.value.to_string(), total.to_string()));
    };
    // What rounding has changed may be less than nothing: both sides wrap alike.
    const auto noted = [](const Checked& sum, const Int256& drift) {
        return Checked{wrapping_add(sum.value, drift.bits), sum.fault};
    };
    compare("principals of supply", noted(supplied, drift().supply), totals().total_supply_base);
    compare("principals of debt", noted(borrowed, drift().borrow), totals().total_borrow_base);
    for (std::size_t i = 0; i < assets_.size(); ++i)
    {
        const auto& asset = assets_[i];
        Checked sum{0};
        for (const auto key : asset.balances->keys())
        {
            const auto& balance = asset.balances->get(key);
            sum = sum + balance;
            if ((users_.get(key).assets_in >> i & 1U) == 0 && !balance.is_zero())
            {
                findings.push_back(fmt::format(
                    "{}: account {} has collateral {} and no bit for it", name(), key, i));
            }
        }
        compare(fmt::format("collateral {}", i), sum, total_collateral(i));
        if (!asset.token->rebases() && asset.token->holding(account()) < total_collateral(i))
        {
            findings.push_back(fmt::format("{}: {} of collateral {} are counted, {} are there",
                name(), total_collateral(i).to_string(), i,
                asset.token->holding(account()).to_string()));
        }
    }
}

// --- Accesses -----------------------------------------------------------------------------------

void Comet::declare_terms(AccessCollector& access) const
{
    if (implementation_ != nullptr)
        access.read(*implementation_, 0);
}

void Comet::declare_totals(AccessCollector& access) const
{
    access.write(totals_, 0);
    access.write(drift_, 0);
}

void Comet::declare_user(AccessCollector& access, AccountId account) const
{
    declare_terms(access);
    access.write(users_, account);
    access.read(prices_->prices(), index(spec_.base_token));
    for (const auto& asset : assets_)
    {
        access.read(*asset.balances, account);
        access.read(prices_->prices(), index(asset.token_id));
    }
}

const Token* Comet::token_of(ContractId asset) const noexcept
{
    if (asset == spec_.base_token)
        return base_;
    const auto offset = find_asset(asset);
    return offset ? assets_[*offset].token : nullptr;
}

void Comet::declare_supply(
    AccessCollector& access, AccountId from, AccountId dst, ContractId asset) const
{
    declare_user(access, dst);
    const auto offset = find_asset(asset);
    if (offset)
    {
        access.read(totals_, 0);
        access.write(collateral_totals_, *offset);
        access.write(*assets_[*offset].balances, dst);
    }
    else
        declare_totals(access);
    if (const auto* token = token_of(asset); token != nullptr)
        token->declare_transfer_from(access, account(), from, account());
}

void Comet::declare_withdraw(
    AccessCollector& access, AccountId src, AccountId to, ContractId asset) const
{
    declare_user(access, src);
    const auto offset = find_asset(asset);
    if (offset)
    {
        access.read(totals_, 0);
        access.write(collateral_totals_, *offset);
        access.write(*assets_[*offset].balances, src);
    }
    else
        declare_totals(access);
    if (const auto* token = token_of(asset); token != nullptr)
        token->declare_transfer(access, account(), to);
}

void Comet::declare(const Erc20Transfer& call, AccountId sender, AccessCollector& access) const
{
    declare_totals(access);
    declare_user(access, sender);
    declare_user(access, call.to);
}
void Comet::declare(const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const
{
    declare_totals(access);
    access.read(permissions_, pair_key(call.from, sender));
    declare_user(access, call.from);
    declare_user(access, call.to);
}
void Comet::declare(const comet::Supply& call, AccountId sender, AccessCollector& access) const
{
    declare_supply(access, sender, sender, call.asset);
}
void Comet::declare(const SupplyTo& call, AccountId sender, AccessCollector& access) const
{
    declare_supply(access, sender, call.dst, call.asset);
}
void Comet::declare(const SupplyFrom& call, AccountId sender, AccessCollector& access) const
{
    access.read(permissions_, pair_key(call.from, sender));
    declare_supply(access, call.from, call.dst, call.asset);
}
void Comet::declare(const comet::Withdraw& call, AccountId sender, AccessCollector& access) const
{
    declare_withdraw(access, sender, sender, call.asset);
}
void Comet::declare(const WithdrawTo& call, AccountId sender, AccessCollector& access) const
{
    declare_withdraw(access, sender, call.to, call.asset);
}
void Comet::declare(const WithdrawFrom& call, AccountId sender, AccessCollector& access) const
{
    access.read(permissions_, pair_key(call.src, sender));
    declare_withdraw(access, call.src, call.to, call.asset);
}
void Comet::declare(const BuyCollateral& call, AccountId sender, AccessCollector& access) const
{
    declare_terms(access);
    access.read(totals_, 0);
    access.read(prices_->prices(), index(spec_.base_token));
    base_->declare_transfer_from(access, account(), sender, account());
    if (const auto offset = find_asset(call.asset); offset)
    {
        access.read(prices_->prices(), index(call.asset));
        access.read(collateral_totals_, *offset);
        assets_[*offset].token->declare_transfer(access, account(), call.recipient);
    }
}

}  // namespace runnel::contracts
