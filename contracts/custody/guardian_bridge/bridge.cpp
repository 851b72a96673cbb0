#include "contracts/custody/guardian_bridge/bridge.hpp"

#include "contracts/kit/safe_erc20.hpp"
#include "contracts/kit/token_book.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace runnel::contracts
{

using namespace guardian_bridge;
using openzeppelin::safe_3;

namespace
{
constexpr std::uint64_t day_seconds = 86'400;
constexpr std::uint32_t bps_whole = 10'000;
/// What of a token's figures native coins do not cost: calls of the token and its slots.
constexpr std::uint64_t native_saves = 30'000;
constexpr std::uint64_t checks_gas = 12'000;  // Of a release: four slots that are looked at.

template <typename Call>
Message message_of(const Call& call)
{
    return {call.number, call.is_return, call.from, call.to, call.amount, call.fee, call.sent_at};
}
template <typename Call>
Call call_of(const Message& message)
{
    return {message.number, message.is_return, message.from, message.to, message.amount,
        message.fee, message.sent_at};
}
Amount as_number(const Hash& hash)
{
    return Amount::load_big_endian(hash.bytes);
}
void add(Amount& to, const Amount& amount)
{
    to = wrapping_add(to, amount);
}
void take(Amount& from, const Amount& amount)
{
    from = wrapping_sub(from, amount);
}
}  // namespace

GuardianBridge::GuardianBridge(ContractIdentity identity, Terms terms)
  : ContractBase{std::move(identity)},
    terms_{std::move(terms)},
    state_{name() + ".state"},
    sent_{name() + ".sent"},
    received_{name() + ".received"}
{
    RUNNEL_CHECK(terms_.quorum >= 1 && terms_.quorum <= terms_.guardian_count &&
                 terms_.guardian_count <= guardians_max);
    // Whoever looks at transfers has changed the books first; attesting looks at neither.
    sent_.set_guard(state_);
    add_table(state_);
    add_table(sent_);
    add_table(received_);
}

void GuardianBridge::connect(World& world)
{
    world_ = &world;
    coin_ = dynamic_cast<NativeCoin*>(world.find_contract(native_coin));
    home_ = terms_.home_token == native_coin ? nullptr : &token_at(world, terms_.home_token);
    bridged_ = &token_at(world, terms_.bridged_token);
    issued_ = dynamic_cast<IssuedToken*>(world.find_contract(terms_.bridged_token));
    RUNNEL_CHECK(issued_ != nullptr);
    issued_->join(*this);
    const auto decimals = [&](ContractId token)
    { return world.contract(token).token_info().value().decimals; };
    has_same_decimals_ = decimals(terms_.home_token) == decimals(terms_.bridged_token);
    guardians_.clear();
    for (std::uint32_t i = 0; i < terms_.guardian_count; ++i)
    {
        const auto guardian = world.find_account(fmt::format("{}/{}", terms_.guardians, i));
        guardians_.push_back(guardian.value_or(zero_account));
    }
    pauser_ = world.find_account(terms_.pauser).value_or(zero_account);
}

void GuardianBridge::genesis(const Parameters&, GenesisBuilder& builder)
{
    for (std::uint32_t i = 0; i < terms_.guardian_count; ++i)
        builder.account(fmt::format("{}/{}", terms_.guardians, i), "wallet");
    builder.account(terms_.pauser, "wallet");
    connect(builder.world());
}

void GuardianBridge::back(World& world, const Amount& value)
{
    auto& state = state_.at(0);
    add(state.locked, value);
    add(state.minted, value);
    if (home_ != nullptr)
    {
        const bool given = home_->allocate(world, account(), value);
        RUNNEL_CHECK(given);
        return;
    }
    add(world.native_supply.at(0), value);
    add(world.account_states.at(account()).balance, value);
}

void GuardianBridge::check_invariants(const World& world, Findings& findings) const
{
    const auto& books = state();
    const auto paid = wrapping_add(books.locked, books.forged);
    const auto owed = wrapping_add(books.minted, wrapping_add(books.out, books.back));
    if (paid != owed)
    {
        findings.push_back(fmt::format("{}: {} is locked or forged, {} is minted or in flight",
            name(), paid.to_string(), owed.to_string()));
    }
    Amount out;
    Amount back;
    std::uint64_t first = books.sent;
    for (std::uint64_t number = books.sent; number-- > 0;)
    {
        const auto& sent = sent_.get(number);
        if (sent.status != BridgeStatus::in_flight)
            continue;
        add(sent.is_return ? back : out, sent.amount);
        first = number;
    }
    if (out != books.out || back != books.back || first != books.first_in_flight)
    {
        findings.push_back(
            fmt::format("{}: what is in flight is not the sum of the transfers", name()));
    }
    const auto held =
        home_ == nullptr ? world.account_states.get(account()).balance : home_->holding(account());
    if (held < books.locked && (home_ == nullptr || !home_->rebases()))
    {
        findings.push_back(fmt::format(
            "{}: holds {}, its books say {}", name(), held.to_string(), books.locked.to_string()));
    }
    for (const auto place : received_.keys())
    {
        const auto& received = received_.record(place).value;
        const auto count = static_cast<std::uint32_t>(std::popcount(received.guardians));
        if (received.is_released && count < terms_.quorum)
            findings.push_back(fmt::format("{}: released what {} attested to", name(), count));
    }
}

// ---- Views ----

Hash GuardianBridge::message_id(const Message& message) const
{
    Bytes text;
    Encoder encoder{text};
    encoder.put(world_->account(account()).address);
    encoder.put(message.number);
    encoder.put(message.is_return);
    encoder.put(world_->account(message.from).address);
    encoder.put(world_->account(message.to).address);
    encoder.put(message.amount);
    encoder.put(message.fee);
    encoder.put(message.sent_at);
    return keccak256(ByteView{text});
}

Message GuardianBridge::message(std::uint64_t number) const
{
    const auto& sent = sent_.get(number);
    return {number, sent.is_return, sent.from, sent.to, sent.amount, sent.fee, sent.sent_at};
}

BridgeTransfer GuardianBridge::transfer(std::uint64_t number) const
{
    const auto& sent = sent_.get(number);
    BridgeTransfer transfer{number, sent.is_return, sent.from, sent.to, sent.amount, sent.fee,
        sent.sent_at, sent.sent_at + terms_.expiry_seconds, 0, 0, sent.status};
    const auto& received = received_.get(message_id(message(number)));
    transfer.attestations = static_cast<std::uint32_t>(std::popcount(received.guardians));
    if (transfer.attestations >= terms_.quorum)
        transfer.ready_at = received.attested_at + terms_.delay_seconds;
    return transfer;
}

bool GuardianBridge::has_attested(std::uint64_t number, AccountId guardian) const
{
    const auto place = guardian_number(guardian);
    return place && (received_.get(message_id(message(number))).guardians >> *place & 1U) != 0;
}

Amount GuardianBridge::fee(const Amount& amount) const
{
    const auto share = mul_div_up(amount, terms_.fee_bps, bps_whole);
    const auto sum = Checked{terms_.fee} + share.value;
    return sum.ok() ? sum.value : Amount::max();
}

Amount GuardianBridge::room(bool is_return, std::uint64_t at) const
{
    if (terms_.daily_limit.is_zero())
        return Amount::max();
    const auto& books = state();
    const auto& today = is_return ? books.released_back : books.released_out;
    const auto used = books.day == at / day_seconds ? today : Amount{};
    return used < terms_.daily_limit ? wrapping_sub(terms_.daily_limit, used) : Amount{};
}

std::optional<std::uint32_t> GuardianBridge::guardian_number(AccountId account) const noexcept
{
    const auto found = std::find(guardians_.begin(), guardians_.end(), account);
    if (account == zero_account || found == guardians_.end())
        return std::nullopt;
    return static_cast<std::uint32_t>(found - guardians_.begin());
}

CallGas GuardianBridge::send_gas(bool is_return) const noexcept
{
    return {Send::gas - (home_ == nullptr && !is_return ? native_saves : 0), 0};
}

CallGas GuardianBridge::release_gas() const noexcept
{
    return {Release::gas, 0};
}

void GuardianBridge::add_send(
    CallWriter& calls, bool is_return, AccountId to, const Amount& amount) const
{
    const bool pays_coins = home_ == nullptr && !is_return;
    calls.add(id(), Send{is_return, to, amount, pays_coins ? amount : Amount{}});
}

void GuardianBridge::add_attest(CallWriter& calls, std::uint64_t number) const
{
    calls.add(id(), call_of<Attest>(message(number)));
}

void GuardianBridge::add_release(CallWriter& calls, std::uint64_t number) const
{
    calls.add(id(), call_of<Release>(message(number)));
}

void GuardianBridge::add_refund(CallWriter& calls, std::uint64_t number) const
{
    calls.add(id(), Refund{number});
}

BridgeMove GuardianBridge::move(
    BridgeMoveType type, const Message& message, AccountId relayer) const
{
    return {type, as_number(message_id(message)), message.number, message.from, message.to,
        terms_.home_token, terms_.bridged_token, message.amount, relayer, message.fee};
}

// ---- What calls may touch ----

// Calls but `attest` take turns, as each changes the books; attestations to different messages run
// side by side.

bool GuardianBridge::declare_message(AccessCollector& access, const Message& message) const
{
    const auto count = access.world().account_count();
    if (index(message.from) >= count || index(message.to) >= count)
        return false;
    access.write(received_, message_id(message));
    return true;
}

void GuardianBridge::declare_pay_home(AccessCollector& access, AccountId to) const
{
    if (home_ == nullptr)
        coin_->declare_pay(access, account(), to);
    else
        home_->declare_transfer(access, account(), to);
}

void GuardianBridge::declare(const Send& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    if (call.is_return)
    {
        bridged_->declare_transfer_from(access, account(), sender, account());
        issued_->declare_burn(access, account());
    }
    else if (home_ == nullptr)
    {
        coin_->declare(NativeTransfer{account(), 0}, sender, access);
    }
    else
    {
        home_->declare_transfer_from(access, account(), sender, account());
        home_->declare_holding(access, account());
    }
}

void GuardianBridge::declare(const Attest& call, AccountId, AccessCollector& access) const
{
    declare_message(access, message_of(call));
}

void GuardianBridge::declare(const Release& call, AccountId sender, AccessCollector& access) const
{
    if (!declare_message(access, message_of(call)))
        return;
    access.write(state_, 0);
    for (const auto payee : {call.to, sender})
    {
        if (call.is_return)
            declare_pay_home(access, payee);
        else
            issued_->declare_mint(access, account(), payee);
    }
}

void GuardianBridge::declare(const Refund& call, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    if (call.number >= state().sent)
        return;
    const auto& sent = sent_.get(call.number);
    if (sent.is_return)
        issued_->declare_mint(access, account(), sent.from);
    else
        declare_pay_home(access, sent.from);
}

void GuardianBridge::declare(const SetPaused&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

// ---- Sending ----

Result<void> GuardianBridge::lock(CallContext& context, const Send& call)
{
    if (home_ == nullptr)
    {
        RUNNEL_REQUIRE(
            call.value == call.amount, Refusal::error("GuardianBridge: value is not the amount"));
        context.save_gas(native_saves);
        return coin_->move(context, account(), call.value);
    }
    const auto before = home_->holding(context, account());
    RUNNEL_TRY(safe_3(
        home_->transfer_from(context.as(account()), context.sender(), account(), call.amount)));
    RUNNEL_REQUIRE(home_->holding(context, account()) == wrapping_add(before, call.amount),
        Refusal::error("GuardianBridge: token did not arrive in full"));
    return {};
}

Result<void> GuardianBridge::burn(CallContext& context, const Amount& amount)
{
    RUNNEL_TRY(safe_3(
        bridged_->transfer_from(context.as(account()), context.sender(), account(), amount)));
    return issued_->burn(context.as(account()), amount);
}

Result<Returns> GuardianBridge::execute(const Send& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.to));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(!state.is_paused, Refusal::error("GuardianBridge: paused"));
    RUNNEL_REQUIRE(has_same_decimals_, Refusal::error("GuardianBridge: decimals differ"));
    RUNNEL_REQUIRE(!call.amount.is_zero(), Refusal::error("GuardianBridge: nothing to send"));
    const auto kept = fee(call.amount);
    RUNNEL_REQUIRE(kept < call.amount, Refusal::error("GuardianBridge: fee exceeds the amount"));
    if (call.is_return)
    {
        RUNNEL_REQUIRE(
            call.value.is_zero(), Refusal::error("GuardianBridge: value is not the amount"));
        // More is there only if another minter has made it.
        RUNNEL_REQUIRE(
            call.amount <= state.minted, Refusal::error("GuardianBridge: not enough locked"));
        RUNNEL_TRY(burn(context, call.amount));
        take(state.minted, call.amount);
        add(state.back, call.amount);
    }
    else
    {
        RUNNEL_REQUIRE(home_ == nullptr || call.value.is_zero(),
            Refusal::error("GuardianBridge: value is not the amount"));
        RUNNEL_TRY(lock(context, call));
        state.locked = RUNNEL_TRY(Checked{state.locked} + call.amount);
        add(state.out, call.amount);
    }
    const Message message{state.sent, call.is_return, context.sender(), call.to, call.amount, kept,
        context.block().timestamp};
    context.write(sent_, state.sent) = {message.is_return, message.from, message.to, message.amount,
        message.fee, message.sent_at, BridgeStatus::in_flight};
    ++state.sent;
    context.emit(id(),
        move(call.is_return ? BridgeMoveType::burn : BridgeMoveType::lock, message, zero_account));
    return Returns{Amount{message.number}};
}

