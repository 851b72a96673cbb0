#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/position_file.hpp"
#include "scenarios/loader/reader.hpp"
#include "scenarios/loader/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace runnel::scenarios
{

Node TableReader::read_closes(const Item& item, std::vector<PriceClose>& closes) const
{
    std::vector<PriceBar> bars;
    auto canonical = read_bars(item, bars);
    for (const auto& bar : bars)
        closes.push_back({bar.unix, bar.open});
    return canonical;
}

Node TableReader::read_block_times(const Item& item, std::vector<BlockTimes::Known>& times) const
{
    const auto* list = item.node.as<Node::Array>();
    if (list == nullptr)
        refuse(item, expectation(*item.key));
    for (std::size_t i = 0; i < list->size(); ++i)
    {
        const auto entry = element(item, i, (*list)[i]);
        const auto* row = entry.node.as<Node::Array>();
        const auto number = [&](std::size_t column) -> std::uint64_t
        {
            const auto* value =
                row == nullptr || row->size() != 2 ? nullptr : (*row)[column].as<std::int64_t>();
            // What a table of the database holds as a time of a block.
            constexpr std::int64_t number_max = 253'402'300'799;
            if (value == nullptr || *value < 0 || *value > number_max)
                refuse(entry, "[block, unix seconds]");
            return static_cast<std::uint64_t>(*value);
        };
        const BlockTimes::Known known{number(0), number(1)};
        if (known.block < 1 || known.block > blocks_max ||
            (!times.empty() &&
                (known.block <= times.back().block || known.time < times.back().time)))
            refuse(entry, "blocks from 1 on in their order, and times that do not go back");
        times.push_back(known);
    }
    return item.node;
}

Node TableReader::read_list(const Item& item) const
{
    const auto& spec = item.key->spec;
    const auto is_fit = [&](const Node& node)
    {
        if (item.key->form == KeyForm::names)
            return node.as<std::string>() != nullptr;
        const auto value = finite_number(node);
        return value && in_range(*value, spec);
    };
    if (item.key->form == KeyForm::latencies)
    {
        const auto* table = item.node.as<Node::Table>();
        const bool fits = table != nullptr && std::all_of(table->begin(), table->end(),
                                                  [](const Node::Member& member)
                                                  { return member.node.as<std::int64_t>(); });
        if (!fits || !std::all_of(table->begin(), table->end(),
                         [&](const Node::Member& member) { return is_fit(member.node); }))
            refuse(item,
                fmt::format("{}, each {}", expectation(*item.key), range("an integer", spec)));
        return item.node;
    }
    const auto* list = item.node.as<Node::Array>();
    if (list == nullptr || !std::all_of(list->begin(), list->end(), is_fit))
        refuse(item, expectation(*item.key));
    return item.node;
}

Node TableReader::read_bars(const Item& item, std::vector<PriceBar>& bars) const
{
    const std::size_t width = item.key->form == KeyForm::bars ? 5 : 2;
    const auto* list = item.node.as<Node::Array>();
    if (list == nullptr || list->empty())
        refuse(item, expectation(*item.key));
    Node::Array canonical;
    canonical.reserve(list->size());
    for (std::size_t i = 0; i < list->size(); ++i)
    {
        const auto entry = element(item, i, (*list)[i]);
        const auto* row = entry.node.as<Node::Array>();
        if (row == nullptr || row->size() != width)
        {
            refuse(entry,
                width == 5 ? "[unix seconds, open, high, low, close]" : "[unix seconds, price]");
        }
        Item unix = element(entry, 0, row->front());
        if (const auto* time = unix.node.as<DateTime>(); time != nullptr && time->unix)
            unix.node.value = std::int64_t{*time->unix};  // A copy: *time dies before it is read.
        if (unix.node.as<std::int64_t>() == nullptr)
            refuse(unix, "unix seconds");
        PriceBar bar{*unix.node.as<std::int64_t>()};
        Node::Array cells{unix.node};
        const std::array prices{&bar.open, &bar.high, &bar.low, &bar.close};
        for (std::size_t column = 1; column < width; ++column)
        {
            auto price = read_price(element(entry, column, (*row)[column]));
            *prices.at(column - 1) = std::get<Amount>(*price.value).low64();
            cells.push_back(std::move(price.canonical));
        }
        bars.push_back(bar);
        canonical.emplace_back(Node{std::move(cells)});
    }
    return Node{std::move(canonical)};
}

Node TableReader::read_positions(const Item& item, std::vector<PositionRow>& rows) const
{
    const auto* list = item.node.as<Node::Array>();
    if (list == nullptr)
        refuse(item, expectation(*item.key));
    Node::Array canonical;
    for (std::size_t i = 0; i < list->size(); ++i)
    {
        const auto entry = element(item, i, (*list)[i]);
        rows.push_back(read_position(entry));
        canonical.push_back(entry.node);
    }
    return Node{std::move(canonical)};
}

PositionRow TableReader::read_position(const Item& row) const
{
    const auto form = row.key->form;
    const auto* cells = row.node.as<Node::Array>();
    const auto has_size = [&](std::size_t size)
    {
        return size == (form == KeyForm::positions ? 3U : 2U) ||
               (form == KeyForm::liquidity && size == 4);
    };
    if (cells == nullptr || !has_size(cells->size()) ||
        std::any_of(cells->begin(), cells->end(),
            [](const Node& cell) { return cell.as<std::string>() == nullptr; }))
        refuse(row, expectation(*row.key));
    const auto text = [&](std::size_t cell) -> const std::string&
    { return *(*cells)[cell].as<std::string>(); };
    const auto& units = names_.token_units();
    const auto amount = [&](std::size_t cell) -> Holding
    {
        constexpr std::string_view all = "max ";
        if (text(cell).empty())
            return {};
        const bool is_max = form == KeyForm::allowances && text(cell).starts_with(all);
        const auto written = parse_amount(
            is_max ? fmt::format("0 {}", text(cell).substr(all.size())) : text(cell), units);
        if (!written)
            refuse(element(row, cell, (*cells)[cell]), written.error());
        const auto token = static_cast<std::uint32_t>(written->unit - units.data());
        return {ContractId{token}, is_max ? Amount::max() : written->amount};
    };
    const auto parsed = [&](std::size_t cell, const auto& result)
    {
        if (!result)
            refuse(element(row, cell, (*cells)[cell]), result.error());
        return *result;
    };
    PositionRow position{text(0)};
    if (form == KeyForm::liquidity && text(1).find(' ') == std::string::npos)
        position.collateral.amount = parsed(1, parse_liquidity(text(1)));
    else
        position.collateral = amount(1);
    if (form == KeyForm::positions)
        position.debt = amount(2);
    if (form == KeyForm::liquidity && cells->size() == 4)
    {
        position.tick_lower = parsed(2, parse_tick(text(2)));
        position.tick_upper = parsed(3, parse_tick(text(3)));
        if (position.tick_lower >= position.tick_upper)
            refuse(row, "the lower tick before the upper one");
    }
    if (form == KeyForm::allowances && text(1).empty())
        refuse(row, expectation(*row.key));
    return position;
}

}  // namespace runnel::scenarios
