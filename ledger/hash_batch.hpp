#pragma once

#include "ledger/hash.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace runnel
{

/// Messages of any lengths, laid one behind the other to be hashed several at a time. Buffers are
/// reused.
class HashBatch
{
public:
    /// More at a time gain nothing and only take room: whoever has many messages hashes when
    /// is_full().
    static constexpr std::size_t messages_max = 128;

    /// Where to append a message; end_message() ends it.
    [[nodiscard]] Bytes& bytes() noexcept { return bytes_; }
    void end_message() { ends_.push_back(bytes_.size()); }

    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
    [[nodiscard]] bool is_full() const noexcept { return size() >= messages_max; }
    /// Forgets all messages.
    void clear() noexcept;

    /// keccak256() of each message in their order, valid until the next call; the batch is empty
    /// then.
    [[nodiscard]] std::span<const Hash> take_hashes();
    /// The same as merkle_leaf().
    [[nodiscard]] std::span<const Hash> take_leaves();

private:
    [[nodiscard]] std::span<const ByteView> views();

    Bytes bytes_;
    std::vector<std::size_t> ends_;
    std::vector<ByteView> views_;
    std::vector<Hash> digests_;
};

}  // namespace runnel
