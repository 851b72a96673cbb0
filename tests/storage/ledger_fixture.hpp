#pragma once

#include "contracts/kit/sectors/rows.hpp"
#include "ledger/call.hpp"
#include "ledger/consensus_notes.hpp"
#include "storage/ledger_writer.hpp"
#include "tests/support/temporary_file.hpp"

#include <memory>
#include <random>
#include <string>

/// A small world of events, and random blocks of them.
namespace runnel::storage::fixture
{

/// ERC-20's Transfer with a topic of each kind that matters.
struct Transfer
{
    static constexpr std::string_view table = "token_transfers";
    static constexpr std::string_view signature =
        "Transfer(address indexed,address indexed,uint256)";

    AccountId from_address{};
    AccountId to_address{};
    Amount value;
    RUNNEL_FIELDS(from_address, to_address, (value, smallest_unit));
};

enum class Side : std::uint8_t
{
    left,
    right,
};
[[nodiscard]] constexpr std::string_view to_string(Side side) noexcept
{
    return side == Side::left ? "left" : "right, and a text of more than 32 bytes";
}

/// Every kind of field, with names that are SQL keywords.
struct Oddity
{
    static constexpr std::string_view table = "oddities";
    static constexpr std::string_view signature =
        "Oddity(string,int24 indexed,bool,address,uint64,string,int256)";

    Side select{};
    std::int32_t group = 0;
    bool order = false;
    ContractId table_of{};
    std::uint64_t index_of = 0;
    Side where{};
    Int256 change;

    template <typename Self, typename Visitor>
    static constexpr void describe(Self& self, Visitor&& visit)
    {
        visit("select", self.select);
        visit("group", self.group);
        visit("order", self.order);
        visit("table", self.table_of);
        visit("index", self.index_of);
        visit("where", self.where);
        visit("change", self.change);
    }
};

/// Like the oracle's event, which prices views.
struct OraclePrice
{
    static constexpr std::string_view name = "OraclePrice";
    static constexpr std::string_view table = "oracle_prices";

    ContractId token{};
    Amount price;
    RUNNEL_FIELDS(token, (price, usd_e8_per_token));
};

inline AccountInfo account(std::string name, std::string role, std::string strategy = "")
{
    const auto address = address_of_name(name);
    return {std::move(name), std::move(role), std::move(strategy), address};
}

/// Twelve accounts, of which 4 to 7 are contracts: ETH, USDC, WETH, a pair.
inline LedgerDescription description()
{
    LedgerDescription description;
    description.accounts = {{"zero", "ledger", "", Address{}}, account("ann", "wallet", "trader"),
        account("bob", "wallet", "hodler"), account("val", "validator"), account("eth", "token"),
        account("usdc", "token"), account("weth", "token"), account("weth_usdc", "dex")};
    for (int i = 0; i < 4; ++i)
        description.accounts.push_back(account("crowd/" + std::to_string(i), "wallet", "noise"));
    description.contracts = {{AccountId{4}, "native", "eth", TokenInfo{"ETH", 18}},
        {AccountId{5}, "erc20", "usdc", TokenInfo{"USDC", 6}},
        {AccountId{6}, "erc20", "weth", TokenInfo{"WETH", 18}},
        {AccountId{7}, "uniswap_v2_pair", "weth_usdc", std::nullopt}};
    description.events = {&event_type<Transfer>, &event_type<Oddity>, &event_type<OraclePrice>,
        &event_type<DexTrade>, &event_type<DexPool>, &event_type<LendingBorrow>,
        &event_type<LendingSupply>, &event_type<LendingFlashloan>, &event_type<LendingLiquidation>,
        &event_type<LendingPosition>};
    return description;
}

inline Manifest manifest()
{
    Manifest manifest;
    manifest.add("scenario", "[scenario]\nname = \"test\"\nblocks = 5\n");
    manifest.add("seed", "7");
    manifest.add("version", "0.1.0");
    return manifest;
}

/// A call with arguments of any length.
struct AnyCall
{
    RUNNEL_CALL("any", 1, 1'000);

    CallList inner;
    RUNNEL_FIELDS(inner);
};
/// The native coin's payment.
struct Payment
{
    RUNNEL_CALL("transfer", 0, 0);

    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(to, value);
};

/// Makes blocks that follow one another; the seed decides all.
class BlockMaker
{
public:
    explicit BlockMaker(std::uint64_t seed) : random_{seed} {}

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    Amount amount()
    {
        const Amount wide{random_(), random_(), random_(), random_()};
        return wide >> static_cast<unsigned>(below(256));
    }
    /// Of every width, with zero limbs at its end as often as not.
    static Int256 change_of(std::uint32_t number)
    {
        const auto digest = keccak256(std::to_string(number));
        const auto shift = 1 + number * 7 % 250;
        auto magnitude = Amount::load_big_endian(digest.bytes) >> shift;
        if (number % 2 == 0)
        {
            const auto bits = 32 * (number / 2 % 8);
            magnitude = magnitude >> bits << bits;
        }
        return Int256::from_magnitude(magnitude, number % 3 == 0);
    }
    AccountId any_account() { return AccountId{static_cast<std::uint32_t>(below(12))}; }
    ContractId any_contract() { return ContractId{static_cast<std::uint32_t>(below(4))}; }
    Hash hash() { return keccak256(std::to_string(random_())); }

