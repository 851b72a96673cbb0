#include "state/references.hpp"

#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <vector>

namespace runnel
{
namespace
{
/// Ids that nobody ever has.
constexpr AccountId nobody{0xFFFF'FFFF};

/// Ids to references.
class AddressNamer final : public IdMapper
{
public:
    AddressNamer(const World& world, const std::vector<Address>& given)
      : world_{world}, given_{given}, addresses_{given}
    {
        // Arguments for a contract that is not there yet stay as they were written, so the given
        // ones keep their places.
        for (const auto& address : given)
            RUNNEL_CHECK(!is_known(address) && "who was there at block 0 is named by id");
    }

    [[nodiscard]] AccountId map_account(AccountId account) override
    {
        if (is_reference(account))
            return account;
        if (index(account) < world_.known_accounts() || index(account) >= world_.account_count())
            return account;
        return AccountId{reference_to(world_.account(account).address)};
    }

    [[nodiscard]] const std::vector<Address>& addresses() const noexcept { return addresses_; }

private:
    [[nodiscard]] ContractId map_contract(ContractId contract) override
    {
        const auto* later = is_reference(contract) || index(contract) < world_.known_contracts()
                                ? nullptr
                                : world_.find_contract(contract);
        return later == nullptr
                   ? contract
                   : ContractId{reference_to(world_.account(later->account()).address)};
    }
    [[nodiscard]] const Contract* find(ContractId before, ContractId) const override
    {
        if (!is_reference(before))
            return world_.find_contract(before);
        const auto position = index(before) - first_reference;
        return position < given_.size() ? world_.find_contract(given_[position]) : nullptr;
    }
    [[nodiscard]] bool is_known(const Address& address) const
    {
        const auto account = world_.find_account(address);
        return account && index(*account) < world_.known_accounts();
    }
    [[nodiscard]] std::uint32_t reference_to(const Address& address)
    {
        const auto found = std::find(addresses_.begin(), addresses_.end(), address);
        const auto position = static_cast<std::uint32_t>(found - addresses_.begin());
        RUNNEL_CHECK(position < references_max);
        if (found == addresses_.end())
            addresses_.push_back(address);
        return first_reference + position;
    }

    const World& world_;
    const std::vector<Address>& given_;
    std::vector<Address> addresses_;
};

/// References to ids.
class AddressResolver final : public IdMapper
{
public:
    /// @p is_again: the calls were resolved once, so that what they name by an id is right.
    AddressResolver(const World& world, const Transaction& transaction, bool is_again = false)
      : world_{world}, transaction_{transaction}, is_again_{is_again}
    {}

    [[nodiscard]] ContractId map_contract(ContractId contract) override
    {
        if (!is_reference(contract))
            return is_again_ || index(contract) < world_.known_contracts() ? contract : no_contract;
        const auto account = find_account(index(contract) - first_reference);
        const auto* found = account ? world_.contract_of(*account) : nullptr;
        return found == nullptr ? contract : found->id();
    }

private:
    [[nodiscard]] AccountId map_account(AccountId account) override
    {
        if (!is_reference(account))
            return is_again_ || index(account) < world_.known_accounts() ? account : nobody;
        return find_account(index(account) - first_reference).value_or(nobody);
    }
    [[nodiscard]] const Contract* find(ContractId, ContractId after) const override
    {
        return world_.find_contract(after);
    }
    [[nodiscard]] std::optional<AccountId> find_account(std::uint32_t position) const
    {
        return position < transaction_.address_count()
                   ? world_.find_account(transaction_.address(position))
                   : std::nullopt;
    }

    const World& world_;
    const Transaction& transaction_;
    bool is_again_;
};

/// Looks for ids of later accounts and contracts.
class LaterIdFinder final : public IdMapper
{
public:
    explicit LaterIdFinder(const World& world) : world_{world} {}
    [[nodiscard]] bool found() const noexcept { return found_; }

private:
    [[nodiscard]] AccountId map_account(AccountId account) override
    {
        found_ = found_ || (index(account) >= world_.known_accounts() &&
                               index(account) < world_.account_count());
        return account;
    }
    [[nodiscard]] ContractId map_contract(ContractId contract) override
    {
        found_ = found_ || (index(contract) >= world_.known_contracts() &&
                               index(contract) < world_.contract_count());
        return contract;
    }
    [[nodiscard]] const Contract* find(ContractId before, ContractId) const override
    {
        return world_.find_contract(before);
    }

    const World& world_;
    bool found_ = false;
};

/// Whether the list is one that a transaction of this sender may have.
bool is_well_formed(const Transaction& transaction, const World& world)
{
    const auto count = transaction.address_count();
    std::vector<Address> addresses;
    for (std::size_t i = 0; i < count; ++i)
    {
        const auto& address = addresses.emplace_back(transaction.address(i));
        const auto account = world.find_account(address);
        if (account && index(*account) < world.known_accounts())
            return false;
    }
    std::sort(addresses.begin(), addresses.end());
    return std::adjacent_find(addresses.begin(), addresses.end()) == addresses.end();
}
}  // namespace

void IdMapper::map_calls(ByteView list, Bytes& out)
{
    if (nesting_ == call_depth_max)
    {
        out.insert(out.end(), list.begin(), list.end());
        return;
    }
    ++nesting_;
    CallReader reader{list};
    Bytes arguments;
    Bytes bindings;
    std::size_t done = 0;
    while (const auto call = reader.next())
    {
        const auto contract = map_contract(call->contract);
        const auto* called = find(call->contract, contract);
        arguments.assign(call->arguments.begin(), call->arguments.end());
        if (called != nullptr && call->method < called->type().methods.size())
        {
            Bytes mapped;
            if (called->type().methods[call->method].map_ids(call->arguments, *this, mapped))
                arguments = std::move(mapped);
        }
        bindings.clear();
        auto unbound = call->bindings;
        while (auto bound = take_binding(unbound))
        {
            if (bound->kind == Binding::Kind::balance)
                bound->balance.token = map_contract(bound->balance.token);
            append_binding(*bound, bindings);
        }
        if (!unbound.empty())
            break;
        append_call(contract, call->method, arguments, bindings, out);
        done = list.size() - reader.rest().size();
    }
    // What is malformed stays so.
    const auto rest = list.subspan(done);
    out.insert(out.end(), rest.begin(), rest.end());
    --nesting_;
}

void write_calls(Transaction& transaction, const World& world, const CallWriter& calls)
{
    transaction.witnesses = calls.witnesses();
    if (!world.has_grown() && calls.addresses().empty())
    {
        transaction.set_calls(calls.bytes());
        return;
    }
    AddressNamer namer{world, calls.addresses()};
    Bytes bytes;
    namer.map_calls(calls.bytes(), bytes);
    (void)namer.map_account(transaction.sender);
    transaction.set_calls(bytes, namer.addresses());
    name_sender(transaction, world);
}

void name_sender(Transaction& transaction, const World& world)
{
    transaction.sender_reference = 0;
    const auto sender = transaction.sender;
    if (index(sender) < world.known_accounts() || index(sender) >= world.account_count())
        return;
    for (std::uint32_t i = 0; i < transaction.address_count(); ++i)
    {
        if (transaction.address(i) == world.account(sender).address)
            transaction.sender_reference = first_reference + i;
    }
}

void resolve(Transaction& transaction, World& world, const Origin& origin)
{
    transaction.resolved.clear();
    transaction.is_malformed = !is_well_formed(transaction, world);
    if (transaction.is_malformed || transaction.address_count() == 0)
        return;
    for (std::size_t i = 0; i < transaction.address_count(); ++i)
        (void)world.name_account(transaction.address(i), origin);
    AddressResolver{world, transaction}.map_calls(transaction.call_list(), transaction.resolved);
}

ContractId resolve_contract(const Transaction& transaction, const World& world, ContractId contract)
{
    return AddressResolver{world, transaction, true}.map_contract(contract);
}

void resolve_call(
    const Transaction& transaction, const World& world, CallView& call, Bytes& arguments)
{
    // Of a contract that was not there nobody could tell what its arguments are.
    AddressResolver resolver{world, transaction, !is_reference(call.contract)};
    call.contract = resolve_contract(transaction, world, call.contract);
    const auto* contract = world.find_contract(call.contract);
    if (contract == nullptr || call.method >= contract->type().methods.size())
        return;
    arguments.clear();
    if (contract->type().methods[call.method].map_ids(call.arguments, resolver, arguments))
        call.arguments = arguments;
}

bool names_later_ids(const World& world, ByteView calls)
{
    LaterIdFinder finder{world};
    Bytes mapped;
    finder.map_calls(calls, mapped);
    return finder.found();
}

}  // namespace runnel
