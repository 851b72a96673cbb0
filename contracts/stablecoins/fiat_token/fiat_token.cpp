#include "contracts/stablecoins/fiat_token/fiat_token.hpp"

#include "contracts/kit/creation.hpp"
#include "contracts/kit/ecrecover.hpp"
#include "contracts/kit/gas.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_math.hpp"
#include "contracts/stablecoins/fiat_token/events.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <utility>

namespace runnel::contracts
{

using namespace fiat_token;
using openzeppelin::SafeMath;

namespace
{
constexpr std::uint8_t decimals_max = 36;

/// 2^255 - 1: the highest bit of a balance's slot says who is blacklisted.
constexpr Amount balance_max{~0ULL >> 1U, ~0ULL, ~0ULL, ~0ULL};
/// Half of the curve's order: above it each signature has a twin below.
constexpr Amount signature_s_max{
    0x7fffffffffffffff, 0xffffffffffffffff, 0x5d576e7357a4501d, 0xdfe92f46681b20a0};

bool is_known(const World& world, AccountId account) noexcept
{
    return index(account) < world.account_count();
}
}  // namespace

FiatToken::FiatToken(ContractIdentity identity, Spec spec)
  : TokenBase{std::move(identity), TokenFlavour::openzeppelin4},
    spec_{std::move(spec)},
    supply_{name() + ".supply"},
    roles_{name() + ".roles"},
    minters_{name() + ".minters", KeyOf::account},
    blacklist_{name() + ".blacklist", KeyOf::account},
    nonces_{name() + ".nonces", KeyOf::account}
{
    supply_.set_conservation_weight(-1);
    add_table(supply_);
    add_table(roles_);
    add_table(minters_);
    add_table(blacklist_);
    add_table(nonces_);
    // So that tokens sent to the token itself are not lost.
    blacklist_.at(account()).is_set = true;
}

const ContractType& FiatToken::contract_type()
{
    static const ContractType type{.kind = "fiat_token",
        .help = "A token backed by money in a bank, as USDC: minters, a pauser, a blacklist.",
        .role = ContractRole::ledger,
        .sectors = implements<FiatToken, IssuedToken, AccountFreezer>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, MintLog, BurnLog, MinterConfiguredLog,
            MinterRemovedLog, MasterMinterChangedLog, PauseLog, UnpauseLog, PauserChangedLog,
            BlacklistedLog, UnBlacklistedLog, BlacklisterChangedLog, OwnershipTransferredLog>(),
        .parameters =
            {
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call it; empty: its name in the scenario."},
                {"decimals", ParameterKind::integer, "6", {}, "Digits after the decimal point.", 0,
                    decimals_max},
                {"version", ParameterKind::choice, "\"2.2\"", {},
                    "Which code stands behind the proxy: 2.1 until November 2023, 2.2 since.", 0, 0,
                    "2.1|2.2"},
                {"domain_name", ParameterKind::text, "\"USD Coin\"", {},
                    "Its name in the domain of signatures (EIP-712)."},
                {"chain_id", ParameterKind::integer, "1", {}, "The chain that signatures name.", 1,
                    4e18},
                {"owner", ParameterKind::account, "\"fiat_token_owner\"", {},
                    "Who appoints the others."},
                {"master_minter", ParameterKind::account, "\"fiat_token_master_minter\"", {},
                    "Who appoints minters."},
                {"pauser", ParameterKind::account, "\"fiat_token_pauser\"", {},
                    "Who may stop everything."},
                {"blacklister", ParameterKind::account, "\"fiat_token_blacklister\"", {},
                    "Who keeps the blacklist."},
                {"minter", ParameterKind::account, "\"\"", {},
                    "The first minter, if it has an allowance: an account, or a contract's."},
                allocation({"minter_allowance", ParameterKind::integer, "0", unit::whole_tokens,
                    "How much the first minter may mint.", 0, 1e18}),
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            Spec spec;
            spec.info = {parameters.text("symbol"),
                static_cast<std::uint8_t>(parameters.integer("decimals"))};
            if (spec.info.symbol.empty())
                spec.info.symbol = identity.name;
            spec.name = parameters.text("domain_name");
            spec.version = parameters.text("version") == "2.1" ? Version::v2_1 : Version::v2_2;
            spec.chain_id = static_cast<std::uint64_t>(parameters.integer("chain_id"));
            return std::make_unique<FiatToken>(std::move(identity), std::move(spec));
        },
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.integer("minter_allowance") > 0 && parameters.text("minter").empty())
                return "minter: expected an account, since there is a minter_allowance, got none";
            return "";
        }};
    return type;
}

