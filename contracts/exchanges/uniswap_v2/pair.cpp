#include "contracts/exchanges/uniswap_v2/pair.hpp"

#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/gas.hpp"
#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/dex_quotes.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v2;

namespace
{
constexpr Amount uint112_max = wrapping_sub(Amount::power_of_two(112), 1);
constexpr double reserve_max = 5192296858534827628530496329220095.0;  // The same.

}  // namespace

UniswapV2Pair::UniswapV2Pair(
    ContractIdentity identity, ContractId token0, ContractId token1, ContractId factory)
  : TokenBase{std::move(identity), TokenFlavour::uniswap},
    tokens_{token0, token1},
    factory_id_{factory},
    state_{name() + ".state"}
{
    state_.set_conservation_weight(-1);
    add_table(state_);
}

const ContractType& UniswapV2Pair::contract_type()
{
    static const ContractType type{.kind = "uniswap_v2_pair",
        .help = "A constant-product pool of two tokens with a fee of 0.3%; its shares are a token.",
        .role = ContractRole::dex,
        .sectors = implements<UniswapV2Pair, Exchange>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, MintLog, BurnLog, SwapLog, SyncLog,
            DexTrade, DexPool, DexShares, DexQuote>(),
        .parameters =
            {
                token_parameter("token0", plain_tokens, "The first token."),
                token_parameter("token1", plain_tokens, "The second token; another one."),
                contract_parameter("factory", "uniswap_v2_factory",
                    "The factory that knows the pair and says who earns the protocol fee."),
                allocation({"amount0", ParameterKind::amount, "0", unit::smallest_unit_of("token0"),
                    "Liquidity at the start, of the account NAME/seed_lp; 0: none.", 0,
                    reserve_max}),
                allocation({"amount1", ParameterKind::amount, "0", unit::smallest_unit_of("token1"),
                    "Liquidity at the start; amount0 and amount1 set the first price.", 0,
                    reserve_max}),
            },
        .create = creator<UniswapV2Pair>(
            [](const Parameters& parameters)
            {
                return std::tuple{parameters.token("token0"), parameters.token("token1"),
                    parameters.contract("factory")};
            }),
        .deploy = [](ByteView bytes, ContractIdentity identity,
                      const World& world) -> std::unique_ptr<Contract>
        {
            PairConstructor arguments;
            if (!decode(bytes, arguments) || arguments.token0 == arguments.token1 ||
                find_token(world, arguments.token0) == nullptr ||
                find_token(world, arguments.token1) == nullptr ||
                dynamic_cast<const UniswapV2Factory*>(world.find_contract(arguments.factory)) ==
                    nullptr)
                return nullptr;
            return std::make_unique<UniswapV2Pair>(
                std::move(identity), arguments.token0, arguments.token1, arguments.factory);
        },
        .list_arguments =
            [](ByteView bytes, FieldSink& parameters)
        {
            PairConstructor arguments;
            RUNNEL_CHECK(decode(bytes, arguments));
            FieldLister fields{parameters};
            PairConstructor::describe(arguments, fields);
        }};
    return type;
}

std::optional<TokenInfo> UniswapV2Pair::token_info() const
{
    return TokenInfo{"UNI-V2", 18};
}

void UniswapV2Pair::connect(World& world)
{
    for (unsigned i = 0; i < 2; ++i)
    {
        token_[i] = &token_at(world, tokens_[i]);
        token_account_[i] = world.contract(tokens_[i]).account();
    }
    factory_ = dynamic_cast<const UniswapV2Factory*>(world.find_contract(factory_id_));
    RUNNEL_CHECK(factory_ != nullptr);
}

