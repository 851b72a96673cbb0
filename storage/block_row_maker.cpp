#include "storage/block_row_maker.hpp"

#include "ledger/call.hpp"
#include "ledger/check.hpp"
#include "storage/dropped_rows.hpp"
#include "storage/ledger_writer.hpp"
#include "storage/refused_rows.hpp"
#include "storage/reverted_rows.hpp"
#include "storage/truth_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace runnel::storage
{
namespace
{
/// `uniswap_v2_pair` -> uniswap, 2. A kind without a version is its own project.
std::pair<std::string, std::string> project_and_version(const std::string& kind)
{
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    for (auto at = kind.find("_v"); at != std::string::npos; at = kind.find("_v", at + 1))
    {
        const auto first = kind.begin() + static_cast<std::ptrdiff_t>(at) + 2;
        const auto last = std::find_if_not(first, kind.end(), is_digit);
        if (last != first && (last == kind.end() || *last == '_'))
            return {kind.substr(0, at), std::string{first, last}};
    }
    return {kind, ""};
}

std::optional<std::uint32_t> transaction_of(const Origin& origin)
{
    return origin.transaction == Origin::no_transaction ? std::nullopt
                                                        : std::optional{origin.transaction};
}

/// Whom a transaction's first call goes to, as a block explorer says it.
struct Target
{
    std::optional<AccountId> account;
    Amount value;
};

Target target_of(const Transaction& transaction, const AddressBook& addresses)
{
    CallReader reader{transaction.executable()};
    const auto call = reader.next();
    if (!call || index(call->contract) >= addresses.contract_accounts.size())
        return {};
    // A call of the native coin is a plain payment: (to, value), its only method.
    // What a bound argument holds is a guess, so such a payment counts as a call.
    if (call->contract == native_coin && call->method == 0 && call->bindings.empty())
    {
        Decoder decoder{call->arguments};
        AccountId to{};
        Amount value;
        decoder.get(to);
        decoder.get(value);
        if (decoder.at_end() && index(to) < addresses.accounts.size())
            return {to, value};
    }
    return {addresses.contract_accounts[index(call->contract)], {}};
}
}  // namespace

AddressBook address_book(const LedgerDescription& description)
{
    AddressBook book;
    for (const auto& account : description.accounts)
        book.accounts.push_back(account.address);
    for (const auto& contract : description.contracts)
        book.contract_accounts.push_back(contract.account);
    return book;
}

void add_contract(Rows<ContractRow>& contracts, Rows<TokenRow>& tokens, ContractId id,
    const ContractEntry& contract, const Address& address, std::optional<AccountId> creator,
    const Origin& origin)
{
    const auto [project, version] = project_and_version(contract.kind);
    contracts.add({index(id), contract.account, address, contract.kind, contract.name, project,
        version, origin.block, transaction_of(origin), creator});
    if (contract.token)
    {
        tokens.add({id, contract.token->symbol, contract.token->decimals, origin.block,
            transaction_of(origin)});
    }
}

BlockRowMaker::BlockRowMaker(
    const Schema& schema, AddressBook addresses, const MakeTarget& make_target)
  : addresses_{std::move(addresses)}
{
    std::unordered_map<std::string, RowBatch*> tables;
    for (const auto& table : schema.tables())
    {
        if (table.kind == TableKind::block || table.kind == TableKind::directory ||
            table.kind == TableKind::told)
        {
            if (auto target = make_target(table))
                tables.emplace(table.name, &batches_.emplace_back(table, std::move(target)));
        }
    }
    const auto batch = [&](std::string_view table) -> RowBatch&
    { return *tables.at(std::string{table}); };
    blocks_.emplace(batch(BlockRow::table));
    transactions_.emplace(batch(TransactionRow::table));
    witnesses_.emplace(batch(WitnessRow::table));
    rewards_.emplace(batch(RewardRow::table));
    stake_changes_.emplace(batch(StakeChangeRow::table));
    network_nodes_.emplace(batch(NetworkNodeRow::table));
    network_blocks_.emplace(batch(NetworkBlockRow::table));
    network_votes_.emplace(batch(NetworkVoteRow::table));
    network_evidence_.emplace(batch(NetworkEvidenceRow::table));
    if (tables.contains(std::string{DroppedRow::table}))
    {
        dropped_.emplace(batch(DroppedRow::table));
        reverted_blocks_.emplace(batch(RevertedBlockRow::table));
        refused_blocks_.emplace(batch(RefusedBlockRow::table));
        reverted_transactions_.emplace(batch(RevertedTransactionRow::table));
        truth_.emplace(batch(TruthRow::table));
        truth_digests_.emplace(batch(TruthDigestRow::table));
    }
    address_rows_.emplace(batch(AddressRow::table));
    contract_rows_.emplace(batch(ContractRow::table));
    token_rows_.emplace(batch(TokenRow::table));
    for (const auto* type : schema.events())
        events_.emplace(type, &batch(event_table_name(*type)));
}

void BlockRowMaker::flush()
{
    for (auto& batch : batches_)
        batch.flush();
}

/// Who came with the block.
void BlockRowMaker::add_directories(const FinishedBlock& block)
{
    for (const auto& account : block.accounts)
    {
        RUNNEL_CHECK(index(account.id) == addresses_.accounts.size());
        addresses_.accounts.push_back(account.address);
        address_rows_->add({index(account.id), account.address, account.name, account.role,
            account.strategy, account.origin.block, transaction_of(account.origin)});
    }
    for (const auto& contract : block.contracts)
    {
        RUNNEL_CHECK(index(contract.id) == addresses_.contract_accounts.size());
        addresses_.contract_accounts.push_back(contract.account);
        ContractEntry entry{contract.account, contract.kind, contract.name, std::nullopt};
        if (contract.is_token)
            entry.token = TokenInfo{contract.symbol, contract.decimals};
        add_contract(*contract_rows_, *token_rows_, contract.id, entry,
            addresses_.address(contract.account), contract.creator, contract.origin);
    }
}

std::size_t BlockRowMaker::add(const FinishedBlock& block)
{
    blocks_->add({block.header, block.hash});
    add_directories(block);
    const auto witnesses = add_transactions(block);
    add_events(block);
    add_rewards(block);
    const auto consensus = add_consensus(block);
    const bool tells = dropped_.has_value();
    if (tells)
    {
        add_dropped(block);
        add_truth(block);
    }
    return 1 + block.accounts.size() + 2 * block.contracts.size() + block.transactions.size() +
           witnesses + block.events.size() + block.rewards.size() + consensus +
           (tells ? block.dropped.size() + block.transactions.size() + 1 : 0);
}

void BlockRowMaker::add_rewards(const FinishedBlock& block)
{
    std::uint32_t reward_index = 0;
    for (const auto& [account, amount, kind] : block.rewards)
    {
        if (kind == RewardKind::minted)
            rewards_->add({block.header.number, reward_index, account, amount});
        else
        {
            stake_changes_->add(
                {block.header.number, reward_index, account, to_string(kind), amount});
        }
        ++reward_index;
    }
}

std::size_t BlockRowMaker::add_consensus(const FinishedBlock& block)
{
    if (block.consensus == nullptr)
        return 0;
    const auto number = block.header.number;
    const auto& notes = *block.consensus;
    for (const auto& node : notes.nodes)
    {
        network_nodes_->add({number, node.number, node.maker, node.group, node.region,
            fmt::format("{}", fmt::join(node.peers, ","))});
    }
    std::uint32_t place = 0;
    for (const auto& note : notes.blocks)
    {
        network_blocks_->add({number, place++, note.status, note.id, note.parent, note.height,
            note.maker, note.made_at_us, note.stated_at_us, note.round, note.bits, note.nonce,
            note.is_withheld ? 1U : 0U, note.flaw});
    }
    const auto named = [](std::uint64_t id)
    { return id == no_network_block ? std::nullopt : std::optional{id}; };
    place = 0;
    Bytes voters;
    for (const auto& note : notes.votes)
    {
        voters.clear();
        std::uint64_t count = 0;
        for (const auto word : note.voters)
        {
            count += static_cast<std::uint64_t>(std::popcount(word));
            for (unsigned shift = 0; shift < 64; shift += 8)
                voters.push_back(static_cast<std::uint8_t>(word >> shift));
        }
        network_votes_->add({number, place++, note.kind, note.height, note.round, named(note.block),
            note.source_epoch, note.target_epoch, count, voters});
    }
    place = 0;
    for (const auto& note : notes.evidence)
    {
        network_evidence_->add({number, place++, note.kind, note.offender, note.found_at_us,
            note.height, note.round, named(note.first), named(note.second)});
    }
    if (reverted_blocks_)
    {
        add_reverted(number, notes);
        add_refused(number, notes);
    }
    return notes.nodes.size() + notes.blocks.size() + notes.votes.size() + notes.evidence.size();
}

void BlockRowMaker::add_reverted(std::uint64_t number, const ConsensusNotes& notes)
{
    std::uint32_t revert_index = 0;
    std::uint32_t entry = 0;
    for (const auto& block : notes.reverted)
    {
        RevertedBlockRow row{number, revert_index, block.id, block.number, block.hash,
            block.proposer, static_cast<std::uint32_t>(block.transactions.size()), {}};
        row.digest = reverted_digest_ = digest_of(row, block, reverted_digest_);
        reverted_blocks_->add(row);
        std::uint32_t place = 0;
        for (const auto& transaction : block.transactions)
        {
            reverted_transactions_->add({number, entry++, revert_index, place++, transaction.hash,
                transaction.sender, transaction.nonce, transaction.succeeded ? 1U : 0U});
        }
        ++revert_index;
    }
}

void BlockRowMaker::add_refused(std::uint64_t number, const ConsensusNotes& notes)
{
    std::uint32_t refusal_index = 0;
    for (const auto& note : notes.refused)
    {
        RefusedBlockRow row{number, refusal_index++, note.id, note.number, note.hash, note.proposer,
            note.transaction_count, note.flaw, note.rule, note.finding, {}};
        row.digest = refused_digest_ = digest_of(row, refused_digest_);
        refused_blocks_->add(row);
    }
}

void BlockRowMaker::add_dropped(const FinishedBlock& block)
{
    std::uint32_t drop_index = 0;
    for (const auto& dropped : block.dropped)
    {
        DroppedRow row{block.header.number, drop_index++, dropped.sender, dropped.nonce,
            dropped.hash, dropped.max_fee, dropped.arrival_ms, to_string(dropped.reason), {}};
        row.digest = dropped_digest_ = digest_of(row, dropped_digest_);
        dropped_->add(row);
    }
}

void BlockRowMaker::add_truth(const FinishedBlock& block)
{
    if (block.transactions.empty())
        return;
    TruthDigest digest{truth_digest_};
    for (std::size_t i = 0; i < block.transactions.size(); ++i)
    {
        const auto& motive = block.transactions[i].motive;
        TruthRow row{block.header.number, static_cast<std::uint32_t>(i), to_string(motive.purpose),
            {}, {}, {}, {}};
        if (motive.incident != 0)
            row.incident = motive.incident;
        if (motive.token != no_contract)
        {
            row.token = motive.token;
            row.stolen = motive.stolen;
        }
        if (motive.controller != zero_account)
            row.controller = motive.controller;
        digest.add(row);
        truth_->add(row);
    }
    truth_digest_ = digest.finish();
    truth_digests_->add({block.header.number, truth_digest_});
}

std::size_t BlockRowMaker::add_transactions(const FinishedBlock& block)
{
    RUNNEL_CHECK(block.receipts.size() == block.transactions.size());
    TransactionRow row;
    row.block_number = block.header.number;
    std::string reason;
    std::size_t witnesses = 0;
    for (std::size_t i = 0; i < block.transactions.size(); ++i)
    {
        const auto& transaction = block.transactions[i];
        const auto& receipt = block.receipts[i];
        const auto target = target_of(transaction, addresses_);
        row.transaction_index = static_cast<std::uint32_t>(i);
        row.hash = transaction.hash;
        row.nonce = transaction.nonce;
        row.from = transaction.sender;
        row.to = target.account;
        row.value = target.value;
        row.gas = transaction.gas_limit;
        row.max_fee = transaction.max_fee;
        row.max_priority_fee = transaction.max_priority_fee;
        row.arrival_ms = transaction.arrival_ms;
        row.input = transaction.input_bytes();
        row.succeeded = receipt.status == ReceiptStatus::succeeded;
        row.gas_used = receipt.gas_used;
        row.cumulative_gas_used += receipt.gas_used;
        row.effective_gas_price = receipt.effective_gas_price;
        row.revert_reason.reset();
        if (!row.succeeded)
            row.revert_reason = reason = receipt.refusal.to_string();
        transactions_->add(row);
        if (transaction.witnesses.empty())
            continue;
        witnesses_->add({row.block_number, row.transaction_index, transaction.witnesses});
        ++witnesses;
    }
    return witnesses;
}

void BlockRowMaker::add_events(const FinishedBlock& block)
{
    std::uint64_t log_index = 0;
    std::uint64_t event_index = 0;
    for (const auto& event : block.events)
    {
        auto& row = rows_of(*event.type);
        const auto use = event.type->use;
        row.put_row(EventPlace{use, block.header.number,
            use == EventUse::log ? log_index++ : event_index, event.transaction, event.contract});
        const bool decoded = event.type->values(block.encoding(event), row);
        RUNNEL_CHECK(decoded && "an event's bytes are its own encoding");
        row.end_row();
        ++event_index;
    }
}

RowBatch& BlockRowMaker::rows_of(const EventType& type)
{
    if (last_type_ != &type)
    {
        const auto found = events_.find(&type);
        RUNNEL_CHECK(found != events_.end() && "a contract's type lists its events");
        last_type_ = &type;
        last_rows_ = found->second;
    }
    return *last_rows_;
}

}  // namespace runnel::storage
