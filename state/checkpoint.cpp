#include "state/checkpoint.hpp"

#include <cstring>

namespace runnel
{

std::optional<CheckpointPart> StateParts::next()
{
    while (current_ == nullptr || key_ == keys_.size())
    {
        if (table_ == world_.tables().size())
            return std::nullopt;
        current_ = world_.tables()[table_++];
        keys_ = current_->keys();
        key_ = 0;
    }
    content_.clear();
    Encoder encoder{content_};
    encoder.put(current_->number());
    for (; key_ < keys_.size() && content_.size() < checkpoint_part_bytes; ++key_)
    {
        encoder.put(keys_[key_]);
        encoder.put(std::uint16_t{0});
        const auto start = content_.size();
        current_->format().encode(current_->find(keys_[key_]), content_);
        const auto size = content_.size() - start;
        content_[start - 2] = static_cast<std::uint8_t>(size >> 8U);
        content_[start - 1] = static_cast<std::uint8_t>(size);
    }
    return CheckpointPart{state_part_name, content_};
}

void clear_state(World& world)
{
    for (auto* table : world.tables())
    {
        // Not RecordTable::clear(): a record's address is stable, and others may know it.
        for (const auto key : table->keys())
            std::memset(table->make_slot(key), 0, table->format().size);
    }
}

bool load_state_part(ByteView content, World& world)
{
    Decoder decoder{content};
    std::uint32_t number = 0;
    decoder.get(number);
    if (!decoder.ok() || number >= world.tables().size())
        return false;
    auto& table = *world.tables()[number];
    while (!decoder.at_end())
    {
        std::uint64_t key = 0;
        std::uint16_t size = 0;
        decoder.get(key);
        decoder.get(size);
        const auto record = decoder.take(size);
        if (!decoder.ok() || !table.accepts(key) ||
            !table.format().decode(record, table.make_slot(key)))
            return false;
    }
    return true;
}

}  // namespace runnel
