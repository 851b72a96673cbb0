#pragma once

#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <string>
#include <vector>

namespace runnel::contracts
{

inline Amount decimal(std::string_view text)
{
    return Amount::from_decimal(text).value();
}
/// @p whole * 10^18.
inline Amount ether(std::uint64_t whole)
{
    return wrapping_mul(whole, Amount::power_of_ten(18));
}

/// Three tokens, the pairs A-B and B-C, and a rich trader who has approved the router.
struct UniswapV2Fixture : ContractFixture
{
    explicit UniswapV2Fixture(TokenFlavour flavour = TokenFlavour::uniswap)
      : alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        owner{sandbox.account("owner")},
        collector{sandbox.account("collector")},
        a{sandbox.add<Erc20>("A", TokenInfo{"A", 18}, flavour)},
        b{sandbox.add<Erc20>("B", TokenInfo{"B", 18}, flavour)},
        c{sandbox.add<Erc20>("C", TokenInfo{"C", 18}, flavour)},
        factory{sandbox.add<UniswapV2Factory>("factory", zero_account, owner)},
        pair{sandbox.add<UniswapV2Pair>("A_B", a.id(), b.id(), factory.id())},
        pair_bc{sandbox.add<UniswapV2Pair>("B_C", b.id(), c.id(), factory.id())},
        router{sandbox.add<UniswapV2Router>("router", factory.id())}
    {
        sandbox.connect();
        sandbox.set_time(1'600'000'000);
        for (auto* token : {&a, &b, &c})
        {
            token->allocate(alice, Amount::power_of_two(120));
            expect_ok(alice, token->id(), Erc20Approve{router.account(), Amount::max()});
        }
        expect_ok(alice, pair.id(), Erc20Approve{router.account(), Amount::max()});
    }

    [[nodiscard]] CallWriter pay(const Amount& amount0, const Amount& amount1) const
    {
        CallWriter calls;
        if (!amount0.is_zero())
            calls.add(a.id(), Erc20Transfer{pair.account(), amount0});
        if (!amount1.is_zero())
            calls.add(b.id(), Erc20Transfer{pair.account(), amount1});
        return calls;
    }
    /// Pays into A-B and mints the shares to alice.
    Sandbox::Outcome add_liquidity(const Amount& amount0, const Amount& amount1)
    {
        return expect_ok(alice, pay(amount0, amount1).add(pair.id(), uniswap_v2::Mint{alice}));
    }
    [[nodiscard]] CallWriter swap_calls(const Amount& amount0_in, const Amount& amount1_in,
        const Amount& amount0_out, const Amount& amount1_out) const
    {
        return pay(amount0_in, amount1_in)
            .add(pair.id(), uniswap_v2::Swap{amount0_out, amount1_out, alice, {}});
    }

    [[nodiscard]] std::size_t declared_objects(AccountId sender, const CallWriter& calls)
    {
        std::vector<Access> accesses;
        AccessCollector{sandbox.world(), accesses}.calls(calls.list(), sender);
        return accesses.size();
    }

    AccountId alice;
    AccountId bob;
    AccountId owner;
    AccountId collector;
    Erc20& a;
    Erc20& b;
    Erc20& c;
    UniswapV2Factory& factory;
    UniswapV2Pair& pair;
    UniswapV2Pair& pair_bc;
    UniswapV2Router& router;
};

}  // namespace runnel::contracts
