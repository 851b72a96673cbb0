#pragma once

#include "contracts/kit/sandbox.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/philox.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What `runnel bench contracts` measures, protocol by protocol.
namespace runnel::bench
{

/// A world to measure in: accounts rich in coins, and the contracts that a protocol's set-up adds.
class BenchWorld
{
public:
    static constexpr unsigned account_count = 1'000;
    /// Of the first block measured; unix seconds.
    static constexpr std::uint64_t start_time = 1'700'000'000;

    BenchWorld();

    [[nodiscard]] World& world() noexcept { return sandbox_.world(); }
    [[nodiscard]] const std::vector<AccountId>& accounts() const noexcept { return accounts_; }
    AccountId account(std::string_view name) { return sandbox_.account(name); }
    /// The account whose place is @p offset after that of @p account, in a ring.
    [[nodiscard]] AccountId neighbour(AccountId account, unsigned offset) const;

    /// @{ Adds a contract, or a token that connect() gives to every account.
    template <std::derived_from<Contract> C, typename... Arguments>
    C& add(std::string name, Arguments&&... arguments)
    {
        return sandbox_.add<C>(std::move(name), std::forward<Arguments>(arguments)...);
    }
    contracts::Erc20& add_token(std::string name, AccountId minter = zero_account);
    /// @}
    /// Ends adding: every account gets 10^30 of every token.
    void connect();

    /// Runs calls before anything is measured. Throws std::runtime_error if they are refused.
    void prepare(AccountId sender, const CallWriter& calls);
    template <typename Call>
    void prepare(AccountId sender, ContractId contract, const Call& call)
    {
        prepare(sender, CallWriter{}.add(contract, call));
    }
    /// Lets @p spender spend 10^40 of every account's @p token: enough, but counted.
    void approve_all(ContractId token, AccountId spender);

    /// @{ A figure of committed state that tells what the measured transactions led to: the same
    /// transactions elsewhere must lead to the same (bench/peers).
    void show(std::string name, std::function<Amount()> figure)
    {
        figures_.emplace_back(std::move(name), std::move(figure));
    }
    /// One number that changes with any account's: the sum of each one's times its place from 1,
    /// modulo 2^256.
    void show_all(std::string name, std::function<Amount(AccountId)> figure);
    void show_balance(std::string name, ContractId token, AccountId holder);
    /// Name and value now.
    [[nodiscard]] std::vector<std::pair<std::string, Amount>> results() const;
    /// @}

private:
    contracts::Sandbox sandbox_;
    std::vector<AccountId> accounts_;
    std::vector<contracts::Erc20*> tokens_;
    std::vector<std::pair<std::string, std::function<Amount()>>> figures_;
};

/// One transaction to be filled in.
struct BenchTransaction
{
    RandomStream& random;
    AccountId sender;    // Drawn; may be replaced.
    AccountId somebody;  // Another draw, perhaps the same.
    CallWriter calls;

    /// In [@p low, 2 * @p low).
    Amount amount(std::uint64_t low) { return low + random.uniform_below(low); }
};

using MakeTransaction = std::function<void(BenchTransaction&)>;

/// An operation that is measured alone.
struct ContractBench
{
    std::string name;  // protocol.operation
    /// Builds up the world; what it returns makes transactions that all succeed, as many as wanted,
    /// and may refer to the world.
    std::function<MakeTransaction(BenchWorld&)> set_up;
};

/// An operation in a World, which its constructor builds up in a BenchWorld: fill(world,
/// transaction) makes one transaction of it.
template <typename World, typename Fill, typename... Arguments>
[[nodiscard]] ContractBench bench_in(std::string name, Fill fill, Arguments... arguments)
{
    return {std::move(name),
        [fill = std::move(fill), arguments...](BenchWorld& bench) -> MakeTransaction
        {
            const auto world = std::make_shared<World>(bench, arguments...);
            return [world, fill](BenchTransaction& transaction) { fill(*world, transaction); };
        }};
}

/// What a strategy asks of committed state, measured alone.
struct QuoteBench
{
    std::string name;  // protocol.question
    /// Builds up the world, to which what it returns may refer: the question, and its answer.
    std::function<std::function<Amount(RandomStream&)>(BenchWorld&)> set_up;
};

[[nodiscard]] std::vector<QuoteBench> quote_benches();

/// Of all protocols. A protocol adds a file with a function like those of contract_bench.cpp's
/// list, and a line there.
[[nodiscard]] std::vector<ContractBench> contract_benches();

/// @{ Each in the file PROTOCOL_bench.cpp.
std::vector<ContractBench> aave_v3_benches();
std::vector<ContractBench> asset_benches();
std::vector<ContractBench> balancer_weighted_benches();
std::vector<ContractBench> compound_v2_benches();
std::vector<ContractBench> comet_benches();
std::vector<ContractBench> commerce_benches();
std::vector<ContractBench> cover_pool_benches();
std::vector<ContractBench> curve_stableswap_benches();
std::vector<ContractBench> custodial_exchange_benches();
std::vector<ContractBench> erc20_benches();
std::vector<ContractBench> fiat_token_benches();
std::vector<ContractBench> guardian_bridge_benches();
std::vector<ContractBench> makerdao_dss_benches();
std::vector<ContractBench> masterchef_benches();
std::vector<ContractBench> morpho_blue_benches();
std::vector<ContractBench> native_benches();
std::vector<ContractBench> order_book_benches();
std::vector<ContractBench> price_oracle_benches();
std::vector<ContractBench> staking_benches();
std::vector<ContractBench> staking_rewards_benches();
std::vector<ContractBench> terra_market_benches();
std::vector<ContractBench> tornado_benches();
std::vector<ContractBench> uniswap_v2_benches();
std::vector<ContractBench> uniswap_v3_benches();
std::vector<ContractBench> uniswap_v4_benches();
std::vector<ContractBench> vault_benches();
std::vector<QuoteBench> uniswap_v3_quote_benches();
/// @}

}  // namespace runnel::bench
