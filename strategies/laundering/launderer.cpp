#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/bridge.hpp"
#include "contracts/kit/sectors/custodian.hpp"
#include "contracts/kit/sectors/wrapped_coin.hpp"
#include "ledger/portable_math.hpp"
#include "state/world.hpp"
#include "strategies/laundering/notes.hpp"
#include "strategies/market/routes.hpp"
#include "strategies/strategies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace runnel::strategies
{
namespace
{

using contracts::Bridge;
using contracts::Custodian;
using contracts::Mixer;

struct LaundererState
{
    std::uint64_t acts_at = never;  // Once it has seen money,
    bool has_peeled = false;        // of which it has paid the small part,
    std::uint32_t chain = 0;        // or that goes to the next chain.
    std::uint32_t mule = 0;         // Whom the next notes are for,
    std::uint32_t burst = 0;        // and how many more.
    std::uint32_t legs = 0;         // Swaps that it still makes, and one; 0: not drawn yet.
    std::uint8_t custodian = 0;     // Of the list, where it sells.
    std::uint8_t shut_out = 0;      // By how many of them.
    std::vector<HeldNote> notes;
    Refusals refusals;
    RUNNEL_FIELDS((acts_at, block_number), has_peeled, chain, mule, burst, legs, custodian,
        shut_out, notes, refusals);
};

/// A thief's addresses. The group's first wallet is where what is stolen arrives; the next ones are
/// the hops of several chains; the rest are addresses that end up with parts of it and sell them.
///
///     0                    turns what can be frozen into native coins, and sends chunks on
///     hop h of chain c     peels a little off to a mule and passes the rest on, some of it over a
///                          bridge; the last hop of a chain pays it into mixers, in the largest
///                          notes
///     mules                swap some of it to and fro, and sell it at custodians in pieces just
///                          below the amount that these have to report; they take the money out
///
/// Notes come out to mules, some to each, by relayers.
class Launderer : public StatefulStrategy<LaundererState>
{
public:
    Launderer(const Parameters& parameters, const WalletGroup& wallets)
      : desk_{parameters, wallets},
        swaps_{*wallets.world, optional_contract(parameters, "router")},
        coin_{parameters.token("coin")},
        wrapped_{dynamic_cast<const contracts::WrappedCoin*>(wallets.world->find_contract(coin_))},
        tokens_{parameters.contracts("tokens")},
        chains_{static_cast<std::uint32_t>(parameters.integer("chains"))},
        hops_{static_cast<std::uint32_t>(parameters.integer("hops"))},
        chunk_{parameters.distribution("chunk")},
        peel_{parameters.distribution("peel")},
        gap_{parameters.distribution("gap")},
        burst_{parameters.distribution("burst")},
        mix_wait_{parameters.distribution("mix_wait")},
        withdraw_gap_{parameters.distribution("withdraw_gap")},
        relayed_share_{parameters.number("relayed_share")},
        legs_max_{static_cast<std::uint32_t>(parameters.integer("legs_max"))},
        slippage_{parameters.number("slippage")},
        threshold_usd_{parameters.number("threshold_usd")},
        piece_{parameters.distribution("piece")},
        otc_share_{parameters.number("otc_share")},
        buyers_{find_group(*wallets.groups, parameters.text("buyers"))},
        bridge_{optional_contract(parameters, "bridge")},
        bridge_share_{parameters.number("bridge_share")},
        reserve_{to_units(parameters.number("reserve"), 18)},
        incident_{static_cast<std::uint64_t>(parameters.integer("incident"))},
        groups_{wallets.groups},
        gang_{find_group(*wallets.groups, wallets.name)},
        slot_seconds_{wallets.slot_seconds},
        size_{static_cast<std::uint32_t>(std::max(wallets.group_size, wallets.accounts.size()))}
    {
        // A small group has fewer hops and chains, and a mule always.
        if (size_ >= 3)
        {
            hops_ = std::min(hops_, size_ - 2);
            chains_ = std::min(chains_, (size_ - 2) / hops_);
        }
        else
            chains_ = 0;
        for (const auto id : parameters.contracts("custodians"))
            custodians_.push_back(contracts::find_custodian(*wallets.world, id));
        states_.resize(wallets.accounts.size());
    }

    /// They look every now and then whether something has come.
    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent() || chains_ == 0)
            return never;
        const auto noted = desk_.tend(state.notes, wallet, withdrawing,
            [&](const HeldNote& held)
            {
                const auto& mixer = view.state<Mixer>(held.mixer);
                return motive(Purpose::laundering, mixer.token(), mixer.denomination());
            });
        if (!has_money(wallet))
            state.acts_at = never;
        else if (state.acts_at == never)
            state.acts_at = view.block_number + gap(wallet);
        if (state.acts_at <= view.block_number && wallet.pending() == 0)
        {
            state.acts_at = view.block_number + gap(wallet);
            act(state, wallet);
        }
        // Who waits for money looks now and then.
        const auto looks = view.block_number + view.blocks_of_ms(look_ms);
        return std::min({noted, std::max(state.acts_at, view.block_number + 1), looks});
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        return false;
    }

private:
    static constexpr std::uint64_t moving = 0;
    static constexpr std::uint64_t withdrawing = 1;
    static constexpr std::uint64_t wrapping_gas = 10'000;
    static constexpr std::int64_t look_ms = 300'000;

    [[nodiscard]] bool is_valid(const LaundererState& state, const LaundererState&) const override
    {
        return state.chain < std::max(chains_, 1U) && state.mule < size_ &&
               state.legs <= legs_max_ + 1 &&
               state.custodian < std::max<std::size_t>(custodians_.size(), 1) &&
               state.shut_out <= custodians_.size() && desk_.are_possible(state.notes) &&
               state.refusals.is_possible();
    }

    // ---- Who is who ----

    [[nodiscard]] std::uint32_t first_mule() const noexcept { return 1 + chains_ * hops_; }
    [[nodiscard]] AccountId member(std::uint32_t number) const { return (*gang_)[number]; }
    /// The first half of the mules get what is peeled off, the others notes: who got both would
    /// join what the mixer has parted.
    [[nodiscard]] std::uint32_t draw_mule(RandomStream& random, bool for_notes) const
    {
        const auto mules = size_ - first_mule();
        const auto peeled = (mules + 1) / 2;
        const auto first = for_notes && mules > peeled ? peeled : 0;
        const auto count = for_notes && mules > peeled ? mules - peeled : peeled;
        return first_mule() + first + static_cast<std::uint32_t>(random.uniform_below(count));
    }
    /// What is stolen is the first wallet's from the first step to the last.
    [[nodiscard]] Motive motive(Purpose purpose, ContractId token, const Amount& amount) const
    {
        return {purpose, incident_ != 0 ? incident_ : incident_of(member(0), 0), token, amount,
            member(0)};
    }
    [[nodiscard]] std::uint64_t gap(WalletContext& wallet) const
    {
        const auto seconds = std::clamp(gap_.draw(wallet.random()), 0.0, 1e9);
        return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(seconds / slot_seconds_));
    }

    // ---- What it has ----

    [[nodiscard]] Amount coins(WalletContext& wallet) const
    {
        const auto& held = wallet.view().account(wallet.account()).balance;
        return held > reserve_ ? wrapping_sub(held, reserve_) : Amount{};
    }
    [[nodiscard]] bool has_money(WalletContext& wallet) const
    {
        if (!coins(wallet).is_zero())
            return true;
        const auto has = [&](ContractId token)
        { return !holding_of(wallet.view(), token, wallet.account()).is_zero(); };
        return has(coin_) || std::any_of(tokens_.begin(), tokens_.end(), has) ||
               has_bridged(wallet) || (wallet.number() >= first_mule() && has_claim(wallet));
    }
    /// Whether a custodian has something for it that it can do something with.
    [[nodiscard]] bool has_claim(WalletContext& wallet) const
    {
        CallWriter calls;
        ContractId token{};
        Amount amount;
        return add_collection(calls, wallet, token, amount);
    }

    void act(LaundererState& state, WalletContext& wallet)
    {
        const auto number = wallet.number();
        if (number >= first_mule())
            return sell(state, wallet);
        if (leave_bridge(wallet))
            return;
        // What an issuer can freeze goes first.
        const auto swaps_out = [&](ContractId token) { return swap(wallet, token, coin_); };
        if (unwrap(wallet) || std::any_of(tokens_.begin(), tokens_.end(), swaps_out))
            return;
        const auto amount = coins(wallet);
        if (amount.is_zero())
            return;
        if (number == 0)
        {
            const auto chunk = to_units(chunk_.draw(wallet.random()), 18);
            pay(wallet, member(1 + state.chain * hops_), std::min(chunk, amount),
                Purpose::laundering);
            state.chain = (state.chain + 1) % chains_;
            return;
        }
        const auto hop = (number - 1) % hops_;
        if (!state.has_peeled && hop + 1 < hops_)
        {
            const auto share = std::clamp(peel_.draw(wallet.random()), 0.0, 0.5);
            state.has_peeled = true;
            pay(wallet, member(draw_mule(wallet.random(), false)),
                to_units(to_whole(amount, 18) * share, 18), Purpose::laundering);
            return;
        }
        state.has_peeled = false;
        if (hop + 1 == hops_)
            mix(state, wallet, amount);
        else if (!cross(wallet, member(number + 1), amount))
            pay(wallet, member(number + 1), amount, Purpose::laundering);
    }

    // ---- Over a bridge and back ----

    [[nodiscard]] bool has_bridged(WalletContext& wallet) const
    {
        if (!bridge_)
            return false;
        const auto& bridge = wallet.view().state<Bridge>(*bridge_);
        return !holding_of(wallet.view(), bridge.bridged_token(), wallet.account()).is_zero() ||
               expired(bridge, wallet).has_value();
    }
    /// The first transfer of its own that nobody has released in time.
    [[nodiscard]] static std::optional<std::uint64_t> expired(
        const Bridge& bridge, const WalletContext& wallet)
    {
        for (auto number = bridge.first_in_flight(); number < bridge.sent(); ++number)
        {
            const auto transfer = bridge.transfer(number);
            if (transfer.status == contracts::BridgeStatus::in_flight &&
                transfer.from == wallet.account() && wallet.view().timestamp >= transfer.expires_at)
                return number;
        }
        return std::nullopt;
    }
    void submit_crossing(
        WalletContext& wallet, CallWriter calls, const Bridge& bridge, const Amount& amount) const
    {
        wallet.submit(std::move(calls), wallet.habitual_bid(), moving,
            motive(Purpose::laundering, bridge.home_token(), amount));
    }

    /// Sends native coins to @p to on the other side, by chance. False: it does not.
    bool cross(WalletContext& wallet, AccountId to, const Amount& amount) const
    {
        if (!bridge_ || !wallet.random().bernoulli(bridge_share_))
            return false;
        const auto& bridge = wallet.view().state<Bridge>(*bridge_);
        if (bridge.home_token() != native_coin || bridge.is_paused() ||
            bridge.fee(amount) >= amount)
            return false;
        CallWriter calls;
        bridge.add_send(calls, false, to, amount);
        submit_crossing(wallet, std::move(calls), bridge, amount);
        return true;
    }
    /// Brings home what has come to it on the other side, and takes back what has expired.
    bool leave_bridge(WalletContext& wallet) const
    {
        if (!bridge_)
            return false;
        const auto& view = wallet.view();
        const auto& bridge = view.state<Bridge>(*bridge_);
        CallWriter calls;
        if (const auto number = expired(bridge, wallet))
        {
            bridge.add_refund(calls, *number);
            submit_crossing(wallet, std::move(calls), bridge, bridge.transfer(*number).amount);
            return true;
        }
        const auto held = holding_of(view, bridge.bridged_token(), wallet.account());
        if (held.is_zero() || bridge.is_paused() || bridge.fee(held) >= held)
            return false;
        add_approval(calls, view, bridge.bridged_token(), wallet.account(),
            bridge.contract().account(), held);
        bridge.add_send(calls, true, wallet.account(), held);
        submit_crossing(wallet, std::move(calls), bridge, held);
        return true;
    }

    /// @p extra_gas: for what a contract that is paid does.
    void pay(WalletContext& wallet, AccountId to, const Amount& amount, Purpose purpose,
        std::uint64_t extra_gas = 0) const
    {
        if (amount.is_zero())
            return;
        CallWriter calls;
        add_payment(calls, native_coin, to, amount);
        auto bid = wallet.habitual_bid();
        bid.extra_gas = extra_gas;
        wallet.submit(std::move(calls), bid, moving, motive(purpose, native_coin, amount));
    }

    /// Pays for the largest note that it can; what is too little for any goes to a mule.
    void mix(LaundererState& state, WalletContext& wallet, const Amount& amount) const
    {
        auto& random = wallet.random();
        const auto& mixers = desk_.mixers();
        const auto mixer = std::find_if(mixers.begin(), mixers.end(),
            [&](const Mixer* candidate)
            {
                return candidate->token() == native_coin && candidate->denomination() <= amount &&
                       desk_.can_deposit(*candidate, wallet);
            });
        if (mixer == mixers.end() || state.notes.size() == NoteDesk::notes_max)
            return pay(wallet, member(draw_mule(random, false)), amount, Purpose::laundering);
        if (state.burst == 0)
        {
            state.mule = draw_mule(random, true);
            state.burst = static_cast<std::uint32_t>(std::clamp(burst_.draw(random), 1.0, 1e3));
        }
        --state.burst;
        const auto wait = std::clamp(mix_wait_.draw(random), 0.0, 1e9) +
                          std::clamp(withdraw_gap_.draw(random), 0.0, 1e9) * state.burst;
        const auto due =
            wallet.view().block_number + 1 + static_cast<std::uint64_t>(wait / slot_seconds_);
        CallWriter calls;
        const auto& recipient = wallet.view().world->account(member(state.mule)).address;
        state.notes.push_back(desk_.add_deposit(
            calls, **mixer, wallet, recipient, due, random.bernoulli(relayed_share_)));
        wallet.submit(std::move(calls), wallet.habitual_bid(), moving,
            motive(Purpose::laundering, native_coin, (*mixer)->denomination()));
    }

    // ---- Exchanges ----

    bool unwrap(WalletContext& wallet) const
    {
        const auto held = holding_of(wallet.view(), coin_, wallet.account());
        if (wrapped_ == nullptr || held.is_zero())
            return false;
        CallWriter calls;
        wrapped_->add_unwrap(calls, held);
        wallet.submit(std::move(calls), wallet.habitual_bid(), moving,
            motive(Purpose::laundering, coin_, held));
        return true;
    }

    /// Sells the largest part of a token, halved down to a 64th, that exchanges take at no more
    /// than the slippage below the reference price.
    bool swap(WalletContext& wallet, ContractId from, ContractId to)
    {
        const auto& view = wallet.view();
        auto amount = holding_of(view, from, wallet.account());
        const auto from_usd = reference_usd(view, from);
        const auto to_usd = reference_usd(view, to);
        if (amount.is_zero() || from_usd <= 0 || to_usd <= 0)
            return false;
        const auto from_decimals = decimals_of(*view.world, from);
        const auto to_decimals = decimals_of(*view.world, to);
        for (int halvings = 0; halvings <= 6 && !amount.is_zero(); ++halvings)
        {
            const auto found = swaps_.best_swap(from, to, amount);
            const auto fair = to_whole(amount, from_decimals) * from_usd / to_usd;
            if (found && to_whole(found->amount_out, to_decimals) >= fair * (1 - slippage_))
            {
                CallWriter calls;
                const auto least = to_units(fair * (1 - slippage_), to_decimals);
                swaps_.add_swap(calls, view, found->route, amount, least, wallet.account(),
                    view.timestamp + 3'600);
                auto bid = wallet.habitual_bid();
                bid.extra_gas = swaps_.gas(found->route).extra;
                wallet.submit(
                    std::move(calls), bid, moving, motive(Purpose::laundering, from, amount));
                return true;
            }
            amount = div_down(amount, 2);
        }
        return false;
    }
    // ---- Where it ends ----

    /// One step of a mule: swaps to and fro, then a sale.
    void sell(LaundererState& state, WalletContext& wallet)
    {
        auto& random = wallet.random();
        const auto& view = wallet.view();
        for (const auto token : tokens_)
        {
            if (swap(wallet, token, coin_))
                return;
        }
        if (!holding_of(view, coin_, wallet.account()).is_zero())
        {
            if (state.legs > 1 && !tokens_.empty() &&
                swap(wallet, coin_, tokens_[random.uniform_below(tokens_.size())]))
                --state.legs;
            else
                (void)unwrap(wallet);
            return;
        }
        if (state.legs == 0 && !tokens_.empty())
        {
            state.legs = 1 + static_cast<std::uint32_t>(random.uniform_below(legs_max_ + 1));
            if (state.legs > 1)
                return pay(wallet, view.world->contract(coin_).account(), coins(wallet),
                    Purpose::laundering, wrapping_gas);
        }
        CallWriter calls;
        ContractId collected{};
        Amount amount;
        if (add_collection(calls, wallet, collected, amount))
        {
            wallet.submit(std::move(calls), wallet.habitual_bid(), moving,
                motive(Purpose::cash_out, collected, amount));
            return;
        }
        const auto price = reference_usd(view, native_coin);
        if (price <= 0)
            return;
        const auto share = std::clamp(piece_.draw(random), 0.01, 1.0);
        const auto piece = std::min(to_units(threshold_usd_ * share / price, 18), coins(wallet));
        if (buyers_ != nullptr && !buyers_->empty() && random.bernoulli(otc_share_))
        {
            return pay(wallet, (*buyers_)[random.uniform_below(buyers_->size())], piece,
                Purpose::cash_out);
        }
        deposit(state, wallet, piece);
    }

    /// Adds what it does next with what custodians have of its: it takes out the money, and sells
    /// coins for some. False if there is neither.
    bool add_collection(
        CallWriter& calls, WalletContext& wallet, ContractId& token, Amount& amount) const
    {
        const auto& view = wallet.view();
        for (const auto* listed : custodians_)
        {
            const auto& custodian = view.state<Custodian>(listed->contract().id());
            const auto customer = custodian.number_of(wallet.account());
            if (!customer || custodian.is_frozen(*customer))
                continue;
            const auto coins_there = custodian.balance(*customer, native_coin).available;
            for (const auto money : custodian.tokens())
            {
                if (money == native_coin || money == coin_)
                    continue;
                const auto minimum = std::max(custodian.withdrawal_minimum(money),
                    wrapping_add(custodian.withdrawal_fee(money), 1));
                token = money;
                amount = std::min(custodian.balance(*customer, money).available,
                    custodian.withdrawal_room(*customer, money, view.timestamp));
                if (amount >= minimum)
                {
                    custodian.add_withdraw(calls, money, amount, wallet.account());
                    return true;
                }
                const auto quote = custodian.quote_trade(native_coin, money, coins_there);
                if (quote && *quote >= minimum)
                {
                    token = native_coin;
                    amount = coins_there;
                    const auto slippage_bps = static_cast<std::uint32_t>(slippage_ * 10'000);
                    custodian.add_trade(
                        calls, native_coin, money, amount, min_amount_out(*quote, slippage_bps));
                    return true;
                }
            }
        }
        return false;
    }

    /// Pays a piece to a custodian, where it has an account; opens one first.
    void deposit(LaundererState& state, WalletContext& wallet, const Amount& piece) const
    {
        if (state.shut_out == custodians_.size())
            return;
        const auto& view = wallet.view();
        const auto& custodian =
            view.state<Custodian>(custodians_[state.custodian]->contract().id());
        const auto customer = custodian.number_of(wallet.account());
        if (!customer)
        {
            CallWriter calls;
            custodian.add_open(calls, *view.world, wallet.account(), draw_hash(wallet.random()));
            wallet.submit(std::move(calls), wallet.habitual_bid(), moving,
                motive(Purpose::cash_out, no_contract, {}));
            return;
        }
        if (custodian.is_frozen(*customer) ||
            !custodian.balance(*customer, native_coin).held.is_zero())
        {
            // It asks where that is from: gone, and the next one.
            ++state.shut_out;
            state.custodian =
                static_cast<std::uint8_t>((state.custodian + 1U) % custodians_.size());
            return;
        }
        pay(wallet, custodian.deposit_account(*customer), piece, Purpose::cash_out);
    }

    NoteDesk desk_;
    SwapDesk swaps_;
    ContractId coin_;
    const contracts::WrappedCoin* wrapped_;
    std::vector<ContractId> tokens_;
    std::uint32_t chains_;
    std::uint32_t hops_;
    Distribution chunk_;
    Distribution peel_;
    Distribution gap_;
    Distribution burst_;
    Distribution mix_wait_;
    Distribution withdraw_gap_;
    double relayed_share_;
    std::uint32_t legs_max_;
    double slippage_;
    double threshold_usd_;
    Distribution piece_;
    double otc_share_;
    const std::vector<AccountId>* buyers_;
    std::optional<ContractId> bridge_;
    double bridge_share_;
    Amount reserve_;
    std::uint64_t incident_;
    std::shared_ptr<const GroupAccounts> groups_;
    const std::vector<AccountId>* gang_;
    std::uint32_t slot_seconds_;
    std::uint32_t size_;
    std::vector<const Custodian*> custodians_;
};

}  // namespace

