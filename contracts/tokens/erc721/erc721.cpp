#include "contracts/tokens/erc721/erc721.hpp"

#include "contracts/kit/registration.hpp"
#include "state/world.hpp"

#include <utility>

namespace runnel::contracts
{

Erc721::Erc721(
    ContractIdentity identity, std::string minter, std::string creator, std::uint32_t royalty_bps)
  : ContractBase{std::move(identity)},
    minter_name_{std::move(minter)},
    creator_name_{std::move(creator)},
    royalty_{zero_account, royalty_bps},
    book_{id(), name()}
{
    add_table(book_.tokens);
    add_table(book_.balances);
    add_table(book_.operators);
}

const ContractType& Erc721::contract_type()
{
    static const ContractType type{.kind = "erc721",
        .help = "Tokens of which each is another one, worded as OpenZeppelin 3.4.",
        .role = ContractRole::ledger,
        .methods = methods(),
        .events = event_types<NftTransferLog, NftApprovalLog, NftApprovalForAllLog>(),
        .parameters =
            {
                {"minter", ParameterKind::account, "", {}, "Who makes tokens."},
                {"creator", ParameterKind::account, "\"\"", {},
                    "Who gets a royalty of sales; empty: nobody."},
                {"royalty_bps", ParameterKind::integer, "0", unit::bps, "What he gets of a price.",
                    0, 5'000},
            },
        .create = creator<Erc721>(
            [](const Parameters& parameters)
            {
                return std::tuple{parameters.text("minter"), parameters.text("creator"),
                    static_cast<std::uint32_t>(parameters.integer("royalty_bps"))};
            })};
    return type;
}

void Erc721::connect(World& world)
{
    minter_ = world.find_account(minter_name_).value_or(zero_account);
    if (!creator_name_.empty())
        royalty_.recipient = world.find_account(creator_name_).value_or(zero_account);
}

void Erc721::genesis(const Parameters&, GenesisBuilder& builder)
{
    builder.account(minter_name_, "wallet");
    if (!creator_name_.empty())
        builder.account(creator_name_, "wallet");
    connect(builder.world());
}

Result<void> Erc721::transfer_nft(
    CallContext context, AccountId from, AccountId to, std::uint64_t token_id)
{
    RUNNEL_TRY(require_account(context.world(), to));
    return book_.transfer_from(context, {from, to, token_id});
}

Result<Returns> Erc721::execute(const NftTransferFrom& call, CallContext& context)
{
    RUNNEL_TRY(transfer_nft(context, call.from, call.to, call.token_id));
    return Returns{};
}

Result<Returns> Erc721::execute(const NftApprove& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.to));
    RUNNEL_TRY(book_.approve(context, call));
    return Returns{};
}

Result<Returns> Erc721::execute(const NftSetApprovalForAll& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.operator_address));
    RUNNEL_TRY(book_.set_approval_for_all(context, call));
    return Returns{};
}

Result<Returns> Erc721::execute(const Erc721Mint& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == minter_, Refusal::error("Ownable: caller is not the owner"));
    RUNNEL_TRY(require_account(context.world(), call.to));
    RUNNEL_TRY(book_.mint(context, call.to, call.token_id));
    return Returns{};
}

}  // namespace runnel::contracts
