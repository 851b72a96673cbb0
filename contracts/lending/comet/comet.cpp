#include "contracts/lending/comet/comet.hpp"

#include "contracts/kit/gas.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/lending/comet/comet_account.hpp"
#include "contracts/lending/comet/events.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace comet;
using CometTransferLog = comet::TransferLog;

namespace
{
constexpr unsigned principal_bits = 104;
constexpr unsigned collateral_bits = 128;
constexpr unsigned index_bits = 64;

Refusal error(std::string_view name)
{
    return Refusal::custom(name);
}

Int256 minus(const Int256& value)
{
    return Int256::from_magnitude(value.magnitude(), !value.is_negative());
}
}  // namespace

Comet::Comet(ContractIdentity identity, CometSpec spec, std::uint64_t start)
  : ContractBase{std::move(identity)},
    spec_{std::move(spec)},
    totals_{name() + ".totals"},
    collateral_totals_{name() + ".collateral"},
    users_{name() + ".users", KeyOf::account},
    permissions_{name() + ".permissions", KeyOf::account_pair},
    drift_{name() + ".drift"}
{
    RUNNEL_CHECK(spec_.assets.size() <= assets_max);
    add_table(totals_);
    add_table(collateral_totals_);
    add_table(users_);
    add_table(permissions_);
    add_table(drift_);
    for (const auto& asset : spec_.assets)
    {
        auto& added = assets_.emplace_back();
        added.token_id = asset.token;
        added.balances = std::make_unique<Table<Amount>>(
            name() + ".collateral_" + std::to_string(assets_.size() - 1), KeyOf::account);
        add_table(*added.balances);
    }
    if (!spec_.proxy_admin.empty())
    {
        implementation_ = std::make_unique<Table<ContractId>>(name() + ".implementation");
        add_table(*implementation_);
        implementation_->at(0) = id();
    }
    auto& totals = totals_.at(0);
    totals.base_supply_index = base_index_scale;
    totals.base_borrow_index = base_index_scale;
    totals.last_accrual_time = start;
}

void Comet::connect(World& world)
{
    world_ = &world;
    prices_ = dynamic_cast<const PriceSource*>(world.find_contract(spec_.price_source));
    RUNNEL_CHECK(prices_ != nullptr && "prices come from a price source");
    const auto scale = [&world](ContractId token)
    {
        const auto info = world.contract(token).token_info();
        return Amount::power_of_ten(info.has_value() ? info->decimals : 18);
    };
    base_ = &token_at(world, spec_.base_token);
    base_scale_ = scale(spec_.base_token);
    accrual_scale_ = div_down(base_scale_, base_accrual_scale);
    for (auto& asset : assets_)
    {
        asset.token = &token_at(world, asset.token_id);
        asset.scale = scale(asset.token_id);
    }
    governor_ = world.find_account(spec_.governor).value_or(zero_account);
    pause_guardian_ = world.find_account(spec_.pause_guardian).value_or(zero_account);
    proxy_admin_ = world.find_account(spec_.proxy_admin).value_or(zero_account);
}

std::optional<std::size_t> Comet::find_asset(ContractId token) const noexcept
{
    for (std::size_t i = 0; i < assets_.size(); ++i)
    {
        if (assets_[i].token_id == token)
            return i;
    }
    return std::nullopt;
}

// --- Interest -----------------------------------------------------------------------------------

RateCurve RateCurve::per_year(
    const Amount& kink, const Amount& slope_low, const Amount& slope_high, const Amount& base)
{
    const auto per_second = [](const Amount& rate) { return div_down(rate, seconds_per_year); };
    return {kink, per_second(slope_low), per_second(slope_high), per_second(base)};
}

Result<Amount> RateCurve::at(const Amount& utilization) const
{
    if (utilization <= kink)
        return safe_64(Checked{base} + mul_factor(slope_low, utilization));
    return safe_64(Checked{base} + mul_factor(slope_low, kink) +
                   mul_factor(slope_high, Checked{utilization} - kink));
}

Result<Amount> Comet::utilization(const Totals& totals) const
{
    const auto supplied =
        RUNNEL_TRY(present_value(totals.base_supply_index, totals.total_supply_base));
    const auto borrowed =
        RUNNEL_TRY(present_value(totals.base_borrow_index, totals.total_borrow_base));
    if (supplied.is_zero())
        return Amount{};
    return RUNNEL_TRY(Checked{borrowed} * factor_scale / supplied);
}

Result<Indexes> Comet::indexes(const Terms& terms, const Totals& totals, std::uint64_t now) const
{
    auto grown = stored(totals);
    if (totals.last_accrual_time == 0)
        return grown;  // Its time has not begun.
    const auto elapsed = RUNNEL_TRY(Checked{now} - totals.last_accrual_time);
    if (elapsed.is_zero())
        return grown;
    const auto usage = RUNNEL_TRY(utilization(totals));
    const auto supply_rate = RUNNEL_TRY(terms.supply.at(usage));
    const auto borrow_rate = RUNNEL_TRY(terms.borrow.at(usage));
    const auto earned =
        RUNNEL_TRY(safe_64(mul_factor(grown.supply, Checked{supply_rate} * elapsed)));
    grown.supply = RUNNEL_TRY(add_within(grown.supply, earned, index_bits));
    const auto owed = RUNNEL_TRY(safe_64(mul_factor(grown.borrow, Checked{borrow_rate} * elapsed)));
    grown.borrow = RUNNEL_TRY(add_within(grown.borrow, owed, index_bits));
    return grown;
}

