#pragma once

#include "scenarios/scenario.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace runnel::scenarios
{

/// Where a value was written: a line of the file, or an override of the command line.
struct Place
{
    std::uint32_t line = 0;
    std::uint32_t override_number = 0;  // From 1; 0: it is in the file.
};

/// A date with a time of day; unix seconds if it has an offset from UTC and no fraction.
struct DateTime
{
    std::optional<std::int64_t> unix;
};

/// A TOML value. Kept apart from the TOML library, so that only one file includes that.
struct Node
{
    struct Member;
    using Array = std::vector<Node>;
    using Table = std::vector<Member>;  // In the order of the keys, when it was parsed.
    // An integer is unsigned where a signed one cannot hold it.
    using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, DateTime,
        Array, Table>;

    Value value;
    Place place;
    /// A fraction with more digits than a double holds.
    bool is_rounded = false;

    Node();
    explicit Node(Value new_value, Place where = {});

    template <typename T>
    [[nodiscard]] const T* as() const noexcept
    {
        return std::get_if<T>(&value);
    }
    /// The member of a table; nullptr if there is none, or this is no table.
    [[nodiscard]] const Member* find(std::string_view key) const noexcept;
};

struct Node::Member
{
    std::string key;
    Place place;  // Of the key.
    Node node;
};

/// A scenario is wrong. Thrown within this folder only: load_scenario() makes a value of it.
class BadScenario : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// A scenario file as it was parsed, with overrides in place.
class Document
{
public:
    /// Throws BadScenario. @p name stands for the file in errors.
    Document(std::string_view text, std::string name, const std::vector<Override>& overrides);

    [[nodiscard]] const Node& root() const noexcept { return root_; }
    /// "FILE:LINE" or "--set path".
    [[nodiscard]] std::string describe(Place place) const;
    /// Throws BadScenario{"PLACE: KEY: MESSAGE"}, fit for one line.
    [[noreturn]] void fail(Place place, std::string_view key, std::string_view message) const;

private:
    void apply(const Override& change, Place place);

    std::string name_;
    std::vector<std::string> override_paths_;
    Node root_;
};

/// Reads one value as it is written after `=`; what is not TOML is taken as text.
[[nodiscard]] Node parse_value(std::string_view text, Place place);

/// What a message calls a value: `"abc"`, `5`, `a list of 3`, `a table`.
[[nodiscard]] std::string shown(const Node& node);
/// Hostile text in quotes, shortened and escaped to fit on one line.
[[nodiscard]] std::string shown(std::string_view text);

/// The value as TOML on one line.
[[nodiscard]] std::string to_toml(const Node& node);
/// The shortest decimal that reads back as @p value, which is finite.
[[nodiscard]] std::string shortest_decimal(double value);

}  // namespace runnel::scenarios
