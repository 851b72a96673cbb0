#include "contracts/exchanges/uniswap_v2/factory.hpp"

#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/kit/gas.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

namespace
{
void write_account(CallContext& context, AccountId& slot, AccountId value)
{
    context.save_gas(
        gas_saved_by_write(slot == zero_account, value == zero_account, slot == value));
    slot = value;
}
}  // namespace

UniswapV2Factory::UniswapV2Factory(
    ContractIdentity identity, AccountId fee_to, AccountId fee_to_setter)
  : ContractBase{std::move(identity)}, state_{name() + ".state"}
{
    state_.at(0) = {fee_to, fee_to_setter};
    add_table(state_);
}

const ContractType& UniswapV2Factory::contract_type()
{
    static const ContractType type{.kind = "uniswap_v2_factory",
        .help = "Knows the pairs of a Uniswap v2 and who earns the protocol fee.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = {},
        .parameters =
            {
                {"fee_to", ParameterKind::account, "\"\"", {},
                    "The account that earns the protocol fee, a sixth of the growth of sqrt(k); "
                    "empty: the fee is off."},
                {"fee_to_setter", ParameterKind::account, "\"\"", {},
                    "The account that may change fee_to; empty: nobody."},
            },
        .create = creator<UniswapV2Factory>([](const Parameters&) { return std::tuple{}; })};
    return type;
}

void UniswapV2Factory::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    auto& state = state_.at(0);
    if (const auto& fee_to = parameters.text("fee_to"); !fee_to.empty())
        state.fee_to = builder.account(fee_to, "wallet");
    if (const auto& setter = parameters.text("fee_to_setter"); !setter.empty())
        state.fee_to_setter = builder.account(setter, "wallet");
}

std::uint64_t UniswapV2Factory::key(ContractId token_a, ContractId token_b) noexcept
{
    const auto low = std::min(index(token_a), index(token_b));
    const auto high = std::max(index(token_a), index(token_b));
    return static_cast<std::uint64_t>(low) << 32U | high;
}

void UniswapV2Factory::connect(World& world)
{
    pairs_.clear();
    entries_.clear();
    router_ = nullptr;
    for (std::uint32_t i = 0; i < world.contract_count(); ++i)
    {
        auto* contract = world.find_contract(ContractId{i});
        const auto* router = dynamic_cast<const UniswapV2Router*>(contract);
        if (router_ == nullptr && router != nullptr && router->factory() == id())
            router_ = router;
        auto* pair = dynamic_cast<UniswapV2Pair*>(contract);
        if (pair == nullptr || pair->factory() != id())
            continue;
        pairs_.push_back(pair);
        entries_.push_back({key(pair->token0(), pair->token1()), pair});
    }
    std::stable_sort(entries_.begin(), entries_.end(),
        [](const Entry& a, const Entry& b) { return a.tokens < b.tokens; });
}

UniswapV2Pair* UniswapV2Factory::find_pair(ContractId token_a, ContractId token_b) const noexcept
{
    const auto tokens = key(token_a, token_b);
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), tokens,
        [](const Entry& entry, std::uint64_t wanted) { return entry.tokens < wanted; });
    return found == entries_.end() || found->tokens != tokens ? nullptr : found->pair;
}

Refusal UniswapV2Factory::refuse_pair(
    const World& world, AccountId token_a, AccountId token_b) const
{
    if (token_a == token_b)
        return Refusal::error("UniswapV2: IDENTICAL_ADDRESSES");
    if (token_a == zero_account || token_b == zero_account)
        return Refusal::error("UniswapV2: ZERO_ADDRESS");
    for (const auto* pair : pairs_)
    {
        const auto account0 = world.contract(pair->token0()).account();
        const auto account1 = world.contract(pair->token1()).account();
        if ((account0 == token_a && account1 == token_b) ||
            (account0 == token_b && account1 == token_a))
            return Refusal::error("UniswapV2: PAIR_EXISTS");
    }
    return Refusal::ledger("pairs are created at genesis");
}

Refusal UniswapV2Factory::create_pair(
    const World& world, ContractId token_a, ContractId token_b) const
{
    const auto* contract_a = world.find_contract(token_a);
    const auto* contract_b = world.find_contract(token_b);
    if (contract_a == nullptr || contract_b == nullptr)
        return Refusal::ledger("no such token");
    return refuse_pair(world, contract_a->account(), contract_b->account());
}

void UniswapV2Factory::declare(const UniswapV2SetFeeTo&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

void UniswapV2Factory::declare(
    const UniswapV2SetFeeToSetter&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

void UniswapV2Factory::declare(const UniswapV2CreatePair&, AccountId, AccessCollector&) const {}

Result<Returns> UniswapV2Factory::execute(const UniswapV2SetFeeTo& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.fee_to));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.fee_to_setter, Refusal::error("UniswapV2: FORBIDDEN"));
    write_account(context, state.fee_to, call.fee_to);
    return Returns{};
}

Result<Returns> UniswapV2Factory::execute(const UniswapV2SetFeeToSetter& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.fee_to_setter));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.fee_to_setter, Refusal::error("UniswapV2: FORBIDDEN"));
    write_account(context, state.fee_to_setter, call.fee_to_setter);
    return Returns{};
}

Result<Returns> UniswapV2Factory::execute(const UniswapV2CreatePair& call, CallContext& context)
{
    return fail(refuse_pair(context.world(), call.token_a, call.token_b));
}

}  // namespace runnel::contracts
