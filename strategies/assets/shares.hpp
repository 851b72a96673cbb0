#pragma once

#include "contracts/kit/sectors/marketplace.hpp"
#include "contracts/kit/sectors/share_asset.hpp"
#include "strategies/api/strategy.hpp"
#include "strategies/market/common.hpp"

#include <cstdint>
#include <optional>
#include <vector>

/// What everybody who has shares of an asset does alike.
namespace runnel::strategies
{

enum class TenderAnswer : std::uint8_t
{
    none,
    accept,
    redeem,  // It is bought out.
};
/// What a holder has to say to the asset's tender, if there is one. @p price_min is what he wants
/// for a whole share, in whole units of the asset's currency; 0: he does not know.
[[nodiscard]] TenderAnswer answer_to_tender(
    const contracts::ShareAsset& asset, const WorldView& view, AccountId holder, double price_min);
/// Adds the call by which he gives @p shares that he then has, or none.
void add_answer(CallWriter& calls, const contracts::ShareAsset& asset, TenderAnswer answer,
    AccountId holder, const Amount& shares);

/// Adds the withdrawal of what a holder's shares have earned, if it is worth @p usd_min at least.
void add_claim(CallWriter& calls, const contracts::ShareAsset& asset, const WorldView& view,
    AccountId holder, double usd_min);

/// Asks to be known to the asset, once; returns whether @p holder is.
[[nodiscard]] bool is_known(
    CallWriter& calls, const contracts::ShareAsset& asset, AccountId holder);

/// The Dutch auctions of a token on a marketplace that are not over.
///
/// Listings are never taken off the list of all that there have been: each is looked at once, and
/// then only those that may still be bought from.
class OpenAuctions
{
public:
    struct Auction
    {
        contracts::ListingRef ref;
        contracts::MarketListing listing;
    };

    OpenAuctions(const contracts::Marketplace& market, ContractId token)
      : market_{market}, token_{token}
    {}

    /// The first listed of those that are open in the block of this view.
    [[nodiscard]] std::optional<Auction> first(const WorldView& view);

private:
    const contracts::Marketplace& market_;
    ContractId token_;
    std::uint64_t seen_ = 0;                   // Listings of the market, from its first.
    std::vector<contracts::ListingRef> open_;  // Of them, those that are not over.
};

/// Of somebody who looks after shares of one asset now and then: at most one transaction per look.
template <typename WalletState>
class ShareStrategy : public StatefulStrategy<WalletState>
{
public:
    std::uint64_t decide(std::size_t position, WalletContext& wallet) final
    {
        auto& state = this->states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        if (wallet.pending() > 0)
            return view.block_number + 1;
        CallWriter calls;
        const auto tag = look(position, state, calls, wallet);
        if (!calls.bytes().empty())
            wallet.submit(std::move(calls), wallet.habitual_bid(), tag);
        return view.block_number + view.blocks_of_ms(looks_every_ms_);
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        this->states_[position].refusals.count(outcome);
        return false;
    }

protected:
    /// Reads "asset" and "looks_every".
    ShareStrategy(const Parameters& parameters, const WalletGroup& wallets)
      : asset_{*contracts::find_share_asset(*wallets.world, parameters.token("asset"))},
        token_{asset_.contract().id()},
        currency_{asset_.currency()},
        share_decimals_{decimals_of(*wallets.world, token_)},
        currency_decimals_{decimals_of(*wallets.world, currency_)},
        looks_every_ms_{parameters.duration_ms("looks_every")}
    {
        this->states_.resize(wallets.accounts.size());
    }

    /// Adds what the wallet does now; returns the transaction's tag.
    virtual std::uint64_t look(
        std::size_t position, WalletState& state, CallWriter& calls, WalletContext& wallet) = 0;

    [[nodiscard]] Amount shares_of(const WalletContext& wallet) const
    {
        return holding_of(wallet.view(), token_, wallet.account());
    }
    [[nodiscard]] Amount money_of(const WalletContext& wallet) const
    {
        return holding_of(wallet.view(), currency_, wallet.account());
    }
    /// Of a whole share, in whole units of the currency; 0 if nobody knows.
    [[nodiscard]] double share_price(const WorldView& view) const
    {
        return reference_price(view, token_, currency_);
    }

    const contracts::ShareAsset& asset_;
    ContractId token_;
    ContractId currency_;
    std::uint8_t share_decimals_;
    std::uint8_t currency_decimals_;
    std::int64_t looks_every_ms_;
};

}  // namespace runnel::strategies
