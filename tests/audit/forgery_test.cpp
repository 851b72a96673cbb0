#include "audit/ledger_walk.hpp"
#include "audit/verification.hpp"
#include "tests/audit/forge.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::audit;
using namespace runnel::audit::forgery;

namespace
{
/// Blocks are full, so fees move and transactions wait.
std::string scenario_text(const std::string& ordering = "priority_fee")
{
    return fmt::format(R"(
[scenario]
name = "forged"
title = "A few payments"
seed = 5
blocks = 40
slot_seconds = 12
start = 1_700_000_000

[chain]
validators = 5
stake = 32
participation = 0.8
block_reward = "0.01 ether"
block_gas_limit = 600_000
checkpoint_interval = 16
ordering = "{}"

[tokens.ETH]
kind = "native"

[tokens.USDC]
kind = "erc20"
symbol = "USDC"
decimals = 6

[agents.payer]
strategy = "payer"
count = 60
token = "USDC"
amount = {{ log_normal = [3.0, 1.0] }}
interval = 50
funds = {{ ETH = 1, USDC = {{ uniform = [100, 1000] }} }}
)",
        ordering);
}

Verification verify(const std::string& path, const std::optional<Hash>& head = std::nullopt)
{
    return verify_ledger(path, 1, head, {});
}

/// A ledger of its own for each text, written once.
const std::string& honest_ledger(const std::string& text)
{
    static std::map<std::string, std::unique_ptr<TemporaryFile>> files;
    auto& file = files[text];
    if (file == nullptr)
    {
        file = std::make_unique<TemporaryFile>();
        REQUIRE(run_to_file(text, file->path()).error.empty());
    }
    return file->path();
}

/// What verification says of a forged ledger.
Verification verify_forged(const Forger& forger, const std::string& text = scenario_text())
{
    const TemporaryFile file;
    forger.forge(honest_ledger(text), file.path());
    return verify(file.path());
}

using Block = storage::StoredBlock;

Forger alter(std::uint64_t number, std::function<void(Block&)> change)
{
    Forger forger;
    forger.block = [number, change = std::move(change)](Block& block)
    {
        if (block.header.number == number)
            change(block);
    };
    return forger;
}
}  // namespace

TEST_CASE("forgery: what is not altered comes out as it was", "[audit][forgery]")
{
    const TemporaryFile file;
    const auto head = Forger{}.forge(honest_ledger(scenario_text()), file.path());
    const auto honest = verify(honest_ledger(scenario_text()));
    const auto copy = verify(file.path());
    CHECK(honest.failure == "");
    CHECK(copy.failure == "");
    CHECK(honest.complete);
    CHECK(copy.head_hash == head.to_string());
    CHECK(copy.head_hash == honest.head_hash);
    CHECK(copy.blocks == 40);
    CHECK(copy.transactions > 300);
}

