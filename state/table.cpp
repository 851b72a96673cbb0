#include "state/table.hpp"

#include "ledger/check.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace runnel
{
namespace
{
constexpr std::align_val_t page_alignment{64};
constexpr std::uint64_t dense_key_max = 1ULL << 26U;
}  // namespace

void RecordTable::FreeBytes::operator()(std::uint8_t* bytes) const noexcept
{
    ::operator delete[](bytes, page_alignment);
}

std::uint64_t place_of_encoding(ByteView key) noexcept
{
    std::uint64_t mixed = key.size();
    for (std::size_t i = 0; i < key.size(); i += 8)
    {
        std::uint64_t word = 0;
        for (std::size_t k = i; k < std::min(i + 8, key.size()); ++k)
            word = word << 8U | key[k];
        mixed = mix_key(mixed ^ word);
        mixed ^= mixed >> 29U;
    }
    return mixed;
}

RecordTable::RecordTable(std::string name, KeyOf key_of, const RecordFormat& format)
  : name_{std::move(name)}, format_{format}, key_of_{key_of}
{}

RecordTable::~RecordTable() = default;

RecordTable::Page RecordTable::make_page() const
{
    const auto size = page_records * format_.size;
    auto* bytes = static_cast<std::uint8_t*>(::operator new[](size, page_alignment));
    std::memset(bytes, 0, size);
    return Page{bytes};
}

std::size_t RecordTable::index_start(std::uint64_t key) const noexcept
{
    return mix_key(key) >> (64U - static_cast<unsigned>(std::countr_zero(index_keys_.size())));
}

std::uint64_t RecordTable::place_of(ByteView key) const
{
    RUNNEL_CHECK(key_of_ == KeyOf::encoding && key.size() == format_.key_size);
    Bytes found;
    for (auto at = place_of_encoding(key);; ++at)
    {
        const auto* record = find(at);
        if (record == nullptr || is_absent(record))
            return at;
        found.clear();
        format_.encode(record, found);
        if (std::equal(key.begin(), key.end(), found.begin()))
            return at;
    }
}

bool RecordTable::accepts(std::uint64_t key) const noexcept
{
    return key_kind() == KeyKind::sparse || key < dense_key_max;
}

void* RecordTable::find(std::uint64_t key) const noexcept
{
    if (key_kind() == KeyKind::dense)
    {
        const auto page = key / page_records;
        if (page >= pages_.size() || pages_[page] == nullptr)
            return nullptr;
        return pages_[page].get() + key % page_records * format_.size;
    }
    if (index_keys_.empty())
        return nullptr;
    const auto mask = index_keys_.size() - 1;
    for (auto i = index_start(key); index_slots_[i] != 0; i = (i + 1) & mask)
    {
        if (index_keys_[i] == key)
        {
            const std::size_t slot = index_slots_[i] - 1;
            return pages_[slot / page_records].get() + slot % page_records * format_.size;
        }
    }
    return nullptr;
}

void* RecordTable::reserve(std::uint64_t key)
{
    if (auto* record = find(key); record != nullptr)
        return record;
    if (key_kind() == KeyKind::dense)
    {
        RUNNEL_CHECK(accepts(key));
        const auto page = key / page_records;
        if (page >= pages_.size())
            pages_.resize(page + 1);
        pages_[page] = make_page();
        return find(key);
    }
    if ((sparse_count_ + 1) * 2 > index_keys_.size())
        grow_index();
    const auto mask = index_keys_.size() - 1;
    auto i = index_start(key);
    while (index_slots_[i] != 0)
        i = (i + 1) & mask;
    if (sparse_count_ % page_records == 0)
        pages_.push_back(make_page());
    index_keys_[i] = key;
    index_slots_[i] = static_cast<std::uint32_t>(++sparse_count_);
    return find(key);
}

void RecordTable::grow_index()
{
    const auto old_keys = std::move(index_keys_);
    const auto old_slots = std::move(index_slots_);
    const auto size = std::max<std::size_t>(64, old_keys.size() * 2);
    index_keys_.assign(size, 0);
    index_slots_.assign(size, 0);
    for (std::size_t old = 0; old < old_keys.size(); ++old)
    {
        if (old_slots[old] == 0)
            continue;
        auto i = index_start(old_keys[old]);
        while (index_slots_[i] != 0)
            i = (i + 1) & (size - 1);
        index_keys_[i] = old_keys[old];
        index_slots_[i] = old_slots[old];
    }
}

bool RecordTable::is_absent(const void* record) const noexcept
{
    const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    const auto* bytes = static_cast<const std::uint8_t*>(record);
    if (std::all_of(bytes, bytes + format_.size, is_zero))
        return true;
    // Padding may hold anything: the fields decide.
    Bytes fields;
    format_.encode(record, fields);
    return std::all_of(fields.begin(), fields.end(), is_zero);
}

std::vector<std::uint64_t> RecordTable::keys() const
{
    std::vector<std::uint64_t> result;
    if (key_kind() == KeyKind::dense)
    {
        for (std::size_t page = 0; page < pages_.size(); ++page)
        {
            if (pages_[page] == nullptr)
                continue;
            for (std::size_t i = 0; i < page_records; ++i)
            {
                if (!is_absent(pages_[page].get() + i * format_.size))
                    result.push_back(page * page_records + i);
            }
        }
        return result;
    }
    for (std::size_t i = 0; i < index_keys_.size(); ++i)
    {
        if (index_slots_[i] != 0 && !is_absent(find(index_keys_[i])))
            result.push_back(index_keys_[i]);
    }
    std::sort(result.begin(), result.end());
    return result;
}

void RecordTable::clear()
{
    pages_.clear();
    index_keys_.clear();
    index_slots_.clear();
    sparse_count_ = 0;
    bucket_bits_ = 0;
    mark_all();
}

void RecordTable::set_bucket_bits(unsigned bits)
{
    RUNNEL_CHECK(key_kind() == KeyKind::sparse);
    bucket_bits_ = bits;
    changed_.clear();
    changed_buckets_.clear();
}

std::uint64_t RecordTable::bucket_end() const noexcept
{
    return key_kind() == KeyKind::dense ? pages_.size() * (page_records / bucket_records)
                                        : std::uint64_t{1} << bucket_bits_;
}

bool RecordTable::take_changed_buckets(std::vector<std::uint32_t>& buckets)
{
    buckets.clear();
    if (std::exchange(all_changed_, false))
        return false;
    for (const auto bucket : changed_buckets_)
        changed_[bucket / 64] = 0;
    buckets.swap(changed_buckets_);
    return true;
}

bool RecordTable::append_record(std::uint64_t key, const void* record, Bytes& out) const
{
    const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    const auto* bytes = static_cast<const std::uint8_t*>(record);
    if (std::all_of(bytes, bytes + format_.size, is_zero))
        return false;
    const auto start = out.size();
    Encoder encoder{out};
    encoder.put(key);
    encoder.put(std::uint16_t{0});
    const auto first = out.size();
    format_.encode(record, out);
    const auto size = out.size() - first;
    RUNNEL_CHECK(size <= 0xFFFF);
    // Padding may hold anything: the fields decide.
    if (std::all_of(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), is_zero))
    {
        out.resize(start);
        return false;
    }
    out[first - 2] = static_cast<std::uint8_t>(size >> 8U);
    out[first - 1] = static_cast<std::uint8_t>(size);
    return true;
}

