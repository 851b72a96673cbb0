#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"
#include "ledger/call.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// What strategies may know of those who vote by locked tokens on what a treasury does, whatever
/// their rules are called.
namespace runnel::contracts
{

enum class GovernanceAction : std::uint8_t
{
    lock,
    unlock,
    propose,
    vote,
    execute,
    commit,
};

/// Times in unix seconds, votes in the token's smallest unit.
struct GovernanceProposal
{
    AccountId proposer{};
    std::uint64_t vote_start = 0;
    std::uint64_t vote_end = 0;
    std::uint64_t commit_from = 0;  // From when on two thirds may carry it out before the end.
    Amount for_votes;
    Amount against_votes;
    bool is_executed = false;
};

/// Proposals are lists of calls, which the governance's own account makes when a vote has passed:
/// what that account holds is the treasury.
class Governance
{
public:
    static constexpr std::string_view sector = "governance";

    virtual ~Governance() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    /// What is locked for votes.
    [[nodiscard]] virtual ContractId token() const noexcept = 0;
    /// What an account has locked; what all have.
    [[nodiscard]] virtual const Amount& votes(AccountId voter) const = 0;
    [[nodiscard]] virtual const Amount& all_votes() const = 0;
    /// Votes that a proposer needs.
    [[nodiscard]] virtual const Amount& proposal_threshold() const noexcept = 0;
    /// How many there have been; they are numbered from 0.
    [[nodiscard]] virtual std::uint32_t proposals() const = 0;
    [[nodiscard]] virtual GovernanceProposal proposal(std::uint32_t number) const = 0;
    /// What somebody must lock beside all that is locked now, and vote for a proposal in the same
    /// transaction, so that it may be carried out before the end of its vote: if it has
    /// @p for_votes, what he has locked before among them. Empty where nothing counts that is
    /// locked after the proposal.
    [[nodiscard]] virtual std::optional<Amount> lock_to_commit(const Amount& for_votes) const = 0;

    // Each adds one call of the sender's, who must let contract().account() spend what he locks.

    /// Of execute and commit: without what the proposal's own calls cost.
    [[nodiscard]] virtual CallGas gas_of(GovernanceAction action) const noexcept = 0;
    virtual void add_lock(CallWriter& calls, const Amount& amount) const = 0;
    virtual void add_unlock(CallWriter& calls, const Amount& amount) const = 0;
    virtual void add_proposal(CallWriter& calls, CallList proposed) const = 0;
    virtual void add_vote(CallWriter& calls, std::uint32_t proposal, bool is_for) const = 0;
    /// Carries it out before the end of its vote.
    virtual void add_commit(CallWriter& calls, std::uint32_t proposal) const = 0;
};

}  // namespace runnel::contracts
