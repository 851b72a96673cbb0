#pragma once

#include "state/world.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel
{

/// One piece of a checkpoint. What its bytes mean follows from its name.
struct CheckpointPart
{
    std::string_view name;
    ByteView content;
};

/// Gives a checkpoint piece by piece, so that nobody needs memory for all of it at once.
class CheckpointSource
{
public:
    virtual ~CheckpointSource() = default;
    /// The next part, valid until the next call; empty after the last.
    [[nodiscard]] virtual std::optional<CheckpointPart> next() = 0;
};

/// A part ends with the item that takes it beyond this.
inline constexpr std::size_t checkpoint_part_bytes = 256 * 1024;

/// The name of parts that hold records of the world.
inline constexpr std::string_view state_part_name = "state";

/// A world that nobody writes to: who came after block 0, then every present record by table number
/// and key. Parts of
///
///     table number (4 bytes), then per record: key (8), size (2), encoded fields
///
/// where a part holds records of one table; two numbers that no table has stand for later accounts
/// and later contracts, in the order of their ids.
class StateParts final : public CheckpointSource
{
public:
    explicit StateParts(const World& world) noexcept
      : world_{world}, account_{world.known_accounts()}, contract_{world.known_contracts()}
    {}
    [[nodiscard]] std::optional<CheckpointPart> next() override;

private:
    template <typename Describe>
    [[nodiscard]] bool next_later(
        std::uint32_t number, std::size_t& done, std::size_t count, Describe&& describe);

    const World& world_;
    std::size_t account_ = 0;   // The next later one.
    std::size_t contract_ = 0;  // Likewise.
    std::size_t table_ = 0;     // The next one.
    const RecordTable* current_ = nullptr;
    std::vector<std::uint64_t> keys_;  // Of the current one.
    std::size_t key_ = 0;
    Bytes content_;
};

/// One state has one way to be written: tells whether parts come as StateParts gives them, each
/// once, in order.
class StatePartOrder
{
public:
    /// Whether @p part may follow those that were asked about before.
    [[nodiscard]] bool follows(ByteView part);

private:
    std::pair<std::uint64_t, std::uint64_t> last_;  // Rank of the table, first key and 1.
};

/// Makes every record of the world absent. Who came after block 0 stays, see load_state_part().
void clear_state(World& world);
/// Writes the records of one part into the world, or adds whom it names; false if the bytes are not
/// such a part. A later account or contract that is there as the part says stays as it is, so that
/// its home need not hear of it; others with such an id make room. Input is hostile; a refused part
/// may have changed some records.
[[nodiscard]] bool load_state_part(ByteView content, World& world);

}  // namespace runnel
