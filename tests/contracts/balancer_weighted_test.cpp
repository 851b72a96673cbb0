#include "contracts/exchanges/balancer_weighted/pool.hpp"
#include "contracts/exchanges/balancer_weighted/weighted_math.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/philox.hpp"
#include "state/abi.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <cmath>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::contracts::balancer_weighted;

namespace
{
constexpr std::uint64_t now = 1'600'000'000;
constexpr std::uint64_t no_deadline = ~0ULL;
constexpr std::uint64_t percent = one / 100;

struct TokenSpec
{
    std::uint8_t decimals = 18;
    std::uint64_t weight_percent = 50;
};

/// A pool of such tokens; alice and bob hold more of them than they can spend and let the pool take
/// them.
struct BalancerFixture : ContractFixture
{
    explicit BalancerFixture(const std::vector<TokenSpec>& specs, const Amount& fee = one / 1'000,
        bool says_false = false)
      : alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        owner{sandbox.account("owner")}
    {
        PoolSpec spec;
        spec.swap_fee = fee;
        spec.owner = owner;
        spec.symbol = "BPT";
        TokenQuirks quirks;
        quirks.answer = says_false ? TransferAnswer::false_on_failure : TransferAnswer::success;
        for (const auto& token_spec : specs)
        {
            auto& token = sandbox.add<Erc20>("token" + std::to_string(tokens.size()),
                TokenInfo{"TOKEN", token_spec.decimals}, TokenFlavour::openzeppelin4, zero_account,
                quirks);
            tokens.push_back(&token);
            spec.tokens.push_back(token.id());
            spec.weights.push_back(wrapping_mul(token_spec.weight_percent, percent));
            unit.push_back(Amount::power_of_ten(token_spec.decimals));
        }
        pool = &sandbox.add<BalancerWeightedPool>("pool", spec);
        sandbox.connect();
        sandbox.set_time(now);
        for (const auto account : {alice, bob})
        {
            for (auto* token : tokens)
            {
                token->allocate(account, Amount::power_of_ten(60));
                expect_ok(account, token->id(), Erc20Approve{pool->account(), Amount::max()});
            }
        }
    }

    [[nodiscard]] Amount whole(unsigned token, std::uint64_t count) const
    {
        return wrapping_mul(unit[token], count);
    }
    [[nodiscard]] AmountList of_each(std::uint64_t count) const
    {
        AmountList amounts;
        for (unsigned i = 0; i < tokens.size(); ++i)
            amounts.push_back(whole(i, count));
        return amounts;
    }
    [[nodiscard]] AmountList each(const Amount& amount) const
    {
        AmountList amounts;
        for (std::size_t i = 0; i < tokens.size(); ++i)
            amounts.push_back(amount);
        return amounts;
    }
    void fill(std::uint64_t count = 1'000'000)
    {
        expect_ok(alice, pool->id(), JoinExactTokensIn{of_each(count), Amount{}, alice});
    }
    [[nodiscard]] SwapGivenIn sell(unsigned in, unsigned out, const Amount& amount) const
    {
        return {tokens[in]->id(), tokens[out]->id(), amount, Amount{}, bob, no_deadline};
    }
    [[nodiscard]] SwapGivenOut buy(unsigned in, unsigned out, const Amount& amount) const
    {
        return {tokens[in]->id(), tokens[out]->id(), amount, Amount::max(), bob, no_deadline};
    }
    [[nodiscard]] std::vector<Amount> held(AccountId account) const
    {
        std::vector<Amount> amounts;
        for (const auto* token : tokens)
            amounts.push_back(token->balance(account));
        return amounts;
    }
    template <typename Call>
    void refuse(AccountId sender, const Call& call, std::string_view reason)
    {
        expect_refusal(sender, pool->id(), call, reason);
    }
    /// What a share is worth: the invariant that it stands for, 18 digits.
    [[nodiscard]] double share_price() const
    {
        return pool->invariant().value().to_double() / pool->total_supply().to_double();
    }

