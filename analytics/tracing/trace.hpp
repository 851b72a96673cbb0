#pragma once

#include "analytics/ledger_queries.hpp"
#include "analytics/tracing/ledger_movements.hpp"
#include "analytics/tracing/taint_engine.hpp"
#include "ledger/hash.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

/// Following value through a ledger: docs/tracing.md.
namespace runnel::analytics::tracing
{

struct TraceRequest
{
    PolicyKind policy = PolicyKind::haircut;
    Direction direction = Direction::forward;
    /// All that these have is loot, and all that they get: from block `since` on, forward; what
    /// they have after block `until_block`, backward.
    std::vector<AccountId> sources;
    /// What this transaction brought to who gained by it is loot. Forward only.
    std::optional<Hash> transaction;
    std::vector<AccountId> stops;
    std::optional<ContractId> token;  // Loot is money of this token alone.
    std::uint64_t since = 0;
    std::optional<std::uint64_t> until_block;  // The last block that is looked at.
};

struct Trace
{
    PolicyKind policy{};
    Direction direction{};
    std::vector<LootKind> kinds;
    std::vector<Stake> stakes;
    HopTable hops;
    std::vector<Place> roots;
    std::vector<SecuredLoan> loans;
    std::map<ContractId, std::uint64_t> prices;  // 1e-8 USD of a whole token, at the end.
    std::uint64_t hops_lost = 0;
    std::uint64_t roundings = 0;
    std::uint64_t movements = 0;
    std::uint64_t last_block = 0;  // That was looked at.
};

/// Who looks at a trace in the making.
struct TraceWatch
{
    std::vector<std::uint64_t> blocks;  // Rising.
    /// Is shown what is loot after each of these blocks, in the order in which the trace gets
    /// there: backward the last block comes first.
    std::function<void(std::size_t index, const std::vector<Stake>& stakes)> look;
};

/// Throws std::invalid_argument if there is no such transaction, or if it brought nobody anything.
[[nodiscard]] Trace make_trace(
    LedgerQueries& source, const TraceRequest& request, const TraceWatch& watch = {});

/// What a transaction brought: places that gained, of accounts that gave nothing; the sender's, if
/// he gained. Contracts gain only if nobody else did.
[[nodiscard]] std::vector<Place> gains_of(
    const TransactionMoves& moves, AccountId sender, const TracedWorld& world);

}  // namespace runnel::analytics::tracing
