#include "ledger/call.hpp"
#include "ledger/philox.hpp"
#include "storage/chain_comparison.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/ledger_writer.hpp"

#include <benchmark/benchmark.h>

#include <filesystem>

/// How fast a ledger is written, indexed, read and compared, for blocks of token payments: each
/// transaction is a row of t_transactions and one of t_token_transfers.
namespace
{
using namespace runnel;
using namespace runnel::storage;

constexpr std::uint32_t account_count = 100'000;
constexpr std::uint32_t block_transactions = 1'000;

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

/// ERC-20's transfer, as a call.
struct TransferCall
{
    static constexpr std::uint8_t method = 0;

    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(to, value);
};

LedgerDescription description()
{
    LedgerDescription description;
    description.accounts.push_back({"zero", "ledger", "", Address{}});
    for (std::uint32_t i = 1; i < account_count; ++i)
    {
        auto name = "payer/" + std::to_string(i);
        const auto address = address_of_name(name);
        description.accounts.push_back({std::move(name), "wallet", "payer", address});
    }
    description.contracts = {{AccountId{1}, "native", "eth", TokenInfo{"ETH", 18}},
        {AccountId{2}, "erc20", "usdc", TokenInfo{"USDC", 6}}};
    description.events = {&event_type<Transfer>};
    return description;
}

std::shared_ptr<const FinishedBlock> payments(std::uint64_t number)
{
    FinishedBlock block;
    EventArena arena;
    RandomStream random{7, 1, 0, number};
    for (std::uint32_t i = 0; i < block_transactions; ++i)
    {
        const auto from =
            AccountId{static_cast<std::uint32_t>(random.uniform_below(account_count))};
        const auto to = AccountId{static_cast<std::uint32_t>(random.uniform_below(account_count))};
        const Amount value{random.uniform_below(1'000'000'000'000)};
        Transaction transaction;
        transaction.sender = from;
        transaction.nonce = number;
        transaction.gas_limit = 60'000;
        transaction.max_fee = 30'000'000'000;
        transaction.max_priority_fee = 1'000'000'000;
        transaction.set_calls(CallWriter{}.add(ContractId{1}, TransferCall{to, value}).bytes());
        transaction.seal();
        block.transactions.push_back(std::move(transaction));
        Receipt receipt;
        receipt.status = ReceiptStatus::succeeded;
        receipt.gas_used = 51'000;
        receipt.effective_gas_price = 12'000'000'000;
        block.receipts.push_back(receipt);
        append_event(arena, ContractId{1}, i, Transfer{from, to, value});
    }
    block.events = std::move(arena.events);
    block.event_bytes = std::move(arena.event_bytes);
    block.header.number = number;
    block.header.timestamp = number * 12;
    block.header.transaction_count = block_transactions;
    block.hash = block.header.hash();
    return std::make_shared<const FinishedBlock>(std::move(block));
}

const std::vector<std::shared_ptr<const FinishedBlock>>& chain()
{
    static const auto blocks = []
    {
        std::vector<std::shared_ptr<const FinishedBlock>> made;
        for (std::uint64_t i = 0; i < 300; ++i)
            made.push_back(payments(i));
        return made;
    }();
    return blocks;
}

std::string file_path()
{
    return (std::filesystem::temp_directory_path() / "runnel_storage_bench.db").string();
}

LedgerWriter new_writer(Durability durability)
{
    WriterOptions options;
    options.durability = durability;
    options.force = true;
    return LedgerWriter::create(file_path(), {}, description(), options);
}

void count_rows(benchmark::State& state)
{
    const auto rows = chain().size() * (2 * block_transactions + 1);
    const auto total = state.iterations() * static_cast<std::int64_t>(rows);
    state.SetItemsProcessed(total);
    state.counters["tx/s"] =
        benchmark::Counter(static_cast<double>(total) / 2, benchmark::Counter::kIsRate);
}

/// Rows per second until the last block is committed, without indexes.
void write_payments(benchmark::State& state)
{
    for (auto unused : state)
    {
        state.PauseTiming();
        const auto& blocks = chain();
        auto writer = new_writer(static_cast<Durability>(state.range(0)));
        state.ResumeTiming();
        for (const auto& block : blocks)
            writer.append(block);
        writer.flush();
    }
    count_rows(state);
}
BENCHMARK(write_payments)
    ->Unit(benchmark::kMillisecond)
    ->ArgName("durability")
    ->Arg(static_cast<int>(Durability::full))
    ->Arg(static_cast<int>(Durability::normal))
    ->Arg(static_cast<int>(Durability::off))
    ->UseRealTime();

/// What finish() adds: the readers' indexes, and the single file.
void finish_payments(benchmark::State& state)
{
    for (auto unused : state)
    {
        state.PauseTiming();
        auto writer = new_writer(Durability::normal);
        for (const auto& block : chain())
            writer.append(block);
        writer.flush();
        state.ResumeTiming();
        writer.finish();
    }
    count_rows(state);
}
BENCHMARK(finish_payments)->Unit(benchmark::kMillisecond)->UseRealTime();

void prepare_file()
{
    auto writer = new_writer(Durability::off);
    for (const auto& block : chain())
        writer.append(block);
    writer.finish();
}

/// Transactions decoded again, as verification reads them.
void read_blocks(benchmark::State& state)
{
    prepare_file();
    for (auto unused : state)
    {
        auto reader = LedgerReader::open(file_path());
        for (std::uint64_t i = 0; i < chain().size(); ++i)
            benchmark::DoNotOptimize(reader.block(i));
    }
    state.SetItemsProcessed(
        state.iterations() * static_cast<std::int64_t>(chain().size() * block_transactions));
}
BENCHMARK(read_blocks)->Unit(benchmark::kMillisecond)->UseRealTime();

void compare_payments(benchmark::State& state)
{
    prepare_file();
    for (auto unused : state)
    {
        ChainComparison comparison{
            Database::open(file_path(), Database::Access::read_only), description()};
        for (const auto& block : chain())
        {
            if (comparison.next(*block))
                state.SkipWithError("a ledger differs from its chain");
        }
    }
    count_rows(state);
}
BENCHMARK(compare_payments)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
