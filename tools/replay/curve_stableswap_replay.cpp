#include "tools/replay/curve_stableswap_replay.hpp"

#include "contracts/exchanges/curve_stableswap/pool.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tools/replay/json_fields.hpp"

#include <map>
#include <optional>

namespace runnel::replay
{
namespace
{
using namespace contracts::curve_stableswap;
using contracts::CurveStableSwapPool;
using contracts::Erc20;
using contracts::Sandbox;
using nlohmann::json;

/// Users are numbers and have more coins than they can spend, all of which the pool may take. The
/// owner is somebody else.
class CurveStableSwapReplayer final : public Replayer
{
public:
    void start(const json&) override {}
    void operation(const json& line, Comparison& comparison) override;

private:
    void deploy(const json& args);
    [[nodiscard]] AccountId user(const json& object, const char* name) const;
    [[nodiscard]] AmountList list_of(const json& args, const char* name) const;
    [[nodiscard]] std::int32_t coin_of(const json& args, const char* name) const;
    template <typename Call>
    Sandbox::Outcome run(AccountId sender, const Call& call)
    {
        return sandbox_->run(sender, pool_->id(), call);
    }
    [[nodiscard]] Sandbox::Outcome run(const json& line, std::uint64_t time);
    Sandbox::Outcome set_fee(const json& args, std::uint64_t time);
    void compare_quote(const json& line, std::uint64_t time, Comparison& comparison) const;
    void compare_outcome(const json& line, const Sandbox::Outcome& outcome,
        const std::vector<Amount>& owned_before, Comparison& comparison) const;
    void compare_shares(const json& line, Comparison& comparison) const;
    void compare_state(const json& line, std::uint64_t time, Comparison& comparison) const;
    void compare_list(const char* what, const json& recorded, std::span<const Amount> replayed,
        Comparison& comparison) const;
    [[nodiscard]] std::vector<Amount> owned(AccountId account) const;

