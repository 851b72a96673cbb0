#include "contracts/exchanges/uniswap_v3/factory.hpp"

#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/exchanges/uniswap_v3/router.hpp"
#include "contracts/kit/creation.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v3;

namespace
{
/// The fees that the deployed factory began with, and 100, which its owner enabled in November
/// 2021.
constexpr std::array<std::pair<std::uint32_t, std::int32_t>, 4> enabled_fees{
    {{100, 1}, {500, 10}, {3'000, 60}, {10'000, 200}}};

/// CREATE2's address, from the deployer's own and the pool's tokens and fee.
Address pool_address(const Address& factory, const PoolConstructor& arguments, const World& world)
{
    // keccak of the pool's creation code as deployed on Ethereum.
    static const auto code_hash =
        Hash::from_string("0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54");
    const auto word_of = [&world](Bytes& out, ContractId token)
    {
        out.insert(out.end(), 12, 0);
        Encoder{out}.put(world.account(world.contract(token).account()).address);
    };
    Bytes salt;
    word_of(salt, arguments.token0);
    word_of(salt, arguments.token1);
    Encoder{salt}.put(Amount{arguments.fee});
    return create2_address(factory, keccak256(salt), code_hash.value());
}
}  // namespace

UniswapV3Factory::UniswapV3Factory(ContractIdentity identity, AccountId owner)
  : ContractBase{std::move(identity)},
    state_{name() + ".state"},
    tick_spacings_{name() + ".tick_spacings", KeyOf::sparse_number}
{
    state_.at(0).owner = owner;
    for (const auto& [fee, spacing] : enabled_fees)
        tick_spacings_.at(std::uint64_t{fee}) = spacing;
    add_table(state_);
    add_table(tick_spacings_);
}

const ContractType& UniswapV3Factory::contract_type()
{
    static const ContractType type{.kind = "uniswap_v3_factory",
        .help = "Knows the pools of a Uniswap v3, deploys them, and says who owns protocol fees.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = event_types<PoolCreatedLog, OwnerChangedLog, FeeAmountEnabledLog>(),
        .parameters = {{"owner", ParameterKind::account, "\"\"", {},
            "The account that may set and collect protocol fees; empty: nobody."}},
        .create = creator<UniswapV3Factory>([](const Parameters&) { return std::tuple{}; }),
        .deploys = {&UniswapV3Pool::contract_type()}};
    return type;
}

void UniswapV3Factory::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    if (const auto& owner = parameters.text("owner"); !owner.empty())
        state_.at(0).owner = builder.account(owner, "wallet");
}

void UniswapV3Factory::connect(World& world)
{
    pools_.clear();
    entries_.clear();
    router_ = nullptr;
    for (std::uint32_t i = 0; i < world.contract_count(); ++i)
    {
        const auto* router =
            dynamic_cast<const UniswapV3Router*>(world.find_contract(ContractId{i}));
        if (router_ == nullptr && router != nullptr && router->factory() == id())
            router_ = router;
        auto* pool = dynamic_cast<UniswapV3Pool*>(world.find_contract(ContractId{i}));
        if (pool == nullptr || pool->factory() != id())
            continue;
        pools_.push_back(pool);
        entries_.push_back({key(pool->token0(), pool->token1(), pool->swap_fee()), pool});
    }
    std::stable_sort(entries_.begin(), entries_.end(),
        [](const Entry& a, const Entry& b) { return a.key < b.key; });
}

UniswapV3Factory::PoolKey UniswapV3Factory::key(
    ContractId token_a, ContractId token_b, std::uint32_t fee) noexcept
{
    const auto [low, high] = std::minmax({index(token_a), index(token_b)});
    return {std::uint64_t{low} << 32U | high, fee};
}

UniswapV3Pool* UniswapV3Factory::find_pool(
    ContractId token_a, ContractId token_b, std::uint32_t fee) const noexcept
{
    const auto wanted = key(token_a, token_b, fee);
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), wanted,
        [](const Entry& entry, const PoolKey& key) { return entry.key < key; });
    return found == entries_.end() || found->key != wanted ? nullptr : found->pool;
}

void UniswapV3Factory::declare(const CreatePool&, AccountId, AccessCollector& access) const
{
    access.deploys();
}

Result<Returns> UniswapV3Factory::execute(const CreatePool& call, CallContext& context)
{
    RUNNEL_REQUIRE(call.token_a != call.token_b, Refusal::empty());
    const auto& world = context.world();
    const bool is_swapped =
        world.account(call.token_b).address < world.account(call.token_a).address;
    const auto lower = is_swapped ? call.token_b : call.token_a;
    const auto upper = is_swapped ? call.token_a : call.token_b;
    RUNNEL_REQUIRE(lower != zero_account && upper != zero_account, Refusal::empty());
    const auto* contract0 = world.contract_of(lower);
    const auto* contract1 = world.contract_of(upper);
    RUNNEL_REQUIRE(contract0 != nullptr && contract1 != nullptr &&
                       find_token(world, contract0->id()) != nullptr &&
                       find_token(world, contract1->id()) != nullptr,
        Refusal::ledger("no such token"));
    const auto spacing = context.read(tick_spacings_, call.fee);
    RUNNEL_REQUIRE(spacing != 0, Refusal::empty());
    RUNNEL_REQUIRE(
        find_pool(contract0->id(), contract1->id(), call.fee) == nullptr, Refusal::empty());
    RUNNEL_TRY(context.charge_gas(gas::pool_deployment));
    const PoolConstructor arguments{contract0->id(), contract1->id(), id(), call.fee, spacing};
    Bytes encoded;
    encode(arguments, encoded);
    const auto address = pool_address(world.account(account()).address, arguments, world);
    const auto* made = RUNNEL_TRY(
        context.deploy(UniswapV3Pool::contract_type(), *this, address, std::move(encoded)));
    context.emit(
        id(), PoolCreatedLog{arguments.token0, arguments.token1, call.fee, spacing, made->id()});
    std::array<std::uint8_t, 32> word{};
    const auto& bytes = world.account(made->account()).address.bytes;
    std::copy(bytes.begin(), bytes.end(), word.end() - bytes.size());
    return Returns{Amount::load_big_endian(word)};
}

Result<Returns> UniswapV3Factory::execute(const SetOwner& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.owner));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.owner, Refusal::empty());
    context.emit(id(), OwnerChangedLog{state.owner, call.owner});
    state.owner = call.owner;
    return Returns{};
}

Result<Returns> UniswapV3Factory::execute(const EnableFeeAmount& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == context.read(state_, 0).owner, Refusal::empty());
    RUNNEL_REQUIRE(call.fee < 1'000'000, Refusal::empty());
    // Bounded so that a swap never passes more than a few words of the bitmap without a tick.
    RUNNEL_REQUIRE(call.tick_spacing > 0 && call.tick_spacing < 16'384, Refusal::empty());
    auto& spacing = context.write(tick_spacings_, std::uint64_t{call.fee});
    RUNNEL_REQUIRE(spacing == 0, Refusal::empty());
    spacing = call.tick_spacing;
    context.emit(id(), FeeAmountEnabledLog{call.fee, call.tick_spacing});
    return Returns{};
}

}  // namespace runnel::contracts
