#include "actors/cohort.hpp"

#include "consensus/block_builder.hpp"
#include "consensus/commitments.hpp"
#include "execution/gas.hpp"
#include "ledger/check.hpp"
#include "state/references.hpp"
#include "state/signing.hpp"

#include <algorithm>
#include <limits>

namespace runnel::actors
{
namespace
{
constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t boost_percent_max = 100'000;

/// Bids are sums of products of habits; far below 2^64 wei in earnest, clamped in any case.
std::uint64_t percent_of(std::uint64_t value, std::uint64_t percent) noexcept
{
    const auto product = static_cast<uint128>(value) * percent / 100;
    constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / 4;
    return product > limit ? limit : static_cast<std::uint64_t>(product);
}
}  // namespace

/// The context that a wallet of this cohort sees while it acts.
class Cohort::Context final : public WalletContext
{
public:
    Context(Cohort& cohort, std::size_t position)
      : cohort_{cohort},
        position_{position},
        random_{cohort.seed_, cohort.stream_, cohort.first_number_ + position,
            cohort.view_->block_number}
    {}

    const WorldView& view() const override { return *cohort_.view_; }
    AccountId account() const override { return cohort_.accounts_[position_]; }
    std::uint32_t number() const override
    {
        return cohort_.first_number_ + static_cast<std::uint32_t>(position_);
    }
    RandomStream& random() override { return random_; }
    std::uint32_t pending() const override
    {
        return static_cast<std::uint32_t>(wallet().pending.size());
    }

    Bid habitual_bid() const override
    {
        Bid bid;
        bid.priority_fee = percent_of(wallet().priority_fee, wallet().boost_percent);
        bid.max_fee = percent_of(percent_of(cohort_.view_->base_fee, wallet().max_base_fee_percent),
                          wallet().boost_percent) +
                      bid.priority_fee;
        bid.max_fee = std::min(bid.max_fee, wallet().max_fee);
        bid.priority_fee = std::min(bid.priority_fee, bid.max_fee);
        return bid;
    }

    void submit(CallWriter calls, const Bid& bid, std::uint64_t tag, const Motive& motive) override
    {
        if (view().seals_contents)
            begin_commitment(bid);
        Transaction transaction;
        transaction.sender = account();
        // In the place of another one.
        const bool replaces = bid.is_secret && !wallet().pending.empty();
        transaction.nonce = replaces ? wallet().pending.back().nonce : free_nonce();
        transaction.is_secret = replaces;
        if (bid.bundle)
            add_bundle_terms(calls, *bid.bundle, transaction.nonce);
        const auto gas = gas_figure_of(*view().world, calls.bytes()) + bid.extra_gas;
        transaction.gas_limit = std::max(intrinsic_gas, percent_of(gas, bid.gas_percent));
        set_fees(transaction, bid);
        write_calls(transaction, *view().world, calls);
        transaction.motive = motive;
        if (motive.purpose == Purpose::unstated)
            transaction.motive.purpose = cohort_.purpose_;
        if (!replaces)
        {
            wallet().pending.push_back({transaction.nonce, tag, 0,
                bid.bundle ? Pending::Role::bundled : Pending::Role::plain});
        }
        cohort_.transactions_.push_back(std::move(transaction));
    }

    void tell(AccountId to, Bytes content) override
    {
        cohort_.letters_.push_back({to, {account(), std::move(content)}});
    }

    void ask(ContractId contract, const QuoteRequest& request) override
    {
        cohort_.questions_.push_back({position_, {contract, request, std::nullopt}});
    }

private:
    [[nodiscard]] Wallet& wallet() const { return cohort_.wallets_[position_]; }

