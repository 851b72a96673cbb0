#include "analytics/tracing/trace.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <stdexcept>

namespace runnel::analytics::tracing
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

struct Found
{
    std::uint64_t block = 0;
    std::uint32_t index = 0;
    AccountId sender{};
};

Found find_transaction(LedgerQueries& source, const Hash& hash)
{
    auto rows = source.query(
        "SELECT block_number, transaction_index, from_id FROM t_transactions WHERE hash = ?");
    rows.bind(1, storage::Value{ByteView{hash.bytes}});
    if (!rows.step())
        throw std::invalid_argument{"the ledger has no such transaction"};
    return {rows.integer_up_to(0, integer_max),
        static_cast<std::uint32_t>(rows.integer_up_to(1, 0xFFFF'FFFF)), rows.account(2)};
}

void set_start_balances(LedgerQueries& source, TaintEngine& engine)
{
    auto rows = source.query("SELECT account_id, token_id, balance FROM t_starting_balances");
    while (rows.step())
    {
        static_cast<void>(source.group_of(rows.account(0)));  // Throws if there is no such account.
        engine.start_balance({rows.account(0), rows.contract(1)}, rows.amount(2));
    }
}

/// Balances after the last block, by a pass over everything.
void set_end_balances(LedgerQueries& source, std::uint64_t last_block, TaintEngine& engine)
{
    const auto plain = make_taint_engine(PolicyKind::haircut, traced_world(source));
    set_start_balances(source, *plain);
    LedgerMovements all{source, Direction::forward, last_block};
    for (TransactionMoves moves; all.next(moves);)
        plain->process(moves);
    for (const auto& [place, amount] : plain->balances())
        engine.start_balance(place, amount);
}

std::map<ContractId, std::uint64_t> prices_at(LedgerQueries& source, std::uint64_t block)
{
    std::map<ContractId, std::uint64_t> prices;
    if (!source.has("t_reference_prices"))
        return prices;
    auto rows = source.query(
        "SELECT token_id, price FROM t_reference_prices WHERE from_block <= ? ORDER BY from_block");
    rows.bind(1, storage::Value{static_cast<std::int64_t>(std::min(block, integer_max))});
    while (rows.step())
        prices[rows.contract(0)] = rows.integer_up_to(1, integer_max);
    return prices;
}

/// Where loot begins: the sources' holdings, or what the transaction brought.
std::vector<Place> roots_of(const TraceRequest& request, const std::vector<Place>& taken,
    const HopTable& hops, const std::vector<Stake>& stakes)
{
    std::set<Place> roots{taken.begin(), taken.end()};
    const auto add = [&](Place place)
    {
        if (std::find(request.sources.begin(), request.sources.end(), place.account) !=
            request.sources.end())
            roots.insert(place);
    };
    for (std::size_t i = 0; i < hops.size(); ++i)
        add(hops.from(i));
    for (const auto& stake : stakes)
        add(stake.place);
    return {roots.begin(), roots.end()};
}
}  // namespace

std::vector<Place> gains_of(
    const TransactionMoves& moves, AccountId sender, const TracedWorld& world)
{
    std::map<Place, SignedAmount> net;
    for (const auto& transfer : moves.transfers)
    {
        net[{transfer.from, transfer.token}].subtract(transfer.amount);
        net[{transfer.to, transfer.token}].add(transfer.amount);
    }
    const auto gains = [&](auto&& counts)
    {
        std::vector<Place> places;
        for (const auto& [place, amount] : net)
        {
            if (place.account != zero_account && !amount.is_negative() && !amount.is_zero() &&
                counts(place.account))
                places.push_back(place);
        }
        return places;
    };
    const auto gives = [&](AccountId account)
    {
        return std::any_of(net.begin(), net.end(),
            [&](const auto& entry)
            { return entry.first.account == account && entry.second.is_negative(); });
    };
    const auto is_person = [&](AccountId account)
    { return world.role(account) == TracedWorld::Role::person; };
    if (auto own = gains([&](AccountId account) { return account == sender; }); !own.empty())
        return own;
    if (auto takers =
            gains([&](AccountId account) { return is_person(account) && !gives(account); });
        !takers.empty())
        return takers;
    return gains([&](AccountId account) { return !gives(account); });
}

Trace make_trace(LedgerQueries& source, const TraceRequest& request, const TraceWatch& watch)
{
    const auto last_block =
        std::min(request.until_block.value_or(source.last_block()), source.last_block());
    const bool forward = request.direction == Direction::forward;
    const auto world = traced_world(source);
    auto engine = make_taint_engine(request.policy, world);
    PriceSteps prices{source, request.direction};
    prices.move_to(forward ? 0 : last_block, *engine);
    if (request.token)
        engine->only_token(*request.token);
    std::optional<Found> theft;
    if (request.transaction)
        theft = find_transaction(source, *request.transaction);

    if (forward)
        set_start_balances(source, *engine);
    else
        set_end_balances(source, last_block, *engine);
    bool has_sources = false;
    const auto add_sources = [&]
    {
        has_sources = true;
        for (const auto account : request.sources)
            engine->add_source(account, forward);
        for (const auto account : request.stops)
            engine->stop_at(account);
    };
    if (!forward)
        add_sources();

    std::vector<Place> taken;
    LedgerMovements all{source, request.direction, last_block};
    std::size_t looks = 0;
    const auto look = [&]
    {
        const auto count = watch.blocks.size();
        watch.look(forward ? looks : count - 1 - looks, engine->stakes());
        ++looks;
    };
    // Whether the next movements are beyond a block that is watched.
    const auto has_passed = [&](std::uint64_t block)
    {
        const auto count = watch.blocks.size();
        return looks < count &&
               (forward ? block > watch.blocks[looks] : block <= watch.blocks[count - 1 - looks]);
    };
    TransactionMoves moves;
    while (all.next(moves))
    {
        while (has_passed(moves.block))
            look();
        prices.move_to(moves.block, *engine);
        if (!has_sources && moves.block >= request.since)
            add_sources();
        if (theft && theft->block == moves.block && theft->index == moves.index)
        {
            taken = gains_of(moves, theft->sender, world);
            engine->process(moves, taken);
            continue;
        }
        engine->process(moves);
    }
    if (!has_sources)
        add_sources();
    while (looks < watch.blocks.size())
        look();
    if (theft && engine->kinds().empty())
        throw std::invalid_argument{"this transaction brought nobody anything that can be traced"};

    Trace trace;
    trace.policy = request.policy;
    trace.direction = request.direction;
    trace.kinds = engine->kinds();
    trace.stakes = engine->stakes();
    trace.hops = engine->take_hops();
    trace.loans = engine->secured_loans();
    trace.hops_lost = engine->hops_lost();
    trace.roundings = engine->roundings();
    trace.movements = all.movements();
    trace.roots = roots_of(request, taken, trace.hops, trace.stakes);
    trace.prices = prices_at(source, last_block);
    trace.last_block = last_block;
    return trace;
}

}  // namespace runnel::analytics::tracing
