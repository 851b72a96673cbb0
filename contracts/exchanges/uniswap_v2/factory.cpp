#include "contracts/exchanges/uniswap_v2/factory.hpp"

#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/kit/creation.hpp"
#include "contracts/kit/gas.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

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
    ContractIdentity identity, AccountId fee_to, AccountId fee_to_setter, uniswap_v2::PoolFee fee)
  : ContractBase{std::move(identity)}, fee_{fee}, state_{name() + ".state"}
{
    state_.at(0) = {fee_to, fee_to_setter};
    add_table(state_);
}

const ContractType& UniswapV2Factory::contract_type()
{
    static const ContractType type{.kind = "uniswap_v2_factory",
        .help =
            "Knows the pairs of a Uniswap v2, deploys them, and says who earns the protocol fee.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = {&event_type<uniswap_v2::PairCreatedLog>},
        .parameters =
            {
                {"fee_to", ParameterKind::account, "\"\"", {},
                    "The account that earns the protocol fee, a sixth of the growth of sqrt(k); "
                    "empty: the fee is off."},
                {"fee_to_setter", ParameterKind::account, "\"\"", {},
                    "The account that may change fee_to; empty: nobody."},
                {"fee_numerator", ParameterKind::integer, "3", {},
                    "What every swap pays, over fee_denominator: 3 of 1000 in Uniswap v2, 25 of "
                    "10000 "
                    "in PancakeSwap v2.",
                    0, 9'999},
                {"fee_denominator", ParameterKind::integer, "1000", {},
                    "As in the fork's own code; at most 10000, so that no product overflows.", 1,
                    10'000},
            },
        .create = creator<UniswapV2Factory>(
            [](const Parameters& parameters)
            {
                const uniswap_v2::PoolFee fee{
                    static_cast<std::uint32_t>(parameters.integer("fee_numerator")),
                    static_cast<std::uint32_t>(parameters.integer("fee_denominator"))};
                return std::tuple{zero_account, zero_account, fee};
            }),
        .validate = [](const Parameters& parameters) -> std::string
        {
            const auto denominator = parameters.integer("fee_denominator");
            const auto numerator = parameters.integer("fee_numerator");
            if (numerator < denominator)
                return "";
            return fmt::format("fee_numerator: expected less than fee_denominator, {}, got {}",
                denominator, numerator);
        },
        .deploys = {&UniswapV2Pair::contract_type()}};
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

Address UniswapV2Factory::pair_address(
    const World& world, ContractId token_a, ContractId token_b) const
{
    const auto address_of = [&world](ContractId id) -> const Address&
    { return world.account(world.contract(id).account()).address; };
    return pair_address(world.account(account()).address, address_of(token_a), address_of(token_b));
}

Address UniswapV2Factory::pair_address(
    const Address& factory, const Address& token_a, const Address& token_b)
{
    // keccak of the pair's creation code as deployed on Ethereum.
    static const auto code_hash =
        Hash::from_string("0x96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f");
    Bytes salt;
    Encoder{salt}.put(std::min(token_a, token_b));
    Encoder{salt}.put(std::max(token_a, token_b));
    return create2_address(factory, keccak256(salt), code_hash.value());
}

bool UniswapV2Factory::may_create(const World& world, ContractId token_a, ContractId token_b) const
{
    return token_a != token_b && find_token(world, token_a) != nullptr &&
           find_token(world, token_b) != nullptr && find_pair(token_a, token_b) == nullptr;
}

Result<UniswapV2Pair*> UniswapV2Factory::create_pair(
    CallContext& context, ContractId token_a, ContractId token_b) const
{
    const auto* contract_a = context.world().find_contract(token_a);
    const auto* contract_b = context.world().find_contract(token_b);
    RUNNEL_REQUIRE(
        contract_a != nullptr && contract_b != nullptr, Refusal::ledger("no such token"));
    return create_pair(context, contract_a->account(), contract_b->account());
}

Result<UniswapV2Pair*> UniswapV2Factory::create_pair(
    CallContext& context, AccountId token_a, AccountId token_b) const
{
    RUNNEL_REQUIRE(token_a != token_b, Refusal::error("UniswapV2: IDENTICAL_ADDRESSES"));
    RUNNEL_REQUIRE(token_a != zero_account && token_b != zero_account,
        Refusal::error("UniswapV2: ZERO_ADDRESS"));
    const auto& world = context.world();
    const auto* contract_a = world.contract_of(token_a);
    const auto* contract_b = world.contract_of(token_b);
    RUNNEL_REQUIRE(contract_a != nullptr && contract_b != nullptr &&
                       find_token(world, contract_a->id()) != nullptr &&
                       find_token(world, contract_b->id()) != nullptr,
        Refusal::ledger("no such token"));
    RUNNEL_REQUIRE(find_pair(contract_a->id(), contract_b->id()) == nullptr,
        Refusal::error("UniswapV2: PAIR_EXISTS"));
    RUNNEL_TRY(context.charge_gas(pair_deployment_gas));
    uniswap_v2::PairConstructor arguments{contract_a->id(), contract_b->id(), id()};
    if (world.account(token_b).address < world.account(token_a).address)
        std::swap(arguments.token0, arguments.token1);
    Bytes encoded;
    encode(arguments, encoded);
    const auto address = pair_address(world, arguments.token0, arguments.token1);
    auto* made = RUNNEL_TRY(
        context.deploy(UniswapV2Pair::contract_type(), *this, address, std::move(encoded)));
    context.emit(id(),
        uniswap_v2::PairCreatedLog{arguments.token0, arguments.token1, made->id(), pairs_.size()});
    return static_cast<UniswapV2Pair*>(made);
}

void UniswapV2Factory::declare(
    const uniswap_v2::SetFeeTo&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

void UniswapV2Factory::declare(
    const uniswap_v2::SetFeeToSetter&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

void UniswapV2Factory::declare(
    const uniswap_v2::CreatePair& call, AccountId, AccessCollector& access) const
{
    const auto* token_a = access.world().contract_of(call.token_a);
    const auto* token_b = access.world().contract_of(call.token_b);
    if (token_a != nullptr && token_b != nullptr &&
        may_create(access.world(), token_a->id(), token_b->id()))
        access.deploys();
}

Result<Returns> UniswapV2Factory::execute(const uniswap_v2::SetFeeTo& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.fee_to));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.fee_to_setter, Refusal::error("UniswapV2: FORBIDDEN"));
    write_account(context, state.fee_to, call.fee_to);
    return Returns{};
}

Result<Returns> UniswapV2Factory::execute(
    const uniswap_v2::SetFeeToSetter& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.fee_to_setter));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.fee_to_setter, Refusal::error("UniswapV2: FORBIDDEN"));
    write_account(context, state.fee_to_setter, call.fee_to_setter);
    return Returns{};
}

Result<Returns> UniswapV2Factory::execute(const uniswap_v2::CreatePair& call, CallContext& context)
{
    const auto* pair = RUNNEL_TRY(create_pair(context, call.token_a, call.token_b));
    return Returns{as_word(context.world().account(pair->account()).address)};
}

}  // namespace runnel::contracts
