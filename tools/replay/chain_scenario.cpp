#include "tools/replay/chain_scenario.hpp"

#include "contracts/exchanges/uniswap_v3/swap_loop.hpp"
#include "tools/replay/chain_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace runnel::replay
{
namespace
{
using namespace contracts::uniswap_v3;
using nlohmann::json;

/// Who did what the file does not say who did.
constexpr std::string_view somebody = "somebody";
constexpr std::uint32_t slot_seconds = 12;
/// Of each transaction: a swap may cross any number of ticks. Nobody pays for gas here.
constexpr std::uint64_t gas_limit = 50'000'000;
constexpr std::uint64_t block_gas_limit = 1'000'000'000'000'000;
// What a ledger takes; see scenarios/loader/schema.hpp.
constexpr std::size_t events_max = 100'000;
constexpr std::size_t text_max = std::size_t{60} << 20U;
constexpr std::uint64_t blocks_max = 1'000'000;
/// No token has more; sums of them fit.
constexpr unsigned amount_bits_max = 160;

struct Token
{
    std::string symbol;
    unsigned decimals = 0;
};

/// Names as people write them in TOML and .csv files.
bool is_symbol(std::string_view text)
{
    constexpr std::size_t size_max = 32;
    return !text.empty() && text.size() <= size_max &&
           std::all_of(text.begin(), text.end(),
               [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != ','; });
}

std::map<Address, Token> read_tokens(const std::string& path)
{
    std::map<Address, Token> tokens;
    if (path.empty())
        return tokens;
    LineReader reader{path};
    const auto refuse = [&](std::string_view expected) {
        throw std::invalid_argument{
            fmt::format("{}:{}: expected {}", path, reader.line(), expected)};
    };
    while (auto line = reader.next())
    {
        while (!line->empty() && (line->back() == '\r' || line->back() == ' '))
            line->pop_back();
        if (line->empty() || *line == "address,symbol,decimals")
            continue;
        const auto first = line->find(',');
        const auto last = line->rfind(',');
        if (first == last)
            refuse("address,symbol,decimals");
        const auto address = Address::from_string(line->substr(0, first));
        const auto symbol = line->substr(first + 1, last - first - 1);
        const auto decimals = Amount::from_decimal(line->substr(last + 1));
        constexpr std::uint64_t decimals_max = 36;
        if (!address)
            refuse("an address");
        if (!is_symbol(symbol))
            refuse("a symbol of at most 32 letters without quotes and blanks");
        if (!decimals || *decimals > Amount{decimals_max})
            refuse(fmt::format("at most {} decimals", decimals_max));
        if (!tokens.try_emplace(*address, Token{symbol, static_cast<unsigned>(decimals->low64())})
                 .second)
            refuse("each token once");
        if (tokens.size() > names_max)
            refuse("fewer tokens");
    }
    if (!reader.error().empty())
        throw std::invalid_argument{fmt::format("{}: {}", path, reader.error())};
    return tokens;
}

std::string name_of(const Address& address)
{
    return address.to_checksum_string();
}

/// Writes the scenario. Lines come in the order of the file.
class Teller
{
public:
    Teller(std::string name, std::map<Address, Token> tokens)
      : name_{std::move(name)}, known_tokens_{std::move(tokens)}
    {}

    /// The first reading: what is named.
    void meet(const json& line);
    /// The second one: what happened.
    void tell(const json& line);

    /// The pool of a .csv, which names nobody.
    void tell_pool(const Amount& sqrt_price_x96, const TickSpacing& spacing, std::uint64_t block);
    void tell(const LiquidityEvent& event);

    [[nodiscard]] std::string text() const;

private:
    struct Pool
    {
        std::string name;
        std::string token0;
        std::string token1;
        std::uint32_t fee = 0;
        std::int32_t tick_spacing = 0;
        bool is_given = false;
        std::optional<json> start;
    };

    Pool& pool_of(const json& line);
    void begin_at(const json& event);
    [[nodiscard]] std::uint64_t block_of(std::uint64_t block);
    void note_time(std::uint64_t block, std::uint64_t time);
    std::string sender(const json& line, const char* role);
    void fund(const std::string& account, const std::string& token, const Amount& amount);
    void add_line(std::uint64_t block, const std::string& from, const std::string& calls,
        const std::string& expect);
    [[nodiscard]] static std::string payment(const Pool& pool, bool pays0, bool pays1);
    void tell_start(const Pool& pool);
    std::string name_;
    std::map<Address, Token> known_tokens_;
    std::map<Address, Pool> pools_;
    Address only_;
    std::map<std::string, std::string> contracts_;  // Tokens and contracts: their tables.
    std::map<std::string, std::map<std::string, Amount>> held_;  // By token, then account.
    std::set<std::string> senders_;
    std::string state_;
    std::string script_;
    std::size_t lines_ = 0;
    std::optional<std::uint64_t> retold_;  // The block that block 0 stands for.
    std::uint64_t last_block_ = 0;
    std::uint64_t start_ = 0;
    std::uint64_t start_min_ = 0;  // What was observed by then.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> times_;
};

Teller::Pool& Teller::pool_of(const json& line)
{
    const auto address = line.contains("pool") ? address_in(line, "pool") : only_;
    const auto found = pools_.find(address);
    if (found == pools_.end())
        throw std::invalid_argument{"\"pool\": was not created before"};
    return found->second;
}

void Teller::meet(const json& line)
{
    const bool is_given = is_header(line);
    if (!is_given && text_of(line, "k") != "create")
    {
        if (text_of(line, "k") == "start")
            pool_of(line).start = line;
        return;
    }
    const auto arguments = constructor_in(line);
    Pool pool{name_of(address_in(line, "pool")), name_of(address_in(line, "token0")),
        name_of(address_in(line, "token1")), arguments.fee, arguments.tick_spacing, is_given, {}};
    for (const auto* side : {"token0", "token1"})
    {
        const auto address = address_in(line, side);
        const auto token = name_of(address);
        auto table = fmt::format("[tokens.{}]\nkind = \"erc20\"\nflavour = \"uniswap\"\n", token);
        if (const auto known = known_tokens_.find(address); known != known_tokens_.end())
        {
            table += fmt::format(
                "symbol = \"{}\"\ndecimals = {}\n", known->second.symbol, known->second.decimals);
        }
        else
        {
            // A guess would show amounts and prices that are wrong by orders of magnitude.
            table += "decimals = 0\n";
        }
        contracts_[token] = table;
    }
    const std::string factory{factory_address};
    contracts_[factory] = fmt::format("[contracts.{}]\nkind = \"uniswap_v3_factory\"\n", factory);
    if (is_given)
    {
        only_ = address_in(line, "pool");
        constexpr std::array<std::pair<std::uint32_t, std::int32_t>, 4> known{
            {{100, 1}, {500, 10}, {3'000, 60}, {10'000, 200}}};
        if (std::find(known.begin(), known.end(), std::pair{pool.fee, pool.tick_spacing}) ==
            known.end())
        {
            throw std::invalid_argument{
                "\"fee\": a ledger has pools of 100, 500, 3000 and 10000, with ticks 1, 10, 60 and "
                "200 apart"};
        }
    }
    contracts_[pool.name] =
        is_given ? fmt::format(
                       "[contracts.{}]\nkind = \"uniswap_v3_pool\"\nfactory = \"{}\"\n"
                       "token0 = \"{}\"\ntoken1 = \"{}\"\nfee = {}\n",
                       pool.name, factory, pool.token0, pool.token1, pool.fee)
                 : std::string{};
    pools_.emplace(address_in(line, "pool"), std::move(pool));
}

void Teller::begin_at(const json& event)
{
    if (retold_)
        return;
    const auto first = count_in(event, "b");
    if (first == 0)
        throw std::invalid_argument{"\"b\": expected a block behind block 0"};
    retold_ = first - 1;
    const auto* given = pools_.empty() ? nullptr : &pools_.begin()->second;
    if (given != nullptr && given->start)
    {
        retold_ = std::min(*retold_, count_in(*given->start, "block"));
        tell_start(*given);
    }
    const auto time = count_in(event, "t");
    const auto before = (first - *retold_) * slot_seconds;
    start_ = std::min(time, std::max(time - std::min(time, before), start_min_));
}

std::uint64_t Teller::block_of(std::uint64_t block)
{
    const auto number = block - retold_.value();
    if (number > blocks_max)
    {
        throw std::invalid_argument{
            fmt::format("a ledger of a replay has at most {} blocks", blocks_max)};
    }
    last_block_ = std::max(last_block_, number);
    return number;
}

void Teller::note_time(std::uint64_t block, std::uint64_t time)
{
    if (times_.empty() || times_.back().first < block)
    {
        if (time < (times_.empty() ? start_ : times_.back().second))
            throw std::invalid_argument{"\"t\": expected times that do not go back"};
        times_.emplace_back(block, time);
    }
    else if (times_.back().second != time)
        throw std::invalid_argument{"\"t\": expected one time for all events of a block"};
}

std::string Teller::sender(const json& line, const char* role)
{
    if (!line.contains(role))
        return std::string{somebody};
    const auto address = address_in(line, role);
    const auto name = name_of(address);
    // A pool that is yet to be created does nothing of its own accord. Other contracts do: mainnet
    // has a pool of the very contract that holds most positions.
    const auto contract = contracts_.find(name);
    const bool is_to_come = contract != contracts_.end() && contract->second.empty();
    return address == Address{} || is_to_come ? std::string{somebody} : name;
}

void Teller::fund(const std::string& account, const std::string& token, const Amount& amount)
{
    if (amount >= Amount::power_of_two(amount_bits_max))
    {
        throw std::invalid_argument{
            fmt::format("a ledger has amounts below 2^{}", amount_bits_max)};
    }
    auto& sum = held_[token][account];
    sum = wrapping_add(sum, amount);
}

void Teller::add_line(std::uint64_t block, const std::string& from, const std::string& calls,
    const std::string& expect)
{
    if (++lines_ > events_max)
        throw std::invalid_argument{fmt::format("a ledger holds at most {} events", events_max)};
    senders_.insert(from);
    script_ += fmt::format(
        "\n[[script]]\nat_block = {}\nfrom = \"{}\"\ngas_limit = {}\npriority_fee = 0\n"
        "calls = [{}]\n",
        block, from, gas_limit, calls);
    if (!expect.empty())
        script_ += fmt::format("expect = {{ {} }}\n", expect);
    if (script_.size() > text_max)
    {
        throw std::invalid_argument{
            fmt::format("a ledger holds a script of at most {} MiB", text_max >> 20U)};
    }
}

std::string Teller::payment(const Pool& pool, bool pays0, bool pays1)
{
    std::string calls;
    for (const unsigned side : {0U, 1U})
    {
        if (!(side == 0 ? pays0 : pays1))
            continue;
        calls += fmt::format(
            "{}{{ contract = \"{}\", call = \"transfer\", to = \"{}\", value = {{ "
            "callback = {} }} }}",
            calls.empty() ? "" : ", ", side == 0 ? pool.token0 : pool.token1, pool.name, side);
    }
    return calls;
}

void Teller::tell(const json& line)
{
    if (is_header(line))
        return;
    const auto& kind = text_of(line, "k");
    if (kind == "start")
        return;
    if (kind == "end")
    {
        if (retold_)
            (void)block_of(count_in(line, line.contains("b") ? "b" : "block"));
        return;
    }
    begin_at(line);
    const auto block = block_of(count_in(line, "b"));
    note_time(block, count_in(line, "t"));
    const auto& pool = pool_of(line);
    if (kind == "create")
    {
        add_line(block, std::string{somebody},
            fmt::format("{{ contract = \"{0}\", call = \"createPool\", token_a = \"{1}\", token_b "
                        "= \"{2}\", fee = {3}, as = \"{4}\" }}",
                factory_address, pool.token0, pool.token1, pool.fee, pool.name),
            fmt::format("events = [{{ contract = \"{}\", event = \"PoolCreated\", tick_spacing = "
                        "{}, pool = \"{}\" }}]",
                factory_address, pool.tick_spacing, pool.name));
        return;
    }
    if (kind == "init")
    {
        add_line(block, std::string{somebody},
            fmt::format("{{ contract = \"{}\", call = \"initialize\", sqrt_price_x96 = \"{}\" }}",
                pool.name, amount_in(line, "sqrtPriceX96").to_string()),
            fmt::format("events = [{{ contract = \"{}\", event = \"Initialize\", tick = {} }}]",
                pool.name, tick_in(line, "tick")));
        return;
    }
    if (kind == "mint" || kind == "burn")
    {
        const bool is_mint = kind == "mint";
        const std::array amounts{amount_in(line, "a0"), amount_in(line, "a1")};
        auto from = sender(line, "owner");
        if (is_mint)
        {
            fund(from, pool.token0, amounts[0]);
            fund(from, pool.token1, amounts[1]);
        }
        const auto call = fmt::format(
            "{{ contract = \"{}\", call = \"{}\", {}tick_lower = {}, "
            "tick_upper = {}, amount = \"{}\"{} }}",
            pool.name, kind,
            is_mint ? fmt::format("recipient = \"{}\", ", name_of(address_in(line, "owner"))) : "",
            tick_in(line, "lo"), tick_in(line, "hi"), amount_in(line, "L").to_string(),
            is_mint ? fmt::format(", data = [{}]", payment(pool, true, true)) : "");
        add_line(block, from, call,
            fmt::format(
                "returns = [\"{}\", \"{}\"]", amounts[0].to_string(), amounts[1].to_string()));
        return;
    }
    const std::array amounts{number_in(line, "a0"), number_in(line, "a1")};
    const auto from = sender(line, "sender");
    for (const unsigned side : {0U, 1U})
    {
        if (!amounts[side].is_negative())
            fund(from, side == 0 ? pool.token0 : pool.token1, amounts[side].bits);
    }
    const bool zero_for_one = flag_of(line, "zeroForOne");
    add_line(block, from,
        fmt::format("{{ contract = \"{}\", call = \"swap\", recipient = \"{}\", zero_for_one = {}, "
                    "amount_specified = \"{}\", sqrt_price_limit_x96 = \"{}\", data = [{}] }}",
            pool.name,
            line.contains("recipient") ? name_of(address_in(line, "recipient"))
                                       : std::string{somebody},
            zero_for_one, number_in(line, "amountSpecified").to_string(),
            amount_in(line, "limit").to_string(), payment(pool, zero_for_one, !zero_for_one)),
        fmt::format("events = [{{ contract = \"{}\", event = \"Swap\", amount0 = \"{}\", amount1 = "
                    "\"{}\", sqrt_price_x96 = \"{}\", liquidity = \"{}\", tick = {} }}]",
            pool.name, amounts[0].to_string(), amounts[1].to_string(),
            amount_in(line, "sqrtPriceX96").to_string(), amount_in(line, "L").to_string(),
            tick_in(line, "tick")));
}

/// The records that the pool has before the first event.
void Teller::tell_start(const Pool& pool)
{
    const auto& start = pool.start.value();
    const auto digits = [](const json& object, const char* name)
    { return digits_of(member(object, name), name); };
    const auto table = [this](std::string_view name, const std::string& rows)
    { state_ += fmt::format("\n[state.{}]\nrows = \"\"\"\n{}\"\"\"\n", name, rows); };

    const auto fee_protocol = start.contains("feeProtocol") ? count_in(start, "feeProtocol") : 0;
    table("pool_state",
        fmt::format("table,number,sqrt_price_x96,liquidity,fee_growth_global0_x128,"
                    "fee_growth_global1_x128,tick,observation_index,observation_cardinality,"
                    "observation_cardinality_next,fee_protocol,unlocked\n"
                    "{}.state,0,{},{},{},{},{},{},{},{},{},true\n",
            pool.name, digits(start, "sqrtPriceX96"), digits(start, "liquidity"),
            digits(start, "feeGrowthGlobal0X128"), digits(start, "feeGrowthGlobal1X128"),
            digits(start, "tick"), digits(start, "observationIndex"),
            digits(start, "observationCardinality"), digits(start, "observationCardinalityNext"),
            fee_protocol));

    struct Tick
    {
        Int256 gross;
        Int256 net;
        std::string rest = "0,0,0,0,0";
    };
    std::map<std::int32_t, Tick> ticks;
    const auto plus = [](const Int256& a, const Int256& b)
    { return Int256::from_bits(wrapping_add(a.bits, b.bits)); };
    const auto minus = [](const Int256& a, const Int256& b)
    { return Int256::from_bits(wrapping_sub(a.bits, b.bits)); };
    const auto current = tick_in(start, "tick");
    Int256 below;
    Int256 all;
    for (const auto& values : list_in(start, "ticks"))
    {
        const auto row = row_of(values,
            {"tick", "gross", "net", "growth0", "growth1", "cumulative", "liquidity", "seconds"},
            "ticks");
        Tick tick{number_in(row, "gross"), number_in(row, "net"),
            fmt::format("{},{},{},{},{}", digits(row, "growth0"), digits(row, "growth1"),
                digits(row, "liquidity"), digits(row, "cumulative"), digits(row, "seconds"))};
        if (tick.gross.is_zero())
            continue;
        const auto at = tick_in(row, "tick");
        all = plus(all, tick.net);
        if (at <= current)
            below = plus(below, tick.net);
        ticks.emplace(at, std::move(tick));
    }
    // Ticks that the file leaves out lie beyond those that it has: their sum stands at the ends.
    const auto end = max_tick / pool.tick_spacing * pool.tick_spacing;
    const auto put = [&](std::int32_t at, const Int256& net)
    {
        if (net.is_zero())
            return;
        auto& tick = ticks[at];
        tick.net = plus(tick.net, net);
        tick.gross = plus(tick.gross, net.is_negative() ? minus(Int256{}, net) : net);
    };
    const auto missing = minus(Int256::from_bits(amount_in(start, "liquidity")), below);
    put(-end, missing);
    put(end, minus(Int256{}, plus(all, missing)));

    std::string rows =
        "table,number,liquidity_gross,liquidity_net,fee_growth_outside0_x128,"
        "fee_growth_outside1_x128,seconds_per_liquidity_outside_x128,tick_cumulative_outside,"
        "seconds_outside,initialized\n";
    std::map<std::int32_t, Amount> words;
    for (const auto& [at, tick] : ticks)
    {
        rows += fmt::format("{}.ticks,{},{},{},{},true\n", pool.name, at - min_tick,
            tick.gross.to_string(), tick.net.to_string(), tick.rest);
        const auto [word, bit] = bit_position(at / pool.tick_spacing);
        words[word].set_bit(bit, true);
    }
    table("pool_ticks", rows);
    constexpr std::int32_t first_word = -32'768;
    rows = "table,number,amount\n";
    for (const auto& [word, bits] : words)
        rows += fmt::format("{}.bitmap,{},{}\n", pool.name, word - first_word, bits.to_string());
    table("pool_bitmap", rows);

    rows =
        "table,number,block_timestamp,tick_cumulative,seconds_per_liquidity_cumulative_x128,"
        "initialized\n";
    std::size_t slot = 0;
    for (const auto& values : list_in(start, "observations"))
    {
        const auto row = row_of(values, {"time", "ticks", "liquidity"}, "observations");
        const auto time = count_in(row, "time");
        // Slots that were made ready hold a 1.
        rows += fmt::format("{}.observations,{},{},{},{},{}\n", pool.name, slot++, time,
            digits(row, "ticks"), digits(row, "liquidity"), time > 1);
        start_min_ = std::max(start_min_, time);
    }
    table("pool_observations", rows);

    rows =
        "table,key.owner,key.tick_lower,key.tick_upper,value.liquidity,"
        "value.fee_growth_inside0_last_x128,value.fee_growth_inside1_last_x128,"
        "value.tokens_owed0,value.tokens_owed1\n";
    for (const auto& values : list_in(start, "positions"))
    {
        const auto row = row_of(values,
            {"owner", "lo", "hi", "liquidity", "growth0", "growth1", "owed0", "owed1"},
            "positions");
        rows += fmt::format("{}.positions,{},{},{},{},{},{},{},{}\n", pool.name,
            name_of(address_in(row, "owner")), tick_in(row, "lo"), tick_in(row, "hi"),
            digits(row, "liquidity"), digits(row, "growth0"), digits(row, "growth1"),
            digits(row, "owed0"), digits(row, "owed1"));
    }
    table("pool_positions", rows);

    const auto& balances = list_in(start, "balances");
    for (const unsigned side : {0U, 1U})
    {
        held_[side == 0 ? pool.token0 : pool.token1][pool.name] =
            parse_amount(digits_of(balances.at(side), "balances"));
    }
}

void Teller::tell_pool(
    const Amount& sqrt_price_x96, const TickSpacing& spacing, std::uint64_t block)
{
    if (block == 0)
        throw std::invalid_argument{"expected a block behind block 0"};
    retold_ = block - 1;
    for (const auto* token : {"token0", "token1"})
        contracts_[token] =
            fmt::format("[tokens.{}]\nkind = \"erc20\"\nflavour = \"uniswap\"\n", token);
    contracts_["factory"] = "[contracts.factory]\nkind = \"uniswap_v3_factory\"\n";
    contracts_["pool"] = fmt::format(
        "[contracts.pool]\nkind = \"uniswap_v3_pool\"\nfactory = \"factory\"\ntoken0 = \"token0\"\n"
        "token1 = \"token1\"\nfee = {}\n",
        spacing.fee());
    // At another price than mainnet's they pay other amounts.
    for (const auto* token : {"token0", "token1"})
        held_[token][std::string{somebody}] = Amount::power_of_two(amount_bits_max);
    add_line(1, std::string{somebody},
        fmt::format("{{ contract = \"pool\", call = \"initialize\", sqrt_price_x96 = \"{}\" }}",
            sqrt_price_x96.to_string()),
        {});
}

void Teller::tell(const LiquidityEvent& event)
{
    static const Pool pool{"pool", "token0", "token1", 0, 0, true, {}};
    const auto call = fmt::format(
        "{{ contract = \"pool\", call = \"{}\", {}tick_lower = {}, "
        "tick_upper = {}, amount = \"{}\"{} }}",
        event.is_mint ? "mint" : "burn",
        event.is_mint ? fmt::format("recipient = \"{}\", ", somebody) : "", event.tick_lower,
        event.tick_upper, event.liquidity.to_string(),
        event.is_mint ? fmt::format(", data = [{}]", payment(pool, true, true)) : "");
    add_line(block_of(event.block), std::string{somebody}, call, {});
}

std::string Teller::text() const
{
    std::string text = fmt::format(
        "[scenario]\nname = \"{}\"\ntitle = \"Uniswap v3, mainnet's blocks {} to {}\"\n"
        "description = \"Recorded events of pools, done again. Block 0 stands for mainnet's block "
        "{}.\"\nblocks = {}\nslot_seconds = {}\nstart = {}\nretold_block = {}\n",
        name_, *retold_ + 1, *retold_ + last_block_, *retold_, last_block_, slot_seconds, start_,
        *retold_);
    if (!times_.empty())
    {
        text += "block_times = [";
        for (const auto& [block, time] : times_)
            text += fmt::format("[{}, {}], ", block, time);
        text += "]\n";
    }
    // Gas costs nothing, and nobody is paid for blocks: the file says nothing of either.
    text += fmt::format(
        "\n[chain]\nvalidators = 1\nparticipation = 1\nblock_reward = 0\n"
        "initial_base_fee = 0\nmin_base_fee = 0\nblock_gas_limit = {}\n",
        block_gas_limit);
    for (const auto& [name, table] : contracts_)
    {
        if (!table.empty())
            text += '\n' + table;
    }
    for (const auto& account : senders_)
    {
        if (contracts_.contains(account))
            continue;
        text += fmt::format("\n[accounts.{}]\n", account);
    }
    // What each has to pay in, and pools already have.
    std::string rows = "table,account,number,amount,total_supply\n";
    for (const auto& [token, holders] : held_)
    {
        Amount supply;
        for (const auto& [account, amount] : holders)
        {
            supply = wrapping_add(supply, amount);
            rows += fmt::format("{}.balances,{},,{},\n", token, account, amount.to_string());
        }
        rows += fmt::format("{}.supply,,0,,{}\n", token, supply.to_string());
    }
    text += fmt::format("\n[state.balances]\nrows = \"\"\"\n{}\"\"\"\n", rows);
    return text + state_ + script_;
}

/// Of a file, for people: without its folder and what says how it is packed.
std::string stem_of(const std::string& path)
{
    std::filesystem::path file{path};
    file = file.filename();
    for (const auto* ending : {".gz", ".ndjson", ".csv"})
    {
        if (file.extension() == ending)
            file = file.stem();
    }
    auto name = file.string();
    std::replace_if(
        name.begin(), name.end(),
        [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; }, '_');
    return name.empty() ? "replay" : name;
}
}  // namespace

std::string chain_scenario(
    const std::string& path, const std::string& snapshots, const std::string& tokens)
{
    Teller teller{stem_of(path), read_tokens(tokens)};
    // The number of the line that is wrong.
    const auto read = [&path](const auto& visit_all)
    {
        LineReader reader{path};
        try
        {
            visit_all(reader);
            if (!reader.error().empty())
                throw std::invalid_argument{reader.error()};
        }
        catch (const std::exception& error)
        {
            throw std::invalid_argument{fmt::format("{}:{}: {}", path, reader.line(), said(error))};
        }
    };
    if (is_csv(path))
    {
        auto price = Amount::power_of_two(fixed_point_96);
        if (!snapshots.empty())
            price = read_snapshots(snapshots).back().sqrt_price_x96;
        TickSpacing spacing;
        std::uint64_t first_block = 0;
        read(
            [&](LineReader& reader)
            {
                for_each_row(reader,
                    [&](const LiquidityEvent& event)
                    {
                        spacing.narrow(event);
                        if (first_block == 0)
                            first_block = event.block;
                        return true;
                    });
            });
        teller.tell_pool(price, spacing, first_block);
        read(
            [&](LineReader& reader)
            {
                for_each_row(reader,
                    [&](const LiquidityEvent& event)
                    {
                        teller.tell(event);
                        return true;
                    });
            });
        return teller.text();
    }
    read([&](LineReader& reader)
        { for_each_line(reader, [&](const json& line) { teller.meet(line); }); });
    read([&](LineReader& reader)
        { for_each_line(reader, [&](const json& line) { teller.tell(line); }); });
    return teller.text();
}

}  // namespace runnel::replay
