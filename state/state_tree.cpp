#include "state/state_tree.hpp"

#include "ledger/check.hpp"
#include "ledger/keccak.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

namespace runnel
{
namespace
{
void put_text(Encoder& encoder, std::string_view text)
{
    RUNNEL_CHECK(text.size() <= 0xFFFF);
    encoder.put(static_cast<std::uint16_t>(text.size()));
    encoder.put_raw({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string get_text(Decoder& decoder)
{
    std::uint16_t size = 0;
    decoder.get(size);
    const auto bytes = decoder.take(size);
    return {bytes.begin(), bytes.end()};
}

/// Appends a record to its bucket: key, size, encoding.
template <typename Write>
void put_record(Bytes& bucket, std::uint64_t key, Write&& write)
{
    Encoder encoder{bucket};
    encoder.put(key);
    encoder.put(std::uint16_t{0});
    const auto start = bucket.size();
    write(bucket);
    const auto size = bucket.size() - start;
    RUNNEL_CHECK(size <= 0xFFFF);
    bucket[start - 2] = static_cast<std::uint8_t>(size >> 8U);
    bucket[start - 1] = static_cast<std::uint8_t>(size);
}

/// Leading bits that say which bucket of a sparse table a key is in: the least number that leaves
/// 16 records or fewer for each on average.
unsigned bits_for(std::uint64_t present) noexcept
{
    unsigned bits = 0;
    while (std::uint64_t{RecordTable::bucket_records} << bits < present)
        ++bits;
    return bits;
}
}  // namespace

void HashTree::set(std::uint64_t leaf, const Hash& hash)
{
    put(0, leaf, hash);
    changed_.push_back(leaf);
}

Hash HashTree::node(unsigned level, std::uint64_t at) const noexcept
{
    if (level >= levels_.size())
        return {};
    const auto& pages = levels_[level];
    const auto page = at / page_hashes;
    return page < pages.size() && pages[page] != nullptr ? (*pages[page])[at % page_hashes]
                                                         : Hash{};
}

void HashTree::put(unsigned level, std::uint64_t at, const Hash& hash)
{
    if (level >= levels_.size())
        levels_.resize(level + 1);
    auto& pages = levels_[level];
    const auto page = at / page_hashes;
    if (page >= pages.size())
        pages.resize(page + 1);
    if (pages[page] == nullptr)
    {
        if (hash == Hash{})
            return;
        pages[page] = std::make_unique<std::array<Hash, page_hashes>>();
    }
    (*pages[page])[at % page_hashes] = hash;
}

void HashTree::update()
{
    if (changed_.empty())
        return;
    std::uint64_t end = levels_[0].size() * page_hashes;
    unsigned height = 0;
    while (std::uint64_t{1} << height < end)
        ++height;
    // A tree that became higher needs the nodes above its first leaf anew.
    if (levels_.size() < height + 1)
        changed_.push_back(0);
    for (unsigned level = 0; level < height; ++level)
    {
        for (auto& at : changed_)
            at >>= 1U;
        std::sort(changed_.begin(), changed_.end());
        changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
        for (const auto at : changed_)
        {
            const auto left = node(level, 2 * at);
            const auto right = node(level, 2 * at + 1);
            if (left == Hash{} && right == Hash{})
            {
                put(level + 1, at, Hash{});
                continue;
            }
            children_.push_back(left);
            children_.push_back(right);
            parents_.push_back(at);
            if (parents_.size() == HashBatch::messages_max)
                hash_parents(level + 1);
        }
        hash_parents(level + 1);
    }
    changed_.clear();
}

void HashTree::hash_parents(unsigned level)
{
    const auto hashes = std::span{children_}.first(parents_.size());
    merkle_nodes(children_, hashes);
    for (std::size_t i = 0; i < parents_.size(); ++i)
        put(level, parents_[i], hashes[i]);
    children_.clear();
    parents_.clear();
}

void HashTree::clear()
{
    levels_.clear();
    changed_.clear();
}

unsigned HashTree::height() const noexcept
{
    if (levels_.empty())
        return 0;
    auto height = static_cast<unsigned>(levels_.size() - 1);
    while (height > 0 && node(height - 1, 1) == Hash{})
        --height;
    return height;
}

std::vector<Hash> HashTree::path(std::uint64_t leaf) const
{
    std::vector<Hash> siblings;
    const auto levels = height();
    if (leaf >> levels != 0)
        return siblings;
    for (unsigned level = 0; level < levels; ++level)
        siblings.push_back(node(level, leaf >> level ^ 1U));
    return siblings;
}

void StateBranch::encode(Bytes& out) const
{
    Encoder encoder{out};
    encoder.put(number);
    encoder.put(key_kind);
    encoder.put(bucket_bits);
    encoder.put(height);
    encoder.put(top);
    encoder.put(owner);
    encoder.put(conservation_weight);
    put_text(encoder, name);
}

std::uint64_t StateBranch::bucket(std::uint64_t key) const noexcept
{
    return bucket_of_key(key_kind, bucket_bits, key);
}

std::optional<Bytes> RecordProof::check(const Hash& root) const
{
    constexpr std::size_t levels_max = 64;
    const auto climb = [](Hash hash, std::uint64_t at, const std::vector<Hash>& siblings)
    {
        for (const auto& sibling : siblings)
        {
            if (hash != Hash{} || sibling != Hash{})
                hash = at % 2 == 0 ? merkle_node(hash, sibling) : merkle_node(sibling, hash);
            at /= 2;
        }
        return hash;
    };
    if (branch.bucket_bits >= levels_max || branch.height >= levels_max ||
        branch_path.size() >= levels_max)
        return std::nullopt;
    const auto number = branch.bucket(key);
    if (number >> branch.height != 0)
    {
        // Beyond the last bucket that is not empty.
        if (!bucket.empty() || !path.empty())
            return std::nullopt;
    }
    else if (path.size() != branch.height ||
             climb(bucket.empty() ? Hash{} : merkle_leaf(bucket), number, path) != branch.top)
        return std::nullopt;
    Bytes leaf;
    branch.encode(leaf);
    if (branch.number >> branch_path.size() != 0 ||
        climb(merkle_leaf(leaf), branch.number, branch_path) != root)
        return std::nullopt;

    Bytes found;
    std::optional<std::uint64_t> last;
    Decoder decoder{bucket};
    while (decoder.ok() && !decoder.at_end())
    {
        std::uint64_t record_key = 0;
        std::uint16_t size = 0;
        decoder.get(record_key);
        decoder.get(size);
        const auto record = decoder.take(size);
        if (!decoder.ok() || record.empty() || (last && *last >= record_key) ||
            branch.bucket(record_key) != number)
            return std::nullopt;
        last = record_key;
        if (record_key == key)
            found.assign(record.begin(), record.end());
    }
    if (!decoder.ok())
        return std::nullopt;
    return found;
}

void AccountListing::encode(Bytes& out) const
{
    Encoder encoder{out};
    encoder.put(address);
    put_text(encoder, name);
    put_text(encoder, role);
}

std::optional<AccountListing> AccountListing::decode(ByteView bytes)
{
    AccountListing listing;
    Decoder decoder{bytes};
    decoder.get(listing.address);
    listing.name = get_text(decoder);
    listing.role = get_text(decoder);
    return decoder.at_end() ? std::optional{listing} : std::nullopt;
}

void ContractListing::encode(Bytes& out) const
{
    Encoder encoder{out};
    encoder.put(account);
    put_text(encoder, kind);
    put_text(encoder, name);
    encoder.put(is_token);
    put_text(encoder, symbol);
    encoder.put(decimals);
    put_text(encoder, arguments);
}

std::optional<ContractListing> ContractListing::decode(ByteView bytes)
{
    ContractListing listing;
    Decoder decoder{bytes};
    decoder.get(listing.account);
    listing.kind = get_text(decoder);
    listing.name = get_text(decoder);
    decoder.get(listing.is_token);
    listing.symbol = get_text(decoder);
    decoder.get(listing.decimals);
    listing.arguments = get_text(decoder);
    return decoder.at_end() ? std::optional{listing} : std::nullopt;
}

AccountListing account_listing(const World& world, AccountId id)
{
    const auto& info = world.account(id);
    return {info.address, info.name, info.role};
}

ContractListing contract_listing(const World& world, ContractId id)
{
    const auto& contract = world.contract(id);
    ContractListing listing{
        contract.account(), std::string{contract.type().kind}, contract.name(), false, "", 0, ""};
    if (auto token = contract.token_info())
    {
        listing.is_token = true;
        listing.symbol = std::move(token->symbol);
        listing.decimals = token->decimals;
    }
    if (index(id) >= world.known_contracts())
    {
        const auto& arguments = world.deployment(id).arguments;
        listing.arguments.assign(arguments.begin(), arguments.end());
    }
    return listing;
}

void StateTree::append_bucket(
    const World& world, std::uint32_t branch, std::uint64_t bucket, Bytes& out) const
{
    const auto first = bucket * RecordTable::bucket_records;
    if (branch == StateBranch::accounts)
    {
        const auto end =
            std::min<std::uint64_t>(first + RecordTable::bucket_records, world.account_count());
        for (auto i = first; i < end; ++i)
        {
            const auto listing = account_listing(world, AccountId{static_cast<std::uint32_t>(i)});
            put_record(out, i, [&](Bytes& bytes) { listing.encode(bytes); });
        }
    }
    else if (branch == StateBranch::contracts)
    {
        const auto end =
            std::min<std::uint64_t>(first + RecordTable::bucket_records, world.contract_count());
        for (auto i = first; i < end; ++i)
        {
            const auto listing = contract_listing(world, ContractId{static_cast<std::uint32_t>(i)});
            put_record(out, i, [&](Bytes& bytes) { listing.encode(bytes); });
        }
    }
    else
        world.tables()[branch - StateBranch::first_table]->append_bucket(bucket, out);
}

void StateTree::update_directories(const World& world)
{
    const auto update = [&](std::uint32_t number, std::uint64_t& done, std::uint64_t count)
    {
        if (done == count)
            return;
        auto& tree = branches_[number].tree;
        const auto first = done / RecordTable::bucket_records;
        for (auto bucket = first; bucket * RecordTable::bucket_records < count; ++bucket)
        {
            append_bucket(world, number, bucket, batch_.bytes());
            end_leaf(tree, bucket);
        }
        hash_leaves(tree);
        tree.update();
        done = count;
        changed_branches_.push_back(number);
    };
    update(StateBranch::accounts, accounts_done_, world.account_count());
    update(StateBranch::contracts, contracts_done_, world.contract_count());
}

void StateTree::end_leaf(HashTree& tree, std::uint64_t leaf)
{
    batch_.end_message();
    batch_leaves_.push_back(leaf);
    if (batch_.is_full())
        hash_leaves(tree);
}

void StateTree::hash_leaves(HashTree& tree)
{
    const auto hashes = batch_.take_leaves();
    for (std::size_t i = 0; i < hashes.size(); ++i)
        tree.set(batch_leaves_[i], hashes[i]);
    batch_leaves_.clear();
}

void StateTree::add_bucket(const RecordTable& table, Branch& branch, std::uint64_t bucket)
{
    const auto present = table.append_bucket(bucket, batch_.bytes());
    if (table.key_kind() == KeyKind::sparse)
    {
        branch.present += present;
        branch.present -= branch.counts[bucket];
        branch.counts[bucket] = static_cast<std::uint32_t>(present);
    }
    if (present == 0)
        branch.tree.set(bucket, Hash{});
    else
        end_leaf(branch.tree, bucket);
}

bool StateTree::update_table(RecordTable& table, Branch& branch)
{
    const auto rebuild = [&]
    {
        branch.tree.clear();
        branch.present = 0;
        const auto end = table.bucket_end();
        branch.counts.assign(table.key_kind() == KeyKind::sparse ? end : 0, 0);
        for (std::uint64_t bucket = 0; bucket < end; ++bucket)
            add_bucket(table, branch, bucket);
        hash_leaves(branch.tree);
    };
    if (!table.take_changed_buckets(buckets_))
        rebuild();
    else if (buckets_.empty())
        return false;
    for (const auto bucket : buckets_)
        add_bucket(table, branch, bucket);
    hash_leaves(branch.tree);
    if (table.key_kind() == KeyKind::sparse)
    {
        // How many buckets there are follows from how many records there are.
        if (const auto bits = bits_for(branch.present); bits != table.bucket_bits())
        {
            table.set_bucket_bits(bits);
            rebuild();
        }
    }
    branch.tree.update();
    return true;
}

StateBranch StateTree::describe(const World& world, std::uint32_t number) const
{
    StateBranch branch;
    branch.number = number;
    branch.top = branches_[number].tree.top();
    branch.height = static_cast<std::uint8_t>(branches_[number].tree.height());
    if (number >= StateBranch::first_table)
    {
        const auto& table = *world.tables()[number - StateBranch::first_table];
        branch.key_kind = table.key_kind();
        branch.bucket_bits = static_cast<std::uint8_t>(table.bucket_bits());
        branch.owner = world.table_owner(table.number());
        branch.conservation_weight = static_cast<std::int8_t>(table.conservation_weight());
        branch.name = table.name();
    }
    return branch;
}

Hash StateTree::root(const World& world)
{
    if (std::exchange(is_stale_, false))
    {
        branches_.clear();
        top_.clear();
        accounts_done_ = 0;
        contracts_done_ = 0;
        for (auto* table : world.tables())
            table->mark_all();
    }
    const auto count = StateBranch::first_table + world.tables().size();
    const auto known = branches_.size();
    branches_.resize(count);
    update_directories(world);
    for (auto number = StateBranch::first_table; number < count; ++number)
    {
        auto& table = *world.tables()[number - StateBranch::first_table];
        if (!update_table(table, branches_[number]) && number < known)
            continue;
        changed_branches_.push_back(number);
    }
    for (const auto number : changed_branches_)
    {
        describe(world, number).encode(batch_.bytes());
        end_leaf(top_, number);
    }
    hash_leaves(top_);
    changed_branches_.clear();
    top_.update();
    return top_.top();
}

RecordProof StateTree::prove(const World& world, std::uint32_t branch, std::uint64_t key) const
{
    RUNNEL_CHECK(branch < branches_.size());
    RecordProof proof;
    proof.branch = describe(world, branch);
    proof.key = key;
    const auto bucket = proof.branch.bucket(key);
    append_bucket(world, branch, bucket, proof.bucket);
    proof.path = branches_[branch].tree.path(bucket);
    proof.branch_path = top_.path(branch);
    return proof;
}

}  // namespace runnel
