#include "analytics/csv.hpp"

namespace runnel::analytics
{

std::string csv_cell(std::string_view text)
{
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos)
        return std::string{text};
    std::string cell = "\"";
    for (const char c : text)
        cell.append(c == '"' ? 2 : 1, c);
    return cell + "\"";
}

}  // namespace runnel::analytics
