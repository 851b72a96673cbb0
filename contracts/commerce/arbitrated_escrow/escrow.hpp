#pragma once

#include "contracts/commerce/arbitrated_escrow/calls.hpp"
#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/escrow.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <string>

namespace runnel::contracts
{

namespace arbitrated_escrow
{

/// Who pays for a ruling.
enum class FeePayer : std::uint8_t
{
    loser,  // Each deposits all of it, and the winner has his back, as in Kleros.
    both,   // Each deposits half; the buyer the odd unit.
};

struct Rules
{
    FeePayer fee_payer = FeePayer::loser;
    std::uint64_t fee_timeout = 0;     // Seconds for the other party's deposit,
    std::uint64_t ruling_timeout = 0;  // and for the arbiter.
};

struct EscrowState
{
    std::uint64_t deals = 0;
    RUNNEL_FIELDS((deals, other("deals")));
};

}  // namespace arbitrated_escrow

/// Holds buyers' money in any ERC-20 token until the goods are there.
///
///     opened    pay, reimburse     any part, as long as nobody disputes
///               not shipped        all to the buyer, from ship_by on
///     shipped   inspection over    all to the seller, if nobody has disputed by then
///     disputed  deposits           who does not make his within fee_timeout loses
///               ruling             buyer, seller, or each half (the seller has the odd unit)
///               no ruling          each half and his deposit, after ruling_timeout
///
/// Time-outs move nothing by themselves: anybody may ask for them. Whatever anybody is due goes to
/// his credit, and from there to him when he or anybody withdraws it, so that a party whom the
/// token refuses to pay cannot hold up the other.
///
/// Invariant, of each token: what deals and credits come to is what the escrow owes, and it owes no
/// more than it holds. So it refuses tokens that rebase, and any that delivers less than was sent.
/// A token whose minter burns what others hold can break it.
///
/// Units: the token's smallest unit; unix seconds. Rounding: halves, as above.
/// Errors: those of Kleros where it has them, see docs/escrow.md; the token's own (SafeERC20 of
/// OpenZeppelin 5).
/// Source: after Kleros' MultipleArbitrableTokenTransaction, ERC-792, and OpenZeppelin's Escrow;
/// what differs is in docs/escrow.md.
class ArbitratedEscrow
  : public ContractBase<ArbitratedEscrow, arbitrated_escrow::CreateTransaction,
        arbitrated_escrow::CreatePrepaidTransaction, arbitrated_escrow::Ship,
        arbitrated_escrow::Pay, arbitrated_escrow::Reimburse, arbitrated_escrow::ExecuteTransaction,
        arbitrated_escrow::PayArbitrationFeeByBuyer, arbitrated_escrow::PayArbitrationFeeBySeller,
        arbitrated_escrow::TimeOutByBuyer, arbitrated_escrow::TimeOutBySeller,
        arbitrated_escrow::TimeOutRuling, arbitrated_escrow::Rule, arbitrated_escrow::Withdraw>,
    public Escrow
{
public:
    ArbitratedEscrow(ContractIdentity identity, arbitrated_escrow::Rules rules);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override { world_ = &world; }
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    /// What it owes of a token, to deals and to credits.
    [[nodiscard]] const Amount& owed(ContractId token) const { return owed_.get(index(token)); }

    // Escrow.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::uint64_t deals() const noexcept override { return state_.get(0).deals; }
    [[nodiscard]] const EscrowDeal& deal(std::uint64_t number) const override
    {
        return deals_.get(number);
    }
    [[nodiscard]] const Amount& credit(AccountId payee, ContractId token) const override
    {
        return credits_.get(account_contract_key(payee, token));
    }
    [[nodiscard]] Amount deposit(const EscrowDeal& deal, EscrowParty party) const override;
    [[nodiscard]] bool is_due(const EscrowDeal& deal, std::uint64_t at) const override;
    Result<std::uint64_t> open_prepaid(
        CallContext context, AccountId buyer, const EscrowTerms& terms) override;
    void add_opening(CallWriter& calls, const EscrowTerms& terms) const override;
    void add_shipment(
        CallWriter& calls, std::uint64_t number, const Amount& reference) const override;
    void add_release(CallWriter& calls, std::uint64_t number, const Amount& amount) const override;
    void add_deposit(CallWriter& calls, std::uint64_t number, EscrowParty party) const override;
    void add_settlement(CallWriter& calls, std::uint64_t number) const override;
    void add_ruling(CallWriter& calls, std::uint64_t number, EscrowRuling ruling) const override;
    void add_withdrawal(CallWriter& calls, AccountId payee, ContractId token) const override;

    using ContractBase::execute;
    Result<Returns> execute(const arbitrated_escrow::CreateTransaction& call, CallContext& context);
    Result<Returns> execute(
        const arbitrated_escrow::CreatePrepaidTransaction& call, CallContext& context);
    Result<Returns> execute(const arbitrated_escrow::Ship& call, CallContext& context);
    Result<Returns> execute(const arbitrated_escrow::Pay& call, CallContext& context);
    Result<Returns> execute(const arbitrated_escrow::Reimburse& call, CallContext& context);
    Result<Returns> execute(
        const arbitrated_escrow::ExecuteTransaction& call, CallContext& context);
    Result<Returns> execute(
        const arbitrated_escrow::PayArbitrationFeeByBuyer& call, CallContext& context);
    Result<Returns> execute(
        const arbitrated_escrow::PayArbitrationFeeBySeller& call, CallContext& context);
    Result<Returns> execute(const arbitrated_escrow::TimeOutByBuyer& call, CallContext& context);
    Result<Returns> execute(const arbitrated_escrow::TimeOutBySeller& call, CallContext& context);
    Result<Returns> execute(const arbitrated_escrow::TimeOutRuling& call, CallContext& context);
    Result<Returns> execute(const arbitrated_escrow::Rule& call, CallContext& context);
    /// Returns what was paid.
    Result<Returns> execute(const arbitrated_escrow::Withdraw& call, CallContext& context);

private:
    /// The token of hostile terms, if the parties can agree on these at all.
    Result<Token*> checked_token(
        CallContext& context, AccountId buyer, const EscrowTerms& terms) const;
    /// Takes tokens of @p from, all of which must arrive.
    Result<void> pull(CallContext& context, ContractId token, AccountId from, const Amount& amount);
    Result<std::uint64_t> open(CallContext& context, AccountId buyer, const EscrowTerms& terms);
    /// The record of a hostile number, to be written.
    Result<EscrowDeal*> find(CallContext& context, std::uint64_t number);
    Result<Returns> pay_part(
        CallContext& context, std::uint64_t number, EscrowParty payee, const Amount& amount);
    Result<Returns> make_deposit(CallContext& context, std::uint64_t number, EscrowParty party);
    Result<Returns> time_out_party(CallContext& context, std::uint64_t number, EscrowParty winner);
    /// Settles a dispute; the arbiter earns his fee, or else all deposits go back to whose they
    /// are.
    void resolve(CallContext& context, std::uint64_t number, EscrowDeal& deal, EscrowRuling ruling,
        EscrowCause cause);
    /// Puts what the escrow owes already to an account's credit.
    void put(CallContext& context, std::uint64_t number, const EscrowDeal& deal,
        EscrowMoveType type, EscrowCause cause, AccountId payee, const Amount& amount);
    void tell(CallContext& context, std::uint64_t number, const EscrowDeal& deal,
        EscrowMoveType type, EscrowCause cause, AccountId account, const Amount& amount) const;

    arbitrated_escrow::Rules rules_;
    const World* world_ = nullptr;
    Table<arbitrated_escrow::EscrowState> state_;  // Record 0.
    Table<EscrowDeal> deals_;
    Table<Amount> credits_;  // By account_contract_key(payee, token).
    Table<Amount> owed_;     // By token.
};

}  // namespace runnel::contracts
