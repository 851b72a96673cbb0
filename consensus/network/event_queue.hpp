#pragma once

#include "consensus/network/virtual_time.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace runnel
{

inline constexpr VirtualTime never_in_virtual_time = std::numeric_limits<VirtualTime>::max();

/// Something that will happen to a node.
struct NetworkEvent
{
    VirtualTime at = 0;
    std::uint64_t origin = 0;  // Who caused it, and its how-manieth.
    NodeId to = 0;
    std::uint32_t what = 0;  // Known to who pushed it.
};

/// Events in the order of (time, origin, receiver).
///
/// A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990): time never runs backwards, so events are
/// kept by the highest bit in which their time differs from that of the event taken last, and come
/// closer a few times in their life instead of climbing through a heap of thousands. Those of one
/// moment are sorted once.
class EventQueue
{
public:
    /// When the next one is; never_in_virtual_time: there is none.
    [[nodiscard]] VirtualTime next() const noexcept
    {
        return occupied_ == 0 ? never_in_virtual_time : earliest_[first_bucket()];
    }
    /// Not before the time of the event that was taken last.
    void push(const NetworkEvent& event)
    {
        if (event.at == now_)
        {
            auto& present = buckets_[0];
            present.insert(std::upper_bound(present.begin(), present.end(), event, Later{}), event);
            earliest_[0] = now_;
            occupied_ |= 1;
            return;
        }
        put(event);
    }
    /// Takes the next one; there is one.
    NetworkEvent pop()
    {
        if ((occupied_ & 1) == 0)
            come_closer();
        auto& present = buckets_[0];
        const auto event = present.back();
        present.pop_back();
        if (present.empty())
            occupied_ &= ~std::uint64_t{1};
        return event;
    }

private:
    /// Of one moment.
    struct Later
    {
        bool operator()(const NetworkEvent& a, const NetworkEvent& b) const noexcept
        {
            return a.origin != b.origin ? a.origin > b.origin : a.to > b.to;
        }
    };
    [[nodiscard]] unsigned first_bucket() const noexcept
    {
        return static_cast<unsigned>(std::countr_zero(occupied_));
    }
    void put(const NetworkEvent& event)
    {
        const auto bucket = static_cast<unsigned>(std::bit_width(
            static_cast<std::uint64_t>(event.at) ^ static_cast<std::uint64_t>(now_)));
        const auto bit = std::uint64_t{1} << bucket;
        if ((occupied_ & bit) == 0 || event.at < earliest_[bucket])
            earliest_[bucket] = event.at;
        occupied_ |= bit;
        buckets_[bucket].push_back(event);
    }
    void come_closer()
    {
        const auto nearest = first_bucket();
        occupied_ &= ~(std::uint64_t{1} << nearest);
        now_ = earliest_[nearest];
        for (const auto& event : buckets_[nearest])
            put(event);  // All to nearer ones.
        buckets_[nearest].clear();
        std::sort(buckets_[0].begin(), buckets_[0].end(), Later{});
    }

    VirtualTime now_ = 0;
    // Bucket 0: those of now_, the first one last. Bucket b: those whose time differs from now_ in
    // bit b - 1, and in none above. Times are not negative.
    std::array<std::vector<NetworkEvent>, 64> buckets_;
    std::array<VirtualTime, 64> earliest_{};
    std::uint64_t occupied_ = 0;  // Bit b: bucket b is not empty.
};

}  // namespace runnel
