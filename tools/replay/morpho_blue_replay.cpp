#include "tools/replay/morpho_blue_replay.hpp"

#include "contracts/lending/morpho_blue/adaptive_curve_irm.hpp"
#include "contracts/lending/morpho_blue/events.hpp"
#include "contracts/lending/morpho_blue/fixed_rate_irm.hpp"
#include "contracts/lending/morpho_blue/market.hpp"
#include "contracts/lending/morpho_blue/math.hpp"
#include "contracts/lending/morpho_blue/morpho.hpp"
#include "tools/replay/faucet_token.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/refusal_text.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace runnel::replay
{
namespace
{
using namespace contracts::morpho_blue;
using contracts::Erc20Approve;
using contracts::Erc20Transfer;
using contracts::MorphoAdaptiveCurveIrm;
using contracts::MorphoBlue;
using contracts::MorphoBlueMarket;
using contracts::MorphoFixedRateIrm;
using contracts::Sandbox;
using nlohmann::json;

struct SetRecordedPrice
{
    RUNNEL_CALL("setPrice", 0, 5'200);

    Amount price;
    RUNNEL_FIELDS(price);
};

/// The recordings' oracle: whatever anybody sets.
class RecordedOracle final : public ContractBase<RecordedOracle, SetRecordedPrice>, public Oracle
{
public:
    RecordedOracle(ContractIdentity identity, const Amount& price)
      : ContractBase{std::move(identity)}, price_{name() + ".price"}
    {
        add_table(price_);
        price_.at(0) = price;
    }

    [[nodiscard]] static const ContractType& contract_type()
    {
        static const ContractType type{.kind = "recorded_oracle",
            .help = "Says what it is told.",
            .methods = methods(),
            .events = {},
            .parameters = {}};
        return type;
    }
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    [[nodiscard]] Result<Amount> price(CallContext& context) const override
    {
        return context.read(price_, 0);
    }
    [[nodiscard]] Result<Amount> price() const override { return price_.get(0); }
    void declare_price(AccessCollector& access) const override { access.read(price_, 0); }

    using ContractBase::declare;
    using ContractBase::execute;
    Result<Returns> execute(const SetRecordedPrice& call, CallContext& context)
    {
        context.write(price_, 0) = call.price;
        return Returns{};
    }

private:
    Table<Amount> price_;  // Record 0.
};

Amount word_of(const json& object, const char* name)
{
    const auto hash = Hash::from_string(text_of(object, name));
    if (!hash)
        throw std::invalid_argument{fmt::format("\"{}\": expected 32 bytes", name)};
    return Amount::load_big_endian(hash->bytes);
}

class MorphoReplayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    struct Market
    {
        MarketParams params;
        Amount id;
        RecordedOracle* oracle = nullptr;
    };

    AccountId add_account(const std::string& name, const json& address);
    void add_token(const std::string& name, const json& fields);
    void add_market(const std::string& name, const json& fields);
    [[nodiscard]] AccountId account(const json& object, const char* field) const;
    [[nodiscard]] AccountId account_named(const std::string& name) const;
    [[nodiscard]] FaucetToken& token_named(const std::string& name) const;
    [[nodiscard]] ContractId irm_named(const std::string& name) const;
    [[nodiscard]] const Market& market_named(const std::string& name) const;
    /// Adds the call of a line, or of a callback on the market of the line that it is in.
    void add_call(CallWriter& calls, const json& line, const std::string& market_within) const;
    [[nodiscard]] bool add_position_call(CallWriter& calls, const json& line,
        const MarketParams& params, const CallList& data) const;
    [[nodiscard]] bool add_other_call(CallWriter& calls, const json& line) const;
    void compare_outcome(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_events(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_state(const json& line, Comparison& comparison);

    Sandbox sandbox_;
    MorphoBlue* morpho_ = nullptr;
    MorphoAdaptiveCurveIrm* adaptive_ = nullptr;
    MorphoFixedRateIrm* fixed_ = nullptr;
    std::map<std::string, AccountId, std::less<>> accounts_;
    std::map<std::string, FaucetToken*, std::less<>> tokens_;
    std::map<std::string, Market, std::less<>> markets_;
    bool are_ids_compared_ = false;
};

AccountId MorphoReplayer::add_account(const std::string& name, const json& address)
{
    const auto parsed = Address::from_string(as_text(address, name));
    if (!parsed || sandbox_.world().find_account(*parsed) || sandbox_.world().find_account(name))
        throw std::invalid_argument{fmt::format("\"{}\": expected an address of its own", name)};
    const auto id = sandbox_.world().add_account({name, "wallet", "", *parsed, {}});
    accounts_.emplace(name, id);
    return id;
}

void MorphoReplayer::add_token(const std::string& name, const json& fields)
{
    constexpr std::uint64_t decimals_max = 36;
    const auto decimals = integer_of(fields, "decimals");
    if (decimals > decimals_max)
        throw std::invalid_argument{"\"decimals\" is above 36"};
    (void)add_account(name, member(fields, "address"));
    tokens_.emplace(name,
        &sandbox_.add<FaucetToken>(name, TokenInfo{name, static_cast<std::uint8_t>(decimals)}));
}

void MorphoReplayer::add_market(const std::string& name, const json& fields)
{
    Market market;
    market.params.loan_token = token_named(text_of(fields, "loan")).id();
    if (const auto& collateral = text_of(fields, "coll"); collateral != "ZERO")
        market.params.collateral_token = token_named(collateral).id();
    if (const auto& price = member(fields, "price"); !price.is_null())
    {
        const auto oracle = "oracle of " + name;
        (void)add_account(oracle, member(fields, "oracle"));
        market.oracle =
            &sandbox_.add<RecordedOracle>(oracle, parse_amount(as_text(price, "price")));
        market.params.oracle = market.oracle->id();
    }
    market.params.irm = irm_named(text_of(fields, "irm"));
    market.params.lltv = amount_of(fields, "lltv");
    market.id = word_of(fields, "mid");
    markets_.emplace(name, market);
}

void MorphoReplayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    std::vector<std::string> actors;
    for (const auto& [name, address] : object_of(setup, "actors").items())
    {
        (void)add_account(name, address);
        actors.push_back(name);
    }
    const auto owner = add_account("OWNER", member(setup, "OWNER"));
    for (const auto* group : {"signers", "feeRecipients"})
    {
        for (const auto& [name, address] : object_of(setup, group).items())
            (void)add_account(name, address);
    }
    accounts_.emplace("ZERO", zero_account);
    (void)add_account("MORPHO", member(setup, "morpho"));
    const auto& irms = object_of(setup, "irms");
    (void)add_account("adaptive", member(irms, "adaptive"));
    (void)add_account("fixed", member(irms, "fixed"));
    for (const auto& [name, fields] : object_of(setup, "tokens").items())
        add_token(name, fields);
    adaptive_ = &sandbox_.add<MorphoAdaptiveCurveIrm>("adaptive");
    fixed_ = &sandbox_.add<MorphoFixedRateIrm>("fixed");
    morpho_ = &sandbox_.add<MorphoBlue>("MORPHO", integer_of(setup, "chainId"));
    morpho_->set_owner(owner);
    for (const auto& [name, fields] : object_of(setup, "markets").items())
        add_market(name, fields);
    for (const auto& [name, fields] : object_of(setup, "tokens").items())
    {
        const auto funds = amount_of(fields, "actorBalance");
        if (!(Checked{funds} * actors.size()).ok())
            throw std::invalid_argument{"the actors' balances exceed 256 bits"};
        for (const auto& actor : actors)
            (void)token_named(name).allocate(sandbox_.world(), account_named(actor), funds);
    }
    sandbox_.connect();
    for (const auto& actor : actors)
    {
        CallWriter calls;
        for (const auto& [name, token] : tokens_)
            calls.add(token->id(), Erc20Approve{morpho_->account(), Amount::max()});
        if (!sandbox_.run(account_named(actor), calls).ok())
            throw std::invalid_argument{"the actors cannot approve Morpho"};
    }
}

AccountId MorphoReplayer::account_named(const std::string& name) const
{
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no account of this file", name)};
    return found->second;
}

AccountId MorphoReplayer::account(const json& object, const char* field) const
{
    return account_named(text_of(object, field));
}

FaucetToken& MorphoReplayer::token_named(const std::string& name) const
{
    const auto found = tokens_.find(name);
    if (found == tokens_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no token of this file", name)};
    return *found->second;
}

ContractId MorphoReplayer::irm_named(const std::string& name) const
{
    if (name == "adaptive")
        return adaptive_->id();
    if (name == "fixed")
        return fixed_->id();
    if (name != "zero")
        throw std::invalid_argument{fmt::format("\"{}\" is no rate model of this file", name)};
    return no_contract;
}

const MorphoReplayer::Market& MorphoReplayer::market_named(const std::string& name) const
{
    const auto found = markets_.find(name);
    if (found == markets_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no market of this file", name)};
    return found->second;
}

bool MorphoReplayer::add_position_call(
    CallWriter& calls, const json& line, const MarketParams& params, const CallList& data) const
{
    const auto& op = text_of(line, "op");
    const auto morpho = morpho_->id();
    const auto amount = [&](const char* field) { return amount_of(line, field); };
    if (op == "supply")
    {
        calls.add(morpho,
            Supply{params, amount("assets"), amount("shares"), account(line, "onBehalf"), data});
    }
    else if (op == "withdraw")
    {
        calls.add(morpho, Withdraw{params, amount("assets"), amount("shares"),
                              account(line, "onBehalf"), account(line, "receiver")});
    }
    else if (op == "borrow")
    {
        calls.add(morpho, Borrow{params, amount("assets"), amount("shares"),
                              account(line, "onBehalf"), account(line, "receiver")});
    }
    else if (op == "repay")
    {
        calls.add(morpho,
            Repay{params, amount("assets"), amount("shares"), account(line, "onBehalf"), data});
    }
    else if (op == "supplyCollateral")
    {
        calls.add(
            morpho, SupplyCollateral{params, amount("assets"), account(line, "onBehalf"), data});
    }
    else if (op == "withdrawCollateral")
    {
        calls.add(morpho, WithdrawCollateral{params, amount("assets"), account(line, "onBehalf"),
                              account(line, "receiver")});
    }
    else if (op == "liquidate")
    {
        calls.add(morpho, Liquidate{params, account(line, "borrower"), amount("seizedAssets"),
                              amount("repaidShares"), data});
    }
    else if (op == "accrueInterest")
        calls.add(morpho, AccrueInterest{params});
    else if (op == "setFee")
        calls.add(morpho, SetFee{params, amount("newFee")});
    else if (op == "createMarket")
        calls.add(morpho, CreateMarket{params});
    else
        return false;
    return true;
}

bool MorphoReplayer::add_other_call(CallWriter& calls, const json& line) const
{
    const auto& op = text_of(line, "op");
    const auto morpho = morpho_->id();
    if (op == "faucet")
        calls.add(token_named(text_of(line, "token")).id(), Faucet{amount_of(line, "amount")});
    else if (op == "donate" || op == "burnOwn")
    {
        const auto to = op == "donate" ? morpho_->account() : account_named("S0");
        calls.add(
            token_named(text_of(line, "token")).id(), Erc20Transfer{to, amount_of(line, "amount")});
    }
    else if (op == "setOwner")
        calls.add(morpho, SetOwner{account(line, "newOwner")});
    else if (op == "enableIrm")
        calls.add(morpho, EnableIrm{irm_named(text_of(line, "irm"))});
    else if (op == "enableLltv")
        calls.add(morpho, EnableLltv{amount_of(line, "lltv")});
    else if (op == "setFeeRecipient")
        calls.add(morpho, SetFeeRecipient{account(line, "newFeeRecipient")});
    else if (op == "setAuthorization")
    {
        calls.add(morpho,
            SetAuthorization{account(line, "authorized"), flag_of(line, "newIsAuthorized")});
    }
    else if (op == "setAuthorizationWithSig")
    {
        const auto v = integer_of(line, "v");
        if (v > 0xFF)
            throw std::invalid_argument{"\"v\" does not fit 8 bits"};
        calls.add(
            morpho, SetAuthorizationWithSig{account(line, "authorizer"),
                        account(line, "authorized"), flag_of(line, "isAuthorized"),
                        amount_of(line, "nonce"), amount_of(line, "deadline"),
                        static_cast<std::uint8_t>(v), word_of(line, "r"), word_of(line, "s")});
    }
    else
        return false;
    return true;
}

void MorphoReplayer::add_call(
    CallWriter& calls, const json& line, const std::string& market_within) const
{
    const auto& op = text_of(line, "op");
    if (op == "createMarket" && line.contains("bad"))
    {
        // Some market with a limit or a rate model that it does not have.
        auto params = markets_.empty() ? MarketParams{} : markets_.begin()->second.params;
        params.irm = irm_named(text_of(line, "irm"));
        params.lltv = amount_of(line, "lltv");
        calls.add(morpho_->id(), CreateMarket{params});
        return;
    }
    if (add_other_call(calls, line))
        return;
    const auto market = line.contains("m") ? text_of(line, "m") : market_within;
    CallWriter nested;
    if (line.contains("cb"))
    {
        const auto& within = line.contains("cbMarket") ? text_of(line, "cbMarket") : market;
        for (const auto& inner : member(line, "cb"))
            add_call(nested, inner, within);
    }
    if (op == "flashLoan")
    {
        calls.add(morpho_->id(), FlashLoan{token_named(text_of(line, "token")).id(),
                                     amount_of(line, "assets"), nested.list()});
        return;
    }
    const auto& found = market_named(market);
    if (op == "setPrice" && found.oracle != nullptr)
        calls.add(found.oracle->id(), SetRecordedPrice{amount_of(line, "price")});
    else if (op == "setBorrowRate")
        calls.add(fixed_->id(), SetBorrowRate{found.id, amount_of(line, "rate")});
    else if (!add_position_call(calls, line, found.params, nested.list()))
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", op)};
}

void MorphoReplayer::operation(const json& line, Comparison& comparison)
{
    if (!are_ids_compared_)
    {
        are_ids_compared_ = true;
        for (const auto& [name, market] : markets_)
        {
            comparison.equal("mid of " + name, market.id.to_string(),
                MorphoBlueMarket::id_of(sandbox_.world(), market.params).to_string());
        }
    }
    sandbox_.set_time(integer_of(line, "t"));
    CallWriter calls;
    add_call(calls, line, "");
    const auto outcome = sandbox_.run(account(line, "from"), calls);
    compare_outcome(line, outcome, comparison);
    compare_state(line, comparison);
    if (line.contains("gasTx") && !(line.contains("cb") && !line["cb"].empty()))
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

void MorphoReplayer::compare_outcome(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("outcome", ok ? "ok" : recorded_revert(line),
        outcome.ok() ? "ok" : revert_text(outcome.receipt.refusal));
    if (!ok || !outcome.ok())
        return;
    if (line.contains("ret"))
    {
        const auto& recorded = member(line, "ret");
        comparison.equal("ret", std::to_string(recorded.size()),
            std::to_string(unsigned{outcome.returns.count}));
        for (std::size_t i = 0; i < recorded.size() && i < outcome.returns.count; ++i)
        {
            comparison.equal(fmt::format("ret[{}]", i), as_text(recorded[i], "ret"),
                outcome.returns.values.at(i).to_string());
        }
    }
    compare_events(line, outcome, comparison);
}

void MorphoReplayer::compare_events(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    std::vector<std::array<std::string, 4>> accruals;
    std::optional<LiquidateLog> liquidation;
    for (const auto& event : outcome.block.events)
    {
        AccrueInterestLog accrual;
        LiquidateLog seized;
        if (event.type == &event_type<AccrueInterestLog> &&
            decode(outcome.block.encoding(event), accrual))
        {
            std::string name = "another market";
            for (const auto& [market, fields] : markets_)
            {
                if (fields.id == accrual.market)
                    name = market;
            }
            accruals.push_back({name, accrual.previous_borrow_rate.to_string(),
                accrual.interest.to_string(), accrual.fee_shares.to_string()});
        }
        // Of several the outermost is the first.
        if (event.type == &event_type<LiquidateLog> && !liquidation &&
            decode(outcome.block.encoding(event), seized))
            liquidation = seized;
    }
    const auto& recorded = line.contains("accrue") ? line["accrue"] : json::array();
    comparison.equal("accrue", std::to_string(recorded.size()), std::to_string(accruals.size()));
    for (std::size_t i = 0; i < recorded.size() && i < accruals.size(); ++i)
    {
        for (std::size_t k = 0; k < 4; ++k)
        {
            comparison.equal(fmt::format("accrue[{}][{}]", i, k),
                as_text(recorded[i].at(k), "accrue"), accruals[i].at(k));
        }
    }
    if (!line.contains("event"))
        return;
    const auto& event = object_of(line, "event");
    const auto log = liquidation.value_or(LiquidateLog{});
    const std::map<std::string, Amount> replayed{{"repaidAssets", log.repaid_assets},
        {"repaidShares", log.repaid_shares}, {"seizedAssets", log.seized_assets},
        {"badDebtAssets", log.bad_debt_assets}, {"badDebtShares", log.bad_debt_shares}};
    for (const auto& [field, value] : event.items())
    {
        const auto found = replayed.find(field);
        comparison.equal("event." + field, as_text(value, field),
            found == replayed.end() ? "nothing" : found->second.to_string());
    }
}

void MorphoReplayer::compare_state(const json& line, Comparison& comparison)
{
    const auto compare_list =
        [&](const std::string& what, const json& recorded, const std::vector<std::string>& replayed)
    {
        comparison.equal(what, std::to_string(recorded.size()), std::to_string(replayed.size()));
        for (std::size_t i = 0; i < recorded.size() && i < replayed.size(); ++i)
        {
            comparison.equal(
                fmt::format("{}[{}]", what, i), as_text(recorded[i], what), replayed[i]);
        }
    };
    if (line.contains("market"))
    {
        const auto& params = market_named(text_of(line, "m")).params;
        const auto* market = morpho_->find_market(params);
        const auto& state = market == nullptr ? MarketState{} : market->state();
        compare_list("market", line["market"],
            {state.total_supply_assets.to_string(), state.total_supply_shares.to_string(),
                state.total_borrow_assets.to_string(), state.total_borrow_shares.to_string(),
                std::to_string(state.last_update), state.fee.to_string()});
        const auto id = market == nullptr ? no_contract : market->id();
        if (line.contains("rateAtTarget"))
        {
            comparison.equal("rateAtTarget", text_of(line, "rateAtTarget"),
                adaptive_->rate_at_target(id).to_string());
        }
        if (line.contains("rateView"))
        {
            const auto rate = adaptive_->borrow_rate_view(
                {id, market_named(text_of(line, "m")).id, state}, integer_of(line, "t"));
            comparison.equal("rateView", text_of(line, "rateView"),
                rate.has_value() ? rate->to_string() : "reverts");
        }
        if (line.contains("pos"))
        {
            for (const auto& [name, values] : object_of(line, "pos").items())
            {
                const auto position =
                    market == nullptr ? Position{} : market->position(account_named(name));
                compare_list("pos." + name, values,
                    {position.supply_shares.to_string(), position.borrow_shares.to_string(),
                        position.collateral.to_string()});
            }
        }
    }
    if (line.contains("bal"))
    {
        for (const auto& [name, balances] : object_of(line, "bal").items())
        {
            for (const auto& [token, balance] : balances.items())
            {
                comparison.equal(fmt::format("bal.{}.{}", name, token), as_text(balance, "bal"),
                    token_named(token).balance(account_named(name)).to_string());
            }
        }
    }
    if (line.contains("nonceAfter"))
    {
        comparison.equal("nonceAfter", text_of(line, "nonceAfter"),
            morpho_->nonce(account(line, "authorizer")).to_string());
    }
    if (line.contains("isAuthorizedAfter"))
    {
        const bool is_authorized =
            morpho_->is_authorized(account(line, "authorizer"), account(line, "authorized"));
        comparison.equal("isAuthorizedAfter", flag_of(line, "isAuthorizedAfter") ? "true" : "false",
            is_authorized ? "true" : "false");
    }
    Findings findings;
    for (const auto* market : morpho_->markets())
        market->check_invariants(sandbox_.world(), findings);
    morpho_->check_invariants(sandbox_.world(), findings);
    for (const auto& finding : findings)
        comparison.mismatch(finding);
}

/// wExp(x), wTaylorCompounded(rate, seconds), and borrowRate(rate at target, supplied, borrowed,
/// seconds).
class IrmMathReplayer final : public Replayer
{
public:
    void start(const json&) override {}
    void operation(const json& line, Comparison& comparison) override
    {
        const auto& name = text_of(line, "fn");
        const auto replayed = run(name, member(line, "in"));
        const bool ok = flag_of(line, "ok");
        comparison.equal(name, ok ? "ok" : "reverts", replayed.has_value() ? "ok" : "reverts");
        if (!ok && !replayed.has_value() && line.contains("revert"))
            comparison.equal(name, recorded_revert(line), revert_text(replayed.error()));
        if (!ok || !replayed.has_value())
            return;
        const auto& out = member(line, "out");
        comparison.equal(name, std::to_string(out.size()), std::to_string(replayed->size()));
        for (std::size_t i = 0; i < out.size() && i < replayed->size(); ++i)
            comparison.equal(name, as_text(out[i], "out"), (*replayed)[i]);
    }

private:
    [[nodiscard]] static Result<std::vector<std::string>> run(
        const std::string& name, const json& in)
    {
        if (name == "wExp")
            return std::vector{wad_exp(parse_signed(as_text(in.at(0), "in"))).to_string()};
        const auto amount = [&](std::size_t i) { return parse_amount(as_text(in.at(i), "in")); };
        if (name == "wTaylorCompounded")
        {
            const auto growth = RUNNEL_TRY(taylor_compounded_down(amount(0), amount(1)));
            return std::vector{growth.to_string()};
        }
        if (name != "borrowRate")
            throw std::invalid_argument{fmt::format("unknown function \"{}\"", name)};
        MarketState market;
        market.total_supply_assets = amount(1);
        market.total_borrow_assets = amount(2);
        const auto elapsed = amount(3);
        if (!elapsed.fits_uint64())
            throw std::invalid_argument{"the time does not fit 64 bits"};
        const auto rate = RUNNEL_TRY(curve_rate(amount(0), market, elapsed.low64()));
        return std::vector{rate.average.to_string(), rate.rate_at_target.to_string()};
    }
};
}  // namespace

Protocol morpho_blue_protocol()
{
    return {"morpho-blue",
        [](const json& header) { return header.value("protocol", json{}) == "morpho-blue"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<MorphoReplayer>(); }};
}

Protocol morpho_irm_math_protocol()
{
    return {"morpho irm math",
        [](const json& header) { return header.value("protocol", json{}) == "morpho-irm-math"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<IrmMathReplayer>(); }};
}

}  // namespace runnel::replay
