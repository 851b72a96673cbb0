#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/reader.hpp"

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

}  // namespace runnel::scenarios