    AccountId alice;
    AccountId bob;
    AccountId owner;
    std::vector<Erc20*> tokens;
    std::vector<Amount> unit;
    BalancerWeightedPool* pool = nullptr;
};
}  // namespace

TEST_CASE("balancer weighted: powers round away from the truth, by 1e-14", "[contracts][balancer]")
{
    RandomStream random{20'260'101, 501, 0, 0};
    for (int i = 0; i < 500; ++i)
    {
        const Amount x{1 + random.uniform_below(random.bernoulli(0.5) ? 2 * one : one / 1'000)};
        const Amount y{1 + random.uniform_below(5 * one)};
        const auto truth = std::pow(x.to_double() / 1e18, y.to_double() / 1e18) * 1e18;
        const auto down = pow_down(x, y).value();
        const auto up = pow_up(x, y).value();
        CHECK(down <= up);
        CHECK(down.to_double() <= truth * (1 + 1e-12) + 1);
        CHECK(up.to_double() >= truth * (1 - 1e-12) - 1);
        CHECK(up.to_double() - down.to_double() <= truth * 3e-14 + 10);
    }
    // Exact ones, which differ only by rounding.
    const Amount third{one / 3};
    CHECK(pow_down(third, one) == third);
    CHECK(pow_up(third, 2 * one).value() == wrapping_add(pow_down(third, 2 * one).value(), 1));
    CHECK(pow_down(third, 4 * one).value() < pow_up(third, 4 * one).value());
    CHECK(balancer_weighted::pow(Amount{}, Amount{}).value() == Amount{one});
    CHECK(balancer_weighted::pow(Amount{}, 1).value().is_zero());
    CHECK(balancer_weighted::log(Int256{1}, Int256{static_cast<std::int64_t>(one)})
              .error()
              .to_string() == "(invalid opcode)");
}

// Figures by LogExpMath in exact integers.
TEST_CASE("balancer weighted: powers and logarithms where their ways part", "[contracts][balancer]")
{
    const auto figure = [](std::string_view digits) { return *Amount::from_decimal(digits); };
    // Within 0.9 and 1.1, which are out, logarithms have 36 digits: with these it would be
    // 478296900000000000 and 1209999999999999999.
    CHECK(balancer_weighted::pow(Amount{one - one / 10}, 7 * one).value() ==
          figure("478296900000000001"));
    CHECK(balancer_weighted::pow(Amount{one + one / 10}, 2 * one).value() ==
          figure("1209999999999999997"));
    // The first step divides by e^64, down: one more would end in 382.
    const auto large = figure("9352723621217425324365000000000000000000012345");
    CHECK(ln(Int256::from_bits(large)).value().bits == figure("64405465108108164381"));

    const auto error_of = [](const auto& result) { return result.error().to_string(); };
    CHECK(error_of(add(Amount::max(), 1)) == "BAL#000");
    CHECK(error_of(div_fixed_down(Amount::max(), 1)) == "BAL#005");
    CHECK(error_of(div_fixed_up(Amount::max(), 1)) == "BAL#005");
    const auto bound = div_down(Amount::power_of_two(254), Amount::power_of_ten(20));
    CHECK(error_of(balancer_weighted::pow(Amount::power_of_two(255), bound)) == "BAL#006");
    CHECK(error_of(balancer_weighted::pow(Amount{2 * one}, bound)) == "BAL#007");
    CHECK(error_of(balancer_weighted::pow(Amount{2 * one}, wrapping_sub(bound, 1))) == "BAL#008");
    const Int256 two{static_cast<std::int64_t>(2 * one)};
    for (const Int256 odd : {Int256{0}, Int256{-1}})
    {
        CHECK(error_of(balancer_weighted::log(odd, two)) == "(invalid opcode)");
        CHECK(error_of(balancer_weighted::log(two, odd)) == "(invalid opcode)");
    }
}

// Ratios of balances are rounded up where shares are counted that an exit costs: 5 less otherwise.
TEST_CASE("balancer weighted: an exit costs what ratios say", "[contracts][balancer]")
{
    const std::vector<Amount> balances{1'234'567'890'123'456'789ULL, 3'000'000'000'000'000'007ULL};
    const std::vector<Amount> weights{30 * percent, 70 * percent};
    const std::vector<Amount> taken{203'083'882'658'828'545ULL, 7'283'117'112'516'474ULL};
    CHECK(shares_in_given_amounts_out_up(
              balances, weights, taken, 4'596'945'629'295'792'642ULL, 10 * percent)
              .value() == 268'479'621'895'721'428ULL);
}

// Figures by WeightedMath in exact integers: of 30 % with 18 digits and 70 % with 6.
TEST_CASE("balancer weighted: what each operation comes to, to the unit", "[contracts][balancer]")
{
    BalancerFixture f{{{18, 30}, {6, 70}}};
    f.fill();
    const auto figure = [](std::string_view digits) { return *Amount::from_decimal(digits); };
    const auto first = [&](AccountId who, const auto& call)
    { return f.expect_ok(who, f.pool->id(), call).returns.values[0]; };
    const auto change = [&](const auto& call)
    {
        const auto before = f.held(f.alice);
        f.expect_ok(f.alice, f.pool->id(), call);
        const auto after = f.held(f.alice);
        const auto distance = [](const Amount& a, const Amount& b)
        { return a > b ? wrapping_sub(a, b) : wrapping_sub(b, a); };
        return AmountList{distance(before[0], after[0]), distance(before[1], after[1])};
    };
    const auto t0 = f.tokens[0]->id();
    const auto t1 = f.tokens[1]->id();
    CHECK(f.pool->balance(f.alice) == figure("1999999999999959996501720"));
    CHECK(first(f.bob, f.sell(0, 1, figure("123456789012345678901"))) == figure("52852486"));
    CHECK(first(f.bob, f.sell(1, 0, figure("2345678901"))) == figure("5447454063714177369802"));
    CHECK(first(f.bob, f.buy(0, 1, figure("98765432"))) == figure("228967906166694319679"));
    CHECK(first(f.bob, f.buy(1, 0, figure("98765432109876543210"))) == figure("42683863"));
    const AmountList odd{figure("1000000000000000000007"), 31};
    CHECK(first(f.alice, JoinExactTokensIn{odd, {}, f.alice}) == figure("602498616196847949275"));
    CHECK(first(f.alice, JoinTokenIn{figure("543210987654321098765"), t0, Amount::max(),
                             f.alice}) == figure("902200546863293538532"));
    CHECK(first(f.alice, JoinTokenIn{figure("432109876543210987654"), t1, Amount::max(),
                             f.alice}) == figure("309270329"));
    const auto cost =
        change(JoinAllTokensIn{figure("7654321098765433210987"), f.each(Amount::max()), f.alice});
    CHECK(cost[0] == figure("3811556115964952441078"));
    CHECK(cost[1] == figure("3833879974"));
    CHECK(first(f.alice, ExitOneToken{figure("321098765432109876543"), t0, {}, f.alice}) ==
          figure("532510204953515337903"));
    CHECK(first(f.alice, ExitOneToken{figure("210987654321098765432"), t1, {}, f.alice}) ==
          figure("150945499"));
    const auto paid = change(ExitAllTokens{figure("1098765432109877654321"), f.each(0), f.alice});
    CHECK(paid[0] == figure("546996373176498654050"));
    CHECK(paid[1] == figure("550410492"));
    const AmountList taken{figure("12345678901234567890"), 9};
    CHECK(first(f.alice, ExitExactTokens{taken, Amount::max(), f.alice}) ==
          figure("7444980961731353779"));
}

TEST_CASE("balancer weighted: logs as on mainnet", "[contracts][balancer]")
{
    // Source: the Vault's Swap.
    CHECK(AbiEvent{event_type<SwapLog>}.topic0().to_string() ==
          "0x2170c741c41531aec20e7c107c24eecfdd15e69c9bb0a8dd37b1840b9e0b207b");
}

TEST_CASE("balancer weighted: the first join and the last exit", "[contracts][balancer]")
{
    BalancerFixture f{{{18, 80}, {6, 20}}};
    f.refuse(f.alice, JoinExactTokensIn{f.each(0), Amount{}, f.alice}, "BAL#311");
    f.refuse(f.alice, JoinExactTokensIn{AmountList{1}, Amount{}, f.alice}, "BAL#103");
    // 1 wei of 80 % and one unit of 20 %: an invariant of 250.
    f.refuse(f.alice, JoinExactTokensIn{AmountList{1, 1}, Amount{}, f.alice}, "BAL#204");
    f.refuse(f.alice, JoinTokenIn{1, f.tokens[0]->id(), Amount::max(), f.alice}, "BAL#206");
    f.refuse(f.alice, JoinAllTokensIn{1, f.each(Amount::max()), f.alice}, "BAL#206");
    f.refuse(f.alice, ExitAllTokens{1, f.each(0), f.alice}, "BAL#206");
    f.refuse(f.alice, ExitOneToken{1, f.tokens[0]->id(), Amount{}, f.alice}, "BAL#206");
    f.refuse(f.alice, ExitExactTokens{f.each(1), Amount::max(), f.alice}, "BAL#206");

    const auto amounts = f.of_each(1'000);
    const auto quote = f.pool->quote_deposit(std::span{amounts.items.data(), amounts.size()});
    const auto outcome =
        f.expect_ok(f.alice, f.pool->id(), JoinExactTokensIn{amounts, Amount{}, f.alice});
    CHECK(outcome.undeclared_touches == 0);
    CHECK(outcome.returns.values[0] == quote.value().shares);
    CHECK(f.pool->balance(zero_account) == Amount{1'000'000});
    CHECK(f.pool->total_supply() == wrapping_mul(2, f.pool->invariant().value()));
    f.refuse(f.bob, ExitAllTokens{1, f.each(0), f.bob}, "BAL#417");
    const auto shares = f.pool->balance(f.alice);
    f.refuse(f.alice, ExitAllTokens{shares, f.of_each(1'000), f.alice}, "BAL#505");
    f.expect_ok(f.alice, f.pool->id(), ExitAllTokens{shares, f.each(0), f.alice});
    CHECK(f.pool->total_supply() == Amount{1'000'000});
}

TEST_CASE("balancer weighted: what is refused, in which order", "[contracts][balancer]")
{
    BalancerFixture f{{{18, 60}, {6, 30}, {8, 10}}};
    f.fill();
    auto late = f.sell(0, 0, 0);
    late.deadline = now - 1;
    f.refuse(f.bob, late, "BAL#508");
    f.refuse(f.bob, f.sell(0, 0, 0), "BAL#510");
    f.refuse(f.bob, f.sell(0, 0, 1), "BAL#509");
    auto unknown = f.sell(0, 1, 1);
    unknown.token_in = f.pool->id();
    f.refuse(f.bob, unknown, "BAL#521");
    f.refuse(f.bob, f.sell(0, 1, f.whole(0, 400'000)), "BAL#304");
    auto greedy = f.sell(0, 1, f.whole(0, 1));
    greedy.amount_out_min = f.whole(1, 2);
    f.refuse(f.bob, greedy, "BAL#507");
    f.refuse(f.bob, f.sell(0, 1, Amount::max()), "BAL#003");

    auto late_buy = f.buy(0, 0, 0);
    late_buy.deadline = now - 1;
    f.refuse(f.bob, late_buy, "BAL#508");
    f.refuse(f.bob, f.buy(0, 0, 0), "BAL#510");
    f.refuse(f.bob, f.buy(1, 1, 1), "BAL#509");
    f.refuse(f.bob, f.buy(0, 1, f.whole(1, 400'000)), "BAL#305");
    auto cheap = f.buy(0, 1, f.whole(1, 10));
    cheap.amount_in_max = f.whole(0, 1);
    f.refuse(f.bob, cheap, "BAL#507");

    const auto supply = f.pool->total_supply();
    const auto token = f.tokens[1]->id();
    f.refuse(f.bob, JoinExactTokensIn{f.of_each(1), supply, f.bob}, "BAL#208");
    f.refuse(f.bob, JoinExactTokensIn{f.of_each(1), Amount{}, zero_account}, "BAL#410");
    f.refuse(f.bob, JoinTokenIn{wrapping_mul(supply, 3), token, Amount::max(), f.bob}, "BAL#307");
    f.refuse(f.bob, JoinTokenIn{div_down(supply, 10), token, Amount{1}, f.bob}, "BAL#506");
    f.refuse(f.bob, JoinAllTokensIn{div_down(supply, 10), f.each(1), f.bob}, "BAL#506");
    f.refuse(f.alice, ExitOneToken{div_down(supply, 2), token, Amount{}, f.alice}, "BAL#306");
    f.refuse(f.bob, ExitOneToken{div_down(supply, 10), token, Amount::max(), f.bob}, "BAL#417");
    f.refuse(f.bob, ExitAllTokens{div_down(supply, 10), f.each(Amount::max()), f.bob}, "BAL#417");
    f.refuse(f.alice, ExitOneToken{div_down(supply, 10), token, Amount::max(), f.alice}, "BAL#505");
    f.refuse(f.alice, ExitExactTokens{f.of_each(1), Amount{1}, f.alice}, "BAL#207");
    f.refuse(f.bob, ExitExactTokens{f.of_each(1), Amount::max(), f.bob}, "BAL#417");
    f.refuse(f.alice, ExitExactTokens{f.of_each(1'000'001), Amount::max(), f.alice}, "BAL#001");

    // The Vault keeps balances in 112 bits.
    AmountList huge = f.each(0);
    huge.items[0] = Amount::power_of_two(112);
    f.refuse(f.alice, JoinExactTokensIn{huge, Amount{}, f.alice}, "BAL#526");
    // Tokens' own reasons, and one for those that have none.
    const auto poor = f.owner;
    f.refuse(poor, f.sell(0, 1, 1'000'000), "ERC20: insufficient allowance");
    BalancerFixture g{{{18, 50}, {18, 50}}, one / 1'000, true};
    g.fill();
    g.refuse(g.owner, g.sell(0, 1, 1'000'000), "BAL#418");

    f.refuse(f.alice, SetSwapFeePercentage{0}, "BAL#401");
    f.refuse(f.owner, SetSwapFeePercentage{one / 1'000'000 - 1}, "BAL#203");
    f.refuse(f.owner, SetSwapFeePercentage{one / 10 + 1}, "BAL#202");
    f.expect_ok(f.owner, f.pool->id(), SetSwapFeePercentage{one / 10});
    CHECK(f.pool->state().swap_fee == Amount{one / 10});
    CHECK(f.pool->failure_of(Refusal::error("BAL#507")) == OrderFailure::limit);
    CHECK(f.pool->failure_of(Refusal::error("BAL#508")) == OrderFailure::deadline);
    CHECK(f.pool->failure_of(Refusal::error("BAL#304")) == OrderFailure::other);
}

TEST_CASE("balancer weighted: shares are BalancerPoolToken's", "[contracts][balancer]")
{
    BalancerFixture f{{{18, 50}, {18, 50}}};
    f.fill();
    f.refuse(f.bob, Erc20Transfer{f.alice, 1}, "BAL#416");
    f.refuse(f.bob, Erc20Transfer{zero_account, 1}, "BAL#409");
    f.refuse(f.bob, Erc20TransferFrom{zero_account, zero_account, 0}, "BAL#408");
    f.refuse(f.bob, Erc20TransferFrom{zero_account, f.bob, 0}, "BAL#408");
    f.refuse(f.alice, Erc20Transfer{zero_account, 1}, "BAL#409");
    f.refuse(f.alice, Erc20Approve{zero_account, 1}, "BAL#413");
    f.refuse(f.bob, Erc20TransferFrom{f.alice, f.bob, 1}, "BAL#414");
    f.expect_ok(f.alice, f.pool->id(), Erc20Approve{f.bob, 10});
    f.expect_ok(f.bob, f.pool->id(), Erc20TransferFrom{f.alice, f.bob, 4});
    CHECK(f.pool->allowance(f.alice, f.bob) == Amount{6});
    f.expect_ok(f.alice, f.pool->id(), Erc20Approve{f.bob, Amount::max()});
    f.expect_ok(f.bob, f.pool->id(), Erc20TransferFrom{f.alice, f.bob, 4});
    CHECK(f.pool->allowance(f.alice, f.bob) == Amount::max());
    f.expect_ok(f.bob, f.pool->id(), Erc20TransferFrom{f.bob, f.alice, 8});  // One's own.
}

TEST_CASE("balancer weighted: nobody gains by going back and forth, and quotes are what calls do",
    "[contracts][balancer][property]")
{
    const auto specs = GENERATE(std::vector<TokenSpec>{{18, 80}, {6, 20}},
        std::vector<TokenSpec>{{18, 50}, {18, 50}},
        std::vector<TokenSpec>{{18, 40}, {6, 25}, {8, 20}, {0, 15}});
    const Amount fee = GENERATE(std::uint64_t{one / 1'000'000}, std::uint64_t{3 * one / 1'000});
    BalancerFixture f{specs, fee};
    const auto n = static_cast<std::uint64_t>(specs.size());
    RandomStream random{20'260'101, 502, n, fee.low64()};
    f.fill();
    auto& pool = *f.pool;
    const auto some = [&](unsigned token)
    {
        const auto size = random.uniform_below(3);
        const auto bound = size == 0 ? 100 : size == 1 ? 100'000 : 30'000'000;
        return wrapping_add(
            mul_div_down(f.unit[token], 1 + random.uniform_below(bound), 100).value, 1);
    };
    for (int i = 0; i < 150; ++i)
    {
        const auto price_before = f.share_price();
        const auto in = static_cast<unsigned>(random.uniform_below(n));
        const auto out = static_cast<unsigned>((in + 1 + random.uniform_below(n - 1)) % n);
        const auto in_id = f.tokens[in]->id();
        const auto out_id = f.tokens[out]->id();
        const auto before = f.held(f.bob);
        switch (random.uniform_below(5))
        {
            case 0: {
                const auto amount = some(in);
                const auto quote = pool.quote_exact_input(in_id, out_id, amount);
                const auto swapped = f.sandbox.run(f.bob, pool.id(), f.sell(in, out, amount));
                REQUIRE(swapped.ok() == quote.has_value());
                if (!swapped.ok())
                    break;
                CHECK(swapped.undeclared_touches == 0);
                CHECK(swapped.returns.values[0] == *quote);
                if (!quote->is_zero())
                {
                    const auto back = f.sandbox.run(f.bob, pool.id(), f.sell(out, in, *quote));
                    if (back.ok())
                        CHECK(f.held(f.bob)[in] <= before[in]);
                }
                break;
            }
            case 1: {
                const auto amount = some(out);
                const auto quote = pool.quote_exact_output(in_id, out_id, amount);
                const auto bought = f.sandbox.run(f.bob, pool.id(), f.buy(in, out, amount));
                REQUIRE(bought.ok() == quote.has_value());
                if (!bought.ok())
                    break;
                CHECK(bought.undeclared_touches == 0);
                CHECK(bought.returns.values[0] == *quote);
                CHECK(wrapping_sub(before[in], f.held(f.bob)[in]) == *quote);
                CHECK(wrapping_sub(f.held(f.bob)[out], before[out]) == amount);
                // As much sold the other way brings no more back.
                const auto back = pool.quote_exact_input(out_id, in_id, amount);
                if (back.has_value())
                    CHECK(*back <= *quote);
                break;
            }
            case 2: {
                AmountList amounts;
                for (unsigned k = 0; k < n; ++k)
                    amounts.push_back(random.bernoulli(0.6) ? some(k) : Amount{});
                const auto quote =
                    pool.quote_deposit(std::span{amounts.items.data(), amounts.size()});
                const auto joined =
                    f.sandbox.run(f.bob, pool.id(), JoinExactTokensIn{amounts, Amount{}, f.bob});
                REQUIRE(joined.ok() == quote.has_value());
                if (!joined.ok())
                    break;
                const auto shares = joined.returns.values[0];
                CHECK(shares == quote->shares);
                const auto value = pool.share_value(shares);
                const auto after_join = f.held(f.bob);
                f.expect_ok(f.bob, pool.id(), ExitAllTokens{shares, f.each(0), f.bob});
                for (unsigned k = 0; k < n; ++k)
                    CHECK(wrapping_sub(f.held(f.bob)[k], after_join[k]) == value[k]);
                break;
            }
            case 3: {
                // In by one token or all of them, out by the same: that much is lost, never won.
                const auto shares = div_down(pool.total_supply(), 20 + random.uniform_below(9'999));
                if (random.bernoulli(0.5))
                {
                    f.expect_ok(f.bob, pool.id(), JoinTokenIn{shares, in_id, Amount::max(), f.bob});
                    f.expect_ok(f.bob, pool.id(), ExitOneToken{shares, in_id, Amount{}, f.bob});
                }
                else
                {
                    f.expect_ok(
                        f.bob, pool.id(), JoinAllTokensIn{shares, f.each(Amount::max()), f.bob});
                    f.expect_ok(f.bob, pool.id(), ExitAllTokens{shares, f.each(0), f.bob});
                }
                for (unsigned k = 0; k < n; ++k)
                    CHECK(f.held(f.bob)[k] <= before[k]);
                break;
            }
            default: {
                AmountList amounts = f.each(0);
                amounts.items[in] = div_down(pool.reserve(in_id), 10 + random.uniform_below(1'000));
                const auto taken = f.expect_ok(
                    f.alice, pool.id(), ExitExactTokens{amounts, Amount::max(), f.alice});
                const auto returned =
                    f.expect_ok(f.alice, pool.id(), JoinExactTokensIn{amounts, Amount{}, f.alice});
                CHECK(returned.returns.values[0] <= taken.returns.values[0]);
                break;
            }
        }
        // Whoever stays never loses; powers are good to 1e-14 and doubles to 1e-16.
        CHECK(f.share_price() >= price_before * (1 - 1e-12));
        CHECK(f.sandbox.world().check_invariants().empty());
    }
}

TEST_CASE("balancer weighted: prices and depth are those of small trades", "[contracts][balancer]")
{
    BalancerFixture f{{{18, 80}, {6, 20}}, one / 1'000'000};
    f.fill();
    const auto in = f.tokens[0]->id();
    const auto out = f.tokens[1]->id();
    const auto price = f.pool->spot_price(in, out);
    CHECK(price == Approx(4e-12));  // 4 of 6 digits for one of 18.
    const auto paid = f.pool->quote_exact_input(in, out, f.whole(0, 10'000)).value().to_double() /
                      f.whole(0, 10'000).to_double();
    // The marginal price falls by 2 x / depth, the average one by x / depth.
    const auto depth = f.pool->depth(in).to_double();
    CHECK((price - paid) / price == Approx(f.whole(0, 10'000).to_double() / depth).epsilon(0.03));
    CHECK(f.pool->fee(in, out) == Approx(1e-6));
    CHECK(f.pool->quote_exact_input(in, out, {}).error().to_string() == "BAL#510");
    CHECK(f.pool->quote_exact_output(in, out, {}).error().to_string() == "BAL#510");
}
