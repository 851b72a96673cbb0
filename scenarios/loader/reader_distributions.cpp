#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace runnel::scenarios
{

namespace
{

/// Draws stay within these bounds whatever the shape, so that none is infinite.
constexpr double draw_max = 1e30;

struct ShapeInfo
{
    std::string_view name;
    Distribution::Shape shape;
    std::size_t count;
    std::string_view expected;
    bool (*accepts)(double a, double b);
};

bool moderate(double value) noexcept
{
    return value >= -draw_max && value <= draw_max;
}

const std::array<ShapeInfo, 6> shapes{
    ShapeInfo{"constant", Distribution::Shape::constant, 1, "[value]",
        [](double a, double) { return moderate(a); }},
    ShapeInfo{"uniform", Distribution::Shape::uniform, 2, "[low, high] with low <= high",
        [](double a, double b) { return moderate(a) && moderate(b) && a <= b; }},
    ShapeInfo{"normal", Distribution::Shape::normal, 2, "[mean, sd] with sd >= 0",
        [](double a, double b) { return moderate(a) && moderate(b) && b >= 0; }},
    ShapeInfo{"log_normal", Distribution::Shape::log_normal, 2,
        "[mean, sd] of the logarithm, with mean from -69 to 69 and sd from 0 to 20",
        [](double a, double b) { return a >= -69 && a <= 69 && b >= 0 && b <= 20; }},
    ShapeInfo{"exponential", Distribution::Shape::exponential, 1, "[mean] with mean >= 0",
        [](double a, double) { return moderate(a) && a >= 0; }},
    ShapeInfo{"pareto", Distribution::Shape::pareto, 2,
        "[scale, shape] with scale > 0 and shape from 0.1 to 1000",
        [](double a, double b) { return moderate(a) && a > 0 && b >= 0.1 && b <= 1'000; }},
};

/// The distribution's numbers: [mean, sd], or mean alone without brackets.
std::optional<std::array<double, 2>> shape_numbers(const ShapeInfo& info, const Node& node)
{
    std::array<double, 2> numbers{};
    const auto* list = node.as<Node::Array>();
    const std::size_t count = list != nullptr ? list->size() : 1;
    if (count != info.count)
        return std::nullopt;
    for (std::size_t i = 0; i < count; ++i)
    {
        const auto number = finite_number(list != nullptr ? (*list)[i] : node);
        if (!number)
            return std::nullopt;
        numbers.at(i) = *number;
    }
    return info.accepts(numbers[0], numbers[1]) ? std::optional{numbers} : std::nullopt;
}

}  // namespace

TableReader::Read TableReader::read_distribution(const Item& item) const
{
    const auto& spec = item.key->spec;
    auto bounds = spec;
    bounds.min = std::max(spec.min, -draw_max);
    bounds.max = std::min(spec.max, draw_max);
    const auto constant = [&](double value) -> Read {
        return {Distribution{Distribution::Shape::constant, value, 0, value, value}, Node{value}};
    };

    if (const auto number = finite_number(item.node))
    {
        if (!in_range(*number, bounds))
            refuse(item, range("a number", spec));
        return constant(*number);
    }
    const auto* table = item.node.as<Node::Table>();
    if (table == nullptr)
    {
        refuse(item,
            range("a number", spec) + ", or a distribution like { normal = [mean, sd], min = 0 }");
    }

    Distribution distribution{Distribution::Shape::constant, 0, 0, bounds.min, bounds.max};
    const ShapeInfo* shape = nullptr;
    Node::Table canonical;
    std::vector<std::string_view> known{"min", "max"};
    for (const auto& info : shapes)
        known.push_back(info.name);
    for (const auto& member : *table)
    {
        const Item part{
            item.key, fmt::format("{}.{}", item.path, member.key), member.node, item.is_default};
        if (member.key == "min" || member.key == "max")
        {
            const auto number = finite_number(member.node);
            if (!number || !in_range(*number, bounds))
                refuse(part, range("a number", spec));
            (member.key == "min" ? distribution.min : distribution.max) = *number;
            continue;
        }
        const auto info = std::find_if(shapes.begin(), shapes.end(),
            [&](const ShapeInfo& candidate) { return candidate.name == member.key; });
        if (info == shapes.end())
        {
            document_.fail(member.place, part.path,
                fmt::format("expected one of {}{}, got an unknown key", listed(known),
                    hint(member.key, known)));
        }
        if (shape != nullptr)
        {
            document_.fail(member.place, part.path,
                fmt::format("expected one shape, got {} too", shape->name));
        }
        shape = &*info;
        const auto numbers = shape_numbers(*info, member.node);
        if (!numbers)
            refuse(part, info->expected);
        distribution.shape = info->shape;
        distribution.a = (*numbers)[0];
        distribution.b = (*numbers)[1];
        if (info->shape == Distribution::Shape::uniform &&
            (!in_range(distribution.a, bounds) || !in_range(distribution.b, bounds)))
            refuse(part, range("bounds", spec));
        Node::Array list;
        for (std::size_t i = 0; i < info->count; ++i)
            list.emplace_back(Node{numbers->at(i)});
        canonical.push_back({std::string{info->name}, {}, Node{std::move(list)}});
    }
    if (shape == nullptr)
        refuse(item, "a shape: constant, uniform, normal, log_normal, exponential or pareto");
    if (distribution.min > distribution.max)
        refuse(item, "min not above max");
    if (distribution.shape == Distribution::Shape::constant)
    {
        if (!in_range(distribution.a, bounds))
            refuse(item, range("a number", spec));
        return constant(std::clamp(distribution.a, distribution.min, distribution.max));
    }
    if (distribution.min != bounds.min)
        canonical.push_back({"min", {}, Node{distribution.min}});
    if (distribution.max != bounds.max)
        canonical.push_back({"max", {}, Node{distribution.max}});
    return {distribution, Node{std::move(canonical)}};
}

}  // namespace runnel::scenarios
