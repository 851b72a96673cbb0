#include "contracts/stablecoins/terra_market/market.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace terra_market;

namespace
{
constexpr unsigned price_decimals = 8;  // Of an oracle's prices,
constexpr unsigned dec_decimals = 18;   // and of Terra's.
constexpr double base_pool_max = 1e18;
/// Longer ones would take millions of steps to make good what a swap has moved.
constexpr double recovery_period_max = 100'000;

Amount dec_of_bps(std::int64_t bps)
{
    return wrapping_mul(Amount{static_cast<std::uint64_t>(bps)}, Amount::power_of_ten(14));
}

/// The delta as swaps in @p block find it.
///
/// A state from another chain counts that one's blocks, which may be ahead of this one's: then all
/// blocks of this chain have ended since.
Int256 delta_at(const PoolDelta& stored, const MarketParameters& market, std::uint64_t block)
{
    const auto ended = block >= stored.block ? block - stored.block : block;
    return replenish(stored.delta, market.pool_recovery_period, ended);
}

std::unique_ptr<Contract> create(const Parameters& parameters, ContractIdentity identity)
{
    MarketSetup setup;
    setup.stable_token = parameters.token("stable_token");
    setup.volatile_token = parameters.token("volatile_token");
    setup.oracle = parameters.contract("oracle");
    // To the nearest 1e-8 USD, as prices are.
    setup.base_unit_price =
        wrapping_mul(Amount::from_double(parameters.number("base_unit_price") * 1e8 + 0.5),
            Amount::power_of_ten(dec_decimals - price_decimals));
    setup.parameters.base_pool = wrapping_mul(
        Amount{static_cast<std::uint64_t>(parameters.integer("base_pool"))}, Amount{dec_one});
    setup.parameters.pool_recovery_period =
        static_cast<std::uint64_t>(parameters.integer("pool_recovery_period"));
    setup.parameters.min_stability_spread =
        dec_of_bps(parameters.integer("min_stability_spread_bps"));
    setup.governance = parameters.text("governance");
    return std::make_unique<TerraMarket>(std::move(identity), std::move(setup));
}
}  // namespace

TerraMarket::TerraMarket(ContractIdentity identity, MarketSetup setup)
  : ContractBase{std::move(identity)},
    setup_{std::move(setup)},
    parameters_{name() + ".parameters"},
    delta_{name() + ".delta"},
    totals_{name() + ".totals"}
{
    parameters_.at(0) = setup_.parameters;
    add_table(parameters_);
    add_table(delta_);
    add_table(totals_);
}

