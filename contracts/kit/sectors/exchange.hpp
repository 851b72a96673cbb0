#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// What strategies, price routing and reports may know of an exchange, whatever its protocol.
namespace runnel::contracts
{

class Venue;

/// What an exchange pays out for @p x, as long as that is all that happens:
///
///     a * x / (b + c * x), rounded down
///
/// with a and b below 2^122 and c below 2^32. Constant-product pools are of this form, and so are
/// several of them in a row.
struct RationalPayout
{
    Amount a;
    Amount b;
    Amount c;
};

/// What a deposit takes and gives.
struct DepositQuote
{
    std::vector<Amount> amounts;  // Taken, in the order of Exchange::tokens().
    Amount shares;                // Given.
};

/// A swap whose sender has its proceeds before it pays: all the capital that a cycle of exchanges
/// needs.
struct PostpaidSwap
{
    ContractId token_in{};
    ContractId token_out{};
    Amount amount_in;    // To be paid by the end of the callback,
    Amount amount_out;   // and paid out before it: as quote_exact_input() says.
    AccountId trader{};  // The sender.
};

/// A pool that exchanges any two of its tokens, and the shares of those who provide them.
///
/// A contract that is an exchange derives from this and names it in ContractType::sectors; others
/// find it by find_exchange(), once. All views are of the state after the last block.
///
/// Tokens that an argument names are of tokens() and differ: anything else is a bug. Doubles are
/// beliefs; what reaches a transaction comes from the quotes, which round as the calls do.
class Exchange
{
public:
    static constexpr std::string_view sector = "exchange";

    virtual ~Exchange() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    /// Two or more, each once; fixed when the contract is created.
    [[nodiscard]] virtual std::span<const ContractId> tokens() const noexcept = 0;
    [[nodiscard]] bool trades(ContractId token) const noexcept
    {
        const auto all = tokens();
        return std::find(all.begin(), all.end(), token) != all.end();
    }

    /// What it holds of a token for traders and providers, in smallest units.
    [[nodiscard]] virtual Amount reserve(ContractId token) const = 0;
    /// The reserve of a constant-product pool whose price would move as much by a small trade.
    [[nodiscard]] virtual Amount depth(ContractId token) const { return reserve(token); }
    /// Smallest units of @p token_out for one of @p token_in, fee and price impact aside; 0 if it
    /// has no price.
    [[nodiscard]] virtual double spot_price(ContractId token_in, ContractId token_out) const = 0;
    /// The share of a small trade that is kept as a fee.
    [[nodiscard]] virtual double fee(ContractId token_in, ContractId token_out) const = 0;
    /// What a swap of exactly @p amount_in pays out now. Errors: whatever the swap itself refuses.
    [[nodiscard]] virtual Result<Amount> quote_exact_input(
        ContractId token_in, ContractId token_out, const Amount& amount_in) const = 0;
    /// What must be paid in now for exactly @p amount_out. Errors: whatever the swap itself
    /// refuses.
    [[nodiscard]] virtual Result<Amount> quote_exact_output(
        ContractId token_in, ContractId token_out, const Amount& amount_out) const = 0;
    /// The quotes as a formula, where there is one. It only saves the search for the amount that
    /// earns most.
    [[nodiscard]] virtual std::optional<RationalPayout> payout(ContractId, ContractId) const
    {
        return std::nullopt;
    }

    /// The token of its shares; empty if shares cannot be transferred.
    [[nodiscard]] virtual std::optional<ContractId> share_token() const { return std::nullopt; }
    [[nodiscard]] virtual Amount share_supply() const = 0;
    /// If the exchange is the Token of its own shares: its balance.
    [[nodiscard]] virtual Amount share_balance(AccountId account) const;
    /// What withdrawing @p shares would pay now, in the order of tokens(), rounded down.
    [[nodiscard]] virtual std::vector<Amount> share_value(const Amount& shares) const = 0;
    /// What a deposit of at most @p offered, in the order of tokens(), would take and give now;
    /// empty if it would be refused.
    [[nodiscard]] virtual std::optional<DepositQuote> quote_deposit(
        std::span<const Amount> offered) const = 0;

    /// Where its trades, deposits and withdrawals are sent: itself or a router; nullptr if the
    /// world has none, and it can only be traded by who pays first.
    [[nodiscard]] virtual const Venue* venue() const = 0;

    /// Gas of a swap for which exactly the amount in has been transferred to the contract's account
    /// before; empty if it cannot be traded so.
    [[nodiscard]] virtual std::optional<std::uint64_t> prepaid_swap_gas() const
    {
        return std::nullopt;
    }
    /// Adds the call that pays @p amount_out to @p recipient, or is refused if too little was paid.
    /// A bug unless prepaid_swap_gas().
    virtual void add_prepaid_swap(CallWriter& calls, ContractId token_in, ContractId token_out,
        const Amount& amount_out, AccountId recipient) const;

    /// Gas of a swap that pays out before it is paid, without what runs in between; empty if the
    /// exchange trusts nobody.
    [[nodiscard]] virtual std::optional<CallGas> postpaid_swap_gas() const { return std::nullopt; }
    /// Adds the call that pays amount_out to the sender, runs @p nested as the sender, and is then
    /// refused unless amount_in has come to the contract's account. A bug unless
    /// postpaid_swap_gas().
    virtual void add_postpaid_swap(
        CallWriter& calls, const PostpaidSwap& swap, CallList nested) const;

