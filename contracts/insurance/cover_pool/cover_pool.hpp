#pragma once

#include "contracts/insurance/cover_pool/calls.hpp"
#include "contracts/insurance/cover_pool/events.hpp"
#include "contracts/insurance/cover_pool/math.hpp"
#include "contracts/kit/sectors/insurance.hpp"
#include "contracts/kit/token_base.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace runnel::contracts::cover_pool
{

/// All of a pool's state but what products, covers, incidents and accounts have: one record.
struct PoolState
{
    Amount total_supply;   // First: weighs -1 in the conservation law.
    Amount assets;         // All that the pool has by its books.
    Amount claims_owed;    // Of settled incidents, what is still to be paid.
    Amount active_cover;   // Until the end of the bucket in which a cover ends.
    Amount unearned_flow;  // Premiums paid for time to come,
    Amount flow_rate;      // and how fast they are earned.
    Amount open_owed;      // Of incidents that are being claimed for, what claims are owed so far.
    std::uint64_t updated_at = 0;
    std::uint64_t covers = 0;  // Sold so far,
    std::uint64_t incidents = 0;
    std::uint64_t open_incidents = 0;
    RUNNEL_FIELDS((total_supply, other("pool shares")), (assets, smallest_unit_of_its("asset")),
        (claims_owed, smallest_unit_of_its("asset")), (active_cover, smallest_unit_of_its("asset")),
        (unearned_flow, other("1e-18 of the asset's smallest unit")),
        (flow_rate, other("1e-18 of the asset's smallest unit per second")),
        (open_owed, smallest_unit_of_its("asset")), (updated_at, unix_seconds), covers, incidents,
        open_incidents);
};

struct ProductState
{
    Amount active_cover;
    std::uint64_t bucket = 0;         // All before it are out of active_cover.
    std::uint64_t open_incident = 0;  // Its number and 1; 0: none.
    RUNNEL_FIELDS((active_cover, smallest_unit_of_its("asset")), bucket, open_incident);
};

/// What ends with a bucket of time.
struct Ending
{
    Amount cover;
    Amount flow_rate;
    RUNNEL_FIELDS((cover, smallest_unit_of_its("asset")),
        (flow_rate, other("1e-18 of the asset's smallest unit per second")));
};

struct Cover
{
    AccountId owner{};
    std::uint32_t product = 0;
    Amount amount;
    Amount base;
    Amount flow_rate;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t previous = 0;  // Of the same owner: its number and 1; 0: none.
    std::uint64_t incident = 0;  // That it was claimed for: its number and 1; 0: none.
    Amount owed;
    bool is_paid = false;
    RUNNEL_FIELDS(owner, product, (amount, smallest_unit_of_its("asset")),
        (base, other("as its product says")),
        (flow_rate, other("1e-18 of the asset's smallest unit per second")), (start, unix_seconds),
        (end, unix_seconds), previous, incident, (owed, smallest_unit_of_its("asset")), is_paid);
};

struct Incident
{
    std::uint32_t product = 0;
    std::uint8_t phase = 0;  // IncidentPhase.
    std::uint64_t poll = 0;
    Amount level;
    Amount scale;
    Amount loss_share;
    std::uint64_t occurred_at = 0;
    std::uint64_t claims_until = 0;
    Amount owed;
    Amount payable;
    Amount paid;
    std::uint64_t claims = 0;  // That are still to be paid.
    RUNNEL_FIELDS(product, phase, poll, (level, other("as its product says")),
        (scale, other("as its product says")), (loss_share, wad), (occurred_at, unix_seconds),
        (claims_until, unix_seconds), (owed, smallest_unit_of_its("asset")),
        (payable, smallest_unit_of_its("asset")), (paid, smallest_unit_of_its("asset")), claims);
};

struct AccountEntry
{
    std::uint64_t newest_cover = 0;  // Its number and 1; 0: none.
    Amount requested;                // Shares that wait in the pool,
    std::uint64_t ready_at = 0;      // until then.
    RUNNEL_FIELDS(newest_cover, (requested, other("pool shares")), (ready_at, unix_seconds));
};

struct Terms
{
    ContractId asset{};
    std::vector<ContractId> products;
    std::uint64_t cover_limit_bps = 10'000;
    std::uint64_t product_limit_bps = 5'000;
    PremiumCurve curve;
    std::uint64_t notice = 604'800;  // Seconds, as all that follow.
    std::uint64_t withdrawal_window = 259'200;
    std::uint64_t period_min = 86'400;
    std::uint64_t period_max = 31'536'000;
    std::uint64_t bucket = 86'400;
    std::uint64_t claim_window = 259'200;
    std::uint64_t grace = 604'800;
    std::string symbol;
};

}  // namespace runnel::contracts::cover_pool

