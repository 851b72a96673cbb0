#include "storage/sql_functions.hpp"

// The extension calls SQLite through a table that its host hands over, the library by linking.
#ifdef RUNNEL_SQLITE_EXTENSION
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1  // NOLINT
#else
#include <sqlite3.h>
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <vector>

    namespace runnel::storage
{
    namespace
    {
    constexpr std::uint32_t limb_base = 1'000'000'000;  // Nine decimal digits.
    constexpr std::size_t limb_digits = 9;
    constexpr std::size_t digits_max = 1'000;  // Of an argument; a uint256 has 78.

    /// A signed integer of any length: sign and magnitude, least significant limb first, no leading
    /// zeros. Decimal limbs, because text goes in and text comes out.
    struct Integer
    {
        bool negative = false;
        std::vector<std::uint32_t> limbs;

        [[nodiscard]] bool is_zero() const noexcept { return limbs.empty(); }
        void trim() noexcept
        {
            while (!limbs.empty() && limbs.back() == 0)
                limbs.pop_back();
            negative = negative && !limbs.empty();
        }
    };

    bool parse(std::string_view text, Integer& result)
    {
        result.limbs.clear();
        result.negative = text.starts_with('-');
        if (result.negative)
            text.remove_prefix(1);
        if (text.empty() || text.size() > digits_max)
            return false;
        while (!text.empty())
        {
            const auto size = std::min(text.size(), limb_digits);
            std::uint32_t limb = 0;
            for (const char digit : text.substr(text.size() - size))
            {
                if (digit < '0' || digit > '9')
                    return false;
                limb = limb * 10 + static_cast<std::uint32_t>(digit - '0');
            }
            result.limbs.push_back(limb);
            text.remove_suffix(size);
        }
        result.trim();
        return true;
    }

    std::string to_text(const Integer& value)
    {
        if (value.is_zero())
            return "0";
        std::string text = value.negative ? "-" : "";
        text += std::to_string(value.limbs.back());
        for (auto limb = value.limbs.rbegin() + 1; limb != value.limbs.rend(); ++limb)
        {
            const auto digits = std::to_string(*limb);
            text.append(limb_digits - digits.size(), '0');
            text += digits;
        }
        return text;
    }

    int compare_magnitudes(const Integer& a, const Integer& b) noexcept
    {
        if (a.limbs.size() != b.limbs.size())
            return a.limbs.size() < b.limbs.size() ? -1 : 1;
        for (std::size_t i = a.limbs.size(); i-- > 0;)
        {
            if (a.limbs[i] != b.limbs[i])
                return a.limbs[i] < b.limbs[i] ? -1 : 1;
        }
        return 0;
    }

    int compare(const Integer& a, const Integer& b) noexcept
    {
        if (a.negative != b.negative)
            return a.negative ? -1 : 1;
        const int magnitudes = compare_magnitudes(a, b);
        return a.negative ? -magnitudes : magnitudes;
    }

    Integer add(const Integer& a, const Integer& b)
    {
        Integer result;
        if (a.negative == b.negative)
        {
            result.negative = a.negative;
            std::uint32_t carry = 0;
            for (std::size_t i = 0; i < std::max(a.limbs.size(), b.limbs.size()) || carry != 0; ++i)
            {
                carry +=
                    (i < a.limbs.size() ? a.limbs[i] : 0) + (i < b.limbs.size() ? b.limbs[i] : 0);
                result.limbs.push_back(carry % limb_base);
                carry /= limb_base;
            }
            return result;
        }
        const bool a_is_larger = compare_magnitudes(a, b) >= 0;
        const auto& large = a_is_larger ? a : b;
        const auto& small = a_is_larger ? b : a;
        result.negative = large.negative;
        std::uint32_t borrow = 0;
        for (std::size_t i = 0; i < large.limbs.size(); ++i)
        {
            const auto subtrahend = (i < small.limbs.size() ? small.limbs[i] : 0) + borrow;
            borrow = large.limbs[i] < subtrahend ? 1 : 0;
            result.limbs.push_back(large.limbs[i] + borrow * limb_base - subtrahend);
        }
        result.trim();
        return result;
    }

