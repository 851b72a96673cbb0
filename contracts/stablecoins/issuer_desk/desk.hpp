#pragma once

#include "contracts/kit/sectors/issued_token.hpp"
#include "contracts/kit/sectors/issuer.hpp"
#include "contracts/kit/sectors/sector.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <string>

namespace runnel::contracts
{

namespace issuer_desk
{

/// Pays for coins, or pays coins in. It stands for what customers send to the issuer's bank or to
/// its address.
struct Order
{
    RUNNEL_CALL("order", 0, 150'000);

    bool redeems = false;
    Amount paid;
    RUNNEL_FIELDS(redeems, (paid, other("the reserve token's smallest unit, or the coin's")));
};

/// Serves the orders that wait longest; only the operator may, in banking hours.
struct Serve
{
    RUNNEL_CALL("serve", 1, 40'000);  // And 60'000 for each order.

    std::uint32_t orders = 0;
    RUNNEL_FIELDS((orders, other("orders")));
};

/// What was ordered and is still to be served.
struct OpenOrder
{
    AccountId customer{};
    bool redeems = false;
    Amount paid;
    std::uint64_t ordered_at = 0;
    RUNNEL_FIELDS(customer, redeems,
        (paid, other("the reserve token's smallest unit, or the coin's")),
        (ordered_at, unix_seconds));
};

struct DeskState
{
    Amount reserves;
    Amount waiting_issue;
    Amount waiting_redeem;
    std::uint64_t first = 0;  // Order that waits; all before it were served.
    std::uint64_t end = 0;    // Number of the next order.
    std::uint64_t day = 0;    // Since 1970, in which it last issued,
    Amount issued;            // and what was paid for that in it.
    RUNNEL_FIELDS((reserves, smallest_unit_of_its("reserve_token")),
        (waiting_issue, smallest_unit_of_its("reserve_token")),
        (waiting_redeem, smallest_unit_of_its("coin")), first, end, day,
        (issued, smallest_unit_of_its("reserve_token")));
};

struct CustomerState
{
    Amount waiting_issue;
    Amount waiting_redeem;
    RUNNEL_FIELDS((waiting_issue, smallest_unit_of_its("reserve_token")),
        (waiting_redeem, smallest_unit_of_its("coin")));
};

/// When the bank is open: Monday to Friday, between two times of the day (UTC).
struct Hours
{
    bool is_always_open = false;
    std::uint32_t opens = 0;  // Seconds after midnight.
    std::uint32_t closes = 86'400;

    [[nodiscard]] bool is_open(std::uint64_t at) const noexcept;
    [[nodiscard]] std::uint64_t opens_at(std::uint64_t at) const noexcept;
};

struct Terms
{
    ContractId coin{};
    ContractId reserve_token{};
    std::string operated_by;
    Hours hours;
    bool is_immediate = false;
    std::uint32_t issue_fee_bps = 0;
    std::uint32_t redeem_fee_bps = 0;
    std::uint64_t minimum = 0;      // Whole coins.
    std::uint64_t daily_limit = 0;  // Whole reserve tokens that it takes a day; 0: no limit.
    std::uint32_t backing_bps = 10'000;
};

}  // namespace issuer_desk

/// Issues a coin against a reserve token at par, as those do whose reserves are in a bank:
/// customers order at any time and pay at once, and what they ordered is served in its order, in
/// batches, when the bank is open. With a reserve token that is itself a coin and no hours it is a
/// peg stability module.
///
///     issue:  coins = (paid - fee) * 10^coin decimals / 10^reserve decimals
///     redeem: gross = coins * 10^reserve decimals / 10^coin decimals,  out = gross - fee
///
/// Fees are shares of what is paid in the reserve token, rounded up; all else is rounded down: the
/// desk keeps what is lost. Fees stay among the reserves.
///
/// There is no such contract on Ethereum: it is the issuer's books, so that what is outside the
/// chain is counted too. Money in the bank is a token that only desks and their customers move.
/// Coins that block 0 gives are backed at par, or by the share that the scenario says.
///
/// Conservation: the desk holds its reserves and what was paid for coins to come, and the coins
/// that wait to be redeemed. Errors: IssuerDesk: below the minimum; IssuerDesk: above the daily
/// limit; IssuerDesk: closed; IssuerDesk: not the operator; IssuerDesk: nothing to serve;
/// IssuerDesk: reserves are exhausted; those of the tokens.
class IssuerDesk : public ContractBase<IssuerDesk, issuer_desk::Order, issuer_desk::Serve>,
                   public Issuer,
                   public TokenBacker
{
public:
    static constexpr std::uint64_t gas_per_order = 60'000;

    IssuerDesk(ContractIdentity identity, issuer_desk::Terms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    // Issuer.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId coin() const noexcept override { return terms_.coin; }
    [[nodiscard]] ContractId reserve_token() const noexcept override
    {
        return terms_.reserve_token;
    }
    [[nodiscard]] bool is_open(std::uint64_t at) const override { return terms_.hours.is_open(at); }
    [[nodiscard]] std::uint64_t opens_at(std::uint64_t at) const override
    {
        return terms_.hours.opens_at(at);
    }
    [[nodiscard]] bool is_immediate() const noexcept override { return terms_.is_immediate; }
    [[nodiscard]] const Amount& reserves() const override { return state_.get(0).reserves; }
    [[nodiscard]] Amount preview(IssuerAction action, const Amount& paid) const override;
    [[nodiscard]] Amount minimum(IssuerAction action) const override;
    [[nodiscard]] Amount room(IssuerAction action, std::uint64_t at) const override;
    [[nodiscard]] const Amount& waiting(IssuerAction action) const override;
    /// What one account has paid for and has not got.
    [[nodiscard]] const Amount& waiting_of(AccountId account, IssuerAction action) const;
    [[nodiscard]] std::uint64_t orders_waiting() const override
    {
        return state_.get(0).end - state_.get(0).first;
    }
    [[nodiscard]] CallGas order_gas() const noexcept override
    {
        return {issuer_desk::Order::gas, 0};
    }
    void add_order(CallWriter& calls, IssuerAction action, const Amount& paid) const override;
    [[nodiscard]] CallGas serve_gas(std::uint32_t orders) const noexcept override
    {
        return {issuer_desk::Serve::gas, gas_per_order * orders};
    }
    void add_serve(CallWriter& calls, std::uint32_t orders) const override;

    // TokenBacker.

    void back(World& world, const Amount& value) override;

    using ContractBase::execute;
    /// Returns the order's number.
    Result<Returns> execute(const issuer_desk::Order& call, CallContext& context);
    /// Returns how many orders were served.
    Result<Returns> execute(const issuer_desk::Serve& call, CallContext& context);

private:
    struct Served
    {
        Amount coins;
        Amount reserve;  // That came in, or goes out.
        Amount fee;      // In the reserve token.
    };
    [[nodiscard]] Served served(bool redeems, const Amount& paid) const;
    [[nodiscard]] Amount fee_of(bool redeems, const Amount& reserve) const;
    Result<void> serve(CallContext& context, const issuer_desk::OpenOrder& order);

    issuer_desk::Terms terms_;
    AccountId operator_ = zero_account;
    Token* coin_ = nullptr;
    IssuedToken* issued_ = nullptr;
    Token* reserve_ = nullptr;
    Amount coin_unit_{1};                  // 10^decimals.
    Amount reserve_unit_{1};               // Likewise.
    Table<issuer_desk::DeskState> state_;  // Record 0.
    Table<issuer_desk::OpenOrder> orders_;
    Table<issuer_desk::CustomerState> customers_;
};

}  // namespace runnel::contracts
