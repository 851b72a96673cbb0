#include "contracts/exchanges/balancer_weighted/pool.hpp"

#include "contracts/kit/sectors/rows.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace balancer_weighted;

namespace
{
constexpr Amount uint112_max = wrapping_sub(Amount::power_of_two(112), 1);

/// What a token answers to the Vault, which passes reasons on.
Result<void> safely(Result<void> outcome)
{
    if (!outcome.has_value() && is_token_said_false(outcome.error())) [[unlikely]]
        return fail("BAL#418");
    return outcome;
}
}  // namespace

BalancerWeightedPool::BalancerWeightedPool(ContractIdentity identity, PoolSpec spec)
  : TokenBase{std::move(identity), TokenFlavour::uniswap},  // Its own checks come before.
    tokens_{std::move(spec.tokens)},
    weights_{std::move(spec.weights)},
    symbol_{std::move(spec.symbol)},
    state_{name() + ".state"}
{
    RUNNEL_CHECK(tokens_.size() >= 2 && tokens_.size() <= tokens_max);
    RUNNEL_CHECK(weights_.size() == tokens_.size());
    state_.set_conservation_weight(-1);
    add_table(state_);
    state_.at(0).swap_fee = spec.swap_fee;
    state_.at(0).owner = spec.owner;
}

std::optional<TokenInfo> BalancerWeightedPool::token_info() const
{
    return TokenInfo{symbol_, 18};
}

void BalancerWeightedPool::connect(World& world)
{
    for (unsigned i = 0; i < count(); ++i)
    {
        token_[i] = &token_at(world, tokens_[i]);
        const auto info = world.contract(tokens_[i]).token_info();
        RUNNEL_CHECK(info.has_value());
        // More than 18 is reported as a broken invariant: the deployed pool has no such tokens.
        scaling_[i] = Amount::power_of_ten(36U - std::min<unsigned>(info->decimals, 18));
    }
    // The pool's address, how the Vault keeps its balances, and the pool's number.
    const auto& address = world.account(account()).address;
    std::array<std::uint8_t, 32> bytes{};
    std::copy(address.bytes.begin(), address.bytes.end(), bytes.begin());
    pool_id_ = Amount::load_big_endian(bytes) | Amount{count() == 2 ? 2U : 1U} << 80U |
               Amount{index(id())};
}

std::optional<Amount> BalancerWeightedPool::quote(const QuoteRequest& request) const
{
    return answer_quote(*this, request);
}

void BalancerWeightedPool::snapshot(SnapshotContext& context) const
{
    snapshot_exchange(*this, context);
}

void BalancerWeightedPool::check_invariants(const World& world, Findings& findings) const
{
    Amount sum;
    for (unsigned i = 0; i < count(); ++i)
    {
        const auto held = token_[i]->holding(account());
        if (state().balances[i] > held && !token_[i]->rebases())
        {
            findings.push_back(fmt::format("{}: the balance of token {} is {}, the pool holds {}",
                name(), i, state().balances[i].to_string(), held.to_string()));
        }
        if (state().balances[i] > uint112_max)
            findings.push_back(fmt::format("{}: balance {} exceeds 112 bits", name(), i));
        if (world.contract(tokens_[i]).token_info()->decimals > 18)
            findings.push_back(fmt::format("{}: token {} has more than 18 decimals", name(), i));
        for (unsigned j = 0; j < i; ++j)
        {
            if (tokens_[i] == tokens_[j])
                findings.push_back(fmt::format("{}: tokens {} and {} are one", name(), j, i));
        }
        sum = wrapping_add(sum, weights_[i]);
    }
    if (sum != Amount{one})
        findings.push_back(fmt::format("{}: weights do not sum to 1", name()));
    const auto& fee = state().swap_fee;
    if (fee < Amount{swap_fee_min} || fee > Amount{swap_fee_max})
        findings.push_back(fmt::format("{}: the swap fee is out of its limits", name()));
    if (!total_supply().is_zero() && balance(zero_account) < Amount{minimum_shares})
    {
        findings.push_back(fmt::format("{}: {} shares are locked for good, not {}", name(),
            balance(zero_account).to_string(), minimum_shares));
    }
}