Result<Indexes> Comet::indexes_now(CallContext& context) const
{
    return indexes(terms(context), context.read(totals_, 0), context.block().timestamp);
}

Result<Totals*> Comet::accrue(CallContext& context)
{
    auto& totals = context.write(totals_, 0);
    const auto now = context.block().timestamp;
    if (totals.last_accrual_time == 0)
        totals.last_accrual_time = now;  // It is deployed now.
    const auto elapsed = RUNNEL_TRY(Checked{now} - totals.last_accrual_time);
    if (elapsed.is_zero())
        return &totals;
    const auto& terms = this->terms(context);
    const auto grown = RUNNEL_TRY(indexes(terms, totals, now));
    totals.base_supply_index = grown.supply.low64();
    totals.base_borrow_index = grown.borrow.low64();
    const auto track = [&](std::uint64_t& tracking_index, std::uint64_t speed,
                           const Amount& principal) -> Result<void>
    {
        if (principal < terms.base_min_for_rewards)
            return {};
        const auto grew = RUNNEL_TRY(safe_64(Checked{speed} * elapsed * base_scale_ / principal));
        tracking_index = RUNNEL_TRY(add_within(tracking_index, grew, index_bits)).low64();
        return {};
    };
    RUNNEL_TRY(track(
        totals.tracking_supply_index, terms.base_tracking_supply_speed, totals.total_supply_base));
    RUNNEL_TRY(track(
        totals.tracking_borrow_index, terms.base_tracking_borrow_speed, totals.total_borrow_base));
    totals.last_accrual_time = now;
    return &totals;
}

// --- Balances -----------------------------------------------------------------------------------

Result<Int256> Comet::present_balance(const Int256& principal, const Indexes& indexes)
{
    const auto value = RUNNEL_TRY(present_value(
        principal.is_negative() ? indexes.borrow : indexes.supply, principal.magnitude()));
    const auto magnitude = RUNNEL_TRY(signed_256(value));
    return principal.is_negative() ? minus(magnitude) : magnitude;
}

Result<Int256> Comet::principal_of(const Int256& balance, const Indexes& indexes)
{
    const auto principal = RUNNEL_TRY(
        balance.is_negative() ? principal_of_borrow_up(indexes.borrow, balance.magnitude())
                              : principal_of_supply_down(indexes.supply, balance.bits));
    RUNNEL_REQUIRE(principal.bit_width() < principal_bits, error("InvalidInt104"));
    return Int256::from_magnitude(principal, balance.is_negative());
}

Result<void> Comet::update_principal(
    CallContext& context, AccountId account, const Int256& principal)
{
    const auto& totals = context.read(totals_, 0);
    auto& user = context.write(users_, account);
    const auto index_of = [&](const Int256& of)
    { return of.is_negative() ? totals.tracking_borrow_index : totals.tracking_supply_index; };
    const auto grew = RUNNEL_TRY(Checked{index_of(user.principal)} - user.base_tracking_index);
    const auto accrued = RUNNEL_TRY(safe_64(
        Checked{user.principal.magnitude()} * grew / spec_.tracking_index_scale / accrual_scale_));
    user.base_tracking_accrued =
        RUNNEL_TRY(add_within(user.base_tracking_accrued, accrued, index_bits)).low64();
    user.base_tracking_index = index_of(principal);
    user.principal = principal;
    return {};
}

Result<void> Comet::update_totals(
    CallContext& context, const PrincipalMove& noted, const PrincipalMove& real)
{
    auto& totals = context.write(totals_, 0);
    const auto supplied =
        RUNNEL_TRY(add_within(totals.total_supply_base, noted.supplied, principal_bits));
    totals.total_supply_base = RUNNEL_TRY(Checked{supplied} - noted.withdrawn);
    const auto borrowed =
        RUNNEL_TRY(add_within(totals.total_borrow_base, noted.borrowed, principal_bits));
    totals.total_borrow_base = RUNNEL_TRY(Checked{borrowed} - noted.repaid);

    const auto beyond =
        [](const Amount& more, const Amount& real_more, const Amount& less, const Amount& real_less)
    { return wrapping_sub(wrapping_sub(more, real_more), wrapping_sub(less, real_less)); };
    const auto supply = beyond(noted.supplied, real.supplied, noted.withdrawn, real.withdrawn);
    const auto borrow = beyond(noted.borrowed, real.borrowed, noted.repaid, real.repaid);
    if (supply.is_zero() && borrow.is_zero())
        return {};
    auto& drift = context.write(drift_, 0);
    drift.supply.bits = wrapping_add(drift.supply.bits, supply);
    drift.borrow.bits = wrapping_add(drift.borrow.bits, borrow);
    return {};
}

