#pragma once

#include "actors/crew.hpp"
#include "actors/round_watch.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace runnel::actors
{

/// Where the contracts of protocols are: at home with their hosts, who publish their state, or with
/// the director, who leases what a block touches and brings it back with the block done.
///
/// Part of the director: sends and counts in its name, and knows nothing of rounds. Tokens and
/// stateless routers are with the world all the time.
class Leases
{
public:
    /// @param director  Whose messages these are; lives longer, like @p world and @p watch.
    Leases(CrewActor& director, World& world, RoundWatch& watch);

    /// Gives contracts that are new a home, to which they go with give_back(). @p block: the one
    /// that made them. Nobody looks at views meanwhile.
    void adopt(std::uint64_t block);
    /// Forgets the contracts that are no longer there; the world held them when they went. Nobody
    /// looks at views meanwhile.
    void forget();
    /// Asks hosts for every contract of theirs that @p wants is true of; all are at home. Answers
    /// are due until is_complete().
    template <typename Wants>
    void ask_for(Wants&& wants)
    {
        for (auto& host : hosts_)
        {
            for (const auto id : host.contracts)
            {
                if (wants(id))
                    host.leased.push_back(id);
            }
        }
        ask();
    }
    void ask_for_all();
    /// Takes an answer in.
    void take(const Leased& answer);
    [[nodiscard]] bool is_complete() const noexcept { return leases_due_ == 0; }

    /// Sends home what is leased, as @p block left it. Publications are due until is_published().
    void give_back(std::uint64_t block);
    void take(const Published& answer);
    [[nodiscard]] bool is_published() const noexcept { return publications_due_ == 0; }

    /// What is published, by contract; valid until the next adopt().
    [[nodiscard]] std::span<const ProtocolView> views() const noexcept { return views_; }
    /// Whom to ask for a quote, by contract id.
    [[nodiscard]] std::shared_ptr<const std::map<std::uint32_t, caf::actor>> protocols() const
    {
        return protocols_;
    }
    /// Ends the hosts.
    void dismiss();

private:
    /// A protocol actor and the contracts that live with it, all of one kind.
    struct Host
    {
        std::string_view kind;
        caf::actor actor;
        std::vector<ContractId> contracts;
        std::vector<ContractId> leased;
    };

    void ask();
    Host& host_for(std::string_view kind);
    /// The contract's number for the watchdog: later ones share the last.
    [[nodiscard]] std::size_t watched(ContractId id) const noexcept;

    CrewActor& director_;
    World& world_;
    RoundWatch& watch_;
    std::deque<Host> hosts_;
    std::shared_ptr<std::map<std::uint32_t, caf::actor>> protocols_;
    std::vector<ProtocolView> views_;
    std::size_t leases_due_ = 0;
    std::size_t publications_due_ = 0;
};

}  // namespace runnel::actors
