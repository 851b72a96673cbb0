#include "contracts/kit/token.hpp"
#include "execution/gas.hpp"
#include "execution/simulation.hpp"
#include "ledger/transaction.hpp"
#include "state/references.hpp"
#include "strategies/market/bidding.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/gas_money.hpp"
#include "strategies/market/mempool.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace runnel::strategies
{
namespace
{

struct WalletState
{
    float profit_min = 0;  // USD.
    float bid_share = 0;   // Of the profit; what it first believes rivals bid.
    RaceMemory races;
    std::uint32_t incidents = 0;
    RUNNEL_FIELDS((profit_min, usd), bid_share, races, incidents);
};

/// Calls of somebody else with oneself in his place.
class SenderMapper final : public IdMapper
{
public:
    SenderMapper(const World& world, AccountId from, AccountId to)
      : world_{world}, from_{from}, to_{to}
    {}

private:
    [[nodiscard]] AccountId map_account(AccountId account) override
    {
        return account == from_ ? to_ : account;
    }
    [[nodiscard]] ContractId map_contract(ContractId contract) override { return contract; }
    [[nodiscard]] const Contract* find(ContractId contract, ContractId) const override
    {
        return world_.find_contract(contract);
    }

    const World& world_;
    AccountId from_;
    AccountId to_;
};

/// Runs what waits with itself in the sender's place, on a fork; what earns it something it sends
/// itself, with a higher tip. It understands nothing of what it copies: an arbitrage, a liquidation
/// and an attack are all the same to it, as long as tokens with a price come out.
class FrontRunner : public StatefulStrategy<WalletState>
{
public:
    FrontRunner(const Parameters& parameters, const WalletGroup& wallets)
      : coin_{parameters.token("coin")},
        attention_{parameters.number("attention")},
        bidding_{parameters, wallets.slot_seconds},
        gas_money_{parameters, *wallets.world}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view what) {
                return static_cast<float>(
                    wallets.draw(parameters.distribution(what), what, number));
            };
            states_[i].profit_min = draw("profit_min");
            states_[i].bid_share = draw("bid_share");
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        const auto& view = wallet.view();
        const auto next = view.block_number + 1;
        if (wallet.pending() > 0 || view.mempool == nullptr || gas_money_.refill(wallet))
            return next;
        if (looked_ != view.block_number)
        {
            looked_ = view.block_number;
            waiting_ = includable_by_tip(view);
        }
        std::optional<Copy> best;
        for (const auto* waiting : waiting_)
        {
            const auto attention = wallet.random().uniform_double();
            if (waiting->sender == wallet.account() || attention >= attention_)
                continue;
            auto copy = try_copy(wallet, *waiting);
            if (copy && (!best || copy->gain > best->gain))
                best = std::move(copy);
        }
        if (best)
            send(states_[position], wallet, *best);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        if (outcome.tag != GasMoney::tag)
        {
            Bidding::learn(states_[position].races, outcome, outcome.tag % Bidding::levels,
                static_cast<double>(outcome.tag / Bidding::levels) / gain_scale);
        }
        return false;
    }

private:
    /// A tag is the level of the bid and, in 1e-9 native coins, the gain.
    static constexpr double gain_scale = 1e9;

    struct Copy
    {
        const PendingTransaction* original = nullptr;
        Bytes calls;
        std::uint64_t gas = 0;  // Of the calls.
        double gain = 0;        // USD, before fees.
        ContractId token{};     // What it earns most of,
        Amount amount;          // and how much.
    };

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.profit_min == born.profit_min && state.bid_share == born.bid_share &&
               is_possible(state.races);
    }

    [[nodiscard]] std::optional<Copy> try_copy(
        WalletContext& wallet, const PendingTransaction& waiting)
    {
        const auto& view = wallet.view();
        Copy copy;
        copy.original = &waiting;
        SenderMapper mapper{*view.world, waiting.sender, wallet.account()};
        mapper.map_calls(waiting.calls, copy.calls);
        const auto block = block_of(view);
        simulation_.begin(*view.world, block);
        if (!simulation_.run(copy.calls, wallet.account()))
            return std::nullopt;
        copy.gas = simulation_.gas_used();
        std::map<ContractId, std::pair<Amount, Amount>> moved;  // In and out.
        simulation_.for_each_event<contracts::TransferLog>(
            [&](ContractId token, const contracts::TransferLog& transfer)
            {
                if (transfer.from_address == transfer.to_address)
                    return;
                auto& [in, out] = moved[token];
                if (transfer.to_address == wallet.account())
                    in = wrapping_add(in, transfer.value);
                if (transfer.from_address == wallet.account())
                    out = wrapping_add(out, transfer.value);
            });
        double most = 0;
        for (const auto& [token, amounts] : moved)
        {
            const auto& [in, out] = amounts;
            if (in == out)
                continue;
            const auto price = reference_usd(view, token);
            const auto decimals = decimals_of(*view.world, token);
            if (in < out)
            {
                if (price <= 0)
                    return std::nullopt;  // Nobody knows what it gives away.
                copy.gain -= price * to_whole(wrapping_sub(out, in), decimals);
                continue;
            }
            const auto usd = price * to_whole(wrapping_sub(in, out), decimals);
            copy.gain += usd;
            if (usd > most)
            {
                most = usd;
                copy.token = token;
                copy.amount = wrapping_sub(in, out);
            }
        }
        return copy.gain > 0 ? std::optional{std::move(copy)} : std::nullopt;
    }

    void send(WalletState& state, WalletContext& wallet, const Copy& copy)
    {
        const auto& view = wallet.view();
        const auto coin_usd = reference_usd(view, coin_);
        if (coin_usd <= 0)
            return;
        const auto race = search_chance(wallet, copy.gain, intrinsic_gas + copy.gas, coin_usd);
        const auto offer = bidding_.offer(
            state.races, race, state.bid_share, state.profit_min, coin_usd, view.block_number);
        if (!offer)
            return;
        auto bid = Bidding::bid(*offer, race, wallet, coin_usd);
        if (!bid.bundle && bid.priority_fee <= tip_of(*copy.original, view))
            return;  // It would not come first.
        bid.max_fee = std::max(bid.max_fee, view.base_fee + bid.priority_fee);
        // What the copied calls charge beyond their methods' figures, their sender left room for.
        const auto figure = gas_figure_of(*view.world, copy.calls);
        bid.extra_gas = copy.original->gas_limit > figure ? copy.original->gas_limit - figure : 0;
        CallWriter calls;
        calls.add_encoded(copy.calls);
        const auto scaled =
            static_cast<std::uint64_t>(std::clamp(copy.gain / coin_usd * gain_scale, 0.0, 1e15));
        wallet.submit(std::move(calls), bid, offer->level + Bidding::levels * scaled,
            {Purpose::front_running, incident_of(wallet.account(), state.incidents++), copy.token,
                copy.amount, wallet.account()});
    }

    ContractId coin_;
    double attention_;
    Bidding bidding_;
    GasMoney gas_money_;
    // Caches of the block.
    std::uint64_t looked_ = 0;
    std::vector<const PendingTransaction*> waiting_;
    Simulation simulation_;
};

}  // namespace

const StrategyType& front_runner_strategy()
{
    static const StrategyType type{.name = "front_runner",
        .purpose = Purpose::front_running,
        .help =
            "Watches the mempool for transactions that would earn whoever sent them, and sends "
            "them itself with a higher tip.",
        .parameters =
            {
                {"coin", ParameterKind::token, "", {},
                    "The token whose reference price is the native coin's (WETH): what gas costs."},
                {"attention", ParameterKind::number, "0.9", unit::other("probability"),
                    "That it makes something of a chance that it could see.", 0, 1},
                {"profit_min", ParameterKind::distribution, "{ uniform = [1, 10] }", unit::usd,
                    "What must be left of a copy after gas and bid.", 0, 1e9},
                {"bid_share", ParameterKind::distribution, "{ uniform = [0.3, 0.9] }", {},
                    "Share of the profit that it first believes rivals to bid; then it goes by "
                    "what "
                    "its own races teach.",
                    0, 1},
                bid_stake_parameter(),
                bid_memory_parameter(),
                gas_money_parameter(),
            },
        .create = create_strategy<FrontRunner>,
        .watches_mempool = true};
    return type;
}

}  // namespace runnel::strategies
