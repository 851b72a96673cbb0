#pragma once

#include "contracts/kit/contract_base.hpp"

#include <cstdint>
#include <string_view>

/// Tokens of which each is another one: ERC-721.
namespace runnel::contracts
{

/// ERC-721's Transfer, whoever emits it.
struct NftTransferLog
{
    static constexpr std::string_view table = "nft_transfers";
    static constexpr std::string_view signature =
        "Transfer(address indexed,address indexed,uint256 indexed)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who had it; the zero account: it was made.",
        "Who has it; the zero account: it was destroyed.", "Which one."};

    AccountId from_address{};
    AccountId to_address{};
    std::uint64_t token_id = 0;
    RUNNEL_FIELDS(from_address, to_address, token_id);
};

struct NftApprovalLog
{
    static constexpr std::string_view table = "nft_approvals";
    static constexpr std::string_view signature =
        "Approval(address indexed,address indexed,uint256 indexed)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who has it.", "Who may move it.", "Which one."};

    AccountId owner{};
    AccountId approved{};
    std::uint64_t token_id = 0;
    RUNNEL_FIELDS(owner, approved, token_id);
};

struct NftApprovalForAllLog
{
    static constexpr std::string_view table = "nft_approvals_for_all";
    static constexpr std::string_view signature =
        "ApprovalForAll(address indexed,address indexed,bool)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose tokens.", "Who may move all of them.", "Whether he may from now on."};

    AccountId owner{};
    AccountId operator_address{};
    bool approved = false;
    RUNNEL_FIELDS(owner, operator_address, approved);
};

// The first three calls are those of every ERC-721 token and have the same numbers in all of them.

struct NftTransferFrom
{
    RUNNEL_CALL("transferFrom", 0, 38'000);

    AccountId from{};
    AccountId to{};
    std::uint64_t token_id = 0;
    RUNNEL_FIELDS(from, to, token_id);
};

struct NftApprove
{
    RUNNEL_CALL("approve", 1, 27'000);

    AccountId to{};
    std::uint64_t token_id = 0;
    RUNNEL_FIELDS(to, token_id);
};

struct NftSetApprovalForAll
{
    RUNNEL_CALL("setApprovalForAll", 2, 25'000);

    AccountId operator_address{};
    bool approved = false;
    RUNNEL_FIELDS(operator_address, approved);
};

/// What the creator of a token wants of every sale: ERC-2981's royaltyInfo, as a share.
struct Royalty
{
    AccountId recipient{};
    std::uint32_t bps = 0;
};

/// What one contract may ask of another whose tokens are ERC-721. The caller passes its own context
/// with itself as sender.
class Nft
{
public:
    virtual ~Nft() = default;

    /// Errors: those of NftBook::transfer_from().
    virtual Result<void> transfer_nft(
        CallContext context, AccountId from, AccountId to, std::uint64_t token_id) = 0;
    /// The zero account: there is no such token.
    [[nodiscard]] virtual AccountId owner_of(std::uint64_t token_id) const = 0;
    [[nodiscard]] virtual Royalty royalty() const { return {}; }
};

/// Who owns which of a contract's tokens, and who may move them.
///
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Source: OpenZeppelin Contracts 3.4 `ERC721.sol`.
class NftBook
{
public:
    struct Token
    {
        AccountId owner{};
        AccountId approved{};
        RUNNEL_FIELDS(owner, approved);
    };

    /// @p contract emits the events; @p name is put before the tables' names.
    NftBook(ContractId contract, std::string_view name)
      : tokens{std::string{name} + ".nfts", KeyOf::sparse_number},
        balances{std::string{name} + ".nft_balances", KeyOf::account},
        operators{std::string{name} + ".nft_operators", KeyOf::account_pair},
        contract_{contract}
    {}

    /// Whether the caller may move the token. Errors: ERC721: operator query for nonexistent token.
    [[nodiscard]] Result<bool> is_approved_or_owner(
        CallContext& context, std::uint64_t token_id) const
    {
        const auto& token = context.read(tokens, token_id);
        RUNNEL_REQUIRE(token.owner != zero_account,
            Refusal::error("ERC721: operator query for nonexistent token"));
        const auto caller = context.sender();
        return caller == token.owner || caller == token.approved ||
               context.read(operators, pair_key(token.owner, caller));
    }

