#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"
#include "ledger/merkle_sum.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// What strategies, proofs and reports may know of who holds other people's coins, whatever the
/// institution: its books are its own, its money is on the chain.
namespace runnel::contracts
{

// ---- Screening ----

/// Coins that come to a custodian or are to leave it.
struct ScreenedMovement
{
    AccountId custodian{};
    AccountId customer{};
    /// Who sent a deposit, as far as the custodian knows (the zero account: it does not); who is to
    /// get a withdrawal.
    AccountId counterparty{};
    ContractId token{};
    Amount amount;  // Smallest units, fee included.
    bool is_deposit = false;
};

enum class ScreeningVerdict : std::uint8_t
{
    pass,
    /// Somebody has to look at it first: a deposit is the customer's, who cannot use it; a
    /// withdrawal does not join the queue.
    hold,
    /// A withdrawal is refused. Nobody can refuse what was sent to him: a deposit is held.
    refuse,
};
[[nodiscard]] constexpr std::string_view to_string(ScreeningVerdict verdict) noexcept
{
    switch (verdict)
    {
        case ScreeningVerdict::pass: return "pass";
        case ScreeningVerdict::hold: return "hold";
        case ScreeningVerdict::refuse: return "refuse";
    }
    return "unknown";
}

/// The rules by which an institution looks at what comes and goes, as a contract of their own: a
/// list, a threshold. Who applies it names it in its parameter `screening`.
class ScreeningPolicy
{
public:
    static constexpr std::string_view sector = "screening_policy";

    virtual ~ScreeningPolicy() = default;
    /// Reads and writes what it keeps through @p context, whose sender is the institution.
    virtual ScreeningVerdict screen(CallContext& context, const ScreenedMovement& movement) = 0;
};

// ---- The custodian ----

/// What a custodian owes a customer in one token, by its books; smallest units.
struct CustodianBalance
{
    Amount available;    // To be traded or withdrawn.
    Amount withdrawing;  // In the queue, or held, fees included.
    Amount held;         // Deposits that screening holds.

    [[nodiscard]] Amount total() const noexcept
    {
        return wrapping_add(available, wrapping_add(withdrawing, held));
    }
};

/// Where a custodian's coins of one token are; smallest units.
struct CustodianWallets
{
    Amount hot;      // Pays withdrawals.
    Amount cold;     // Moves only after a delay.
    Amount unswept;  // Credited, and still at deposit addresses.

    [[nodiscard]] Amount total() const noexcept
    {
        return wrapping_add(hot, wrapping_add(cold, unswept));
    }
};

struct CustodianWithdrawal
{
    AccountId customer{};
    ContractId token{};
    AccountId to{};
    Amount amount;  // Fee included.
    Amount fee;
    std::uint64_t requested_at = 0;
    bool is_held = false;  // By screening.
};

/// What a custodian published of what it owes in one token.
struct ReserveStatement
{
    std::uint64_t report = 0;  // The books' state that it is of, from 1; 0: none yet.
    MerkleSum root;            // And how much it owes in total.
    std::uint64_t leaves = 0;
    std::uint64_t published_at = 0;
};

/// A custodian's customers each have a deposit address on the chain, which takes plain transfers.
/// It credits what comes in, sweeps it to its hot wallet, keeps the most of it in a cold one, and
/// pays withdrawals in batches. Times in unix seconds. Customers have numbers from 0, in the order
/// in which they came.
class Custodian
{
public:
    static constexpr std::string_view sector = "custodian";

    virtual ~Custodian() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual std::span<const ContractId> tokens() const noexcept = 0;

    // Customers.

    [[nodiscard]] virtual std::uint32_t customers() const = 0;
    [[nodiscard]] virtual AccountId customer(std::uint32_t number) const = 0;
    [[nodiscard]] virtual std::optional<std::uint32_t> number_of(AccountId account) const = 0;
    [[nodiscard]] virtual bool is_frozen(std::uint32_t customer) const = 0;
    /// Where a customer's deposits go.
    [[nodiscard]] virtual AccountId deposit_account(std::uint32_t customer) const = 0;
    /// The same of whoever is no customer yet.
    [[nodiscard]] virtual Address deposit_address(const Address& customer) const = 0;
    /// What the customer gave to hide himself in statements.
    [[nodiscard]] virtual const Hash& salt(std::uint32_t customer) const = 0;

