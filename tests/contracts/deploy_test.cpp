#include "contracts/kit/creation.hpp"
#include "contracts/kit/sandbox.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/lending/aave_v3/deployer.hpp"
#include "contracts/lending/aave_v3/math.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/deployer.hpp"
#include "contracts/vaults/erc4626/deployer.hpp"
#include "state/world.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <string_view>

namespace runnel::contracts
{
namespace
{
Address address(std::string_view text)
{
    Address made;
    const auto bytes = from_hex(text).value();
    std::copy(bytes.begin(), bytes.end(), made.bytes.begin());
    return made;
}

Hash symbol(std::string_view text)
{
    Hash hash;
    std::copy(text.begin(), text.end(), hash.bytes.begin());
    return hash;
}

Address last_20_bytes_of_keccak(std::string_view rlp)
{
    const auto hash = keccak256(ByteView{from_hex(rlp).value()});
    Address made;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), made.bytes.begin());
    return made;
}

struct Deployments
{
    Deployments()
    {
        deployer = &sandbox.add<Erc20Deployer>("deployer");
        markets = &sandbox.add<AaveV3Deployer>("markets");
        vaults = &sandbox.add<Erc4626Deployer>("vaults");
        weth = &sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin5);
        oracle = &sandbox.add<PriceOracle>("oracle", std::string{}, std::vector<TokenPrice>{});
        alice = sandbox.account("alice");
        bob = sandbox.account("bob");
        carol = sandbox.account("carol");
        sandbox.connect();
        sandbox.set_time(1'000);
    }

    template <typename Call>
    std::string refusal(AccountId sender, ContractId contract, const Call& call)
    {
        const auto outcome = sandbox.run(sender, contract, call);
        return outcome.ok() ? std::string{} : outcome.receipt.refusal.to_string();
    }

    Sandbox sandbox;
    Erc20Deployer* deployer = nullptr;
    AaveV3Deployer* markets = nullptr;
    Erc4626Deployer* vaults = nullptr;
    Erc20* weth = nullptr;
    PriceOracle* oracle = nullptr;
    AccountId alice{}, bob{}, carol{};
};

aave_v3::ReserveConstructor reserve(ContractId asset)
{
    const auto percent = [](std::uint64_t value)
    { return wrapping_mul(div_down(aave_v3::ray, 100), value); };
    return {asset, percent(80), percent(0), percent(4), percent(75)};
}
}  // namespace

TEST_CASE("deployment: addresses are CREATE's", "[contracts][deploy]")
{
    // The first contracts of an account of Ethereum's main network.
    const auto sender = address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0");
    CHECK(creation_address(sender, 0) == address("0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"));
    CHECK(creation_address(sender, 1) == address("0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"));
    CHECK(creation_address(sender, 2) == address("0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91"));
    CHECK(creation_address(sender, 3) == address("0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c"));
    // Numbers of two forms more: from 0x80 on a string of one byte, then of two.
    CHECK(creation_address(sender, 0x7F) ==
          last_20_bytes_of_keccak("0xd6946ac7ea33f8831ea9dcc53393aaa88b25a785dbf07f"));
    CHECK(creation_address(sender, 0x80) ==
          last_20_bytes_of_keccak("0xd7946ac7ea33f8831ea9dcc53393aaa88b25a785dbf08180"));
    CHECK(creation_address(sender, 0x400) ==
          last_20_bytes_of_keccak("0xd8946ac7ea33f8831ea9dcc53393aaa88b25a785dbf0820400"));
}

