#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/portable_math.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <queue>
#include <string>

using namespace runnel;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

using Shape = Distribution::Shape;

/// A group of @p count wallets, and a token.
struct Crowd
{
    explicit Crowd(std::size_t count)
    {
        sandbox.connect();
        group.name = "crowd";
        group.seed = 11;
        group.stream = 3;
        group.world = &sandbox.world();
        group.group_size = count;
        for (std::size_t i = 0; i < count; ++i)
            group.accounts.push_back(sandbox.account("crowd/" + std::to_string(i)));
        const std::vector payee{sandbox.account("payee")};
        group.groups =
            std::make_shared<const std::vector<std::pair<std::string, std::vector<AccountId>>>>(
                std::vector<std::pair<std::string, std::vector<AccountId>>>{
                    {"crowd", group.accounts}, {"payee", payee}});
    }

    contracts::Sandbox sandbox;
    contracts::Erc20& token = sandbox.add<contracts::Erc20>(
        "USDC", TokenInfo{"USDC", 6}, contracts::TokenFlavour::openzeppelin5);
    WalletGroup group;
};

struct Case
{
    Distribution interval;
    double mean = 0;  // Of the interval.
};

std::vector<Case> cases()
{
    return {{always(7'200), 7'200}, {{Shape::uniform, 1'800, 5'400}, 3'600},
        {{Shape::log_normal, 8.5, 0.8}, portable_exp(8.5 + 0.32)},
        {{Shape::exponential, 7'200, 0, 60}, 7'200}, {{Shape::pareto, 1'000, 3}, 1'500}};
}

}  // namespace

TEST_CASE("event times: a group acts as often as the mean of its interval says",
    "[strategies][event_times]")
{
    for (const auto& [interval, mean] : cases())
    {
        for (const std::size_t count : {1U, 7U, 2'000U})
        {
            CAPTURE(static_cast<int>(interval.shape), count);
            Crowd crowd{count};
            Parameters parameters;
            parameters.set("interval", interval);
            const EventTimes times{crowd.group, parameters, "interval"};
            double rate = 0;
            for (std::uint32_t i = 0; i < count; ++i)
                rate += 1 / times.mean_seconds(i);
            CHECK(rate / static_cast<double>(count) == Approx(1 / mean).epsilon(0.03));
        }
    }
}

TEST_CASE("event times: a cohort has the times that the whole group would give it",
    "[strategies][event_times]")
{
    Crowd crowd{50};
    Parameters parameters;
    parameters.set("interval", Distribution{Shape::log_normal, 8.5, 0.8});
    const EventTimes whole{crowd.group, parameters, "interval"};
    auto cohort = crowd.group;
    cohort.first_number = 20;
    cohort.accounts.assign(crowd.group.accounts.begin() + 20, crowd.group.accounts.begin() + 30);
    const EventTimes part{cohort, parameters, "interval"};
    for (std::uint32_t i = 20; i < 30; ++i)
        CHECK(part.mean_seconds(i) == whole.mean_seconds(i));
}

TEST_CASE("event times: waits have the mean that they were asked for, however long a slot is",
    "[strategies][event_times]")
{
    RandomStream random{5, 1, 0, 0};
    for (const auto& [mean, slot] :
        {std::pair{12.0, 12U}, {13.0, 12U}, {20.0, 12U}, {7'200.0, 12U}, {7'200.0, 3'600U}})
    {
        CAPTURE(mean, slot);
        double sum = 0;
        constexpr int draws = 200'000;
        for (int i = 0; i < draws; ++i)
            sum += static_cast<double>(blocks_until_next(random, mean, slot)) * slot;
        CHECK(sum / draws == Approx(mean).epsilon(0.01));
    }
    CHECK(blocks_until_next(random, 5, 12) == 1);
}

TEST_CASE("payer: pays as often as its interval says", "[strategies][event_times]")
{
    for (const auto& [interval, mean] : cases())
    {
        CAPTURE(static_cast<int>(interval.shape));
        Crowd crowd{300};
        FakeWallet wallet{crowd.sandbox, crowd.group.accounts[0]};
        Parameters parameters;
        parameters.set("interval", interval);
        parameters.set("token", crowd.token.id());
        parameters.set("amount", always(1));
        parameters.set("payees", std::string{"payee"});
        parameters.set("merchants", std::string{});
        parameters.set("merchant_share", 0.0);
        parameters.set("new_address_share", 0.0);
        const auto payer = payer_strategy().create(parameters, crowd.group);
        using Turn = std::pair<std::uint64_t, std::size_t>;
        std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
        for (std::size_t i = 0; i < crowd.group.accounts.size(); ++i)
            turns.push({payer->first_block(i), i});
        constexpr std::uint64_t days = 3;
        constexpr std::uint64_t end = days * 7'200;
        const auto start = wallet.view().block_number;
        std::size_t payments = 0;
        wallet.decide(*payer);  // Seeds the wallet's draws.
        wallet.submissions.clear();
        while (turns.top().first <= end)
        {
            const auto [block, number] = turns.top();
            turns.pop();
            wallet.advance(start + block - wallet.view().block_number);
            turns.push({payer->decide(number, wallet) - start, number});
            payments += wallet.submissions.size();
            wallet.submissions.clear();
        }
        const auto a_day = static_cast<double>(payments) / 300 / static_cast<double>(days);
        CHECK(a_day == Approx(86'400 / mean).epsilon(0.05));
    }
}

TEST_CASE("payers and merchants fall silent when every payment is refused", "[strategies]")
{
    Crowd crowd{1};
    const auto me = crowd.group.accounts[0];
    crowd.token.allocate(me, Amount{1'000'000'000});
    Parameters parameters;
    parameters.set("token", crowd.token.id());
    std::unique_ptr<Strategy> strategy;
    SECTION("payer")
    {
        parameters.set("interval", always(12));
        parameters.set("amount", always(1));
        parameters.set("payees", std::string{"payee"});
        parameters.set("merchants", std::string{});
        parameters.set("merchant_share", 0.0);
        parameters.set("new_address_share", 0.0);
        strategy = payer_strategy().create(parameters, crowd.group);
    }
    SECTION("merchant")
    {
        parameters.set("settle_every", std::int64_t{12'000});
        parameters.set("settle_share", 0.5);
        parameters.set("suppliers", std::string{"payee"});
        strategy = merchant_strategy().create(parameters, crowd.group);
    }
    FakeWallet wallet{crowd.sandbox, me};
    const auto sent = runnel::tests::sent_when_all_is_refused(wallet, *strategy, 1'000);
    CHECK(sent >= 1);
    CHECK(sent <= 16);
}
