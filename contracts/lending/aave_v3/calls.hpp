#pragma once

#include "ledger/fields.hpp"

#include <cstdint>
#include <string_view>

/// The calls of an Aave v3 pool. Assets are the underlying tokens; an amount of 2^256-1 means all.
/// Gas: see docs/gas.md.
namespace runnel::contracts::aave_v3
{

inline constexpr std::uint8_t assets_per_call_max = 32;

/// Pays tokens in; the aTokens go to @p on_behalf_of.
struct Supply
{
    static constexpr std::string_view name = "supply";
    static constexpr std::uint8_t method = 0;
    static constexpr std::uint64_t gas = 155'000;

    ContractId asset{};
    Amount amount;
    AccountId on_behalf_of{};

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("amount", self.amount, "smallest unit of asset");
        visit("on_behalf_of", self.on_behalf_of);
    }
};

/// Burns own aTokens, sends the tokens to @p to. Returns the amount.
struct Withdraw
{
    static constexpr std::string_view name = "withdraw";
    static constexpr std::uint8_t method = 1;
    static constexpr std::uint64_t gas = 205'000;

    ContractId asset{};
    Amount amount;
    AccountId to{};

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("amount", self.amount, "smallest unit of asset");
        visit("to", self.to);
    }
};

/// Borrows against own collateral. Rate mode 2 is variable, the only one that is lent.
struct Borrow
{
    static constexpr std::string_view name = "borrow";
    static constexpr std::uint8_t method = 2;
    static constexpr std::uint64_t gas = 257'000;

    ContractId asset{};
    Amount amount;
    std::uint8_t interest_rate_mode = 2;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("amount", self.amount, "smallest unit of asset");
        visit("interest_rate_mode", self.interest_rate_mode);
    }
};

/// Repays debt of @p on_behalf_of. Returns the amount.
struct Repay
{
    static constexpr std::string_view name = "repay";
    static constexpr std::uint8_t method = 3;
    static constexpr std::uint64_t gas = 185'000;

    ContractId asset{};
    Amount amount;
    std::uint8_t interest_rate_mode = 2;
    AccountId on_behalf_of{};

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("amount", self.amount, "smallest unit of asset");
        visit("interest_rate_mode", self.interest_rate_mode);
        visit("on_behalf_of", self.on_behalf_of);
    }
};

/// Repays own debt by burning own aTokens of the same asset. Returns the amount.
struct RepayWithATokens
{
    static constexpr std::string_view name = "repayWithATokens";
    static constexpr std::uint8_t method = 4;
    static constexpr std::uint64_t gas = 180'000;

    ContractId asset{};
    Amount amount;
    std::uint8_t interest_rate_mode = 2;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("amount", self.amount, "smallest unit of asset");
        visit("interest_rate_mode", self.interest_rate_mode);
    }
};

/// Lets own aTokens of an asset secure own debt, or no longer.
struct SetUserUseReserveAsCollateral
{
    static constexpr std::string_view name = "setUserUseReserveAsCollateral";
    static constexpr std::uint8_t method = 5;
    static constexpr std::uint64_t gas = 95'000;

    ContractId asset{};
    bool use_as_collateral = false;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("use_as_collateral", self.use_as_collateral);
    }
};

/// Repays debt of an unhealthy @p user and takes collateral for it, at a bonus.
struct LiquidationCall
{
    static constexpr std::string_view name = "liquidationCall";
    static constexpr std::uint8_t method = 6;
    static constexpr std::uint64_t gas = 390'000;

    ContractId collateral_asset{};
    ContractId debt_asset{};
    AccountId user{};
    Amount debt_to_cover;
    bool receive_a_token = false;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("collateral_asset", self.collateral_asset);
        visit("debt_asset", self.debt_asset);
        visit("user", self.user);
        visit("debt_to_cover", self.debt_to_cover, "smallest unit of debt_asset");
        visit("receive_a_token", self.receive_a_token);
    }
};

/// Lends to the sender for the length of @p callback, then takes amount and premium back.
///
/// @p callback runs as the sender, who must have approved the pool. @p receiver_succeeds is what
/// the receiver's executeOperation() returns after it: false makes the pool refuse.
struct FlashLoanSimple
{
    static constexpr std::string_view name = "flashLoanSimple";
    static constexpr std::uint8_t method = 7;
    static constexpr std::uint64_t gas = 170'000;

    ContractId asset{};
    Amount amount;
    CallList callback;
    bool receiver_succeeds = true;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("amount", self.amount, "smallest unit of asset");
        visit("callback", self.callback);
        visit("receiver_succeeds", self.receiver_succeeds);
    }
};

/// Mints to the treasury what has accrued for it. Anybody may.
struct MintToTreasury
{
    static constexpr std::string_view name = "mintToTreasury";
    static constexpr std::uint8_t method = 8;
    static constexpr std::uint64_t gas = 60'000;

