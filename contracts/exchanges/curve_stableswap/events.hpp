#pragma once

#include "contracts/exchanges/curve_stableswap/math.hpp"
#include "ledger/event.hpp"

/// The logs of a StableSwap pool: names, order of fields and topics as deployed, where lists have
/// the length of the pool.
/// Source: curve-contract `StableSwap3Pool.vy`, `SwapTemplateBase.vy`.
namespace runnel::contracts::curve_stableswap
{

struct TokenExchangeLog
{
    static constexpr std::string_view table = "curve_stableswap_exchanges";
    static constexpr std::string_view signature =
        "TokenExchange(address indexed,int128,uint256,int128,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"Who traded.",
        "The number of the coin that came in.", "How much came in.",
        "The number of the coin that went out.", "How much went out."};

    AccountId buyer{};
    std::int32_t sold_id = 0;
    Amount tokens_sold;
    std::int32_t bought_id = 0;
    Amount tokens_bought;
    RUNNEL_FIELDS(buyer, sold_id, (tokens_sold, smallest_unit_of_its("coin sold_id")), bought_id,
        (tokens_bought, smallest_unit_of_its("coin bought_id")));
};

/// Shows each of the first @p n entries of a list as a field of its own.
template <std::size_t n, typename List, typename Visitor>
constexpr void visit_coins(
    const std::array<std::string_view, coins_max>& names, List& list, Visitor&& visit)
{
    constexpr std::array units{unit::smallest_unit_of_its("coin 0"),
        unit::smallest_unit_of_its("coin 1"), unit::smallest_unit_of_its("coin 2"),
        unit::smallest_unit_of_its("coin 3")};
    for (std::size_t i = 0; i < n; ++i)
        visit(names[i], list[i], units[i]);
}
inline constexpr std::array<std::string_view, coins_max> amount_names{
    "token_amount0", "token_amount1", "token_amount2", "token_amount3"};
inline constexpr std::array<std::string_view, coins_max> fee_names{"fee0", "fee1", "fee2", "fee3"};

/// One of three texts, by the number of coins.
template <std::size_t n>
constexpr std::string_view by_count(
    std::string_view two, std::string_view three, std::string_view four) noexcept
{
    static_assert(n >= 2 && n <= coins_max);
    return n == 2 ? two : n == 3 ? three : four;
}

/// The meanings of the fields of a log with amounts and fees of each coin: who, those, and the
/// rest.
template <std::size_t n, std::size_t rest>
consteval auto coin_meanings(std::string_view who, const std::array<std::string_view, rest>& others)
{
    constexpr std::array<std::string_view, coins_max> amounts{
        "How much of coin 0.", "How much of coin 1.", "How much of coin 2.", "How much of coin 3."};
    constexpr std::array<std::string_view, coins_max> fees{
        "The fee in coin 0.", "The fee in coin 1.", "The fee in coin 2.", "The fee in coin 3."};
    std::array<std::string_view, 1 + 2 * n + rest> meanings{who};
    for (std::size_t i = 0; i < n; ++i)
    {
        meanings[1 + i] = amounts[i];
        meanings[1 + n + i] = fees[i];
    }
    for (std::size_t i = 0; i < rest; ++i)
        meanings[1 + 2 * n + i] = others[i];
    return meanings;
}

template <std::size_t n>
struct AddLiquidityLog
{
    static constexpr std::string_view table = by_count<n>("curve_stableswap_2_deposits",
        "curve_stableswap_3_deposits", "curve_stableswap_4_deposits");
    static constexpr std::string_view signature =
        by_count<n>("AddLiquidity(address indexed,uint256[2],uint256[2],uint256,uint256)",
            "AddLiquidity(address indexed,uint256[3],uint256[3],uint256,uint256)",
            "AddLiquidity(address indexed,uint256[4],uint256[4],uint256,uint256)");
    static constexpr auto meanings = coin_meanings<n>("Who deposited.",
        std::array<std::string_view, 2>{
            "The invariant D after the deposit, before fees.", "The shares that there are now."});

    AccountId provider{};
    Coins token_amounts;
    Coins fees;
    Amount invariant;
    Amount token_supply;

    template <typename Self, typename Visitor>
    static constexpr void describe(Self& self, Visitor&& visit)
    {
        visit("provider", self.provider);
        visit_coins<n>(amount_names, self.token_amounts, visit);
        visit_coins<n>(fee_names, self.fees, visit);
        visit("invariant", self.invariant, unit::wad);
        visit("token_supply", self.token_supply, unit::shares);
    }
};

template <std::size_t n>
struct RemoveLiquidityLog
{
    static constexpr std::string_view table = by_count<n>("curve_stableswap_2_withdrawals",
        "curve_stableswap_3_withdrawals", "curve_stableswap_4_withdrawals");
    static constexpr std::string_view signature =
        by_count<n>("RemoveLiquidity(address indexed,uint256[2],uint256[2],uint256)",
            "RemoveLiquidity(address indexed,uint256[3],uint256[3],uint256)",
            "RemoveLiquidity(address indexed,uint256[4],uint256[4],uint256)");
    static constexpr auto meanings = coin_meanings<n>(
        "Who withdrew.", std::array<std::string_view, 1>{"The shares that are left."});

    AccountId provider{};
    Coins token_amounts;
    Coins fees;  // Always 0.
    Amount token_supply;

    template <typename Self, typename Visitor>
    static constexpr void describe(Self& self, Visitor&& visit)
    {
        visit("provider", self.provider);
        visit_coins<n>(amount_names, self.token_amounts, visit);
        visit_coins<n>(fee_names, self.fees, visit);
        visit("token_supply", self.token_supply, unit::shares);
    }
};

