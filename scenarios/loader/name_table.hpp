#pragma once

#include "scenarios/loader/units.hpp"
#include "state/contract.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::scenarios
{

/// Which names a scenario's values may refer to.
class Names
{
public:
    struct Contract
    {
        std::string name;
        const ContractType* type = nullptr;
        unsigned decimals = 18;  // Of its units or shares.
    };

    /// Tokens come first, by id; then contracts.
    void add_token(std::string name, const ContractType* type, unsigned decimals);
    void add_contract(std::string name, const ContractType* type);
    /// One that a line of the script deploys; the last ones.
    void add_created(std::string name, const ContractType* type, unsigned decimals);
    /// Accounts GROUP/0 to GROUP/count-1: wallets of [agents.GROUP], or validators.
    void add_group(std::string name, std::uint64_t count, bool of_agents);
    /// The wallets of a group are not there at block 0.
    void set_arriving(std::string name) { arriving_.insert(std::move(name)); }
    /// Whether GROUP, or the account GROUP/NUMBER, arrives later.
    [[nodiscard]] bool arrives(std::string_view name) const
    {
        return arriving_.contains(name.substr(0, name.find('/')));
    }

    [[nodiscard]] std::optional<ContractId> find_token(std::string_view name) const;
    [[nodiscard]] std::optional<ContractId> find_contract(std::string_view name) const;
    /// How many accounts a group has; empty if there is no such group.
    [[nodiscard]] std::optional<std::uint64_t> group_size(std::string_view name) const;
    /// What is expected instead of @p name, GROUP/NUMBER; empty if there is such an account.
    [[nodiscard]] std::string wrong_in_group(const std::string& name) const;
    /// The groups of [agents].
    [[nodiscard]] const std::vector<std::string>& agents() const noexcept { return agents_; }
    [[nodiscard]] bool is_token(ContractId id) const noexcept
    {
        return index(id) < token_units_.size();
    }
    [[nodiscard]] const Contract& operator[](ContractId id) const { return all_.at(index(id)); }
    /// The unit of each token, by id.
    [[nodiscard]] const std::vector<Unit>& token_units() const noexcept { return token_units_; }
    /// Those that are tokens, or that are not, of one of these kinds or sectors ("a|b"; empty:
    /// any).
    [[nodiscard]] std::vector<std::string_view> of_kinds(bool tokens, std::string_view kinds) const;

private:
    std::vector<Contract> all_;
    std::vector<Unit> token_units_;
    std::map<std::string, ContractId, std::less<>> ids_;
    std::map<std::string, std::uint64_t, std::less<>> group_sizes_;
    std::vector<std::string> agents_;
    std::set<std::string, std::less<>> arriving_;
};

/// Whether a contract's kind or one of its sectors is among @p kinds ("a|b"; empty: any).
[[nodiscard]] bool is_of_kind(const ContractType& type, std::string_view kinds);
/// Whether a table's or an account's name has 1 to name_length_max letters, digits, _ or -.
[[nodiscard]] bool is_plain_name(std::string_view name) noexcept;
inline constexpr std::size_t name_length_max = 48;

}  // namespace runnel::scenarios
