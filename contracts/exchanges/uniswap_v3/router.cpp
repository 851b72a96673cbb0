#include "contracts/exchanges/uniswap_v3/router.hpp"

#include "contracts/exchanges/uniswap_v3/payments.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v3;

namespace
{
unsigned side_in(const UniswapV3Router::Leg& leg) noexcept
{
    return leg.zero_for_one ? 0 : 1;
}
ContractId token_of(const UniswapV3Pool& pool, unsigned side) noexcept
{
    return side == 0 ? pool.token0() : pool.token1();
}
/// A swap that moved nothing is none: swaps within a range without liquidity are not supported.
Result<void> require_movement(const std::array<Int256, 2>& amounts)
{
    const Int256 zero;
    RUNNEL_REQUIRE(amounts[0] > zero || amounts[1] > zero, Refusal::empty());
    return {};
}
}  // namespace

/// Pays for a swap of exact input.
class UniswapV3Router::InputPayer final : public PoolCaller
{
public:
    InputPayer(const UniswapV3Router& router, const Leg& leg, AccountId payer) noexcept
      : router_{router}, leg_{leg}, payer_{payer}
    {}
    Result<void> pay(CallContext context, const std::array<Int256, 2>& amounts) override
    {
        RUNNEL_TRY(require_movement(amounts));
        const auto side = side_in(leg_);
        return pay_pool(context, router_.account(),
            token_at(*router_.world_, token_of(*leg_.pool, side)), payer_, leg_.pool->account(),
            amounts[side].bits);
    }

private:
    const UniswapV3Router& router_;
    const Leg& leg_;
    AccountId payer_;
};

/// Pays for a swap of exact output: with what another swap pays out, or the payer's tokens.
class UniswapV3Router::OutputPayer final : public PoolCaller
{
public:
    OutputPayer(UniswapV3Router& router, std::span<const Leg> legs, AccountId payer) noexcept
      : router_{router}, legs_{legs}, payer_{payer}
    {}
    Result<void> pay(CallContext context, const std::array<Int256, 2>& amounts) override
    {
        RUNNEL_TRY(require_movement(amounts));
        const auto& leg = legs_.back();
        const auto side = side_in(leg);
        const auto& owed = amounts[side].bits;
        if (legs_.size() > 1)
        {
            paid_ = RUNNEL_TRY(router_.swap_exact_output(context, legs_.first(legs_.size() - 1),
                owed, leg.pool->account(), Amount{}, payer_));
            return {};
        }
        paid_ = owed;
        return pay_pool(context, router_.account(),
            token_at(*router_.world_, token_of(*leg.pool, side)), payer_, leg.pool->account(),
            owed);
    }
    /// By the payer, of the first token of the path.
    [[nodiscard]] const Amount& paid() const noexcept { return paid_; }

private:
    UniswapV3Router& router_;
    std::span<const Leg> legs_;
    AccountId payer_;
    Amount paid_;
};

const ContractType& UniswapV3Router::contract_type()
{
    static const ContractType type{.kind = "uniswap_v3_router",
        .help = "Swaps along paths of a Uniswap v3's pools.",
        .role = ContractRole::ledger,
        .sectors = implements<UniswapV3Router, Venue>(),
        .methods = methods(),
        .events = {},
        .parameters = {contract_parameter(
            "factory", "uniswap_v3_factory", "The factory whose pools it uses.")},
        .create = creator<UniswapV3Router>([](const Parameters& parameters)
            { return std::tuple{parameters.contract("factory")}; })};
    return type;
}

void UniswapV3Router::connect(World& world)
{
    world_ = &world;
    factory_ = dynamic_cast<const UniswapV3Factory*>(world.find_contract(factory_id_));
    RUNNEL_CHECK(factory_ != nullptr);
}

Result<UniswapV3Router::Leg> UniswapV3Router::leg(
    ContractId token_in, ContractId token_out, std::uint32_t fee) const
{
    auto* pool = factory_->find_pool(token_in, token_out, fee);
    RUNNEL_REQUIRE(pool != nullptr && token_in != token_out, Refusal::empty());
    return Leg{pool, token_in == pool->token0()};
}

Result<std::vector<UniswapV3Router::Leg>> UniswapV3Router::legs(
    const TokenPath& path, const FeePath& fees) const
{
    RUNNEL_REQUIRE(path.size() >= 2 && fees.size() == path.size() - 1, Refusal::empty());
    std::vector<Leg> found;
    for (std::size_t i = 0; i < fees.size(); ++i)
        found.push_back(RUNNEL_TRY(leg(path[i], path[i + 1], fees[i])));
    return found;
}

Result<Amount> UniswapV3Router::swap_exact_input(CallContext& context, const Leg& leg,
    const Amount& amount_in, AccountId recipient, const Amount& limit, AccountId payer)
{
    const auto amount = RUNNEL_TRY(to_int256(amount_in));
    InputPayer caller{*this, leg, payer};
    const auto amounts = RUNNEL_TRY(
        leg.pool->swap(context.as(account()), recipient == zero_account ? account() : recipient,
            leg.zero_for_one, amount, limit_or_end(limit, leg.zero_for_one), caller));
    return amounts[1 - side_in(leg)].magnitude();
}

