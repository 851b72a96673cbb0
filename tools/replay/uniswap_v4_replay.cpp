#include "tools/replay/uniswap_v4_replay.hpp"

#include "contracts/exchanges/uniswap_v4/events.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/uniswap_v4_actor.hpp"

#include <functional>
#include <map>

namespace runnel::replay
{
namespace
{
using namespace contracts::uniswap_v4;
using contracts::Erc20;
using contracts::Sandbox;
using contracts::UniswapV4Manager;
using nlohmann::json;

std::string text(const BalanceDelta& delta, unsigned side)
{
    return delta[side].to_string();
}
json pair_of(const BalanceDelta& delta)
{
    return json::array({text(delta, 0), text(delta, 1)});
}

std::uint32_t small_of(const json& object, const char* name, std::uint64_t max)
{
    const auto value = integer_of(object, name);
    if (value > max)
        throw std::invalid_argument{fmt::format("\"{}\" is above {}", name, max)};
    return static_cast<std::uint32_t>(value);
}

/// One call of the manager; what it returns, as recorded.
using Step = std::function<Result<json>(CallContext&)>;

/// Does what a line says.
struct Act
{
    RUNNEL_CALL("act", 0, 0);

    bool unlocks = false;
    RUNNEL_FIELDS(unlocks);
};

/// Stands for the accounts' own code: it keeps the caller as the sender.
class Actor final : public ContractBase<Actor, Act>
{
public:
    Actor(ContractIdentity identity, UniswapV4Manager& manager, HookLog& log)
      : ContractBase{std::move(identity)}, manager_{manager}, log_{log}
    {}

    [[nodiscard]] static const ContractType& contract_type()
    {
        static const ContractType type{.kind = "recorded_actor",
            .help = "Runs steps.",
            .methods = methods(),
            .events = {},
            .parameters = {}};
        return type;
    }
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    void set_steps(std::vector<Step> steps) { steps_ = std::move(steps); }
    [[nodiscard]] const json& returned() const noexcept { return returned_; }
    /// What a step has cost that is made or not as its caller's delta is.
    void count_gas(std::uint64_t gas) noexcept { gas_ += gas; }
    [[nodiscard]] std::uint64_t gas() const noexcept { return gas_; }

    using ContractBase::declare;
    using ContractBase::execute;
    Result<Returns> execute(const Act& act, CallContext& context)
    {
        // It runs twice: what it touches is found by a dry run.
        log_.clear();
        returned_ = json::array();
        gas_ = 0;
        StepLocker locker{*this};
        RUNNEL_TRY(act.unlocks ? manager_.unlock(context, locker) : locker.unlocked(context));
        return Returns{};
    }

private:
    class StepLocker final : public Locker
    {
    public:
        explicit StepLocker(Actor& actor) noexcept : actor_{actor} {}
        Result<void> unlocked(CallContext& context) override
        {
            for (const auto& step : actor_.steps_)
                actor_.returned_.push_back(RUNNEL_TRY(step(context)));
            return {};
        }

    private:
        Actor& actor_;
    };

