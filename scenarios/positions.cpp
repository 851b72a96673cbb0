#include "scenarios/positions.hpp"

#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/sectors/range_exchange.hpp"
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
    /// An account, and where a file says what it has.
    [[nodiscard]] static std::string describe(const PositionRow& row)
    {
        return row.line == 0 ? row.account
                             : fmt::format("line {} of its file: {}", row.line, row.account);
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
                const auto what = describe(row);
                if (auto wrong = open(account_of(row.account), what, row.collateral, row.debt))
                    return at(what, *wrong);
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
        return open(account, builder_.world().account(account).name,
            {spec_.collateral, *collateral}, {spec_.debt, debt});
    }

    /// What each account owes in all rows, but for what secures its debts.
    void note_debts()
    {
        for (const auto& row : spec_.rows)
        {
            if (row.debt.token != no_contract)
                debts_[row.account].insert(row.debt.token);
        }
        for (const auto& row : spec_.rows)
        {
            if (row.collateral.token != no_contract)
                debts_[row.account].erase(row.collateral.token);
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

    Wrong open(
        AccountId account, const std::string& what, const Holding& collateral, const Holding& debt)
    {
        auto& world = builder_.world();
        CallWriter calls;
        if (spec_.beyond_ltv && !debt.amount.is_zero())
            set_low(debts_of(account));
        if (!collateral.amount.is_zero())
        {
            const auto& [token, amount] = collateral;
            const auto reserve = market_.find_reserve(token);
            if (!reserve)
                return not_listed(token);
            if (!contracts::token_at(world, token).allocate(world, account, amount))
                return fmt::format("expected a token that can be given, got {}", name_of(token));
            calls.add(token, contracts::Erc20Approve{market_.spender_of(*reserve), amount});
            market_.add_supply(calls, *reserve, amount, account);
        }
        if (!debt.amount.is_zero())
        {
            const auto reserve = market_.find_reserve(debt.token);
            if (!reserve)
                return not_listed(debt.token);
            market_.add_borrow(calls, *reserve, debt.amount);
        }
        add_transaction(account, std::move(calls), what);
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
        const bool is_listed = !spec_.rows.empty();
        if (!is_listed && !pool_.trades(spec_.collateral))
            return refuse("token", "expected one of the pool's tokens");
        if (pool_.venue() == nullptr && !is_listed)
            return refuse("pool", no_venue);
        if (!is_listed && pool_.reserve(spec_.collateral).is_zero())
            return refuse("pool", no_liquidity);
        for (const auto& row : spec_.rows)
        {
            const auto what = describe(row);
            const auto account = account_of(row.account);
            auto wrong =
                row.has_range() ? provide_range(account, what, row) : provide(account, what, row);
            if (wrong)
                return at(what, *wrong);
        }
        if (is_listed)
            return std::nullopt;
        const auto accounts = accounts_of_group();
        for (std::uint32_t number = 0; number < accounts.size(); ++number)
        {
            const auto what = fmt::format("{}/{}", owner(), number);
            const auto amount = draw_size(spec_.collateral, number);
            if (!amount)
                return at(what, "expected at most 2^128 - 1 smallest units");
            const PositionRow row{what, {spec_.collateral, *amount}};
            if (auto wrong = provide(accounts[number], what, row))
                return at(what, *wrong);
        }
        return std::nullopt;
    }

private:
    static constexpr std::string_view no_venue =
        "expected an exchange to which somebody takes deposits";
    static constexpr std::string_view no_liquidity =
        "expected an exchange with liquidity at the start";

    /// Of the pool itself or of a range, instead of a token.
    [[nodiscard]] static bool is_shares(const PositionRow& row) noexcept
    {
        return row.collateral.token == no_contract;
    }
    /// What is wrong with a row's token, if something is.
    [[nodiscard]] Wrong wrong_token(const PositionRow& row) const
    {
        if (is_shares(row) || pool_.trades(row.collateral.token))
            return std::nullopt;
        return fmt::format(
            "expected one of the pool's tokens, got {}", name_of(row.collateral.token));
    }

    Wrong provide(AccountId account, const std::string& what, const PositionRow& row)
    {
        if (auto wrong = wrong_token(row))
            return wrong;
        if (pool_.venue() == nullptr)
            return std::string{no_venue};
        const auto& part = row.collateral.amount;
        const auto whole =
            is_shares(row) ? pool_.share_supply() : pool_.reserve(row.collateral.token);
        if (part.is_zero())
            return std::nullopt;
        if (whole.is_zero())
            return std::string{no_liquidity};
        std::vector<Amount> offered;
        for (const auto token : pool_.tokens())
        {
            const auto share = mul_div_up(part, pool_.reserve(token), whole);
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
            const auto& amount = quote->amounts[i];
            if (auto wrong = give(account, token, amount))
                return wrong;
            calls.add(token, contracts::Erc20Approve{venue.contract().account(), amount});
        }
        order.amounts = quote->amounts;
        order.amounts_min.resize(quote->amounts.size());
        order.recipient = account;
        order.deadline = scenario_.start;
        venue.add_deposit(calls, order);
        add_transaction(account, std::move(calls), what);
        return std::nullopt;
    }

    Wrong provide_range(AccountId account, const std::string& what, const PositionRow& row)
    {
        const auto* ranges = dynamic_cast<const contracts::RangeExchange*>(&pool_);
        if (ranges == nullptr)
            return "expected no ticks, as its pool has no ranges";
        if (!ranges->takes_ranges())
            return std::string{no_venue};
        if (auto wrong = wrong_token(row))
            return wrong;
        const contracts::PriceRange range{row.tick_lower, row.tick_upper};
        const auto widest = ranges->widest();
        const auto spacing = ranges->tick_spacing();
        if (range.lower % spacing != 0 || range.upper % spacing != 0 ||
            range.lower < widest.lower || range.upper > widest.upper)
        {
            return fmt::format("expected ticks from {} to {} that {} divides, got {} and {}",
                widest.lower, widest.upper, spacing, range.lower, range.upper);
        }
        // By what a lot of liquidity would take, for an amount of one token.
        const auto probe = Amount::power_of_two(100);
        auto liquidity = row.collateral.amount;
        if (!is_shares(row))
        {
            const auto& [token, amount] = row.collateral;
            const auto side = pool_.tokens()[0] == token ? 0U : 1U;
            const auto value = ranges->range_value(range, probe).at(side);
            if (value.is_zero())
            {
                return fmt::format(
                    "expected a token that the range takes at the pool's price, "
                    "got {}",
                    name_of(token));
            }
            const auto scaled = mul_div_down(amount, probe, value);
            if (!scaled.ok() || !scaled.value.fits_uint128())
                return "expected an amount that the pool takes";
            liquidity = scaled.value;
        }
        if (liquidity.is_zero())
            return std::nullopt;
        const auto value = ranges->range_value(range, liquidity);
        for (std::size_t i = 0; i < value.size(); ++i)
        {
            // The pool rounds up.
            if (auto wrong = give(account, pool_.tokens()[i], wrapping_add(value[i], 1)))
                return wrong;
        }
        CallWriter calls;
        ranges->add_range_deposit(calls, range, liquidity, account);
        add_transaction(account, std::move(calls), what);
        return std::nullopt;
    }

    Wrong give(AccountId account, ContractId token, const Amount& amount)
    {
        auto& world = builder_.world();
        if (!amount.is_zero() &&
            !contracts::token_at(world, token).allocate(world, account, amount))
            return fmt::format("expected a token that can be given, got {}", name_of(token));
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
        const auto allow =
            [&](AccountId account, const std::string& what, ContractId token, const Amount& amount)
        {
            CallWriter calls;
            calls.add(token, contracts::Erc20Approve{spender, amount});
            add_transaction(account, std::move(calls), what);
        };
        for (const auto& row : spec_.rows)
        {
            allow(account_of(row.account), describe(row), row.collateral.token,
                row.collateral.amount);
        }
        if (!spec_.rows.empty())
            return std::nullopt;
        const auto accounts = accounts_of_group();
        for (std::uint32_t number = 0; number < accounts.size(); ++number)
        {
            const auto name = fmt::format("{}/{}", owner(), number);
            const auto amount = draw_size(spec_.collateral, number);
            if (!amount)
                return at(name, "expected at most 2^128 - 1 smallest units");
            allow(accounts[number], name, spec_.collateral, *amount);
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