TEST_CASE("forgery: headers keep the rules of the scenario", "[audit][forgery]")
{
    struct Case
    {
        const char* name;
        std::function<void(Block&)> change;
        const char* failure;
    };
    const std::vector<Case> cases{
        {"gas limit", [](Block& block) { block.header.gas_limit += 1; },
            "the gas limit is not the scenario's"},
        {"base fee", [](Block& block) { block.header.base_fee += 1; },
            "the base fee does not follow from the parent"},
        {"timestamp", [](Block& block) { block.header.timestamp += 1; },
            "the timestamp is not one slot after the parent's"},
        {"proposer",
            [](Block& block)
            {
                const auto& rewards = block.rewards;
                block.header.proposer = block.header.proposer == rewards[1].account
                                            ? rewards[2].account
                                            : rewards[1].account;
            },
            "the proposer is not the one whose turn it was"},
        {"no reward", [](Block& block) { block.rewards.clear(); }, "the rewards are not those"},
        {"a higher reward",
            [](Block& block)
            { block.rewards[0].amount = wrapping_add(block.rewards[0].amount, Amount{1}); },
            "the rewards are not those"},
        {"one attester less", [](Block& block) { block.rewards.pop_back(); },
            "the rewards are not those"},
        {"a reward twice", [](Block& block) { block.rewards.push_back(block.rewards.back()); },
            "the rewards are not those"},
        {"a reward for an agent",
            [](Block& block) {
                block.rewards.push_back({block.transactions[0].sender, Amount{1'000'000}});
            },
            "the rewards are not those"},
        {"finality ahead of the chain",
            [](Block& block) { block.header.finalized_block = 1'000'000; },
            "the finalized block does not follow from the attestations"},
        {"finality behind", [](Block& block) { block.header.finalized_block = 0; },
            "the finalized block does not follow from the attestations"},
    };
    for (const auto& [name, change, failure] : cases)
    {
        CAPTURE(name);
        const auto result = verify_forged(alter(9, change));
        CHECK_THAT(result.failure, Catch::StartsWith(fmt::format("block 9: {}", failure)));
        CHECK(result.blocks == 8);
    }
    // The first block, in which nobody is paid, too.
    const auto paid = alter(1,
        [](Block& block) {
            block.rewards.push_back({block.header.proposer, Amount{1'000}});
        });
    CHECK(verify_forged(paid).failure == "block 1: block 1 has rewards or a finalized block");
}

TEST_CASE("forgery: transactions keep the rules of the scenario", "[audit][forgery]")
{
    struct Case
    {
        const char* name;
        std::function<void(Block&)> change;
        const char* failure;
    };
    const std::vector<Case> cases{
        {"a fee below the base fee",
            [](Block& block)
            {
                auto& transaction = block.transactions.back();
                transaction.max_fee = block.header.base_fee - 1;
                transaction.max_priority_fee = 0;
            },
            "is below the base fee of"},
        {"a tip above the fee",
            [](Block& block)
            {
                auto& transaction = block.transactions.back();
                transaction.max_priority_fee = transaction.max_fee + 1;
            },
            "its max_priority_fee is above its max_fee"},
        {"copies",
            [](Block& block)
            { block.transactions.insert(block.transactions.end(), 39, block.transactions[0]); },
            "its sender's next one is"},
        {"a nonce left out", [](Block& block) { block.transactions[0].nonce += 1; },
            "transaction 0: its nonce is"},
        {"a nonce again",
            [](Block& block)
            {
                block.transactions.push_back(block.transactions.back());
                block.transactions.back().nonce += 2;
            },
            "its nonce is"},
        {"more gas than the sender can pay",
            [](Block& block) { block.transactions[0].max_fee = std::uint64_t{1} << 62U; },
            "its sender cannot pay its gas limit at its max_fee"},
        {"a gas limit above the block's",
            [](Block& block) { block.transactions.front().gas_limit = 600'001; },
            "with it the gas limits exceed the block's 600000"},
        {"reversed",
            [](Block& block)
            { std::reverse(block.transactions.begin(), block.transactions.end()); },
            "not the one that the ordering priority_fee puts there"},
        {"two exchanged",
            [](Block& block) { std::swap(block.transactions[3], block.transactions[4]); },
            "transaction 3: not the one that the ordering priority_fee puts there"},
        {"a validator sends",
            [](Block& block)
            {
                auto& transaction = block.transactions.emplace_back(block.transactions[0]);
                transaction.sender = block.header.proposer;
                transaction.nonce = 0;
            },
            "its sender is no agent of the scenario"},
        {"an arrival to come before others",
            [](Block& block) { block.transactions[2].arrival_ms -= 1; },
            "transaction 2: its sender's cannot arrive at"},
        {"an arrival before time", [](Block& block) { block.transactions[2].arrival_ms = -5; },
            "transaction 2: its sender's cannot arrive at -5 ms"},
        {"an arrival in another slot",
            [](Block& block)
            {
                auto& transaction = block.transactions[2];
                transaction.arrival_ms = arrival_time_ms(5, transaction.sender, 90, 12);
            },
            "transaction 2: it arrived after the block was built"},
    };
    for (const auto& [name, change, failure] : cases)
    {
        CAPTURE(name);
        const auto result = verify_forged(alter(9, change));
        CHECK_THAT(
            result.failure, Catch::StartsWith("block 9: transaction ") && Catch::Contains(failure));
        CHECK(result.blocks == 8);
    }
}

namespace
{
/// The same payments with somebody who builds and two accounts that do.
std::string builders_text()
{
    auto text = scenario_text("builders");
    text.insert(text.find("ordering"), "relay = \"relay\"\ninclusion_list_gas = 200_000\n");
    return text + R"(
[contracts.relay]
kind = "builder_relay"
[accounts.alpha]
funds = { ETH = 10 }
[accounts.beta]
funds = { ETH = 10 }
[builders.alpha]
account = "alpha"
margin = 0.1
[builders.beta]
account = "beta"
margin = 0.05
)";
}
}  // namespace

TEST_CASE("forgery: slots are sold by the rules", "[audit][forgery][builders]")
{
    const auto honest = verify(honest_ledger(builders_text()));
    CHECK(honest.failure == "");
    CHECK(honest.complete);
    struct Case
    {
        const char* name;
        std::function<void(Block&)> change;
        const char* failure;
    };
    const std::vector<Case> cases{
        {"the payment left out", [](Block& block) { block.transactions.pop_back(); },
            "its last transaction is not its builder's payment to the proposer"},
        {"tips for somebody else",
            [](Block& block) { block.header.proposer = block.transactions[0].sender; },
            "the proposer is not the one whose turn it was, nor a builder"},
        {"no builder", [](Block& block) { block.header.proposer = block.rewards[0].account; },
            "its sender is no agent of the scenario"},
        {"one of the builder's transactions left out",
            [](Block& block) { block.transactions.erase(block.transactions.begin() + 1); },
            "the bid is not what the block pays its builder"},
        {"two exchanged",
            [](Block& block) { std::swap(block.transactions[0], block.transactions[1]); },
            "not the one that the ordering builders puts there"},
        {"a payment that came earlier",
            [](Block& block) { block.transactions.back().arrival_ms -= 1; },
            "not the payment that the bid promises"},
    };
    for (const auto& [name, change, failure] : cases)
    {
        CAPTURE(name);
        const auto result = verify_forged(alter(9, change), builders_text());
        CHECK_THAT(result.failure, Catch::StartsWith("block 9: ") && Catch::Contains(failure));
        CHECK(result.blocks == 8);
    }
}

TEST_CASE("forgery: a block reveals what the one before committed to",
    "[audit][forgery]"
    "[commit_reveal]")
{
    const auto text = scenario_text("commit_reveal");
    const auto honest = verify(honest_ledger(text));
    CHECK(honest.failure == "");
    CHECK(honest.transactions > 200);
    // Its blocks are full: every other one reveals what the one before it committed to.
    struct Case
    {
        const char* name;
        std::function<void(Block&)> change;
        const char* failure;
    };
    const std::vector<Case> cases{
        {"another limit", [](Block& block) { block.transactions[0].max_fee += 1; },
            "transaction 0: the block before has no commitment to it"},
        {"an open transaction", [](Block& block) { block.transactions[0].witnesses.clear(); },
            "transaction 0: the block before has no commitment to it"},
        {"two exchanged",
            [](Block& block) { std::swap(block.transactions[0], block.transactions[1]); },
            "not the one that the ordering commit_reveal puts there"},
        {"commitments first",
            [](Block& block)
            { std::reverse(block.transactions.begin(), block.transactions.end()); },
            ""},
    };
    for (const auto& [name, change, failure] : cases)
    {
        CAPTURE(name);
        const auto result = verify_forged(alter(10, change), text);
        CHECK_THAT(result.failure,
            Catch::StartsWith("block 10: transaction ") && Catch::Contains(failure));
        CHECK(result.blocks == 9);
    }
    // Whoever goes on behind a checkpoint knows what its block committed to.
    auto reader = storage::LedgerReader::open(honest_ledger(text));
    LedgerWalk walk{std::move(reader)};
    walk.go_to(33, true);
    CHECK(walk.replay().head().number == 33);
}

TEST_CASE("forgery: a block takes no more gas than its limit", "[audit][forgery]")
{
    // Transactions of the next block move up, each of them fit but for the room.
    std::vector<Transaction> next =
        storage::LedgerReader::open(honest_ledger(scenario_text())).transactions(10);
    REQUIRE_FALSE(next.empty());
    Forger forger;
    forger.block = [&](Block& block)
    {
        if (block.header.number == 9)
            block.transactions.insert(block.transactions.end(), next.begin(), next.end());
        else if (block.header.number == 10)
            block.transactions.clear();
    };
    const auto result = verify_forged(forger);
    CHECK_THAT(result.failure, Catch::StartsWith("block 9: transaction ") &&
                                   (Catch::Contains("the gas limits exceed the block's 600000") ||
                                       Catch::Contains("it arrived after the block was built")));
}

TEST_CASE("forgery: transactions do not wait for ever", "[audit][forgery]")
{
    // A transaction is kept back from block 34 to the last one; its lifetime is three slots.
    auto text = scenario_text();
    text.insert(text.find("ordering"), "transaction_lifetime = \"36s\"\n");
    const auto kept_until = [&](std::uint64_t last)
    {
        std::optional<Transaction> kept;
        Forger forger;
        forger.block = [kept, last](Block& block) mutable
        {
            auto& transactions = block.transactions;
            const auto number = block.header.number;
            if (number == 34)
            {
                // The newest to arrive, so that it could wait longest.
                const auto newest = std::max_element(transactions.begin(), transactions.end(),
                    [](const auto& a, const auto& b) { return a.arrival_ms < b.arrival_ms; });
                kept = *newest;
                transactions.erase(newest);
            }
            if (number > 34)
                transactions.clear();
            if (number == last)
                transactions.assign(1, *kept);
        };
        return forger;
    };
    CHECK(verify_forged(kept_until(36), text).failure == "");
    CHECK(verify_forged(kept_until(38), text).failure ==
          "block 38: transaction 0: it had waited longer than the scenario's transaction_lifetime");
}

TEST_CASE("forgery: nobody sends while his group is stopped", "[audit][forgery]")
{
    const auto text = scenario_text() + R"(
[events.silence]
at_block = 30
action = "group_stop"
group = "payer"
for = "36s"
)";
    CHECK(verify(honest_ledger(text)).failure == "");
    auto reader = storage::LedgerReader::open(honest_ledger(text));
    const auto sent = reader.transactions(29).front();
    const auto result = verify_forged(alter(32,
                                          [&](Block& block)
                                          {
                                              auto again = sent;
                                              again.nonce += 1;
                                              again.arrival_ms =
                                                  arrival_time_ms(5, sent.sender, 31, 12);
                                              block.transactions.assign(1, again);
                                          }),
        text);
    CHECK(result.failure ==
          "block 32: transaction 0: its sender's group decided nothing in block 31");
}

TEST_CASE("forgery: every ordering is checked", "[audit][forgery]")
{
    for (const auto* ordering : {"priority_fee", "fifo", "random", "bundles"})
    {
        CAPTURE(ordering);
        const auto text = scenario_text(ordering);
        CHECK(verify(honest_ledger(text)).failure == "");
        const auto reversed = verify_forged(
            alter(9, [](Block& block)
                { std::reverse(block.transactions.begin(), block.transactions.end()); }),
            text);
        CHECK_THAT(reversed.failure,
            Catch::StartsWith(
                "block 9: transaction 0: not the one that the ordering " + std::string{ordering}));
        const auto exchanged = verify_forged(
            alter(9, [](Block& block) { std::swap(block.transactions[3], block.transactions[4]); }),
            text);
        CHECK_THAT(exchanged.failure, Catch::StartsWith("block 9: transaction 3: not the one"));
    }
}

TEST_CASE("forgery: a script heads its block", "[audit][forgery]")
{
    const auto text = scenario_text() + R"(
[accounts.alice]
funds = { ETH = 1, USDC = 10 }
[[script]]
at_block = 9
from = "alice"
calls = [{ contract = "USDC", call = "transfer", to = "payer/1", value = "3 USDC" }]
[[script]]
at_block = 9
from = "payer/2"
calls = [{ contract = "USDC", call = "transfer", to = "alice", value = "1 USDC" }]
)";
    CHECK(verify(honest_ledger(text)).failure == "");
    struct Case
    {
        const char* name;
        std::function<void(Block&)> change;
        const char* failure;
    };
    const auto left_out = "not the one that the scenario's script puts there";
    const std::vector<Case> cases{
        {"left out", [](Block& block) { block.transactions.erase(block.transactions.begin()); },
            left_out},
        {"all left out", [](Block& block) { block.transactions.clear(); }, left_out},
        {"exchanged", [](Block& block) { std::swap(block.transactions[0], block.transactions[1]); },
            left_out},
        {"behind others",
            [](Block& block)
            {
                std::rotate(block.transactions.begin(), block.transactions.begin() + 2,
                    block.transactions.end());
            },
            "its sender is no agent of the scenario"},
        {"another tip", [](Block& block) { block.transactions[0].max_priority_fee += 1; },
            left_out},
        {"another arrival", [](Block& block) { block.transactions[1].arrival_ms += 1; }, left_out},
        {"a line more",
            [](Block& block)
            {
                auto again = block.transactions[0];
                again.nonce += 1;
                block.transactions.insert(block.transactions.begin() + 2, again);
            },
            "its sender is no agent of the scenario"},
    };
    for (const auto& [name, change, failure] : cases)
    {
        CAPTURE(name);
        const auto result = verify_forged(alter(9, change), text);
        CHECK_THAT(
            result.failure, Catch::StartsWith("block 9: transaction ") && Catch::Contains(failure));
        CHECK(result.blocks == 8);
    }
}

TEST_CASE("forgery: the manifest agrees with itself", "[audit][forgery]")
{
    for (const auto* key : {"scenario_name", "title", "seed", "blocks", "slot_seconds", "start"})
    {
        CAPTURE(key);
        Forger forger;
        forger.manifest = [&](storage::Manifest& manifest)
        {
            for (auto& [name, value] : manifest.entries)
            {
                if (name == key)
                    value = "7";
            }
        };
        CHECK_THAT(verify_forged(forger).failure,
            Catch::StartsWith(fmt::format("t_manifest: {} is \"7\"", key)));
        forger.manifest = [&](storage::Manifest& manifest)
        { std::erase_if(manifest.entries, [&](const auto& entry) { return entry.first == key; }); };
        CHECK(verify_forged(forger).failure == fmt::format("t_manifest: {} is missing", key));
    }
    Forger forger;
    forger.manifest = [](storage::Manifest& manifest) { manifest.add("audited_by", "somebody"); };
    CHECK(verify_forged(forger).failure == "t_manifest: audited_by is unexpected");
}

TEST_CASE("forgery: a chain ends where the scenario ends", "[audit][forgery]")
{
    Forger forger;
    SECTION("too long")
    {
        forger.blocks_more = 1;
        forger.complete = false;
        const TemporaryFile file;
        forger.forge(honest_ledger(scenario_text()), file.path());
        CHECK(verify(file.path()).failure ==
              "t_completion: its row is missing, though the run was "
              "complete");
        storage::Database::open(file.path(), storage::Database::Access::read_write)
            .execute(
                "INSERT INTO t_completion SELECT number, hash, coalesce((SELECT digest FROM "
                "t_dropped_transactions ORDER BY rowid DESC LIMIT 1), zeroblob(32)), "
                "(SELECT digest FROM t_truth_blocks ORDER BY rowid DESC LIMIT 1), zeroblob(32) "
                "FROM "
                "t_blocks WHERE number = 40");
        CHECK_THAT(verify(file.path()).failure, Catch::Contains("blocks were added"));
    }
    SECTION("too long, and it says so")
    {
        forger.blocks_more = 1;
        CHECK_THAT(verify_forged(forger).failure,
            Catch::Contains("the run ended with block 41, the scenario with 40"));
    }
    SECTION("too short, and called complete")
    {
        forger.blocks_less = 1;
        CHECK_THAT(verify_forged(forger).failure,
            Catch::Contains("the run ended with block 39, the scenario with 40"));
    }
    SECTION("too short, as if it had been killed")
    {
        // Nothing in the file can tell: it is what a killed run leaves. The head does.
        forger.blocks_less = 1;
        forger.complete = false;
        const TemporaryFile file;
        const auto head = forger.forge(honest_ledger(scenario_text()), file.path());
        const auto honest = verify(honest_ledger(scenario_text()));
        const auto result = verify(file.path(), head);
        CHECK(result.failure == "");
        CHECK_FALSE(result.complete);
        CHECK_THAT(verify(file.path(), Hash::from_string(honest.head_hash)).failure,
            Catch::StartsWith("the head is block 39 with the hash " + head.to_string()));
    }
}

TEST_CASE("forgery: what agents wanted only the head tells", "[audit][forgery]")
{
    const auto honest = Hash::from_string(verify(honest_ledger(scenario_text())).head_hash);
    REQUIRE(honest);
    CHECK(verify(honest_ledger(scenario_text()), honest).failure == "");
    Forger forger;
    SECTION("a block that was emptied, the last one: others follow from it")
    {
        forger = alter(40, [](Block& block) { block.transactions.clear(); });
    }
    SECTION("another payment")
    {
        forger = alter(40, [](Block& block) { block.transactions.pop_back(); });
    }
    const TemporaryFile file;
    forger.forge(honest_ledger(scenario_text()), file.path());
    CHECK(verify(file.path()).failure == "");
    CHECK_THAT(verify(file.path(), honest).failure,
        Catch::Contains(honest->to_string() + ": this is another chain"));
}

TEST_CASE("shortened: blocks that are taken away leave traces", "[audit][forgery]")
{
    const TemporaryFile file;
    Forger{}.forge(honest_ledger(scenario_text()), file.path());
    const auto after = [&](const std::string& sql)
    {
        const TemporaryFile copy;
        std::filesystem::copy_file(file.path(), copy.path());
        storage::Database::open(copy.path(), storage::Database::Access::read_write).execute(sql);
        try
        {
            return verify(copy.path()).failure;
        }
        catch (const storage::StorageError& error)
        {
            CHECK(error.kind() == storage::StorageErrorKind::corrupt);
            return std::string{error.what()};
        }
    };
    // Every table that blocks are written to, and the directories, from a block on.
    const auto remove_from = [&](std::uint64_t number)
    {
        auto reader = storage::LedgerReader::open(file.path());
        std::string sql = fmt::format("DELETE FROM t_blocks WHERE number >= {};", number);
        auto tables = reader.query(
            "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = "
            "'table' "
            "AND c.name = 'block_number' AND m.name NOT IN ('t_run_metrics', 't_completion')");
        while (tables.step())
        {
            sql += fmt::format("DELETE FROM {} WHERE block_number >= {};", tables.text(0),
                std::max<std::uint64_t>(number, 1));
        }
        return sql;
    };
    CHECK(after("SELECT 1") == "");
    CHECK_THAT(after("DELETE FROM t_blocks"), Catch::StartsWith("there are no blocks"));
    CHECK_THAT(after(remove_from(0)), Catch::StartsWith("there are no blocks"));
    CHECK_THAT(after(remove_from(0) + "DELETE FROM t_completion"),
        Catch::StartsWith("there are no blocks"));
    // Without indexes and checkpoints too it is what a killed run leaves, if no row is left.
    auto nothing = std::string{"DELETE FROM t_completion; DELETE FROM t_checkpoints;"};
    {
        auto reader = storage::LedgerReader::open(file.path());
        auto indexes =
            reader.query("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL");
        while (indexes.step())
            nothing += fmt::format("DROP INDEX {};", indexes.text(0));
    }
    CHECK(after(nothing + remove_from(0)) == "");
    for (const auto* table : {"t_transactions", "t_rewards", "t_token_transfers"})
    {
        CAPTURE(table);
        auto sql = nothing + remove_from(0);
        const auto removal = fmt::format("DELETE FROM {} WHERE block_number >= 1;", table);
        REQUIRE(sql.find(removal) != std::string::npos);
        sql.erase(sql.find(removal), removal.size());
        CHECK_THAT(
            after(sql), Catch::StartsWith(table) && Catch::Contains("execution has no such row"));
    }
    CHECK_THAT(after("DELETE FROM t_blocks WHERE number > 0"),
        Catch::Contains("complete with block 40, but block 0 is the last: blocks were removed"));
    for (const std::uint64_t first : {1, 2, 33, 40})
    {
        CAPTURE(first);
        CHECK_THAT(after(remove_from(first)),
            Catch::Contains(
                fmt::format("but block {} is the last: blocks were removed", first - 1)));
    }
    CHECK_THAT(after("DELETE FROM t_completion"), Catch::Contains("its row is missing"));
    CHECK_THAT(after("UPDATE t_completion SET block_number = 39"), Catch::Contains("t_completion"));
    CHECK_THAT(
        after("UPDATE t_completion SET head_hash = zeroblob(32)"), Catch::Contains("t_completion"));
    CHECK_THAT(
        after("DELETE FROM t_blocks WHERE number = 20"), Catch::Contains("block 20 is missing"));
    // The row of the completion taken away as well: what is kept of checkpoints still tells.
    const auto& kept = honest_ledger(scenario_text());
    const TemporaryFile copy;
    std::filesystem::copy_file(kept, copy.path());
    storage::Database::open(copy.path(), storage::Database::Access::read_write)
        .execute(remove_from(40) + "DELETE FROM t_completion");
    CHECK_THAT(
        verify(copy.path()).failure, Catch::Contains("what is kept is what a complete run keeps"));
}

TEST_CASE("interruption: its state is what the transactions give", "[audit][forgery]")
{
    const TemporaryFile file;
    const auto last = run_and_interrupt(parse(scenario_text()), file.path(), 21);
    REQUIRE(last % 16 != 0);
    auto database = storage::Database::open(file.path(), storage::Database::Access::read_write);
    const auto newest = storage::list_checkpoints(database).front();
    REQUIRE(newest.block_number == last);
    CHECK(check_interruption(database, last) == "");
    const auto parts = keep(*storage::read_checkpoint(database, last));
    std::size_t altered = 0;
    for (std::size_t i = 0; i < parts.size(); ++i)
    {
        if (parts[i].first != state_part_name)
            continue;
        CAPTURE(i);
        auto more = parts;
        more[i].second.back() ^= 1U;
        auto less = parts;
        less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
        for (const auto& others : {more, less})
        {
            rewrite_checkpoint(database, newest, others, 2);
            CHECK(storage::find_damage(database, last) == "");
            CHECK_THAT(check_interruption(database, last),
                Catch::EndsWith("is not the state that the transactions give"));
            ++altered;
        }
    }
    CHECK(altered >= 6);
    rewrite_checkpoint(database, newest, parts, 2);
    CHECK(check_interruption(database, last) == "");
    // Blocks that do not follow from their transactions are no measure.
    database.execute(
        fmt::format("UPDATE t_transactions SET nonce = nonce + 1 WHERE block_number = {} AND "
                    "transaction_index = 0",
            last - last % 16 + 1));
    CHECK_THROWS_AS(check_interruption(database, last), storage::StorageError);
}