    /// What withdrawing @p shares in one token alone would pay now; empty if the exchange pays all
    /// tokens alike, or would refuse.
    [[nodiscard]] virtual std::optional<Amount> quote_single_withdrawal(
        const Amount& /*shares*/, ContractId /*token*/) const
    {
        return std::nullopt;
    }
};

/// One swap of a route.
struct Hop
{
    const Exchange* exchange = nullptr;
    ContractId token_in{};
    ContractId token_out{};
};

/// A swap along a route whose exchanges one venue serves, each once.
struct SwapOrder
{
    std::span<const Hop> route;
    Amount amount_in;       // Of the first hop's token_in, by allowance from the sender.
    Amount amount_out_min;  // Of the last hop's token_out; less is refused.
    AccountId recipient{};
    std::uint64_t deadline = 0;  // Unix seconds; later is refused, if the protocol has deadlines.
};

/// Tokens into an exchange. Lists are in the order of Exchange::tokens().
struct DepositOrder
{
    const Exchange* exchange = nullptr;
    std::vector<Amount> amounts;      // The most of each, by allowance from the sender.
    std::vector<Amount> amounts_min;  // Less of one is refused, if the exchange chooses amounts.
    Amount shares_min;                // Fewer are refused, if the protocol can say so.
    AccountId recipient{};            // Of the shares.
    std::uint64_t deadline = 0;
};

/// A new exchange of tokens that have none at this venue yet, and its first liquidity.
struct OpeningOrder
{
    std::vector<ContractId> tokens;
    std::vector<Amount> amounts;  // Of each, by allowance from the sender: they set the price.
    AccountId recipient{};        // Of the shares.
    std::uint64_t deadline = 0;
};

/// Shares of an exchange back into tokens.
struct WithdrawalOrder
{
    const Exchange* exchange = nullptr;
    Amount shares;                    // Of the sender.
    std::vector<Amount> amounts_min;  // In the order of Exchange::tokens(); less is refused.
    AccountId recipient{};
    std::uint64_t deadline = 0;
};

/// Shares of an exchange back into one of its tokens.
struct SingleWithdrawalOrder
{
    const Exchange* exchange = nullptr;
    Amount shares;  // Of the sender.
    ContractId token{};
    Amount amount_min;  // Less is refused.
    AccountId recipient{};
    std::uint64_t deadline = 0;
};

/// Why a venue's call was refused, as far as its sender can do something about it.
enum class OrderFailure : std::uint8_t
{
    limit,     // A limit on amounts: the price had moved.
    deadline,  // It came too late.
    other,
};

/// The contract that takes traders' orders: a router of many exchanges, or an exchange itself.
///
/// The sender of an order must let contract().account() spend what it pays in.
class Venue
{
public:
    static constexpr std::string_view sector = "venue";

    virtual ~Venue() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    /// All exchanges it serves, in a fixed order.
    [[nodiscard]] virtual std::vector<const Exchange*> exchanges() const = 0;
    [[nodiscard]] virtual bool serves(const Exchange& exchange) const = 0;
    /// The longest route that one order may have.
    [[nodiscard]] virtual std::size_t hops_max() const noexcept { return 1; }

    /// Gas of an order along @p hops exchanges, approvals aside.
    [[nodiscard]] virtual std::uint64_t swap_gas(std::size_t hops) const noexcept = 0;
    /// How much of that its call charges beyond its method's own gas: see Bid::extra_gas.
    [[nodiscard]] virtual std::uint64_t extra_gas(std::size_t hops) const noexcept;

    virtual void add_swap(CallWriter& calls, const SwapOrder& order) const = 0;
    virtual void add_deposit(CallWriter& calls, const DepositOrder& order) const = 0;
    virtual void add_withdrawal(CallWriter& calls, const WithdrawalOrder& order) const = 0;
    /// A bug unless the exchange has a quote_single_withdrawal().
    virtual void add_single_withdrawal(CallWriter& calls, const SingleWithdrawalOrder& order) const;
    /// What an opening charges beyond its method's own gas, see Bid::extra_gas; empty if an
    /// exchange of these tokens cannot be opened here (any more).
    [[nodiscard]] virtual std::optional<std::uint64_t> opening_gas(
        std::span<const ContractId> /*tokens*/) const
    {
        return std::nullopt;
    }
    /// A bug unless opening_gas().
    virtual void add_opening(CallWriter& calls, const OpeningOrder& order) const;
    /// Whether a withdrawal takes the shares by allowance; else the exchange burns them by itself.
    [[nodiscard]] virtual bool spends_shares() const noexcept { return false; }

    [[nodiscard]] virtual OrderFailure failure_of(const Refusal& refusal) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const Exchange* find_exchange(const World& world, ContractId id);
[[nodiscard]] const Venue* find_venue(const World& world, ContractId id);

/// Contract::quote() of a contract that is an exchange.
[[nodiscard]] std::optional<Amount> answer_quote(
    const Exchange& exchange, const QuoteRequest& request);

/// Contract::snapshot() of a contract that is an exchange: emits rows of dex_pools and dex_shares.
void snapshot_exchange(const Exchange& exchange, SnapshotContext& context);

}  // namespace runnel::contracts
