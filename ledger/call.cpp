#include "ledger/call.hpp"

#include "ledger/check.hpp"

namespace runnel
{

void CallWriter::check_size(std::size_t size)
{
    RUNNEL_CHECK(size <= 0xFFFF);
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
    if (!decoder_.ok())
        return std::nullopt;
    return call;
}

}  // namespace runnel
