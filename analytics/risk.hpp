#pragma once

#include "analytics/report.hpp"

#include <string>
#include <vector>

namespace runnel::analytics
{

/// Risk over one ledger or many: what may be lost, by how likely, and what prices and rates did.
///
/// Ledgers are draws of the same thing, one scenario with different seeds, say: nothing checks it,
/// and the table of ledgers shows what they are. docs/risk.md defines every figure.
class RiskReport
{
public:
    /// @p confidence of the tails, above 0 and below 1.
    explicit RiskReport(double confidence) : confidence_{confidence} {}

    /// Reads a ledger; @p name is what it is called in the report. Errors: StorageError.
    void add(storage::Database& database, const std::string& name);

    [[nodiscard]] Report report() const;

private:
    double confidence_;
    std::vector<std::vector<Value>> ledgers_;
    std::vector<std::vector<Value>> prices_;
    std::vector<std::vector<Value>> rates_;
    // Losses, USD, of runs; of accounts, as a share of what they put in.
    std::vector<double> bad_debt_;
    std::vector<double> liquidated_;
    std::vector<double> providers_;
    std::vector<double> liquidators_;
};

}  // namespace runnel::analytics
