#include "audit/ledger_walk.hpp"
#include "audit/proof.hpp"
#include "ledger/check.hpp"
#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::audit
{
namespace
{

/// A ledger to prove something of.
class Prover
{
public:
    explicit Prover(const std::string& path) : walk_{storage::LedgerReader::open(path)}
    {
        const auto last = walk_.reader().last_block();
        if (!last)
            throw ProofError{path + ": has no blocks yet"};
        last_ = *last;
    }

    [[nodiscard]] storage::LedgerReader& reader() noexcept { return walk_.reader(); }
    [[nodiscard]] World& world() noexcept { return walk_.world(); }
    [[nodiscard]] LedgerWalk& walk() noexcept { return walk_; }

    /// The block to prove records against: @p asked, or the newest that has a root of the state.
    [[nodiscard]] std::uint64_t checkpoint(std::optional<std::uint64_t> asked) const
    {
        const auto interval = walk_.replay().scenario().chain.checkpoint_interval;
        if (!asked)
            return last_ - last_ % interval;
        check_block(*asked);
        if (*asked % interval == 0)
            return *asked;
        const auto before = *asked - *asked % interval;
        const auto after = before + interval;
        throw ProofError{fmt::format(
            "block {} has no root of the whole state: every {}th block has one; the nearest {}",
            *asked, interval,
            after <= last_ ? fmt::format("are {} and {}", before, after)
                           : fmt::format("is {}", before))};
    }
    void check_block(std::uint64_t number) const
    {
        if (number > last_)
            throw ProofError{fmt::format("there is no block {}: the last is {}", number, last_)};
    }

    [[nodiscard]] Proof proof() const
    {
        Proof proof;
        proof.header = walk_.replay().head();
        proof.block_hash = walk_.replay().head_hash();
        return proof;
    }

private:
    LedgerWalk walk_;
    std::uint64_t last_ = 0;
};

Proof finish(Proof proof)
{
    auto proven = check_proof(proof);
    RUNNEL_CHECK(proven.failure.empty() && "a proof that was just made holds");
    proof.statement = std::move(proven.statement);
    return proof;
}

/// The contract whose balances are meant, by name, symbol or address.
ContractId find_token(const World& world, std::string_view text)
{
    std::vector<ContractId> by_symbol;
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < world.contract_count(); ++i)
    {
        const auto& contract = world.contract(ContractId{i});
        const auto token = contract.token_info();
        if (!token)
            continue;
        names.push_back(contract.name());
        const auto& address = world.account(contract.account()).address;
        if (contract.name() == text || address.to_string() == text ||
            address.to_checksum_string() == text)
            return ContractId{i};
        if (token->symbol == text)
            by_symbol.push_back(ContractId{i});
    }
    if (by_symbol.size() == 1)
        return by_symbol.front();
    const std::vector<std::string_view> words(names.begin(), names.end());
    if (by_symbol.empty())
        throw ProofError{
            fmt::format("there is no token {}; there are {}", text, scenarios::listed(words))};
    throw ProofError{fmt::format("{} tokens have the symbol {}; name the contract: {}",
        by_symbol.size(), text, scenarios::listed(words))};
}

AccountId find_account(const World& world, std::string_view text)
{
    if (const auto found = world.find_account(text))
        return *found;
    if (const auto bytes = from_hex(text); bytes && text.starts_with("0x") && bytes->size() == 20)
    {
        for (std::uint32_t i = 0; i < world.account_count(); ++i)
        {
            const auto& address = world.account(AccountId{i}).address;
            if (std::equal(bytes->begin(), bytes->end(), address.bytes.begin()))
                return AccountId{i};
        }
    }
    throw ProofError{fmt::format(
        "there is no account {}: expected a name such as {}, or an address of the ledger", text,
        world.account(AccountId{static_cast<std::uint32_t>(world.account_count() - 1)}).name)};
}

const RecordTable& balances_of(const World& world, ContractId token)
{
    for (const auto* table : world.tables())
    {
        if (world.table_owner(table->number()) == token && table->conservation_weight() == 1)
            return *table;
    }
    throw ProofError{world.contract(token).name() + " keeps no balances"};
}

Proof prove_transaction(Prover& prover, const TransactionPlace& place)
{
    prover.check_block(place.block);
    const auto count = prover.reader().header(place.block).header.transaction_count;
    if (place.index >= count)
        throw ProofError{fmt::format("block {} has {} transactions", place.block, count)};
    FinishedBlock block;
    prover.walk().go_to(place.block, true, &block);
    auto proof = prover.proof();
    std::vector<Hash> transactions;
    std::vector<Hash> receipts;
    TransactionProof body;
    body.index = place.index;
    Bytes content;
    for (std::uint32_t i = 0; i < count; ++i)
    {
        transactions.push_back(block.transactions[i].hash);
        const auto& receipt = block.receipts[i];
        content.clear();
        encode_receipt(receipt.status, receipt.gas_used, receipt.effective_gas_price,
            receipt.status == ReceiptStatus::reverted ? &receipt.refusal : nullptr,
            std::span{block.events}.subspan(receipt.first_event, receipt.event_count),
            block.event_bytes, content);
        receipts.push_back(merkle_leaf(content));
        if (i == place.index)
            body.receipt.content = content;
    }
    const auto& transaction = block.transactions[place.index];
    transaction.append_encoding(body.transaction.content);
    body.transaction.path = merkle_path(std::move(transactions), place.index);
    body.receipt.path = merkle_path(std::move(receipts), place.index);
    proof.body = std::move(body);
    return finish(std::move(proof));
}

}  // namespace

Proof prove_transaction(const std::string& path, const Hash& hash)
{
    Prover prover{path};
    const auto place = prover.reader().find_transaction(hash);
    if (!place)
        throw ProofError{fmt::format("{}: has no transaction {}", path, hash.to_string())};
    return prove_transaction(prover, {place->first, place->second});
}

Proof prove_transaction(const std::string& path, const TransactionPlace& place)
{
    Prover prover{path};
    return prove_transaction(prover, place);
}

Proof prove_balance(const std::string& path, std::string_view token, std::string_view account,
    std::optional<std::uint64_t> block)
{
    Prover prover{path};
    auto& world = prover.world();
    // Who came with a block is known behind it.
    prover.walk().go_to(prover.checkpoint(block), false);
    const auto contract = find_token(world, token);
    const auto owner = find_account(world, account);
    const auto& table = balances_of(world, contract);
    auto proof = prover.proof();
    proof.body = BalanceProof{world.prove(StateBranch::first_table + table.number(), index(owner)),
        world.prove(StateBranch::accounts, index(owner)),
        world.prove(StateBranch::contracts, index(contract))};
    return finish(std::move(proof));
}

Proof prove_record(const std::string& path, std::string_view table, std::uint64_t key,
    std::optional<std::uint64_t> block)
{
    Prover prover{path};
    auto& world = prover.world();
    prover.walk().go_to(prover.checkpoint(block), false);
    const RecordTable* found = nullptr;
    std::vector<std::string_view> names;
    for (const auto* candidate : world.tables())
    {
        names.push_back(candidate->name());
        if (found == nullptr &&
            (candidate->name() == table || std::to_string(candidate->number()) == table))
            found = candidate;
    }
    if (found == nullptr)
        throw ProofError{
            fmt::format("there is no table {}; there are {}", table, scenarios::listed(names))};
    auto proof = prover.proof();
    proof.body = world.prove(StateBranch::first_table + found->number(), key);
    return finish(std::move(proof));
}

}  // namespace runnel::audit
