#include "tests/contracts/uniswap_v2_fixture.hpp"

#include <limits>

namespace runnel::contracts
{
namespace
{
constexpr std::uint64_t forever = std::numeric_limits<std::uint64_t>::max();

const Address& address_of(const World& world, const Contract& contract)
{
    return world.account(contract.account()).address;
}
}  // namespace

TEST_CASE("uniswap v2 factory: a pair's address is CREATE2's", "[contracts][uniswap_v2]")
{
    // The DAI-WETH pair that the factory made on Ethereum, from these three addresses.
    const auto address = [](std::string_view text)
    {
        Address made;
        const auto bytes = from_hex(text).value();
        std::copy(bytes.begin(), bytes.end(), made.bytes.begin());
        return made;
    };
    CHECK(UniswapV2Factory::pair_address(address("0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f"),
              address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
              address("0x6B175474E89094C44Da98b954EedeAC495271d0F")) ==
          address("0xA478c2975Ab1Ea89e8196811F51A7B7Ade33eB11"));
}

TEST_CASE("uniswap v2 factory: a transaction creates a pair", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    auto& world = f.sandbox.world();
    const auto at = f.factory.pair_address(world, f.c.id(), f.a.id());
    const auto outcome =
        f.expect_ok(f.alice, f.factory.id(), uniswap_v2::CreatePair{f.c.account(), f.a.account()});
    REQUIRE(outcome.block.contracts.size() == 1);
    auto* pair = f.factory.find_pair(f.a.id(), f.c.id());
    REQUIRE(pair != nullptr);
    CHECK(pair == world.find_contract(at));
    CHECK(pair->id() == outcome.block.contracts[0].id);
    CHECK(address_of(world, world.contract(pair->token0())) <
          address_of(world, world.contract(pair->token1())));
    CHECK(outcome.receipt.gas_used == 2'512'900);
    CHECK(outcome.undeclared_touches == 0);
    const auto created = ContractFixture::events_of<uniswap_v2::PairCreatedLog>(outcome.block);
    REQUIRE(created.size() == 1);
    CHECK(created[0].pair == pair->id());
    CHECK(created[0].pair_count == 3);
    std::array<std::uint8_t, 32> word{};
    outcome.returns.values[0].store_big_endian(word);
    CHECK(std::equal(at.bytes.begin(), at.bytes.end(), word.end() - at.bytes.size()));

    f.expect_refusal(f.alice, f.factory.id(), uniswap_v2::CreatePair{f.a.account(), f.c.account()},
        "UniswapV2: PAIR_EXISTS");
    // An aToken or a share is a token too: a pair of shares.
    (void)f.expect_ok(
        f.alice, f.factory.id(), uniswap_v2::CreatePair{pair->account(), f.a.account()});
    CHECK(f.factory.pairs().size() == 4);
}

TEST_CASE(
    "uniswap v2 factory: creation that comes to nothing leaves nothing", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    CallWriter calls;
    calls.add(f.factory.id(), uniswap_v2::CreatePair{f.a.account(), f.c.account()});
    calls.add(f.factory.id(), uniswap_v2::CreatePair{f.a.account(), f.c.account()});
    const auto accounts = f.sandbox.world().account_count();
    f.expect_refusal(f.alice, calls, "UniswapV2: PAIR_EXISTS");
    CHECK(f.factory.find_pair(f.a.id(), f.c.id()) == nullptr);
    CHECK(f.factory.pairs().size() == 2);
    CHECK(f.sandbox.world().account_count() == accounts);
}

TEST_CASE("uniswap v2: one transaction creates a pair, funds it and trades on it",
    "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    auto& world = f.sandbox.world();
    const auto at = f.factory.pair_address(world, f.a.id(), f.c.id());
    CallWriter calls;
    const auto pair = calls.contract_at(at);
    const auto account = calls.account_at(at);
    calls.add(f.factory.id(), uniswap_v2::CreatePair{f.a.account(), f.c.account()});
    calls.add(f.a.id(), Erc20Transfer{account, ether(100)});
    calls.add(f.c.id(), Erc20Transfer{account, ether(400)});
    calls.add(pair, uniswap_v2::Mint{f.alice});
    calls.add(f.router.id(),
        uniswap_v2::SwapExactTokensForTokens{ether(1), 0, {f.a.id(), f.c.id()}, f.bob, forever});
    // Shares of the new pair, to an address that nobody knew.
    Address fresh;
    fresh.bytes.fill(0xAB);
    calls.add(pair, Erc20Transfer{calls.account_at(fresh), 1'000});
    (void)f.expect_ok(f.alice, calls);
    const auto* made = f.factory.find_pair(f.a.id(), f.c.id());
    REQUIRE(made != nullptr);
    // 997 * 1 * 400 / (1000 * 100 + 997), by the formula of the library.
    CHECK(f.c.holding(f.bob) == decimal("3948632137588245195"));
    CHECK(made->holding(*world.find_account(fresh)) == 1'000);
}

TEST_CASE("uniswap v2 router: the first deposit creates the pair", "[contracts][uniswap_v2]")
{
    UniswapV2Fixture f;
    const uniswap_v2::AddLiquidity add{
        f.c.id(), f.a.id(), ether(8), ether(2), 0, 0, f.alice, forever};
    const auto outcome = f.expect_ok(f.alice, f.router.id(), add);
    CHECK(outcome.returns.values[0] == ether(8));
    CHECK(outcome.returns.values[1] == ether(2));
    CHECK(outcome.returns.values[2] == wrapping_sub(ether(4), 1'000));
    const auto* pair = f.factory.find_pair(f.a.id(), f.c.id());
    REQUIRE(pair != nullptr);
    CHECK(pair->holding(f.alice) == wrapping_sub(ether(4), 1'000));
    // The second one finds it.
    CHECK(f.expect_ok(f.alice, f.router.id(), add).block.contracts.empty());
}

}  // namespace runnel::contracts
