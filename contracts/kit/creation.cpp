#include "contracts/kit/creation.hpp"

#include "execution/context.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <array>

namespace runnel::contracts
{
namespace
{
Address address_of_hash(const Hash& hash)
{
    Address address;
    std::copy(hash.bytes.end() - static_cast<std::ptrdiff_t>(address.bytes.size()),
        hash.bytes.end(), address.bytes.begin());
    return address;
}
}  // namespace

Address creation_address(const Address& creator, std::uint64_t nonce)
{
    // RLP: a list of two byte strings, both shorter than 56 bytes; a number has no leading zeros,
    // and one below 0x80 stands for itself.
    constexpr std::uint8_t string = 0x80;
    constexpr std::uint8_t list = 0xC0;
    Bytes payload{static_cast<std::uint8_t>(string + creator.bytes.size())};
    payload.insert(payload.end(), creator.bytes.begin(), creator.bytes.end());
    Bytes digits;
    for (auto rest = nonce; rest != 0; rest >>= 8U)
        digits.insert(digits.begin(), static_cast<std::uint8_t>(rest));
    if (digits.size() != 1 || digits.front() >= string)
        payload.push_back(static_cast<std::uint8_t>(string + digits.size()));
    payload.insert(payload.end(), digits.begin(), digits.end());
    payload.insert(payload.begin(), static_cast<std::uint8_t>(list + payload.size()));
    return address_of_hash(keccak256(ByteView{payload}));
}

Address create2_address(const Address& creator, const Hash& salt, const Hash& code_hash)
{
    Bytes preimage{0xFF};
    Encoder encoder{preimage};
    encoder.put(creator);
    encoder.put(salt);
    encoder.put(code_hash);
    return address_of_hash(keccak256(ByteView{preimage}));
}

Address creation_address(CallContext& context)
{
    const auto& world = context.world();
    const auto creator = context.sender();
    return creation_address(
        world.account(creator).address, context.read(world.account_states, creator).nonce);
}

Amount as_word(const Address& address)
{
    std::array<std::uint8_t, 32> word{};
    std::copy(address.bytes.begin(), address.bytes.end(),
        word.end() - static_cast<std::ptrdiff_t>(address.bytes.size()));
    return Amount::load_big_endian(word);
}

}  // namespace runnel::contracts
