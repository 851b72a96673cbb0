#pragma once

#include "ledger/call.hpp"
#include "ledger/event.hpp"
#include "ledger/parameters.hpp"
#include "ledger/result.hpp"
#include "state/table.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runnel
{

class AccessCollector;
class CallContext;
class Contract;
class FieldSink;
class FieldSource;
class GenesisBuilder;
class IdMapper;
class SnapshotContext;
class World;

/// Which actor is home to a contract, and under which role a report counts its account.
enum class ContractRole : std::uint8_t
{
    ledger,  // Tokens and stateless routers: at home with the director.
    dex,
    lending,
    oracle,
};
[[nodiscard]] std::string_view to_string(ContractRole role) noexcept;

/// A contract's method, without its argument struct.
struct MethodInfo
{
    std::string_view name;
    std::uint64_t gas = 0;        // Of a call that succeeds.
    std::uint64_t entry_gas = 0;  // The part of it that is charged before the call runs.
    /// `name(field=value ...)`, for people.
    std::string (*dump)(ByteView arguments) = nullptr;
    /// The calls that run in its callback; nullptr if it has none. For estimates of gas.
    CallList (*nested)(ByteView arguments) = nullptr;
    /// Appends the arguments with every id in them mapped; false if they are malformed.
    bool (*map_ids)(ByteView arguments, IdMapper& mapper, Bytes& out) = nullptr;
    /// Appends the arguments that @p source gives, and the bindings among them. Throws what it
    /// throws.
    void (*read)(FieldSource& source, Bytes& arguments, Bytes& bindings) = nullptr;
};

/// What people call a refusal's reason that is a mere code on the chain: `35`.
struct ReasonName
{
    std::string_view reason;
    std::string_view name;
};

/// What an instance is told about itself when it is created.
struct ContractIdentity
{
    ContractId id{};
    AccountId account{};
    std::string name;  // Its key in the scenario.
};

/// A kind of contract: everything scenarios, storage and documentation need to know of it. Adding a
/// protocol means its own folder and one line in contracts/registry.cpp that adds its ContractType.
struct ContractType
{
    std::string_view kind;  // "uniswap_v2_pair"
    std::string_view help;  // One sentence.
    ContractRole role = ContractRole::ledger;
    /// The interfaces of contracts/kit/sectors that it implements, by their names: a strategy's
    /// parameter may ask for any contract that does.
    std::vector<std::string_view> sectors = {};
    std::vector<MethodInfo> methods;  // By method number.
    std::vector<const EventType*> events;
    std::vector<ParameterSpec> parameters;
    std::unique_ptr<Contract> (*create)(const Parameters&, ContractIdentity) = nullptr;
    /// What is wrong between parameters that are each as specified, as "KEY: expected ..., got
    /// ..."; empty if nothing is. A scenario file is refused with it.
    std::string (*validate)(const Parameters&) = nullptr;
    /// Makes an instance that a transaction deploys, from the encoded arguments of its constructor;
    /// nullptr if they are malformed or name what is not in the world. Without it only a scenario
    /// can have contracts of this kind.
    std::unique_ptr<Contract> (*deploy)(
        ByteView arguments, ContractIdentity, const World&) = nullptr;
    /// The parameters that a scenario would give instead of a constructor's encoded arguments.
    void (*list_arguments)(ByteView arguments, FieldSink& parameters) = nullptr;
    /// The kinds that its contracts deploy.
    std::vector<const ContractType*> deploys = {};
    /// The names of reasons that are codes, for people; the chain keeps the codes.
    std::vector<ReasonName> reasons = {};
};

/// A question that a protocol actor answers from committed state: how much of @p token_out would
/// @p amount_in of @p token_in buy?
struct QuoteRequest
{
    ContractId token_in{};
    ContractId token_out{};
    Amount amount_in;
};

/// What people call a token, and where its decimal point is.
struct TokenInfo
{
    std::string symbol;
    std::uint8_t decimals = 18;
};

/// Something a check of invariants found wrong; a sentence with the figures.
using Findings = std::vector<std::string>;

/// A deployed contract: a pure state machine over its tables.
///
/// (state, call, context) -> returns and events, or a refusal that changed nothing. It knows no
/// actors, threads, clock or random numbers. Its state is the records of its tables and nothing
/// else; other members are configuration fixed at genesis. Most contracts derive from ContractBase.
class Contract
{
public:
    explicit Contract(ContractIdentity identity) : identity_{std::move(identity)} {}
    Contract(const Contract&) = delete;
    Contract& operator=(const Contract&) = delete;
    virtual ~Contract();

    [[nodiscard]] ContractId id() const noexcept { return identity_.id; }
    /// The account under which it holds balances and calls others.
    [[nodiscard]] AccountId account() const noexcept { return identity_.account; }
    [[nodiscard]] const std::string& name() const noexcept { return identity_.name; }

    [[nodiscard]] virtual const ContractType& type() const = 0;
    /// Its tables, always in the same order.
    [[nodiscard]] const std::vector<RecordTable*>& tables() const noexcept { return tables_; }

    /// Finds the contracts it works with, once all exist. Addresses of contracts never change.
    virtual void connect(World&) {}
    /// Puts its start into the world (initial liquidity): allocations and transactions of block 0.
    virtual void genesis(const Parameters&, GenesisBuilder&) {}

    /// Declares what @p call may touch when @p sender makes it; false if the contract leaves that
    /// to a dry run of the transaction.
    virtual bool declare(const CallView& call, AccountId sender, AccessCollector& access) const = 0;
    /// Runs @p call. The caller has charged the method's entry gas, charges what is left of its gas
    /// afterwards, and rolls back on a refusal.
    virtual Result<Returns> execute(const CallView& call, CallContext& context) = 0;

    /// What @p account holds of it as the running transaction sees it, if it is a token; smallest
    /// units.
    [[nodiscard]] virtual std::optional<Amount> balance_of(CallContext&, AccountId) const
    {
        return std::nullopt;
    }
    /// Symbol and decimals, if it is a token.
    [[nodiscard]] virtual std::optional<TokenInfo> token_info() const { return std::nullopt; }
    /// Answers a quote from committed state, with the exact rounding of the trade; empty if it does
    /// not trade these tokens or the trade would be refused.
    [[nodiscard]] virtual std::optional<Amount> quote(const QuoteRequest&) const
    {
        return std::nullopt;
    }
    /// Emits what `snapshot` event tables should hold at the end of a block that touched it.
    virtual void snapshot(SnapshotContext&) const {}
    /// States what must hold after every block (solvency, backing); adds a sentence per violation.
    virtual void check_invariants(const World&, Findings&) const {}

protected:
    void add_table(RecordTable& table) { tables_.push_back(&table); }

private:
    ContractIdentity identity_;
    std::vector<RecordTable*> tables_;
};

}  // namespace runnel