    UniswapV4Manager& manager_;
    HookLog& log_;
    std::vector<Step> steps_;
    json returned_;
    std::uint64_t gas_ = 0;
};

class UniswapV4Replayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    [[nodiscard]] AccountId account(const std::string& name) const;
    [[nodiscard]] AccountId account_of(const json& object, const char* name) const
    {
        return account(text_of(object, name));
    }
    [[nodiscard]] ContractId currency(const std::string& name) const;
    [[nodiscard]] ContractId currency_of(const json& object, const char* name) const
    {
        return currency(text_of(object, name));
    }
    [[nodiscard]] PoolKey key_of(const json& entry) const;
    [[nodiscard]] PoolKey pool_of(const json& object) const;
    [[nodiscard]] Step step_of(
        const std::string& name, const json& object, std::uint64_t& gas) const;
    [[nodiscard]] Step pool_step(
        const std::string& name, const json& object, std::uint64_t& gas) const;
    [[nodiscard]] Step claims_step(
        const std::string& name, const json& object, std::uint64_t& gas) const;
    [[nodiscard]] Step auto_step(const std::string& name, const json& object) const;
    template <typename Call>
    [[nodiscard]] Step call_step(const Call& call, std::uint64_t& gas) const;
    void set_hook(const json& line);
    [[nodiscard]] std::string name_of(AccountId account) const;
    [[nodiscard]] std::string text_of_refusal(const Refusal& refusal) const;
    void compare_outcome(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_pool(
        const json& recorded, const std::string& name, bool is_dump, Comparison& comparison) const;
    void compare_state(const json& line, Comparison& comparison);
    void add_account(const std::string& name, const json& address);

    Sandbox sandbox_;
    HookLog log_;
    UniswapV4Manager* manager_ = nullptr;
    Actor* actor_ = nullptr;
    std::map<std::string, AccountId, std::less<>> accounts_;
    std::map<std::string, ContractId, std::less<>> currencies_;
    std::map<std::string, RecordedHook*, std::less<>> hooks_;
    std::map<std::string, PoolKey, std::less<>> keys_;
};

void UniswapV4Replayer::add_account(const std::string& name, const json& address)
{
    const auto parsed = Address::from_string(as_text(address, name));
    if (!parsed.has_value())
        throw std::invalid_argument{fmt::format("the address of \"{}\" is none", name)};
    if (accounts_.contains(name) || sandbox_.world().find_account(*parsed).has_value())
        throw std::invalid_argument{fmt::format("\"{}\" is there twice", name)};
    accounts_.emplace(name, sandbox_.world().add_account({name, "wallet", "", *parsed, {}}));
}

void UniswapV4Replayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    auto& world = sandbox_.world();
    accounts_.emplace("ZERO", zero_account);
    add_account("OWNER", member(setup, "OWNER"));
    add_account("PM", member(setup, "poolManager"));
    std::vector<AccountId> holders;
    for (const auto& [name, address] : object_of(setup, "actors").items())
    {
        add_account(name, address);
        holders.push_back(accounts_.at(name));
    }
    for (const auto& [name, hook] : object_of(setup, "hooks").items())
    {
        add_account(name, member(hook, "address"));
        holders.push_back(accounts_.at(name));
        hooks_.emplace(name, &sandbox_.add<RecordedHook>(name,
                                 static_cast<Permissions>(small_of(hook, "flags", 0x3FFF)), log_));
    }
    const auto& funds = object_of(setup, "actorAndHookBalance");
    // By address, as pools order them.
    std::map<Address, std::string> tokens;
    for (const auto& [name, address] : object_of(setup, "currencies").items())
    {
        if (name == "ETH")
            continue;
        add_account(name, address);
        tokens.emplace(world.account(accounts_.at(name)).address, name);
    }
    currencies_.emplace("ETH", native_coin);
    for (const auto& [address, name] : tokens)
    {
        auto& token =
            sandbox_.add<Erc20>(name, TokenInfo{name, 18}, contracts::TokenFlavour::uniswap);
        currencies_.emplace(name, token.id());
    }
    for (const auto& [name, value] : funds.items())
    {
        const auto amount = parse_amount(as_text(value, name));
        if ((Checked{amount} * holders.size()).fault != Fault::none)
            throw std::invalid_argument{"the balances exceed 256 bits"};
        const auto token = currency(name);
        for (const auto holder : holders)
        {
            if (token == native_coin)
                world.account_states.at(holder).balance = amount;
            else
                dynamic_cast<Erc20&>(world.contract(token)).allocate(holder, amount);
        }
    }
    manager_ = &sandbox_.add<UniswapV4Manager>("PM", account_of(setup, "owner"));
    actor_ = &sandbox_.add<Actor>("actor", *manager_, log_);
    for (const auto& entry : member(setup, "pools"))
    {
        if (!keys_.emplace(text_of(entry, "id"), key_of(entry)).second)
            throw std::invalid_argument{
                fmt::format("two pools are called \"{}\"", text_of(entry, "id"))};
    }
    sandbox_.connect();
}

AccountId UniswapV4Replayer::account(const std::string& name) const
{
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no account of this file", name)};
    return found->second;
}

ContractId UniswapV4Replayer::currency(const std::string& name) const
{
    const auto found = currencies_.find(name);
    if (found == currencies_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no currency of this file", name)};
    return found->second;
}

PoolKey UniswapV4Replayer::key_of(const json& entry) const
{
    return {currency_of(entry, "currency0"), currency_of(entry, "currency1"),
        small_of(entry, "fee", 0xFFFFFF), tick_of(entry, "tickSpacing"), account_of(entry, "hook")};
}

/// Of the pool that a step names, or of one of its own.
PoolKey UniswapV4Replayer::pool_of(const json& object) const
{
    if (object.contains("badKey"))
        return key_of(object["badKey"]);
    const auto found = keys_.find(text_of(object, "p"));
    if (found == keys_.end())
        throw std::invalid_argument{
            fmt::format("\"{}\" is no pool of this file", text_of(object, "p"))};
    return found->second;
}

template <typename Call>
Step UniswapV4Replayer::call_step(const Call& call, std::uint64_t& gas) const
{
    gas += Call::gas;
    return [this, call](CallContext& context) -> Result<json>
    {
        RUNNEL_TRY(manager_->execute(call, context));
        return json{};
    };
}

Step UniswapV4Replayer::pool_step(
    const std::string& name, const json& object, std::uint64_t& gas) const
{
    const auto key = pool_of(object);
    if (name == "initialize")
    {
        gas += Initialize::gas;
        return [this, key, price = amount_of(object, "sqrtPriceX96")](
                   CallContext& context) -> Result<json>
        { return json(std::to_string(RUNNEL_TRY(manager_->initialize(context, key, price)))); };
    }
    if (name == "modifyLiquidity")
    {
        const auto liquidity = signed_of(object, "liquidityDelta");
        gas += ModifyLiquidity::gas -
               (Int256{} < liquidity ? 0 : contracts::uniswap_v4::gas::removal_saves);
        const ModifyParams params{tick_of(object, "tickLower"), tick_of(object, "tickUpper"),
            liquidity, amount_of(object, "salt")};
        return [this, key, params](CallContext& context) -> Result<json>
        {
            const auto change = RUNNEL_TRY(manager_->modify_liquidity(context, key, params));
            return json::array({pair_of(change.caller), pair_of(change.fees)});
        };
    }
    if (name == "swap")
    {
        gas += Swap::gas;
        const SwapParams params{flag_of(object, "zeroForOne"), signed_of(object, "amountSpecified"),
            amount_of(object, "sqrtPriceLimitX96")};
        return [this, key, params](CallContext& context) -> Result<json>
        { return pair_of(RUNNEL_TRY(manager_->swap(context, key, params, context.sender()))); };
    }
    if (name == "donate")
    {
        gas += Donate::gas;
        return [this, key, amount0 = amount_of(object, "amount0"),
                   amount1 = amount_of(object, "amount1")](CallContext& context) -> Result<json>
        { return pair_of(RUNNEL_TRY(manager_->donate(context, key, amount0, amount1))); };
    }
    const auto fee = small_of(object, "fee", 0xFFFFFF);
    if (name == "setProtocolFee")
        return call_step(SetProtocolFee{key, fee}, gas);
    if (name == "updateDynamicLPFee")
        return call_step(UpdateDynamicLpFee{key, fee}, gas);
    if (name == "hookPush")
    {
        gas += UpdateDynamicLpFee::gas;
        return [this, key, fee, hook = account_of(object, "hook")](
                   CallContext& context) -> Result<json>
        {
            RUNNEL_TRY(manager_->update_dynamic_lp_fee(context.as(hook), key, fee));
            return json{};
        };
    }
    throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

Step UniswapV4Replayer::claims_step(
    const std::string& name, const json& object, std::uint64_t& gas) const
{
    const auto token = currency_of(object, "c");
    const auto amount = amount_of(object, "amount");
    if (name == "transfer6909")
        return call_step(TransferClaims{account_of(object, "receiver"), token, amount}, gas);
    if (name == "approve6909")
        return call_step(ApproveClaims{account_of(object, "spender"), token, amount}, gas);
    if (name == "transferFrom6909")
    {
        return call_step(TransferClaimsFrom{account_of(object, "sender6909"),
                             account_of(object, "receiver"), token, amount},
            gas);
    }
    if (name == "mint")
        return call_step(Mint{account_of(object, "to"), token, amount}, gas);
    if (name == "burn")
        return call_step(Burn{account_of(object, "from"), token, amount}, gas);
    if (name == "take")
        return call_step(Take{token, account_of(object, "to"), amount}, gas);
    if (name == "clear")
        return call_step(Clear{token, amount}, gas);
    if (name == "collectProtocolFees")
    {
        gas += CollectProtocolFees::gas;
        const CollectProtocolFees call{account_of(object, "recipient"), token, amount};
        return [this, call](CallContext& context) -> Result<json>
        { return json(RUNNEL_TRY(manager_->execute(call, context)).values[0].to_string()); };
    }
    if (name == "pay")
    {
        gas += contracts::Erc20Transfer::gas;
        return [this, token, amount](CallContext& context) -> Result<json>
        {
            RUNNEL_TRY(contracts::token_at(context.world(), token)
                           .transfer(context, manager_->account(), amount));
            return json{};
        };
    }
    throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

/// What depends on the delta that its caller has by then.
Step UniswapV4Replayer::auto_step(const std::string& name, const json& object) const
{
    const auto token = currency_of(object, "c");
    using Deed = std::function<Result<void>(CallContext&, const Amount&)>;
    const bool owes = name == "settleAll" || name == "burnAll";
    Deed deed;
    std::uint64_t deed_gas = 0;
    if (name == "settleAll")
    {
        deed_gas = Sync::gas + Settle::gas;
        if (token != native_coin)
            deed_gas += contracts::Erc20Transfer::gas;
        deed = [this, token](CallContext& context, const Amount& amount) -> Result<void>
        {
            RUNNEL_TRY(manager_->sync(context, token));
            const bool is_native = token == native_coin;
            if (!is_native)
            {
                RUNNEL_TRY(contracts::token_at(context.world(), token)
                               .transfer(context, manager_->account(), amount));
            }
            RUNNEL_TRY(manager_->settle(context, context.sender(), is_native ? amount : Amount{}));
            return {};
        };
    }
    else if (name == "burnAll")
    {
        deed_gas = Burn::gas;
        deed = [this, token, from = account_of(object, "from")](CallContext& context,
                   const Amount& amount) { return manager_->burn(context, from, token, amount); };
    }
    else if (name == "takeAll")
    {
        deed_gas =
            Take::gas - (token == native_coin ? contracts::uniswap_v4::gas::native_saves : 0);
        deed = [this, token, to = account_of(object, "to")](CallContext& context,
                   const Amount& amount) { return manager_->take(context, token, to, amount); };
    }
    else if (name == "mintAll")
    {
        deed_gas = Mint::gas;
        deed = [this, token, to = account_of(object, "to")](CallContext& context,
                   const Amount& amount) { return manager_->mint(context, to, token, amount); };
    }
    else
    {
        deed_gas = Clear::gas;
        deed = [this, token](CallContext& context, const Amount& amount)
        { return manager_->clear(context, token, amount); };
    }
    return [this, token, owes, deed, deed_gas](CallContext& context) -> Result<json>
    {
        const auto delta = manager_->delta(context, context.sender(), token);
        if (!delta.is_zero() && delta.is_negative() == owes)
        {
            actor_->count_gas(deed_gas);
            RUNNEL_TRY(deed(context, delta.magnitude()));
        }
        return json(delta.to_string());
    };
}

Step UniswapV4Replayer::step_of(
    const std::string& name, const json& object, std::uint64_t& gas) const
{
    if (name == "initialize" || name == "modifyLiquidity" || name == "swap" || name == "donate" ||
        name == "setProtocolFee" || name == "updateDynamicLPFee" || name == "hookPush")
        return pool_step(name, object, gas);
    if (name.ends_with("All"))
        return auto_step(name, object);
    if (name == "sync")
        return call_step(Sync{currency_of(object, "c")}, gas);
    if (name == "settle" || name == "settleFor")
    {
        gas += Settle::gas;
        const auto value = amount_of(object, "value");
        const auto for_another = name == "settleFor";
        const auto recipient = for_another ? account_of(object, "recipient") : zero_account;
        return [this, value, for_another, recipient](CallContext& context) -> Result<json>
        {
            return json(RUNNEL_TRY(
                manager_->settle(context, for_another ? recipient : context.sender(), value))
                            .to_string());
        };
    }
    if (name == "unlock")
    {
        return [this](CallContext& context) -> Result<json>
        {
            const Unlock call;
            RUNNEL_TRY(manager_->execute(call, context));
            return json{};
        };
    }
    if (name == "setProtocolFeeController")
        return call_step(SetProtocolFeeController{account_of(object, "controller")}, gas);
    if (name == "setOperator")
    {
        return call_step(
            SetOperator{account_of(object, "operator"), flag_of(object, "approved")}, gas);
    }
    return claims_step(name, object, gas);
}

void UniswapV4Replayer::set_hook(const json& line)
{
    const auto found = hooks_.find(text_of(line, "hook"));
    if (found == hooks_.end())
        throw std::invalid_argument{
            fmt::format("\"{}\" is no hook of this file", text_of(line, "hook"))};
    found->second->set({small_of(line, "fee", 0xFFFFFF), signed_of(line, "bsSpec"),
        signed_of(line, "bsUnspec"), signed_of(line, "asUnspec"),
        {signed_of(line, "lq0"), signed_of(line, "lq1")}, integer_of(line, "settleMode"),
        integer_of(line, "revertMask"), integer_of(line, "badMask"), flag_of(line, "pushOn"),
        small_of(line, "pushFee", 0xFFFFFF)});
}

void UniswapV4Replayer::operation(const json& line, Comparison& comparison)
{
    const auto& name = text_of(line, "op");
    if (name == "dump")
        return compare_pool(line, text_of(line, "p"), true, comparison);
    if (name == "hookSet")
        return set_hook(line);
    std::uint64_t gas = 0;
    std::vector<Step> steps;
    const bool unlocks = name == "unlock";
    if (unlocks)
    {
        gas += Unlock::gas;
        for (const auto& step : member(line, "steps"))
        {
            steps.push_back(step_of(text_of(step, "s"), step, gas));
        }
    }
    else
        steps.push_back(step_of(name, line, gas));
    actor_->set_steps(std::move(steps));
    sandbox_.set_time(integer_of(line, "t"));
    const auto outcome = sandbox_.run(account_of(line, "sender"), actor_->id(), Act{unlocks});
    compare_outcome(line, outcome, comparison);
    compare_state(line, comparison);
    if (!outcome.ok() || !line.contains("gasTx"))
        return;
    // The recordings' own router: its entry, and what it decodes for each step; where it depends on
    // the caller's delta, it asks the manager for that.
    std::uint64_t router = 0;
    if (unlocks)
    {
        router = 8'000;
        for (const auto& step : line["steps"])
            router += text_of(step, "s").ends_with("All") ? 9'000 : 1'500;
    }
    const auto recorded = integer_of(line, "gasTx");
    if (recorded > router)
    {
        comparison.gas(unlocks && line.contains("tag") ? text_of(line, "tag") : name,
            {recorded - router, outcome.receipt.gas_used + gas + actor_->gas()});
    }
}

std::string UniswapV4Replayer::name_of(AccountId wanted) const
{
    for (const auto& [name, account] : accounts_)
    {
        if (account == wanted)
            return name;
    }
    return fmt::format("#{}", index(wanted));
}

std::string UniswapV4Replayer::text_of_refusal(const Refusal& refusal) const
{
    // The recordings' own tokens name what is missing; ours are worded as ds-math.
    constexpr std::string_view ours = "ds-math-sub-underflow";
    constexpr std::string_view theirs = "balance";
    std::vector<std::string> arguments;
    for (unsigned i = 0; i < refusal.argument_count; ++i)
    {
        const auto& value = refusal.arguments[i];
        const bool is_account = (refusal.account_mask >> i & 1U) != 0;
        const bool is_signed = (refusal.account_mask >> (i + 4U) & 1U) != 0;
        arguments.push_back(is_account
                                ? name_of(AccountId{static_cast<std::uint32_t>(value.low64())})
                            : is_signed ? Int256::from_bits(value).to_string()
                                        : value.to_string());
    }
    std::string text;
    switch (refusal.kind)
    {
        case RefusalKind::empty: return "";
        case RefusalKind::invalid_opcode: return "(invalid opcode)";
        case RefusalKind::ledger:
        case RefusalKind::panic: return refusal.to_string();
        case RefusalKind::custom:
            return fmt::format("{}({})", refusal.text, fmt::join(arguments, ","));
        case RefusalKind::error: text = refusal.text; break;
    }
    if (!text.starts_with("WrappedError("))
        text = fmt::format("Error({})", text);
    std::size_t at = 0;
    for (const auto& argument : arguments)
    {
        at = text.find("{}", at);
        if (at == std::string::npos)
            break;
        text.replace(at, 2, argument);
        at += argument.size();
    }
    if (const auto found = text.find(ours); found != std::string::npos)
        text.replace(found, ours.size(), theirs);
    return text;
}

void UniswapV4Replayer::compare_outcome(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", ok ? "true" : "false", outcome.ok() ? "true" : "false");
    if (!outcome.ok())
    {
        const auto reason = text_of_refusal(outcome.receipt.refusal);
        if (ok)
            comparison.mismatch("refused: " + reason);
        else
            comparison.equal("err", text_of(line, "err"), reason);
        return;
    }
    if (!ok)
        return;
    if (line.contains("ret"))
    {
        const auto& returned = actor_->returned();
        const bool is_list = text_of(line, "op") == "unlock";
        comparison.equal("ret", line["ret"].dump(), (is_list ? returned : returned.at(0)).dump());
    }
    auto swaps = json::array();
    for (const auto& event : outcome.block.events)
    {
        SwapLog swap;
        if (event.type != &event_type<SwapLog> || !decode(outcome.block.encoding(event), swap))
            continue;
        std::string pool = "?";
        for (const auto& [name, key] : keys_)
        {
            if (manager_->identity(manager_->find_pool(key)).id == swap.id)
                pool = name;
        }
        swaps.push_back(json::array({pool, swap.amount0.to_string(), swap.amount1.to_string(),
            swap.sqrt_price_x96.to_string(), swap.liquidity.to_string(), std::to_string(swap.tick),
            std::to_string(swap.fee)}));
    }
    comparison.equal("events", line.value("events", json::array()).dump(), swaps.dump());
    auto callbacks = json::array();
    for (const auto& [hook, number] : log_)
        callbacks.push_back(json::array({hook, std::to_string(number)}));
    comparison.equal("hooks", line.value("hooks", json::array()).dump(), callbacks.dump());
}

void UniswapV4Replayer::compare_pool(
    const json& recorded, const std::string& name, bool is_dump, Comparison& comparison) const
{
    const auto found = keys_.find(name);
    if (found == keys_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no pool of this file", name)};
    const auto number = manager_->find_pool(found->second);
    const auto& pool = manager_->pool(number);
    const auto compare = [&](const std::string& what, const json& wanted, const json& replayed)
    { comparison.equal(fmt::format("{}.{}", name, what), wanted.dump(), replayed.dump()); };
    compare("slot0", member(recorded, "slot0"),
        json::array({pool.sqrt_price_x96.to_string(), std::to_string(pool.tick),
            std::to_string(pool.protocol_fee), std::to_string(pool.lp_fee)}));
    compare("liquidity", member(recorded, "liquidity"), pool.liquidity.to_string());
    compare("feeGrowthGlobal0X128", member(recorded, "feeGrowthGlobal0X128"),
        pool.fee_growth_global0_x128.to_string());
    compare("feeGrowthGlobal1X128", member(recorded, "feeGrowthGlobal1X128"),
        pool.fee_growth_global1_x128.to_string());
    if (recorded.contains("ticks"))
    {
        for (const auto& values : recorded["ticks"])
        {
            const json key{{"tick", values.at(0)}};
            const auto tick = tick_of(key, "tick");
            const auto& info = tick >= contracts::uniswap_v3::min_tick &&
                                       tick <= contracts::uniswap_v3::max_tick && number != 0
                                   ? manager_->tick_info(number, tick)
                                   : TickInfo{};
            compare("tick", values,
                json::array({std::to_string(tick), info.liquidity_gross.to_string(),
                    info.liquidity_net.to_string(), info.fee_growth_outside0_x128.to_string(),
                    info.fee_growth_outside1_x128.to_string()}));
        }
        if (is_dump)
            compare("number of ticks", recorded["ticks"].size(),
                number == 0 ? 0 : manager_->initialized_ticks(number).size());
    }
    if (recorded.contains("bitmap"))
    {
        for (const auto& [position, word] : object_of(recorded, "bitmap").items())
        {
            const json key{{"word", position}};
            compare("bitmap." + position, word,
                manager_->bitmap_word(number, tick_of(key, "word")).to_string());
        }
    }
    if (recorded.contains("positions"))
    {
        for (const auto& values : recorded["positions"])
        {
            const json key{
                {"lower", values.at(1)}, {"upper", values.at(2)}, {"salt", values.at(3)}};
            const auto& position =
                manager_->position({number, account(as_text(values.at(0), "positions")),
                    tick_of(key, "lower"), tick_of(key, "upper"), amount_of(key, "salt")});
            compare("position", values,
                json::array({values.at(0), values.at(1), values.at(2), values.at(3),
                    position.liquidity.to_string(),
                    position.fee_growth_inside0_last_x128.to_string(),
                    position.fee_growth_inside1_last_x128.to_string()}));
        }
    }
}

void UniswapV4Replayer::compare_state(const json& line, Comparison& comparison)
{
    const auto each_amount = [&](const char* what, auto&& replayed)
    {
        if (!line.contains(what))
            return;
        for (const auto& [owner, amounts] : object_of(line, what).items())
        {
            for (const auto& [name, amount] : amounts.items())
            {
                comparison.equal(fmt::format("{}.{}.{}", what, owner, name), as_text(amount, what),
                    replayed(account(owner), currency(name)).to_string());
            }
        }
    };
    const auto& world = sandbox_.world();
    each_amount("bal",
        [&](AccountId owner, ContractId token)
        {
            return token == native_coin ? world.account_states.get(owner).balance
                                        : contracts::token_at(world, token).holding(owner);
        });
    each_amount("claims",
        [&](AccountId owner, ContractId token) { return manager_->claims(owner, token); });
    if (line.contains("accrued"))
    {
        for (const auto& [name, amount] : object_of(line, "accrued").items())
        {
            comparison.equal("accrued." + name, as_text(amount, "accrued"),
                manager_->protocol_fees(currency(name)).to_string());
        }
    }
    if (line.contains("pools"))
    {
        for (const auto& [name, pool] : object_of(line, "pools").items())
            compare_pool(pool, name, false, comparison);
    }
    if (line.contains("allowanceAfter"))
    {
        comparison.equal("allowanceAfter", text_of(line, "allowanceAfter"),
            manager_
                ->claims_allowance(account_of(line, "sender6909"), account_of(line, "sender"),
                    currency_of(line, "c"))
                .to_string());
    }
    Findings findings;
    manager_->check_invariants(world, findings);
    for (const auto& finding : findings)
        comparison.mismatch(finding);
}
}  // namespace

Protocol uniswap_v4_protocol()
{
    return {"uniswap-v4",
        [](const json& header) { return header.value("protocol", json{}) == "uniswap-v4"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<UniswapV4Replayer>(); }};
}

}  // namespace runnel::replay
