#include "contracts/tokens/erc20/erc20.hpp"

#include "contracts/kit/registration.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

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
}  // namespace

Erc20::Erc20(ContractIdentity identity, TokenInfo info, TokenFlavour flavour, AccountId minter)
  : TokenBase{std::move(identity), flavour}, info_{std::move(info)}, state_{name() + ".supply"}
{
    state_.set_conservation_weight(-1);
    state_.at(0).minter = minter;
    add_table(state_);
}

const ContractType& Erc20::contract_type()
{
    static const ContractType type{.kind = "erc20",
        .help = "A plain ERC-20 token, worded as OpenZeppelin 5, OpenZeppelin 4 or Uniswap v2.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog>(),
        .parameters =
            {
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call it; empty: its name in the scenario."},
                {"decimals", ParameterKind::integer, "18", {}, "Digits after the decimal point.", 0,
                    36},
                {"flavour", ParameterKind::choice, "\"openzeppelin5\"", {},
                    "Whose errors and events it copies.", 0, 0,
                    "openzeppelin5|openzeppelin4|uniswap"},
                {"minter", ParameterKind::account, "\"\"", {},
                    "The account that may mint, and burn anybody's tokens; empty: nobody."},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            TokenInfo info{parameters.text("symbol"),
                static_cast<std::uint8_t>(parameters.integer("decimals"))};
            if (info.symbol.empty())
                info.symbol = identity.name;
            return std::make_unique<Erc20>(
                std::move(identity), std::move(info), flavour_of(parameters.text("flavour")));
        }};
    return type;
}

void Erc20::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    if (const auto& minter = parameters.text("minter"); !minter.empty())
        state_.at(0).minter = builder.account(minter, "wallet");
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
        case TokenFlavour::uniswap: break;
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
