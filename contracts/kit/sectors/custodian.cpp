#include "contracts/kit/sectors/custodian.hpp"

#include "state/world.hpp"

#include <algorithm>
#include <cstddef>

namespace runnel::contracts
{

const Custodian* find_custodian(const World& world, ContractId id)
{
    return dynamic_cast<const Custodian*>(world.find_contract(id));
}

Hash statement_owner(const Hash& salt, const Address& customer, std::uint64_t report)
{
    Bytes content;
    Encoder encoder{content};
    encoder.put(salt);
    encoder.put(customer);
    encoder.put(report);
    return keccak256(ByteView{content});
}

std::vector<MerkleSum> statement_leaves(const World& world, const Custodian& custodian,
    ContractId token, std::vector<std::uint32_t>* customers)
{
    std::vector<MerkleSum> leaves;
    const auto report = custodian.report();
    for (std::uint32_t number = 0; number < custodian.customers(); ++number)
    {
        const auto stated = custodian.stated_balance(number, token);
        if (!stated || stated->is_zero())
            continue;
        const auto& address = world.account(custodian.customer(number)).address;
        leaves.push_back(
            merkle_sum_leaf(statement_owner(custodian.salt(number), address, report), *stated));
        if (customers != nullptr)
            customers->push_back(number);
    }
    return leaves;
}

std::optional<LiabilityProof> prove_liability(
    const World& world, const Custodian& custodian, ContractId token, std::uint32_t customer)
{
    std::vector<std::uint32_t> customers;
    auto leaves = statement_leaves(world, custodian, token, &customers);
    const auto found = std::lower_bound(customers.begin(), customers.end(), customer);
    if (found == customers.end() || *found != customer || !merkle_sum_root(leaves))
        return std::nullopt;
    const auto at = static_cast<std::size_t>(found - customers.begin());
    LiabilityProof proof{custodian.report(), leaves[at].sum, at, leaves.size(), {}};
    proof.path = merkle_sum_path(std::move(leaves), at);
    return proof;
}

StatementCheck check_liability(const ReserveStatement& statement, const Hash& salt,
    const Address& customer, const Amount& balance, const std::optional<LiabilityProof>& proof)
{
    if (balance.is_zero())
        return StatementCheck::included;  // Nothing of his could be left out.
    if (!proof || proof->report != statement.report || proof->leaves != statement.leaves)
        return StatementCheck::missing;
    const auto leaf =
        merkle_sum_leaf(statement_owner(salt, customer, statement.report), proof->balance);
    if (merkle_sum_root_of_path(leaf, proof->index, proof->leaves, proof->path) != statement.root)
        return StatementCheck::missing;
    return proof->balance < balance ? StatementCheck::understated : StatementCheck::included;
}

}  // namespace runnel::contracts
