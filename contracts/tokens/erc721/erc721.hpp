#pragma once

#include "contracts/kit/nft.hpp"
#include "contracts/kit/token_book.hpp"

#include <cstdint>
#include <string>

namespace runnel::contracts
{

/// Makes a token; only the minter may.
struct Erc721Mint
{
    RUNNEL_CALL("mint", 3, {72'000, 2'500});

    AccountId to{};
    std::uint64_t token_id = 0;
    RUNNEL_FIELDS(to, token_id);
};

/// A collection of tokens of which each is another one, and what its creator wants of sales.
///
/// Errors: those of NftBook; Ownable: caller is not the owner. Source: OpenZeppelin Contracts 3.4
/// `ERC721.sol`, ERC-2981 with one royalty for all tokens.
class Erc721
  : public ContractBase<Erc721, NftTransferFrom, NftApprove, NftSetApprovalForAll, Erc721Mint>,
    public Nft
{
public:
    Erc721(ContractIdentity identity, std::string minter, std::string creator,
        std::uint32_t royalty_bps);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    Result<void> transfer_nft(
        CallContext context, AccountId from, AccountId to, std::uint64_t token_id) override;
    [[nodiscard]] AccountId owner_of(std::uint64_t token_id) const override
    {
        return book_.tokens.get(token_id).owner;
    }
    [[nodiscard]] Royalty royalty() const override { return royalty_; }

    using ContractBase::execute;
    Result<Returns> execute(const NftTransferFrom& call, CallContext& context);
    Result<Returns> execute(const NftApprove& call, CallContext& context);
    Result<Returns> execute(const NftSetApprovalForAll& call, CallContext& context);
    Result<Returns> execute(const Erc721Mint& call, CallContext& context);

private:
    std::string minter_name_;
    std::string creator_name_;
    AccountId minter_ = zero_account;
    Royalty royalty_;
    NftBook book_;
};

}  // namespace runnel::contracts
