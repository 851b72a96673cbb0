#include "contracts/commerce/goods_register/goods_register.hpp"

#include "contracts/kit/plain_tokens.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "contracts/kit/token_book.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace runnel::contracts
{

using namespace goods_register;

GoodsRegister::GoodsRegister(
    ContractIdentity identity, ContractId token, const Amount& wage_per_piece)
  : ContractBase{std::move(identity)},
    token_id_{token},
    wage_{wage_per_piece},
    shelves_{name() + ".shelves", KeyOf::account},
    totals_{name() + ".totals"}
{
    shelves_.set_conservation_weight(1);
    totals_.set_conservation_weight(-1);
    add_table(shelves_);
    add_table(totals_);
}

const ContractType& GoodsRegister::contract_type()
{
    static const ContractType type{.kind = "goods_register",
        .help = "What sellers have on their shelves and at which price; purchases and wages.",
        .role = ContractRole::ledger,
        .sectors = implements<GoodsRegister, Retail>(),
        .methods = methods(),
        .events = event_types<RetailSale, WagePayment, RetailPrice, RetailRow>(),
        .parameters =
            {
                token_parameter("token", plain_tokens, "What everybody pays in."),
                {"wage_per_piece", ParameterKind::amount, "", unit::smallest_unit_of("token"),
                    "What a piece costs in wages.", 1, 1e30},
                allocation({"initial_stock", ParameterKind::integer, "0", unit::other("pieces"),
                    "What each wallet of the groups in stocked_groups has on its shelf at the "
                    "start.",
                    0, 1e12}),
                {"stocked_groups", ParameterKind::text, "\"\"", {},
                    "Names of groups, with commas between them."},
            },
        .create = creator<GoodsRegister>(
            [](const Parameters& parameters) {
                return std::tuple{parameters.token("token"), parameters.amount("wage_per_piece")};
            })};
    return type;
}

void GoodsRegister::connect(World& world)
{
    token_ = &token_at(world, token_id_);
}

void GoodsRegister::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const auto& world = builder.world();
    const Amount pieces{static_cast<std::uint64_t>(parameters.integer("initial_stock"))};
    const auto groups = "," + parameters.text("stocked_groups") + ",";
    for (std::uint32_t i = 0; i < world.account_count(); ++i)
    {
        const auto& account_name = world.account(AccountId{i}).name;
        const auto slash = account_name.find('/');
        if (slash != std::string::npos &&
            groups.find("," + account_name.substr(0, slash) + ",") != std::string::npos)
            stock(AccountId{i}, pieces);
    }
}

void GoodsRegister::stock(AccountId seller, const Amount& pieces)
{
    auto& shelf = shelves_.at(seller);
    auto& all = totals_.at(0);
    shelf.stock = wrapping_add(shelf.stock, pieces);
    all.stock = wrapping_add(all.stock, pieces);
    all.produced = wrapping_add(all.produced, pieces);
}

void GoodsRegister::snapshot(SnapshotContext& context) const
{
    const auto& all = totals();
    context.emit(
        id(), RetailRow{token_id_, all.stock, all.produced, all.consumed, all.sales, all.wages});
}

void GoodsRegister::check_invariants(const World&, Findings& findings) const
{
    const auto& all = totals();
    if (all.produced != wrapping_add(all.consumed, all.stock))
    {
        findings.push_back(fmt::format("{}: {} pieces were produced, {} consumed, {} are there",
            name(), all.produced.to_string(), all.consumed.to_string(), all.stock.to_string()));
    }
}

// ---- Calls ----

void GoodsRegister::declare(const SetPrice&, AccountId sender, AccessCollector& access) const
{
    access.write(shelves_, sender);
}

void GoodsRegister::declare(const Purchase& call, AccountId sender, AccessCollector& access) const
{
    access.write(shelves_, call.seller);
    if (call.to_resell)
        access.write(shelves_, sender);
    access.write(totals_, 0);
    token_->declare_transfer_from(access, account(), sender, call.seller);
}