std::size_t RecordTable::append_bucket(std::uint64_t bucket, Bytes& out) const
{
    std::size_t present = 0;
    if (key_kind() == KeyKind::dense)
    {
        const auto first = bucket * bucket_records;
        const auto page = first / page_records;
        if (page >= pages_.size() || pages_[page] == nullptr)
            return 0;
        const auto* record = pages_[page].get() + first % page_records * format_.size;
        for (auto key = first; key < first + bucket_records; ++key, record += format_.size)
            present += append_record(key, record, out) ? 1 : 0;
        return present;
    }
    if (index_keys_.empty())
        return 0;
    // The bucket's keys are looked for in one stretch of the index, and lie in it or, displaced,
    // before the first gap after it.
    const auto mask = index_keys_.size() - 1;
    const auto width = static_cast<unsigned>(std::countr_zero(index_keys_.size()));
    RUNNEL_CHECK(bucket_bits_ <= width);
    const auto stretch = std::size_t{1} << (width - bucket_bits_);
    const auto start = static_cast<std::size_t>(bucket) * stretch;
    thread_local std::vector<std::pair<std::uint64_t, std::size_t>> found;
    found.clear();
    for (std::size_t i = 0; i <= mask; ++i)
    {
        const auto at = (start + i) & mask;
        if (index_slots_[at] == 0)
        {
            if (i >= stretch)
                break;
            continue;
        }
        if (bucket_of_key(key_kind(), bucket_bits_, index_keys_[at]) == bucket)
            found.emplace_back(index_keys_[at], index_slots_[at] - 1);
    }
    std::sort(found.begin(), found.end());
    for (const auto& [key, slot] : found)
    {
        const auto* record = pages_[slot / page_records].get() + slot % page_records * format_.size;
        present += append_record(key, record, out) ? 1 : 0;
    }
    return present;
}

}  // namespace runnel