    std::unique_ptr<Sandbox> sandbox_;
    CurveStableSwapPool* pool_ = nullptr;
    std::vector<Erc20*> coins_;
    std::vector<AccountId> users_;
    AccountId owner_{};
    std::uint64_t last_time_ = 0;
};

/// A count that may be written as a string.
std::uint64_t number_of(const json& object, const char* name)
{
    return member(object, name).is_string() ? integer_of(object, name) : count_of(object, name);
}

/// What a view that may refuse is recorded as.
std::string text_or_null(const json& value, std::string_view name)
{
    return value.is_null() ? "null" : as_text(value, name);
}
std::string text(const Result<Amount>& result)
{
    return result.has_value() ? result->to_string() : "null";
}

void CurveStableSwapReplayer::deploy(const json& args)
{
    PoolSpec spec;
    const auto& kind = text_of(args, "kind");
    if (kind != "3pool" && kind != "base")
        throw std::invalid_argument{"\"kind\": expected \"3pool\" or \"base\""};
    spec.code = kind == "3pool" ? Code::three_pool : Code::base_template;
    const auto& decimals = member(args, "dec");
    const auto count = count_of(args, "n");
    const auto user_count = count_of(args, "users");
    if (count < 2 || count > coins_max || !decimals.is_array() || decimals.size() != count)
        throw std::invalid_argument{"\"n\": expected 2 to 4 and as many \"dec\""};
    if (user_count == 0 || user_count > 1'000)
        throw std::invalid_argument{"\"users\": expected 1 to 1000"};

    sandbox_ = std::make_unique<Sandbox>();
    owner_ = sandbox_->account("owner");
    coins_.clear();
    for (std::size_t i = 0; i < count; ++i)
    {
        const json digits{{"dec", decimals[i]}};
        const auto places = count_of(digits, "dec");
        if (places > 18)
            throw std::invalid_argument{"\"dec\": expected at most 18"};
        auto& coin = sandbox_->add<Erc20>(fmt::format("coin{}", i),
            TokenInfo{"COIN", static_cast<std::uint8_t>(places)},
            contracts::TokenFlavour::openzeppelin5);
        coins_.push_back(&coin);
        spec.coins.push_back(coin.id());
    }
    spec.a = integer_of(args, "A");
    spec.fee = integer_of(args, "fee");
    spec.admin_fee = integer_of(args, "admin_fee");
    spec.owner = owner_;
    pool_ = &sandbox_->add<CurveStableSwapPool>("pool", spec);
    sandbox_->connect();
    users_.clear();
    for (std::uint64_t i = 0; i < user_count; ++i)
    {
        users_.push_back(sandbox_->account(fmt::format("user/{}", i)));
        for (auto* coin : coins_)
        {
            coin->allocate(users_.back(), Amount::power_of_ten(60));
            sandbox_->run(users_.back(), coin->id(),
                contracts::Erc20Approve{pool_->account(), Amount::max()});
        }
    }
}

AccountId CurveStableSwapReplayer::user(const json& object, const char* name) const
{
    const auto number = number_of(object, name);
    if (number >= users_.size())
        throw std::invalid_argument{fmt::format("\"{}\": {} is no user", name, number)};
    return users_[number];
}

AmountList CurveStableSwapReplayer::list_of(const json& args, const char* name) const
{
    const auto& values = member(args, name);
    if (!values.is_array() || values.size() != coins_.size())
        throw std::invalid_argument{fmt::format("\"{}\": expected an amount per coin", name)};
    AmountList list;
    for (const auto& value : values)
        list.push_back(parse_amount(as_text(value, name)));
    return list;
}

std::int32_t CurveStableSwapReplayer::coin_of(const json& args, const char* name) const
{
    const auto& value = member(args, name);
    if (!value.is_number_integer())
        refuse_field(name, "a whole number", value);
    const auto number = value.get<std::int64_t>();
    return number >= 0 && number < static_cast<std::int64_t>(coins_.size())
               ? static_cast<std::int32_t>(number)
               : -1;
}

std::vector<Amount> CurveStableSwapReplayer::owned(AccountId account) const
{
    std::vector<Amount> amounts;
    for (const auto* coin : coins_)
        amounts.push_back(coin->balance(account));
    return amounts;
}

/// The recorded time is that of the second half: the first was three days before.
Sandbox::Outcome CurveStableSwapReplayer::set_fee(const json& args, std::uint64_t time)
{
    constexpr std::uint64_t delay = 3 * 86'400;
    sandbox_->set_time(std::max(last_time_, time - std::min(time, delay)));
    auto outcome = run(owner_, CommitNewFee{amount_of(args, "fee"), amount_of(args, "admin_fee")});
    sandbox_->set_time(time);
    return outcome.ok() ? run(owner_, ApplyNewFee{}) : std::move(outcome);
}

Sandbox::Outcome CurveStableSwapReplayer::run(const json& line, std::uint64_t time)
{
    const auto& name = text_of(line, "op");
    const auto& args = object_of(line, "a");
    if (name == "ramp_A")
    {
        return run(flag_of(args, "by_owner") ? owner_ : users_.front(),
            RampA{amount_of(args, "A"), number_of(args, "time")});
    }
    if (name == "stop_ramp_A")
        return run(owner_, StopRampA{});
    if (name == "set_fee")
        return set_fee(args, time);
    if (name == "withdraw_admin_fees")
        return run(owner_, WithdrawAdminFees{});
    if (name == "donate_admin_fees")
        return run(owner_, DonateAdminFees{});
    const auto caller = user(line, "u");
    if (name == "exchange")
    {
        return run(caller, Exchange{coin_of(args, "i"), coin_of(args, "j"), amount_of(args, "dx"),
                               amount_of(args, "min"), caller});
    }
    if (name == "add_liquidity")
        return run(caller, AddLiquidity{list_of(args, "amounts"), amount_of(args, "min"), caller});
    if (name == "remove_liquidity")
    {
        return run(
            caller, RemoveLiquidity{amount_of(args, "amount"), list_of(args, "mins"), caller});
    }
    if (name == "remove_liquidity_imbalance")
    {
        return run(caller,
            RemoveLiquidityImbalance{list_of(args, "amounts"), amount_of(args, "max"), caller});
    }
    if (name == "remove_liquidity_one_coin")
    {
        return run(caller, RemoveLiquidityOneCoin{amount_of(args, "amount"), coin_of(args, "i"),
                               amount_of(args, "min"), caller});
    }
    if (name == "lp_transfer")
        return run(caller, contracts::Erc20Transfer{user(args, "to"), amount_of(args, "amount")});
    if (name == "transfer_in")
    {
        const auto coin = coin_of(args, "i");
        if (coin < 0)
            throw std::invalid_argument{"\"i\" is no coin"};
        return sandbox_->run(caller, coins_[static_cast<std::size_t>(coin)]->id(),
            contracts::Erc20Transfer{pool_->account(), amount_of(args, "amount")});
    }
    throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

void CurveStableSwapReplayer::operation(const json& line, Comparison& comparison)
{
    const auto& name = text_of(line, "op");
    const auto time = number_of(line, "t");
    if (name == "deploy")
    {
        deploy(object_of(line, "a"));
        sandbox_->set_time(time);
        last_time_ = time;
        return;
    }
    if (sandbox_ == nullptr)
        throw std::invalid_argument{"an operation comes before \"deploy\""};
    if (time < last_time_)
        throw std::invalid_argument{"\"t\" goes back"};
    sandbox_->set_time(time);
    if (object_of(line, "a").contains("quote"))
        compare_quote(line, time, comparison);
    const auto owned_before = owned(owner_);
    const auto outcome = run(line, time);
    last_time_ = time;
    compare_outcome(line, outcome, owned_before, comparison);
    compare_state(line, time, comparison);
}

void CurveStableSwapReplayer::compare_quote(
    const json& line, std::uint64_t time, Comparison& comparison) const
{
    const auto& name = text_of(line, "op");
    const auto& args = object_of(line, "a");
    const auto quote = [&]() -> Result<Amount>
    {
        if (name == "exchange")
        {
            return pool_->get_dy(
                coin_of(args, "i"), coin_of(args, "j"), amount_of(args, "dx"), time);
        }
        if (name == "remove_liquidity_one_coin")
        {
            return pool_->calc_withdraw_one_coin(
                amount_of(args, "amount"), coin_of(args, "i"), time);
        }
        if (name != "remove_liquidity_imbalance")
            throw std::invalid_argument{fmt::format("\"{}\" has no \"quote\"", name)};
        const auto list = list_of(args, "amounts");
        Coins amounts;
        std::copy(list.begin(), list.end(), amounts.begin());
        return pool_->calc_token_amount(amounts, false, time);
    }();
    comparison.equal("quote", text_or_null(args["quote"], "quote"), text(quote));
}

void CurveStableSwapReplayer::compare_list(const char* what, const json& recorded,
    std::span<const Amount> replayed, Comparison& comparison) const
{
    if (!recorded.is_array())
        refuse_field(what, "a list", recorded);
    comparison.equal(what, std::to_string(recorded.size()), std::to_string(replayed.size()));
    for (std::size_t i = 0; i < recorded.size() && i < replayed.size(); ++i)
    {
        comparison.equal(
            fmt::format("{}[{}]", what, i), as_text(recorded[i], what), replayed[i].to_string());
    }
}

void CurveStableSwapReplayer::compare_outcome(const json& line, const Sandbox::Outcome& outcome,
    const std::vector<Amount>& owned_before, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", ok ? "true" : "false", outcome.ok() ? "true" : "false");
    if (outcome.undeclared_touches != 0)
        comparison.mismatch(fmt::format("{} undeclared touches", outcome.undeclared_touches));
    if (!ok || !outcome.ok())
    {
        const auto& refusal = outcome.receipt.refusal;
        if (ok)
            comparison.mismatch("refused: " + refusal.to_string());
        else if (!outcome.ok())
        {
            comparison.equal("e", text_of(line, "e"),
                refusal.kind == RefusalKind::empty || refusal.kind == RefusalKind::error
                    ? std::string{refusal.text}
                    : refusal.to_string());
        }
        return;
    }
    if (!line.contains("r"))
        return;
    const auto& recorded = object_of(line, "r");
    const auto& name = text_of(line, "op");
    for (const auto& [key, value] : recorded.items())
    {
        const std::span returned{outcome.returns.values.data(), outcome.returns.count};
        if (key == "amounts" && name == "withdraw_admin_fees")
        {
            auto amounts = owned(owner_);
            for (std::size_t i = 0; i < amounts.size(); ++i)
                amounts[i] = wrapping_sub(amounts[i], owned_before[i]);
            compare_list("r.amounts", value, amounts, comparison);
        }
        else if (key == "amounts")
            compare_list("r.amounts", value, returned, comparison);
        else if (key == "dy" || key == "minted" || key == "burned")
        {
            comparison.equal("r." + key, as_text(value, key),
                returned.empty() ? "nothing" : returned.front().to_string());
        }
        else
            throw std::invalid_argument{fmt::format("\"r\" has an unknown \"{}\"", key)};
    }
}

/// What the caller has. Some lines do not say who that is: then it is one of the users.
void CurveStableSwapReplayer::compare_shares(const json& line, Comparison& comparison) const
{
    const auto& recorded = text_of(line, "lp");
    auto holder = line.contains("u") ? user(line, "u") : users_.front();
    for (const auto candidate : users_)
    {
        if (!line.contains("u") && pool_->balance(candidate).to_string() == recorded)
            holder = candidate;
    }
    comparison.equal("lp", recorded, pool_->balance(holder).to_string());
}

void CurveStableSwapReplayer::compare_state(
    const json& line, std::uint64_t time, Comparison& comparison) const
{
    const auto& recorded = object_of(line, "s");
    const std::span balances{pool_->state().balances.data(), coins_.size()};
    compare_list("s.bal", member(recorded, "bal"), balances, comparison);
    std::vector<Amount> admin;
    for (unsigned i = 0; i < coins_.size(); ++i)
        admin.push_back(pool_->admin_balance(i));
    compare_list("s.adm", member(recorded, "adm"), admin, comparison);
    comparison.equal("s.sup", text_of(recorded, "sup"), pool_->total_supply().to_string());
    comparison.equal("s.A", text_of(recorded, "A"), pool_->a_precise(time).to_string());
    comparison.equal("s.fee", text_of(recorded, "fee"), pool_->parameters().fee.to_string());
    comparison.equal(
        "s.admin_fee", text_of(recorded, "admin_fee"), pool_->parameters().admin_fee.to_string());
    comparison.equal(
        "s.vp", text_or_null(member(recorded, "vp"), "vp"), text(pool_->virtual_price(time)));
    if (line.contains("lp"))
        compare_shares(line, comparison);
    Findings findings;
    pool_->check_invariants(sandbox_->world(), findings);
    for (const auto& finding : findings)
        comparison.mismatch(finding);
}
}  // namespace

Protocol curve_stableswap_protocol()
{
    return {"curve-stableswap",
        [](const json& header) { return header.value("protocol", json{}) == "curve-stableswap"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<CurveStableSwapReplayer>(); }};
}

}  // namespace runnel::replay