const ContractType& TerraMarket::contract_type()
{
    static const ContractType type{.kind = "terra_market",
        .help = "Terra's market module: burns UST for LUNA worth as much, and back.",
        .role = ContractRole::lending,
        .sectors = implements<TerraMarket, ConvertibleStablecoin>(),
        .methods = methods(),
        .events = event_types<StablecoinConversion, StablecoinStateRow>(),
        .parameters =
            {
                token_parameter("stable_token", "erc20",
                    "UST: an erc20 whose minter is this contract; 1 is a USD to it."),
                token_parameter(
                    "volatile_token", "erc20", "LUNA: an erc20 whose minter is this contract."),
                contract_parameter("oracle", PriceSource::sector,
                    "Whose price of the volatile token it believes."),
                {"base_pool", ParameterKind::integer, "50000000000000",
                    unit::other(
                        "10^-decimals of the pools' currency, decimals as the stablecoin's"),
                    "What each virtual pool has at rest.", 1, base_pool_max},
                {"pool_recovery_period", ParameterKind::integer, "36", unit::blocks,
                    "Each block makes good this part of what is missing.", 1, recovery_period_max},
                {"min_stability_spread_bps", ParameterKind::integer, "200", unit::bps,
                    "The least spread.", 0, 10'000},
                {"base_unit_price", ParameterKind::number, "0", unit::usd,
                    "What a unit of the currency costs that the pools are counted in, Terra's SDR; "
                    "0: they are counted in the stablecoin.",
                    0, 1e6},
                {"governance", ParameterKind::account, "\"\"", {},
                    "The account that may change the parameters; empty: nobody."},
            },
        .create = create};
    return type;
}

void TerraMarket::connect(World& world)
{
    stable_ = dynamic_cast<Erc20*>(world.find_contract(setup_.stable_token));
    volatile_ = dynamic_cast<Erc20*>(world.find_contract(setup_.volatile_token));
    oracle_ = dynamic_cast<const PriceSource*>(world.find_contract(setup_.oracle));
    RUNNEL_CHECK(stable_ != nullptr && volatile_ != nullptr && oracle_ != nullptr);
    stable_unit_ = Amount::power_of_ten(stable_->token_info()->decimals);
    volatile_unit_ = Amount::power_of_ten(volatile_->token_info()->decimals);
    governance_ = world.find_account(setup_.governance).value_or(zero_account);
}

void TerraMarket::genesis(const Parameters&, GenesisBuilder& builder)
{
    if (!setup_.governance.empty())
        governance_ = builder.account(setup_.governance, "wallet");
}

void TerraMarket::check_invariants(const World&, Findings& findings) const
{
    for (const auto* token : {stable_, volatile_})
    {
        if (token->minter() != account())
            findings.push_back(fmt::format("{}: is not the minter of {}", name(), token->name()));
    }
    const auto check_fees = [&](const Erc20& token, const Amount& fees)
    {
        if (token.holding(account()) < fees)
        {
            findings.push_back(fmt::format("{}: has {} of {}, less than the {} that it has kept",
                name(), token.holding(account()).to_string(), token.name(), fees.to_string()));
        }
    };
    check_fees(*stable_, totals().stable_fees);
    check_fees(*volatile_, totals().volatile_fees);
    const auto check_minted = [&](const Amount& minted, const Amount& fees, std::string_view token)
    {
        if (fees > minted)
            findings.push_back(fmt::format("{}: kept more {} than it minted", name(), token));
    };
    check_minted(totals().stable_minted, totals().stable_fees, stable_->name());
    check_minted(totals().volatile_minted, totals().volatile_fees, volatile_->name());
    const auto& delta = delta_.get(0).delta;
    if (delta.is_negative() && delta.magnitude() >= parameters().base_pool)
        findings.push_back(fmt::format("{}: nothing is left of its stable pool", name()));
}

// ---- Views ----

Int256 TerraMarket::delta_in(std::uint64_t block) const
{
    return delta_at(delta_.get(0), parameters(), block);
}

Result<Rates> TerraMarket::rates_at(const Amount& volatile_price) const
{
    RUNNEL_REQUIRE(!volatile_price.is_zero(), Refusal::error("no price registered with oracle"));
    const auto usd = RUNNEL_TRY(mul_half_even(volatile_price,
        wrapping_mul(Amount{dec_one}, Amount::power_of_ten(dec_decimals - price_decimals))));
    Rates rates;
    rates.stable = usd;
    if (stable_unit_ != volatile_unit_)
    {
        const auto scaled = RUNNEL_TRY(mul_half_even(usd, wrapping_mul(stable_unit_, dec_one)));
        rates.stable = RUNNEL_TRY(quo_half_even(scaled, wrapping_mul(volatile_unit_, dec_one)));
        RUNNEL_REQUIRE(!rates.stable.is_zero(), Refusal::error("no price registered with oracle"));
    }
    rates.base = rates.stable;
    rates.is_base_stable = setup_.base_unit_price.is_zero();
    if (!rates.is_base_stable)
    {
        rates.base = RUNNEL_TRY(quo_half_even(rates.stable, setup_.base_unit_price));
        RUNNEL_REQUIRE(!rates.base.is_zero(), Refusal::error("no price registered with oracle"));
    }
    return rates;
}

ConvertibleState TerraMarket::state_in(std::uint64_t block) const
{
    ConvertibleState state;
    state.stable_supply = stable_->total_supply();
    state.volatile_supply = volatile_->total_supply();
    state.volatile_price = oracle_->prices().get(index(setup_.volatile_token)).price;
    const auto& spread_min = parameters().min_stability_spread;
    state.redeem_spread = spread_min;
    state.mint_spread = spread_min;
    const auto pools = pools_of(parameters().base_pool, delta_in(block));
    if (!pools)
        return state;
    // Of the first unit: one pool over the other is what comes out of it.
    const auto lost = [&](const Amount& offer_pool, const Amount& ask_pool)
    {
        const auto kept = quo_half_even(ask_pool, offer_pool).value_or(Amount{dec_one});
        return std::max(
            spread_min, Amount{dec_one} > kept ? wrapping_sub(dec_one, kept) : Amount{});
    };
    state.redeem_spread = lost(pools->stable, pools->volatile_);
    state.mint_spread = lost(pools->volatile_, pools->stable);
    return state;
}

Result<Conversion> TerraMarket::quote_conversion(
    ContractId token_in, const Amount& amount_in, std::uint64_t block) const
{
    const bool is_stable = token_in == setup_.stable_token;
    RUNNEL_REQUIRE(is_stable || token_in == setup_.volatile_token,
        Refusal::error("no price registered with oracle"));
    const auto rates =
        RUNNEL_TRY(rates_at(oracle_->prices().get(index(setup_.volatile_token)).price));
    const auto plan = RUNNEL_TRY(plan_swap(rates, parameters().base_pool, delta_in(block),
        parameters().min_stability_spread, is_stable, amount_in));
    return Conversion{plan.swap_coin, plan.fee_coin};
}

void TerraMarket::add_conversion(CallWriter& calls, ContractId token_in, const Amount& amount_in,
    const Amount& amount_out_min) const
{
    const auto token_out =
        token_in == setup_.stable_token ? setup_.volatile_token : setup_.stable_token;
    calls.add(id(), AssertLimitOrder{token_in, amount_in, token_out, amount_out_min});
    calls.add(id(), Swap{token_in, amount_in, token_out});
}

CallGas TerraMarket::conversion_gas() const noexcept
{
    return {AssertLimitOrder::gas + Swap::gas, 0};
}

// ---- Swaps ----

void TerraMarket::declare_swap(
    AccessCollector& access, AccountId sender, AccountId to, ContractId offer_token) const
{
    access.read(parameters_, 0);
    access.read(oracle_->prices(), index(setup_.volatile_token));
    access.write(delta_, 0);
    access.write(totals_, 0);
    if (offer_token != setup_.stable_token && offer_token != setup_.volatile_token)
        return;
    const bool is_stable = offer_token == setup_.stable_token;
    const auto& burned = is_stable ? *stable_ : *volatile_;
    const auto& minted = is_stable ? *volatile_ : *stable_;
    burned.declare(Erc20Burn{sender, {}}, account(), access);
    minted.declare(Erc20Mint{to, {}}, account(), access);
    minted.declare(Erc20Mint{account(), {}}, account(), access);
}

void TerraMarket::declare(const Swap& call, AccountId sender, AccessCollector& access) const
{
    declare_swap(access, sender, sender, call.offer_token);
}

void TerraMarket::declare(const SwapSend& call, AccountId sender, AccessCollector& access) const
{
    declare_swap(access, sender, call.to, call.offer_token);
}

void TerraMarket::declare(const AssertLimitOrder&, AccountId, AccessCollector& access) const
{
    access.read(parameters_, 0);
    access.read(delta_, 0);
    access.read(oracle_->prices(), index(setup_.volatile_token));
}

void TerraMarket::declare(const ChangeParameters&, AccountId, AccessCollector& access) const
{
    access.write(parameters_, 0);
    access.write(delta_, 0);
}

Result<SwapPlan> TerraMarket::plan(CallContext& context, ContractId offer_token,
    const Amount& offer_amount, ContractId ask_token) const
{
    RUNNEL_REQUIRE(!offer_amount.is_zero() && (offer_amount >> offer_bits_max).is_zero(),
        Refusal::error("invalid coins"));
    RUNNEL_REQUIRE(offer_token != ask_token, Refusal::error("recursive swap"));
    const bool is_stable = offer_token == setup_.stable_token;
    RUNNEL_REQUIRE((is_stable && ask_token == setup_.volatile_token) ||
                       (offer_token == setup_.volatile_token && ask_token == setup_.stable_token),
        Refusal::error("no price registered with oracle"));
    const auto& market = context.read(parameters_, 0);
    const auto delta = delta_at(context.read(delta_, 0), market, context.block().number);
    const auto rates =
        RUNNEL_TRY(rates_at(context.read(oracle_->prices(), index(setup_.volatile_token)).price));
    return plan_swap(
        rates, market.base_pool, delta, market.min_stability_spread, is_stable, offer_amount);
}

Result<Returns> TerraMarket::swap(CallContext& context, AccountId to, ContractId offer_token,
    const Amount& offer_amount, ContractId ask_token)
{
    const auto plan = RUNNEL_TRY(this->plan(context, offer_token, offer_amount, ask_token));
    context.write(delta_, 0) = {plan.delta, context.block().number};

    const bool is_stable = offer_token == setup_.stable_token;
    auto& burned = is_stable ? *stable_ : *volatile_;
    auto& minted = is_stable ? *volatile_ : *stable_;
    auto as_minter = context.as(account());
    RUNNEL_TRY(burned.execute(Erc20Burn{context.sender(), offer_amount}, as_minter));
    if (!plan.swap_coin.is_zero())
        RUNNEL_TRY(minted.execute(Erc20Mint{to, plan.swap_coin}, as_minter));
    if (!plan.fee_coin.is_zero())
        RUNNEL_TRY(minted.execute(Erc20Mint{account(), plan.fee_coin}, as_minter));

    auto& totals = context.write(totals_, 0);
    auto& all_burned = is_stable ? totals.stable_burned : totals.volatile_burned;
    auto& all_minted = is_stable ? totals.volatile_minted : totals.stable_minted;
    auto& all_fees = is_stable ? totals.volatile_fees : totals.stable_fees;
    all_burned = RUNNEL_TRY(Checked{all_burned} + offer_amount);
    all_minted = RUNNEL_TRY(Checked{all_minted} + plan.swap_coin + plan.fee_coin);
    all_fees = RUNNEL_TRY(Checked{all_fees} + plan.fee_coin);
    context.emit(id(),
        StablecoinConversion{is_stable ? ConversionType::redeem : ConversionType::mint,
            context.sender(), offer_token, offer_amount, ask_token, plan.swap_coin, plan.fee_coin});
    return Returns{plan.swap_coin, plan.fee_coin};
}

Result<Returns> TerraMarket::execute(const Swap& call, CallContext& context)
{
    return swap(context, context.sender(), call.offer_token, call.offer_amount, call.ask_token);
}

Result<Returns> TerraMarket::execute(const SwapSend& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.to));
    return swap(context, call.to, call.offer_token, call.offer_amount, call.ask_token);
}

