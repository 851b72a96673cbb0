#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// What strategies and reports may know of insurance, whatever its protocol: who puts capital
/// behind covers, what is covered and how a loss of it is proven, who judges what no contract can
/// measure.
namespace runnel::contracts
{

// ---- What is covered ----

/// How a loss is proven.
enum class CoverProof : std::uint8_t
{
    measured,  // The contract reads the state of what is covered.
    assessed,  // Assessors vote on what a claimant says.
};

/// What a proven loss was measured by; the product says what its numbers mean.
struct LossMeasure
{
    Amount level;
    Amount scale;
};

/// How a vote stands.
enum class AssessmentStatus : std::uint8_t
{
    voting,
    appeal,  // The votes are in; somebody may pay for another round.
    due,     // It can be closed.
    closed,
};

/// One protocol whose loss can be covered, and how the loss is proven. Shares of a loss are in
/// 1e-18. Times in unix seconds.
class CoverProduct
{
public:
    static constexpr std::string_view sector = "cover_product";

    virtual ~CoverProduct() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual CoverProof proof() const noexcept = 0;
    /// The contract whose loss is covered,
    [[nodiscard]] virtual ContractId covered() const noexcept = 0;
    /// and what was put into it: the reserve's token, the vault's shares, the token with the price.
    [[nodiscard]] virtual ContractId covered_token() const noexcept = 0;
    /// How many times the pool's premium it costs, in bps.
    [[nodiscard]] virtual std::uint32_t risk_bps() const noexcept = 0;

    /// Where losses of a cover sold now begin. Errors: the trigger is met already.
    [[nodiscard]] virtual Result<Amount> base_level(CallContext& context) const = 0;
    /// What a loss is measured by now. Errors: not met, for long enough; the product is assessed.
    [[nodiscard]] virtual Result<LossMeasure> measure(CallContext& context) const = 0;
    /// The share that a cover sold at @p base has lost, rounded down; 0 below the franchise.
    [[nodiscard]] virtual Amount loss_share(
        const Amount& base, const LossMeasure& measure) const = 0;

    /// Whether base_level() would say so, after the last block.
    [[nodiscard]] virtual bool is_sold() const { return true; }
    /// What measure() would find; empty where it would refuse.
    [[nodiscard]] virtual std::optional<LossMeasure> measure_at(std::uint64_t at) const = 0;
    /// Whether the price that it watches is on the other side of its level than it has written
    /// down, or must be looked at again; add_observe() writes it down.
    [[nodiscard]] virtual bool wants_observation(std::uint64_t /*at*/) const { return false; }
    virtual void add_observe(CallWriter&) const {}

    /// Of an assessed product: asks the assessors whether @p loss happened; the claimant pays
    /// their deposit. Returns the poll's number. Errors: those of the deposit; of a measured
    /// product: it is not assessed.
    [[nodiscard]] virtual Result<std::uint64_t> start_assessment(
        CallContext context, AccountId claimant, const Amount& loss);
    /// Whether a closed poll accepted; covers sold from then on begin with that loss. Errors: it is
    /// not closed yet; of a measured product: it is not assessed.
    [[nodiscard]] virtual Result<bool> outcome(CallContext& context, std::uint64_t poll);
    /// Who assesses; no_contract: nobody.
    [[nodiscard]] virtual ContractId assessment() const noexcept { return no_contract; }
};

/// nullptr if the contract is none.
[[nodiscard]] CoverProduct* find_cover_product(const World& world, ContractId id);

// ---- Who judges ----

/// A poll as the last block left it. Amounts of the stake token.
struct AssessmentPoll
{
    ContractId product{};
    Amount loss;  // What was claimed, 1e-18.
    AssessmentStatus status{};
    bool accepts = false;  // As the votes stand; for good once it is closed.
    std::uint32_t round = 0;
    std::uint64_t round_ends = 0;
    Amount accepted;  // Votes of this round,
    Amount denied;
    Amount quorum;
    Amount appeal_deposit;
};

class ClaimsAssessment
{
public:
    static constexpr std::string_view sector = "claims_assessment";

