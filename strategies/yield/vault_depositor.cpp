#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/vault.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::Vault;
using contracts::VaultAction;

struct WalletState
{
    double interval_seconds = 0;
    double deposit_share = 1;
    double loss_max = 1;
    double grudge_seconds = 0;
    std::uint8_t vault = 0;  // Of the list.
    bool entered = false;
    double highest = 0;            // Price of a share that it has seen since it went in.
    std::uint64_t away_until = 0;  // Block until which it trusts nobody.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), deposit_share, loss_max, (grudge_seconds, seconds),
        vault, entered, highest, (away_until, block_number), refusals);
};

/// Gives a token to a vault of its taste. It looks at random times; now and then it takes a part
/// out, or gives more. A price of the share that has fallen too far below the highest it has seen
/// makes it take out everything, and stay away for a time.
class VaultDepositor : public StatefulStrategy<WalletState>
{
public:
    VaultDepositor(const Parameters& parameters, const WalletGroup& wallets)
      : enter_within_ms_{parameters.duration_ms("enter_within")},
        withdraw_probability_{parameters.number("withdraw_probability")},
        withdraw_share_{parameters.distribution("withdraw_share")},
        return_probability_{parameters.number("return_probability")},
        costs_{parameters},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        slot_seconds_{wallets.slot_seconds}
    {
        for (const auto id : parameters.contracts("vaults"))
            vaults_.push_back(contracts::find_vault(*wallets.world, id));
        const EventTimes times{wallets, parameters, "interval"};
        states_.resize(wallets.accounts.size());
        static const auto taste = stream_of_name("vault");
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view name)
            { return wallets.draw(parameters.distribution(name), name, number); };
            auto& state = states_[i];
            state.interval_seconds = times.mean_seconds(number);
            state.deposit_share = std::clamp(draw("deposit_share"), 0.0, 1.0);
            state.loss_max = draw("loss_max");
            state.grudge_seconds = draw("grudge");
            RandomStream random{seed_, stream_ ^ taste, number, 0};
            state.vault = static_cast<std::uint8_t>(random.uniform_below(vaults_.size()));
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        static const auto stream = stream_of_name("first_deposit");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        return block_within(random, enter_within_ms_, slot_seconds_);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        if (state.refusals.is_silent())
            return never;
        const auto& view = wallet.view();
        auto& random = wallet.random();
        // Draws come first and always, so that one decision does not shift the next one's numbers.
        const auto next =
            view.block_number + blocks_until_next(random, state.interval_seconds, slot_seconds_);
        const bool wants_out = random.bernoulli(withdraw_probability_);
        const bool wants_in = random.bernoulli(return_probability_) || !state.entered;
        const auto part = std::clamp(withdraw_share_.draw(random), 0.0, 1.0);
        if (wallet.pending() > 0)
            return next;
        const auto& vault = *vaults_[state.vault];
        const auto shares = vault.share_balance(wallet.account());
        const bool afraid = has_lost(state, view, vault, shares);
        if (afraid || (wants_out && !shares.is_zero()))
        {
            const bool sent = redeem(wallet, vault, part_of(shares, afraid ? 1.0 : part));
            if (sent && afraid)
            {
                const auto blocks = std::clamp(state.grudge_seconds / slot_seconds_, 0.0, 1e9);
                state.away_until = view.block_number + static_cast<std::uint64_t>(blocks);
            }
            return next;
        }
        if (wants_in && view.block_number >= state.away_until)
            state.entered = deposit(state, wallet, vault) || state.entered;
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;  // It comes back when it is due.
    }

