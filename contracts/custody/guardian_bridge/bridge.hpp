#pragma once

#include "contracts/kit/sectors/bridge.hpp"
#include "contracts/kit/sectors/issued_token.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace runnel::contracts
{

class NativeCoin;

namespace guardian_bridge
{

/// Locks home tokens, or burns what was minted for them; the other side is for @p to.
struct Send
{
    RUNNEL_CALL("send", 0, 135'000);

    bool is_return = false;  // Burns.
    AccountId to{};
    Amount amount;
    Amount value;  // Native coins that come with the call: the amount if they are locked, else 0.
    RUNNEL_FIELDS(is_return, to, (amount, smallest_unit_of_its("home_token")), (value, wei));
};

/// What guardians sign: says all that the other side has to know.
struct Message
{
    std::uint64_t number = 0;
    bool is_return = false;
    AccountId from{};
    AccountId to{};
    Amount amount;
    Amount fee;
    std::uint64_t sent_at = 0;
    RUNNEL_FIELDS(number, is_return, from, to, (amount, smallest_unit_of_its("home_token")),
        (fee, smallest_unit_of_its("home_token")), (sent_at, unix_seconds));

    friend bool operator==(const Message&, const Message&) = default;
};

/// Says that a message was sent; a guardian's. Whether it was the contract does not look: on
/// mainnet it cannot.
struct Attest
{
    RUNNEL_CALL("attest", 1, 75'000);

    std::uint64_t number = 0;
    bool is_return = false;
    AccountId from{};
    AccountId to{};
    Amount amount;
    Amount fee;
    std::uint64_t sent_at = 0;
    RUNNEL_FIELDS(number, is_return, from, to, (amount, smallest_unit_of_its("home_token")),
        (fee, smallest_unit_of_its("home_token")), (sent_at, unix_seconds));
};

/// Pays what a message says, once; anybody's, who has the fee.
struct Release
{
    RUNNEL_CALL("release", 2, 150'000);

    std::uint64_t number = 0;
    bool is_return = false;
    AccountId from{};
    AccountId to{};
    Amount amount;
    Amount fee;
    std::uint64_t sent_at = 0;
    RUNNEL_FIELDS(number, is_return, from, to, (amount, smallest_unit_of_its("home_token")),
        (fee, smallest_unit_of_its("home_token")), (sent_at, unix_seconds));
};

/// Gives a transfer that has expired back to its sender; anybody's.
struct Refund
{
    RUNNEL_CALL("refund", 3, 85'000);

    std::uint64_t number = 0;
    RUNNEL_FIELDS(number);
};

/// Stops sending and releasing, or lets them go on; the pauser's.
struct SetPaused
{
    RUNNEL_CALL("setPaused", 4, 30'000);

    bool is_paused = false;
    RUNNEL_FIELDS(is_paused);
};

struct State
{
    std::uint64_t sent = 0;
    std::uint64_t first_in_flight = 0;
    Amount locked;
    Amount minted;
    Amount out;             // In flight: locked, and not minted yet,
    Amount back;            // burnt, and not unlocked yet.
    Amount forged;          // Released for messages that nobody had sent.
    std::uint64_t day = 0;  // Since 1970, in which something was released last,
    Amount released_out;    // and how much of it,
    Amount released_back;   // by direction.
    bool is_paused = false;
    RUNNEL_FIELDS((sent, other("transfers")), first_in_flight,
        (locked, smallest_unit_of_its("home_token")),
        (minted, smallest_unit_of_its("bridged_token")), (out, smallest_unit_of_its("home_token")),
        (back, smallest_unit_of_its("home_token")), (forged, smallest_unit_of_its("home_token")),
        day, (released_out, smallest_unit_of_its("home_token")),
        (released_back, smallest_unit_of_its("home_token")), is_paused);
};

struct Sent
{
    bool is_return = false;
    AccountId from{};
    AccountId to{};
    Amount amount;
    Amount fee;
    std::uint64_t sent_at = 0;
    BridgeStatus status{};
    RUNNEL_FIELDS(is_return, from, to, (amount, smallest_unit_of_its("home_token")),
        (fee, smallest_unit_of_its("home_token")), (sent_at, unix_seconds), status);
};

struct Received
{
    std::uint64_t guardians = 0;    // A bit for each who has attested.
    std::uint64_t attested_at = 0;  // By as many as must.
    bool is_released = false;
    RUNNEL_FIELDS((guardians, other("a bit for each")), (attested_at, unix_seconds), is_released);
};

struct Terms
{
    ContractId home_token{};
    ContractId bridged_token{};
    std::string guardians;  // Their group.
    std::uint32_t guardian_count = 0;
    std::uint32_t quorum = 0;
    std::string pauser;
    std::uint64_t delay_seconds = 0;
    std::uint64_t expiry_seconds = 0;
    Amount daily_limit;  // 0: none.
    Amount fee;
    std::uint32_t fee_bps = 0;
};

inline constexpr std::uint32_t guardians_max = 64;

}  // namespace guardian_bridge

/// A bridge between the ledger's tokens and those of a second domain, which are tokens of the same
/// ledger: what is locked here is minted there, what is burnt there is unlocked here.
///
///     send     home:   locks `amount`             number of the transfer
///              remote: burns `amount`
///     attest   m of n guardians sign the message (number, direction, from, to, amount, fee, time)
///     release  after `delay`, before `expiry`: amount - fee to `to`, the fee to whoever releases;
///              at most `daily_limit` a day (UTC) and direction; each message once
///     refund   from `expiry` on, if it was not released: all of it back to who sent it
///
///     message = keccak(bridge, number, direction, from, to, amount, fee, time)
///     fee     = fee + amount * fee_bps / 10'000, rounded up
///
/// The releasing side believes guardians and looks at nothing else, as bridges do that secure one
/// chain's money by another chain's keys: whoever has a quorum's keys is paid for what nobody sent.
/// The books count that apart:
///
///     locked + forged = minted + out + back
///
/// so nothing forged means locked >= minted. Units: both tokens have as many decimals, and one is
/// worth the other. Errors, in this order: GuardianBridge: and paused; nothing to send; fee exceeds
/// the amount; not a guardian; already attested; already released; not attested; too early;
/// expired; above the daily limit; not enough locked; no such transfer; not in flight; not expired;
/// not the pauser; value is not the amount; token did not arrive in full; decimals differ; those
/// of the tokens. docs/bridge.md says which bridges of mainnet it stands for.
class GuardianBridge
  : public ContractBase<GuardianBridge, guardian_bridge::Send, guardian_bridge::Attest,
        guardian_bridge::Release, guardian_bridge::Refund, guardian_bridge::SetPaused>,
    public Bridge,
    public TokenBacker
{
public:
    GuardianBridge(ContractIdentity identity, guardian_bridge::Terms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override { snapshot_bridge(*this, context); }
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] Hash message_id(const guardian_bridge::Message& message) const;
    /// What a transfer says to the other side.
    [[nodiscard]] guardian_bridge::Message message(std::uint64_t number) const;

    // Bridge.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId home_token() const noexcept override { return terms_.home_token; }
    [[nodiscard]] ContractId bridged_token() const noexcept override
    {
        return terms_.bridged_token;
    }
    [[nodiscard]] std::span<const AccountId> guardians() const noexcept override
    {
        return guardians_;
    }
    [[nodiscard]] std::uint32_t quorum() const noexcept override { return terms_.quorum; }
    [[nodiscard]] bool is_paused() const override { return state().is_paused; }
    [[nodiscard]] std::uint64_t sent() const override { return state().sent; }
    [[nodiscard]] std::uint64_t first_in_flight() const override { return state().first_in_flight; }
    [[nodiscard]] BridgeTransfer transfer(std::uint64_t number) const override;
    [[nodiscard]] bool has_attested(std::uint64_t number, AccountId guardian) const override;
    [[nodiscard]] Amount fee(const Amount& amount) const override;
    [[nodiscard]] Amount room(bool is_return, std::uint64_t at) const override;
    [[nodiscard]] const Amount& locked() const override { return state().locked; }
    [[nodiscard]] const Amount& minted() const override { return state().minted; }
    [[nodiscard]] const Amount& in_flight(bool is_return) const override
    {
        return is_return ? state().back : state().out;
    }
    [[nodiscard]] const Amount& forged() const override { return state().forged; }
    [[nodiscard]] CallGas send_gas(bool is_return) const noexcept override;
    void add_send(
        CallWriter& calls, bool is_return, AccountId to, const Amount& amount) const override;
    [[nodiscard]] CallGas release_gas() const noexcept override;
    void add_attest(CallWriter& calls, std::uint64_t number) const override;
    void add_release(CallWriter& calls, std::uint64_t number) const override;
    void add_refund(CallWriter& calls, std::uint64_t number) const override;

    // TokenBacker.

    void back(World& world, const Amount& value) override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const guardian_bridge::Send& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const guardian_bridge::Attest& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const guardian_bridge::Release& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const guardian_bridge::Refund& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const guardian_bridge::SetPaused& call, AccountId sender, AccessCollector& access) const;
    /// Returns the transfer's number.
    Result<Returns> execute(const guardian_bridge::Send& call, CallContext& context);
    /// Returns how many have attested now.
    Result<Returns> execute(const guardian_bridge::Attest& call, CallContext& context);
    /// Returns what was paid to the recipient.
    Result<Returns> execute(const guardian_bridge::Release& call, CallContext& context);
    Result<Returns> execute(const guardian_bridge::Refund& call, CallContext& context);
    Result<Returns> execute(const guardian_bridge::SetPaused& call, CallContext& context);

private:
    [[nodiscard]] const guardian_bridge::State& state() const { return state_.get(0); }
    [[nodiscard]] std::optional<std::uint32_t> guardian_number(AccountId account) const noexcept;
    [[nodiscard]] BridgeMove move(
        BridgeMoveType type, const guardian_bridge::Message& message, AccountId relayer) const;
    /// False of a message that names an account which is not there: it will be refused.
    bool declare_message(AccessCollector& access, const guardian_bridge::Message& message) const;
    void declare_pay_home(AccessCollector& access, AccountId to) const;
    Result<void> lock(CallContext& context, const guardian_bridge::Send& call);
    Result<void> burn(CallContext& context, const Amount& amount);
    Result<void> pay_home(CallContext& context, AccountId to, const Amount& amount);
    Result<void> mint(CallContext& context, AccountId to, const Amount& amount);
    Result<void> count_released(
        CallContext& context, guardian_bridge::State& state, bool is_return, const Amount& amount);
    /// Whether a message was sent and is in flight; marks it as done then.
    bool settle(CallContext& context, guardian_bridge::State& state,
        const guardian_bridge::Message& message);
    void finish(CallContext& context, guardian_bridge::State& state, std::uint64_t number,
        BridgeStatus status);

    guardian_bridge::Terms terms_;
    std::vector<AccountId> guardians_;
    AccountId pauser_ = zero_account;
    const World* world_ = nullptr;
    NativeCoin* coin_ = nullptr;
    Token* home_ = nullptr;  // None for native coins.
    Token* bridged_ = nullptr;
    IssuedToken* issued_ = nullptr;
    bool has_same_decimals_ = false;
    Table<guardian_bridge::State> state_;  // Record 0.
    Table<guardian_bridge::Sent> sent_;
    KeyedTable<Hash, guardian_bridge::Received> received_;
};

}  // namespace runnel::contracts