    virtual ~ClaimsAssessment() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual ContractId stake_token() const noexcept = 0;
    /// What a claimant pays until the claim is accepted.
    [[nodiscard]] virtual Amount deposit() const = 0;
    [[nodiscard]] virtual Amount stake_of(AccountId assessor) const = 0;
    /// When it may take its stake back; 0: it has not voted.
    [[nodiscard]] virtual std::uint64_t locked_until(AccountId assessor) const = 0;
    [[nodiscard]] virtual std::uint64_t poll_count() const = 0;
    [[nodiscard]] virtual AssessmentPoll poll(std::uint64_t number, std::uint64_t at) const = 0;
    /// In the poll's running round.
    [[nodiscard]] virtual bool has_voted(std::uint64_t poll, AccountId assessor) const = 0;
    /// What a closed poll owes it; 0 once it was paid.
    [[nodiscard]] virtual Amount reward_of(std::uint64_t poll, AccountId assessor) const = 0;

    /// Asks about a loss of @p product, 1e-18; the claimant pays deposit(). Returns the poll's
    /// number. Errors: those of the deposit.
    [[nodiscard]] virtual Result<std::uint64_t> start(
        CallContext context, ContractId product, AccountId claimant, const Amount& loss) = 0;
    /// The loss that a closed poll accepted; 0: it denied it. Errors: it is not closed.
    [[nodiscard]] virtual Result<Amount> outcome(
        CallContext& context, std::uint64_t poll) const = 0;

    // Each adds one call of the sender's. Who stakes or appeals must let contract().account()
    // spend it.

    virtual void add_stake(CallWriter& calls, const Amount& amount) const = 0;
    virtual void add_vote(CallWriter& calls, std::uint64_t poll, bool accepts) const = 0;
    virtual void add_appeal(CallWriter& calls, std::uint64_t poll) const = 0;
    virtual void add_close(CallWriter& calls, std::uint64_t poll) const = 0;
    virtual void add_withdraw_rewards(CallWriter& calls, std::uint64_t poll) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] ClaimsAssessment* find_claims_assessment(const World& world, ContractId id);

// ---- Who pays ----

enum class IncidentPhase : std::uint8_t
{
    none,
    assessing,  // Assessors vote.
    claiming,   // Holders of covers say that they were hit.
    settled,    // What each claim gets is known.
    denied,
};
[[nodiscard]] constexpr std::string_view to_string(IncidentPhase phase) noexcept
{
    switch (phase)
    {
        case IncidentPhase::none: return "none";
        case IncidentPhase::assessing: return "assessing";
        case IncidentPhase::claiming: return "claiming";
        case IncidentPhase::settled: return "settled";
        case IncidentPhase::denied: return "denied";
    }
    return "unknown";
}

/// A cover that was sold. Amounts of the pool's asset.
struct CoverInfo
{
    AccountId owner{};
    std::uint32_t product = 0;
    Amount amount;
    Amount base;  // CoverProduct::base_level() at the sale.
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    bool is_claimed = false;
    std::uint64_t incident = 0;  // That it was claimed for.
    Amount owed;                 // Of the claim, before it is known what can be paid.
    bool is_paid = false;
};

struct IncidentInfo
{
    std::uint32_t product = 0;
    IncidentPhase phase{};
    std::uint64_t poll = 0;  // Of an assessed product.
    LossMeasure measure;
    std::uint64_t occurred_at = 0;
    std::uint64_t claims_until = 0;
    Amount owed;     // All claims together,
    Amount payable;  // and what they get; once it is settled.
};

/// What an underwriter has asked to withdraw.
struct WithdrawalRequest
{
    Amount shares;
    std::uint64_t ready_at = 0;  // From then on,
    std::uint64_t until = 0;     // and before then.
};

/// A pool of capital behind covers. Its contract is the Token of the underwriters' shares.
///
/// Amounts of the asset, in its smallest unit, unless they are shares; times in unix seconds.
/// Questions are about the state after the last block, brought to a time.
class CoverPool
{
public:
    static constexpr std::string_view sector = "cover_pool";

    virtual ~CoverPool() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual ContractId asset() const noexcept = 0;
    [[nodiscard]] virtual std::span<CoverProduct* const> products() const noexcept = 0;

