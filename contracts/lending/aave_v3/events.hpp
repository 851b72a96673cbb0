#pragma once

#include "ledger/event.hpp"

#include <cstdint>

/// The logs of an Aave v3 pool: names, order of fields and topics as deployed.
/// Source: @aave/core-v3 1.19.3, contracts/interfaces/IPool.sol.
namespace runnel::contracts::aave_v3
{

/// Tokens supplied by @p user, aTokens minted to @p on_behalf_of.
struct SupplyLog
{
    static constexpr std::string_view name = "Supply";
    static constexpr std::string_view table = "aave_v3_supplies";
    static constexpr std::string_view signature = "Supply(address,address,address,uint256,uint16)";
    static constexpr std::uint32_t indexed = 0b10101;
    static constexpr EventUse use = EventUse::log;

    ContractId reserve{};
    AccountId user{};
    AccountId on_behalf_of{};
    Amount amount;
    std::uint16_t referral_code = 0;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("reserve", self.reserve);
        visit("user", self.user);
        visit("on_behalf_of", self.on_behalf_of);
        visit("amount", self.amount, "smallest unit of reserve");
        visit("referral_code", self.referral_code);
    }
};

/// aTokens of @p user burnt, tokens sent to @p to_address.
struct WithdrawLog
{
    static constexpr std::string_view name = "Withdraw";
    static constexpr std::string_view table = "aave_v3_withdrawals";
    static constexpr std::string_view signature = "Withdraw(address,address,address,uint256)";
    static constexpr std::uint32_t indexed = 0b0111;
    static constexpr EventUse use = EventUse::log;

    ContractId reserve{};
    AccountId user{};
    AccountId to_address{};
    Amount amount;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("reserve", self.reserve);
        visit("user", self.user);
        visit("to_address", self.to_address);
        visit("amount", self.amount, "smallest unit of reserve");
    }
};

/// Debt of @p on_behalf_of opened, tokens sent to @p user.
struct BorrowLog
{
    static constexpr std::string_view name = "Borrow";
    static constexpr std::string_view table = "aave_v3_borrows";
    static constexpr std::string_view signature =
        "Borrow(address,address,address,uint256,uint8,uint256,uint16)";
    static constexpr std::uint32_t indexed = 0b1000101;
    static constexpr EventUse use = EventUse::log;

    ContractId reserve{};
    AccountId user{};
    AccountId on_behalf_of{};
    Amount amount;
    std::uint8_t interest_rate_mode = 0;
    Amount borrow_rate;
    std::uint16_t referral_code = 0;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("reserve", self.reserve);
        visit("user", self.user);
        visit("on_behalf_of", self.on_behalf_of);
        visit("amount", self.amount, "smallest unit of reserve");
        visit("interest_rate_mode", self.interest_rate_mode);
        visit("borrow_rate", self.borrow_rate, "ray per year");
        visit("referral_code", self.referral_code);
    }
};

/// Debt of @p user repaid by @p repayer.
struct RepayLog
{
    static constexpr std::string_view name = "Repay";
    static constexpr std::string_view table = "aave_v3_repayments";
    static constexpr std::string_view signature = "Repay(address,address,address,uint256,bool)";
    static constexpr std::uint32_t indexed = 0b00111;
    static constexpr EventUse use = EventUse::log;

    ContractId reserve{};
    AccountId user{};
    AccountId repayer{};
    Amount amount;
    bool use_a_tokens = false;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("reserve", self.reserve);
        visit("user", self.user);
        visit("repayer", self.repayer);
        visit("amount", self.amount, "smallest unit of reserve");
        visit("use_a_tokens", self.use_a_tokens);
    }
};

/// A position liquidated; amounts as they were taken, without the protocol's fee.
struct LiquidationCallLog
{
    static constexpr std::string_view name = "LiquidationCall";
    static constexpr std::string_view table = "aave_v3_liquidations";
    static constexpr std::string_view signature =
        "LiquidationCall(address,address,address,uint256,uint256,address,bool)";
    static constexpr std::uint32_t indexed = 0b0000111;
    static constexpr EventUse use = EventUse::log;

