#pragma once

#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/line_reader.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// How files of recorded events of mainnet's Uniswap v3 pools are read. What is wrong with one is
/// thrown as std::invalid_argument. docs/uniswap_v3.md has the formats.
namespace runnel::replay
{

/// More pools, accounts, ticks or positions than mainnet has are refused rather than held.
inline constexpr std::size_t names_max = 1'000'000;
/// Of Uniswap v3's factory on mainnet.
inline constexpr std::string_view factory_address = "0x1F98431c8aD98523631AE4a59f267346ea31F984";

/// Numbers are decimal strings or JSON numbers.
[[nodiscard]] std::string digits_of(const nlohmann::json& value, std::string_view name);
[[nodiscard]] Int256 number_in(const nlohmann::json& object, const char* name);
[[nodiscard]] Amount amount_in(const nlohmann::json& object, const char* name);
[[nodiscard]] std::uint64_t count_in(const nlohmann::json& object, const char* name);
[[nodiscard]] std::uint64_t count_up_to(
    std::uint64_t max, const nlohmann::json& object, const char* name);
[[nodiscard]] std::int32_t tick_in(const nlohmann::json& object, const char* name);
[[nodiscard]] Address address_in(const nlohmann::json& object, const char* name);
/// A row of a list in a recorded state, by the names of its columns.
[[nodiscard]] nlohmann::json row_of(
    const nlohmann::json& list, std::initializer_list<const char*> names, std::string_view what);
[[nodiscard]] const nlohmann::json& list_in(const nlohmann::json& object, const char* name);
/// Fee and spacing of a pool.
[[nodiscard]] contracts::uniswap_v3::PoolConstructor constructor_in(const nlohmann::json& object);

/// Whether a line names the only pool of its file.
[[nodiscard]] bool is_header(const nlohmann::json& line);
/// Reads all lines that hold something.
void for_each_line(LineReader& reader, const std::function<void(const nlohmann::json&)>& visit);

/// A row of a .csv of mints and burns.
struct LiquidityEvent
{
    std::uint64_t block = 0;
    bool is_mint = false;
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount liquidity;
};
[[nodiscard]] bool is_csv(const std::string& path);
/// Reads the rows of a .csv until @p visit says no.
void for_each_row(LineReader& reader, const std::function<bool(const LiquidityEvent&)>& visit);
/// Ticks of a .csv's pool are as far apart as the widest of mainnet's spacings allows that all are
/// on. Starts with the widest; narrow() it by every event.
class TickSpacing
{
public:
    void narrow(const LiquidityEvent& event);
    [[nodiscard]] std::int32_t value() const noexcept { return spacings[place_]; }
    /// In units of 1e-6: that to which the spacing belongs.
    [[nodiscard]] std::uint32_t fee() const noexcept { return fees[place_]; }

private:
    static constexpr std::array<std::int32_t, 4> spacings{200, 60, 10, 1};
    static constexpr std::array<std::uint32_t, 4> fees{10'000, 3'000, 500, 100};
    std::size_t place_ = 0;
};

/// A recorded state of ticks: gross and net liquidity of each.
struct TickMap
{
    Amount sqrt_price_x96;
    std::int32_t tick = 0;
    Amount liquidity;
    std::map<std::int32_t, std::array<std::string, 2>> ticks;
    std::uint64_t found_after = 0;  // The number of the event after which the pool was like this.
    std::uint64_t found_block = 0;
};
[[nodiscard]] std::vector<TickMap> read_snapshots(const std::string& path);

}  // namespace runnel::replay
