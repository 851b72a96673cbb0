#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/sectors/screening.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/attacks/pair_desk.hpp"
#include "strategies/attacks/raid.hpp"
#include "strategies/strategies.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::Exchange;
using contracts::WithdrawalOrder;

enum class Phase : std::uint8_t
{
    waiting,  // For buyers.
    pulled,   // Has taken what it can out of the pool.
    sold,
};

struct WalletState
{
    double patience_seconds = 0;
    Phase phase = Phase::waiting;
    double first_money = 0;  // That it saw in the pool, smallest units; 0: has not looked.
    Refusals refusals;
    RUNNEL_FIELDS((patience_seconds, seconds), phase, first_money, refusals);
};

/// Waits until buyers have brought money into the pool of its token, then takes it: by the shares
/// of the pool that it has, and by selling tokens that it has or makes. Shares that are locked and
/// tokens that nobody can make it does not have. If it may freeze who holds its token, buyers
/// cannot sell: then all that they bring waits for its own sale.
class RugPuller : public StatefulStrategy<WalletState>
{
public:
    RugPuller(const Parameters& parameters, const WalletGroup& wallets)
      : desk_{*wallets.world, parameters.contract("exchange"), parameters.token("token")},
        mintable_{
            dynamic_cast<const contracts::Erc20*>(wallets.world->find_contract(desk_.token()))},
        freezer_{contracts::find_account_freezer(*wallets.world, desk_.token())},
        groups_{wallets.groups},
        victims_{find_group(*groups_, parameters.text("victims"))},
        growth_{parameters.number("growth")},
        mints_{parameters.number("mints")},
        every_ms_{parameters.duration_ms("every")}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            states_[i].patience_seconds = WalletDraws{parameters, wallets, i}("patience");
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.phase == Phase::sold || state.refusals.is_silent() || !desk_.is_open())
            return never;
        const auto next = view.block_number + view.blocks_of_ms(every_ms_);
        if (wallet.pending() > 0)
            return view.block_number + 1;
        const auto money = desk_.exchange().reserve(desk_.other()).to_double();
        if (!(state.first_money > 0))
            state.first_money = money;
        const bool is_full = money > 0 && money >= state.first_money * growth_;
        const bool is_late = static_cast<double>(view.now_ms) / 1'000 >= state.patience_seconds;
        if (state.phase == Phase::waiting && !is_full && !is_late)
        {
            freeze(wallet);
            return next;
        }
        if (state.phase == Phase::waiting && pull(state, wallet))
            return view.block_number + 1;
        state.phase = Phase::pulled;
        if (sell(wallet))
            return view.block_number + 1;
        state.phase = Phase::sold;
        return never;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.kind != TransactionOutcome::Kind::succeeded || outcome.tag == freeze_tag)
            return false;
        state.phase = outcome.tag == pull_tag ? Phase::pulled : Phase::sold;
        return true;
    }