// ---- Amounts ----

unsigned BalancerWeightedPool::number_of(ContractId token) const
{
    const auto found = std::find(tokens_.begin(), tokens_.end(), token);
    RUNNEL_CHECK(found != tokens_.end());
    return static_cast<unsigned>(found - tokens_.begin());
}

Result<unsigned> BalancerWeightedPool::find_token_of(ContractId token) const
{
    RUNNEL_REQUIRE(trades(token), Refusal::error("BAL#521"));
    return number_of(token);
}

Result<Tokens> BalancerWeightedPool::amounts_of(const AmountList& list) const
{
    RUNNEL_REQUIRE(list.size() == count(), Refusal::error("BAL#103"));
    Tokens amounts;
    std::copy(list.begin(), list.end(), amounts.begin());
    return amounts;
}

Result<Amount> BalancerWeightedPool::upscaled(unsigned token, const Amount& amount) const
{
    return mul_fixed_down(amount, scaling_[token]);
}

Result<Amount> BalancerWeightedPool::downscaled_down(unsigned token, const Amount& amount) const
{
    return div_fixed_down(amount, scaling_[token]);
}

Result<Amount> BalancerWeightedPool::downscaled_up(unsigned token, const Amount& amount) const
{
    return div_fixed_up(amount, scaling_[token]);
}

Result<std::vector<Amount>> BalancerWeightedPool::upscaled(const Tokens& amounts) const
{
    std::vector<Amount> scaled;
    for (unsigned i = 0; i < count(); ++i)
        scaled.push_back(RUNNEL_TRY(upscaled(i, amounts[i])));
    return scaled;
}

Result<Amount> BalancerWeightedPool::invariant() const
{
    const auto balances = RUNNEL_TRY(upscaled(state().balances));
    return invariant_down(weights_, balances);
}

Result<BalancerWeightedPool::SwapAmounts> BalancerWeightedPool::given_in(
    const PoolState& pool, unsigned in, unsigned out, const Amount& amount_in) const
{
    SwapAmounts amounts;
    amounts.in = amount_in;
    amounts.fee = RUNNEL_TRY(mul_fixed_up(amount_in, pool.swap_fee));
    const auto after_fee = RUNNEL_TRY(sub(amount_in, amounts.fee));
    const auto balance_in = RUNNEL_TRY(upscaled(in, pool.balances[in]));
    const auto balance_out = RUNNEL_TRY(upscaled(out, pool.balances[out]));
    const auto scaled_in = RUNNEL_TRY(upscaled(in, after_fee));
    const auto scaled_out = RUNNEL_TRY(
        out_given_in_down(balance_in, weights_[in], balance_out, weights_[out], scaled_in));
    amounts.out = RUNNEL_TRY(downscaled_down(out, scaled_out));
    return amounts;
}

Result<BalancerWeightedPool::SwapAmounts> BalancerWeightedPool::given_out(
    const PoolState& pool, unsigned in, unsigned out, const Amount& amount_out) const
{
    SwapAmounts amounts;
    amounts.out = amount_out;
    const auto balance_in = RUNNEL_TRY(upscaled(in, pool.balances[in]));
    const auto balance_out = RUNNEL_TRY(upscaled(out, pool.balances[out]));
    const auto scaled_out = RUNNEL_TRY(upscaled(out, amount_out));
    const auto scaled_in = RUNNEL_TRY(
        in_given_out_up(balance_in, weights_[in], balance_out, weights_[out], scaled_out));
    const auto without_fee = RUNNEL_TRY(downscaled_up(in, scaled_in));
    amounts.in = RUNNEL_TRY(div_fixed_up(without_fee, complement(pool.swap_fee)));
    amounts.fee = wrapping_sub(amounts.in, without_fee);
    return amounts;
}