    void set_fees(Transaction& transaction, const Bid& bid) const
    {
        transaction.max_priority_fee = bid.priority_fee;
        transaction.max_fee = bid.max_fee != 0 ? bid.max_fee : habitual_bid().max_fee;
        transaction.max_fee = std::max(transaction.max_fee, transaction.max_priority_fee);
        transaction.max_fee = std::min(transaction.max_fee, wallet().max_fee);
        transaction.max_priority_fee = std::min(transaction.max_priority_fee, transaction.max_fee);
        const auto slot_ms = std::int64_t{view().slot_seconds} * 1000;
        const auto earliest_ms =
            view().mempool == nullptr ? 0 : view().mempool->as_of_ms - (view().now_ms - slot_ms);
        transaction.arrival_ms = arrival_time_ms(
            cohort_.seed_, account(), view().block_number, view().slot_seconds, earliest_ms);
    }

    void add_bundle_terms(CallWriter& calls, const BundlePlace& place, std::uint64_t nonce) const
    {
        BundleTerms terms;
        terms.block = view().block_number;
        terms.first_nonce = nonce - place.position;
        terms.count = place.count;
        terms.position = place.position;
        terms.victim_position = place.victim_position;
        terms.victim = place.victim;
        (void)calls.add_witness(encode_terms(terms));
    }

    /// Of all that the wallet sends in this round; it bids as the first of them.
    void begin_commitment(const Bid& bid)
    {
        if (!cohort_.committed_.insert(position_).second)
            return;
        Transaction commitment;
        commitment.sender = account();
        commitment.nonce = free_nonce();
        commitment.gas_limit = intrinsic_gas;
        set_fees(commitment, bid);
        write_calls(commitment, *view().world, {});
        add_terms(commitment, CommitmentTerms{});
        commitment.motive.purpose = cohort_.purpose_;
        wallet().pending.push_back({commitment.nonce, 0, 0, Pending::Role::commitment});
        cohort_.transactions_.push_back(std::move(commitment));
    }

    /// The lowest nonce that neither the chain nor a pending transaction has used: a dropped
    /// transaction's gap is filled first, so that later ones are not stuck behind it.
    [[nodiscard]] std::uint64_t free_nonce() const
    {
        auto nonce = view().account(account()).nonce;
        const auto& pending = wallet().pending;
        while (std::any_of(pending.begin(), pending.end(),
            [&](const Pending& other) { return other.nonce == nonce; }))
            ++nonce;
        return nonce;
    }