    // Books.

    [[nodiscard]] virtual CustodianBalance balance(
        std::uint32_t customer, ContractId token) const = 0;
    /// What all customers have, and what is the custodian's own.
    [[nodiscard]] virtual const Amount& owed(ContractId token) const = 0;
    [[nodiscard]] virtual const Amount& own(ContractId token) const = 0;
    [[nodiscard]] virtual CustodianWallets wallets(ContractId token) const = 0;
    /// What has come to a deposit address and is not credited yet, and what is credited and not
    /// swept yet.
    [[nodiscard]] virtual Amount uncredited(std::uint32_t customer, ContractId token) const = 0;
    [[nodiscard]] virtual const Amount& unswept(std::uint32_t customer, ContractId token) const = 0;
    /// What it gives for @p amount_in now, rounded down; nullopt if it does not trade that.
    [[nodiscard]] virtual std::optional<Amount> quote_trade(
        ContractId token_in, ContractId token_out, const Amount& amount_in) const = 0;

    // Withdrawals.

    [[nodiscard]] virtual const Amount& withdrawal_fee(ContractId token) const = 0;
    [[nodiscard]] virtual const Amount& withdrawal_minimum(ContractId token) const = 0;
    /// The most that a customer may still ask for in the day of @p at; 2^256-1 without a limit.
    [[nodiscard]] virtual Amount withdrawal_room(
        std::uint32_t customer, ContractId token, std::uint64_t at) const = 0;
    /// How many wait, and what they take off the hot wallet.
    [[nodiscard]] virtual std::uint64_t withdrawals_waiting(ContractId token) const = 0;
    [[nodiscard]] virtual const Amount& withdrawals_waiting_amount(ContractId token) const = 0;
    /// The number of the one that waits longest.
    [[nodiscard]] virtual std::optional<std::uint64_t> next_withdrawal(ContractId token) const = 0;
    /// nullopt if it was paid or rejected, or never was.
    [[nodiscard]] virtual std::optional<CustodianWithdrawal> withdrawal(
        std::uint64_t number) const = 0;
    /// What was asked for from cold to hot, and since when it can be had; 0: nothing was.
    [[nodiscard]] virtual const Amount& refill(ContractId token) const = 0;
    [[nodiscard]] virtual std::uint64_t refill_ready_at(ContractId token) const = 0;

    // Statements of reserves.

    /// How often the books' state was taken down for a statement.
    [[nodiscard]] virtual std::uint64_t report() const = 0;
    /// The last one that was published; of report 0 if none was.
    [[nodiscard]] virtual ReserveStatement statement(ContractId token) const = 0;
    /// What a customer had when the books' state was last taken down.
    [[nodiscard]] virtual Amount reported_balance(
        std::uint32_t customer, ContractId token) const = 0;
    /// What the custodian's statement says that he had: the same of an honest one; nullopt: it
    /// leaves him out.
    [[nodiscard]] virtual std::optional<Amount> stated_balance(
        std::uint32_t customer, ContractId token) const = 0;

    // Each adds one call. What is only written into the books costs no gas beyond the
    // transaction's: on mainnet it is no transaction.

    /// The customer's: opens his account.
    virtual void add_open(
        CallWriter& calls, const World& world, AccountId customer, const Hash& salt) const = 0;
    virtual void add_trade(CallWriter& calls, ContractId token_in, ContractId token_out,
        const Amount& amount_in, const Amount& amount_out_min) const = 0;
    virtual void add_withdraw(
        CallWriter& calls, ContractId token, const Amount& amount, AccountId to) const = 0;

    // The operator's. Customers by their numbers, at most batch_max() at a time.

