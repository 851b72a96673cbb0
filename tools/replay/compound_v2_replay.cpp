#include "tools/replay/compound_v2_replay.hpp"

#include "contracts/lending/compound_v2/comptroller.hpp"
#include "contracts/lending/compound_v2/events.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "execution/gas.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/refusal_text.hpp"

#include <map>

namespace runnel::replay
{
namespace
{
using namespace contracts::compound_v2;
using contracts::CompoundV2Comptroller;
using contracts::CompoundV2CToken;
using contracts::CompoundV2SimplePriceOracle;
using contracts::Erc20Approve;
using contracts::Erc20Mint;
using contracts::Erc20Transfer;
using contracts::Sandbox;
using nlohmann::json;

using Values = std::map<std::string, std::string, std::less<>>;

/// A view that reverted.
constexpr std::string_view reverted_view = "revert";

std::string text_of(const Checked& view)
{
    return view.ok() ? view.value.to_string() : std::string{reverted_view};
}

/// Compares every field recorded in @p object with the value of its name.
void compare_all(
    Comparison& comparison, const std::string& prefix, const json& object, const Values& replayed)
{
    for (const auto& [field, recorded] : object.items())
    {
        const auto found = replayed.find(field);
        comparison.equal(prefix + field, recorded_text(recorded),
            found == replayed.end() ? std::string{"nothing"} : found->second);
    }
}

/// Compound's FaucetToken: allowance before balance, and its own words.
class FaucetToken final : public contracts::Erc20
{
public:
    FaucetToken(ContractIdentity identity, TokenInfo info, AccountId minter)
      : Erc20{std::move(identity), std::move(info), contracts::TokenFlavour::openzeppelin4, minter}
    {}

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override
    {
        RUNNEL_REQUIRE(
            holding(context, context.sender()) >= amount, Refusal::error("Insufficient balance"));
        return Erc20::transfer(context, to, amount);
    }
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override
    {
        RUNNEL_REQUIRE(context.read(allowances(), pair_key(from, context.sender())) >= amount,
            Refusal::error("Insufficient allowance"));
        RUNNEL_REQUIRE(holding(context, from) >= amount, Refusal::error("Insufficient balance"));
        return Erc20::transfer_from(context, from, to, amount);
    }
};

class CompoundReplayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    struct Market
    {
        std::string name;
        FaucetToken* token = nullptr;
        CompoundV2CToken* c_token = nullptr;
    };

    [[nodiscard]] MarketSpec add_market(
        const std::string& name, const json& fields, std::uint64_t block);
    [[nodiscard]] AccountId account(const std::string& name) const;
    [[nodiscard]] AccountId account_in(const json& line, const char* field) const
    {
        return account(replay::text_of(line, field));
    }
    [[nodiscard]] std::size_t market_named(const std::string& name) const;
    [[nodiscard]] const Market& market_in(const json& line, const char* field) const
    {
        return markets_[market_named(replay::text_of(line, field))];
    }
    [[nodiscard]] ContractId c_token_in(const json& line, const char* field) const
    {
        return market_in(line, field).c_token->id();
    }
    [[nodiscard]] bool add_market_call(
        CallWriter& calls, const std::string& op, const json& line) const;
    [[nodiscard]] bool add_comptroller_call(
        CallWriter& calls, const std::string& op, const json& line) const;
    [[nodiscard]] Sandbox::Outcome run(const json& line);

