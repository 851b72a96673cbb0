#include "tools/replay/aave_v3_replay.hpp"

#include "contracts/lending/aave_v3/events.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "execution/gas.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/refusal_text.hpp"

#include <map>

namespace runnel::replay
{
namespace
{
using namespace contracts::aave_v3;
using contracts::AaveV3Pool;
using contracts::Erc20Approve;
using contracts::Erc20Mint;
using contracts::PriceOracle;
using contracts::Sandbox;
using nlohmann::json;

using Values = std::map<std::string, std::string, std::less<>>;

/// Of a field that is a decimal string or a small JSON number.
Amount number_of(const json& object, const char* name)
{
    const auto& field = member(object, name);
    return field.is_number_unsigned() ? Amount{field.get<std::uint64_t>()}
                                      : amount_of(object, name);
}

std::uint64_t small_of(const json& object, const char* name)
{
    const auto amount = number_of(object, name);
    if (!amount.fits_uint64())
        throw std::invalid_argument{fmt::format("\"{}\" does not fit 64 bits", name)};
    return amount.low64();
}

std::uint16_t bps_of(const json& object, const char* name)
{
    const auto value = small_of(object, name);
    if (value > 0xFFFF)
        throw std::invalid_argument{fmt::format("\"{}\" does not fit 16 bits", name)};
    return static_cast<std::uint16_t>(value);
}

/// Of a release that is set in basis points.
InterestRateStrategy strategy_of_bps(const json& fields)
{
    const auto rate = [&](const char* name) { return ray_of_bps(small_of(fields, name)); };
    InterestRateStrategy strategy;
    strategy.optimal_usage_ratio = rate("optimalUsageRatio");
    strategy.base_variable_borrow_rate = rate("baseVariableBorrowRate");
    strategy.variable_rate_slope1 = rate("variableRateSlope1");
    strategy.variable_rate_slope2 = rate("variableRateSlope2");
    return strategy;
}

/// As recorded of v3.7: what tokens and casts refuse has no arguments.
std::string revert_text_of(Version version, Refusal refusal)
{
    if (version == Version::v3_7 && refusal.kind == RefusalKind::custom &&
        (refusal.text.starts_with("ERC20") || refusal.text.starts_with("SafeCast")))
        refusal.argument_count = 0;
    return revert_text(refusal);
}

InterestRateStrategy strategy_of(const json& fields)
{
    InterestRateStrategy strategy;
    strategy.optimal_usage_ratio = amount_of(fields, "optimalUsageRatio");
    strategy.base_variable_borrow_rate = amount_of(fields, "baseVariableBorrowRate");
    strategy.variable_rate_slope1 = amount_of(fields, "variableRateSlope1");
    strategy.variable_rate_slope2 = amount_of(fields, "variableRateSlope2");
    strategy.stable_rate_slope1 = amount_of(fields, "stableRateSlope1");
    strategy.stable_rate_slope2 = amount_of(fields, "stableRateSlope2");
    strategy.base_stable_rate_offset = amount_of(fields, "baseStableRateOffset");
    strategy.stable_rate_excess_offset = amount_of(fields, "stableRateExcessOffset");
    strategy.optimal_stable_to_total_debt_ratio =
        amount_of(fields, "optimalStableToTotalDebtRatio");
    return strategy;
}

/// Compares every field recorded in @p object with the value of its name.
void compare_fields(
    Comparison& comparison, const std::string& prefix, const json& object, const Values& replayed)
{
    for (const auto& [field, recorded] : object.items())
    {
        const auto found = replayed.find(field);
        comparison.equal(prefix + field, recorded_text(recorded),
            found == replayed.end() ? std::string{"nothing"} : found->second);
    }
}

/// The recordings' token: it looks at the balance before the allowance, and words that as
/// OpenZeppelin 3 does.
class RecordedToken final : public contracts::Erc20
{
public:
    RecordedToken(ContractIdentity identity, TokenInfo info, AccountId minter)
      : Erc20{std::move(identity), std::move(info), contracts::TokenFlavour::openzeppelin4, minter}
    {}

    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override
    {
        RUNNEL_REQUIRE(holding(context, from) >= amount,
            Refusal::error("ERC20: transfer amount exceeds balance"));
        RUNNEL_REQUIRE(context.read(allowances(), pair_key(from, context.sender())) >= amount,
            Refusal::error("ERC20: transfer amount exceeds allowance"));
        return Erc20::transfer_from(context, from, to, amount);
    }
};

class PoolReplayer final : public Replayer
{
public:
    explicit PoolReplayer(Version version) : version_{version} {}
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    struct Asset
    {
        std::string name;
        contracts::Erc20* token = nullptr;
    };
    /// What runs for a recorded operation.
    struct Planned
    {
        AccountId sender{};
        CallWriter calls;
    };