/// The last of @p legs first: its callback pays with the ones before it.
Result<Amount> UniswapV3Router::swap_exact_output(CallContext& context, std::span<const Leg> legs,
    const Amount& amount_out, AccountId recipient, const Amount& limit, AccountId payer)
{
    const auto& leg = legs.back();
    const auto amount = RUNNEL_TRY(to_int256(amount_out));
    OutputPayer caller{*this, legs, payer};
    const auto amounts = RUNNEL_TRY(
        leg.pool->swap(context.as(account()), recipient == zero_account ? account() : recipient,
            leg.zero_for_one, -amount, limit_or_end(limit, leg.zero_for_one), caller));
    RUNNEL_REQUIRE(
        !limit.is_zero() || amounts[1 - side_in(leg)].magnitude() == amount_out, Refusal::empty());
    return caller.paid();
}

Result<Returns> UniswapV3Router::execute(const ExactInputSingle& call, CallContext& context)
{
    RUNNEL_TRY(check_deadline(context, call.deadline));
    const auto hop = RUNNEL_TRY(leg(call.token_in, call.token_out, call.fee));
    const auto amount_out = RUNNEL_TRY(swap_exact_input(
        context, hop, call.amount_in, call.recipient, call.sqrt_price_limit_x96, context.sender()));
    RUNNEL_REQUIRE(amount_out >= call.amount_out_minimum, Refusal::error("Too little received"));
    return Returns{amount_out};
}

Result<Returns> UniswapV3Router::execute(const ExactInput& call, CallContext& context)
{
    RUNNEL_TRY(check_deadline(context, call.deadline));
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    const auto hops = RUNNEL_TRY(legs(call.path, call.fees));
    auto amount = call.amount_in;
    for (std::size_t i = 0; i < hops.size(); ++i)
    {
        const bool is_last = i + 1 == hops.size();
        if (i > 0)
            RUNNEL_TRY(context.charge_gas(gas::further_hop));
        amount = RUNNEL_TRY(swap_exact_input(context, hops[i], amount,
            is_last ? call.recipient : account(), Amount{}, i == 0 ? context.sender() : account()));
    }
    RUNNEL_REQUIRE(amount >= call.amount_out_minimum, Refusal::error("Too little received"));
    return Returns{amount};
}

Result<Returns> UniswapV3Router::execute(const ExactOutputSingle& call, CallContext& context)
{
    RUNNEL_TRY(check_deadline(context, call.deadline));
    const std::array hops{RUNNEL_TRY(leg(call.token_in, call.token_out, call.fee))};
    const auto amount_in = RUNNEL_TRY(swap_exact_output(context, hops, call.amount_out,
        call.recipient, call.sqrt_price_limit_x96, context.sender()));
    RUNNEL_REQUIRE(amount_in <= call.amount_in_maximum, Refusal::error("Too much requested"));
    return Returns{amount_in};
}

Result<Returns> UniswapV3Router::execute(const ExactOutput& call, CallContext& context)
{
    RUNNEL_TRY(check_deadline(context, call.deadline));
    const auto hops = RUNNEL_TRY(legs(call.path, call.fees));
    RUNNEL_TRY(context.charge_gas(gas::further_hop * (hops.size() - 1)));
    const auto amount_in = RUNNEL_TRY(swap_exact_output(
        context, hops, call.amount_out, call.recipient, Amount{}, context.sender()));
    RUNNEL_REQUIRE(amount_in <= call.amount_in_maximum, Refusal::error("Too much requested"));
    return Returns{amount_in};
}

void UniswapV3Router::declare_leg(
    const Leg& leg, AccountId payer, AccountId recipient, AccessCollector& access) const
{
    leg.pool->declare_swap(leg.zero_for_one, recipient, access);
    const auto& token = token_at(*world_, token_of(*leg.pool, side_in(leg)));
    if (payer == account())
        token.declare_transfer(access, payer, leg.pool->account());
    else
        token.declare_transfer_from(access, account(), payer, leg.pool->account());
}

void UniswapV3Router::declare(
    const ExactInputSingle& call, AccountId sender, AccessCollector& access) const
{
    const auto hop = leg(call.token_in, call.token_out, call.fee);
    if (hop.has_value())
        declare_leg(*hop, sender, call.recipient, access);
}

void UniswapV3Router::declare(
    const ExactInput& call, AccountId sender, AccessCollector& access) const
{
    const auto hops = legs(call.path, call.fees);
    if (!hops.has_value())
        return;
    for (std::size_t i = 0; i < hops->size(); ++i)
    {
        declare_leg((*hops)[i], i == 0 ? sender : account(),
            i + 1 == hops->size() ? call.recipient : account(), access);
    }
}

}  // namespace runnel::contracts