    std::shared_ptr<const FinishedBlock> make(std::uint32_t transaction_count)
    {
        FinishedBlock block;
        EventArena arena;
        for (std::uint32_t i = 0; i < transaction_count; ++i)
            add_transaction(block, arena, i);
        append_event(
            arena, ContractId{3}, transaction_count, DexPool{ContractId{1}, amount(), amount()});
        block.events = arena.events;
        block.event_bytes = arena.event_bytes;
        for (auto count = below(3); count > 0; --count)
            block.rewards.push_back({any_account(), amount()});
        block.rewards.push_back({AccountId{static_cast<std::uint32_t>(1 + number_ % 5)},
            Amount{1 + number_}, static_cast<RewardKind>(1 + number_ % 3)});
        block.consensus = notes();
        for (std::uint64_t i = 0; i < number_ % 3; ++i)
        {
            block.dropped.push_back({AccountId{1}, i, keccak256(std::to_string(number_)),
                1'000 + number_, static_cast<std::int64_t>(number_ * 12'000),
                static_cast<DropReason>((number_ + i) % 7)});
        }
        auto& header = block.header;
        header.number = number_;
        header.parent_hash = parent_;
        header.timestamp = 1'700'000'000 + number_ * 12;
        header.proposer = any_account();
        header.gas_limit = 30'000'000;
        header.gas_used = random_() >> 1U;
        header.base_fee = random_();  // All 64 bits: stored as they are.
        header.transaction_count = transaction_count;
        header.transactions_root = hash();
        header.arrivals_root = hash();
        header.receipts_root = hash();
        header.rewards_root = hash();
        header.state_root = hash();
        header.checkpoint_root = hash();
        header.finalized_block = number_ / 2;
        block.hash = header.hash();
        parent_ = block.hash;
        ++number_;
        return std::make_shared<const FinishedBlock>(std::move(block));
    }

private:
    /// Some of everything that a network may have done.
    [[nodiscard]] std::shared_ptr<const ConsensusNotes> notes() const
    {
        auto all = std::make_shared<ConsensusNotes>();
        const auto id = (std::uint64_t{3} << 32U) + number_;
        const auto node = static_cast<std::uint32_t>(number_);
        all->nodes = {{2 * node, AccountId{2}, "honest", "here", {1, 3}},
            {2 * node + 1, std::nullopt, "others", "there", {}}};
        for (const auto* status : {"stale", "canonical"})
        {
            all->blocks.push_back({status, id, id - 1, number_, AccountId{2},
                static_cast<std::int64_t>(number_ * 12'000'000),
                static_cast<std::int64_t>(number_ * 12'000'001), number_ % 4, 0x1d00ffff, number_,
                number_ % 2 == 0, "overspend"});
        }
        all->votes.push_back(
            {"precommit", number_, 1, number_ % 2 == 0 ? id : no_network_block, 7, 8, {5, 1}});
        all->evidence.push_back({"double_vote", AccountId{4}, static_cast<std::int64_t>(number_),
            number_, 2, id, no_network_block});
        RevertedBlock reverted{id - 1, number_, keccak256("reverted"), AccountId{1}, {}};
        for (std::uint64_t i = 0; i <= number_ % 2; ++i)
        {
            reverted.transactions.push_back(
                {keccak256(std::to_string(i)), AccountId{3}, i, i == 0});
        }
        all->reverted.push_back(std::move(reverted));
        all->refused.push_back({id, number_, keccak256("refused"), AccountId{2}, 1 + node,
            "overspend", "transactions", "transaction 0: too much"});
        return all;
    }

