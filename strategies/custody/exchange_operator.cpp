#include "contracts/kit/sectors/custodian.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::Custodian;

/// What a transaction was for, as its tag says.
enum class Job : std::uint8_t
{
    none,
    credit,
    sweep,
    pay,
    reject,
    wallets,
    misstate,
    report,
    publish,
};

struct WalletState
{
    std::uint64_t credited_at = 0;  // Unix seconds,
    std::uint64_t swept_at = 0;     // likewise,
    std::uint64_t paid_at = 0;      // likewise,
    std::uint64_t reported_at = 0;  // likewise.
    std::uint32_t misstated = 0;    // Customers up to here are told of as they shall be.
    std::uint16_t batch = 0;        // The most that it pays at a time now.
    std::uint32_t token = 0;        // Position of the one that it paid last.
    bool must_reject = false;       // What waits longest cannot be paid.
    Refusals refusals;
    RUNNEL_FIELDS((credited_at, unix_seconds), (swept_at, unix_seconds), (paid_at, unix_seconds),
        (reported_at, unix_seconds), misstated, batch, token, must_reject, refusals);
};

/// Runs a custodian: credits what has come in, pays withdrawals in batches, sweeps now and then,
/// keeps a share of the coins in the hot wallet, takes down the books and publishes what it owes.
///
/// One transaction at a time. A batch that is refused is tried again at half its size; what alone
/// cannot be paid is rejected, so that one bad withdrawal does not stop those behind it.
class ExchangeOperator : public StatefulStrategy<WalletState>
{
public:
    ExchangeOperator(const Parameters& parameters, const WalletGroup& wallets)
      : custodian_{*contracts::find_custodian(*wallets.world, parameters.contract("exchange"))},
        look_ms_{parameters.duration_ms("credit_every")},
        sweep_seconds_{seconds(parameters, "sweep_every")},
        batch_seconds_{seconds(parameters, "batch_every")},
        report_seconds_{seconds(parameters, "report_every")},
        batch_{static_cast<std::uint16_t>(parameters.integer("batch"))},
        hot_share_{parameters.number("hot_share")},
        hot_band_{parameters.number("hot_band")},
        omitted_share_{parameters.number("omitted_share")},
        seed_{wallets.seed},
        stream_{wallets.stream}
    {
        states_.resize(wallets.accounts.size());
        for (auto& state : states_)
            state.batch = batch_;
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        const auto later = view.block_number + view.blocks_of_ms(look_ms_);
        if (wallet.pending() > 0)
            return view.block_number + 1;
        CallWriter calls;
        std::uint64_t extra_gas = 0;
        const auto job = next_job(state, view, calls, extra_gas);
        if (job == Job::none)
            return later;
        auto bid = wallet.habitual_bid();
        bid.extra_gas += extra_gas;
        Motive motive;
        motive.purpose = job == Job::misstate ? Purpose::fraud : Purpose::upkeep;
        wallet.submit(std::move(calls), bid, static_cast<std::uint64_t>(job), motive);
        return view.block_number + 1;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        const bool succeeded = outcome.kind == TransactionOutcome::Kind::succeeded;
        if (outcome.tag == static_cast<std::uint64_t>(Job::pay))
        {
            if (succeeded)
                state.batch = batch_;
            else if (outcome.kind == TransactionOutcome::Kind::reverted)
            {
                state.must_reject = state.batch == 1;
                state.batch = std::max<std::uint16_t>(1, state.batch / 2);
                state.paid_at = 0;  // At once.
            }
        }
        else if (outcome.tag == static_cast<std::uint64_t>(Job::reject))
            state.must_reject = false;
        return false;
    }

private:
    static std::uint64_t seconds(const Parameters& parameters, std::string_view name)
    {
        return static_cast<std::uint64_t>(parameters.duration_ms(name)) / 1'000;
    }

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.batch >= 1 && state.batch <= batch_ &&
               state.token < custodian_.tokens().size() && state.refusals.is_possible();
    }

    Job next_job(WalletState& state, const WorldView& view, CallWriter& calls,
        std::uint64_t& extra_gas) const
    {
        if (state.must_reject)
        {
            const auto stuck = custodian_.next_withdrawal(custodian_.tokens()[state.token]);
            if (stuck)
            {
                custodian_.add_reject(calls, *stuck);
                return Job::reject;
            }
            state.must_reject = false;
        }
        // Every so often: deposits that come in all the time must not keep it from all else.
        if (view.timestamp >= state.credited_at + look_seconds())
        {
            if (credit(calls))
                return Job::credit;
            state.credited_at = view.timestamp;
        }
        const auto statement = state_books(state, view, calls);
        if (statement != Job::none)
            return statement;
        if (balance_wallets(view, calls))
            return Job::wallets;
        if (view.timestamp >= state.paid_at + batch_seconds_ && pay(state, calls, extra_gas))
        {
            state.paid_at = view.timestamp;
            return Job::pay;
        }
        if (view.timestamp >= state.swept_at + sweep_seconds_)
        {
            if (sweep(calls, extra_gas))
                return Job::sweep;
            state.swept_at = view.timestamp;
        }
        return Job::none;
    }

    [[nodiscard]] std::uint64_t look_seconds() const noexcept
    {
        return static_cast<std::uint64_t>(look_ms_) / 1'000;
    }

    /// The customers of whom @p wanted holds, as many as a call takes.
    template <typename Wanted>
    [[nodiscard]] std::vector<std::uint32_t> some_customers(Wanted&& wanted) const
    {
        std::vector<std::uint32_t> found;
        const auto count = custodian_.customers();
        for (std::uint32_t k = 0; k < count && found.size() < custodian_.batch_max(); ++k)
        {
            if (wanted(k))
                found.push_back(k);
        }
        return found;
    }

    [[nodiscard]] bool credit(CallWriter& calls) const
    {
        for (const auto token : custodian_.tokens())
        {
            const auto found = some_customers([&](std::uint32_t customer)
                { return !custodian_.uncredited(customer, token).is_zero(); });
            if (found.empty())
                continue;
            custodian_.add_credit(calls, token, found);
            return true;
        }
        return false;
    }

    [[nodiscard]] bool sweep(CallWriter& calls, std::uint64_t& extra_gas) const
    {
        for (const auto token : custodian_.tokens())
        {
            if (custodian_.wallets(token).unswept.is_zero())
                continue;
            const auto found = some_customers([&](std::uint32_t customer)
                { return !custodian_.unswept(customer, token).is_zero(); });
            custodian_.add_sweep(calls, token, found);
            extra_gas = custodian_.sweep_gas(found.size()).extra;
            return true;
        }
        return false;
    }

    [[nodiscard]] bool pay(WalletState& state, CallWriter& calls, std::uint64_t& extra_gas) const
    {
        const auto& tokens = custodian_.tokens();
        for (std::size_t k = 0; k < tokens.size(); ++k)
        {
            const auto at = (state.token + 1 + k) % tokens.size();
            const auto token = tokens[at];
            const auto first = custodian_.next_withdrawal(token);
            if (!first)
                continue;
            const auto request = custodian_.withdrawal(*first);
            if (custodian_.wallets(token).hot < wrapping_sub(request->amount, request->fee))
                continue;
            const auto count = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(custodian_.withdrawals_waiting(token), state.batch));
            custodian_.add_pay(calls, token, count);
            extra_gas = custodian_.pay_gas(count).extra;
            state.token = static_cast<std::uint32_t>(at);
            return true;
        }
        return false;
    }

    /// The hot wallet shall have its share of all coins, and what waits to be paid.
    [[nodiscard]] bool balance_wallets(const WorldView& view, CallWriter& calls) const
    {
        for (const auto token : custodian_.tokens())
        {
            if (!custodian_.refill(token).is_zero())
            {
                if (view.timestamp < custodian_.refill_ready_at(token))
                    continue;
                custodian_.add_refill(calls, token);
                return true;
            }
            const auto wallets = custodian_.wallets(token);
            const auto waiting = custodian_.withdrawals_waiting_amount(token);
            const auto share = to_units(wallets.total().to_double() * hot_share_, 0);
            const auto target = wrapping_add(share, waiting);
            const auto high = wrapping_add(target, to_units(share.to_double() * hot_band_, 0));
            const auto low = wrapping_sub(target, to_units(share.to_double() * hot_band_, 0));
            if (wallets.hot > high)
            {
                custodian_.add_move_to_cold(calls, token, wrapping_sub(wallets.hot, target));
                return true;
            }
            if (wallets.hot < low && !wallets.cold.is_zero())
            {
                custodian_.add_request_refill(
                    calls, token, std::min(wallets.cold, wrapping_sub(target, wallets.hot)));
                return true;
            }
        }
        return false;
    }

    /// Takes the books down, and publishes what they say in the next transaction.
    Job state_books(WalletState& state, const WorldView& view, CallWriter& calls) const
    {
        if (report_seconds_ == 0 || custodian_.customers() == 0)
            return Job::none;
        const auto report = custodian_.report();
        bool is_unpublished = false;
        for (const auto token : custodian_.tokens())
        {
            if (report == 0 || custodian_.statement(token).report == report)
                continue;
            const auto leaves = contracts::statement_leaves(*view.world, custodian_, token);
            if (const auto root = merkle_sum_root(leaves))
            {
                custodian_.add_publish(calls, token, *root, leaves.size());
                is_unpublished = true;
            }
        }
        if (is_unpublished)
            return Job::publish;
        if (state.reported_at == 0)
            state.reported_at = view.timestamp;  // The first one when there is something to tell.
        if (view.timestamp < state.reported_at + report_seconds_)
            return Job::none;
        if (misstate(state, calls))
            return Job::misstate;
        state.reported_at = view.timestamp;
        custodian_.add_take_report(calls);
        return Job::report;
    }

    /// Leaves a share of the customers out of what is published from now on.
    [[nodiscard]] bool misstate(WalletState& state, CallWriter& calls) const
    {
        static const auto stream = stream_of_name("omitted");
        const auto before = state.misstated;
        const auto end = std::min<std::uint32_t>(
            custodian_.customers(), before + static_cast<std::uint32_t>(custodian_.batch_max()));
        if (omitted_share_ <= 0 || before >= end)
            return false;
        bool any = false;
        for (; state.misstated < end; ++state.misstated)
        {
            RandomStream random{seed_, stream_ ^ stream, state.misstated, 0};
            if (!random.bernoulli(omitted_share_))
                continue;
            for (const auto token : custodian_.tokens())
                custodian_.add_misstate(calls, state.misstated, token, std::nullopt);
            any = true;
        }
        return any || misstate(state, calls);
    }

    const Custodian& custodian_;
    std::int64_t look_ms_;
    std::uint64_t sweep_seconds_;
    std::uint64_t batch_seconds_;
    std::uint64_t report_seconds_;
    std::uint16_t batch_;
    double hot_share_;
    double hot_band_;
    double omitted_share_;
    std::uint64_t seed_;
    std::uint64_t stream_;
};

}  // namespace

