#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/lending/morpho_blue/calls.hpp"

#include <array>
#include <map>
#include <string>
#include <vector>

namespace runnel::contracts::morpho_blue
{

struct MorphoState
{
    AccountId owner{};
    AccountId fee_recipient{};
    bool no_irm_enabled = false;  // Markets may be created without a rate model.
    std::uint64_t lltvs = 0;      // How many are enabled.
    RUNNEL_FIELDS(owner, fee_recipient, no_irm_enabled, lltvs);
};

/// Something that is there or not.
struct Flag
{
    bool is_set = false;
    RUNNEL_FIELDS(is_set);
};

/// Assets and shares, as an operation moved them.
struct Moved
{
    Amount assets;
    Amount shares;
};

}  // namespace runnel::contracts::morpho_blue

namespace runnel::contracts
{

class MorphoBlueMarket;

/// Morpho Blue: isolated markets of one loan token and one collateral each, made by anybody, and
/// free flash loans of all that it holds. See docs/morpho_blue.md.
///
/// Rounding: against the caller, always: what he pays and owes up, what he gets and owns down.
/// Errors: Morpho's reasons (errors.hpp), in the order of its checks; Panic(0x11).
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Source: morpho-org/morpho-blue 1.0.0, src/Morpho.sol.
class MorphoBlue
  : public ContractBase<MorphoBlue, morpho_blue::SetOwner, morpho_blue::EnableIrm,
        morpho_blue::EnableLltv, morpho_blue::SetFee, morpho_blue::SetFeeRecipient,
        morpho_blue::CreateMarket, morpho_blue::Supply, morpho_blue::Withdraw, morpho_blue::Borrow,
        morpho_blue::Repay, morpho_blue::SupplyCollateral, morpho_blue::WithdrawCollateral,
        morpho_blue::Liquidate, morpho_blue::FlashLoan, morpho_blue::SetAuthorization,
        morpho_blue::SetAuthorizationWithSig, morpho_blue::AccrueInterest>
{
public:
    MorphoBlue(ContractIdentity identity, std::uint64_t chain_id = 1);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    /// It holds of every token what its markets' suppliers and borrowers have there.
    void check_invariants(const World& world, Findings& findings) const override;

    // Committed state.

    [[nodiscard]] const morpho_blue::MorphoState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] bool is_authorized(AccountId authorizer, AccountId authorized) const
    {
        return authorizations_.get(pair_key(authorizer, authorized)).is_set;
    }
    [[nodiscard]] const Amount& nonce(AccountId authorizer) const
    {
        return nonces_.get(authorizer);
    }
    /// The market with these parameters; nullptr if nobody has named it, created or not.
    [[nodiscard]] MorphoBlueMarket* find_market(
        const morpho_blue::MarketParams& params) const noexcept;
    /// In order of their contract ids.
    [[nodiscard]] const std::vector<MorphoBlueMarket*>& markets() const noexcept
    {
        return markets_;
    }
    /// What the EIP-712 signatures that it takes are bound to.
    [[nodiscard]] const Hash& domain_separator() const noexcept { return domain_separator_; }

    /// Before the first block: who is the owner, and what he has enabled.
    void set_owner(AccountId owner) { state_.at(0).owner = owner; }
    void enable(ContractId irm, const Amount& lltv);

    // What other contracts call; @p context has the caller as sender. One of assets and shares is
    // 0. Callbacks: an empty list is none.

