#include "scenarios/swarm.hpp"

#include "ledger/philox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace runnel::scenarios
{
namespace
{
constexpr std::uint64_t stream_plan = 0x737761726d2e706c;  // "swarm.pl"
constexpr std::uint64_t stream_runs = 0x737761726d2e7275;  // "swarm.ru"

using Keys = std::vector<std::pair<std::string, std::string>>;

std::uint32_t draw(RandomStream& random, std::int64_t low, std::int64_t high)
{
    return static_cast<std::uint32_t>(random.uniform_int(low, high));
}

/// A share with as many digits as a file shows.
double draw_share(RandomStream& random, double max)
{
    return std::floor(random.uniform_double() * max * 1000) / 1000;
}

std::string ms(std::int64_t value)
{
    return fmt::format("\"{}ms\"", value);
}

template <typename Value, std::size_t Size>
const Value& pick(RandomStream& random, const Value (&values)[Size])
{
    return values[random.uniform_below(Size)];
}

/// Adds an outage unless the node is down at that time already.
void add_outage(SwarmPlan& plan, const SwarmFault& outage)
{
    const auto overlaps = std::any_of(plan.faults.begin(), plan.faults.end(),
        [&](const SwarmFault& other)
        {
            return other.share == 0 && other.node == outage.node && other.from <= outage.until &&
                   outage.from <= other.until;
        });
    if (!overlaps)
        plan.faults.push_back(outage);
}

void draw_links(SwarmPlan& plan, RandomStream& random, double loss_max)
{
    plan.jitter_share = draw_share(random, 0.8);
    // A swarm: each of them is there or not, so that none hides another.
    if (random.bernoulli(0.6))
        plan.loss = draw_share(random, loss_max);
    if (random.bernoulli(0.4))
        plan.duplication = draw_share(random, 0.2);
    if (random.bernoulli(0.4))
        plan.reordering = draw_share(random, 0.2);
    plan.reordering_delay_ms = random.uniform_int(1, 20) * plan.latency_ms;
    if (random.bernoulli(0.4))
        plan.clock_drift_ppm = draw(random, 1, 300);
    if (random.bernoulli(0.25))
        plan.regions = {"east", "west"};
}

void draw_ledger(SwarmPlan& plan, RandomStream& random)
{
    plan.blocks = draw(random, 20, 80);
    plan.checkpoint_interval = draw(random, 4, 20);
    plan.payers = draw(random, 2, 30);
    plan.coin_payers = random.bernoulli(0.6) ? draw(random, 1, 12) : 0;
    plan.pay_every = draw(random, 2, 12);
    plan.is_signed = random.bernoulli(0.2);
}

// ---- Tendermint ----

SwarmGroup draw_bft_group(const SwarmPlan& plan, RandomStream& random, std::uint32_t count)
{
    constexpr const char* strategies[] = {
        "offline", "equivocating", "amnesia", "invalid_block", "equivocating"};
    SwarmGroup group{pick(random, strategies), count, 0, {}};
    if (group.strategy == "equivocating" && random.bernoulli(0.5))
        group.keys.emplace_back("always", "true");
    if (group.strategy == "invalid_block")
    {
        // What is not signed cannot be forged.
        constexpr const char* flaws[] = {"wrong_state_root", "overspend", "forged_signature"};
        const auto* flaw = flaws[random.uniform_below(plan.is_signed ? 3 : 2)];
        group.keys.emplace_back("flaw", fmt::format("\"{}\"", flaw));
    }
    return group;
}

void draw_bft_groups(SwarmPlan& plan, RandomStream& random, std::uint32_t validators)
{
    const bool is_above = random.bernoulli(0.15);
    auto faulty = (validators - 1) / 3;
    if (is_above)
        // A third, rounded up, to one half: of four that is the same.
        faulty = draw(random, (validators + 2) / 3, validators / 2);
    else
        faulty = draw(random, 1, faulty);
    plan.honest = validators - faulty;
    if (is_above)
    {
        // Those who can break it.
        plan.groups.push_back({random.bernoulli(0.7) ? "equivocating" : "amnesia", faulty, 0, {}});
        return;
    }
    const auto first = draw(random, 1, faulty);
    plan.groups.push_back(draw_bft_group(plan, random, first));
    if (first < faulty)
        plan.groups.push_back(draw_bft_group(plan, random, faulty - first));
    // A few with much.
    if (plan.groups.size() == 1 && random.bernoulli(0.2))
        plan.groups.front().share = 0.05 + draw_share(random, 0.27);
    else if (random.bernoulli(0.25))
    {
        // The last ones come later: their groups are never more than a third.
        plan.protocol.emplace_back("waiting", fmt::format("{}", draw(random, 1, faulty)));
        plan.protocol.emplace_back("joins_per_height", "0.2");
    }
}

/// Gusts in which most nodes go down, each for a moment of its own: what one has decided or locked,
/// and others have not heard of, is at stake.
void draw_storm(SwarmPlan& plan, RandomStream& random, std::int64_t scale)
{
    const auto gusts = random.uniform_int(5, 20);
    for (std::int64_t gust = 0; gust < gusts; ++gust)
    {
        const auto moment = random.uniform_int(200, 20'000) * scale;
        for (std::uint32_t node = 0; node < plan.nodes(); ++node)
        {
            SwarmFault outage;
            outage.node = node;
            outage.from = moment + random.uniform_int(0, 400) * scale;
            outage.until = outage.from + random.uniform_int(20, 2'000) * scale;
            if (random.bernoulli(0.6))
                add_outage(plan, outage);
        }
    }
}

/// Few nodes that restart all the time, timeouts as short as a round trip, and messages that often
/// get lost: one of them may decide while the others go on to another round, and who comes back has
/// to know what it is locked on.
void draw_crashes(SwarmPlan& plan, RandomStream& random, std::int64_t scale)
{
    for (auto& [key, value] : plan.protocol)
    {
        if (key == "timeout_prevote" || key == "timeout_precommit")
            value = ms(100 * scale);
    }
    plan.loss = 0.2 + draw_share(random, 0.2);
    for (int i = 0; i < 150; ++i)
    {
        SwarmFault outage;
        outage.node = static_cast<std::uint32_t>(random.uniform_below(plan.honest));
        outage.from = random.uniform_int(200, 20'000) * scale;
        outage.until = outage.from + random.uniform_int(20, 60) * scale;
        add_outage(plan, outage);
    }
}

void draw_bft(SwarmPlan& plan, RandomStream& random)
{
    // All times grow together.
    const auto scale = random.uniform_int(1, 4);
    // Nodes that restart all the time; many failures, several at a time; or what else there is.
    const auto kind = random.uniform_double();
    const bool crashes = kind < 0.25;
    const bool is_storm = !crashes && kind < 0.5;
    const auto validators = crashes ? 4 : draw(random, 4, is_storm ? 6 : 10);
    plan.observers = random.bernoulli(0.3) ? draw(random, 1, 3) : 0;
    plan.honest = validators;
    plan.latency_ms = draw(random, 20, 80) * static_cast<std::uint32_t>(scale);
    plan.fan_out = draw(random, 2, 5);
    plan.protocol = {{"timeout_propose", ms(600 * scale)},
        {"timeout_propose_delta", ms(200 * scale)}, {"timeout_prevote", ms(300 * scale)},
        {"timeout_prevote_delta", ms(150 * scale)}, {"timeout_precommit", ms(300 * scale)},
        {"timeout_precommit_delta", ms(150 * scale)}, {"timeout_commit", ms(200 * scale)},
        {"status_interval", ms(500 * scale)}, {"gossip_interval", ms(20 * scale)},
        {"payout_heights", fmt::format("{}", random.uniform_int(1, 20))},
        {"unbonding_heights", "50"}, {"evidence_heights", "40"}};
    draw_links(plan, random, 0.3);
    if (crashes)
        return draw_crashes(plan, random, scale);
    if (is_storm)
        return draw_storm(plan, random, scale);
    if (random.bernoulli(0.75))
        draw_bft_groups(plan, random, validators);
    const auto partitions = random.uniform_int(0, 3);
    for (std::int64_t i = 0; i < partitions; ++i)
    {
        const auto from = random.uniform_int(0, 20'000) * scale;
        const auto share = 0.2 + draw_share(random, 0.6);
        const auto until = from + random.uniform_int(500, 4'000) * scale;
        plan.faults.push_back({from, until, share, 0, true});
    }
    const auto outages = random.uniform_int(0, 8);
    // Who forgets what it signed says nothing until it is safe: too many of those stop the chain.
    auto forgetful = plan.groups.empty() ? (validators - 1) / 3 : 0U;
    for (std::int64_t i = 0; i < outages; ++i)
    {
        SwarmFault outage;
        outage.node = static_cast<std::uint32_t>(random.uniform_below(plan.nodes()));
        outage.from = random.uniform_int(200, 20'000) * scale;
        outage.until = outage.from + random.uniform_int(20, 2'000) * scale;
        if (forgetful > 0 && random.bernoulli(0.4))
        {
            outage.keeps_memory = false;
            --forgetful;
        }
        add_outage(plan, outage);
    }
}

// ---- Proof of work ----

void draw_pow(SwarmPlan& plan, RandomStream& random)
{
    const auto interval = random.uniform_int(10, 30) * 1'000;
    plan.slot_seconds = static_cast<std::uint32_t>(interval / 1'000);
    plan.honest = draw(random, 4, 12);
    plan.observers = draw(random, 1, 6);
    plan.latency_ms = draw(random, 20, 3'000);
    plan.fan_out = draw(random, 2, 6);
    draw_links(plan, random, 0.1);
    constexpr const char* retargets[] = {"fixed", "bitcoin", "homestead", "eip100"};
    constexpr const char* relays[] = {"push", "inventory", "compact"};
    plan.protocol = {{"block_interval", ms(interval)},
        {"retarget", fmt::format("\"{}\"", pick(random, retargets))}, {"retarget_blocks", "20"},
        {"relay", fmt::format("\"{}\"", pick(random, relays))}, {"block_bytes", "20_000"},
        {"request_timeout", ms(plan.latency_ms * 3 + 2'000)}, {"subsidy", "\"2 ether\""},
        {"halving_interval", fmt::format("{}", random.uniform_int(10, 100))}};
    if (random.bernoulli(0.2))
    {
        plan.protocol.emplace_back("puzzle", "\"real\"");
        plan.protocol.emplace_back("hash_rate", "50");
    }
    if (random.bernoulli(0.3))
        plan.protocol.emplace_back("final_after", "60");
    const auto attackers = random.uniform_int(0, 2);
    for (std::int64_t i = 0; i < attackers; ++i)
    {
        // Together below one half.
        SwarmGroup group{"selfish", draw(random, 1, 2), 0.05 + draw_share(random, 0.18), {}};
        if (attackers == 1)
            group.share += draw_share(random, 0.2);
        group.keys.emplace_back("connectivity", fmt::format("{}", draw_share(random, 1)));
        if (random.bernoulli(0.5))
        {
            group.strategy = "double_spend";
            group.keys.emplace_back("confirmations", fmt::format("{}", random.uniform_int(1, 4)));
            group.keys.emplace_back("gives_up_behind", "8");
        }
        plan.groups.push_back(std::move(group));
    }
    if (random.bernoulli(0.5))
    {
        const auto from = random.uniform_int(1, 30) * interval;
        const auto share = 0.2 + draw_share(random, 0.6);
        plan.faults.push_back({from, from + random.uniform_int(1, 20) * interval, share, 0, true});
    }
    const auto outages = random.uniform_int(0, 4);
    for (std::int64_t i = 0; i < outages; ++i)
    {
        SwarmFault outage;
        outage.node = static_cast<std::uint32_t>(random.uniform_below(plan.nodes()));
        outage.from = random.uniform_int(1, 40) * interval;
        outage.until = outage.from + random.uniform_int(1, 15) * interval;
        outage.keeps_memory = random.bernoulli(0.6);
        add_outage(plan, outage);
    }
}

// ---- Gasper ----

void draw_gasper(SwarmPlan& plan, RandomStream& random)
{
    constexpr std::uint32_t seconds[] = {2, 4, 6, 12};
    plan.slot_seconds = pick(random, seconds);
    const auto slots = random.uniform_int(3, 6);
    const auto epoch = slots * plan.slot_seconds * 1'000;
    const auto nodes = draw(random, 10, 24);
    plan.honest = nodes;
    plan.observers = random.bernoulli(0.3) ? draw(random, 1, 2) : 0;
    // A third of a slot is time enough for a block or a vote.
    plan.latency_ms = draw(random, 10, plan.slot_seconds * 40);
    plan.fan_out = draw(random, 3, 6);
    draw_links(plan, random, 0.08);
    plan.protocol = {{"slots_per_epoch", fmt::format("{}", slots)}};
    if (random.bernoulli(0.3))
        plan.protocol.emplace_back("validators_per_node", "2");
    if (random.bernoulli(0.3))
        plan.protocol.emplace_back("slashing", "\"bellatrix\"");
    if (random.bernoulli(0.75))
    {
        constexpr const char* strategies[] = {
            "offline", "equivocating", "surround", "invalid_block", "ex_ante_reorg"};
        const bool is_above = random.bernoulli(0.12);
        auto left =
            is_above ? draw(random, nodes / 3 + 1, nodes / 2) : draw(random, 1, (nodes - 1) / 3);
        plan.honest = nodes - left;
        while (left > 0)
        {
            const auto count = is_above ? left : draw(random, 1, left);
            plan.groups.push_back(
                {is_above ? "equivocating" : pick(random, strategies), count, 0, {}});
            left -= count;
        }
    }
    if (random.bernoulli(0.6))
    {
        const auto from = random.uniform_int(slots, 4 * slots) * epoch / slots;
        const auto share = 0.2 + draw_share(random, 0.6);
        plan.faults.push_back(
            {from, from + random.uniform_int(1, 3 * slots) * epoch / slots, share, 0, true});
    }
    const auto outages = random.uniform_int(0, 3);
    for (std::int64_t i = 0; i < outages; ++i)
    {
        SwarmFault outage;
        outage.node = static_cast<std::uint32_t>(random.uniform_below(plan.nodes()));
        outage.from = random.uniform_int(slots, 5 * slots) * epoch / slots;
        outage.until = outage.from + random.uniform_int(1, 2 * slots) * epoch / slots;
        outage.keeps_memory = random.bernoulli(0.6);
        add_outage(plan, outage);
    }
}

// ---- As text ----

std::string of_keys(const Keys& keys, std::string_view separator, std::string_view equals)
{
    std::string text;
    for (const auto& [key, value] : keys)
        text += fmt::format("{}{}{}{}", text.empty() ? "" : separator, key, equals, value);
    return text;
}

std::string_view mempools_of(const SwarmPlan& plan)
{
    return plan.own_mempools ? "own" : "shared";
}

std::string group_name(std::size_t number)
{
    return fmt::format("liars_{}", number + 1);
}

void write_network(const SwarmPlan& plan, std::string& text)
{
    text += fmt::format("\n[network]\nnodes = {}\nfan_out = {}\n", plan.nodes(), plan.fan_out);
    if (plan.regions.empty())
        text += fmt::format("latency_ms = {}\n", plan.latency_ms);
    if (plan.jitter_share > 0)
        text += fmt::format("jitter = \"uniform\"\njitter_share = {}\n", plan.jitter_share);
    if (plan.loss > 0)
        text += fmt::format("loss = {}\n", plan.loss);
    if (plan.duplication > 0)
        text += fmt::format("duplication = {}\n", plan.duplication);
    if (plan.reordering > 0)
    {
        text += fmt::format("reordering = {}\nreordering_delay = {}\n", plan.reordering,
            ms(plan.reordering_delay_ms));
    }
    if (plan.clock_drift_ppm > 0)
        text += fmt::format("clock_drift_ppm = {}\n", plan.clock_drift_ppm);
    if (plan.transaction_delay_ms > 0)
        text += fmt::format("transaction_delay = {}\n", ms(plan.transaction_delay_ms));
    for (const auto& region : plan.regions)
    {
        text += fmt::format("\n[network.regions.{}]\nlatency_ms = {{ ", region);
        std::string all;
        for (const auto& other : plan.regions)
        {
            all += fmt::format("{}{} = {}", all.empty() ? "" : ", ", other,
                other == region ? plan.latency_ms : 2 * plan.latency_ms);
        }
        text += all + " }\n";
    }
}

void write_groups(const SwarmPlan& plan, std::string& text)
{
    double left = 1;
    for (const auto& group : plan.groups)
        left -= group.share;
    text += fmt::format("\n[consensus.groups.honest]\ncount = {}\n", plan.honest);
    if (left < 1 && plan.engine == "pow")
        text += fmt::format("share = {:.3f}\n", left);
    for (std::size_t i = 0; i < plan.groups.size(); ++i)
    {
        const auto& group = plan.groups[i];
        text += fmt::format("\n[consensus.groups.{}]\nstrategy = \"{}\"\ncount = {}\n",
            group_name(i), group.strategy, group.count);
        if (group.share > 0)
            text += fmt::format("share = {:.3f}\n", group.share);
        if (!group.keys.empty())
            text += of_keys(group.keys, "\n", " = ") + "\n";
    }
}

void write_faults(const SwarmPlan& plan, std::string& text)
{
    for (std::size_t i = 0; i < plan.faults.size(); ++i)
    {
        const auto& fault = plan.faults[i];
        text += fmt::format("\n[faults.fault_{:03}]\nkind = \"{}\"\nfrom = {}\nuntil = {}\n", i + 1,
            fault.share > 0 ? "partition" : "outage", ms(fault.from), ms(fault.until));
        if (fault.share > 0)
            text += fmt::format("shares = [{:.3f}, {:.3f}]\n", fault.share, 1 - fault.share);
        else
        {
            text += fmt::format("node = {}\n", fault.node);
            if (!fault.keeps_memory)
                text += "keeps_memory = false\n";
        }
    }
}

void write_ledger(const SwarmPlan& plan, std::string& text)
{
    text += "\n[tokens.USDC]\nkind = \"erc20\"\ndecimals = 6\n";
    if (plan.payers > 0)
    {
        text += fmt::format(
            "\n[agents.people]\nstrategy = \"payer\"\ncount = {}\n"
            "funds = {{ ETH = 5, USDC = 200 }}\ntoken = \"USDC\"\n"
            "amount = {{ log_normal = [3.0, 1.0], min = 0.01, max = 500 }}\ninterval = {}\n",
            plan.payers, plan.pay_every * plan.slot_seconds);
    }
    if (plan.coin_payers > 0)
    {
        text += fmt::format(
            "\n[agents.shops]\nstrategy = \"payer\"\ncount = {}\nfunds = {{ ETH = 5 }}\n"
            "token = \"ETH\"\namount = {{ log_normal = [-3.0, 1.0], min = 0.0001, max = 2 }}\n"
            "interval = {}\n",
            plan.coin_payers, plan.pay_every * plan.slot_seconds);
    }
}

// ---- Less of it ----

template <typename Change>
void try_change(std::vector<SwarmPlan>& plans, const SwarmPlan& plan, const Change& change)
{
    auto smaller = plan;
    if (change(smaller))
        plans.push_back(std::move(smaller));
}

/// Without the elements from one place up to another.
template <typename Value>
void erase_range(std::vector<Value>& values, std::size_t from, std::size_t until)
{
    values.erase(values.begin() + static_cast<std::ptrdiff_t>(from),
        values.begin() + static_cast<std::ptrdiff_t>(until));
}

bool halve(std::uint32_t& value, std::uint32_t min)
{
    const auto half = std::max(value / 2, min);
    return std::exchange(value, half) > half;
}

void drop_faults(std::vector<SwarmPlan>& plans, const SwarmPlan& plan)
{
    // Halves, quarters, ... single ones: delta debugging (Zeller and Hildebrandt 2002).
    const auto count = plan.faults.size();
    for (auto size = count; size > 0; size /= 2)
    {
        for (std::size_t from = 0; from < count; from += size)
        {
            try_change(plans, plan,
                [&](SwarmPlan& smaller)
                {
                    erase_range(smaller.faults, from, std::min(from + size, count));
                    return true;
                });
        }
    }
}

/// Faults name nodes by number: those of nodes that are gone go, too.
void forget_missing_nodes(SwarmPlan& plan)
{
    std::erase_if(plan.faults,
        [&](const SwarmFault& fault) { return fault.share == 0 && fault.node >= plan.nodes(); });
}

void drop_nodes(std::vector<SwarmPlan>& plans, const SwarmPlan& plan)
{
    const auto waits = [](const SwarmPlan& one)
    {
        return std::any_of(one.protocol.begin(), one.protocol.end(),
            [](const auto& key) { return key.first == "waiting"; });
    };
    for (std::size_t i = 0; i < plan.groups.size(); ++i)
    {
        try_change(plans, plan,
            [&](SwarmPlan& smaller)
            {
                smaller.honest += smaller.groups[i].count;
                erase_range(smaller.groups, i, i + 1);
                return true;
            });
        try_change(plans, plan,
            [&](SwarmPlan& smaller)
            {
                const bool changed = !waits(smaller) && halve(smaller.groups[i].count, 1);
                forget_missing_nodes(smaller);
                return changed;
            });
    }
    for (const auto less : {plan.honest / 2, 1U})
    {
        try_change(plans, plan,
            [&](SwarmPlan& smaller)
            {
                const bool changed = !waits(smaller) && less > 0 && smaller.honest > less;
                if (changed)
                    smaller.honest -= less;
                forget_missing_nodes(smaller);
                return changed;
            });
    }
    try_change(plans, plan,
        [&](SwarmPlan& smaller)
        {
            const bool changed = std::exchange(smaller.observers, 0U) > 0;
            forget_missing_nodes(smaller);
            return changed;
        });
}

void simplify_network(std::vector<SwarmPlan>& plans, const SwarmPlan& plan)
{
    for (const auto member : {&SwarmPlan::loss, &SwarmPlan::duplication, &SwarmPlan::reordering,
             &SwarmPlan::clock_drift_ppm, &SwarmPlan::jitter_share})
    {
        try_change(plans, plan,
            [&](SwarmPlan& smaller) { return std::exchange(smaller.*member, 0.0) > 0; });
    }
    try_change(plans, plan,
        [](SwarmPlan& smaller) { return !std::exchange(smaller.regions, {}).empty(); });
    try_change(plans, plan,
        [](SwarmPlan& smaller) { return std::exchange(smaller.transaction_delay_ms, 0) > 0; });
    try_change(plans, plan,
        [](SwarmPlan& smaller)
        {
            smaller.transaction_delay_ms = 0;
            return std::exchange(smaller.own_mempools, false);
        });
    try_change(plans, plan,
        [](SwarmPlan& smaller)
        {
            const auto joins = std::erase_if(smaller.protocol, [](const auto& key)
                { return key.first == "waiting" || key.first == "joins_per_height"; });
            return joins > 0;
        });
}

void simplify_ledger(std::vector<SwarmPlan>& plans, const SwarmPlan& plan)
{
    try_change(plans, plan,
        [](SwarmPlan& smaller)
        {
            const auto agents = smaller.payers + smaller.coin_payers;
            smaller.payers = smaller.coin_payers = 0;
            return agents > 0;
        });
    for (const auto less : {plan.blocks / 2, plan.blocks / 8, std::uint64_t{1}})
    {
        try_change(plans, plan,
            [&](SwarmPlan& smaller)
            {
                const bool changed = less > 0 && smaller.blocks > less;
                if (changed)
                    smaller.blocks -= less;
                return changed;
            });
    }
    for (const auto member : {&SwarmPlan::payers, &SwarmPlan::coin_payers})
    {
        try_change(plans, plan, [&](SwarmPlan& smaller) { return halve(smaller.*member, 0); });
    }
    try_change(plans, plan,
        [](SwarmPlan& smaller)
        {
            const auto forges = [](const SwarmGroup& group)
            {
                return std::any_of(group.keys.begin(), group.keys.end(),
                    [](const auto& key) { return key.second == "\"forged_signature\""; });
            };
            return std::exchange(smaller.is_signed, false) &&
                   std::none_of(smaller.groups.begin(), smaller.groups.end(), forges);
        });
    constexpr std::uint32_t seldom = 40;
    try_change(plans, plan,
        [](SwarmPlan& smaller)
        {
            smaller.pay_every *= 2;
            return smaller.payers + smaller.coin_payers > 0 && smaller.pay_every < seldom;
        });
}
}  // namespace

std::uint32_t SwarmPlan::nodes() const noexcept
{
    auto sum = honest + observers;
    for (const auto& group : groups)
        sum += group.count;
    return sum;
}

SwarmPlan draw_swarm_plan(std::uint64_t seed)
{
    RandomStream random{seed, stream_plan, 0, 0};
    SwarmPlan plan;
    plan.seed = seed;
    const auto engine = random.uniform_double();
    draw_ledger(plan, random);
    if (engine < 0.5)
    {
        plan.engine = "bft";
        draw_bft(plan, random);
    }
    else if (engine < 0.8)
    {
        plan.engine = "pow";
        draw_pow(plan, random);
    }
    else
    {
        plan.engine = "gasper";
        draw_gasper(plan, random);
    }
    plan.own_mempools = random.bernoulli(0.7);
    if (plan.own_mempools && random.bernoulli(0.5))
        plan.transaction_delay_ms = random.uniform_int(1, 20) * plan.latency_ms;
    return plan;
}

SwarmRuns draw_swarm_runs(std::uint64_t seed)
{
    RandomStream random{seed, stream_runs, 0, 0};
    SwarmRuns runs;
    runs.workers = static_cast<unsigned>(random.uniform_int(2, 4));
    constexpr std::uint32_t cohorts[] = {1, 3, 7, 16, 2048};
    runs.cohort_size = pick(random, cohorts);
    runs.stops_at = draw_share(random, 1);
    runs.keeps_file = random.bernoulli(0.25);
    return runs;
}

std::string to_toml(const SwarmPlan& plan)
{
    auto text = fmt::format(
        "[scenario]\nname = \"swarm_{0}\"\ntitle = \"Drawn by runnel swarm from seed {0}\"\n"
        "seed = {0}\nblocks = {1}\nslot_seconds = {2}\nstart = 2024-03-04T09:00:00Z\n"
        "\n[chain]\ncheckpoint_interval = {3}\nblock_gas_limit = 3_000_000\nsignatures = \"{6}\"\n"
        "\n[consensus]\nengine = \"{4}\"\nhorizon = 100\nmempools = \"{7}\"\n"
        "\n[consensus.{4}]\n{5}\n",
        plan.seed, plan.blocks, plan.slot_seconds, plan.checkpoint_interval, plan.engine,
        of_keys(plan.protocol, "\n", " = "), plan.is_signed ? "secp256k1" : "none",
        mempools_of(plan));
    write_groups(plan, text);
    write_network(plan, text);
    write_faults(plan, text);
    write_ledger(plan, text);
    return text;
}

std::vector<std::pair<std::string, std::string>> describe(const SwarmPlan& plan)
{
    std::vector<std::pair<std::string, std::string>> options{{"engine", plan.engine},
        {"nodes", fmt::format("{}", plan.nodes())}, {"honest", fmt::format("{}", plan.honest)},
        {"observers", fmt::format("{}", plan.observers)}};
    const auto add = [&](std::string name, std::string value)
    { options.emplace_back(std::move(name), std::move(value)); };
    std::string groups;
    for (const auto& group : plan.groups)
    {
        groups += fmt::format("{}{} {}", groups.empty() ? "" : ", ", group.count, group.strategy);
        if (group.share > 0)
            groups += fmt::format(" with {:.3f}", group.share);
        if (!group.keys.empty())
            groups += fmt::format(" ({})", of_keys(group.keys, " ", "="));
    }
    add("liars", groups);
    add("topology", plan.regions.empty() ? "even" : fmt::format("{} regions", plan.regions.size()));
    add("fan_out", fmt::format("{}", plan.fan_out));
    add("latency_ms", fmt::format("{}", plan.latency_ms));
    add("jitter", fmt::format("{}", plan.jitter_share));
    add("loss", fmt::format("{}", plan.loss));
    add("duplication", fmt::format("{}", plan.duplication));
    add("reordering", fmt::format("{}", plan.reordering));
    add("reordering_delay_ms", fmt::format("{}", plan.reordering_delay_ms));
    add("drift_ppm", fmt::format("{}", plan.clock_drift_ppm));
    add("mempools", std::string{mempools_of(plan)});
    add("transaction_delay_ms", fmt::format("{}", plan.transaction_delay_ms));
    std::string partitions;
    std::string outages;
    for (const auto& fault : plan.faults)
    {
        auto& list = fault.share > 0 ? partitions : outages;
        list += list.empty() ? "" : ", ";
        if (fault.share > 0)
            list += fmt::format("{:.3f}@", fault.share);
        else
            list += fmt::format("{}{}@", fault.node, fault.keeps_memory ? "" : "!");
        list += fmt::format("{}-{}ms", fault.from, fault.until);
    }
    add("partitions", partitions);
    add("outages", outages);
    add("protocol", of_keys(plan.protocol, " ", "="));
    add("blocks", fmt::format("{}", plan.blocks));
    add("slot_seconds", fmt::format("{}", plan.slot_seconds));
    add("checkpoint_interval", fmt::format("{}", plan.checkpoint_interval));
    add("payers", fmt::format("{}", plan.payers));
    add("coin_payers", fmt::format("{}", plan.coin_payers));
    add("pay_every", fmt::format("{}", plan.pay_every));
    add("signatures", plan.is_signed ? "secp256k1" : "none");
    const auto runs = draw_swarm_runs(plan.seed);
    add("workers", fmt::format("{}", runs.workers));
    add("cohort_size", fmt::format("{}", runs.cohort_size));
    add("stops_at", fmt::format("{}", runs.stops_at));
    add("keeps_file", runs.keeps_file ? "true" : "false");
    return options;
}

std::vector<SwarmPlan> smaller_plans(const SwarmPlan& plan)
{
    std::vector<SwarmPlan> plans;
    simplify_ledger(plans, plan);
    drop_faults(plans, plan);
    drop_nodes(plans, plan);
    simplify_network(plans, plan);
    return plans;
}

}  // namespace runnel::scenarios
