// Writes ledgers as somebody would who has the whole program: with every hash computed again. For
// the fuzzers of this folder; what it alters follows from its seed.
//
//     runnel_forge cut SCENARIO FILE BLOCKS      an interrupted run, about so many blocks long
//     runnel_forge chain FILE TARGET SEED        a copy of a finished ledger with one alteration
//     runnel_forge checkpoint FILE SEED          alters the newest checkpoint where it is
//
// Prints what it altered; a chain's line begins with "refused: " if verification must fail, and
// with "free: " if only the head tells.

#include "tests/audit/forge.hpp"

#include "actors/checkpoint.hpp"
#include "state/kept_checkpoint.hpp"
#include "storage/checkpoints.hpp"
#include "storage/row_batch.hpp"
#include "storage/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace runnel;
using namespace runnel::audit::forgery;

namespace
{
using Block = storage::StoredBlock;

class Random
{
public:
    explicit Random(std::uint64_t seed) : random_{seed} {}
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    bool chance(unsigned percent) { return below(100) < percent; }
    /// A number that is often a limit, never 0.
    std::uint64_t number()
    {
        constexpr std::uint64_t limits[] = {1, 2, 7, 1'000, 21'000, 0xFFFF'FFFF,
            std::uint64_t{1} << 32U, std::uint64_t{1} << 62U, std::uint64_t{1} << 63U, ~0ULL};
        return chance(50) ? limits[below(std::size(limits))] : 1 + below(1'000'000'000);
    }

private:
    std::mt19937_64 random_;
};

/// One way to alter a block; false if this block gives no occasion.
struct Alteration
{
    const char* name;
    bool refused;  // Verification must fail.
    bool (*apply)(Block& block, Random& random, const scenarios::Scenario& scenario);
};

Transaction& any(Block& block, Random& random)
{
    return block.transactions[random.below(block.transactions.size())];
}

bool set(std::uint64_t& value, std::uint64_t to)
{
    return std::exchange(value, to) != to;
}

constexpr Alteration alterations[] = {
    {"gas limit", true,
        [](Block& block, Random& random, const auto&)
        { return set(block.header.gas_limit, block.header.gas_limit + random.number()); }},
    {"base fee", true,
        [](Block& block, Random& random, const auto&)
        { return set(block.header.base_fee, random.number()); }},
    {"timestamp", true,
        [](Block& block, Random& random, const auto&)
        { return set(block.header.timestamp, block.header.timestamp + random.number()); }},
    {"proposer", true,
        [](Block& block, Random& random, const auto&)
        {
            const AccountId other{static_cast<std::uint32_t>(1 + random.below(8))};
            return std::exchange(block.header.proposer, other) != other;
        }},
    {"finalized block", true,
        [](Block& block, Random& random, const auto&)
        { return set(block.header.finalized_block, random.number()); }},
    {"rewards dropped", true,
        [](Block& block, Random& random, const auto&)
        {
            if (block.rewards.empty())
                return false;
            block.rewards.resize(random.below(block.rewards.size()));
            return true;
        }},
    {"reward amount", true,
        [](Block& block, Random& random, const auto&)
        {
            if (block.rewards.empty())
                return false;
            auto& amount = block.rewards[random.below(block.rewards.size())].amount;
            amount = wrapping_add(amount, Amount{random.number()});
            return true;
        }},
    {"reward added", true,
        [](Block& block, Random& random, const auto&)
        {
            block.rewards.push_back({AccountId{static_cast<std::uint32_t>(1 + random.below(20))},
                Amount{random.number()}});
            return true;
        }},
    {"reward order", true,
        [](Block& block, Random&, const auto&)
        {
            if (block.rewards.size() < 2)
                return false;
            std::swap(block.rewards.front(), block.rewards.back());
            return true;
        }},
    {"fee below the base fee", true,
        [](Block& block, Random& random, const auto&)
        {
            auto& transaction = any(block, random);
            transaction.max_fee = random.below(block.header.base_fee);
            transaction.max_priority_fee =
                std::min(transaction.max_priority_fee, transaction.max_fee);
            return true;
        }},
    {"tip above the fee", true,
        [](Block& block, Random& random, const auto&)
        {
            auto& transaction = any(block, random);
            transaction.max_priority_fee = transaction.max_fee + 1 + random.below(1'000);
            return true;
        }},
    {"fee that cannot be paid", true,
        [](Block& block, Random& random, const auto&)
        {
            any(block, random).max_fee = (std::uint64_t{1} << 62U) + random.below(1'000);
            return true;
        }},
    {"nonce", true,
        [](Block& block, Random& random, const auto&)
        {
            auto& nonce = any(block, random).nonce;
            return set(nonce, nonce + random.number());
        }},
    {"copies", true,
        [](Block& block, Random& random, const auto&)
        {
            const auto copy = any(block, random);
            const auto count = 1 + random.below(50);
            const auto at = random.below(block.transactions.size() + 1);
            block.transactions.insert(
                block.transactions.begin() + static_cast<std::ptrdiff_t>(at), count, copy);
            return true;
        }},
    {"exchanged", true,
        [](Block& block, Random& random, const auto&)
        {
            auto& a = any(block, random);
            auto& b = any(block, random);
            if (a.hash == b.hash)
                return false;
            std::swap(a, b);
            return true;
        }},
    {"reversed", true,
        [](Block& block, Random&, const auto&)
        {
            std::reverse(block.transactions.begin(), block.transactions.end());
            return block.transactions.size() > 1;
        }},
    {"shifted", true,
        [](Block& block, Random& random, const auto&)
        {
            const auto by = random.below(block.transactions.size());
            std::rotate(block.transactions.begin(),
                block.transactions.begin() + static_cast<std::ptrdiff_t>(by),
                block.transactions.end());
            return by != 0;
        }},
    {"gas limit of a transaction", true,
        [](Block& block, Random& random, const auto& scenario)
        {
            any(block, random).gas_limit =
                scenario.chain.fees.block_gas_limit + 1 + random.below(1'000);
            return true;
        }},
    {"sender without an agent", true,
        [](Block& block, Random& random, const auto&)
        {
            auto& transaction = any(block, random);
            transaction.sender = AccountId{static_cast<std::uint32_t>(random.below(6))};
            return true;
        }},
    {"arrival", true,
        [](Block& block, Random& random, const auto&)
        {
            auto& arrival = any(block, random).arrival_ms;
            const auto by = static_cast<std::int64_t>(1 + random.below(2'000));
            arrival += random.chance(50) ? by : -by;
            return true;
        }},
    {"arrival far away", true,
        [](Block& block, Random& random, const auto&)
        {
            any(block, random).arrival_ms = static_cast<std::int64_t>(random.number() << 20U) - 1;
            return true;
        }},
    {"arrival to come", true,
        [](Block& block, Random& random, const auto& scenario)
        {
            auto& transaction = any(block, random);
            transaction.arrival_ms = arrival_time_ms(scenario.seed, transaction.sender,
                block.header.number + 1 + random.below(100), scenario.slot_seconds);
            return true;
        }},
    {"left out", false,
        [](Block& block, Random& random, const auto&)
        {
            block.transactions.erase(
                block.transactions.begin() +
                static_cast<std::ptrdiff_t>(random.below(block.transactions.size())));
            return true;
        }},
    {"emptied", false,
        [](Block& block, Random&, const auto&)
        {
            block.transactions.clear();
            return true;
        }},
    {"input", false,
        [](Block& block, Random& random, const auto&)
        {
            auto& input = any(block, random).input;
            for (auto count = 1 + random.below(4); count > 0; --count)
                input[random.below(input.size())] ^=
                    static_cast<std::uint8_t>(1 + random.below(255));
            // As long as it says how many addresses it has.
            const Bytes bytes(input.begin(), input.end());
            Transaction copy;
            if (copy.set_input(bytes))
                return true;
            input[0] = 0;
            return true;
        }},
    {"gas limit lowered", false,
        [](Block& block, Random& random, const auto&)
        {
            auto& limit = any(block, random).gas_limit;
            return set(limit, random.below(limit));
        }},
    {"sender", false,
        [](Block& block, Random& random, const auto&)
        {
            auto& sender = any(block, random).sender;
            const auto other = any(block, random).sender;
            return std::exchange(sender, other) != other;
        }},
};

int cut(const std::string& file, const std::string& target, std::uint64_t blocks)
{
    auto scenario = scenarios::load_scenario(file, {});
    if (!scenario)
        throw std::runtime_error{scenario.error().message};
    fmt::print("interrupted after block {}\n", run_and_interrupt(*scenario, target, blocks));
    return 0;
}

int chain(const std::string& source, const std::string& target, std::uint64_t seed)
{
    auto reader = storage::LedgerReader::open(source);
    const auto scenario = parse(std::string{reader.manifest().find("resolved_scenario").value()});
    Random random{seed};
    const auto& alteration = alterations[random.below(std::size(alterations))];
    // What is free changes what comes after it, so that is altered at the end.
    const auto last = reader.last_block().value();
    const auto number = alteration.refused ? 2 + random.below(last - 1) : last;
    bool altered = false;
    Forger forger;
    forger.block = [&](Block& block)
    {
        if (block.header.number == number && !block.transactions.empty())
            altered = alteration.apply(block, random, scenario);
    };
    forger.forge(source, target);
    fmt::print("{}: {} of block {}\n",
        !altered             ? "nothing"
        : alteration.refused ? "refused"
                             : "free",
        alteration.name, number);
    return 0;
}

int checkpoint(const std::string& file, std::uint64_t seed)
{
    Random random{seed};
    auto database = storage::Database::open(file, storage::Database::Access::read_write);
    const auto newest = storage::list_checkpoints(database).front();
    auto parts = keep(*storage::read_checkpoint(database, newest.block_number));
    std::string what;
    // Small parts as often as large ones.
    auto& [name, content] = parts[random.below(parts.size())];
    switch (random.below(8))
    {
        case 0:
            content.resize(random.below(content.size() + 1));
            what = "cut";
            break;
        case 1:
            for (auto count = 1 + random.below(40); count > 0; --count)
                content.push_back(static_cast<std::uint8_t>(random.below(256)));
            what = "lengthened";
            break;
        case 2:
            std::swap(parts[random.below(parts.size())], parts[random.below(parts.size())]);
            what = "parts exchanged";
            break;
        case 3:
            what = "part left out, " + name;
            parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(random.below(parts.size())));
            break;
        case 4:
            parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(random.below(parts.size())),
                parts[random.below(parts.size())]);
            what = "part twice";
            break;
        default:
            for (auto count = 1 + random.below(6); count > 0 && !content.empty(); --count)
            {
                // Words of limits: lengths, counts, numbers that are none.
                constexpr std::uint8_t bytes[] = {0x00, 0xFF, 0x7F, 0x80, 0xF0, 0x01};
                const auto at = random.below(content.size());
                const auto length = random.chance(50) ? 1 : 1 + random.below(12);
                const auto byte = random.chance(70) ? bytes[random.below(std::size(bytes))]
                                                    : static_cast<std::uint8_t>(random.below(256));
                for (auto i = at; i < std::min<std::uint64_t>(content.size(), at + length); ++i)
                    content[i] = random.chance(30)
                                     ? static_cast<std::uint8_t>(content[i] ^ 1U << random.below(8))
                                     : byte;
            }
            what = "bytes of " + name;
            break;
    }
    // Nothing else to go on from, as often as not.
    rewrite_checkpoint(database, newest, std::move(parts), random.chance(50) ? 1 : 2);
    fmt::print("{}, checkpoint of block {}\n", what, newest.block_number);
    return 0;
}
}  // namespace

int main(int count, char** values)
{
    const std::vector<std::string> arguments(values + 1, values + count);
    try
    {
        if (arguments.size() == 4 && arguments[0] == "cut")
            return cut(arguments[1], arguments[2], std::stoull(arguments[3]));
        if (arguments.size() == 4 && arguments[0] == "chain")
            return chain(arguments[1], arguments[2], std::stoull(arguments[3]));
        if (arguments.size() == 3 && arguments[0] == "checkpoint")
            return checkpoint(arguments[1], std::stoull(arguments[2]));
    }
    catch (const std::exception& error)
    {
        fmt::print(stderr, "runnel_forge: {}\n", error.what());
        return 3;
    }
    fmt::print(stderr, "runnel_forge: see the head of tests/fuzz/forge.cpp\n");
    return 2;
}
