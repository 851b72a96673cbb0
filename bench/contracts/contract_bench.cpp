#include "bench/contracts/contract_bench.hpp"

#include <fmt/format.h>

#include <iterator>
#include <stdexcept>

namespace runnel::bench
{

BenchWorld::BenchWorld()
{
    sandbox_.set_time(start_time);
    const auto plenty = Amount::power_of_ten(30);
    auto& supply = world().native_supply.at(0);
    for (unsigned i = 0; i < account_count; ++i)
    {
        accounts_.push_back(account("wallet/" + std::to_string(i)));
        world().account_states.at(accounts_.back()).balance = plenty;
        supply = wrapping_add(supply, plenty);
    }
}

AccountId BenchWorld::neighbour(AccountId account, unsigned offset) const
{
    const auto first = index(accounts_.front());
    return accounts_[(index(account) - first + offset) % account_count];
}

contracts::Erc20& BenchWorld::add_token(std::string name, AccountId minter)
{
    TokenInfo info{name, 18};
    tokens_.push_back(&add<contracts::Erc20>(
        std::move(name), std::move(info), contracts::TokenFlavour::openzeppelin5, minter));
    return *tokens_.back();
}

void BenchWorld::connect()
{
    sandbox_.connect();
    for (auto* token : tokens_)
    {
        for (const auto account : accounts_)
            token->allocate(account, Amount::power_of_ten(30));
    }
}

void BenchWorld::prepare(AccountId sender, const CallWriter& calls)
{
    // All in the first block, so that no block is measured that comes before these.
    sandbox_.set_block(1);
    const auto outcome = sandbox_.run(sender, calls);
    if (!outcome.ok())
    {
        throw std::runtime_error{
            fmt::format("set-up of a benchmark: {}", outcome.receipt.refusal.to_string())};
    }
}

void BenchWorld::approve_all(ContractId token, AccountId spender)
{
    for (const auto account : accounts_)
        prepare(account, token, contracts::Erc20Approve{spender, Amount::power_of_ten(40)});
}

void BenchWorld::show_all(std::string name, std::function<Amount(AccountId)> figure)
{
    show(std::move(name),
        [this, figure = std::move(figure)]
        {
            Amount sum;
            for (std::uint64_t place = 0; place < accounts_.size(); ++place)
                sum = wrapping_add(sum, wrapping_mul(place + 1, figure(accounts_[place])));
            return sum;
        });
}

void BenchWorld::show_balance(std::string name, ContractId token, AccountId holder)
{
    show(std::move(name),
        [this, token, holder] { return contracts::token_at(world(), token).holding(holder); });
}

std::vector<std::pair<std::string, Amount>> BenchWorld::results() const
{
    std::vector<std::pair<std::string, Amount>> all;
    for (const auto& [name, figure] : figures_)
        all.emplace_back(name, figure());
    return all;
}

std::vector<ContractBench> contract_benches()
{
    std::vector<ContractBench> all;
    for (auto* protocol : {native_benches, erc20_benches, price_oracle_benches, uniswap_v2_benches,
             uniswap_v3_benches, uniswap_v4_benches, curve_stableswap_benches,
             balancer_weighted_benches, order_book_benches, asset_benches, aave_v3_benches,
             compound_v2_benches, comet_benches, morpho_blue_benches, makerdao_dss_benches,
             fiat_token_benches, terra_market_benches, staking_rewards_benches, masterchef_benches,
             vault_benches, staking_benches, tornado_benches, commerce_benches, cover_pool_benches,
             custodial_exchange_benches, guardian_bridge_benches})
    {
        auto benches = protocol();
        std::move(benches.begin(), benches.end(), std::back_inserter(all));
    }
    return all;
}

std::vector<QuoteBench> quote_benches()
{
    return uniswap_v3_quote_benches();
}

}  // namespace runnel::bench
