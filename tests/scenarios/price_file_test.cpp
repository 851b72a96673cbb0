#include "scenarios/price_file.hpp"

#include "tests/scenarios/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace runnel::scenarios;
using runnel::scenarios::tests::TemporaryDirectory;

namespace
{
constexpr std::uint64_t usd = 100'000'000;
constexpr std::int64_t may = 1'714'521'600;  // 2024-05-01
constexpr std::int64_t day = 86'400;

PriceBar bar(std::int64_t days, std::uint64_t open, std::uint64_t high, std::uint64_t low,
    std::uint64_t close)
{
    return {may + days * day, open * usd, high * usd, low * usd, close * usd};
}

std::vector<PriceBar> bars_of(std::string_view text, const PriceFileLayout& layout = {})
{
    const TemporaryDirectory directory;
    const auto bars = read_price_bars(directory.write("p.csv", text), layout);
    INFO(text);
    INFO((bars ? "" : bars.error()));
    REQUIRE(bars.has_value());
    return *bars;
}

/// Without the name of the file's directory.
std::string error_of(std::string_view text, const PriceFileLayout& layout = {})
{
    const TemporaryDirectory directory;
    const auto bars = read_price_bars(directory.write("p.csv", text), layout);
    INFO(text);
    REQUIRE_FALSE(bars.has_value());
    CHECK(bars.error().find('\n') == std::string::npos);
    return bars.error().substr(directory.path().string().size() + 1);
}

bool has(const std::string& text, std::string_view part)
{
    INFO(text);
    return text.find(part) != std::string::npos;
}

const std::vector<PriceBar>& four_days()
{
    static const std::vector<PriceBar> bars{bar(0, 3000, 3060, 2950, 3010),
        bar(1, 3010, 3070, 2960, 3020), bar(2, 3020, 3080, 2970, 3030),
        bar(3, 3030, 3090, 2980, 3040)};
    return bars;
}

/// Of files without opens, highs and lows: a bar opens at the close before.
std::vector<PriceBar> four_closes()
{
    return {bar(0, 3010, 3010, 3010, 3010), bar(1, 3010, 3020, 3010, 3020),
        bar(2, 3020, 3030, 3020, 3030), bar(3, 3030, 3040, 3030, 3040)};
}

/// Of files with prices of moments: a bar leads from one to the next.
std::vector<PriceBar> four_moments()
{
    return {bar(0, 3010, 3020, 3010, 3020), bar(1, 3020, 3030, 3020, 3030),
        bar(2, 3030, 3040, 3030, 3040), bar(3, 3040, 3040, 3040, 3040)};
}

std::string replaced(std::string text, std::string_view what, std::string_view by)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

// Rows of unix,open,high,low,close.
const std::string seconds =
    "unix,open,high,low,close\n"
    "1714521600,3000.0,3060.0,2950.0,3010.0\n"
    "1714608000,3010.0,3070.0,2960.0,3020.0\n"
    "1714694400,3020.0,3080.0,2970.0,3030.0\n"
    "1714780800,3030.0,3090.0,2980.0,3040.0\n";
}  // namespace

