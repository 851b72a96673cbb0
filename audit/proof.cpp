#include "audit/proof.hpp"

#include "execution/executor.hpp"
#include "scenarios/loader/units.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <set>

namespace runnel::audit
{
namespace
{
using Json = nlohmann::ordered_json;

constexpr int format_version = 1;
constexpr std::size_t path_max = 64;
constexpr std::size_t content_max = 1U << 20U;

// What a proof shows.

Proven fails(std::string why)
{
    return {{}, std::move(why)};
}

std::string balance_text(const Amount& amount, const ContractListing& token)
{
    return fmt::format("{} {}", scenarios::format_decimal(amount, token.decimals), token.symbol);
}

Proven check_body(const TransactionProof& proof, const BlockHeader& header)
{
    const auto count = header.transaction_count;
    const auto hash = merkle_leaf(proof.transaction.content);
    if (merkle_root_of_path(hash, proof.index, count, proof.transaction.path) !=
        header.transactions_root)
        return fails("the transaction does not lead to the block's transactions_root");
    if (merkle_root_of_path(merkle_leaf(proof.receipt.content), proof.index, count,
            proof.receipt.path) != header.receipts_root)
        return fails("the receipt does not lead to the block's receipts_root");
    Transaction transaction;
    Decoder fields{proof.transaction.content};
    fields.get(transaction);
    Decoder outcome{proof.receipt.content};
    Receipt receipt;
    outcome.get(receipt.status);
    outcome.get(receipt.gas_used);
    outcome.get(receipt.effective_gas_price);
    if (!fields.ok() || !outcome.ok())
        return fails("the transaction or its receipt is not one");
    return {
        fmt::format("block {} has transaction {} at index {}: sender #{}, nonce {}; it {}, used "
                    "{} gas and paid {} wei for each",
            header.number, hash.to_string(), proof.index, index(transaction.sender),
            transaction.nonce,
            receipt.status == ReceiptStatus::succeeded ? "succeeded" : "reverted", receipt.gas_used,
            receipt.effective_gas_price),
        {}};
}

Proven check_body(const RecordProof& proof, const BlockHeader& header)
{
    const auto record = proof.check(header.checkpoint_root);
    if (!record)
        return fails("the record does not lead to the block's checkpoint_root");
    const auto where = fmt::format("after block {}, record {} of table {} ({}) ", header.number,
        proof.key, proof.branch.number - StateBranch::first_table, proof.branch.name);
    if (proof.branch.number < StateBranch::first_table)
        return fails("the record is of no table");
    return {where + (record->empty() ? "is absent" : "is 0x" + to_hex(*record)), {}};
}

Proven check_body(const BalanceProof& proof, const BlockHeader& header)
{
    const auto& root = header.checkpoint_root;
    const auto record = proof.balance.check(root);
    const auto account_record = proof.account.check(root);
    const auto token_record = proof.token.check(root);
    if (!record)
        return fails("the balance does not lead to the block's checkpoint_root");
    if (!account_record || !token_record)
        return fails("the account or the token does not lead to the block's checkpoint_root");
    const auto account = AccountListing::decode(*account_record);
    const auto token = ContractListing::decode(*token_record);
    const auto& table = proof.balance.branch;
    if (!account || proof.account.branch.number != StateBranch::accounts ||
        proof.account.key != proof.balance.key)
        return fails("the account is not the one whose balance it is");
    if (!token || !token->is_token || proof.token.branch.number != StateBranch::contracts ||
        proof.token.key != index(table.owner))
        return fails("the token is not the one whose balances these are");
    if (table.number < StateBranch::first_table || table.conservation_weight != 1)
        return fails("the record is no balance");
    Amount amount;
    if (!record->empty())
    {
        Decoder decoder{*record};
        decoder.get(amount);
        if (!decoder.ok())
            return fails("the record is no balance");
    }
    return {fmt::format("after block {}, {} ({}) has {} of token {}", header.number, account->name,
                account->address.to_checksum_string(), balance_text(amount, *token), token->name),
        {}};
}

// The document.

Json to_document(const Hash& hash)
{
    return hash.to_string();
}
Json to_document(const std::vector<Hash>& hashes)
{
    auto list = Json::array();
    for (const auto& hash : hashes)
        list.push_back(hash.to_string());
    return list;
}
Json to_document(const LeafProof& proof)
{
    return {{"content", "0x" + to_hex(proof.content)}, {"path", to_document(proof.path)}};
}
Json to_document(const RecordProof& proof)
{
    const auto& branch = proof.branch;
    return {
        {"branch", {{"number", branch.number}, {"key_kind", static_cast<unsigned>(branch.key_kind)},
                       {"bucket_bits", branch.bucket_bits}, {"height", branch.height},
                       {"top", to_document(branch.top)}, {"owner", index(branch.owner)},
                       {"conservation_weight", branch.conservation_weight}, {"name", branch.name}}},
        {"key", proof.key}, {"bucket", "0x" + to_hex(proof.bucket)},
        {"path", to_document(proof.path)}, {"branch_path", to_document(proof.branch_path)}};
}

struct HeaderWriter
{
    Json& out;