void Comet::update_assets_in(CallContext& context, AccountId account, std::size_t offset,
    const Amount& before, const Amount& after)
{
    if (before.is_zero() == after.is_zero())
        return;
    auto& bits = context.write(users_, account).assets_in;
    const auto bit = static_cast<std::uint16_t>(1U << offset);
    bits = static_cast<std::uint16_t>(after.is_zero() ? bits & ~bit : bits | bit);
}

Result<void> Comet::require_going(CallContext& context, PauseFlag flag) const
{
    const auto flags = context.read(totals_, 0).pause_flags;
    RUNNEL_REQUIRE((flags >> static_cast<unsigned>(flag) & 1U) == 0, error("Paused"));
    return {};
}

Result<void> Comet::require_permission(CallContext& context, AccountId owner) const
{
    RUNNEL_REQUIRE(owner == context.sender() ||
                       context.read(permissions_, pair_key(owner, context.sender())).is_allowed,
        error("Unauthorized"));
    return {};
}

Result<void> Comet::require_collateralized(CallContext& context, AccountId account) const
{
    if (context.read(users_, account).principal.is_negative())
        context.use_gas(gas::collateral_check);
    const auto covered = RUNNEL_TRY(covers(
        context, account, stored(context.read(totals_, 0)), &AssetSpec::borrow_collateral_factor));
    RUNNEL_REQUIRE(covered.value_or(true), error("NotCollateralized"));
    return {};
}

Result<void> Comet::require_borrowable(
    CallContext& context, AccountId account, const Int256& balance) const
{
    context.use_gas(gas::base_moved);
    if (!balance.is_negative())
        return {};
    RUNNEL_REQUIRE(balance.magnitude() >= terms(context).base_borrow_min, error("BorrowTooSmall"));
    return require_collateralized(context, account);
}

Result<Amount> Comet::pull(
    CallContext& context, ContractId asset, AccountId from, const Amount& amount)
{
    auto* token = find_token(context.world(), asset);
    RUNNEL_REQUIRE(token != nullptr, Refusal::empty());
    const Amount before = token->holding(context, account());
    const auto moved = token->transfer_from(context.as(account()), from, account(), amount);
    RUNNEL_REQUIRE(
        moved.has_value() || !is_token_said_false(moved.error()), error("TransferInFailed"));
    RUNNEL_TRY(Result<void>{moved});
    return RUNNEL_TRY(Checked{token->holding(context, account())} - before);
}

Result<void> Comet::send(CallContext& context, ContractId asset, AccountId to, const Amount& amount)
{
    auto* token = find_token(context.world(), asset);
    RUNNEL_REQUIRE(token != nullptr, Refusal::empty());
    const auto moved = token->transfer(context.as(account()), to, amount);
    RUNNEL_REQUIRE(
        moved.has_value() || !is_token_said_false(moved.error()), error("TransferOutFailed"));
    return moved;
}

// --- Supply -------------------------------------------------------------------------------------

Result<void> Comet::supply(
    CallContext& context, AccountId from, AccountId dst, ContractId asset, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_TRY(require_account(context.world(), dst));
    RUNNEL_TRY(require_going(context, PauseFlag::supply));
    RUNNEL_TRY(require_permission(context, from));
    if (asset != spec_.base_token)
    {
        const auto checked = RUNNEL_TRY(safe_128(amount));
        return supply_collateral(context, from, dst, asset, checked);
    }
    if (amount != Amount::max())
        return supply_base(context, from, dst, amount);
    const auto grown = RUNNEL_TRY(indexes_now(context));
    const auto& principal = context.read(users_, dst).principal;
    const auto owed = principal.is_negative()
                          ? RUNNEL_TRY(present_value(grown.borrow, principal.magnitude()))
                          : Amount{};
    return supply_base(context, from, dst, owed);
}

Result<void> Comet::supply_base(
    CallContext& context, AccountId from, AccountId dst, const Amount& asked)
{
    context.save_gas(gas::supply_base_saves);
    const auto amount = RUNNEL_TRY(pull(context, spec_.base_token, from, asked));
    const auto grown = stored(*RUNNEL_TRY(accrue(context)));
    const auto before = context.read(users_, dst).principal;
    const auto old_balance = RUNNEL_TRY(present_balance(before, grown));
    const auto added = RUNNEL_TRY(signed_256(amount));
    const auto balance = RUNNEL_TRY((CheckedInt{old_balance} + CheckedInt{added}).result());
    const auto after = RUNNEL_TRY(principal_of(balance, grown));
    const auto move = rise_of(before, after);
    RUNNEL_TRY(update_totals(context, move, move_of(before, after)));
    RUNNEL_TRY(update_principal(context, dst, after));
    context.emit(id(), comet::SupplyLog{from, dst, amount});
    if (!move.supplied.is_zero())
    {
        context.emit(id(), CometTransferLog{zero_account, dst,
                               RUNNEL_TRY(present_value(grown.supply, move.supplied))});
    }

    const auto repaid =
        old_balance.is_negative() ? std::min(amount, old_balance.magnitude()) : Amount{};
    if (!repaid.is_zero())
    {
        LendingBorrow row;
        row.transaction_type = LendingBorrowType::repay;
        row.token = spec_.base_token;
        row.borrower = dst;
        row.on_behalf_of = dst;
        row.repayer = from;
        row.amount_raw = repaid;
        context.emit(id(), row);
    }
    if (repaid != amount)
    {
        LendingSupply row;
        row.transaction_type = LendingSupplyType::supply;
        row.token = spec_.base_token;
        row.depositor = from;
        row.on_behalf_of = dst;
        row.amount_raw = wrapping_sub(amount, repaid);
        context.emit(id(), row);
    }
    record_base(context, dst);
    if (!repaid.is_zero())
        record_position(context, dst);
    return {};
}

