#include "contracts/exchanges/curve_stableswap/pool.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/philox.hpp"
#include "state/abi.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

using namespace runnel;
using namespace runnel::contracts;
namespace curve = runnel::contracts::curve_stableswap;
using curve::AmountList;
using curve::Code;
using curve::Coins;
using curve::coins_max;
using curve::Terms;

namespace
{
constexpr std::uint64_t start_time = 1'600'000'000;
constexpr std::uint64_t day = 86'400;

Amount decimal(std::string_view text)
{
    return Amount::from_decimal(text).value();
}

/// A pool of coins with these decimals; alice and bob hold more of them than they can spend and let
/// the pool take them.
struct CurveFixture : ContractFixture
{
    explicit CurveFixture(Code code, const std::vector<std::uint8_t>& decimals,
        std::uint64_t a = 200, std::uint64_t fee = 4'000'000,
        std::uint64_t admin_fee = 5'000'000'000, const TokenQuirks& last_coin = {})
      : alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        owner{sandbox.account("owner")}
    {
        curve::PoolSpec spec;
        spec.code = code;
        spec.a = a;
        spec.fee = fee;
        spec.admin_fee = admin_fee;
        spec.owner = owner;
        spec.symbol = "CRV";
        for (std::size_t i = 0; i < decimals.size(); ++i)
        {
            auto& coin = sandbox.add<Erc20>("coin" + std::to_string(i),
                TokenInfo{"COIN", decimals[i]}, TokenFlavour::openzeppelin5, zero_account,
                i + 1 == decimals.size() ? last_coin : TokenQuirks{});
            coins.push_back(&coin);
            spec.coins.push_back(coin.id());
            unit.push_back(Amount::power_of_ten(decimals[i]));
        }
        pool = &sandbox.add<CurveStableSwapPool>("pool", spec);
        sandbox.connect();
        sandbox.set_time(start_time);
        for (const auto account : {alice, bob})
        {
            for (auto* coin : coins)
            {
                coin->allocate(account, Amount::power_of_ten(60));
                expect_ok(account, coin->id(), Erc20Approve{pool->account(), Amount::max()});
            }
        }
    }

    /// Whole coins.
    [[nodiscard]] Amount whole(unsigned coin, std::uint64_t count) const
    {
        return wrapping_mul(unit[coin], count);
    }
    [[nodiscard]] AmountList of_each(std::uint64_t count) const
    {
        AmountList amounts;
        for (unsigned i = 0; i < coins.size(); ++i)
            amounts.push_back(whole(i, count));
        return amounts;
    }
    [[nodiscard]] AmountList none() const
    {
        AmountList amounts;
        for (std::size_t i = 0; i < coins.size(); ++i)
            amounts.push_back(Amount{});
        return amounts;
    }
    void fill(std::uint64_t count = 1'000'000)
    {
        expect_ok(alice, pool->id(), curve::AddLiquidity{of_each(count), Amount{}, alice});
    }
    [[nodiscard]] std::vector<Amount> held(AccountId account) const
    {
        std::vector<Amount> amounts;
        for (const auto* coin : coins)
            amounts.push_back(coin->balance(account));
        return amounts;
    }
    template <typename Call>
    void refuse(AccountId sender, const Call& call, std::string_view reason = "(no reason)")
    {
        expect_refusal(sender, pool->id(), call, reason);
    }

    AccountId alice;
    AccountId bob;
    AccountId owner;
    std::vector<Erc20*> coins;
    std::vector<Amount> unit;
    CurveStableSwapPool* pool = nullptr;
};

std::string topic_of(const EventType& type)
{
    return AbiEvent{type}.topic0().to_string();
}
}  // namespace

TEST_CASE("curve stableswap: logs as on mainnet", "[contracts][curve]")
{
    // Source: the topics of the deployed pools, e.g. 3pool's and sUSD's.
    CHECK(topic_of(event_type<curve::TokenExchangeLog>) ==
          "0x8b3e96f2b889fa771c53c981b40daf005f63f637f1869f707052d15a3dd97140");
    CHECK(topic_of(event_type<curve::AddLiquidityLog<2>>) ==
          "0x26f55a85081d24974e85c6c00045d0f0453991e95873f52bff0d21af4079a768");
    CHECK(topic_of(event_type<curve::AddLiquidityLog<3>>) ==
          "0x423f6495a08fc652425cf4ed0d1f9e37e571d9b9529b1c1c23cce780b2e7df0d");
    CHECK(topic_of(event_type<curve::AddLiquidityLog<4>>) ==
          "0x3f1915775e0c9a38a57a7bb7f1f9005f486fb904e1f84aa215364d567319a58d");
    CHECK(topic_of(event_type<curve::RemoveLiquidityImbalanceLog<3>>) ==
          "0x173599dbf9c6ca6f7c3b590df07ae98a45d74ff54065505141e7de6c46a624c2");
    CHECK(topic_of(event_type<curve::RemoveLiquidityOneLog>) ==
          "0x9e96dd3b997a2a257eec4df9bb6eaf626e206df5f543bd963682d143300be310");
    CHECK(topic_of(event_type<curve::RemoveLiquidityOneWithSupplyLog>) ==
          "0x5ad056f2e28a8cec232015406b843668c1e36cda598127ec3b8c59b8c72773a0");

    // Lists lie in line.
    CurveFixture f{Code::three_pool, {18, 6, 6}};
    const auto outcome =
        f.expect_ok(f.alice, f.pool->id(), curve::AddLiquidity{f.of_each(7), Amount{}, f.alice});
    bool found = false;
    for (const auto& event : outcome.block.events)
    {
        if (event.type != &event_type<curve::AddLiquidityLog<3>>)
            continue;
        found = true;
        const auto log = AbiEvent{*event.type}.log(
            outcome.block.encoding(event), AddressBook::of(f.sandbox.world()));
        CHECK(log.topics.size() == 2);
        REQUIRE(log.data.size() == 8 * 32);
        const auto word = [&](std::size_t i)
        { return Amount::load_big_endian(std::span{log.data}.subspan(i * 32).first<32>()); };
        for (unsigned i = 0; i < 3; ++i)
        {
            CHECK(word(i) == f.whole(i, 7));
            CHECK(word(3 + i).is_zero());
        }
        CHECK(word(6) == f.pool->total_supply());
        CHECK(word(7) == f.pool->total_supply());
    }
    CHECK(found);
}

TEST_CASE("curve stableswap: loops stop as deployed", "[contracts][curve]")
{
    // Newton's steps run in circles here. The value is 3pool's own, from the recordings.
    const std::array<std::uint8_t, coins_max> decimals{18, 6, 6, 0};
    const Coins balances{
        decimal("1802730976066531348980315"), Amount{4'208'380}, Amount{53'084'682}, Amount{}};
    const curve::Curve legacy{Code::three_pool, 3, decimals};
    const auto scaled = legacy.scaled_down(balances);
    REQUIRE(scaled.has_value());
    const auto invariant = legacy.invariant(*scaled, 4'092);
    REQUIRE(invariant.has_value());
    CHECK(*invariant == decimal("122380783501936567015908"));

    const curve::Curve later{Code::base_template, 3, decimals};
    const auto refused = later.invariant(*scaled, 409'200);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().to_string() == "(no reason)");

    // A balance of nothing beside others.
    const Coins without{Amount{1}, Amount{}, Amount{1}, Amount{}};
    CHECK_FALSE(legacy.invariant(without, 100).has_value());
    CHECK(legacy.invariant({}, 100).value().is_zero());
}

TEST_CASE("curve stableswap: A moves in a straight line", "[contracts][curve]")
{
    const auto at = [](std::uint64_t a0, std::uint64_t a1, std::uint64_t time)
    { return curve::amplification_at(a0, a1, 100, 400, time).value(); };
    CHECK(at(1'000, 2'000, 100) == Amount{1'000});
    CHECK(at(1'000, 2'000, 200) == Amount{1'333});
    CHECK(at(2'000, 1'000, 200) == Amount{1'667});
    CHECK(at(1'000, 2'000, 399) == Amount{1'996});
    CHECK(at(1'000, 2'000, 400) == Amount{2'000});
    CHECK(at(1'000, 2'000, 9'999) == Amount{2'000});
}

TEST_CASE("curve stableswap: the owner's calls", "[contracts][curve]")
{
    const auto code = GENERATE(Code::three_pool, Code::base_template);
    CurveFixture f{code, {18, 6}};
    const auto precision = f.pool->curve().a_precision();
    f.fill();
    const auto ramp = [](std::uint64_t a, std::uint64_t time) { return curve::RampA{a, time}; };
    const auto in_two_days = start_time + 2 * day;
    f.refuse(f.alice, ramp(300, in_two_days));
    f.refuse(f.owner, ramp(300, start_time + day - 1));
    f.refuse(f.owner, ramp(0, in_two_days));
    f.refuse(f.owner, ramp(2'001, in_two_days));  // More than ten times of 200.
    f.refuse(f.owner, ramp(19, in_two_days));
    f.refuse(f.owner, curve::RampA{Amount::max(), in_two_days});
    f.expect_ok(f.owner, f.pool->id(), ramp(2'000, in_two_days));
    CHECK(f.pool->a_precise(start_time + day) == Amount{1'100 * precision});
    // The next one not within a day, even after a stop.
    f.sandbox.set_time(start_time + day - 1);
    f.refuse(f.owner, ramp(1'000, start_time + 3 * day));
    f.sandbox.set_time(start_time + day);
    f.refuse(f.alice, curve::StopRampA{});
    f.expect_ok(f.owner, f.pool->id(), curve::StopRampA{});
    CHECK(f.pool->a_precise(start_time + 2 * day) == Amount{1'100 * precision});
    f.refuse(f.owner, ramp(1'000, start_time + 3 * day));
    f.sandbox.set_time(start_time + 2 * day);
    f.refuse(f.owner, ramp(1'000'000, start_time + 4 * day));
    f.expect_ok(f.owner, f.pool->id(), ramp(110, start_time + 3 * day));

    const curve::CommitNewFee fees{5'000'000'000, 10'000'000'000};
    f.refuse(f.alice, fees);
    f.refuse(f.owner, curve::CommitNewFee{5'000'000'001, 0});
    f.refuse(f.owner, curve::CommitNewFee{0, 10'000'000'001});
    f.refuse(f.owner, curve::ApplyNewFee{});
    f.expect_ok(f.owner, f.pool->id(), fees);
    f.refuse(f.owner, fees);
    f.sandbox.set_time(start_time + 5 * day - 1);
    f.refuse(f.owner, curve::ApplyNewFee{});
    f.sandbox.set_time(start_time + 5 * day);
    f.refuse(f.alice, curve::ApplyNewFee{});
    f.expect_ok(f.owner, f.pool->id(), curve::ApplyNewFee{});
    CHECK(f.pool->parameters().fee == fees.new_fee);
    CHECK(f.pool->parameters().admin_fee == fees.new_admin_fee);
    f.expect_ok(f.owner, f.pool->id(), curve::CommitNewFee{1, 1});
    f.refuse(f.alice, curve::RevertNewParameters{});
    f.expect_ok(f.owner, f.pool->id(), curve::RevertNewParameters{});
    f.refuse(f.owner, curve::ApplyNewFee{});

    f.expect_ok(f.alice, f.pool->id(), curve::Exchange{0, 1, f.whole(0, 100), Amount{}, f.alice});
    const auto due = f.pool->admin_balance(1);
    CHECK_FALSE(due.is_zero());
    f.refuse(f.alice, curve::WithdrawAdminFees{});
    f.refuse(f.alice, curve::DonateAdminFees{});
    f.expect_ok(f.owner, f.pool->id(), curve::WithdrawAdminFees{});
    CHECK(f.coins[1]->balance(f.owner) == due);
    CHECK(f.pool->admin_balance(1).is_zero());
    f.expect_ok(f.alice, f.coins[1]->id(), Erc20Transfer{f.pool->account(), 5});
    f.expect_ok(f.owner, f.pool->id(), curve::DonateAdminFees{});
    CHECK(f.pool->admin_balance(1).is_zero());
}

TEST_CASE("curve stableswap: what is refused", "[contracts][curve]")
{
    const auto code = GENERATE(Code::three_pool, Code::base_template);
    CurveFixture f{code, {18, 6, 6}};
    auto first = f.of_each(10);
    first.items[1] = 0;
    f.refuse(f.alice, curve::AddLiquidity{first, Amount{}, f.alice});
    f.refuse(f.alice, curve::RemoveLiquidity{Amount{}, f.none(), f.alice});
    f.refuse(f.alice, curve::RemoveLiquidityImbalance{f.none(), Amount::max(), f.alice});
    f.refuse(f.alice, curve::RemoveLiquidityOneCoin{1, 0, Amount{}, f.alice});
    f.refuse(f.alice, curve::Exchange{0, 1, 1'000, Amount{}, f.alice});
    CHECK_FALSE(f.pool->virtual_price(start_time).has_value());
    f.fill(1'000);
    CHECK(f.pool->virtual_price(start_time).value() == Amount::power_of_ten(18));

    using curve::Exchange;
    // Nothing pays 1 less than nothing.
    f.refuse(f.bob, Exchange{0, 1, Amount{}, Amount{}, f.bob});
    f.refuse(f.bob, Exchange{0, 0, f.unit[0], Amount{}, f.bob});
    f.refuse(f.bob, Exchange{-1, 0, f.unit[0], Amount{}, f.bob});
    f.refuse(f.bob, Exchange{0, 3, f.unit[0], Amount{}, f.bob});
    f.refuse(f.bob, Exchange{0, 1, Amount::max(), Amount{}, f.bob});
    f.refuse(f.bob, Exchange{0, 1, f.unit[0], f.unit[1], f.bob},
        "Exchange resulted in fewer coins than expected");
    f.refuse(f.bob, Exchange{0, 1, f.unit[0], f.unit[1], AccountId{9'999}}, "no such account");
    AmountList two{1, 2};
    f.refuse(f.bob, curve::AddLiquidity{two, Amount{}, f.bob});
    f.refuse(f.bob, curve::RemoveLiquidity{Amount{}, two, f.bob});
    f.refuse(f.bob, curve::RemoveLiquidityImbalance{two, Amount::max(), f.bob});
    f.refuse(f.bob, curve::AddLiquidity{f.none(), Amount{}, f.bob});
    f.refuse(f.bob, curve::AddLiquidity{f.of_each(1), f.pool->total_supply(), f.bob},
        "Slippage screwed you");
    // Limits before want of shares.
    f.refuse(f.bob, curve::RemoveLiquidity{Amount::power_of_ten(18), f.of_each(1'000), f.bob},
        "Withdrawal resulted in fewer coins than expected");
    f.refuse(f.bob, curve::RemoveLiquidity{Amount::power_of_ten(18), f.none(), f.bob});
    f.refuse(f.bob, curve::RemoveLiquidityImbalance{f.of_each(1), Amount{}, f.bob},
        "Slippage screwed you");
    f.refuse(f.bob, curve::RemoveLiquidityImbalance{f.of_each(1), Amount::max(), f.bob});
    f.refuse(f.alice, curve::RemoveLiquidityImbalance{f.none(), Amount::max(), f.alice});
    f.refuse(f.alice, curve::RemoveLiquidityImbalance{f.of_each(1'001), Amount::max(), f.alice});
    f.refuse(f.bob, curve::RemoveLiquidityOneCoin{Amount::power_of_ten(18), 1, f.unit[1], f.bob},
        "Not enough coins removed");
    f.refuse(f.bob, curve::RemoveLiquidityOneCoin{Amount::power_of_ten(18), 1, Amount{}, f.bob});
    f.refuse(f.alice, curve::RemoveLiquidityOneCoin{Amount::power_of_ten(18), 3, Amount{}, f.bob});
    f.refuse(f.alice, curve::RemoveLiquidityOneCoin{Amount::power_of_ten(18), -1, Amount{}, f.bob});
    CHECK_FALSE(
        f.pool->calc_withdraw_one_coin(Amount::power_of_ten(18), -1, start_time).has_value());
    // A first deposit brings every coin, even where others left some of each.
    const curve::Curve rules{code, 3, {18, 6, 6, 0}};
    const Terms terms{200 * rules.a_precision(), 4'000'000, 5'000'000'000};
    const Coins left{f.unit[0], f.unit[1], f.unit[2], Amount{}};
    CHECK(rules.deposit_down(left, terms, {}, left).has_value());
    CHECK_FALSE(rules.deposit_down(left, terms, {}, {f.unit[0], Amount{}, f.unit[2], Amount{}})
                    .has_value());
    // Coins that are not there or may not be taken.
    const auto poor = f.owner;
    f.refuse(poor, Exchange{0, 1, f.unit[0], Amount{}, poor});
    f.refuse(poor, curve::AddLiquidity{f.of_each(1), Amount{}, poor});
    CHECK(f.pool->failure_of(Refusal::error("Slippage screwed you")) == OrderFailure::limit);
    CHECK(f.pool->failure_of(Refusal::empty()) == OrderFailure::other);
}

TEST_CASE("curve stableswap: shares are CurveTokenV2's and V3's", "[contracts][curve]")
{
    const auto code = GENERATE(Code::three_pool, Code::base_template);
    CurveFixture f{code, {18, 18}};
    f.fill(1'000);
    // An allowance is changed by way of 0.
    f.expect_ok(f.alice, f.pool->id(), Erc20Approve{f.bob, Amount::max()});
    f.refuse(f.alice, Erc20Approve{f.bob, 5});
    f.expect_ok(f.bob, f.pool->id(), Erc20TransferFrom{f.alice, f.bob, 100});
    CHECK(f.pool->balance(f.bob) == Amount{100});
    // V2 uses up what V3 takes for endless.
    CHECK(f.pool->allowance(f.alice, f.bob) ==
          (code == Code::three_pool ? wrapping_sub(Amount::max(), 100) : Amount::max()));
    f.expect_ok(f.alice, f.pool->id(), Erc20Approve{f.bob, Amount{}});
    f.expect_ok(f.alice, f.pool->id(), Erc20Approve{f.bob, 5});
    f.refuse(f.bob, Erc20TransferFrom{f.alice, f.bob, 6});
    f.expect_ok(f.bob, f.pool->id(), Erc20TransferFrom{f.alice, f.bob, 5});
    f.refuse(f.bob, Erc20Transfer{f.alice, 106});
    f.refuse(f.bob, Erc20TransferFrom{f.bob, f.alice, 1});  // One's own need one, too.
    // V2 mints nothing to the zero account.
    const curve::AddLiquidity to_nobody{f.of_each(1), Amount{}, zero_account};
    if (code == Code::three_pool)
        f.refuse(f.alice, to_nobody);
    else
        f.expect_ok(f.alice, f.pool->id(), to_nobody);
}

TEST_CASE("curve stableswap: 3pool counts what came of its third coin", "[contracts][curve]")
{
    CurveFixture f{Code::three_pool, {18, 6, 6}, 200, 4'000'000, 0, TokenQuirks{100}};
    f.fill(1'000);
    CHECK(f.pool->state().balances[2] == f.whole(2, 990));
    f.expect_ok(f.bob, f.pool->id(), curve::Exchange{2, 1, f.whole(2, 100), Amount{}, f.bob});
    CHECK(f.pool->state().balances[2] == f.whole(2, 1'089));
    CHECK(f.pool->admin_balance(2).is_zero());
}

// The properties hold for any code, number of coins and decimals.
TEST_CASE("curve stableswap: nobody gains by going back and forth, and quotes are what calls do",
    "[contracts][curve][property]")
{
    const auto code = GENERATE(Code::three_pool, Code::base_template);
    const auto decimals = GENERATE(std::vector<std::uint8_t>{18, 6},
        std::vector<std::uint8_t>{18, 6, 6}, std::vector<std::uint8_t>{6, 18, 8, 2});
    const std::uint64_t fee = GENERATE(0U, 4'000'000U);
    CurveFixture f{code, decimals, 150, fee};
    const auto n = static_cast<std::uint64_t>(decimals.size());
    RandomStream random{20'260'101, 401, n, fee};
    f.fill();
    f.expect_ok(f.owner, f.pool->id(), curve::RampA{1'200, start_time + 10 * day});
    std::uint64_t time = start_time;
    auto& pool = *f.pool;

    const auto some = [&](unsigned coin)
    {
        const auto size = random.uniform_below(3);
        const auto bound = size == 0 ? 100 : size == 1 ? 100'000 : 40'000'000;
        return mul_div_down(f.unit[coin], 1 + random.uniform_below(bound), 100).value;
    };
    for (int i = 0; i < 120; ++i)
    {
        time += random.uniform_below(2) * random.uniform_below(day / 4);
        f.sandbox.set_time(time);
        // Brings the pool's own clock, by which it quotes, to now.
        f.expect_ok(f.owner, pool.id(), curve::DonateAdminFees{});
        const auto price_before = pool.virtual_price(time).value();
        const auto in = static_cast<unsigned>(random.uniform_below(n));
        const auto out = static_cast<unsigned>((in + 1 + random.uniform_below(n - 1)) % n);
        const auto index_in = static_cast<std::int32_t>(in);
        const auto index_out = static_cast<std::int32_t>(out);
        const auto in_id = f.coins[in]->id();
        const auto out_id = f.coins[out]->id();
        const auto before = f.held(f.bob);
        switch (random.uniform_below(4))
        {
            case 0: {
                const auto amount = some(in);
                const auto quote = pool.quote_exact_input(in_id, out_id, amount);
                const auto swapped = f.sandbox.run(f.bob, pool.id(),
                    curve::Exchange{index_in, index_out, amount, Amount{}, f.bob});
                REQUIRE(swapped.ok() == quote.has_value());
                if (!swapped.ok())
                    break;
                CHECK(swapped.undeclared_touches == 0);
                CHECK(swapped.returns.values[0] == *quote);
                // The view may be 1 off in 3pool, never in the template.
                const auto back = f.sandbox.run(f.bob, pool.id(),
                    curve::Exchange{index_out, index_in, *quote, Amount{}, f.bob});
                if (back.ok())
                    CHECK(f.held(f.bob)[in] <= before[in]);
                break;
            }
            case 1: {
                const auto wanted = some(out);
                const auto needed = pool.quote_exact_output(in_id, out_id, wanted);
                if (!needed.has_value())
                    break;
                CHECK(pool.quote_exact_input(in_id, out_id, *needed).value() >= wanted);
                if (!needed->is_zero())
                {
                    const auto less =
                        pool.quote_exact_input(in_id, out_id, wrapping_sub(*needed, 1));
                    CHECK((!less.has_value() || *less < wanted));
                }
                break;
            }
            case 2: {
                AmountList amounts;
                for (unsigned k = 0; k < n; ++k)
                    amounts.push_back(random.bernoulli(0.6) ? some(k) : Amount{});
                const auto quote =
                    pool.quote_deposit(std::span{amounts.items.data(), amounts.size()});
                const auto joined =
                    f.sandbox.run(f.bob, pool.id(), curve::AddLiquidity{amounts, Amount{}, f.bob});
                REQUIRE(joined.ok() == quote.has_value());
                if (!joined.ok())
                    break;
                CHECK(joined.undeclared_touches == 0);
                const auto shares = joined.returns.values[0];
                CHECK(shares == quote->shares);
                // Out again in one coin, in proportion, or out of it: all that must not pay.
                const auto value = pool.share_value(shares);
                const auto after_join = f.held(f.bob);
                const auto left =
                    f.expect_ok(f.bob, pool.id(), curve::RemoveLiquidity{shares, f.none(), f.bob});
                CHECK(left.undeclared_touches == 0);
                for (unsigned k = 0; k < n; ++k)
                {
                    CHECK(wrapping_sub(f.held(f.bob)[k], after_join[k]) == value[k]);
                    CHECK(left.returns.values[k] == value[k]);
                }
                break;
            }
            default: {
                const auto shares = div_down(pool.total_supply(), 10 + random.uniform_below(90));
                const auto quote = pool.calc_withdraw_one_coin(shares, index_in, time);
                const auto taken = f.sandbox.run(f.alice, pool.id(),
                    curve::RemoveLiquidityOneCoin{shares, index_in, Amount{}, f.alice});
                REQUIRE(taken.ok() == quote.has_value());
                if (!taken.ok())
                    break;
                CHECK(taken.returns.values[0] == *quote);
                AmountList back = f.none();
                back.items[in] = *quote;
                const auto returned =
                    f.sandbox.run(f.alice, pool.id(), curve::AddLiquidity{back, Amount{}, f.alice});
                if (returned.ok())
                    CHECK(returned.returns.values[0] <= shares);
                else
                    CHECK(quote->is_zero());
                break;
            }
        }
        // Whoever stays never loses, roundings of the price itself aside.
        const auto price_after = pool.virtual_price(time).value();
        CHECK(wrapping_add(price_after, 2) >= price_before);
        CHECK(f.sandbox.world().check_invariants().empty());
    }
    // The last can leave, with everything but what is the admin's.
    for (const auto holder : {f.bob, f.alice})
        f.expect_ok(
            holder, pool.id(), curve::RemoveLiquidity{pool.balance(holder), f.none(), holder});
    CHECK(pool.total_supply().is_zero());
    for (unsigned k = 0; k < n; ++k)
        CHECK(pool.state().balances[k].is_zero());
}

TEST_CASE("curve stableswap: prices and depth are those of small trades", "[contracts][curve]")
{
    CurveFixture f{Code::base_template, {18, 6, 8}, 60, 0};
    f.fill();
    f.expect_ok(f.bob, f.pool->id(), curve::Exchange{0, 1, f.whole(0, 700'000), Amount{}, f.bob});
    const auto in = f.coins[0]->id();
    const auto out = f.coins[1]->id();
    const auto price = f.pool->spot_price(in, out);
    const auto paid = [&](std::uint64_t whole)
    {
        return f.pool->quote_exact_input(in, out, f.whole(0, whole)).value().to_double() /
               f.whole(0, whole).to_double();
    };
    CHECK(std::abs(paid(10) / price - 1) < 1e-4);
    CHECK(f.pool->spot_price(out, in) * price == Approx(1));
    // The marginal price falls by 2 x / depth, the average one by x / depth.
    const auto depth = f.pool->depth(in).to_double();
    CHECK((price - paid(2'000)) / price ==
          Approx(f.whole(0, 2'000).to_double() / depth).epsilon(0.02));
    CHECK(f.pool->fee(in, out) == 0);
}