    Integer negated(Integer value) noexcept
    {
        value.negative = !value.negative && !value.is_zero();
        return value;
    }

    Integer multiply(const Integer& a, const Integer& b)
    {
        Integer result;
        result.negative = a.negative != b.negative;
        result.limbs.assign(a.limbs.size() + b.limbs.size(), 0);
        for (std::size_t i = 0; i < a.limbs.size(); ++i)
        {
            std::uint64_t carry = 0;
            for (std::size_t j = 0; j < b.limbs.size() || carry != 0; ++j)
            {
                carry += result.limbs[i + j];
                if (j < b.limbs.size())
                    carry += static_cast<std::uint64_t>(a.limbs[i]) * b.limbs[j];
                result.limbs[i + j] = static_cast<std::uint32_t>(carry % limb_base);
                carry /= limb_base;
            }
        }
        result.trim();
        return result;
    }

    /// Rounds towards minus infinity; @p divisor is not 0.
    ///
    /// Long division, limb by limb from the top; each quotient digit is found by bisection, which
    /// is slower than Knuth's estimate and has no corner cases.
    Integer divide(const Integer& dividend, const Integer& divisor)
    {
        Integer quotient;
        quotient.limbs.assign(dividend.limbs.size(), 0);
        Integer magnitude = divisor;
        magnitude.negative = false;
        Integer rest;
        for (std::size_t i = dividend.limbs.size(); i-- > 0;)
        {
            rest.limbs.insert(rest.limbs.begin(), dividend.limbs[i]);
            rest.trim();
            std::uint32_t low = 0;
            std::uint32_t high = limb_base;  // low * divisor <= rest < high * divisor
            while (high - low > 1)
            {
                const auto middle = low + (high - low) / 2;
                const bool fits =
                    compare_magnitudes(multiply(magnitude, Integer{false, {middle}}), rest) <= 0;
                (fits ? low : high) = middle;
            }
            quotient.limbs[i] = low;
            Integer taken{false, {low}};
            taken.trim();
            rest = add(rest, negated(multiply(magnitude, taken)));
        }
        quotient.negative = dividend.negative != divisor.negative;
        const bool round_down = quotient.negative && !rest.is_zero();
        quotient.trim();
        return round_down ? add(quotient, Integer{true, {1}}) : quotient;
    }

    /// Inserts the decimal point; no trailing zeros.
    std::string scaled(const Integer& value, std::size_t digits)
    {
        auto text = to_text(value);
        const std::string sign = value.negative ? "-" : "";
        text.erase(0, sign.size());
        if (text.size() <= digits)
            text.insert(0, digits + 1 - text.size(), '0');
        auto fraction = text.substr(text.size() - digits);
        text.resize(text.size() - digits);
        while (fraction.ends_with('0'))
            fraction.pop_back();
        return sign + text + (fraction.empty() ? "" : "." + fraction);
    }

    void fail(sqlite3_context* context, const char* message) noexcept
    {
        sqlite3_result_error(context, message, -1);
    }

    /// Reads an argument that is not NULL; reports what is wrong with it.
    bool read(sqlite3_context* context, sqlite3_value* argument, Integer& result)
    {
        const int type = sqlite3_value_type(argument);
        if (type == SQLITE_INTEGER || type == SQLITE_TEXT)
        {
            const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(argument));
            const auto size = static_cast<std::size_t>(sqlite3_value_bytes(argument));
            if (text != nullptr && parse({text, size}, result))
                return true;
        }
        fail(context, "an amount is an integer in decimal digits, as text or as an integer");
        return false;
    }

    bool is_null(sqlite3_value* value) noexcept
    {
        return sqlite3_value_type(value) == SQLITE_NULL;
    }

    void give_text(sqlite3_context* context, const std::string& text) noexcept
    {
        sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    }

    /// Runs @p body; what it throws becomes an SQL error.
    template <typename Body>
    void guarded(sqlite3_context* context, Body body) noexcept
    {
        try
        {
            body();
        }
        catch (const std::bad_alloc&)
        {
            sqlite3_result_error_nomem(context);
        }
        catch (...)
        {
            fail(context, "an internal error of Runnel's SQL functions");
        }
    }

