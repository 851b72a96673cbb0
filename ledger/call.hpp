#pragma once

#include "ledger/fields.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>

#define RUNNEL_CALL(name_, method_, ...)                           \
    static constexpr std::string_view name = name_;                \
    static constexpr std::uint8_t method = method_;                \
    static constexpr ::runnel::GasFigure gas_figure = __VA_ARGS__; \
    static constexpr std::uint64_t gas = gas_figure.whole;         \
    static constexpr std::uint64_t entry_gas = gas_figure.entry

namespace runnel
{

/// What a call costs beside the intrinsic gas of its transaction, see docs/gas.md.
struct GasFigure
{
    /// Of calls that do not say otherwise: to find the method, decode, read the first slot.
    static constexpr std::uint64_t usual_entry = 3'000;

    constexpr GasFigure(std::uint64_t whole_, std::uint64_t entry_ = usual_entry) noexcept
      : whole{whole_}, entry{entry_ < whole_ ? entry_ : whole_}
    {}

    std::uint64_t whole;  // Of a call that succeeds.
    std::uint64_t entry;  // The part that is used before its first check.
};

/// How deep lists of calls may be nested, the transaction's own included.
inline constexpr unsigned call_depth_max = 8;

/// One call of a transaction, its arguments still encoded.
///
/// A call's arguments are a described struct (ledger/fields.hpp) that begins with
///
///     RUNNEL_CALL("swap", 5, 46'500);
///
/// its name as in the ABI; its number in its contract, which is part of every hash: never renumber;
/// and the gas of a call that succeeds, on top of the intrinsic 21,000, or {that, what is used
/// before its first check}. CallContext::use_gas() says how much is used by then and then.
struct CallView
{
    ContractId contract{};
    std::uint8_t method = 0;
    ByteView arguments;
    ByteView bindings;  // Encoded; empty in most calls.
};

/// An argument's value: what an earlier call of the same list returned, or the arguments of the
/// callback that the list is.
struct ResultOf
{
    /// As the number of a call: what the callback that the list runs in was given.
    static constexpr std::uint8_t callback = 255;

    std::uint8_t call = 0;   // Its number in the list, from 0.
    std::uint8_t value = 0;  // Which of the numbers it returned.
};

/// An argument's value: what the caller holds of a token when the call runs.
struct BalanceOf
{
    ContractId token{};
};

/// Puts a value that is known only when the call runs in place of one of its arguments.
///
///     calls.add(pool, borrow);
///     calls.add(pool2, deposit, Binding{deposit.amount, ResultOf{0, 0}});
///
/// What the argument holds when the call is written is a guess for planners and people.
struct Binding
{
    enum class Kind : std::uint8_t
    {
        result,
        balance,
    };
    /// @p argument is a field of the call that is added with this binding.
    Binding(const Amount& argument, ResultOf source) noexcept
      : field{&argument}, kind{Kind::result}, result{source}
    {}
    Binding(const Amount& argument, BalanceOf source) noexcept
      : field{&argument}, kind{Kind::balance}, balance{source}
    {}

    const Amount* field;
    Kind kind;
    ResultOf result;
    BalanceOf balance;
};

/// A binding as it is read back from a call. Input is hostile: offset and numbers may be anything.
struct BoundArgument
{
    std::uint16_t offset = 0;  // Of the 32 bytes in the encoded arguments.
    Binding::Kind kind{};
    ResultOf result;
    BalanceOf balance;
};
/// Takes the next binding off the front of @p bindings; nullopt at the end or where they are
/// malformed, which leaves bytes over.
[[nodiscard]] std::optional<BoundArgument> take_binding(ByteView& bindings) noexcept;
/// Appends a binding to those of a call.
void append_binding(const BoundArgument& bound, Bytes& bindings);
/// Appends a call to a list; @p bindings: as append_binding() writes them.
void append_call(
    ContractId contract, std::uint8_t method, ByteView arguments, ByteView bindings, Bytes& list);
/// For people: `[bytes 4 to 35: result 1 of call 0]`; empty without bindings.
[[nodiscard]] std::string dump_bindings(ByteView bindings);

/// Builds a list of encoded calls: contract (4 bytes), method (1), length (2), arguments. A call
/// with bindings has the highest bit of its method set, and after its arguments the number of
/// bindings (1) and each: offset (2), kind (1), and call and value (1 each) or token (4).
class CallWriter
{
public:
    static constexpr std::uint8_t bindings_flag = 0x80;

