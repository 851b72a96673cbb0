#pragma once

#include "analytics/tracing/hop_table.hpp"
#include "analytics/tracing/taint_policies.hpp"
#include "ledger/ids.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace runnel::analytics::tracing
{

/// A movement of a token; from the zero account: made, to it: destroyed.
struct Transfer
{
    AccountId from{};
    AccountId to{};
    ContractId token{};
    Amount amount;
};

/// What moves between people inside a contract, where no transfer shows it.
struct ClaimChange
{
    enum class Type : std::uint8_t
    {
        borrow,   // `owner` gets `amount` of `token` and owes it: no proceeds.
        repay,    // `owner` owes so much less.
        reward,   // `owner` gets `amount` of `token` beside whatever else he does.
        release,  // What `owner` has there is paid out, to whomever.
        assign,   // What `owner` has there is `other`'s from now on.
        convert,  // `owner` gave `amount` of `token` there for `other_amount` of `other_token`.
        bridge,   // What `owner` has there is paid out, to whomever, as `other_token`.
    };
    Type type = Type::release;
    AccountId contract{};
    AccountId owner{};
    AccountId other{};
    ContractId token{};
    Amount amount;
    ContractId other_token{};
    Amount other_amount;
};

/// A transaction as the tracer sees it; the vectors are in the chain's order. A reverted one has a
/// fee alone.
struct TransactionMoves
{
    std::uint64_t block = 0;
    std::uint32_t index = 0;
    std::vector<Transfer> transfers;
    std::vector<ClaimChange> claims;
    std::vector<std::pair<Place, Amount>> gains;  // Rewards: nobody paid them.
    AccountId fee_payer{};
    Amount burnt;  // Wei, likewise below.
    Amount tip;
    AccountId proposer{};

    void clear() noexcept
    {
        transfers.clear();
        claims.clear();
        gains.clear();
        fee_payer = zero_account;
        burnt = {};
        tip = {};
    }
};

/// Who is who in a ledger, as far as a tracer has to know.
struct TracedWorld
{
    struct Token
    {
        ContractId id{};
        AccountId account{};  // Its contract's: who makes and destroys it.
        unsigned decimals = 0;
        std::uint64_t price = 0;  // 1e-8 USD of a whole one; 0: not known.
    };
    enum class Role : std::uint8_t
    {
        person,    // Holds what it has.
        contract,  // Holds what others have paid in, and knows whose it is.
        pool,      // Does not know, or does not say: a mixer, an exchange's wallet.
    };
    std::vector<Role> roles;    // By account.
    std::vector<Token> tokens;  // By contract; those that are no tokens have no account.

    [[nodiscard]] Role role(AccountId account) const noexcept
    {
        return index(account) < roles.size() ? roles[index(account)] : Role::person;
    }
};

/// What a kind of units counts.
struct LootKind
{
    ContractId token{};
    AccountId source{};  // Of provenance; else the zero account.
    Amount taken;        // How much of it there is.
    double value = 0;    // USD, when it was taken; of what had a price.
};

/// Loot at rest.
struct Stake
{
    Place place;
    AccountId owner{};  // Of what is in a contract that knows whose it is; else the zero account.
    Units units;
    Amount balance;  // What it is part of.
};

/// Somebody borrowed while loot secured it.
struct SecuredLoan
{
    AccountId borrower{};
    AccountId contract{};
    ContractId token{};
    Amount amount;
    Amount collateral_units;  // Of all kinds.
    std::uint64_t block = 0;
};

/// Follows loot through movements, one transaction after the other: see docs/tracing.md for every
/// rule. Knows no ledger.
class TaintEngine
{
public:
    virtual ~TaintEngine() = default;

    /// What somebody has to begin with.
    virtual void start_balance(Place place, const Amount& amount) = 0;
    /// All that @p account has is loot from now on, and, unless @p later is false, all clean money
    /// that it gets.
    virtual void add_source(AccountId account, bool later = true) = 0;
    /// Loot is money of this token alone; before any source is added.
    virtual void only_token(ContractId token) = 0;
    /// What arrives there is followed no further.
    virtual void stop_at(AccountId account) = 0;
    /// Clean money that the places of @p taken get by it is loot: the transaction is the theft.
    virtual void process(const TransactionMoves& moves, const std::vector<Place>& taken = {}) = 0;
    virtual void set_price(ContractId token, std::uint64_t price) = 0;

    [[nodiscard]] virtual const std::vector<LootKind>& kinds() const = 0;
    /// Everything that is loot now, by place and owner.
    [[nodiscard]] virtual std::vector<Stake> stakes() const = 0;
    /// By places; the engine has none from then on, and is not to process anything. At most
    /// hops_max are told apart; hops_lost() are not.
    [[nodiscard]] virtual HopTable take_hops() = 0;
    [[nodiscard]] virtual std::uint64_t hops_lost() const = 0;
    [[nodiscard]] virtual const std::vector<SecuredLoan>& secured_loans() const = 0;
    [[nodiscard]] virtual Amount balance(Place place) const = 0;
    /// What everybody holds, in contracts without what is known to be whose.
    [[nodiscard]] virtual std::vector<std::pair<Place, Amount>> balances() const = 0;
    /// How many movements carried loot: rounding makes no holding's loot wrong by as many units.
    [[nodiscard]] virtual std::uint64_t roundings() const = 0;

    static constexpr std::size_t hops_max = 2'000'000;
};

[[nodiscard]] std::unique_ptr<TaintEngine> make_taint_engine(PolicyKind policy, TracedWorld world);

/// The sum of all loot, by kind: what was taken, under every policy but poison.
[[nodiscard]] Units sum_of_stakes(const std::vector<Stake>& stakes);

}  // namespace runnel::analytics::tracing
