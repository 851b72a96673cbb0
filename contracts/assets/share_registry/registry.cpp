#include "contracts/assets/share_registry/registry.hpp"

#include "contracts/kit/registration.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace share_registry;

namespace
{
constexpr unsigned fraction_bits = 64;
constexpr std::uint64_t bps_whole = 10'000;
constexpr std::uint32_t skipped_max = 8;  // Applications of investors known, or removed, by then.
constexpr std::uint8_t decimals_max = 36;

Refusal not_agent()
{
    return Refusal::error("AgentRole: caller does not have the Agent role");
}
Refusal no_open_tender()
{
    return Refusal::error("ShareRegistry: no open tender");
}

/// What shares have earned beyond what counts as owed, 2^-64.
Amount earned(const RegisterState& state, const Holder& holder, const Amount& balance)
{
    if (holder.is_nominee)
        return {};
    return wrapping_add(wrapping_mul(balance, wrapping_sub(state.accumulated, holder.accumulated)),
        holder.fraction);
}
}  // namespace

ShareRegistry::ShareRegistry(ContractIdentity identity, Terms terms)
  : TokenBase{std::move(identity), TokenFlavour::openzeppelin4},
    terms_{std::move(terms)},
    state_{name() + ".state"},
    holders_{name() + ".holders", KeyOf::account},
    applications_{name() + ".applications"}
{
    state_.set_conservation_weight(-1);
    add_table(state_);
    add_table(holders_);
    add_table(applications_);
}