void FiatToken::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const auto account = [&](std::string_view role)
    { return builder.account(parameters.text(role), "wallet"); };
    auto& roles = roles_.at(0);
    roles.owner = account("owner");
    roles.master_minter = account("master_minter");
    roles.pauser = account("pauser");
    roles.blacklister = account("blacklister");
    if (const auto allowance = parameters.integer("minter_allowance"); allowance > 0)
    {
        minters_.at(account("minter")) = {true, wrapping_mul(static_cast<std::uint64_t>(allowance),
                                                    Amount::power_of_ten(spec_.info.decimals))};
    }
    connect(builder.world());
}

void FiatToken::connect(World& world)
{
    Bytes domain;
    Encoder encoder{domain};
    encoder.put(keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"));
    encoder.put(keccak256(spec_.name));
    encoder.put(keccak256("2"));
    encoder.put(Amount{spec_.chain_id});
    encoder.put(as_word(world.account(account()).address));
    domain_separator_ = keccak256(domain);
}

void FiatToken::check_invariants(const World& world, Findings& findings) const
{
    for (std::uint32_t i = 0; i < world.account_count(); ++i)
    {
        const AccountId holder{i};
        if (!is_minter(holder) && !minter_allowance(holder).is_zero())
        {
            findings.push_back(fmt::format("{}: account {} is no minter and may mint {}", name(), i,
                minter_allowance(holder).to_string()));
        }
        if (spec_.version == Version::v2_2 && balance(holder) > balance_max)
        {
            findings.push_back(fmt::format(
                "{}: account {} has {}, above 2^255-1", name(), i, balance(holder).to_string()));
        }
    }
    if (!balance(zero_account).is_zero())
        findings.push_back(fmt::format("{}: the zero account has tokens", name()));
}

void FiatToken::appoint(const Roles& roles)
{
    roles_.at(0) = roles;
}

bool FiatToken::allocate(World& world, AccountId account, const Amount& value)
{
    if (backer_ != nullptr)
        backer_->back(world, value);
    auto& supply = supply_.at(0);
    RUNNEL_CHECK((Checked{supply} + value).ok());
    supply = wrapping_add(supply, value);
    if (supply > balance_max)
        roles_.at(0).is_vast = true;
    auto& balance = book_.balances.at(account);
    balance = wrapping_add(balance, value);
    return true;
}

// ---- Who may ----

Result<void> FiatToken::require_running(CallContext& context) const
{
    RUNNEL_REQUIRE(!context.read(roles_, 0).paused, Refusal::error("Pausable: paused"));
    return {};
}

Result<void> FiatToken::require_not_blacklisted(CallContext& context, AccountId account) const
{
    RUNNEL_REQUIRE(!context.read(blacklist_, account).is_set,
        Refusal::error("Blacklistable: account is blacklisted"));
    return {};
}

Result<void> FiatToken::require_owner(CallContext& context) const
{
    RUNNEL_REQUIRE(context.sender() == context.read(roles_, 0).owner,
        Refusal::error("Ownable: caller is not the owner"));
    return {};
}

Result<void> FiatToken::require_minter(CallContext& context) const
{
    RUNNEL_TRY(require_running(context));
    RUNNEL_REQUIRE(context.read(minters_, context.sender()).is_minter,
        Refusal::error("FiatToken: caller is not a minter"));
    return require_not_blacklisted(context, context.sender());
}

Result<void> FiatToken::require_approval(
    CallContext& context, AccountId owner, AccountId spender) const
{
    RUNNEL_TRY(require_account(context.world(), owner));
    RUNNEL_TRY(require_account(context.world(), spender));
    RUNNEL_TRY(require_running(context));
    if (spec_.version == Version::v2_2)
        return {};
    RUNNEL_TRY(require_not_blacklisted(context, owner));
    return require_not_blacklisted(context, spender);
}

Result<void> FiatToken::require_room(
    CallContext& context, AccountId account, const Amount& amount) const
{
    // A balance that nobody looks at can grow by several transactions at a time.
    if (spec_.version != Version::v2_2 || !context.read(roles_, 0).is_vast)
        return {};
    // No overflow: all balances together are the supply.
    RUNNEL_REQUIRE(wrapping_add(context.read(book_.balances, account), amount) <= balance_max,
        Refusal::error("FiatTokenV2_2: Balance exceeds (2^255 - 1)"));
    return {};
}

// ---- Transfers ----

Result<void> FiatToken::move(
    CallContext& context, AccountId from, AccountId to, const Amount& amount)
{
    if (from != to && from != zero_account && to != zero_account &&
        !book_.lacks_funds(context, from, amount))
        RUNNEL_TRY(require_room(context, to, amount));
    return book_.transfer(context, from, to, amount);
}

Result<void> FiatToken::transfer(CallContext context, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), to));
    RUNNEL_TRY(require_running(context));
    RUNNEL_TRY(require_not_blacklisted(context, context.sender()));
    RUNNEL_TRY(require_not_blacklisted(context, to));
    return move(context, context.sender(), to, amount);
}