    ContractId collateral_asset{};
    ContractId debt_asset{};
    AccountId user{};
    Amount debt_to_cover;
    Amount liquidated_collateral_amount;
    AccountId liquidator{};
    bool receive_a_token = false;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("collateral_asset", self.collateral_asset);
        visit("debt_asset", self.debt_asset);
        visit("user", self.user);
        visit("debt_to_cover", self.debt_to_cover, "smallest unit of debt_asset");
        visit("liquidated_collateral_amount", self.liquidated_collateral_amount,
            "smallest unit of collateral_asset");
        visit("liquidator", self.liquidator);
        visit("receive_a_token", self.receive_a_token);
    }
};

/// A flash loan that came back with its premium.
struct FlashLoanLog
{
    static constexpr std::string_view name = "FlashLoan";
    static constexpr std::string_view table = "aave_v3_flash_loans";
    static constexpr std::string_view signature =
        "FlashLoan(address,address,address,uint256,uint8,uint256,uint16)";
    static constexpr std::uint32_t indexed = 0b1000101;
    static constexpr EventUse use = EventUse::log;

    AccountId target{};
    AccountId initiator{};
    ContractId asset{};
    Amount amount;
    std::uint8_t interest_rate_mode = 0;
    Amount premium;
    std::uint16_t referral_code = 0;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("target", self.target);
        visit("initiator", self.initiator);
        visit("asset", self.asset);
        visit("amount", self.amount, "smallest unit of asset");
        visit("interest_rate_mode", self.interest_rate_mode);
        visit("premium", self.premium, "smallest unit of asset");
        visit("referral_code", self.referral_code);
    }
};

/// New rates of a reserve.
struct ReserveDataUpdatedLog
{
    static constexpr std::string_view name = "ReserveDataUpdated";
    static constexpr std::string_view table = "aave_v3_reserve_updates";
    static constexpr std::string_view signature =
        "ReserveDataUpdated(address,uint256,uint256,uint256,uint256,uint256)";
    static constexpr std::uint32_t indexed = 0b000001;
    static constexpr EventUse use = EventUse::log;

    ContractId reserve{};
    Amount liquidity_rate;
    Amount stable_borrow_rate;
    Amount variable_borrow_rate;
    Amount liquidity_index;
    Amount variable_borrow_index;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("reserve", self.reserve);
        visit("liquidity_rate", self.liquidity_rate, "ray per year");
        visit("stable_borrow_rate", self.stable_borrow_rate, "ray per year");
        visit("variable_borrow_rate", self.variable_borrow_rate, "ray per year");
        visit("liquidity_index", self.liquidity_index, "ray");
        visit("variable_borrow_index", self.variable_borrow_index, "ray");
    }
};

/// What @p user has of @p reserve secures debt from now on.
struct CollateralEnabledLog
{
    static constexpr std::string_view name = "ReserveUsedAsCollateralEnabled";
    static constexpr std::string_view table = "aave_v3_collateral_enabled";
    static constexpr std::string_view signature = "ReserveUsedAsCollateralEnabled(address,address)";
    static constexpr std::uint32_t indexed = 0b11;
    static constexpr EventUse use = EventUse::log;

    ContractId reserve{};
    AccountId user{};

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("reserve", self.reserve);
        visit("user", self.user);
    }
};

/// It secures debt no longer.
struct CollateralDisabledLog
{
    static constexpr std::string_view name = "ReserveUsedAsCollateralDisabled";
    static constexpr std::string_view table = "aave_v3_collateral_disabled";
    static constexpr std::string_view signature =
        "ReserveUsedAsCollateralDisabled(address,address)";
    static constexpr std::uint32_t indexed = 0b11;
    static constexpr EventUse use = EventUse::log;

    ContractId reserve{};
    AccountId user{};

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("reserve", self.reserve);
        visit("user", self.user);
    }
};

/// The treasury received its aTokens.
struct MintedToTreasuryLog
{
    static constexpr std::string_view name = "MintedToTreasury";
    static constexpr std::string_view table = "aave_v3_treasury_mints";
    static constexpr std::string_view signature = "MintedToTreasury(address,uint256)";
    static constexpr std::uint32_t indexed = 0b01;
    static constexpr EventUse use = EventUse::log;

    ContractId reserve{};
    Amount amount_minted;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("reserve", self.reserve);
        visit("amount_minted", self.amount_minted, "smallest unit of reserve");
    }
};

}  // namespace runnel::contracts::aave_v3