    [[nodiscard]] ReserveSpec add_asset(const std::string& name, const json& fields);
    [[nodiscard]] AccountId account(const std::string& name) const;
    [[nodiscard]] AccountId account_in(const json& line, const char* field) const
    {
        return account(text_of(line, field));
    }
    [[nodiscard]] ContractId asset(const std::string& name) const;
    [[nodiscard]] ContractId asset_in(const json& line, const char* field) const
    {
        return asset(text_of(line, field));
    }
    [[nodiscard]] Planned plan(const json& line) const;
    [[nodiscard]] bool add_position_call(
        CallWriter& calls, const std::string& op, const json& line) const;
    [[nodiscard]] bool add_admin_call(
        CallWriter& calls, const std::string& op, const json& line) const;
    [[nodiscard]] Planned plan_flash_loan(const json& line) const;

    void compare_outcome(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_events(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_reserve(std::size_t reserve, const json& recorded, const MarketView& market,
        Comparison& comparison) const;
    void compare_user(const std::string& name, const json& recorded, const MarketView& market,
        Comparison& comparison) const;
    [[nodiscard]] std::size_t reserve_named(const std::string& name) const
    {
        return *pool_->find_reserve(asset(name));
    }

    Version version_;
    Sandbox sandbox_;
    PriceOracle* oracle_ = nullptr;
    AaveV3Pool* pool_ = nullptr;
    AccountId admin_{};
    AccountId receiver_{};  // Of flash loans; also mints what users draw from the faucet.
    std::map<std::string, AccountId, std::less<>> users_;
    std::vector<Asset> assets_;  // In the order of the reserves.
};

ReserveSpec PoolReplayer::add_asset(const std::string& name, const json& fields)
{
    const TokenInfo info{name, static_cast<std::uint8_t>(small_of(fields, "decimals"))};
    // v3.7 was recorded with OpenZeppelin 5's tokens.
    const bool is_v37 = version_ == Version::v3_7;
    contracts::Erc20& token = is_v37 ? sandbox_.add<contracts::Erc20>(name, info,
                                           contracts::TokenFlavour::openzeppelin5, receiver_)
                                     : sandbox_.add<RecordedToken>(name, info, receiver_);
    assets_.push_back({name, &token});
    const auto wallet = number_of(fields, "initialWalletPerUser");
    if (!(Checked{wallet} * users_.size()).ok())
        throw std::invalid_argument{"the users' wallets exceed 256 bits"};
    for (const auto& [user, id] : users_)
        token.allocate(id, wallet);

    ReserveSpec spec;
    spec.token = token.id();
    spec.config.ltv_bps = bps_of(fields, "ltv_bps");
    spec.config.liquidation_threshold_bps = bps_of(fields, "liquidationThreshold_bps");
    spec.config.liquidation_bonus_bps = bps_of(fields, "liquidationBonus_bps");
    spec.config.reserve_factor_bps = bps_of(fields, "reserveFactor_bps");
    spec.config.liquidation_protocol_fee_bps = bps_of(fields, "liquidationProtocolFee_bps");
    spec.config.supply_cap = small_of(fields, "supplyCap_wholeTokens");
    spec.config.borrow_cap = small_of(fields, "borrowCap_wholeTokens");
    spec.config.borrowing_enabled = flag_of(fields, "borrowingEnabled");
    spec.config.flash_loan_enabled = flag_of(fields, "flashLoanEnabled");
    spec.strategy = is_v37 ? strategy_of_bps(member(fields, "irs_bps"))
                           : strategy_of(member(fields, "irs_ray"));
    return spec;
}

void PoolReplayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    admin_ = sandbox_.account("admin");
    receiver_ = sandbox_.account("receiver");
    (void)sandbox_.account("treasury");
    for (const auto& [name, address] : member(setup, "users").items())
        users_.emplace(name, sandbox_.account("user/" + name));

    std::vector<ReserveSpec> specs;
    std::vector<contracts::TokenPrice> prices;
    for (const auto& item : member(setup, "reservesInIdOrder"))
    {
        const auto& name = as_text(item, "reservesInIdOrder");
        const auto& fields = member(member(setup, "reserves"), name);
        specs.push_back(add_asset(name, fields));
        prices.push_back({specs.back().token, number_of(fields, "price")});
    }
    if (specs.size() > AaveV3Pool::reserves_max)
        throw std::invalid_argument{"there are too many reserves"};
    PoolSettings settings;
    settings.flash_loan_premium_total_bps = bps_of(setup, "flashLoanPremiumTotal_bps");
    std::uint64_t start = 0;
    if (version_ == Version::v3_7)
        start = integer_of(setup, "t0");
    else
    {
        settings.flash_loan_premium_to_protocol_bps =
            bps_of(setup, "flashLoanPremiumToProtocol_bps");
    }
    oracle_ = &sandbox_.add<PriceOracle>("oracle", "admin", prices);
    pool_ = &sandbox_.add<AaveV3Pool>(
        "pool", oracle_->id(), std::move(specs), settings, "treasury", "admin", version_, start);
    sandbox_.connect();
    for (const auto& [name, user] : users_)
    {
        CallWriter calls;
        for (const auto& item : assets_)
            calls.add(item.token->id(), Erc20Approve{pool_->account(), Amount::max()});
        if (!sandbox_.run(user, calls).ok())
            throw std::invalid_argument{"the users cannot approve the pool"};
    }
}

AccountId PoolReplayer::account(const std::string& name) const
{
    if (name == "admin")
        return admin_;
    const auto found = users_.find(name);
    if (found == users_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no user of this file", name)};
    return found->second;
}

ContractId PoolReplayer::asset(const std::string& name) const
{
    for (const auto& item : assets_)
    {
        if (item.name == name)
            return item.token->id();
    }
    throw std::invalid_argument{fmt::format("\"{}\" is no asset of this file", name)};
}

PoolReplayer::Planned PoolReplayer::plan_flash_loan(const json& line) const
{
    const auto token = asset_in(line, "asset");
    const auto amount = amount_of(line, "amount");
    const auto& mode = text_of(line, "receiverMode");
    if (mode != "ok" && mode != "returnFalse" && mode != "noRepay")
        throw std::invalid_argument{fmt::format("unknown receiver mode \"{}\"", mode)};
    CallWriter callback;
    if (mode == "ok")
    {
        const auto bps = pool_->settings().flash_loan_premium_total_bps;
        const auto premium = version_ == Version::v3_7 ? percent_mul_up(amount, bps)
                                                       : percent_mul_half_up(amount, bps);
        callback.add(token, Erc20Mint{receiver_, premium.value});
        callback.add(token, Erc20Approve{pool_->account(), (Checked{amount} + premium).value});
    }
    Planned planned;
    planned.sender = receiver_;
    planned.calls.add(
        pool_->id(), FlashLoanSimple{token, amount, callback.list(), mode != "returnFalse"});
    return planned;
}

bool PoolReplayer::add_position_call(
    CallWriter& calls, const std::string& op, const json& line) const
{
    const auto pool = pool_->id();
    const auto rate_mode = [&]
    {
        const auto mode = number_of(line, "interestRateMode");
        return static_cast<std::uint8_t>(mode > 255 ? 255 : mode.low64());
    };
    if (op == "supply")
    {
        calls.add(pool, Supply{asset_in(line, "asset"), amount_of(line, "amount"),
                            account_in(line, "onBehalfOf")});
    }
    else if (op == "withdraw")
    {
        calls.add(pool,
            Withdraw{asset_in(line, "asset"), amount_of(line, "amount"), account_in(line, "to")});
    }
    else if (op == "borrow")
        calls.add(pool, Borrow{asset_in(line, "asset"), amount_of(line, "amount"), rate_mode()});
    else if (op == "repay")
    {
        calls.add(pool, Repay{asset_in(line, "asset"), amount_of(line, "amount"), rate_mode(),
                            account_in(line, "onBehalfOf")});
    }
    else if (op == "repayWithATokens")
    {
        calls.add(pool,
            RepayWithATokens{asset_in(line, "asset"), amount_of(line, "amount"), rate_mode()});
    }
    else if (op == "setUserUseReserveAsCollateral")
    {
        calls.add(pool, SetUserUseReserveAsCollateral{
                            asset_in(line, "asset"), flag_of(line, "useAsCollateral")});
    }
    else if (op == "liquidationCall")
    {
        calls.add(pool, LiquidationCall{asset_in(line, "collateralAsset"),
                            asset_in(line, "debtAsset"), account_in(line, "user"),
                            amount_of(line, "debtToCover"), flag_of(line, "receiveAToken")});
    }
    else if (op == "mintToTreasury")
    {
        MintToTreasury call;
        if (member(line, "assets").size() > assets_per_call_max)
            throw std::invalid_argument{"there are too many assets in one call"};
        for (const auto& item : member(line, "assets"))
            call.assets.push_back(asset(as_text(item, "assets")));
        calls.add(pool, call);
    }
    else if (op == "aTokenTransfer")
    {
        calls.add(pool, TransferAToken{asset_in(line, "asset"), account_in(line, "to"),
                            amount_of(line, "amount")});
    }
    else
        return false;
    return true;
}

bool PoolReplayer::add_admin_call(CallWriter& calls, const std::string& op, const json& line) const
{
    const auto pool = pool_->id();
    const auto flag = [&](const char* name) { return flag_of(line, name); };
    if (op == "setReserveFreeze")
        calls.add(pool, SetReserveFreeze{asset_in(line, "asset"), flag("freeze")});
    else if (op == "setReservePause")
        calls.add(pool, SetReservePause{asset_in(line, "asset"), flag("paused")});
    else if (op == "setReserveFactor")
    {
        calls.add(
            pool, SetReserveFactor{asset_in(line, "asset"), number_of(line, "reserveFactor")});
    }
    else if (op == "setSupplyCap")
        calls.add(pool, SetSupplyCap{asset_in(line, "asset"), number_of(line, "supplyCap")});
    else if (op == "setBorrowCap")
        calls.add(pool, SetBorrowCap{asset_in(line, "asset"), number_of(line, "borrowCap")});
    else if (op == "setLiquidationProtocolFee")
    {
        calls.add(pool, SetLiquidationProtocolFee{
                            asset_in(line, "asset"), number_of(line, "liquidationProtocolFee")});
    }
    else if (op == "configureReserveAsCollateral")
    {
        calls.add(pool,
            ConfigureReserveAsCollateral{asset_in(line, "asset"), number_of(line, "ltv"),
                number_of(line, "liquidationThreshold"), number_of(line, "liquidationBonus")});
    }
    else if (op == "setReserveFlashLoaning")
        calls.add(pool, SetReserveFlashLoaning{asset_in(line, "asset"), flag("enabled")});
    else if (op == "setReserveBorrowing")
        calls.add(pool, SetReserveBorrowing{asset_in(line, "asset"), flag("enabled")});
    else if (op == "updateFlashloanPremium" && version_ == Version::v3_7)
        calls.add(pool, UpdateFlashloanPremiumTotal{number_of(line, "premium")});
    else if (op == "updateFlashloanPremiumTotal")
        calls.add(pool, UpdateFlashloanPremiumTotal{number_of(line, "premiumTotal")});
    else if (op == "updateFlashloanPremiumToProtocol")
    {
        calls.add(pool, UpdateFlashloanPremiumToProtocol{number_of(line, "premiumToProtocol")});
    }
    else if (op == "setPrice")
    {
        calls.add(
            oracle_->id(), contracts::SetPrice{asset_in(line, "asset"), number_of(line, "price")});
    }
    else
        return false;
    return true;
}

PoolReplayer::Planned PoolReplayer::plan(const json& line) const
{
    const auto& op = text_of(line, "op");
    if (op == "flashLoanSimple")
        return plan_flash_loan(line);
    Planned planned;
    planned.sender = account_in(line, "from");
    if (op == "faucet")
    {
        planned.calls.add(
            asset_in(line, "asset"), Erc20Mint{planned.sender, amount_of(line, "amount")});
        planned.sender = receiver_;
        return planned;
    }
    if (!add_position_call(planned.calls, op, line) && !add_admin_call(planned.calls, op, line))
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", op)};
    return planned;
}

void PoolReplayer::operation(const json& line, Comparison& comparison)
{
    const auto timestamp = integer_of(line, "t");
    sandbox_.set_time(timestamp);
    const auto planned = plan(line);
    const auto outcome = sandbox_.run(planned.sender, planned.calls);
    // What wallets allow is enough.
    if (outcome.ok() &&
        outcome.receipt.gas_used > gas_figure_of(sandbox_.world(), planned.calls.bytes()))
        comparison.mismatch("charged more than the calls' figures");
    // The price oracle of the recording is a mock.
    if (const auto& op = text_of(line, "op"); line.contains("gasTx") && op != "setPrice")
    {
        comparison.gas(outcome.ok() ? op : fmt::format("{}: {}", op, recorded_revert(line)),
            {integer_of(line, "gasTx"), outcome.receipt.gas_used});
    }
    compare_outcome(line, outcome, comparison);
    compare_events(line, outcome, comparison);

    const auto market = pool_->market(timestamp);
    for (const auto& [name, recorded] : member(line, "reserves").items())
        compare_reserve(reserve_named(name), recorded, market, comparison);
    for (const auto& [name, recorded] : member(line, "users").items())
        compare_user(name, recorded, market, comparison);
    Findings findings;
    pool_->check_invariants(sandbox_.world(), findings);
    for (auto& finding : findings)
        comparison.mismatch(std::move(finding));
}

void PoolReplayer::compare_outcome(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    const auto replayed = outcome.ok() ? "ok" : revert_text_of(version_, outcome.receipt.refusal);
    comparison.equal("outcome", ok ? "ok" : recorded_revert(line), replayed);
    if (!line.contains("ret"))
        return;
    const auto& ret = member(line, "ret");
    const bool from_faucet = text_of(line, "op") == "faucet";  // Its mint() returned true.
    for (std::size_t i = 0; i < ret.size(); ++i)
    {
        const auto value = from_faucet                 ? "1"
                           : i < outcome.returns.count ? outcome.returns.values[i].to_string()
                                                       : std::string{"nothing"};
        comparison.equal(fmt::format("ret[{}]", i), recorded_text(ret[i]), value);
    }
}

void PoolReplayer::compare_events(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    Values replayed;
    auto deficits = json::array();
    for (const auto& event : outcome.block.events)
    {
        DeficitCreatedLog deficit;
        if (event.type == &event_type<DeficitCreatedLog> &&
            decode(outcome.block.encoding(event), deficit))
        {
            for (const auto& item : assets_)
            {
                if (item.token->id() == deficit.debt_asset)
                {
                    deficits.push_back(
                        {{"asset", item.name}, {"amount", deficit.amount_created.to_string()}});
                }
            }
        }
        const auto bytes = outcome.block.encoding(event);
        LiquidationCallLog liquidation;
        FlashLoanLog flash_loan;
        MintedToTreasuryLog minted;
        if (event.type == &event_type<LiquidationCallLog> && decode(bytes, liquidation))
        {
            replayed["debtRepaid"] = liquidation.debt_to_cover.to_string();
            replayed["collateralToLiquidator"] =
                liquidation.liquidated_collateral_amount.to_string();
        }
        else if (event.type == &event_type<FlashLoanLog> && decode(bytes, flash_loan))
            replayed["premium"] = flash_loan.premium.to_string();
        else if (event.type == &event_type<MintedToTreasuryLog> && decode(bytes, minted))
        {
            for (const auto& item : assets_)
            {
                if (item.token->id() == minted.reserve)
                    replayed[item.name] = minted.amount_minted.to_string();
            }
        }
    }
    if (line.contains("deficits") || !deficits.empty())
    {
        comparison.equal("deficits", line.value("deficits", json::array()).dump(), deficits.dump());
    }
    const auto recorded = line.value("event", json::object());
    compare_fields(comparison, "event.", recorded, replayed);
    for (const auto& [field, value] : replayed)
    {
        if (!recorded.contains(field))
            comparison.equal("event." + field, "nothing", value);
    }
}

void PoolReplayer::compare_reserve(std::size_t reserve, const json& recorded,
    const MarketView& market, Comparison& comparison) const
{
    const auto& state = pool_->reserve_state(reserve);
    const auto extra = pool_->reserve_extra(reserve);
    const auto& item = assets_.at(reserve);
    const auto table_of_treasury = pool_->balance(pool_->treasury(), reserve, market);
    compare_fields(comparison, "reserves." + item.name + ".", recorded,
        {{"liquidityIndex", state.liquidity_index.to_string()},
            {"variableBorrowIndex", state.variable_borrow_index.to_string()},
            {"liquidityRate", state.liquidity_rate.to_string()},
            {"variableBorrowRate", state.variable_borrow_rate.to_string()},
            {"stableBorrowRate", state.stable_borrow_rate.to_string()},
            {"accruedToTreasury", state.accrued_to_treasury.to_string()},
            {"lastUpdateTimestamp", std::to_string(state.last_update)},
            {"aTokenScaledSupply", state.scaled_supply.to_string()},
            {"aTokenSupply", pool_->total_supplied(reserve, market).to_string()},
            {"debtScaledSupply", state.scaled_debt.to_string()},
            {"debtSupply", pool_->total_debt(reserve, market).to_string()},
            {"cash", pool_->cash(reserve).to_string()},
            {"treasuryScaled", table_of_treasury.supplied_scaled.to_string()},
            {"virtualUnderlyingBalance", extra.virtual_balance.to_string()},
            {"deficit", extra.deficit.to_string()}, {"price", pool_->price(reserve).to_string()}});
}

void PoolReplayer::compare_user(const std::string& name, const json& recorded,
    const MarketView& market, Comparison& comparison) const
{
    const auto user = account(name);
    const auto data = pool_->account_data(user, market);
    const auto prefix = "users." + name + ".";
    compare_fields(comparison, prefix + "account.", member(recorded, "account"),
        {{"totalCollateralBase", data.collateral.to_string()},
            {"totalDebtBase", data.debt.to_string()},
            {"availableBorrowsBase", data.available_borrows.to_string()},
            {"currentLiquidationThreshold", data.liquidation_threshold.to_string()},
            {"ltv", data.ltv.to_string()}, {"healthFactor", data.health_factor.to_string()}});
    comparison.equal(prefix + "configBitmap", text_of(recorded, "configBitmap"),
        pool_->user_config(user).bitmap.to_string());
    for (const auto& [asset_name, position] : member(recorded, "pos").items())
    {
        const auto reserve = reserve_named(asset_name);
        const auto balance = pool_->balance(user, reserve, market);
        compare_fields(comparison, prefix + asset_name + ".", position,
            {{"aScaled", balance.supplied_scaled.to_string()}, {"a", balance.supplied.to_string()},
                {"dScaled", balance.debt_scaled.to_string()}, {"d", balance.debt.to_string()},
                {"wallet", assets_[reserve].token->balance(user).to_string()}});
    }
}

class MathReplayer final : public Replayer
{
public:
    explicit MathReplayer(Version version) : version_{version} {}
    void start(const json& header) override
    {
        if (version_ == Version::v3_7)
            return;  // It recorded no rates.
        for (const auto& fields : member(object_of(header, "setup"), "strategies"))
            strategies_.push_back(strategy_of(fields));
    }
    void operation(const json& line, Comparison& comparison) override;

private:
    [[nodiscard]] Result<std::vector<std::string>> run_rates(const json& line) const;

    Version version_;
    std::vector<InterestRateStrategy> strategies_;
};

Checked run_function(Version version, const std::string& name, const json& line)
{
    const auto& inputs = member(line, "in");
    const auto in = [&](std::size_t i)
    { return Checked{parse_amount(as_text(inputs.at(i), "in"))}; };
    if (name == "wadMul")
        return wad_mul_half_up(in(0), in(1));
    if (name == "wadDiv")
        return wad_div_half_up(in(0), in(1));
    if (name == "rayMul")
        return ray_mul_half_up(in(0), in(1));
    if (name == "rayDiv")
        return ray_div_half_up(in(0), in(1));
    if (name == "percentMul")
        return percent_mul_half_up(in(0), in(1));
    if (name == "percentDiv")
        return percent_div_half_up(in(0), in(1));
    if (name == "rayToWad")
        return ray_to_wad_half_up(in(0));
    if (name == "wadToRay")
        return wad_to_ray(in(0));
    if (name == "calculateLinearInterest")
        return linear_interest(in(0), in(1), number_of(line, "block_timestamp"));
    if (name == "calculateCompoundedInterest")
    {
        return version == Version::v3_7 ? compounded_interest_v37(in(0), in(1), in(2))
                                        : compounded_interest(in(0), in(1), in(2));
    }
    using Function = Checked (*)(const Checked&, const Checked&);
    static const std::map<std::string, Function, std::less<>> of_v37{{"rayMulFloor", ray_mul_down},
        {"rayMulCeil", ray_mul_up}, {"rayDivFloor", ray_div_down}, {"rayDivCeil", ray_div_up},
        {"percentMulFloor", percent_mul_down}, {"percentMulCeil", percent_mul_up},
        {"percentDivFloor", percent_div_down}, {"percentDivCeil", percent_div_up}};
    if (const auto found = of_v37.find(name); found != of_v37.end())
        return found->second(in(0), in(1));
    if (name == "mulDivCeil")
        return product_div_up(in(0), in(1), in(2));
    throw std::invalid_argument{fmt::format("unknown function \"{}\"", name)};
}

Result<std::vector<std::string>> MathReplayer::run_rates(const json& line) const
{
    const auto& in = member(line, "in");
    RateInputs inputs;
    inputs.cash = amount_of(in, "underlyingBalanceOfAToken");
    inputs.liquidity_added = amount_of(in, "liquidityAdded");
    inputs.liquidity_taken = amount_of(in, "liquidityTaken");
    inputs.total_stable_debt = amount_of(in, "totalStableDebt");
    inputs.total_variable_debt = amount_of(in, "totalVariableDebt");
    inputs.average_stable_borrow_rate = amount_of(in, "averageStableBorrowRate");
    inputs.unbacked = amount_of(in, "unbacked");
    inputs.reserve_factor = amount_of(in, "reserveFactor");
    const auto rates = RUNNEL_TRY(strategies_.at(count_of(line, "strategy")).rates(inputs));
    return std::vector{
        rates.liquidity.to_string(), rates.stable.to_string(), rates.variable.to_string()};
}

void MathReplayer::operation(const json& line, Comparison& comparison)
{
    const auto& name = text_of(line, "fn");
    const bool is_rates = name == "calculateInterestRates";
    if (is_rates && count_of(line, "strategy") >= strategies_.size())
        throw std::invalid_argument{"there is no strategy of this number"};
    const auto replayed = [&]() -> Result<std::vector<std::string>>
    {
        if (is_rates)
            return run_rates(line);
        return std::vector{RUNNEL_TRY(run_function(version_, name, line)).to_string()};
    }();
    const bool ok = flag_of(line, "ok");
    comparison.equal(name, ok ? "ok" : recorded_revert(line),
        replayed.has_value() ? "ok" : revert_text(replayed.error()));
    if (!ok || !replayed.has_value())
        return;
    if (is_rates)
    {
        compare_fields(comparison, name + ".", member(line, "out"),
            {{"liquidityRate", (*replayed)[0]}, {"stableBorrowRate", (*replayed)[1]},
                {"variableBorrowRate", (*replayed)[2]}});
    }
    else
        comparison.equal(name, recorded_text(member(line, "out").at(0)), (*replayed)[0]);
}
}  // namespace

Protocol aave_v3_pool_protocol()
{
    return {"aave-v3 pool",
        [](const json& header) { return header.value("protocol", json{}) == "aave-v3 pool"; },
        []() -> std::unique_ptr<Replayer>
        { return std::make_unique<PoolReplayer>(Version::v3_0_2); }};
}

Protocol aave_v37_pool_protocol()
{
    return {"aave-v3.7 pool",
        [](const json& header) { return header.value("protocol", json{}) == "aave-v3.7 pool"; },
        []() -> std::unique_ptr<Replayer>
        { return std::make_unique<PoolReplayer>(Version::v3_7); }};
}

Protocol aave_v3_math_protocol()
{
    return {"aave-v3 math",
        [](const json& header)
        { return header.value("protocol", json{}) == "aave-v3 math libraries"; },
        []() -> std::unique_ptr<Replayer>
        { return std::make_unique<MathReplayer>(Version::v3_0_2); }};
}

Protocol aave_v37_math_protocol()
{
    return {"aave-v3.7 math",
        [](const json& header)
        { return header.value("protocol", json{}) == "aave-v3.7 math libraries"; },
        []() -> std::unique_ptr<Replayer>
        { return std::make_unique<MathReplayer>(Version::v3_7); }};
}

}  // namespace runnel::replay