/// What a join of these amounts mints; the first one's includes what goes to the zero account.
Result<Amount> BalancerWeightedPool::shares_for(const PoolState& pool, const Tokens& amounts) const
{
    const auto scaled = RUNNEL_TRY(upscaled(amounts));
    if (!pool.total_supply.is_zero())
    {
        const auto balances = RUNNEL_TRY(upscaled(pool.balances));
        return shares_out_given_amounts_in_down(
            balances, weights_, scaled, pool.total_supply, pool.swap_fee);
    }
    const auto root = RUNNEL_TRY(invariant_down(weights_, scaled));
    const auto shares = Checked{root} * count();
    RUNNEL_REQUIRE(shares.ok(), Refusal::error("BAL#003"));
    RUNNEL_REQUIRE(shares.value >= Amount{minimum_shares}, Refusal::error("BAL#204"));
    return shares.value;
}

// ---- What calls have in common ----

Result<PoolState*> BalancerWeightedPool::touch(CallContext& context)
{
    context.use_gas(gas::read_pool);
    return &context.write(state_, 0);
}

Result<PoolState*> BalancerWeightedPool::touch_open(CallContext& context)
{
    auto& pool = *RUNNEL_TRY(touch(context));
    RUNNEL_REQUIRE(!pool.total_supply.is_zero(), Refusal::error("BAL#206"));
    return &pool;
}

Result<void> BalancerWeightedPool::pull(
    CallContext& context, PoolState& pool, unsigned token, const Amount& amount)
{
    pool.balances[token] = RUNNEL_TRY(add(pool.balances[token], amount));
    RUNNEL_REQUIRE(pool.balances[token] <= uint112_max, Refusal::error("BAL#526"));
    if (amount.is_zero())
        return {};
    return safely(
        token_[token]->transfer_from(context.as(account()), context.sender(), account(), amount));
}

Result<void> BalancerWeightedPool::pay(
    CallContext& context, PoolState& pool, unsigned token, AccountId to, const Amount& amount)
{
    pool.balances[token] = RUNNEL_TRY(sub(pool.balances[token], amount));
    if (amount.is_zero())
        return {};
    return safely(token_[token]->transfer(context.as(account()), to, amount));
}

Result<void> BalancerWeightedPool::settle(CallContext& context, PoolState& pool, unsigned in,
    unsigned out, const SwapAmounts& amounts, AccountId recipient)
{
    context.emit(id(), SwapLog{pool_id_, tokens_[in], tokens_[out], amounts.in, amounts.out});
    RUNNEL_TRY(pull(context, pool, in, amounts.in));
    RUNNEL_TRY(pay(context, pool, out, recipient, amounts.out));
    context.emit(id(), DexTrade{tokens_[out], tokens_[in], amounts.out, amounts.in, recipient,
                           tokens_[in], amounts.fee});
    return {};
}

/// Mints shares and takes the amounts that they cost.
Result<void> BalancerWeightedPool::join(CallContext& context, PoolState& pool,
    const Tokens& amounts, AccountId recipient, const Amount& shares)
{
    RUNNEL_REQUIRE(recipient != zero_account, Refusal::error("BAL#410"));
    RUNNEL_TRY(book_.mint(context, pool.total_supply, recipient, shares));
    for (unsigned i = 0; i < count(); ++i)
    {
        RUNNEL_TRY(pull(context, pool, i, amounts[i]));
        context.emit(id(), PoolBalanceChange{context.sender(), tokens_[i],
                               Int256::from_magnitude(amounts[i], false)});
    }
    return {};
}

/// Pays amounts for shares that were burnt.
Result<void> BalancerWeightedPool::exit(CallContext& context, PoolState& pool,
    const Tokens& amounts, AccountId recipient, const Amount& shares)
{
    RUNNEL_REQUIRE(
        !book_.lacks_funds(context, context.sender(), shares), Refusal::error("BAL#417"));
    RUNNEL_TRY(book_.burn(context, pool.total_supply, context.sender(), shares));
    for (unsigned i = 0; i < count(); ++i)
    {
        RUNNEL_TRY(pay(context, pool, i, recipient, amounts[i]));
        context.emit(id(), PoolBalanceChange{context.sender(), tokens_[i],
                               Int256::from_magnitude(amounts[i], true)});
    }
    return {};
}

