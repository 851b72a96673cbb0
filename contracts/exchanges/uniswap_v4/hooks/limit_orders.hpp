#pragma once

#include "contracts/exchanges/uniswap_v4/manager.hpp"
#include "ledger/event.hpp"

#include <cstdint>

/// The calls of the limit orders' hook.
namespace runnel::contracts::uniswap_v4
{

/// Orders to sell one currency where the price passes through the ticks from @p tick_lower to the
/// next one on the grid; paid by allowance to the hook, or with native coins.
struct PlaceOrder
{
    RUNNEL_CALL("place", 0, {280'000, 1'500});

    PoolKey key;
    std::int32_t tick_lower = 0;
    bool zero_for_one = false;  // Sells currency0.
    Amount liquidity;
    RUNNEL_FIELDS(key, tick_lower, zero_for_one, (liquidity, other("liquidity")));
};

/// Takes back what the caller has ordered there and what is not filled.
struct CancelOrder
{
    RUNNEL_CALL("cancel", 1, {200'000, 1'500});

    PoolKey key;
    std::int32_t tick_lower = 0;
    bool zero_for_one = false;
    AccountId to{};
    RUNNEL_FIELDS(key, tick_lower, zero_for_one, to);
};

/// Pays out what the caller's part of a filled order has become.
struct WithdrawOrder
{
    RUNNEL_CALL("withdraw", 2, {110'000, 1'500});

    std::uint64_t order = 0;
    AccountId to{};
    RUNNEL_FIELDS(order, to);
};

struct OrderPlacedLog
{
    static constexpr std::string_view table = "uniswap_v4_orders_placed";
    static constexpr std::string_view signature =
        "Place(address indexed,uint256 indexed,int24,bool,uint128)";
    static constexpr std::array<std::string_view, 5> meanings{"Who ordered.",
        "The order that his is part of.", "From where on it is filled.",
        "Whether it sells the first currency.", "How much liquidity he added."};

    AccountId owner{};
    std::uint64_t order = 0;
    std::int32_t tick_lower = 0;
    bool zero_for_one = false;
    Amount liquidity;
    RUNNEL_FIELDS(owner, order, tick_lower, zero_for_one, (liquidity, other("liquidity")));
};

struct OrderFilledLog
{
    static constexpr std::string_view table = "uniswap_v4_orders_filled";
    static constexpr std::string_view signature = "Fill(uint256 indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{"The order that was filled.",
        "What it has become of the first currency.", "What it has become of the second one."};

    std::uint64_t order = 0;
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(order, (amount0, smallest_unit_of_its("currency0")),
        (amount1, smallest_unit_of_its("currency1")));
};

struct OrderCancelledLog
{
    static constexpr std::string_view table = "uniswap_v4_orders_cancelled";
    static constexpr std::string_view signature = "Cancel(address indexed,uint256 indexed,uint128)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who had ordered.", "The order that his was part of.", "How much liquidity he took back."};

    AccountId owner{};
    std::uint64_t order = 0;
    Amount liquidity;
    RUNNEL_FIELDS(owner, order, (liquidity, other("liquidity")));
};

struct OrderWithdrawnLog
{
    static constexpr std::string_view table = "uniswap_v4_orders_withdrawn";
    static constexpr std::string_view signature =
        "Withdraw(address indexed,uint256 indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"Who had ordered.",
        "The order that his was part of.", "What he got of the first currency.",
        "What he got of the second one."};

    AccountId owner{};
    std::uint64_t order = 0;
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(owner, order, (amount0, smallest_unit_of_its("currency0")),
        (amount1, smallest_unit_of_its("currency1")));
};

/// Where orders are put together: all who sell the same between the same ticks.
struct OrderPlace
{
    PoolKey key;
    std::int32_t tick_lower = 0;
    bool zero_for_one = false;
    RUNNEL_FIELDS(key, tick_lower, zero_for_one);
};

struct LimitOrder
{
    Amount liquidity;  // Of those who have neither cancelled nor withdrawn.
    Amount total0;     // What is theirs, in claims of the hook.
    Amount total1;
    OrderPlace place;
    bool is_filled = false;
    RUNNEL_FIELDS((liquidity, other("liquidity")), (total0, smallest_unit_of_its("currency0")),
        (total1, smallest_unit_of_its("currency1")), place, is_filled);
};