Result<void> Comet::supply_collateral(
    CallContext& context, AccountId from, AccountId dst, ContractId asset, const Amount& asked)
{
    const auto arrived = RUNNEL_TRY(pull(context, asset, from, asked));
    const auto amount = RUNNEL_TRY(safe_128(arrived));
    const auto found = find_asset(asset);
    RUNNEL_REQUIRE(found.has_value(), error("BadAsset"));
    auto& total = context.write(collateral_totals_, *found);
    total = RUNNEL_TRY(add_within(total, amount, collateral_bits));
    const auto cap = wrapping_mul(terms(context).assets[*found].supply_cap, assets_[*found].scale);
    RUNNEL_REQUIRE(total <= cap, error("SupplyCapExceeded"));
    auto& balance = context.write(*assets_[*found].balances, dst);
    const auto before = balance;
    balance = RUNNEL_TRY(add_within(balance, amount, collateral_bits));
    update_assets_in(context, dst, *found, before, balance);
    context.emit(id(), SupplyCollateralLog{from, dst, asset, amount});

    LendingSupply row;
    row.transaction_type = LendingSupplyType::supply;
    row.token = asset;
    row.depositor = from;
    row.on_behalf_of = dst;
    row.amount_raw = amount;
    context.emit(id(), row);
    record_collateral(context, dst, *found);
    record_position(context, dst);
    return {};
}

// --- Withdraw -----------------------------------------------------------------------------------

Result<void> Comet::withdraw(
    CallContext& context, AccountId src, AccountId to, ContractId asset, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), src));
    RUNNEL_TRY(require_account(context.world(), to));
    RUNNEL_TRY(require_going(context, PauseFlag::withdraw));
    RUNNEL_TRY(require_permission(context, src));
    if (asset != spec_.base_token)
    {
        const auto checked = RUNNEL_TRY(safe_128(amount));
        return withdraw_collateral(context, src, to, asset, checked);
    }
    if (amount != Amount::max())
        return withdraw_base(context, src, to, amount);
    const auto balance = RUNNEL_TRY(supplied(context, src, base_reserve));
    return withdraw_base(context, src, to, balance);
}

Result<void> Comet::withdraw_base(
    CallContext& context, AccountId src, AccountId to, const Amount& amount)
{
    const auto grown = stored(*RUNNEL_TRY(accrue(context)));
    const auto before = context.read(users_, src).principal;
    const auto old_balance = RUNNEL_TRY(present_balance(before, grown));
    const auto taken = RUNNEL_TRY(signed_256(amount));
    const auto balance = RUNNEL_TRY((CheckedInt{old_balance} - CheckedInt{taken}).result());
    const auto after = RUNNEL_TRY(principal_of(balance, grown));
    const auto move = fall_of(before, after);
    RUNNEL_TRY(update_totals(context, move, move_of(before, after)));
    RUNNEL_TRY(update_principal(context, src, after));
    RUNNEL_TRY(require_borrowable(context, src, balance));
    RUNNEL_TRY(send(context, spec_.base_token, to, amount));
    context.emit(id(), comet::WithdrawLog{src, to, amount});
    if (!move.withdrawn.is_zero())
    {
        context.emit(id(), CometTransferLog{src, zero_account,
                               RUNNEL_TRY(present_value(grown.supply, move.withdrawn))});
    }

    const auto withdrawn =
        old_balance.is_negative() ? Amount{} : std::min(amount, old_balance.bits);
    if (!withdrawn.is_zero())
    {
        LendingSupply row;
        row.transaction_type = LendingSupplyType::withdraw;
        row.token = spec_.base_token;
        row.depositor = src;
        row.on_behalf_of = src;
        row.withdrawn_to = to;
        row.amount_raw = withdrawn;
        context.emit(id(), row);
    }
    if (withdrawn != amount)
    {
        LendingBorrow row;
        row.transaction_type = LendingBorrowType::borrow;
        row.token = spec_.base_token;
        row.borrower = to;
        row.on_behalf_of = src;
        row.amount_raw = wrapping_sub(amount, withdrawn);
        context.emit(id(), row);
    }
    record_base(context, src);
    if (withdrawn != amount)
        record_position(context, src);
    return {};
}

