#pragma once

#include "ledger/event.hpp"

/// The logs of Uniswap v4: names, order of fields and topics as deployed. A pool's id is keccak-256
/// of its key as the ABI encodes it.
/// Source: Uniswap v4-core 1.0.2 `IPoolManager.sol`, `IProtocolFees.sol`, `IERC6909Claims.sol`.
namespace runnel::contracts::uniswap_v4
{

struct InitializeLog
{
    static constexpr std::string_view table = "uniswap_v4_initializations";
    static constexpr std::string_view signature =
        "Initialize(bytes32 indexed,address indexed,address indexed,uint24,int24,address,uint160,"
        "int24)";
    static constexpr std::array<std::string_view, 8> meanings{"The pool's id.",
        "Its first currency; contract 0 is native coins.", "Its second currency.",
        "What every swap pays; 8388608: its hook decides.",
        "How far apart ticks are that may hold liquidity.",
        "Whom the manager calls back; address zero: nobody.", "The first price.", "Its tick."};

    Amount id;
    ContractId currency0{};
    ContractId currency1{};
    std::uint32_t fee = 0;
    std::int32_t tick_spacing = 0;
    AccountId hooks{};
    Amount sqrt_price_x96;
    std::int32_t tick = 0;
    RUNNEL_FIELDS(id, currency0, currency1, (fee, other("1e-6")), tick_spacing, hooks,
        (sqrt_price_x96, other("sqrt(currency1 per currency0), Q64.96")), tick);
};

struct ModifyLiquidityLog
{
    static constexpr std::string_view table = "uniswap_v4_liquidity_changes";
    static constexpr std::string_view signature =
        "ModifyLiquidity(bytes32 indexed,address indexed,int24,int24,int256,bytes32)";
    static constexpr std::array<std::string_view, 6> meanings{"The pool's id.",
        "Who called the manager; the position is its.", "The lower end of its range.",
        "The upper end of its range.", "The liquidity added; negative: taken.",
        "Tells apart positions of one owner in one range."};

    Amount id;
    AccountId sender{};
    std::int32_t tick_lower = 0;
    std::int32_t tick_upper = 0;
    Int256 liquidity_delta;
    Amount salt;
    RUNNEL_FIELDS(id, sender, tick_lower, tick_upper, (liquidity_delta, other("liquidity")), salt);
};

struct SwapLog
{
    static constexpr std::string_view table = "uniswap_v4_swaps";
    static constexpr std::string_view signature =
        "Swap(bytes32 indexed,address indexed,int128,int128,uint160,uint128,int24,uint24)";
    static constexpr std::array<std::string_view, 8> meanings{"The pool's id.",
        "Who called the manager.", "What the caller gets of currency0; negative: pays.",
        "What the caller gets of currency1; negative: pays.", "The price after the swap.",
        "The liquidity in range after the swap.", "The tick of that price.",
        "What the swap paid, the protocol's part included."};

    Amount id;
    AccountId sender{};
    Int256 amount0;
    Int256 amount1;
    Amount sqrt_price_x96;
    Amount liquidity;
    std::int32_t tick = 0;
    std::uint32_t fee = 0;
    RUNNEL_FIELDS(id, sender, (amount0, smallest_unit_of_its("currency0")),
        (amount1, smallest_unit_of_its("currency1")),
        (sqrt_price_x96, other("sqrt(currency1 per currency0), Q64.96")),
        (liquidity, other("liquidity")), tick, (fee, other("1e-6")));
};

struct DonateLog
{
    static constexpr std::string_view table = "uniswap_v4_donations";
    static constexpr std::string_view signature =
        "Donate(bytes32 indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"The pool's id.",
        "Who called the manager.", "What was given of currency0.", "What was given of currency1."};

    Amount id;
    AccountId sender{};
    Amount amount0;
    Amount amount1;
    RUNNEL_FIELDS(id, sender, (amount0, smallest_unit_of_its("currency0")),
        (amount1, smallest_unit_of_its("currency1")));
};

struct ProtocolFeeControllerUpdatedLog
{
    static constexpr std::string_view table = "uniswap_v4_protocol_fee_controllers";
    static constexpr std::string_view signature = "ProtocolFeeControllerUpdated(address indexed)";
    static constexpr std::array<std::string_view, 1> meanings{
        "Who may set and collect protocol fees."};

    AccountId protocol_fee_controller{};
    RUNNEL_FIELDS(protocol_fee_controller);
};

struct ProtocolFeeUpdatedLog
{
    static constexpr std::string_view table = "uniswap_v4_protocol_fees";
    static constexpr std::string_view signature = "ProtocolFeeUpdated(bytes32 indexed,uint24)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The pool's id.", "Of currency0 in the lower 12 bits, of currency1 above."};

    Amount id;
    std::uint32_t protocol_fee = 0;
    RUNNEL_FIELDS(id, (protocol_fee, other("1e-6, two of 12 bits")));
};

/// The manager's owner changed.
struct OwnershipTransferredLog
{
    static constexpr std::string_view table = "uniswap_v4_owners_changed";
    static constexpr std::string_view signature =
        "OwnershipTransferred(address indexed,address indexed)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Who called, hence the old owner.", "Who owns the manager now."};

    AccountId user{};
    AccountId new_owner{};
    RUNNEL_FIELDS(user, new_owner);
};

/// Claims moved, were made or paid with.
struct ClaimsTransferLog
{
    static constexpr std::string_view table = "uniswap_v4_claim_transfers";
    static constexpr std::string_view signature =
        "Transfer(address,address indexed,address indexed,uint256 indexed,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"Who called the manager.",
        "Whose claims; address zero: new ones.", "Whose they are now; address zero: nobody's.",
        "What is claimed.", "How much."};

    AccountId caller{};
    AccountId from_address{};
    AccountId to_address{};
    ContractId currency{};
    Amount amount;
    RUNNEL_FIELDS(
        caller, from_address, to_address, currency, (amount, smallest_unit_of("currency")));
};

struct ClaimsApprovalLog
{
    static constexpr std::string_view table = "uniswap_v4_claim_approvals";
    static constexpr std::string_view signature =
        "Approval(address indexed,address indexed,uint256 indexed,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"Whose claims.", "Who may move them.",
        "Claims of what.", "How much may be moved from now on."};

    AccountId owner{};
    AccountId spender{};
    ContractId currency{};
    Amount amount;
    RUNNEL_FIELDS(owner, spender, currency, (amount, smallest_unit_of("currency")));
};

struct OperatorSetLog
{
    static constexpr std::string_view table = "uniswap_v4_operators";
    static constexpr std::string_view signature =
        "OperatorSet(address indexed,address indexed,bool)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose claims.", "Who may move all of them, or no longer.", "Whether he may."};

    AccountId owner{};
    AccountId operator_account{};
    bool approved = false;
    RUNNEL_FIELDS(owner, operator_account, approved);
};

}  // namespace runnel::contracts::uniswap_v4
