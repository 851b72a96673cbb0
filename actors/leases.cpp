#include "actors/leases.hpp"

#include <caf/exit_reason.hpp>

#include <algorithm>

namespace runnel::actors
{
namespace
{
constexpr std::size_t contracts_per_host = 16;
}  // namespace

Leases::Leases(CrewActor& director, World& world, RoundWatch& watch)
  : director_{director},
    world_{world},
    watch_{watch},
    protocols_{std::make_shared<std::map<std::uint32_t, caf::actor>>()}
{}

void Leases::adopt(std::uint64_t block)
{
    for (auto i = views_.size(); i < world_.contract_count(); ++i)
    {
        const ContractId id{static_cast<std::uint32_t>(i)};
        views_.push_back({id, block, world_.find_contract(id)});
        if (world_.contract(id).type().role == ContractRole::ledger)
            continue;
        auto& host = host_for(world_.contract(id).type().kind);
        host.contracts.push_back(id);
        host.leased.push_back(id);
        protocols_->emplace(index(id), host.actor);
    }
}

void Leases::forget()
{
    const auto is_gone = [this](ContractId id) { return index(id) >= world_.contract_count(); };
    for (auto& host : hosts_)
    {
        std::erase_if(host.contracts, is_gone);
        std::erase_if(host.leased, is_gone);
    }
    views_.resize(std::min(views_.size(), world_.contract_count()));
    protocols_->erase(protocols_->lower_bound(static_cast<std::uint32_t>(world_.contract_count())),
        protocols_->end());
}

Leases::Host& Leases::host_for(std::string_view kind)
{
    for (auto& host : hosts_)
    {
        if (host.kind == kind && host.contracts.size() < contracts_per_host)
            return host;
    }
    return hosts_.emplace_back(
        Host{kind, director_.spawn<ProtocolActor, caf::monitored>(), {}, {}});
}

std::size_t Leases::watched(ContractId id) const noexcept
{
    return std::min<std::size_t>(index(id), world_.known_contracts());
}

void Leases::ask_for_all()
{
    for (auto& host : hosts_)
        host.leased = host.contracts;
    ask();
}

void Leases::ask()
{
    leases_due_ = 0;
    for (auto& host : hosts_)
    {
        auto missing = host.leased;
        std::erase_if(missing, [this](ContractId id) { return world_.holds(id); });
        if (missing.empty())
            continue;
        ++leases_due_;
        for (const auto id : missing)
            watch_.await(RoundWatch::Member::protocol, watched(id));
        director_.send(host.actor, Lease{std::move(missing)});
    }
}

void Leases::take(const Leased& answer)
{
    for (auto& contract : *answer.contracts)
    {
        watch_.answered(RoundWatch::Member::protocol, watched(contract->id()));
        world_.hold(std::move(contract));
    }
    --leases_due_;
}

void Leases::give_back(std::uint64_t block)
{
    publications_due_ = 0;
    for (auto& host : hosts_)
    {
        if (host.leased.empty())
            continue;
        ++publications_due_;
        LeaseReturn message{std::make_shared<std::vector<std::unique_ptr<Contract>>>(), block};
        for (const auto id : host.leased)
        {
            watch_.await(RoundWatch::Member::protocol, watched(id));
            message.contracts->push_back(world_.release(id));
        }
        host.leased.clear();
        director_.send(host.actor, std::move(message));
    }
}

void Leases::take(const Published& answer)
{
    for (const auto& view : answer.views)
    {
        watch_.answered(RoundWatch::Member::protocol, watched(view.contract));
        views_[index(view.contract)] = view;
    }
    --publications_due_;
}

void Leases::dismiss()
{
    for (auto& host : hosts_)
        director_.send_exit(host.actor, caf::exit_reason::user_shutdown);
    hosts_.clear();
    // A cohort may be deciding still: its share of the map keeps the state alive that it looks at.
    protocols_.reset();
}

}  // namespace runnel::actors