// ---- Swaps ----

Result<Amount> BalancerWeightedPool::swap_given_in(CallContext context, const SwapGivenIn& call)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    RUNNEL_REQUIRE(context.block().timestamp <= call.deadline, Refusal::error("BAL#508"));
    RUNNEL_REQUIRE(!call.amount_in.is_zero(), Refusal::error("BAL#510"));
    RUNNEL_REQUIRE(call.token_in != call.token_out, Refusal::error("BAL#509"));
    const auto in = RUNNEL_TRY(find_token_of(call.token_in));
    const auto out = RUNNEL_TRY(find_token_of(call.token_out));
    auto& pool = *RUNNEL_TRY(touch(context));
    context.use_gas(gas::power);
    const auto amounts = RUNNEL_TRY(given_in(pool, in, out, call.amount_in));
    RUNNEL_REQUIRE(amounts.out >= call.amount_out_min, Refusal::error("BAL#507"));
    RUNNEL_TRY(settle(context, pool, in, out, amounts, call.recipient));
    return amounts.out;
}

Result<Amount> BalancerWeightedPool::swap_given_out(CallContext context, const SwapGivenOut& call)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    RUNNEL_REQUIRE(context.block().timestamp <= call.deadline, Refusal::error("BAL#508"));
    RUNNEL_REQUIRE(!call.amount_out.is_zero(), Refusal::error("BAL#510"));
    RUNNEL_REQUIRE(call.token_in != call.token_out, Refusal::error("BAL#509"));
    const auto in = RUNNEL_TRY(find_token_of(call.token_in));
    const auto out = RUNNEL_TRY(find_token_of(call.token_out));
    auto& pool = *RUNNEL_TRY(touch(context));
    context.use_gas(gas::power);
    const auto amounts = RUNNEL_TRY(given_out(pool, in, out, call.amount_out));
    RUNNEL_REQUIRE(amounts.in <= call.amount_in_max, Refusal::error("BAL#507"));
    RUNNEL_TRY(settle(context, pool, in, out, amounts, call.recipient));
    return amounts.in;
}

// ---- Joins and exits ----

Result<Amount> BalancerWeightedPool::join_exact_tokens_in(
    CallContext context, const JoinExactTokensIn& call)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    const auto amounts = RUNNEL_TRY(amounts_of(call.amounts_in));
    auto& pool = *RUNNEL_TRY(touch(context));
    context.use_gas(gas::power * count());
    auto shares = RUNNEL_TRY(shares_for(pool, amounts));
    if (pool.total_supply.is_zero())
    {
        shares = wrapping_sub(shares, minimum_shares);
        RUNNEL_TRY(book_.mint(context, pool.total_supply, zero_account, minimum_shares));
    }
    else
        RUNNEL_REQUIRE(shares >= call.shares_out_min, Refusal::error("BAL#208"));
    RUNNEL_TRY(join(context, pool, amounts, call.recipient, shares));
    return shares;
}

Result<Returns> BalancerWeightedPool::execute(const JoinTokenIn& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    const auto token = RUNNEL_TRY(find_token_of(call.token));
    auto& pool = *RUNNEL_TRY(touch_open(context));
    context.use_gas(gas::power);
    const auto balance = RUNNEL_TRY(upscaled(token, pool.balances[token]));
    const auto scaled = RUNNEL_TRY(amount_in_given_shares_out_up(
        balance, weights_[token], call.shares_out, pool.total_supply, pool.swap_fee));
    Tokens amounts;
    amounts[token] = RUNNEL_TRY(downscaled_up(token, scaled));
    RUNNEL_REQUIRE(amounts[token] <= call.amount_in_max, Refusal::error("BAL#506"));
    RUNNEL_TRY(join(context, pool, amounts, call.recipient, call.shares_out));
    return Returns{amounts[token]};
}

