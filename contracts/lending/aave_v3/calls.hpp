#pragma once

#include "contracts/lending/aave_v3/gas.hpp"
#include "ledger/call.hpp"

#include <concepts>
#include <cstdint>
#include <string_view>

/// The calls of an Aave v3 pool. Assets are the underlying tokens; an amount of 2^256-1 means all.
/// Gas: see docs/gas.md.
namespace runnel::contracts::aave_v3
{

inline constexpr std::uint8_t assets_per_call_max = 32;

inline constexpr std::uint8_t rate_mode_none = 0;
inline constexpr std::uint8_t rate_mode_stable = 1;
inline constexpr std::uint8_t rate_mode_variable = 2;

/// Pays tokens in; the aTokens go to @p on_behalf_of.
struct Supply
{
    RUNNEL_CALL("supply", 0, {153'200, gas::entry});

    ContractId asset{};
    Amount amount;
    AccountId on_behalf_of{};
    RUNNEL_FIELDS(asset, (amount, smallest_unit_of("asset")), on_behalf_of);
};

/// Burns own aTokens, sends the tokens to @p to. Returns the amount.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 1, {269'400, gas::entry});

    ContractId asset{};
    Amount amount;
    AccountId to{};
    RUNNEL_FIELDS(asset, (amount, smallest_unit_of("asset")), to);
};

/// Borrows against own collateral. Rate mode 2 is variable, the only one that is lent.
struct Borrow
{
    RUNNEL_CALL("borrow", 2, {272'500, gas::entry});

    ContractId asset{};
    Amount amount;
    std::uint8_t interest_rate_mode = 2;
    RUNNEL_FIELDS(asset, (amount, smallest_unit_of("asset")), interest_rate_mode);
};

/// Repays debt of @p on_behalf_of. Returns the amount.
struct Repay
{
    RUNNEL_CALL("repay", 3, {156'400, gas::entry});

    ContractId asset{};
    Amount amount;
    std::uint8_t interest_rate_mode = 2;
    AccountId on_behalf_of{};
    RUNNEL_FIELDS(asset, (amount, smallest_unit_of("asset")), interest_rate_mode, on_behalf_of);
};

/// Repays own debt by burning own aTokens of the same asset. Returns the amount.
struct RepayWithATokens
{
    RUNNEL_CALL("repayWithATokens", 4, {152'200, gas::entry});

    ContractId asset{};
    Amount amount;
    std::uint8_t interest_rate_mode = 2;
    RUNNEL_FIELDS(asset, (amount, smallest_unit_of("asset")), interest_rate_mode);
};

/// Lets own aTokens of an asset secure own debt, or no longer.
struct SetUserUseReserveAsCollateral
{
    RUNNEL_CALL("setUserUseReserveAsCollateral", 5, {226'000, gas::entry});

    ContractId asset{};
    bool use_as_collateral = false;
    RUNNEL_FIELDS(asset, use_as_collateral);
};

/// Repays debt of an unhealthy @p user and takes collateral for it, at a bonus.
struct LiquidationCall
{
    RUNNEL_CALL("liquidationCall", 6, {402'700, gas::entry});

    ContractId collateral_asset{};
    ContractId debt_asset{};
    AccountId user{};
    Amount debt_to_cover;
    bool receive_a_token = false;
    RUNNEL_FIELDS(collateral_asset, debt_asset, user,
        (debt_to_cover, smallest_unit_of("debt_asset")), receive_a_token);
};

/// Lends to the receiver for the length of a callback, then takes amount and premium back from it;
/// it must have approved the pool.
///
/// The callback is @p callback, run as the sender, or, for another @p receiver, what that account
/// has registered. @p receiver_succeeds is what the receiver's executeOperation() returns after it:
/// false makes the pool refuse.
struct FlashLoanSimple
{
    RUNNEL_CALL("flashLoanSimple", 7, {118'100, gas::entry});

    ContractId asset{};
    Amount amount;
    CallList callback;
    bool receiver_succeeds = true;
    AccountId receiver{};  // The zero account: the sender. Another one needs registered calls.
    RUNNEL_FIELDS(
        asset, (amount, smallest_unit_of("asset")), callback, receiver_succeeds, receiver);
};

[[nodiscard]] inline AccountId receiver_of(const FlashLoanSimple& call, AccountId sender) noexcept
{
    return call.receiver == zero_account ? sender : call.receiver;
}

/// Mints to the treasury what has accrued for it. Anybody may.
struct MintToTreasury
{
    RUNNEL_CALL("mintToTreasury", 8, {126'000, gas::entry});

    ShortList<ContractId, assets_per_call_max> assets;
    RUNNEL_FIELDS(assets);
};

/// Moves own aTokens of an asset: the aToken's own transfer(). Returns 1.
struct TransferAToken
{
    RUNNEL_CALL("transfer", 9, {214'000, gas::entry});

    ContractId asset{};
    AccountId to{};
    Amount amount;
    RUNNEL_FIELDS(asset, to, (amount, smallest_unit_of("asset")));
};

/// A frozen reserve takes no new supply and lends no more.
struct SetReserveFreeze
{
    RUNNEL_CALL("setReserveFreeze", 10, {43'400, gas::admin_entry});

    ContractId asset{};
    bool freeze = false;
    RUNNEL_FIELDS(asset, freeze);
};

/// A paused reserve does nothing at all.
struct SetReservePause
{
    RUNNEL_CALL("setReservePause", 11, {43'400, gas::admin_entry});

    ContractId asset{};
    bool paused = false;
    RUNNEL_FIELDS(asset, paused);
};

/// The treasury's share of interest.
struct SetReserveFactor
{
    RUNNEL_CALL("setReserveFactor", 12, {43'400, gas::admin_entry});

    ContractId asset{};
    Amount reserve_factor;
    RUNNEL_FIELDS(asset, (reserve_factor, bps));
};

/// The most that may be supplied, in whole tokens; 0 is no cap.
struct SetSupplyCap
{
    RUNNEL_CALL("setSupplyCap", 13, {43'400, gas::admin_entry});

    ContractId asset{};
    Amount supply_cap;
    RUNNEL_FIELDS(asset, (supply_cap, tokens));
};

/// The most that may be borrowed, in whole tokens; 0 is no cap.
struct SetBorrowCap
{
    RUNNEL_CALL("setBorrowCap", 14, {43'400, gas::admin_entry});

    ContractId asset{};
    Amount borrow_cap;
    RUNNEL_FIELDS(asset, (borrow_cap, tokens));
};

/// The treasury's share of liquidation bonuses.
struct SetLiquidationProtocolFee
{
    RUNNEL_CALL("setLiquidationProtocolFee", 15, {43'400, gas::admin_entry});

    ContractId asset{};
    Amount fee;
    RUNNEL_FIELDS(asset, (fee, bps));
};

/// What an asset is good for as collateral.
struct ConfigureReserveAsCollateral
{
    RUNNEL_CALL("configureReserveAsCollateral", 16, {43'400, gas::admin_entry});

    ContractId asset{};
    Amount ltv;
    Amount liquidation_threshold;
    Amount liquidation_bonus;
    RUNNEL_FIELDS(asset, (ltv, bps), (liquidation_threshold, bps), (liquidation_bonus, bps));
};

/// Whether flash loans of an asset are given.
struct SetReserveFlashLoaning
{
    RUNNEL_CALL("setReserveFlashLoaning", 17, {43'400, gas::admin_entry});

    ContractId asset{};
    bool enabled = false;
    RUNNEL_FIELDS(asset, enabled);
};

/// Whether an asset is lent.
struct SetReserveBorrowing
{
    RUNNEL_CALL("setReserveBorrowing", 18, {43'400, gas::admin_entry});

    ContractId asset{};
    bool enabled = false;
    RUNNEL_FIELDS(asset, enabled);
};

/// The price of a flash loan.
struct UpdateFlashloanPremiumTotal
{
    RUNNEL_CALL("updateFlashloanPremiumTotal", 19, {43'400, gas::admin_entry});

    Amount premium_total;
    RUNNEL_FIELDS((premium_total, bps));
};

/// The treasury's share of that price.
struct UpdateFlashloanPremiumToProtocol
{
    RUNNEL_CALL("updateFlashloanPremiumToProtocol", 20, {43'400, gas::admin_entry});

    Amount premium_to_protocol;
    RUNNEL_FIELDS((premium_to_protocol, other("bps of the premium")));
};

/// A reserve's rate curve, in whole bps as v3.2 and later take it. Of v3.0.2, where the curve is a
/// contract that is deployed first, this stands for setReserveInterestRateStrategyAddress: rates
/// follow at the next operation.
struct SetReserveInterestRateData
{
    RUNNEL_CALL("setReserveInterestRateData", 21, {43'400, gas::admin_entry});

    ContractId asset{};
    Amount optimal_usage_ratio;
    Amount base_variable_borrow_rate;
    Amount variable_rate_slope1;
    Amount variable_rate_slope2;
    RUNNEL_FIELDS(asset, (optimal_usage_ratio, bps),
        (base_variable_borrow_rate, other("bps per year")),
        (variable_rate_slope1, other("bps per year")),
        (variable_rate_slope2, other("bps per year")));
};

/// A call that sets one field of a reserve's configuration to the value beside its asset; the table
/// in pool_admin.cpp says which, and who may.
template <typename Call>
concept SetsConfig = std::same_as<Call, SetReserveFreeze> || std::same_as<Call, SetReservePause> ||
    std::same_as<Call, SetReserveFactor> || std::same_as<Call, SetSupplyCap> ||
    std::same_as<Call, SetBorrowCap> || std::same_as<Call, SetLiquidationProtocolFee> ||
    std::same_as<Call, SetReserveFlashLoaning> || std::same_as<Call, SetReserveBorrowing>;

/// The value that such a call sets; true is 1.
template <SetsConfig Call>
[[nodiscard]] Amount setting(const Call& call)
{
    Amount value;
    Call::describe(call,
        [&value]<typename Field>(std::string_view, const Field& field, Unit = {})
        {
            if constexpr (std::same_as<Field, Amount> || std::same_as<Field, bool>)
                value = Amount{field};
        });
    return value;
}

}  // namespace runnel::contracts::aave_v3