TEST_CASE(
    "price file: layouts of exchanges and data sites are read as they come", "[scenarios][prices]")
{
    const auto* text = GENERATE(
        // Yahoo.
        "Date,Open,High,Low,Close,Adj Close,Volume\n"
        "2024-05-01,3000.0,3060.0,2950.0,3010.0,1.0,1\n2024-05-02,3010.0,3070.0,2960.0,3020.0,1,1\n"
        "2024-05-03,3020.0,3080.0,2970.0,3030.0,1.0,1\n2024-05-04,3030.0,3090.0,2980.0,3040.0,1,"
        "1\n",
        // pandas, seconds that became binary numbers.
        "unix,open,high,low,close\n1714521600.0,3000.0,3060.0,2950.0,3010.0\n"
        "1714608000.0,3010.0,3070.0,2960.0,3020.0\n1714694400.0,3020.0,3080.0,2970.0,3030.0\n"
        "1714780800.0,3030.0,3090.0,2980.0,3040.0\n",
        // Binance's archive, without its header and with it.
        "1714521600000,3000.0,3060.0,2950.0,3010.0,9.5,1714607999999,100.5,7,1.5,2.5,0\n"
        "1714608000000,3010.0,3070.0,2960.0,3020.0,9.5,1714694399999,100.5,7,1.5,2.5,0\n"
        "1714694400000,3020.0,3080.0,2970.0,3030.0,9.5,1714780799999,100.5,7,1.5,2.5,0\n"
        "1714780800000,3030.0,3090.0,2980.0,3040.0,9.5,1714867199999,100.5,7,1.5,2.5,0\n",
        "open_time,open,high,low,close,volume,close_time\n"
        "1714521600000,3000.0,3060.0,2950.0,3010.0,9.5,1714607999999\n"
        "1714608000000,3010.0,3070.0,2960.0,3020.0,9.5,1714694399999\n"
        "1714694400000,3020.0,3080.0,2970.0,3030.0,9.5,1714780799999\n"
        "1714780800000,3030.0,3090.0,2980.0,3040.0,9.5,1714867199999\n",
        // The same since 2025, and a file put together from before, then and nanoseconds.
        "1714521600000000,3000,3060,2950,3010,9\n1714608000000000,3010,3070,2960,3020,9\n"
        "1714694400000000,3020,3080,2970,3030,9\n1714780800000000,3030,3090,2980,3040,9\n",
        "1714521600,3000,3060,2950,3010,9\n1714608000000,3010,3070,2960,3020,9\n"
        "1714694400000000,3020,3080,2970,3030,9\n1714780800000000000,3030,3090,2980,3040,9\n",
        // CryptoDataDownload: a line above the header, newest first.
        "https://example.invalid\nunix,date,symbol,open,high,low,close,Volume ETH,tradecount\n"
        "1714780800000,2024-05-04 00:00:00,ETH/USDT,3030.0,3090.0,2980.0,3040.0,1,1\n"
        "1714694400000,2024-05-03 00:00:00,ETH/USDT,3020.0,3080.0,2970.0,3030.0,1,1\n"
        "1714608000000,2024-05-02 00:00:00,ETH/USDT,3010.0,3070.0,2960.0,3020.0,1,1\n"
        "1714521600000,2024-05-01 00:00:00,ETH/USDT,3000.0,3060.0,2950.0,3010.0,1,1\n",
        // Spreadsheets: a byte order mark, the separator on a line of its own, CR LF.
        "\xef\xbb\xbfsep=;\r\nunix;open;high;low;close\r\n1714521600;3000,0;3060,0;2950,0;3010,"
        "0\r\n"
        "1714608000;3010,0;3070,0;2960,0;3020,0\r\n1714694400;3020,0;3080,0;2970,0;3030,0\r\n"
        "1714780800;3030,0;3090,0;2980,0;3040,0\r\n",
        // CoinMarketCap.
        "timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;timestamp\n"
        "\"2024-05-04T00:00:00.000Z\";\"x\";\"x\";\"x\";\"2781\";3030;3090;2980;3040;1;1;\"x\"\n"
        "\"2024-05-03T00:00:00.000Z\";\"x\";\"x\";\"x\";\"2781\";3020;3080;2970;3030;1;1;\"x\"\n"
        "\"2024-05-02T00:00:00.000Z\";\"x\";\"x\";\"x\";\"2781\";3010;3070;2960;3020;1;1;\"x\"\n"
        "\"2024-05-01T00:00:00.000Z\";\"x\";\"x\";\"x\";\"2781\";3000;3060;2950;3010;1;1;\"x\"\n",
        // Investing.com: the price is the close, thousands have commas.
        "\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n"
        "\"May 04, 2024\",\"3,040.00\",\"3,030.00\",\"3,090.00\",\"2,980.00\",\"1K\",\"0.1%\"\n"
        "\"May 03, 2024\",\"3,030.00\",\"3,020.00\",\"3,080.00\",\"2,970.00\",\"1K\",\"0.1%\"\n"
        "\"May 02, 2024\",\"3,020.00\",\"3,010.00\",\"3,070.00\",\"2,960.00\",\"1K\",\"0.1%\"\n"
        "\"May 01, 2024\",\"3,010.00\",\"3,000.00\",\"3,060.00\",\"2,950.00\",\"1K\",\"0.1%\"\n",
        // A German spreadsheet, MetaTrader with tabs and with commas, Stooq.
        "Datum;date;open;high;low;close\nx;01.05.2024;3.000,00;3.060,00;2.950,00;3.010,00\n"
        "x;02.05.2024;3.010,00;3.070,00;2.960,00;3.020,00\n"
        "x;03.05.2024;3.020,00;3.080,00;2.970,00;3.030,00\n"
        "x;04.05.2024;3.030,00;3.090,00;2.980,00;3.040,00\n",
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\n"
        "2024.05.01\t00:00:00\t3000\t3060\t2950\t3010\n2024.05.02\t00:00:"
        "00\t3010\t3070\t2960\t3020\n"
        "2024.05.03\t00:00:00\t3020\t3080\t2970\t3030\n2024.05.04\t00:00:"
        "00\t3030\t3090\t2980\t3040\n",
        "2024.05.01,00:00,3000,3060,2950,3010,5\n2024.05.02,00:00,3010,3070,2960,3020,5\n"
        "2024.05.03,00:00,3020,3080,2970,3030,5\n2024.05.04,00:00,3030,3090,2980,3040,5\n",
        "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>\n20240501,3000,3060,2950,3010\n"
        "20240502,3010,3070,2960,3020\n20240503,3020,3080,2970,3030\n20240504,3030,3090,2980,"
        "3040\n",
        // A comment, blanks around fields, a header repeated in the middle, old Mac line ends.
        "# Source: an exchange\n unix | open | high | low | close \n"
        "1714521600 | 3000 | 3060 | 2950 | 3010\n1714608000 | 3010 | 3070 | 2960 | 3020\n"
        " unix | open | high | low | close \n"
        "1714694400 | 3020 | 3080 | 2970 | 3030\n1714780800 | 3030 | 3090 | 2980 | 3040\n",
        "unix,open,high,low,close\r1714521600,3000,3060,2950,3010\r1714608000,3010,3070,2960,3020\r"
        "1714694400,3020,3080,2970,3030\r1714780800,3030,3090,2980,3040\r");
    CHECK(bars_of(text) == four_days());
}

