#pragma once

#include "contracts/kit/sectors/insurance.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/sectors/recorded_deficit.hpp"
#include "contracts/kit/sectors/vault.hpp"

#include <cstdint>
#include <optional>

/// What cover pools sell cover for, and how each loss is proven.
namespace runnel::contracts
{

/// Bad debt that a lending market has written off, of one of its reserves: what it adds to the
/// deficit is the suppliers' loss.
///
///     loss = (deficit - deficit at the sale) / what is supplied
///
/// Rounded down; nothing below the franchise. Errors: none of its own.
class DeficitCover : public ContractBase<DeficitCover>, public CoverProduct
{
public:
    DeficitCover(ContractIdentity identity, ContractId market, ContractId token,
        std::uint32_t franchise_bps, std::uint32_t risk_bps);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] CoverProof proof() const noexcept override { return CoverProof::measured; }
    [[nodiscard]] ContractId covered() const noexcept override { return market_id_; }
    [[nodiscard]] ContractId covered_token() const noexcept override { return token_; }
    [[nodiscard]] std::uint32_t risk_bps() const noexcept override { return risk_bps_; }
    [[nodiscard]] Result<Amount> base_level(CallContext& context) const override;
    [[nodiscard]] Result<LossMeasure> measure(CallContext& context) const override;
    [[nodiscard]] Amount loss_share(const Amount& base, const LossMeasure& measure) const override;
    [[nodiscard]] bool is_sold() const override { return deficits_ != nullptr; }
    [[nodiscard]] std::optional<LossMeasure> measure_at(std::uint64_t at) const override;

private:
    ContractId market_id_;
    ContractId token_;
    std::uint32_t franchise_bps_;
    std::uint32_t risk_bps_;
    const LendingMarket* market_ = nullptr;
    const RecordedDeficit* deficits_ = nullptr;
    std::size_t reserve_ = 0;
};

/// The price of a vault's share that has fallen.
///
///     loss = (price at the sale - price) / price at the sale
///
/// The price is what a whole share is worth, rounded down, as is the loss; nothing below the
/// franchise. Errors: those of the vault.
class SharePriceCover : public ContractBase<SharePriceCover>, public CoverProduct
{
public:
    SharePriceCover(ContractIdentity identity, ContractId vault, std::uint32_t franchise_bps,
        std::uint32_t risk_bps);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] CoverProof proof() const noexcept override { return CoverProof::measured; }
    [[nodiscard]] ContractId covered() const noexcept override { return vault_id_; }
    [[nodiscard]] ContractId covered_token() const noexcept override { return vault_id_; }
    [[nodiscard]] std::uint32_t risk_bps() const noexcept override { return risk_bps_; }
    [[nodiscard]] Result<Amount> base_level(CallContext& context) const override;
    [[nodiscard]] Result<LossMeasure> measure(CallContext& context) const override;
    [[nodiscard]] Amount loss_share(const Amount& base, const LossMeasure& measure) const override;
    [[nodiscard]] std::optional<LossMeasure> measure_at(std::uint64_t at) const override;

private:
    ContractId vault_id_;
    std::uint32_t franchise_bps_;
    std::uint32_t risk_bps_;
    const Vault* vault_ = nullptr;
    Amount share_unit_{1};  // 10^decimals of the share.
};

namespace cover_products
{

/// Writes down whether the price is below the level.
struct Observe
{
    RUNNEL_CALL("observe", 0, 34'000);
    RUNNEL_FIELDS();
};

struct ObservedLog
{
    static constexpr std::string_view table = "cover_price_observations";
    static constexpr std::string_view signature = "PriceObserved(uint256,bool)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The price of a whole token.", "Whether it is below the level."};

    Amount price;
    bool is_below = false;
    RUNNEL_FIELDS((price, usd_e8_per_token), is_below);
};

struct Watch
{
    std::uint64_t below_since = 0;  // 0: it was not below when last observed.
    std::uint64_t observed_at = 0;
    RUNNEL_FIELDS((below_since, unix_seconds), (observed_at, unix_seconds));
};

struct AcceptedLoss
{
    Amount share;  // Of the largest claim that was accepted.
    RUNNEL_FIELDS((share, wad));
};

struct DepegTerms
{
    ContractId source{};
    ContractId token{};
    Amount par;                              // 1e-8 USD.
    Amount level;                            // Likewise: below it, it counts.
    std::uint64_t duration = 86'400;         // Seconds below.
    std::uint64_t observation_gap = 21'600;  // The longest time between two observations.
    std::uint32_t risk_bps = 10'000;
};

}  // namespace cover_products

