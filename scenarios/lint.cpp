#include "scenarios/lint.hpp"

#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/token.hpp"
#include "execution/context.hpp"
#include "scenarios/loader/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

namespace runnel::scenarios
{
namespace
{
constexpr double too_far = 2;  // Prices that are apart by more than this factor.

bool are_apart(double a, double b)
{
    return a > 0 && b > 0 && (a > b * too_far || b > a * too_far);
}

class Linter
{
public:
    Linter(const Scenario& scenario, const SimulationSetup& setup)
      : scenario_{scenario}, setup_{setup}, world_{*setup.world}
    {}

    std::vector<Warning> run()
    {
        for (std::size_t i = 0; i < scenario_.contracts.size(); ++i)
        {
            const auto& spec = scenario_.contracts[i];
            const ContractId id{static_cast<std::uint32_t>(scenario_.tokens.size() + i)};
            check_oracle(spec, id);
            check_exchange(spec, id);
            check_market(spec, id);
        }
        for (const auto& group : setup_.groups)
            check_group(group);
        check_funding();
        check_calendar();
        return std::move(warnings_);
    }

private:
    void add(std::string_view code, const std::string& subject, const std::string& place,
        std::string message)
    {
        warnings_.push_back({std::string{code}, subject, std::move(message), place});
    }
    void add(std::string_view code, const ContractSpec& spec, std::string message)
    {
        add(code, "contracts." + spec.name, spec.place, std::move(message));
    }

    [[nodiscard]] std::optional<double> reference_usd(ContractId token) const
    {
        const auto price = setup_.prices->price(token, 0);
        return price ? std::optional{static_cast<double>(*price) / 1e8} : std::nullopt;
    }
    [[nodiscard]] const std::string& name_of(ContractId token) const
    {
        return world_.contract(token).name();
    }

    void check_oracle(const ContractSpec& spec, ContractId id)
    {
        const auto* source = dynamic_cast<const contracts::PriceSource*>(&world_.contract(id));
        if (source == nullptr)
            return;
        for (std::uint32_t i = 0; i < scenario_.tokens.size(); ++i)
        {
            const auto reference = reference_usd(ContractId{i});
            const auto held = source->prices().get(i).price.to_double() / 1e8;
            if (reference && are_apart(held, *reference))
            {
                add("oracle_price", spec,
                    fmt::format("{} begins at {:.6g} USD, its reference price at {:.6g} USD",
                        name_of(ContractId{i}), held, *reference));
            }
        }
    }

    void check_exchange(const ContractSpec& spec, ContractId id)
    {
        const auto* exchange = contracts::find_exchange(world_, id);
        if (exchange == nullptr || exchange->share_supply().is_zero())
            return;
        const auto tokens = exchange->tokens();
        const auto unit = [&](ContractId token) {
            return std::pow(
                10.0, world_.contract(token).token_info().value_or(TokenInfo{}).decimals);
        };
        for (std::size_t i = 1; i < tokens.size(); ++i)
        {
            const auto first = reference_usd(tokens[0]);
            const auto other = reference_usd(tokens[i]);
            if (!first || !other || !(*first > 0))
                continue;
            const auto price =
                exchange->spot_price(tokens[i], tokens[0]) * unit(tokens[i]) / unit(tokens[0]);
            if (are_apart(price, *other / *first))
            {
                add("pool_price", spec,
                    fmt::format("{} costs {:.6g} {} here, {:.6g} by the reference prices: whoever "
                                "comes first takes the difference",
                        name_of(tokens[i]), price, name_of(tokens[0]), *other / *first));
            }
        }
    }

    void check_market(const ContractSpec& spec, ContractId id)
    {
        const auto* market = dynamic_cast<const contracts::LendingMarket*>(&world_.contract(id));
        if (market == nullptr)
            return;
        // Named: a loop over what a temporary has would outlive it.
        const auto view = market->view_at(scenario_.start);
        for (const auto& reserve : view->reserves())
        {
            if (reserve.threshold > 0 && reserve.bonus <= 0)
            {
                add("no_bonus", spec,
                    fmt::format("nobody gains by liquidating {}: its bonus is {:.2f} %",
                        name_of(reserve.token), reserve.bonus * 100));
            }
        }
    }

