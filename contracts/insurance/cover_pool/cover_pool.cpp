#include "contracts/insurance/cover_pool/cover_pool.hpp"

#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/vault.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace cover_pool;

namespace
{
constexpr double year_ms = 31'536'000'000.0;
constexpr double day_ms = 86'400'000.0;

Refusal incident_is_open()
{
    return Refusal::error("CoverPool: an incident is open");
}
Refusal zero_amount()
{
    return Refusal::error("CoverPool: zero amount");
}

/// Beyond this a pool takes nothing: products of its amounts and rates fit 256 bits below it.
const Amount& assets_max()
{
    static const auto most = Amount::power_of_two(128);
    return most;
}

std::uint64_t seconds_of(const Parameters& parameters, std::string_view key)
{
    return static_cast<std::uint64_t>(parameters.duration_ms(key)) / 1'000;
}

Amount yearly_rate(const Parameters& parameters, std::string_view key)
{
    // Bps of a year in 1e-18.
    return wrapping_mul(
        static_cast<std::uint64_t>(parameters.integer(key)), Amount::power_of_ten(14));
}

Terms terms_of(const Parameters& parameters, const std::string& name)
{
    const auto number = [&](std::string_view key)
    { return static_cast<std::uint64_t>(parameters.integer(key)); };
    Terms terms;
    terms.asset = parameters.token("asset");
    terms.products = parameters.contracts("products");
    terms.cover_limit_bps = number("cover_limit_bps");
    terms.product_limit_bps = number("product_limit_bps");
    terms.curve = {yearly_rate(parameters, "base_rate_bps"), yearly_rate(parameters, "slope1_bps"),
        yearly_rate(parameters, "slope2_bps"), static_cast<std::uint32_t>(number("kink_bps"))};
    terms.notice = seconds_of(parameters, "notice");
    terms.withdrawal_window = seconds_of(parameters, "withdrawal_window");
    terms.period_min = seconds_of(parameters, "period_min");
    terms.period_max = seconds_of(parameters, "period_max");
    terms.bucket = seconds_of(parameters, "bucket");
    terms.claim_window = seconds_of(parameters, "claim_window");
    terms.grace = seconds_of(parameters, "grace");
    terms.symbol = parameters.text("symbol");
    if (terms.symbol.empty())
        terms.symbol = name;
    return terms;
}

std::string check_terms(const Parameters& parameters)
{
    const auto& products = parameters.contracts("products");
    if (products.empty() || products.size() > CoverPoolContract::products_max)
    {
        return fmt::format("products: expected 1 to {} products, got {}",
            CoverPoolContract::products_max, products.size());
    }
    for (auto it = products.begin(); it != products.end(); ++it)
    {
        if (std::find(std::next(it), products.end(), *it) != products.end())
            return "products: expected each product once";
    }
    for (const auto* key : {"notice", "withdrawal_window", "period_min", "period_max", "bucket",
             "claim_window", "grace"})
    {
        if (parameters.duration_ms(key) % 1'000 != 0)
        {
            return fmt::format(
                "{}: expected whole seconds, got {} ms", key, parameters.duration_ms(key));
        }
    }
    if (parameters.duration_ms("period_min") > parameters.duration_ms("period_max"))
        return "period_max: expected at least period_min";
    const auto buckets = parameters.duration_ms("period_max") / parameters.duration_ms("bucket");
    if (buckets >= static_cast<std::int64_t>(CoverPoolContract::buckets_max))
    {
        return fmt::format("bucket: expected less than {} of them in period_max, got {}",
            CoverPoolContract::buckets_max, buckets);
    }
    if (parameters.integer("product_limit_bps") > parameters.integer("cover_limit_bps"))
        return "product_limit_bps: expected at most cover_limit_bps";
    return {};
}
}  // namespace

CoverPoolContract::CoverPoolContract(ContractIdentity identity, Terms terms)
  : TokenBase{std::move(identity), TokenFlavour::openzeppelin5},
    terms_{std::move(terms)},
    state_{name() + ".state"},
    product_states_{name() + ".products"},
    endings_{name() + ".endings", KeyOf::sparse_number},
    product_endings_{name() + ".product_endings", KeyOf::sparse_number},
    covers_{name() + ".covers"},
    incidents_{name() + ".incidents"},
    accounts_{name() + ".accounts", KeyOf::account}
{
    RUNNEL_CHECK(!terms_.products.empty() && terms_.products.size() <= products_max);
    RUNNEL_CHECK(terms_.bucket > 0 && terms_.period_max / terms_.bucket < buckets_max);
    RUNNEL_CHECK(terms_.curve.kink_bps > 0 && terms_.curve.kink_bps < bps_whole);
    RUNNEL_CHECK(terms_.cover_limit_bps > 0 && terms_.product_limit_bps > 0);
    state_.set_conservation_weight(-1);
    add_table(state_);
    add_table(product_states_);
    add_table(endings_);
    add_table(product_endings_);
    add_table(covers_);
    add_table(incidents_);
    add_table(accounts_);
}

const ContractType& CoverPoolContract::contract_type()
{
    static const ContractType type{.kind = "cover_pool",
        .help = "A mutual pool of capital that covers losses of protocols (ideas of Nexus Mutual).",
        .role = ContractRole::lending,
        .sectors = implements<CoverPoolContract, CoverPool>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, CoverBoughtLog, WithdrawalRequestedLog,
            IncidentSubmittedLog, ClaimSubmittedLog, IncidentSettledLog, IncidentPayoutRedeemedLog,
            VaultFlow, VaultRow, CoverSale, InsuranceIncident, InsuranceClaim, InsurancePoolRow>(),
        .parameters =
            {
                token_parameter("asset", plain_tokens, "What underwriters deposit and covers pay."),
                {"products", ParameterKind::contracts, "", {},
                    "What it covers; at most 32, numbered from 0.", 0, 0, {}, CoverProduct::sector},
                {"cover_limit_bps", ParameterKind::integer, "10000", unit::other("bps of capital"),
                    "The most cover that the capital allows.", 1, 1e6},
                {"product_limit_bps", ParameterKind::integer, "5000", unit::other("bps of capital"),
                    "The most cover of one product that it allows.", 1, 1e6},
                {"base_rate_bps", ParameterKind::integer, "100", unit::bps_per_year,
                    "The premium when nothing is sold.", 0, 1e6},
                {"slope1_bps", ParameterKind::integer, "400", unit::bps_per_year,
                    "By how much it has risen at the kink.", 0, 1e6},
                {"slope2_bps", ParameterKind::integer, "4000", unit::bps_per_year,
                    "By how much more when all is sold.", 0, 1e6},
                {"kink_bps", ParameterKind::integer, "8000", unit::other("bps of the cover limit"),
                    "Where the premium begins to rise steeply.", 1, 9'999},
                {"notice", ParameterKind::duration, "\"7d\"", {},
                    "From a request to the withdrawal of shares.", 0, year_ms},
                {"withdrawal_window", ParameterKind::duration, "\"3d\"", {},
                    "How long they can be withdrawn then.", 1'000, year_ms},
                {"period_min", ParameterKind::duration, "\"1d\"", {}, "The shortest cover.", 1'000,
                    year_ms},
                {"period_max", ParameterKind::duration, "\"365d\"", {}, "The longest cover.", 1'000,
                    year_ms},
                {"bucket", ParameterKind::duration, "\"1d\"", {},
                    "Covers free their capital at multiples of this time.", 1'000, 30 * day_ms},
                {"claim_window", ParameterKind::duration, "\"3d\"", {},
                    "How long holders may claim after a loss is proven.", 1'000, year_ms},
                {"grace", ParameterKind::duration, "\"7d\"", {},
                    "How long after a loss assessors may be asked about it.", 1'000, year_ms},
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call a share; empty: its name in the scenario."},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            auto terms = terms_of(parameters, identity.name);
            return std::make_unique<CoverPoolContract>(std::move(identity), std::move(terms));
        },
        .validate = check_terms};
    return type;
}

std::optional<TokenInfo> CoverPoolContract::token_info() const
{
    return TokenInfo{terms_.symbol, asset_info_.decimals};
}

void CoverPoolContract::connect(World& world)
{
    asset_ = &token_at(world, terms_.asset);
    asset_info_ = world.contract(terms_.asset).token_info().value_or(TokenInfo{});
    products_.clear();
    for (const auto id : terms_.products)
    {
        auto* product = find_cover_product(world, id);
        RUNNEL_CHECK(product != nullptr);
        products_.push_back(product);
    }
}

// ---- Time ----

template <typename Read>
std::uint64_t CoverPoolContract::advance(PoolState& state, std::uint64_t at, Read&& read) const
{
    std::uint64_t ended = 0;
    const auto earn = [&state](std::uint64_t until)
    {
        const auto earned = wrapping_mul(state.flow_rate, until - state.updated_at);
        state.unearned_flow = wrapping_sub(state.unearned_flow, earned);
        state.updated_at = until;
    };
    while (!state.active_cover.is_zero() || !state.flow_rate.is_zero())
    {
        const auto bucket = state.updated_at / terms_.bucket + 1;
        if (bucket * terms_.bucket > at)
            break;
        earn(bucket * terms_.bucket);
        const Ending& ending = read(bucket);
        state.active_cover = wrapping_sub(state.active_cover, ending.cover);
        state.flow_rate = wrapping_sub(state.flow_rate, ending.flow_rate);
        ++ended;
    }
    if (at > state.updated_at)
        earn(at);
    return ended;
}

template <typename Read>
std::uint64_t CoverPoolContract::advance(ProductState& state, std::uint64_t at, Read&& read) const
{
    std::uint64_t ended = 0;
    for (; !state.active_cover.is_zero() && state.bucket * terms_.bucket <= at; ++state.bucket)
    {
        const Amount& cover = read(state.bucket);
        state.active_cover = wrapping_sub(state.active_cover, cover);
        ++ended;
    }
    state.bucket = std::max(state.bucket, at / terms_.bucket + 1);
    return ended;
}

PoolState CoverPoolContract::state_at(std::uint64_t at) const
{
    auto state = state_.get(0);
    advance(
        state, at, [this](std::uint64_t bucket) -> const Ending& { return endings_.get(bucket); });
    return state;
}

std::uint64_t CoverPoolContract::advance_product(
    ProductState& state, std::uint32_t product, std::uint64_t at) const
{
    return advance(state, at,
        [this, product](std::uint64_t bucket) -> const Amount&
        { return product_endings_.get(bucket * products_max + product); });
}

ProductState CoverPoolContract::product_at(std::uint32_t product, std::uint64_t at) const
{
    auto state = product_states_.get(product);
    advance_product(state, product, at);
    return state;
}

Result<PoolState*> CoverPoolContract::current(CallContext& context)
{
    auto& state = context.write(state_, 0);
    const auto ended = advance(state, context.block().timestamp,
        [&](std::uint64_t bucket) -> const Ending& { return context.read(endings_, bucket); });
    RUNNEL_TRY(context.charge_gas(ended * gas::per_bucket));
    return &state;
}

Result<ProductState*> CoverPoolContract::current(CallContext& context, std::uint32_t product)
{
    auto& state = context.write(product_states_, product);
    const auto ended = advance(state, context.block().timestamp,
        [&](std::uint64_t bucket) -> const Amount&
        { return context.read(product_endings_, bucket * products_max + product); });
    RUNNEL_TRY(context.charge_gas(ended * gas::per_bucket));
    return &state;
}

// ---- What there is ----

Amount CoverPoolContract::unearned_of(const PoolState& state)
{
    return mul_div_up(state.unearned_flow, 1, flow_scale()).value;
}

Amount CoverPoolContract::capital_of(const PoolState& state)
{
    return wrapping_sub(state.assets, wrapping_add(state.claims_owed, unearned_of(state)));
}

Amount CoverPoolContract::unearned(std::uint64_t at) const
{
    return unearned_of(state_at(at));
}

Amount CoverPoolContract::capital(std::uint64_t at) const
{
    return capital_of(state_at(at));
}

Amount CoverPoolContract::active_cover(std::uint64_t at) const
{
    return state_at(at).active_cover;
}

Amount CoverPoolContract::active_cover(std::uint32_t product, std::uint64_t at) const
{
    return product < products_.size() ? product_at(product, at).active_cover : Amount{};
}

Amount CoverPoolContract::cover_room(std::uint32_t product, std::uint64_t at) const
{
    const auto state = state_at(at);
    if (product >= products_.size() || state.open_incidents != 0 || !products_[product]->is_sold())
        return {};
    const auto room = [&](std::uint64_t limit_bps, const Amount& sold)
    {
        const auto most = cover_max_down(capital_of(state), limit_bps);
        return sold < most ? wrapping_sub(most, sold) : Amount{};
    };
    return std::min(room(terms_.cover_limit_bps, state.active_cover),
        room(terms_.product_limit_bps, product_at(product, at).active_cover));
}

Amount CoverPoolContract::required_capital(std::uint64_t at) const
{
    auto required = capital_min_up(active_cover(at), terms_.cover_limit_bps);
    for (std::uint32_t i = 0; i < products_.size(); ++i)
        required =
            std::max(required, capital_min_up(active_cover(i, at), terms_.product_limit_bps));
    return required;
}

Amount CoverPoolContract::mean_premium_rate(const Amount& use) const
{
    const auto sold = std::min(use, wad());
    if (sold.is_zero())
        return terms_.curve.base;
    return mul_div_up(yearly_premium_up(terms_.curve, 0, sold, wad()), wad(), sold).value;
}

Amount CoverPoolContract::cover_limit() const
{
    return cover_max_down(wad(), terms_.cover_limit_bps);
}

Amount CoverPoolContract::yearly_premiums(std::uint64_t at) const
{
    return mul_div_down(state_at(at).flow_rate, year_seconds, flow_scale()).value;
}

Result<Amount> CoverPoolContract::premium_of(const PoolState& state, const ProductState& product,
    std::uint32_t number, const Amount& amount, std::uint64_t period) const
{
    RUNNEL_REQUIRE(state.open_incidents == 0, incident_is_open());
    RUNNEL_REQUIRE(number < products_.size(), Refusal::error("CoverPool: no such product"));
    RUNNEL_REQUIRE(!amount.is_zero(), zero_amount());
    RUNNEL_REQUIRE(period >= terms_.period_min && period <= terms_.period_max,
        Refusal::error("CoverPool: the period is too short or too long"));
    const auto capital = capital_of(state);
    const auto most = cover_max_down(capital, terms_.cover_limit_bps);
    const Amount sold = RUNNEL_TRY(Checked{state.active_cover} + amount);
    RUNNEL_REQUIRE(sold <= most, Refusal::error("CoverPool: above the capital limit"));
    const Amount of_product = RUNNEL_TRY(Checked{product.active_cover} + amount);
    RUNNEL_REQUIRE(of_product <= cover_max_down(capital, terms_.product_limit_bps),
        Refusal::error("CoverPool: above the product limit"));
    return premium_up(yearly_premium_up(terms_.curve, state.active_cover, sold, most),
        products_[number]->risk_bps(), period);
}

Result<Amount> CoverPoolContract::premium(
    std::uint32_t product, const Amount& amount, std::uint64_t period, std::uint64_t at) const
{
    const auto of_product = product < products_.size() ? product_at(product, at) : ProductState{};
    return premium_of(state_at(at), of_product, product, amount, period);
}

WithdrawalRequest CoverPoolContract::withdrawal_request(AccountId account) const
{
    const auto& entry = accounts_.get(account);
    return {entry.requested, entry.ready_at, entry.ready_at + terms_.withdrawal_window};
}

IncidentInfo CoverPoolContract::incident(std::uint64_t number) const
{
    const auto& found = incidents_.get(number);
    return {found.product, static_cast<IncidentPhase>(found.phase), found.poll,
        {found.level, found.scale}, found.occurred_at, found.claims_until, found.owed,
        found.payable};
}

std::optional<std::uint64_t> CoverPoolContract::open_incident(std::uint32_t product) const
{
    const auto open = product_states_.get(product).open_incident;
    return open == 0 ? std::nullopt : std::optional{open - 1};
}

CoverInfo CoverPoolContract::cover(std::uint64_t number) const
{
    const auto& found = covers_.get(number);
    return {found.owner, found.product, found.amount, found.base, found.start, found.end,
        found.incident != 0, found.incident == 0 ? 0 : found.incident - 1, found.owed,
        found.is_paid};
}

std::vector<std::uint64_t> CoverPoolContract::covers_of(
    AccountId account, std::uint32_t product, std::size_t most) const
{
    std::vector<std::uint64_t> result;
    for (auto next = accounts_.get(account).newest_cover; next != 0 && result.size() < most;)
    {
        const auto& found = covers_.get(next - 1);
        if (found.product == product)
            result.push_back(next - 1);
        next = found.previous;
    }
    return result;
}

Amount CoverPoolContract::payout_of(std::uint64_t number) const
{
    const auto& found = covers_.get(number);
    if (found.incident == 0 || found.is_paid)
        return {};
    const auto& incident = incidents_.get(found.incident - 1);
    if (incident.phase != static_cast<std::uint8_t>(IncidentPhase::settled))
        return {};
    return mul_div_down(found.owed, incident.payable, incident.owed).value;
}

void CoverPoolContract::snapshot(SnapshotContext& context) const
{
    const auto at = context.block().timestamp;
    const auto state = state_at(at);
    const auto capital = capital_of(state);
    context.emit(id(), VaultRow{terms_.asset, id(), capital, state.total_supply});
    context.emit(id(), InsurancePoolRow{terms_.asset, capital, state.active_cover,
                           cover_max_down(capital, terms_.cover_limit_bps), unearned_of(state),
                           state.claims_owed});
}

void CoverPoolContract::check_invariants(const World&, Findings& findings) const
{
    const auto find = [&](std::string_view what)
    { findings.push_back(fmt::format("{}: {}", name(), what)); };
    const auto& state = state_.get(0);
    if (asset_->holding(account()) < state.assets)
    {
        find(fmt::format("holds {} of the asset, its books say {}",
            asset_->holding(account()).to_string(), state.assets.to_string()));
    }
    if (state.assets < wrapping_add(state.claims_owed, unearned_of(state)))
        find("owes claims and premiums that it does not have");

    Ending all;
    Amount unearned;
    for (const auto bucket : endings_.keys())
    {
        if (bucket * terms_.bucket <= state.updated_at)
            continue;
        const auto& ending = endings_.get(bucket);
        all.cover = wrapping_add(all.cover, ending.cover);
        all.flow_rate = wrapping_add(all.flow_rate, ending.flow_rate);
        unearned = wrapping_add(
            unearned, wrapping_mul(ending.flow_rate, bucket * terms_.bucket - state.updated_at));
    }
    if (all.cover != state.active_cover || all.flow_rate != state.flow_rate)
        find("what is covered is not the sum of what ends later");
    if (unearned != state.unearned_flow)
        find("premiums that are not earned are not what flows until their covers end");
    Amount of_products;
    for (std::uint32_t i = 0; i < products_.size(); ++i)
    {
        of_products = wrapping_add(of_products, product_at(i, state.updated_at).active_cover);
    }
    if (of_products != state.active_cover)
        find("what is covered is not the sum of its products");

    Amount owed;
    Amount open_owed;
    std::uint64_t open = 0;
    for (std::uint64_t i = 0; i < state.incidents; ++i)
    {
        const auto& incident = incidents_.get(i);
        const auto phase = static_cast<IncidentPhase>(incident.phase);
        if (phase == IncidentPhase::settled && incident.claims > 0)
            owed = wrapping_add(owed, wrapping_sub(incident.payable, incident.paid));
        const bool is_open = phase == IncidentPhase::assessing || phase == IncidentPhase::claiming;
        if (is_open)
        {
            ++open;
            open_owed = wrapping_add(open_owed, incident.owed);
        }
        if (incident.paid > incident.payable || incident.payable > incident.owed)
            find(fmt::format("incident {} pays more than it may", i));
    }
    if (owed != state.claims_owed || open_owed != state.open_owed || open != state.open_incidents)
        find("its incidents do not add up to what it owes");
    Amount requested;
    for (const auto key : accounts_.keys())
        requested = wrapping_add(requested, accounts_.get(key).requested);
    if (balance(account()) < requested)
        find("has fewer shares than wait to be withdrawn");
}

// ---- Calls for strategies ----

std::uint64_t CoverPoolContract::extra_gas(std::uint64_t at) const
{
    const auto& state = state_.get(0);
    const auto passed = at > state.updated_at ? (at - state.updated_at) / terms_.bucket + 1 : 1;
    const auto buckets = std::min(passed, buckets_max);
    // A product that nobody has touched is behind the pool, and a withdrawal looks at all of them;
    // what starts a poll looks at none.
    std::uint64_t of_products = 0;
    for (std::uint32_t i = 0; i < products_.size(); ++i)
    {
        auto product = product_states_.get(i);
        of_products += advance_product(product, i, at);
    }
    return buckets * gas::per_bucket + products_.size() * (gas::per_product + gas::per_bucket) +
           gas::measure +
           std::max(buckets * gas::per_bucket + gas::assessment, of_products * gas::per_bucket);
}

void CoverPoolContract::add_deposit(CallWriter& calls, const Amount& assets) const
{
    calls.add(id(), Deposit{assets});
}

void CoverPoolContract::add_request_withdrawal(CallWriter& calls, const Amount& shares) const
{
    calls.add(id(), RequestWithdrawal{shares});
}

void CoverPoolContract::add_withdraw(CallWriter& calls, const Amount& shares) const
{
    calls.add(id(), Withdraw{shares});
}

void CoverPoolContract::add_buy_cover(CallWriter& calls, std::uint32_t product,
    const Amount& amount, std::uint64_t period, const Amount& premium_max) const
{
    calls.add(id(), BuyCover{product, amount, period, premium_max});
}

void CoverPoolContract::add_submit_incident(
    CallWriter& calls, std::uint64_t cover, const Amount& loss, std::uint64_t occurred_at) const
{
    calls.add(id(), SubmitIncident{cover, loss, occurred_at});
}

void CoverPoolContract::add_resolve_incident(CallWriter& calls, std::uint64_t incident) const
{
    calls.add(id(), ResolveIncident{incident});
}

void CoverPoolContract::add_submit_claim(CallWriter& calls, std::uint64_t cover) const
{
    calls.add(id(), SubmitClaim{cover});
}

void CoverPoolContract::add_settle_incident(CallWriter& calls, std::uint64_t incident) const
{
    calls.add(id(), SettleIncident{incident});
}

void CoverPoolContract::add_redeem_payout(CallWriter& calls, std::uint64_t cover) const
{
    calls.add(id(), RedeemPayout{cover});
}

// ---- Capital ----

Result<Amount> CoverPoolContract::take_in(
    CallContext& context, AccountId from, const Amount& amount)
{
    const auto before = asset_->holding(context, account());
    RUNNEL_TRY(asset_->transfer_from(context.as(account()), from, account(), amount));
    const auto come = wrapping_sub(asset_->holding(context, account()), before);
    auto& assets = context.write(state_, 0).assets;
    const Amount sum = RUNNEL_TRY(Checked{assets} + come);
    RUNNEL_REQUIRE(sum < assets_max(), Refusal::error("CoverPool: too many assets"));
    assets = sum;
    return come;
}

Result<Returns> CoverPoolContract::execute(const Deposit& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(current(context));
    RUNNEL_REQUIRE(state.open_incidents == 0, incident_is_open());
    RUNNEL_REQUIRE(!call.assets.is_zero(), zero_amount());
    const auto capital = capital_of(state);
    RUNNEL_REQUIRE(state.total_supply.is_zero() || !capital.is_zero(),
        Refusal::error("CoverPool: the capital is used up"));
    const auto come = RUNNEL_TRY(take_in(context, context.sender(), call.assets));
    const Amount shares = RUNNEL_TRY(shares_down(come, state.total_supply, capital));
    RUNNEL_REQUIRE(!shares.is_zero(), zero_amount());
    RUNNEL_TRY(book_.mint(context, state.total_supply, context.sender(), shares));
    context.emit(id(),
        VaultFlow{VaultFlowType::deposit, context.sender(), terms_.asset, come, id(), shares});
    return Returns{shares};
}

Result<Returns> CoverPoolContract::execute(const RequestWithdrawal& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.read(state_, 0).open_incidents == 0, incident_is_open());
    auto& entry = context.write(accounts_, context.sender());
    const Amount requested = RUNNEL_TRY(Checked{entry.requested} + call.shares);
    RUNNEL_REQUIRE(!requested.is_zero(), zero_amount());
    if (!call.shares.is_zero())
        RUNNEL_TRY(book_.transfer(context, context.sender(), account(), call.shares));
    entry.requested = requested;
    entry.ready_at = context.block().timestamp + terms_.notice;
    context.emit(id(), WithdrawalRequestedLog{context.sender(), requested, entry.ready_at});
    return Returns{Amount{entry.ready_at}};
}

Result<Returns> CoverPoolContract::execute(const Withdraw& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(current(context));
    RUNNEL_REQUIRE(state.open_incidents == 0, incident_is_open());
    RUNNEL_REQUIRE(!call.shares.is_zero(), zero_amount());
    auto& entry = context.write(accounts_, context.sender());
    RUNNEL_REQUIRE(
        call.shares <= entry.requested, Refusal::error("CoverPool: more than was requested"));
    const auto now = context.block().timestamp;
    RUNNEL_REQUIRE(now >= entry.ready_at, Refusal::error("CoverPool: under notice"));
    RUNNEL_REQUIRE(now < entry.ready_at + terms_.withdrawal_window,
        Refusal::error("CoverPool: the request has lapsed"));

    const auto capital = capital_of(state);
    const auto assets = assets_down(call.shares, state.total_supply, capital);
    auto required = capital_min_up(state.active_cover, terms_.cover_limit_bps);
    RUNNEL_TRY(context.charge_gas(products_.size() * gas::per_product));
    for (std::uint32_t i = 0; i < products_.size(); ++i)
    {
        const auto& product = *RUNNEL_TRY(current(context, i));
        required =
            std::max(required, capital_min_up(product.active_cover, terms_.product_limit_bps));
    }
    RUNNEL_REQUIRE(wrapping_sub(capital, assets) >= required,
        Refusal::error("CoverPool: the capital is needed"));
    entry.requested = wrapping_sub(entry.requested, call.shares);
    RUNNEL_TRY(book_.burn(context, state.total_supply, account(), call.shares));
    state.assets = wrapping_sub(state.assets, assets);
    if (!assets.is_zero())
        RUNNEL_TRY(asset_->transfer(context.as(account()), context.sender(), assets));
    context.emit(id(), VaultFlow{VaultFlowType::withdraw, context.sender(), terms_.asset, assets,
                           id(), call.shares});
    return Returns{assets};
}

// ---- Covers ----

Result<Returns> CoverPoolContract::execute(const BuyCover& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(current(context));
    ProductState nothing;
    auto& product =
        call.product < products_.size() ? *RUNNEL_TRY(current(context, call.product)) : nothing;
    const auto premium =
        RUNNEL_TRY(premium_of(state, product, call.product, call.amount, call.period));
    RUNNEL_TRY(context.charge_gas(gas::measure));
    const auto base = RUNNEL_TRY(products_[call.product]->base_level(context));
    RUNNEL_REQUIRE(
        premium <= call.premium_max, Refusal::error("CoverPool: the premium is too high"));
    Amount come;
    if (!premium.is_zero())
        come = RUNNEL_TRY(take_in(context, context.sender(), premium));

    const auto now = context.block().timestamp;
    const auto end = now + call.period;
    const auto bucket = bucket_of(end);
    const Amount flows_for{bucket * terms_.bucket - now};
    // What the division leaves is earned at once.
    const auto flow_rate = mul_div_down(come, flow_scale(), flows_for).value;
    state.unearned_flow = wrapping_add(state.unearned_flow, wrapping_mul(flow_rate, flows_for));
    state.flow_rate = wrapping_add(state.flow_rate, flow_rate);
    state.active_cover = wrapping_add(state.active_cover, call.amount);
    product.active_cover = wrapping_add(product.active_cover, call.amount);
    auto& ending = context.write(endings_, bucket);
    ending.cover = wrapping_add(ending.cover, call.amount);
    ending.flow_rate = wrapping_add(ending.flow_rate, flow_rate);
    auto& of_product = context.write(product_endings_, bucket * products_max + call.product);
    of_product = wrapping_add(of_product, call.amount);

    const auto number = state.covers++;
    auto& entry = context.write(accounts_, context.sender());
    auto& cover = context.write(covers_, number);
    cover = {context.sender(), call.product, call.amount, base, flow_rate, now, end,
        entry.newest_cover, 0, {}, false};
    entry.newest_cover = number + 1;
    context.emit(id(),
        CoverBoughtLog{number, call.product, context.sender(), call.amount, premium, call.period});
    const auto& sold = *products_[call.product];
    context.emit(id(), CoverSale{number, context.sender(), sold.contract().id(), sold.covered(),
                           terms_.asset, call.amount, come, now, end});
    return Returns{Amount{number}, premium};
}

}  // namespace runnel::contracts
