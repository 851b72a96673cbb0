#pragma once

#include "contracts/kit/sandbox.hpp"
#include "strategies/api/strategy.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace runnel::tests
{

/// A wallet in a sandbox that a test steers block by block: what it sees is the sandbox's committed
/// state, what it submits waits until the test runs it.
///
///     wallet.decide(strategy);
///     const auto outcome = wallet.run(strategy);   // Executes, and tells the strategy.
///     wallet.advance(1);
class FakeWallet final : public WalletContext
{
public:
    struct Submission
    {
        CallWriter calls;
        Bid bid;
        std::uint64_t tag = 0;
        Motive motive = {};
    };

    FakeWallet(contracts::Sandbox& sandbox, AccountId account, std::uint32_t slot_seconds = 12)
      : sandbox_{sandbox}, account_{account}
    {
        view_.slot_seconds = slot_seconds;
        view_.timestamp = 1'700'000'000;
        view_.base_fee = 10'000'000'000;
        view_.world = &sandbox.world();
        for (std::uint32_t i = 0; i < sandbox.world().contract_count(); ++i)
            protocols_.push_back({ContractId{i}, 0, sandbox.world().find_contract(ContractId{i})});
        paths_.resize(protocols_.size());
        view_.protocols = protocols_;
        set_prices();
        advance(1);
    }

    // ---- What the test does ----

    /// A reference price in USD, from now on and ever since.
    void set_price(ContractId token, double usd)
    {
        set_price_path(token, {static_cast<std::uint64_t>(usd * 1e8)});
    }
    void set_price_path(ContractId token, std::vector<std::uint64_t> path)
    {
        paths_.at(index(token)) = std::move(path);
        set_prices();
    }
    /// What waits in the mempool, for strategies that watch it. @p mempool must stay.
    void show(const MempoolView& mempool) { view_.mempool = &mempool; }
    void set_base_fee(std::uint64_t wei) { view_.base_fee = wei; }
    void advance(std::uint64_t blocks)
    {
        view_.block_number += blocks;
        view_.timestamp += blocks * view_.slot_seconds;
        view_.now_ms += static_cast<std::int64_t>(blocks * view_.slot_seconds * 1000);
        sandbox_.set_time(view_.timestamp);
    }

    /// Lets wallet 0 of @p strategy act and answers its questions. Returns its next block.
    std::uint64_t decide(Strategy& strategy)
    {
        random_ = RandomStream{seed, 1, 0, view_.block_number};
        auto next = strategy.decide(0, *this);
        if (questions.empty())
            return next;
        for (auto& question : questions)
        {
            question.amount_out =
                sandbox_.world().contract(question.contract).quote(question.request);
        }
        random_ = RandomStream{seed, 1, 0, view_.block_number};
        const auto answered = std::exchange(questions, {});
        ++rounds_of_questions;
        return strategy.quoted(0, *this, answered);
    }

    struct Ran
    {
        contracts::Sandbox::Outcome outcome;
        bool acts_again = false;  // What learn() said.
    };
    /// Executes all that was submitted, in order, and tells wallet 0.
    std::vector<Ran> run_all(Strategy& strategy)
    {
        std::vector<Ran> all;
        auto waiting = std::exchange(submissions, {});
        for (auto& submission : waiting)
        {
            Ran ran{sandbox_.run(account_, submission.calls)};
            TransactionOutcome outcome;
            outcome.kind = ran.outcome.ok() ? TransactionOutcome::Kind::succeeded
                                            : TransactionOutcome::Kind::reverted;
            outcome.tag = submission.tag;
            outcome.gas_used = ran.outcome.receipt.gas_used;
            outcome.refusal = ran.outcome.receipt.refusal;
            ran.acts_again = strategy.learn(0, outcome);
            all.push_back(std::move(ran));
        }
        return all;
    }
    Ran run(Strategy& strategy)
    {
        auto all = run_all(strategy);
        return all.size() == 1 ? std::move(all.front()) : throw std::logic_error{"not one"};
    }

    std::vector<Submission> submissions;
    std::vector<std::pair<AccountId, Bytes>> told;
    std::vector<QuoteAnswer> questions;
    unsigned rounds_of_questions = 0;
    std::uint64_t seed = 7;
    std::uint32_t place = 0;  // Its number within its group.

    // ---- What the strategy sees ----

    const WorldView& view() const override { return view_; }
    AccountId account() const override { return account_; }
    std::uint32_t number() const override { return place; }
    RandomStream& random() override { return random_; }
    std::uint32_t pending() const override
    {
        return static_cast<std::uint32_t>(submissions.size());
    }
    void submit(CallWriter calls, const Bid& bid, std::uint64_t tag, const Motive& motive) override
    {
        submissions.push_back({std::move(calls), bid, tag, motive});
    }
    Bid habitual_bid() const override
    {
        return {1'000'000'000, 2 * view_.base_fee + 1'000'000'000, 0};
    }
    void tell(AccountId to, Bytes content) override { told.emplace_back(to, std::move(content)); }
    void ask(ContractId contract, const QuoteRequest& request) override
    {
        questions.push_back({contract, request, std::nullopt});
    }

private:
    void set_prices()
    {
        prices_ = std::make_unique<ReferencePrices>(paths_);
        view_.prices = prices_.get();
    }

    contracts::Sandbox& sandbox_;
    AccountId account_;
    WorldView view_;
    std::vector<ProtocolView> protocols_;
    std::vector<std::vector<std::uint64_t>> paths_;
    std::unique_ptr<ReferencePrices> prices_;
    RandomStream random_{seed, 1, 0, 0};
};

/// A group of one wallet, for strategies under test.
inline WalletGroup group_of_one(const World& world, AccountId account)
{
    WalletGroup group;
    group.name = "group";
    group.seed = 7;
    group.stream = 1;
    group.accounts = {account};
    group.world = &world;
    group.groups =
        std::make_shared<const std::vector<std::pair<std::string, std::vector<AccountId>>>>(
            std::vector<std::pair<std::string, std::vector<AccountId>>>{{"group", {account}}});
    return group;
}

/// How many transactions wallet 0 of a strategy sends in so many blocks if each one is refused, for
/// a reason that it cannot know.
inline std::size_t sent_when_all_is_refused(
    FakeWallet& wallet, Strategy& strategy, std::uint64_t blocks)
{
    std::size_t sent = 0;
    const auto end = wallet.view().block_number + blocks;
    auto next = wallet.view().block_number;
    while (wallet.view().block_number < end)
    {
        if (wallet.view().block_number >= next)
            next = wallet.decide(strategy);
        for (const auto& submission : std::exchange(wallet.submissions, {}))
        {
            TransactionOutcome outcome;
            outcome.kind = TransactionOutcome::Kind::reverted;
            outcome.tag = submission.tag;
            outcome.gas_used = 100'000;
            outcome.gas_price = wallet.view().base_fee + submission.bid.priority_fee;
            outcome.refusal.text = "REFUSED";
            if (strategy.learn(0, outcome))
                next = wallet.view().block_number + 1;
            ++sent;
        }
        wallet.advance(1);
    }
    return sent;
}

/// A parameter without randomness.
inline Distribution always(double value)
{
    Distribution distribution;
    distribution.a = value;
    return distribution;
}

}  // namespace runnel::tests
