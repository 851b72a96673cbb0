#include "scenarios/world_state.hpp"

#include "contracts/kit/sectors/lending.hpp"
#include "ledger/check.hpp"
#include "scenarios/genesis.hpp"
#include "scenarios/loader/document.hpp"
#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/name_table.hpp"
#include "scenarios/text_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <map>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace runnel::scenarios
{
namespace
{
using contracts::LendingMarket;

constexpr std::string_view table_column = "table";
constexpr std::string_view nonce = "nonce";

/// The columns that name a record.
std::vector<std::string_view> key_columns(KeyOf key_of)
{
    switch (key_of)
    {
        case KeyOf::number: return {"number"};
        case KeyOf::account: return {"account"};
        case KeyOf::contract: return {"contract"};
        case KeyOf::reserve: return {"reserve", "token"};
        case KeyOf::account_pair: return {"owner", "spender"};
        case KeyOf::account_contract: return {"account", "contract"};
        case KeyOf::sparse_number: return {"number"};
        case KeyOf::numbered_account: return {"number", "account"};
        case KeyOf::encoding:  // Its fields hold it.
        case KeyOf::something_else: break;
    }
    return {};
}

const LendingMarket& market_of(const World& world, const RecordTable& table)
{
    const auto* market =
        dynamic_cast<const LendingMarket*>(&world.contract(world.table_owner(table.number())));
    RUNNEL_CHECK(market != nullptr && "reserves are a lending market's");
    return *market;
}

/// Whether records hold shares of a sum, to which allocations add.
bool is_sum(const World& world, const RecordTable& table)
{
    return table.conservation_weight() != 0 || &table == &world.native_supply;
}

/// The names of a record's fields.
class ColumnSink final : public FieldSink
{
public:
    void text(std::string_view name, std::string) override { names.emplace_back(name); }
    void account(std::string_view name, AccountId) override { names.emplace_back(name); }
    void contract(std::string_view name, ContractId) override { names.emplace_back(name); }

    std::vector<std::string> names;
};

/// Of any table.
const void* zero_record()
{
    static const std::vector<std::byte> zeros(record_size_max);  // Aligned as new aligns.
    return zeros.data();
}

/// The columns that every record of the table has: of a list that may be short it is none.
std::vector<std::string> fixed_columns(const RecordTable& table)
{
    ColumnSink sink;
    table.format().list(zero_record(), sink);
    return std::move(sink.names);
}

/// A row is wrong. Thrown within this file only.
class BadRow : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// One row of text by the names of its columns.
class Row
{
public:
    Row(const std::vector<std::string>& columns, const std::vector<Field>& fields) noexcept
      : columns_{columns}, fields_{fields}
    {}

    /// Empty if there is no such column.
    [[nodiscard]] std::string_view operator[](std::string_view column) const
    {
        const auto found = std::find(columns_.begin(), columns_.end(), column);
        return found == columns_.end()
                   ? std::string_view{}
                   : fields_[static_cast<std::size_t>(found - columns_.begin())].text;
    }
    /// Whether it says something of an element of a list, `markets.0`, be it a value or a struct.
    [[nodiscard]] bool tells(std::string_view element) const
    {
        for (std::size_t i = 0; i < columns_.size(); ++i)
        {
            const std::string_view column = columns_[i];
            if (!fields_[i].text.empty() && column.starts_with(element) &&
                (column.size() == element.size() || column[element.size()] == '.'))
                return true;
        }
        return false;
    }
    [[noreturn]] void refuse(std::string_view column, std::string_view expected) const
    {
        throw BadRow{fmt::format("{}: expected {}, got {}", column, expected,
            (*this)[column].empty() ? "nothing" : shown((*this)[column]))};
    }
    /// Refuses text in a column that is none of these.
    void check_columns(const RecordTable& table, const std::vector<std::string_view>& known) const
    {
        for (std::size_t i = 0; i < columns_.size(); ++i)
        {
            if (fields_[i].text.empty() || columns_[i] == table_column ||
                std::find(known.begin(), known.end(), columns_[i]) != known.end())
                continue;
            throw BadRow{fmt::format("{}: expected a column of {} ({}){}, got another one",
                columns_[i], table.name(), listed(known), hint(columns_[i], known))};
        }
    }

private:
    const std::vector<std::string>& columns_;
    const std::vector<Field>& fields_;
};

/// Writes the rows of [state] tables into a world.
class StateReader
{
public:
    explicit StateReader(GenesisBuilder& builder) : builder_{builder}, world_{builder.world()}
    {
        for (auto* table : world_.tables())
            tables_.emplace(table->name(), table);
    }

    std::optional<ScenarioError> add(const StateSpec& spec)
    {
        Lines lines{*spec.rows};
        const auto fail = [&](std::string_view message)
        {
            const auto where = spec.file.empty() ? std::string{"rows"} : shown(spec.file);
            return ScenarioError{fmt::format("{}: state.{}.{}: {}:{}: {}", spec.place, spec.name,
                spec.file.empty() ? "rows" : "file", where, lines.number(), message)};
        };
        try
        {
            std::vector<std::string> columns;
            std::vector<Field> fields;
            for (std::string_view line; lines.next(line);)
            {
                if (trim_blanks(line).empty() || line.front() == '#')
                    continue;
                split_fields(line, ',', fields);
                if (columns.empty())
                {
                    read_header(fields, columns);
                    continue;
                }
                if (fields.size() != columns.size())
                {
                    return fail(
                        fmt::format("expected {} columns, got {}", columns.size(), fields.size()));
                }
                add_row({columns, fields});
            }
            if (columns.empty())
                return fail("expected a header of columns, got nothing");
        }
        catch (const BadRow& wrong)
        {
            return fail(wrong.what());
        }
        return std::nullopt;
    }

private:
    class Fields;

    [[nodiscard]] const std::vector<std::string>& fixed_columns_of(const RecordTable& table)
    {
        const auto [known, is_new] = fixed_columns_.try_emplace(table.number());
        if (is_new)
            known->second = fixed_columns(table);
        return known->second;
    }
    static void read_header(const std::vector<Field>& fields, std::vector<std::string>& columns)
    {
        for (const auto& field : fields)
        {
            if (std::find(columns.begin(), columns.end(), field.text) != columns.end())
                throw BadRow{
                    fmt::format("expected each column once, got {} twice", shown(field.text))};
            columns.emplace_back(field.text);
        }
        if (std::find(columns.begin(), columns.end(), table_column) == columns.end())
            throw BadRow{"expected a column named table, got none"};
    }

    void add_row(const Row& row);
    [[nodiscard]] RecordTable& table_of(const Row& row) const;
    [[nodiscard]] std::uint64_t key_of(const Row& row, const RecordTable& table);
    void begin(RecordTable& table);
    void write(const Row& row, RecordTable& table, std::uint64_t key, Bytes encoding);
    [[nodiscard]] AccountId account(const Row& row, std::string_view column);
    [[nodiscard]] ContractId contract(const Row& row, std::string_view column) const;
    [[nodiscard]] static Amount number(const Row& row, std::string_view column, const Amount& max);

    GenesisBuilder& builder_;
    World& world_;
    std::unordered_map<std::string_view, RecordTable*> tables_;
    /// The keys that each table has got, by its number.
    std::map<std::uint32_t, std::unordered_set<std::uint64_t>> written_;
    std::map<std::uint32_t, std::vector<std::string>> fixed_columns_;  // By table's number.
};

/// Gives a record's fields out of a row; what has no column is zero.
class StateReader::Fields final : public FieldSource
{
public:
    Fields(StateReader& reader, const Row& row, const std::vector<std::string>& fixed_columns)
      : reader_{reader}, row_{row}, fixed_columns_{fixed_columns}
    {}

    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

    void expect(std::string_view name) override { names_.push_back(within_ + std::string{name}); }
    std::optional<BoundArgument> amount(
        std::string_view name, const runnel::Unit&, Amount& value) override
    {
        value = number(row_, within_ + std::string{name}, Amount::max());
        return std::nullopt;
    }
    Int256 signed_amount(std::string_view name, const runnel::Unit&) override
    {
        const auto column = within_ + std::string{name};
        const auto text = row_[column];
        const bool is_negative = text.starts_with('-');
        const auto magnitude = text.empty()
                                   ? std::optional{Amount{}}
                                   : Amount::from_decimal(text.substr(is_negative ? 1 : 0));
        if (!magnitude || magnitude->bit(255))
            row_.refuse(column, "an integer of smallest units below 2^255");
        return Int256::from_magnitude(*magnitude, is_negative);
    }
    std::uint64_t integer(
        std::string_view name, const runnel::Unit&, std::int64_t min, std::uint64_t max) override
    {
        const auto column = within_ + std::string{name};
        const auto text = row_[column];
        if (min < 0 && text.starts_with('-'))
        {
            std::int64_t value = 0;
            const auto* end = text.data() + text.size();
            const auto read = std::from_chars(text.data(), end, value);
            if (read.ec != std::errc{} || read.ptr != end || value < min)
                row_.refuse(column, fmt::format("an integer from {} to {}", min, max));
            return static_cast<std::uint64_t>(value);
        }
        return number(row_, column, Amount{max}).low64();
    }
    bool boolean(std::string_view name) override
    {
        const auto column = within_ + std::string{name};
        const auto text = row_[column];
        if (!text.empty() && text != "true" && text != "false")
            row_.refuse(column, "true or false");
        return text == "true";
    }
    AccountId account(std::string_view name) override
    {
        const auto column = within_ + std::string{name};
        return row_[column].empty() ? zero_account : reader_.account(row_, column);
    }
    ContractId contract(std::string_view name) override
    {
        return reader_.contract(row_, within_ + std::string{name});
    }
    void bytes(std::string_view name, std::span<std::uint8_t> value) override
    {
        const auto column = within_ + std::string{name};
        const auto text = row_[column];
        if (text.empty())
            return;
        const auto read = text.starts_with("0x") ? from_hex(text) : std::nullopt;
        if (!read || read->size() != value.size())
            row_.refuse(column, fmt::format("0x and {} hex digits", 2 * value.size()));
        std::copy(read->begin(), read->end(), value.begin());
    }
    Bytes calls(std::string_view name) override
    {
        throw BadRow{fmt::format("{}: expected no list of calls, which state does not hold", name)};
    }
    std::size_t enter_list(std::string_view name, std::size_t size_max) override
    {
        enter_struct(name);
        const auto element = [this](std::size_t number)
        { return within_ + std::to_string(number); };
        for (std::size_t i = 0; i < size_max; ++i)
            names_.push_back(element(i));
        const bool is_fixed = std::any_of(fixed_columns_.begin(), fixed_columns_.end(),
            [&](const std::string& column) { return column.starts_with(within_); });
        if (is_fixed)
            return size_max;
        std::size_t count = 0;
        while (count < size_max && row_.tells(element(count)))
            ++count;
        for (auto behind = count; behind < size_max; ++behind)
        {
            if (row_.tells(element(behind)))
                row_.refuse(element(count), "a value, as there is one behind it");
        }
        return count;
    }
    void enter_struct(std::string_view name) override
    {
        outer_.push_back(within_);
        within_ += std::string{name} + '.';
    }
    void leave() override
    {
        within_ = std::move(outer_.back());
        outer_.pop_back();
    }

private:
    StateReader& reader_;
    const Row& row_;
    const std::vector<std::string>& fixed_columns_;
    std::string within_;
    std::vector<std::string> outer_;
    std::vector<std::string> names_;
};

void StateReader::add_row(const Row& row)
{
    auto& table = table_of(row);
    const bool is_keyed = table.key_of() == KeyOf::encoding;
    auto key = is_keyed ? 0 : key_of(row, table);
    Fields fields{*this, row, fixed_columns_of(table)};
    Bytes encoding;
    table.format().read(fields, encoding);
    auto known = key_columns(table.key_of());
    for (const auto& name : fields.names())
    {
        if (&table != &world_.account_states || name != nonce)
            known.push_back(name);
    }
    row.check_columns(table, known);
    begin(table);
    if (is_keyed)
    {
        const auto key_size = table.format().key_size;
        encoding[key_size] = 1;  // Whoever writes a record has taken its place.
        key = table.place_of(ByteView{encoding}.first(key_size));
    }
    write(row, table, key, std::move(encoding));
}

RecordTable& StateReader::table_of(const Row& row) const
{
    const auto found = tables_.find(row[table_column]);
    if (found != tables_.end() && found->second->key_of() != KeyOf::something_else)
        return *found->second;
    std::vector<std::string_view> known;
    for (const auto* table : world_.tables())
    {
        if (table->key_of() != KeyOf::something_else)
            known.push_back(table->name());
    }
    row.refuse(table_column,
        fmt::format("a table of records ({}){}", listed(known), hint(row[table_column], known)));
}

std::uint64_t StateReader::key_of(const Row& row, const RecordTable& table)
{
    switch (table.key_of())
    {
        case KeyOf::number: return number(row, "number", Amount{0xFFFF'FFFF}).low64();
        case KeyOf::account: return index(account(row, "account"));
        case KeyOf::contract: return index(contract(row, "contract"));
        case KeyOf::account_pair: return pair_key(account(row, "owner"), account(row, "spender"));
        case KeyOf::account_contract:
            return account_contract_key(account(row, "account"), contract(row, "contract"));
        case KeyOf::sparse_number: return number(row, "number", Amount{~0ULL}).low64();
        case KeyOf::numbered_account:
            return numbered_key(
                static_cast<std::uint32_t>(number(row, "number", Amount{0xFFFF'FFFF}).low64()),
                account(row, "account"));
        case KeyOf::reserve: {
            // Records of accounts know reserves by their numbers.
            const auto place = market_of(world_, table).find_reserve(contract(row, "token"));
            const auto wanted = number(row, "reserve", Amount{0xFFFF'FFFF}).low64();
            if (!place)
                row.refuse("token", "a token that the market lists");
            if (*place != wanted)
            {
                row.refuse("reserve",
                    fmt::format("{}, the number of {} among the market's reserves, which must be "
                                "those that it had",
                        *place, row["token"]));
            }
            return wanted;
        }
        case KeyOf::encoding:
        case KeyOf::something_else: break;
    }
    RUNNEL_CHECK(false && "a key that rows can name");
    return 0;
}

/// The rows of a table are all that it has, but for sums.
void StateReader::begin(RecordTable& table)
{
    const auto [keys, is_first] = written_.try_emplace(table.number());
    if (!is_first || is_sum(world_, table))
        return;
    for (const auto old : table.keys())
        std::memset(table.make_slot(old), 0, table.format().size);
}

void StateReader::write(const Row& row, RecordTable& table, std::uint64_t key, Bytes encoding)
{
    const bool sums = is_sum(world_, table);
    if (!table.accepts(key))
        row.refuse(key_columns(table.key_of()).front(), "a smaller number");
    if (!written_[table.number()].insert(key).second)
        throw BadRow{fmt::format("expected one row for each record of {}, got two", table.name())};
    auto* record = table.make_slot(key);
    if (sums)
    {
        Bytes allocated;
        table.format().encode(record, allocated);
        const auto head = [](Bytes& bytes) { return std::span{bytes}.first<32>(); };
        const auto sum = Checked{Amount::load_big_endian(head(allocated))} +
                         Amount::load_big_endian(head(encoding));
        if (!sum.ok())
            throw BadRow{fmt::format(
                "expected less than 2^256 in {} with what was allocated", table.name())};
        sum.value.store_big_endian(head(encoding));
    }
    const bool is_read = table.format().decode(encoding, record);
    RUNNEL_CHECK(is_read && "what was read field by field can be decoded");
}

AccountId StateReader::account(const Row& row, std::string_view column)
{
    const auto name = row[column];
    if (const auto found = world_.find_account(name))
        return *found;
    const auto slash = name.find('/');
    const bool is_name =
        slash == std::string_view::npos
            ? is_plain_name(name)
            : is_plain_name(name.substr(0, slash)) && is_plain_name(name.substr(slash + 1));
    if (!is_name)
        row.refuse(column, "an account's name");
    if (expected_address(world_, name))
        row.refuse(column, "an account that does not arrive later");
    return builder_.account(name, "wallet");
}

ContractId StateReader::contract(const Row& row, std::string_view column) const
{
    const auto name = row[column];
    if (const auto found = world_.find_contract(name))
        return *found;
    std::vector<std::string_view> known;
    for (std::uint32_t i = 0; i < world_.contract_count(); ++i)
        known.push_back(world_.contract(ContractId{i}).name());
    row.refuse(
        column, fmt::format("a token or a contract ({}){}", listed(known), hint(name, known)));
}

Amount StateReader::number(const Row& row, std::string_view column, const Amount& max)
{
    const auto text = row[column];
    if (text.empty())
        return Amount{};
    const auto value = Amount::from_decimal(text);
    if (!value || *value > max)
    {
        row.refuse(column, max == Amount::max()
                               ? std::string{"an integer of smallest units"}
                               : fmt::format("an integer from 0 to {}", max.to_string()));
    }
    return *value;
}

}  // namespace

std::optional<ScenarioError> add_state(GenesisBuilder& builder, const Scenario& scenario)
{
    if (scenario.state.empty())
        return std::nullopt;
    StateReader reader{builder};
    for (const auto& spec : scenario.state)
    {
        if (auto error = reader.add(spec))
            return error;
    }
    return std::nullopt;
}

// ---- Writing ----

namespace
{

/// A line of one record, and the header that belongs to it.
class LineWriter final : public FieldSink
{
public:
    LineWriter(const World& world, const RecordTable& table) : world_{world}
    {
        add(table_column, table.name());
        hides_nonce_ = &table == &world.account_states;
    }

    void text(std::string_view name, std::string value) override
    {
        if (!hides_nonce_ || name != nonce)
            add(name, value);
    }
    void account(std::string_view name, AccountId value) override
    {
        add(name, world_.account(value).name);
    }
    void contract(std::string_view name, ContractId value) override
    {
        add(name, world_.contract(value).name());
    }

    std::string header;
    std::string line;

private:
    void add(std::string_view name, std::string_view value)
    {
        const std::string_view separator = header.empty() ? "" : ",";
        header += fmt::format("{}{}", separator, name);
        line += fmt::format("{}{}", separator, value);
    }

    const World& world_;
    bool hides_nonce_ = false;
};

void list_key(const World& world, const RecordTable& table, std::uint64_t key, LineWriter& writer)
{
    const auto account = [](std::uint64_t number)
    { return AccountId{static_cast<std::uint32_t>(number)}; };
    switch (table.key_of())
    {
        case KeyOf::number: writer.text("number", std::to_string(key)); break;
        case KeyOf::account: writer.account("account", account(key)); break;
        case KeyOf::contract:
            writer.contract("contract", ContractId{static_cast<std::uint32_t>(key)});
            break;
        case KeyOf::account_pair:
            writer.account("owner", account(key >> 32U));
            writer.account("spender", account(key & 0xFFFF'FFFFU));
            break;
        case KeyOf::account_contract:
            writer.account("account", account(key >> 32U));
            writer.contract("contract", ContractId{static_cast<std::uint32_t>(key)});
            break;
        case KeyOf::sparse_number: writer.text("number", std::to_string(key)); break;
        case KeyOf::numbered_account:
            writer.text("number", std::to_string(key >> 32U));
            writer.account("account", account(key & 0xFFFF'FFFFU));
            break;
        case KeyOf::reserve:
            writer.text("reserve", std::to_string(key));
            for (std::uint32_t i = 0; i < world.contract_count(); ++i)
            {
                if (market_of(world, table).find_reserve(ContractId{i}) == key)
                    writer.contract("token", ContractId{i});
            }
            break;
        case KeyOf::encoding:
        case KeyOf::something_else: break;
    }
}

/// Of the contract's kind and the table's name behind the contract's: "aave_v3_pool_positions" of
/// "pool.positions_3".
std::string file_of(const World& world, const RecordTable& table)
{
    const std::string_view name = table.name();
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos)
        return std::string{name};
    auto last = name.substr(dot + 1);
    const auto digits = last.find_last_not_of("0123456789");
    if (digits != std::string_view::npos && digits + 1 < last.size() && last[digits] == '_')
        last = last.substr(0, digits);
    return fmt::format(
        "{}_{}", world.contract(world.table_owner(table.number())).type().kind, last);
}

/// Lines of records with the same fields. Headers differ where lists are short.
struct RowsByHeader
{
    KeyOf key_of{};
    std::map<std::string, std::vector<std::string>> lines;
};

std::vector<std::string_view> split_line(std::string_view line)
{
    std::vector<std::string_view> cells;
    for (std::size_t end = 0; end != std::string_view::npos;)
    {
        end = line.find(',');
        cells.push_back(line.substr(0, end));
        line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    }
    return cells;
}

/// All columns of all headers, each behind the one that it follows.
std::vector<std::string_view> all_columns(const RowsByHeader& rows)
{
    std::vector<std::string_view> columns;
    for (const auto& [header, lines] : rows.lines)
    {
        auto place = columns.begin();
        for (const auto column : split_line(header))
        {
            const auto found = std::find(columns.begin(), columns.end(), column);
            place = (found == columns.end() ? columns.insert(place, column) : found) + 1;
        }
    }
    return columns;
}

/// A header and sorted lines, with nothing where a list ends before others.
std::string csv_of(const RowsByHeader& rows)
{
    const auto columns = all_columns(rows);
    std::vector<std::string> lines;
    for (const auto& [header, of_header] : rows.lines)
    {
        const auto names = split_line(header);
        if (names.size() == columns.size())
        {
            lines.insert(lines.end(), of_header.begin(), of_header.end());
            continue;
        }
        for (const auto& line : of_header)
        {
            const auto cells = split_line(line);
            std::vector<std::string_view> padded(columns.size());
            for (std::size_t i = 0; i < names.size(); ++i)
            {
                const auto column = std::find(columns.begin(), columns.end(), names[i]);
                padded[static_cast<std::size_t>(column - columns.begin())] = cells.at(i);
            }
            lines.push_back(fmt::format("{}", fmt::join(padded, ",")));
        }
    }
    std::sort(lines.begin(), lines.end());
    return fmt::format("{}\n{}\n", fmt::join(columns, ","), fmt::join(lines, "\n"));
}

}  // namespace

WorldState state_of(const World& world)
{
    // By the name of the file, then by the columns that its records all have.
    std::map<std::string, std::map<std::string, RowsByHeader>> files;
    WorldState state;
    for (const auto* table : world.tables())
    {
        auto keys = table->keys();
        if (table->key_of() == KeyOf::something_else)
        {
            if (!keys.empty())
                state.left_out.push_back(fmt::format("{}: {} records", table->name(), keys.size()));
            continue;
        }
        // A world begins with what its parameters say, also for what a transaction has deployed:
        // that nothing is left of it must be said.
        const auto owner = world.table_owner(table->number());
        const bool is_deployed = owner != no_contract && index(owner) >= world.known_contracts();
        if (keys.empty() && table->key_of() == KeyOf::number &&
            (is_deployed || table->find(0) != nullptr))
            keys.push_back(0);
        if (keys.empty())
            continue;
        auto& rows = files[file_of(world, *table)][fmt::format("{},{}",
            fmt::join(key_columns(table->key_of()), ","), fmt::join(fixed_columns(*table), ","))];
        rows.key_of = table->key_of();
        for (const auto key : keys)
        {
            if (table == &world.account_states && world.account_states.get(key).balance.is_zero())
                continue;
            LineWriter writer{world, *table};
            list_key(world, *table, key, writer);
            const auto* record = table->find(key);
            table->format().list(record == nullptr ? zero_record() : record, writer);
            rows.lines[std::move(writer.header)].push_back(std::move(writer.line));
        }
    }
    for (const auto& [name, kinds] : files)
    {
        for (const auto& [columns, rows] : kinds)
        {
            if (rows.lines.empty())
                continue;
            // Tables of one name whose records differ (Comet's `collateral` and `collateral_0`)
            // have a file each.
            auto file = name;
            if (kinds.size() > 1)
                file += fmt::format("_by_{}", fmt::join(key_columns(rows.key_of), "_"));
            const bool is_new = std::none_of(state.files.begin(), state.files.end(),
                [&](const StateRows& other) { return other.name == file; });
            RUNNEL_CHECK(is_new && "tables of one name and key have the same fields");
            state.files.push_back({std::move(file), csv_of(rows)});
        }
    }
    return state;
}

}  // namespace runnel::scenarios