    ShortList<ContractId, assets_per_call_max> assets;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("assets", self.assets);
    }
};

/// Moves own aTokens of an asset: the aToken's own transfer(). Returns 1.
struct TransferAToken
{
    static constexpr std::string_view name = "transfer";
    static constexpr std::uint8_t method = 9;
    static constexpr std::uint64_t gas = 110'000;

    ContractId asset{};
    AccountId to{};
    Amount amount;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("to", self.to);
        visit("amount", self.amount, "smallest unit of asset");
    }
};

/// A frozen reserve takes no new supply and lends no more.
struct SetReserveFreeze
{
    static constexpr std::string_view name = "setReserveFreeze";
    static constexpr std::uint8_t method = 10;
    static constexpr std::uint64_t gas = 34'000;

    ContractId asset{};
    bool freeze = false;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("freeze", self.freeze);
    }
};

/// A paused reserve does nothing at all.
struct SetReservePause
{
    static constexpr std::string_view name = "setReservePause";
    static constexpr std::uint8_t method = 11;
    static constexpr std::uint64_t gas = 34'000;

    ContractId asset{};
    bool paused = false;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("paused", self.paused);
    }
};

/// The treasury's share of interest.
struct SetReserveFactor
{
    static constexpr std::string_view name = "setReserveFactor";
    static constexpr std::uint8_t method = 12;
    static constexpr std::uint64_t gas = 34'000;

    ContractId asset{};
    Amount reserve_factor;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("reserve_factor", self.reserve_factor, "bps");
    }
};

/// The most that may be supplied, in whole tokens; 0 is no cap.
struct SetSupplyCap
{
    static constexpr std::string_view name = "setSupplyCap";
    static constexpr std::uint8_t method = 13;
    static constexpr std::uint64_t gas = 34'000;

    ContractId asset{};
    Amount supply_cap;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("supply_cap", self.supply_cap, "tokens");
    }
};

/// The most that may be borrowed, in whole tokens; 0 is no cap.
struct SetBorrowCap
{
    static constexpr std::string_view name = "setBorrowCap";
    static constexpr std::uint8_t method = 14;
    static constexpr std::uint64_t gas = 34'000;

    ContractId asset{};
    Amount borrow_cap;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("borrow_cap", self.borrow_cap, "tokens");
    }
};

/// The treasury's share of liquidation bonuses.
struct SetLiquidationProtocolFee
{
    static constexpr std::string_view name = "setLiquidationProtocolFee";
    static constexpr std::uint8_t method = 15;
    static constexpr std::uint64_t gas = 34'000;

    ContractId asset{};
    Amount fee;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("fee", self.fee, "bps");
    }
};

/// What an asset is good for as collateral.
struct ConfigureReserveAsCollateral
{
    static constexpr std::string_view name = "configureReserveAsCollateral";
    static constexpr std::uint8_t method = 16;
    static constexpr std::uint64_t gas = 34'000;

    ContractId asset{};
    Amount ltv;
    Amount liquidation_threshold;
    Amount liquidation_bonus;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("ltv", self.ltv, "bps");
        visit("liquidation_threshold", self.liquidation_threshold, "bps");
        visit("liquidation_bonus", self.liquidation_bonus, "bps");
    }
};

/// Whether flash loans of an asset are given.
struct SetReserveFlashLoaning
{
    static constexpr std::string_view name = "setReserveFlashLoaning";
    static constexpr std::uint8_t method = 17;
    static constexpr std::uint64_t gas = 34'000;

    ContractId asset{};
    bool enabled = false;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("enabled", self.enabled);
    }
};

/// Whether an asset is lent.
struct SetReserveBorrowing
{
    static constexpr std::string_view name = "setReserveBorrowing";
    static constexpr std::uint8_t method = 18;
    static constexpr std::uint64_t gas = 34'000;

    ContractId asset{};
    bool enabled = false;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("asset", self.asset);
        visit("enabled", self.enabled);
    }
};

/// The price of a flash loan.
struct UpdateFlashloanPremiumTotal
{
    static constexpr std::string_view name = "updateFlashloanPremiumTotal";
    static constexpr std::uint8_t method = 19;
    static constexpr std::uint64_t gas = 34'000;

    Amount premium_total;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("premium_total", self.premium_total, "bps");
    }
};

/// The treasury's share of that price.
struct UpdateFlashloanPremiumToProtocol
{
    static constexpr std::string_view name = "updateFlashloanPremiumToProtocol";
    static constexpr std::uint8_t method = 20;
    static constexpr std::uint64_t gas = 34'000;

    Amount premium_to_protocol;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("premium_to_protocol", self.premium_to_protocol, "bps of the premium");
    }
};

}  // namespace runnel::contracts::aave_v3