/// The number of the order that is open at a place; 0: none.
struct OrderNumber
{
    std::uint64_t number = 0;
    RUNNEL_FIELDS(number);
};

/// Where the price was after the last swap: a tick of the grid, at or below it.
struct LastTick
{
    bool is_known = false;
    std::int32_t tick = 0;
    RUNNEL_FIELDS(is_known, tick);
};

}  // namespace runnel::contracts::uniswap_v4

namespace runnel::contracts
{

/// A hook that keeps limit orders.
///
/// An order is liquidity between two neighbouring ticks of the grid, on one side of the price: in
/// one currency. When a swap has taken the price through both, the hook takes the liquidity out,
/// which is in the other currency by then, and keeps it as claims. So, unlike liquidity, an order
/// does not turn back when the price does. Who orders at the same place before it is filled shares
/// in proportion to his liquidity; rounded down, and the last one gets the rest. What an order has
/// earned in fees is its owners'; who cancels leaves it to those who stay.
///
/// Errors: of place, ZeroLiquidity; those of the manager; InRange where both currencies would be
/// owed, CrossedRange where it is the other one; of cancel, NothingOrdered; of withdraw, NotFilled,
/// NothingOrdered; those of payments.
class LimitOrderHook : public ContractBase<LimitOrderHook, uniswap_v4::PlaceOrder,
                           uniswap_v4::CancelOrder, uniswap_v4::WithdrawOrder>,
                       public uniswap_v4::Hook
{
public:
    LimitOrderHook(ContractIdentity identity, ContractId manager);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void check_invariants(const World& world, Findings& findings) const override;

    [[nodiscard]] std::uint64_t order_count() const { return count_.get(0).number; }
    [[nodiscard]] const uniswap_v4::LimitOrder& order(std::uint64_t number) const
    {
        return orders_.get(number);
    }
    [[nodiscard]] std::uint64_t open_order(const uniswap_v4::OrderPlace& place) const
    {
        return open_.get(place).number;
    }
    [[nodiscard]] const Amount& liquidity_of(std::uint64_t order, AccountId owner) const
    {
        return liquidity_.get(part_key(order, owner));
    }

    [[nodiscard]] uniswap_v4::Permissions permissions() const noexcept override
    {
        return uniswap_v4::permissions_of(
            uniswap_v4::Permission::after_initialize, uniswap_v4::Permission::after_swap);
    }
    void declare_callbacks(const uniswap_v4::PoolKey&, AccessCollector& access) const override
    {
        access.write(count_, 0);
    }
    Result<void> after_initialize(
        const uniswap_v4::HookCall& call, const Amount& sqrt_price_x96, std::int32_t tick) override;
    Result<Int256> after_swap(const uniswap_v4::HookCall& call,
        const uniswap_v4::SwapParams& params, const uniswap_v4::BalanceDelta& delta) override;

    using ContractBase::execute;
    Result<Returns> execute(const uniswap_v4::PlaceOrder& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::CancelOrder& call, CallContext& context);
    Result<Returns> execute(const uniswap_v4::WithdrawOrder& call, CallContext& context);

private:
    class Placing;
    class Cancelling;
    class Withdrawing;

    [[nodiscard]] static constexpr std::uint64_t part_key(
        std::uint64_t order, AccountId owner) noexcept
    {
        return order << 32U | index(owner);
    }
    Result<void> fill(const uniswap_v4::HookCall& call, const uniswap_v4::OrderPlace& place);
    Result<void> keep(CallContext& context, const uniswap_v4::PoolKey& key,
        const uniswap_v4::BalanceDelta& amounts, uniswap_v4::LimitOrder& order);

    ContractId manager_id_;
    World* world_ = nullptr;
    UniswapV4Manager* manager_ = nullptr;
    Table<uniswap_v4::OrderNumber> count_;  // Record 0: the last number; guards all that follow.
    KeyedTable<uniswap_v4::PoolKey, uniswap_v4::LastTick> last_ticks_;
    KeyedTable<uniswap_v4::OrderPlace, uniswap_v4::OrderNumber> open_;
    Table<uniswap_v4::LimitOrder> orders_;  // By number, from 1.
    Table<Amount> liquidity_;               // By order and owner.
};

}  // namespace runnel::contracts
