#include "ledger/hash_batch.hpp"

#include "ledger/keccak.hpp"

namespace runnel
{

void HashBatch::clear() noexcept
{
    bytes_.clear();
    ends_.clear();
}

std::span<const ByteView> HashBatch::views()
{
    views_.clear();
    std::size_t start = 0;
    for (const auto end : ends_)
    {
        views_.push_back(ByteView{bytes_}.subspan(start, end - start));
        start = end;
    }
    return views_;
}

std::span<const Hash> HashBatch::take_hashes()
{
    const auto messages = views();
    digests_.resize(messages.size());
    keccak256_many(messages, digests_);
    clear();
    return digests_;
}

std::span<const Hash> HashBatch::take_leaves()
{
    const auto messages = views();
    digests_.resize(messages.size());
    merkle_leaves(messages, digests_);
    clear();
    return digests_;
}

}  // namespace runnel
