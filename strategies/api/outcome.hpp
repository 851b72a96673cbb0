#pragma once

#include "strategies/api/strategy.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace runnel::actors
{

/// What became of one transaction, addressed to its sender.
struct AddressedOutcome
{
    AccountId sender{};
    TransactionOutcome outcome;
    enum class Standing : std::uint8_t
    {
        settled,
        provisional,  // Of a block that will be taken back; nobody knows yet.
        undone,       // It was: the transaction waits again.
    };
    Standing standing = Standing::settled;
};

/// What one wallet told another, on its way.
struct AddressedLetter
{
    AccountId to{};
    Letter letter;
};

/// What a cohort's wallets hear before they decide.
struct News
{
    std::vector<AddressedOutcome> outcomes;
    std::vector<AddressedLetter> letters;  // Of one sender: in the order in which he wrote them.
    /// The last block's payments; none, or nullptr, for those who do not observe.
    std::shared_ptr<const std::vector<ObservedTransfer>> transfers;
    /// The lowest block that was taken back since; what there is in `transfers` came after that.
    std::optional<std::uint64_t> reverted_from = {};

    [[nodiscard]] bool empty() const noexcept
    {
        return outcomes.empty() && letters.empty() && transfers == nullptr && !reverted_from;
    }
};

}  // namespace runnel::actors