Result<Returns> TerraMarket::execute(const AssertLimitOrder& call, CallContext& context)
{
    const auto plan =
        RUNNEL_TRY(this->plan(context, call.offer_token, call.offer_amount, call.ask_token));
    RUNNEL_REQUIRE(
        plan.swap_coin >= call.minimum_receive, Refusal::error("minimum receive not met"));
    return Returns{plan.swap_coin};
}

// ---- Governance ----

Result<Returns> TerraMarket::execute(const ChangeParameters& call, CallContext& context)
{
    RUNNEL_REQUIRE(governance_ != zero_account && context.sender() == governance_,
        Refusal::error("unauthorized"));
    RUNNEL_REQUIRE(
        call.pool_recovery_period > 0, Refusal::error("pool recovery period should be positive"));
    RUNNEL_REQUIRE(call.min_stability_spread <= Amount{dec_one},
        Refusal::error("market minimum stability spread should be a value between [0,1]"));
    auto& market = context.write(parameters_, 0);
    auto& stored = context.write(delta_, 0);
    // Blocks so far count by the old period.
    const auto now = context.block().number;
    const auto delta = delta_at(stored, market, now);
    RUNNEL_REQUIRE(!delta.is_negative() || delta.magnitude() < call.base_pool,
        Refusal::error("base pool below the pools' delta"));
    stored = {delta, now};
    market = {call.base_pool, call.pool_recovery_period, call.min_stability_spread};
    return Returns{};
}

}  // namespace runnel::contracts
