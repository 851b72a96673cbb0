#pragma once

#include "ledger/amount.hpp"

/// Between assets and shares of an ERC-4626 vault.
///
/// The vault counts as if it had one more smallest unit of the asset, and 10^offset more shares:
/// who inflates the price of an empty vault's share by a gift loses most of the gift to these.
///
/// One that does not, as OpenZeppelin's before 4.9, gives its first depositor a share for each
/// unit, and is open to that.
///
/// Errors: Fault::overflow where a sum or the result does not fit 256 bits; products are of 512.
/// Without virtual shares, Fault::division_by_zero for a deposit once the assets are lost.
/// Source: OpenZeppelin Contracts 5.x and 4.8 `ERC4626.sol`, `Math.sol`.
namespace runnel::contracts::erc4626
{

/// What a vault is worth and how many shares there are of it.
struct Totals
{
    Amount assets;
    Amount shares;
    Amount offset = 1;  // 10^decimals_offset.
    bool is_virtual = true;
};

namespace detail
{
template <typename MulDiv>
[[nodiscard]] Checked to_shares(const Amount& assets, const Totals& totals, MulDiv mul_div)
{
    if (!totals.is_virtual)
    {
        return totals.shares.is_zero() ? Checked{assets} * totals.offset
                                       : mul_div(assets, totals.shares, totals.assets);
    }
    const auto shares = Checked{totals.shares} + totals.offset;
    const auto per = Checked{totals.assets} + 1;
    if (const auto fault = first_fault(shares, per); fault != Fault::none)
        return Checked::failed(fault);
    return mul_div(assets, shares.value, per.value);
}
template <typename MulDiv>
[[nodiscard]] Checked to_assets(const Amount& shares, const Totals& totals, MulDiv mul_div)
{
    if (!totals.is_virtual)
    {
        return totals.shares.is_zero() ? mul_div(shares, 1, totals.offset)
                                       : mul_div(shares, totals.assets, totals.shares);
    }
    const auto assets = Checked{totals.assets} + 1;
    const auto per = Checked{totals.shares} + totals.offset;
    if (const auto fault = first_fault(assets, per); fault != Fault::none)
        return Checked::failed(fault);
    return mul_div(shares, assets.value, per.value);
}
}  // namespace detail

/// assets * (shares + offset) / (assets in all + 1)
[[nodiscard]] inline Checked shares_down(const Amount& assets, const Totals& totals)
{
    return detail::to_shares(assets, totals, mul_div_down);
}
[[nodiscard]] inline Checked shares_up(const Amount& assets, const Totals& totals)
{
    return detail::to_shares(assets, totals, mul_div_up);
}
/// shares * (assets in all + 1) / (shares in all + offset)
[[nodiscard]] inline Checked assets_down(const Amount& shares, const Totals& totals)
{
    return detail::to_assets(shares, totals, mul_div_down);
}
[[nodiscard]] inline Checked assets_up(const Amount& shares, const Totals& totals)
{
    return detail::to_assets(shares, totals, mul_div_up);
}

}  // namespace runnel::contracts::erc4626
