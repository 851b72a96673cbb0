#include "strategies/attacks/habits.hpp"

#include <algorithm>
#include <array>

namespace runnel::strategies
{

AccountId regular_payee(AccountId payer, const std::vector<AccountId>& payees)
{
    if (payees.empty())
        return zero_account;
    const auto number = index(payer);
    const std::array<std::uint8_t, 4> bytes{static_cast<std::uint8_t>(number >> 24U),
        static_cast<std::uint8_t>(number >> 16U), static_cast<std::uint8_t>(number >> 8U),
        static_cast<std::uint8_t>(number)};
    const auto hash = keccak256(ByteView{bytes});
    std::uint64_t drawn = 0;
    for (std::size_t i = 0; i < 8; ++i)
        drawn = drawn << 8U | hash.bytes[i];
    return payees[drawn % payees.size()];
}

Address look_alike(const Address& original, const Address& victim)
{
    constexpr std::size_t shown = 2;  // Bytes at either end: four hex digits.
    std::array<std::uint8_t, 40> both{};
    std::copy(original.bytes.begin(), original.bytes.end(), both.begin());
    std::copy(victim.bytes.begin(), victim.bytes.end(), both.begin() + 20);
    const auto hash = keccak256(ByteView{both});
    auto made = original;
    std::copy(hash.bytes.begin(), hash.bytes.begin() + (made.bytes.size() - 2 * shown),
        made.bytes.begin() + shown);
    return made;
}

}  // namespace runnel::strategies
