#include "contracts/mixers/tornado/tornado.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace tornado;

const Amount ether = Amount::power_of_ten(18);

MixerNote note(std::uint64_t number)
{
    return {keccak256("nullifier " + std::to_string(number)),
        keccak256("secret " + std::to_string(number))};
}

struct MixerFixture : ContractFixture
{
    explicit MixerFixture(bool of_token = false, std::uint32_t levels = 20)
      : alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        relayer{sandbox.account("relayer")},
        dai{sandbox.add<Erc20>("DAI", TokenInfo{"DAI", 18}, TokenFlavour::openzeppelin4, alice)},
        mixer{
            sandbox.add<Tornado>("mixer", of_token ? dai.id() : native_coin, denomination, levels)}
    {
        sandbox.connect();
        sandbox.set_time(1'600'000'000);
        for (const auto account : {alice, relayer})
        {
            auto& world = sandbox.world();
            world.account_states.at(account).balance = rich;
            world.native_supply.at(0) = wrapping_add(world.native_supply.get(0), rich);
        }
        dai.allocate(alice, rich);
        expect_ok(alice, dai.id(), Erc20Approve{mixer.account(), Amount::max()});
    }

    void deposit(std::uint64_t number)
    {
        CallWriter calls;
        mixer.add_deposit(calls, note(number));
        expect_ok(alice, calls);
    }
    [[nodiscard]] CallWriter withdrawal(std::uint64_t number, MixerPayout payout) const
    {
        CallWriter calls;
        mixer.add_withdraw(calls, note(number), payout);
        return calls;
    }
    /// A withdrawal whose arguments and proof a test has touched.
    [[nodiscard]] CallWriter with(Withdraw call, const NoteProof& proof) const
    {
        CallWriter calls;
        Bytes witness;
        encode(proof, witness);
        call.proof = calls.add_witness(witness);
        calls.add(mixer.id(), call);
        return calls;
    }
    [[nodiscard]] Withdraw call(std::uint64_t number) const
    {
        Withdraw call;
        call.root = mixer.root();
        call.nullifier_hash = nullifier_hash_of(note(number));
        call.recipient = bob;
        return call;
    }
    [[nodiscard]] const Amount& coins(AccountId account)
    {
        return sandbox.world().account_states.get(account).balance;
    }

    static inline const Amount denomination = wrapping_mul(Amount{100}, ether);
    static inline const Amount rich = Amount::power_of_ten(30);
    AccountId alice, bob, relayer;
    Erc20& dai;
    Tornado& mixer;
};

/// The root over leaves, by another way than the contract's: whole levels, absent leaves included.
Hash root_over(std::vector<Hash> leaves, std::uint32_t levels)
{
    leaves.resize(std::size_t{1} << levels, keccak256(std::string_view{"tornado"}));
    for (; leaves.size() > 1; leaves.resize(leaves.size() / 2))
    {
        for (std::size_t i = 0; i < leaves.size() / 2; ++i)
            leaves[i] = hash_left_right(leaves[2 * i], leaves[2 * i + 1]);
    }
    return leaves.front();
}

bool contains(ByteView bytes, const Hash& hash)
{
    return std::search(bytes.begin(), bytes.end(), hash.bytes.begin(), hash.bytes.end()) !=
           bytes.end();
}
}  // namespace