namespace runnel::contracts
{

/// A mutual pool of capital that covers losses of named protocols, on the ideas of Nexus Mutual.
///
/// Underwriters deposit one token for shares of the capital. Covers are sold for a premium that
/// rises with what of the capital's limit is sold, and is earned second by second. A loss is an
/// incident: the pool measures it itself, or assessors vote; holders claim what their cover has
/// lost of its amount; when the time for claims is over all of them get the same share of it.
///
///     capital     = assets - premiums not earned - claims owed
///     limits      active cover <= capital * cover_limit
///                 active cover of each product <= capital * product_limit
///     payable     = min(owed, available * owed / what all open incidents owe)
///     payout      = owed of the claim * payable / owed of all
///
/// Limits hold at every sale and every withdrawal; what a payout leaves may be less than they ask.
/// While an incident is open nothing is sold, nobody comes and nobody leaves.
///
/// Units: smallest units of the asset, of shares as many decimals. Rounding: premiums and required
/// capital up, shares, withdrawals, losses and payouts down: what is lost stays with the pool. What
/// payouts round off is capital again once the last claim is paid. What somebody sends without a
/// call is nobody's. Failure: a refusal may leave records half written; the ledger rolls the
/// transaction back. Errors, beside those that each call says: those of the asset.
class CoverPoolContract
  : public TokenBase<CoverPoolContract, cover_pool::Deposit, cover_pool::RequestWithdrawal,
        cover_pool::Withdraw, cover_pool::BuyCover, cover_pool::SubmitIncident,
        cover_pool::ResolveIncident, cover_pool::SubmitClaim, cover_pool::SettleIncident,
        cover_pool::RedeemPayout>,
    public CoverPool
{
public:
    static constexpr std::size_t products_max = 32;
    static constexpr std::uint64_t buckets_max = 512;  // A period may last.

    CoverPoolContract(ContractIdentity identity, cover_pool::Terms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override;
    void connect(World& world) override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] const cover_pool::PoolState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] const cover_pool::Terms& terms() const noexcept { return terms_; }
    /// What was paid for time after @p at, rounded up.
    [[nodiscard]] Amount unearned(std::uint64_t at) const;

    // CoverPool.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId asset() const noexcept override { return terms_.asset; }
    [[nodiscard]] std::span<CoverProduct* const> products() const noexcept override
    {
        return products_;
    }
    [[nodiscard]] Amount capital(std::uint64_t at) const override;
    [[nodiscard]] Amount share_supply() const override { return state().total_supply; }
    [[nodiscard]] Amount share_balance(AccountId account) const override
    {
        return balance(account);
    }
    [[nodiscard]] Amount active_cover(std::uint64_t at) const override;
    [[nodiscard]] Amount active_cover(std::uint32_t product, std::uint64_t at) const override;
    [[nodiscard]] Amount cover_room(std::uint32_t product, std::uint64_t at) const override;
    [[nodiscard]] Amount required_capital(std::uint64_t at) const override;
    [[nodiscard]] Amount mean_premium_rate(const Amount& use) const override;
    [[nodiscard]] Amount cover_limit() const override;
    [[nodiscard]] Amount yearly_premiums(std::uint64_t at) const override;
    [[nodiscard]] Result<Amount> premium(std::uint32_t product, const Amount& amount,
        std::uint64_t period_seconds, std::uint64_t at) const override;
    [[nodiscard]] std::uint64_t period_min() const noexcept override { return terms_.period_min; }
    [[nodiscard]] std::uint64_t period_max() const noexcept override { return terms_.period_max; }
    [[nodiscard]] std::uint32_t open_incidents() const override
    {
        return static_cast<std::uint32_t>(state().open_incidents);
    }
    [[nodiscard]] WithdrawalRequest withdrawal_request(AccountId account) const override;
    [[nodiscard]] IncidentInfo incident(std::uint64_t number) const override;
    [[nodiscard]] std::optional<std::uint64_t> open_incident(std::uint32_t product) const override;
    [[nodiscard]] CoverInfo cover(std::uint64_t number) const override;
    [[nodiscard]] std::vector<std::uint64_t> covers_of(
        AccountId account, std::uint32_t product, std::size_t most) const override;
    [[nodiscard]] Amount payout_of(std::uint64_t cover) const override;

    [[nodiscard]] std::uint64_t extra_gas(std::uint64_t at) const override;
    void add_deposit(CallWriter& calls, const Amount& assets) const override;
    void add_request_withdrawal(CallWriter& calls, const Amount& shares) const override;
    void add_withdraw(CallWriter& calls, const Amount& shares) const override;
    void add_buy_cover(CallWriter& calls, std::uint32_t product, const Amount& amount,
        std::uint64_t period_seconds, const Amount& premium_max) const override;
    void add_submit_incident(CallWriter& calls, std::uint64_t cover, const Amount& loss,
        std::uint64_t occurred_at) const override;
    void add_resolve_incident(CallWriter& calls, std::uint64_t incident) const override;
    void add_submit_claim(CallWriter& calls, std::uint64_t cover) const override;
    void add_settle_incident(CallWriter& calls, std::uint64_t incident) const override;
    void add_redeem_payout(CallWriter& calls, std::uint64_t cover) const override;