Result<void> FiatToken::transfer_from(
    CallContext context, AccountId from, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), from));
    RUNNEL_TRY(require_account(context.world(), to));
    RUNNEL_TRY(require_running(context));
    RUNNEL_TRY(require_not_blacklisted(context, context.sender()));
    RUNNEL_TRY(require_not_blacklisted(context, from));
    RUNNEL_TRY(require_not_blacklisted(context, to));
    RUNNEL_REQUIRE(!book_.lacks_allowance(context, from, amount),
        Refusal::error("ERC20: transfer amount exceeds allowance"));
    RUNNEL_TRY(move(context, from, to, amount));
    auto& allowance = context.write(book_.allowances, pair_key(from, context.sender()));
    allowance = wrapping_sub(allowance, amount);
    return {};
}

void FiatToken::declare_standing(AccessCollector& access, AccountId account) const
{
    if (is_known(access.world(), account))
        access.read(blacklist_, account);
}

void FiatToken::declare_transfer(AccessCollector& access, AccountId from, AccountId to) const
{
    access.read(roles_, 0);
    declare_standing(access, from);
    declare_standing(access, to);
    book_.declare_transfer(access, from, to);
}

void FiatToken::declare_transfer_from(
    AccessCollector& access, AccountId spender, AccountId from, AccountId to) const
{
    declare_transfer(access, from, to);
    declare_standing(access, spender);
    book_.declare_approve(access, from, spender);
}

void FiatToken::declare(const Erc20Transfer& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer(access, sender, call.to);
}

void FiatToken::declare(
    const Erc20TransferFrom& call, AccountId sender, AccessCollector& access) const
{
    declare_transfer_from(access, sender, call.from, call.to);
}

Result<Returns> FiatToken::execute(const Erc20Transfer& call, CallContext& context)
{
    RUNNEL_TRY(transfer(context, call.to, call.value));
    return Returns{1};
}

Result<Returns> FiatToken::execute(const Erc20TransferFrom& call, CallContext& context)
{
    RUNNEL_TRY(transfer_from(context, call.from, call.to, call.value));
    return Returns{1};
}

// ---- Approvals ----

void FiatToken::declare(const Erc20Approve& call, AccountId sender, AccessCollector& access) const
{
    access.read(roles_, 0);
    if (spec_.version == Version::v2_1)
    {
        declare_standing(access, sender);
        declare_standing(access, call.spender);
    }
    book_.declare_approve(access, sender, call.spender);
}

Result<Returns> FiatToken::execute(const Erc20Approve& call, CallContext& context)
{
    RUNNEL_TRY(require_approval(context, context.sender(), call.spender));
    RUNNEL_TRY(book_.approve(context, context.sender(), call.spender, call.value));
    return Returns{1};
}

Result<Returns> FiatToken::execute(const IncreaseAllowance& call, CallContext& context)
{
    const auto owner = context.sender();
    RUNNEL_TRY(require_approval(context, owner, call.spender));
    const auto& allowance = context.read(book_.allowances, pair_key(owner, call.spender));
    const Amount value = RUNNEL_TRY((SafeMath{allowance} + call.increment).result());
    RUNNEL_TRY(book_.approve(context, owner, call.spender, value));
    return Returns{1};
}

Result<Returns> FiatToken::execute(const DecreaseAllowance& call, CallContext& context)
{
    const auto owner = context.sender();
    RUNNEL_TRY(require_approval(context, owner, call.spender));
    const auto& allowance = context.read(book_.allowances, pair_key(owner, call.spender));
    RUNNEL_REQUIRE(
        allowance >= call.decrement, Refusal::error("ERC20: decreased allowance below zero"));
    RUNNEL_TRY(
        book_.approve(context, owner, call.spender, wrapping_sub(allowance, call.decrement)));
    return Returns{1};
}

