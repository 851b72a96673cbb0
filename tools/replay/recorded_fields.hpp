#pragma once

#include "ledger/result.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/replay.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>

/// What the replayers of farms and vaults do with a line alike.
namespace runnel::replay
{

/// A view's outcome as recordings have it; a view that reverted is null.
inline constexpr std::string_view reverted = "null";

[[nodiscard]] inline std::string text_of_view(const Result<Amount>& view)
{
    return view.has_value() ? view->to_string() : std::string{reverted};
}

/// Replayed values by the name of the recorded field.
using Replayed = std::map<std::string, std::string, std::less<>>;

/// Compares every field of @p recorded, an object of strings, whole numbers and nulls, with what
/// was replayed by that name; a field that nobody replays is a mismatch.
inline void compare_fields(std::string_view prefix, const nlohmann::json& recorded,
    const Replayed& replayed, Comparison& comparison)
{
    for (const auto& [field, value] : recorded.items())
    {
        const auto found = replayed.find(field);
        comparison.equal(fmt::format("{}.{}", prefix, field),
            value.is_string() ? value.get_ref<const std::string&>() : value.dump(),
            found == replayed.end() ? std::string{"nothing"} : found->second);
    }
}

/// Compares every entry of a list of recorded views, one for each user, null where it reverted.
template <typename View>
void compare_users(
    std::string_view name, const nlohmann::json& recorded, View&& view, Comparison& comparison)
{
    for (std::size_t user = 0; user < recorded.size(); ++user)
    {
        const auto& value = recorded.at(user);
        comparison.equal(fmt::format("{}[{}]", name, user),
            value.is_string() ? value.get_ref<const std::string&>() : value.dump(),
            text_of_view(view(user)));
    }
}

/// The next deployment's users, at most a million.
[[nodiscard]] inline std::uint64_t user_count_of(const nlohmann::json& args)
{
    constexpr std::uint64_t users_max = 1'000'000;
    const auto count = count_of(args, "users");
    if (count > users_max)
        throw std::invalid_argument{"\"users\" is above 1000000"};
    return count;
}

/// One of @p users, by the number that a line has under @p name.
[[nodiscard]] inline AccountId user_of(
    const std::vector<AccountId>& users, const nlohmann::json& object, const char* name)
{
    const auto number = count_of(object, name);
    if (number >= users.size())
        throw std::invalid_argument{fmt::format("{} is no user of this file", number)};
    return users[number];
}

/// A refusal's reason as recordings have it: empty for a bare revert.
[[nodiscard]] inline std::string reason_of(const Refusal& refusal)
{
    return refusal.kind == RefusalKind::ledger || refusal.kind == RefusalKind::invalid_opcode
               ? refusal.to_string()
               : std::string{refusal.text};
}

/// Compares whether a line's operation went well, and the reason if it did not.
inline void compare_outcome(
    const nlohmann::json& line, const Refusal* refusal, Comparison& comparison)
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", ok ? "true" : "false", refusal == nullptr ? "true" : "false");
    if (refusal == nullptr)
        return;
    if (ok)
        comparison.mismatch("refused: " + refusal->to_string());
    else
        comparison.equal("e", text_of(line, "e"), reason_of(*refusal));
}

/// Tokens of a user that no recording has more of than fit; @p users of them must fit too.
[[nodiscard]] inline Amount funds_of(
    const nlohmann::json& args, const char* name, std::uint64_t users)
{
    const auto funds = amount_of(args, name);
    if ((Checked{funds} * users).fault != Fault::none)
        throw std::invalid_argument{"the users' balances exceed 256 bits"};
    return funds;
}

}  // namespace runnel::replay
