#pragma once

#include "actors/simulation.hpp"
#include "strategies/api/outcome.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace runnel::actors
{

/// Some wallets of one group and the strategy that moves them; the body of a cohort actor, free of
/// CAF. A round is begin(), decide(), then quoted() if decide() left questions, then take().
class Cohort
{
public:
    /// @p first is the position of the cohort's first wallet within the group.
    Cohort(const AgentGroupSetup& group, WalletGroup wallets);
    ~Cohort();

    /// Tells wallets what became of their transactions, and what others told them, before block
    /// @p next_block.
    void learn(std::uint64_t next_block, const News& news);
    /// Begins a round: what learn() does, and what wallets may look at.
    void begin(const WorldView& view, const News& news);
    /// Lets every wallet act that is due.
    void decide();
    /// What wallets asked for in decide(), by contract in ascending order; empty: nothing to wait
    /// for.
    struct Questions
    {
        ContractId contract{};
        std::vector<QuoteRequest> requests;
    };
    [[nodiscard]] std::vector<Questions> take_questions();
    /// Hands the answers to one contract's questions in.
    void answer(ContractId contract, const std::vector<std::optional<Amount>>& amounts_out);
    /// Lets the wallets act that asked, once every answer is in.
    void quoted();

    /// From now on transactions are signed in this way.
    void sign_with(SignatureScheme scheme) noexcept { signatures_ = scheme; }
    [[nodiscard]] std::vector<Transaction> take_transactions();
    /// What wallets told others.
    [[nodiscard]] std::vector<AddressedLetter> take_letters();
    /// The next block in which some wallet is due.
    [[nodiscard]] std::uint64_t next_block() const noexcept;

    /// Goes on with the parameters of block @p next_block, before load().
    void start_at(std::uint64_t next_block);

    // Between rounds, once learn() was told everything.

    [[nodiscard]] std::size_t size() const noexcept { return wallets_.size(); }
    /// Appends all that a wallet remembers: its plans, what it waits for, its state.
    void save(std::size_t position, Encoder& out) const;
    /// Takes it back; false if it cannot be this wallet's. Input is hostile. resume() after the
    /// last.
    [[nodiscard]] bool load(std::size_t position, Decoder& in);
    void resume();
    /// For what the group's cohorts know alike.
    [[nodiscard]] const Strategy& strategy() const noexcept { return *strategy_; }
    [[nodiscard]] Strategy& strategy() noexcept { return *strategy_; }

private:
    struct Pending
    {
        enum class Role : std::uint8_t
        {
            plain,
            bundled,     // One of a bundle.
            commitment,  // To others: strategies hear nothing of it.
        };
        std::uint64_t nonce = 0;
        std::uint64_t tag = 0;
        /// What its wallet was told of it, in a block that was taken back: 0 is nothing, else the
        /// kind of the outcome and 1.
        std::uint8_t told = 0;
        Role role{};
        RUNNEL_FIELDS(nonce, tag, told, role);
    };
    struct Wallet
    {
        std::uint64_t due = 0;
        std::uint64_t priority_fee = 0;          // Wei per gas: its habit.
        std::uint64_t max_fee = 0;               // Wei per gas: more it never bids.
        std::uint32_t max_base_fee_percent = 0;  // Of the base fee.
        std::uint32_t boost_percent = 100;       // Grows when bids were too low.
        boost::container::small_vector<Pending, 2> pending;

        /// What changes: the rest is drawn at genesis.
        RUNNEL_FIELDS((due, block_number), (boost_percent, other("%")), pending);
    };
    /// What its group's parameters will be, made at genesis like the strategy of the moment.
    struct Change
    {
        std::uint64_t from = 0;
        std::unique_ptr<Strategy> born;      // What was there before it, untouched.
        std::unique_ptr<Strategy> strategy;  // What is there from then on.
        std::vector<Wallet> habits;          // Of which only what genesis draws counts.
    };
    struct Question
    {
        std::size_t position = 0;
        QuoteAnswer answer;
    };
    class Context;

    void schedule(std::size_t position, std::uint64_t block);
    void learn(const AddressedOutcome& addressed, std::uint64_t next_block);
    /// Lets the changes of parameters take place that are due by this block. Wallets go on from
    /// where they stand, unless they are about to be loaded.
    void change(std::uint64_t block, bool goes_on);
    [[nodiscard]] static std::vector<Wallet> draw_habits(const WalletGroup& wallets,
        const Distribution& priority_fee, const Distribution& max_base_fee_multiple,
        const Distribution& max_fee);
    /// The first block after all stops that @p block is in; itself if it is in none.
    [[nodiscard]] std::uint64_t after_stops(std::uint64_t block) const noexcept;

    /// The position of the wallet with this account, which is one of this cohort.
    [[nodiscard]] std::size_t position_of(AccountId account) const;
    /// The wallet that a letter before block @p next_block is for; nullopt if it has not arrived.
    [[nodiscard]] std::optional<std::size_t> recipient(AccountId to, std::uint64_t next_block);
    /// Whether wallet @p position has an account: of one that arrives, as soon as its address is in
    /// the world.
    bool is_there(std::size_t position);

    std::vector<AccountId> accounts_;
    std::vector<Address> addresses_;       // Of wallets that arrive,
    std::vector<std::uint64_t> arrivals_;  // and with which block.
    std::map<AccountId, std::size_t> arrived_;
    const World* world_ = nullptr;
    SignatureScheme signatures_ = SignatureScheme::none;
    std::vector<AgentGroupSetup::Stop> stops_;  // Ascending by their first blocks.
    std::uint32_t first_number_ = 0;
    std::uint64_t seed_ = 0;
    std::uint64_t stream_ = 0;
    Purpose purpose_ = Purpose::unstated;
    std::unique_ptr<Strategy> strategy_;
    std::vector<Change> changes_;  // Those to come, the next one last.
    std::vector<Wallet> wallets_;
    /// By wallet and nonce: those in blocks that will be taken back; none where a checkpoint is
    /// taken.
    std::map<std::pair<std::size_t, std::uint64_t>, Pending> provisional_;
    std::map<std::uint64_t, std::vector<std::uint32_t>> calendar_;  // Stale entries are skipped.
    const WorldView* view_ = nullptr;                               // Of the round under way.
    std::vector<Transaction> transactions_;
    std::set<std::size_t> committed_;  // Positions of those that committed in this round.
    std::vector<AddressedLetter> letters_;
    std::vector<Question> questions_;
};

/// The cohorts of one group in the order of their wallets.
using GroupCohorts = std::vector<std::shared_ptr<Cohort>>;

/// Who is in which group at genesis.
[[nodiscard]] std::shared_ptr<GroupAccounts> accounts_of_groups(const SimulationSetup& setup);
/// The cohorts of every group, as they are at genesis: so must the setup's world be. They know
/// @p everybody, whose lists may grow between rounds.
[[nodiscard]] std::vector<GroupCohorts> make_cohorts(const SimulationSetup& setup,
    std::uint32_t cohort_size, std::shared_ptr<const GroupAccounts> everybody);
[[nodiscard]] std::vector<GroupCohorts> make_cohorts(
    const SimulationSetup& setup, std::uint32_t cohort_size);

}  // namespace runnel::actors