    void check_group(const AgentGroupSetup& group)
    {
        const auto spec = std::find_if(scenario_.agents.begin(), scenario_.agents.end(),
            [&](const AgentSpec& candidate) { return candidate.name == group.name; });
        const auto subject = "agents." + group.name;
        if (group.size() == 0)
        {
            add("no_wallets", subject, spec->place, "the group has no wallets");
            return;
        }
        const auto late = std::count_if(group.arrivals.begin(), group.arrivals.end(),
            [](const Arrival& arrival) { return arrival.block == Arrival::never; });
        // A process may end before all have come, but not before the first.
        const bool is_process = spec->arrivals_per_day > 0;
        if (late > 0 && (!is_process || static_cast<std::size_t>(late) == group.size()))
        {
            add("never", subject, spec->place,
                fmt::format("{} of its {} wallets do not arrive by the last block, {}", late,
                    group.size(), scenario_.blocks));
        }
        if (!group.accounts.empty())
            check_feeds(group, subject, spec->place);
        if (group.strategy->is_passive)
            return;
        double owned = 0;
        for (const auto account : group.accounts)
            owned += world_.account_states.get(account).balance.to_double();
        for (const auto& arrival : group.arrivals)
            owned += funds_of(arrival, native_coin).to_double();
        owned /= static_cast<double>(group.size());
        // A swap with its approval.
        constexpr double gas = 150'000;
        constexpr double transactions_min = 10;
        const auto price = static_cast<double>(scenario_.chain.fees.initial_base_fee);
        if (!(owned > 0))
        {
            add("no_gas", subject, spec->place,
                fmt::format(
                    "its wallets own no {}, so they cannot send anything", name_of(native_coin)));
        }
        else if (owned < gas * price * transactions_min)
        {
            add("little_gas", subject, spec->place,
                fmt::format("its wallets own {:.4g} {} on average, which pays for {:.1f} "
                            "transactions of {} gas at the first base fee",
                    owned / 1e18, name_of(native_coin), owned / (gas * price), gas));
        }
    }

    [[nodiscard]] static Amount funds_of(const Arrival& arrival, ContractId token)
    {
        const auto found = std::find_if(arrival.funds.begin(), arrival.funds.end(),
            [token](const auto& held) { return held.first == token; });
        return found == arrival.funds.end() ? Amount{} : found->second;
    }

    /// Whoever pays wallets that arrive must own, at block 0, what all of them get.
    void check_funding()
    {
        for (const auto& spec : scenario_.accounts)
        {
            const auto payer = *world_.find_account(spec.name);
            std::map<ContractId, Amount> needed;
            double fees = 0;
            for (std::size_t i = 0; i < setup_.groups.size(); ++i)
            {
                if (scenario_.agents[i].funded_by != spec.name)
                    continue;
                for (const auto& arrival : setup_.groups[i].arrivals)
                {
                    if (arrival.block == Arrival::never)
                        continue;
                    for (const auto& [token, amount] : arrival.funds)
                        needed[token] = wrapping_add(needed[token], amount);
                    // Each payment at the first base fee and the payments' tip.
                    constexpr double gas = 21'000;
                    constexpr double tip = 1e9;
                    fees +=
                        gas * (tip + static_cast<double>(scenario_.chain.fees.initial_base_fee));
                }
            }
            if (fees > 0)
                needed[native_coin] = wrapping_add(needed[native_coin], Amount::from_double(fees));
            for (const auto& [token, amount] : needed)
            {
                const auto decimals =
                    world_.contract(token).token_info().value_or(TokenInfo{}).decimals;
                const auto held = token == native_coin
                                      ? world_.account_states.get(payer).balance
                                      : contracts::token_at(world_, token).holding(payer);
                if (held < amount)
                {
                    add("underfunded", "accounts." + spec.name, spec.place,
                        fmt::format("it owns {} {} at block 0, and pays {} to wallets that "
                                    "arrive{}",
                            format_decimal(held, decimals), name_of(token),
                            format_decimal(amount, decimals),
                            token == native_coin ? ", gas included" : ""));
                }
            }
        }
    }

