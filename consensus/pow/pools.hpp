#pragma once

#include "consensus/pow/options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace runnel
{

/// What mining pools owe their members, and who hops: bookkeeping beside the chain, which does not
/// see it (the maker of a block gets its reward). Amounts are in blocks' rewards; as if no block
/// went stale and no miner were ever down.
///
/// Hashes are counted as if shares were infinitely small: members pay in at their hash rates, and
/// luck is in blocks alone.
class PoolBooks
{
public:
    /// @p hash_rates: of groups, in their order.
    PoolBooks(const PowOptions& options, const std::vector<double>& hash_rates);

    /// A miner of a group found a block at a moment, of a difficulty that held since the last one.
    void on_block(VirtualTime at, std::uint32_t group, double difficulty);

    struct Account
    {
        double hashed = 0;   // In difficulties: blocks that it could expect.
        double in_pool = 0;  // Of these.
        double paid = 0;     // By its pool.
        double alone = 0;    // Its own blocks.

        /// Over what it could expect: 1 is fair.
        [[nodiscard]] double luck() const noexcept
        {
            return hashed > 0 ? (paid + alone) / hashed : 0;
        }
    };
    /// Of a group.
    [[nodiscard]] const Account& account(std::uint32_t group) const
    {
        return members_[group].account;
    }
    struct PoolAccount
    {
        std::uint64_t blocks = 0;
        double paid = 0;
    };
    [[nodiscard]] const PoolAccount& pool_account(std::size_t pool) const
    {
        return pools_[pool].account;
    }
    [[nodiscard]] bool is_empty() const noexcept { return pools_.empty(); }

private:
    static constexpr std::size_t no_pool = ~std::size_t{0};
    struct Member
    {
        double hash_rate = 0;
        VirtualTime from = 0;
        VirtualTime until = 0;
        std::size_t pool = no_pool;
        bool hops = false;
        double hops_after = 0;
        double in_round = 0;  // Hashed since the pool's last block, in difficulties.
        double score = 0;
        Account account;
    };
    struct Pool
    {
        MiningPool rules;
        double round = 0;  // Hashed by all since its last block, in difficulties.
        PoolAccount account;
    };

    [[nodiscard]] bool is_in_pool(const Member& member) const;
    /// All hash, until a moment; members may leave within.
    void hash_until(VirtualTime at, double difficulty);
    /// For a span without changes.
    void hash_for(double seconds, double difficulty, VirtualTime middle);
    void pay(Member& member, Pool& pool, double amount);

    std::vector<Member> members_;  // By group.
    std::vector<Pool> pools_;
    VirtualTime now_ = 0;
};

}  // namespace runnel
