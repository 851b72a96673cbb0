#include "ledger/block.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <set>

using namespace runnel;
using namespace runnel::toy;

TEST_CASE("block: the base fee moves as EIP-1559 says", "[ledger][block]")
{
    struct Case
    {
        std::uint64_t base_fee, gas_limit, gas_used, expected;
    };
    const auto c = GENERATE(
        // Source: go-ethereum, consensus/misc/eip1559_test.go, TestCalcBaseFee.
        Case{1'000'000'000, 20'000'000, 10'000'000, 1'000'000'000},
        Case{1'000'000'000, 20'000'000, 9'000'000, 987'500'000},
        Case{1'000'000'000, 20'000'000, 11'000'000, 1'012'500'000},
        Case{1'000'000'000, 20'000'000, 20'000'000, 1'125'000'000},
        Case{1'000'000'000, 20'000'000, 0, 875'000'000},
        Case{1'072'671'875, 20'000'000, 20'000'000, 1'206'755'859},
        // By hand from the EIP's pseudocode: odd limits, whose half is rounded down.
        Case{100'000'000'000, 30'000'000, 29'999'999, 112'499'999'166},
        Case{12'345'678'901, 29'999'999, 12'345'678, 12'072'600'594},
        // Full and empty blocks: an eighth.
        Case{1'000'000'000, 30'000'000, 30'000'000, 1'125'000'000},
        Case{1'000'000'000, 30'000'000, 0, 875'000'000},
        // Above the target it moves by 1 at least, below it may stand still.
        Case{7, 30'000'000, 15'000'001, 8}, Case{7, 30'000'000, 30'000'000, 8},
        Case{1'000, 30'000'000, 14'999'999, 1'000},
        // Divisions in the EIP's order: 16 * 1 / 2 / 8 = 1.
        Case{16, 4, 3, 17}, Case{31, 4, 3, 32},
        // Never below the minimum.
        Case{8, 30'000'000, 0, 7}, Case{7, 30'000'000, 0, 7},
        // A product of more than 64 bits.
        Case{4'000'000'000'000'000'000, 30'000'000, 30'000'000, 4'500'000'000'000'000'000});
    FeeSchedule fees;
    fees.block_gas_limit = c.gas_limit;
    CAPTURE(c.base_fee, c.gas_limit, c.gas_used);
    CHECK(next_base_fee(fees, c.base_fee, c.gas_used) == c.expected);
}

TEST_CASE("block: chains set elasticity and denominator otherwise", "[ledger][block]")
{
    struct Case
    {
        std::uint64_t elasticity, denominator, base_fee, gas_used, expected;
    };
    // By hand from EIP-1559's pseudocode, with ELASTICITY_MULTIPLIER and
    // BASE_FEE_MAX_CHANGE_DENOMINATOR replaced; the block gas limit is 30 million.
    const auto c = GENERATE(
        // Polygon: 2 and 16.
        Case{2, 16, 1'000'000'000, 0, 937'500'000},
        Case{2, 16, 1'000'000'000, 30'000'000, 1'062'500'000},
        // The OP stack: 6 and 250; a target of 5 million, a full block is five targets above it.
        Case{6, 250, 1'000'000'000, 0, 996'000'000},
        Case{6, 250, 1'000'000'000, 5'000'000, 1'000'000'000},
        Case{6, 250, 1'000'000'000, 30'000'000, 1'020'000'000},
        // Without elasticity the limit is the target: the fee can only fall.
        Case{1, 8, 1'000'000'000, 30'000'000, 1'000'000'000},
        // A denominator of 1: an empty block's fee is gone.
        Case{2, 1, 1'000'000'000, 0, 7},
        // The fee ends at 2^64 - 1.
        Case{1'000, 1, 1'000'000'000'000'000'000, 30'000'000, 18'446'744'073'709'551'615U});
    FeeSchedule fees;
    fees.elasticity_multiplier = c.elasticity;
    fees.max_change_denominator = c.denominator;
    CAPTURE(c.elasticity, c.denominator, c.gas_used);
    CHECK(next_base_fee(fees, c.base_fee, c.gas_used) == c.expected);
}

TEST_CASE("block: gas beyond the limit counts as a full block", "[ledger][block]")
{
    CHECK(next_base_fee({}, 1'000'000'000, 3'000'000'000) == 1'125'000'000);
}

TEST_CASE("block: six full blocks double the base fee", "[ledger][block]")
{
    // Source: ethereum.org, "Gas and fees", table of full blocks from 100 gwei.
    std::uint64_t base_fee = 100'000'000'000;
    for (const std::uint64_t expected : {112'500'000'000U, 126'562'500'000U, 142'382'812'500U,
             160'180'664'062U, 180'203'247'069U, 202'728'652'952U})
    {
        base_fee = next_base_fee({}, base_fee, 30'000'000);
        CHECK(base_fee == expected);
    }
}

TEST_CASE("block: ten full blocks, ten empty ones, and as far as it goes", "[ledger][block]")
{
    const auto after = [](std::uint64_t base_fee, std::uint64_t gas_used, unsigned blocks)
    {
        for (unsigned i = 0; i < blocks; ++i)
            base_fee = next_base_fee({}, base_fee, gas_used);
        return base_fee;
    };
    constexpr std::uint64_t gwei = 1'000'000'000;
    CHECK(after(gwei, 30'000'000, 10) == 3'247'321'023);
    CHECK(after(gwei, 0, 10) == 263'075'578);
    // Forty full blocks make a hundredfold, thirty-nine do not.
    CHECK(after(gwei, 30'000'000, 39) < 100 * gwei);
    CHECK(after(gwei, 30'000'000, 40) == 111'199'003'935);
    // An eighth of 7 is none: empty blocks stop there without a minimum.
    FeeSchedule fees;
    fees.min_base_fee = 0;
    std::uint64_t fee = gwei;
    unsigned steps = 0;
    for (auto next = next_base_fee(fees, fee, 0); next != fee; next = next_base_fee(fees, fee, 0))
    {
        fee = next;
        ++steps;
    }
    CHECK(fee == 7);
    CHECK(steps == 145);
    CHECK(next_base_fee(fees, 0, 15'000'001) == 1);
}

TEST_CASE("block: the hash covers every field of the header", "[ledger][block]")
{
    BlockHeader header;
    std::set<Hash> hashes{header.hash()};
    std::size_t changes = 0;
    const auto differs = [&](auto& field, auto value)
    {
        const auto before = std::exchange(field, value);
        hashes.insert(header.hash());
        ++changes;
        field = before;
    };
    const auto other = keccak256(std::string_view{"other"});
    differs(header.number, 1U);
    differs(header.parent_hash, other);
    differs(header.timestamp, 1U);
    differs(header.proposer, AccountId{1});
    differs(header.gas_limit, 1U);
    differs(header.gas_used, 1U);
    differs(header.base_fee, 1U);
    differs(header.transaction_count, 1U);
    differs(header.transactions_root, other);
    differs(header.arrivals_root, other);
    differs(header.receipts_root, other);
    differs(header.rewards_root, other);
    differs(header.state_root, other);
    differs(header.checkpoint_root, other);
    differs(header.finalized_block, 1U);
    CHECK(hashes.size() == changes + 1);
}

TEST_CASE("block: the roots are those of its contents", "[ledger][block]")
{
    ToyChain chain{5};
    const std::vector<Reward> rewards{{chain.proposer, 3}, {chain.wallets[1], 4}};
    const auto parent = chain.run(RandomBlocks{1, 4}.next(chain, 3));
    const auto block = chain.run(RandomBlocks{2, 4}.next(chain, 7), 0, rewards);
    const auto& header = block.header;
    CHECK(header.number == 2);
    CHECK(header.parent_hash == parent.hash);
    CHECK(header.transaction_count == 7);
    CHECK(header.hash() == block.hash);

    std::vector<Hash> leaves;
    std::uint64_t gas = 0;
    for (const auto& transaction : block.transactions)
    {
        leaves.push_back(transaction.hash);
        Bytes encoding;
        encode(transaction, encoding);
        encoding.insert(encoding.end(), transaction.input.begin(), transaction.input.end());
        CHECK(transaction.hash == merkle_leaf(encoding));
    }
    CHECK(header.transactions_root == merkle_root(leaves));
    leaves.clear();
    for (const auto& reward : rewards)
    {
        Bytes encoding;
        encode(reward, encoding);
        leaves.push_back(merkle_leaf(encoding));
    }
    CHECK(header.rewards_root == merkle_root(leaves));
    for (const auto& receipt : block.receipts)
        gas += receipt.gas_used;
    CHECK(header.gas_used == gas);
}

TEST_CASE("block: the state root commits to the order and the values of writes", "[ledger][block]")
{
    const auto root_of = [](std::uint64_t first, std::uint64_t second, std::uint64_t reward)
    {
        ToyChain chain{2};
        std::vector<Transaction> transactions;
        transactions.push_back(chain.make(chain.wallets[0], calls(Add{1, first})));
        transactions.push_back(chain.make(chain.wallets[1], calls(Add{2, second})));
        return chain.run(std::move(transactions), 0, {{chain.proposer, reward}}).header.state_root;
    };
    const std::set<Hash> roots{
        root_of(1, 2, 0), root_of(2, 1, 0), root_of(1, 2, 1), root_of(1, 3, 0), root_of(0, 0, 0)};
    CHECK(roots.size() == 5);
    CHECK(root_of(1, 2, 0) == root_of(1, 2, 0));

    // And to the parent's.
    ToyChain chain{1};
    const auto first = chain.run(std::vector<Transaction>{});
    const auto second = chain.run(std::vector<Transaction>{});
    CHECK(first.header.state_root != second.header.state_root);
    Bytes writes(first.header.state_root.bytes.begin(), first.header.state_root.bytes.end());
    CHECK(second.header.state_root == keccak256(writes));
}

TEST_CASE("block: without commitments the state is the same", "[ledger][block]")
{
    ToyChain with{5};
    ToyChain without{5};
    ExecutionOptions options;
    options.commitments = false;
    const auto expected = with.run(RandomBlocks{1, 4}.next(with, 50));
    const auto block = without.run(RandomBlocks{1, 4}.next(without, 50), 0, {}, options);
    CHECK(without.world->checkpoint_root() == with.world->checkpoint_root());
    CHECK(block.header.gas_used == expected.header.gas_used);
    CHECK(block.events.size() == expected.events.size());
    for (const auto& root : {block.header.state_root, block.header.receipts_root,
             block.header.transactions_root, block.hash})
    {
        CHECK(root == Hash{});
    }
}

TEST_CASE("block: receipts commit to status, gas, refusal and logs", "[ledger][block]")
{
    const auto root_of = [](const CallWriter& list, std::uint64_t tip = 3)
    {
        ToyChain chain{2};
        return chain.run(chain.make(chain.wallets[0], list, 500'000, 100, tip))
            .header.receipts_root;
    };
    const std::set<Hash> roots{root_of(calls(Add{1, 1})), root_of(calls(Add{1, 2})),
        root_of(calls(Add{2, 1})), root_of(calls(Add{1, 1}), 4), root_of(calls(Add{1, 1}, Burn{1})),
        root_of(calls(Refuse{1, RefusalKind::error})),
        root_of(calls(Refuse{1, RefusalKind::custom})),
        root_of(calls(Refuse{1, RefusalKind::empty})),
        root_of(calls(Refuse{1, RefusalKind::panic})),
        root_of(calls(Refuse{1, RefusalKind::ledger}))};
    CHECK(roots.size() == 10);
}

TEST_CASE("block: its roots are those of its lists", "[ledger][block]")
{
    // Computed in parts; here as the definition says. Counts about the width of a part.
    constexpr std::size_t width = CommitHashing::part_leaves;
    ToyChain chain{900};
    RandomBlocks blocks{7, 40};
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{63}, width - 1,
             width, width + 1, 2 * width, 2 * width + 3, 3 * width - 77})
    {
        CAPTURE(count);
        const std::vector<Reward> rewards{{chain.proposer, 5}, {chain.wallets[0], 7}};
        auto made = blocks.next(chain, count);
        for (std::size_t i = 0; i < count; ++i)
            made[i].arrival_ms = static_cast<std::int64_t>(i * i) - 5;
        const auto block = chain.run(std::move(made), 0, rewards);
        std::vector<Hash> arrivals;
        for (std::size_t first = 0; first < count; first += width)
        {
            Bytes bytes;
            Encoder encoder{bytes};
            for (auto i = first; i < std::min(count, first + width); ++i)
                encoder.put(block.transactions[i].arrival_ms);
            arrivals.push_back(merkle_leaf(bytes));
        }
        std::vector<Hash> transactions;
        std::vector<Hash> receipts;
        std::vector<Hash> reward_leaves;
        for (std::size_t i = 0; i < count; ++i)
        {
            const auto& transaction = block.transactions[i];
            Bytes bytes;
            transaction.append_encoding(bytes);
            transactions.push_back(merkle_leaf(bytes));
            REQUIRE(transaction.hash == transactions.back());
            const auto& receipt = block.receipts[i];
            bytes.clear();
            encode_receipt(receipt.status, receipt.gas_used, receipt.effective_gas_price,
                receipt.status == ReceiptStatus::reverted ? &receipt.refusal : nullptr,
                std::span{block.events}.subspan(receipt.first_event, receipt.event_count),
                block.event_bytes, bytes);
            receipts.push_back(merkle_leaf(bytes));
        }
        for (const auto& reward : rewards)
        {
            Bytes bytes;
            encode(reward, bytes);
            reward_leaves.push_back(merkle_leaf(bytes));
        }
        CHECK(block.header.transactions_root == merkle_root(transactions));
        CHECK(block.header.arrivals_root == merkle_root(arrivals));
        CHECK(block.header.receipts_root == merkle_root(receipts));
        CHECK(block.header.rewards_root == merkle_root(reward_leaves));
    }
}

TEST_CASE("block: snapshots come last, of contracts that were written to", "[ledger][block]")
{
    ToyChain chain{2};
    const auto alice = chain.wallets[0];
    std::vector<Transaction> transactions;
    transactions.push_back(chain.make(alice, calls(Mint{alice, 4, 4}, Read{1})));
    const auto block = chain.run(std::move(transactions));
    REQUIRE(block.events.size() == 2);
    CHECK(block.events[0].type == &event_type<Observed>);
    CHECK(block.events[1].type == &event_type<Totals>);
    CHECK(block.events[1].transaction == 1);
    CHECK(block.events[1].contract == counters_id);
    Totals totals;
    REQUIRE(decode(block.encoding(block.events[1]), totals));
    CHECK(totals.supply == 4);
    CHECK(block.receipts[0].event_count == 1);

    // Read only, or refused: no snapshot.
    CHECK(chain.run(chain.make(alice, calls(Read{1}))).events.size() == 1);
    CHECK(chain.run(chain.make(alice, calls(Refuse{1, RefusalKind::error}))).events.empty());
}