    template <typename T>
    void operator()(std::string_view name, const T& value, Unit = {})
    {
        if constexpr (std::same_as<T, Hash>)
            out[std::string{name}] = value.to_string();
        else if constexpr (std::same_as<T, AccountId>)
            out[std::string{name}] = index(value);
        else
            out[std::string{name}] = value;
    }
};

/// An object whose members are all read, and no others.
class Fields
{
public:
    Fields(const Json& json, std::string place) : json_{json}, place_{std::move(place)}
    {
        if (!json.is_object())
            throw ProofError{place_ + ": expected an object"};
    }
    /// After the last one.
    void end() const
    {
        if (json_.size() != read_)
            throw ProofError{place_ + ": has members that a proof does not have"};
    }

    const Json& get(const std::string& name)
    {
        const auto found = json_.find(name);
        if (found == json_.end())
            throw ProofError{fmt::format("{}: {} is missing", place_, name)};
        ++read_;
        return *found;
    }
    [[nodiscard]] bool has(const std::string& name) const { return json_.contains(name); }
    Fields object(const std::string& name) { return {get(name), place_ + "." + name}; }

    std::string text(const std::string& name)
    {
        const auto& json = get(name);
        if (!json.is_string())
            throw expected(name, "a text");
        auto text = json.get<std::string>();
        if (text.size() > 2 * content_max + 2)
            throw expected(name, "at most 1 MiB");
        return text;
    }
    template <typename T>
    T integer(const std::string& name)
    {
        const auto& json = get(name);
        constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
        if (!json.is_number_integer() || !json.is_number_unsigned() ||
            json.get<std::uint64_t>() > max)
            throw expected(name, fmt::format("an integer from 0 to {}", max));
        return static_cast<T>(json.get<std::uint64_t>());
    }
    Hash hash(const std::string& name) { return hash_of(text(name), name); }
    Bytes bytes(const std::string& name)
    {
        const auto digits = text(name);
        const auto bytes = from_hex(digits);
        if (!bytes || !digits.starts_with("0x"))
            throw expected(name, "0x and an even number of hex digits");
        return *bytes;
    }
    std::vector<Hash> hashes(const std::string& name)
    {
        const auto& json = get(name);
        if (!json.is_array() || json.size() > path_max)
            throw expected(name, fmt::format("a list of at most {} hashes", path_max));
        std::vector<Hash> hashes;
        for (const auto& item : json)
        {
            if (!item.is_string())
                throw expected(name, "a list of hashes");
            hashes.push_back(hash_of(item.get<std::string>(), name));
        }
        return hashes;
    }
    /// -1, 0 or 1.
    std::int8_t sign(const std::string& name)
    {
        const auto& json = get(name);
        if (!json.is_number_integer() || json < -1 || json > 1)
            throw expected(name, "-1, 0 or 1");
        return json.get<std::int8_t>();
    }
    [[nodiscard]] ProofError expected(const std::string& name, const std::string& what) const
    {
        return ProofError{fmt::format("{}.{}: expected {}", place_, name, what)};
    }

private:
    [[nodiscard]] Hash hash_of(const std::string& text, const std::string& name) const
    {
        const auto hash = Hash::from_string(text);
        if (!hash || !text.starts_with("0x"))
            throw expected(name, "0x and 64 hex digits");
        return *hash;
    }

    const Json& json_;
    std::string place_;
    std::size_t read_ = 0;
};

struct HeaderReader
{
    Fields& fields;

