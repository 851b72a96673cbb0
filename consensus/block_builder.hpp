#pragma once

#include "consensus/bundles.hpp"
#include "consensus/conduct.hpp"
#include "ledger/block.hpp"
#include "ledger/transaction.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel
{

class World;

/// How the slot's proposer orders transactions; ties break by content, never by arrival in memory.
enum class Ordering : std::uint8_t
{
    priority_fee,   // Highest effective tip first, then earliest virtual arrival.
    fifo,           // (virtual arrival time, sender, nonce).
    random,         // A seeded shuffle.
    bundles,        // Bundles at the top, the best bid first; then as by priority_fee.
    builders,       // As that, by builders who bid for the slot: see builders.hpp.
    commit_reveal,  // What the parent committed to, then new commitments: see commitments.hpp.
};
[[nodiscard]] constexpr bool takes_bundles(Ordering ordering) noexcept
{
    return ordering == Ordering::bundles || ordering == Ordering::builders;
}
[[nodiscard]] std::string_view to_string(Ordering ordering) noexcept;

/// Somebody who builds blocks and bids for slots.
struct BuilderSpec
{
    AccountId account{};
    double order_flow = 1;                 // Share of the bundles that it is sent.
    std::uint32_t margin_bps = 0;          // Of what a block pays it, that it keeps.
    std::vector<AccountId> censored = {};  // Whose transactions it leaves out; ascending.
};
/// Writes the calls of a builder's payment to a proposer.
using PaymentWriter = std::function<CallWriter(const std::vector<BuilderBid>& bids,
    const BuilderBid& best, AccountId builder, AccountId proposer)>;

struct MempoolOptions
{
    Ordering ordering = Ordering::priority_fee;
    std::uint32_t capacity = 100'000;      // Transactions; beyond it the cheapest are evicted.
    std::int64_t lifetime_ms = 3'600'000;  // Older ones are dropped. Virtual time.
    std::uint64_t seed = 0;                // Of the random ordering.
    // With the ordering `builders`:
    std::vector<BuilderSpec> builders = {};
    std::uint64_t inclusion_list_gas = 0;  // Of a proposer's list, at most; 0: there is none.
    PaymentWriter write_payment = {};
    /// Hashes a builder's payment, and signs it where transactions are signed.
    std::function<void(Transaction&)> seal_payment = [](Transaction& payment) { payment.seal(); };
};

/// When the transactions reach the mempool that an account decides on in the round of a block, in
/// virtual time: some time within the slot before it, drawn by (seed, account, block); of one who
/// watches the mempool within what is left of the slot @p earliest_ms after it began.
[[nodiscard]] std::int64_t arrival_time_ms(std::uint64_t seed, AccountId account,
    std::uint64_t block, std::uint32_t slot_seconds, std::int64_t earliest_ms = 0);

/// In the round of which block a transaction was decided on, by its time of arrival; empty: its
/// sender's cannot arrive then.
[[nodiscard]] std::optional<std::uint64_t> round_of_arrival(std::uint64_t seed,
    const Transaction& transaction, std::uint32_t slot_seconds, std::int64_t earliest_ms = 0);

/// The block that transactions are put into.
struct BlockSlot
{
    std::uint64_t number = 0;
    std::uint64_t base_fee = 0;             // Wei per gas.
    std::uint64_t gas_limit = 0;            // Of the block.
    std::int64_t now_ms = 0;                // Virtual time at which it is built.
    std::uint64_t timestamp = 0;            // Unix seconds.
    AccountId proposer{};                   // Whose turn it is.
    AccountId fee_recipient = {};           // Of a block that is checked: whom its header names.
    const MakerConduct* conduct = nullptr;  // Of who makes it; nullptr: the chain's ordering alone.
};

/// Chooses which of the transactions that wait go into a block, and in which order: what a proposer
/// does, and what verification does again with the transactions that a block has.
///
/// A transaction is fit if its maximal fee covers the base fee, its nonce is its sender's next one
/// (counting those before it in the block), its sender can pay its gas limit at its maximal fee,
/// and its gas limit fits in what is left of the block's. The world is as the block before left it.
///
/// A scenario's script stands at the head of its block, ahead of all others, whatever it bids: its
/// gas, nonces and fees are taken.
///
/// Given those that it chose, and no others, it chooses all of them again, in the same order: those
/// that it does not choose never change what becomes of the others.
class BlockBuilder
{
public:
    explicit BlockBuilder(MempoolOptions options) : options_{std::move(options)}
    {
        selection_.takes_bundles = options_.ordering == Ordering::bundles;
    }

    /// What a builder does beyond the ordering.
    struct Selection
    {
        static constexpr std::uint32_t nobody = 0xFFFF'FFFF;

        bool takes_bundles = false;
        /// Its number; nobody: it sees all bundles and censors none.
        std::uint32_t builder = nobody;
        std::vector<Hash> listed = {};   // Of the inclusion list: never censored; ascending.
        std::uint64_t reserved_gas = 0;  // For what comes last.
    };
    /// For what is built or checked from now on; of the orderings but `builders` it follows from
    /// the options.
    void select(Selection selection) { selection_ = std::move(selection); }

    void build(std::span<const Transaction> head, std::span<const Transaction> pool,
        const World& world, const BlockSlot& slot);
    /// The same once more for another selection, with the bundles that were found.
    void build_again(std::span<const Transaction> head, std::span<const Transaction> pool,
        const World& world, const BlockSlot& slot);
    /// Of the block that was built or checked.
    [[nodiscard]] std::uint64_t gas_left() const noexcept { return gas_left_; }
    /// What its sender could still spend in that block, and the next nonce of his.
    [[nodiscard]] std::pair<Amount, std::uint64_t> left_of(AccountId sender);
    /// Of a transaction alone: it is fit to be in the block.
    [[nodiscard]] bool is_fit(const Transaction& transaction);
    /// The gas that a block's transaction is expected to use: of a bundle's as it was run.
    [[nodiscard]] std::uint64_t expected_gas(std::uint32_t position);
    /// By position in the pool: the block, in its order.
    [[nodiscard]] const std::vector<std::uint32_t>& taken() const noexcept { return taken_; }
    struct GivenUp
    {
        std::uint32_t position = 0;  // In the pool.
        DropReason reason{};
    };
    /// What no later block may have either.
    [[nodiscard]] const std::vector<GivenUp>& given_up() const noexcept { return given_up_; }

    /// Why no block may have a transaction any more, behind the one before that which was built;
    /// empty: one may.
    [[nodiscard]] std::optional<DropReason> obstacle(const Transaction& transaction) const;

    /// What is wrong with the transactions of a block, or with their order given these; empty:
    /// nothing. They must have their hashes. That others waited and were left out nobody can see,
    /// but @p head must be there.
    [[nodiscard]] std::string check(std::span<const Transaction> head,
        std::span<const Transaction> block, const World& world, const BlockSlot& slot);

private:
    struct Candidate
    {
        std::uint64_t first = 0;   // Larger is better.
        std::uint64_t second = 0;  // Smaller is better.
        std::uint64_t third = 0;   // Smaller is better.
        std::uint32_t position = 0;
    };
    /// A sender's progress within the block that is being built.
    struct SenderProgress
    {
        AccountId sender{};
        std::uint64_t next_nonce = 0;
        Amount spendable;
        std::vector<std::uint32_t> waiting;  // Fit but for an earlier nonce: positions.
    };
    enum class Fit : std::uint8_t
    {
        taken,
        no_gas_left,
        unaffordable,
    };

    void begin(std::span<const Transaction> head, std::span<const Transaction> pool,
        const World& world, const BlockSlot& slot);
    /// Puts a transaction, whose nonce is its sender's next, behind those that are in the block.
    Fit take(std::uint32_t position, SenderProgress& sender);
    /// Fills the block with what waits.
    void fill();
    /// Which transactions of the pool a pass over it is about.
    enum class Part : std::uint8_t
    {
        all,
        plain,  // Those without terms.
        commitments,
        reveals,
    };
    void fill_with(Part part);
    [[nodiscard]] bool belongs(std::uint32_t position, Part part) const;
    /// Reads the terms of commitments and reveals.
    void sort_out();
    /// Gives up what its commitment, or its only block, has left behind.
    void give_up_reveals();
    void place_bundles();
    [[nodiscard]] bool place(const Bundles::Bundle& bundle);
    [[nodiscard]] bool sees(const Bundles::Bundle& bundle) const;
    /// Whether its builder, or its maker, leaves it out.
    [[nodiscard]] bool censors(const Transaction& transaction) const;
    /// take(), and gives up what is unaffordable. False if it was not taken.
    bool consider(std::uint32_t position, SenderProgress& sender);
    [[nodiscard]] SenderProgress& progress_of(AccountId sender);
    [[nodiscard]] bool before(const Candidate& a, const Candidate& b) const noexcept;
    [[nodiscard]] Candidate rank(std::uint32_t position) const;
    [[nodiscard]] bool is_expired(const Transaction& transaction) const noexcept;
    [[nodiscard]] std::string check_alone(const Transaction& transaction) const;

    enum class Kind : std::uint8_t
    {
        plain,
        bundled,
        commitment,
        reveal,    // No block before this one has its commitment.
        revealed,  // The parent has: it is in this block or in none.
    };

    MempoolOptions options_;
    Selection selection_;
    Bundles bundles_;
    std::vector<Kind> kinds_;                   // By position; empty where no terms count.
    std::vector<std::uint64_t> committed_gas_;  // By position: that a commitment announces.
    std::vector<bool> placed_;                  // With a bundle.
    std::vector<std::pair<std::uint32_t, std::uint64_t>> bundled_gas_;  // By position.
    std::uint64_t reveal_gas_left_ = 0;
    std::span<const Transaction> pool_;
    const World* world_ = nullptr;
    BlockSlot slot_;
    std::uint64_t gas_left_ = 0;
    std::vector<std::uint32_t> taken_;
    std::vector<GivenUp> given_up_;
    std::vector<Candidate> heap_;
    std::vector<SenderProgress> progress_;  // The first `senders_` of them; the others are kept
    std::size_t senders_ = 0;               // for their memory.
    std::vector<std::uint32_t> progress_plus_1_;  // By account: where its progress is; 0: none.
};

}  // namespace runnel
