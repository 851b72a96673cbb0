#include "ledger/call.hpp"

#include "ledger/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace runnel
{
namespace
{
constexpr std::size_t bound_bytes = 32;  // Of an encoded Amount.

void read(Decoder& decoder, BoundArgument& bound) noexcept
{
    decoder.get(bound.offset);
    decoder.get(bound.kind);
    if (bound.kind == Binding::Kind::result)
    {
        decoder.get(bound.result.call);
        decoder.get(bound.result.value);
    }
    else
        decoder.get(bound.balance.token);
}
}  // namespace

void CallWriter::check_size(std::size_t size)
{
    RUNNEL_CHECK(size <= 0xFFFF);
}

void CallWriter::check_field(bool is_found)
{
    RUNNEL_CHECK(is_found && "a binding names a field of its call");
}

void CallWriter::add_binding(std::size_t offset, const Binding& binding)
{
    append_binding(
        {static_cast<std::uint16_t>(offset), binding.kind, binding.result, binding.balance},
        bytes_);
}

void append_binding(const BoundArgument& bound, Bytes& bindings)
{
    Encoder encoder{bindings};
    encoder.put(bound.offset);
    encoder.put(bound.kind);
    if (bound.kind == Binding::Kind::result)
    {
        encoder.put(bound.result.call);
        encoder.put(bound.result.value);
    }
    else
        encoder.put(bound.balance.token);
}

void append_call(
    ContractId contract, std::uint8_t method, ByteView arguments, ByteView bindings, Bytes& list)
{
    std::uint8_t count = 0;
    for (auto rest = bindings; take_binding(rest);)
        ++count;
    Encoder encoder{list};
    encoder.put(contract);
    encoder.put(static_cast<std::uint8_t>(method | (count > 0 ? CallWriter::bindings_flag : 0)));
    encoder.put(CallList{arguments});  // With its length.
    if (count > 0)
    {
        encoder.put(count);
        encoder.put_raw(bindings);
    }
}

std::uint8_t CallWriter::add_witness(ByteView witness)
{
    check_size(witness.size());
    RUNNEL_CHECK(witness_count_ < std::numeric_limits<std::uint8_t>::max());
    Encoder{witnesses_}.put(CallList{witness});
    check_size(witnesses_.size());  // A checkpoint writes all of them down as one list.
    return witness_count_++;
}

std::uint32_t CallWriter::reference_to(const Address& address)
{
    const auto found = std::find(addresses_.begin(), addresses_.end(), address);
    const auto position = static_cast<std::uint32_t>(found - addresses_.begin());
    RUNNEL_CHECK(position < references_max);
    if (found == addresses_.end())
        addresses_.push_back(address);
    return first_reference + position;
}

std::optional<CallView> CallReader::next() noexcept
{
    if (!decoder_.ok() || decoder_.at_end())
        return std::nullopt;
    CallView call;
    decoder_.get(call.contract);
    decoder_.get(call.method);
    std::uint16_t size = 0;
    decoder_.get(size);
    call.arguments = decoder_.take(size);
    if ((call.method & CallWriter::bindings_flag) != 0)
    {
        call.method = static_cast<std::uint8_t>(call.method & ~CallWriter::bindings_flag);
        std::uint8_t count = 0;
        decoder_.get(count);
        if (count == 0)
            (void)decoder_.take(decoder_.rest().size() + 1);  // One encoding for every list.
        const auto before = decoder_.rest();
        BoundArgument bound;
        for (; decoder_.ok() && count > 0; --count)
            read(decoder_, bound);
        if (decoder_.ok())
            call.bindings = before.first(before.size() - decoder_.rest().size());
    }
    if (!decoder_.ok())
        return std::nullopt;
    return call;
}

std::optional<BoundArgument> take_binding(ByteView& bindings) noexcept
{
    if (bindings.empty())
        return std::nullopt;
    Decoder decoder{bindings};
    BoundArgument bound;
    read(decoder, bound);
    if (!decoder.ok() || bound.kind > Binding::Kind::balance)
        return std::nullopt;
    bindings = decoder.rest();
    return bound;
}

std::string dump_bindings(ByteView bindings)
{
    std::string text;
    while (const auto bound = take_binding(bindings))
    {
        text += text.empty() ? " [" : ", ";
        text += fmt::format("bytes {} to {}: ", bound->offset, bound->offset + bound_bytes - 1);
        text += bound->kind == Binding::Kind::result
                    ? fmt::format("result {} of call {}", bound->result.value, bound->result.call)
                    : fmt::format("balance of token #{}", index(bound->balance.token));
    }
    return text.empty() ? text : text + ']';
}

}  // namespace runnel
