#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/insurance.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/vault.hpp"
#include "strategies/insurance/losses.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace runnel::strategies
{
namespace
{

using contracts::AssessmentStatus;
using contracts::ClaimsAssessment;
using contracts::CoverPool;
using contracts::CoverProduct;
using contracts::CoverProof;
using contracts::IncidentPhase;

struct WalletState
{
    double interval_seconds = 0;
    double deposit_share = 0;
    double cover_share = 1;
    double rate_max = 0;
    double period_seconds = 0;
    double reaction_seconds = 0;
    double exaggeration = 1;
    bool entered = false;
    bool has_appealed = false;
    double level = 0;              // What a loss was measured by when it last looked,
    std::uint64_t loss_seen = 0;   // and the block since which it has seen no other; 0: none.
    std::uint64_t look_again = 0;  // Block before which it buys nothing.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), deposit_share, cover_share, (rate_max, per_year),
        (period_seconds, seconds), (reaction_seconds, seconds), exaggeration, entered, has_appealed,
        level, (loss_seen, block_number), (look_again, block_number), refusals);
};

/// Puts a token into a protocol and covers what it has there, at a price that it accepts, for a
/// time, and again when that has passed. When it sees a loss it says so, claims, and has itself
/// paid.
class CoverBuyer : public StatefulStrategy<WalletState>
{
public:
    CoverBuyer(const Parameters& parameters, const WalletGroup& wallets)
      : pool_{parameters.contract("pool")},
        product_{static_cast<std::uint32_t>(parameters.integer("product"))},
        enter_within_ms_{parameters.duration_ms("enter_within")},
        watch_every_ms_{parameters.duration_ms("watch_every")},
        loss_min_{parameters.number("loss_min")},
        times_{wallets, "first_deposit"},
        slot_seconds_{wallets.slot_seconds}
    {
        draw_intervals(states_, wallets, parameters);
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const WalletDraws draw{parameters, wallets, i};
            auto& state = states_[i];
            state.deposit_share = draw.share("deposit_share");
            state.cover_share = draw.share("cover_share");
            state.rate_max = draw("rate_max");
            state.period_seconds = draw("period");
            state.reaction_seconds = draw("reaction");
            state.exaggeration = draw("exaggeration");
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return times_.first_block_within(position, enter_within_ms_);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent())
            return never;
        const auto& view = wallet.view();
        const auto next_purchase = times_.next_block(wallet, state.interval_seconds);
        const auto next = view.block_number + view.blocks_of_ms(watch_every_ms_);
        if (wallet.pending() > 0)
            return next;
        const auto& pool = view.state<CoverPool>(pool_);
        const auto& product = *pool.products()[product_];
        if (!state.entered)
        {
            state.entered = true;
            if (state.deposit_share > 0 && deposit(state, wallet, product))
                return view.block_number + 1;
        }
        const auto covers = pool.covers_of(wallet.account(), product_, covers_known);
        if (look_after_claims(state, wallet, pool, product, covers))
            return view.block_number + 1;
        if (view.block_number >= state.look_again && pool.open_incidents() == 0)
        {
            buy(state, wallet, pool, product, covers);
            state.look_again = next_purchase;
        }
        // Whoever has no cover has nothing to watch.
        return covers.empty() ? std::max(next, state.look_again) : next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    static constexpr std::size_t covers_known = 16;
    static constexpr double level_steady = 0.01;
    static constexpr double level_max = 1.2e77;  // 2^256 and more.

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds &&
               state.deposit_share == born.deposit_share && state.cover_share == born.cover_share &&
               state.rate_max == born.rate_max && state.period_seconds == born.period_seconds &&
               state.reaction_seconds == born.reaction_seconds &&
               state.exaggeration == born.exaggeration && state.level >= 0 &&
               state.level <= level_max && state.refusals.is_possible();
    }

    /// Puts its share of the covered token, or of a vault's asset, where it is to be covered.
    bool deposit(const WalletState& state, WalletContext& wallet, const CoverProduct& product) const
    {
        const auto& view = wallet.view();
        const auto me = wallet.account();
        const auto* contract = view.world->find_contract(product.covered());
        CallWriter calls;
        auto bid = wallet.habitual_bid();
        if (const auto* market = dynamic_cast<const contracts::LendingMarket*>(contract))
        {
            const auto token = product.covered_token();
            const auto reserve = market->find_reserve(token);
            const auto amount = part_of(holding_of(view, token, me), state.deposit_share);
            if (!reserve || amount.is_zero())
                return false;
            add_approval(calls, view, token, me, market->spender_of(*reserve), amount);
            market->add_supply(calls, *reserve, amount, me);
            bid.extra_gas = market->gas_of(contracts::LendingAction::supply).extra;
        }
        else if (const auto* vault = dynamic_cast<const contracts::Vault*>(contract))
        {
            const auto amount = part_of(holding_of(view, vault->asset(), me), state.deposit_share);
            if (amount.is_zero())
                return false;
            add_approval(calls, view, vault->asset(), me, vault->contract().account(), amount);
            vault->add_deposit(calls, amount, me);
            bid.extra_gas = vault->gas_of(contracts::VaultAction::deposit).extra;
        }
        else
            return false;
        wallet.submit(std::move(calls), bid);
        return true;
    }

    void buy(const WalletState& state, WalletContext& wallet, const CoverPool& pool,
        const CoverProduct& product, const std::vector<std::uint64_t>& covers) const
    {
        const auto& view = wallet.view();
        const auto at = view.timestamp;
        const auto asset = pool.asset();
        const auto decimals = decimals_of(*view.world, asset);
        auto wanted = to_units(exposure_of(view, product, wallet.account()) * state.cover_share *
                                   assets_per_token(view, product.covered_token(), asset),
            decimals);
        const auto crumbs = part_of(wanted, 0.1);
        for (const auto number : covers)
        {
            const auto cover = pool.cover(number);
            if (!cover.is_claimed && cover.end > at)
                wanted = wanted > cover.amount ? wrapping_sub(wanted, cover.amount) : Amount{};
        }
        // A part is better than nothing, crumbs are not.
        const auto amount = std::min(wanted, pool.cover_room(product_, at));
        if (amount.is_zero() || amount < crumbs)
            return;
        const auto seconds = static_cast<std::uint64_t>(std::clamp(state.period_seconds,
            static_cast<double>(pool.period_min()), static_cast<double>(pool.period_max())));
        const auto premium = pool.premium(product_, amount, seconds, at);
        if (!premium.has_value() || holding_of(view, asset, wallet.account()) < *premium)
            return;
        const auto rate =
            premium->to_double() / amount.to_double() * year_seconds / static_cast<double>(seconds);
        if (rate > state.rate_max)
            return;
        // Others buy in the same block: up to what it accepts.
        const auto most = to_units(to_whole(amount, decimals) * state.rate_max *
                                       static_cast<double>(seconds) / year_seconds,
            decimals);
        CallWriter calls;
        add_approval(calls, view, asset, wallet.account(), pool.contract().account(), most);
        pool.add_buy_cover(calls, product_, amount, seconds, std::max(most, *premium));
        send(wallet, pool, std::move(calls));
    }

    /// Does the next thing that its covers ask for; whether there was one.
    bool look_after_claims(WalletState& state, WalletContext& wallet, const CoverPool& pool,
        const CoverProduct& product, const std::vector<std::uint64_t>& covers)
    {
        const auto& view = wallet.view();
        const auto at = view.timestamp;
        const bool has_cover = std::any_of(covers.begin(), covers.end(),
            [&](std::uint64_t number)
            {
                const auto cover = pool.cover(number);
                return !cover.is_claimed && cover.end > at;
            });
        if (has_cover && product.wants_observation(at))
        {
            CallWriter calls;
            product.add_observe(calls);
            wallet.submit(std::move(calls), wallet.habitual_bid());
            return true;
        }
        for (const auto number : covers)
        {
            CallWriter calls;
            add_next_step(state, wallet, pool, product, number, calls);
            if (calls.bytes().empty())
                continue;
            send(wallet, pool, std::move(calls), motive_of(state, wallet, product, number));
            return true;
        }
        return false;
    }

    void add_next_step(WalletState& state, WalletContext& wallet, const CoverPool& pool,
        const CoverProduct& product, std::uint64_t number, CallWriter& calls)
    {
        const auto& view = wallet.view();
        const auto at = view.timestamp;
        const auto cover = pool.cover(number);
        if (cover.is_claimed)
        {
            if (cover.is_paid)
                return;
            const auto incident = pool.incident(cover.incident);
            if (incident.phase == IncidentPhase::settled && !pool.payout_of(number).is_zero())
                pool.add_redeem_payout(calls, number);
            else if (incident.phase == IncidentPhase::claiming && at > incident.claims_until)
                pool.add_settle_incident(calls, cover.incident);
            return;
        }
        const auto open = pool.open_incident(product_);
        if (!open)
        {
            if (cover.end > at && cover.start < at)
                submit_incident(state, wallet, pool, product, number, calls);
            return;
        }
        const auto incident = pool.incident(*open);
        if (incident.phase == IncidentPhase::assessing)
        {
            follow_assessment(state, wallet, pool, product, *open, incident.poll, calls);
            return;
        }
        const bool is_covered =
            cover.start < incident.occurred_at && incident.occurred_at <= cover.end;
        if (at <= incident.claims_until && is_covered &&
            !product.loss_share(cover.base, incident.measure).is_zero())
            pool.add_submit_claim(calls, number);
    }

    /// Finds out what is lost, of every borrower perhaps: once per block for all wallets and
    /// covers.
    void look(const WorldView& view, const CoverProduct& product)
    {
        if (sight_.block == view.block_number)
            return;
        sight_ = {view.block_number, {}, 0};
        if (product.proof() == CoverProof::assessed)
            sight_.visible_loss = visible_loss(view, product).value_or(0);
        else
            sight_.measure = product.measure_at(view.timestamp);
    }

    void submit_incident(WalletState& state, WalletContext& wallet, const CoverPool& pool,
        const CoverProduct& product, std::uint64_t number, CallWriter& calls)
    {
        const auto& view = wallet.view();
        look(view, product);
        auto measured = sight_.measure;
        if (product.proof() == CoverProof::assessed)
        {
            const auto seen = sight_.visible_loss * state.exaggeration;
            measured = {Amount::from_double(std::min(1.0, seen) * 1e18), Amount::power_of_ten(18)};
        }
        if (!measured)
        {
            state.loss_seen = 0;
            return;
        }
        // While liquidations go on the loss grows, and who submits it fixes it.
        const auto level = measured->level.to_double();
        if (state.loss_seen == 0 || std::abs(level - state.level) > level_steady * level)
        {
            state.level = level;
            state.loss_seen = view.block_number;
        }
        // What this cover has lost of it.
        const auto cover = pool.cover(number);
        const auto loss = product.loss_share(cover.base, *measured).to_double() * 1e-18;
        if (loss <= 0 || (product.proof() == CoverProof::assessed && loss < loss_min_))
            return;
        const auto reaction = static_cast<std::int64_t>(state.reaction_seconds * 1'000);
        if (view.block_number < state.loss_seen + (reaction > 0 ? view.blocks_of_ms(reaction) : 0))
            return;
        // It happened before he saw it; who bought later insured what he saw.
        const auto ago = view.block_number - state.loss_seen + 1;
        const auto occurred_at = view.timestamp - std::min(ago * slot_seconds_, view.timestamp);
        if (product.proof() == CoverProof::assessed && occurred_at <= cover.start)
            return;
        if (product.proof() == CoverProof::assessed)
        {
            const auto& assessment = view.state<ClaimsAssessment>(product.assessment());
            const auto deposit = assessment.deposit();
            const auto token = assessment.stake_token();
            if (holding_of(view, token, wallet.account()) < deposit)
                return;
            add_approval(
                calls, view, token, wallet.account(), assessment.contract().account(), deposit);
            state.has_appealed = false;
        }
        pool.add_submit_incident(calls, number, measured->level, occurred_at);
    }

    /// Closes a poll that is due and appeals, once, against one that has denied what it sees.
    void follow_assessment(WalletState& state, WalletContext& wallet, const CoverPool& pool,
        const CoverProduct& product, std::uint64_t incident, std::uint64_t number,
        CallWriter& calls) const
    {
        const auto& view = wallet.view();
        const auto& assessment = view.state<ClaimsAssessment>(product.assessment());
        const auto poll = assessment.poll(number, view.timestamp);
        if (poll.status == AssessmentStatus::closed)
            pool.add_resolve_incident(calls, incident);
        else if (poll.status == AssessmentStatus::due)
        {
            assessment.add_close(calls, number);
            pool.add_resolve_incident(calls, incident);
        }
        else if (poll.status == AssessmentStatus::appeal && !poll.accepts && !state.has_appealed)
        {
            const auto token = assessment.stake_token();
            if (holding_of(view, token, wallet.account()) < poll.appeal_deposit)
                return;
            add_approval(calls, view, token, wallet.account(), assessment.contract().account(),
                poll.appeal_deposit);
            assessment.add_appeal(calls, number);
            state.has_appealed = true;
        }
    }

    /// Whoever claims more than he sees lost means to deceive.
    [[nodiscard]] static Motive motive_of(const WalletState& state, const WalletContext& wallet,
        const CoverProduct& product, std::uint64_t cover)
    {
        Motive motive;
        motive.purpose = Purpose::insurance;
        if (product.proof() == CoverProof::assessed && state.exaggeration > 1)
        {
            motive.purpose = Purpose::fraud;
            motive.incident = incident_of(wallet.account(), static_cast<std::uint32_t>(cover));
        }
        return motive;
    }

    static void send(
        WalletContext& wallet, const CoverPool& pool, CallWriter calls, const Motive& motive = {})
    {
        auto bid = wallet.habitual_bid();
        bid.extra_gas = pool.extra_gas(wallet.view().timestamp);
        wallet.submit(std::move(calls), bid, 0, motive);
    }

    static constexpr double year_seconds = 31'536'000;

    ContractId pool_;
    std::uint32_t product_;
    std::int64_t enter_within_ms_;
    std::int64_t watch_every_ms_;
    double loss_min_;
    RandomTimes times_;
    std::uint32_t slot_seconds_;
    /// What can be seen in a block: a measured product's measure, an assessed one's loss.
    struct
    {
        std::uint64_t block = never;
        std::optional<contracts::LossMeasure> measure;
        double visible_loss = 0;
    } sight_;
};

std::string check_product(const Parameters& parameters, const World& world)
{
    const auto* pool = contracts::find_cover_pool(world, parameters.contract("pool"));
    const auto count = pool == nullptr ? 0 : pool->products().size();
    const auto number = static_cast<std::size_t>(parameters.integer("product"));
    return number < count
               ? ""
               : fmt::format("product: expected a number below {}, the pool's products, got {}",
                     count, number);
}

}  // namespace

