#pragma once

// Private to Comet's sources: what is computed alike by calls and by views.

#include "contracts/lending/comet/comet.hpp"
#include "contracts/lending/comet/implementation.hpp"

namespace runnel::contracts
{

template <typename Reader>
const comet::Terms& Comet::terms(Reader& reader) const
{
    if (implementation_ == nullptr)
        return spec_;
    // None where it is its own, or where a state from a file says what check_invariants() refuses.
    const auto* implementation = find_implementation(*world_, reader.read(*implementation_, 0));
    return implementation != nullptr && implementation->fits(spec_) ? implementation->terms()
                                                                    : spec_;
}

template <typename Reader>
Result<Amount> Comet::price(Reader& reader, ContractId token) const
{
    const auto& price = reader.read(prices_->prices(), index(token)).price;
    RUNNEL_REQUIRE(!price.is_zero(), Refusal::custom("BadPrice"));
    return price;
}

/// The debt's value, negative, rounded toward zero, and to it that of each collateral in the order
/// of offsets, until that is enough: prices of the rest are not asked for.
template <typename Reader>
Result<std::optional<bool>> Comet::covers(Reader& reader, AccountId account,
    const comet::Indexes& indexes, Amount comet::AssetSpec::*factor) const
{
    const auto& user = reader.read(users_, account);
    if (!user.principal.is_negative())
        return std::optional<bool>{};
    const auto balance = RUNNEL_TRY(present_balance(user.principal, indexes));
    const auto base_price = RUNNEL_TRY(price(reader, spec_.base_token));
    const auto signed_price = RUNNEL_TRY(comet::signed_256(base_price));
    auto liquidity = RUNNEL_TRY((
        CheckedInt{balance} * CheckedInt{signed_price} / CheckedInt{Int256::from_bits(base_scale_)})
                                    .result());
    const auto& terms = this->terms(reader);
    for (std::size_t i = 0; i < assets_.size(); ++i)
    {
        if ((user.assets_in >> i & 1U) == 0)
            continue;
        if (!liquidity.is_negative())
            return std::optional{true};
        const auto& asset = assets_[i];
        const auto asset_price = RUNNEL_TRY(price(reader, asset.token_id));
        const auto value = RUNNEL_TRY(comet::mul_factor(
            comet::mul_price(reader.read(*asset.balances, account), asset_price, asset.scale),
            terms.assets[i].*factor));
        const auto signed_value = RUNNEL_TRY(comet::signed_256(value));
        liquidity = RUNNEL_TRY((CheckedInt{liquidity} + CheckedInt{signed_value}).result());
    }
    return std::optional{!liquidity.is_negative()};
}

/// base price * amount * scale / (price less the discount) / base scale
template <typename Reader>
Result<Amount> Comet::quote(Reader& reader, std::size_t offset, const Amount& base_amount) const
{
    const auto& asset = assets_.at(offset);
    const auto asset_price = RUNNEL_TRY(price(reader, asset.token_id));
    const auto& terms = this->terms(reader);
    const auto discount = comet::mul_factor(terms.store_front_price_factor,
        Checked{comet::factor_scale} - terms.assets[offset].liquidation_factor);
    const auto discounted = comet::mul_factor(asset_price, Checked{comet::factor_scale} - discount);
    const auto base_price = RUNNEL_TRY(price(reader, spec_.base_token));
    return RUNNEL_TRY(Checked{base_price} * base_amount * asset.scale / discounted / base_scale_);
}

template <typename Reader>
Amount Comet::cost_of(Reader& reader, std::size_t offset, const Amount& available) const
{
    const auto& asset = assets_.at(offset);
    const auto asset_price = price(reader, asset.token_id);
    const auto base_price = price(reader, spec_.base_token);
    if (!asset_price.has_value() || !base_price.has_value())
        return {};
    const auto& terms = this->terms(reader);
    const auto discount = comet::mul_factor(terms.store_front_price_factor,
        Checked{comet::factor_scale} - terms.assets[offset].liquidation_factor);
    const auto discounted =
        comet::mul_factor(*asset_price, Checked{comet::factor_scale} - discount);
    // The largest base amount whose quote is below available + 1 at every step.
    const auto limit = (Checked{available} + 1) * base_scale_ * discounted;
    const auto cost = (limit - 1) / (Checked{*base_price} * asset.scale);
    if (!cost.ok())
        return {};
    const auto quoted = quote(reader, offset, cost.value);
    return quoted.has_value() && *quoted <= available ? cost.value : Amount{};
}

template <typename Reader>
LendingHealth Comet::evaluate(
    Reader& reader, AccountId account, const comet::Indexes& indexes) const
{
    LendingHealth health;
    const auto& user = reader.read(users_, account);
    const auto saturating = [](const Checked& amount)
    { return amount.ok() ? amount.value : Amount::max(); };
    const auto price_of = [&](ContractId token)
    { return reader.read(prices_->prices(), index(token)).price; };
    const auto& terms = this->terms(reader);
    Checked collateral{0};
    Checked borrowable{0};
    Checked backing{0};
    for (std::size_t i = 0; i < assets_.size(); ++i)
    {
        if ((user.assets_in >> i & 1U) == 0)
            continue;
        const auto& asset = assets_[i];
        const auto value = comet::mul_price(
            reader.read(*asset.balances, account), price_of(asset.token_id), asset.scale);
        collateral = collateral + value;
        borrowable =
            borrowable + comet::mul_factor(value, terms.assets[i].borrow_collateral_factor);
        backing = backing + comet::mul_factor(value, terms.assets[i].liquidate_collateral_factor);
    }
    health.collateral = saturating(collateral);
    if (collateral.ok() && !collateral.value.is_zero())
    {
        const auto whole = collateral.value.to_double();
        health.ltv = borrowable.value.to_double() / whole;
        health.threshold = backing.value.to_double() / whole;
    }
    if (!user.principal.is_negative())
        return health;
    const auto debt =
        comet::mul_price(comet::present_value(indexes.borrow, user.principal.magnitude()),
            price_of(spec_.base_token), base_scale_);
    health.debt = saturating(debt);
    if (debt.ok() && !debt.value.is_zero())
        health.health_factor = saturating(backing * comet::factor_scale / debt);
    return health;
}

}  // namespace runnel::contracts
