#include "contracts/tokens/erc20/erc20.hpp"

#include "contracts/kit/registration.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace runnel::contracts
{
namespace
{
TokenFlavour flavour_of(std::string_view name)
{
    if (name == "openzeppelin4")
        return TokenFlavour::openzeppelin4;
    if (name == "uniswap")
        return TokenFlavour::uniswap;
    RUNNEL_CHECK(name == "openzeppelin5");
    return TokenFlavour::openzeppelin5;
}

TransferAnswer answer_of(std::string_view name)
{
    if (name == "nothing")
        return TransferAnswer::nothing;
    if (name == "false_on_failure")
        return TransferAnswer::false_on_failure;
    RUNNEL_CHECK(name == "true");
    return TransferAnswer::success;
}

constexpr std::uint8_t decimals_max = 36;

/// Printable ASCII, then zeros to the end; empty if it is anything else.
std::optional<std::string> symbol_of(const Hash& bytes)
{
    const auto end = std::find(bytes.bytes.begin(), bytes.bytes.end(), 0);
    const std::string symbol{bytes.bytes.begin(), end};
    const bool is_text = !symbol.empty() && std::all_of(symbol.begin(), symbol.end(),
                                                [](char c) { return c > ' ' && c <= '~'; });
    const bool is_filled =
        std::all_of(end, bytes.bytes.end(), [](std::uint8_t byte) { return byte == 0; });
    return is_text && is_filled ? std::optional{symbol} : std::nullopt;
}

constexpr std::uint64_t fee_gas = 8'000;  // Two slots that were written before, and an event.
}  // namespace

Erc20::Erc20(ContractIdentity identity, TokenInfo info, TokenFlavour flavour, AccountId minter,
    TokenQuirks quirks)
  : TokenBase{std::move(identity), flavour},
    info_{std::move(info)},
    quirks_{std::move(quirks)},
    state_{name() + ".supply"}
{
    state_.set_conservation_weight(-1);
    state_.at(0).minter = minter;
    add_table(state_);
}

const ContractType& Erc20::contract_type()
{
    static const ContractType type{.kind = "erc20",
        .help = "An ERC-20 token, worded as OpenZeppelin 5, OpenZeppelin 4 or Uniswap v2.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog>(),
        .parameters =
            {
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call it; empty: its name in the scenario."},
                {"decimals", ParameterKind::integer, "18", {}, "Digits after the decimal point.", 0,
                    decimals_max},
                {"flavour", ParameterKind::choice, "\"openzeppelin5\"", {},
                    "Whose errors and events it copies.", 0, 0,
                    "openzeppelin5|openzeppelin4|uniswap"},
                {"minter", ParameterKind::account, "\"\"", {},
                    "The account that may mint, and burn anybody's tokens; empty: nobody."},
                {"fee_on_transfer_bps", ParameterKind::integer, "0", unit::bps,
                    "What the token keeps of every transfer.", 0, 10'000},
                {"fee_collector", ParameterKind::account, "\"\"", {},
                    "The account that gets the fee on transfers; empty: it is burnt."},
                {"returns", ParameterKind::choice, "\"true\"", {},
                    "What transfer and transferFrom answer: true, or they revert; nothing (USDT), "
                    "or "
                    "they revert; false instead of reverting for want of balance or allowance "
                    "(ZRX).",
                    0, 0, "true|nothing|false_on_failure"},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            TokenInfo info{parameters.text("symbol"),
                static_cast<std::uint8_t>(parameters.integer("decimals"))};
            if (info.symbol.empty())
                info.symbol = identity.name;
            TokenQuirks quirks{
                static_cast<std::uint32_t>(parameters.integer("fee_on_transfer_bps")),
                parameters.text("fee_collector"), answer_of(parameters.text("returns"))};
            return std::make_unique<Erc20>(std::move(identity), std::move(info),
                flavour_of(parameters.text("flavour")), zero_account, std::move(quirks));
        },
        .deploy = [](ByteView encoded, ContractIdentity identity,
                      const World&) -> std::unique_ptr<Contract>
        {
            Erc20Constructor arguments;
            auto symbol = decode(encoded, arguments) ? symbol_of(arguments.symbol) : std::nullopt;
            if (!symbol || arguments.decimals > decimals_max)
                return nullptr;
            return std::make_unique<Erc20>(std::move(identity),
                TokenInfo{std::move(*symbol), arguments.decimals}, TokenFlavour::openzeppelin5);
        },
        .list_arguments =
            [](ByteView encoded, FieldSink& parameters)
        {
            Erc20Constructor arguments;
            RUNNEL_CHECK(decode(encoded, arguments));
            parameters.text("decimals", std::to_string(arguments.decimals));
        }};
    return type;
}

Result<void> Erc20::initialize(
    CallContext& context, AccountId minter, AccountId holder, const Amount& supply)
{
    RUNNEL_TRY(require_account(context.world(), minter));
    auto& state = context.write(state_, 0);
    state.minter = minter;
    if (supply.is_zero())
        return {};
    return book_.mint(context, state.total_supply, holder, supply);
}

void Erc20::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    if (const auto& minter = parameters.text("minter"); !minter.empty())
        state_.at(0).minter = builder.account(minter, "wallet");
    if (!quirks_.fee_collector.empty())
        builder.account(quirks_.fee_collector, "wallet");
    connect(builder.world());
}

void Erc20::connect(World& world)
{
    fee_collector_ = world.find_account(quirks_.fee_collector).value_or(zero_account);
}

bool Erc20::allocate(World&, AccountId account, const Amount& value)
{
    allocate(account, value);
    return true;
}

void Erc20::allocate(AccountId account, const Amount& value)
{
    auto& supply = state_.at(0).total_supply;
    const auto new_supply = Checked{supply} + value;
    RUNNEL_CHECK(new_supply.ok());
    supply = new_supply.value;
    auto& balance = book_.balances.at(account);
    balance = wrapping_add(balance, value);
}

// ---- Transfers ----

Result<Amount> Erc20::take_fee(CallContext& context, AccountId from, const Amount& value)
{
    // Want of balance is refused by the transfer itself, in the token's own words.
    if (quirks_.fee_on_transfer_bps == 0 || book_.lacks_funds(context, from, value))
        return value;
    RUNNEL_TRY(context.charge_gas(fee_gas));
    const auto fee = mul_div_down(value, quirks_.fee_on_transfer_bps, 10'000).value;
    if (fee_collector_ == zero_account)
        RUNNEL_TRY(book_.burn(context, context.write(state_, 0).total_supply, from, fee));
    else
        RUNNEL_TRY(book_.transfer(context, from, fee_collector_, fee));
    return wrapping_sub(value, fee);
}

Result<void> Erc20::transfer(CallContext context, AccountId to, const Amount& amount)
{
    const auto from = context.sender();
    if (quirks_.answer == TransferAnswer::false_on_failure)
        RUNNEL_REQUIRE(!book_.lacks_funds(context, from, amount), token_said_false());
    const auto rest = RUNNEL_TRY(take_fee(context, from, amount));
    return book_.transfer(context, from, to, rest);
}

Result<void> Erc20::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    if (quirks_.answer == TransferAnswer::false_on_failure)
    {
        RUNNEL_REQUIRE(!book_.lacks_funds(context, from, amount) &&
                           !book_.lacks_allowance(context, from, amount),
            token_said_false());
    }
    if (quirks_.fee_on_transfer_bps == 0)
        return book_.transfer_from(context, from, to, amount);
    RUNNEL_TRY(book_.spend_allowance(context, from, amount));
    const auto rest = RUNNEL_TRY(take_fee(context, from, amount));
    return book_.transfer(context, from, to, rest);
}

void Erc20::declare_fee(AccessCollector& access) const
{
    if (quirks_.fee_on_transfer_bps == 0)
        return;
    if (fee_collector_ == zero_account)
        access.write(state_, 0);
    else
        book_.declare_credit(access, fee_collector_);
}

void Erc20::declare_transfer(AccessCollector& access, AccountId from, AccountId to) const
{
    TokenBase::declare_transfer(access, from, to);
    declare_fee(access);
}

void Erc20::declare_transfer_from(
    AccessCollector& access, AccountId spender, AccountId from, AccountId to) const
{
    TokenBase::declare_transfer_from(access, spender, from, to);
    declare_fee(access);
}

void Erc20::declare(const Erc20Transfer& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer(access, sender, call.to);
}

void Erc20::declare(const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer_from(access, sender, call.from, call.to);
}

Result<Returns> Erc20::answer(const Result<void>& outcome) const
{
    if (outcome.has_value())
        return quirks_.answer == TransferAnswer::nothing ? Returns{} : Returns{1};
    if (quirks_.answer == TransferAnswer::false_on_failure && is_token_said_false(outcome.error()))
        return Returns{0};
    return fail(outcome.error());
}

Result<Returns> Erc20::execute(const Erc20Transfer& call, CallContext& context)
{
    return answer(transfer(context, call.to, call.value));
}

Result<Returns> Erc20::execute(const Erc20Approve& call, CallContext& context)
{
    return answer(book_.approve(context, context.sender(), call.spender, call.value));
}

Result<Returns> Erc20::execute(const Erc20TransferFrom& call, CallContext& context)
{
    return answer(transfer_from(context, call.from, call.to, call.value));
}

// ---- Minting and burning ----

void Erc20::declare(const Erc20Mint& call, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    book_.declare_credit(access, call.to);
}

void Erc20::declare(const Erc20Burn& call, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    book_.declare_balance(access, call.from);
}

Refusal Erc20::not_minter(AccountId sender) const noexcept
{
    switch (book_.flavour())
    {
        case TokenFlavour::openzeppelin5:
            return Refusal::custom("OwnableUnauthorizedAccount").with(sender);
        case TokenFlavour::openzeppelin4: return Refusal::error("Ownable: caller is not the owner");
        case TokenFlavour::uniswap:
        case TokenFlavour::weth9: break;
    }
    return Refusal::error("UniswapV2: FORBIDDEN");
}

Result<Returns> Erc20::execute(const Erc20Mint& call, CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(state.minter != zero_account && context.sender() == state.minter,
        not_minter(context.sender()));
    RUNNEL_TRY(book_.mint(context, state.total_supply, call.to, call.value));
    return Returns{};
}

Result<Returns> Erc20::execute(const Erc20Burn& call, CallContext& context)
{
    auto& state = context.write(state_, 0);
    const bool is_minter = state.minter != zero_account && context.sender() == state.minter;
    RUNNEL_REQUIRE(is_minter || call.from == context.sender(), not_minter(context.sender()));
    RUNNEL_TRY(book_.burn(context, state.total_supply, call.from, call.value));
    return Returns{};
}

}  // namespace runnel::contracts