Result<void> Comet::withdraw_collateral(
    CallContext& context, AccountId src, AccountId to, ContractId asset, const Amount& amount)
{
    context.save_gas(gas::withdraw_collateral_saves);
    const auto found = find_asset(asset);
    // An asset that is none has no balances: more than nothing of it is too much.
    RUNNEL_REQUIRE(
        found.has_value(), amount.is_zero() ? error("BadAsset") : Refusal::of(Fault::overflow));
    auto& balance = context.write(*assets_[*found].balances, src);
    const auto before = balance;
    balance = RUNNEL_TRY(Checked{balance} - amount);
    auto& total = context.write(collateral_totals_, *found);
    total = RUNNEL_TRY(Checked{total} - amount);
    update_assets_in(context, src, *found, before, balance);
    RUNNEL_TRY(require_collateralized(context, src));
    RUNNEL_TRY(send(context, asset, to, amount));
    context.emit(id(), WithdrawCollateralLog{src, to, asset, amount});

    LendingSupply row;
    row.transaction_type = LendingSupplyType::withdraw;
    row.token = asset;
    row.depositor = src;
    row.on_behalf_of = src;
    row.withdrawn_to = to;
    row.amount_raw = amount;
    context.emit(id(), row);
    record_collateral(context, src, *found);
    record_position(context, src);
    return {};
}

// --- Transfer -----------------------------------------------------------------------------------

Result<void> Comet::transfer(
    CallContext& context, AccountId src, AccountId dst, ContractId asset, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), src));
    RUNNEL_TRY(require_account(context.world(), dst));
    RUNNEL_TRY(require_going(context, PauseFlag::transfer));
    RUNNEL_TRY(require_permission(context, src));
    RUNNEL_REQUIRE(src != dst, error("NoSelfTransfer"));
    if (asset != spec_.base_token)
    {
        const auto checked = RUNNEL_TRY(safe_128(amount));
        return transfer_collateral(context, src, dst, asset, checked);
    }
    if (amount != Amount::max())
        return transfer_base(context, src, dst, amount);
    const auto balance = RUNNEL_TRY(supplied(context, src, base_reserve));
    return transfer_base(context, src, dst, balance);
}

Result<void> Comet::transfer_base(
    CallContext& context, AccountId src, AccountId dst, const Amount& amount)
{
    const auto grown = stored(*RUNNEL_TRY(accrue(context)));
    const auto src_before = context.read(users_, src).principal;
    const auto dst_before = context.read(users_, dst).principal;
    const auto src_old = RUNNEL_TRY(present_balance(src_before, grown));
    const auto dst_old = RUNNEL_TRY(present_balance(dst_before, grown));
    const auto moved = RUNNEL_TRY(signed_256(amount));
    const auto src_balance = RUNNEL_TRY((CheckedInt{src_old} - CheckedInt{moved}).result());
    const auto dst_balance = RUNNEL_TRY((CheckedInt{dst_old} + CheckedInt{moved}).result());
    const auto src_after = RUNNEL_TRY(principal_of(src_balance, grown));
    const auto dst_after = RUNNEL_TRY(principal_of(dst_balance, grown));
    const auto given = fall_of(src_before, src_after);
    const auto got = rise_of(dst_before, dst_after);
    RUNNEL_TRY(update_totals(
        context, given + got, move_of(src_before, src_after) + move_of(dst_before, dst_after)));
    RUNNEL_TRY(update_principal(context, src, src_after));
    RUNNEL_TRY(update_principal(context, dst, dst_after));
    RUNNEL_TRY(require_borrowable(context, src, src_balance));
    if (!given.withdrawn.is_zero())
    {
        context.emit(id(), CometTransferLog{src, zero_account,
                               RUNNEL_TRY(present_value(grown.supply, given.withdrawn))});
    }
    if (!got.supplied.is_zero())
    {
        context.emit(id(), CometTransferLog{zero_account, dst,
                               RUNNEL_TRY(present_value(grown.supply, got.supplied))});
    }
    for (const auto account : {src, dst})
    {
        record_base(context, account);
        record_position(context, account);
    }
    return {};
}

Result<void> Comet::transfer_collateral(
    CallContext& context, AccountId src, AccountId dst, ContractId asset, const Amount& amount)
{
    const auto found = find_asset(asset);
    RUNNEL_REQUIRE(
        found.has_value(), amount.is_zero() ? error("BadAsset") : Refusal::of(Fault::overflow));
    auto& balances = *assets_[*found].balances;
    auto& from = context.write(balances, src);
    auto& to = context.write(balances, dst);
    const auto from_before = from;
    const auto to_before = to;
    from = RUNNEL_TRY(Checked{from} - amount);
    to = RUNNEL_TRY(add_within(to, amount, collateral_bits));
    update_assets_in(context, src, *found, from_before, from);
    update_assets_in(context, dst, *found, to_before, to);
    RUNNEL_TRY(require_collateralized(context, src));
    context.emit(id(), TransferCollateralLog{src, dst, asset, amount});
    for (const auto account : {src, dst})
    {
        record_collateral(context, account, *found);
        record_position(context, account);
    }
    return {};
}

