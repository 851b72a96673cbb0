#pragma once

#include "contracts/kit/sectors/convertible.hpp"
#include "contracts/kit/sectors/custodian.hpp"
#include "contracts/kit/sectors/issuer.hpp"
#include "contracts/kit/sectors/retail.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "ledger/call.hpp"
#include "storage/ledger_writer.hpp"

#include <memory>
#include <string>
#include <vector>

/// A small hand-made ledger: two tokens and the native coin, a pool, a lending market, an oracle.
namespace runnel::analytics::fixture
{

struct Transfer
{
    static constexpr std::string_view table = "token_transfers";
    static constexpr std::string_view signature =
        "Transfer(address indexed,address indexed,uint256)";

    AccountId from_address{};
    AccountId to_address{};
    Amount value;
    RUNNEL_FIELDS(from_address, to_address, (value, smallest_unit));
};

struct NativePayment
{
    static constexpr std::string_view name = "NativePayment";
    static constexpr std::string_view table = "native_transfers";

    AccountId from_address{};
    AccountId to_address{};
    Amount value;
    RUNNEL_FIELDS(from_address, to_address, (value, wei));
};

struct PriceUpdated
{
    static constexpr std::string_view table = "oracle_prices";
    static constexpr std::string_view signature = "AssetPriceUpdated(address,uint256,uint256)";

    ContractId token{};
    Amount price;
    std::uint64_t timestamp = 0;
    RUNNEL_FIELDS(token, (price, usd_e8_per_token), (timestamp, unix_seconds));
};

inline constexpr ContractId eth{0};
inline constexpr ContractId usdc{1};
inline constexpr ContractId weth{2};
inline constexpr ContractId pair{3};
inline constexpr ContractId market{4};
inline constexpr ContractId oracle{5};

inline constexpr AccountId pair_account{4};
inline constexpr AccountId market_account{5};
inline constexpr AccountId validator0{7};
inline constexpr AccountId validator1{8};
inline constexpr AccountId ann{9};   // trader
inline constexpr AccountId bob{10};  // borrower
inline constexpr AccountId cat{11};  // borrower
inline constexpr AccountId dan{12};  // liquidator
inline constexpr AccountId eve{13};  // liquidator

inline const Amount ray = Amount::power_of_ten(27);

/// @p number tokens of 18 decimals.
inline Amount ether(std::uint64_t number)
{
    return wrapping_mul(number, Amount::power_of_ten(18));
}
/// @p number tokens of 6 decimals.
inline Amount dollars(std::uint64_t number)
{
    return wrapping_mul(number, 1'000'000);
}
/// @p usd in 1e-8 USD.
inline Amount price(std::uint64_t usd)
{
    return wrapping_mul(usd, 100'000'000);
}

enum class Parts : std::uint8_t
{
    all,
    payments,  // Neither exchange nor lending.
};

inline storage::LedgerDescription description(Parts parts)
{
    const auto account = [](std::string name, std::string role, std::string strategy = "")
    {
        const auto address = address_of_name(name);
        return AccountInfo{std::move(name), std::move(role), std::move(strategy), address};
    };
    storage::LedgerDescription result;
    result.accounts = {{"zero", "ledger", "", Address{}}, account("ETH", "token"),
        account("USDC", "token"), account("WETH", "token"), account("weth_usdc", "dex"),
        account("aave", "lending"), account("oracle", "oracle"),
        account("validator/0", "validator"), account("validator/1", "validator"),
        account("ann", "wallet", "trader"), account("bob", "wallet", "borrower"),
        account("cat", "wallet", "borrower"), account("dan", "wallet", "liquidator"),
        account("eve", "wallet", "liquidator")};
    result.contracts = {{AccountId{1}, "native", "ETH", TokenInfo{"ETH", 18}},
        {AccountId{2}, "erc20", "USDC", TokenInfo{"USDC", 6}},
        {AccountId{3}, "erc20", "WETH", TokenInfo{"WETH", 18}},
        {pair_account, "uniswap_v2_pair", "weth_usdc", TokenInfo{"UNI-V2", 18}},
        {market_account, "aave_v3_pool", "aave", std::nullopt},
        {AccountId{6}, "price_oracle", "oracle", std::nullopt}};
    result.events = {&event_type<Transfer>, &event_type<NativePayment>};
    if (parts == Parts::all)
    {
        for (const auto* type :
            {&event_type<PriceUpdated>, &event_type<DexTrade>, &event_type<DexPool>,
                &event_type<DexShares>, &event_type<LendingBorrow>, &event_type<LendingSupply>,
                &event_type<LendingFlashloan>, &event_type<LendingLiquidation>,
                &event_type<LendingPosition>, &event_type<LendingBalance>,
                &event_type<LendingReserve>, &event_type<contracts::StablecoinStateRow>,
                &event_type<contracts::StablecoinConversion>, &event_type<contracts::IssuerRow>,
                &event_type<contracts::IssuerFlow>, &event_type<contracts::RetailSale>,
                &event_type<contracts::WagePayment>, &event_type<contracts::CustodianAccount>,
                &event_type<contracts::CustodianMove>, &event_type<contracts::CustodianStatement>})
            result.events.push_back(type);
    }
    return result;
}

inline storage::Manifest manifest(const std::string& scenario, std::uint64_t blocks)
{
    storage::Manifest result;
    result.add("scenario_name", scenario);
    result.add("title", "A test");
    result.add("seed", "7");
    result.add("version", "0.1.0");
    result.add("blocks", std::to_string(blocks));
    return result;
}

/// Puts blocks together event by event.
class ChainBuilder
{
public:
    static constexpr std::uint64_t start = 1'584'000'000;
    static constexpr std::uint64_t gas_limit = 1'000'000;

