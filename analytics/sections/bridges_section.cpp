#include "analytics/quantile.hpp"
#include "analytics/sections.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace runnel::analytics
{
namespace
{
/// One bridge while its rows are read.
struct Use
{
    ContractId home_token{};
    ContractId bridged_token{};
    Amount locked;
    Amount minted;
    Amount out;
    Amount back;
    Amount forged;
    SignedAmount sent_out;
    SignedAmount sent_back;
    std::uint64_t sent = 0;
    std::uint64_t released = 0;
    std::uint64_t refunded = 0;
    std::map<Amount, std::uint64_t> sent_at;  // By message, of what is in flight.
    std::vector<double> seconds;              // From sending to release.
};

Value median(std::vector<double> values)
{
    if (values.empty())
        return {};
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

std::map<ContractId, Use> read_uses(LedgerQueries& source)
{
    std::map<ContractId, Use> bridges;
    if (source.has("t_bridge_moves"))
    {
        auto rows = source.query(
            "SELECT m.contract_id, m.type, m.message, m.amount, b.timestamp FROM t_bridge_moves m "
            "JOIN t_blocks b ON b.number = m.block_number ORDER BY m.rowid");
        while (rows.step())
        {
            auto& bridge = bridges[rows.contract(0)];
            const auto type = rows.text(1);
            const auto message = rows.amount(2);
            const auto at = rows.integer_up_to(4, std::numeric_limits<std::int64_t>::max());
            if (type == "lock" || type == "burn")
            {
                ++bridge.sent;
                (type == "lock" ? bridge.sent_out : bridge.sent_back).add(rows.amount(3));
                bridge.sent_at[message] = at;
                continue;
            }
            const auto sent = bridge.sent_at.find(message);
            if (type == "mint" || type == "unlock")
            {
                ++bridge.released;
                if (sent != bridge.sent_at.end())
                    bridge.seconds.push_back(static_cast<double>(at - sent->second));
            }
            else
                ++bridge.refunded;
            if (sent != bridge.sent_at.end())
                bridge.sent_at.erase(sent);
        }
    }
    auto states = source.query(
        "SELECT contract_id, home_token_id, bridged_token_id, locked, minted, in_flight_out, "
        "in_flight_back, forged FROM t_bridges ORDER BY rowid");
    while (states.step())
    {
        auto& bridge = bridges[states.contract(0)];
        bridge.home_token = states.contract(1);
        bridge.bridged_token = states.contract(2);
        bridge.locked = states.amount(3);
        bridge.minted = states.amount(4);
        bridge.out = states.amount(5);
        bridge.back = states.amount(6);
        bridge.forged = states.amount(7);
    }
    return bridges;
}

/// What is locked, of what is owed: all that is minted or in flight.
Value cover_of(const Use& bridge)
{
    const auto owed = bridge.minted.to_double() + bridge.out.to_double() + bridge.back.to_double();
    return share_of(bridge.locked.to_double(), owed);
}
}  // namespace

std::optional<Section> bridges_section(LedgerQueries& source)
{
    if (!source.has_blocks() || !source.has("t_bridges"))
        return std::nullopt;
    const auto bridges = read_uses(source);
    if (bridges.empty())
        return std::nullopt;
    Section section{"bridges", "Bridges", {}, {}, {}};
    Table table{"bridges", "Bridges, at the end",
        {{"bridge", "Bridge", Unit::none}, {"locked", "Locked", Unit::none},
            {"minted", "Minted", Unit::none}, {"in_flight_out", "In flight, out", Unit::none},
            {"in_flight_back", "In flight, back", Unit::none}, {"forged", "Forged", Unit::none},
            {"cover", "Cover", Unit::share}, {"sent_out", "Sent out", Unit::none},
            {"sent_back", "Sent back", Unit::none}, {"transfers", "Transfers", Unit::count},
            {"released", "Released", Unit::count}, {"refunded", "refunded", Unit::count},
            {"release_seconds", "until released, median", Unit::seconds}},
        {}, 20};
    Use all;
    double least = 1;
    for (const auto& [id, bridge] : bridges)
    {
        const auto cover = cover_of(bridge);
        if (const auto* share = std::get_if<double>(&cover))
            least = std::min(least, *share);
        table.rows.push_back(
            {source.contract_name(id), source.money(bridge.locked, bridge.home_token),
                source.money(bridge.minted, bridge.bridged_token),
                source.money(bridge.out, bridge.home_token),
                source.money(bridge.back, bridge.home_token),
                source.money(bridge.forged, bridge.home_token), cover,
                source.money(bridge.sent_out, bridge.home_token),
                source.money(bridge.sent_back, bridge.home_token),
                static_cast<std::int64_t>(bridge.sent), static_cast<std::int64_t>(bridge.released),
                static_cast<std::int64_t>(bridge.refunded), median(bridge.seconds)});
        all.sent += bridge.sent;
        all.released += bridge.released;
        all.refunded += bridge.refunded;
        all.seconds.insert(all.seconds.end(), bridge.seconds.begin(), bridge.seconds.end());
    }
    section.figures = {{"transfers", "transfers", static_cast<std::int64_t>(all.sent), Unit::count},
        {"released", "released", static_cast<std::int64_t>(all.released), Unit::count},
        {"refunded", "refunded", static_cast<std::int64_t>(all.refunded), Unit::count},
        {"release_seconds", "from sending to release, median", median(all.seconds), Unit::seconds},
        {"cover_min", "locked of what is owed, the least of all bridges", least, Unit::share}};
    section.tables.push_back(std::move(table));
    return section;
}

}  // namespace runnel::analytics