    using Operation = void (*)(sqlite3_context*, const Integer&, const Integer&);

    template <Operation operation>
    void binary(sqlite3_context* context, int, sqlite3_value** arguments) noexcept
    {
        if (is_null(arguments[0]) || is_null(arguments[1]))
            return;  // NULL is the result unless another is set.
        guarded(context,
            [&]
            {
                Integer a;
                Integer b;
                if (read(context, arguments[0], a) && read(context, arguments[1], b))
                    operation(context, a, b);
            });
    }

    void give_sum(sqlite3_context* context, const Integer& a, const Integer& b)
    {
        give_text(context, to_text(add(a, b)));
    }
    void give_difference(sqlite3_context* context, const Integer& a, const Integer& b)
    {
        give_text(context, to_text(add(a, negated(b))));
    }
    void give_product(sqlite3_context* context, const Integer& a, const Integer& b)
    {
        give_text(context, to_text(multiply(a, b)));
    }
    void give_quotient(sqlite3_context* context, const Integer& a, const Integer& b)
    {
        if (b.is_zero())
            fail(context, "amount_div: division by zero");
        else
            give_text(context, to_text(divide(a, b)));
    }
    void give_order(sqlite3_context* context, const Integer& a, const Integer& b)
    {
        sqlite3_result_int(context, compare(a, b));
    }
    void give_scaled(sqlite3_context* context, const Integer& value, const Integer& digits)
    {
        if (digits.negative || digits.limbs.size() > 1 ||
            (!digits.is_zero() && digits.limbs[0] > 255))
            fail(context, "amount_scaled: the number of digits is from 0 to 255");
        else
            give_text(context, scaled(value, digits.is_zero() ? 0 : digits.limbs[0]));
    }

    /// A running sum: one signed counter per limb, carried only when it is read, so that a row
    /// costs a few additions and leaving a window is the same with the other sign.
    struct Sum
    {
        static constexpr std::size_t limbs_max = 16;  // 144 digits; longer ones go to `rest`.
        static constexpr std::uint32_t carry_interval = 1U << 30U;

        std::array<std::int64_t, limbs_max> limbs{};
        std::int64_t count = 0;  // Values that are not NULL.
        std::uint32_t since_carry = 0;
        Integer* rest = nullptr;  // What the counters do not hold.
        Integer* scratch = nullptr;
    };

    Integer total(const Sum& sum)
    {
        Integer result = sum.rest == nullptr ? Integer{} : *sum.rest;
        for (std::size_t i = 0; i < Sum::limbs_max; ++i)
        {
            auto magnitude = static_cast<std::uint64_t>(sum.limbs[i]);
            if (sum.limbs[i] < 0)
                magnitude = 0 - magnitude;
            Integer part{sum.limbs[i] < 0, std::vector<std::uint32_t>(i, 0)};
            for (; magnitude != 0; magnitude /= limb_base)
                part.limbs.push_back(static_cast<std::uint32_t>(magnitude % limb_base));
            part.trim();
            result = add(result, part);
        }
        return result;
    }

    void accumulate(sqlite3_context* context, sqlite3_value* argument, int sign) noexcept
    {
        if (is_null(argument))
            return;
        auto* sum = static_cast<Sum*>(sqlite3_aggregate_context(context, sizeof(Sum)));
        if (sum == nullptr)
            return sqlite3_result_error_nomem(context);
        guarded(context,
            [&]
            {
                // SQLite hands out zeroed memory: an empty Sum.
                if (sum->scratch == nullptr)
                    sum->scratch = new Integer;
                auto& value = *sum->scratch;
                if (!read(context, argument, value))
                    return;
                sum->count += sign;
                const std::int64_t direction = value.negative ? -sign : sign;
                if (value.limbs.size() <= Sum::limbs_max &&
                    ++sum->since_carry < Sum::carry_interval)
                {
                    for (std::size_t i = 0; i < value.limbs.size(); ++i)
                        sum->limbs[i] += direction * value.limbs[i];
                    return;
                }
                value.negative = direction < 0;
                if (sum->rest == nullptr)
                    sum->rest = new Integer;
                *sum->rest = add(total(*sum), value);
                sum->limbs.fill(0);
                sum->since_carry = 0;
            });
    }

