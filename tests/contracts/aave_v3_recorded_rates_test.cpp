#include "contracts/lending/aave_v3/interest_rate_strategy.hpp"
#include "tests/support/catch.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

using namespace runnel;
using namespace runnel::contracts::aave_v3;

namespace
{
/// A line of the file by the names of its columns.
using Reserve = std::map<std::string, std::string>;

std::vector<Reserve> reserves_of(const std::string& file)
{
    std::ifstream stream{file};
    INFO(file);
    REQUIRE(stream);
    const auto cells_of = [](const std::string& line)
    {
        std::vector<std::string> cells;
        std::stringstream rest{line};
        for (std::string cell; std::getline(rest, cell, ',');)
            cells.push_back(cell);
        return cells;
    };
    std::string line;
    REQUIRE(std::getline(stream, line));
    const auto names = cells_of(line);
    std::vector<Reserve> reserves;
    while (std::getline(stream, line))
    {
        const auto cells = cells_of(line);
        REQUIRE(cells.size() == names.size());
        auto& reserve = reserves.emplace_back();
        for (std::size_t i = 0; i < names.size(); ++i)
            reserve[names[i]] = cells[i];
    }
    return reserves;
}

Amount amount(const Reserve& reserve, const std::string& column)
{
    const auto value = Amount::from_decimal(reserve.at(column));
    INFO(column);
    REQUIRE(value);
    return *value;
}
}  // namespace

// Source: the reserves of three chains as a public tool recorded them in March 2025 (SOURCES.md
// beside the files). Deficits, which v3.3 counts among what is supplied, are not in them.
TEST_CASE("aave v3: recorded reserves have the rates that follow from their debts",
    "[contracts][aave_v3]")
{
    const char* data = std::getenv("RUNNEL_DATA");
    if (data == nullptr)
    {
        std::cout << "SKIPPED: RUNNEL_DATA is unset, no market data\n";
        return;
    }
    struct Chain
    {
        std::string name;
        std::size_t reserves = 0;
        std::size_t without_deficit = 0;  // Whose liquidity rate follows too.
    };
    for (const auto& chain :
        {Chain{"ethereum", 38, 28}, Chain{"arbitrum", 18, 10}, Chain{"polygon", 21, 12}})
    {
        const auto reserves =
            reserves_of(std::string{data} + "/lending/aave_v3_reserves_" + chain.name + ".csv");
        CHECK(reserves.size() == chain.reserves);
        std::size_t followed = 0;
        for (const auto& reserve : reserves)
        {
            CAPTURE(chain.name, reserve.at("symbol"));
            InterestRateStrategy curve;
            curve.optimal_usage_ratio = amount(reserve, "optimalUsageRatio");
            curve.base_variable_borrow_rate = amount(reserve, "baseVariableBorrowRate");
            curve.variable_rate_slope1 = amount(reserve, "variableRateSlope1");
            curve.variable_rate_slope2 = amount(reserve, "variableRateSlope2");
            RateInputs inputs;
            inputs.cash = amount(reserve, "virtualUnderlyingBalance");
            inputs.total_variable_debt = ray_mul_half_up(
                amount(reserve, "totalScaledVariableDebt"), amount(reserve, "variableBorrowIndex"))
                                             .value;
            inputs.reserve_factor = amount(reserve, "reserveFactor");
            const auto rates = curve.rates_v37(inputs);
            REQUIRE(rates.has_value());
            CHECK(rates->variable == amount(reserve, "variableBorrowRate"));
            const auto recorded = amount(reserve, "liquidityRate");
            followed += rates->liquidity == recorded ? 1 : 0;
            // A deficit can only make suppliers earn less.
            CHECK(rates->liquidity >= recorded);
        }
        CAPTURE(chain.name);
        CHECK(followed == chain.without_deficit);
    }
}