    // Which records a call touches depends on time and products: a dry run finds them.
    using TokenBase::declare;
    using TokenBase::execute;
    /// Errors, in this order: an incident is open; zero amount; capital is used up; the asset's;
    /// too many assets; Panic(0x11); zero amount, of shares. Returns the shares.
    Result<Returns> execute(const cover_pool::Deposit& call, CallContext& context);
    /// Errors: an incident is open; zero amount; the shares'. Returns when they may be withdrawn.
    Result<Returns> execute(const cover_pool::RequestWithdrawal& call, CallContext& context);
    /// Errors, in this order: an incident is open; zero amount; more than requested; notice; the
    /// request has lapsed; the capital is needed; the asset's. Returns the assets.
    Result<Returns> execute(const cover_pool::Withdraw& call, CallContext& context);
    /// Errors, in this order: an incident is open; no such product; zero amount; period; above the
    /// capital limit; above the product limit; the product's; the premium is too high; the asset's;
    /// too many assets. Returns the cover's number and the premium.
    Result<Returns> execute(const cover_pool::BuyCover& call, CallContext& context);
    /// Of a measured product, claims for the cover too. Errors, in this order: no such cover; not
    /// the owner; already claimed; an incident is open, of this product; the product's, or not
    /// within the grace period; not covered then; no loss; the assessment's. Returns the
    /// incident's number.
    Result<Returns> execute(const cover_pool::SubmitIncident& call, CallContext& context);
    /// Errors: no such incident; not being assessed; the product's. Returns whether it was
    /// accepted.
    Result<Returns> execute(const cover_pool::ResolveIncident& call, CallContext& context);
    /// Errors, in this order: no such cover; not the owner; already claimed; no incident to claim
    /// for; too late to claim; not covered then; no loss. Returns what is owed.
    Result<Returns> execute(const cover_pool::SubmitClaim& call, CallContext& context);
    /// Errors: no such incident; not being claimed for; too early to settle. Returns what the
    /// claims are owed and what they get.
    Result<Returns> execute(const cover_pool::SettleIncident& call, CallContext& context);
    /// Errors: no such cover; not claimed; not settled; already paid; the asset's. Anybody may ask:
    /// the owner is paid. Returns how much.
    Result<Returns> execute(const cover_pool::RedeemPayout& call, CallContext& context);

private:
    /// Brings earned premiums and ended covers to a time. @p read gives a bucket's Ending; returns
    /// how many buckets ended.
    template <typename Read>
    std::uint64_t advance(cover_pool::PoolState& state, std::uint64_t at, Read&& read) const;
    template <typename Read>
    std::uint64_t advance(cover_pool::ProductState& state, std::uint64_t at, Read&& read) const;
    /// The same after the last block.
    std::uint64_t advance_product(
        cover_pool::ProductState& state, std::uint32_t product, std::uint64_t at) const;
    [[nodiscard]] cover_pool::PoolState state_at(std::uint64_t at) const;
    [[nodiscard]] cover_pool::ProductState product_at(
        std::uint32_t product, std::uint64_t at) const;
    [[nodiscard]] Result<cover_pool::PoolState*> current(CallContext& context);
    [[nodiscard]] Result<cover_pool::ProductState*> current(
        CallContext& context, std::uint32_t product);

    [[nodiscard]] std::uint64_t bucket_of(std::uint64_t end) const noexcept
    {
        return (end + terms_.bucket - 1) / terms_.bucket;
    }
    [[nodiscard]] static Amount unearned_of(const cover_pool::PoolState& state);
    [[nodiscard]] static Amount capital_of(const cover_pool::PoolState& state);
    [[nodiscard]] Result<Amount> premium_of(const cover_pool::PoolState& state,
        const cover_pool::ProductState& product, std::uint32_t number, const Amount& amount,
        std::uint64_t period) const;
    /// Takes so much of the asset from @p from; returns what has come.
    Result<Amount> take_in(CallContext& context, AccountId from, const Amount& amount);
    Result<cover_pool::Cover*> own_cover(CallContext& context, std::uint64_t number);
    [[nodiscard]] Result<Amount> owed_of(
        const cover_pool::Cover& cover, const cover_pool::Incident& incident) const;
    /// Claims for a cover of the sender's.
    Result<Amount> claim(CallContext& context, std::uint64_t cover_number);
    void emit_incident(
        CallContext& context, std::uint64_t number, const cover_pool::Incident& incident) const;
    Result<cover_pool::Incident*> known_incident(CallContext& context, std::uint64_t number);

    cover_pool::Terms terms_;
    TokenInfo asset_info_;
    Token* asset_ = nullptr;
    std::vector<CoverProduct*> products_;
    Table<cover_pool::PoolState> state_;  // Record 0.
    Table<cover_pool::ProductState> product_states_;
    Table<cover_pool::Ending> endings_;  // By bucket.
    Table<Amount> product_endings_;      // By bucket and product: cover.
    Table<cover_pool::Cover> covers_;
    Table<cover_pool::Incident> incidents_;
    Table<cover_pool::AccountEntry> accounts_;
};

}  // namespace runnel::contracts