TEST_CASE("deployment: a transaction deploys a token and uses it", "[contracts][deploy]")
{
    Deployments d;
    auto& world = d.sandbox.world();
    const auto at = creation_address(world.account(d.alice).address, 0);
    CallWriter calls;
    calls.add(d.deployer->id(), DeployToken{symbol("LEAF"), 6, d.alice, d.alice, 1'000});
    const auto token = calls.contract_at(at);
    calls.add(token, Erc20Transfer{d.bob, 400});
    calls.add(token, Erc20Mint{d.carol, 7});
    const auto outcome = d.sandbox.run(d.alice, calls);
    REQUIRE(outcome.ok());
    CHECK(outcome.deploys);
    CHECK(outcome.receipt.gas_used > token_deployment_gas);
    REQUIRE(outcome.block.contracts.size() == 1);
    const auto& listing = outcome.block.contracts[0];
    CHECK(listing.kind == "erc20");
    CHECK(listing.is_token);
    CHECK(listing.symbol == "LEAF");
    CHECK(listing.decimals == 6);
    const auto* made = dynamic_cast<const Erc20*>(world.find_contract(at));
    REQUIRE(made != nullptr);
    CHECK(made->holding(d.alice) == 600);
    CHECK(made->holding(d.bob) == 400);
    CHECK(made->holding(d.carol) == 7);
    CHECK(made->total_supply() == 1'007);
    CHECK(made->minter() == d.alice);
    CHECK(world.check_invariants().empty());
    // To the next one it is a contract like any other.
    CHECK(d.sandbox.run(d.bob, made->id(), Erc20Transfer{d.carol, 1}).ok());
    CHECK(d.refusal(d.bob, made->id(), Erc20Mint{d.bob, 1}).find("OwnableUnauthorizedAccount") !=
          std::string::npos);
    // Who has its address already: the ledger's own words.
    CHECK(d.refusal(d.alice, d.deployer->id(), DeployToken{symbol("B"), 6, {}, d.alice, 1}) ==
          "the contract cannot be deployed");
}

TEST_CASE("deployment: a transaction deploys a vault and others use it", "[contracts][deploy]")
{
    Deployments d;
    auto& world = d.sandbox.world();
    d.weth->allocate(d.bob, 1'000);
    const auto at = creation_address(world.account(d.alice).address, 0);
    const auto outcome = d.sandbox.run(d.alice, d.vaults->id(), DeployVault{d.weth->id(), 3});
    REQUIRE(outcome.ok());
    CHECK(outcome.receipt.gas_used > vault_deployment_gas);
    REQUIRE(outcome.block.contracts.size() == 1);
    CHECK(outcome.block.contracts[0].symbol == "vWETH");
    CHECK(outcome.block.contracts[0].decimals == 21);
    const auto* vault = dynamic_cast<const Erc4626Vault*>(world.find_contract(at));
    REQUIRE(vault != nullptr);
    CallWriter deposit;
    deposit.add(d.weth->id(), Erc20Approve{vault->account(), 1'000});
    deposit.add(vault->id(), erc4626::Deposit{600, d.bob});
    REQUIRE(d.sandbox.run(d.bob, deposit).ok());
    CHECK(d.weth->holding(vault->account()) == 600);
    CHECK(vault->holding(d.bob) == 600'000);
    CHECK(world.check_invariants().empty());
    CHECK(d.refusal(d.bob, d.vaults->id(), DeployVault{d.vaults->id(), 0}) ==
          "the contract cannot be deployed");
    CHECK(d.refusal(d.carol, d.vaults->id(), DeployVault{d.weth->id(), 200}) ==
          "the contract cannot be deployed");
}

TEST_CASE("deployment: a token that cannot be is refused, and has never been there",
    "[contracts][deploy]")
{
    Deployments d;
    auto& world = d.sandbox.world();
    const auto contracts = world.contract_count();
    const auto accounts = world.account_count();
    const auto deploy = [&](const Hash& symbol, unsigned decimals, AccountId minter, AccountId to)
    {
        return d.refusal(d.alice, d.deployer->id(),
            DeployToken{symbol, static_cast<std::uint8_t>(decimals), minter, to, 1});
    };
    auto hole = symbol("A");
    hole.bytes[5] = 'B';
    constexpr AccountId nobody{9'999};
    CHECK(deploy(symbol("A"), 37, {}, d.alice) == "the contract cannot be deployed");
    CHECK(deploy(symbol(""), 18, {}, d.alice) == "the contract cannot be deployed");
    CHECK(deploy(symbol("A\n"), 18, {}, d.alice) == "the contract cannot be deployed");
    CHECK(deploy(hole, 18, {}, d.alice) == "the contract cannot be deployed");
    CHECK(deploy(symbol("A"), 18, nobody, d.alice) == "no such account");
    CHECK(deploy(symbol("A"), 18, {}, nobody) == "no such account");
    CHECK(deploy(symbol("A"), 18, {}, zero_account).find("ERC20InvalidReceiver") !=
          std::string::npos);
    // One contract for one nonce, as on Ethereum.
    CallWriter twice;
    twice.add(d.deployer->id(), DeployToken{symbol("A"), 18, {}, d.alice, 1});
    twice.add(d.deployer->id(), DeployToken{symbol("B"), 18, {}, d.alice, 1});
    CHECK(d.sandbox.run(d.alice, twice).receipt.refusal.to_string() ==
          "the contract cannot be deployed");
    CHECK(world.contract_count() == contracts);
    CHECK(world.account_count() == accounts);
}

TEST_CASE("deployment: a lending market comes in the middle and is lent from",
    "[contracts][deploy][aave_v3]")
{
    using namespace aave_v3;
    Deployments d;
    auto& world = d.sandbox.world();
    REQUIRE(
        d.sandbox
            .run(d.bob, d.deployer->id(), DeployToken{symbol("USD"), 6, {}, d.bob, 1'000'000'000})
            .ok());
    const auto* usd = world.find_contract(creation_address(world.account(d.bob).address, 0));
    REQUIRE(usd != nullptr);
    const auto at = creation_address(world.account(d.alice).address, 0);
    CallWriter calls;
    calls.add(d.markets->id(),
        DeployPool{d.oracle->id(), d.carol, {reserve(usd->id()), reserve(d.weth->id())}});
    const auto pool_id = calls.contract_at(at);
    // Of a contract that is not there nobody can map arguments: who came later is named by address.
    const auto usd_id = calls.contract_at(creation_address(world.account(d.bob).address, 0));
    calls.add(pool_id, ConfigureReserveAsCollateral{d.weth->id(), 7'500, 8'000, 10'500});
    calls.add(pool_id, SetReserveBorrowing{usd_id, true});
    const auto outcome = d.sandbox.run(d.alice, calls);
    CHECK(outcome.ok());
    CHECK(outcome.receipt.gas_used > pool_deployment_gas + 2 * reserve_deployment_gas);
    auto* pool = dynamic_cast<AaveV3Pool*>(world.find_contract(at));
    REQUIRE(pool != nullptr);
    CHECK(pool->admin() == d.alice);
    CHECK(pool->treasury() == d.carol);
    CHECK(dynamic_cast<const LendingMarket*>(pool) != nullptr);
    CHECK(pool->reserve_state(0).liquidity_index == ray);
    CHECK(pool->reserve_state(1).variable_borrow_index == ray);
    CHECK(pool->reserve_config(1).liquidation_bonus_bps == 10'500);
    CHECK_FALSE(pool->reserve_config(1).borrowing_enabled);
    CHECK(d.refusal(d.bob, pool->id(), SetReserveBorrowing{d.weth->id(), true}) != "");
    CallWriter supply;
    supply.add(usd->id(), Erc20Approve{pool->account(), 5'000'000});
    supply.add(pool->id(), Supply{usd->id(), 5'000'000, d.bob});
    CHECK(d.sandbox.run(d.bob, supply).ok());
    CHECK(pool->cash(0) == 5'000'000);
    CHECK(world.check_invariants().empty());
}

TEST_CASE("deployment: a market that cannot be is refused", "[contracts][deploy][aave_v3]")
{
    using namespace aave_v3;
    Deployments d;
    const auto deploy = [&](ContractId oracle, const ReserveConstructors& reserves,
                            AccountId treasury = AccountId{}) {
        return d.refusal(d.alice, d.markets->id(), DeployPool{oracle, treasury, reserves});
    };
    const auto good = reserve(d.weth->id());
    auto much = good;
    much.optimal_usage_ratio = wrapping_add(ray, 1);
    auto none = good;
    none.optimal_usage_ratio = 0;
    CHECK(deploy(d.oracle->id(), {much}) == "83");
    CHECK(deploy(d.oracle->id(), {none}) == "83");
    CHECK(deploy(d.weth->id(), {good}) == "the contract cannot be deployed");
    CHECK(deploy(ContractId{77}, {good}) == "the contract cannot be deployed");
    CHECK(deploy(d.oracle->id(), {}) == "the contract cannot be deployed");
    CHECK(deploy(d.oracle->id(), {good, good}) == "the contract cannot be deployed");
    CHECK(deploy(d.oracle->id(), {reserve(d.oracle->id())}) == "the contract cannot be deployed");
    CHECK(deploy(d.oracle->id(), {good}, AccountId{9'999}) == "the contract cannot be deployed");
    CHECK(deploy(d.oracle->id(), {good}) == "");
}

}  // namespace runnel::contracts