const StrategyType& exchange_operator_strategy()
{
    static const StrategyType type{.name = "exchange_operator",
        .purpose = Purpose::upkeep,
        .help =
            "Runs a custodial exchange: credits, sweeps, pays in batches, keeps hot and cold "
            "wallet, publishes reserves.",
        .parameters =
            {
                {.name = "exchange",
                    .kind = ParameterKind::contract,
                    .default_value = "",
                    .unit = {},
                    .help = "The exchange whose operator it is.",
                    .contract_kind = Custodian::sector},
                {"credit_every", ParameterKind::duration, "\"10m\"", {},
                    "How often it looks at deposit addresses: how long a deposit takes.", 1'000},
                {"sweep_every", ParameterKind::duration, "\"6h\"", {},
                    "From one sweep of deposit addresses to the next.", 1'000},
                {"batch_every", ParameterKind::duration, "\"30m\"", {},
                    "From one batch of withdrawals to the next.", 1'000},
                {"batch", ParameterKind::integer, "32", unit::other("withdrawals"),
                    "The most that it pays at a time.", 1, 256},
                {"hot_share", ParameterKind::number, "0.1", {},
                    "Share of all coins that the hot wallet shall have, beside what waits to be "
                    "paid.",
                    0, 1},
                {"hot_band", ParameterKind::number, "0.5", {},
                    "How far the hot wallet may be from that, as a share of it.", 0, 1},
                {"report_every", ParameterKind::duration, "\"24h\"", {},
                    "From one statement of reserves to the next; 0: none.", 0},
                {"omitted_share", ParameterKind::number, "0", {},
                    "Share of the customers that its statements leave out; above 0 it is "
                    "dishonest.",
                    0, 1},
            },
        .create = create_strategy<ExchangeOperator>};
    return type;
}

}  // namespace runnel::strategies