// ---- Releasing ----

Result<Returns> GuardianBridge::execute(const Attest& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.from));
    RUNNEL_TRY(require_account(context.world(), call.to));
    const auto place = guardian_number(context.sender());
    RUNNEL_REQUIRE(place.has_value(), Refusal::error("GuardianBridge: not a guardian"));
    const auto message = message_of(call);
    const auto message_hash = message_id(message);
    auto& received = context.write(received_, message_hash);
    const auto mine = std::uint64_t{1} << *place;
    RUNNEL_REQUIRE(
        (received.guardians & mine) == 0, Refusal::error("GuardianBridge: already attested"));
    RUNNEL_REQUIRE(!received.is_released, Refusal::error("GuardianBridge: already released"));
    RUNNEL_REQUIRE(
        call.fee < call.amount, Refusal::error("GuardianBridge: fee exceeds the amount"));
    received.guardians |= mine;
    const auto count = static_cast<std::uint32_t>(std::popcount(received.guardians));
    if (count == terms_.quorum)
        received.attested_at = context.block().timestamp;
    context.emit(id(), BridgeAttestation{as_number(message_hash), call.number, context.sender(),
                           count, terms_.quorum});
    return Returns{Amount{count}};
}

Result<void> GuardianBridge::pay_home(CallContext& context, AccountId to, const Amount& amount)
{
    if (amount.is_zero())
        return {};
    auto own = context.as(account());
    if (home_ == nullptr)
        return coin_->pay(own, to, amount);
    return safe_3(home_->transfer(own, to, amount));
}

