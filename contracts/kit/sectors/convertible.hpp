#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <cstdint>
#include <string_view>

/// What strategies and reports may know of a stablecoin that its protocol makes out of another
/// token and back: who holds one burns it and gets the other, worth the same at the protocol's
/// price less a spread. Nothing but the other token's price stands behind it.
namespace runnel::contracts
{

/// What a conversion brings.
struct Conversion
{
    Amount amount_out;  // What the sender gets, in smallest units.
    Amount fee;         // What the protocol gets beside, of the same token; minted too.
};

/// How conversions stand, after a block.
struct ConvertibleState
{
    Amount stable_supply;
    Amount volatile_supply;
    Amount volatile_price;  // That it converts at: 1e-8 USD per whole token; 0: none.
    /// @{ What the first unit loses of its worth, in 1e-18: the spread that is there already.
    Amount redeem_spread;  // Stable to volatile.
    Amount mint_spread;    // Volatile to stable.
    /// @}
};

/// A stablecoin that converts into a volatile token and back. Views are of the state after the last
/// block; those with @p block say what a call in that block would find, which is not before it.
class ConvertibleStablecoin
{
public:
    static constexpr std::string_view sector = "convertible_stablecoin";

    virtual ~ConvertibleStablecoin() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    [[nodiscard]] virtual ContractId stable_token() const noexcept = 0;
    [[nodiscard]] virtual ContractId volatile_token() const noexcept = 0;
    [[nodiscard]] virtual ConvertibleState state_in(std::uint64_t block) const = 0;

    /// What @p amount_in of @p token_in, one of the two, becomes; to the last unit, and with the
    /// refusal that the call would have.
    [[nodiscard]] virtual Result<Conversion> quote_conversion(
        ContractId token_in, const Amount& amount_in, std::uint64_t block) const = 0;

    /// Adds the calls that convert the sender's tokens, which need no allowance, and are refused if
    /// less than @p amount_out_min would come of it.
    virtual void add_conversion(CallWriter& calls, ContractId token_in, const Amount& amount_in,
        const Amount& amount_out_min) const = 0;
    [[nodiscard]] virtual CallGas conversion_gas() const noexcept = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const ConvertibleStablecoin* find_convertible(const World& world, ContractId id);

/// The supplies and the terms, after a block that touched the contract, and every hour.
struct StablecoinStateRow
{
    static constexpr std::string_view name = "StablecoinState";
    static constexpr std::string_view table = "stablecoin_states";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 7> meanings{"The stablecoin.",
        "The token that it converts into.", "How much of the stablecoin there is.",
        "How much of the volatile token there is.", "At which price it converts; 0: none.",
        "What the first unit of stablecoin loses that is converted.",
        "What the first unit of the volatile token loses that is converted."};

    ContractId stable_token{};
    ContractId volatile_token{};
    Amount stable_supply;
    Amount volatile_supply;
    Amount volatile_price;
    Amount redeem_spread;
    Amount mint_spread;
    RUNNEL_FIELDS(stable_token, volatile_token, (stable_supply, smallest_unit_of("stable_token")),
        (volatile_supply, smallest_unit_of("volatile_token")), (volatile_price, usd_e8_per_token),
        (redeem_spread, wad), (mint_spread, wad));
};

/// Emits a StablecoinStateRow: what the contract's snapshot() does.
void snapshot_convertible(const ConvertibleStablecoin& coin, SnapshotContext& context);

enum class ConversionType : std::uint8_t
{
    mint,
    redeem,
};
[[nodiscard]] constexpr std::string_view to_string(ConversionType type) noexcept
{
    switch (type)
    {
        case ConversionType::mint: return "mint";
        case ConversionType::redeem: return "redeem";
    }
    return "unknown";
}

/// A conversion that was made.
struct StablecoinConversion
{
    static constexpr std::string_view name = "StablecoinConversion";
    static constexpr std::string_view table = "stablecoin_conversions";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 7> meanings{
        "mint: stablecoin came of the volatile token; redeem: the other way.", "Who converted.",
        "What was burned.", "How much of it.", "What was minted.", "How much of it the owner got.",
        "How much of it the protocol got beside."};

    ConversionType transaction_type{};
    AccountId account{};
    ContractId token_burned{};
    Amount amount_burned_raw;
    ContractId token_minted{};
    Amount amount_minted_raw;
    Amount fee_raw;
    RUNNEL_FIELDS(transaction_type, account, token_burned,
        (amount_burned_raw, smallest_unit_of("token_burned")), token_minted,
        (amount_minted_raw, smallest_unit_of("token_minted")),
        (fee_raw, smallest_unit_of("token_minted")));
};

}  // namespace runnel::contracts