private:
    static constexpr std::uint64_t pull_tag = 1;
    static constexpr std::uint64_t sell_tag = 2;
    static constexpr std::uint64_t freeze_tag = 3;
    static constexpr std::size_t frozen_at_once = 20;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.patience_seconds == born.patience_seconds && state.phase <= Phase::sold &&
               state.first_money >= 0 && state.refusals.is_possible();
    }

    /// Those of its victims who have bought since its last look.
    void freeze(WalletContext& wallet) const
    {
        if (freezer_ == nullptr || victims_ == nullptr || freezer_->frozen_by() != wallet.account())
            return;
        const auto& view = wallet.view();
        CallWriter calls;
        std::size_t count = 0;
        for (const auto victim : *victims_)
        {
            if (count == frozen_at_once)
                break;
            if (victim == zero_account || freezer_->is_frozen(victim) ||
                holding_of(view, desk_.token(), victim).is_zero())
                continue;
            freezer_->add_freeze(calls, victim);
            ++count;
        }
        if (count > 0)
            wallet.submit(std::move(calls), wallet.habitual_bid(), freeze_tag, motive(wallet, {}));
    }

    /// All its shares of the pool; false if it has none.
    bool pull(const WalletState& state, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto& exchange = desk_.exchange();
        const auto shares = exchange.share_balance(wallet.account());
        if (shares.is_zero())
            return false;
        const auto& venue = *exchange.venue();
        CallWriter calls;
        if (const auto token = exchange.share_token(); token && venue.spends_shares())
            add_approval(calls, view, *token, wallet.account(), venue.contract().account(), shares);
        venue.add_withdrawal(
            calls, WithdrawalOrder{&exchange, shares, std::vector<Amount>(exchange.tokens().size()),
                       wallet.account(), view.timestamp + order_lifetime});
        const auto first = Amount::from_double(state.first_money);
        const auto money = exchange.reserve(desk_.other());
        wallet.submit(std::move(calls), wallet.habitual_bid(), pull_tag,
            motive(wallet, money > first ? wrapping_sub(money, first) : Amount{}));
        return true;
    }

    /// All tokens that it has, and if it can make more, as many times the pool's as it was told;
    /// false if the pool would pay nothing.
    bool sell(WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto made = mintable_ != nullptr && mintable_->minter() == wallet.account()
                              ? part_of_pool()
                              : Amount{};
        const auto held = holding_of(view, desk_.token(), wallet.account());
        const auto amount = wrapping_add(held, made);
        const auto brings = desk_.quote(desk_.token(), amount);
        if (brings.is_zero())
            return false;
        CallWriter calls;
        if (!made.is_zero())
            calls.add(desk_.token(), contracts::Erc20Mint{wallet.account(), made});
        desk_.add_swap(calls, wallet, desk_.token(), amount, Amount{}, wallet.account());
        auto bid = wallet.habitual_bid();
        bid.extra_gas = desk_.extra_gas();
        wallet.submit(std::move(calls), bid, sell_tag, motive(wallet, brings));
        return true;
    }
    [[nodiscard]] Motive motive(const WalletContext& wallet, const Amount& stolen) const
    {
        return theft(Purpose::fraud, wallet, 0, desk_.other(), stolen);
    }
    [[nodiscard]] Amount part_of_pool() const
    {
        return Amount::from_double(desk_.exchange().reserve(desk_.token()).to_double() * mints_);
    }

    PairDesk desk_;
    const contracts::Erc20* mintable_;          // nullptr: of another kind.
    const contracts::AccountFreezer* freezer_;  // nullptr: nobody can freeze its holders.
    std::shared_ptr<const GroupAccounts> groups_;
    const std::vector<AccountId>* victims_;  // Of *groups_.
    double growth_;
    double mints_;
    std::int64_t every_ms_;
};

std::string check_exchange(const Parameters& parameters, const World& world)
{
    return check_pair(parameters, world, "token");
}

}  // namespace

const StrategyType& rug_puller_strategy()
{
    static const StrategyType type{.name = "rug_puller",
        .purpose = Purpose::fraud,
        .help =
            "Waits for buyers of its token, whom it may freeze, then takes the pool's money: by "
            "its shares of the pool, and by tokens that it has or makes.",
        .parameters =
            {
                contracts::contract_parameter(
                    "exchange", Exchange::sector, "The pool of its token and money."),
                {"token", ParameterKind::token, "", {}, "Its token."},
                {"growth", ParameterKind::number, "3", {},
                    "It acts when the pool has this many times the money of the start.", 1, 1e6},
                {"patience", ParameterKind::distribution, "172_800", unit::seconds,
                    "Or when this has passed.", 0},
                {"mints", ParameterKind::number, "100", {},
                    "What it makes and sells, if it can: so many times the pool's.", 0, 1e6},
                {"every", ParameterKind::duration, "\"2m\"", {}, "How often it looks.", 1'000},
                {"victims", ParameterKind::group, "\"\"", {},
                    "Whom it freezes once they have its token, if it may; empty: nobody."},
            },
        .create = create_strategy<RugPuller>,
        .validate_in = check_exchange};
    return type;
}

}  // namespace runnel::strategies