Result<void> GuardianBridge::mint(CallContext& context, AccountId to, const Amount& amount)
{
    if (amount.is_zero())
        return {};
    return issued_->mint(context.as(account()), to, amount);
}

Result<void> GuardianBridge::count_released(
    CallContext& context, State& state, bool is_return, const Amount& amount)
{
    const auto today = context.block().timestamp / day_seconds;
    if (state.day != today)
    {
        state.day = today;
        state.released_out = {};
        state.released_back = {};
    }
    auto& released = is_return ? state.released_back : state.released_out;
    const Amount sum = RUNNEL_TRY(Checked{released} + amount);
    RUNNEL_REQUIRE(terms_.daily_limit.is_zero() || sum <= terms_.daily_limit,
        Refusal::error("GuardianBridge: above the daily limit"));
    released = sum;
    return {};
}

void GuardianBridge::finish(
    CallContext& context, State& state, std::uint64_t number, BridgeStatus status)
{
    context.write(sent_, number).status = status;
    while (state.first_in_flight < state.sent &&
           context.read(sent_, state.first_in_flight).status != BridgeStatus::in_flight)
        ++state.first_in_flight;
}

bool GuardianBridge::settle(CallContext& context, State& state, const Message& message)
{
    if (message.number >= state.sent)
        return false;
    const auto sent = context.read(sent_, message.number);
    const Message known{
        message.number, sent.is_return, sent.from, sent.to, sent.amount, sent.fee, sent.sent_at};
    if (sent.status != BridgeStatus::in_flight || known != message)
        return false;
    take(message.is_return ? state.back : state.out, message.amount);
    finish(context, state, message.number, BridgeStatus::released);
    return true;
}

