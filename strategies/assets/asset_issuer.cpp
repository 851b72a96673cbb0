#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/marketplace.hpp"
#include "contracts/kit/sectors/share_asset.hpp"
#include "strategies/assets/shares.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::MarketListing;
using contracts::Marketplace;
using contracts::SaleKind;
using contracts::ShareAsset;

struct WalletState
{
    std::uint64_t pays_at = 0;  // The next of what the asset earns.
    Refusals refusals;
    RUNNEL_FIELDS((pays_at, block_number), refusals);
};

/// Brings an asset to the market and looks after it: sells shares in a Dutch auction, makes
/// investors known who ask for it, pays out what the asset earns, regularly, and sells what it has
/// left to a tender that is high enough.
class AssetIssuer : public ShareStrategy<WalletState>
{
public:
    AssetIssuer(const Parameters& parameters, const WalletGroup& wallets)
      : ShareStrategy{parameters, wallets},
        market_{*contracts::find_marketplace(*wallets.world, parameters.contract("market"))},
        sale_share_{parameters.number("sale_share")},
        start_factor_{parameters.number("start_factor")},
        end_factor_{parameters.number("end_factor")},
        tender_factor_{parameters.number("tender_factor")},
        sale_after_ms_{parameters.duration_ms("sale_after")},
        sale_lasts_ms_{parameters.duration_ms("sale_lasts")},
        income_{parameters.distribution("income")},
        income_every_ms_{parameters.duration_ms("income_every")},
        batch_{static_cast<std::size_t>(parameters.integer("batch"))}
    {}

    std::uint64_t first_block(std::size_t) override { return 1; }

private:
    static constexpr double claim_min_usd = 1;

    std::uint64_t look(
        std::size_t, WalletState& state, CallWriter& calls, WalletContext& wallet) override
    {
        sell(calls, wallet);
        make_known(calls, wallet);
        pay(state, calls, wallet);
        // Of what it has paid out a part is its own.
        add_claim(calls, asset_, wallet.view(), wallet.account(), claim_min_usd);
        leave(calls, wallet);
        return 0;
    }

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.refusals.is_possible();
    }

    void make_known(CallWriter& calls, const WalletContext& wallet) const
    {
        if (asset_.agent() != wallet.account())
            return;
        for (const auto investor : asset_.applicants(batch_))
            asset_.add_registration(calls, investor);
    }

    /// Its first listing is the sale.
    void sell(CallWriter& calls, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto me = wallet.account();
        if (market_.next_number(me) > 1 || view.now_ms < sale_after_ms_ || !(sale_share_ > 0))
            return;
        const auto held = to_whole(shares_of(wallet), share_decimals_);
        const auto asked = share_price(view);
        const auto sold = to_units(held * sale_share_, share_decimals_);
        if (sold.is_zero() || !(asked > 0))
            return;
        const auto worth = [&](double factor)
        { return to_units(held * sale_share_ * asked * factor, currency_decimals_); };
        add_approval(calls, view, token_, me, market_.contract().account(), sold);
        MarketListing listing;
        listing.kind = SaleKind::dutch_auction;
        listing.token = token_;
        listing.amount = sold;
        listing.currency = currency_;
        listing.start_price = worth(start_factor_);
        listing.end_price = worth(end_factor_);
        listing.ends = view.timestamp + static_cast<std::uint64_t>(sale_lasts_ms_) / 1'000;
        market_.add_listing(calls, listing);
    }

    /// What it has left goes to a tender that is high enough.
    void leave(CallWriter& calls, const WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto price_min = share_price(view) * tender_factor_;
        add_answer(calls, asset_, answer_to_tender(asset_, view, wallet.account(), price_min),
            wallet.account(), shares_of(wallet));
    }

    /// A payment that is refused is not made up for.
    void pay(WalletState& state, CallWriter& calls, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        if (state.pays_at == 0)
            state.pays_at = view.block_number + view.blocks_of_ms(income_every_ms_);
        if (view.block_number < state.pays_at)
            return;
        state.pays_at += view.blocks_of_ms(income_every_ms_);
        const auto usd = income_.draw(wallet.random());
        const auto currency_usd = reference_usd(view, currency_);
        if (!(currency_usd > 0))
            return;
        const auto income =
            std::min(to_units(usd / currency_usd, currency_decimals_), money_of(wallet));
        if (income.is_zero())
            return;
        add_approval(calls, view, currency_, wallet.account(), asset_.contract().account(), income);
        asset_.add_distribution(calls, income);
    }

    const Marketplace& market_;
    double sale_share_;
    double start_factor_;
    double end_factor_;
    double tender_factor_;
    std::int64_t sale_after_ms_;
    std::int64_t sale_lasts_ms_;
    Distribution income_;
    std::int64_t income_every_ms_;
    std::size_t batch_;
};

}  // namespace

const StrategyType& asset_issuer_strategy()
{
    static const StrategyType type{.name = "asset_issuer",
        .purpose = Purpose::upkeep,
        .help = "Sells shares of an asset, makes investors known, pays out what the asset earns.",
        .parameters =
            {
                contracts::token_parameter(
                    "asset", ShareAsset::sector, "The asset, whose shares it has."),
                contracts::contract_parameter(
                    "market", Marketplace::sector, "Where it sells shares."),
                {"sale_share", ParameterKind::number, "0.8", {},
                    "What it sells of its shares; 0: none.", 0, 1},
                {"start_factor", ParameterKind::number, "1.5", {},
                    "Price of a share at the auction's start, over its reference price.", 0, 1e6},
                {"end_factor", ParameterKind::number, "0.6", {}, "The same at its end.", 0, 1e6},
                {"tender_factor", ParameterKind::number, "1.2", {},
                    "What it wants of a tender for a share that it has left, over its reference "
                    "price.",
                    0, 1e6},
                {"sale_after", ParameterKind::duration, "\"1d\"", {},
                    "From the start to the auction."},
                {"sale_lasts", ParameterKind::duration, "\"5d\"", {}, "How long it lasts.", 60'000},
                {"income", ParameterKind::distribution, "{ log_normal = [7.5, 0.4] }", unit::usd,
                    "What the asset earns each time.", 0, 1e12},
                {"income_every", ParameterKind::duration, "\"30d\"", {}, "How often.", 60'000},
                {"looks_every", ParameterKind::duration, "\"1d\"", {},
                    "How often it looks after all this.", 1'000},
                {"batch", ParameterKind::integer, "20", {},
                    "The most investors that it makes known at a time.", 1, 200},
            },
        .create = create_strategy<AssetIssuer>};
    return type;
}

}  // namespace runnel::strategies
