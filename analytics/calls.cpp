#include "analytics/calls.hpp"

#include "ledger/field_source.hpp"
#include "ledger/transaction.hpp"
#include "state/contract.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::analytics
{
namespace
{
/// Thrown through a contract's reader: the arguments are not what its call takes.
struct Unreadable
{};

class CallDecoder
{
public:
    CallDecoder(LedgerNames& names, const FindType& find_type, const Transaction& transaction)
      : names_{names}, find_type_{find_type}, transaction_{transaction}
    {}

    std::vector<CallNode> list(ByteView calls, unsigned depth);

    [[nodiscard]] std::optional<AccountId> resolve(AccountId id)
    {
        if (!is_reference(id))
            return id;
        const auto address = address_of(index(id));
        return address.empty() ? std::nullopt : names_.find_account(address);
    }
    [[nodiscard]] std::optional<ContractId> resolve(ContractId id)
    {
        if (!is_reference(id))
            return id;
        const auto address = address_of(index(id));
        return address.empty() ? std::nullopt : names_.find_contract(address);
    }
    /// Of an id from first_reference on.
    [[nodiscard]] std::string address_of(std::uint32_t reference) const
    {
        const auto position = reference - first_reference;
        return position < transaction_.address_count() ? transaction_.address(position).to_string()
                                                       : std::string{};
    }
    [[nodiscard]] LedgerNames& names() noexcept { return names_; }

private:
    CallNode one(const CallView& call, unsigned depth);

    LedgerNames& names_;
    const FindType& find_type_;
    const Transaction& transaction_;
};

/// Gives a reader of arguments what is encoded in a call, and keeps it with names and units.
class EncodedFields final : public FieldSource
{
public:
    EncodedFields(CallDecoder& decoder, const CallView& call, ContractId contract, unsigned depth)
      : decoder_{decoder},
        bytes_{call.arguments},
        bindings_{call.bindings},
        contract_{contract},
        depth_{depth}
    {}

    [[nodiscard]] bool at_end() const noexcept { return bytes_.at_end(); }
    [[nodiscard]] ByteView rest() const noexcept { return bytes_.rest(); }

    std::optional<BoundArgument> amount(
        std::string_view name, const Unit& unit, Amount& value) override
    {
        const auto offset = offset_of_next();
        read(value);
        auto& field = add(name, value.to_string());
        pending_.push_back({fields.size() - 1, unit, within_});
        field.bound = bound_at(offset);
        return std::nullopt;
    }
    Int256 signed_amount(std::string_view name, const Unit& unit) override
    {
        Int256 value;
        read(value);
        add(name, value.to_string());
        pending_.push_back({fields.size() - 1, unit, within_});
        return value;
    }
    std::uint64_t integer(
        std::string_view name, const Unit& unit, std::int64_t min, std::uint64_t max) override
    {
        const auto bits = std::bit_width(max) + (min < 0 ? 1 : 0);
        std::uint64_t value = 0;
        for (auto left = bits / 8; left > 0; --left)
        {
            std::uint8_t byte = 0;
            read(byte);
            value = value << 8U | byte;
        }
        if (min < 0 && bits < 64 && (value >> (bits - 1) & 1U) != 0)
            value |= ~std::uint64_t{0} << bits;
        add(name,
            min < 0 ? std::to_string(static_cast<std::int64_t>(value)) : std::to_string(value));
        pending_.push_back({fields.size() - 1, unit, within_});
        return value;
    }
    bool boolean(std::string_view name) override
    {
        bool value = false;
        read(value);
        add(name, value ? "true" : "false").raw.clear();
        return value;
    }
    AccountId account(std::string_view name) override
    {
        AccountId value{};
        read(value);
        const auto id = decoder_.resolve(value);
        const auto* found = id ? decoder_.names().account(*id) : nullptr;
        auto& field = add(name, found != nullptr ? found->address : "");
        if (found != nullptr)
            field.value = decoder_.names().name(*id);
        else
            field.value = is_reference(value) ? decoder_.address_of(index(value))
                                              : fmt::format("#{}", index(value));
        return value;
    }
    ContractId contract(std::string_view name) override
    {
        ContractId value{};
        read(value);
        const auto id = decoder_.resolve(value);
        const auto* found = id ? decoder_.names().contract(*id) : nullptr;
        auto& field = add(name, found != nullptr ? found->address : "");
        if (found != nullptr)
        {
            field.value = found->name;
            contracts_[std::string{full(name)}] = *id;
        }
        else if (value == no_contract)
            field.value = "none";
        else
            field.value = is_reference(value) ? decoder_.address_of(index(value))
                                              : fmt::format("contract {}", index(value));
        return value;
    }
    void bytes(std::string_view name, std::span<std::uint8_t> value) override
    {
        const auto taken = bytes_.take(value.size());
        if (!bytes_.ok())
            throw Unreadable{};
        std::copy(taken.begin(), taken.end(), value.begin());
        add(name, "0x" + to_hex(taken)).raw.clear();
    }
    Bytes calls(std::string_view name) override
    {
        CallList nested;
        read(nested);
        auto& field = add(name, "");
        field.raw.clear();
        field.is_callback = true;
        field.calls = decoder_.list(nested.bytes, depth_ + 1);
        return {nested.bytes.begin(), nested.bytes.end()};
    }
    std::size_t enter_list(std::string_view name, std::size_t size_max) override
    {
        std::uint8_t count = 0;
        read(count);
        if (count > size_max)
            throw Unreadable{};
        enter_struct(name);
        return count;
    }
    void enter_struct(std::string_view name) override { within_ = full(name) + "."; }
    void leave() override
    {
        within_.pop_back();
        const auto dot = within_.rfind('.');
        within_.resize(dot == std::string::npos ? 0 : dot + 1);
    }
    void expect(std::string_view) override {}

    /// Once all fields are read: amounts of tokens that a field beside them names.
    void scale()
    {
        for (const auto& [position, unit, within] : pending_)
        {
            std::optional<ContractId> token;
            if (unit.kind == UnitKind::smallest_unit_of_column)
            {
                const auto found = contracts_.find(within + std::string{unit.text});
                if (found != contracts_.end())
                    token = found->second;
            }
            else if (unit.kind == UnitKind::smallest_unit && unit.text == unit::smallest_unit.text)
                token = contract_;
            auto& field = fields[position];
            field.value = decoder_.names().quantity(field.raw, unit, token);
        }
    }

    std::vector<Argument> fields;

private:
    struct Pending
    {
        std::size_t field;
        Unit unit;
        std::string within;
    };

    template <typename T>
    void read(T& value)
    {
        bytes_.get(value);
        if (!bytes_.ok())
            throw Unreadable{};
    }
    [[nodiscard]] std::string full(std::string_view name) const
    {
        return within_ + std::string{name};
    }
    Argument& add(std::string_view name, std::string raw)
    {
        auto& field = fields.emplace_back();
        field.name = full(name);
        field.value = raw;
        field.raw = std::move(raw);
        return field;
    }
    [[nodiscard]] std::size_t offset_of_next() const noexcept
    {
        return size_ - bytes_.rest().size();
    }
    [[nodiscard]] std::string bound_at(std::size_t offset)
    {
        for (auto rest = bindings_; const auto bound = take_binding(rest);)
        {
            if (bound->offset != offset)
                continue;
            if (bound->kind == Binding::Kind::balance)
            {
                const auto token = decoder_.resolve(bound->balance.token);
                return "balance of " + (token ? decoder_.names().token(*token) : "?");
            }
            if (bound->result.call == ResultOf::callback)
                return fmt::format("argument {} of the callback", bound->result.value);
            return fmt::format("result {} of call {}", bound->result.value, bound->result.call);
        }
        return {};
    }

    CallDecoder& decoder_;
    Decoder bytes_;
    std::size_t size_ = bytes_.rest().size();
    ByteView bindings_;
    ContractId contract_;
    unsigned depth_;
    std::string within_;
    std::map<std::string, ContractId> contracts_;
    std::vector<Pending> pending_;
};

std::vector<CallNode> CallDecoder::list(ByteView calls, unsigned depth)
{
    std::vector<CallNode> nodes;
    const auto unreadable = [&](std::string why)
    { nodes.emplace_back().unreadable = std::move(why); };
    if (depth >= call_depth_max)
    {
        unreadable("nested too deep");
        return nodes;
    }
    CallReader reader{calls};
    while (const auto call = reader.next())
        nodes.push_back(one(*call, depth));
    if (!reader.ok())
        unreadable("malformed calls");
    return nodes;
}

CallNode CallDecoder::one(const CallView& call, unsigned depth)
{
    CallNode node;
    const auto id = resolve(call.contract);
    const auto* contract = id ? names_.contract(*id) : nullptr;
    if (contract == nullptr)
    {
        node.contract = is_reference(call.contract)
                            ? address_of(index(call.contract))
                            : fmt::format("contract {}", index(call.contract));
        node.call = fmt::format("call {}", call.method);
        node.unreadable = "no such contract";
        return node;
    }
    node.contract = contract->name;
    node.address = contract->address;
    node.kind = contract->kind;
    const auto* type = find_type_(contract->kind);
    if (type == nullptr || call.method >= type->methods.size())
    {
        node.call = fmt::format("call {}", call.method);
        node.unreadable =
            type == nullptr ? "a kind of contract that this program does not know" : "no such call";
        return node;
    }
    const auto& method = type->methods[call.method];
    node.call = method.name;
    EncodedFields fields{*this, call, *id, depth};
    try
    {
        Bytes read_back;
        Bytes bindings;
        method.read(fields, read_back, bindings);
        if (!fields.at_end() || !std::equal(read_back.begin(), read_back.end(),
                                    call.arguments.begin(), call.arguments.end()))
            throw Unreadable{};
        fields.scale();
        node.arguments = std::move(fields.fields);
    }
    catch (const Unreadable&)
    {
        node.unreadable = "malformed arguments";
    }
    return node;
}
}  // namespace

std::vector<CallNode> decode_calls(LedgerNames& names, const FindType& find_type, ByteView input)
{
    Transaction transaction;
    if (!transaction.set_input(input))
    {
        std::vector<CallNode> nodes(1);
        nodes[0].unreadable = "malformed input";
        return nodes;
    }
    return CallDecoder{names, find_type, transaction}.list(transaction.call_list(), 0);
}

std::string call_names(const std::vector<CallNode>& calls)
{
    std::string text;
    for (const auto& call : calls)
    {
        if (!text.empty())
            text += ", ";
        text += call.contract.empty() ? call.unreadable : call.contract + "." + call.call;
    }
    return text;
}

}  // namespace runnel::analytics