Result<Returns> GuardianBridge::execute(const Release& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.from));
    RUNNEL_TRY(require_account(context.world(), call.to));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(!state.is_paused, Refusal::error("GuardianBridge: paused"));
    context.use_gas(checks_gas);
    const auto message = message_of(call);
    auto& received = context.write(received_, message_id(message));
    const auto count = static_cast<std::uint32_t>(std::popcount(received.guardians));
    RUNNEL_REQUIRE(count >= terms_.quorum, Refusal::error("GuardianBridge: not attested"));
    RUNNEL_REQUIRE(!received.is_released, Refusal::error("GuardianBridge: already released"));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(now >= received.attested_at + terms_.delay_seconds,
        Refusal::error("GuardianBridge: too early"));
    // A time in the far future is a forger's, and never expires.
    RUNNEL_REQUIRE(call.sent_at > now || now - call.sent_at < terms_.expiry_seconds,
        Refusal::error("GuardianBridge: expired"));
    RUNNEL_TRY(count_released(context, state, call.is_return, call.amount));
    received.is_released = true;
    if (!settle(context, state, message))
        state.forged = RUNNEL_TRY(Checked{state.forged} + call.amount);
    const auto rest = wrapping_sub(call.amount, call.fee);
    if (call.is_return)
    {
        RUNNEL_REQUIRE(
            call.amount <= state.locked, Refusal::error("GuardianBridge: not enough locked"));
        take(state.locked, call.amount);
        RUNNEL_TRY(pay_home(context, call.to, rest));
        RUNNEL_TRY(pay_home(context, context.sender(), call.fee));
    }
    else
    {
        state.minted = RUNNEL_TRY(Checked{state.minted} + call.amount);
        RUNNEL_TRY(mint(context, call.to, rest));
        RUNNEL_TRY(mint(context, context.sender(), call.fee));
    }
    context.emit(id(), move(call.is_return ? BridgeMoveType::unlock : BridgeMoveType::mint, message,
                           context.sender()));
    return Returns{rest};
}

