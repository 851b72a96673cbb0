#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/lending_positions.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/sectors/recorded_deficit.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/lending/aave_v3/calls.hpp"
#include "contracts/lending/aave_v3/reserve.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel::contracts
{

namespace aave_v3
{

/// How a reserve starts. Its number in the pool is its place in the list.
struct ReserveSpec
{
    ContractId token{};
    ReserveConfig config;
    InterestRateStrategy strategy;
};

/// What a reserve's scaled amounts are worth at some time, and its token's price.
struct ReserveView
{
    Checked income{0};  // normalized_income(), ray.
    Checked debt{0};    // normalized_debt(), ray.
    Amount price;       // 1e-8 USD per token.
};

/// Committed state seen at one time: computed once, it makes questions about many accounts cheap.
struct MarketView
{
    std::uint64_t timestamp = 0;
    std::vector<ReserveView> reserves;
};

/// getUserAccountData(): an account's position over all reserves. Values in 1e-8 USD.
struct AccountData
{
    Amount collateral;
    Amount debt;
    Amount available_borrows;
    Amount liquidation_threshold;          // Bps, weighted by collateral.
    Amount ltv;                            // Bps, weighted by collateral.
    Amount health_factor = Amount::max();  // Wad; 2^256-1 without debt.
    bool has_zero_ltv_collateral = false;
};

/// What one account has of one token. Amounts in the token's smallest unit.
struct Balance
{
    Amount supplied_scaled;
    Amount debt_scaled;
    Amount supplied;
    Amount debt;
    bool used_as_collateral = false;
};

/// What a liquidation call takes and gives.
struct LiquidationAmounts
{
    Amount debt;        // Repaid by the liquidator.
    Amount collateral;  // To the liquidator.
    Amount fee;         // To the treasury, of the collateral.
};

/// The same with values at the oracle's prices, 1e-8 USD.
struct LiquidationQuote : LiquidationAmounts
{
    Amount debt_value;
    Amount collateral_value;  // Of the liquidator's part; above debt_value is gross profit.
};

}  // namespace aave_v3

/// A lending pool of Aave v3.0.2 or v3.7: aTokens and variable debt tokens are kept inside the
/// pool, which holds the underlying tokens itself.
///
/// Units: amounts in the token's smallest unit, scaled amounts divided by an index, indexes and
/// rates in ray, prices and values in 1e-8 USD, health factors in wad, percentages in bps.
/// Rounding: half up everywhere but in values and in interest, which are rounded down. So a single
/// operation may favour the account by up to half a unit times its index; see docs/aave_v3.md.
/// Errors: Aave's numbers (errors.hpp), in the order of its checks.
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Of v3.7 every amount is rounded in the pool's favour, errors are custom ones, rates follow from
/// a balance that donations do not change, and debt that nothing secures becomes a deficit. Source:
/// @aave/core-v3 1.19.3; aave-dao/aave-v3-origin at fd1fbd91 (v3.7.0). Not modelled: e-mode,
/// isolation, siloed borrowing, stable rates, credit delegation, bridges, flash loans of several
/// assets, rewards, the sequencer's sentinel.
class AaveV3Pool
  : public ContractBase<AaveV3Pool, aave_v3::Supply, aave_v3::Withdraw, aave_v3::Borrow,
        aave_v3::Repay, aave_v3::RepayWithATokens, aave_v3::SetUserUseReserveAsCollateral,
        aave_v3::LiquidationCall, aave_v3::FlashLoanSimple, aave_v3::MintToTreasury,
        aave_v3::TransferAToken, aave_v3::SetReserveFreeze, aave_v3::SetReservePause,
        aave_v3::SetReserveFactor, aave_v3::SetSupplyCap, aave_v3::SetBorrowCap,
        aave_v3::SetLiquidationProtocolFee, aave_v3::ConfigureReserveAsCollateral,
        aave_v3::SetReserveFlashLoaning, aave_v3::SetReserveBorrowing,
        aave_v3::UpdateFlashloanPremiumTotal, aave_v3::UpdateFlashloanPremiumToProtocol,
        aave_v3::SetReserveInterestRateData>,
    public LendingMarket,
    public LendingPositions,
    public RecordedDeficit
{
public:
    /// Two bits per reserve in 256.
    static constexpr std::size_t reserves_max = 128;
    /// Up to here a call declares all reserves as read: a bitmap that changes earlier in the block
    /// cannot make it touch what it has not declared.
    static constexpr std::size_t declared_whole_max = 8;

    /// @param treasury, admin  Names of accounts, found by connect() or made by genesis().
    /// @param start  Of v3.7: when its reserves were set up, unix seconds; 0: when they are touched
    ///               first.
    /// @param close_factor_bps  Of v3.0.2: the part of a debt that one call may repay, whatever the
    ///               health factor; 0: as it says.
    AaveV3Pool(ContractIdentity identity, ContractId oracle,
        std::vector<aave_v3::ReserveSpec> reserves, const aave_v3::PoolSettings& settings,
        std::string treasury, std::string admin,
        aave_v3::Version version = aave_v3::Version::v3_0_2, std::uint64_t start = 0,
        std::uint16_t close_factor_bps = 0);
    /// One that a transaction deploys: without records, which initialize() writes.
    AaveV3Pool(ContractIdentity identity, ContractId oracle,
        const std::vector<aave_v3::ReserveSpec>& reserves, std::string treasury, std::string admin,
        aave_v3::Version version = aave_v3::Version::v3_0_2);
    /// Reserves as initReserve leaves them: nothing can be borrowed, nothing is collateral, until
    /// the admin says so.
    void initialize(CallContext& context);

    /// Of v3.0.2.
    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] static const ContractType& contract_type_v37();
    /// v3.0.2 but for a close factor that is the same at any health factor, as v2's was.
    [[nodiscard]] static const ContractType& contract_type_fixed_close();
    [[nodiscard]] const ContractType& type() const override
    {
        if (is_v37())
            return contract_type_v37();
        return close_factor_bps_ != 0 ? contract_type_fixed_close() : contract_type();
    }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    /// For every reserve: scaled balances and debts sum to their supplies, and what suppliers and
    /// treasury own is covered by cash and debt up to backing_tolerance().
    void check_invariants(const World& world, Findings& findings) const override;

    // --- Views of committed state ---------------------------------------------------------------
    // Any number of threads may ask while nobody executes. A time before a reserve's last update
    // or a sum beyond 256 bits, which the deployed pool would refuse to answer, reads as zero.

    [[nodiscard]] std::size_t reserve_count() const noexcept { return reserves_.size(); }
    [[nodiscard]] std::optional<std::size_t> find_reserve(ContractId token) const noexcept override;
    [[nodiscard]] ContractId reserve_token(std::size_t reserve) const
    {
        return reserves_.at(reserve).token_id;
    }
    /// 10^decimals of the reserve's token.
    [[nodiscard]] const Amount& reserve_unit(std::size_t reserve) const
    {
        return reserves_.at(reserve).unit;
    }
    [[nodiscard]] const aave_v3::ReserveState& reserve_state(std::size_t reserve) const noexcept
    {
        return states_.get(reserve);
    }
    [[nodiscard]] aave_v3::Version version() const noexcept { return version_; }
    /// Zeros of a pool of v3.0.2.
    [[nodiscard]] aave_v3::ReserveExtra reserve_extra(std::size_t reserve) const
    {
        return is_v37() ? extras_->get(reserve) : aave_v3::ReserveExtra{};
    }
    [[nodiscard]] const aave_v3::ReserveConfig& reserve_config(std::size_t reserve) const noexcept
    {
        return configs_.get(reserve);
    }
    [[nodiscard]] const aave_v3::PoolSettings& settings() const noexcept
    {
        return settings_.get(0);
    }
    [[nodiscard]] ContractId oracle() const noexcept { return oracle_id_; }
    [[nodiscard]] AccountId treasury() const noexcept { return treasury_; }
    [[nodiscard]] AccountId admin() const noexcept { return admin_; }
    /// Underlying tokens in the pool: what can be withdrawn or borrowed now.
    [[nodiscard]] Amount cash(std::size_t reserve) const;
    [[nodiscard]] Amount price(std::size_t reserve) const;

    /// Indexes and prices of all reserves at @p timestamp. Compute it once per block and ask the
    /// methods that take it.
    [[nodiscard]] aave_v3::MarketView market(std::uint64_t timestamp) const;
    [[nodiscard]] Amount total_supplied(
        std::size_t reserve, const aave_v3::MarketView& market) const;
    [[nodiscard]] Amount total_debt(std::size_t reserve, const aave_v3::MarketView& market) const;

    [[nodiscard]] const aave_v3::UserConfig& user_config(AccountId user) const noexcept
    {
        return user_configs_.get(user);
    }
    [[nodiscard]] bool has_debt(AccountId user) const noexcept
    {
        return user_config(user).is_borrowing_any();
    }
    [[nodiscard]] aave_v3::Balance balance(
        AccountId user, std::size_t reserve, const aave_v3::MarketView& market) const;
    [[nodiscard]] aave_v3::AccountData account_data(
        AccountId user, const aave_v3::MarketView& market) const;
    [[nodiscard]] aave_v3::AccountData account_data(AccountId user, std::uint64_t timestamp) const;
    /// Of account_data(); 2^256-1 at once for whoever has no debt.
    [[nodiscard]] Amount health_factor(AccountId user, const aave_v3::MarketView& market) const;
    /// Whoever has supplied to or owes in any reserve, ascending.
    [[nodiscard]] std::vector<AccountId> accounts() const;
    /// Whoever has debt in any reserve, ascending.
    [[nodiscard]] std::vector<AccountId> borrowers() const;

    /// The most debt of @p reserve that one liquidation call may repay now: half of it, or all of
    /// it below a health factor of 0.95; 0 for a healthy account.
    [[nodiscard]] Amount liquidatable_debt(
        AccountId user, std::size_t reserve, const aave_v3::MarketView& market) const;
    /// What liquidationCall would take and give, to the last unit; empty if it would be refused
    /// (the liquidator's own funds apart).
    [[nodiscard]] std::optional<aave_v3::LiquidationQuote> quote_liquidation(std::size_t collateral,
        std::size_t debt, AccountId user, const Amount& debt_to_cover, bool receive_a_token,
        const aave_v3::MarketView& market) const;
    /// Sum over all borrowers of the debt that their collateral does not cover, 1e-8 USD.
    [[nodiscard]] Amount bad_debt(const aave_v3::MarketView& market) const;
    [[nodiscard]] Amount bad_debt(std::uint64_t timestamp) const
    {
        return bad_debt(market(timestamp));
    }
    /// How far what is owned may exceed what backs it, from rounding alone plus what the protocol
    /// is known to credit too much; see docs/aave_v3.md.
    [[nodiscard]] Amount backing_tolerance(std::size_t reserve) const;

    // --- What any lending market offers (pool_market.cpp) ---------------------------------------

    [[nodiscard]] std::unique_ptr<const LendingView> view_at(
        std::uint64_t timestamp) const override;
    [[nodiscard]] Result<Amount> supplied(
        CallContext& context, AccountId user, std::size_t reserve) const override;
    // Of v3.7 alone: what v3.0.2 does not write off, it does not count.
    [[nodiscard]] Amount deficit(CallContext& context, std::size_t reserve) const override;
    [[nodiscard]] Amount deficit(std::size_t reserve) const override
    {
        return reserve_extra(reserve).deficit;
    }
    [[nodiscard]] Result<Amount> total_supplied(
        CallContext& context, std::size_t reserve) const override;
    [[nodiscard]] UnitOfAccount unit_of_account() const noexcept override { return {}; }
    [[nodiscard]] ContractId price_source() const noexcept override { return oracle_id_; }
    [[nodiscard]] AccountId spender() const noexcept override { return account(); }
    [[nodiscard]] CallGas gas_of(LendingAction action) const noexcept override;
    void add_supply(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId on_behalf_of) const override;
    void add_withdraw(
        CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const override;
    void add_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount) const override;
    void add_repay(CallWriter& calls, std::size_t reserve, const Amount& amount,
        AccountId debtor) const override;
    void add_liquidation(CallWriter& calls, const LiquidationOrder& order) const override;
    void add_flash_borrow(CallWriter& calls, std::size_t reserve, const Amount& amount,
        CallList nested) const override;

    // --- Calls ----------------------------------------------------------------------------------

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const aave_v3::Supply&, AccountId, AccessCollector&) const;
    void declare(const aave_v3::Withdraw&, AccountId, AccessCollector&) const;
    void declare(const aave_v3::Borrow&, AccountId, AccessCollector&) const;
    void declare(const aave_v3::Repay&, AccountId, AccessCollector&) const;
    void declare(const aave_v3::RepayWithATokens&, AccountId, AccessCollector&) const;
    void declare(const aave_v3::SetUserUseReserveAsCollateral&, AccountId, AccessCollector&) const;
    void declare(const aave_v3::LiquidationCall&, AccountId, AccessCollector&) const;
    void declare(const aave_v3::FlashLoanSimple&, AccountId, AccessCollector&) const;
    void declare(const aave_v3::MintToTreasury&, AccountId, AccessCollector&) const;
    void declare(const aave_v3::TransferAToken&, AccountId, AccessCollector&) const;

    Result<Returns> execute(const aave_v3::Supply& call, CallContext& context);
    Result<Returns> execute(const aave_v3::Withdraw& call, CallContext& context);
    Result<Returns> execute(const aave_v3::Borrow& call, CallContext& context);
    Result<Returns> execute(const aave_v3::Repay& call, CallContext& context);
    Result<Returns> execute(const aave_v3::RepayWithATokens& call, CallContext& context);
    Result<Returns> execute(
        const aave_v3::SetUserUseReserveAsCollateral& call, CallContext& context);
    /// Returns the debt repaid and the collateral paid out.
    Result<Returns> execute(const aave_v3::LiquidationCall& call, CallContext& context);
    /// Returns the premium.
    Result<Returns> execute(const aave_v3::FlashLoanSimple& call, CallContext& context);
    Result<Returns> execute(const aave_v3::MintToTreasury& call, CallContext& context);
    Result<Returns> execute(const aave_v3::TransferAToken& call, CallContext& context);
    // What the admin calls is rare: its accesses are left to dry runs.
    template <aave_v3::SetsConfig Call>
    Result<Returns> execute(const Call& call, CallContext& context)
    {
        return set_config(call.asset, Call::method, aave_v3::setting(call), context);
    }
    Result<Returns> execute(
        const aave_v3::ConfigureReserveAsCollateral& call, CallContext& context);
    Result<Returns> execute(const aave_v3::UpdateFlashloanPremiumTotal& call, CallContext& context);
    Result<Returns> execute(const aave_v3::SetReserveInterestRateData& call, CallContext& context);
    Result<Returns> execute(
        const aave_v3::UpdateFlashloanPremiumToProtocol& call, CallContext& context);

