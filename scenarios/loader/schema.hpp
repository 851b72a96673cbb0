#pragma once

#include "scenarios/scenario.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace runnel::scenarios
{

/// How a key's value is read, where ParameterSpec::kind does not say it all.
enum class KeyForm : std::uint8_t
{
    parameter,    // As the kind says.
    price,        // USD per whole token: 3000.5 or "3000.5 USD".
    seed,         // Any unsigned number of 64 bits, as text too.
    time,         // Unix seconds, or a TOML date with time and offset.
    closes,       // [[unix, price], ...]
    block_times,  // [[block, unix], ...]
    bars,         // [[unix, open, high, low, close], ...]
    calls,        // A list of calls: read by what contracts describe.
    expect,       // What must come of them.
    exact_funds,  // An exact amount per token: { ETH = 1, USDC = "10.5 USDC" }
    positions,    // [[account, "5 WETH", "9_000 USDC"], ...]
    parameters,   // Some of a group's: { interval = 60 }
    funds,        // A distribution per token: { ETH = 10, USDC = { uniform = [0, 5] } }
    liquidity,    // [[account, "5 WETH"], [account, "1000", "-60", "60"], ...]
    allowances,   // [[account, "5 WETH"], [account, "max USDC"], ...]
    numbers,      // [0.5, 0.5]
    names,        // ["europe", "japan"]
    latencies,    // { europe = 11, japan = 252 }
};

/// A key of a fixed section.
struct Key
{
    ParameterSpec spec;
    KeyForm form = KeyForm::parameter;
};

/// A choice of a section's selecting key, and the keys that come with it.
struct Variant
{
    std::string_view name;
    std::string_view help;
    std::vector<Key> keys;
};

/// A section of a scenario file: [chain], or one table per name: [prices.WETH].
struct Section
{
    std::string_view name;
    std::string_view help;
    bool per_name = false;
    bool is_list = false;  // [[script]]: any number of tables without a name, in their order.
    std::string_view selector =
        {};                      // The key that selects a variant: `kind`, `model`; empty if none.
    std::vector<Key> keys = {};  // Common to all variants.
    std::vector<Variant> variants = {};
};

/// A section of the fixed schema; variants of tokens, contracts and agents come from the catalogue.
[[nodiscard]] const Section& section(std::string_view name);
/// All of them, in the order of a resolved file.
[[nodiscard]] std::span<const Section> sections();

/// A kind for [tokens]: one that is a token and nothing else, which its parameter `symbol` tells.
[[nodiscard]] bool is_token_type(const ContractType& type);
inline constexpr std::string_view native_kind = "native";

/// Bounds of what a file may ask for.
inline constexpr std::uint64_t wallets_max = 5'000'000;  // In all groups.
inline constexpr std::uint64_t blocks_max = 100'000'000;
inline constexpr std::uint64_t prices_max = 250'000'000;  // Blocks times price paths: 2 GB.
inline constexpr std::size_t tokens_max = 1'000;
inline constexpr std::size_t contracts_max = 10'000;
inline constexpr std::size_t groups_max = 10'000;
inline constexpr std::size_t events_max = 10'000;
inline constexpr std::size_t accounts_max = 100'000;
inline constexpr std::size_t script_lines_max = 100'000;
inline constexpr std::size_t arrivals_max = 100'000;  // In all groups.

}  // namespace runnel::scenarios
