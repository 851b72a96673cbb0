#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

#include <map>
#include <tuple>

namespace runnel::toy
{
namespace
{
/// As of a concentrated-liquidity position.
struct PositionKey
{
    AccountId owner{};
    std::int32_t lower = 0;
    std::int32_t upper = 0;
    RUNNEL_FIELDS(owner, lower, upper);
};

struct Grow
{
    RUNNEL_CALL("grow", 0, 1'000);
    AccountId owner{};
    std::int32_t lower = 0;
    std::int32_t upper = 0;
    std::uint64_t by = 0;
    bool is_declared = true;
    RUNNEL_FIELDS(owner, lower, upper, by, is_declared);

    [[nodiscard]] PositionKey key() const { return {owner, lower, upper}; }
};

/// A record larger than any that a call may carry.
struct Ledger
{
    std::array<std::uint64_t, 1'000> entries{};
    RUNNEL_FIELDS(entries);
};

struct Enter
{
    RUNNEL_CALL("enter", 1, 1'000);
    std::uint32_t place = 0;
    std::uint64_t value = 0;
    RUNNEL_FIELDS(place, value);
};

class Positions : public ContractBase<Positions, Grow, Enter>
{
public:
    explicit Positions(ContractIdentity identity) : ContractBase{std::move(identity)}
    {
        add_table(positions);
        add_table(ledger);
    }
    [[nodiscard]] const ContractType& type() const override
    {
        static const ContractType type{.kind = "toy_positions",
            .help = "Holds positions.",
            .methods = methods(),
            .events = {},
            .parameters = {}};
        return type;
    }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const Grow& call, AccountId, AccessCollector& access) const
    {
        if (call.is_declared)
            access.write(positions, call.key());
    }
    Result<Returns> execute(const Grow& call, CallContext& context)
    {
        const auto before = context.read(positions, call.key());
        auto& liquidity = context.write(positions, call.key());
        liquidity = wrapping_add(wrapping_mul(liquidity, 3), call.by);
        RUNNEL_REQUIRE(call.by != 13, "unlucky");
        return Returns{before, liquidity};
    }
    // No declare(): a dry run works on a copy of the record.
    Result<Returns> execute(const Enter& call, CallContext& context)
    {
        auto& entry = context.write(ledger, 0).entries.at(call.place);
        entry = entry * 7 + call.value;
        return Returns{entry};
    }

    KeyedTable<PositionKey, Amount> positions{"positions"};
    Table<Ledger> ledger{"ledger"};
};

constexpr ContractId positions_id{2};

struct PositionChain : ToyChain
{
    PositionChain() : ToyChain{6}
    {
        const auto account = world->add_account({"positions", "dex", "", {}});
        positions = static_cast<Positions*>(&world->add_contract(
            std::make_unique<Positions>(ContractIdentity{positions_id, account, "positions"})));
        world->connect();
    }
    Positions* positions = nullptr;
};
}  // namespace

TEST_CASE("keyed table: keys in one place are told apart", "[keyed]")
{
    PositionChain chain;
    auto& table = chain.positions->positions;
    const PositionKey key{chain.wallets[0], -60, 60};
    // As if two other keys had come there before, of which one is worth nothing any more.
    Bytes encoding;
    encode(key, encoding);
    const auto place = place_of_encoding(encoding);
    table.at(place) = {{chain.wallets[1], 1, 2}, true, 700};
    table.at(place + 1) = {{chain.wallets[1], 3, 4}, true, 0};

    CHECK(table.get(key) == 0);
    CallWriter calls;
    calls.add(positions_id, Grow{key.owner, key.lower, key.upper, 5});
    const auto block = chain.run(chain.make(chain.wallets[0], calls));
    REQUIRE(block.receipts[0].status == ReceiptStatus::succeeded);
    CHECK(chain.execution.undeclared_touches() == 0);
    CHECK(table.get(key) == 5);
    CHECK(table.record(place + 2).value == 5);
    CHECK(table.record(place).value == 700);
    CHECK(table.record(place + 1).key.lower == 3);
}

// Method: random keys out of few, a tenth of them not declared, grown by transactions of which some
// are refused; against a map that does the same in order, for any number of workers.
TEST_CASE(
    "keyed table: values and head are the same for any number of workers", "[keyed][property]")
{
    const auto run_chain = [](unsigned workers)
    {
        PositionChain chain;
        std::map<std::tuple<std::uint32_t, std::int32_t, std::int32_t>, Amount> expected;
        RandomStream random{5, 5, 5, 5};
        for (int number = 0; number < 30; ++number)
        {
            std::vector<Transaction> transactions;
            std::map<std::uint32_t, std::uint64_t> ahead;
            for (int i = 0; i < 50; ++i)
            {
                const auto sender = chain.wallets[random.uniform_below(chain.wallets.size())];
                Grow call{chain.wallets[random.uniform_below(chain.wallets.size())],
                    static_cast<std::int32_t>(random.uniform_below(6)) - 3,
                    static_cast<std::int32_t>(random.uniform_below(4)), random.uniform_below(30),
                    !random.bernoulli(0.02)};
                CallWriter calls;
                calls.add(positions_id, call);
                if (random.bernoulli(0.2))
                    calls.add(positions_id, Enter{static_cast<std::uint32_t>(i), 1});
                auto transaction = chain.make(sender, calls);
                transaction.nonce += ahead[index(sender)]++;
                transaction.seal();
                transactions.push_back(std::move(transaction));
                if (call.by != 13)
                {
                    auto& value = expected[{index(call.owner), call.lower, call.upper}];
                    value = wrapping_add(wrapping_mul(value, 3), call.by);
                }
            }
            (void)chain.run(std::move(transactions), workers);
        }
        for (const auto& [key, value] : expected)
        {
            const auto& [owner, lower, upper] = key;
            REQUIRE(chain.positions->positions.get({AccountId{owner}, lower, upper}) == value);
        }
        REQUIRE(chain.positions->ledger.get(0).entries[3] != 0);
        return chain.head_hash;
    };
    const auto serial = run_chain(0);
    for (const auto workers : {1U, 2U, 3U})
        CHECK(run_chain(workers) == serial);
}

}  // namespace runnel::toy