/// A price that stays below a level for a time, as a price source has it: a stablecoin that has
/// lost its peg.
///
///     loss = (par - price) / par, or of the price at the sale if that was below par
///
/// Rounded down. Anybody writes down what the source says; of a price that was not looked at for
/// observation_gap nothing is known, and the time begins anew. Errors: DepegCover: below the level
/// already, of a sale; DepegCover: not below the level for long enough.
class DepegCover : public ContractBase<DepegCover, cover_products::Observe>, public CoverProduct
{
public:
    DepegCover(ContractIdentity identity, cover_products::DepegTerms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] CoverProof proof() const noexcept override { return CoverProof::measured; }
    [[nodiscard]] ContractId covered() const noexcept override { return terms_.token; }
    [[nodiscard]] ContractId covered_token() const noexcept override { return terms_.token; }
    [[nodiscard]] std::uint32_t risk_bps() const noexcept override { return terms_.risk_bps; }
    [[nodiscard]] Result<Amount> base_level(CallContext& context) const override;
    [[nodiscard]] Result<LossMeasure> measure(CallContext& context) const override;
    [[nodiscard]] Amount loss_share(const Amount& base, const LossMeasure& measure) const override;
    [[nodiscard]] bool is_sold() const override;
    [[nodiscard]] std::optional<LossMeasure> measure_at(std::uint64_t at) const override;
    [[nodiscard]] bool wants_observation(std::uint64_t at) const override;
    void add_observe(CallWriter& calls) const override;

    using ContractBase::execute;
    /// Returns since when it is below; 0: it is not.
    Result<Returns> execute(const cover_products::Observe& call, CallContext& context);

private:
    /// What @p watch becomes when @p price is seen at @p at.
    [[nodiscard]] cover_products::Watch observed(
        const cover_products::Watch& watch, const Amount& price, std::uint64_t at) const;
    [[nodiscard]] bool is_met(const cover_products::Watch& watch, std::uint64_t at) const;

    cover_products::DepegTerms terms_;
    const PriceSource* source_ = nullptr;
    Table<cover_products::Watch> watch_;  // Record 0.
};

/// A loss that no contract can measure: assessors vote on what a claimant says it was, all of it up
/// to then.
///
///     loss = what was accepted - what had been accepted at the sale
///
/// Errors: AssessedCover: assessors decide; those of the assessment.
class AssessedCover : public ContractBase<AssessedCover>, public CoverProduct
{
public:
    AssessedCover(ContractIdentity identity, ContractId covered, ContractId token,
        ContractId assessment, std::uint32_t risk_bps);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] CoverProof proof() const noexcept override { return CoverProof::assessed; }
    [[nodiscard]] ContractId covered() const noexcept override { return covered_; }
    [[nodiscard]] ContractId covered_token() const noexcept override { return token_; }
    [[nodiscard]] std::uint32_t risk_bps() const noexcept override { return risk_bps_; }
    [[nodiscard]] Result<Amount> base_level(CallContext& context) const override;
    [[nodiscard]] Result<LossMeasure> measure(CallContext& context) const override;
    [[nodiscard]] Amount loss_share(const Amount& base, const LossMeasure& measure) const override;
    [[nodiscard]] std::optional<LossMeasure> measure_at(std::uint64_t) const override
    {
        return std::nullopt;
    }
    Result<std::uint64_t> start_assessment(
        CallContext context, AccountId claimant, const Amount& loss) override;
    Result<bool> outcome(CallContext& context, std::uint64_t poll) override;
    [[nodiscard]] ContractId assessment() const noexcept override { return assessment_id_; }

private:
    ContractId covered_;
    ContractId token_;
    ContractId assessment_id_;
    std::uint32_t risk_bps_;
    ClaimsAssessment* assessment_ = nullptr;
    Table<cover_products::AcceptedLoss> accepted_;  // Record 0.
};

}  // namespace runnel::contracts