    template <typename T>
    void operator()(std::string_view name, T& value, Unit = {})
    {
        const std::string key{name};
        if constexpr (std::same_as<T, Hash>)
            value = fields.hash(key);
        else if constexpr (std::same_as<T, AccountId>)
            value = AccountId{fields.integer<std::uint32_t>(key)};
        else
            value = fields.integer<T>(key);
    }
};

LeafProof read_leaf(Fields fields)
{
    LeafProof proof{fields.bytes("content"), fields.hashes("path")};
    fields.end();
    return proof;
}

RecordProof read_record(Fields fields)
{
    RecordProof proof;
    auto branch = fields.object("branch");
    proof.branch.number = branch.integer<std::uint32_t>("number");
    const auto kind = branch.integer<std::uint8_t>("key_kind");
    if (kind > static_cast<std::uint8_t>(KeyKind::sparse))
        throw branch.expected("key_kind", "0 (dense) or 1 (sparse)");
    proof.branch.key_kind = static_cast<KeyKind>(kind);
    proof.branch.bucket_bits = branch.integer<std::uint8_t>("bucket_bits");
    proof.branch.height = branch.integer<std::uint8_t>("height");
    proof.branch.top = branch.hash("top");
    proof.branch.owner = ContractId{branch.integer<std::uint32_t>("owner")};
    proof.branch.conservation_weight = branch.sign("conservation_weight");
    proof.branch.name = branch.text("name");
    if (proof.branch.name.size() > std::numeric_limits<std::uint16_t>::max())
        throw branch.expected("name", "at most 65535 characters");
    branch.end();
    proof.key = fields.integer<std::uint64_t>("key");
    proof.bucket = fields.bytes("bucket");
    proof.path = fields.hashes("path");
    proof.branch_path = fields.hashes("branch_path");
    fields.end();
    return proof;
}

}  // namespace

Proven check_proof(const Proof& proof)
{
    if (proof.header.hash() != proof.block_hash)
        return fails("the header does not have the hash of the block");
    auto proven =
        std::visit([&](const auto& body) { return check_body(body, proof.header); }, proof.body);
    if (proven.failure.empty() && !proof.statement.empty() && proven.statement != proof.statement)
        return fails("what it shows is not what it states: " + proven.statement);
    return proven;
}

std::string to_json(const Proof& proof)
{
    Json document{{"runnel_proof", format_version}, {"statement", proof.statement},
        {"block_hash", to_document(proof.block_hash)}};
    auto& header = document["header"];
    BlockHeader::describe(proof.header, HeaderWriter{header});
    if (const auto* transaction = std::get_if<TransactionProof>(&proof.body))
    {
        document["transaction_index"] = transaction->index;
        document["transaction"] = to_document(transaction->transaction);
        document["receipt"] = to_document(transaction->receipt);
    }
    else if (const auto* balance = std::get_if<BalanceProof>(&proof.body))
    {
        document["balance"] = to_document(balance->balance);
        document["account"] = to_document(balance->account);
        document["token"] = to_document(balance->token);
    }
    else
        document["record"] = to_document(std::get<RecordProof>(proof.body));
    return document.dump(2) + '\n';
}

Proof parse_proof(std::string_view json)
{
    // Nothing in a proof lies deeper; the parser would recurse as deep as the file says.
    constexpr int depth_max = 6;
    bool too_deep = false;
    // Which of two members of one name counts, readers of JSON do not agree on.
    std::vector<std::set<std::string>> members;  // Of the objects around.
    std::string repeated;
    const auto document = Json::parse(
        json,
        [&](int depth, Json::parse_event_t event, Json& parsed)
        {
            too_deep = too_deep || depth > depth_max;
            if (event == Json::parse_event_t::object_start)
                members.emplace_back();
            else if (event == Json::parse_event_t::object_end)
                members.pop_back();
            else if (event == Json::parse_event_t::key)
            {
                const auto& name = parsed.get_ref<const std::string&>();
                if (!members.back().insert(name).second && repeated.empty())
                    repeated = name;
            }
            return !too_deep;
        },
        false);
    // The parser takes a zero byte for the end, whatever follows.
    if (too_deep || document.is_discarded() || json.find('\0') != std::string_view::npos)
        throw ProofError{"not a proof: it is not JSON"};
    if (!repeated.empty())
        throw ProofError{fmt::format("not a proof: it has the member {} twice", repeated)};
    Fields fields{document, "proof"};
    if (!fields.has("runnel_proof") || !document["runnel_proof"].is_number_unsigned() ||
        fields.get("runnel_proof") != format_version)
        throw ProofError{fmt::format("not a proof of format {}", format_version)};
    Proof proof;
    proof.statement = fields.text("statement");
    if (proof.statement.empty())
        throw fields.expected("statement", "what the proof shows");
    proof.block_hash = fields.hash("block_hash");
    auto header = fields.object("header");
    BlockHeader::describe(proof.header, HeaderReader{header});
    header.end();
    if (fields.has("balance"))
    {
        proof.body = BalanceProof{read_record(fields.object("balance")),
            read_record(fields.object("account")), read_record(fields.object("token"))};
    }
    else if (fields.has("record"))
        proof.body = read_record(fields.object("record"));
    else
    {
        TransactionProof transaction;
        transaction.index = fields.integer<std::uint32_t>("transaction_index");
        transaction.transaction = read_leaf(fields.object("transaction"));
        transaction.receipt = read_leaf(fields.object("receipt"));
        proof.body = std::move(transaction);
    }
    fields.end();
    return proof;
}

}  // namespace runnel::audit