TEST_CASE("price file: quotes and separators change nothing", "[scenarios][prices]")
{
    CHECK(bars_of(seconds) == four_days());
    for (const auto* separator : {",", ";", "\t", "|"})
    {
        const auto separated = replaced(seconds, ",", separator);
        CHECK(bars_of(separated) == four_days());
        const auto quoted =
            "\"" + replaced(replaced(separated, separator, std::string{"\""} + separator + "\""),
                       "\n", "\"\n\"");
        CHECK(bars_of(quoted.substr(0, quoted.size() - 1)) == four_days());
        CHECK(bars_of(replaced(separated, "\n", "\r\n")) == four_days());
        CHECK(bars_of(separated.substr(separated.find('\n') + 1)) == four_days());
        CHECK(bars_of("any line\n\n" + separated) == four_days());
    }
}

TEST_CASE(
    "price file: one price per row is a close or a moment's, by its name", "[scenarios][prices]")
{
    const std::string rows =
        "2024-05-01 00:00:00+00:00,3010.0,1\n2024-05-02T02:00+02:00,3020.0,1\n"
        "2024-05-03 00:00:00 UTC,3030.0,1\n20240504T000000Z,3040.0,1\n";
    CHECK(bars_of(",price,volume\n" + rows) == four_moments());
    // CoinGecko.
    CHECK(bars_of("snapped_at,price,total_volume\n" + rows) == four_moments());
    CHECK(bars_of("time,PriceUSD,x\n" + rows) == four_moments());
    CHECK(bars_of("timestamp,close,volume\n" + rows) == four_closes());
    CHECK(bars_of("timestamp,foo,volume\n" + rows, {.close_column = "foo"}) == four_closes());
    CHECK(bars_of("timestamp,foo,volume\n" + rows, {.price_column = "foo"}) == four_moments());
    CHECK(bars_of("1714521600,3010\n1714608000,3020\n1714694400,3030\n1714780800,3040\n") ==
          four_moments());
    // Across missing moments nothing is known of the way.
    auto bars = four_moments();
    bars.erase(bars.begin() + 1);
    bars[0] = bar(0, 3010, 3010, 3010, 3010);
    bars[2].unix += day;
    bars[1] = bar(2, 3030, 3030, 3030, 3030);
    bars.insert(bars.end(), {bar(5, 3050, 3060, 3050, 3060), bar(6, 3060, 3060, 3060, 3060)});
    bars[2] = bar(4, 3040, 3050, 3040, 3050);
    CHECK(bars_of("date,price\n2024-05-01,3010\n2024-05-03,3030\n2024-05-05,3040\n2024-05-06,3050\n"
                  "2024-05-07,3060\n2024-05-08,null\n") == bars);
}