    Result<morpho_blue::Moved> supply(CallContext& context, MorphoBlueMarket& market,
        const Amount& assets, const Amount& shares, AccountId on_behalf, const CallList& data);
    Result<morpho_blue::Moved> withdraw(CallContext& context, MorphoBlueMarket& market,
        const Amount& assets, const Amount& shares, AccountId on_behalf, AccountId receiver);
    Result<morpho_blue::Moved> borrow(CallContext& context, MorphoBlueMarket& market,
        const Amount& assets, const Amount& shares, AccountId on_behalf, AccountId receiver);
    Result<morpho_blue::Moved> repay(CallContext& context, MorphoBlueMarket& market,
        const Amount& assets, const Amount& shares, AccountId on_behalf, const CallList& data);
    Result<void> supply_collateral(CallContext& context, MorphoBlueMarket& market,
        const Amount& assets, AccountId on_behalf, const CallList& data);
    Result<void> withdraw_collateral(CallContext& context, MorphoBlueMarket& market,
        const Amount& assets, AccountId on_behalf, AccountId receiver);
    /// Returns what was seized and what was repaid.
    Result<std::array<Amount, 2>> liquidate(CallContext& context, MorphoBlueMarket& market,
        AccountId borrower, const Amount& seized_assets, const Amount& repaid_shares,
        const CallList& data);

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const morpho_blue::CreateMarket&, AccountId, AccessCollector&) const;
    void declare(const morpho_blue::Supply&, AccountId, AccessCollector&) const;
    void declare(const morpho_blue::Withdraw&, AccountId, AccessCollector&) const;
    void declare(const morpho_blue::Borrow&, AccountId, AccessCollector&) const;
    void declare(const morpho_blue::Repay&, AccountId, AccessCollector&) const;
    void declare(const morpho_blue::SupplyCollateral&, AccountId, AccessCollector&) const;
    void declare(const morpho_blue::WithdrawCollateral&, AccountId, AccessCollector&) const;
    void declare(const morpho_blue::Liquidate&, AccountId, AccessCollector&) const;
    void declare(const morpho_blue::FlashLoan&, AccountId, AccessCollector&) const;
    void declare(const morpho_blue::AccrueInterest&, AccountId, AccessCollector&) const;
    Result<Returns> execute(const morpho_blue::SetOwner& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::EnableIrm& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::EnableLltv& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::SetFee& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::SetFeeRecipient& call, CallContext& context);
    /// Returns the market's id.
    Result<Returns> execute(const morpho_blue::CreateMarket& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::Supply& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::Withdraw& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::Borrow& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::Repay& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::SupplyCollateral& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::WithdrawCollateral& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::Liquidate& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::FlashLoan& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::SetAuthorization& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::SetAuthorizationWithSig& call, CallContext& context);
    Result<Returns> execute(const morpho_blue::AccrueInterest& call, CallContext& context);

private:
    friend class MorphoBlueMarket;

    [[nodiscard]] Result<MorphoBlueMarket*> require_market(
        CallContext& context, const morpho_blue::MarketParams& params) const;
    [[nodiscard]] Result<void> require_owner(CallContext& context) const;
    [[nodiscard]] Result<void> require_authorized(CallContext& context, AccountId on_behalf) const;
    [[nodiscard]] bool is_lltv_enabled(CallContext& context, const Amount& lltv) const;
    [[nodiscard]] bool is_irm_enabled(CallContext& context, ContractId irm) const;
    Result<void> accrue(CallContext& context, MorphoBlueMarket& market);
    [[nodiscard]] Result<bool> is_healthy(
        CallContext& context, const MorphoBlueMarket& market, AccountId borrower) const;
    [[nodiscard]] static Result<bool> is_healthy(CallContext& context,
        const MorphoBlueMarket& market, AccountId borrower, const Amount& price);
    Result<void> send(CallContext& context, ContractId token, AccountId to, const Amount& amount);
    Result<void> pull(CallContext& context, ContractId token, const Amount& amount);
    /// Runs a callback of the caller's, if it gave one.
    Result<void> call_back(CallContext& context, const CallList& data, const Amount& amount);
    void declare_authorization(AccessCollector& access, AccountId owner, AccountId caller) const;

    std::uint64_t chain_id_;
    Hash domain_separator_;
    std::map<morpho_blue::MarketParams, MorphoBlueMarket*> by_params_;
    std::vector<MorphoBlueMarket*> markets_;
    Table<morpho_blue::MorphoState> state_;    // Record 0.
    Table<morpho_blue::Flag> irms_;            // Enabled, by contract.
    Table<Amount> lltvs_;                      // Enabled, 1 more than each: 0 may be one.
    Table<morpho_blue::Flag> authorizations_;  // By pair_key(authorizer, authorized).
    Table<Amount> nonces_;                     // By account.
};

}  // namespace runnel::contracts
