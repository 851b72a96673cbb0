#include "consensus/bundles.hpp"

#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace runnel
{
namespace
{
constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

/// Higher tips count as this one: sums of products with gas stay within 128 bits.
constexpr std::uint64_t tip_max = std::uint64_t{1} << 60U;

bool is_well_formed(const BundleTerms& terms) noexcept
{
    return terms.count >= 1 && terms.count <= BundleTerms::count_max &&
           terms.position < terms.count &&
           (terms.victim_position == BundleTerms::no_victim ||
               terms.victim_position <= terms.count);
}

/// The terms of all members but for their positions.
BundleTerms common(BundleTerms terms) noexcept
{
    terms.position = 0;
    return terms;
}
}  // namespace

void Bundles::collect(std::span<const Transaction> head, std::span<const Transaction> pool,
    const World& world, const BlockContext& block)
{
    head_ = head;
    pool_ = pool;
    world_ = &world;
    block_ = block;
    bundles_.clear();
    gas_alone_.assign(pool.size(), 0);
    is_fresh_ = false;
    accepted_.clear();

    find_members();
    for (const auto& [key, firsts] : own_)
    {
        if (std::get<2>(key) != 0)
            continue;
        for (const auto& [first, terms] : firsts)
        {
            Bundle bundle{terms, pool[first].sender, {}, {}, pool[first].hash, 0, 0};
            const bool can_pay =
                assemble(bundle, first) &&
                std::all_of(bundle.members.begin(), bundle.members.end(),
                    [&](std::uint32_t member) { return pool[member].max_fee >= block.base_fee; });
            if (!can_pay || !run_head() || !run(bundle, &bundle.gas_used))
                continue;
            appraise(bundle, block.base_fee);
            bundles_.push_back(std::move(bundle));
        }
    }
    std::sort(bundles_.begin(), bundles_.end(),
        [](const Bundle& a, const Bundle& b)
        {
            const auto left = a.payment / a.gas;
            const auto right = b.payment / b.gas;
            return left != right ? left > right : a.key < b.key;
        });
}

void Bundles::find_members()
{
    own_.clear();
    victims_.clear();
    for (std::uint32_t i = 0; i < pool_.size(); ++i)
    {
        const auto& transaction = pool_[i];
        if (transaction.witnesses.empty())
            continue;
        const auto terms = find_terms<BundleTerms>(transaction);
        if (!terms || !is_well_formed(*terms) || terms->block != block_.number ||
            transaction.nonce != terms->first_nonce + terms->position)
            continue;
        own_[{transaction.sender, terms->first_nonce, terms->position}].emplace_back(i, *terms);
        if (terms->victim_position != BundleTerms::no_victim)
            victims_.emplace(terms->victim, none);
    }
    for (std::uint32_t i = 0; i < pool_.size() && !victims_.empty(); ++i)
    {
        const auto found = victims_.find(pool_[i].hash);
        if (found != victims_.end() && !find_terms<BundleTerms>(pool_[i]))
            found->second = i;
    }
}

bool Bundles::assemble(Bundle& bundle, std::uint32_t first) const
{
    const auto& terms = bundle.terms;
    for (std::uint8_t place = 0; place <= terms.count; ++place)
    {
        if (terms.victim_position == place)
            bundle.members.push_back(victims_.at(terms.victim));
        if (place == terms.count)
            break;
        auto member = place == 0 ? first : none;
        const auto found = own_.find({bundle.sender, terms.first_nonce, place});
        for (std::size_t i = 0; place > 0 && found != own_.end() && i < found->second.size(); ++i)
        {
            // Of several for one place the one with the lowest hash.
            const auto& [position, other] = found->second[i];
            if (common(other) == common(terms) &&
                (member == none || pool_[position].hash < pool_[member].hash))
                member = position;
        }
        bundle.members.push_back(member);
    }
    return std::find(bundle.members.begin(), bundle.members.end(), none) == bundle.members.end();
}

void Bundles::appraise(Bundle& bundle, std::uint64_t base_fee) const
{
    for (std::size_t i = 0; i < bundle.members.size(); ++i)
    {
        const auto& member = pool_[bundle.members[i]];
        if (member.hash == bundle.terms.victim &&
            bundle.terms.victim_position != BundleTerms::no_victim)
            continue;
        const auto tip = std::min(tip_max, member.effective_gas_price(base_fee) - base_fee);
        bundle.payment += static_cast<uint128>(tip) * bundle.gas_used[i];
        bundle.gas += bundle.gas_used[i];
    }
}

bool Bundles::run(const Transaction& transaction)
{
    // By what numbers those are called who came after block 0 is known when the block begins.
    return transaction.address_count() == 0 &&
           simulation_->run(transaction, transaction.effective_gas_price(block_.base_fee))
               .has_value();
}

bool Bundles::run_head()
{
    simulation_->begin(*world_, block_);
    return std::all_of(head_.begin(), head_.end(),
        [this](const Transaction& transaction) { return run(transaction); });
}

bool Bundles::run(const Bundle& bundle, std::vector<std::uint64_t>* gas_used)
{
    for (const auto member : bundle.members)
    {
        if (!run(pool_[member]))
            return false;
        if (gas_used != nullptr)
            gas_used->push_back(intrinsic_gas + simulation_->gas_used());
    }
    return true;
}

void Bundles::begin()
{
    accepted_.clear();
    is_fresh_ = false;
}

bool Bundles::try_next(const Bundle& bundle)
{
    if (!is_fresh_)
    {
        is_fresh_ = run_head();
        for (const auto* earlier : accepted_)
            is_fresh_ = is_fresh_ && run(*earlier, nullptr);
    }
    is_fresh_ = is_fresh_ && run(bundle, nullptr);
    if (is_fresh_)
        accepted_.push_back(&bundle);
    return is_fresh_;
}

std::uint64_t Bundles::gas_alone(std::uint32_t position)
{
    auto& gas = gas_alone_[position];
    if (gas == 0)
    {
        is_fresh_ = false;
        const auto& transaction = pool_[position];
        gas = run_head() && run(transaction) ? intrinsic_gas + simulation_->gas_used()
                                             : intrinsic_gas;
    }
    return gas;
}

std::string check_executed_bundles(
    std::span<const Transaction> transactions, std::span<const Receipt> receipts)
{
    for (std::size_t i = 0; i < transactions.size(); ++i)
    {
        if (transactions[i].witnesses.empty() || receipts[i].status == ReceiptStatus::succeeded ||
            !find_terms<BundleTerms>(transactions[i]))
            continue;
        return fmt::format("transaction {}: it failed, though it is one of a bundle", i);
    }
    return {};
}

}  // namespace runnel
