#include "analytics/detectors/chain_rows.hpp"
#include "analytics/detectors/detectors.hpp"

#include <fmt/format.h>

namespace runnel::analytics
{
namespace
{

/// What lending markets and books of debt positions say themselves: a debt repaid for its
/// collateral, a position put up for auction, a purchase there.
class LiquidationDetector : public Detector
{
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "liquidation"; }
    [[nodiscard]] std::string_view description() const noexcept override
    {
        return "Somebody else's debt repaid for its collateral, or its collateral auctioned.";
    }
    void run(LedgerQueries& source, const Thresholds& /*thresholds*/,
        const FindingSink& sink) const override
    {
        PlacedRows calls{source, "t_lending_liquidations",
            "SELECT block_number, transaction_index, liquidator_id, borrower_id, debt_token_id, "
            "debt_amount_raw, contract_id FROM t_lending_liquidations WHERE block_number > 0 "
            "ORDER BY rowid"};
        for (; calls.place(); calls.next())
        {
            const auto& row = calls.row();
            if (row.account(2) == row.account(3))
                continue;  // His own debt.
            sink({{*calls.place()}, {row.account(2)}, row.contract(4), row.amount(5),
                fmt::format("Repaid a debt in {} and took its collateral.",
                    source.contract_name(row.contract(6)))});
        }
        PlacedRows auctions{source, "t_collateral_auctions",
            "SELECT block_number, transaction_index, account_id, owner_id, debt_token_id, "
            "CASE WHEN paid_raw = '0' THEN debt_raw ELSE paid_raw END, contract_id, "
            "transaction_type FROM t_collateral_auctions WHERE block_number > 0 "
            "ORDER BY rowid"};
        for (; auctions.place(); auctions.next())
        {
            const auto& row = auctions.row();
            sink({{*auctions.place()}, {row.account(2)}, row.contract(4), row.amount(5),
                fmt::format("An auction of collateral in {}: {}.",
                    source.contract_name(row.contract(6)), row.text(7))});
        }
    }
};

}  // namespace

const Detector& liquidation_detector()
{
    static const LiquidationDetector detector;
    return detector;
}

}  // namespace runnel::analytics
