#pragma once

#include "ledger/amount.hpp"
#include "ledger/ids.hpp"
#include "ledger/unit.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace runnel
{

class RandomStream;

/// The type of a parameter of a contract or a strategy, as a scenario file writes it.
enum class ParameterKind : std::uint8_t
{
    boolean,       // true
    integer,       // 30
    number,        // 0.5
    text,          // "any"
    choice,        // one of ParameterSpec::choices
    amount,        // "1_000.5 USDC", "2 ether", "30 gwei", or an integer of smallest units
    duration,      // "12s", "5m", "36h", "2d"; held in milliseconds
    token,         // the name of a table [tokens.NAME]
    tokens,        // ["USDC", "DAI"]
    contract,      // the name of a table [contracts.NAME]
    contracts,     // ["pair_a", "pair_b"]
    distribution,  // 5, or { normal = [mean, sd], min = 0, max = 10 }; drawn per wallet
    per_token,     // tables keyed by token: [contracts.pool.reserves.WETH]
    account,       // "keeper/0", "validator/3", or a name without / for an account of its own
    group,         // the name of a table [agents.NAME]
};

/// One parameter: what the loader accepts, what the documentation says.
struct ParameterSpec
{
    std::string_view name;
    ParameterKind kind = ParameterKind::integer;
    /// As in TOML; empty: the parameter must be given. `""` for a reference: none, has() is false;
    /// an account or group is then an empty text.
    std::string_view default_value;
    /// How an amount may be written follows from its kind: native coins, USD, ray, wad, or tokens
    /// of the kind that the parameter beside it holds (smallest_unit_of). In a per_token row it is
    /// of the row's token if it is a plain smallest unit or has none. Else for people only.
    Unit unit;
    std::string_view help;
    // Of integers, numbers, draws; of durations in ms, of amounts in smallest units.
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    std::string_view choices = {};  // "a|b|c" for a choice.
    /// Of contract and token parameters: kinds or sectors, "a|b"; empty: any.
    std::string_view contract_kind = {};
    std::span<const ParameterSpec> columns = {};  // Of a per_token parameter.
    /// Gives a contract something at block 0, beside what its tables begin with: left out where
    /// they begin with the state of another chain.
    bool is_allocation = false;
};

/// A number drawn once per wallet.
///
/// Parameters a, b by shape: constant a; uniform [a, b); normal mean a, sd b; log_normal of
/// exp(normal(a, b)); exponential mean a; pareto scale a, shape b. The draw is clamped to [min,
/// max].
struct Distribution
{
    enum class Shape : std::uint8_t
    {
        constant,
        uniform,
        normal,
        log_normal,
        exponential,
        pareto,
    };
    Shape shape = Shape::constant;
    double a = 0;
    double b = 0;
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();

    [[nodiscard]] double draw(RandomStream& random) const;
};

/// The values of one contract's or one group's parameters, checked against their specs.
/// Asking for a parameter that the spec does not have, or as another kind, is a bug.
class Parameters
{
public:
    using PerToken = std::vector<std::pair<ContractId, Parameters>>;
    using Value = std::variant<bool, std::int64_t, double, std::string, Amount, ContractId,
        std::vector<ContractId>, Distribution, PerToken>;

    void set(std::string_view name, Value value)
    {
        values_.insert_or_assign(std::string{name}, std::move(value));
    }
    [[nodiscard]] bool has(std::string_view name) const
    {
        return values_.contains(std::string{name});
    }

    [[nodiscard]] bool boolean(std::string_view name) const { return get<bool>(name); }
    [[nodiscard]] std::int64_t integer(std::string_view name) const
    {
        return get<std::int64_t>(name);
    }
    [[nodiscard]] double number(std::string_view name) const { return get<double>(name); }
    /// Of a text, a choice, an account or a group.
    [[nodiscard]] const std::string& text(std::string_view name) const
    {
        return get<std::string>(name);
    }
    [[nodiscard]] const Amount& amount(std::string_view name) const { return get<Amount>(name); }
    [[nodiscard]] std::int64_t duration_ms(std::string_view name) const
    {
        return get<std::int64_t>(name);
    }
    [[nodiscard]] ContractId token(std::string_view name) const { return get<ContractId>(name); }
    [[nodiscard]] ContractId contract(std::string_view name) const { return get<ContractId>(name); }
    /// Of a list of tokens or of contracts.
    [[nodiscard]] const std::vector<ContractId>& contracts(std::string_view name) const
    {
        return get<std::vector<ContractId>>(name);
    }
    [[nodiscard]] const Distribution& distribution(std::string_view name) const
    {
        return get<Distribution>(name);
    }
    /// In the order of the scenario's tokens.
    [[nodiscard]] const PerToken& per_token(std::string_view name) const
    {
        return get<PerToken>(name);
    }

private:
    [[nodiscard]] const Value& find(std::string_view name) const;
    template <typename T>
    [[nodiscard]] const T& get(std::string_view name) const
    {
        const auto* value = std::get_if<T>(&find(name));
        if (value == nullptr)
            wrong_kind(name);
        return *value;
    }
    [[noreturn]] static void wrong_kind(std::string_view name);

    std::map<std::string, Value, std::less<>> values_;
};

}  // namespace runnel