    [[nodiscard]] virtual std::size_t batch_max() const noexcept = 0;
    virtual void add_credit(
        CallWriter& calls, ContractId token, std::span<const std::uint32_t> customers) const = 0;
    [[nodiscard]] virtual CallGas sweep_gas(std::size_t customers) const noexcept = 0;
    virtual void add_sweep(
        CallWriter& calls, ContractId token, std::span<const std::uint32_t> customers) const = 0;
    [[nodiscard]] virtual CallGas pay_gas(std::size_t withdrawals) const noexcept = 0;
    virtual void add_pay(CallWriter& calls, ContractId token, std::uint32_t withdrawals) const = 0;
    virtual void add_reject(CallWriter& calls, std::uint64_t withdrawal) const = 0;
    virtual void add_move_to_cold(
        CallWriter& calls, ContractId token, const Amount& amount) const = 0;
    virtual void add_request_refill(
        CallWriter& calls, ContractId token, const Amount& amount) const = 0;
    virtual void add_refill(CallWriter& calls, ContractId token) const = 0;
    virtual void add_take_report(CallWriter& calls) const = 0;
    virtual void add_publish(
        CallWriter& calls, ContractId token, const MerkleSum& root, std::uint64_t leaves) const = 0;
    virtual void add_misstate(CallWriter& calls, std::uint32_t customer, ContractId token,
        std::optional<Amount> stated) const = 0;
    virtual void add_freeze(CallWriter& calls, std::uint32_t customer, bool frozen) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const Custodian* find_custodian(const World& world, ContractId id);

// ---- Proof of reserves ----

/// Who a leaf of a statement is, for whoever knows the salt: keccak(salt, address, report). Nobody
/// else learns from two statements whether a leaf of each is the same customer's.
[[nodiscard]] Hash statement_owner(const Hash& salt, const Address& customer, std::uint64_t report);

/// The leaves of a token's statement of the newest report, in the order of customers; who has
/// nothing is left out. @p customers, if given, gets whose they are.
[[nodiscard]] std::vector<MerkleSum> statement_leaves(const World& world,
    const Custodian& custodian, ContractId token, std::vector<std::uint32_t>* customers = nullptr);

/// What a custodian hands to a customer who asks where in the statement he is.
struct LiabilityProof
{
    std::uint64_t report = 0;
    Amount balance;  // That the statement says he had.
    std::uint64_t index = 0;
    std::uint64_t leaves = 0;
    std::vector<MerkleSum> path;
};
/// nullopt if the custodian cannot: he is in no leaf.
[[nodiscard]] std::optional<LiabilityProof> prove_liability(
    const World& world, const Custodian& custodian, ContractId token, std::uint32_t customer);

/// What a customer finds who looks for himself in a statement.
enum class StatementCheck : std::uint8_t
{
    included,     // With at least what he had.
    understated,  // With less.
    missing,      // Nobody can show him a way to the root that was published.
};
[[nodiscard]] constexpr std::string_view to_string(StatementCheck check) noexcept
{
    switch (check)
    {
        case StatementCheck::included: return "included";
        case StatementCheck::understated: return "understated";
        case StatementCheck::missing: return "missing";
    }
    return "unknown";
}
/// By what the customer knows himself: his salt, his address, his balance, and the @p statement on
/// the chain. @p proof is hostile.
[[nodiscard]] StatementCheck check_liability(const ReserveStatement& statement, const Hash& salt,
    const Address& customer, const Amount& balance, const std::optional<LiabilityProof>& proof);

// ---- Rows ----

/// A custodian's coins of one token after a block that touched it, and every hour.
struct CustodianRow
{
    static constexpr std::string_view name = "Custodian";
    static constexpr std::string_view table = "custodians";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 9> meanings{"Of what.", "What customers have.",
        "What is the custodian's own.", "In the wallet that pays.",
        "In the wallet that moves after a delay.", "Credited, and still at deposit addresses.",
        "Asked for and not paid yet, fees included.", "How many withdrawals wait for a batch.",
        "Customers."};

    ContractId token{};
    Amount owed;
    Amount own;
    Amount hot;
    Amount cold;
    Amount unswept;
    Amount withdrawing;
    std::uint64_t waiting = 0;
    std::uint64_t customers = 0;
    RUNNEL_FIELDS(token, (owed, smallest_unit_of("token")), (own, smallest_unit_of("token")),
        (hot, smallest_unit_of("token")), (cold, smallest_unit_of("token")),
        (unswept, smallest_unit_of("token")), (withdrawing, smallest_unit_of("token")),
        (waiting, other("withdrawals")), (customers, other("customers")));
};

/// A customer's account was opened.
struct CustodianAccount
{
    static constexpr std::string_view name = "CustodianAccount";
    static constexpr std::string_view table = "custodian_accounts";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose it is.", "His number, from 0.", "The account at his deposit address."};