    /// What belongs to the underwriters: all assets less what is owed to claims and premiums that
    /// are not earned.
    [[nodiscard]] virtual Amount capital(std::uint64_t at) const = 0;
    [[nodiscard]] virtual Amount share_supply() const = 0;
    [[nodiscard]] virtual Amount share_balance(AccountId account) const = 0;
    [[nodiscard]] virtual Amount active_cover(std::uint64_t at) const = 0;
    [[nodiscard]] virtual Amount active_cover(std::uint32_t product, std::uint64_t at) const = 0;
    /// What of a product can still be sold.
    [[nodiscard]] virtual Amount cover_room(std::uint32_t product, std::uint64_t at) const = 0;
    /// What capital the active covers require.
    [[nodiscard]] virtual Amount required_capital(std::uint64_t at) const = 0;
    /// What cover costs a year on average, 1e-18 at a risk of 1, if it is sold one after another up
    /// to @p use, 1e-18, of what capital allows.
    [[nodiscard]] virtual Amount mean_premium_rate(const Amount& use) const = 0;
    /// How much cover one unit of capital allows, 1e-18.
    [[nodiscard]] virtual Amount cover_limit() const = 0;
    /// What the active covers pay in a year, as they do now.
    [[nodiscard]] virtual Amount yearly_premiums(std::uint64_t at) const = 0;
    /// What a cover costs, rounded up. Errors: as the sale's.
    [[nodiscard]] virtual Result<Amount> premium(std::uint32_t product, const Amount& amount,
        std::uint64_t period_seconds, std::uint64_t at) const = 0;
    [[nodiscard]] virtual std::uint64_t period_min() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t period_max() const noexcept = 0;
    /// While one is open nothing is sold, nobody comes and nobody leaves.
    [[nodiscard]] virtual std::uint32_t open_incidents() const = 0;
    [[nodiscard]] virtual WithdrawalRequest withdrawal_request(AccountId account) const = 0;

    [[nodiscard]] virtual IncidentInfo incident(std::uint64_t number) const = 0;
    /// The open one of a product.
    [[nodiscard]] virtual std::optional<std::uint64_t> open_incident(
        std::uint32_t product) const = 0;
    [[nodiscard]] virtual CoverInfo cover(std::uint64_t number) const = 0;
    /// An account's covers, the newest first, those of @p product alone; at most @p most.
    [[nodiscard]] virtual std::vector<std::uint64_t> covers_of(
        AccountId account, std::uint32_t product, std::size_t most) const = 0;
    /// What a claim of a settled incident is paid: every claim the same share of what it is owed.
    [[nodiscard]] virtual Amount payout_of(std::uint64_t cover) const = 0;

    // Each adds one call of the sender's. Who deposits or buys must let contract().account() spend
    // the asset.

    /// The most that one of the calls may charge beyond its figure, for Bid::extra_gas.
    [[nodiscard]] virtual std::uint64_t extra_gas(std::uint64_t at) const = 0;
    virtual void add_deposit(CallWriter& calls, const Amount& assets) const = 0;
    virtual void add_request_withdrawal(CallWriter& calls, const Amount& shares) const = 0;
    virtual void add_withdraw(CallWriter& calls, const Amount& shares) const = 0;
    virtual void add_buy_cover(CallWriter& calls, std::uint32_t product, const Amount& amount,
        std::uint64_t period_seconds, const Amount& premium_max) const = 0;
    /// @p loss and @p occurred_at are for assessed products.
    virtual void add_submit_incident(CallWriter& calls, std::uint64_t cover, const Amount& loss,
        std::uint64_t occurred_at) const = 0;
    /// Takes note of what the assessors have decided.
    virtual void add_resolve_incident(CallWriter& calls, std::uint64_t incident) const = 0;
    virtual void add_submit_claim(CallWriter& calls, std::uint64_t cover) const = 0;
    virtual void add_settle_incident(CallWriter& calls, std::uint64_t incident) const = 0;
    virtual void add_redeem_payout(CallWriter& calls, std::uint64_t cover) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const CoverPool* find_cover_pool(const World& world, ContractId id);

// ---- Rows ----

/// A pool after a block that touched it, and every hour. What comes and goes of its capital and
/// what a share is worth are rows of vault_flows and vaults.
struct InsurancePoolRow
{
    static constexpr std::string_view name = "InsurancePool";
    static constexpr std::string_view table = "insurance_pools";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 6> meanings{"What covers pay in.",
        "What belongs to the underwriters.", "What is covered.",
        "The most that its capital lets it cover.", "What was paid for time still to come.",
        "What settled claims are still to be paid."};

    ContractId asset{};
    Amount capital;
    Amount active_cover;
    Amount cover_max;
    Amount unearned;
    Amount claims_owed;
    RUNNEL_FIELDS(asset, (capital, smallest_unit_of("asset")),
        (active_cover, smallest_unit_of("asset")), (cover_max, smallest_unit_of("asset")),
        (unearned, smallest_unit_of("asset")), (claims_owed, smallest_unit_of("asset")));
};

/// A cover that was sold.
struct CoverSale
{
    static constexpr std::string_view name = "CoverSale";
    static constexpr std::string_view table = "insurance_covers";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 9> meanings{"The cover's number in its pool.",
        "Who is covered.", "The contract that says what is covered and proves losses.",
        "The contract whose loss is covered.", "What the cover pays in.", "How much is covered.",
        "What it cost.", "From when on.", "Until when."};

