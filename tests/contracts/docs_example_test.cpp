#include "contracts/kit/sandbox.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/support/catch.hpp"

#include <tip_jar.hpp>

using namespace runnel;
using namespace runnel::contracts;

TEST_CASE("docs/contracts.md: the example does what it says", "[contracts][docs]")
{
    Sandbox sandbox;
    const auto giver = sandbox.account("giver");
    const auto owner = sandbox.account("owner");
    auto& token = sandbox.add<Erc20>("T", TokenInfo{"T", 18}, TokenFlavour::openzeppelin5);
    auto& jar = sandbox.add<tip_jar::TipJar>("jar", token.id(), owner);
    sandbox.connect();
    token.allocate(giver, 100);
    REQUIRE(sandbox.run(giver, token.id(), Erc20Approve{jar.account(), Amount::max()}).ok());

    CHECK(sandbox.run(owner, jar.id(), tip_jar::Empty{}).receipt.refusal.to_string() ==
          "TipJar: EMPTY");
    REQUIRE(sandbox.run(giver, jar.id(), tip_jar::Tip{30}).ok());
    const auto second = sandbox.run(giver, jar.id(), tip_jar::Tip{12});
    REQUIRE(second.ok());
    CHECK(second.returns.values[0] == 42);
    CHECK(sandbox.run(giver, jar.id(), tip_jar::Empty{}).receipt.refusal.to_string() ==
          "TipJar: NOT_OWNER");
    REQUIRE(sandbox.run(owner, jar.id(), tip_jar::Empty{}).ok());
    CHECK(token.balance(owner) == 42);
    CHECK(token.balance(giver) == 58);
    CHECK(token.balance(jar.account()).is_zero());
}
