#include "scenarios/loader/name_table.hpp"

#include "scenarios/loader/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace runnel::scenarios
{

void Names::add_token(std::string name, const ContractType* type, unsigned decimals)
{
    token_units_.push_back({name, decimals});
    add_contract(std::move(name), type);
}

void Names::add_contract(std::string name, const ContractType* type)
{
    ids_.emplace(name, ContractId{static_cast<std::uint32_t>(all_.size())});
    all_.push_back({std::move(name), type, 18});
}

void Names::add_created(std::string name, const ContractType* type, unsigned decimals)
{
    add_contract(std::move(name), type);
    all_.back().decimals = decimals;
}

void Names::add_group(std::string name, std::uint64_t count, bool of_agents)
{
    if (of_agents)
        agents_.push_back(name);
    group_sizes_.emplace(std::move(name), count);
}

std::optional<std::uint64_t> Names::group_size(std::string_view name) const
{
    const auto found = group_sizes_.find(name);
    return found == group_sizes_.end() ? std::nullopt : std::optional{found->second};
}

std::string Names::wrong_in_group(const std::string& name) const
{
    const auto slash = name.find('/');
    const auto group = std::string_view{name}.substr(0, slash);
    const auto size = group_size(group);
    if (!size)
    {
        std::vector<std::string_view> known{agents_.begin(), agents_.end()};
        known.push_back("validator");
        return fmt::format("an account of a group ({}){}", listed(known), hint(group, known));
    }
    std::uint64_t number = 0;
    const auto* end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + slash + 1, end, number);
    if (read.ec == std::errc{} && read.ptr == end && number < *size &&
        name == fmt::format("{}/{}", group, number))
        return {};
    return *size == 0 ? fmt::format("a group with accounts; {} has none", group)
                      : fmt::format("an account from {0}/0 to {0}/{1}", group, *size - 1);
}

std::optional<ContractId> Names::find_contract(std::string_view name) const
{
    const auto found = ids_.find(name);
    return found == ids_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<ContractId> Names::find_token(std::string_view name) const
{
    const auto id = find_contract(name);
    return id && is_token(*id) ? id : std::nullopt;
}

std::vector<std::string_view> Names::of_kinds(bool tokens, std::string_view kinds) const
{
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < all_.size(); ++i)
    {
        if (tokens == (i < token_units_.size()) && is_of_kind(*all_[i].type, kinds))
            names.push_back(all_[i].name);
    }
    return names;
}

bool is_of_kind(const ContractType& type, std::string_view kinds)
{
    return kinds.empty() || is_one_of(type.kind, kinds) ||
           std::any_of(type.sectors.begin(), type.sectors.end(),
               [&](std::string_view sector) { return is_one_of(sector, kinds); });
}

bool is_plain_name(std::string_view name) noexcept
{
    const auto fits = [](char c)
    {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= name_length_max &&
           std::all_of(name.begin(), name.end(), fits);
}

}  // namespace runnel::scenarios