    void add_transaction(FinishedBlock& block, EventArena& arena, std::uint32_t i)
    {
        Transaction transaction;
        transaction.sender = any_account();
        transaction.nonce = random_();
        transaction.gas_limit = random_();
        transaction.max_fee = random_();
        transaction.max_priority_fee = random_();
        transaction.arrival_ms = static_cast<std::int64_t>(random_());
        CallWriter calls;
        if (below(4) == 0)
            calls.add(native_coin, Payment{any_account(), amount()});
        const Bytes nested(below(300), static_cast<std::uint8_t>(i));
        calls.add(any_contract(), AnyCall{CallList{nested}});
        transaction.set_calls(calls.bytes());
        for (std::uint32_t k = 0; k < i % 3; ++k)
            calls.add_witness(Bytes(100 * k + i, static_cast<std::uint8_t>(i)));
        transaction.witnesses = calls.witnesses();
        transaction.seal();
        transaction.motive.purpose = static_cast<Purpose>(i % purpose_count);
        if (i % 3 == 1)
            transaction.motive = {Purpose::attack, i, ContractId{1}, i, transaction.sender};
        block.transactions.push_back(std::move(transaction));

        Receipt receipt;
        receipt.gas_used = 21'000 + below(100'000);
        receipt.effective_gas_price = random_() >> 2U;
        receipt.first_event = static_cast<std::uint32_t>(arena.events.size());
        if (below(5) == 0)
            receipt.refusal = Refusal::custom("Broke").with(AccountId{3}).with(amount());
        else
        {
            receipt.status = ReceiptStatus::succeeded;
            add_events(arena, i);
        }
        receipt.event_count = static_cast<std::uint32_t>(arena.events.size()) - receipt.first_event;
        block.receipts.push_back(receipt);
    }

    void add_events(EventArena& arena, std::uint32_t i)
    {
        const auto emitter = any_contract();
        const auto usdc = ContractId{1};
        const auto weth = ContractId{2};
        append_event(arena, emitter, i, Transfer{any_account(), any_account(), amount()});
        const bool odd = below(2) == 0;
        append_event(arena, emitter, i,
            Oddity{odd ? Side::left : Side::right, odd ? -5 : 5, odd, any_contract(), random_(),
                Side::right, change_of(i)});
        append_event(arena, emitter, i, OraclePrice{weth, 1 + below(1'000'000'000'000)});
        append_event(arena, emitter, i,
            DexTrade{usdc, weth, amount(), amount(), any_account(), weth, amount()});
        append_event(arena, emitter, i,
            LendingBorrow{LendingBorrowType::repay, usdc, any_account(), any_account(),
                any_account(), zero_account, amount()});
        append_event(arena, emitter, i,
            LendingSupply{LendingSupplyType::supply, weth, any_account(), any_account(),
                zero_account, zero_account, amount()});
        append_event(arena, emitter, i, LendingFlashloan{usdc, any_account(), amount(), amount()});
        append_event(arena, emitter, i,
            LendingLiquidation{any_account(), any_account(), weth, usdc, amount(), amount(),
                amount(), amount(), amount()});
        append_event(
            arena, emitter, i, LendingPosition{any_account(), amount(), amount(), 8'000, amount()});
    }

    std::mt19937_64 random_;
    std::uint64_t number_ = 0;
    Hash parent_;
};

/// A finished ledger of @p blocks random blocks.
inline void write_ledger(
    const std::string& path, std::uint64_t seed, int blocks, WriterOptions options = {})
{
    auto writer = LedgerWriter::create(path, manifest(), description(), options);
    BlockMaker maker{seed};
    for (int i = 0; i < blocks; ++i)
        writer.append(maker.make(static_cast<std::uint32_t>(maker.below(40))));
    writer.add_metric("elapsed_s", -1, 1.5);
    writer.finish();
}

}  // namespace runnel::storage::fixture
