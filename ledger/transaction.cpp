#include "ledger/transaction.hpp"

#include "ledger/check.hpp"
#include "ledger/hash_batch.hpp"

#include <algorithm>

namespace runnel
{

namespace
{
/// Where an encoding begins with its sender: neither an account's number nor a reference.
constexpr std::uint32_t witnessed_mark = 0xFFFF'FFFF;
static_assert(witnessed_mark - first_reference >= references_max);
}  // namespace

Address Transaction::address(std::size_t i) const noexcept
{
    Address address;
    std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(1 + sizeof(Address) * i),
        sizeof(Address), address.bytes.begin());
    return address;
}

void Transaction::set_calls(ByteView calls, std::span<const Address> addresses)
{
    RUNNEL_CHECK(addresses.size() <= references_max);
    input.assign(1, static_cast<std::uint8_t>(addresses.size()));
    for (const auto& address : addresses)
        input.insert(input.end(), address.bytes.begin(), address.bytes.end());
    input.insert(input.end(), calls.begin(), calls.end());
    resolved.clear();
}

bool Transaction::set_input(ByteView bytes)
{
    if (bytes.empty() || bytes.size() < 1 + sizeof(Address) * bytes[0])
        return false;
    input.assign(bytes.begin(), bytes.end());
    resolved.clear();
    return true;
}

ByteView Transaction::witness(std::uint8_t number) const noexcept
{
    Decoder decoder{witnesses};
    CallList witness;
    for (unsigned i = 0; i <= number; ++i)
        decoder.get(witness);
    return decoder.ok() ? witness.bytes : ByteView{};
}

bool Transaction::set_witnesses(ByteView bytes)
{
    Decoder decoder{bytes};
    CallList witness;
    while (decoder.ok() && !decoder.at_end())
        decoder.get(witness);
    if (!decoder.ok())
        return false;
    witnesses.assign(bytes.begin(), bytes.end());
    return true;
}

void Transaction::append_encoding(Bytes& out) const
{
    Encoder encoder{out};
    if (!witnesses.empty())
    {
        encoder.put(witnessed_mark);
        encoder.put(keccak256(witnesses));
    }
    const auto start = out.size();
    encoder.put(*this);
    if (sender_reference != 0)
    {
        Bytes reference;
        encode(sender_reference, reference);
        std::copy(reference.begin(), reference.end(),
            out.begin() + static_cast<std::ptrdiff_t>(start));  // The sender is the first field.
    }
    encoder.put_raw(input_bytes());
}

void Transaction::seal()
{
    seal_all({this, 1});
}

void seal_all(std::span<Transaction> transactions)
{
    // Hashed as Merkle leaves, so that the transactions' root needs no second hash of each.
    thread_local HashBatch batch;
    while (!transactions.empty())
    {
        const auto some =
            transactions.first(std::min(transactions.size(), HashBatch::messages_max));
        for (const auto& transaction : some)
        {
            transaction.append_encoding(batch.bytes());
            batch.end_message();
        }
        const auto hashes = batch.take_leaves();
        for (std::size_t i = 0; i < some.size(); ++i)
            some[i].hash = hashes[i];
        transactions = transactions.subspan(some.size());
    }
}

std::uint64_t Transaction::effective_gas_price(std::uint64_t base_fee) const noexcept
{
    const auto tip = std::min(max_priority_fee, max_fee > base_fee ? max_fee - base_fee : 0);
    return base_fee + tip;
}

}  // namespace runnel