TEST_CASE("price file: keys name what the file does not", "[scenarios][prices]")
{
    const std::string rows =
        "9,1714521600,3000,3060,2950,3010\n9,1714608000,3010,3070,2960,3020\n"
        "9,1714694400,3020,3080,2970,3030\n9,1714780800,3030,3090,2980,3040\n";
    CHECK(bars_of("a,b,c,d,e,f\n" + rows, {.time_column = "b",
                                              .open_column = "c",
                                              .high_column = "d",
                                              .low_column = "e",
                                              .close_column = "f"}) == four_days());
    CHECK(bars_of(rows, {.time_column = "2"}) == four_days());
    CHECK(bars_of(rows, {.time_column = "2", .close_column = "6"}) == four_closes());
    // Coinbase's order, and a header of another meaning.
    CHECK(bars_of("1714521600,2950,3060,3000,3010,1\n1714608000,2960,3070,3010,3020,1\n"
                  "1714694400,2970,3080,3020,3030,1\n1714780800,2980,3090,3030,3040,1\n",
              {.open_column = "4", .high_column = "3", .low_column = "2", .close_column = "5"}) ==
          four_days());
    CHECK(bars_of("1,2,3,4,5\n7,8,9,10,11\n" + seconds.substr(seconds.find('\n') + 1),
              {.skip_lines = 2}) == four_days());
    CHECK(bars_of("t,close\n1714521600000,1\n1714608000000,2\n",
              {.time_unit = PriceFileLayout::TimeUnit::microseconds})[0]
              .unix == 1'714'521);
    CHECK(bars_of("unix,close\n45413,1\n45414,2\n")[0].unix == 45'413);
    // Nasdaq.
    CHECK(bars_of("Date,Close/Last,Volume,Open,High,Low\n"
                  "05/01/2024,$3010.00,9,$3000.00,$3060.00,$2950.00\n"
                  "05/02/2024,$3020.00,9,$3010.00,$3070.00,$2960.00\n"
                  "05/03/2024,$3030.00,9,$3020.00,$3080.00,$2970.00\n"
                  "05/04/2024,$3040.00,9,$3030.00,$3090.00,$2980.00\n",
              {.date_order = PriceFileLayout::DateOrder::month_day_year}) == four_days());
    const auto dates = "date,close\n01/05/2024,1\n01/06/2024,2\n01/07/2024,3\n";
    CHECK(bars_of(dates, {.date_order = PriceFileLayout::DateOrder::day_month_year})[1].unix ==
          may + 31 * day);
    CHECK(bars_of(dates, {.date_order = PriceFileLayout::DateOrder::month_day_year})[1].unix ==
          1'704'412'800 + day);
    const auto marks = "date;close\n2024-05-01;3,010\n2024-05-02;3,020\n";
    CHECK(bars_of(marks, {.decimal_mark = PriceFileLayout::DecimalMark::point})[0].close ==
          3'010 * usd);
    CHECK(bars_of(marks, {.decimal_mark = PriceFileLayout::DecimalMark::comma})[0].close ==
          301'000'000);
}

TEST_CASE("price file: times of day are read in the forms in use", "[scenarios][prices]")
{
    struct Case
    {
        const char* text;
        std::int64_t unix;
    };
    const auto c = GENERATE(Case{"2024-05-01 13:30", may + 48'600},
        Case{"2024-05-01T13:30:05.999Z", may + 48'605},
        Case{"2024-05-01T13:30:05-0130", may + 54'005}, Case{"2024/5/1 1:30 PM", may + 48'600},
        Case{"2024-05-01 12-AM", may}, Case{"2024-05-01 11-PM", may + 82'800},
        Case{"1 May 2024 01:00", may + 3'600}, Case{"May 1, 2024", may}, Case{"01-May-2024", may},
        Case{"2024-May-01", may}, Case{"Wed, 01 May 2024 00:00:00 GMT", may},
        Case{"Wed May 01 2024 02:00:00 GMT+0200 (UTC)", may}, Case{"202405010130", may + 5'400},
        Case{"20240501013005", may + 5'405}, Case{"20.05.2024 00:00", may + 19 * day},
        Case{"20/05/2024", may + 19 * day}, Case{"05/20/2024", may + 19 * day});
    CHECK(bars_of(std::string{"date;close\n"} + c.text + ";1\n")[0].unix == c.unix);
}

TEST_CASE("price file: what cannot be told is refused by the name of the key that tells it",
    "[scenarios][prices]")
{
    CHECK(has(error_of("date,close\n01/05/2024,1\n01/06/2024,2\n"),
        "p.csv:2: time: expected dates that tell day from month, got \"01/05/2024\" (date_order"));
    CHECK(has(error_of("date,close\n5/1/24,1\n"), "(date_order"));
    CHECK(has(error_of("date,close\n13/05/2024,1\n05/14/2024,2\n"), "p.csv:3:1: time: "));
    CHECK(has(error_of("date,close\n45413,1\n45414,2\n"), "(time_unit"));
    CHECK(has(error_of("date;close\n2024-05-01;3,010\n2024-05-02;3,020\n"), "(decimal_mark"));
    CHECK(has(error_of("date;close\n2024-05-01;3,5\n2024-05-02;3,020.5\n"), "(decimal_mark"));
    CHECK(has(error_of("date,close,Close\n2024-05-01,1,2\n"), "(close_column says which)"));
    CHECK(has(error_of("when,what\n2024-05-01,1\n"), "got \"when\", \"what\" (time_column"));
    CHECK(has(error_of("date,amount,size\n2024-05-01,1,5\n"), "close_column or price_column"));
    CHECK(has(error_of("2024-05-01,1,5\n"), "(close_column or price_column says which)"));
    CHECK(has(error_of("1714521600,2950,3060,3000,3010,1\n"), "without a header, columns are"));
    CHECK(has(error_of("1714521600,1,1,1,1\n", {.close_column = "close"}),
        "expected close_column to be a number from 1 to 5"));
    CHECK(has(error_of(seconds, {.open_column = "first"}), "\"first\" (open_column)"));
    CHECK(
        has(error_of("date,close\n2024-05-01 00:00 EST,1\n"), "p.csv:2:1: time: expected a time"));
    CHECK(has(error_of("date,close\n2024-02-30,1\n"), "p.csv:2:1: time: expected a time"));
    CHECK(has(error_of("\xff\xfe"
                       "d\0"),
        "UTF-16"));
    CHECK(has(error_of("unix,close\n1714521600,0.0000000004\n"), "within a thousandth"));
}