void UniswapV2Pair::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const std::array amounts{parameters.amount("amount0"), parameters.amount("amount1")};
    if (amounts[0].is_zero() && amounts[1].is_zero())
        return;
    const auto seed = builder.account(name() + "/seed_lp", "liquidity_provider");
    CallWriter calls;
    for (unsigned i = 0; i < 2; ++i)
    {
        const bool given = token_[i]->allocate(builder.world(), seed, amounts[i]);
        RUNNEL_CHECK(given);
        calls.add(tokens_[i], Erc20Transfer{account(), amounts[i]});
    }
    calls.add(id(), Mint{seed});
    builder.transaction(seed, std::move(calls).take());
}

unsigned UniswapV2Pair::side(ContractId token) const
{
    RUNNEL_CHECK(trades(token));
    return token == tokens_[0] ? 0 : 1;
}

ContractId UniswapV2Pair::other(ContractId token) const
{
    return tokens_[1 - side(token)];
}

Result<void> UniswapV2Pair::check_room(
    unsigned side_in, const Amount& amount_in, const Amount& amount_out) const
{
    // After the trade both balances, donations included, become reserves.
    const auto held_in = token_[side_in]->holding(account());
    const auto held_out = token_[1 - side_in]->holding(account());
    const auto balance_in = Checked{held_in} + amount_in;
    RUNNEL_REQUIRE(balance_in.ok() && balance_in.value <= uint112_max &&
                       wrapping_sub(held_out, amount_out) <= uint112_max,
        Refusal::error("UniswapV2: OVERFLOW"));
    return {};
}

std::optional<Amount> UniswapV2Pair::quote(const QuoteRequest& request) const
{
    return answer_quote(*this, request);
}

void UniswapV2Pair::snapshot(SnapshotContext& context) const
{
    snapshot_exchange(*this, context);
}

void UniswapV2Pair::check_invariants(const World&, Findings& findings) const
{
    if (tokens_[0] == tokens_[1])
        findings.push_back(fmt::format("{}: token0 and token1 are one token", name()));
    if (factory_->find_pair(tokens_[0], tokens_[1]) != this)
    {
        findings.push_back(
            fmt::format("{}: another pair of its factory trades the same tokens", name()));
    }
    const auto& pair = state();
    const std::array reserves{pair.reserve0, pair.reserve1};
    for (unsigned i = 0; i < 2; ++i)
    {
        const auto held = token_[i]->holding(account());
        if (reserves[i] > held && !token_[i]->rebases())
        {
            findings.push_back(fmt::format("{}: reserve{} is {}, the pair holds only {}", name(), i,
                reserves[i].to_string(), held.to_string()));
        }
        if (reserves[i] > uint112_max)
            findings.push_back(fmt::format("{}: reserve{} exceeds 112 bits", name(), i));
        if (!pair.total_supply.is_zero() && reserves[i].is_zero())
            findings.push_back(fmt::format("{}: has shares but reserve{} is 0", name(), i));
    }
    if (!pair.total_supply.is_zero() && balance(zero_account) < minimum_liquidity)
    {
        findings.push_back(fmt::format("{}: {} shares are locked for good, not {}", name(),
            balance(zero_account).to_string(), minimum_liquidity));
    }
    if (pair.k_last > wrapping_mul(pair.reserve0, pair.reserve1))
        findings.push_back(fmt::format("{}: k fell below {}", name(), pair.k_last.to_string()));
    if (pair.locked)
        findings.push_back(fmt::format("{}: is locked between transactions", name()));
}

std::array<Amount, 2> UniswapV2Pair::reserves(CallContext& context) const
{
    const auto& pair = context.read(state_, 0);
    return {pair.reserve0, pair.reserve1};
}

std::array<Amount, 2> UniswapV2Pair::balances_held(CallContext& context) const
{
    return {token_[0]->holding(context, account()), token_[1]->holding(context, account())};
}

Result<PairState*> UniswapV2Pair::lock(CallContext& context)
{
    auto& pair = context.write(state_, 0);
    RUNNEL_REQUIRE(!pair.locked, Refusal::error("UniswapV2: LOCKED"));
    context.use_gas(gas::lock);
    pair.locked = true;
    return &pair;
}