    Cohort& cohort_;
    std::size_t position_;
    RandomStream random_;
};

Cohort::Cohort(const AgentGroupSetup& group, WalletGroup wallets)
  : accounts_{wallets.accounts},
    world_{wallets.world},
    first_number_{wallets.first_number},
    seed_{wallets.seed},
    stream_{wallets.stream},
    purpose_{group.strategy->purpose}
{
    stops_ = group.stops;
    std::sort(
        stops_.begin(), stops_.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
    for (const auto& arrival : wallets.arrivals)
    {
        addresses_.push_back(arrival.address);
        arrivals_.push_back(arrival.block);
    }
    strategy_ = group.strategy->create(group.parameters, wallets);
    const auto* before = &group.parameters;
    for (const auto& change : group.changes)
    {
        changes_.push_back({change.from, group.strategy->create(*before, wallets),
            group.strategy->create(change.parameters, wallets),
            draw_habits(
                wallets, change.priority_fee, change.max_base_fee_multiple, change.max_fee)});
        before = &change.parameters;
    }
    std::reverse(changes_.begin(), changes_.end());
    wallets_ = draw_habits(wallets, group.priority_fee, group.max_base_fee_multiple, group.max_fee);
    for (std::size_t i = 0; i < wallets_.size(); ++i)
    {
        const auto first = std::max<std::uint64_t>(1, strategy_->first_block(i));
        const auto arrival = wallets.arrivals.empty() ? 0 : wallets.arrivals[i].block;
        schedule(i, first > never - arrival ? never : arrival + first);
    }
}

Cohort::~Cohort() = default;

std::vector<Cohort::Wallet> Cohort::draw_habits(const WalletGroup& wallets,
    const Distribution& priority_fee, const Distribution& max_base_fee_multiple,
    const Distribution& max_fee)
{
    std::vector<Wallet> habits(wallets.accounts.size());
    for (std::size_t i = 0; i < habits.size(); ++i)
    {
        const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
        auto& wallet = habits[i];
        const auto tip = wallets.draw(priority_fee, "priority_fee", number);
        const auto multiple = wallets.draw(max_base_fee_multiple, "max_base_fee_multiple", number);
        const auto limit = wallets.draw(max_fee, "max_fee", number);
        wallet.max_fee = Amount::from_double(std::clamp(limit, 0.0, 1e9) * 1e9).low64();
        wallet.priority_fee = Amount::from_double(std::clamp(tip, 0.0, 1e9) * 1e9).low64();
        wallet.max_base_fee_percent =
            static_cast<std::uint32_t>(std::clamp(multiple, 1.0, 1e6) * 100);
    }
    return habits;
}

void Cohort::change(std::uint64_t block, bool goes_on)
{
    for (; !changes_.empty() && changes_.back().from <= block; changes_.pop_back())
    {
        auto& change = changes_.back();
        if (goes_on)
            change.strategy->take_over(*strategy_, *change.born);
        strategy_ = std::move(change.strategy);
        for (std::size_t i = 0; i < wallets_.size(); ++i)
        {
            wallets_[i].priority_fee = change.habits[i].priority_fee;
            wallets_[i].max_fee = change.habits[i].max_fee;
            wallets_[i].max_base_fee_percent = change.habits[i].max_base_fee_percent;
        }
    }
}

void Cohort::start_at(std::uint64_t next_block)
{
    change(next_block, false);
}

void Cohort::schedule(std::size_t position, std::uint64_t block)
{
    wallets_[position].due = block;
    if (block != never)
        calendar_[block].push_back(static_cast<std::uint32_t>(position));
}

std::size_t Cohort::position_of(AccountId account) const
{
    if (const auto found = arrived_.find(account); found != arrived_.end())
        return found->second;
    const auto position = static_cast<std::size_t>(
        std::lower_bound(accounts_.begin(), accounts_.end(), account) - accounts_.begin());
    RUNNEL_CHECK(
        addresses_.empty() && position < accounts_.size() && accounts_[position] == account);
    return position;
}

std::optional<std::size_t> Cohort::recipient(AccountId to, std::uint64_t next_block)
{
    if (addresses_.empty())
        return position_of(to);
    // Its address may have been paid before it comes.
    const auto found = std::find(addresses_.begin(), addresses_.end(), world_->account(to).address);
    const auto position = static_cast<std::size_t>(found - addresses_.begin());
    if (position == addresses_.size() || arrivals_[position] >= next_block || !is_there(position))
        return std::nullopt;
    return position;
}

bool Cohort::is_there(std::size_t position)
{
    if (addresses_.empty() || accounts_[position] != zero_account)
        return true;
    const auto account = world_->find_account(addresses_[position]);
    if (!account)
        return false;
    accounts_[position] = *account;
    arrived_.emplace(*account, position);
    return true;
}

std::uint64_t Cohort::after_stops(std::uint64_t block) const noexcept
{
    for (const auto& stop : stops_)
    {
        if (stop.from <= block && block < stop.until)
            block = stop.until;
    }
    return block;
}

void Cohort::begin(const WorldView& view, const News& news)
{
    view_ = &view;
    learn(view.block_number, news);
}

void Cohort::learn(std::uint64_t next_block, const News& news)
{
    change(next_block, true);
    for (const auto& addressed : news.outcomes)
        learn(addressed, next_block);
    if (news.reverted_from)
        strategy_->observe_reversal(*news.reverted_from);
    if (news.transfers != nullptr)
        strategy_->observe(*news.transfers);
    // They came as cohorts answered, and from one cohort as its calendar has its wallets.
    std::vector<const AddressedLetter*> letters;
    for (const auto& addressed : news.letters)
        letters.push_back(&addressed);
    std::stable_sort(letters.begin(), letters.end(),
        [](const auto* a, const auto* b) { return a->letter.from < b->letter.from; });
    for (const auto* addressed : letters)
    {
        const auto position = recipient(addressed->to, next_block);
        if (position && strategy_->hear(*position, addressed->letter))
            schedule(*position, next_block);
    }
}

void Cohort::learn(const AddressedOutcome& addressed, std::uint64_t next_block)
{
    const auto& outcome = addressed.outcome;
    const auto position = position_of(addressed.sender);
    auto& wallet = wallets_[position];
    using Standing = AddressedOutcome::Standing;
    if (addressed.standing == Standing::undone)
    {
        // It waits again, under its nonce; what its wallet was told it does not forget.
        if (const auto found = provisional_.extract({position, outcome.nonce}))
            wallet.pending.push_back(found.mapped());
        return;
    }
    auto told = outcome;
    const auto kind = static_cast<std::uint8_t>(1 + static_cast<int>(outcome.kind));
    auto role = Pending::Role::plain;
    bool is_known = false;
    const auto pending = std::find_if(wallet.pending.begin(), wallet.pending.end(),
        [&](const Pending& other) { return other.nonce == outcome.nonce; });
    if (pending != wallet.pending.end())
    {
        told.tag = pending->tag;
        role = pending->role;
        is_known = pending->told == kind;
        if (addressed.standing == Standing::provisional)
        {
            provisional_.insert_or_assign(
                {position, pending->nonce}, Pending{pending->nonce, pending->tag, kind, role});
        }
        wallet.pending.erase(pending);
    }
    if (is_known)
        return;  // The same again, in another branch.
    // A bundle that was not taken bid too little for its chance, not for a block.
    const bool dropped = outcome.kind == TransactionOutcome::Kind::dropped;
    if (dropped && role != Pending::Role::bundled)
        wallet.boost_percent = std::min(boost_percent_max, wallet.boost_percent * 3 / 2);
    else
        wallet.boost_percent -= (wallet.boost_percent - 100 + 7) / 8;
    if (role != Pending::Role::commitment && strategy_->learn(position, told))
        schedule(position, next_block);
}

void Cohort::decide()
{
    while (!calendar_.empty() && calendar_.begin()->first <= view_->block_number)
    {
        const auto due = std::move(calendar_.begin()->second);
        const auto block = calendar_.begin()->first;
        calendar_.erase(calendar_.begin());
        for (const auto position : due)
        {
            if (wallets_[position].due != block)
                continue;  // Rescheduled since.
            wallets_[position].due = never;
            if (const auto later = after_stops(view_->block_number); later != view_->block_number)
            {
                schedule(position, later);
                continue;
            }
            if (!is_there(position))
                continue;  // No payment to it was in a block: it never comes.
            Context context{*this, position};
            const auto asked = questions_.size();
            const auto next = strategy_->decide(position, context);
            if (questions_.size() == asked)
                schedule(position, std::max(next, view_->block_number + 1));
        }
    }
}

std::vector<Cohort::Questions> Cohort::take_questions()
{
    std::map<std::uint32_t, std::vector<QuoteRequest>> by_contract;
    for (const auto& question : questions_)
        by_contract[index(question.answer.contract)].push_back(question.answer.request);
    std::vector<Questions> result;
    for (auto& [contract, requests] : by_contract)
        result.push_back({ContractId{contract}, std::move(requests)});
    return result;
}

void Cohort::answer(ContractId contract, const std::vector<std::optional<Amount>>& amounts_out)
{
    std::size_t next = 0;
    for (auto& question : questions_)
    {
        if (question.answer.contract == contract)
            question.answer.amount_out = amounts_out.at(next++);
    }
}

void Cohort::quoted()
{
    const auto questions = std::exchange(questions_, {});
    std::vector<QuoteAnswer> answers;
    for (std::size_t i = 0; i < questions.size();)
    {
        const auto position = questions[i].position;
        answers.clear();
        for (; i < questions.size() && questions[i].position == position; ++i)
            answers.push_back(questions[i].answer);
        Context context{*this, position};
        const auto next = strategy_->quoted(position, context, answers);
        RUNNEL_CHECK(questions_.empty() && "quoted() asks no further questions");
        schedule(position, std::max(next, view_->block_number + 1));
    }
}

std::vector<Transaction> Cohort::take_transactions()
{
    committed_.clear();
    const auto seal = [&](std::span<Transaction> transactions)
    {
        if (signatures_ == SignatureScheme::none)
            seal_all(transactions);
        else
            sign_all(transactions, *world_);
    };
    if (view_ != nullptr && view_->seals_contents)
        commit_to(transactions_, seed_, view_->block_number, seal);
    else
        seal(transactions_);
    return std::exchange(transactions_, {});
}

std::vector<AddressedLetter> Cohort::take_letters()
{
    return std::exchange(letters_, {});
}

std::uint64_t Cohort::next_block() const noexcept
{
    return calendar_.empty() ? never : calendar_.begin()->first;
}

void Cohort::save(std::size_t position, Encoder& out) const
{
    out.put(wallets_[position]);
    strategy_->save(position, out);
}

bool Cohort::load(std::size_t position, Decoder& in)
{
    auto wallet = wallets_[position];
    in.get(wallet);
    const auto is_possible = [](const Pending& pending)
    { return pending.role <= Pending::Role::commitment; };
    if (!in.ok() || wallet.boost_percent < 100 || wallet.boost_percent > boost_percent_max ||
        !std::all_of(wallet.pending.begin(), wallet.pending.end(), is_possible))
        return false;
    wallets_[position] = std::move(wallet);
    return strategy_->load(position, in);
}

void Cohort::resume()
{
    // Wallets that are due in one block act in another order than without the interruption; they
    // know nothing of each other, and the mempool is a set.
    calendar_.clear();
    for (std::size_t i = 0; i < wallets_.size(); ++i)
    {
        (void)is_there(i);  // Its transactions may be on their way.
        schedule(i, wallets_[i].due);
    }
}

std::shared_ptr<GroupAccounts> accounts_of_groups(const SimulationSetup& setup)
{
    auto everybody = std::make_shared<GroupAccounts>();
    for (const auto& group : setup.groups)
        everybody->emplace_back(group.name, group.accounts);
    return everybody;
}

std::vector<GroupCohorts> make_cohorts(const SimulationSetup& setup, std::uint32_t cohort_size)
{
    return make_cohorts(setup, cohort_size, accounts_of_groups(setup));
}

std::vector<GroupCohorts> make_cohorts(const SimulationSetup& setup, std::uint32_t cohort_size,
    std::shared_ptr<const GroupAccounts> everybody)
{
    std::vector<GroupCohorts> groups;
    for (const auto& group : setup.groups)
    {
        auto& cohorts = groups.emplace_back();
        for (std::size_t first = 0; first < group.size(); first += cohort_size)
        {
            const auto last = std::min<std::size_t>(group.size(), first + cohort_size);
            WalletGroup wallets;
            wallets.name = group.name;
            wallets.seed = setup.seed;
            wallets.stream = stream_of_name(group.name);
            wallets.slot_seconds = setup.slot_seconds;
            wallets.first_number = static_cast<std::uint32_t>(first);
            wallets.group_size = group.size();
            if (group.arrivals.empty())
            {
                wallets.accounts.assign(group.accounts.begin() + static_cast<std::ptrdiff_t>(first),
                    group.accounts.begin() + static_cast<std::ptrdiff_t>(last));
            }
            else
            {
                wallets.accounts.assign(last - first, zero_account);
                wallets.arrivals = std::span{group.arrivals}.subspan(first, last - first);
            }
            wallets.world = setup.world.get();
            wallets.groups = everybody;
            cohorts.push_back(std::make_shared<Cohort>(group, std::move(wallets)));
            cohorts.back()->sign_with(setup.signatures);
        }
    }
    return groups;
}

}  // namespace runnel::actors
