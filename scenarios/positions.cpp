#include "scenarios/positions.hpp"

#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/token.hpp"
#include "ledger/philox.hpp"
#include "scenarios/loader/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>

namespace runnel::scenarios
{
namespace
{
using contracts::LendingMarket;
using contracts::LendingView;

constexpr unsigned share_decimals = 9;

/// One table's positions on their market.
class PositionMaker
{
public:
    PositionMaker(Genesis& genesis, GenesisBuilder& builder, const Scenario& scenario,
        const PositionsSpec& spec)
      : genesis_{genesis},
        builder_{builder},
        scenario_{scenario},
        spec_{spec},
        market_{dynamic_cast<const LendingMarket&>(builder.world().contract(spec.market))},
        view_{market_.view_at(scenario.start)}
    {}

    std::optional<ScenarioError> make()
    {
        if (spec_.beyond_ltv)
        {
            feed_ = dynamic_cast<const contracts::PriceFeed*>(
                builder_.world().find_contract(market_.price_source()));
            if (feed_ == nullptr)
            {
                return ScenarioError{fmt::format(
                    "{}: positions.{}.beyond_ltv: expected a market whose prices are reported",
                    spec_.place, spec_.name)};
            }
            note_debts();
        }
        auto wrong = make_all();
        set_low({});
        return wrong;
    }

private:
    std::optional<ScenarioError> make_all()
    {
        if (spec_.by == PositionsSpec::By::rows)
        {
            for (const auto& row : spec_.rows)
            {
                if (auto wrong = open(account_of(row.account), row.collateral, row.debt))
                    return at(row.account, *wrong);
            }
            return std::nullopt;
        }
        const auto accounts = accounts_of_group();
        for (std::uint32_t number = 0; number < accounts.size(); ++number)
        {
            if (auto wrong = open_sized(number, accounts[number]))
                return at(fmt::format("{}/{}", owner(), number), *wrong);
        }
        return std::nullopt;
    }

    using Wrong = std::optional<std::string>;
    using Tokens = std::set<ContractId>;
    using Holding = std::optional<std::pair<ContractId, Amount>>;

    [[nodiscard]] const std::string& owner() const
    {
        return spec_.group.empty() ? spec_.name : spec_.group;
    }
    [[nodiscard]] ScenarioError at(const std::string& account, const std::string& wrong) const
    {
        return {fmt::format("{}: positions.{}: {}: {}", spec_.place, spec_.name, account, wrong)};
    }
    AccountId account_of(const std::string& name) { return builder_.account(name, "wallet"); }

    [[nodiscard]] std::vector<AccountId> accounts_of_group()
    {
        for (const auto& group : genesis_.groups)
        {
            if (group.spec->name == spec_.group)
                return group.accounts;
        }
        std::vector<AccountId> accounts;
        for (std::uint32_t number = 0; number < spec_.count; ++number)
            accounts.push_back(account_of(fmt::format("{}/{}", spec_.name, number)));
        return accounts;
    }

    [[nodiscard]] const std::string& name_of(ContractId token) const
    {
        return scenario_.tokens.at(index(token)).name;
    }
    [[nodiscard]] Wrong not_listed(ContractId token) const
    {
        return fmt::format("expected a token that the market lists, got {}", name_of(token));
    }

    /// Each number draws from streams of its own, as wallets' funds do.
    [[nodiscard]] double draw(
        const Distribution& distribution, std::string_view what, std::uint32_t number) const
    {
        RandomStream random{scenario_.seed,
            stream_of_name(fmt::format("positions/{}/{}", spec_.name, what)), number, 0};
        return distribution.draw(random);
    }

    Wrong open_sized(std::uint32_t number, AccountId account)
    {
        const auto collateral_reserve = market_.find_reserve(spec_.collateral);
        const auto debt_reserve = market_.find_reserve(spec_.debt);
        if (!collateral_reserve || !debt_reserve)
            return not_listed(collateral_reserve ? spec_.debt : spec_.collateral);
        const auto& from = view_->reserve(*collateral_reserve);
        const auto& to = view_->reserve(*debt_reserve);
        if (from.price.is_zero() || to.price.is_zero())
        {
            return fmt::format("expected a token that the market has a price for, got {}",
                name_of(from.price.is_zero() ? spec_.collateral : spec_.debt));
        }
        const auto decimals_of = [&](ContractId token)
        { return scenario_.tokens.at(index(token)).decimals; };
        const auto collateral = smallest_units(
            draw(spec_.collateral_amount, "collateral", number), decimals_of(spec_.collateral));
        const auto size = draw(spec_.size, "size", number);
        if (!collateral)
            return "expected at most 2^128 - 1 smallest units of collateral";
        Amount debt;
        if (spec_.by == PositionsSpec::By::debt)
        {
            const auto amount = smallest_units(size, decimals_of(spec_.debt));
            if (!amount)
                return "expected at most 2^128 - 1 smallest units of debt";
            debt = *amount;
        }
        else
        {
            const auto one = Amount::power_of_ten(share_decimals);
            const auto share = [](double value)
            { return smallest_units(value, share_decimals).value_or(Amount{}); };
            const auto value = mul_div_down(*collateral, from.price, from.unit).value;
            const auto owed = spec_.by == PositionsSpec::By::loan_to_value
                                  ? mul_div_down(value, share(size), one).value
                                  : mul_div_down(value, share(from.threshold), share(size)).value;
            debt = mul_div_down(owed, to.unit, to.price).value;
        }
        return open(account, std::pair{spec_.collateral, *collateral}, std::pair{spec_.debt, debt});
    }

