#include "state/abi.hpp"

#include "ledger/check.hpp"

#include <algorithm>

namespace runnel
{
namespace
{
constexpr std::size_t word_size = 32;

/// How many words a type takes: `uint256[3]` lies in line and takes three.
std::size_t words_of(std::string_view type) noexcept
{
    const auto open = type.find('[');
    if (open == std::string_view::npos)
        return 1;
    std::size_t length = 0;
    for (const auto digit : type.substr(open + 1, type.size() - open - 2))
        length = length * 10 + static_cast<std::size_t>(digit - '0');
    return length;
}

/// The types of the words of `Name(type,type[2],(type,type))`: arrays of fixed length and tuples of
/// such types lie in line.
std::vector<std::string> parse_argument_types(std::string_view signature)
{
    const auto open = signature.find('(');
    RUNNEL_CHECK(open != std::string_view::npos && signature.back() == ')');
    auto rest = signature.substr(open + 1, signature.size() - open - 2);
    std::vector<std::string> types;
    while (!rest.empty())
    {
        const auto comma = std::min(rest.find(','), rest.size());
        auto type = rest.substr(0, comma);
        type.remove_prefix(std::min(type.find_first_not_of('('), type.size()));
        type = type.substr(0, type.find(')'));
        types.insert(types.end(), words_of(type), std::string{type.substr(0, type.find('['))});
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return types;
}

bool fits(ColumnKind kind, std::string_view type) noexcept
{
    const bool number = type.starts_with("uint") || type.starts_with("int");
    switch (kind)
    {
        case ColumnKind::amount: return number || type == "bytes32";
        case ColumnKind::signed_amount: return type.starts_with("int");
        case ColumnKind::integer: return number;
        case ColumnKind::account: return type == "address";
        // Claims by the ids of ERC-6909 are numbered by the address of what is claimed.
        case ColumnKind::contract: return type == "address" || type == "uint256";
        case ColumnKind::boolean: return type == "bool";
        case ColumnKind::text: return type == "string";
    }
    return false;
}

class KindSink final : public ColumnSink
{
public:
    void column(std::string_view, ColumnKind kind, const Unit&) override { kinds.push_back(kind); }
    std::vector<ColumnKind> kinds;
};

/// Puts each value where the ABI wants it: indexed words first, then heads, then tails.
class WordSink final : public ValueSink
{
public:
    WordSink(std::span<const std::string> types, std::uint32_t indexed, unsigned indexed_count,
        const AddressBook& addresses, Bytes& words)
      : types_{types},
        indexed_{indexed},
        addresses_{addresses},
        words_{words},
        next_data_{indexed_count * word_size},
        data_start_{next_data_}
    {
        words_.assign(types.size() * word_size, 0);
    }

    void amount(const Amount& value) override { value.store_big_endian(next_word()); }
    void signed_amount(const Int256& value) override { amount(value.bits); }
    void integer(std::int64_t value) override
    {
        const bool negative = value < 0 && types_[argument_].starts_with("int");
        const auto word = next_word();
        std::fill(word.begin(), word.end(), negative ? std::uint8_t{0xFF} : std::uint8_t{0});
        put(word, static_cast<std::uint64_t>(value));
    }
    void account(AccountId value) override { put(addresses_.address(value)); }
    /// Native coins have the zero address, where a log may name them.
    void contract(ContractId value) override
    {
        put(value == native_coin ? Address{} : addresses_.address(value));
    }
    void boolean(bool value) override { next_word().back() = value ? 1 : 0; }
    void text(std::string_view value) override
    {
        if ((indexed_ >> argument_ & 1U) != 0)
        {
            const auto hash = keccak256(value);
            std::copy(hash.bytes.begin(), hash.bytes.end(), next_word().begin());
            return;
        }
        put(next_word(), words_.size() - data_start_);
        const auto tail = words_.size();
        const auto padded = (value.size() + word_size - 1) / word_size * word_size;
        words_.resize(tail + word_size + padded);
        put(word_at(tail), value.size());
        std::copy(value.begin(), value.end(),
            words_.begin() + static_cast<std::ptrdiff_t>(tail + word_size));
    }

private:
    using Word = std::span<std::uint8_t, word_size>;

    Word word_at(std::size_t offset) { return Word{words_.data() + offset, word_size}; }
    Word next_word()
    {
        auto& next = (indexed_ >> argument_ & 1U) != 0 ? next_topic_ : next_data_;
        ++argument_;
        const auto at = next;
        next += word_size;
        return word_at(at);
    }
    static void put(Word word, std::uint64_t value)
    {
        for (std::size_t i = 0; i < 8; ++i)
            word[word_size - 1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    void put(const Address& address)
    {
        std::copy(address.bytes.begin(), address.bytes.end(), next_word().begin() + 12);
    }

    std::span<const std::string> types_;
    std::uint32_t indexed_;
    const AddressBook& addresses_;
    Bytes& words_;
    std::size_t argument_ = 0;
    std::size_t next_topic_ = 0;
    std::size_t next_data_;
    std::size_t data_start_;
};
}  // namespace

AddressBook AddressBook::of(const World& world)
{
    AddressBook book;
    for (std::uint32_t i = 0; i < world.account_count(); ++i)
        book.accounts.push_back(world.account(AccountId{i}).address);
    for (std::uint32_t i = 0; i < world.contract_count(); ++i)
        book.contract_accounts.push_back(world.contract(ContractId{i}).account());
    return book;
}

const Address& AddressBook::address(AccountId id) const
{
    RUNNEL_CHECK(index(id) < accounts.size() && "an event names an account that exists");
    return accounts[index(id)];
}

const Address& AddressBook::address(ContractId id) const
{
    RUNNEL_CHECK(index(id) < contract_accounts.size() && "an event names a contract that exists");
    return address(contract_accounts[index(id)]);
}

AbiEvent::AbiEvent(const EventType& type)
  : type_{&type}, topic0_{keccak256(type.signature)}, types_{parse_argument_types(type.signature)}
{
    KindSink columns;
    type.columns(columns);
    RUNNEL_CHECK(columns.kinds.size() == types_.size() && "a log's fields are its signature's");
    for (std::size_t i = 0; i < types_.size(); ++i)
    {
        RUNNEL_CHECK(fits(columns.kinds[i], types_[i]) && "a log's field fits its ABI type");
        indexed_count_ += type.indexed >> i & 1U;
    }
    RUNNEL_CHECK(indexed_count_ <= 3 && "the EVM has four topics");
}

void AbiEvent::encode(ByteView event, const AddressBook& addresses, Bytes& words) const
{
    WordSink sink{types_, type_->indexed, indexed_count_, addresses, words};
    const bool decoded = type_->values(event, sink);
    RUNNEL_CHECK(decoded && "an event's bytes are its own encoding");
}

AbiLog AbiEvent::log(ByteView event, const AddressBook& addresses) const
{
    Bytes words;
    encode(event, addresses, words);
    AbiLog log;
    log.topics.push_back(topic0_);
    const auto data_start = static_cast<std::ptrdiff_t>(indexed_count_ * word_size);
    for (auto word = words.begin(); word != words.begin() + data_start; word += word_size)
        std::copy_n(word, word_size, log.topics.emplace_back().bytes.begin());
    log.data.assign(words.begin() + data_start, words.end());
    return log;
}

}  // namespace runnel