/// Solidity's low-level call: whatever the token's reason was, this one replaces it.
Result<void> UniswapV2Pair::pay(
    CallContext& context, unsigned side, AccountId to, const Amount& amount)
{
    const auto paid = token_[side]->transfer(context.as(account()), to, amount);
    if (!paid.has_value()) [[unlikely]]
    {
        return fail(paid.error().kind == RefusalKind::ledger
                        ? paid.error()
                        : Refusal::error("UniswapV2: TRANSFER_FAILED"));
    }
    context.use_gas(gas::pay);
    return {};
}

/// Mints protocol_shares_down() to the factory's fee_to, and forgets k_last when the fee is off.
/// Returns whether the fee is on.
Result<bool> UniswapV2Pair::mint_fee(CallContext& context, PairState& pair)
{
    const auto fee_to = context.read(factory_->state(), 0).fee_to;
    if (fee_to == zero_account)
    {
        pair.k_last = 0;
        context.save_gas(gas::no_fee_saves);
        return false;
    }
    context.use_gas(gas::read_k_last);
    if (pair.k_last.is_zero())
    {
        context.save_gas(gas::no_fee_shares_saves);
        return true;
    }
    context.use_gas(gas::fee_roots);
    const auto k = wrapping_mul(pair.reserve0, pair.reserve1);  // Both below 2^112.
    const auto shares = RUNNEL_TRY(protocol_shares_down(pair.total_supply, k, pair.k_last));
    if (shares.is_zero())
    {
        context.save_gas(gas::no_fee_shares_saves);
        return true;
    }
    context.use_gas(gas::mint_fee);
    RUNNEL_TRY(book_.mint(context, pair.total_supply, fee_to, shares));
    return true;
}

/// Makes @p balances the reserves, and adds the old price times its age to the accumulators.
Result<void> UniswapV2Pair::update(
    CallContext& context, PairState& pair, const std::array<Amount, 2>& balances)
{
    RUNNEL_REQUIRE(balances[0] <= uint112_max && balances[1] <= uint112_max,
        Refusal::error("UniswapV2: OVERFLOW"));
    const auto timestamp = static_cast<std::uint32_t>(context.block().timestamp);
    const std::uint32_t seconds = timestamp - pair.block_timestamp_last;  // Wraps, as it should.
    if (seconds > 0 && !pair.reserve0.is_zero() && !pair.reserve1.is_zero())
    {
        pair.price0_cumulative_last = wrapping_add(
            pair.price0_cumulative_last, price_growth_down(pair.reserve0, pair.reserve1, seconds));
        pair.price1_cumulative_last = wrapping_add(
            pair.price1_cumulative_last, price_growth_down(pair.reserve1, pair.reserve0, seconds));
    }
    else
        context.save_gas(gas::same_time_saves);
    pair.reserve0 = balances[0];
    pair.reserve1 = balances[1];
    pair.block_timestamp_last = timestamp;
    context.emit(id(), SyncLog{pair.reserve0, pair.reserve1});
    return {};
}

Result<Amount> UniswapV2Pair::mint(CallContext context, AccountId to)
{
    RUNNEL_TRY(require_account(context.world(), to));
    auto& pair = *RUNNEL_TRY(lock(context));
    const auto balances = balances_held(context);
    const auto amount0 = RUNNEL_TRY((SafeMath{balances[0]} - pair.reserve0).result());
    const auto amount1 = RUNNEL_TRY((SafeMath{balances[1]} - pair.reserve1).result());

    context.use_gas(gas::before_mint);
    const bool fee_on = RUNNEL_TRY(mint_fee(context, pair));
    const auto supply = pair.total_supply;
    Amount shares;
    if (supply.is_zero())
    {
        const SafeMath all{RUNNEL_TRY(first_shares_down(amount0, amount1))};
        shares = RUNNEL_TRY((all - minimum_liquidity).result());
        RUNNEL_TRY(book_.mint(context, pair.total_supply, zero_account, minimum_liquidity));
    }
    else
    {
        shares =
            RUNNEL_TRY(later_shares_down(amount0, amount1, pair.reserve0, pair.reserve1, supply));
    }
    RUNNEL_REQUIRE(!shares.is_zero(), Refusal::error("UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED"));
    RUNNEL_TRY(book_.mint(context, pair.total_supply, to, shares));
    RUNNEL_TRY(update(context, pair, balances));
    if (fee_on)
        pair.k_last = wrapping_mul(pair.reserve0, pair.reserve1);  // Both below 2^112.
    context.emit(id(), MintLog{context.sender(), amount0, amount1});
    pair.locked = false;
    return shares;
}