// ---- When it went wrong ----

Result<Returns> GuardianBridge::execute(const Refund& call, CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(call.number < state.sent, Refusal::error("GuardianBridge: no such transfer"));
    const auto sent = context.read(sent_, call.number);
    RUNNEL_REQUIRE(
        sent.status == BridgeStatus::in_flight, Refusal::error("GuardianBridge: not in flight"));
    RUNNEL_REQUIRE(context.block().timestamp >= sent.sent_at + terms_.expiry_seconds,
        Refusal::error("GuardianBridge: not expired"));
    take(sent.is_return ? state.back : state.out, sent.amount);
    finish(context, state, call.number, BridgeStatus::refunded);
    if (sent.is_return)
    {
        add(state.minted, sent.amount);
        RUNNEL_TRY(mint(context, sent.from, sent.amount));
    }
    else
    {
        RUNNEL_REQUIRE(
            sent.amount <= state.locked, Refusal::error("GuardianBridge: not enough locked"));
        take(state.locked, sent.amount);
        RUNNEL_TRY(pay_home(context, sent.from, sent.amount));
    }
    const Message message{
        call.number, sent.is_return, sent.from, sent.to, sent.amount, sent.fee, sent.sent_at};
    context.emit(
        id(), move(sent.is_return ? BridgeMoveType::refund_burn : BridgeMoveType::refund_lock,
                  message, zero_account));
    return Returns{sent.amount};
}

Result<Returns> GuardianBridge::execute(const SetPaused& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == pauser_, Refusal::error("GuardianBridge: not the pauser"));
    context.write(state_, 0).is_paused = call.is_paused;
    return Returns{};
}

}  // namespace runnel::contracts