Result<Returns> BalancerWeightedPool::execute(const JoinAllTokensIn& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    const auto most = RUNNEL_TRY(amounts_of(call.amounts_in_max));
    auto& pool = *RUNNEL_TRY(touch_open(context));
    const auto balances = RUNNEL_TRY(upscaled(pool.balances));
    const auto scaled =
        RUNNEL_TRY(amounts_in_given_shares_out_up(balances, call.shares_out, pool.total_supply));
    Tokens amounts;
    for (unsigned i = 0; i < count(); ++i)
    {
        amounts[i] = RUNNEL_TRY(downscaled_up(i, scaled[i]));
        RUNNEL_REQUIRE(amounts[i] <= most[i], Refusal::error("BAL#506"));
    }
    RUNNEL_TRY(join(context, pool, amounts, call.recipient, call.shares_out));
    return Returns{};
}

Result<Returns> BalancerWeightedPool::execute(const ExitOneToken& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    const auto token = RUNNEL_TRY(find_token_of(call.token));
    auto& pool = *RUNNEL_TRY(touch_open(context));
    context.use_gas(gas::power);
    const auto balance = RUNNEL_TRY(upscaled(token, pool.balances[token]));
    const auto scaled = RUNNEL_TRY(amount_out_given_shares_in_down(
        balance, weights_[token], call.shares_in, pool.total_supply, pool.swap_fee));
    Tokens amounts;
    amounts[token] = RUNNEL_TRY(downscaled_down(token, scaled));
    RUNNEL_REQUIRE(
        !book_.lacks_funds(context, context.sender(), call.shares_in), Refusal::error("BAL#417"));
    RUNNEL_REQUIRE(amounts[token] >= call.amount_out_min, Refusal::error("BAL#505"));
    RUNNEL_TRY(exit(context, pool, amounts, call.recipient, call.shares_in));
    return Returns{amounts[token]};
}

Result<Tokens> BalancerWeightedPool::exit_all_tokens(CallContext context, const ExitAllTokens& call)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    const auto least = RUNNEL_TRY(amounts_of(call.amounts_out_min));
    auto& pool = *RUNNEL_TRY(touch_open(context));
    const auto balances = RUNNEL_TRY(upscaled(pool.balances));
    const auto scaled =
        RUNNEL_TRY(amounts_out_given_shares_in_down(balances, call.shares_in, pool.total_supply));
    RUNNEL_REQUIRE(
        !book_.lacks_funds(context, context.sender(), call.shares_in), Refusal::error("BAL#417"));
    Tokens amounts;
    for (unsigned i = 0; i < count(); ++i)
    {
        amounts[i] = RUNNEL_TRY(downscaled_down(i, scaled[i]));
        RUNNEL_REQUIRE(amounts[i] >= least[i], Refusal::error("BAL#505"));
    }
    RUNNEL_TRY(exit(context, pool, amounts, call.recipient, call.shares_in));
    return amounts;
}

Result<Returns> BalancerWeightedPool::execute(const ExitExactTokens& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    const auto amounts = RUNNEL_TRY(amounts_of(call.amounts_out));
    auto& pool = *RUNNEL_TRY(touch_open(context));
    context.use_gas(gas::power * count());
    const auto balances = RUNNEL_TRY(upscaled(pool.balances));
    const auto scaled = RUNNEL_TRY(upscaled(amounts));
    const auto shares = RUNNEL_TRY(shares_in_given_amounts_out_up(
        balances, weights_, scaled, pool.total_supply, pool.swap_fee));
    RUNNEL_REQUIRE(shares <= call.shares_in_max, Refusal::error("BAL#207"));
    RUNNEL_TRY(exit(context, pool, amounts, call.recipient, shares));
    return Returns{shares};
}

// ---- Shares: BalancerPoolToken ----

Result<void> BalancerWeightedPool::transfer(CallContext context, AccountId to, const Amount& amount)
{
    RUNNEL_REQUIRE(context.sender() != zero_account, Refusal::error("BAL#408"));
    RUNNEL_REQUIRE(to != zero_account, Refusal::error("BAL#409"));
    RUNNEL_REQUIRE(
        !book_.lacks_funds(context, context.sender(), amount), Refusal::error("BAL#416"));
    return book_.transfer(context, context.sender(), to, amount);
}