const ContractType& ShareRegistry::contract_type()
{
    static const ContractType type{.kind = "share_registry",
        .help = "An asset in shares: transfers among known investors, dividends, tenders.",
        .role = ContractRole::ledger,
        .sectors = implements<ShareRegistry, ShareAsset>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, IdentityRegisteredLog, IdentityRemovedLog,
            FundsDistributedLog, FundsWithdrawnLog, TenderOpenedLog, TenderClosedLog, AssetFlow,
            AssetState>(),
        .parameters =
            {
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call a share; empty: its name in the scenario."},
                {"decimals", ParameterKind::integer, "18", {}, "Digits after the decimal point.", 0,
                    decimals_max},
                {"currency", ParameterKind::token, "", {}, "What it earns, and is bought for."},
                {"agent", ParameterKind::account, "", {}, "Who knows the investors."},
                {"issuer", ParameterKind::account, "", {}, "Who has all shares in block 0."},
                allocation({"shares", ParameterKind::integer, "", unit::whole_tokens,
                    "How many there are.", 1, 1e12}),
                {"squeeze_bps", ParameterKind::integer, "9500", unit::bps,
                    "Whoever has this share after a tender buys the others out.", 5'001, 10'000},
                {"tender_min", ParameterKind::duration, "\"10d\"", {},
                    "The shortest time that a tender is open.", 1'000},
                {.name = "nominees",
                    .kind = ParameterKind::contracts,
                    .default_value = "[]",
                    .unit = {},
                    .help = "Exchanges and the like that may hold shares for others."},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            Terms terms;
            terms.info = {parameters.text("symbol"),
                static_cast<std::uint8_t>(parameters.integer("decimals"))};
            if (terms.info.symbol.empty())
                terms.info.symbol = identity.name;
            terms.currency = parameters.token("currency");
            terms.agent = parameters.text("agent");
            terms.issuer = parameters.text("issuer");
            terms.shares = static_cast<std::uint64_t>(parameters.integer("shares"));
            terms.squeeze_bps = static_cast<std::uint32_t>(parameters.integer("squeeze_bps"));
            terms.tender_seconds_min =
                static_cast<std::uint64_t>(parameters.duration_ms("tender_min")) / 1'000;
            terms.nominees = parameters.contracts("nominees");
            return std::make_unique<ShareRegistry>(std::move(identity), std::move(terms));
        }};
    return type;
}

void ShareRegistry::connect(World& world)
{
    currency_ = &token_at(world, terms_.currency);
    agent_ = world.find_account(terms_.agent).value_or(zero_account);
}

void ShareRegistry::genesis(const Parameters&, GenesisBuilder& builder)
{
    agent_ = builder.account(terms_.agent, "wallet");
    builder.account(terms_.issuer, "wallet");
    issue(builder.world());
}

void ShareRegistry::issue(World& world)
{
    const auto issuer = world.find_account(terms_.issuer);
    RUNNEL_CHECK(issuer.has_value());
    const auto supply = wrapping_mul(terms_.shares, whole_share());
    state_.at(0).total_supply = supply;
    book_.balances.at(*issuer) = supply;
    holders_.at(*issuer).is_verified = true;
    for (const auto nominee : terms_.nominees)
    {
        auto& holder = holders_.at(world.contract(nominee).account());
        holder.is_verified = true;
        holder.is_nominee = true;
    }
}

Amount ShareRegistry::whole_share() const
{
    return Amount::power_of_ten(terms_.info.decimals);
}

void ShareRegistry::snapshot(SnapshotContext& context) const
{
    const auto& all = state();
    context.emit(
        id(), AssetState{id(), all.total_supply, terms_.currency, all.distributed, all.withdrawn,
                  all.bidder, all.tender_price, all.locked, all.is_squeeze});
}

void ShareRegistry::check_invariants(const World&, Findings& findings) const
{
    const auto& all = state();
    auto due = all.carry;
    Amount nominees;
    for (const auto key : holders_.keys())
    {
        const auto& holder = holders_.get(key);
        const auto& held = book_.balances.get(key);
        if (holder.is_nominee)
            nominees = wrapping_add(nominees, held);
        due = wrapping_add(
            due, wrapping_add(holder.owed << fraction_bits, earned(all, holder, held)));
    }
    // Whoever has shares and no record was removed before anything was earned.
    for (const auto key : book_.balances.keys())
    {
        if (const auto& holder = holders_.get(key); holders_.is_absent(&holder))
            due = wrapping_add(due, earned(all, holder, book_.balances.get(key)));
    }
    if (nominees != all.nominee_shares)
        findings.push_back(fmt::format("{}: nominees do not have what is counted", name()));
    if (due != wrapping_sub(all.distributed, all.withdrawn) << fraction_bits)
    {
        findings.push_back(fmt::format("{}: owes {} of 2^-64, of {} distributed {} are withdrawn",
            name(), due.to_string(), all.distributed.to_string(), all.withdrawn.to_string()));
    }
    const auto owes = wrapping_add(wrapping_sub(all.distributed, all.withdrawn), all.locked);
    if (!currency_->rebases() && currency_->holding(account()) < owes)
    {
        findings.push_back(fmt::format("{}: holds {} of its currency, its books say {}", name(),
            currency_->holding(account()).to_string(), owes.to_string()));
    }
    if (all.bidder != zero_account)
    {
        const auto others = wrapping_sub(all.total_supply, book_.balances.get(all.bidder));
        if (all.locked < tender_value(others))
            findings.push_back(fmt::format("{}: a tender lacks money", name()));
    }
    else if (!all.locked.is_zero() || all.is_squeeze)
        findings.push_back(fmt::format("{}: something is left of a tender", name()));
}

// ---- Views ----

bool ShareRegistry::is_verified(AccountId account) const
{
    return holders_.get(account).is_verified;
}

std::vector<AccountId> ShareRegistry::applicants(std::size_t most) const
{
    std::vector<AccountId> waiting;
    for (auto i = state().applications_done; i < state().applications && waiting.size() < most; ++i)
    {
        const auto investor = applications_.get(i).investor;
        if (has_applied(investor))
            waiting.push_back(investor);
    }
    return waiting;
}

bool ShareRegistry::has_applied(AccountId account) const
{
    return holders_.get(account).has_applied;
}

Amount ShareRegistry::dividends_of(AccountId account) const
{
    const auto& holder = holders_.get(account);
    return wrapping_add(holder.owed, earned(state(), holder, balance(account)) >> fraction_bits);
}

std::optional<ShareTender> ShareRegistry::tender() const
{
    const auto& all = state();
    if (all.bidder == zero_account)
        return std::nullopt;
    return ShareTender{all.bidder, all.tender_price, all.tender_ends, all.is_squeeze};
}

Amount ShareRegistry::tender_value(const Amount& shares) const
{
    return mul_div_down(shares, state().tender_price, whole_share()).value;
}

Amount ShareRegistry::tender_cost(const Amount& price, const Amount& own) const
{
    return mul_div_up(wrapping_sub(state().total_supply, own), price, whole_share()).value;
}

void ShareRegistry::add_application(CallWriter& calls) const
{
    calls.add(id(), ApplyForRegistration{});
}

void ShareRegistry::add_registration(CallWriter& calls, AccountId investor) const
{
    calls.add(id(), RegisterIdentity{investor});
}

void ShareRegistry::add_distribution(CallWriter& calls, const Amount& amount) const
{
    calls.add(id(), DistributeFunds{amount});
}

void ShareRegistry::add_withdrawal_of_dividends(CallWriter& calls) const
{
    calls.add(id(), WithdrawFunds{});
}

void ShareRegistry::add_tender(CallWriter& calls, const Amount& price, std::uint64_t seconds) const
{
    calls.add(id(), OpenTender{price, seconds});
}

void ShareRegistry::add_acceptance(CallWriter& calls, const Amount& shares) const
{
    calls.add(id(), AcceptTender{shares});
}

void ShareRegistry::add_close(CallWriter& calls) const
{
    calls.add(id(), CloseTender{});
}

void ShareRegistry::add_redemption(CallWriter& calls, AccountId holder) const
{
    calls.add(id(), Redeem{holder});
}

// ---- Transfers ----

void ShareRegistry::settle(CallContext& context, AccountId account)
{
    auto& holder = context.write(holders_, account);
    const auto& all = context.read(state_, 0);
    const auto more = earned(all, holder, context.read(book_.balances, account));
    holder.owed = wrapping_add(holder.owed, more >> fraction_bits);
    holder.fraction = wrapping_sub(more, (more >> fraction_bits) << fraction_bits);
    holder.accumulated = all.accumulated;
}

Result<void> ShareRegistry::prepare_move(
    CallContext& context, AccountId from, AccountId to, const Amount& value)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_TRY(require_account(context.world(), to));
    RUNNEL_REQUIRE(
        value <= context.read(book_.balances, from), Refusal::error("Insufficient Balance"));
    const auto& all = context.read(state_, 0);
    const auto sender = context.read(holders_, from);
    const auto receiver = context.read(holders_, to);
    // While it is offered to buy all others, a bidder's own shares stay with him, or the money that
    // is locked would not do; once others are bought out, nominees alone give back what they hold.
    const bool is_free = all.is_squeeze ? sender.is_nominee : from != all.bidder;
    RUNNEL_REQUIRE(receiver.is_verified && (all.bidder == zero_account || is_free),
        Refusal::error("Transfer not possible"));
    settle(context, from);
    settle(context, to);
    if (sender.is_nominee != receiver.is_nominee)
    {
        auto& held = context.write(state_, 0).nominee_shares;
        held = receiver.is_nominee ? wrapping_add(held, value) : wrapping_sub(held, value);
    }
    return {};
}