    /// Errors: ERC721: mint to the zero address, ERC721: token already minted.
    Result<void> mint(CallContext& context, AccountId to, std::uint64_t token_id)
    {
        RUNNEL_REQUIRE(to != zero_account, Refusal::error("ERC721: mint to the zero address"));
        auto& token = context.write(tokens, token_id);
        RUNNEL_REQUIRE(token.owner == zero_account, Refusal::error("ERC721: token already minted"));
        ++context.write(balances, to);
        token.owner = to;
        context.emit(contract_, NftTransferLog{zero_account, to, token_id});
        return {};
    }
    /// Errors: ERC721: owner query for nonexistent token.
    Result<void> burn(CallContext& context, std::uint64_t token_id)
    {
        auto& token = context.write(tokens, token_id);
        const auto owner = token.owner;
        RUNNEL_REQUIRE(
            owner != zero_account, Refusal::error("ERC721: owner query for nonexistent token"));
        context.emit(contract_, NftApprovalLog{owner, zero_account, token_id});
        --context.write(balances, owner);
        token = {};
        context.emit(contract_, NftTransferLog{owner, zero_account, token_id});
        return {};
    }

    /// Errors, in this order: ERC721: operator query for nonexistent token, ERC721: transfer caller
    /// is not owner nor approved, ERC721: transfer of token that is not own, ERC721: transfer to
    /// the zero address.
    Result<void> transfer_from(CallContext& context, const NftTransferFrom& call)
    {
        RUNNEL_REQUIRE(RUNNEL_TRY(is_approved_or_owner(context, call.token_id)),
            Refusal::error("ERC721: transfer caller is not owner nor approved"));
        auto& token = context.write(tokens, call.token_id);
        RUNNEL_REQUIRE(
            token.owner == call.from, Refusal::error("ERC721: transfer of token that is not own"));
        RUNNEL_REQUIRE(
            call.to != zero_account, Refusal::error("ERC721: transfer to the zero address"));
        token.approved = zero_account;
        context.emit(contract_, NftApprovalLog{token.owner, zero_account, call.token_id});
        --context.write(balances, call.from);
        ++context.write(balances, call.to);
        token.owner = call.to;
        context.emit(contract_, NftTransferLog{call.from, call.to, call.token_id});
        return {};
    }
    /// Errors: ERC721: owner query for nonexistent token, ERC721: approval to current owner,
    /// ERC721: approve caller is not owner nor approved for all.
    Result<void> approve(CallContext& context, const NftApprove& call)
    {
        auto& token = context.write(tokens, call.token_id);
        RUNNEL_REQUIRE(token.owner != zero_account,
            Refusal::error("ERC721: owner query for nonexistent token"));
        RUNNEL_REQUIRE(call.to != token.owner, Refusal::error("ERC721: approval to current owner"));
        RUNNEL_REQUIRE(context.sender() == token.owner ||
                           context.read(operators, pair_key(token.owner, context.sender())),
            Refusal::error("ERC721: approve caller is not owner nor approved for all"));
        token.approved = call.to;
        context.emit(contract_, NftApprovalLog{token.owner, call.to, call.token_id});
        return {};
    }
    /// Errors: ERC721: approve to caller.
    Result<void> set_approval_for_all(CallContext& context, const NftSetApprovalForAll& call)
    {
        RUNNEL_REQUIRE(
            call.operator_address != context.sender(), Refusal::error("ERC721: approve to caller"));
        context.write(operators, pair_key(context.sender(), call.operator_address)) = call.approved;
        context.emit(contract_,
            NftApprovalForAllLog{context.sender(), call.operator_address, call.approved});
        return {};
    }

    Table<Token> tokens;            // By id.
    Table<std::uint64_t> balances;  // Their number, by account.
    Table<bool> operators;          // By pair_key(owner, operator).

private:
    ContractId contract_;
};

}  // namespace runnel::contracts
