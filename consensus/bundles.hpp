#pragma once

#include "consensus/terms.hpp"
#include "execution/simulation.hpp"
#include "ledger/block.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace runnel
{

class World;

/// The bundles among transactions that wait, and what each would pay.
///
/// A bundle is run alone behind the block's head on copies of the parent's state, fees included.
/// Where that is refused, a member is missing or cannot pay the base fee, it is none; behind a head
/// of which anything is refused, or deploys a contract, there are no bundles. What it bids is what
/// its own transactions would tip per gas that they would use (as MEV-Geth ranks bundles): its
/// victim's tip is the builder's anyway.
class Bundles
{
public:
    struct Bundle
    {
        BundleTerms terms;
        AccountId sender{};
        std::vector<std::uint32_t> members;   // Positions in the pool, in order.
        std::vector<std::uint64_t> gas_used;  // By member, the intrinsic gas included.
        Hash key;                             // Of its first own transaction.
        uint128 payment = 0;                  // Wei, the victim's tip not counted.
        std::uint64_t gas = 0;                // That its own ones use.
    };

    /// Finds those for this block; they are sorted, the best bid first, ties by their hashes.
    void collect(std::span<const Transaction> head, std::span<const Transaction> pool,
        const World& world, const BlockContext& block);
    [[nodiscard]] const std::vector<Bundle>& sorted() const noexcept { return bundles_; }

    /// No bundle is in the block yet.
    void begin();
    /// Runs a bundle behind those that were tried with success since begin(). False: one of its
    /// transactions is refused there; it leaves no trace.
    [[nodiscard]] bool try_next(const Bundle& bundle);
    /// The gas that a transaction of the pool would use alone behind the head; of one that is
    /// refused there, the least that it must: the intrinsic gas.
    [[nodiscard]] std::uint64_t gas_alone(std::uint32_t position);

private:
    void find_members();
    /// Fills in the members; false: one is missing.
    [[nodiscard]] bool assemble(Bundle& bundle, std::uint32_t first) const;
    /// False: something of the head is refused.
    [[nodiscard]] bool run_head();
    [[nodiscard]] bool run(const Bundle& bundle, std::vector<std::uint64_t>* gas_used);
    [[nodiscard]] bool run(const Transaction& transaction);
    void appraise(Bundle& bundle, std::uint64_t base_fee) const;

    std::span<const Transaction> head_;
    std::span<const Transaction> pool_;
    const World* world_ = nullptr;
    BlockContext block_;
    std::vector<Bundle> bundles_;
    using Place = std::tuple<AccountId, std::uint64_t, std::uint8_t>;  // Sender, nonce, position.
    std::map<Place, std::vector<std::pair<std::uint32_t, BundleTerms>>> own_;
    std::map<Hash, std::uint32_t> victims_;
    std::vector<const Bundle*> accepted_;
    std::vector<std::uint64_t> gas_alone_;  // By position; 0: not known yet.
    bool is_fresh_ = false;                 // The simulation stands behind the accepted ones.
    std::unique_ptr<Simulation> simulation_ = std::make_unique<Simulation>();
};

/// What is wrong with the bundles of a block that was executed: one of their transactions failed;
/// empty: nothing.
[[nodiscard]] std::string check_executed_bundles(
    std::span<const Transaction> transactions, std::span<const Receipt> receipts);

}  // namespace runnel
