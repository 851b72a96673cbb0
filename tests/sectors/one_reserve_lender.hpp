#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <string>

/// A lending market that no production code knows: one token is lent, another secures the debt,
/// interest is simple, and values are counted in the token that is lent.
namespace runnel::toy
{

/// Pays in tokens to be lent; the shares go to @p on_behalf_of.
struct Deposit
{
    RUNNEL_CALL("deposit", 0, 60'000);

    Amount amount;
    AccountId on_behalf_of{};
    RUNNEL_FIELDS(amount, on_behalf_of);
};

/// Takes own tokens out, 2^256-1 for all of them. Returns the amount.
struct Redeem
{
    RUNNEL_CALL("redeem", 1, 60'000);

    Amount amount;
    AccountId to{};
    RUNNEL_FIELDS(amount, to);
};

/// Pays in collateral of @p on_behalf_of.
struct Pledge
{
    RUNNEL_CALL("pledge", 2, 50'000);

    Amount amount;
    AccountId on_behalf_of{};
    RUNNEL_FIELDS(amount, on_behalf_of);
};

/// Takes own collateral out, 2^256-1 for all of it. Returns the amount.
struct Unpledge
{
    RUNNEL_CALL("unpledge", 3, 70'000);

    Amount amount;
    AccountId to{};
    RUNNEL_FIELDS(amount, to);
};

struct TakeLoan
{
    RUNNEL_CALL("takeLoan", 4, 80'000);

    Amount amount;
    RUNNEL_FIELDS(amount);
};

/// Repays at most @p amount of what @p debtor owes. Returns the amount.
struct PayBack
{
    RUNNEL_CALL("payBack", 5, 60'000);

    Amount amount;
    AccountId debtor{};
    RUNNEL_FIELDS(amount, debtor);
};

/// Repays at most @p amount of an unhealthy debt and takes collateral for it, at a bonus. Charges
/// for the transfer of the collateral on its way. Returns what was repaid and taken.
struct Seize
{
    RUNNEL_CALL("seize", 6, 90'000);
    static constexpr std::uint64_t gas_of_transfer = 15'000;

    AccountId debtor{};
    Amount amount;
    RUNNEL_FIELDS(debtor, amount);
};

/// What all accounts together have of the token that is lent.
struct Book
{
    Amount shares;
    Amount debt_scaled;
    Amount borrow_index;  // Ray; as of updated.
    std::uint64_t updated = 0;
    RUNNEL_FIELDS(shares, debt_scaled, borrow_index, updated);
};

/// What one account has.
struct Entry
{
    Amount shares;
    Amount debt_scaled;
    Amount collateral;
    RUNNEL_FIELDS(shares, debt_scaled, collateral);
};

struct LenderTerms
{
    ContractId loan{};
    ContractId collateral{};
    ContractId oracle{};
    std::uint32_t ltv_bps = 0;
    std::uint32_t threshold_bps = 0;
    std::uint32_t bonus_bps = 0;
    std::uint32_t rate_bps = 0;  // Per year.
};

/// A debt is its scaled part times an index that grows by the same amount every second:
///
///     index = ray + ray * rate * seconds / year           rounded down at every call
///     debt = scaled * index / ray                         rounded up
///     assets = cash + all debt, a share's worth = assets / shares
///     health factor = collateral * price * threshold / debt
///
/// where the price is that of the collateral in the token lent, from the oracle's two. An
/// unhealthy debt may be repaid as a whole.
class OneReserveLender : public ContractBase<OneReserveLender, Deposit, Redeem, Pledge, Unpledge,
                             TakeLoan, PayBack, Seize>,
                         public contracts::LendingMarket
{
public:
    static constexpr std::size_t loan_reserve = 0;
    static constexpr std::size_t collateral_reserve = 1;

    OneReserveLender(ContractIdentity identity, const LenderTerms& terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] std::unique_ptr<const contracts::LendingView> view_at(
        std::uint64_t timestamp) const override;
    [[nodiscard]] std::optional<std::size_t> find_reserve(ContractId token) const noexcept override;
    [[nodiscard]] contracts::UnitOfAccount unit_of_account() const noexcept override
    {
        return {terms_.loan, loan_decimals_};
    }
    [[nodiscard]] AccountId spender() const noexcept override { return account(); }
    [[nodiscard]] contracts::CallGas gas_of(
        contracts::LendingAction action) const noexcept override;
    void add_supply(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId on_behalf_of) const override;
    void add_withdraw(
        CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const override;
    void add_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount) const override;
    void add_repay(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId debtor) const override;
    void add_liquidation(
        CallWriter& calls, const contracts::LiquidationOrder& order) const override;

    using ContractBase::execute;
    Result<Returns> execute(const Deposit& call, CallContext& context);
    Result<Returns> execute(const Redeem& call, CallContext& context);
    Result<Returns> execute(const Pledge& call, CallContext& context);
    Result<Returns> execute(const Unpledge& call, CallContext& context);
    Result<Returns> execute(const TakeLoan& call, CallContext& context);
    Result<Returns> execute(const PayBack& call, CallContext& context);
    Result<Returns> execute(const Seize& call, CallContext& context);

private:
    friend class LenderView;

    /// An account's position, as calls and views see it.
    struct Position
    {
        Amount collateral_value;  // In the token lent.
        Amount debt;
        Amount health_factor = Amount::max();
    };
    struct Seizure
    {
        Amount debt;
        Amount collateral;
    };

    /// Brings the index to @p now.
    void accrue(Book& book, std::uint64_t now) const;
    [[nodiscard]] Amount assets(const Book& book, const Amount& cash) const;
    /// Of a whole token of collateral, in the token lent.
    template <typename Reader>
    [[nodiscard]] Amount price(Reader& reader) const;
    [[nodiscard]] Position position(
        const Entry& entry, const Book& book, const Amount& price) const;
    [[nodiscard]] std::optional<Seizure> seizure(
        const Entry& entry, const Book& book, const Amount& price, const Amount& amount) const;
    Result<void> pull(CallContext& context, std::size_t reserve, const Amount& amount);
    Result<void> send(
        CallContext& context, std::size_t reserve, AccountId to, const Amount& amount);
    void emit_supply(CallContext& context, std::size_t reserve, AccountId depositor,
        AccountId on_behalf_of, AccountId withdrawn_to, const Amount& amount) const;
    void emit_account(CallContext& context, AccountId account);

    LenderTerms terms_;
    contracts::Token* loan_ = nullptr;
    contracts::Token* collateral_ = nullptr;
    const contracts::PriceSource* oracle_ = nullptr;
    std::uint8_t loan_decimals_ = 18;
    Amount collateral_unit_;
    Table<Book> book_;      // Record 0.
    Table<Entry> entries_;  // By account.
};

}  // namespace runnel::toy
