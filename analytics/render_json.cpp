#include "analytics/render.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace runnel::analytics
{
namespace
{
using Json = nlohmann::ordered_json;

Json real(double value)
{
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

void put(Json& object, const std::string& key, const Value& value)
{
    if (const auto* money = std::get_if<Money>(&value))
    {
        object[key + "_raw"] = money->raw;
        object[key] = real(money->to_double());
    }
    else if (const auto* number = std::get_if<double>(&value))
        object[key] = real(*number);
    else if (const auto* integer = std::get_if<std::int64_t>(&value))
        object[key] = *integer;
    else if (const auto* yes = std::get_if<bool>(&value))
        object[key] = *yes;
    else if (const auto* text = std::get_if<std::string>(&value))
        object[key] = *text;
    else
        object[key] = nullptr;
}

Json rows_of(const Table& table)
{
    auto rows = Json::array();
    for (const auto& values : table.rows)
    {
        Json row = Json::object();
        for (std::size_t i = 0; i < values.size(); ++i)
            put(row, table.columns[i].key, values[i]);
        rows.push_back(std::move(row));
    }
    return rows;
}
}  // namespace

std::string render_json(const Report& report)
{
    Json all = Json::object();
    for (const auto& section : report.sections)
    {
        Json object = Json::object();
        for (const auto& figure : section.figures)
            put(object, figure.key, figure.value);
        for (const auto& table : section.tables)
            object[table.key] = rows_of(table);
        if (!section.charts.empty())
        {
            auto& charts = object["charts"] = Json::object();
            for (const auto& chart : section.charts)
            {
                auto& values = charts[chart.key] = Json::array();
                for (const auto value : chart.values)
                    values.push_back(real(value));
            }
        }
        all[section.key] = std::move(object);
    }
    // Names are whatever a scenario's author wrote: bytes that are no UTF-8 are replaced.
    return all.dump(2, ' ', true, Json::error_handler_t::replace);
}

}  // namespace runnel::analytics