    /// Every feed that the group's parameters name is asked to take a report from its first wallet.
    void check_feeds(
        const AgentGroupSetup& group, const std::string& subject, const std::string& place)
    {
        for (const auto& parameter : group.strategy->parameters)
        {
            if (parameter.kind != ParameterKind::contract ||
                parameter.contract_kind != contracts::PriceFeed::sector ||
                !group.parameters.has(parameter.name))
                continue;
            const auto id = group.parameters.contract(parameter.name);
            const auto* feed = dynamic_cast<const contracts::PriceFeed*>(&world_.contract(id));
            const auto token = priced_token(*feed);
            if (!token)
                continue;
            const std::array report{
                contracts::TokenPrice{*token, feed->prices().get(index(*token)).price}};
            CallWriter calls;
            (void)feed->add_report(calls, report);
            BlockContext block;
            block.number = 1;
            block.timestamp = scenario_.start + scenario_.slot_seconds;
            WorkerArena arena;
            TransactionScope scope{world_, block, {}, arena, 0, AccessPolicy::dry};
            scope.set_gas_limit(scenario_.chain.fees.block_gas_limit);
            CallContext context{scope, group.accounts.front()};
            const auto result = context.run(calls.list(), group.accounts.front());
            if (!result.has_value())
            {
                add("feed_refuses", subject, place,
                    fmt::format("{} refuses what {}/0 reports: {}", world_.contract(id).name(),
                        group.name, result.error().to_string()));
            }
        }
    }
    [[nodiscard]] std::optional<ContractId> priced_token(const contracts::PriceFeed& feed) const
    {
        for (std::uint32_t i = 0; i < scenario_.tokens.size(); ++i)
        {
            if (!feed.prices().get(i).price.is_zero())
                return ContractId{i};
        }
        return std::nullopt;
    }

    void check_calendar()
    {
        for (const auto& event : scenario_.events)
        {
            if (event.at_block > scenario_.blocks)
            {
                add("never", "events." + event.name, scenario_.name,
                    fmt::format(
                        "block {} comes after the last one, {}", event.at_block, scenario_.blocks));
            }
        }
        for (const auto& line : scenario_.script)
        {
            if (line.at_block > scenario_.blocks)
            {
                add("never", line.path, line.place,
                    fmt::format(
                        "block {} comes after the last one, {}", line.at_block, scenario_.blocks));
            }
        }
    }

    const Scenario& scenario_;
    const SimulationSetup& setup_;
    const World& world_;
    std::vector<Warning> warnings_;
};

/// Whether `allow_warnings` has "CODE" or "CODE:SUBJECT".
bool is_allowed(std::string_view allowed, const Warning& warning)
{
    while (!allowed.empty())
    {
        const auto end = std::min(allowed.find(' '), allowed.size());
        const auto word = allowed.substr(0, end);
        if (word == warning.code || word == warning.code + ":" + warning.subject)
            return true;
        allowed.remove_prefix(std::min(allowed.size(), end + 1));
    }
    return false;
}

}  // namespace

std::string Warning::to_string() const
{
    return fmt::format("{}: {}: {} ({})", place, subject, message, code);
}

std::vector<Warning> find_warnings(const Scenario& scenario, const SimulationSetup& setup)
{
    auto warnings = Linter{scenario, setup}.run();
    std::erase_if(warnings,
        [&](const Warning& warning) { return is_allowed(scenario.allow_warnings, warning); });
    return warnings;
}

}  // namespace runnel::scenarios