const StrategyType& launderer_strategy()
{
    static const StrategyType type{
        .name = "launderer",
        .purpose = Purpose::laundering,
        .help = "A thief's addresses: chains that peel, mixers, swaps, sales below a threshold.",
        .parameters = note_parameters({
            {"coin", ParameterKind::token, "", {},
                "The wrapped native coin, which exchanges trade."},
            {.name = "tokens",
                .kind = ParameterKind::tokens,
                .default_value = "[]",
                .unit = {},
                .help = "Turned into native coins where they arrive first; mules swap into them "
                        "and back."},
            {.name = "router",
                .kind = ParameterKind::contract,
                .default_value = "\"\"",
                .unit = {},
                .help = "The router it swaps through; none: it swaps nothing.",
                .contract_kind = Venue::sector},
            {"chains", ParameterKind::integer, "3", {}, "Chains side by side.", 1, 1'000},
            {"hops", ParameterKind::integer, "20", {},
                "Addresses in each; the last one mixes. What is left of the group are mules.", 1,
                1'000},
            {"chunk", ParameterKind::distribution, "{ uniform = [1000, 2000] }", unit::whole_tokens,
                "Native coins that enter a chain at a time.", 0},
            {"peel", ParameterKind::distribution,
                "{ log_normal = [-3.7, 0.5], min = 0.005, max = 0.1 }", {},
                "The share that a hop pays to a mule.", 0, 1},
            {"gap", ParameterKind::distribution,
                "{ log_normal = [6.6, 0.8], min = 180, max = 3600 }", unit::seconds,
                "From the arrival of money to the next step, and between steps.", 0},
            {"burst", ParameterKind::distribution, "{ uniform = [5, 21] }", unit::other("notes"),
                "Notes that are taken out to one mule.", 1},
            {"mix_wait", ParameterKind::distribution, "{ log_normal = [11.4, 1.0], min = 3600 }",
                unit::seconds, "From a deposit to its withdrawal.", 0},
            {"withdraw_gap", ParameterKind::distribution, "{ log_normal = [5.6, 1.7] }",
                unit::seconds, "Between the withdrawals of a burst.", 0},
            {"relayed_share", ParameterKind::number, "1", {},
                "Share of withdrawals that a relayer is asked for.", 0, 1},
            {"legs_max", ParameterKind::integer, "3", {},
                "The most swaps that a mule makes before it sells; drawn from 0 on.", 0, 100},
            {"slippage", ParameterKind::number, "0.03", {},
                "What a swap may lose against the reference prices.", 0, 1},
            {.name = "custodians",
                .kind = ParameterKind::contracts,
                .default_value = "[]",
                .unit = {},
                .help = "Where mules sell; one that holds what they bring or shuts them out is "
                        "left for the next.",
                .contract_kind = Custodian::sector},
            {"threshold_usd", ParameterKind::number, "10000", unit::other("USD"),
                "What custodians have to report.", 0, 1e12},
            {"piece", ParameterKind::distribution, "{ uniform = [0.9, 0.99] }", {},
                "Each sale, as a share of the threshold.", 0, 1},
            {"otc_share", ParameterKind::number, "0", {},
                "Share of sales to people who pay outside the chain.", 0, 1},
            {"buyers", ParameterKind::group, "\"\"", {}, "Who these are; empty: nobody."},
            {.name = "bridge",
                .kind = ParameterKind::contract,
                .default_value = "\"\"",
                .unit = {},
                .help = "A bridge of native coins that hops are made over, and back from.",
                .contract_kind = Bridge::sector},
            {"bridge_share", ParameterKind::number, "0.25", {},
                "Share of hops that go over the bridge.", 0, 1},
            {"reserve", ParameterKind::number, "0.5", unit::whole_tokens,
                "Native coins that each address keeps for gas.", 0, 1e9},
            {"incident", ParameterKind::integer, "0", {},
                "Of the theft, for the record of motives; 0: the first wallet's own.", 0, 1e15},
        }),
        .create = create_strategy<Launderer>,
    };
    return type;
}

}  // namespace runnel::strategies
