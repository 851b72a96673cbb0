#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/mixer.hpp"
#include "contracts/kit/sectors/screening.hpp"
#include "state/world.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::AccountFreezer;
using contracts::ScreeningBook;

/// What an account has got of a token.
struct Inflow
{
    Amount exposed;  // From accounts that are near enough to a source, at the time.
    Amount total;    // And what it had before.
    RUNNEL_FIELDS(exposed, total);
};

/// How an account is known to be connected with a source.
struct Exposure
{
    static constexpr std::uint8_t far = 255;

    std::uint8_t hops = far;  // Payments away from a source, at the least; a source itself is 0.
    std::map<ContractId, Inflow> inflows;
    RUNNEL_FIELDS((hops, other("payments")), inflows);
};

struct OfficerState
{
    std::uint32_t listed = 0;
    Refusals refusals;
    RUNNEL_FIELDS((listed, other("accounts")), refusals);
};

/// Keeps a list of accounts that are exposed to stolen money, as far as everybody can see on the
/// chain: it follows payments from sources, an address that was reported and mixers if it distrusts
/// them, for so many hops. It does not know who is who.
///
///     exposure of an account, in a token = what came from accounts within hops - 1 of a source
///                                          / (all that came + what it had when the first came)
///
/// A contract takes part in no exposure but as a source: exchanges and pools pay from what is
/// everybody's.
class ComplianceOfficer : public StatefulStrategy<OfficerState>
{
public:
    ComplianceOfficer(const Parameters& parameters, const WalletGroup& wallets)
      : world_{wallets.world},
        hops_{static_cast<std::uint8_t>(parameters.integer("hops"))},
        exposure_min_{parameters.number("exposure_min")},
        every_ms_{parameters.duration_ms("every")},
        reported_ms_{parameters.duration_ms("reported_after")},
        book_{contracts::find_screening_book(*world_, parameters.contract("list"))}
    {
        if (const auto& name = parameters.text("reported"); !name.empty())
        {
            if (const auto account = world_->find_account(name))
                sources_.push_back(*account);
        }
        for (const auto id : parameters.contracts("distrusted"))
            sources_.push_back(contracts::find_mixer(*world_, id)->contract().account());
        std::sort(sources_.begin(), sources_.end());
        freezers_ = parameters.contracts("issuers");
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    [[nodiscard]] bool is_observing() const override { return true; }
    void observe(std::span<const ObservedTransfer> transfers) override
    {
        for (const auto& transfer : transfers)
            follow(transfer);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        const auto next = view.block_number + view.blocks_of_ms(every_ms_);
        if (view.now_ms < reported_ms_ || wallet.pending() > 0)
            return next;
        CallWriter calls;
        std::size_t added = 0;
        const auto& book = view.state<ScreeningBook>(book_->contract().id());
        const auto warn_of = [&](AccountId account, std::uint8_t hops)
        {
            if (added >= accounts_per_transaction || account == wallet.account())
                return;
            if (!book.is_listed(account))
            {
                book.add_list(calls, account);
                ++added;
                ++state.listed;
            }
            // Issuers freeze who was reported, and nobody for whom others paid him.
            for (const auto id : freezers_)
            {
                const auto& now = view.state<AccountFreezer>(id);
                if (hops == 0 && now.frozen_by() == wallet.account() && !now.is_frozen(account))
                {
                    now.add_freeze(calls, account);
                    ++added;
                }
            }
        };
        for (const auto source : sources_)
        {
            if (world_->contract_of(source) == nullptr)
                warn_of(source, 0);
        }
        for (const auto& [account, record] : records_)
        {
            const auto& exposure = exposures_[record].second;
            if (is_exposed(exposure, hops_))
                warn_of(account, exposure.hops);
        }
        if (added > 0)
            wallet.submit(std::move(calls), wallet.habitual_bid());
        // What did not fit into one transaction follows at once.
        return added >= accounts_per_transaction ? view.block_number + 1 : next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

    // What its cohorts have seen, in the order in which accounts came into it.

    [[nodiscard]] std::size_t shared_records() const override { return exposures_.size(); }
    void save_shared(std::size_t record, Encoder& out) const override
    {
        out.put(exposures_[record].first);
        out.put(exposures_[record].second);
    }
    [[nodiscard]] bool load_shared(std::size_t record, Decoder& in) override
    {
        AccountId account{};
        Exposure exposure;
        in.get(account);
        in.get(exposure);
        if (!in.ok() || index(account) >= world_->account_count() || record != exposures_.size() ||
            !records_.emplace(account, record).second)
            return false;
        exposures_.emplace_back(account, std::move(exposure));
        return true;
    }

private:
    static constexpr std::size_t accounts_per_transaction = 20;

    [[nodiscard]] bool is_valid(const OfficerState& state, const OfficerState&) const override
    {
        return state.refusals.is_possible();
    }

    [[nodiscard]] bool is_source(AccountId account) const
    {
        return std::binary_search(sources_.begin(), sources_.end(), account);
    }
    [[nodiscard]] bool is_exposed(const Exposure& exposure, std::uint8_t hops) const
    {
        return exposure.hops <= hops &&
               std::any_of(exposure.inflows.begin(), exposure.inflows.end(),
                   [&](const auto& entry)
                   {
                       const auto& inflow = entry.second;
                       return !inflow.exposed.is_zero() &&
                              to_whole(inflow.exposed, 0) >=
                                  to_whole(inflow.total, 0) * exposure_min_;
                   });
    }
    /// How many payments a payer is away from a source; far, if too far to tell.
    [[nodiscard]] std::uint8_t hops_of(AccountId payer) const
    {
        if (is_source(payer))
            return 0;
        const auto known = records_.find(payer);
        if (known == records_.end())
            return Exposure::far;
        const auto& exposure = exposures_[known->second].second;
        return is_exposed(exposure, hops_) ? exposure.hops : Exposure::far;
    }

    void follow(const ObservedTransfer& transfer)
    {
        const auto [token, from, to, value, block] = transfer;
        if (hops_ == 0 || from == to || to == zero_account || value.is_zero() || is_source(to) ||
            world_->contract_of(to) != nullptr)
            return;
        const auto hops = hops_of(from);
        const bool is_near = hops < hops_;
        auto known = records_.find(to);
        if (known == records_.end())
        {
            // Who has never got anything that matters is not written down.
            if (!is_near)
                return;
            known = records_.emplace(to, exposures_.size()).first;
            exposures_.emplace_back(to, Exposure{});
        }
        auto& exposure = exposures_[known->second].second;
        auto& inflow = exposure.inflows[token];
        if (inflow.total.is_zero())
        {
            // Of the block's end: what else came in it counts as what it had.
            const auto held = holding(token, to);
            if (held > value)
                inflow.total = wrapping_sub(held, value);
        }
        inflow.total = wrapping_add(inflow.total, value);
        if (!is_near)
            return;
        inflow.exposed = wrapping_add(inflow.exposed, value);
        exposure.hops = std::min<std::uint8_t>(exposure.hops, static_cast<std::uint8_t>(hops + 1));
    }

    [[nodiscard]] Amount holding(ContractId token, AccountId account) const
    {
        if (token == native_coin)
            return world_->account_states.get(account).balance;
        const auto* held = contracts::find_token(*world_, token);
        return held == nullptr ? Amount{} : held->holding(account);
    }

    const World* world_;
    std::uint8_t hops_;
    double exposure_min_;
    std::int64_t every_ms_;
    std::int64_t reported_ms_;
    const ScreeningBook* book_;
    std::vector<AccountId> sources_;  // Ascending.
    std::vector<ContractId> freezers_;
    std::vector<std::pair<AccountId, Exposure>> exposures_;
    std::map<AccountId, std::size_t> records_;  // Where in them an account is.
};

}  // namespace

const StrategyType& compliance_officer_strategy()
{
    static const StrategyType type{.name = "compliance_officer",
        .purpose = Purpose::compliance,
        .help =
            "Keeps a list of accounts that are exposed to stolen money by what the chain shows.",
        .parameters =
            {
                contracts::contract_parameter(
                    "list", ScreeningBook::sector, "The list; it must be its keeper."),
                {"reported", ParameterKind::account, "\"\"", {},
                    "The address that a victim reports; empty: none."},
                {"reported_after", ParameterKind::duration, "\"0s\"", {},
                    "When it hears of that; it lists nobody before, and follows the payments made "
                    "since."},
                {"hops", ParameterKind::integer, "1", {},
                    "How many payments away from a source an account may be to be listed; 0: "
                    "sources alone.",
                    0, 16},
                {"exposure_min", ParameterKind::number, "0.1", {},
                    "The share of what came to an account in a token that must be exposed.", 0, 1},
                {"every", ParameterKind::duration, "\"10m\"", {}, "Between two looks.", 1'000},
                {.name = "distrusted",
                    .kind = ParameterKind::contracts,
                    .default_value = "[]",
                    .unit = {},
                    .help = "Mixers that count as sources: whoever they pay is exposed.",
                    .contract_kind = contracts::Mixer::sector},
                {.name = "issuers",
                    .kind = ParameterKind::contracts,
                    .default_value = "[]",
                    .unit = {},
                    .help = "Tokens in which it freezes who was reported; it must be who may.",
                    .contract_kind = AccountFreezer::sector},
            },
        .create = create_strategy<ComplianceOfficer>};
    return type;
}

}  // namespace runnel::strategies
