#pragma once

#include "contracts/custody/custodial_exchange/books.hpp"
#include "contracts/custody/custodial_exchange/calls.hpp"
#include "contracts/kit/sectors/custodian.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace runnel::contracts
{

class NativeCoin;

namespace custodial_exchange
{

struct TokenTerms
{
    ContractId token{};
    Amount withdrawal_fee;
    Amount withdrawal_minimum;
    Amount daily_limit;  // Of one customer; 0: none.
    Amount deposit_minimum;
};

struct Terms
{
    std::vector<TokenTerms> tokens;
    std::string operated_by;
    std::optional<ContractId> prices;
    std::optional<ContractId> screening;
    std::uint32_t spread_bps = 0;
    std::uint64_t cold_delay_seconds = 0;
};

}  // namespace custodial_exchange

/// An exchange that holds its customers' coins: its books are off the chain on mainnet and written
/// down here, its money is on it.
///
/// Each customer has a deposit address, which is a forwarder: a contract at an address by CREATE2
/// that takes plain transfers and does nothing but pass on what it has when the exchange says so.
/// The hot wallet is this contract's own account, the cold one an account that only this contract
/// moves.
///
///     trade: gross = amount_in * price_in * 10^decimals out / (price_out * 10^decimals in)
///            out   = gross - gross * spread_bps / 10'000
///     withdrawal: the customer gives `amount`, gets amount - withdrawal_fee
///
/// gross is rounded down, the spread up: the exchange keeps what is lost. Fees and spreads are the
/// exchange's own.
///
/// Conservation, for each token: owed + own = hot + cold + unswept, and each of these is on the
/// chain where the books say. Somebody may send coins to a wallet without being asked: the chain
/// then has more, and nobody is owed it.
///
/// Errors: CustodialExchange: and account exists; wrong deposit address; not a customer; account is
/// frozen; not listed; no price; nothing to trade; below the limit; insufficient balance; exchange
/// has not enough; below the minimum; above the daily limit; invalid recipient; withdrawal is
/// refused; not the operator; no such customer; nothing to credit; nothing to sweep; token did not
/// arrive in full; hot wallet is empty; nothing to pay; no such withdrawal; not held; nothing held;
/// nothing to move; cold wallet has not enough; no refill is due; no report; those of the tokens.
class CustodialExchange
  : public ContractBase<CustodialExchange, custodial_exchange::OpenAccount,
        custodial_exchange::Trade, custodial_exchange::RequestWithdrawal,
        custodial_exchange::Credit, custodial_exchange::Sweep, custodial_exchange::PayBatch,
        custodial_exchange::RejectWithdrawal, custodial_exchange::MoveToCold,
        custodial_exchange::RequestRefill, custodial_exchange::Refill,
        custodial_exchange::TakeReport, custodial_exchange::PublishReserves,
        custodial_exchange::Misstate, custodial_exchange::FreezeCustomer,
        custodial_exchange::ReleaseDeposits, custodial_exchange::ReleaseWithdrawal>,
    public Custodian
{
public:
    static constexpr std::uint64_t gas_per_sweep = 42'000;
    static constexpr std::uint64_t gas_per_payment = 33'000;

    CustodialExchange(ContractIdentity identity, custodial_exchange::Terms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    /// Gives the exchange coins of its own at genesis, in the hot wallet.
    void endow(World& world, ContractId token, const Amount& amount);
    [[nodiscard]] AccountId hot_wallet() const noexcept { return account(); }
    [[nodiscard]] AccountId cold_wallet() const noexcept { return cold_; }

    // Custodian.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::span<const ContractId> tokens() const noexcept override { return tokens_; }
    [[nodiscard]] std::uint32_t customers() const override { return state_.get(0).customers; }
    [[nodiscard]] AccountId customer(std::uint32_t number) const override
    {
        return customers_.get(number).account;
    }
    [[nodiscard]] std::optional<std::uint32_t> number_of(AccountId account) const override;
    [[nodiscard]] bool is_frozen(std::uint32_t customer) const override
    {
        return customers_.get(customer).is_frozen;
    }
    [[nodiscard]] AccountId deposit_account(std::uint32_t customer) const override
    {
        return customers_.get(customer).deposit_account;
    }
    [[nodiscard]] Address deposit_address(const Address& customer) const override;
    [[nodiscard]] const Hash& salt(std::uint32_t customer) const override
    {
        return customers_.get(customer).salt;
    }
    [[nodiscard]] CustodianBalance balance(std::uint32_t customer, ContractId token) const override;
    [[nodiscard]] const Amount& owed(ContractId token) const override { return asset(token).owed; }
    [[nodiscard]] const Amount& own(ContractId token) const override { return asset(token).own; }
    [[nodiscard]] CustodianWallets wallets(ContractId token) const override;
    [[nodiscard]] Amount uncredited(std::uint32_t customer, ContractId token) const override;
    [[nodiscard]] const Amount& unswept(std::uint32_t customer, ContractId token) const override
    {
        return entry(customer, token).unswept;
    }
    [[nodiscard]] std::optional<Amount> quote_trade(
        ContractId token_in, ContractId token_out, const Amount& amount_in) const override;
    [[nodiscard]] const Amount& withdrawal_fee(ContractId token) const override;
    [[nodiscard]] const Amount& withdrawal_minimum(ContractId token) const override;
    [[nodiscard]] Amount withdrawal_room(
        std::uint32_t customer, ContractId token, std::uint64_t at) const override;
    [[nodiscard]] std::uint64_t withdrawals_waiting(ContractId token) const override
    {
        return asset(token).waiting;
    }
    [[nodiscard]] const Amount& withdrawals_waiting_amount(ContractId token) const override
    {
        return asset(token).waiting_amount;
    }
    [[nodiscard]] std::optional<std::uint64_t> next_withdrawal(ContractId token) const override;
    [[nodiscard]] std::optional<CustodianWithdrawal> withdrawal(
        std::uint64_t number) const override;
    [[nodiscard]] const Amount& refill(ContractId token) const override
    {
        return asset(token).refill;
    }
    [[nodiscard]] std::uint64_t refill_ready_at(ContractId token) const override
    {
        return asset(token).refill_ready_at;
    }
    [[nodiscard]] std::uint64_t report() const override { return state_.get(0).report; }
    [[nodiscard]] ReserveStatement statement(ContractId token) const override;
    [[nodiscard]] Amount reported_balance(std::uint32_t customer, ContractId token) const override;
    [[nodiscard]] std::optional<Amount> stated_balance(
        std::uint32_t customer, ContractId token) const override;

    void add_open(
        CallWriter& calls, const World& world, AccountId customer, const Hash& salt) const override;
    void add_trade(CallWriter& calls, ContractId token_in, ContractId token_out,
        const Amount& amount_in, const Amount& amount_out_min) const override;
    void add_withdraw(
        CallWriter& calls, ContractId token, const Amount& amount, AccountId to) const override;
    [[nodiscard]] std::size_t batch_max() const noexcept override
    {
        return custodial_exchange::batch_max;
    }
    void add_credit(CallWriter& calls, ContractId token,
        std::span<const std::uint32_t> customers) const override;
    [[nodiscard]] CallGas sweep_gas(std::size_t customers) const noexcept override
    {
        return {custodial_exchange::Sweep::gas, gas_per_sweep * customers};
    }
    void add_sweep(CallWriter& calls, ContractId token,
        std::span<const std::uint32_t> customers) const override;
    [[nodiscard]] CallGas pay_gas(std::size_t withdrawals) const noexcept override
    {
        return {custodial_exchange::PayBatch::gas, gas_per_payment * withdrawals};
    }
    void add_pay(CallWriter& calls, ContractId token, std::uint32_t withdrawals) const override;
    void add_reject(CallWriter& calls, std::uint64_t withdrawal) const override;
    void add_move_to_cold(CallWriter& calls, ContractId token, const Amount& amount) const override;
    void add_request_refill(
        CallWriter& calls, ContractId token, const Amount& amount) const override;
    void add_refill(CallWriter& calls, ContractId token) const override;
    void add_take_report(CallWriter& calls) const override;
    void add_publish(CallWriter& calls, ContractId token, const MerkleSum& root,
        std::uint64_t leaves) const override;
    void add_misstate(CallWriter& calls, std::uint32_t customer, ContractId token,
        std::optional<Amount> stated) const override;
    void add_freeze(CallWriter& calls, std::uint32_t customer, bool frozen) const override;

    using ContractBase::execute;
    /// Returns the customer's number.
    Result<Returns> execute(const custodial_exchange::OpenAccount& call, CallContext& context);
    /// Returns what the customer got.
    Result<Returns> execute(const custodial_exchange::Trade& call, CallContext& context);
    /// Returns the withdrawal's number.
    Result<Returns> execute(
        const custodial_exchange::RequestWithdrawal& call, CallContext& context);
    /// Returns how much was credited.
    Result<Returns> execute(const custodial_exchange::Credit& call, CallContext& context);
    /// Returns how much was swept.
    Result<Returns> execute(const custodial_exchange::Sweep& call, CallContext& context);
    /// Returns how many were paid, and how much they took off the hot wallet.
    Result<Returns> execute(const custodial_exchange::PayBatch& call, CallContext& context);
    Result<Returns> execute(const custodial_exchange::RejectWithdrawal& call, CallContext& context);
    Result<Returns> execute(const custodial_exchange::MoveToCold& call, CallContext& context);
    Result<Returns> execute(const custodial_exchange::RequestRefill& call, CallContext& context);
    Result<Returns> execute(const custodial_exchange::Refill& call, CallContext& context);
    /// Returns the report's number.
    Result<Returns> execute(const custodial_exchange::TakeReport& call, CallContext& context);
    Result<Returns> execute(const custodial_exchange::PublishReserves& call, CallContext& context);
    Result<Returns> execute(const custodial_exchange::Misstate& call, CallContext& context);
    Result<Returns> execute(const custodial_exchange::FreezeCustomer& call, CallContext& context);
    Result<Returns> execute(const custodial_exchange::ReleaseDeposits& call, CallContext& context);
    Result<Returns> execute(
        const custodial_exchange::ReleaseWithdrawal& call, CallContext& context);

private:
    /// A listed token, and how it is moved: the native coin is none.
    struct Listing
    {
        ContractId id{};
        Token* token = nullptr;
        Amount unit{1};  // 10^decimals.
    };
    struct Quote
    {
        Amount out;
        Amount spread;
    };

    [[nodiscard]] const Listing* find_listing(ContractId token) const noexcept;
    [[nodiscard]] const custodial_exchange::TokenTerms& terms_of(ContractId token) const;
    [[nodiscard]] const custodial_exchange::Asset& asset(ContractId token) const
    {
        return assets_.get(index(token));
    }
    [[nodiscard]] const custodial_exchange::Entry& entry(
        std::uint32_t customer, ContractId token) const
    {
        return entries_.get(account_contract_key(customers_.get(customer).account, token));
    }
    [[nodiscard]] Amount holding(const Listing& listing, AccountId account) const;
    [[nodiscard]] Amount holding(
        CallContext& context, const Listing& listing, AccountId account) const;
    /// Moves coins that are the exchange's to move.
    Result<void> move(CallContext& context, const Listing& listing, AccountId from, AccountId to,
        const Amount& amount) const;
    /// The same from one of its addresses to another, or not at all: what a token keeps on the way
    /// would be missing.
    Result<void> move_inside(CallContext& context, const Listing& listing, AccountId from,
        AccountId to, const Amount& amount) const;

    [[nodiscard]] Result<const Listing*> require_listed(ContractId token) const;
    [[nodiscard]] Result<void> require_operator(const CallContext& context) const;
    [[nodiscard]] Result<const custodial_exchange::Customer*> require_customer(
        CallContext& context, std::uint32_t customer) const;
    /// The sender, if he is a customer who may use his account.
    [[nodiscard]] Result<std::uint32_t> require_active(CallContext& context) const;

    /// A customer's entry to be changed: what the last report says of it is kept.
    [[nodiscard]] custodial_exchange::Entry& change(
        CallContext& context, AccountId customer, ContractId token);
    template <typename Read>
    [[nodiscard]] Result<Quote> quote(
        const Listing& in, const Listing& out, const Amount& amount_in, Read&& read_price) const;
    ScreeningVerdict screen(CallContext& context, AccountId customer, AccountId counterparty,
        ContractId token, const Amount& amount, bool is_deposit) const;
    void enqueue(CallContext& context, std::uint64_t number);
    [[nodiscard]] bool is_own_wallet(AccountId account) const noexcept;

    custodial_exchange::Terms terms_;
    std::vector<ContractId> tokens_;
    std::vector<Listing> listings_;  // In the order of tokens_.
    AccountId operator_ = zero_account;
    AccountId cold_ = zero_account;
    World* world_ = nullptr;
    NativeCoin* coin_ = nullptr;
    const PriceSource* prices_ = nullptr;
    ScreeningPolicy* screening_ = nullptr;
    Table<custodial_exchange::ExchangeState> state_;  // Record 0.
    Table<custodial_exchange::Customer> customers_;
    Table<custodial_exchange::CustomerNumber> numbers_;
    Table<custodial_exchange::Entry> entries_;
    Table<custodial_exchange::Misstatement> misstatements_;  // By the same key.
    Table<custodial_exchange::Asset> assets_;
    Table<custodial_exchange::Statement> statements_;
    Table<custodial_exchange::Withdrawal> withdrawals_;
};

}  // namespace runnel::contracts
