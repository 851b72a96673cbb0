#pragma once

#include "state/world.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <typeinfo>
#include <vector>

namespace runnel
{

/// A protocol actor's published view: its contract's committed state after @p block_number.
///
/// A pointer, not a copy: nobody writes to the state between publication and the next lease, so
/// everybody may read it at once. The phases of a block, not a lock, make that safe.
struct ProtocolView
{
    ContractId contract{};
    std::uint64_t block_number = 0;
    const Contract* state = nullptr;
};

/// Reference prices, as the world outside the chain quotes them: 1e-8 USD per whole token.
class ReferencePrices
{
public:
    /// @p paths: by token id, one price per block from block 0; empty for tokens without a price.
    explicit ReferencePrices(std::vector<std::vector<std::uint64_t>> paths)
      : paths_{std::move(paths)}
    {}

    /// The price in force at @p block (the path's last one beyond its end); empty without a path.
    [[nodiscard]] std::optional<std::uint64_t> price(ContractId token, std::uint64_t block) const
    {
        if (index(token) >= paths_.size() || paths_[index(token)].empty())
            return std::nullopt;
        const auto& path = paths_[index(token)];
        return path[std::min<std::size_t>(block, path.size() - 1)];
    }

private:
    std::vector<std::vector<std::uint64_t>> paths_;
};

/// A transaction that waits for a block, as far as everybody can see it.
struct PendingTransaction
{
    AccountId sender{};
    std::uint64_t nonce = 0;
    std::uint64_t gas_limit = 0;
    std::uint64_t max_fee = 0;           // Wei per gas, base fee included.
    std::uint64_t max_priority_fee = 0;  // Wei per gas.
    std::int64_t arrival_ms = 0;         // Virtual time since the scenario's start.
    /// Empty where they name somebody who came after block 0: by what numbers those are called is
    /// known only when the block begins; and where the chain's order keeps contents sealed.
    ByteView calls;
    Hash hash = {};
};

/// What waits in the mempool at some time of the slot, for those who watch it.
struct MempoolView
{
    std::int64_t as_of_ms = 0;                // Virtual time since the scenario's start.
    std::vector<PendingTransaction> waiting;  // By arrival, sender and nonce.
};

/// What every wallet may look at while it decides: committed state, prices, fees, time. Immutable.
struct WorldView
{
    std::uint64_t block_number = 0;  // Of the block to come.
    std::uint64_t timestamp = 0;     // Unix seconds of that block.
    std::int64_t now_ms = 0;         // Virtual time since the scenario's start.
    std::uint64_t base_fee = 0;      // Wei per gas, of that block.
    double fullness = 0;             // Gas used / gas limit of the last block.
    std::uint32_t slot_seconds = 12;
    const World* world = nullptr;
    const ReferencePrices* prices = nullptr;
    std::span<const ProtocolView> protocols;  // By contract id; state is nullptr where none is.
    /// Miners who begin to spend twice now: what only those who mine with them know.
    std::vector<AccountId> double_spends;
    const MempoolView* mempool = nullptr;  // Of those whose strategy watches it: see StrategyType.
    bool takes_bundles = false;            // Who builds the block does: see BundlePlace.
    bool seals_contents = false;           // Nobody sees what waits before its place is fixed.

    /// A contract's published state as an interface of contracts/kit/sectors that it implements, or
    /// as the type that its protocol's header declares.
    template <typename C>
    [[nodiscard]] const C& state(ContractId contract) const
    {
        const auto& found = *protocols[index(contract)].state;
        if constexpr (std::derived_from<C, Contract>)
        {
            // Many times cheaper than a cast that asks.
            if (typeid(found) == typeid(C))
                return static_cast<const C&>(found);
        }
        return dynamic_cast<const C&>(found);
    }
    [[nodiscard]] const AccountState& account(AccountId id) const
    {
        return world->account_states.get(id);
    }
    [[nodiscard]] std::optional<std::uint64_t> reference_price(ContractId token) const
    {
        return prices->price(token, block_number);
    }
    /// A duration in whole blocks, rounded to the nearest, at least 1.
    [[nodiscard]] std::uint64_t blocks_of_ms(std::int64_t duration_ms) const
    {
        const auto slot_ms = std::int64_t{slot_seconds} * 1000;
        return static_cast<std::uint64_t>(
            std::max<std::int64_t>(1, (duration_ms + slot_ms / 2) / slot_ms));
    }
};

}  // namespace runnel
