#pragma once

#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/token.hpp"
#include "state/world.hpp"

#include <array>

/// Who calls Uniswap v3's pools in replays.
namespace runnel::replay
{

/// What the recordings' own contract does for its actors: it calls a pool, and pays what the
/// callback asks for and adj more, or less.
struct Act
{
    RUNNEL_CALL("act", 0, 400'000);

    enum class Kind : std::uint8_t
    {
        mint,
        swap,
        flash,
    };

    ContractId pool{};
    Kind kind{};
    AccountId recipient{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Amount amount0;  // A mint's liquidity.
    Amount amount1;
    bool zero_for_one = false;
    Int256 amount_specified;
    Amount price_limit;
    std::array<Int256, 2> adjustments;
    bool reenter = false;
    RUNNEL_FIELDS(pool, kind, recipient, tick_lower, tick_upper, amount0, amount1, zero_for_one,
        amount_specified, price_limit, adjustments, reenter);
};

/// Stands for the accounts' own code: it keeps the caller as the sender.
class Actor final : public ContractBase<Actor, Act>
{
public:
    explicit Actor(ContractIdentity identity) : ContractBase{std::move(identity)} {}

    [[nodiscard]] static const ContractType& contract_type()
    {
        static const ContractType type{.kind = "recorded_actor",
            .help = "Pays a pool.",
            .methods = methods(),
            .events = {},
            .parameters = {}};
        return type;
    }
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override { world_ = &world; }

    using ContractBase::declare;
    using ContractBase::execute;
    Result<Returns> execute(const Act& act, CallContext& context)
    {
        auto* pool = dynamic_cast<contracts::UniswapV3Pool*>(world_->find_contract(act.pool));
        RUNNEL_REQUIRE(pool != nullptr, Refusal::empty());
        Payment payment{*this, *pool, act};
        switch (act.kind)
        {
            case Act::Kind::mint: {
                const auto amounts = RUNNEL_TRY(pool->mint(
                    context, act.recipient, act.tick_lower, act.tick_upper, act.amount0, payment));
                return Returns{amounts[0], amounts[1]};
            }
            case Act::Kind::swap: {
                const auto amounts = RUNNEL_TRY(pool->swap(context, act.recipient, act.zero_for_one,
                    act.amount_specified, act.price_limit, payment));
                return Returns{amounts[0].bits, amounts[1].bits};
            }
            case Act::Kind::flash: break;
        }
        // As much as the pool's own call has, and transfers that pay back.
        constexpr auto transfer = contracts::Erc20Transfer::gas;
        const auto transfers = static_cast<std::uint64_t>(!act.amount0.is_zero()) +
                               static_cast<std::uint64_t>(!act.amount1.is_zero());
        context.save_gas(Act::gas - contracts::uniswap_v3::gas::flash - transfers * transfer);
        const auto amounts =
            RUNNEL_TRY(pool->flash(context, act.recipient, act.amount0, act.amount1, payment));
        return Returns{amounts[0], amounts[1]};
    }

private:
    class Payment final : public contracts::uniswap_v3::PoolCaller
    {
    public:
        Payment(Actor& actor, contracts::UniswapV3Pool& pool, const Act& act) noexcept
          : actor_{actor}, pool_{pool}, act_{act}
        {}
        Result<void> pay(CallContext context, const std::array<Int256, 2>& amounts) override
        {
            if (act_.reenter)
                RUNNEL_TRY(pool_.burn(context, 0, 0, 0));
            const std::array tokens{pool_.token0(), pool_.token1()};
            const std::array lent{act_.amount0, act_.amount1};
            for (unsigned side = 0; side < 2; ++side)
            {
                auto owed = amounts[side].is_negative() ? Amount{} : amounts[side].bits;
                if (act_.kind == Act::Kind::flash)
                    owed = wrapping_add(owed, lent[side]);
                const auto sum = Int256::from_bits(wrapping_add(owed, act_.adjustments[side].bits));
                if (sum.is_negative() || sum.is_zero())
                    continue;
                RUNNEL_TRY(contracts::token_at(*actor_.world_, tokens[side])
                               .transfer(context, pool_.account(), sum.bits));
            }
            return {};
        }

    private:
        Actor& actor_;
        contracts::UniswapV3Pool& pool_;
        const Act& act_;
    };

    World* world_ = nullptr;
};

}  // namespace runnel::replay