const StrategyType& cover_buyer_strategy()
{
    static const StrategyType type{.name = "cover_buyer",
        .purpose = Purpose::insurance,
        .help = "Covers what it has in a protocol at a price that it accepts, and claims.",
        .parameters =
            {
                contracts::contract_parameter("pool", CoverPool::sector, "Who covers it."),
                {"product", ParameterKind::integer, "0", {},
                    "Which of the pool's products, from 0.", 0, 31},
                {"enter_within", ParameterKind::duration, "\"24h\"", {},
                    "It comes some time within this span from the start.", 0},
                {"deposit_share", ParameterKind::distribution, "1", {},
                    "Share of what it holds that it puts into what is covered when it comes.", 0,
                    1},
                {"cover_share", ParameterKind::distribution, "{ uniform = [0.5, 1.0] }", {},
                    "Share of what it has there that it covers.", 0, 1},
                {"rate_max", ParameterKind::distribution, "{ log_normal = [-3.5, 0.6] }",
                    unit::per_year, "The most that it pays for cover.", 0, 100},
                {"period", ParameterKind::distribution, "2_592_000", unit::seconds,
                    "How long a cover is to last.", 1},
                {"interval", ParameterKind::distribution, "{ log_normal = [9.5, 0.7] }",
                    unit::seconds,
                    "Mean time between its looks at the price of cover: the group looks once per "
                    "wallet and mean of these.",
                    1},
                {"watch_every", ParameterKind::duration, "\"10m\"", {},
                    "How often it looks at what it has covered.", 1'000},
                {"reaction", ParameterKind::distribution, "{ log_normal = [7, 1] }", unit::seconds,
                    "How long it has seen the same loss before it says so.", 0},
                {"loss_min", ParameterKind::number, "0.01", {},
                    "The smallest share of loss that it brings before assessors.", 0, 1},
                {"exaggeration", ParameterKind::distribution, "1", {},
                    "How many times what it sees it claims before assessors.", 0, 1e6},
            },
        .create = create_strategy<CoverBuyer>,
        .validate_in = check_product};
    return type;
}

}  // namespace runnel::strategies
