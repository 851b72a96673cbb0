#pragma once

#include "contracts/vaults/erc4626/events.hpp"

/// The logs of a strategy vault, beside ERC-4626's.
namespace runnel::contracts::strategy_vault
{

/// Yearn's Reported with the management fee where that has the protocol's.
struct ReportedLog
{
    static constexpr std::string_view table = "strategy_vault_reports";
    static constexpr std::string_view signature =
        "Reported(uint256 profit, uint256 loss, uint256 managementFees, uint256 performanceFees)";
    static constexpr std::array<std::string_view, 4> meanings{"What was gained.", "What was lost.",
        "What of it was charged for management.", "What of it was charged for performance."};

    Amount profit;
    Amount loss;
    Amount management_fees;
    Amount performance_fees;
    RUNNEL_FIELDS((profit, smallest_unit_of_its("asset")), (loss, smallest_unit_of_its("asset")),
        (management_fees, smallest_unit_of_its("asset")),
        (performance_fees, smallest_unit_of_its("asset")));
};

/// What a report took in before it counted.
struct HarvestedLog
{
    static constexpr std::string_view table = "strategy_vault_harvests";
    static constexpr std::string_view signature =
        "Harvested(address indexed rewardToken, uint256 sold, uint256 bought)";
    static constexpr std::array<std::string_view, 3> meanings{
        "What the farm paid.", "How much of it was sold.", "How much of the asset was bought."};

    ContractId reward_token{};
    Amount sold;
    Amount bought;
    RUNNEL_FIELDS(reward_token, (sold, smallest_unit_of("reward_token")),
        (bought, smallest_unit_of_its("asset")));
};

struct StrategyShutdownLog
{
    static constexpr std::string_view table = "strategy_vault_shutdowns";
    static constexpr std::string_view signature = "StrategyShutdown()";

    RUNNEL_FIELDS();
};

struct UpdateFeesLog
{
    static constexpr std::string_view table = "strategy_vault_fees";
    static constexpr std::string_view signature =
        "UpdateFees(uint16 performanceFee, uint16 managementFee)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Of gains, from now on.", "Of assets a year, from now on."};

    std::uint16_t performance_fee = 0;
    std::uint16_t management_fee = 0;
    RUNNEL_FIELDS((performance_fee, bps), (management_fee, bps_per_year));
};

}  // namespace runnel::contracts::strategy_vault
