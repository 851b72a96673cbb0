#include "consensus/builders.hpp"

#include "consensus/inclusion_list.hpp"
#include "ledger/check.hpp"
#include "ledger/philox.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel
{
namespace
{
constexpr std::uint64_t payment_gas = intrinsic_gas;
constexpr std::uint64_t whole_bps = 10'000;
}  // namespace

BuilderMarket::BuilderMarket(MempoolOptions options)
  : options_{std::move(options)}, builder_{options_}
{
    RUNNEL_CHECK(options_.write_payment != nullptr);
}

BuilderMarket::Sale BuilderMarket::sell(std::span<const Transaction> head,
    std::span<const Transaction> pool, const World& world, const BlockSlot& slot)
{
    Sale sale;
    PaymentTerms terms;
    // The list is made of what everybody sees, behind the script's head.
    builder_.select({});
    builder_.build(head, {}, world, slot);
    if (options_.inclusion_list_gas > 0)
        terms.list = make_inclusion_list(pool, world, options_.inclusion_list_gas, builder_);
    const auto listed = hashes_of(terms.list);
    std::optional<BuilderBid> best;
    for (std::uint32_t i = 0; i < options_.builders.size(); ++i)
    {
        builder_.select({true, i, listed, payment_gas});
        if (i == 0)
            builder_.build(head, pool, world, slot);
        else
            builder_.build_again(head, pool, world, slot);
        const auto sealed = bid(i, pool, slot);
        if (!sealed)
            continue;
        terms.bids.push_back(*sealed);
        if (best && !beats(*sealed, *best, slot.number))
            continue;
        best = sealed;
        sale.taken = builder_.taken();
        sale.given_up = builder_.given_up();
    }
    if (best)
    {
        sale.payment = payment(terms, *best, slot);
        sale.fee_recipient = options_.builders[best->builder].account;
        return sale;
    }
    builder_.select({});
    builder_.build(head, pool, world, slot);
    sale.taken = builder_.taken();
    sale.given_up = builder_.given_up();
    sale.fee_recipient = slot.proposer;
    return sale;
}

std::optional<BuilderBid> BuilderMarket::bid(
    std::uint32_t builder, std::span<const Transaction> pool, const BlockSlot& slot)
{
    BuilderBid bid;
    bid.builder = builder;
    Amount paid = 0;
    for (const auto position : builder_.taken())
    {
        const auto gas = builder_.expected_gas(position);
        const auto tip = pool[position].effective_gas_price(slot.base_fee) - slot.base_fee;
        paid = wrapping_add(paid, wrapping_mul(Amount{tip}, Amount{gas}));
        bid.gas += gas;
        ++bid.transactions;
    }
    const auto cost = wrapping_mul(Amount{slot.base_fee}, Amount{payment_gas});
    if (paid <= cost)
        return std::nullopt;
    const auto& spec = options_.builders[builder];
    bid.value = mul_div_down(
        wrapping_sub(paid, cost), Amount{whole_bps - spec.margin_bps}, Amount{whole_bps})
                    .value;
    // It pays before the block's tips are there.
    const auto spendable = builder_.left_of(spec.account).first;
    bid.value = std::min(bid.value, wrapping_sub(spendable, std::min(spendable, cost)));
    return bid.value.is_zero() ? std::nullopt : std::optional{bid};
}

bool BuilderMarket::beats(const BuilderBid& a, const BuilderBid& b, std::uint64_t block) const
{
    if (a.value != b.value)
        return a.value > b.value;
    static const auto stream = stream_of_name("bid_tie");
    const auto ticket = [&](const BuilderBid& bid)
    {
        RandomStream random{options_.seed, stream, bid.builder, block};
        return random.next_uint64();
    };
    return ticket(a) > ticket(b);
}

Transaction BuilderMarket::payment(
    const PaymentTerms& terms, const BuilderBid& best, const BlockSlot& slot)
{
    const auto builder = options_.builders[best.builder].account;
    Transaction transaction;
    transaction.sender = builder;
    transaction.nonce = builder_.left_of(builder).second;
    transaction.gas_limit = payment_gas;
    transaction.max_fee = slot.base_fee;
    transaction.arrival_ms = slot.now_ms - 1;  // Once all is in.
    transaction.set_calls(options_.write_payment(terms.bids, best, builder, slot.proposer).bytes());
    transaction.motive.purpose = Purpose::payment;
    add_terms(transaction, terms);
    options_.seal_payment(transaction);
    return transaction;
}

std::string BuilderMarket::check(std::span<const Transaction> head,
    std::span<const Transaction> block, const World& world, const BlockSlot& slot)
{
    if (slot.fee_recipient == slot.proposer)
    {
        for (std::size_t i = head.size(); i < block.size(); ++i)
        {
            if (find_terms<BundleTerms>(block[i]))
                return fmt::format("transaction {}: a bundle's, but no builder built the block", i);
        }
        builder_.select({});
        return builder_.check(head, block, world, slot);
    }
    const auto found = std::find_if(options_.builders.begin(), options_.builders.end(),
        [&](const BuilderSpec& spec) { return spec.account == slot.fee_recipient; });
    if (found == options_.builders.end())
        return "the proposer is not the one whose turn it was, nor a builder";
    const auto builder = static_cast<std::uint32_t>(found - options_.builders.begin());
    const auto terms =
        block.size() > head.size() ? find_terms<PaymentTerms>(block.back()) : std::nullopt;
    if (!terms || block.back().sender != found->account)
        return "its last transaction is not its builder's payment to the proposer";
    const auto body = block.first(block.size() - 1);
    builder_.select({true, builder, hashes_of(terms->list), payment_gas});
    if (auto wrong = builder_.check(head, body, world, slot); !wrong.empty())
        return wrong;
    const auto others = body.subspan(head.size());
    const auto earned = bid(builder, others, slot);
    if (!earned)
        return "its builder bid for a block that pays it nothing";
    if (auto wrong = check_payment(block.back(), *terms, builder, *earned, slot); !wrong.empty())
        return fmt::format("transaction {}: {}", block.size() - 1, wrong);
    return check_list(*terms, others, world, slot);
}

std::string BuilderMarket::check_payment(const Transaction& last, const PaymentTerms& terms,
    std::uint32_t builder, const BuilderBid& earned, const BlockSlot& slot)
{
    const BuilderBid* own = nullptr;
    for (std::size_t i = 0; i < terms.bids.size(); ++i)
    {
        const auto& sealed = terms.bids[i];
        if (sealed.builder >= options_.builders.size() ||
            (i > 0 && sealed.builder <= terms.bids[i - 1].builder))
            return "its bids are not one of each builder";
        if (sealed.builder == builder)
            own = &sealed;
    }
    if (own == nullptr || !(*own == earned))
    {
        return fmt::format(
            "the bid is not what the block pays its builder, less the margin: {} wei",
            earned.value.to_string());
    }
    for (const auto& sealed : terms.bids)
    {
        if (sealed.builder != builder && beats(sealed, *own, slot.number))
            return "the slot was not sold to the highest bid";
    }
    const auto due = payment(terms, *own, slot);
    if (due.hash != last.hash || due.arrival_ms != last.arrival_ms)
        return "not the payment that the bid promises";
    return {};
}

std::string BuilderMarket::check_list(const PaymentTerms& terms, std::span<const Transaction> body,
    const World& world, const BlockSlot& slot)
{
    std::uint64_t gas = 0;
    for (const auto& listed : terms.list)
    {
        gas += listed.gas_limit;
        if (gas > options_.inclusion_list_gas)
            return "the proposer's inclusion list is longer than the scenario allows";
        if (std::any_of(body.begin(), body.end(),
                [&](const Transaction& transaction) { return transaction.hash == listed.hash; }))
            continue;
        const auto sender = world.find_account(listed.sender);
        if (!sender || listed.max_fee < slot.base_fee || listed.gas_limit > builder_.gas_left())
            continue;
        const auto [spendable, next_nonce] = builder_.left_of(*sender);
        if (listed.nonce == next_nonce &&
            wrapping_mul(Amount{listed.gas_limit}, Amount{listed.max_fee}) <= spendable)
        {
            return fmt::format(
                "it leaves out {}, which the proposer's inclusion list names and "
                "for which there is room",
                listed.hash.to_string());
        }
    }
    return {};
}

}  // namespace runnel