TEST_CASE("tornado: a note is paid for and taken out, by hand", "[contracts][mixer]")
{
    MixerFixture f;
    f.deposit(1);
    // 100 of 10^12 ETH are in the mixer now.
    CHECK(f.coins(f.mixer.account()) == f.denomination);
    CHECK(f.coins(f.alice) == wrapping_sub(f.rich, f.denomination));
    CHECK(f.mixer.deposits() == 1);
    CHECK(f.mixer.unspent() == 1);
    CHECK(f.mixer.deposit_of(note(1)) == 0U);
    CHECK_FALSE(f.mixer.deposit_of(note(2)));

    // A fee of 0.087 ETH, the median of the recorded ones: bob gets 99.913.
    const auto fee = wrapping_mul(Amount{87}, Amount::power_of_ten(15));
    const auto calls = f.withdrawal(1, {f.bob, f.relayer, fee, {}});
    const auto outcome = f.expect_ok(f.relayer, calls);
    CHECK(f.coins(f.bob) == wrapping_mul(Amount{99'913}, Amount::power_of_ten(15)));
    CHECK(f.coins(f.relayer) == wrapping_add(f.rich, fee));
    CHECK(f.coins(f.mixer.account()).is_zero());
    CHECK(f.mixer.is_spent(note(1)));
    CHECK(f.mixer.unspent() == 0);
    std::string names;
    for (const auto& event : outcome.block.events)
        names += std::string{event.type->name} + ' ';
    CHECK(names == "NativePayment NativePayment Withdrawal MixerMove Mixer ");

    f.expect_refusal(f.relayer, calls, "The note has been already spent");
}

TEST_CASE("tornado: the note is in the witness and nowhere else", "[contracts][mixer]")
{
    MixerFixture f;
    f.deposit(1);
    const auto outcome = f.expect_ok(f.relayer, f.withdrawal(1, {f.bob, f.relayer, 1, {}}));
    const auto& transaction = outcome.block.transactions.front();
    const auto secret = note(1);
    CHECK(contains(transaction.witnesses, secret.nullifier));
    CHECK(contains(transaction.witnesses, secret.secret));
    CHECK_FALSE(contains(transaction.witnesses, nullifier_hash_of(secret)));
    const auto input = transaction.input_bytes();
    CHECK(contains(input, nullifier_hash_of(secret)));
    CHECK(contains(input, f.mixer.root()));
    for (const auto& hidden : {secret.nullifier, secret.secret, commitment_of(secret)})
    {
        CHECK_FALSE(contains(input, hidden));
        CHECK_FALSE(contains(outcome.block.event_bytes, hidden));
    }
    // The hash covers both.
    auto other = transaction;
    other.seal();
    CHECK(other.hash == transaction.hash);
    other.witnesses.back() ^= 1U;
    other.seal();
    CHECK(other.hash != transaction.hash);
    other.witnesses.clear();
    other.seal();
    CHECK(other.hash != transaction.hash);
}

TEST_CASE("tornado: the tree is Tornado's with another hash", "[contracts][mixer]")
{
    MixerFixture f{false, 6};
    std::vector<Hash> leaves;
    CHECK(f.mixer.root() == root_over(leaves, 6));
    CHECK(f.mixer.is_known_root(f.mixer.root()));
    CHECK_FALSE(f.mixer.is_known_root(Hash{}));
    std::vector<Hash> roots{f.mixer.root()};
    for (std::uint64_t i = 0; i < 64; ++i)
    {
        CAPTURE(i);
        f.deposit(i);
        leaves.push_back(commitment_of(note(i)));
        roots.push_back(root_over(leaves, 6));
        REQUIRE(f.mixer.root() == roots.back());
        // Of so many roots the last 30 are known, the constructor's among them.
        for (std::size_t k = 0; k < roots.size(); ++k)
            REQUIRE(f.mixer.is_known_root(roots[k]) == (k + 30 >= roots.size()));
    }
    CallWriter calls;
    f.mixer.add_deposit(calls, note(64));
    f.expect_refusal(f.alice, calls, "Merkle tree is full. No more leaves can be added");
    // Tornado's own constant is this one by the modulus of its field.
    const auto field = Amount::from_decimal(
        "21888242871839275222246405745257275088548364400416034343698204186575808495617");
    const auto zero = Amount::load_big_endian(empty_roots(0).front().bytes);
    CHECK(remainder(zero, field.value()) ==
          Amount::load_big_endian(Hash::from_string(
              "0x2fe54c60d3acabf3343a35b6eba15db4821b340f76e741e2249685ed4899af6c")
                                      ->bytes));
}

TEST_CASE("tornado: refusals in the deployed words and order", "[contracts][mixer]")
{
    MixerFixture f;
    f.deposit(1);
    const auto id = f.mixer.id();
    const auto commitment = commitment_of(note(2));
    f.expect_refusal(f.alice, id, Deposit{commitment_of(note(1)), f.denomination},
        "The commitment has been submitted");
    const std::string_view send = "Please send `mixDenomination` ETH along with transaction";
    f.expect_refusal(f.alice, id, Deposit{commitment, 0}, send);
    f.expect_refusal(f.alice, id, Deposit{commitment, wrapping_sub(f.denomination, 1)}, send);
    f.expect_refusal(f.alice, id, Deposit{commitment, wrapping_add(f.denomination, 1)}, send);
    f.expect_refusal(f.bob, id, Deposit{commitment, f.denomination}, "(no reason)");

    const auto proof = f.mixer.prove(note(1), 0);
    auto call = f.call(1);
    f.expect_refusal(f.bob, id, call, "Invalid withdraw proof");  // Without a witness.
    call.fee = wrapping_add(f.denomination, 1);
    call.root = {};
    f.expect_refusal(f.bob, f.with(call, proof), "Fee exceeds transfer value");
    call.fee = f.denomination;
    f.expect_refusal(f.bob, f.with(call, proof), "Cannot find your merkle root");
    call.root = keccak256(std::string_view{"another"});
    f.expect_refusal(f.bob, f.with(call, proof), "Cannot find your merkle root");

    const std::string_view invalid = "Invalid withdraw proof";
    call = f.call(1);
    auto wrong = proof;
    wrong.leaf_index = 1;
    f.expect_refusal(f.bob, f.with(call, wrong), invalid);
    // The same place but for a bit above the tree: one note, one leaf.
    wrong.leaf_index = 1U << 20U;
    f.expect_refusal(f.bob, f.with(call, wrong), invalid);
    wrong = proof;
    wrong.path[19].bytes[0] ^= 1U;
    f.expect_refusal(f.bob, f.with(call, wrong), invalid);
    wrong = proof;
    wrong.path.pop_back();
    f.expect_refusal(f.bob, f.with(call, wrong), invalid);
    wrong = proof;
    wrong.note.secret.bytes[0] ^= 1U;
    f.expect_refusal(f.bob, f.with(call, wrong), invalid);
    wrong = proof;
    wrong.note.nullifier = note(2).nullifier;
    f.expect_refusal(f.bob, f.with(call, wrong), invalid);
    // Nobody takes a note out twice by calling its nullifier something else.
    call.nullifier_hash = nullifier_hash_of(note(2));
    f.expect_refusal(f.bob, f.with(call, proof), invalid);
    // An inner node is no leaf: a shorter way from it to the root.
    wrong = proof;
    wrong.path.erase(wrong.path.begin());
    f.expect_refusal(f.bob, f.with(call, wrong), invalid);

    call = f.call(1);
    call.recipient = AccountId{12'345};
    f.expect_refusal(f.bob, f.with(call, proof), "no such account");
    call = f.call(1);
    call.relayer = AccountId{12'345};
    f.expect_refusal(f.bob, f.with(call, proof), "no such account");
    call = f.call(1);
    call.refund = 1;
    f.expect_refusal(
        f.alice, f.with(call, proof), "Refund value is supposed to be zero for ETH instance");
    call.value = 1;
    f.expect_refusal(
        f.alice, f.with(call, proof), "Message value is supposed to be zero for ETH instance");

    // All of it may be the fee.
    call = f.call(1);
    call.relayer = f.relayer;
    call.fee = f.denomination;
    f.expect_ok(f.bob, f.with(call, proof));
    CHECK(f.coins(f.relayer) == wrapping_add(f.rich, f.denomination));
}

TEST_CASE("tornado: a token's instance pays refunds for gas", "[contracts][mixer]")
{
    MixerFixture f{true};
    f.expect_refusal(f.alice, f.mixer.id(), Deposit{commitment_of(note(1)), 1},
        "ETH value is supposed to be 0 for ERC20 instance");
    f.expect_refusal(f.bob, f.mixer.id(), Deposit{commitment_of(note(1)), 0},
        "SafeERC20: low-level call failed");
    f.deposit(1);
    CHECK(f.dai.balance(f.mixer.account()) == f.denomination);

    auto call = f.call(1);
    call.refund = 5;
    call.value = 4;
    f.expect_refusal(f.relayer, f.with(call, f.mixer.prove(note(1), 0)),
        "Incorrect refund amount received by the contract");
    f.expect_ok(f.relayer, f.withdrawal(1, {f.bob, f.relayer, 7, 5}));
    CHECK(f.dai.balance(f.bob) == wrapping_sub(f.denomination, 7));
    CHECK(f.dai.balance(f.relayer) == 7);
    CHECK(f.coins(f.bob) == 5);
    CHECK(f.coins(f.relayer) == wrapping_sub(f.rich, 5));
}

TEST_CASE("tornado: whom it pays may not come back in", "[contracts][mixer]")
{
    MixerFixture f;
    f.deposit(1);
    f.deposit(2);
    CallWriter again;
    again.add(f.mixer.id(), Deposit{commitment_of(note(3)), 0});
    f.expect_ok(f.bob, native_coin, RegisterCalls{again.list()});
    f.expect_refusal(
        f.relayer, f.withdrawal(1, {f.bob, f.relayer, 0, {}}), "ReentrancyGuard: reentrant call");
    f.expect_ok(f.bob, native_coin, RegisterCalls{});
    f.expect_ok(f.relayer, f.withdrawal(1, {f.bob, f.relayer, 0, {}}));
}

TEST_CASE("tornado: roots of the same block do", "[contracts][mixer]")
{
    // Proven under a root that 29 deposits have left behind, and one too many.
    MixerFixture f;
    f.deposit(0);
    const auto call = f.call(0);
    const auto proof = f.mixer.prove(note(0), 0);
    for (std::uint64_t i = 1; i < 30; ++i)
        f.deposit(i);
    SECTION("29")
    {
        f.expect_ok(f.relayer, f.with(call, proof));
    }
    SECTION("30")
    {
        f.deposit(30);
        f.expect_refusal(f.relayer, f.with(call, proof), "Cannot find your merkle root");
    }
}

namespace
{
/// Means something in any state: a kind and random numbers.
struct Operation
{
    std::uint32_t kind = 0;
    std::uint32_t note = 0;
    std::uint32_t number = 0;
};

/// A mixer as its documentation has it: sets and a list.
struct Model
{
    std::map<std::uint32_t, std::uint32_t> leaves;  // Of notes that were paid for.
    std::map<std::uint32_t, bool> spent;
    Amount bob;
    Amount relayer;
};

/// Plays operations and says after which one contract and model differ.
std::optional<tests::Broken> play(std::span<const Operation> operations, bool of_token)
{
    constexpr std::uint32_t levels = 10;
    MixerFixture f{of_token, levels};
    Model model;
    struct Old
    {
        std::uint32_t note = 0;
        Withdraw call;
        NoteProof proof;
        std::uint32_t deposits = 0;
    };
    std::vector<Old> old;  // Proofs that somebody has kept.
    const auto holding = [&](AccountId account)
    { return of_token ? f.dai.balance(account) : f.coins(account); };
    const auto relayer_before = holding(f.relayer);
    for (std::size_t i = 0; i < operations.size(); ++i)
    {
        const auto& operation = operations[i];
        const auto which = operation.note % 1'500;
        const auto leaf = model.leaves.find(which);
        const bool is_paid = leaf != model.leaves.end();
        CallWriter calls;
        std::string expected;
        AccountId sender = f.relayer;
        Amount fee;
        std::uint32_t taken = which;
        switch (operation.kind % 8)
        {
            case 0:
            case 1:
            case 2:
                sender = f.alice;
                f.mixer.add_deposit(calls, note(which));
                if (is_paid)
                    expected = "The commitment has been submitted";
                else if (model.leaves.size() == 1U << levels)
                    expected = "Merkle tree is full. No more leaves can be added";
                break;
            case 3:
            case 4:
            case 5: {
                if (!is_paid)
                    continue;
                fee = mul_div_down(f.denomination, operation.number % 1'100, 1'000).value;
                calls = f.withdrawal(which, {f.bob, f.relayer, fee, {}});
                if (fee > f.denomination)
                    expected = "Fee exceeds transfer value";
                else if (model.spent[which])
                    expected = "The note has been already spent";
                break;
            }
            case 6:  // Somebody proves now and sends later.
                if (is_paid && old.size() < 40)
                {
                    old.push_back({which, f.call(which), f.mixer.prove(note(which), leaf->second),
                        f.mixer.deposits()});
                }
                continue;
            default: {
                if (old.empty())
                    continue;
                const auto at = operation.number % old.size();
                const auto kept = old[at];
                old.erase(old.begin() + static_cast<std::ptrdiff_t>(at));
                taken = kept.note;
                auto proof = kept.proof;
                const bool is_forged = operation.number % 5 == 0;
                if (is_forged)  // With another note's leaf.
                    proof.leaf_index ^= 1U + operation.note % 1'023;
                calls = f.with(kept.call, proof);
                if (model.spent[taken])
                    expected = "The note has been already spent";
                else if (f.mixer.deposits() - kept.deposits >= 30)
                    expected = "Cannot find your merkle root";
                else if (is_forged)
                    expected = "Invalid withdraw proof";
                break;
            }
        }
        const auto outcome = f.sandbox.run(sender, calls);
        const auto reason = outcome.ok() ? std::string{} : outcome.receipt.refusal.to_string();
        if (reason != expected)
            return tests::Broken{i, "refused \"" + reason + "\", expected \"" + expected + '"'};
        if (outcome.ok() && sender == f.alice)
            model.leaves.emplace(which, static_cast<std::uint32_t>(model.leaves.size()));
        else if (outcome.ok())
        {
            model.spent[taken] = true;
            model.relayer = wrapping_add(model.relayer, fee);
            model.bob = wrapping_add(model.bob, wrapping_sub(f.denomination, fee));
        }
        const auto unspent =
            model.leaves.size() - static_cast<std::size_t>(std::count_if(model.spent.begin(),
                                      model.spent.end(), [](const auto& is) { return is.second; }));
        if (holding(f.mixer.account()) != wrapping_mul(f.denomination, std::uint64_t{unspent}))
            return tests::Broken{i, "does not hold the denomination for each unspent note"};
        if (holding(f.bob) != model.bob ||
            holding(f.relayer) != wrapping_add(relayer_before, model.relayer))
            return tests::Broken{i, "has paid somebody something else"};
        if (i % 1'000 == 999)
        {
            const auto findings = f.sandbox.world().check_invariants();
            if (!findings.empty())
                return tests::Broken{i, findings.front()};
        }
    }
    return std::nullopt;
}
}  // namespace

// Method: 10^5 operations in ten worlds, against sets and lists; what breaks is shrunk.
TEST_CASE("tornado: every note is paid once, whatever happens", "[contracts][mixer][property]")
{
    std::mt19937_64 random{20'261'130};
    for (int round = 0; round < 10; ++round)
    {
        std::vector<Operation> operations(10'000);
        for (auto& operation : operations)
        {
            operation.kind = static_cast<std::uint32_t>(random());
            operation.note = static_cast<std::uint32_t>(random());
            operation.number = static_cast<std::uint32_t>(random());
        }
        const bool of_token = round % 2 == 1;
        const auto found = tests::find_counterexample(std::move(operations),
            [&](std::span<const Operation> some) { return play(some, of_token); });
        if (!found)
            continue;
        std::string list;
        for (const auto& operation : found->operations)
        {
            list += "{" + std::to_string(operation.kind % 8) + ", " +
                    std::to_string(operation.note % 1'500) + ", " +
                    std::to_string(operation.number) + "} ";
        }
        FAIL(found->what << " after " << list << (of_token ? "of a token" : "of native coins"));
    }
}

}  // namespace runnel::contracts