Result<void> BalancerWeightedPool::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), from));
    const auto spender = context.sender();
    // One's own shares need no allowance.
    RUNNEL_REQUIRE(spender == from || !book_.lacks_allowance(context, from, amount),
        Refusal::error("BAL#414"));
    RUNNEL_TRY(transfer(context.as(from), to, amount));
    if (spender == from)
        return {};
    auto& allowance = context.write(book_.allowances, pair_key(from, spender));
    if (allowance == Amount::max())
        return {};
    allowance = wrapping_sub(allowance, amount);
    context.emit(id(), ApprovalLog{from, spender, allowance});
    return {};
}

Result<Returns> BalancerWeightedPool::execute(const Erc20Transfer& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, call.to, call.value));
    return Returns{1};
}

Result<Returns> BalancerWeightedPool::execute(const Erc20Approve& call, CallContext& context)
{
    RUNNEL_REQUIRE(call.spender != zero_account, Refusal::error("BAL#413"));
    return TokenBase::execute(call, context);
}

// ---- Calls ----

Result<Returns> BalancerWeightedPool::execute(const SwapGivenIn& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(swap_given_in(context, call))};
}

Result<Returns> BalancerWeightedPool::execute(const SwapGivenOut& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(swap_given_out(context, call))};
}

Result<Returns> BalancerWeightedPool::execute(const JoinExactTokensIn& call, CallContext& context)
{
    return Returns{RUNNEL_TRY(join_exact_tokens_in(context, call))};
}

Result<Returns> BalancerWeightedPool::execute(const ExitAllTokens& call, CallContext& context)
{
    const auto amounts = RUNNEL_TRY(exit_all_tokens(context, call));
    Returns returns;  // As many as there is room for.
    returns.count = static_cast<std::uint8_t>(std::min<std::size_t>(count(), 4));
    std::copy_n(amounts.begin(), returns.count, returns.values.begin());
    return returns;
}

Result<Returns> BalancerWeightedPool::execute(
    const SetSwapFeePercentage& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.read(state_, 0).owner == context.sender(), Refusal::error("BAL#401"));
    RUNNEL_REQUIRE(call.swap_fee_percentage >= Amount{swap_fee_min}, Refusal::error("BAL#203"));
    RUNNEL_REQUIRE(call.swap_fee_percentage <= Amount{swap_fee_max}, Refusal::error("BAL#202"));
    context.write(state_, 0).swap_fee = call.swap_fee_percentage;
    context.emit(id(), SwapFeePercentageChangedLog{call.swap_fee_percentage});
    return Returns{};
}

// ---- Accesses ----

void BalancerWeightedPool::declare_swap(ContractId token_in, ContractId token_out, AccountId sender,
    AccountId recipient, AccessCollector& access) const
{
    access.write(state_, 0);
    if (!trades(token_in) || !trades(token_out))
        return;
    token_[number_of(token_in)]->declare_transfer_from(access, account(), sender, account());
    token_[number_of(token_out)]->declare_transfer(access, account(), recipient);
}

void BalancerWeightedPool::declare(
    const SwapGivenIn& call, AccountId sender, AccessCollector& access) const
{
    declare_swap(call.token_in, call.token_out, sender, call.recipient, access);
}

void BalancerWeightedPool::declare(
    const SwapGivenOut& call, AccountId sender, AccessCollector& access) const
{
    declare_swap(call.token_in, call.token_out, sender, call.recipient, access);
}

void BalancerWeightedPool::declare(
    const JoinExactTokensIn& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    for (unsigned i = 0; i < count(); ++i)
        token_[i]->declare_transfer_from(access, account(), sender, account());
    book_.declare_credit(access, call.recipient);
    if (total_supply().is_zero())
        book_.declare_credit(access, zero_account);
}

void BalancerWeightedPool::declare(
    const ExitAllTokens& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    for (unsigned i = 0; i < count(); ++i)
        token_[i]->declare_transfer(access, account(), call.recipient);
    book_.declare_balance(access, sender);
}

}  // namespace runnel::contracts
