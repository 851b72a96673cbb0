#pragma once

#include <array>
#include <cstdint>

namespace runnel
{

/// Decides whether helpers are called for a block: cheap transactions and short blocks may lose
/// more by moving between cores than they gain, depending on the machine and the hour. Keeps, for
/// blocks of like size whose transactions cost alike, what either way took of late, and now and
/// then tries the other one.
///
/// The choice never shows in a result, which is why it may depend on the clock.
class ModeChooser
{
public:
    /// A block before it is looked at.
    struct Block
    {
        double mean_cost_ns = 0;  // Predicted, per transaction.
        double total_cost_ns = 0;
    };

    [[nodiscard]] bool prefers_parallel(const Block& block) noexcept;
    /// @p ns: from the first declared access to the last executed transaction. A block for which
    /// helpers were called counts as parallel even if its graph then had it run serially. Blocks
    /// are compared by time per declared access: predicted costs follow what costs were in the way
    /// that was chosen of late, and would make that one look cheaper.
    void note(const Block& block, bool parallel, double ns, std::size_t accesses) noexcept;

private:
    struct Record
    {
        double serial = 0;  // Nanoseconds per access, mean of late; 0: unknown.
        double parallel = 0;
        std::uint32_t turns = 0;
    };
    static constexpr std::size_t mean_classes = 8;   // By powers of two, from 128 ns.
    static constexpr std::size_t total_classes = 8;  // By powers of two, from 32 us.

    [[nodiscard]] Record& record(const Block& block) noexcept;

    std::array<Record, mean_classes * total_classes> records_{};
};

}  // namespace runnel