    /// What each account owes in all rows, but for what secures its debts.
    void note_debts()
    {
        for (const auto& row : spec_.rows)
        {
            if (row.debt)
                debts_[row.account].insert(row.debt->first);
        }
        for (const auto& row : spec_.rows)
        {
            if (row.collateral)
                debts_[row.account].erase(row.collateral->first);
        }
    }
    [[nodiscard]] Tokens debts_of(AccountId account) const
    {
        if (spec_.by != PositionsSpec::By::rows)
            return {spec_.debt};
        const auto found = debts_.find(builder_.world().account(account).name);
        return found == debts_.end() ? Tokens{} : found->second;
    }

    /// Reports that these tokens cost next to nothing, and the others what they do.
    void set_low(const Tokens& tokens)
    {
        if (tokens == low_)
            return;
        std::vector<contracts::TokenPrice> prices;
        for (const auto token : low_)
        {
            if (!tokens.contains(token))
                prices.push_back({token, feed_->prices().get(index(token)).price});
        }
        for (const auto token : tokens)
        {
            if (!low_.contains(token))
                prices.push_back({token, 1});
        }
        for (std::size_t done = 0; done < prices.size();)
        {
            const auto count = std::min(feed_->prices_per_report(), prices.size() - done);
            CallWriter calls;
            (void)feed_->add_report(calls, std::span{prices}.subspan(done, count));
            add_transaction(feed_->reporter(), std::move(calls), "prices for positions");
            done += count;
        }
        low_ = tokens;
    }

    void add_transaction(AccountId sender, CallWriter calls, const std::string& what)
    {
        builder_.transaction(sender, std::move(calls).take());
        genesis_.position_places.push_back(
            fmt::format("{}: positions.{}: {}", spec_.place, spec_.name, what));
    }

    Wrong open(AccountId account, const Holding& collateral, const Holding& debt)
    {
        auto& world = builder_.world();
        CallWriter calls;
        if (spec_.beyond_ltv && debt && !debt->second.is_zero())
            set_low(debts_of(account));
        if (collateral && !collateral->second.is_zero())
        {
            const auto& [token, amount] = *collateral;
            const auto reserve = market_.find_reserve(token);
            if (!reserve)
                return not_listed(token);
            if (!contracts::token_at(world, token).allocate(world, account, amount))
                return fmt::format("expected a token that can be given, got {}", name_of(token));
            calls.add(token, contracts::Erc20Approve{market_.spender(), amount});
            market_.add_supply(calls, *reserve, amount, account);
        }
        if (debt && !debt->second.is_zero())
        {
            const auto reserve = market_.find_reserve(debt->first);
            if (!reserve)
                return not_listed(debt->first);
            market_.add_borrow(calls, *reserve, debt->second);
        }
        add_transaction(account, std::move(calls), world.account(account).name);
        return std::nullopt;
    }

    Genesis& genesis_;
    GenesisBuilder& builder_;
    const Scenario& scenario_;
    const PositionsSpec& spec_;
    const LendingMarket& market_;
    std::unique_ptr<const LendingView> view_;
    const contracts::PriceFeed* feed_ = nullptr;  // With beyond_ltv.
    std::map<std::string, Tokens> debts_;         // Likewise, of rows by account.
    Tokens low_;                                  // What costs next to nothing.
};

}  // namespace

std::optional<ScenarioError> add_positions(
    Genesis& genesis, GenesisBuilder& builder, const Scenario& scenario)
{
    for (const auto& spec : scenario.positions)
    {
        if (auto error = PositionMaker{genesis, builder, scenario, spec}.make())
            return error;
    }
    return std::nullopt;
}

}  // namespace runnel::scenarios