    void sum_step(sqlite3_context* context, int, sqlite3_value** arguments) noexcept
    {
        accumulate(context, arguments[0], 1);
    }
    void sum_inverse(sqlite3_context* context, int, sqlite3_value** arguments) noexcept
    {
        accumulate(context, arguments[0], -1);
    }
    void sum_value(sqlite3_context* context) noexcept
    {
        const auto* sum = static_cast<Sum*>(sqlite3_aggregate_context(context, 0));
        if (sum != nullptr && sum->count > 0)
            guarded(context, [&] { give_text(context, to_text(total(*sum))); });
    }
    void sum_final(sqlite3_context* context) noexcept
    {
        sum_value(context);
        if (auto* sum = static_cast<Sum*>(sqlite3_aggregate_context(context, 0)); sum != nullptr)
        {
            delete sum->rest;
            delete sum->scratch;
        }
    }

    /// The best value so far, owned by the aggregate's memory.
    struct Extreme
    {
        Integer* best = nullptr;
    };

    template <int direction>
    void extreme_step(sqlite3_context* context, int, sqlite3_value** arguments) noexcept
    {
        if (is_null(arguments[0]))
            return;
        auto* extreme = static_cast<Extreme*>(sqlite3_aggregate_context(context, sizeof(Extreme)));
        if (extreme == nullptr)
            return sqlite3_result_error_nomem(context);
        guarded(context,
            [&]
            {
                Integer value;
                if (!read(context, arguments[0], value))
                    return;
                if (extreme->best == nullptr)
                    extreme->best = new Integer{std::move(value)};
                else if (compare(value, *extreme->best) * direction > 0)
                    *extreme->best = std::move(value);
            });
    }
    void extreme_final(sqlite3_context* context) noexcept
    {
        auto* extreme = static_cast<Extreme*>(sqlite3_aggregate_context(context, 0));
        if (extreme == nullptr || extreme->best == nullptr)
            return;
        guarded(context, [&] { give_text(context, to_text(*extreme->best)); });
        delete extreme->best;
    }
    }  // namespace

    int register_sql_functions(sqlite3 * database) noexcept
    {
        constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
        using Function = void (*)(sqlite3_context*, int, sqlite3_value**);
        struct Scalar
        {
            const char* name;
            Function function;
        };
        constexpr std::array scalars{
            Scalar{"amount_add", binary<give_sum>},
            Scalar{"amount_sub", binary<give_difference>},
            Scalar{"amount_mul", binary<give_product>},
            Scalar{"amount_div", binary<give_quotient>},
            Scalar{"amount_cmp", binary<give_order>},
            Scalar{"amount_scaled", binary<give_scaled>},
        };
        int code = sqlite3_create_window_function(database, "amount_sum", 1, flags, nullptr,
            sum_step, sum_final, sum_value, sum_inverse, nullptr);
        for (const auto& [name, function] : scalars)
        {
            if (code == SQLITE_OK)
                code = sqlite3_create_function_v2(
                    database, name, 2, flags, nullptr, function, nullptr, nullptr, nullptr);
        }
        if (code == SQLITE_OK)
            code = sqlite3_create_function_v2(database, "amount_max", 1, flags, nullptr, nullptr,
                extreme_step<1>, extreme_final, nullptr);
        if (code == SQLITE_OK)
            code = sqlite3_create_function_v2(database, "amount_min", 1, flags, nullptr, nullptr,
                extreme_step<-1>, extreme_final, nullptr);
        if (code == SQLITE_OK)
            code = register_point_in_time_functions(database);
        return code;
    }

}  // namespace runnel::storage

#ifdef RUNNEL_SQLITE_EXTENSION
/// SQLite finds it by the file's name: runnel_sqlite.
extern "C" __attribute__((visibility("default"))) int sqlite3_runnelsqlite_init(
    sqlite3* database, char**, const sqlite3_api_routines* api)
{
    SQLITE_EXTENSION_INIT2(api)
    return runnel::storage::register_sql_functions(database);
}
#endif