void GoodsRegister::declare(const PayWage& call, AccountId sender, AccessCollector& access) const
{
    if (call.produces)
        access.write(shelves_, sender);
    access.write(totals_, 0);
    token_->declare_transfer_from(access, account(), sender, call.worker);
}

Result<Returns> GoodsRegister::execute(const SetPrice& call, CallContext& context)
{
    auto& shelf = context.write(shelves_, context.sender());
    shelf.price = call.price;
    context.emit(id(), RetailPrice{context.sender(), token_id_, call.price, shelf.stock});
    return Returns{};
}

Result<Returns> GoodsRegister::execute(const Purchase& call, CallContext& context)
{
    const auto buyer = context.sender();
    RUNNEL_TRY(require_account(context.world(), call.seller));
    RUNNEL_REQUIRE(!call.pieces.is_zero(), Refusal::error("GoodsRegister: nothing to buy"));
    auto& shelf = context.write(shelves_, call.seller);
    RUNNEL_REQUIRE(!shelf.price.is_zero() && call.seller != buyer,
        Refusal::error("GoodsRegister: not for sale"));
    RUNNEL_REQUIRE(shelf.price <= call.price_max, Refusal::error("GoodsRegister: price has risen"));
    RUNNEL_REQUIRE(shelf.stock >= call.pieces, Refusal::error("GoodsRegister: sold out"));
    const Amount cost = RUNNEL_TRY(Checked{shelf.price} * call.pieces);
    RUNNEL_TRY(
        openzeppelin::safe_5(token_->transfer_from(context.as(account()), buyer, call.seller, cost),
            context.world().contract(token_id_).account()));
    auto& all = context.write(totals_, 0);
    all.sales = RUNNEL_TRY(Checked{all.sales} + cost);
    shelf.stock = wrapping_sub(shelf.stock, call.pieces);
    if (call.to_resell)
    {
        // At most what there is of all.
        auto& own = context.write(shelves_, buyer);
        own.stock = wrapping_add(own.stock, call.pieces);
    }
    else
    {
        all.stock = wrapping_sub(all.stock, call.pieces);
        all.consumed = wrapping_add(all.consumed, call.pieces);
    }
    context.emit(id(),
        RetailSale{call.seller, buyer, token_id_, call.pieces, shelf.price, cost, call.to_resell});
    return Returns{cost};
}

Result<Returns> GoodsRegister::execute(const PayWage& call, CallContext& context)
{
    const auto employer = context.sender();
    RUNNEL_TRY(require_account(context.world(), call.worker));
    RUNNEL_REQUIRE(!call.amount.is_zero() && call.worker != employer,
        Refusal::error("GoodsRegister: nothing to pay"));
    RUNNEL_TRY(openzeppelin::safe_5(
        token_->transfer_from(context.as(account()), employer, call.worker, call.amount),
        context.world().contract(token_id_).account()));
    auto& all = context.write(totals_, 0);
    all.wages = RUNNEL_TRY(Checked{all.wages} + call.amount);
    Amount pieces;
    if (call.produces)
    {
        pieces = div_down(call.amount, wage_);
        auto& shelf = context.write(shelves_, employer);
        all.produced = RUNNEL_TRY(Checked{all.produced} + pieces);
        all.stock = wrapping_add(all.stock, pieces);
        shelf.stock = wrapping_add(shelf.stock, pieces);
    }
    context.emit(id(), WagePayment{employer, call.worker, token_id_, call.amount, pieces});
    return Returns{pieces};
}

// ---- Calls for others ----

void GoodsRegister::add_set_price(CallWriter& calls, const Amount& price) const
{
    calls.add(id(), SetPrice{price});
}

void GoodsRegister::add_purchase(CallWriter& calls, AccountId seller, const Amount& pieces,
    const Amount& price_max, bool to_resell) const
{
    calls.add(id(), Purchase{seller, pieces, price_max, to_resell});
}

void GoodsRegister::add_wage(
    CallWriter& calls, AccountId worker, const Amount& amount, bool produces) const
{
    calls.add(id(), PayWage{worker, amount, produces});
}

}  // namespace runnel::contracts