    AccountId customer{};
    std::uint64_t number = 0;
    AccountId deposit_account{};
    RUNNEL_FIELDS(customer, number, deposit_account);
};

enum class CustodianMoveType : std::uint8_t
{
    deposit,       // Credited; the coins are at the deposit address.
    held_deposit,  // Likewise, and screening holds it.
    sweep,         // From the deposit address to the hot wallet.
    request,       // A withdrawal joins the queue.
    held_request,  // Screening holds it.
    withdrawal,    // Paid.
    rejection,     // A withdrawal goes back to the balance.
    release,       // What was held is the customer's again, or joins the queue.
    to_cold,
    to_hot,
};
[[nodiscard]] constexpr std::string_view to_string(CustodianMoveType type) noexcept
{
    switch (type)
    {
        case CustodianMoveType::deposit: return "deposit";
        case CustodianMoveType::held_deposit: return "held_deposit";
        case CustodianMoveType::sweep: return "sweep";
        case CustodianMoveType::request: return "request";
        case CustodianMoveType::held_request: return "held_request";
        case CustodianMoveType::withdrawal: return "withdrawal";
        case CustodianMoveType::rejection: return "rejection";
        case CustodianMoveType::release: return "release";
        case CustodianMoveType::to_cold: return "to_cold";
        case CustodianMoveType::to_hot: return "to_hot";
    }
    return "unknown";
}

/// What moved at a custodian, on the chain or in its books.
struct CustodianMove
{
    static constexpr std::string_view name = "CustodianMove";
    static constexpr std::string_view table = "custodian_moves";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 7> meanings{
        "deposit, held_deposit, sweep, request, held_request, withdrawal, rejection, release, "
        "to_cold or to_hot.",
        "Whose it is; account 0 between wallets.",
        "Who sent a deposit, if the custodian knows; who gets a withdrawal; else account 0.",
        "Of what.", "How much, fee included.", "What the custodian keeps of a withdrawal.",
        "When a withdrawal was asked for; else 0."};

    CustodianMoveType transaction_type{};
    AccountId customer{};
    AccountId counterparty{};
    ContractId token{};
    Amount amount_raw;
    Amount fee_raw;
    std::uint64_t requested_at = 0;
    RUNNEL_FIELDS(transaction_type, customer, counterparty, token,
        (amount_raw, smallest_unit_of("token")), (fee_raw, smallest_unit_of("token")),
        (requested_at, unix_seconds));
};

/// A trade with a custodian, in its books.
struct CustodianTrade
{
    static constexpr std::string_view name = "CustodianTrade";
    static constexpr std::string_view table = "custodian_trades";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 6> meanings{"Who traded.", "What he gave.",
        "How much of it.", "What he got.", "How much of it.",
        "What the spread kept of it, below the reference price."};

    AccountId customer{};
    ContractId token_sold{};
    Amount sold_amount_raw;
    ContractId token_bought{};
    Amount bought_amount_raw;
    Amount spread_raw;
    RUNNEL_FIELDS(customer, token_sold, (sold_amount_raw, smallest_unit_of("token_sold")),
        token_bought, (bought_amount_raw, smallest_unit_of("token_bought")),
        (spread_raw, smallest_unit_of("token_bought")));
};

/// What a custodian published of what it owes, beside what it had then.
struct CustodianStatement
{
    static constexpr std::string_view name = "CustodianStatement";
    static constexpr std::string_view table = "custodian_statements";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 8> meanings{"Of what.",
        "Number of the state of the books that it is of, from 1.",
        "When that state was taken down.", "What it says that customers have.",
        "What they had by the books.", "Leaves of the tree.",
        "In all wallets when the state was taken down.", "Of it: at deposit addresses."};

    ContractId token{};
    std::uint64_t report = 0;
    std::uint64_t taken_at = 0;
    Amount stated;
    Amount owed;
    std::uint64_t leaves = 0;
    Amount reserves;
    Amount unswept;
    RUNNEL_FIELDS(token, report, (taken_at, unix_seconds), (stated, smallest_unit_of("token")),
        (owed, smallest_unit_of("token")), leaves, (reserves, smallest_unit_of("token")),
        (unswept, smallest_unit_of("token")));
};

}  // namespace runnel::contracts
