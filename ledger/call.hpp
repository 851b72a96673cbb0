#pragma once

#include "ledger/fields.hpp"

#include <cstdint>
#include <optional>

#define RUNNEL_CALL(name_, method_, gas_)           \
    static constexpr std::string_view name = name_; \
    static constexpr std::uint8_t method = method_; \
    static constexpr std::uint64_t gas = gas_

namespace runnel
{

/// One call of a transaction, its arguments still encoded.
///
/// A call's arguments are a described struct (ledger/fields.hpp) that begins with
///
///     RUNNEL_CALL("swap", 5, 46'500);
///
/// its name as in the ABI; its number in its contract, which is part of every hash: never renumber;
/// and the gas that is charged before it runs, on top of the intrinsic 21,000 (docs/gas.md).
struct CallView
{
    ContractId contract{};
    std::uint8_t method = 0;
    ByteView arguments;
};

/// Builds a list of encoded calls: contract (4 bytes), method (1), length (2), arguments.
class CallWriter
{
public:
    template <typename Call>
    CallWriter& add(ContractId contract, const Call& call)
    {
        Encoder encoder{bytes_};
        encoder.put(contract);
        encoder.put(Call::method);
        encoder.put(std::uint16_t{0});
        const auto start = bytes_.size();
        encoder.put(call);
        const auto size = bytes_.size() - start;
        check_size(size);
        bytes_[start - 2] = static_cast<std::uint8_t>(size >> 8U);
        bytes_[start - 1] = static_cast<std::uint8_t>(size);
        return *this;
    }

    [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
    /// As the nested list of a call with a callback; valid while this writer lives unchanged.
    [[nodiscard]] CallList list() const noexcept { return {bytes_}; }
    [[nodiscard]] Bytes take() && noexcept { return std::move(bytes_); }

private:
    static void check_size(std::size_t size);

    Bytes bytes_;
};

/// Walks a list of encoded calls. Input is hostile: after the walk ask ok().
class CallReader
{
public:
    explicit CallReader(ByteView list) noexcept : decoder_{list} {}

    [[nodiscard]] std::optional<CallView> next() noexcept;
    /// The list was well formed up to where it was read.
    [[nodiscard]] bool ok() const noexcept { return decoder_.ok(); }

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
