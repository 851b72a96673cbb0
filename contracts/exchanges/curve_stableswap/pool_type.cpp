#include "contracts/exchanges/curve_stableswap/pool.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/dex_quotes.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

/// How scenarios make pools.
namespace runnel::contracts
{

namespace curve = curve_stableswap;

namespace
{
constexpr std::array coin_columns{
    allocation({"amount", ParameterKind::amount, "0", {},
        "Liquidity at the start, of the account NAME/seed_lp; 0 of all coins: none."}),
};

curve::PoolSpec spec_of(const Parameters& parameters, const std::string& name)
{
    curve::PoolSpec spec;
    spec.code = parameters.text("code") == "three_pool" ? curve::Code::three_pool
                                                        : curve::Code::base_template;
    for (const auto& [coin, row] : parameters.per_token("coins"))
        spec.coins.push_back(coin);
    spec.a = static_cast<std::uint64_t>(parameters.integer("a"));
    spec.fee = static_cast<std::uint64_t>(parameters.integer("fee"));
    spec.admin_fee = static_cast<std::uint64_t>(parameters.integer("admin_fee"));
    spec.symbol = parameters.text("share_symbol");
    if (spec.symbol.empty())
        spec.symbol = name;
    return spec;
}
}  // namespace

const ContractType& CurveStableSwapPool::contract_type()
{
    using namespace curve_stableswap;
    static const ContractType type{.kind = "curve_stableswap_pool",
        .help =
            "Curve's pool of two to four tokens that are worth the same; its shares are a "
            "token.",
        .role = ContractRole::dex,
        .sectors = implements<CurveStableSwapPool, contracts::Exchange, Venue>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, TokenExchangeLog, AddLiquidityLog<2>,
            AddLiquidityLog<3>, AddLiquidityLog<4>, RemoveLiquidityLog<2>, RemoveLiquidityLog<3>,
            RemoveLiquidityLog<4>, RemoveLiquidityImbalanceLog<2>, RemoveLiquidityImbalanceLog<3>,
            RemoveLiquidityImbalanceLog<4>, RemoveLiquidityOneLog, RemoveLiquidityOneWithSupplyLog,
            RampALog, StopRampALog, CommitNewFeeLog, NewFeeLog, DexTrade, DexPool, DexShares,
            DexQuote>(),
        .parameters =
            {
                {"coins", ParameterKind::per_token, "", {},
                    "Its coins, two to four, of at most 36 decimals, in the order of the "
                    "scenario's tokens.",
                    0, 0, {}, {}, coin_columns},
                {"code", ParameterKind::choice, "\"base_template\"", {},
                    "The deployed code: of the plain pools since late 2020, or of the first, "
                    "3pool.",
                    0, 0, "base_template|three_pool"},
                {"a", ParameterKind::integer, "100", {},
                    "Amplification: how far the curve stays flat.", 1, 999'999},
                {"fee", ParameterKind::integer, "4000000", unit::other("1e-10"),
                    "What every exchange pays: 4000000 is 0.04 %.", 0, 5'000'000'000},
                {"admin_fee", ParameterKind::integer, "5000000000", unit::other("1e-10"),
                    "The owner's share of fees.", 0, 10'000'000'000},
                {"owner", ParameterKind::account, "\"\"", {},
                    "Who may change A and fees and gets the admin's share; empty: nobody."},
                {"share_symbol", ParameterKind::text, "\"\"", {},
                    "What people call its shares; empty: its name in the scenario."},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            auto spec = spec_of(parameters, identity.name);
            return std::make_unique<CurveStableSwapPool>(std::move(identity), std::move(spec));
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            const auto& rows = parameters.per_token("coins");
            if (rows.size() < 2 || rows.size() > coins_max)
                return fmt::format("coins: expected two to four tokens, got {}", rows.size());
            std::size_t given = 0;
            for (const auto& [coin, row] : rows)
                given += row.amount("amount").is_zero() ? 0U : 1U;
            if (given != 0 && given != rows.size())
                return "coins: expected an amount of every token or of none";
            return "";
        }};
    return type;
}

void CurveStableSwapPool::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    if (const auto& owner = parameters.text("owner"); !owner.empty())
        parameters_.at(0).owner = builder.account(owner, "wallet");
    connect(builder.world());
    curve::AddLiquidity deposit;
    for (const auto& [coin, row] : parameters.per_token("coins"))
        deposit.amounts.push_back(row.amount("amount"));
    if (deposit.amounts[0].is_zero())
        return;
    const auto seed = builder.account(name() + "/seed_lp", "liquidity_provider");
    deposit.recipient = seed;
    CallWriter calls;
    for (unsigned i = 0; i < coin_count(); ++i)
    {
        const bool given = token_[i]->allocate(builder.world(), seed, deposit.amounts[i]);
        RUNNEL_CHECK(given);
        calls.add(coins_[i], Erc20Approve{account(), deposit.amounts[i]});
    }
    calls.add(id(), deposit);
    builder.transaction(seed, std::move(calls).take());
}

}  // namespace runnel::contracts