    void compare_outcome(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_events(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_market(std::size_t market, const json& recorded, Comparison& comparison) const;
    void compare_user(const std::string& name, const json& recorded, Comparison& comparison) const;

    Sandbox sandbox_;
    CompoundV2SimplePriceOracle* oracle_ = nullptr;
    CompoundV2Comptroller* comptroller_ = nullptr;
    AccountId admin_{};
    AccountId faucet_{};
    std::map<std::string, AccountId, std::less<>> users_;
    std::vector<Market> markets_;
};

MarketSpec CompoundReplayer::add_market(
    const std::string& name, const json& fields, std::uint64_t block)
{
    const auto decimals = count_of(fields, "decimals");
    if (decimals > 28)
        throw std::invalid_argument{"\"decimals\" is above 28"};
    auto& token = sandbox_.add<FaucetToken>(
        name, TokenInfo{name, static_cast<std::uint8_t>(decimals)}, faucet_);
    const auto wallet = amount_of(fields, "initialWalletPerUserAndAdmin");
    if (!(Checked{wallet} * users_.size()).ok())
        throw std::invalid_argument{"the users' wallets exceed 256 bits"};
    for (const auto& [user, id] : users_)
        token.allocate(id, wallet);

    const auto& yearly = object_of(fields, "irmPerYear");
    if (amount_of(yearly, "kink").is_zero())
        throw std::invalid_argument{"\"kink\" is 0"};
    CTokenSettings settings;
    settings.model = JumpRateModel::per_year(amount_of(yearly, "baseRatePerYear"),
        amount_of(yearly, "multiplierPerYear"), amount_of(yearly, "jumpMultiplierPerYear"),
        amount_of(yearly, "kink"));
    settings.initial_exchange_rate = amount_of(fields, "initialExchangeRateMantissa");
    settings.reserve_factor = amount_of(fields, "reserveFactorMantissa");
    settings.accrual_block = block;
    auto& c_token = sandbox_.add<CompoundV2CToken>("c" + name, "c" + name, token.id(), settings);
    markets_.push_back({name, &token, &c_token});

    MarketSpec spec;
    spec.c_token = c_token.id();
    spec.config.collateral_factor = amount_of(fields, "collateralFactorMantissa");
    spec.config.borrow_cap = amount_of(fields, "borrowCap");
    spec.config.comp_supply_speed = amount_of(fields, "compSupplySpeed");
    spec.config.comp_borrow_speed = amount_of(fields, "compBorrowSpeed");
    return spec;
}

void CompoundReplayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    admin_ = sandbox_.account("admin");
    faucet_ = sandbox_.account("faucet");
    for (const auto& [name, address] : object_of(setup, "users").items())
        users_.emplace(name, sandbox_.account("user/" + name));
    users_.insert_or_assign("admin", admin_);

    const auto block = integer_of(setup, "block0");
    std::vector<MarketSpec> specs;
    std::vector<std::pair<ContractId, Amount>> prices;
    for (const auto& item : member(setup, "marketsInOrder"))
    {
        const auto& name = as_text(item, "marketsInOrder");
        const auto& fields = object_of(object_of(setup, "markets"), name);
        specs.push_back(add_market(name, fields, block));
        prices.emplace_back(markets_.back().token->id(), amount_of(fields, "price"));
    }
    if (specs.size() > markets_max)
        throw std::invalid_argument{"there are too many markets"};
    CompoundV2Comptroller::Setup comptroller;
    comptroller.admin = "admin";
    comptroller.settings.close_factor = amount_of(setup, "closeFactorMantissa");
    comptroller.settings.liquidation_incentive = amount_of(setup, "liquidationIncentiveMantissa");
    comptroller.first_block = block;
    oracle_ = &sandbox_.add<CompoundV2SimplePriceOracle>("oracle", "admin", prices);
    comptroller.oracle = oracle_->id();
    comptroller_ =
        &sandbox_.add<CompoundV2Comptroller>("comptroller", std::move(comptroller), specs);
    sandbox_.connect();
    for (const auto& [name, user] : users_)
    {
        CallWriter calls;
        for (const auto& market : markets_)
            calls.add(market.token->id(), Erc20Approve{market.c_token->account(), Amount::max()});
        if (!sandbox_.run(user, calls).ok())
            throw std::invalid_argument{"the users cannot approve the markets"};
    }
}

AccountId CompoundReplayer::account(const std::string& name) const
{
    const auto found = users_.find(name);
    if (found == users_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no user of this file", name)};
    return found->second;
}

std::size_t CompoundReplayer::market_named(const std::string& name) const
{
    for (std::size_t i = 0; i < markets_.size(); ++i)
    {
        if (markets_[i].name == name)
            return i;
    }
    throw std::invalid_argument{fmt::format("\"{}\" is no market of this file", name)};
}

bool CompoundReplayer::add_market_call(
    CallWriter& calls, const std::string& op, const json& line) const
{
    if (!line.contains("market"))
        return false;
    const auto& market = market_in(line, "market");
    const auto c_token = market.c_token->id();
    if (op == "mint")
        calls.add(c_token, Mint{amount_of(line, "amount")});
    else if (op == "redeem")
        calls.add(c_token, Redeem{amount_of(line, "tokens")});
    else if (op == "redeemUnderlying")
        calls.add(c_token, RedeemUnderlying{amount_of(line, "amount")});
    else if (op == "borrow")
        calls.add(c_token, Borrow{amount_of(line, "amount")});
    else if (op == "repayBorrow")
        calls.add(c_token, RepayBorrow{amount_of(line, "amount")});
    else if (op == "repayBorrowBehalf")
    {
        calls.add(
            c_token, RepayBorrowBehalf{account_in(line, "borrower"), amount_of(line, "amount")});
    }
    else if (op == "liquidateBorrow")
    {
        calls.add(
            c_token, LiquidateBorrow{account_in(line, "borrower"), amount_of(line, "repayAmount"),
                         c_token_in(line, "collateralMarket")});
    }
    else if (op == "accrueInterest")
        calls.add(c_token, AccrueInterest{});
    else if (op == "transfer")
        calls.add(c_token, Erc20Transfer{account_in(line, "to"), amount_of(line, "tokens")});
    else if (op == "_addReserves")
        calls.add(c_token, AddReserves{amount_of(line, "amount")});
    else if (op == "_reduceReserves")
        calls.add(c_token, ReduceReserves{amount_of(line, "amount")});
    else if (op == "_setReserveFactor")
        calls.add(c_token, SetReserveFactor{amount_of(line, "value")});
    else if (op == "donateUnderlying")
    {
        calls.add(market.token->id(),
            Erc20Transfer{market.c_token->account(), amount_of(line, "amount")});
    }
    else if (op == "setPrice")
        calls.add(oracle_->id(), SetDirectPrice{market.token->id(), amount_of(line, "price")});
    else
        return false;
    return true;
}

bool CompoundReplayer::add_comptroller_call(
    CallWriter& calls, const std::string& op, const json& line) const
{
    const auto id = comptroller_->id();
    if (op == "enterMarkets")
    {
        EnterMarkets call;
        if (member(line, "markets_").size() > markets_max)
            throw std::invalid_argument{"there are too many markets in one call"};
        for (const auto& item : member(line, "markets_"))
        {
            call.c_tokens.push_back(
                markets_[market_named(as_text(item, "markets_"))].c_token->id());
        }
        calls.add(id, call);
    }
    else if (op == "exitMarket")
        calls.add(id, ExitMarket{c_token_in(line, "market")});
    else if (op == "_setCollateralFactor")
        calls.add(id, SetCollateralFactor{c_token_in(line, "market"), amount_of(line, "value")});
    else if (op == "_setMintPaused")
        calls.add(id, SetMintPaused{c_token_in(line, "market"), flag_of(line, "state")});
    else if (op == "_setBorrowPaused")
        calls.add(id, SetBorrowPaused{c_token_in(line, "market"), flag_of(line, "state")});
    else if (op == "_setMarketBorrowCaps")
    {
        calls.add(
            id, SetMarketBorrowCaps{{c_token_in(line, "market")}, {amount_of(line, "value")}});
    }
    else if (op == "_setCompSpeeds")
    {
        calls.add(id, SetCompSpeeds{{c_token_in(line, "market")}, {amount_of(line, "supplySpeed")},
                          {amount_of(line, "borrowSpeed")}});
    }
    else
        return false;
    return true;
}

Sandbox::Outcome CompoundReplayer::run(const json& line)
{
    const auto& op = replay::text_of(line, "op");
    auto sender = account_in(line, "from");
    CallWriter calls;
    if (op == "faucet")
    {
        calls.add(
            market_in(line, "market").token->id(), Erc20Mint{sender, amount_of(line, "amount")});
        sender = faucet_;
    }
    else if (!add_market_call(calls, op, line) && !add_comptroller_call(calls, op, line))
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", op)};
    return sandbox_.run(sender, calls);
}

void CompoundReplayer::operation(const json& line, Comparison& comparison)
{
    const auto block = integer_of(line, "block");
    if (block == 0)
        throw std::invalid_argument{"\"block\" is 0"};
    sandbox_.set_block(block);
    const auto outcome = run(line);
    compare_outcome(line, outcome, comparison);
    compare_events(line, outcome, comparison);
    for (const auto& [name, recorded] : object_of(line, "markets").items())
        compare_market(market_named(name), recorded, comparison);
    for (const auto& [name, recorded] : object_of(line, "users").items())
        compare_user(name, recorded, comparison);
    Findings findings;
    comptroller_->check_invariants(sandbox_.world(), findings);
    for (const auto& market : markets_)
        market.c_token->check_invariants(sandbox_.world(), findings);
    for (auto& finding : findings)
        comparison.mismatch(std::move(finding));
}

void CompoundReplayer::compare_outcome(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    const auto replayed = outcome.ok() ? "ok" : revert_text(outcome.receipt.refusal);
    comparison.equal("outcome", ok ? "ok" : recorded_revert(line), replayed);
    if (!line.contains("ret"))
        return;
    const auto& ret = member(line, "ret");
    const auto compare = [&](std::size_t i, const json& recorded)
    {
        const auto& returns = outcome.returns;
        // Solidity's true is 1.
        const auto text = recorded == "true"    ? std::string{"1"}
                          : recorded == "false" ? std::string{"0"}
                                                : recorded_text(recorded);
        comparison.equal(fmt::format("ret[{}]", i), text,
            i < returns.count ? returns.values[i].to_string() : std::string{"nothing"});
    };
    const auto& op = replay::text_of(line, "op");
    if (op == "enterMarkets")
    {
        // A list; of long ones the first codes are returned.
        const auto& codes = ret.at(0);
        for (std::size_t i = 0; i < codes.size() && i < outcome.returns.values.size(); ++i)
            compare(i, codes.at(i));
        return;
    }
    for (std::size_t i = 0; i < ret.size(); ++i)
        compare(i, ret.at(i));
}

void CompoundReplayer::compare_events(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    if (!line.contains("event"))
        return;
    const bool is_liquidation = replay::text_of(line, "op") == "liquidateBorrow";
    Values replayed;
    for (const auto& event : outcome.block.events)
    {
        const auto bytes = outcome.block.encoding(event);
        MintLog mint;
        RedeemLog redeem;
        RepayBorrowLog repay;
        LiquidateBorrowLog liquidation;
        if (event.type == &event_type<MintLog> && decode(bytes, mint))
        {
            replayed["mintAmount"] = mint.mint_amount.to_string();
            replayed["mintTokens"] = mint.mint_tokens.to_string();
        }
        else if (event.type == &event_type<RedeemLog> && decode(bytes, redeem))
        {
            replayed["redeemAmount"] = redeem.redeem_amount.to_string();
            replayed["redeemTokens"] = redeem.redeem_tokens.to_string();
        }
        else if (event.type == &event_type<RepayBorrowLog> && !is_liquidation &&
                 decode(bytes, repay))
            replayed["repayAmount"] = repay.repay_amount.to_string();
        else if (event.type == &event_type<LiquidateBorrowLog> && decode(bytes, liquidation))
        {
            replayed["repayAmount"] = liquidation.repay_amount.to_string();
            replayed["seizeTokens"] = liquidation.seize_tokens.to_string();
        }
    }
    compare_all(comparison, "event.", member(line, "event"), replayed);
}

void CompoundReplayer::compare_market(
    std::size_t market, const json& recorded, Comparison& comparison) const
{
    const auto& c_token = *markets_[market].c_token;
    const auto& state = c_token.state();
    const auto& comp = comptroller_->comp_state(market);
    const auto cash = c_token.cash();
    const auto& model = c_token.model();
    compare_all(comparison, "markets." + markets_[market].name + ".", recorded,
        {{"cash", cash.to_string()}, {"totalBorrows", state.total_borrows.to_string()},
            {"totalReserves", state.total_reserves.to_string()},
            {"totalSupply", state.total_supply.to_string()},
            {"borrowIndex", state.borrow_index.to_string()},
            {"accrualBlockNumber", std::to_string(state.accrual_block)},
            {"exchangeRateStored", text_of(c_token.exchange_rate_stored())},
            {"borrowRatePerBlock",
                text_of(model.borrow_rate_down(cash, state.total_borrows, state.total_reserves))},
            {"supplyRatePerBlock", text_of(model.supply_rate_down(cash, state.total_borrows,
                                       state.total_reserves, state.reserve_factor))},
            {"reserveFactorMantissa", state.reserve_factor.to_string()},
            {"price", comptroller_->price(market).to_string()},
            {"compSupplyIndex", comp.supply_index.to_string()},
            {"compSupplyBlock", std::to_string(comp.supply_block)},
            {"compBorrowIndex", comp.borrow_index.to_string()},
            {"compBorrowBlock", std::to_string(comp.borrow_block)}});
}

void CompoundReplayer::compare_user(
    const std::string& name, const json& recorded, Comparison& comparison) const
{
    const auto user = account(name);
    const auto prefix = "users." + name + ".";
    for (const auto& [field, value] : recorded.items())
    {
        if (field == "liquidity")
        {
            const auto liquidity = comptroller_->account_liquidity(user);
            if (!liquidity.has_value())
            {
                comparison.equal(prefix + field, value.dump(), std::string{reverted_view});
                continue;
            }
            const bool is_error = liquidity->error != Code::none;
            compare_all(comparison, prefix + "liquidity.", value,
                {{"err", amount_of(liquidity->error).to_string()},
                    {"liquidity", is_error ? "0" : liquidity->liquidity().to_string()},
                    {"shortfall", is_error ? "0" : liquidity->shortfall().to_string()}});
        }
        else if (field == "assetsIn")
        {
            auto entered = json::array();
            for (const auto market : comptroller_->membership(user).markets)
                entered.push_back(markets_[market].name);
            comparison.equal(prefix + field, value.dump(), entered.dump());
        }
        else if (field == "compAccrued")
        {
            comparison.equal(
                prefix + field, recorded_text(value), comptroller_->comp_accrued(user).to_string());
        }
        else if (field == "pos")
        {
            for (const auto& [market_name, position] : value.items())
            {
                const auto& market = markets_[market_named(market_name)];
                compare_all(comparison, prefix + market_name + ".", position,
                    {{"cTokens", market.c_token->balance(user).to_string()},
                        {"borrowBalanceStored",
                            text_of(market.c_token->borrow_balance_stored(user))},
                        {"wallet", market.token->balance(user).to_string()}});
            }
        }
        else
            comparison.equal(prefix + field, recorded_text(value), "nothing");
    }
}
}  // namespace

Protocol compound_v2_protocol()
{
    return {"compound-v2",
        [](const json& header) { return header.value("protocol", json{}) == "compound-v2"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<CompoundReplayer>(); }};
}

}  // namespace runnel::replay
