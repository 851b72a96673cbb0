#pragma once

#include "consensus/block_builder.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace runnel
{

/// Proposer-builder separation: builders make blocks and bid for the slot, the proposer takes the
/// highest bid.
///
/// Each builder sees what everybody sees and the bundles it is sent: a draw by the bundle's hash
/// and its order flow. It leaves out whom it censors, unless the proposer's inclusion list names
/// the transaction. Of what its block pays it,
///
///     value = sum of tip * expected gas used - base fee * the payment's gas,
///
/// it bids all but its margin, sealed. Ties are drawn by (seed, builder, slot). The block's tips go
/// to the builder; its last transaction pays the bid to the proposer and holds all bids and the
/// list (PaymentTerms), so the file alone says whether the slot was sold by these rules. Where
/// nobody bids, the proposer takes what everybody sees, by tips.
///
/// Expected is what a transaction uses alone on the parent's state, a bundle's as it was run: a
/// builder may gain or lose by the difference.
class BuilderMarket
{
public:
    explicit BuilderMarket(MempoolOptions options);

    struct Sale
    {
        std::vector<std::uint32_t> taken;  // By position in the pool: the block, in its order.
        std::vector<BlockBuilder::GivenUp> given_up;
        std::optional<Transaction> payment;  // The last one; none: nobody bid.
        AccountId fee_recipient{};
    };
    /// Sells a slot.
    [[nodiscard]] Sale sell(std::span<const Transaction> head, std::span<const Transaction> pool,
        const World& world, const BlockSlot& slot);

    /// As BlockBuilder::check(): what is wrong with a block, whose fee recipient tells who built
    /// it. What it cannot know is whether bids that lost, and the list, are what they were.
    [[nodiscard]] std::string check(std::span<const Transaction> head,
        std::span<const Transaction> block, const World& world, const BlockSlot& slot);

private:
    /// What a builder bids for the block that was built last; nullopt: it is worth nothing.
    [[nodiscard]] std::optional<BuilderBid> bid(
        std::uint32_t builder, std::span<const Transaction> pool, const BlockSlot& slot);
    [[nodiscard]] bool beats(const BuilderBid& a, const BuilderBid& b, std::uint64_t block) const;
    [[nodiscard]] Transaction payment(
        const PaymentTerms& terms, const BuilderBid& best, const BlockSlot& slot);
    [[nodiscard]] std::string check_payment(const Transaction& last, const PaymentTerms& terms,
        std::uint32_t builder, const BuilderBid& earned, const BlockSlot& slot);
    [[nodiscard]] std::string check_list(const PaymentTerms& terms,
        std::span<const Transaction> body, const World& world, const BlockSlot& slot);

    MempoolOptions options_;
    BlockBuilder builder_;
};

}  // namespace runnel
