#include "analytics/tracing/taint_engine.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace runnel::analytics::tracing
{
namespace
{
using Role = TracedWorld::Role;

/// Balances are two's complement: within a transaction one may be overdrawn for a while.
bool is_negative(const Amount& balance) noexcept
{
    return balance.bit(255);
}
Amount not_below_zero(const Amount& balance) noexcept
{
    return is_negative(balance) ? Amount{} : balance;
}

/// An amount in finer steps than its own: halves of three smallest units are told apart.
Amount fine(const Amount& amount) noexcept
{
    return amount.fits_uint128() ? amount << 64U : Amount::power_of_two(192);
}

bool is_loan(ClaimChange::Type type) noexcept
{
    return type == ClaimChange::Type::borrow || type == ClaimChange::Type::repay;
}

template <typename Policy>
class Engine final : public TaintEngine
{
    using State = typename Policy::State;
    using Load = typename Policy::Load;

public:
    explicit Engine(TracedWorld world, bool by_source)
      : world_{std::move(world)}, by_source_{by_source}
    {
        if (world_.roles.empty())
            world_.roles.push_back(Role::person);
        sources_.resize(world_.roles.size());
        stops_.resize(world_.roles.size());
    }

    void start_balance(Place place, const Amount& amount) override
    {
        holding(place).balance = amount;
    }
    void only_token(ContractId token) override { only_token_ = token; }
    void set_price(ContractId token, std::uint64_t price) override
    {
        if (index(token) < world_.tokens.size())
            world_.tokens[index(token)].price = price;
    }
    void add_source(AccountId account, bool later) override;
    void stop_at(AccountId account) override
    {
        be_person(account);
        stops_[index(account)] = true;
    }
    void process(const TransactionMoves& moves, const std::vector<Place>& taken) override;

    [[nodiscard]] const std::vector<LootKind>& kinds() const override { return kinds_; }
    [[nodiscard]] std::vector<Stake> stakes() const override;
    [[nodiscard]] HopTable take_hops() override
    {
        hops_.close(places_);
        return std::exchange(hops_, {});
    }
    [[nodiscard]] std::uint64_t hops_lost() const override { return hops_lost_; }
    [[nodiscard]] const std::vector<SecuredLoan>& secured_loans() const override { return loans_; }
    [[nodiscard]] Amount balance(Place place) const override
    {
        const auto* found = find_holding(place);
        return found == nullptr ? Amount{} : not_below_zero(found->balance);
    }
    [[nodiscard]] std::vector<std::pair<Place, Amount>> balances() const override;
    [[nodiscard]] std::uint64_t roundings() const override { return roundings_; }

private:
    struct Holding
    {
        Amount balance;
        State state{};
    };
    /// What somebody has in a contract.
    struct Claim
    {
        Amount amount;
        State state{};
    };
    using ClaimKey = std::tuple<AccountId, AccountId, ContractId>;  // Owner, contract, token.

    struct Edge
    {
        Transfer transfer;
        bool is_made = false;       // `from` is the contract that stands for who makes it.
        bool is_destroyed = false;  // Likewise `to`.
        bool is_apart = false;      // Borrowed, repaid or a reward: nothing is exchanged for it.
        bool is_done = false;
    };
    /// What a contract nets of a token in a transaction.
    struct Flow
    {
        Place place;
        Amount in;
        Amount out;
        bool is_apart = false;
        [[nodiscard]] bool gains() const noexcept { return in > out; }
        [[nodiscard]] bool gives() const noexcept { return out > in; }
    };
    struct Contributor
    {
        Place place;
        Units units;
    };
    /// Loot on its way through a contract.
    struct Pot
    {
        AccountId contract{};
        ContractId token{};  // Of what only passes through; of an exchange, its first gain.
        bool is_exchange = false;
        std::size_t expected = 0;  // Movements into an exchange that are not seen yet.
        unsigned in_tokens = 0;
        unsigned out_tokens = 0;
        bool in_priced = false;  // All tokens that come in have a price.
        bool out_priced = false;
        Amount left;  // Measure of what an exchange still gives.
        Amount size;  // Measure of what is in it.
        Load load{};
        std::vector<Contributor> contributors;
        AccountId through{};  // Of what only passes through: the contract, where hops name it.
    };
    /// What a movement carries, and whose it was.
    struct Carried
    {
        Load load{};
        std::vector<Contributor> contributors;
        AccountId through{};
    };

    void be_person(AccountId account)
    {
        if (index(account) >= world_.roles.size())
            throw std::invalid_argument{"no such account"};
        world_.roles[index(account)] = Role::person;
    }
    [[nodiscard]] bool is_source(AccountId account) const noexcept
    {
        return index(account) < sources_.size() && sources_[index(account)];
    }
    [[nodiscard]] bool is_stop(AccountId account) const noexcept
    {
        return index(account) < stops_.size() && stops_[index(account)];
    }
    [[nodiscard]] Holding& holding(PlaceNumber number)
    {
        if (number >= holdings_.size())
            holdings_.resize(places_.size());
        return holdings_[number];
    }
    [[nodiscard]] Holding& holding(Place place) { return holding(places_.number_of(place)); }
    /// Null if nothing was ever there.
    [[nodiscard]] const Holding* find_holding(Place place) const
    {
        const auto number = places_.find(place);
        return number && *number < holdings_.size() ? &holdings_[*number] : nullptr;
    }

    [[nodiscard]] std::uint32_t kind_of(ContractId token, AccountId source);
    [[nodiscard]] Load make_loot(Place place, const Amount& amount);

    /// What leaves a holding with @p amount.
    [[nodiscard]] Load take(PlaceNumber number, const Amount& amount);
    [[nodiscard]] Load take(Place place, const Amount& amount)
    {
        return take(places_.number_of(place), amount);
    }
    /// A loan or a reward is no loot, whoever gets it.
    void put(PlaceNumber number, const Load& load, const Amount& amount, bool is_apart = false);
    void put(Place place, const Load& load, const Amount& amount, bool is_apart = false)
    {
        put(places_.number_of(place), load, amount, is_apart);
    }
    [[nodiscard]] Load take_claim(const ClaimKey& key, const Amount& amount, Amount& taken);
    void put_claim(const ClaimKey& key, const Load& load, const Amount& amount);

    void process_one(const Transfer& transfer);
    void process_many(const TransactionMoves& moves);
    void make_edges(const TransactionMoves& moves);
    [[nodiscard]] static bool stands_apart(const Edge& edge, const ClaimChange& claim) noexcept;
    void cancel_round_trips();
    void sum_flows();
    void find_makers();
    void make_pots();
    void release_claims(const TransactionMoves& moves);
    void change_claims(const TransactionMoves& moves);
    void run_edges();
    void empty_pots();
    void pay_fee(const TransactionMoves& moves);

    [[nodiscard]] Flow* flow(Place place);
    [[nodiscard]] Pot* exchange_of(AccountId contract);
    [[nodiscard]] Pot* transit_of(Place place);
    [[nodiscard]] Amount measure(
        const Edge& edge, unsigned tokens, bool priced, const Amount& of_token) const;
    [[nodiscard]] bool is_blocked(const Edge& edge, const std::vector<Place>& blocked);
    void run_edge(Edge& edge);
    [[nodiscard]] Carried leave(const Edge& edge);
    void arrive(const Edge& edge, Carried&& carried);
    void drop_into(Pot& pot, Carried&& carried, const Amount& size);
    [[nodiscard]] static std::vector<Contributor> share_contributors(
        Pot& pot, const Load& load, const Amount& part, const Amount& whole);
    void record(const Carried& carried, Place to, const Amount& amount);
    /// What a person paid to whoever has the place @p to.
    void record(PlaceNumber from, PlaceNumber to, const Load& load, const Amount& amount);
    void record(PlaceNumber from, PlaceNumber to, AccountId through, const Units& units,
        const Amount& amount);

    TracedWorld world_;
    bool by_source_ = false;
    std::optional<ContractId> only_token_;
    std::vector<bool> sources_;
    std::vector<bool> stops_;
    std::vector<Place> taken_;  // Of the transaction at hand.
    PlaceTable places_;
    std::vector<Holding> holdings_;  // By the place's number; those beyond the end are empty.
    std::map<ClaimKey, Claim> claims_;
    std::vector<LootKind> kinds_;
    std::map<std::pair<ContractId, AccountId>, std::uint32_t> kind_ids_;
    HopTable hops_;
    std::uint64_t hops_lost_ = 0;
    std::vector<SecuredLoan> loans_;
    std::uint64_t roundings_ = 0;
    std::uint64_t block_ = 0;
    // Of the transaction at hand; kept for their memory.
    std::vector<Edge> edges_;
    std::vector<Flow> flows_;
    std::vector<Pot> pots_;
    std::vector<PlaceNumber> overdrawn_;
    std::vector<Place> blocked_;
};

// ---- Holdings and claims ----

template <typename Policy>
std::uint32_t Engine<Policy>::kind_of(ContractId token, AccountId source)
{
    const std::pair key{token, by_source_ ? source : zero_account};
    const auto [entry, added] = kind_ids_.emplace(key, static_cast<std::uint32_t>(kinds_.size()));
    if (added)
        kinds_.push_back({key.first, key.second, {}});
    return entry->second;
}

template <typename Policy>
typename Policy::Load Engine<Policy>::make_loot(Place place, const Amount& amount)
{
    if (amount.is_zero() || (only_token_ && *only_token_ != place.token))
        return {};
    const auto kind = kind_of(place.token, place.account);
    const auto sum = Checked{kinds_[kind].taken} + amount;
    // Nobody owns so much: damaged rows say so, and what is beyond 256 bits is no loot.
    if (!sum.ok())
        return {};
    kinds_[kind].taken = sum.value;
    if (index(place.token) < world_.tokens.size())
    {
        const auto& token = world_.tokens[index(place.token)];
        kinds_[kind].value += amount.to_double() /
                              Amount::power_of_ten(token.decimals).to_double() *
                              static_cast<double>(token.price) / 1e8;
    }
    return Policy::loot(kind, amount);
}

template <typename Policy>
typename Policy::Load Engine<Policy>::take(PlaceNumber number, const Amount& amount)
{
    auto& from = holding(number);
    Load load{};
    if (!Policy::is_clean(from.state) && !amount.is_zero() && !is_stop(places_[number].account))
    {
        load = Policy::take(from.state, amount, std::max(not_below_zero(from.balance), amount));
        ++roundings_;
    }
    from.balance = wrapping_sub(from.balance, amount);
    if (is_negative(from.balance))
        overdrawn_.push_back(number);
    return load;
}

template <typename Policy>
void Engine<Policy>::put(PlaceNumber number, const Load& load, const Amount& amount, bool is_apart)
{
    auto& to = holding(number);
    const auto place = places_[number];
    const auto before = not_below_zero(to.balance);
    const bool is_taken = Policy::is_clean(load) && !is_apart &&
                          (is_source(place.account) ||
                              std::find(taken_.begin(), taken_.end(), place) != taken_.end());
    if (is_taken)
        Policy::put(to.state, make_loot(place, amount), amount, before);
    else
        Policy::put(to.state, load, amount, before);
    to.balance = wrapping_add(to.balance, amount);
}

template <typename Policy>
typename Policy::Load Engine<Policy>::take_claim(
    const ClaimKey& key, const Amount& amount, Amount& taken)
{
    taken = {};
    const auto found = claims_.find(key);
    if (found == claims_.end())
        return {};
    auto& claim = found->second;
    taken = std::min(amount, claim.amount);
    Load load{};
    if (!Policy::is_clean(claim.state) && !taken.is_zero())
    {
        load = Policy::take(claim.state, taken, claim.amount);
        ++roundings_;
    }
    claim.amount = wrapping_sub(claim.amount, taken);
    if (claim.amount.is_zero() && Policy::is_clean(claim.state))
        claims_.erase(found);
    return load;
}

template <typename Policy>
void Engine<Policy>::put_claim(const ClaimKey& key, const Load& load, const Amount& amount)
{
    auto& claim = claims_[key];
    Policy::put(claim.state, load, amount, claim.amount);
    const auto sum = Checked{claim.amount} + amount;
    claim.amount = sum.ok() ? sum.value : Amount::max();
}

template <typename Policy>
void Engine<Policy>::add_source(AccountId account, bool later)
{
    be_person(account);
    sources_[index(account)] = later;
    for (const auto& token : world_.tokens)
    {
        const Place place{account, token.id};
        if (find_holding(place) == nullptr)
            continue;
        auto& own = holding(place);
        if (!Policy::is_clean(own.state))
            continue;
        const auto amount = not_below_zero(own.balance);
        if (!amount.is_zero())
            Policy::put(own.state, make_loot(place, amount), amount, {});
    }
    for (auto claim = claims_.lower_bound({account, AccountId{}, ContractId{}});
         claim != claims_.end() && std::get<0>(claim->first) == account; ++claim)
    {
        auto& own = claim->second;
        if (Policy::is_clean(own.state) && !own.amount.is_zero())
        {
            Policy::put(own.state, make_loot({account, std::get<2>(claim->first)}, own.amount),
                own.amount, {});
        }
    }
}

// ---- A transaction ----

template <typename Policy>
void Engine<Policy>::process(const TransactionMoves& moves, const std::vector<Place>& taken)
{
    block_ = moves.block;
    taken_ = taken;
    const auto& transfers = moves.transfers;
    if (transfers.size() == 1 && moves.claims.empty() && transfers[0].from != zero_account &&
        transfers[0].to != zero_account)
        process_one(transfers[0]);
    else if (!transfers.empty() || !moves.claims.empty())
        process_many(moves);
    taken_.clear();
    pay_fee(moves);
    for (const auto& [place, amount] : moves.gains)
        put(place, {}, amount);
    for (const auto number : overdrawn_)
    {
        auto& balance = holding(number).balance;
        balance = not_below_zero(balance);
    }
    overdrawn_.clear();
}

template <typename Policy>
void Engine<Policy>::process_one(const Transfer& transfer)
{
    if (transfer.amount.is_zero())
        return;
    const Place from{transfer.from, transfer.token};
    const Place to{transfer.to, transfer.token};
    if (world_.role(from.account) == Role::person && world_.role(to.account) == Role::person)
    {
        // What nearly all payments are, in few steps.
        const auto payer = places_.number_of(from);
        const auto payee = places_.number_of(to);
        const auto load = take(payer, transfer.amount);
        record(payer, payee, load, transfer.amount);
        put(payee, load, transfer.amount);
        return;
    }
    edges_.clear();
    flows_.clear();
    pots_.clear();
    Edge edge;
    edge.transfer = transfer;
    arrive(edge, leave(edge));
}

template <typename Policy>
void Engine<Policy>::process_many(const TransactionMoves& moves)
{
    make_edges(moves);
    cancel_round_trips();
    sum_flows();
    find_makers();
    make_pots();
    release_claims(moves);
    run_edges();
    empty_pots();
    change_claims(moves);
}

template <typename Policy>
void Engine<Policy>::make_edges(const TransactionMoves& moves)
{
    edges_.clear();
    for (const auto& transfer : moves.transfers)
    {
        if (transfer.amount.is_zero() || transfer.from == transfer.to)
            continue;
        Edge edge;
        edge.transfer = transfer;
        edge.is_made = transfer.from == zero_account;
        edge.is_destroyed = transfer.to == zero_account;
        const auto issuer = index(transfer.token) < world_.tokens.size()
                                ? world_.tokens[index(transfer.token)].account
                                : zero_account;
        if (edge.is_made)
            edge.transfer.from = issuer;
        if (edge.is_destroyed)
            edge.transfer.to = issuer;
        edge.is_apart = std::any_of(moves.claims.begin(), moves.claims.end(),
            [&](const ClaimChange& claim) { return stands_apart(edge, claim); });
        edges_.push_back(edge);
    }
}

template <typename Policy>
bool Engine<Policy>::stands_apart(const Edge& edge, const ClaimChange& claim) noexcept
{
    const auto& transfer = edge.transfer;
    if (claim.token != transfer.token)
        return false;
    const bool is_made = edge.is_made || edge.is_destroyed;
    if (is_loan(claim.type))
        return is_made || claim.contract == transfer.from || claim.contract == transfer.to;
    // The token may be what is staked, too: a reward is known by its amount.
    return claim.type == ClaimChange::Type::reward &&
           (edge.is_made || (claim.contract == transfer.from && claim.amount == transfer.amount));
}

/// What goes to a contract and comes back, in the same token, was not exchanged: a flash loan, or
/// change.
template <typename Policy>
void Engine<Policy>::cancel_round_trips()
{
    struct Trip
    {
        AccountId low{};
        AccountId high{};
        ContractId token{};
        std::size_t edge = 0;
        [[nodiscard]] auto ends() const noexcept { return std::tie(low, high, token); }
        bool operator<(const Trip& other) const noexcept
        {
            return std::tie(low, high, token, edge) <
                   std::tie(other.low, other.high, other.token, other.edge);
        }
    };
    std::vector<Trip> trips;
    for (std::size_t i = 0; i < edges_.size(); ++i)
    {
        const auto& edge = edges_[i];
        const auto from = world_.role(edge.transfer.from);
        const auto to = world_.role(edge.transfer.to);
        const bool is_service = from == Role::contract || to == Role::contract;
        if (!is_service || from == Role::pool || to == Role::pool || edge.is_made ||
            edge.is_destroyed || edge.is_apart)
            continue;
        trips.push_back({std::min(edge.transfer.from, edge.transfer.to),
            std::max(edge.transfer.from, edge.transfer.to), edge.transfer.token, i});
    }
    std::sort(trips.begin(), trips.end());
    for (std::size_t begin = 0; begin < trips.size();)
    {
        auto end = begin;
        while (end < trips.size() && trips[end].ends() == trips[begin].ends())
            ++end;
        // Two marks run through the movements there and the movements back.
        auto there = begin;
        auto back = begin;
        const auto next = [&](std::size_t at, bool up)
        {
            while (at < end)
            {
                const auto& transfer = edges_[trips[at].edge].transfer;
                if ((transfer.from < transfer.to) == up && !transfer.amount.is_zero())
                    break;
                ++at;
            }
            return at;
        };
        while ((there = next(there, true)) < end && (back = next(back, false)) < end)
        {
            auto& one = edges_[trips[there].edge].transfer.amount;
            auto& other = edges_[trips[back].edge].transfer.amount;
            const auto both = std::min(one, other);
            one = wrapping_sub(one, both);
            other = wrapping_sub(other, both);
        }
        begin = end;
    }
    std::erase_if(edges_, [](const Edge& edge) { return edge.transfer.amount.is_zero(); });
}

template <typename Policy>
void Engine<Policy>::sum_flows()
{
    flows_.clear();
    for (const auto& edge : edges_)
    {
        for (const auto account : {edge.transfer.from, edge.transfer.to})
        {
            if (world_.role(account) == Role::contract)
                flows_.push_back({{account, edge.transfer.token}, {}, {}, false});
        }
    }
    std::sort(flows_.begin(), flows_.end(),
        [](const Flow& a, const Flow& b) { return a.place < b.place; });
    flows_.erase(std::unique(flows_.begin(), flows_.end(),
                     [](const Flow& a, const Flow& b) { return a.place == b.place; }),
        flows_.end());
    const auto add = [](Amount& sum, const Amount& amount)
    {
        const auto more = Checked{sum} + amount;
        sum = more.ok() ? more.value : Amount::max();
    };
    for (const auto& edge : edges_)
    {
        if (auto* from = flow({edge.transfer.from, edge.transfer.token}); from != nullptr)
        {
            add(from->out, edge.transfer.amount);
            from->is_apart = from->is_apart || edge.is_apart;
        }
        if (auto* to = flow({edge.transfer.to, edge.transfer.token}); to != nullptr)
        {
            add(to->in, edge.transfer.amount);
            to->is_apart = to->is_apart || edge.is_apart;
        }
    }
}

template <typename Policy>
typename Engine<Policy>::Flow* Engine<Policy>::flow(Place place)
{
    const auto found = std::lower_bound(flows_.begin(), flows_.end(), place,
        [](const Flow& entry, Place wanted) { return entry.place < wanted; });
    return found == flows_.end() || found->place != place ? nullptr : &*found;
}

/// A token that one contract makes for what another one takes (Curve's shares, Aave's) is given by
/// the one that takes; likewise one that is destroyed for what another one gives.
template <typename Policy>
void Engine<Policy>::find_makers()
{
    const bool has_work = std::any_of(edges_.begin(), edges_.end(),
        [](const Edge& edge) { return !edge.is_apart && (edge.is_made || edge.is_destroyed); });
    if (!has_work)
        return;
    // How many tokens an account gains, and gives: flows are in the order of accounts.
    struct Deals
    {
        AccountId account{};
        std::size_t gains = 0;
        std::size_t gives = 0;
    };
    std::vector<Deals> deals;
    for (const auto& entry : flows_)
    {
        if (deals.empty() || deals.back().account != entry.place.account)
            deals.push_back({entry.place.account, 0, 0});
        deals.back().gains += !entry.is_apart && entry.gains() ? 1 : 0;
        deals.back().gives += !entry.is_apart && entry.gives() ? 1 : 0;
    }
    const auto tokens_of = [&](AccountId account, bool gains) -> std::size_t
    {
        const auto found = std::lower_bound(deals.begin(), deals.end(), account,
            [](const Deals& entry, AccountId wanted) { return entry.account < wanted; });
        if (found == deals.end() || found->account != account)
            return 0;
        return gains ? found->gains : found->gives;
    };
    const auto deals_in_other = [&](AccountId account, ContractId token, bool gains)
    {
        const auto* own = flow({account, token});
        const bool is_own =
            own != nullptr && !own->is_apart && (gains ? own->gains() : own->gives());
        return tokens_of(account, gains) > (is_own ? 1U : 0U);
    };
    // The first in the chain's order that only takes, or only gives.
    const auto first_only = [&](bool gains) -> AccountId
    {
        for (const auto& edge : edges_)
        {
            const auto account = gains ? edge.transfer.to : edge.transfer.from;
            const auto* entry = flow({account, edge.transfer.token});
            if (entry == nullptr || edge.is_made || edge.is_destroyed || entry->is_apart)
                continue;
            if (tokens_of(account, gains) > 0 && tokens_of(account, !gains) == 0)
                return account;
        }
        return zero_account;
    };
    const auto only_takes = first_only(true);
    const auto only_gives = first_only(false);
    bool has_changed = false;
    for (auto& edge : edges_)
    {
        if (edge.is_apart || (!edge.is_made && !edge.is_destroyed))
            continue;
        auto& maker = edge.is_made ? edge.transfer.from : edge.transfer.to;
        if (deals_in_other(maker, edge.transfer.token, edge.is_made))
            continue;
        if (const auto other = edge.is_made ? only_takes : only_gives; other != zero_account)
        {
            maker = other;
            has_changed = true;
        }
    }
    if (has_changed)
        sum_flows();
}

/// A contract that gains one token and gives another exchanges; one that gives on what it got is
/// passed through.
template <typename Policy>
void Engine<Policy>::make_pots()
{
    pots_.clear();
    for (std::size_t begin = 0; begin < flows_.size();)
    {
        auto end = begin;
        Pot pot;
        pot.contract = flows_[begin].place.account;
        pot.in_priced = true;
        pot.out_priced = true;
        for (; end < flows_.size() && flows_[end].place.account == pot.contract; ++end)
        {
            const auto& entry = flows_[end];
            if (entry.is_apart)
                continue;
            const auto token = index(entry.place.token);
            const bool priced = token < world_.tokens.size() && world_.tokens[token].price != 0;
            if (entry.gains())
            {
                if (pot.in_tokens++ == 0)
                    pot.token = entry.place.token;
                pot.in_priced = pot.in_priced && priced;
            }
            else if (entry.gives())
            {
                ++pot.out_tokens;
                pot.out_priced = pot.out_priced && priced;
            }
        }
        pot.is_exchange = pot.in_tokens > 0 && pot.out_tokens > 0;
        for (auto i = begin; i < end; ++i)
        {
            const auto& entry = flows_[i];
            const bool passes = !entry.is_apart && !entry.in.is_zero() && !entry.out.is_zero() &&
                                (!pot.is_exchange || entry.in == entry.out);
            if (!passes)
                continue;
            Pot transit;
            transit.contract = pot.contract;
            transit.token = entry.place.token;
            pots_.push_back(std::move(transit));
        }
        if (pot.is_exchange)
            pots_.push_back(std::move(pot));
        begin = end;
    }
    for (auto& pot : pots_)
    {
        if (!pot.is_exchange)
            continue;
        for (const auto& edge : edges_)
        {
            if (edge.transfer.to == pot.contract)
            {
                const auto* entry = flow({pot.contract, edge.transfer.token});
                pot.expected += entry->gains() && !entry->is_apart ? 1 : 0;
            }
            if (edge.transfer.from == pot.contract)
            {
                const auto* entry = flow({pot.contract, edge.transfer.token});
                if (entry->gives() && !entry->is_apart)
                {
                    pot.left = wrapping_add(
                        pot.left, measure(edge, pot.out_tokens, pot.out_priced, entry->out));
                }
            }
        }
    }
}

template <typename Policy>
typename Engine<Policy>::Pot* Engine<Policy>::exchange_of(AccountId contract)
{
    for (auto& pot : pots_)
    {
        if (pot.is_exchange && pot.contract == contract)
            return &pot;
    }
    return nullptr;
}

template <typename Policy>
typename Engine<Policy>::Pot* Engine<Policy>::transit_of(Place place)
{
    for (auto& pot : pots_)
    {
        if (!pot.is_exchange && pot.contract == place.account && pot.token == place.token)
            return &pot;
    }
    return nullptr;
}

/// How much an edge counts for among those of other tokens: its value if all have a price, else its
/// share of its token's, each token counting the same. In steps far finer than smallest units, and
/// at most 2^192.
template <typename Policy>
Amount Engine<Policy>::measure(
    const Edge& edge, unsigned tokens, bool priced, const Amount& of_token) const
{
    const auto& amount = edge.transfer.amount;
    const auto cap = Amount::power_of_two(192);
    if (tokens <= 1)
        return fine(amount);
    if (priced)
    {
        const auto& token = world_.tokens[index(edge.transfer.token)];
        const auto value =
            mul_div_down(amount, Amount{token.price} << 64U, Amount::power_of_ten(token.decimals));
        return value.ok() ? std::min(value.value, cap) : cap;
    }
    return mul_div_down(amount, Amount::power_of_two(128), of_token).value;
}

template <typename Policy>
void Engine<Policy>::release_claims(const TransactionMoves& moves)
{
    for (const auto& claim : moves.claims)
    {
        const bool is_bridged = claim.type == ClaimChange::Type::bridge;
        if (claim.type != ClaimChange::Type::release && !is_bridged)
            continue;
        Amount taken;
        Carried carried;
        carried.load = take_claim({claim.owner, claim.contract, claim.token}, claim.amount, taken);
        if (taken.is_zero())
            continue;
        carried.contributors.push_back({{claim.owner, claim.token}, Policy::units(carried.load)});
        const auto token = is_bridged ? claim.other_token : claim.token;
        const auto* entry = flow({claim.contract, token});
        if (auto* pot = exchange_of(claim.contract);
            !is_bridged && pot != nullptr && entry != nullptr && entry->gives() && !entry->is_apart)
        {
            const auto size = fine(taken);
            Policy::rescale(carried.load, size);
            drop_into(*pot, std::move(carried), size);
            continue;
        }
        if (transit_of({claim.contract, token}) == nullptr)
        {
            Pot transit;
            transit.contract = claim.contract;
            transit.token = token;
            transit.through = is_bridged ? claim.contract : zero_account;
            pots_.push_back(std::move(transit));
        }
        drop_into(*transit_of({claim.contract, token}), std::move(carried), taken);
    }
}

template <typename Policy>
void Engine<Policy>::run_edges()
{
    // So many rounds suffice for every exchange to wait for the one before it; whoever makes a
    // longer chain of them gets the chain's order.
    constexpr unsigned rounds_max = 64;
    std::size_t left = edges_.size();
    for (unsigned round = 0; left > 0; ++round)
    {
        blocked_.clear();
        const auto before = left;
        for (auto& edge : edges_)
        {
            if (edge.is_done)
                continue;
            if (round < rounds_max && is_blocked(edge, blocked_))
            {
                blocked_.push_back({edge.transfer.to, edge.transfer.token});
                continue;
            }
            run_edge(edge);
            --left;
        }
        if (left != before)
            continue;
        // Each waits for another one: the first in the chain's order begins.
        const auto first = std::find_if(
            edges_.begin(), edges_.end(), [](const Edge& edge) { return !edge.is_done; });
        run_edge(*first);
        --left;
    }
}

template <typename Policy>
bool Engine<Policy>::is_blocked(const Edge& edge, const std::vector<Place>& blocked)
{
    const Place from{edge.transfer.from, edge.transfer.token};
    if (world_.role(from.account) == Role::contract && !edge.is_apart)
    {
        const auto* pot = exchange_of(from.account);
        const auto* entry = flow(from);
        if (pot != nullptr && entry != nullptr && entry->gives())
            return pot->expected > 0;
    }
    return std::find(blocked.begin(), blocked.end(), from) != blocked.end();
}

template <typename Policy>
void Engine<Policy>::run_edge(Edge& edge)
{
    edge.is_done = true;
    arrive(edge, leave(edge));
}

template <typename Policy>
std::vector<typename Engine<Policy>::Contributor> Engine<Policy>::share_contributors(
    Pot& pot, const Load& load, const Amount& part, const Amount& whole)
{
    std::vector<Contributor> shares;
    if (pot.contributors.size() == 1)
    {
        shares.push_back({pot.contributors[0].place, Policy::units(load)});
        return shares;
    }
    for (auto& contributor : pot.contributors)
        shares.push_back({contributor.place, take_share(contributor.units, part, whole)});
    return shares;
}

template <typename Policy>
typename Engine<Policy>::Carried Engine<Policy>::leave(const Edge& edge)
{
    const auto& transfer = edge.transfer;
    const Place from{transfer.from, transfer.token};
    Carried carried;
    if (world_.role(from.account) != Role::contract)
    {
        if (!edge.is_made)
            carried.load = take(from, transfer.amount);
        carried.contributors.push_back({from, Policy::units(carried.load)});
        return carried;
    }
    const auto* entry = flow(from);
    auto* pot =
        entry != nullptr && entry->gives() && !edge.is_apart ? exchange_of(from.account) : nullptr;
    auto rest = transfer.amount;
    if (pot != nullptr)
    {
        const auto part = measure(edge, pot->out_tokens, pot->out_priced, entry->out);
        carried.load = Policy::slice(pot->load, part, pot->left);
        if (!Policy::is_clean(carried.load))
            ++roundings_;
        Policy::rescale(carried.load, transfer.amount);
        carried.contributors = share_contributors(*pot, carried.load, part, pot->left);
        carried.through = from.account;
        pot->left = wrapping_sub(pot->left, std::min(part, pot->left));
    }
    else
    {
        if (auto* transit = transit_of(from); transit != nullptr && !transit->size.is_zero())
        {
            const auto part = std::min(rest, transit->size);
            carried.load = Policy::slice(transit->load, part, transit->size);
            if (!Policy::is_clean(carried.load))
                ++roundings_;
            carried.contributors = share_contributors(*transit, carried.load, part, transit->size);
            carried.through = transit->through;
            transit->size = wrapping_sub(transit->size, part);
            rest = wrapping_sub(rest, part);
        }
        if (!rest.is_zero() && !edge.is_apart && !edge.is_made)
        {
            Amount taken;
            auto own = take_claim({transfer.to, from.account, from.token}, rest, taken);
            if (!Policy::is_clean(own))
                carried.contributors.push_back({from, Policy::units(own)});
            Policy::append(carried.load, wrapping_sub(transfer.amount, rest), own, taken);
            rest = wrapping_sub(rest, taken);
        }
    }
    if (!rest.is_zero() && !edge.is_made)
    {
        auto mixed = take(from, rest);
        if (!Policy::is_clean(mixed))
        {
            carried.contributors.push_back({from, Policy::units(mixed)});
            Policy::append(carried.load,
                pot != nullptr ? Amount{} : wrapping_sub(transfer.amount, rest), mixed, rest);
            // Both loads are of all of it.
            if (pot != nullptr)
                Policy::rescale(carried.load, transfer.amount);
        }
    }
    if (carried.contributors.empty())
        carried.contributors.push_back({from, {}});
    return carried;
}

template <typename Policy>
void Engine<Policy>::drop_into(Pot& pot, Carried&& carried, const Amount& size)
{
    Policy::append(pot.load, pot.size, carried.load, size);
    pot.size = wrapping_add(pot.size, size);
    for (auto& contributor : carried.contributors)
    {
        const auto same = std::find_if(pot.contributors.begin(), pot.contributors.end(),
            [&](const Contributor& one) { return one.place == contributor.place; });
        if (same == pot.contributors.end())
            pot.contributors.push_back(std::move(contributor));
        else
            add_units(same->units, contributor.units);
    }
}

template <typename Policy>
void Engine<Policy>::arrive(const Edge& edge, Carried&& carried)
{
    const auto& transfer = edge.transfer;
    const Place to{transfer.to, transfer.token};
    if (world_.role(to.account) == Role::contract)
    {
        const auto* entry = flow(to);
        if (auto* pot = exchange_of(to.account);
            pot != nullptr && entry != nullptr && entry->gains() && !edge.is_apart)
        {
            const auto size = measure(edge, pot->in_tokens, pot->in_priced, entry->in);
            Policy::rescale(carried.load, size);
            drop_into(*pot, std::move(carried), size);
            pot->expected -= pot->expected > 0 ? 1 : 0;
            if (!edge.is_destroyed)
                put(to, {}, transfer.amount);
            return;
        }
        if (auto* pot = transit_of(to); pot != nullptr && !edge.is_destroyed && !edge.is_apart)
        {
            drop_into(*pot, std::move(carried), transfer.amount);
            return;
        }
    }
    if (edge.is_destroyed)
    {
        const Place nobody{zero_account, transfer.token};
        record(carried, nobody, transfer.amount);
        put(nobody, carried.load, transfer.amount);
        return;
    }
    record(carried, to, transfer.amount);
    if (world_.role(to.account) == Role::contract && !edge.is_apart)
    {
        const auto owner = world_.role(transfer.from) == Role::contract
                               ? carried.contributors[0].place.account
                               : transfer.from;
        put_claim({owner, to.account, to.token}, carried.load, transfer.amount);
        return;
    }
    put(to, carried.load, transfer.amount, edge.is_apart);
}

/// What an exchange did not pass on stays with it, what did not pass through is a deposit.
template <typename Policy>
void Engine<Policy>::empty_pots()
{
    for (auto& pot : pots_)
    {
        const Place place{pot.contract, pot.token};
        Carried carried;
        carried.load = std::move(pot.load);
        carried.contributors = std::move(pot.contributors);
        if (pot.is_exchange)
        {
            if (Policy::is_clean(carried.load))
                continue;
            record(carried, place, pot.size);
            auto& own = holding(place);
            Policy::put(own.state, carried.load, pot.size, not_below_zero(own.balance));
            continue;
        }
        if (pot.size.is_zero() && Policy::is_clean(carried.load))
            continue;
        record(carried, place, pot.size);
        const auto owner =
            carried.contributors.empty() ? pot.contract : carried.contributors[0].place.account;
        put_claim({owner, pot.contract, pot.token}, carried.load, pot.size);
    }
}

template <typename Policy>
void Engine<Policy>::change_claims(const TransactionMoves& moves)
{
    for (const auto& claim : moves.claims)
    {
        Amount taken;
        if (claim.type == ClaimChange::Type::assign && claim.owner != claim.other)
        {
            const auto load =
                take_claim({claim.owner, claim.contract, claim.token}, claim.amount, taken);
            if (taken.is_zero())
                continue;
            record({load, {{{claim.owner, claim.token}, Policy::units(load)}}, claim.contract},
                {claim.other, claim.token}, taken);
            put_claim({claim.other, claim.contract, claim.token}, load, taken);
        }
        else if (claim.type == ClaimChange::Type::convert)
        {
            // What came with this very transaction was exchanged as any transfer is.
            const bool has_paid = std::any_of(edges_.begin(), edges_.end(),
                [&](const Edge& edge)
                {
                    return edge.transfer.from == claim.owner &&
                           edge.transfer.to == claim.contract && edge.transfer.token == claim.token;
                });
            if (has_paid)
                continue;
            auto load = take_claim({claim.owner, claim.contract, claim.token}, claim.amount, taken);
            if (taken.is_zero())
                continue;
            Policy::rescale(load, claim.other_amount);
            record({load, {{{claim.owner, claim.token}, Policy::units(load)}}, claim.contract},
                {claim.owner, claim.other_token}, claim.other_amount);
            put_claim({claim.owner, claim.contract, claim.other_token}, load, claim.other_amount);
        }
        else if (claim.type == ClaimChange::Type::borrow)
        {
            Units secured;
            for (auto own = claims_.lower_bound({claim.owner, claim.contract, ContractId{}});
                 own != claims_.end() && std::get<0>(own->first) == claim.owner &&
                 std::get<1>(own->first) == claim.contract;
                 ++own)
                add_units(secured, Policy::units(own->second.state));
            if (!secured.empty())
            {
                loans_.push_back({claim.owner, claim.contract, claim.token, claim.amount,
                    total_units(secured), block_});
            }
        }
    }
}

/// Fees come after what the transaction does.
template <typename Policy>
void Engine<Policy>::pay_fee(const TransactionMoves& moves)
{
    const auto fee = wrapping_add(moves.burnt, moves.tip);
    if (fee.is_zero())
        return;
    const auto payer = places_.number_of({moves.fee_payer, native_coin});
    const auto proposer = places_.number_of({moves.proposer, native_coin});
    const auto nobody = places_.number_of({zero_account, native_coin});
    auto load = take(payer, fee);
    if (Policy::is_clean(load))
    {
        put(proposer, {}, moves.tip);
        auto& burnt = holding(nobody).balance;
        burnt = wrapping_add(burnt, moves.burnt);
        return;
    }
    if (!moves.tip.is_zero())
    {
        const auto tip = Policy::slice(load, moves.tip, fee);
        record(payer, proposer, tip, moves.tip);
        put(proposer, tip, moves.tip);
    }
    if (moves.burnt.is_zero())
        return;
    record(payer, nobody, load, moves.burnt);
    put(nobody, load, moves.burnt);
}

// ---- What came of it ----

template <typename Policy>
void Engine<Policy>::record(const Carried& carried, Place to, const Amount& amount)
{
    if (Policy::is_clean(carried.load))
        return;
    for (const auto& contributor : carried.contributors)
    {
        record(places_.number_of(contributor.place), places_.number_of(to), carried.through,
            contributor.units, amount);
    }
}

template <typename Policy>
void Engine<Policy>::record(
    PlaceNumber from, PlaceNumber to, const Load& load, const Amount& amount)
{
    if (!Policy::is_clean(load))
        record(from, to, zero_account, Policy::units(load), amount);
}

template <typename Policy>
void Engine<Policy>::record(
    PlaceNumber from, PlaceNumber to, AccountId through, const Units& units, const Amount& amount)
{
    constexpr bool counts = !std::is_same_v<Policy, Poison>;
    if (counts && units.empty())
        return;
    if (!hops_.add(from, to, through, units, amount, block_, hops_max))
        ++hops_lost_;
}

template <typename Policy>
std::vector<Stake> Engine<Policy>::stakes() const
{
    std::vector<Stake> result;
    for (PlaceNumber number = 0; number < holdings_.size(); ++number)
    {
        const auto& own = holdings_[number];
        if (Policy::is_clean(own.state))
            continue;
        result.push_back(
            {places_[number], zero_account, Policy::units(own.state), not_below_zero(own.balance)});
    }
    for (const auto& [key, own] : claims_)
    {
        if (Policy::is_clean(own.state))
            continue;
        result.push_back({{std::get<1>(key), std::get<2>(key)}, std::get<0>(key),
            Policy::units(own.state), own.amount});
    }
    std::sort(result.begin(), result.end(),
        [](const Stake& a, const Stake& b)
        { return std::tie(a.place, a.owner) < std::tie(b.place, b.owner); });
    return result;
}

template <typename Policy>
std::vector<std::pair<Place, Amount>> Engine<Policy>::balances() const
{
    std::vector<std::pair<Place, Amount>> result;
    result.reserve(holdings_.size());
    for (PlaceNumber number = 0; number < holdings_.size(); ++number)
        result.emplace_back(places_[number], not_below_zero(holdings_[number].balance));
    std::sort(result.begin(), result.end());
    return result;
}
}  // namespace

std::unique_ptr<TaintEngine> make_taint_engine(PolicyKind policy, TracedWorld world)
{
    switch (policy)
    {
        case PolicyKind::fifo: return std::make_unique<Engine<Fifo>>(std::move(world), false);
        case PolicyKind::poison: return std::make_unique<Engine<Poison>>(std::move(world), false);
        case PolicyKind::haircut:
        case PolicyKind::provenance: break;
    }
    return std::make_unique<Engine<Haircut>>(std::move(world), policy == PolicyKind::provenance);
}

Units sum_of_stakes(const std::vector<Stake>& stakes)
{
    Units sum;
    for (const auto& stake : stakes)
        add_units(sum, stake.units);
    return sum;
}

}  // namespace runnel::analytics::tracing
