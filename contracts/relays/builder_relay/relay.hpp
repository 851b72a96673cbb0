#pragma once

#include "contracts/kit/contract_base.hpp"

#include <array>
#include <cstdint>

namespace runnel::contracts
{

namespace builder_relay
{

/// Publishes a builder's bid for the block that the call is in.
struct PublishBid
{
    RUNNEL_CALL("publishBid", 0, 0);  // On Ethereum relays do it, off the chain.

    AccountId builder{};
    AccountId proposer{};
    Amount value;
    std::uint32_t num_tx = 0;
    std::uint64_t gas_used = 0;
    bool delivered = false;
    RUNNEL_FIELDS(builder, proposer, (value, wei), num_tx, (gas_used, other("gas")), delivered);
};

/// Emitted for every bid: a row as relays' data APIs have it.
struct BidTrace
{
    static constexpr std::string_view name = "BidTrace";
    static constexpr std::string_view table = "builder_bids";
    static constexpr std::array<std::string_view, 6> meanings{"Who built the block and bid.",
        "Who sold the slot, and is paid.", "What the bid promised to the proposer.",
        "Transactions of the builder's block, without the script's and its payment.",
        "Gas that they were expected to use.", "Whether it won: the payment is the block's last."};

    AccountId builder{};
    AccountId proposer_fee_recipient{};
    Amount value;
    std::uint32_t num_tx = 0;
    std::uint64_t gas_used = 0;
    bool delivered = false;
    RUNNEL_FIELDS(builder, proposer_fee_recipient, (value, wei), (num_tx, other("transactions")),
        (gas_used, other("gas")), delivered);
};

}  // namespace builder_relay

/// Where the bids of a slot are published: what relays between builders and proposers show of
/// their auctions. It holds nothing and moves nothing: the last transaction of a block that was
/// sold calls it once for each bid.
class BuilderRelay : public ContractBase<BuilderRelay, builder_relay::PublishBid>
{
public:
    using ContractBase::ContractBase;

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const builder_relay::PublishBid& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const builder_relay::PublishBid& call, CallContext& context);
};

}  // namespace runnel::contracts
