#pragma once

#include "strategies/api/strategy.hpp"
#include "tests/support/toy_chain.hpp"

#include <functional>
#include <memory>
#include <span>

namespace runnel::toy
{

/// What the wallets of a test do. Called from several threads in simulations.
struct Behaviour
{
    std::function<std::uint64_t(std::size_t)> first_block = [](std::size_t) { return 1; };
    std::function<std::uint64_t(std::size_t, WalletContext&)> decide;
    std::function<std::uint64_t(std::size_t, WalletContext&, std::span<const QuoteAnswer>)> quoted;
    std::function<bool(std::size_t, const TransactionOutcome&)> learn =
        [](std::size_t, const TransactionOutcome&) { return false; };
    std::function<bool(std::size_t, const Letter&)> hear = [](std::size_t, const Letter&)
    { return false; };
};

/// The strategy of a test: does what the behaviour in force when its cohort was made says.
class Puppet final : public StatelessStrategy
{
public:
    static inline std::shared_ptr<const Behaviour> behaviour;

    static const StrategyType& strategy_type()
    {
        static const StrategyType type{.name = "scripted",
            .purpose = Purpose::trade,
            .help = "Does what a test says.",
            .parameters = {},
            .create = [](const Parameters&, const WalletGroup&) -> std::unique_ptr<Strategy>
            { return std::make_unique<Puppet>(); }};
        return type;
    }

    std::uint64_t first_block(std::size_t position) override
    {
        return mine_->first_block(position);
    }
    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        return mine_->decide(position, wallet);
    }
    std::uint64_t quoted(
        std::size_t position, WalletContext& wallet, std::span<const QuoteAnswer> answers) override
    {
        return mine_->quoted(position, wallet, answers);
    }
    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        return mine_->learn(position, outcome);
    }
    bool hear(std::size_t position, const Letter& letter) override
    {
        return mine_->hear(position, letter);
    }

private:
    std::shared_ptr<const Behaviour> mine_ = behaviour;
};

inline Distribution constant(double value)
{
    Distribution distribution;
    distribution.a = value;
    return distribution;
}

}  // namespace runnel::toy