Result<void> ShareRegistry::transfer(CallContext context, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(prepare_move(context, context.sender(), to, amount));
    return book_.transfer(context, context.sender(), to, amount);
}

Result<void> ShareRegistry::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(prepare_move(context, from, to, amount));
    return book_.transfer_from(context, from, to, amount);
}

void ShareRegistry::declare_holders(AccessCollector& access, AccountId from, AccountId to) const
{
    const auto accounts = access.world().account_count();
    if (index(from) >= accounts || index(to) >= accounts)
        return;
    access.write(holders_, from);
    access.write(holders_, to);
    book_.declare_balance(access, to);
    if (holders_.get(from).is_nominee != holders_.get(to).is_nominee)
        access.write(state_, 0);
    else
        access.read(state_, 0);
}

void ShareRegistry::declare_transfer(AccessCollector& access, AccountId from, AccountId to) const
{
    declare_holders(access, from, to);
    book_.declare_transfer(access, from, to);
}

void ShareRegistry::declare_transfer_from(
    AccessCollector& access, AccountId spender, AccountId from, AccountId to) const
{
    declare_holders(access, from, to);
    book_.declare_transfer_from(access, spender, from, to);
}

void ShareRegistry::declare(
    const Erc20Transfer& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer(access, sender, call.to);
}

void ShareRegistry::declare(
    const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer_from(access, sender, call.from, call.to);
}

Result<Returns> ShareRegistry::execute(const Erc20Transfer& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, call.to, call.value));
    return Returns{1};
}

// ---- Investors ----

Result<Returns> ShareRegistry::execute(const RegisterIdentity& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.investor));
    RUNNEL_REQUIRE(context.sender() == agent_, not_agent());
    auto& holder = context.write(holders_, call.investor);
    RUNNEL_REQUIRE(!holder.is_verified && call.investor != zero_account,
        Refusal::error("ShareRegistry: already known"));
    // Shares that he had before he was removed have earned all the time.
    settle(context, call.investor);
    holder.is_verified = true;
    holder.has_applied = false;
    auto& all = context.write(state_, 0);
    for (std::uint32_t i = 0; i < skipped_max && all.applications_done < all.applications; ++i)
    {
        const auto first = context.read(applications_, all.applications_done).investor;
        if (context.read(holders_, first).has_applied)
            break;
        context.write(applications_, all.applications_done) = {};
        ++all.applications_done;
    }
    context.emit(id(), IdentityRegisteredLog{call.investor, call.investor});
    return Returns{};
}

