#include "state/signing.hpp"

#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace runnel
{
namespace
{
/// Fewer signatures are not worth another thread.
constexpr std::size_t signatures_per_thread = 16;

/// Where the last witness begins, its length in front; the end if it is no signature.
std::size_t signature_begin(const Bytes& witnesses)
{
    Decoder decoder{witnesses};
    CallList witness;
    while (decoder.ok() && !decoder.at_end())
        decoder.get(witness);
    const bool is_signature = decoder.ok() && witness.bytes.size() == sizeof(Signature);
    return witnesses.size() - (is_signature ? sizeof(std::uint16_t) + sizeof(Signature) : 0);
}

/// Of a hashed transaction.
void add_signature(Transaction& transaction, const PrivateKey& key)
{
    const auto signature = sign(transaction.hash, key);
    Encoder{transaction.witnesses}.put(CallList{signature});
}
}  // namespace

void sign_all(std::span<Transaction> transactions, const World& world)
{
    seal_all(transactions);
    for (auto& transaction : transactions)
        add_signature(transaction, private_key_of_name(world.account(transaction.sender).name));
    seal_all(transactions);
}

void sign(Transaction& transaction, const PrivateKey& key)
{
    transaction.seal();
    add_signature(transaction, key);
    transaction.seal();
}

bool take_signature(Transaction& transaction)
{
    const auto begin = signature_begin(transaction.witnesses);
    if (begin == transaction.witnesses.size())
        return false;
    transaction.witnesses.resize(begin);
    transaction.seal();
    return true;
}

std::optional<Address> signer_of(const Transaction& transaction)
{
    const auto begin = signature_begin(transaction.witnesses);
    if (begin == transaction.witnesses.size())
        return std::nullopt;
    auto unsigned_one = transaction;
    const bool was_signed = take_signature(unsigned_one);
    RUNNEL_CHECK(was_signed);
    return signer_of(
        unsigned_one.hash, ByteView{transaction.witnesses}.subspan(begin + sizeof(std::uint16_t)));
}

std::string check_signature(const Transaction& transaction, const Address& sender)
{
    const auto signer = signer_of(transaction);
    if (!signer)
        return "it has no valid signature";
    if (*signer != sender)
        return "its sender has not signed it";
    return {};
}

std::string check_signatures(
    std::span<const Transaction> transactions, const World& world, unsigned workers)
{
    const auto size = transactions.size();
    const auto threads =
        std::clamp<std::size_t>(size / signatures_per_thread, 1, std::max(1U, workers));
    struct Share
    {
        std::size_t place = 0;
        std::string wrong;
    };
    std::vector<Share> shares(threads);
    const auto check = [&](std::size_t number)
    {
        auto& share = shares[number];
        const auto end = size * (number + 1) / threads;
        for (share.place = size * number / threads; share.place < end; ++share.place)
        {
            const auto& transaction = transactions[share.place];
            const auto& sender = world.account(transaction.sender).address;
            share.wrong = check_signature(transaction, sender);
            if (!share.wrong.empty())
                return;
        }
    };
    {
        std::vector<std::jthread> helpers;
        for (std::size_t number = 1; number < threads; ++number)
            helpers.emplace_back(check, number);
        check(0);
    }
    for (const auto& share : shares)
    {
        if (!share.wrong.empty())
            return fmt::format("transaction {}: {}", share.place, share.wrong);
    }
    return {};
}

}  // namespace runnel