// --- Liquidation --------------------------------------------------------------------------------

Result<void> Comet::absorb(CallContext& context, AccountId absorber, AccountId borrower)
{
    const auto grown = stored(context.read(totals_, 0));
    const auto covered =
        RUNNEL_TRY(covers(context, borrower, grown, &AssetSpec::liquidate_collateral_factor));
    RUNNEL_REQUIRE(!covered.value_or(true), error("NotLiquidatable"));
    auto& user = context.write(users_, borrower);
    const auto before = user.principal;
    const auto old_balance = RUNNEL_TRY(present_balance(before, grown));
    const auto base_price = RUNNEL_TRY(price(context, spec_.base_token));

    const auto& terms = this->terms(context);
    std::vector<LendingLiquidation> rows;
    Checked paid_for{0};
    for (std::size_t i = 0; i < assets_.size(); ++i)
    {
        if ((user.assets_in >> i & 1U) == 0)
            continue;
        auto& asset = assets_[i];
        auto& balance = context.write(*asset.balances, borrower);
        const auto seized = std::exchange(balance, Amount{});
        auto& total = context.write(collateral_totals_, i);
        total = RUNNEL_TRY(Checked{total} - seized);
        const auto asset_price = RUNNEL_TRY(price(context, asset.token_id));
        const auto value = RUNNEL_TRY(mul_price(seized, asset_price, asset.scale));
        const auto paid = mul_factor(value, terms.assets[i].liquidation_factor);
        paid_for = paid_for + paid;
        context.emit(id(), AbsorbCollateralLog{absorber, borrower, asset.token_id, seized, value});
        LendingLiquidation row;
        row.borrower = borrower;
        row.liquidator = account();
        row.collateral_token = asset.token_id;
        row.debt_token = spec_.base_token;
        row.collateral_amount_raw = seized;
        row.debt_amount_raw = (paid * base_scale_ / base_price).value;
        row.collateral_value = value;
        rows.push_back(row);
    }
    const auto delta = RUNNEL_TRY(paid_for * base_scale_ / base_price);
    const auto signed_delta = RUNNEL_TRY(signed_256(delta));
    auto balance = RUNNEL_TRY((CheckedInt{old_balance} + CheckedInt{signed_delta}).result());
    if (balance.is_negative())
        balance = 0;  // What is missing comes out of the reserves.
    const auto after = RUNNEL_TRY(principal_of(balance, grown));
    RUNNEL_TRY(update_principal(context, borrower, after));
    user.assets_in = 0;
    RUNNEL_TRY(update_totals(context, rise_of(before, after), move_of(before, after)));
    const auto paid_out = RUNNEL_TRY((CheckedInt{balance} - CheckedInt{old_balance}).result());
    const auto paid_value = RUNNEL_TRY(mul_price(paid_out.bits, base_price, base_scale_));
    context.emit(id(), AbsorbDebtLog{absorber, borrower, paid_out.bits, paid_value});
    if (!after.is_zero())
    {
        context.emit(id(), CometTransferLog{zero_account, borrower,
                               RUNNEL_TRY(present_value(grown.supply, after.bits))});
    }

    // The protocol has paid the debt and got the collateral. What it paid beyond the collateral's
    // worth, or less for the last unit, is in the last row.
    LendingBorrow borrow_row;
    borrow_row.transaction_type = LendingBorrowType::borrow_liquidation;
    borrow_row.token = spec_.base_token;
    borrow_row.borrower = borrower;
    borrow_row.on_behalf_of = borrower;
    borrow_row.repayer = account();
    borrow_row.liquidator = absorber;
    borrow_row.amount_raw = old_balance.magnitude();
    context.emit(id(), borrow_row);
    auto rest = paid_out.bits;
    for (std::size_t i = 0; i < rows.size(); ++i)
    {
        auto& row = rows[i];
        if (i + 1 == rows.size())
            row.debt_amount_raw = rest;
        row.debt_amount_raw = std::min(row.debt_amount_raw, rest);
        rest = wrapping_sub(rest, row.debt_amount_raw);
        row.debt_value = mul_price(row.debt_amount_raw, base_price, base_scale_).value;
        LendingSupply supply_row;
        supply_row.transaction_type = LendingSupplyType::supply_liquidation;
        supply_row.token = row.collateral_token;
        supply_row.depositor = borrower;
        supply_row.on_behalf_of = borrower;
        supply_row.withdrawn_to = account();
        supply_row.liquidator = absorber;
        supply_row.amount_raw = row.collateral_amount_raw;
        context.emit(id(), supply_row);
        context.emit(id(), row);
        record_collateral(context, borrower, *find_asset(row.collateral_token));
    }
    record_base(context, borrower);
    record_position(context, borrower);
    return {};
}