template <std::size_t n>
struct RemoveLiquidityImbalanceLog
{
    static constexpr std::string_view table = by_count<n>(
        "curve_stableswap_2_imbalanced_withdrawals", "curve_stableswap_3_imbalanced_withdrawals",
        "curve_stableswap_4_imbalanced_withdrawals");
    static constexpr std::string_view signature = by_count<n>(
        "RemoveLiquidityImbalance(address indexed,uint256[2],uint256[2],uint256,uint256)",
        "RemoveLiquidityImbalance(address indexed,uint256[3],uint256[3],uint256,uint256)",
        "RemoveLiquidityImbalance(address indexed,uint256[4],uint256[4],uint256,uint256)");
    static constexpr auto meanings = coin_meanings<n>("Who withdrew.",
        std::array<std::string_view, 2>{
            "The invariant D after the withdrawal, before fees.", "The shares that are left."});

    AccountId provider{};
    Coins token_amounts;
    Coins fees;
    Amount invariant;
    Amount token_supply;

    template <typename Self, typename Visitor>
    static constexpr void describe(Self& self, Visitor&& visit)
    {
        visit("provider", self.provider);
        visit_coins<n>(amount_names, self.token_amounts, visit);
        visit_coins<n>(fee_names, self.fees, visit);
        visit("invariant", self.invariant, unit::wad);
        visit("token_supply", self.token_supply, unit::shares);
    }
};

/// Of three_pool.
struct RemoveLiquidityOneLog
{
    static constexpr std::string_view table = "curve_stableswap_three_pool_one_coin_withdrawals";
    static constexpr std::string_view signature =
        "RemoveLiquidityOne(address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who withdrew.", "The shares burnt.", "How much of the coin went out."};

    AccountId provider{};
    Amount token_amount;
    Amount coin_amount;
    RUNNEL_FIELDS(provider, (token_amount, shares), (coin_amount, smallest_unit_of_its("coin")));
};

/// Of base_template.
struct RemoveLiquidityOneWithSupplyLog
{
    static constexpr std::string_view table = "curve_stableswap_one_coin_withdrawals";
    static constexpr std::string_view signature =
        "RemoveLiquidityOne(address indexed,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"Who withdrew.", "The shares burnt.",
        "How much of the coin went out.", "The shares that are left."};

    AccountId provider{};
    Amount token_amount;
    Amount coin_amount;
    Amount token_supply;
    RUNNEL_FIELDS(provider, (token_amount, shares), (coin_amount, smallest_unit_of_its("coin")),
        (token_supply, shares));
};

struct CommitNewFeeLog
{
    static constexpr std::string_view table = "curve_stableswap_committed_fees";
    static constexpr std::string_view signature = "CommitNewFee(uint256 indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{"When it may be applied.",
        "The fee to come, of 10^10.",
        "The part of fees to come that is the administrator's, of 10^10."};

    std::uint64_t deadline = 0;
    Amount fee;
    Amount admin_fee;
    RUNNEL_FIELDS((deadline, unix_seconds), (fee, other("1e-10")), (admin_fee, other("1e-10")));
};

struct NewFeeLog
{
    static constexpr std::string_view table = "curve_stableswap_new_fees";
    static constexpr std::string_view signature = "NewFee(uint256,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The fee of a trade, of 10^10.", "The part of fees that is the administrator's, of 10^10."};

    Amount fee;
    Amount admin_fee;
    RUNNEL_FIELDS((fee, other("1e-10")), (admin_fee, other("1e-10")));
};

struct RampALog
{
    static constexpr std::string_view table = "curve_stableswap_ramps";
    static constexpr std::string_view signature = "RampA(uint256,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "The amplification at the start, as the pool counts it.", "The one it moves to.",
        "When it starts to move.", "When it is there."};

    Amount old_a;
    Amount new_a;
    std::uint64_t initial_time = 0;
    std::uint64_t future_time = 0;
    RUNNEL_FIELDS(old_a, new_a, (initial_time, unix_seconds), (future_time, unix_seconds));
};

struct StopRampALog
{
    static constexpr std::string_view table = "curve_stableswap_stopped_ramps";
    static constexpr std::string_view signature = "StopRampA(uint256,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The amplification from now on.", "When it was stopped."};

    Amount a;
    std::uint64_t timestamp = 0;
    RUNNEL_FIELDS(a, (timestamp, unix_seconds));
};

}  // namespace runnel::contracts::curve_stableswap

/// An argument that is an array of fixed length is as many fields of the struct as it has entries.
namespace runnel::detail
{

[[nodiscard]] consteval ParsedSignature parse_signature_with_arrays(std::string_view signature)
{
    auto parsed = parse_signature(signature);
    for (auto open = signature.find('['); open != std::string_view::npos;
         open = signature.find('[', open + 1))
        parsed.arguments += static_cast<std::uint32_t>(signature[open + 1] - '0') - 1;
    return parsed;
}

template <std::size_t n>
inline constexpr ParsedSignature parsed_signature<contracts::curve_stableswap::AddLiquidityLog<n>> =
    parse_signature_with_arrays(contracts::curve_stableswap::AddLiquidityLog<n>::signature);
template <std::size_t n>
inline constexpr ParsedSignature
    parsed_signature<contracts::curve_stableswap::RemoveLiquidityLog<n>> =
        parse_signature_with_arrays(contracts::curve_stableswap::RemoveLiquidityLog<n>::signature);
template <std::size_t n>
inline constexpr ParsedSignature
    parsed_signature<contracts::curve_stableswap::RemoveLiquidityImbalanceLog<n>> =
        parse_signature_with_arrays(
            contracts::curve_stableswap::RemoveLiquidityImbalanceLog<n>::signature);

}  // namespace runnel::detail
