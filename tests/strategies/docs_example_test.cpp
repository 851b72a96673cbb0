#include "contracts/kit/sandbox.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <saver.cpp>

using namespace runnel;
using runnel::tests::always;

TEST_CASE("docs/strategies.md: the example does what it says", "[strategies][docs]")
{
    contracts::Sandbox sandbox;
    auto& token = sandbox.add<contracts::Erc20>(
        "T", TokenInfo{"T", 6}, contracts::TokenFlavour::openzeppelin5);
    const auto saver_account = sandbox.account("saver");
    const auto bank = sandbox.account("bank");
    sandbox.connect();
    token.allocate(saver_account, 250'000'000);

    auto wallets = tests::group_of_one(sandbox.world(), saver_account);
    wallets.groups =
        std::make_shared<const std::vector<std::pair<std::string, std::vector<AccountId>>>>(
            std::vector<std::pair<std::string, std::vector<AccountId>>>{{"bank", {bank}}});
    Parameters parameters;
    parameters.set("token", token.id());
    parameters.set("buffer", always(100));
    parameters.set("every", std::int64_t{60'000});
    parameters.set("bank", std::string{"bank"});
    const auto saver = strategies::saver_strategy().create(parameters, wallets);
    tests::FakeWallet wallet{sandbox, saver_account};

    const auto first = wallet.view().block_number;
    CHECK(wallet.decide(*saver) == first + 5);
    REQUIRE(wallet.run(*saver).outcome.ok());
    CHECK(token.balance(bank) == 150'000'000);
    CHECK(token.balance(saver_account) == 100'000'000);

    wallet.advance(5);
    wallet.decide(*saver);
    CHECK(wallet.submissions.empty());  // It holds its buffer.

    // After a failure it waits twice as long.
    TransactionOutcome lost;
    lost.kind = TransactionOutcome::Kind::reverted;
    saver->learn(0, lost);
    CHECK(wallet.decide(*saver) == wallet.view().block_number + 10);
}