Result<Returns> ShareRegistry::execute(const DeleteIdentity& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.investor));
    RUNNEL_REQUIRE(context.sender() == agent_, not_agent());
    auto& holder = context.write(holders_, call.investor);
    RUNNEL_REQUIRE(
        holder.is_verified && !holder.is_nominee, Refusal::error("ShareRegistry: not known"));
    holder.is_verified = false;
    context.emit(id(), IdentityRemovedLog{call.investor, call.investor});
    return Returns{};
}

Result<Returns> ShareRegistry::execute(const ApplyForRegistration&, CallContext& context)
{
    auto& holder = context.write(holders_, context.sender());
    RUNNEL_REQUIRE(
        !holder.is_verified && !holder.has_applied, Refusal::error("ShareRegistry: already known"));
    holder.has_applied = true;
    auto& all = context.write(state_, 0);
    context.write(applications_, all.applications++).investor = context.sender();
    return Returns{};
}

// ---- Dividends ----

void ShareRegistry::emit_flow(CallContext& context, AssetFlowType type, AccountId account,
    const Amount& amount, const Amount& shares, AccountId buyer)
{
    context.emit(id(), AssetFlow{type, account, buyer, id(), shares, terms_.currency, amount});
}

Result<Returns> ShareRegistry::execute(const DistributeFunds& call, CallContext& context)
{
    auto& all = context.write(state_, 0);
    const auto shares = wrapping_sub(all.total_supply, all.nominee_shares);
    RUNNEL_REQUIRE(!shares.is_zero(),
        Refusal::error("FundsDistributionToken._distributeFunds: SUPPLY_IS_ZERO"));
    const auto distributed = Checked{all.distributed} + call.value;
    RUNNEL_REQUIRE(distributed.ok() && distributed.value.fits_uint128(),
        Refusal::error("ShareRegistry: too large"));
    RUNNEL_TRY(
        currency_->transfer_from(context.as(account()), context.sender(), account(), call.value));
    const auto divided = wrapping_add(call.value << fraction_bits, all.carry);
    all.accumulated = wrapping_add(all.accumulated, div_down(divided, shares));
    all.carry = remainder(divided, shares);
    all.distributed = distributed.value;
    context.emit(id(), FundsDistributedLog{context.sender(), call.value});
    emit_flow(context, AssetFlowType::distribution, context.sender(), call.value);
    return Returns{};
}

Result<Returns> ShareRegistry::execute(const WithdrawFunds&, CallContext& context)
{
    const auto who = context.sender();
    settle(context, who);
    auto& holder = context.write(holders_, who);
    const auto paid = std::exchange(holder.owed, Amount{});
    if (paid.is_zero())
        return Returns{paid};
    auto& withdrawn = context.write(state_, 0).withdrawn;
    withdrawn = wrapping_add(withdrawn, paid);
    RUNNEL_TRY(currency_->transfer(context.as(account()), who, paid));
    context.emit(id(), FundsWithdrawnLog{who, paid});
    emit_flow(context, AssetFlowType::withdrawal, who, paid);
    return Returns{paid};
}

// ---- Tenders ----

Result<Returns> ShareRegistry::execute(const OpenTender& call, CallContext& context)
{
    const auto bidder = context.sender();
    auto& all = context.write(state_, 0);
    RUNNEL_REQUIRE(all.bidder == zero_account, Refusal::error("ShareRegistry: a tender is open"));
    const auto& holder = context.read(holders_, bidder);
    RUNNEL_REQUIRE(
        holder.is_verified && !holder.is_nominee, Refusal::error("ShareRegistry: not known"));
    RUNNEL_REQUIRE(call.duration >= terms_.tender_seconds_min && call.duration > 0,
        Refusal::error("ShareRegistry: too short"));
    RUNNEL_REQUIRE(!call.price.is_zero(), Refusal::error("ShareRegistry: no price"));
    const auto others = wrapping_sub(all.total_supply, context.read(book_.balances, bidder));
    RUNNEL_REQUIRE(!others.is_zero(), Refusal::error("ShareRegistry: nothing to sell"));
    const auto cost = mul_div_up(others, call.price, whole_share());
    const auto ends = Checked{context.block().timestamp} + call.duration;
    RUNNEL_REQUIRE(cost.ok() && cost.value.fits_uint128() && ends.value.fits_uint64(),
        Refusal::error("ShareRegistry: too large"));
    RUNNEL_TRY(currency_->transfer_from(context.as(account()), bidder, account(), cost.value));
    all.bidder = bidder;
    all.tender_price = call.price;
    all.tender_ends = ends.value.low64();
    all.locked = cost.value;
    context.emit(id(), TenderOpenedLog{bidder, call.price, all.tender_ends});
    return Returns{cost.value};
}

