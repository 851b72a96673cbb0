#pragma once

#include "contracts/exchanges/uniswap_v4/manager.hpp"
#include "contracts/kit/sectors/range_exchange.hpp"

#include <array>
#include <span>

namespace runnel::contracts
{

class UniswapV4Router;

/// One pool of a manager as contracts and strategies know it that know no Uniswap: an exchange, and
/// liquidity in ranges of its prices.
///
/// On Ethereum there is no such contract, and it holds nothing: its state and its tokens are the
/// manager's, and so is the address that a transfer for it would name. A scenario names the pools
/// that it wants to be traded by it.
///
/// Ranges are positions that the router keeps for accounts, paid by allowance to it; without a
/// router nobody can put liquidity into one this way. Shares are the liquidity of the position over
/// all prices.
class UniswapV4Pool : public ContractBase<UniswapV4Pool>, public Exchange, public RangeExchange
{
public:
    UniswapV4Pool(ContractIdentity identity, ContractId manager, const uniswap_v4::PoolKey& key,
        ContractId hook);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    [[nodiscard]] std::optional<Amount> quote(const QuoteRequest& request) const override;

    [[nodiscard]] ContractId manager_id() const noexcept { return manager_id_; }
    [[nodiscard]] const UniswapV4Manager& manager() const noexcept { return *manager_; }
    [[nodiscard]] const uniswap_v4::PoolKey& key() const noexcept { return key_; }
    [[nodiscard]] const uniswap_v4::PoolState& state() const
    {
        return manager_->pool(manager_->find_pool(key_));
    }

    // Exchange (exchange.cpp).

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::span<const ContractId> tokens() const noexcept override { return tokens_; }
    /// What the liquidity of all positions is worth now, in whatever range it lies; without what
    /// they have earned.
    [[nodiscard]] Amount reserve(ContractId token) const override;
    /// The virtual reserve of the liquidity in range.
    [[nodiscard]] Amount depth(ContractId token) const override;
    [[nodiscard]] double spot_price(ContractId token_in, ContractId token_out) const override;
    /// As a swap would pay it now, the protocol's part included.
    [[nodiscard]] double fee(ContractId token_in, ContractId token_out) const override;
    [[nodiscard]] Result<Amount> quote_exact_input(
        ContractId token_in, ContractId token_out, const Amount& amount_in) const override;
    [[nodiscard]] Result<Amount> quote_exact_output(
        ContractId token_in, ContractId token_out, const Amount& amount_out) const override;
    /// The liquidity in range.
    [[nodiscard]] Amount share_supply() const override { return state().liquidity; }
    [[nodiscard]] Amount share_balance(AccountId account) const override;
    /// Without fees that are owed.
    [[nodiscard]] std::vector<Amount> share_value(const Amount& shares) const override;
    [[nodiscard]] std::optional<DepositQuote> quote_deposit(
        std::span<const Amount> offered) const override;
    /// The router of the pool's manager.
    [[nodiscard]] const Venue* venue() const override;

    // RangeExchange (range_exchange.cpp).

    [[nodiscard]] const Exchange& exchange() const noexcept override { return *this; }
    [[nodiscard]] std::int32_t tick() const override { return state().tick; }
    [[nodiscard]] std::int32_t tick_spacing() const noexcept override { return key_.tick_spacing; }
    [[nodiscard]] PriceRange widest() const noexcept override;
    [[nodiscard]] bool takes_ranges() const noexcept override { return router_ != nullptr; }
    [[nodiscard]] std::optional<DepositQuote> quote_range_deposit(
        const PriceRange& range, std::span<const Amount> offered) const override;
    [[nodiscard]] Amount range_liquidity(AccountId owner, const PriceRange& range) const override;
    [[nodiscard]] std::vector<Amount> range_value(
        const PriceRange& range, const Amount& liquidity) const override;
    [[nodiscard]] std::vector<Amount> range_owed(
        AccountId owner, const PriceRange& range) const override;
    void add_range_deposit(CallWriter& calls, const PriceRange& range, const Amount& liquidity,
        AccountId sender) const override;
    void add_range_withdrawal(CallWriter& calls, const PriceRange& range, const Amount& liquidity,
        AccountId recipient) const override;
    [[nodiscard]] std::uint64_t crossing_gas(
        ContractId token_in, const Amount& amount_in) const override;
    [[nodiscard]] CallGas range_deposit_gas() const noexcept override;
    [[nodiscard]] CallGas range_withdrawal_gas() const noexcept override;

private:
    [[nodiscard]] unsigned side(ContractId token) const;
    [[nodiscard]] Result<uniswap_v4::SwapQuote> quote_whole(
        ContractId token_in, const Amount& amount, bool exact_in) const;
    [[nodiscard]] Result<Amount> quote_exact(
        ContractId token_in, const Amount& amount, bool exact_in) const;
    [[nodiscard]] uniswap_v4::PositionKey position_of(
        AccountId owner, const PriceRange& range) const;

    const World* world_ = nullptr;
    ContractId manager_id_;
    ContractId hook_id_;  // no_contract: none.
    uniswap_v4::PoolKey key_;
    std::array<ContractId, 2> tokens_;
    const UniswapV4Manager* manager_ = nullptr;
    const UniswapV4Router* router_ = nullptr;
};

}  // namespace runnel::contracts