private:
    static constexpr double price_max = 1e60;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds &&
               state.deposit_share == born.deposit_share && state.loss_max == born.loss_max &&
               state.grudge_seconds == born.grudge_seconds && state.vault == born.vault &&
               state.highest >= 0 && state.highest <= price_max && state.refusals.is_possible();
    }

    /// Whether the price of a share is too far below the highest since it went in.
    [[nodiscard]] static bool has_lost(
        WalletState& state, const WorldView& view, const Vault& vault, const Amount& shares)
    {
        const auto one = Amount::power_of_ten(decimals_of(*view.world, vault.contract().id()));
        const auto assets = vault.convert_to_assets(one, view.timestamp);
        if (!assets.has_value())
            return false;
        const auto price = std::min(assets->to_double(), price_max);
        state.highest = shares.is_zero() ? price : std::max(state.highest, price);
        return price < state.highest * (1 - state.loss_max);
    }

    bool redeem(WalletContext& wallet, const Vault& vault, const Amount& wanted) const
    {
        const auto& view = wallet.view();
        const auto shares = std::min(wanted, vault.max_redeem(wallet.account(), view.timestamp));
        const auto assets = vault.convert_to_assets(shares, view.timestamp);
        const auto gas = vault.gas_of(VaultAction::redeem);
        if (shares.is_zero() || !assets.has_value() ||
            !costs_.worth_it(wallet, gas.total(), usd(view, vault, *assets)))
            return false;
        CallWriter calls;
        vault.add_redeem(calls, shares, wallet.account(), wallet.account());
        submit(wallet, std::move(calls), gas);
        return true;
    }

    bool deposit(const WalletState& state, WalletContext& wallet, const Vault& vault) const
    {
        const auto& view = wallet.view();
        const auto held = holding_of(view, vault.asset(), wallet.account());
        const auto assets = std::min(part_of(held, state.deposit_share),
            vault.max_deposit(wallet.account(), view.timestamp));
        const auto gas = vault.gas_of(VaultAction::deposit);
        if (assets.is_zero() || !costs_.worth_it(wallet, gas.total(), usd(view, vault, assets)))
            return false;
        CallWriter calls;
        add_approval(
            calls, view, vault.asset(), wallet.account(), vault.contract().account(), assets);
        vault.add_deposit(calls, assets, wallet.account());
        submit(wallet, std::move(calls), gas);
        return true;
    }

    static void submit(WalletContext& wallet, CallWriter calls, const contracts::CallGas& gas)
    {
        auto bid = wallet.habitual_bid();
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid);
    }

    /// 1 per token of an asset without a reference price.
    [[nodiscard]] static double usd(const WorldView& view, const Vault& vault, const Amount& assets)
    {
        return presumed_usd(view, vault.asset(), assets);
    }

    std::vector<const Vault*> vaults_;
    std::int64_t enter_within_ms_;
    double withdraw_probability_;
    Distribution withdraw_share_;
    double return_probability_;
    GasCosts costs_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::uint32_t slot_seconds_;
};

std::string check_vaults(const Parameters& parameters)
{
    constexpr std::size_t most = 255;
    const auto count = parameters.contracts("vaults").size();
    return count >= 1 && count <= most
               ? ""
               : fmt::format("vaults: expected 1 to {} contracts, got {}", most, count);
}

}  // namespace

const StrategyType& vault_depositor_strategy()
{
    static const StrategyType type{.name = "vault_depositor",
        .purpose = Purpose::saving,
        .help = "Gives a token to a vault, takes it out part by part, or all of it after a loss.",
        .parameters =
            {
                {.name = "vaults",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "1 to 255 vaults; each wallet picks one by chance.",
                    .contract_kind = Vault::sector},
                {"enter_within", ParameterKind::duration, "\"24h\"", {},
                    "Its first deposit comes some time within this span from the start.", 0},
                {"interval", ParameterKind::distribution, "{ log_normal = [10.9, 0.7] }",
                    unit::seconds,
                    "Mean time between a wallet's looks at the vault: the group looks once per "
                    "wallet and mean of these.",
                    1},
                {"deposit_share", ParameterKind::distribution, "{ uniform = [0.4, 1.0] }", {},
                    "Share of what it holds that a deposit takes.", 0, 1},
                {"withdraw_probability", ParameterKind::number, "0.03", unit::other("per look"),
                    "That it takes part of its shares out for reasons of its own.", 0, 1},
                {"withdraw_share", ParameterKind::distribution, "{ uniform = [0.1, 1.0] }", {},
                    "The part it takes out, drawn each time.", 0, 1},
                {"return_probability", ParameterKind::number, "0.05", unit::other("per look"),
                    "That it deposits what it holds, unless it stays away.", 0, 1},
                {"loss_max", ParameterKind::distribution, "{ log_normal = [-3.5, 0.8], max = 1 }",
                    {},
                    "The fall of the price of a share from the highest it has seen above which it "
                    "takes everything out.",
                    0, 1},
                {"grudge", ParameterKind::distribution, "{ exponential = [1_728_000] }",
                    unit::seconds, "How long it stays away then.", 0, 1e9},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<VaultDepositor>,
        .validate = check_vaults};
    return type;
}

}  // namespace runnel::strategies
