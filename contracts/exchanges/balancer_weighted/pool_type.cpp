#include "contracts/exchanges/balancer_weighted/pool.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/dex_quotes.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

/// How scenarios make pools.
namespace runnel::contracts
{

using namespace balancer_weighted;

namespace
{
constexpr std::int64_t bps_denominator = 10'000;
constexpr std::uint64_t wad_per_bps = one / 10'000;

constexpr std::array token_columns{
    ParameterSpec{"weight_bps", ParameterKind::integer, "5000", unit::bps,
        "The token's weight: its part of the pool's value. All sum to 10000.", 100, 9'900},
    allocation({"amount", ParameterKind::amount, "0", {},
        "Liquidity at the start, of the account NAME/seed_lp; 0 of all tokens: none."}),
};

PoolSpec spec_of(const Parameters& parameters, const std::string& name)
{
    PoolSpec spec;
    for (const auto& [token, row] : parameters.per_token("tokens"))
    {
        spec.tokens.push_back(token);
        spec.weights.push_back(
            wrapping_mul(static_cast<std::uint64_t>(row.integer("weight_bps")), wad_per_bps));
    }
    spec.swap_fee = wrapping_mul(static_cast<std::uint64_t>(parameters.integer("swap_fee")),
        BalancerWeightedPool::swap_fee_min);
    spec.symbol = parameters.text("share_symbol");
    if (spec.symbol.empty())
        spec.symbol = name;
    return spec;
}
}  // namespace

const ContractType& BalancerWeightedPool::contract_type()
{
    static const ContractType type{.kind = "balancer_weighted_pool",
        .help = "Balancer's pool of two to eight tokens by weights; its shares are a token.",
        .role = ContractRole::dex,
        .sectors = implements<BalancerWeightedPool, Exchange, Venue>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, SwapLog, PoolBalanceChange,
            SwapFeePercentageChangedLog, DexTrade, DexPool, DexShares, DexQuote>(),
        .parameters =
            {
                {"tokens", ParameterKind::per_token, "", {},
                    "Its tokens, two to eight, of at most 18 decimals, in the order of the "
                    "scenario's.",
                    0, 0, {}, {}, token_columns},
                {"swap_fee", ParameterKind::integer, "3000", unit::other("1e-6"),
                    "What every swap pays: 3000 is 0.3 %.", 1, 100'000},
                {"owner", ParameterKind::account, "\"\"", {},
                    "Who may change the swap fee; empty: nobody."},
                {"share_symbol", ParameterKind::text, "\"\"", {},
                    "What people call its shares; empty: its name in the scenario."},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            auto spec = spec_of(parameters, identity.name);
            return std::make_unique<BalancerWeightedPool>(std::move(identity), std::move(spec));
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            const auto& rows = parameters.per_token("tokens");
            if (rows.size() < 2 || rows.size() > tokens_max)
                return fmt::format("tokens: expected two to eight, got {}", rows.size());
            std::size_t given = 0;
            std::int64_t weights = 0;
            for (const auto& [token, row] : rows)
            {
                given += row.amount("amount").is_zero() ? 0U : 1U;
                weights += row.integer("weight_bps");
            }
            if (weights != bps_denominator)
            {
                return fmt::format(
                    "tokens: expected weight_bps that sum to 10000, got {}", weights);
            }
            if (given != 0 && given != rows.size())
                return "tokens: expected an amount of every token or of none";
            return "";
        }};
    return type;
}

void BalancerWeightedPool::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    if (const auto& owner = parameters.text("owner"); !owner.empty())
        state_.at(0).owner = builder.account(owner, "wallet");
    connect(builder.world());
    JoinExactTokensIn deposit;
    for (const auto& [token, row] : parameters.per_token("tokens"))
        deposit.amounts_in.push_back(row.amount("amount"));
    if (deposit.amounts_in[0].is_zero())
        return;
    const auto seed = builder.account(name() + "/seed_lp", "liquidity_provider");
    deposit.recipient = seed;
    CallWriter calls;
    for (unsigned i = 0; i < count(); ++i)
    {
        const bool given = token_[i]->allocate(builder.world(), seed, deposit.amounts_in[i]);
        RUNNEL_CHECK(given);
        calls.add(tokens_[i], Erc20Approve{account(), deposit.amounts_in[i]});
    }
    calls.add(id(), deposit);
    builder.transaction(seed, std::move(calls).take());
}

}  // namespace runnel::contracts