    explicit ChainBuilder(std::uint64_t slot_seconds = 3600) : slot_seconds_{slot_seconds} {}

    struct Sent
    {
        std::uint64_t gas_used = 21'000;
        std::uint64_t tip = 0;  // Wei per gas.
        Refusal refusal;
        bool reverted = false;
        Motive motive = {};
    };
    /// What the pool of WETH and USDC holds; it has 1,000 shares.
    void pool(const Amount& weth_held, const Amount& usdc_held)
    {
        const auto one = Amount::power_of_ten(36);
        snapshot(pair, DexPool{weth, weth_held, one});
        snapshot(pair, DexPool{usdc, usdc_held, mul_div_down(weth_held, one, usdc_held).value});
        snapshot(pair, DexShares{pair, wrapping_mul(1'000, Amount::power_of_ten(18))});
    }
    /// Begins a transaction; events that follow are its.
    void transaction(AccountId sender, const Sent& sent)
    {
        Transaction transaction;
        transaction.sender = sender;
        transaction.nonce = nonce_++;
        transaction.gas_limit = sent.gas_used;
        transaction.max_fee = base_fee_ + sent.tip;
        transaction.max_priority_fee = sent.tip;
        transaction.motive = sent.motive;
        CallWriter calls;
        transaction.set_calls(calls.bytes());
        transaction.seal();
        block_.transactions.push_back(std::move(transaction));
        Receipt receipt;
        receipt.status = sent.reverted ? ReceiptStatus::reverted : ReceiptStatus::succeeded;
        receipt.gas_used = sent.gas_used;
        receipt.effective_gas_price = block_.header.number == 0 ? 0 : base_fee_ + sent.tip;
        receipt.refusal = sent.refusal;
        receipt.first_event = static_cast<std::uint32_t>(arena_.events.size());
        block_.receipts.push_back(receipt);
        block_.header.gas_used += sent.gas_used;
    }
    void transaction(AccountId sender) { transaction(sender, Sent{}); }

    template <typename Event>
    void emit(ContractId contract, const Event& event)
    {
        const auto number = static_cast<std::uint32_t>(block_.transactions.size() - 1);
        append_event(arena_, contract, number, event);
        ++block_.receipts.back().event_count;
    }
    template <typename Event>
    void snapshot(ContractId contract, const Event& event)
    {
        const auto number = static_cast<std::uint32_t>(block_.transactions.size());
        append_event(arena_, contract, number, event);
    }
    void drop(AccountId sender, DropReason reason)
    {
        block_.dropped.push_back({sender, 0, Hash{}, 0, 0, reason});
    }
    void reward(AccountId account, const Amount& amount)
    {
        block_.rewards.push_back({account, amount});
    }
    void base_fee(std::uint64_t wei) { base_fee_ = wei; }
    void end_block(AccountId proposer, std::uint64_t finalized)
    {
        block_.events = arena_.events;
        block_.event_bytes = arena_.event_bytes;
        arena_.clear();
        auto& header = block_.header;
        header.number = blocks_.size();
        header.timestamp = start + header.number * slot_seconds_;
        header.proposer = proposer;
        header.gas_limit = gas_limit;
        header.base_fee = base_fee_;
        header.transaction_count = static_cast<std::uint32_t>(block_.transactions.size());
        header.finalized_block = finalized;
        header.parent_hash = parent_;
        block_.hash = header.hash();
        parent_ = block_.hash;
        blocks_.push_back(std::make_shared<const FinishedBlock>(std::move(block_)));
        block_ = {};
        block_.header.number = blocks_.size();
    }
    [[nodiscard]] const std::vector<std::shared_ptr<const FinishedBlock>>& blocks() const noexcept
    {
        return blocks_;
    }
    void write_to(storage::LedgerWriter& writer) const
    {
        for (const auto& block : blocks_)
            writer.append(block);
        writer.flush();
    }

private:
    std::uint64_t slot_seconds_;
    std::uint64_t base_fee_ = 1'000'000'000;
    std::uint64_t nonce_ = 0;
    Hash parent_;
    FinishedBlock block_;
    EventArena arena_;
    std::vector<std::shared_ptr<const FinishedBlock>> blocks_;
};

inline LendingReserve reserve(ContractId token, const Amount& liquidity_index,
    const Amount& borrow_index, const Amount& supplied, const Amount& debt, const Amount& usd,
    std::uint64_t threshold)
{
    LendingReserve row;
    row.token = token;
    row.liquidity_index = liquidity_index;
    row.borrow_index = borrow_index;
    row.total_supplied = supplied;
    row.total_debt = debt;
    row.cash = supplied > debt ? wrapping_sub(supplied, debt) : Amount{};
    row.price = usd;
    row.liquidation_threshold = threshold;
    return row;
}

/// Six blocks, an hour apart. Prices of WETH: 200, 200, 200, 120, 90, 60 at the end of each.
///
/// Block 0: a pool of 100 WETH and 20,000 USDC; bob has 10 WETH as collateral.
/// Block 1: bob borrows 1,000 USDC, cat (20 WETH of collateral) 1,600 USDC.
/// Block 2: ann buys 2 WETH for 410 USDC, then sells 1 WETH for 195 USDC; one of hers reverts.
/// Block 3: dan liquidates half of bob's debt, for 4.375 WETH (5% bonus at 120).
/// Block 4: eve liquidates half of the rest, 250 USDC; a transfer of ann's reverts.
/// Block 5: the price falls to 60, and nobody acts: cat owes 1,600 (indexed up by 1%: 1,616) on
///          20 WETH (worth 1,200).
inline ChainBuilder six_blocks()
{
    ChainBuilder chain;
    const auto usdc_price = price(1);
    // Block 0.
    chain.transaction(validator0);
    chain.emit(oracle, PriceUpdated{weth, price(200), ChainBuilder::start});
    chain.emit(oracle, PriceUpdated{usdc, usdc_price, ChainBuilder::start});
    chain.emit(weth, Transfer{bob, market_account, ether(10)});
    chain.emit(market, LendingBalance{bob, weth, ether(10), 0, ether(10), 0, true});
    chain.pool(ether(100), dollars(20'000));
    chain.snapshot(market, reserve(usdc, ray, ray, dollars(10'000), 0, usdc_price, 8'000));
    chain.snapshot(market, reserve(weth, ray, ray, ether(10), 0, price(200), 8'250));
    chain.end_block(validator0, 0);
    // Block 1.
    chain.base_fee(1'000'000'000);
    chain.transaction(bob, {100'000, 2, {}, false});
    chain.emit(usdc, Transfer{market_account, bob, dollars(1'000)});
    chain.emit(market, LendingBorrow{LendingBorrowType::borrow, usdc, bob, bob, zero_account,
                           zero_account, dollars(1'000)});
    chain.emit(market, LendingBalance{bob, usdc, 0, dollars(1'000), 0, dollars(1'000), false});
    chain.transaction(cat, {200'000, 2, {}, false});
    chain.emit(weth, Transfer{cat, market_account, ether(20)});
    chain.emit(usdc, Transfer{market_account, cat, dollars(1'600)});
    chain.emit(market, LendingSupply{LendingSupplyType::supply, weth, cat, cat, zero_account,
                           zero_account, ether(20)});
    chain.emit(market, LendingBorrow{LendingBorrowType::borrow, usdc, cat, cat, zero_account,
                           zero_account, dollars(1'600)});
    chain.emit(market, LendingBalance{cat, weth, ether(20), 0, ether(20), 0, true});
    chain.emit(market, LendingBalance{cat, usdc, 0, dollars(1'600), 0, dollars(1'600), false});
    chain.reward(validator1, 700);
    chain.snapshot(
        market, reserve(usdc, ray, ray, dollars(10'000), dollars(2'600), usdc_price, 8'000));
    chain.snapshot(market, reserve(weth, ray, ray, ether(30), 0, price(200), 8'250));
    chain.end_block(validator1, 0);
    // Block 2.
    chain.base_fee(2'000'000'000);
    chain.transaction(ann, {100'000, 10, {}, false});
    chain.emit(usdc, Transfer{ann, pair_account, dollars(410)});
    chain.emit(weth, Transfer{pair_account, ann, ether(2)});
    chain.emit(pair, DexTrade{weth, usdc, ether(2), dollars(410), ann, usdc, 1'230'000});
    chain.transaction(ann, {100'000, 20, {}, false});
    chain.emit(weth, Transfer{ann, pair_account, ether(1)});
    chain.emit(usdc, Transfer{pair_account, ann, dollars(195)});
    chain.emit(
        pair, DexTrade{usdc, weth, dollars(195), ether(1), ann, weth, 3'000'000'000'000'000});
    chain.transaction(ann, {50'000, 30, Refusal::error("UniswapV2: K"), true});
    chain.transaction(ann, {21'000, 30, {}, false});
    chain.emit(eth, NativePayment{ann, dan, 5});
    chain.pool(ether(99), dollars(20'215));
    chain.end_block(validator0, 1);
    // Block 3.
    chain.base_fee(8'000'000'000);
    chain.transaction(validator0, {30'000, 0, {}, false});
    chain.emit(oracle, PriceUpdated{weth, price(120), ChainBuilder::start});
    chain.transaction(dan, {400'000, 100, {}, false});
    const auto seized = wrapping_add(ether(4), div_down(wrapping_mul(ether(1), 375), 1'000));
    const auto bob_left = wrapping_sub(ether(10), seized);
    chain.emit(usdc, Transfer{dan, market_account, dollars(500)});
    chain.emit(weth, Transfer{market_account, dan, seized});
    chain.emit(market, LendingBorrow{LendingBorrowType::borrow_liquidation, usdc, bob, bob, dan,
                           dan, dollars(500)});
    chain.emit(market,
        LendingLiquidation{bob, dan, weth, usdc, seized, 0, dollars(500), price(525), price(500)});
    chain.emit(market, LendingBalance{bob, usdc, 0, dollars(500), 0, dollars(500), false});
    chain.emit(market, LendingBalance{bob, weth, bob_left, 0, bob_left, 0, true});
    const auto supplied = wrapping_sub(ether(30), seized);
    chain.snapshot(
        market, reserve(usdc, ray, ray, dollars(10'000), dollars(2'100), usdc_price, 8'000));
    chain.snapshot(market, reserve(weth, ray, ray, supplied, 0, price(120), 8'250));
    chain.end_block(validator0, 2);
    // Block 4: the borrow index grows by 1%.
    chain.base_fee(4'000'000'000);
    const auto index = div_down(wrapping_mul(ray, 101), 100);
    chain.transaction(validator0, {30'000, 0, {}, false});
    chain.emit(oracle, PriceUpdated{weth, price(90), ChainBuilder::start});
    chain.transaction(eve, {400'000, 50, {}, false});
    chain.emit(market, LendingLiquidation{bob, eve, weth, usdc, ether(3), ether(1), dollars(250),
                           price(270), price(250)});
    const auto bob_debt = dollars(250);
    const auto bob_scaled = div_down(wrapping_mul(bob_debt, 100), 101);
    chain.emit(market, LendingBalance{bob, usdc, 0, bob_scaled, 0, bob_debt, false});
    const auto bob_end = wrapping_sub(bob_left, ether(4));
    chain.emit(market, LendingBalance{bob, weth, bob_end, 0, bob_end, 0, true});
    chain.transaction(ann,
        {25'000, 30,
            Refusal::custom("ERC20InsufficientBalance").with(ann).with(Amount{1}).with(Amount{2}),
            true});
    chain.snapshot(
        market, reserve(usdc, ray, index, dollars(10'000), dollars(1'866), usdc_price, 8'000));
    chain.snapshot(
        market, reserve(weth, ray, ray, wrapping_sub(supplied, ether(4)), 0, price(90), 8'250));
    chain.end_block(validator1, 3);
    // Block 5: only the oracle moves.
    chain.base_fee(3'000'000'000);
    chain.transaction(validator0, {30'000, 0, {}, false});
    chain.emit(oracle, PriceUpdated{weth, price(60), ChainBuilder::start});
    chain.end_block(validator0, 4);
    return chain;
}

}  // namespace runnel::analytics::fixture
