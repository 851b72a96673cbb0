#pragma once

#include "ledger/check.hpp"
#include "ledger/fields.hpp"
#include "ledger/motive.hpp"
#include "ledger/philox.hpp"
#include "strategies/api/view.hpp"

#include <boost/pfr/tuple_size.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel
{

/// A transaction's place in a bundle: transactions of one wallet, sent one after another, that the
/// next block has all, adjacent and in order, or none of, which costs nothing. Another one that
/// waits may stand among them. Where nobody takes bundles (WorldView::takes_bundles) it must not be
/// named.
struct BundlePlace
{
    static constexpr std::uint8_t no_victim = 255;

    std::uint8_t count = 1;                    // The wallet's own transactions.
    std::uint8_t position = 0;                 // Among these, from 0.
    std::uint8_t victim_position = no_victim;  // Behind so many of them stands
    Hash victim = {};                          // the one that waits.
};

/// How a strategy's transaction competes for its place in a block.
struct Bid
{
    std::uint64_t priority_fee = 1'000'000'000;  // Wei per gas.
    /// The most to pay per gas, base fee included; 0: the wallet's own habit. Never above the
    /// highest fee the wallet pays at all (the group's max_fee).
    std::uint64_t max_fee = 0;
    /// Gas beyond the methods' own that the calls may charge (further hops of a path).
    std::uint64_t extra_gas = 0;
    /// Of the gas that the calls need: below 100 for a limit that is too low, copied from another
    /// transaction, say. It runs out and pays for what it used.
    std::uint32_t gas_percent = 100;
    /// For a branch that the wallet's own miner makes in secret, in place of the wallet's last
    /// transaction, whose nonce it takes: of the two the other is what everybody is told.
    bool is_secret = false;
    std::optional<BundlePlace> bundle = {};
};

/// What became of a transaction a wallet submitted.
struct TransactionOutcome
{
    enum class Kind : std::uint8_t
    {
        succeeded,
        reverted,
        dropped,  // Never in a block: it expired, was evicted or replaced.
    };
    Kind kind = Kind::succeeded;
    std::uint64_t nonce = 0;
    std::uint64_t tag = 0;  // As the strategy gave it to submit().
    std::uint64_t gas_used = 0;
    std::uint64_t gas_price = 0;  // Wei per gas that was paid.
    Refusal refusal;              // If reverted.
};

/// A quote a wallet asked a protocol actor for, and the answer.
struct QuoteAnswer
{
    ContractId contract{};
    QuoteRequest request;
    std::optional<Amount> amount_out;
};

/// What one wallet tells another outside the chain: a request to a relayer, say.
struct Letter
{
    AccountId from{};
    Bytes content;
};

/// A payment on the chain, of native coins or of a token, as every node shows it.
struct ObservedTransfer
{
    ContractId token{};
    AccountId from{};
    AccountId to{};
    Amount value;
    std::uint64_t block = 0;  // Whose it is.
};

/// One wallet's decision in one block: what it sees, its own random numbers, what it does.
class WalletContext
{
public:
    virtual ~WalletContext() = default;

    [[nodiscard]] virtual const WorldView& view() const = 0;
    [[nodiscard]] virtual AccountId account() const = 0;
    /// The wallet's number within its group, from 0.
    [[nodiscard]] virtual std::uint32_t number() const = 0;
    /// Draws that depend on seed, wallet and block alone.
    [[nodiscard]] virtual RandomStream& random() = 0;
    /// Transactions of this wallet that are on their way.
    [[nodiscard]] virtual std::uint32_t pending() const = 0;

    /// Sends a transaction with the wallet's next nonce; its gas limit follows from the calls.
    /// @p tag comes back with the outcome. @p motive is for the record that no analysis reads
    /// (t_truth_transactions); without one it is the strategy's usual purpose.
    virtual void submit(
        CallWriter calls, const Bid& bid, std::uint64_t tag = 0, const Motive& motive = {}) = 0;

    /// The wallet's usual bid: its habitual priority fee, and a maximal fee that leaves room for
    /// the base fee to rise. It grows after transactions that were too cheap, and relaxes again.
    [[nodiscard]] virtual Bid habitual_bid() const = 0;

    /// Tells another wallet something outside the chain, which nobody else hears and no ledger
    /// holds: it is there before @p to decides in the next block. What is addressed to none of the
    /// scenario's agents is lost.
    virtual void tell(AccountId to, Bytes content) = 0;

    /// Asks a protocol actor for a quote by message. The answers are there when quoted() is called,
    /// in the same block, in the order of asking.
    virtual void ask(ContractId contract, const QuoteRequest& request) = 0;
};

/// How a wallet comes that block 0 did not have: with the first block that names its address.
struct Arrival
{
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

    std::uint64_t block = never;
    Address address;
    std::vector<std::pair<ContractId, Amount>> funds;  // What it is sent then, in smallest units.
};

/// Accounts of every group by the group's name.
using GroupAccounts = std::vector<std::pair<std::string, std::vector<AccountId>>>;

/// What a group of wallets is made of when its strategy is created.
struct WalletGroup
{
    std::string name;  // The key in the scenario.
    std::uint64_t seed = 0;
    std::uint64_t stream = 0;  // Random stream of the group's draws at genesis.
    std::uint32_t slot_seconds = 12;
    std::uint32_t first_number = 0;  // Of the first wallet of this cohort within the group.
    /// Of this cohort's wallets, ascending. Those of a group that arrives have none yet, and so
    /// zero_account: WalletContext::account() knows them when they act.
    std::vector<AccountId> accounts;
    std::span<const Arrival> arrivals;  // Of these wallets; empty for a group that is there.
    std::size_t group_size = 0;         // Wallets of the whole group; 0: this cohort is all.
    const World* world = nullptr;
    /// Whom a payer may pay. The list of a group that arrives grows between blocks.
    std::shared_ptr<const GroupAccounts> groups;

    /// Draws @p distribution for the wallet with @p number; @p what names the parameter, so that a
    /// further parameter changes no other draw.
    [[nodiscard]] double draw(
        const Distribution& distribution, std::string_view what, std::uint32_t number) const;

private:
    /// Streams of parameters drawn before: a wallet has a dozen, a group a million wallets.
    mutable std::vector<std::pair<std::string, std::uint64_t>> streams_;
};

/// How a group of wallets behaves. One object serves the wallets of one cohort, which it knows by
/// their position in WalletGroup::accounts; it keeps the state of each between blocks.
///
/// A strategy sees views and returns transactions. It runs concurrently with those of other
/// cohorts; it must not touch anything but its own members, the context and const views.
///
/// Members are of three kinds, and no fourth: what follows from parameters, seed and the world at
/// genesis; what follows from the view of the block (caches); and what is kept between blocks,
/// which checkpoints save and a resumed run loads. Nothing may depend on which wallets share a
/// cohort, nor on the order in which those that are due in a block act. A strategy derives from
/// StatefulStrategy, or from StatelessStrategy if it keeps nothing.
class Strategy
{
public:
    virtual ~Strategy() = default;

    /// The block in which wallet @p position decides for the first time; counted from the block
    /// that brings it, if it arrives later.
    [[nodiscard]] virtual std::uint64_t first_block(std::size_t position) = 0;

    /// Lets a wallet act. Returns the block in which it wants to decide next (later than this one).
    virtual std::uint64_t decide(std::size_t position, WalletContext& wallet) = 0;

    /// Called in the same block when decide() asked for quotes. Returns as decide() does.
    virtual std::uint64_t quoted(
        std::size_t position, WalletContext& wallet, std::span<const QuoteAnswer> answers);

    /// Tells a wallet what became of its transaction, before it decides in the next block. Returns
    /// true if it wants to decide in that block whatever decide() said before.
    virtual bool learn(std::size_t position, const TransactionOutcome& outcome) = 0;

    /// Hands a wallet what another one told it in the last block, before it decides in the next
    /// one; letters come in the order of their senders. Returns as learn() does. Content is
    /// hostile. Whoever expects none ignores them.
    virtual bool hear(std::size_t position, const Letter& letter);

    /// Whether this group reads the chain: observe() is for those alone. The same at all times.
    [[nodiscard]] virtual bool is_observing() const { return false; }
    /// Shows the cohort the payments of a block that has any, in their order, before wallets decide
    /// in the next one. Every cohort of the group sees them: what is kept of them belongs to the
    /// shared records.
    virtual void observe(std::span<const ObservedTransfer> transfers);
    /// Tells the cohort, before observe(), that the blocks from @p block on were taken back; what
    /// stands in their place is observed.
    virtual void observe_reversal(std::uint64_t block);

    /// Appends the state of a wallet between two blocks.
    virtual void save(std::size_t position, Encoder& out) const = 0;
    /// Takes back what save() wrote for this wallet; false if it cannot be that. Input is hostile.
    [[nodiscard]] virtual bool load(std::size_t position, Decoder& in) = 0;

    /// What every cohort of the group knows alike and keeps between blocks, as records: saved from
    /// one cohort, loaded into all of them, in order.
    [[nodiscard]] virtual std::size_t shared_records() const { return 0; }
    virtual void save_shared(std::size_t record, Encoder& out) const;
    [[nodiscard]] virtual bool load_shared(std::size_t record, Decoder& in);

    /// Goes on where @p before stands, which moved these wallets until their group's parameters
    /// changed: plans and knowledge stay, what is drawn from a parameter that changed is drawn
    /// anew.
    /// @p born is another of what @p before was at genesis.
    void take_over(const Strategy& before, const Strategy& born);

protected:
    /// The states of wallets, as take_over() says.
    virtual void take_over_wallets(const Strategy& before, const Strategy& born) = 0;
};

/// One wallet's described state, field by field as it is encoded.
using EncodedFields = std::vector<Bytes>;
/// What goes on from @p current for a wallet that was @p born one way and is now @p reborn another:
/// the fields that were born alike stay, the others are reborn.
[[nodiscard]] EncodedFields merged_fields(
    const EncodedFields& born, const EncodedFields& reborn, const EncodedFields& current);

/// A strategy whose wallets each keep a WalletState between blocks: a struct whose describe() names
/// all of its fields. What follows from genesis may be among them.
template <typename WalletState>
class StatefulStrategy : public Strategy
{
public:
    void save(std::size_t position, Encoder& out) const final { out.put(states_[position]); }
    [[nodiscard]] bool load(std::size_t position, Decoder& in) final
    {
        WalletState state{};
        in.get(state);
        // Until now this wallet was as it is at genesis.
        if (!in.ok() || !is_valid(state, states_[position]))
            return false;
        states_[position] = std::move(state);
        return true;
    }

protected:
    StatefulStrategy()
    {
        // A field that describe() forgets would be lost when a run is resumed.
        std::size_t described = 0;
        WalletState state{};
        WalletState::describe(
            state, [&described](std::string_view, auto&, Unit = {}) { ++described; });
        RUNNEL_CHECK(described == boost::pfr::tuple_size_v<WalletState>);
    }
    /// Whether a state that was read back can be used, by a wallet that was @p born as it is at
    /// genesis: what never changes is the same, all else is what this strategy can have made of it.
    /// Positions lie within their lists, enumerators exist, numbers are numbers, draws with them
    /// have means.
    [[nodiscard]] virtual bool is_valid(
        const WalletState& state, const WalletState& born) const = 0;

    void take_over_wallets(const Strategy& before, const Strategy& born) final
    {
        const auto& states_before = static_cast<const StatefulStrategy&>(before).states_;
        const auto& states_born = static_cast<const StatefulStrategy&>(born).states_;
        RUNNEL_CHECK(
            states_before.size() == states_.size() && states_born.size() == states_.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto reborn = encoded_fields(states_[i]);
            const auto current = encoded_fields(states_before[i]);
            auto merged = merged_fields(encoded_fields(states_born[i]), reborn, current);
            // What a wallet counts may be beyond a limit that is lower now: that alone begins anew.
            bool fits = take(i, merged);
            for (std::size_t k = 0; k < merged.size() && !fits; ++k)
            {
                auto kept = std::exchange(merged[k], reborn[k]);
                fits = take(i, merged);
                merged[k] = std::move(kept);
            }
        }
    }

    std::vector<WalletState> states_;  // By position.

private:
    [[nodiscard]] static EncodedFields encoded_fields(const WalletState& state)
    {
        EncodedFields fields;
        WalletState::describe(state,
            [&fields](std::string_view, const auto& field, Unit = {})
            {
                Encoder encoder{fields.emplace_back()};
                encoder.put(field);
            });
        return fields;
    }

    /// False, and nothing changed, if these fields are no state of this wallet.
    [[nodiscard]] bool take(std::size_t position, const EncodedFields& fields)
    {
        Bytes bytes;
        for (const auto& field : fields)
            bytes.insert(bytes.end(), field.begin(), field.end());
        Decoder decoder{bytes};
        return load(position, decoder);
    }
};

/// A strategy that keeps nothing between blocks.
class StatelessStrategy : public Strategy
{
public:
    void save(std::size_t, Encoder&) const final {}
    [[nodiscard]] bool load(std::size_t, Decoder&) final { return true; }

protected:
    void take_over_wallets(const Strategy&, const Strategy&) final {}
};

/// For StrategyType::create.
template <typename S>
[[nodiscard]] std::unique_ptr<Strategy> create_strategy(
    const Parameters& parameters, const WalletGroup& wallets)
{
    return std::make_unique<S>(parameters, wallets);
}

/// A kind of strategy, found by its name in scenarios. Adding one is its own file and one line in
/// strategies/registry.cpp.
struct StrategyType
{
    std::string_view name;
    /// Of transactions that are submitted without a motive of their own.
    Purpose purpose = Purpose::unstated;
    std::string_view help;
    std::vector<ParameterSpec> parameters;
    std::unique_ptr<Strategy> (*create)(const Parameters&, const WalletGroup&) = nullptr;
    /// As ContractType::validate.
    std::string (*validate)(const Parameters&) = nullptr;
    /// The same once the world before the first block exists.
    std::string (*validate_in)(const Parameters&, const World&) = nullptr;
    bool is_passive = false;  // Sends nothing, so it needs nothing for fees.
    /// Its wallets decide once the others have, late in the slot, and see what waits
    /// (WorldView::mempool); what they send arrives after that.
    bool watches_mempool = false;
};

}  // namespace runnel
