#include "strategies/api/strategy.hpp"

#include <algorithm>

namespace runnel
{

double WalletGroup::draw(
    const Distribution& distribution, std::string_view what, std::uint32_t number) const
{
    auto known = std::find_if(streams_.begin(), streams_.end(),
        [what](const auto& entry) { return entry.first == what; });
    if (known == streams_.end())
    {
        const std::string parameter{what};
        known = streams_.emplace(known, parameter, stream_of_name(name + "/" + parameter));
    }
    RandomStream random{seed, known->second, number, 0};
    return distribution.draw(random);
}

std::uint64_t Strategy::quoted(std::size_t, WalletContext&, std::span<const QuoteAnswer>)
{
    check_failed("a strategy that asks for quotes handles them", __FILE__, __LINE__);
}

bool Strategy::hear(std::size_t, const Letter&)
{
    return false;
}

void Strategy::observe(std::span<const ObservedTransfer>) {}

void Strategy::observe_reversal(std::uint64_t) {}

void Strategy::save_shared(std::size_t, Encoder&) const
{
    check_failed("a strategy that shares records saves them", __FILE__, __LINE__);
}

bool Strategy::load_shared(std::size_t, Decoder&)
{
    return false;  // There are none to load.
}

void Strategy::take_over(const Strategy& before, const Strategy& born)
{
    for (std::size_t record = 0; record < before.shared_records(); ++record)
    {
        Bytes bytes;
        Encoder encoder{bytes};
        before.save_shared(record, encoder);
        Decoder decoder{bytes};
        RUNNEL_CHECK(load_shared(record, decoder) && "parameters that change share one layout");
    }
    take_over_wallets(before, born);
}

EncodedFields merged_fields(
    const EncodedFields& born, const EncodedFields& reborn, const EncodedFields& current)
{
    RUNNEL_CHECK(born.size() == reborn.size() && born.size() == current.size());
    EncodedFields merged;
    for (std::size_t k = 0; k < born.size(); ++k)
        merged.push_back(born[k] == reborn[k] ? current[k] : reborn[k]);
    return merged;
}

}  // namespace runnel
