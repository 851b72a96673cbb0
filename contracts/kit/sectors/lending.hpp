#pragma once

#include "contracts/kit/sectors/sector.hpp"
#include "execution/context.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// What strategies may know of a lending market, whatever its protocol. Tokens are named by their
/// reserve: a number from 0 that the market fixes at genesis. A token that only secures debt is a
/// reserve too, of which nothing is lent.
///
/// A market is a contract: one whose pairs are isolated from each other is several.
namespace runnel::contracts
{

/// One token of a market. Values are in the market's unit of account, amounts in the token's
/// smallest unit.
struct LendingReserveInfo
{
    ContractId token{};
    Amount unit;            // 10^decimals of the token.
    Amount price;           // Value of a whole token, as the market sees it; 0 without a price.
    Amount cash;            // What can be withdrawn or borrowed now.
    Amount total_supplied;  // With interest; collateral that earns none included.
    Amount total_debt;      // With interest.
    Amount treasury_claim;  // Interest that the protocol's treasury can claim and has not.
    Amount borrow_room;     // The most that is lent now, whoever asks: cash and caps; 0: not lent.
    Amount supply_room;     // The most that is taken in now; 0: nothing, 2^256-1: no cap.
    Amount supply_index;   // Ray: a scaled amount of LendingBalance times this is what it is worth.
    Amount borrow_index;   // The same for debt.
    Amount supply_rate;    // Ray per year.
    Amount borrow_rate;    // Ray per year.
    double ltv = 0;        // Share of its value that may be borrowed against it.
    double threshold = 0;  // Debt above this share of its value may be liquidated; 0: no
                           // collateral.
    double bonus = 0;      // A liquidator of it gets 1 + bonus of the value repaid.
};

/// An account's position over all reserves.
struct LendingHealth
{
    Amount collateral;                     // Value of what secures debt.
    Amount debt;                           // Value of what is owed.
    double ltv = 0;                        // Mean over its collateral, weighted by value.
    double threshold = 0;                  // The same.
    Amount health_factor = Amount::max();  // Wad; below 1 it may be liquidated; 2^256-1 without
                                           // debt.
};

/// What an account has and owes of one token, with interest.
struct LendingHolding
{
    Amount supplied;
    Amount debt;
    bool secures_debt = false;  // What it has supplied counts as collateral.
};

/// What a liquidation takes and gives.
struct LiquidationPreview
{
    Amount debt;        // Repaid by the liquidator.
    Amount collateral;  // To the liquidator.
    Amount fee;         // To the protocol, of the collateral.
};

/// Whose debt is repaid for which collateral.
struct LiquidationOrder
{
    AccountId borrower{};
    std::size_t collateral = 0;  // Reserve,
    std::size_t debt = 0;        // likewise.
    Amount debt_to_cover;        // The most to repay.
};

/// What a market counts values in.
struct UnitOfAccount
{
    ContractId token = no_contract;  // Whole tokens of this one; no_contract: USD.
    std::uint8_t decimals = 8;       // A value of 10^decimals is one of them.
};

/// A market's committed state, interest brought to one time: made once per block, it makes
/// questions about many accounts cheap. Valid until the next block is executed; any number of
/// threads may ask meanwhile.
class LendingView
{
public:
    virtual ~LendingView() = default;

    [[nodiscard]] const LendingReserveInfo& reserve(std::size_t reserve) const
    {
        return reserves_.at(reserve);
    }
    [[nodiscard]] std::span<const LendingReserveInfo> reserves() const noexcept
    {
        return reserves_;
    }
    /// Who has supplied to or owes in any reserve, ascending.
    [[nodiscard]] virtual std::vector<AccountId> accounts() const = 0;
    /// Who has debt in any reserve, ascending.
    [[nodiscard]] virtual std::vector<AccountId> borrowers() const = 0;
    [[nodiscard]] virtual LendingHolding holding(AccountId user, std::size_t reserve) const = 0;
    [[nodiscard]] virtual LendingHealth health(AccountId user) const = 0;

    /// The most debt of @p reserve that one liquidation may repay now; 0 for a healthy account.
    [[nodiscard]] virtual Amount max_liquidatable_debt(
        AccountId user, std::size_t reserve) const = 0;
    /// What the liquidation would take and give, to the last unit; empty if it would be refused
    /// (the liquidator's own funds apart).
    [[nodiscard]] virtual std::optional<LiquidationPreview> preview_liquidation(
        const LiquidationOrder& order) const = 0;
    /// What a flash loan costs, in the token's smallest unit; empty if the market gives none of
    /// this amount.
    [[nodiscard]] virtual std::optional<Amount> flash_fee(std::size_t, const Amount&) const
    {
        return std::nullopt;
    }

protected:
    explicit LendingView(std::vector<LendingReserveInfo> reserves) : reserves_{std::move(reserves)}
    {}

private:
    std::vector<LendingReserveInfo> reserves_;
};

enum class LendingAction : std::uint8_t
{
    supply,
    withdraw,
    borrow,
    repay,
    liquidate,
    flash_borrow,
};

/// A lending market: what it says of itself, and the calls that use it.
class LendingMarket
{
public:
    static constexpr std::string_view sector = "lending_market";

    virtual ~LendingMarket() = default;

    [[nodiscard]] virtual std::unique_ptr<const LendingView> view_at(
        std::uint64_t timestamp) const = 0;
    /// The number of the reserve of @p token, if there is one.
    [[nodiscard]] virtual std::optional<std::size_t> find_reserve(
        ContractId token) const noexcept = 0;
    [[nodiscard]] virtual UnitOfAccount unit_of_account() const noexcept = 0;
    /// The contract whose prices it sees; no_contract: it is none.
    [[nodiscard]] virtual ContractId price_source() const noexcept { return no_contract; }

    // Each adds one call of the sender's. Amounts are in the token's smallest unit; 2^256-1 is
    // all there is to withdraw or to repay of one's own.

    /// Whom the sender must approve before it supplies, repays, liquidates or flash-borrows: of a
    /// market where that is one account for all tokens. A bug elsewhere; ask spender_of().
    [[nodiscard]] virtual AccountId spender() const noexcept;
    /// The same for a reserve's token.
    [[nodiscard]] virtual AccountId spender_of(std::size_t) const noexcept { return spender(); }
    [[nodiscard]] virtual CallGas gas_of(LendingAction action) const noexcept = 0;
    virtual void add_supply(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId on_behalf_of) const = 0;
    virtual void add_withdraw(
        CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const = 0;
    /// The tokens go to the sender, who owes them.
    virtual void add_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount) const = 0;
    virtual void add_repay(
        CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId debtor) const = 0;
    /// The collateral goes to the sender.
    virtual void add_liquidation(CallWriter& calls, const LiquidationOrder& order) const = 0;
    /// Lends to the sender while @p nested runs as the sender, then takes amount and fee back. A
    /// bug in a market whose flash_fee() never says what that costs.
    virtual void add_flash_borrow(
        CallWriter& calls, std::size_t reserve, const Amount& amount, CallList nested) const;
};

/// What a market's snapshot() does: emits a row of lending_reserves for each reserve and, when all
/// contracts show their state, what accounts have and owe: lending_statements, and lending_holdings
/// and lending_health as far as the statement is itemized.
void snapshot_lending(SnapshotContext& context, ContractId id, const LendingMarket& market);

/// Up to this many accounts are stated one by one every hour, not only after block 0 and the last
/// block: a hundred thousand borrowers would be most of a ledger.
inline constexpr std::size_t hourly_accounts_max = 2'000;

}  // namespace runnel::contracts