private:
    struct Reserve
    {
        ContractId token_id{};
        Token* token = nullptr;
        Amount unit;  // 10^decimals.
        aave_v3::InterestRateStrategy strategy;
        std::unique_ptr<Table<aave_v3::Position>> positions;  // By account.
    };

    // pool_account.cpp: what an account has, the same for execution and views.
    template <typename Reader, typename Income, typename Debt>
    [[nodiscard]] Result<aave_v3::AccountData> evaluate(
        Reader& reader, AccountId user, const Income& income, const Debt& debt) const;
    [[nodiscard]] Result<aave_v3::AccountData> evaluate(CallContext& context, AccountId user) const;
    /// What it uses to evaluate an account, and what the call saves if that is simple.
    void use_evaluation_gas(CallContext& context, AccountId user) const;
    [[nodiscard]] Result<void> require_healthy(
        CallContext& context, AccountId user, std::size_t reserve) const;
    void record_position(CallContext& context, AccountId user) const;
    void record_balance(CallContext& context, AccountId user, std::size_t reserve) const;

    // pool_v37.cpp: the bodies of the calls where those of v3.7 differ.
    [[nodiscard]] Result<Returns> supply_v37(const aave_v3::Supply& call, CallContext& context);
    [[nodiscard]] Result<Returns> withdraw_v37(const aave_v3::Withdraw& call, CallContext& context);
    [[nodiscard]] Result<Returns> borrow_v37(const aave_v3::Borrow& call, CallContext& context);
    [[nodiscard]] Result<Amount> repay_v37(CallContext& context, std::size_t reserve,
        const Amount& amount, std::uint8_t rate_mode, AccountId debtor, bool use_a_tokens);
    [[nodiscard]] Result<Returns> set_collateral_v37(
        const aave_v3::SetUserUseReserveAsCollateral& call, CallContext& context);
    [[nodiscard]] Result<Returns> liquidate_v37(
        const aave_v3::LiquidationCall& call, CallContext& context);
    [[nodiscard]] Result<Returns> flash_loan_v37(
        const aave_v3::FlashLoanSimple& call, CallContext& context);
    [[nodiscard]] Result<Returns> transfer_v37(
        const aave_v3::TransferAToken& call, CallContext& context);
    /// Takes debt off an account, and writes off what is not paid if nothing secures it.
    [[nodiscard]] Result<void> burn_debt_v37(CallContext& context, std::size_t reserve,
        AccountId user, const Amount& debt, const Amount& paid, bool write_off);
    struct LiquidationInputs
    {
        aave_v3::ReserveConfig config;  // Of the collateral's reserve.
        Amount collateral_price;
        Amount debt_price;
        Amount balance;  // Of the collateral,
        Amount debt;     // and of the debt.
        Amount debt_to_cover;
        aave_v3::AccountData account;
    };
    [[nodiscard]] Result<aave_v3::LiquidationAmounts> liquidation_amounts_v37(
        std::size_t collateral, std::size_t debt, const LiquidationInputs& inputs) const;
    [[nodiscard]] LiquidationInputs liquidation_inputs(std::size_t collateral, std::size_t debt,
        AccountId user, const aave_v3::MarketView& market) const;
    [[nodiscard]] Amount liquidatable_debt_v37(
        AccountId user, std::size_t reserve, const aave_v3::MarketView& market) const;
    [[nodiscard]] std::optional<aave_v3::LiquidationQuote> quote_liquidation_v37(
        std::size_t collateral, std::size_t debt, AccountId user, const Amount& debt_to_cover,
        bool receive_a_token, const aave_v3::MarketView& market) const;
    /// The most debt that one call may repay.
    [[nodiscard]] Checked max_liquidatable_v37(
        std::size_t collateral, std::size_t debt, const LiquidationInputs& inputs) const;

    // Events and rows that both have (pool.cpp, pool_liquidation.cpp).
    void record_supply(CallContext& context, std::size_t reserve, AccountId on_behalf_of,
        const Amount& amount) const;
    void record_withdrawal(
        CallContext& context, std::size_t reserve, AccountId to, const Amount& amount) const;
    void record_borrow(CallContext& context, std::size_t reserve, const Amount& amount) const;
    void record_repayment(CallContext& context, std::size_t reserve, AccountId debtor,
        const Amount& amount, bool use_a_tokens) const;
    void record_liquidation(CallContext& context, const aave_v3::LiquidationCall& call,
        const aave_v3::LiquidationAmounts& amounts, const Amount& collateral_price,
        const Amount& debt_price) const;

    [[nodiscard]] bool is_v37() const noexcept { return version_ == aave_v3::Version::v3_7; }
    /// The refusal with this number, or what v3.7 calls it.
    [[nodiscard]] Refusal refusal(std::string_view code) const;

    // pool_declare.cpp
    void declare_reserve(AccessCollector& access, std::size_t reserve) const;
    void declare_account(AccessCollector& access, AccountId user) const;
    void declare_balance(AccessCollector& access, AccountId user, std::size_t reserve) const;

    // pool.cpp
    [[nodiscard]] Result<std::size_t> require_reserve(ContractId asset, Refusal otherwise) const;
    /// The reserve's record to write, brought to now.
    [[nodiscard]] Result<aave_v3::ReserveState*> accrue(CallContext& context, std::size_t reserve);
    [[nodiscard]] Result<void> refresh_rates(
        CallContext& context, std::size_t reserve, const Amount& added, const Amount& taken);
    [[nodiscard]] Result<void> pull(
        CallContext& context, std::size_t reserve, AccountId from, const Amount& amount);
    [[nodiscard]] Result<void> send(
        CallContext& context, std::size_t reserve, AccountId to, const Amount& amount);
    void set_collateral(CallContext& context, AccountId user, std::size_t reserve, bool on);
    [[nodiscard]] Result<Amount> repay_debt(CallContext& context, std::size_t reserve,
        const Amount& amount, std::uint8_t rate_mode, AccountId debtor, bool use_a_tokens);

    // pool_liquidation.cpp
    /// The part of a debt that one call may repay.
    [[nodiscard]] Checked max_liquidatable_debt(
        const Checked& debt, const Amount& health_factor) const;
    [[nodiscard]] Result<aave_v3::LiquidationAmounts> liquidation_amounts(std::size_t collateral,
        std::size_t debt, const aave_v3::ReserveConfig& config, const Amount& collateral_price,
        const Amount& debt_price, const Amount& debt_to_cover, const Amount& balance) const;
    [[nodiscard]] Result<void> pay_out_collateral(CallContext& context, std::size_t collateral,
        AccountId user, const Amount& amount, bool receive_a_token);
    [[nodiscard]] Result<void> pay_protocol_fee(
        CallContext& context, std::size_t collateral, AccountId user, const Amount& fee);

    // pool_admin.cpp
    [[nodiscard]] Result<void> require_admin(
        const CallContext& context, std::string_view reason) const;
    /// What the row of @p method in the table of setters says.
    [[nodiscard]] Result<Returns> set_config(
        ContractId asset, std::uint8_t method, const Amount& value, CallContext& context);

    aave_v3::Version version_;
    std::uint16_t close_factor_bps_ = 0;  // 0: as the health factor says.
    std::vector<Reserve> reserves_;
    std::string treasury_name_;
    std::string admin_name_;
    ContractId oracle_id_{};
    const PriceSource* oracle_ = nullptr;
    AccountId treasury_{};
    AccountId admin_{};

    Table<aave_v3::ReserveState> states_;                   // By reserve.
    Table<aave_v3::ReserveConfig> configs_;                 // By reserve.
    Table<aave_v3::RateCurve> curves_;                      // By reserve; once the admin set one.
    Table<aave_v3::UserConfig> user_configs_;               // By account.
    Table<aave_v3::PoolSettings> settings_;                 // Record 0.
    std::unique_ptr<Table<aave_v3::ReserveExtra>> extras_;  // By reserve; of v3.7.
};

}  // namespace runnel::contracts
