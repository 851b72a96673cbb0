#include "tools/replay/comet_replay.hpp"

#include "contracts/lending/comet/comet.hpp"
#include "contracts/lending/comet/events.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "tools/replay/faucet_token.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/refusal_text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace runnel::replay
{
namespace
{
using namespace contracts::comet;
using contracts::Comet;
using contracts::Erc20Approve;
using contracts::Erc20Transfer;
using contracts::Erc20TransferFrom;
using contracts::PriceOracle;
using contracts::Sandbox;
using contracts::SetPrice;
using nlohmann::json;

/// Comet takes no price of 0 or below: here both are 0.
Amount price_of(const json& object, const char* name)
{
    const auto price = signed_of(object, name);
    return price.is_negative() ? Amount{} : price.bits;
}

class CometReplayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    FaucetToken& add_token(const json& fields, std::vector<contracts::TokenPrice>& prices);
    [[nodiscard]] AccountId account(const std::string& name) const;
    [[nodiscard]] AccountId account_in(const json& line, const char* field) const
    {
        return account(text_of(line, field));
    }
    [[nodiscard]] FaucetToken& token(const std::string& name) const;
    /// Of an address that is no token: no contract.
    [[nodiscard]] ContractId asset_in(const json& line, const char* field) const;
    void add_call(CallWriter& calls, const json& line) const;
    [[nodiscard]] bool add_plain_call(CallWriter& calls, const json& line) const;
    [[nodiscard]] std::string name_of(AccountId account) const;
    [[nodiscard]] std::string name_of(ContractId token) const;
    [[nodiscard]] std::vector<std::vector<std::string>> events_of(
        const Sandbox::Outcome& outcome) const;
    void compare_outcome(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_state(const json& line, Comparison& comparison);
    void compare_user(const std::string& name, const json& recorded, std::uint64_t now,
        Comparison& comparison) const;

    Sandbox sandbox_;
    PriceOracle* oracle_ = nullptr;
    Comet* comet_ = nullptr;
    AccountId keeper_{};
    std::map<std::string, AccountId, std::less<>> accounts_;
    std::vector<std::pair<std::string, FaucetToken*>> tokens_;  // The base, then by offset.
};

FaucetToken& CometReplayer::add_token(
    const json& fields, std::vector<contracts::TokenPrice>& prices)
{
    constexpr std::uint64_t decimals_max = 36;
    const auto& name = text_of(fields, "sym");
    const auto decimals = integer_of(fields, "decimals");
    if (decimals > decimals_max || sandbox_.world().find_account(name))
        throw std::invalid_argument{"a token has a name twice or more than 36 decimals"};
    auto& token =
        sandbox_.add<FaucetToken>(name, TokenInfo{name, static_cast<std::uint8_t>(decimals)});
    tokens_.emplace_back(name, &token);
    const auto funds = amount_of(fields, "userBalance");
    if (!(Checked{funds} * accounts_.size()).ok())
        throw std::invalid_argument{"the users' balances exceed 256 bits"};
    for (const auto& [user, id] : accounts_)
        (void)token.allocate(sandbox_.world(), id, funds);
    prices.push_back({token.id(), price_of(fields, "price")});
    return token;
}

void CometReplayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    for (const auto& [name, address] : object_of(setup, "users").items())
        accounts_.emplace(name, sandbox_.account(name));
    const auto users = accounts_;
    keeper_ = sandbox_.account("keeper");

    CometSpec spec;
    std::vector<contracts::TokenPrice> prices;
    spec.base_token = add_token(object_of(setup, "base"), prices).id();
    if (member(setup, "assets").size() > Comet::assets_max)
        throw std::invalid_argument{"there are too many assets"};
    for (const auto& fields : member(setup, "assets"))
    {
        // As Comet keeps them: factors with four decimals, caps in whole tokens.
        const auto factor = [&](const char* name)
        {
            const Amount step{100'000'000'000'000};
            return wrapping_mul(div_down(amount_of(fields, name), step), step);
        };
        AssetSpec asset;
        asset.token = add_token(fields, prices).id();
        asset.borrow_collateral_factor = factor("borrowCollateralFactor");
        asset.liquidate_collateral_factor = factor("liquidateCollateralFactor");
        asset.liquidation_factor = factor("liquidationFactor");
        asset.supply_cap = div_down(amount_of(fields, "supplyCap"),
            Amount::power_of_ten(static_cast<unsigned>(integer_of(fields, "decimals"))));
        spec.assets.push_back(asset);
    }
    const auto& rates = object_of(setup, "perYear");
    spec.supply =
        RateCurve::per_year(amount_of(rates, "supplyKink"), amount_of(rates, "supplySlopeLow"),
            amount_of(rates, "supplySlopeHigh"), amount_of(rates, "supplyBase"));
    spec.borrow =
        RateCurve::per_year(amount_of(rates, "borrowKink"), amount_of(rates, "borrowSlopeLow"),
            amount_of(rates, "borrowSlopeHigh"), amount_of(rates, "borrowBase"));
    spec.store_front_price_factor = amount_of(setup, "storeFrontPriceFactor");
    spec.tracking_index_scale = integer_of(setup, "trackingIndexScale");
    spec.base_tracking_supply_speed = integer_of(setup, "baseTrackingSupplySpeed");
    spec.base_tracking_borrow_speed = integer_of(setup, "baseTrackingBorrowSpeed");
    spec.base_min_for_rewards = amount_of(setup, "baseMinForRewards");
    spec.base_borrow_min = amount_of(setup, "baseBorrowMin");
    spec.target_reserves = amount_of(setup, "targetReserves");
    spec.governor = text_of(setup, "governor");
    spec.pause_guardian = text_of(setup, "pauseGuardian");
    for (const auto& name : {spec.governor, spec.pause_guardian})
        accounts_.emplace(name, sandbox_.account(name));
    oracle_ = &sandbox_.add<PriceOracle>("oracle", "keeper", prices);
    spec.price_source = oracle_->id();
    comet_ = &sandbox_.add<Comet>("COMET", std::move(spec), integer_of(setup, "t0"));
    accounts_.emplace("COMET", comet_->account());
    accounts_.emplace("ZERO", zero_account);
    sandbox_.connect();
    for (const auto& [name, user] : users)
    {
        CallWriter calls;
        for (const auto& [symbol, item] : tokens_)
            calls.add(item->id(), Erc20Approve{comet_->account(), Amount::max()});
        if (!sandbox_.run(user, calls).ok())
            throw std::invalid_argument{"the users cannot approve Comet"};
    }
}

AccountId CometReplayer::account(const std::string& name) const
{
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no account of this file", name)};
    return found->second;
}

FaucetToken& CometReplayer::token(const std::string& name) const
{
    for (const auto& [symbol, item] : tokens_)
    {
        if (symbol == name)
            return *item;
    }
    throw std::invalid_argument{fmt::format("\"{}\" is no token of this file", name)};
}

ContractId CometReplayer::asset_in(const json& line, const char* field) const
{
    const auto& name = text_of(line, field);
    return name == "BADTOKEN" ? no_contract : token(name).id();
}

bool CometReplayer::add_plain_call(CallWriter& calls, const json& line) const
{
    const auto& op = text_of(line, "op");
    const auto amount = [&line](const char* field) { return amount_of(line, field); };
    if (op == "setPrice")
    {
        calls.add(
            oracle_->id(), SetPrice{token(text_of(line, "asset")).id(), price_of(line, "price")});
    }
    else if (op == "faucet")
        calls.add(token(text_of(line, "asset")).id(), Faucet{amount("amount")});
    else if (op == "donate")
    {
        calls.add(
            token(text_of(line, "asset")).id(), Erc20Transfer{comet_->account(), amount("amount")});
    }
    else
        return false;
    return true;
}

void CometReplayer::add_call(CallWriter& calls, const json& line) const
{
    if (add_plain_call(calls, line))
        return;
    const auto& op = text_of(line, "op");
    const auto amount = [&line](const char* field) { return amount_of(line, field); };
    const auto who = [&](const char* field) { return account_in(line, field); };
    const auto add = [&](const auto& call) { calls.add(comet_->id(), call); };
    if (op == "supply")
        add(Supply{asset_in(line, "asset"), amount("amount")});
    else if (op == "supplyTo")
        add(SupplyTo{who("dst"), asset_in(line, "asset"), amount("amount")});
    else if (op == "supplyFrom")
        add(SupplyFrom{who("src"), who("dst"), asset_in(line, "asset"), amount("amount")});
    else if (op == "withdraw")
        add(Withdraw{asset_in(line, "asset"), amount("amount")});
    else if (op == "withdrawTo")
        add(WithdrawTo{who("to"), asset_in(line, "asset"), amount("amount")});
    else if (op == "withdrawFrom")
        add(WithdrawFrom{who("src"), who("to"), asset_in(line, "asset"), amount("amount")});
    else if (op == "transfer")
        add(Erc20Transfer{who("dst"), amount("amount")});
    else if (op == "transferFrom")
        add(Erc20TransferFrom{who("src"), who("dst"), amount("amount")});
    else if (op == "transferAsset")
        add(TransferAsset{who("dst"), asset_in(line, "asset"), amount("amount")});
    else if (op == "transferAssetFrom")
        add(TransferAssetFrom{who("src"), who("dst"), asset_in(line, "asset"), amount("amount")});
    else if (op == "allow")
        add(Allow{who("manager"), flag_of(line, "isAllowed")});
    else if (op == "approve")
        add(Erc20Approve{who("spender"), amount("amount")});
    else if (op == "accrueAccount")
        add(AccrueAccount{who("account")});
    else if (op == "absorb")
    {
        Absorb call;
        call.absorber = who("absorber");
        if (member(line, "accounts").size() > accounts_per_call_max)
            throw std::invalid_argument{"there are too many accounts in one call"};
        for (const auto& item : member(line, "accounts"))
            call.accounts.push_back(account(as_text(item, "accounts")));
        add(call);
    }
    else if (op == "buyCollateral")
    {
        add(BuyCollateral{
            asset_in(line, "asset"), amount("minAmount"), amount("baseAmount"), who("recipient")});
    }
    else if (op == "withdrawReserves")
        add(WithdrawReserves{who("to"), amount("amount")});
    else if (op == "pause")
    {
        std::array<bool, 5> flags{};
        const auto& recorded = member(line, "flags");
        if (!recorded.is_array() || recorded.size() != flags.size())
            throw std::invalid_argument{"\"flags\": expected five of them"};
        for (std::size_t i = 0; i < flags.size(); ++i)
            flags.at(i) = recorded[i].get<bool>();
        add(Pause{flags[0], flags[1], flags[2], flags[3], flags[4]});
    }
    else
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", op)};
}

void CometReplayer::operation(const json& line, Comparison& comparison)
{
    sandbox_.set_time(integer_of(line, "t"));
    CallWriter calls;
    add_call(calls, line);
    // Whoever sets a price in the recording, here it is the feed's keeper.
    const auto sender = text_of(line, "op") == "setPrice" ? keeper_ : account_in(line, "from");
    const auto outcome = sandbox_.run(sender, calls);
    compare_outcome(line, outcome, comparison);
    compare_state(line, comparison);
    if (line.contains("gasTx"))
    {
        // The actor's own contract, and the calldata that it hands on.
        constexpr std::uint64_t actor_gas = 5'573;
        const auto& op = text_of(line, "op");
        // Tokens and oracles are the recordings' own.
        if (op == "setPrice" || op == "faucet" || op == "donate")
            return;
        comparison.gas(flag_of(line, "ok") ? op : fmt::format("{}: {}", op, recorded_revert(line)),
            {std::max(integer_of(line, "gasTx"), actor_gas) - actor_gas, outcome.receipt.gas_used});
    }
}

std::string CometReplayer::name_of(AccountId account) const
{
    for (const auto& [name, id] : accounts_)
    {
        if (id == account)
            return name;
    }
    return "another account";
}

std::string CometReplayer::name_of(ContractId token) const
{
    for (const auto& [symbol, item] : tokens_)
    {
        if (item->id() == token)
            return symbol;
    }
    return "another token";
}

std::vector<std::vector<std::string>> CometReplayer::events_of(
    const Sandbox::Outcome& outcome) const
{
    std::vector<std::vector<std::string>> found;
    for (const auto& event : outcome.block.events)
    {
        AbsorbCollateralLog collateral;
        AbsorbDebtLog debt;
        BuyCollateralLog sale;
        TransferLog transfer;
        const auto encoding = outcome.block.encoding(event);
        if (event.type == &event_type<AbsorbCollateralLog> && decode(encoding, collateral))
        {
            found.push_back({"AbsorbCollateral", name_of(collateral.absorber),
                name_of(collateral.borrower), name_of(collateral.asset),
                collateral.collateral_absorbed.to_string(), collateral.usd_value.to_string()});
        }
        else if (event.type == &event_type<AbsorbDebtLog> && decode(encoding, debt))
        {
            found.push_back({"AbsorbDebt", name_of(debt.absorber), name_of(debt.borrower),
                debt.base_paid_out.to_string(), debt.usd_value.to_string()});
        }
        else if (event.type == &event_type<BuyCollateralLog> && decode(encoding, sale))
        {
            found.push_back({"BuyCollateral", name_of(sale.buyer), name_of(sale.asset),
                sale.base_amount.to_string(), sale.collateral_amount.to_string()});
        }
        else if (event.type == &event_type<TransferLog> && decode(encoding, transfer))
        {
            found.push_back({"Transfer", name_of(transfer.from_address),
                name_of(transfer.to_address), transfer.amount.to_string()});
        }
    }
    return found;
}

void CometReplayer::compare_outcome(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("outcome", ok ? "ok" : recorded_revert(line),
        outcome.ok() ? "ok" : revert_text(outcome.receipt.refusal));
    if (!ok || !outcome.ok())
        return;
    const auto& recorded = line.contains("events") ? line["events"] : json::array();
    const auto replayed = events_of(outcome);
    comparison.equal("events", std::to_string(recorded.size()), std::to_string(replayed.size()));
    for (std::size_t i = 0; i < recorded.size() && i < replayed.size(); ++i)
    {
        comparison.equal(fmt::format("events[{}]", i), std::to_string(recorded[i].size()),
            std::to_string(replayed[i].size()));
        for (std::size_t k = 0; k < recorded[i].size() && k < replayed[i].size(); ++k)
        {
            comparison.equal(fmt::format("events[{}][{}]", i, k), as_text(recorded[i][k], "events"),
                replayed[i][k]);
        }
    }
}

std::string text(const Result<Amount>& value)
{
    return value.has_value() ? value->to_string() : "reverts";
}
std::string text(const Result<bool>& value)
{
    return value.has_value() ? *value ? "1" : "0" : "reverts";
}

void compare_list(Comparison& comparison, const std::string& what, const json& recorded,
    const std::vector<std::string>& replayed)
{
    comparison.equal(what, std::to_string(recorded.size()), std::to_string(replayed.size()));
    for (std::size_t i = 0; i < recorded.size() && i < replayed.size(); ++i)
    {
        comparison.equal(fmt::format("{}[{}]", what, i), as_text(recorded[i], what), replayed[i]);
    }
}

void CometReplayer::compare_user(
    const std::string& name, const json& recorded, std::uint64_t now, Comparison& comparison) const
{
    const auto id = account(name);
    const auto& user = comet_->user(id);
    for (const auto& [field, value] : recorded.items())
    {
        const auto what = fmt::format("users.{}.{}", name, field);
        if (field == "basic")
        {
            compare_list(comparison, what, value,
                {user.principal.to_string(), std::to_string(user.base_tracking_index),
                    std::to_string(user.base_tracking_accrued), std::to_string(user.assets_in)});
        }
        else if (field == "coll")
        {
            for (const auto& [symbol, amount] : value.items())
            {
                const auto reserve = comet_->find_reserve(token(symbol).id());
                comparison.equal(what + '.' + symbol, as_text(amount, what),
                    comet_->collateral(id, *reserve - 1).to_string());
            }
        }
        else if (field == "balanceOf")
            comparison.equal(what, recorded_text(value), text(comet_->balance_of(id, now)));
        else if (field == "borrowBalanceOf")
            comparison.equal(what, recorded_text(value), text(comet_->borrow_balance_of(id, now)));
        else if (field == "isBorrowCollateralized")
            comparison.equal(
                what, recorded_text(value), text(comet_->is_borrow_collateralized(id)));
        else if (field == "isLiquidatable")
            comparison.equal(what, recorded_text(value), text(comet_->is_liquidatable(id)));
        else
            comparison.mismatch(what + " is not replayed");
    }
}

void CometReplayer::compare_state(const json& line, Comparison& comparison)
{
    const auto now = integer_of(line, "t");
    const auto& totals = comet_->totals();
    compare_list(comparison, "totals", member(line, "totals"),
        {std::to_string(totals.base_supply_index), std::to_string(totals.base_borrow_index),
            std::to_string(totals.tracking_supply_index),
            std::to_string(totals.tracking_borrow_index), totals.total_supply_base.to_string(),
            totals.total_borrow_base.to_string(), std::to_string(totals.last_accrual_time),
            std::to_string(totals.pause_flags)});
    const auto usage = comet_->utilization();
    comparison.equal("utilization", text_of(line, "utilization"), text(usage));
    const auto rate = [&](const RateCurve& curve)
    { return usage.has_value() ? text(curve.at(*usage)) : "reverts"; };
    compare_list(comparison, "rates", member(line, "rates"),
        {rate(comet_->spec().supply), rate(comet_->spec().borrow)});
    const auto reserves = comet_->reserves(now);
    comparison.equal("reserves", text_of(line, "reserves"),
        reserves.has_value() ? reserves->to_string() : "reverts");
    for (const auto& [symbol, amount] : object_of(line, "totalColl").items())
    {
        const auto reserve = comet_->find_reserve(token(symbol).id());
        comparison.equal("totalColl." + symbol, as_text(amount, "totalColl"),
            comet_->total_collateral(*reserve - 1).to_string());
    }
    for (const auto& [name, recorded] : object_of(line, "users").items())
        compare_user(name, recorded, now, comparison);
    for (const auto& [name, balances] : object_of(line, "bal").items())
    {
        for (const auto& [symbol, balance] : balances.items())
        {
            comparison.equal(fmt::format("bal.{}.{}", name, symbol), as_text(balance, "bal"),
                token(symbol).balance(account(name)).to_string());
        }
    }
    Findings findings;
    comet_->check_invariants(sandbox_.world(), findings);
    for (const auto& finding : findings)
        comparison.mismatch(finding);
}
}  // namespace

Protocol comet_protocol()
{
    return {"compound-v3",
        [](const json& header) { return header.value("protocol", json{}) == "compound-v3"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<CometReplayer>(); }};
}

}  // namespace runnel::replay
