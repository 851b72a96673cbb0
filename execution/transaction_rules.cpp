#include "execution/transaction_rules.hpp"

#include <algorithm>

namespace runnel
{

Result<Returns> TransactionRules::run(bool is_malformed)
{
    scope_.set_gas_limit(transaction_.gas_limit);
    CallContext context{scope_, transaction_.sender};
    if (has_fees_)
    {
        auto& sender = context.write(world_.account_states, transaction_.sender);
        RUNNEL_REQUIRE(sender.nonce == transaction_.nonce, Refusal::ledger("wrong nonce"));
        const auto fee_max = wrapping_mul(transaction_.max_fee, transaction_.gas_limit);
        RUNNEL_REQUIRE(fee_max <= sender.balance, Refusal::ledger("insufficient funds for gas"));
        sender.balance =
            wrapping_sub(sender.balance, wrapping_mul(gas_price_, transaction_.gas_limit));
    }
    is_includable_ = true;
    RUNNEL_TRY(context.charge_gas(intrinsic_gas));
    RUNNEL_REQUIRE(!is_malformed, Refusal::ledger("malformed addresses"));
    auto result = RUNNEL_TRY(context.run({transaction_.executable()}, transaction_.sender));
    RUNNEL_REQUIRE(!scope_.has_invalid_key(), Refusal::ledger("no such record"));
    return result;
}

TransactionRules::Settlement TransactionRules::settle(const Result<Returns>& result)
{
    Settlement settlement;
    settlement.gas_used =
        std::max(scope_.gas_used(), std::min(intrinsic_gas, transaction_.gas_limit));
    if (result.has_value())
        settlement.status = ReceiptStatus::succeeded;
    else
    {
        scope_.roll_back();
        settlement.refusal =
            scope_.has_invalid_key() ? Refusal::ledger("no such record") : result.error();
        if (settlement.refusal->kind == RefusalKind::invalid_opcode)
            settlement.gas_used = transaction_.gas_limit;
    }
    if (!has_fees_)
        return settlement;
    CallContext context{scope_, transaction_.sender};
    auto& sender = context.write(world_.account_states, transaction_.sender);
    if (result.has_value())
    {
        const auto left = transaction_.gas_limit - settlement.gas_used;
        sender.balance = wrapping_add(sender.balance, wrapping_mul(gas_price_, left));
    }
    else
    {
        // All is rolled back, the purchase of gas too.
        if (!is_includable_)
            settlement.gas_used = 0;
        sender.balance =
            wrapping_sub(sender.balance, wrapping_mul(gas_price_, settlement.gas_used));
    }
    // A nonce that does not fit is not used up: else what was executed before could be executed
    // again.
    if (is_includable_)
        ++sender.nonce;
    return settlement;
}

}  // namespace runnel