Result<std::array<Amount, 2>> UniswapV2Pair::burn(CallContext context, AccountId to)
{
    RUNNEL_TRY(require_account(context.world(), to));
    auto& pair = *RUNNEL_TRY(lock(context));
    const auto balances = balances_held(context);
    const Amount shares = context.read(book_.balances, account());

    context.use_gas(gas::before_burn);
    const bool fee_on = RUNNEL_TRY(mint_fee(context, pair));
    const auto supply = pair.total_supply;
    const std::array amounts{RUNNEL_TRY(share_of_balance_down(shares, balances[0], supply)),
        RUNNEL_TRY(share_of_balance_down(shares, balances[1], supply))};
    RUNNEL_REQUIRE(!amounts[0].is_zero() && !amounts[1].is_zero(),
        Refusal::error("UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED"));
    RUNNEL_TRY(book_.burn(context, pair.total_supply, account(), shares));
    RUNNEL_TRY(pay(context, 0, to, amounts[0]));
    RUNNEL_TRY(pay(context, 1, to, amounts[1]));
    RUNNEL_TRY(update(context, pair, balances_held(context)));
    if (fee_on)
        pair.k_last = wrapping_mul(pair.reserve0, pair.reserve1);
    context.emit(id(), BurnLog{context.sender(), amounts[0], amounts[1], to});
    pair.locked = false;
    return amounts;
}

Result<std::array<Amount, 2>> UniswapV2Pair::swap(CallContext context, const Amount& amount0_out,
    const Amount& amount1_out, AccountId to, const CallList& data)
{
    RUNNEL_TRY(require_account(context.world(), to));
    auto& pair = *RUNNEL_TRY(lock(context));
    RUNNEL_REQUIRE(!amount0_out.is_zero() || !amount1_out.is_zero(),
        Refusal::error("UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT"));
    context.use_gas(gas::read_reserves);
    RUNNEL_REQUIRE(amount0_out < pair.reserve0 && amount1_out < pair.reserve1,
        Refusal::error("UniswapV2: INSUFFICIENT_LIQUIDITY"));
    context.use_gas(gas::read_tokens);
    RUNNEL_REQUIRE(to != token_account_[0] && to != token_account_[1],
        Refusal::error("UniswapV2: INVALID_TO"));
    if (!amount0_out.is_zero())
        RUNNEL_TRY(pay(context, 0, to, amount0_out));
    if (!amount1_out.is_zero())
        RUNNEL_TRY(pay(context, 1, to, amount1_out));
    if (!data.bytes.empty())
    {
        if (to == context.sender())
            RUNNEL_TRY(context.run(data, to));
        else
            RUNNEL_REQUIRE(RUNNEL_TRY(context.hand_over(to)), Refusal::empty());
    }

    context.use_gas(gas::read_balances);
    const auto balances = balances_held(context);
    const std::array amounts_in{amount_received(balances[0], pair.reserve0, amount0_out),
        amount_received(balances[1], pair.reserve1, amount1_out)};
    RUNNEL_REQUIRE(!amounts_in[0].is_zero() || !amounts_in[1].is_zero(),
        Refusal::error("UniswapV2: INSUFFICIENT_INPUT_AMOUNT"));
    RUNNEL_TRY(require_k(balances, amounts_in, pair.reserve0, pair.reserve1, factory_->fee()));
    RUNNEL_TRY(update(context, pair, balances));
    context.emit(id(),
        SwapLog{context.sender(), amounts_in[0], amounts_in[1], amount0_out, amount1_out, to});
    // One row of dex_trades per swap; of a swap both ways, the legs that Spellbook picks.
    const unsigned bought = amount0_out.is_zero() ? 1 : 0;
    const unsigned sold = amounts_in[0].is_zero() || amount1_out.is_zero() ? 1 : 0;
    context.emit(
        id(), DexTrade{tokens_[bought], tokens_[sold], bought == 0 ? amount0_out : amount1_out,
                  amounts_in[sold], to, tokens_[sold], lp_fee(amounts_in[sold], factory_->fee())});
    pair.locked = false;
    return amounts_in;
}