Result<Int256> Comet::reserves_of(
    const Totals& totals, const Indexes& indexes, const Amount& held) const
{
    const auto supplied = RUNNEL_TRY(present_value(indexes.supply, totals.total_supply_base));
    const auto borrowed = RUNNEL_TRY(present_value(indexes.borrow, totals.total_borrow_base));
    const auto balance = RUNNEL_TRY(signed_256(held));
    const auto owed = RUNNEL_TRY(signed_256(supplied));
    const auto lent = RUNNEL_TRY(signed_256(borrowed));
    return (CheckedInt{balance} - CheckedInt{owed} + CheckedInt{lent}).result();
}

Result<Int256> Comet::reserves(CallContext& context) const
{
    const auto& totals = context.read(totals_, 0);
    const auto grown = RUNNEL_TRY(indexes_now(context));
    return reserves_of(totals, grown, base_->holding(context, account()));
}

Result<Amount> Comet::buy(CallContext& context, ContractId asset, const Amount& min_amount,
    const Amount& base_amount, AccountId recipient)
{
    RUNNEL_TRY(require_going(context, PauseFlag::buy));
    const auto held = RUNNEL_TRY(reserves(context));
    context.use_gas(gas::buy_reserves);
    RUNNEL_REQUIRE(
        held.is_negative() || held.bits < terms(context).target_reserves, error("NotForSale"));
    const auto buyer = context.sender();
    const auto paid = RUNNEL_TRY(pull(context, spec_.base_token, buyer, base_amount));
    const auto found = find_asset(asset);
    RUNNEL_REQUIRE(found.has_value(), error("BadAsset"));
    const auto bought = RUNNEL_TRY(quote(context, *found, paid));
    RUNNEL_REQUIRE(bought >= min_amount, error("TooMuchSlippage"));
    const auto for_sale = RUNNEL_TRY(Checked{assets_[*found].token->holding(context, account())} -
                                     context.read(collateral_totals_, *found));
    RUNNEL_REQUIRE(bought <= for_sale, error("InsufficientReserves"));
    const auto amount = RUNNEL_TRY(safe_128(bought));
    RUNNEL_TRY(send(context, asset, recipient, amount));
    context.emit(id(), BuyCollateralLog{buyer, asset, paid, amount});
    return amount;
}

// --- Calls --------------------------------------------------------------------------------------

Result<Returns> Comet::execute(const Erc20Transfer& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, context.sender(), call.to, spec_.base_token, call.value));
    return Returns{1};
}

Result<Returns> Comet::execute(const Erc20TransferFrom& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, call.from, call.to, spec_.base_token, call.value));
    return Returns{1};
}

Result<Returns> Comet::execute(const Erc20Approve& call, CallContext& context)
{
    RUNNEL_REQUIRE(call.value.is_zero() || call.value == Amount::max(), error("BadAmount"));
    RUNNEL_TRY(execute(Allow{call.spender, !call.value.is_zero()}, context));
    return Returns{1};
}

Result<Returns> Comet::execute(const Allow& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.manager));
    auto& flag = context.write(permissions_, pair_key(context.sender(), call.manager)).is_allowed;
    context.save_gas(gas_saved_by_write(!flag, !call.is_allowed, flag == call.is_allowed));
    flag = call.is_allowed;
    context.emit(id(), comet::ApprovalLog{context.sender(), call.manager,
                           call.is_allowed ? Amount::max() : Amount{}});
    return Returns{};
}

Result<Returns> Comet::execute(const comet::Supply& call, CallContext& context)
{
    RUNNEL_TRY(supply(context, context.sender(), context.sender(), call.asset, call.amount));
    return Returns{};
}

Result<Returns> Comet::execute(const SupplyTo& call, CallContext& context)
{
    RUNNEL_TRY(supply(context, context.sender(), call.dst, call.asset, call.amount));
    return Returns{};
}

Result<Returns> Comet::execute(const SupplyFrom& call, CallContext& context)
{
    RUNNEL_TRY(supply(context, call.from, call.dst, call.asset, call.amount));
    return Returns{};
}

Result<Returns> Comet::execute(const comet::Withdraw& call, CallContext& context)
{
    RUNNEL_TRY(withdraw(context, context.sender(), context.sender(), call.asset, call.amount));
    return Returns{};
}

Result<Returns> Comet::execute(const WithdrawTo& call, CallContext& context)
{
    RUNNEL_TRY(withdraw(context, context.sender(), call.to, call.asset, call.amount));
    return Returns{};
}

Result<Returns> Comet::execute(const WithdrawFrom& call, CallContext& context)
{
    RUNNEL_TRY(withdraw(context, call.src, call.to, call.asset, call.amount));
    return Returns{};
}

Result<Returns> Comet::execute(const TransferAsset& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, context.sender(), call.dst, call.asset, call.amount));
    return Returns{};
}

Result<Returns> Comet::execute(const TransferAssetFrom& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, call.src, call.dst, call.asset, call.amount));
    return Returns{};
}

Result<Returns> Comet::execute(const AccrueAccount& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.account));
    RUNNEL_TRY(accrue(context));
    const auto principal = context.read(users_, call.account).principal;
    RUNNEL_TRY(update_principal(context, call.account, principal));
    return Returns{};
}

