#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace runnel::storage
{

/// Hands items from one thread to another, in order; whoever gives waits while too much is under
/// way.
template <typename Item>
class Channel
{
public:
    /// Takes items while their weights sum to no more than @p weight_max, and one in any case.
    explicit Channel(std::size_t weight_max) noexcept : weight_max_{weight_max} {}

    /// False if nobody wants any more.
    bool push(Item item, std::size_t weight)
    {
        std::unique_lock lock{mutex_};
        changed_.wait(
            lock, [&] { return cancelled_ || items_.empty() || weight_ + weight <= weight_max_; });
        if (cancelled_)
            return false;
        items_.emplace_back(std::move(item), weight);
        weight_ += weight;
        changed_.notify_all();
        return true;
    }
    /// Empty after the last item.
    [[nodiscard]] std::optional<Item> pop()
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
        if (items_.empty())
            return std::nullopt;
        auto [item, weight] = std::move(items_.front());
        items_.pop_front();
        weight_ -= weight;
        changed_.notify_all();
        return std::move(item);
    }
    /// By the giver: there is no more.
    void close()
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        changed_.notify_all();
    }
    /// By the taker: no more is wanted.
    void cancel()
    {
        const std::lock_guard lock{mutex_};
        cancelled_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::pair<Item, std::size_t>> items_;
    std::size_t weight_max_;
    std::size_t weight_ = 0;
    bool closed_ = false;
    bool cancelled_ = false;
};

}  // namespace runnel::storage
