#include "contracts/mixers/tornado/tornado.hpp"

#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/mixers/tornado/events.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace runnel::contracts
{

using namespace tornado;
using openzeppelin::safe_2;

namespace
{
/// What of a token's figures native coins do not cost: calls of the token and its slots.
constexpr std::uint64_t native_saves = 30'000;
constexpr std::uint64_t checks_gas = 8'000;          // Three slots that are looked at.
constexpr std::uint64_t verification_gas = 220'000;  // Of a proof.

Amount as_number(const Hash& hash)
{
    return Amount::load_big_endian(hash.bytes);
}
}  // namespace

namespace tornado
{

Hash hash_left_right(const Hash& left, const Hash& right)
{
    Bytes both;
    encode(left, both);
    encode(right, both);
    return keccak256(both);
}

Hash commitment_of(const MixerNote& note)
{
    return hash_left_right(note.nullifier, note.secret);
}

Hash nullifier_hash_of(const MixerNote& note)
{
    return keccak256(ByteView{note.nullifier.bytes});
}

std::vector<Hash> empty_roots(std::uint32_t levels)
{
    std::vector<Hash> roots{keccak256(std::string_view{"tornado"})};
    while (roots.size() <= levels)
        roots.push_back(hash_left_right(roots.back(), roots.back()));
    return roots;
}

}  // namespace tornado

Tornado::Tornado(
    ContractIdentity identity, ContractId token, Amount denomination, std::uint32_t levels)
  : ContractBase{std::move(identity)},
    token_id_{token},
    denomination_{denomination},
    zeros_{empty_roots(levels)},
    state_{name() + ".state"},
    roots_{name() + ".roots"},
    nodes_{name() + ".nodes", KeyOf::sparse_number},
    commitments_{name() + ".commitments"},
    nullifiers_{name() + ".nullifiers"}
{
    RUNNEL_CHECK(levels >= 1 && levels <= levels_max && !denomination.is_zero());
    add_table(state_);
    add_table(roots_);
    add_table(nodes_);
    add_table(commitments_);
    add_table(nullifiers_);
    // Each call writes the state: nobody works beside it.
    roots_.set_guard(state_);
    nodes_.set_guard(state_);
    commitments_.set_guard(state_);
    nullifiers_.set_guard(state_);
}

const ContractType& Tornado::contract_type()
{
    static const std::string tokens = "native|" + std::string{plain_tokens};
    static const ContractType type{.kind = "tornado",
        .help =
            "Mixes one amount of one token: paid in with a note's hash, taken out with the "
            "note by anybody.",
        .role = ContractRole::ledger,
        .sectors = implements<Tornado, Mixer>(),
        .methods = methods(),
        .events = event_types<DepositLog, WithdrawalLog, MixerMove, MixerRow>(),
        .parameters =
            {
                token_parameter("token", tokens, "What it mixes."),
                {"denomination", ParameterKind::amount, "", unit::smallest_unit_of("token"),
                    "What everybody pays in and takes out.", 1, 1e60},
                {"levels", ParameterKind::integer, "20", {},
                    "Of its tree, which has room for 2^levels deposits.", 1, levels_max},
            },
        .create = creator<Tornado>(
            [](const Parameters& parameters)
            {
                return std::tuple{parameters.token("token"), parameters.amount("denomination"),
                    static_cast<std::uint32_t>(parameters.integer("levels"))};
            })};
    return type;
}

void Tornado::connect(World& world)
{
    native_ = dynamic_cast<NativeCoin*>(world.find_contract(native_coin));
    token_ = token_id_ == native_coin ? nullptr : &token_at(world, token_id_);
}

void Tornado::check_invariants(const World& world, Findings& findings) const
{
    const auto held = token_ == nullptr ? world.account_states.get(account()).balance
                                        : token_->holding(account());
    const auto owed = wrapping_mul(denomination_, unspent());
    if (held < owed && (token_ == nullptr || !token_->rebases()))
    {
        findings.push_back(fmt::format("{}: holds {}, {} unspent notes are worth {}", name(),
            held.to_string(), unspent(), owed.to_string()));
    }
    std::uint32_t spent = 0;
    for (const auto place : nullifiers_.keys())
        spent += nullifiers_.record(place).value.is_spent ? 1 : 0;
    if (spent != state().spent || spent > state().next_index)
    {
        findings.push_back(fmt::format("{}: {} notes were taken out of {}, it counts {}", name(),
            spent, state().next_index, state().spent));
    }
    if (state().locked)
        findings.push_back(fmt::format("{}: is locked between transactions", name()));
    // From the leaves alone.
    std::vector<Hash> level;
    for (std::uint32_t i = 0; i < state().next_index; ++i)
        level.push_back(node(0, i));
    for (std::uint32_t i = 0; i < levels(); ++i)
    {
        if (level.size() % 2 == 1)
            level.push_back(zeros_[i]);
        for (std::size_t k = 0; k < level.size() / 2; ++k)
            level[k] = hash_left_right(level[2 * k], level[2 * k + 1]);
        level.resize(level.size() / 2);
    }
    if (root() != (level.empty() ? zeros_.back() : level.front()))
        findings.push_back(fmt::format("{}: the root is not that of its leaves", name()));
}

// ---- Views ----

Hash Tornado::node(std::uint32_t level, std::uint32_t number) const
{
    const auto& hash = nodes_.get(node_key(level, number)).hash;
    return hash == Hash{} ? zeros_[level] : hash;
}

Hash Tornado::root() const
{
    return state().next_index == 0 ? zeros_.back() : roots_.get(state().root_index).hash;
}

bool Tornado::is_known_root(const Hash& root) const
{
    return is_known(root, state(), [this](std::uint32_t i) { return roots_.get(i).hash; });
}

std::optional<std::uint32_t> Tornado::deposit_of(const MixerNote& note) const
{
    const auto number = commitments_.get(commitment_of(note)).number;
    return number == 0 ? std::nullopt : std::optional{number - 1};
}

NoteProof Tornado::prove(const MixerNote& note, std::uint32_t leaf_index) const
{
    NoteProof proof{note, leaf_index, {}};
    for (std::uint32_t level = 0; level < levels(); ++level)
        proof.path.push_back(node(level, (leaf_index >> level) ^ 1U));
    return proof;
}

CallGas Tornado::deposit_gas() const noexcept
{
    return {Deposit::gas - (token_ == nullptr ? native_saves : 0), 0};
}

CallGas Tornado::withdraw_gas() const noexcept
{
    return {Withdraw::gas - (token_ == nullptr ? native_saves : 0), 0};
}

void Tornado::add_deposit(CallWriter& calls, const MixerNote& note) const
{
    calls.add(id(), Deposit{commitment_of(note), token_ == nullptr ? denomination_ : Amount{}});
}

void Tornado::add_withdraw(
    CallWriter& calls, const MixerNote& note, const MixerPayout& payout) const
{
    const auto leaf = deposit_of(note);
    RUNNEL_CHECK(leaf.has_value());
    Bytes witness;
    encode(prove(note, *leaf), witness);
    const auto proof = calls.add_witness(witness);
    calls.add(id(), Withdraw{proof, root(), nullifier_hash_of(note), payout.recipient,
                        payout.relayer, payout.fee, payout.refund, payout.refund});
}

// ---- Calls ----

void Tornado::declare(const Deposit&, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    if (token_ == nullptr)
        native_->declare(NativeTransfer{account(), 0}, sender, access);
    else
        token_->declare_transfer_from(access, account(), sender, account());
}

void Tornado::declare(const Withdraw& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    if (!call.value.is_zero())
        native_->declare(NativeTransfer{account(), 0}, sender, access);
    for (const auto to : {call.recipient, call.relayer})
    {
        if (token_ != nullptr)
            token_->declare_transfer(access, account(), to);
        if (token_ == nullptr || !call.refund.is_zero())
            native_->declare_pay(access, account(), to);
    }
}

Result<State*> Tornado::enter(CallContext& context, const Amount& value)
{
    if (!value.is_zero())
        RUNNEL_TRY(native_->move(context, account(), value));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(!state.locked, Refusal::error("ReentrancyGuard: reentrant call"));
    state.locked = true;
    if (token_ == nullptr)
        context.save_gas(native_saves);
    return &state;
}

Result<std::uint32_t> Tornado::insert(CallContext& context, State& state, const Hash& commitment)
{
    const auto leaf = state.next_index;
    RUNNEL_REQUIRE(
        leaf != 1U << levels(), Refusal::error("Merkle tree is full. No more leaves can be added"));
    auto hash = commitment;
    for (std::uint32_t level = 0; level < levels(); ++level)
    {
        const auto number = leaf >> level;
        context.write(nodes_, node_key(level, number)).hash = hash;
        // To the right of the newest leaf there is nothing yet.
        hash = number % 2 == 0
                   ? hash_left_right(hash, zeros_[level])
                   : hash_left_right(context.read(nodes_, node_key(level, number - 1)).hash, hash);
    }
    state.root_index = (state.root_index + 1) % root_history_size;
    context.write(roots_, state.root_index).hash = hash;
    ++state.next_index;
    return leaf;
}

Result<Returns> Tornado::execute(const Deposit& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(enter(context, call.value));
    RUNNEL_REQUIRE(context.read(commitments_, call.commitment).number == 0,
        Refusal::error("The commitment has been submitted"));
    const auto leaf = RUNNEL_TRY(insert(context, state, call.commitment));
    context.write(commitments_, call.commitment).number = leaf + 1;
    if (token_ == nullptr)
    {
        RUNNEL_REQUIRE(call.value == denomination_,
            Refusal::error("Please send `mixDenomination` ETH along with transaction"));
    }
    else
    {
        RUNNEL_REQUIRE(call.value.is_zero(),
            Refusal::error("ETH value is supposed to be 0 for ERC20 instance"));
        RUNNEL_TRY(safe_2(token_->transfer_from(
            context.as(account()), context.sender(), account(), denomination_)));
    }
    context.emit(id(), DepositLog{as_number(call.commitment), leaf, context.block().timestamp});
    context.emit(id(), MixerMove{MixerMoveType::deposit, context.sender(), token_id_, denomination_,
                           zero_account, {}});
    state.locked = false;
    return Returns{};
}

bool Tornado::is_proven(CallContext& context, const Withdraw& call) const
{
    NoteProof proof;
    if (!decode(context.witness(call.proof), proof) || proof.path.size() != levels() ||
        proof.leaf_index >= 1U << levels() || nullifier_hash_of(proof.note) != call.nullifier_hash)
        return false;
    auto hash = commitment_of(proof.note);
    for (std::uint32_t level = 0; level < levels(); ++level)
    {
        const auto& sibling = proof.path[level];
        hash = (proof.leaf_index >> level) % 2 == 0 ? hash_left_right(hash, sibling)
                                                    : hash_left_right(sibling, hash);
    }
    return hash == call.root;
}

Result<void> Tornado::pay(CallContext& context, const Withdraw& call)
{
    const auto own = context.as(account());
    const auto rest = wrapping_sub(denomination_, call.fee);
    if (token_ == nullptr)
    {
        RUNNEL_REQUIRE(call.value.is_zero(),
            Refusal::error("Message value is supposed to be zero for ETH instance"));
        RUNNEL_REQUIRE(call.refund.is_zero(),
            Refusal::error("Refund value is supposed to be zero for ETH instance"));
        RUNNEL_TRY(native_->pay(own, call.recipient, rest));
        if (!call.fee.is_zero())
            RUNNEL_TRY(native_->pay(own, call.relayer, call.fee));
        return {};
    }
    RUNNEL_REQUIRE(call.value == call.refund,
        Refusal::error("Incorrect refund amount received by the contract"));
    RUNNEL_TRY(safe_2(token_->transfer(own, call.recipient, rest)));
    if (!call.fee.is_zero())
        RUNNEL_TRY(safe_2(token_->transfer(own, call.relayer, call.fee)));
    if (!call.refund.is_zero())
        RUNNEL_TRY(native_->pay(own, call.recipient, call.refund));
    return {};
}

Result<Returns> Tornado::execute(const Withdraw& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    RUNNEL_TRY(require_account(context.world(), call.relayer));
    auto& state = *RUNNEL_TRY(enter(context, call.value));
    RUNNEL_REQUIRE(call.fee <= denomination_, Refusal::error("Fee exceeds transfer value"));
    context.use_gas(checks_gas);
    RUNNEL_REQUIRE(!context.read(nullifiers_, call.nullifier_hash).is_spent,
        Refusal::error("The note has been already spent"));
    const auto is_there =
        is_known(call.root, state, [&](std::uint32_t i) { return context.read(roots_, i).hash; });
    RUNNEL_REQUIRE(is_there, Refusal::error("Cannot find your merkle root"));
    context.use_gas(verification_gas);
    RUNNEL_REQUIRE(is_proven(context, call), Refusal::error("Invalid withdraw proof"));
    context.write(nullifiers_, call.nullifier_hash).is_spent = true;
    ++state.spent;
    RUNNEL_TRY(pay(context, call));
    context.emit(id(),
        WithdrawalLog{call.recipient, as_number(call.nullifier_hash), call.relayer, call.fee});
    context.emit(id(), MixerMove{MixerMoveType::withdrawal, call.recipient, token_id_,
                           denomination_, call.relayer, call.fee});
    state.locked = false;
    return Returns{};
}

}  // namespace runnel::contracts
