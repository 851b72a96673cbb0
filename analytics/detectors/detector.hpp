#pragma once

#include "analytics/detectors/thresholds.hpp"
#include "analytics/ledger_queries.hpp"
#include "ledger/amount.hpp"
#include "ledger/ids.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What looks like something that its senders would not say of it. Detectors see what an analyst of
/// a chain sees: transactions, events, sectors' tables and prices of the world outside; of accounts
/// their addresses and whether they have code, neither name nor role nor strategy. Run on a
/// connection opened with Access::analysis they cannot read the truth either.
namespace runnel::analytics
{

/// Where a transaction is.
struct Place
{
    std::uint64_t block = 0;
    std::uint32_t transaction = 0;  // From 0, in the block.
    friend auto operator<=>(const Place&, const Place&) = default;
};

/// One case: transactions that belong together.
struct Finding
{
    std::vector<Place> transactions;  // Ascending, each once.
    std::vector<AccountId> accounts;  // Suspected; in an order that the detector states.
    ContractId token = no_contract;   // Of the amount; no_contract: there is none.
    Amount amount;                    // Gained, taken or moved; smallest units.
    std::string why;                  // A sentence.
};

/// Takes findings as they are made.
using FindingSink = std::function<void(Finding&&)>;

/// Finds one kind of thing in one pass or two through the chain, in the order of blocks. Memory
/// grows with accounts and with what is found, not with the chain.
class Detector
{
public:
    Detector() = default;
    Detector(const Detector&) = delete;
    Detector& operator=(const Detector&) = delete;
    virtual ~Detector() = default;

    /// What the command line calls it: `wash_trading`.
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    /// In one line, what counts as one by the default thresholds.
    [[nodiscard]] virtual std::string_view description() const noexcept = 0;
    /// Calls @p sink in an order that depends on the ledger alone.
    virtual void run(
        LedgerQueries& source, const Thresholds& thresholds, const FindingSink& sink) const = 0;
};

/// All of them, in the order in which they are printed. Adding one is a file, a declaration in
/// detectors.hpp and a line in registry.cpp.
[[nodiscard]] std::span<const Detector* const> detectors() noexcept;
/// nullptr if there is none of this name.
[[nodiscard]] const Detector* find_detector(std::string_view name) noexcept;

/// What a detector finds, by first transaction; transactions ascending, each once.
[[nodiscard]] std::vector<Finding> run_detector(
    const Detector& detector, LedgerQueries& source, const Thresholds& thresholds = {});

}  // namespace runnel::analytics
