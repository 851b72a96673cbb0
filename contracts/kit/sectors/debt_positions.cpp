#include "contracts/kit/sectors/debt_positions.hpp"

#include "contracts/kit/sectors/lending.hpp"
#include "state/world.hpp"

#include <algorithm>

namespace runnel::contracts
{
namespace
{
Amount saturating_add(const Amount& a, const Amount& b)
{
    const auto sum = Checked{a} + b;
    return sum.ok() ? sum.value : Amount::max();
}

void emit_collateral(
    const DebtPositions& system, const DebtTerms& terms, std::size_t i, SnapshotContext& context)
{
    DebtCollateralRow row;
    row.collateral = static_cast<std::uint32_t>(i);
    row.collateral_token = terms.collateral;
    row.debt_token = system.debt_token();
    row.price = terms.price;
    row.feed_price = terms.feed_price;
    row.ratio_min = terms.ratio_min;
    row.debt = terms.debt;
    for (const auto& auction : system.auctions(i, context.block().timestamp))
    {
        ++row.auctions;
        row.for_sale = saturating_add(row.for_sale, auction.collateral);
        row.wanted = saturating_add(row.wanted, auction.wanted);
    }
    context.emit(system.contract().id(), row);
}

void emit_statement(
    const DebtPositions& system, const DebtTerms& terms, std::size_t i, SnapshotContext& context)
{
    const auto accounts = system.accounts(i);
    DebtStatementRow total;
    total.itemized =
        context.snapshots() == Snapshots::all_in_full || accounts.size() <= hourly_accounts_max;
    total.collateral = static_cast<std::uint32_t>(i);
    total.collateral_token = terms.collateral;
    total.debt_token = system.debt_token();
    for (const auto account : accounts)
    {
        const auto position = system.position(i, account);
        total.locked = saturating_add(total.locked, position.collateral);
        if (!position.debt.is_zero())
        {
            ++total.positions;
            const auto worth = worth_of(terms, position.collateral, terms.feed_price);
            if (position.is_unsafe)
            {
                ++total.unsafe;
                total.unsafe_debt = saturating_add(total.unsafe_debt, position.debt);
            }
            if (worth < position.debt)
            {
                ++total.insolvent;
                total.shortfall =
                    saturating_add(total.shortfall, wrapping_sub(position.debt, worth));
            }
        }
        if (!total.itemized)
            continue;
        const auto claims = system.claims(i, account);
        context.emit(
            system.contract().id(), DebtPositionRow{account, terms.collateral, system.debt_token(),
                                        position.collateral, position.debt, position.is_unsafe,
                                        claims.collateral, i == 0 ? claims.debt_token : Amount{}});
    }
    for (const auto& auction : system.auctions(i, context.block().timestamp))
    {
        const auto worth = worth_of(terms, auction.collateral, terms.feed_price);
        total.auctions_worth =
            saturating_add(total.auctions_worth, std::min(worth, auction.wanted));
    }
    context.emit(system.contract().id(), total);
}
}  // namespace

const DebtPositions* find_debt_positions(const World& world, ContractId id)
{
    return dynamic_cast<const DebtPositions*>(world.find_contract(id));
}

Amount worth_of(const DebtTerms& terms, const Amount& amount, const Amount& price)
{
    const auto worth = mul_div_down(amount, price, terms.unit);
    return worth.ok() ? worth.value : Amount::max();
}

void snapshot_debt_positions(const DebtPositions& system, SnapshotContext& context)
{
    const auto books = system.books();
    context.emit(
        system.contract().id(), DebtBooksRow{system.debt_token(), system.debt_token_supply(),
                                    books.debt, books.surplus, books.deficit});
    for (std::size_t i = 0; i < system.collateral_count(); ++i)
    {
        const auto terms = system.terms(i);
        emit_collateral(system, terms, i, context);
        if (context.snapshots() != Snapshots::changed)
            emit_statement(system, terms, i, context);
    }
}

}  // namespace runnel::contracts