Result<Returns> Comet::execute(const Absorb& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.absorber));
    RUNNEL_TRY(require_going(context, PauseFlag::absorb));
    RUNNEL_TRY(accrue(context));
    for (std::size_t i = 0; i < call.accounts.size(); ++i)
    {
        const auto account = call.accounts[i];
        if (i > 0)
            RUNNEL_TRY(context.charge_gas(gas::further_account));
        RUNNEL_TRY(require_account(context.world(), account));
        RUNNEL_TRY(absorb(context, call.absorber, account));
    }
    return Returns{};
}

Result<Returns> Comet::execute(const BuyCollateral& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    return Returns{
        RUNNEL_TRY(buy(context, call.asset, call.min_amount, call.base_amount, call.recipient))};
}

Result<Returns> Comet::execute(const AbsorbAndBuy& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.account));
    const auto found = find_asset(call.asset);
    RUNNEL_REQUIRE(found.has_value(), error("BadAsset"));
    RUNNEL_TRY(require_going(context, PauseFlag::absorb));
    RUNNEL_TRY(accrue(context));
    const Amount seized = context.read(*assets_[*found].balances, call.account);
    RUNNEL_TRY(absorb(context, context.sender(), call.account));
    const auto paid = std::min(call.base_max, cost_of(context, *found, seized));
    const auto bought = RUNNEL_TRY(buy(context, call.asset, 0, paid, context.sender()));
    return Returns{paid, bought};
}

Result<Returns> Comet::execute(const WithdrawReserves& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.to));
    RUNNEL_REQUIRE(context.sender() == governor_, error("Unauthorized"));
    const auto held = RUNNEL_TRY(reserves(context));
    RUNNEL_REQUIRE(!held.is_negative() && call.amount <= held.bits, error("InsufficientReserves"));
    RUNNEL_TRY(send(context, spec_.base_token, call.to, call.amount));
    context.emit(id(), WithdrawReservesLog{call.to, call.amount});
    return Returns{};
}

Result<Returns> Comet::execute(const Pause& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == governor_ || context.sender() == pause_guardian_,
        error("Unauthorized"));
    const auto bit = [](bool on, PauseFlag flag)
    { return on ? 1U << static_cast<unsigned>(flag) : 0U; };
    context.write(totals_, 0).pause_flags = static_cast<std::uint8_t>(
        bit(call.supply_paused, PauseFlag::supply) |
        bit(call.transfer_paused, PauseFlag::transfer) |
        bit(call.withdraw_paused, PauseFlag::withdraw) |
        bit(call.absorb_paused, PauseFlag::absorb) | bit(call.buy_paused, PauseFlag::buy));
    context.emit(id(), PauseActionLog{call.supply_paused, call.transfer_paused,
                           call.withdraw_paused, call.absorb_paused, call.buy_paused});
    return Returns{};
}

/// Interest is not brought up to date: what the new code computes next, it computes for all the
/// time since the last accrual.
Result<Returns> Comet::execute(const Upgrade& call, CallContext& context)
{
    RUNNEL_REQUIRE(proxy_admin_ != zero_account && context.sender() == proxy_admin_,
        Refusal::error("Ownable: caller is not the owner"));
    const auto* implementation = find_implementation(context.world(), call.implementation);
    RUNNEL_REQUIRE(implementation != nullptr || call.implementation == id(),
        Refusal::error("ERC1967: new implementation is not a contract"));
    RUNNEL_REQUIRE(implementation == nullptr || implementation->fits(spec_),
        Refusal::ledger("its storage is of other tokens"));
    context.write(*implementation_, 0) = call.implementation;
    context.emit(id(), UpgradedLog{call.implementation});
    return Returns{};
}

// --- Rows ---------------------------------------------------------------------------------------

void Comet::record_base(CallContext& context, AccountId account) const
{
    const auto& totals = context.read(totals_, 0);
    const auto& principal = context.read(users_, account).principal;
    LendingBalance row;
    row.account = account;
    row.token = spec_.base_token;
    if (principal.is_negative())
    {
        row.debt_scaled = principal.magnitude();
        row.debt_raw = present_value(totals.base_borrow_index, row.debt_scaled).value;
    }
    else
    {
        row.supplied_scaled = principal.bits;
        row.supplied_raw = present_value(totals.base_supply_index, row.supplied_scaled).value;
    }
    context.emit(id(), row);
}

void Comet::record_collateral(CallContext& context, AccountId account, std::size_t offset) const
{
    const auto& balance = context.read(*assets_[offset].balances, account);
    LendingBalance row;
    row.account = account;
    row.token = assets_[offset].token_id;
    row.supplied_scaled = balance;
    row.supplied_raw = balance;
    row.used_as_collateral = true;
    context.emit(id(), row);
}

void Comet::record_position(CallContext& context, AccountId account) const
{
    const auto grown = indexes_now(context);
    if (!grown.has_value())
        return;  // There is no value to tell.
    const auto health = evaluate(context, account, *grown);
    constexpr double bps = 10'000;
    context.emit(
        id(), LendingPosition{account, health.collateral, health.debt,
                  Amount::from_double(health.threshold * bps + 0.5), health.health_factor});
}

}  // namespace runnel::contracts
