#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

struct MerchantState
{
    Refusals refusals;
    RUNNEL_FIELDS(refusals);
};

/// Takes payments, and once per settlement interval pays a share of what it holds to suppliers,
/// whom it picks among a group.
class Merchant : public StatefulStrategy<MerchantState>
{
public:
    Merchant(const Parameters& parameters, const WalletGroup& wallets)
      : token_{parameters.token("token")},
        settle_ms_{parameters.duration_ms("settle_every")},
        share_{parameters.number("settle_share")},
        wallets_{wallets}
    {
        for (const auto& [name, accounts] : *wallets.groups)
        {
            if (name == parameters.text("suppliers"))
                suppliers_ = &accounts;
        }
        decimals_ = decimals_of(*wallets.world, token_);
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t position) override
    {
        // Spread over the first interval, so that merchants do not all settle at once.
        const auto blocks =
            std::max<std::int64_t>(1, settle_ms_ / (std::int64_t{wallets_.slot_seconds} * 1000));
        static const auto stream = stream_of_name("first_settlement");
        RandomStream random{
            wallets_.seed, wallets_.stream ^ stream, wallets_.first_number + position, 0};
        return 1 + random.uniform_below(static_cast<std::uint64_t>(blocks));
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        if (states_[position].refusals.is_silent())
            return never;
        const auto next = wallet.view().block_number + wallet.view().blocks_of_ms(settle_ms_);
        if (wallet.pending() > 0 || suppliers_ == nullptr || suppliers_->empty())
            return next;
        const auto supplier = (*suppliers_)[wallet.random().uniform_below(suppliers_->size())];
        const auto held = holding_of(wallet.view(), token_, wallet.account());
        const auto value = to_units(to_whole(held, decimals_) * share_, decimals_);
        if (value.is_zero() || supplier == wallet.account())
            return next;
        CallWriter calls;
        add_payment(calls, token_, supplier, value);
        wallet.submit(std::move(calls), wallet.habitual_bid());
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const MerchantState& state, const MerchantState&) const override
    {
        return state.refusals.is_possible();
    }

    ContractId token_;
    std::int64_t settle_ms_;
    double share_;
    std::uint8_t decimals_ = 18;
    WalletGroup wallets_;
    const std::vector<AccountId>* suppliers_ = nullptr;  // Of wallets_.groups.
};

/// Holds what it has and does nothing.
class Holder : public StatelessStrategy
{
public:
    std::uint64_t first_block(std::size_t) override { return never; }
    std::uint64_t decide(std::size_t, WalletContext&) override { return never; }
    bool learn(std::size_t, const TransactionOutcome&) override { return false; }
};

}  // namespace

const StrategyType& merchant_strategy()
{
    static const StrategyType type{.name = "merchant",
        .purpose = Purpose::payment,
        .help = "Takes payments and settles a share of its holdings with suppliers regularly.",
        .parameters =
            {
                {"token", ParameterKind::token, "", {}, "What it is paid in."},
                {"settle_every", ParameterKind::duration, "\"24h\"", {},
                    "Time between settlements.", 1},
                {"settle_share", ParameterKind::number, "0.8", {},
                    "Share of its holdings that a settlement pays out.", 0, 1},
                {"suppliers", ParameterKind::group, "\"\"", {},
                    "Name of the group it pays; empty: it keeps everything."},
            },
        .create = create_strategy<Merchant>};
    return type;
}

const StrategyType& holder_strategy()
{
    static const StrategyType type{.name = "holder",
        .help = "Holds what it was given and never acts.",
        .parameters = {},
        .create = [](const Parameters&, const WalletGroup&) -> std::unique_ptr<Strategy>
        { return std::make_unique<Holder>(); },
        .is_passive = true};
    return type;
}

}  // namespace runnel::strategies
