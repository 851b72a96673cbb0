#include "contracts/compliance/screening_list/screening_list.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace screening_list;

/// An institution with nothing but its screening: moves what is said, as far as it passes.
struct Move
{
    RUNNEL_CALL("move", 0, 20'000);

    AccountId customer{};
    AccountId counterparty{};
    ContractId token{};
    Amount amount;
    bool is_deposit = false;
    RUNNEL_FIELDS(customer, counterparty, token, (amount, smallest_unit), is_deposit);
};
class Institution : public ContractBase<Institution, Move>
{
public:
    Institution(ContractIdentity identity, ScreeningPolicy& policy)
      : ContractBase{std::move(identity)}, policy_{policy}
    {}
    [[nodiscard]] const ContractType& type() const override
    {
        static const ContractType type{.kind = "institution",
            .help = "Asks its screening.",
            .methods = methods(),
            .events = {},
            .parameters = {}};
        return type;
    }
    Result<Returns> execute(const Move& call, CallContext& context)
    {
        auto own = context.as(account());
        const auto verdict = policy_.screen(own, {account(), call.customer, call.counterparty,
                                                     call.token, call.amount, call.is_deposit});
        return Returns{Amount{static_cast<std::uint64_t>(verdict)}};
    }

private:
    ScreeningPolicy& policy_;
};

struct ListFixture : ContractFixture
{
    explicit ListFixture(Mode mode, bool holds_from_threshold = false)
      : keeper{sandbox.account("keeper")},
        alice{sandbox.account("alice")},
        mallory{sandbox.account("mallory")},
        dai{sandbox.add<Erc20>("DAI", TokenInfo{"DAI", 18}, TokenFlavour::openzeppelin4, alice)},
        list{sandbox.add<ScreeningList>(
            "list", Terms{"keeper", mode, {{dai.id(), Amount{1'000}}}, holds_from_threshold})},
        institution{sandbox.add<Institution>("bank", list)}
    {
        sandbox.connect();
    }
    /// The verdict, and what was reported.
    std::string screen(AccountId customer, AccountId counterparty, std::uint64_t amount,
        bool is_deposit, bool of_dai = true)
    {
        const auto outcome = expect_ok(alice, institution.id(),
            Move{customer, counterparty, of_dai ? dai.id() : native_coin, amount, is_deposit});
        auto said = std::string{
            to_string(static_cast<ScreeningVerdict>(outcome.returns.values[0].low64()))};
        for (const auto& event : outcome.block.events)
        {
            ScreeningReport report;
            REQUIRE(decode(outcome.block.encoding(event), report));
            CHECK(report.institution == institution.account());
            CHECK(report.amount == amount);
            said += ' ' + std::string{to_string(report.reason)} + ' ' +
                    std::string{to_string(report.outcome)};
        }
        return said;
    }

    AccountId keeper, alice, mallory;
    Erc20& dai;
    ScreeningList& list;
    Institution& institution;
};
}  // namespace

TEST_CASE("screening list: only its keeper changes it", "[contracts][screening]")
{
    ListFixture f{Mode::block};
    f.expect_refusal(
        f.alice, f.list.id(), AddToList{f.mallory}, "Ownable: caller is not the owner");
    f.expect_refusal(f.keeper, f.list.id(), AddToList{AccountId{999}}, "no such account");
    f.expect_ok(f.keeper, f.list.id(), AddToList{f.mallory});
    CHECK(f.list.is_listed(f.mallory));
    CHECK(f.list.listed() == 1);
    CHECK(f.expect_ok(f.keeper, f.list.id(), AddToList{f.mallory}).block.events.empty());
    f.expect_refusal(
        f.mallory, f.list.id(), RemoveFromList{f.mallory}, "Ownable: caller is not the owner");
    f.expect_ok(f.keeper, f.list.id(), RemoveFromList{f.mallory});
    CHECK_FALSE(f.list.is_listed(f.mallory));
    CHECK(f.list.listed() == 0);
}

TEST_CASE("screening list: blocks, or flags, whoever is listed", "[contracts][screening]")
{
    ListFixture f{Mode::block};
    CHECK(f.screen(f.mallory, f.alice, 1, true) == "pass");
    f.expect_ok(f.keeper, f.list.id(), AddToList{f.mallory});
    CHECK(f.screen(f.alice, f.alice, 999, true) == "pass");
    CHECK(f.screen(f.mallory, f.alice, 1, true) == "hold list held");
    CHECK(f.screen(f.alice, f.mallory, 1, true) == "hold list held");
    CHECK(f.screen(f.mallory, f.alice, 1, false) == "refuse list refused");
    CHECK(f.screen(f.alice, f.mallory, 5'000, false) == "refuse list refused");
    // Nobody knows who sent it: no reason to suspect anybody.
    CHECK(f.screen(f.alice, zero_account, 1, true) == "pass");

    ListFixture flags{Mode::flag};
    flags.expect_ok(flags.keeper, flags.list.id(), AddToList{flags.mallory});
    CHECK(flags.screen(flags.mallory, flags.alice, 1, true) == "pass list passed");
    CHECK(flags.screen(flags.alice, flags.mallory, 1, false) == "pass list passed");
}

TEST_CASE("screening list: the travel rule asks from its threshold on", "[contracts][screening]")
{
    ListFixture f{Mode::block};
    CHECK(f.screen(f.alice, f.mallory, 999, false) == "pass");
    CHECK(f.screen(f.alice, f.mallory, 1'000, false) == "pass threshold passed");
    CHECK(f.screen(f.alice, f.mallory, 1'000, true, false) == "pass");  // No rule for that token.
    ListFixture holds{Mode::block, true};
    CHECK(holds.screen(holds.alice, holds.mallory, 999, false) == "pass");
    CHECK(holds.screen(holds.alice, holds.mallory, 1'000, true) == "hold threshold held");
}

}  // namespace runnel::contracts
