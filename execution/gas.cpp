#include "execution/gas.hpp"

#include "execution/access.hpp"

namespace runnel
{
namespace
{
std::uint64_t sum_of_figures(const World& world, ByteView calls, unsigned depth)
{
    std::uint64_t gas = 0;
    CallReader reader{calls};
    while (const auto call = reader.next())
    {
        const auto* contract = world.find_contract(call->contract);
        if (contract == nullptr || call->method >= contract->type().methods.size())
            continue;
        const auto& method = contract->type().methods[call->method];
        gas += method.gas;
        if (method.nested != nullptr && depth < call_depth_max)
            gas += sum_of_figures(world, method.nested(call->arguments).bytes, depth + 1);
    }
    return gas;
}
}  // namespace

std::uint64_t gas_figure_of(const World& world, ByteView calls)
{
    return intrinsic_gas + sum_of_figures(world, calls, 1);
}

}  // namespace runnel
