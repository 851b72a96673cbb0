#include "ledger/parameters.hpp"

#include "ledger/check.hpp"
#include "ledger/philox.hpp"
#include "ledger/portable_math.hpp"

#include <algorithm>
#include <cstdio>

namespace runnel
{

const Parameters::Value& Parameters::find(std::string_view name) const
{
    const auto found = values_.find(name);
    if (found == values_.end())
        wrong_kind(name);
    return found->second;
}

void Parameters::wrong_kind(std::string_view name)
{
    std::fprintf(stderr, "runnel: parameter %.*s: ", static_cast<int>(name.size()), name.data());
    check_failed("a parameter is read as its spec declares it", __FILE__, __LINE__);
}

double Distribution::draw(RandomStream& random) const
{
    double value = a;
    switch (shape)
    {
        case Shape::constant: break;
        case Shape::uniform: value = a + (b - a) * random.uniform_double(); break;
        case Shape::normal: value = a + b * random.normal(); break;
        case Shape::log_normal: value = random.log_normal(a, b); break;
        case Shape::exponential: value = random.exponential(a); break;
        case Shape::pareto:
            value = a * portable_pow(1.0 - random.uniform_double(), -1.0 / b);
            break;
    }
    return std::clamp(value, min, max);
}

}  // namespace runnel