Result<Returns> FiatToken::execute(const Permit& call, CallContext& context)
{
    RUNNEL_TRY(require_approval(context, call.owner, call.spender));
    RUNNEL_REQUIRE(Amount{context.block().timestamp} <= call.deadline,
        Refusal::error("FiatTokenV2: permit is expired"));
    const auto& world = context.world();
    auto& nonce = context.write(nonces_, call.owner);
    context.save_gas(gas_saved_by_write(nonce.is_zero(), false, false));
    Bytes permit;
    Encoder encoder{permit};
    encoder.put(
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,"
                  "uint256 deadline)"));
    encoder.put(as_word(world.account(call.owner).address));
    encoder.put(as_word(world.account(call.spender).address));
    encoder.put(call.value);
    encoder.put(nonce);
    encoder.put(call.deadline);
    nonce = wrapping_add(nonce, 1);  // As the source's ++.
    Bytes message{0x19, 0x01};
    Encoder{message}.put(domain_separator_);
    Encoder{message}.put(keccak256(permit));
    RUNNEL_REQUIRE(
        call.s <= signature_s_max, Refusal::error("ECRecover: invalid signature 's' value"));
    RUNNEL_REQUIRE(
        call.v == 27 || call.v == 28, Refusal::error("ECRecover: invalid signature 'v' value"));
    const auto signer = ecrecover(keccak256(message), call.v, call.r, call.s);
    RUNNEL_REQUIRE(signer.has_value(), Refusal::error("ECRecover: invalid signature"));
    RUNNEL_REQUIRE(
        *signer == world.account(call.owner).address, Refusal::error("EIP2612: invalid signature"));
    RUNNEL_TRY(book_.approve(context, call.owner, call.spender, call.value));
    return Returns{};
}

// ---- Minting and burning ----

Result<void> FiatToken::mint(CallContext context, AccountId to, const Amount& amount)
{
    RUNNEL_TRY(require_account(context.world(), to));
    RUNNEL_TRY(require_minter(context));
    RUNNEL_TRY(require_not_blacklisted(context, to));
    RUNNEL_REQUIRE(to != zero_account, Refusal::error("FiatToken: mint to the zero address"));
    RUNNEL_REQUIRE(!amount.is_zero(), Refusal::error("FiatToken: mint amount not greater than 0"));
    const auto minter = context.sender();
    RUNNEL_REQUIRE(amount <= context.read(minters_, minter).allowance,
        Refusal::error("FiatToken: mint amount exceeds minterAllowance"));
    auto& supply = context.write(supply_, 0);
    const Amount new_supply = RUNNEL_TRY((SafeMath{supply} + amount).result());
    if (new_supply > balance_max && !context.read(roles_, 0).is_vast)
        context.write(roles_, 0).is_vast = true;
    RUNNEL_TRY(require_room(context, to, amount));
    auto& allowance = context.write(minters_, minter).allowance;
    allowance = wrapping_sub(allowance, amount);
    context.emit(id(), MintLog{minter, to, amount});
    return book_.mint(context, supply, to, amount);
}

Result<void> FiatToken::burn(CallContext context, const Amount& amount)
{
    RUNNEL_TRY(require_minter(context));
    const auto minter = context.sender();
    RUNNEL_REQUIRE(!amount.is_zero(), Refusal::error("FiatToken: burn amount not greater than 0"));
    RUNNEL_REQUIRE(!book_.lacks_funds(context, minter, amount),
        Refusal::error("FiatToken: burn amount exceeds balance"));
    context.emit(id(), BurnLog{minter, amount});
    return book_.burn(context, context.write(supply_, 0), minter, amount);
}

void FiatToken::declare_mint(AccessCollector& access, AccountId minter, AccountId to) const
{
    access.read(roles_, 0);
    access.write(supply_, 0);
    if (is_known(access.world(), minter))
        access.write(minters_, minter);
    declare_standing(access, minter);
    declare_standing(access, to);
    book_.declare_credit(access, to);
}

void FiatToken::declare_burn(AccessCollector& access, AccountId minter) const
{
    access.read(roles_, 0);
    access.write(supply_, 0);
    if (is_known(access.world(), minter))
        access.read(minters_, minter);
    declare_standing(access, minter);
    book_.declare_balance(access, minter);
}

void FiatToken::declare(const Mint& call, AccountId sender, AccessCollector& access) const
{
    declare_mint(access, sender, call.to);
}

void FiatToken::declare(const Burn&, AccountId sender, AccessCollector& access) const
{
    declare_burn(access, sender);
}