Result<Amount> ShareRegistry::sell_to_bidder(
    CallContext& context, AccountId seller, const Amount& shares)
{
    auto& all = context.write(state_, 0);
    const auto paid = mul_div_down(shares, all.tender_price, whole_share()).value;
    settle(context, seller);
    settle(context, all.bidder);
    RUNNEL_TRY(book_.transfer(context, seller, all.bidder, shares));
    all.locked = wrapping_sub(all.locked, paid);
    if (!paid.is_zero())
        RUNNEL_TRY(currency_->transfer(context.as(account()), seller, paid));
    return paid;
}

Result<void> ShareRegistry::end_tender(CallContext& context)
{
    auto& all = context.write(state_, 0);
    const auto bidder = std::exchange(all.bidder, zero_account);
    const auto rest = std::exchange(all.locked, Amount{});
    all.tender_price = {};
    all.tender_ends = 0;
    all.is_squeeze = false;
    if (rest.is_zero())
        return {};
    emit_flow(context, AssetFlowType::refund, bidder, rest);
    return currency_->transfer(context.as(account()), bidder, rest);
}

Result<Returns> ShareRegistry::execute(const AcceptTender& call, CallContext& context)
{
    const auto seller = context.sender();
    const auto& all = context.read(state_, 0);
    RUNNEL_REQUIRE(all.bidder != zero_account && !all.is_squeeze &&
                       context.block().timestamp < all.tender_ends,
        no_open_tender());
    RUNNEL_REQUIRE(seller != all.bidder && !call.shares.is_zero() &&
                       !context.read(holders_, seller).is_nominee,
        Refusal::error("ShareRegistry: nothing to sell"));
    RUNNEL_REQUIRE(call.shares <= context.read(book_.balances, seller),
        Refusal::error("Insufficient Balance"));
    const auto paid = RUNNEL_TRY(sell_to_bidder(context, seller, call.shares));
    emit_flow(context, AssetFlowType::acceptance, seller, paid, call.shares, all.bidder);
    return Returns{paid};
}

Result<Returns> ShareRegistry::execute(const CloseTender&, CallContext& context)
{
    auto& all = context.write(state_, 0);
    RUNNEL_REQUIRE(all.bidder != zero_account, no_open_tender());
    const auto has = context.read(book_.balances, all.bidder);
    // Where the last shares came back to the bidder himself nobody is left to redeem.
    RUNNEL_REQUIRE(!all.is_squeeze || has == all.total_supply, no_open_tender());
    RUNNEL_REQUIRE(
        context.block().timestamp >= all.tender_ends, Refusal::error("ShareRegistry: still open"));
    const bool is_squeeze =
        has < all.total_supply &&
        has >= mul_div_up(all.total_supply, terms_.squeeze_bps, bps_whole).value;
    context.emit(id(), TenderClosedLog{all.bidder, has, is_squeeze});
    if (is_squeeze)
        all.is_squeeze = true;
    else
        RUNNEL_TRY(end_tender(context));
    return Returns{Amount{is_squeeze ? 1U : 0U}};
}

Result<Returns> ShareRegistry::execute(const Redeem& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.holder));
    const auto& all = context.read(state_, 0);
    RUNNEL_REQUIRE(all.is_squeeze, Refusal::error("ShareRegistry: nobody is bought out"));
    const auto shares = context.read(book_.balances, call.holder);
    RUNNEL_REQUIRE(call.holder != all.bidder && !shares.is_zero() &&
                       !context.read(holders_, call.holder).is_nominee,
        Refusal::error("ShareRegistry: nothing to sell"));
    const auto bidder_has = wrapping_add(context.read(book_.balances, all.bidder), shares);
    const auto paid = RUNNEL_TRY(sell_to_bidder(context, call.holder, shares));
    emit_flow(context, AssetFlowType::redemption, call.holder, paid, shares, all.bidder);
    if (bidder_has == all.total_supply)
        RUNNEL_TRY(end_tender(context));
    return Returns{paid};
}

}  // namespace runnel::contracts
