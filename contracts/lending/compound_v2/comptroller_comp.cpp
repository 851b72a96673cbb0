#include "contracts/lending/compound_v2/comptroller.hpp"
#include "contracts/lending/compound_v2/events.hpp"

/// COMP: so much per block for all suppliers of a market by their cTokens, and for all its
/// borrowers by their debts over the borrow index.
namespace runnel::contracts
{

using namespace compound_v2;

namespace
{
Result<void> require_width(const Amount& index)
{
    RUNNEL_REQUIRE(index.bit_width() <= 224, Refusal::error("new index exceeds 224 bits"));
    return {};
}

/// The index of who is here for the first time is that of the start.
Amount known_index(const Amount& index_of_account, const Amount& index_of_market)
{
    return index_of_account.is_zero() && index_of_market >= double_one ? double_one
                                                                       : index_of_account;
}
}  // namespace

Result<void> CompoundV2Comptroller::update_supply_index(CallContext& context, std::size_t market)
{
    context.use_gas(gas::comp);
    const auto& speed = context.read(configs_, market).comp_supply_speed;
    auto& state = context.write(comp_states_, market);
    const auto now = context.block().number + setup_.block_offset;
    const auto blocks = RUNNEL_TRY(Checked{now} - state.supply_block);
    if (!blocks.is_zero() && !speed.is_zero())
    {
        const auto& supply = context.read(markets_[market].c_token->states(), 0).total_supply;
        const auto accrued = Checked{blocks} * speed;
        const auto ratio = supply.is_zero() ? Checked{0} : accrued * double_one / supply;
        const auto index = RUNNEL_TRY(Checked{state.supply_index} + ratio);
        RUNNEL_TRY(require_width(index));
        state.supply_index = index;
    }
    state.supply_block = now;
    return {};
}

Result<void> CompoundV2Comptroller::update_borrow_index(CallContext& context, std::size_t market)
{
    context.use_gas(gas::comp);
    const auto& speed = context.read(configs_, market).comp_borrow_speed;
    auto& state = context.write(comp_states_, market);
    const auto now = context.block().number + setup_.block_offset;
    const auto blocks = RUNNEL_TRY(Checked{now} - state.borrow_block);
    if (!blocks.is_zero() && !speed.is_zero())
    {
        const auto& of_market = context.read(markets_[market].c_token->states(), 0);
        const auto borrowed =
            RUNNEL_TRY(divide_down(of_market.total_borrows, of_market.borrow_index));
        const auto accrued = Checked{blocks} * speed;
        const auto ratio = borrowed.is_zero() ? Checked{0} : accrued * double_one / borrowed;
        const auto index = RUNNEL_TRY(Checked{state.borrow_index} + ratio);
        RUNNEL_TRY(require_width(index));
        state.borrow_index = index;
    }
    state.borrow_block = now;
    return {};
}

Result<void> CompoundV2Comptroller::credit_supplier(
    CallContext& context, std::size_t market, AccountId supplier)
{
    auto& c_token = *markets_[market].c_token;
    const auto index = context.read(comp_states_, market).supply_index;
    auto& mine = context.write(c_token.comp_indexes(), supplier).supplier;
    const auto before = known_index(mine, index);
    mine = index;
    const auto delta = RUNNEL_TRY(Checked{context.read(c_token.balances(), supplier)} *
                                  (Checked{index} - before) / double_one);
    auto& accrued = context.write(comp_accrued_, supplier);
    accrued = RUNNEL_TRY(Checked{accrued} + delta);
    context.emit(id(), DistributedSupplierCompLog{c_token.id(), supplier, delta, index});
    return {};
}

Result<void> CompoundV2Comptroller::credit_borrower(
    CallContext& context, std::size_t market, AccountId borrower)
{
    auto& c_token = *markets_[market].c_token;
    const auto index = context.read(comp_states_, market).borrow_index;
    auto& mine = context.write(c_token.comp_indexes(), borrower).borrower;
    const auto before = known_index(mine, index);
    mine = index;
    const auto borrowed = divide_down(c_token.borrow_balance_stored(context, borrower),
        context.read(c_token.states(), 0).borrow_index);
    const auto delta = RUNNEL_TRY(borrowed * (Checked{index} - before) / double_one);
    auto& accrued = context.write(comp_accrued_, borrower);
    accrued = RUNNEL_TRY(Checked{accrued} + delta);
    context.emit(id(), DistributedBorrowerCompLog{c_token.id(), borrower, delta, index});
    return {};
}

Result<Returns> CompoundV2Comptroller::execute(const ClaimComp& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.holder));
    for (std::size_t market = 0; market < markets_.size(); ++market)
    {
        RUNNEL_TRY(update_borrow_index(context, market));
        RUNNEL_TRY(credit_borrower(context, market, call.holder));
        RUNNEL_TRY(update_supply_index(context, market));
        RUNNEL_TRY(credit_supplier(context, market, call.holder));
    }
    auto& accrued = context.write(comp_accrued_, call.holder);
    const auto amount = accrued;
    // All or nothing, and no refusal: what is not there stays owed.
    if (comp_ == nullptr || amount.is_zero() || amount > comp_->holding(context, account()))
        return Returns{0};
    accrued = {};
    RUNNEL_TRY(comp_->transfer(context.as(account()), call.holder, amount));
    return Returns{amount};
}

}  // namespace runnel::contracts