Result<Returns> FiatToken::execute(const Mint& call, CallContext& context)
{
    RUNNEL_TRY(mint(context, call.to, call.amount));
    return Returns{1};
}

Result<Returns> FiatToken::execute(const Burn& call, CallContext& context)
{
    RUNNEL_TRY(burn(context, call.amount));
    return Returns{};
}

Result<Returns> FiatToken::execute(const ConfigureMinter& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.minter));
    RUNNEL_TRY(require_running(context));
    RUNNEL_REQUIRE(context.sender() == context.read(roles_, 0).master_minter,
        Refusal::error("FiatToken: caller is not the masterMinter"));
    context.write(minters_, call.minter) = {true, call.minter_allowed_amount};
    context.emit(id(), MinterConfiguredLog{call.minter, call.minter_allowed_amount});
    return Returns{1};
}

Result<Returns> FiatToken::execute(const RemoveMinter& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.minter));
    RUNNEL_REQUIRE(context.sender() == context.read(roles_, 0).master_minter,
        Refusal::error("FiatToken: caller is not the masterMinter"));
    context.write(minters_, call.minter) = {};
    context.emit(id(), MinterRemovedLog{call.minter});
    return Returns{1};
}

// ---- Pausing and blacklisting ----

Result<Returns> FiatToken::execute(const Pause&, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == context.read(roles_, 0).pauser,
        Refusal::error("Pausable: caller is not the pauser"));
    context.write(roles_, 0).paused = true;
    context.emit(id(), PauseLog{});
    return Returns{};
}

Result<Returns> FiatToken::execute(const Unpause&, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == context.read(roles_, 0).pauser,
        Refusal::error("Pausable: caller is not the pauser"));
    context.write(roles_, 0).paused = false;
    context.emit(id(), UnpauseLog{});
    return Returns{};
}

Result<Returns> FiatToken::set_blacklisted(CallContext& context, AccountId account, bool is_set)
{
    RUNNEL_TRY(require_account(context.world(), account));
    RUNNEL_REQUIRE(context.sender() == context.read(roles_, 0).blacklister,
        Refusal::error("Blacklistable: caller is not the blacklister"));
    context.write(blacklist_, account).is_set = is_set;
    return Returns{};
}

Result<Returns> FiatToken::execute(const Blacklist& call, CallContext& context)
{
    RUNNEL_TRY(set_blacklisted(context, call.account, true));
    context.emit(id(), BlacklistedLog{call.account});
    return Returns{};
}

Result<Returns> FiatToken::execute(const UnBlacklist& call, CallContext& context)
{
    RUNNEL_TRY(set_blacklisted(context, call.account, false));
    context.emit(id(), UnBlacklistedLog{call.account});
    return Returns{};
}

// ---- The owner's ----

Result<Returns> FiatToken::execute(const TransferOwnership& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.new_owner));
    RUNNEL_TRY(require_owner(context));
    RUNNEL_REQUIRE(
        call.new_owner != zero_account, Refusal::error("Ownable: new owner is the zero address"));
    auto& owner = context.write(roles_, 0).owner;
    context.emit(id(), OwnershipTransferredLog{owner, call.new_owner});
    owner = call.new_owner;
    return Returns{};
}

Result<Returns> FiatToken::execute(const UpdateMasterMinter& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.new_master_minter));
    RUNNEL_TRY(require_owner(context));
    RUNNEL_REQUIRE(call.new_master_minter != zero_account,
        Refusal::error("FiatToken: new masterMinter is the zero address"));
    context.write(roles_, 0).master_minter = call.new_master_minter;
    context.emit(id(), MasterMinterChangedLog{call.new_master_minter});
    return Returns{};
}

Result<Returns> FiatToken::execute(const UpdatePauser& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.new_pauser));
    RUNNEL_TRY(require_owner(context));
    RUNNEL_REQUIRE(call.new_pauser != zero_account,
        Refusal::error("Pausable: new pauser is the zero address"));
    context.write(roles_, 0).pauser = call.new_pauser;
    context.emit(id(), PauserChangedLog{call.new_pauser});
    return Returns{};
}

Result<Returns> FiatToken::execute(const UpdateBlacklister& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.new_blacklister));
    RUNNEL_TRY(require_owner(context));
    RUNNEL_REQUIRE(call.new_blacklister != zero_account,
        Refusal::error("Blacklistable: new blacklister is the zero address"));
    context.write(roles_, 0).blacklister = call.new_blacklister;
    context.emit(id(), BlacklisterChangedLog{call.new_blacklister});
    return Returns{};
}

}  // namespace runnel::contracts
