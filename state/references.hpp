#pragma once

#include "ledger/block.hpp"
#include "ledger/call.hpp"

#include <concepts>
#include <deque>
#include <optional>
#include <span>
#include <type_traits>

/// How transactions name accounts and contracts.
///
/// Inside, everybody is a dense number. The numbers of block 0 are part of the scenario and stand
/// in transactions as they are. Later ones depend on what came before in the chain, so a
/// transaction names such accounts, and contracts, by address: it carries a list of addresses, and
/// an id from first_reference on in its calls is a position in that list. write_calls() puts
/// references for ids, when a transaction is made; resolve() puts ids for references, when its
/// block begins.
namespace runnel
{

class Contract;
class World;

/// Maps every id in encoded calls: contracts that are called, arguments, nested lists, bindings.
/// What cannot be read is left as it is: it will be refused when it runs.
class IdMapper
{
public:
    virtual ~IdMapper() = default;

    /// Appends @p list with its ids mapped.
    void map_calls(ByteView list, Bytes& out);

    /// Visits a described struct: RUNNEL_FIELDS.
    template <typename T>
    void operator()(std::string_view, T& field, Unit = {})
    {
        map(field);
    }
    template <typename T>
    void map(T& value)
    {
        if constexpr (std::same_as<T, AccountId>)
            value = map_account(value);
        else if constexpr (std::same_as<T, ContractId>)
            value = map_contract(value);
        else if constexpr (std::same_as<T, CallList>)
        {
            auto& mapped = nested_.emplace_back();
            map_calls(value.bytes, mapped);
            value.bytes = mapped;
        }
        else if constexpr (is_short_list<T>::value)
        {
            for (std::size_t i = 0; i < value.size(); ++i)
                map(value.items[i]);
        }
        else if constexpr (is_array<T>::value || GrowingList<T>)
        {
            for (auto& item : value)
                map(item);
        }
        else if constexpr (Described<T>)
            T::describe(value, *this);
    }

protected:
    [[nodiscard]] virtual AccountId map_account(AccountId account) = 0;
    [[nodiscard]] virtual ContractId map_contract(ContractId contract) = 0;
    /// The contract that is called as @p before, or @p after it was mapped: what its arguments are.
    [[nodiscard]] virtual const Contract* find(ContractId before, ContractId after) const = 0;

private:
    unsigned nesting_ = 0;
    std::deque<Bytes> nested_;
};

/// Makes @p calls those of @p transaction, whose sender is set: ids of accounts and contracts that
/// block 0 did not have become references.
void write_calls(Transaction& transaction, const World& world, const CallWriter& calls);

/// Finds the sender's address among the transaction's, if block 0 did not have him; for those who
/// set its input.
void name_sender(Transaction& transaction, const World& world);

/// Makes the calls executable: references become ids. An address that nobody has named yet becomes
/// an account, with the next id, in the order of the list. A contract that is not there (yet) stays
/// a reference, to be refused, or resolved again when somebody has deployed it.
///
/// The list is malformed, and names nobody, if it has an address twice or one of block 0.
void resolve(Transaction& transaction, World& world, const Origin& origin);

/// What resolve() had to leave, of one call of a transaction that has deployed contracts meanwhile.
/// Where arguments change they lie in @p arguments.
void resolve_call(
    const Transaction& transaction, const World& world, CallView& call, Bytes& arguments);
/// The contract that a reference of @p transaction stands for, if it is there.
[[nodiscard]] ContractId resolve_contract(
    const Transaction& transaction, const World& world, ContractId contract);

/// Whether calls name by its id an account or a contract that block 0 did not have: such a
/// transaction is malformed.
[[nodiscard]] bool names_later_ids(const World& world, ByteView calls);

}  // namespace runnel
