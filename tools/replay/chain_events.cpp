#include "tools/replay/chain_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace runnel::replay
{

using contracts::uniswap_v3::fee_denominator;
using contracts::uniswap_v3::PoolConstructor;
using nlohmann::json;

namespace
{
constexpr std::string_view csv_header =
    "block,tx_index,log_index,type,tick_lower,tick_upper,liquidity,amount0,amount1";

LiquidityEvent parse_csv_row(std::string_view text)
{
    std::array<std::string, 9> cells;
    for (std::size_t i = 0; i < cells.size(); ++i)
    {
        const auto comma = std::min(text.find(','), text.size());
        if (i + 1 < cells.size() && comma == text.size())
            throw std::invalid_argument{fmt::format("expected {} columns", cells.size())};
        cells[i] = std::string{text.substr(0, comma)};
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    const json row{{"block", cells[0]}, {"tick_lower", cells[4]}, {"tick_upper", cells[5]},
        {"liquidity", cells[6]}};
    if (cells[3] != "mint" && cells[3] != "burn")
        throw std::invalid_argument{"\"type\": expected mint or burn"};
    return {count_in(row, "block"), cells[3] == "mint", tick_in(row, "tick_lower"),
        tick_in(row, "tick_upper"), amount_in(row, "liquidity")};
}
}  // namespace

std::string digits_of(const json& value, std::string_view name)
{
    if (value.is_number_integer())
        return value.dump();
    return as_text(value, name);
}
Int256 number_in(const json& object, const char* name)
{
    return parse_signed(digits_of(member(object, name), name));
}
Amount amount_in(const json& object, const char* name)
{
    return parse_amount(digits_of(member(object, name), name));
}
std::uint64_t count_in(const json& object, const char* name)
{
    const auto amount = amount_in(object, name);
    if (!amount.fits_uint64())
        throw std::invalid_argument{fmt::format("\"{}\" does not fit 64 bits", name)};
    return amount.low64();
}
std::uint64_t count_up_to(std::uint64_t max, const json& object, const char* name)
{
    const auto count = count_in(object, name);
    if (count > max)
        throw std::invalid_argument{fmt::format("\"{}\" is above {}", name, max)};
    return count;
}
std::int32_t tick_in(const json& object, const char* name)
{
    const auto value = number_in(object, name);
    if (value.magnitude() > Amount{0x7FFFFF})
        throw std::invalid_argument{fmt::format("\"{}\" is no tick", name)};
    const auto magnitude = static_cast<std::int32_t>(value.magnitude().low64());
    return value.is_negative() ? -magnitude : magnitude;
}
Address address_in(const json& object, const char* name)
{
    const auto address = Address::from_string(text_of(object, name));
    if (!address)
        throw std::invalid_argument{fmt::format("\"{}\": expected an address", name)};
    return *address;
}

json row_of(const json& list, std::initializer_list<const char*> names, std::string_view what)
{
    if (!list.is_array() || list.size() < names.size())
    {
        throw std::invalid_argument{
            fmt::format("\"{}\": expected rows of {} values", what, names.size())};
    }
    json row = json::object();
    std::size_t next = 0;
    for (const auto* name : names)
        row[name] = list[next++];
    return row;
}
const json& list_in(const json& object, const char* name)
{
    const auto& list = member(object, name);
    if (!list.is_array() || list.size() > names_max)
        throw std::invalid_argument{
            fmt::format("\"{}\": expected a list of at most {} rows", name, names_max)};
    return list;
}

PoolConstructor constructor_in(const json& object)
{
    PoolConstructor arguments;
    arguments.fee = static_cast<std::uint32_t>(count_up_to(fee_denominator - 1, object, "fee"));
    const auto spacing = tick_in(object, "tickSpacing");
    if (spacing <= 0 || spacing >= 16'384)
        throw std::invalid_argument{"\"tickSpacing\": expected 1 to 16383"};
    arguments.tick_spacing = spacing;
    return arguments;
}

bool is_header(const json& line)
{
    return !line.contains("k") && line.contains("protocol");
}

void for_each_line(LineReader& reader, const std::function<void(const json&)>& visit)
{
    while (const auto text = reader.next())
    {
        if (text->find_first_not_of(" \t\r") == std::string::npos)
            continue;
        check_depth(*text);
        const auto line = json::parse(*text);
        if (!line.is_object())
            throw std::invalid_argument{"not a JSON object"};
        visit(line);
    }
}

bool is_csv(const std::string& path)
{
    LineReader reader{path};
    const auto line = reader.next();
    return line && std::string_view{*line}.substr(0, csv_header.size()) == csv_header;
}

void for_each_row(LineReader& reader, const std::function<bool(const LiquidityEvent&)>& visit)
{
    std::uint64_t last_block = 0;
    (void)reader.next();
    while (const auto text = reader.next())
    {
        const auto event = parse_csv_row(*text);
        if (event.block < last_block)
            throw std::invalid_argument{"expected blocks in order"};
        last_block = event.block;
        if (!visit(event))
            return;
    }
    if (!reader.error().empty())
        throw std::invalid_argument{reader.error()};
}

void TickSpacing::narrow(const LiquidityEvent& event)
{
    while (event.tick_lower % value() != 0 || event.tick_upper % value() != 0)
        ++place_;
}

std::vector<TickMap> read_snapshots(const std::string& path)
{
    LineReader reader{path};
    std::string text;
    while (const auto line = reader.next())
        text += *line;
    if (!reader.error().empty())
        throw std::invalid_argument{reader.error()};
    check_depth(text);
    const auto states = json::parse(text);
    if (!states.is_array() || states.empty())
        throw std::invalid_argument{"expected a list of states"};
    std::vector<TickMap> found;
    for (const auto& state : states)
    {
        TickMap map;
        map.sqrt_price_x96 = amount_in(state, "sqrtPriceX96");
        map.tick = tick_in(state, "tick");
        map.liquidity = amount_in(state, "liquidity");
        for (const auto& values : list_in(state, "ticks"))
        {
            const auto row = row_of(values, {"tick", "gross", "net"}, "ticks");
            if (!amount_in(row, "gross").is_zero())
            {
                map.ticks[tick_in(row, "tick")] = {
                    amount_in(row, "gross").to_string(), number_in(row, "net").to_string()};
            }
        }
        found.push_back(std::move(map));
    }
    return found;
}

}  // namespace runnel::replay
