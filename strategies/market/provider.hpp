#pragma once

#include "strategies/market/common.hpp"
#include "strategies/market/dex.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace runnel::strategies
{

/// Where a wallet that provides liquidity stands.
enum class ProviderPhase : std::uint8_t
{
    outside,
    adding,  // A transaction is on its way; likewise below.
    inside,
    removing,
    done,
    swapping,  // For what it adds next; of those who do that.
};

/// What all strategies have in common that provide a pool with liquidity, stay, and leave.
///
/// Each wallet picks a pool by chance and enters after a time of its own. What fails is tried again
/// a few times, each time later; then it leaves things as they are.
///
/// WalletState has at least enter_seconds, pool, phase (a ProviderPhase), failures (in a row) and
/// failed (the last transaction, and that is still to be digested).
template <typename WalletState>
class Provider : public StatefulStrategy<WalletState>
{
public:
    std::uint64_t first_block(std::size_t position) override
    {
        auto& state = this->states_[position];
        static const auto stream = stream_of_name("pool");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        state.pool = static_cast<DexMap::Position>(random.uniform_below(map_.pools().size()));
        return 1 + blocks_of(state.enter_seconds);
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        this->states_[position].failed = outcome.kind != TransactionOutcome::Kind::succeeded;
        return true;
    }

protected:
    Provider(const Parameters& parameters, const WalletGroup& wallets)
      : map_{*wallets.world, parameters.contracts("pairs")},
        size_min_{parameters.number("size_min")},
        check_every_ms_{parameters.duration_ms("check_every")},
        deadline_seconds_{static_cast<std::uint64_t>(parameters.duration_ms("deadline")) / 1000},
        retries_max_{static_cast<std::uint8_t>(parameters.integer("retries"))},
        slot_seconds_{wallets.slot_seconds},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        retry_after_ms_{parameters.duration_ms("retry_after")}
    {}

    /// Sizes the states and calls @p begin(state, draw) for each, where draw(parameter) draws for
    /// that wallet.
    template <typename Begin>
    void draw_states(const Parameters& parameters, const WalletGroup& wallets, Begin begin)
    {
        this->states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < this->states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            begin(this->states_[i],
                [&](std::string_view what) {
                    return static_cast<float>(
                        wallets.draw(parameters.distribution(what), what, number));
                });
        }
    }

    [[nodiscard]] std::uint64_t blocks_of(double seconds) const
    {
        return static_cast<std::uint64_t>(std::min(seconds / slot_seconds_, 1e9));
    }
    [[nodiscard]] static std::uint32_t block_of(std::uint64_t block)
    {
        constexpr std::uint64_t block_max = std::numeric_limits<std::uint32_t>::max();
        return static_cast<std::uint32_t>(std::min(block, block_max));
    }

    /// Doubles the wait with every failure, then gives up: what it holds it keeps.
    std::uint64_t try_later(WalletState& state, const WorldView& view) const
    {
        state.failed = false;
        state.phase =
            state.phase == ProviderPhase::removing ? ProviderPhase::inside : ProviderPhase::outside;
        if (state.failures >= retries_max_)
        {
            state.phase = ProviderPhase::done;
            return never;
        }
        ++state.failures;
        return view.block_number + (view.blocks_of_ms(retry_after_ms_) << (state.failures - 1));
    }

    [[nodiscard]] double worth_usd(DexMap::Position position, const Amount& amount) const
    {
        const auto& token = map_.tokens()[position];
        return token.usd * to_whole(amount, token.decimals);
    }
    /// Of amounts in the order of the pool's tokens.
    [[nodiscard]] double worth_usd(
        const DexMap::Pool& pool, const std::vector<Amount>& amounts) const
    {
        double usd = 0;
        for (std::size_t i = 0; i < pool.tokens.size(); ++i)
            usd += worth_usd(pool.tokens[i], amounts[i]);
        return usd;
    }

    DexMap map_;
    double size_min_;
    std::int64_t check_every_ms_;
    std::uint64_t deadline_seconds_;
    std::uint8_t retries_max_;

private:
    std::uint32_t slot_seconds_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::int64_t retry_after_ms_;
};

}  // namespace runnel::strategies
