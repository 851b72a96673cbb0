#include "scenarios/positions.hpp"

#include "contracts/kit/sectors/exchange.hpp"
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

/// What makes positions has in common.
class Maker
{
public:
    Maker(Genesis& genesis, GenesisBuilder& builder, const Scenario& scenario,
        const PositionsSpec& spec)
      : genesis_{genesis}, builder_{builder}, scenario_{scenario}, spec_{spec}
    {}

protected:
    using Wrong = std::optional<std::string>;

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

    /// Each number draws from streams of its own, as wallets' funds do.
    [[nodiscard]] double draw(
        const Distribution& distribution, std::string_view what, std::uint32_t number) const
    {
        RandomStream random{scenario_.seed,
            stream_of_name(fmt::format("positions/{}/{}", spec_.name, what)), number, 0};
        return distribution.draw(random);
    }
    /// What `size` draws, of a token.
    [[nodiscard]] std::optional<Amount> draw_size(ContractId token, std::uint32_t number) const
    {
        return smallest_units(
            draw(spec_.size, "size", number), scenario_.tokens.at(index(token)).decimals);
    }

    void add_transaction(AccountId sender, CallWriter calls, const std::string& what)
    {
        builder_.transaction(sender, std::move(calls).take());
        genesis_.position_places.push_back(
            fmt::format("{}: positions.{}: {}", spec_.place, spec_.name, what));
    }

    Genesis& genesis_;
    GenesisBuilder& builder_;
    const Scenario& scenario_;
    const PositionsSpec& spec_;
};

/// One table's positions on their market.
class PositionMaker : Maker
{
public:
    PositionMaker(Genesis& genesis, GenesisBuilder& builder, const Scenario& scenario,
        const PositionsSpec& spec)
      : Maker{genesis, builder, scenario, spec},
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

    using Tokens = std::set<ContractId>;
    using Holding = std::optional<std::pair<ContractId, Amount>>;

    [[nodiscard]] Wrong not_listed(ContractId token) const
    {
        return fmt::format("expected a token that the market lists, got {}", name_of(token));
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
            calls.add(token, contracts::Erc20Approve{market_.spender_of(*reserve), amount});
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

    const LendingMarket& market_;
    std::unique_ptr<const LendingView> view_;
    const contracts::PriceFeed* feed_ = nullptr;  // With beyond_ltv.
    std::map<std::string, Tokens> debts_;         // Likewise, of rows by account.
    Tokens low_;                                  // What costs next to nothing.
};

/// One table's liquidity in a pool.
class LiquidityMaker : Maker
{
public:
    /// @p pool  As the contracts' own transactions of block 0 leave it.
    LiquidityMaker(Genesis& genesis, GenesisBuilder& builder, const Scenario& scenario,
        const PositionsSpec& spec, const contracts::Exchange& pool)
      : Maker{genesis, builder, scenario, spec}, pool_{pool}
    {}

    std::optional<ScenarioError> make()
    {
        const auto refuse = [this](std::string_view key, std::string_view message)
        {
            return ScenarioError{
                fmt::format("{}: positions.{}.{}: {}", spec_.place, spec_.name, key, message)};
        };
        if (!pool_.trades(spec_.collateral))
            return refuse("token", "expected one of the pool's tokens");
        if (pool_.venue() == nullptr || pool_.reserve(spec_.collateral).is_zero())
        {
            return refuse("pool", pool_.venue() == nullptr
                                      ? "expected an exchange to which somebody takes deposits"
                                      : "expected an exchange with liquidity at the start");
        }
        const auto accounts = accounts_of_group();
        for (std::uint32_t number = 0; number < accounts.size(); ++number)
        {
            if (auto wrong = provide(number, accounts[number]))
                return at(fmt::format("{}/{}", owner(), number), *wrong);
        }
        return std::nullopt;
    }

private:
    Wrong provide(std::uint32_t number, AccountId account)
    {
        auto& world = builder_.world();
        const auto amount = draw_size(spec_.collateral, number);
        if (!amount)
            return "expected at most 2^128 - 1 smallest units";
        if (amount->is_zero())
            return std::nullopt;
        std::vector<Amount> offered;
        for (const auto token : pool_.tokens())
        {
            const auto share =
                mul_div_up(*amount, pool_.reserve(token), pool_.reserve(spec_.collateral));
            if (!share.ok())
                return "expected less than 2^256 smallest units of every token";
            offered.push_back(share.value);
        }
        const auto quote = pool_.quote_deposit(offered);
        if (!quote)
            return "expected an amount that the pool takes";
        const auto& venue = *pool_.venue();
        CallWriter calls;
        contracts::DepositOrder order;
        order.exchange = &pool_;
        for (std::size_t i = 0; i < quote->amounts.size(); ++i)
        {
            const auto token = pool_.tokens()[i];
            const auto& part = quote->amounts[i];
            if (!part.is_zero() &&
                !contracts::token_at(world, token).allocate(world, account, part))
                return fmt::format("expected a token that can be given, got {}", name_of(token));
            calls.add(token, contracts::Erc20Approve{venue.contract().account(), part});
        }
        order.amounts = quote->amounts;
        order.amounts_min.resize(quote->amounts.size());
        order.recipient = account;
        order.deadline = scenario_.start;
        venue.add_deposit(calls, order);
        add_transaction(account, std::move(calls), world.account(account).name);
        return std::nullopt;
    }

    const contracts::Exchange& pool_;
};

/// One table's allowances.
class AllowanceMaker : Maker
{
public:
    using Maker::Maker;

    std::optional<ScenarioError> make()
    {
        const auto spender = builder_.world().contract(spec_.market).account();
        const auto accounts = accounts_of_group();
        for (std::uint32_t number = 0; number < accounts.size(); ++number)
        {
            const auto name = fmt::format("{}/{}", owner(), number);
            const auto amount = draw_size(spec_.collateral, number);
            if (!amount)
                return at(name, "expected at most 2^128 - 1 smallest units");
            CallWriter calls;
            calls.add(spec_.collateral, contracts::Erc20Approve{spender, *amount});
            add_transaction(accounts[number], std::move(calls), name);
        }
        return std::nullopt;
    }
};

}  // namespace

std::optional<ScenarioError> add_positions(
    Genesis& genesis, GenesisBuilder& builder, const Scenario& scenario)
{
    using By = PositionsSpec::By;
    // What liquidity there is before anybody else provides some is known once it was executed.
    std::optional<Genesis> before;
    const auto provides = [](const PositionsSpec& spec) { return spec.by == By::liquidity; };
    if (std::any_of(scenario.positions.begin(), scenario.positions.end(), provides))
    {
        auto others = scenario;
        others.positions.clear();
        auto built = build_genesis(others);
        if (!built)
            return built.error();
        before = std::move(*built);
        if (const auto block = execute_genesis(*before, others, {}); !block)
            return block.error();
    }
    for (const auto& spec : scenario.positions)
    {
        std::optional<ScenarioError> error;
        if (spec.by == By::liquidity)
        {
            const auto* pool = contracts::find_exchange(*before->world, spec.market);
            error = LiquidityMaker{genesis, builder, scenario, spec, *pool}.make();
        }
        else if (spec.by == By::allowance)
            error = AllowanceMaker{genesis, builder, scenario, spec}.make();
        else
            error = PositionMaker{genesis, builder, scenario, spec}.make();
        if (error)
            return error;
    }
    return std::nullopt;
}

}  // namespace runnel::scenarios