void UniswapV2Pair::declare(const Mint& call, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    for (const auto* token : token_)
        token->declare_holding(access, account());
    book_.declare_credit(access, call.to);
    if (total_supply().is_zero())
        book_.declare_credit(access, zero_account);
    access.read(factory_->state(), 0);
    if (factory_->fee_to() != zero_account)
        book_.declare_credit(access, factory_->fee_to());
}

void UniswapV2Pair::declare(const Burn& call, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    for (const auto* token : token_)
        token->declare_transfer(access, account(), call.to);
    book_.declare_balance(access, account());
    access.read(factory_->state(), 0);
    if (factory_->fee_to() != zero_account)
        book_.declare_credit(access, factory_->fee_to());
}

void UniswapV2Pair::declare(const Swap& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    const std::array paid_out{!call.amount0_out.is_zero(), !call.amount1_out.is_zero()};
    for (unsigned i = 0; i < 2; ++i)
    {
        if (paid_out[i])
            token_[i]->declare_transfer(access, account(), call.to);
        else
            token_[i]->declare_holding(access, account());
    }
    if (call.data.bytes.empty())
        return;
    if (call.to == sender)
        access.calls(call.data, sender);
    else
        access.hand_over(call.to);
}

void UniswapV2Pair::declare(const Skim& call, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    for (const auto* token : token_)
        token->declare_transfer(access, account(), call.to);
}

void UniswapV2Pair::declare(const Sync&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    for (const auto* token : token_)
        token->declare_holding(access, account());
}

Result<Returns> UniswapV2Pair::execute(const Mint& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(mint(context, call.to))};
}

Result<Returns> UniswapV2Pair::execute(const Burn& call, CallContext& context)
{
    const auto amounts = RUNNEL_TRY(burn(context, call.to));
    return Returns{amounts[0], amounts[1]};
}

Result<Returns> UniswapV2Pair::execute(const Swap& call, CallContext& context)
{
    RUNNEL_TRY(swap(context, call.amount0_out, call.amount1_out, call.to, call.data));
    return Returns{};
}

Result<Returns> UniswapV2Pair::execute(const Skim& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.to));
    auto& pair = *RUNNEL_TRY(lock(context));
    const SafeMath balance0{token_[0]->holding(context, account())};
    const auto surplus0 = RUNNEL_TRY((balance0 - pair.reserve0).result());
    RUNNEL_TRY(pay(context, 0, call.to, surplus0));
    const SafeMath balance1{token_[1]->holding(context, account())};
    const auto surplus1 = RUNNEL_TRY((balance1 - pair.reserve1).result());
    RUNNEL_TRY(pay(context, 1, call.to, surplus1));
    pair.locked = false;
    return Returns{};
}

Result<Returns> UniswapV2Pair::execute(const Sync&, CallContext& context)
{
    auto& pair = *RUNNEL_TRY(lock(context));
    context.use_gas(gas::read_cold_balances);
    RUNNEL_TRY(update(context, pair, balances_held(context)));
    pair.locked = false;
    return Returns{};
}

}  // namespace runnel::contracts