    template <typename Call, std::same_as<Binding>... Bindings>
    CallWriter& add(ContractId contract, const Call& call, const Bindings&... bindings)
    {
        static_assert(Call::method < bindings_flag);
        Encoder encoder{bytes_};
        encoder.put(contract);
        encoder.put(static_cast<std::uint8_t>(
            Call::method | (sizeof...(bindings) > 0 ? bindings_flag : 0)));
        encoder.put(std::uint16_t{0});
        const auto start = bytes_.size();
        encoder.put(call);
        const auto size = bytes_.size() - start;
        check_size(size);
        bytes_[start - 2] = static_cast<std::uint8_t>(size >> 8U);
        bytes_[start - 1] = static_cast<std::uint8_t>(size);
        if constexpr (sizeof...(bindings) > 0)
        {
            encoder.put(static_cast<std::uint8_t>(sizeof...(bindings)));
            (add_binding(offset_of(call, *bindings.field), bindings), ...);
        }
        return *this;
    }

    /// Whoever has this address, for the calls of this list and lists nested in it: an account that
    /// nobody has named yet, or a contract that an earlier call deploys. Nobody of block 0.
    [[nodiscard]] AccountId account_at(const Address& address)
    {
        return AccountId{reference_to(address)};
    }
    [[nodiscard]] ContractId contract_at(const Address& address)
    {
        return ContractId{reference_to(address)};
    }
    /// What the references in the calls stand for.
    [[nodiscard]] const std::vector<Address>& addresses() const noexcept { return addresses_; }

    /// Adds what calls of this list are proven by (a note's secret): it is executed with, but no
    /// part of the input that the chain shows. Returns its number, for a call to name; at most 255,
    /// and 65'535 bytes in all.
    std::uint8_t add_witness(ByteView witness);
    /// All of them: each one's length (2), then its bytes.
    [[nodiscard]] const Bytes& witnesses() const noexcept { return witnesses_; }

    /// Appends calls that are encoded already, whatever they are.
    void add_encoded(ByteView calls) { bytes_.insert(bytes_.end(), calls.begin(), calls.end()); }

    [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
    /// As the nested list of a call with a callback; valid while this writer lives unchanged.
    [[nodiscard]] CallList list() const noexcept { return {bytes_}; }
    [[nodiscard]] Bytes take() && noexcept { return std::move(bytes_); }

private:
    /// Counts the bytes of the fields before one of them.
    struct OffsetFinder
    {
        const Amount* field;
        Bytes before;
        std::optional<std::size_t> offset;

        template <typename T>
        void operator()(std::string_view, const T& value, Unit = {})
        {
            if constexpr (std::same_as<T, Amount>)
            {
                if (&value == field)
                    offset = before.size();
            }
            encode(value, before);
        }
    };
    template <typename Call>
    [[nodiscard]] static std::size_t offset_of(const Call& call, const Amount& field)
    {
        OffsetFinder finder{&field, {}, {}};
        Call::describe(call, finder);
        check_field(finder.offset.has_value());
        return *finder.offset;
    }
    static void check_size(std::size_t size);
    static void check_field(bool is_found);
    void add_binding(std::size_t offset, const Binding& binding);
    [[nodiscard]] std::uint32_t reference_to(const Address& address);

    Bytes bytes_;
    Bytes witnesses_;
    std::uint8_t witness_count_ = 0;
    std::vector<Address> addresses_;
};

/// Walks a list of encoded calls. Input is hostile: after the walk ask ok().
class CallReader
{
public:
    explicit CallReader(ByteView list) noexcept : decoder_{list} {}

    [[nodiscard]] std::optional<CallView> next() noexcept;
    /// The list was well formed up to where it was read.
    [[nodiscard]] bool ok() const noexcept { return decoder_.ok(); }
    /// What comes behind the calls that were read.
    [[nodiscard]] ByteView rest() const noexcept { return decoder_.rest(); }

private:
    Decoder decoder_;
};

/// What a call returned: up to four numbers, in the order of the ABI.
struct Returns
{
    std::array<Amount, 4> values;
    std::uint8_t count = 0;

    Returns() = default;
    Returns(std::initializer_list<Amount> list)
    {
        for (const auto& value : list)
            values.at(count++) = value;
    }
};

}  // namespace runnel