    std::uint64_t cover_number = 0;
    AccountId buyer{};
    ContractId product{};
    ContractId covered{};
    ContractId asset{};
    Amount amount_raw;
    Amount premium_raw;
    std::uint64_t starts_at = 0;
    std::uint64_t ends_at = 0;
    RUNNEL_FIELDS(cover_number, buyer, product, covered, asset,
        (amount_raw, smallest_unit_of("asset")), (premium_raw, smallest_unit_of("asset")),
        (starts_at, unix_seconds), (ends_at, unix_seconds));
};

/// What became of an incident, each time that it became something else.
struct InsuranceIncident
{
    static constexpr std::string_view name = "InsuranceIncident";
    static constexpr std::string_view table = "insurance_incidents";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 10> meanings{"The incident's number in its pool.",
        "assessing, claiming, settled or denied.",
        "The contract that says what is covered and proves losses.",
        "The contract whose loss is covered.", "What was put into it.", "When it happened.",
        "The loss that the claimant's cover has suffered, or that was claimed.",
        "What covers pay in.", "What all claims are owed so far.",
        "What they get together; once it is settled."};

    std::uint64_t incident_number = 0;
    IncidentPhase phase{};
    ContractId product{};
    ContractId covered{};
    ContractId covered_token{};
    std::uint64_t occurred_at = 0;
    Amount loss_share;
    ContractId asset{};
    Amount owed_raw;
    Amount payable_raw;
    RUNNEL_FIELDS(incident_number, phase, product, covered, covered_token,
        (occurred_at, unix_seconds), (loss_share, wad), asset,
        (owed_raw, smallest_unit_of("asset")), (payable_raw, smallest_unit_of("asset")));
};

enum class InsuranceClaimType : std::uint8_t
{
    claim,
    payout,
};
[[nodiscard]] constexpr std::string_view to_string(InsuranceClaimType type) noexcept
{
    return type == InsuranceClaimType::claim ? "claim" : "payout";
}

/// A claim, and later what was paid for it.
struct InsuranceClaim
{
    static constexpr std::string_view name = "InsuranceClaim";
    static constexpr std::string_view table = "insurance_claims";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 9> meanings{"claim or payout.",
        "The incident's number in its pool.", "The cover's number in its pool.", "Who is covered.",
        "The contract that says what is covered and proves losses.", "What the cover pays in.",
        "How much was covered.", "The cover's share of loss times what it covers.",
        "What was paid; 0 for a claim."};

    InsuranceClaimType transaction_type{};
    std::uint64_t incident_number = 0;
    std::uint64_t cover_number = 0;
    AccountId claimant{};
    ContractId product{};
    ContractId asset{};
    Amount amount_raw;
    Amount owed_raw;
    Amount paid_raw;
    RUNNEL_FIELDS(transaction_type, incident_number, cover_number, claimant, product, asset,
        (amount_raw, smallest_unit_of("asset")), (owed_raw, smallest_unit_of("asset")),
        (paid_raw, smallest_unit_of("asset")));
};

/// What assessors have decided for good.
struct InsuranceVerdict
{
    static constexpr std::string_view name = "InsuranceVerdict";
    static constexpr std::string_view table = "insurance_verdicts";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 9> meanings{"The poll's number.",
        "The product whose loss was claimed.", "Who claimed.", "What share was claimed.",
        "Whether the claim was accepted.", "How many rounds were voted on.",
        "What assessors stake.", "What the losing side has lost.",
        "What the winning side got beside its own."};

    std::uint64_t poll_number = 0;
    ContractId product{};
    AccountId claimant{};
    Amount loss_share;
    bool accepted = false;
    std::uint64_t rounds = 0;
    ContractId stake_token{};
    Amount penalty_raw;
    Amount reward_raw;
    RUNNEL_FIELDS(poll_number, product, claimant, (loss_share, wad), accepted, rounds, stake_token,
        (penalty_raw, smallest_unit_of("stake_token")),
        (reward_raw, smallest_unit_of("stake_token")));
};

}  // namespace runnel::contracts
