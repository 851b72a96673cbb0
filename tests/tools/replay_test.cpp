#include "tools/replay/replay.hpp"

#include "ledger/amount.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace runnel::replay
{
namespace
{
std::string vector_path(const std::string& name)
{
    return std::string{RUNNEL_TEST_VECTORS} + '/' + name;
}

/// The first lines of a recording.
std::vector<std::string> head(const std::string& name, std::size_t count)
{
    std::vector<std::string> lines;
    auto* file = gzopen(vector_path(name).c_str(), "rb");
    REQUIRE(file != nullptr);
    std::array<char, 1U << 16U> line{};
    while (lines.size() < count && gzgets(file, line.data(), static_cast<int>(line.size())))
        lines.emplace_back(line.data());
    gzclose(file);
    return lines;
}

/// A file in the temporary folder that goes away with the test.
class TemporaryFile
{
public:
    explicit TemporaryFile(const std::string& content, const std::string& name = "replay.ndjson")
      : path_{(std::filesystem::temp_directory_path() /
               ("runnel_replay_test_" + std::to_string(::getpid()) + "_" + name))
                  .string()}
    {
        std::ofstream{path_, std::ios::binary} << content;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { std::filesystem::remove(path_); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

std::string join(const std::vector<std::string>& lines)
{
    std::string text;
    for (const auto& line : lines)
        text += line;
    return text;
}

void check_contains(const std::string& text, const std::string& part)
{
    CAPTURE(text, part);
    CHECK(text.find(part) != std::string::npos);
}

std::string replaced(std::string text, const std::string& from, const std::string& to)
{
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& content)
{
    const TemporaryFile file{content};
    auto error = replay_file(file.path()).error;
    CHECK(error.find('\n') == std::string::npos);
    // The path is the test's own.
    CHECK(error.rfind(file.path(), 0) == 0);
    return error.substr(std::min(error.size(), file.path().size()));
}

const std::string token_header = R"({"protocol":"openzeppelin-erc20"})"
                                 "\n"
                                 R"({"op":"deploy","a":{"users":2}})"
                                 "\n";
}  // namespace

TEST_CASE("replay: recorded operations of mainnet code match to the last unit", "[tools][replay]")
{
    struct Case
    {
        const char* file;
        const char* title;
        std::uint64_t operations;
    };
    const auto c = GENERATE(Case{"uniswap-v2-main-1.ndjson.gz", "uniswap-v2", 3'200},
        Case{"uniswap-v2-edge-1.ndjson.gz", "uniswap-v2", 2'000},
        Case{"uniswap-v3-main-1.ndjson.gz", "uniswap-v3", 3'612},
        Case{"uniswap-v3-edge-1.ndjson.gz", "uniswap-v3", 1'812},
        Case{"uniswap-v3-periphery-1.ndjson.gz", "uniswap-v3-periphery", 1'500},
        Case{"uniswap_v4_devA_seed1.ndjson.gz", "uniswap-v4", 3'308},
        Case{"curve_3pool.ndjson.gz", "curve-stableswap", 1'804},
        Case{"curve_base_template.ndjson.gz", "curve-stableswap", 1'704},
        Case{"balancer_weighted.ndjson.gz", "balancer-v2-weighted-math", 2'600},
        Case{"uniswap-lib-1.ndjson.gz", "Uniswap's libraries", 15'137},
        Case{"oz_erc20.ndjson.gz", "openzeppelin-erc20", 1'801},
        Case{"oz_erc4626.ndjson.gz", "openzeppelin-erc4626", 1'703},
        Case{"synthetix_staking_rewards.ndjson.gz", "synthetix-staking-rewards", 1'802},
        Case{"sushi_masterchef.ndjson.gz", "sushi-masterchef", 1'902},
        Case{"morpho_blue_devA_seed1.ndjson.gz", "morpho-blue", 3'400},
        Case{"morpho_blue_edge_seed1.ndjson.gz", "morpho-blue", 702},
        Case{"adaptive_irm_math_seed1.ndjson.gz", "morpho irm math", 2'500},
        Case{"aave_v37_math_seed137.ndjson.gz", "aave-v3.7 math", 1'920},
        Case{"aave_v37_pool_plainA_seed31.ndjson.gz", "aave-v3.7 pool", 1'700},
        Case{"aave_v37_pool_adminA_seed32.ndjson.gz", "aave-v3.7 pool", 1'700},
        Case{"compound_v2_plainA_seed1.ndjson.gz", "compound-v2", 2'000},
        Case{"compound_v2_adminA_seed2.ndjson.gz", "compound-v2", 2'000},
        Case{"makerdao_dss_plainA_seed1.ndjson.gz", "makerdao-dss", 2'001},
        Case{"makerdao_dss_adminA_seed2.ndjson.gz", "makerdao-dss", 2'000},
        Case{"comet_devA_seed1.ndjson.gz", "compound-v3", 3'200});
    const auto report = replay_file(vector_path(c.file));
    CAPTURE(report.kept);
    CHECK(report.error.empty());
    CHECK(report.title == c.title);
    CHECK(report.operations == c.operations);
    const bool has_state =
        report.title != "Uniswap's libraries" && report.title.find("math") == std::string::npos;
    CHECK(2 * report.comparisons > (has_state ? 10U : 3U) * report.operations);
    CHECK(report.mismatches == 0);
}

TEST_CASE("replay: answers that others have published come out", "[tools][replay]")
{
    struct Case
    {
        const char* file;
        std::uint64_t operations;
        std::uint64_t comparisons;
    };
    // Written by hand from public tests and reports: tests/vectors/README.md.
    const auto c = GENERATE(Case{"v2core_swaps", 33, 124}, Case{"v2core_fee", 8, 25},
        Case{"sdk70", 2, 6}, Case{"docs374", 3, 12}, Case{"cap264", 7, 9}, Case{"cf095_at", 7, 15},
        Case{"fee709", 7, 21}, Case{"price0", 8, 21});
    const auto report = replay_file(vector_path(std::string{"known/"} + c.file + ".ndjson.gz"));
    CAPTURE(c.file, report.kept);
    CHECK(report.error.empty());
    CHECK(report.operations == c.operations);
    CHECK(report.comparisons == c.comparisons);
    CHECK(report.mismatches == 0);
}

TEST_CASE("replay: what is charged is near what was recorded", "[tools][replay]")
{
    struct Case
    {
        const char* file;
        std::size_t kinds;     // Of operations and refusals that were recorded.
        double error_median;   // At most, of any kind that was recorded five times.
        double error_typical;  // Half of the kinds are as near.
    };
    const auto c = GENERATE(Case{"uniswap-v2-main-1.ndjson.gz", 40, 0.23, 0.005},
        Case{"uniswap-v2-edge-1.ndjson.gz", 40, 0.15, 0.015},
        Case{"aave_v3_pool_plainA_seed1.ndjson.gz", 40, 0.22, 0.04},
        Case{"aave_v3_pool_adminA_seed2.ndjson.gz", 50, 0.13, 0.04},
        Case{"uniswap-v3-main-1.ndjson.gz", 20, 0.36, 0.02},
        Case{"uniswap-v3-edge-1.ndjson.gz", 25, 0.36, 0.025},
        Case{"uniswap-v3-periphery-1.ndjson.gz", 30, 0.46, 0.11});
    const auto errors = gas_errors(replay_file(vector_path(c.file)).gas);
    CHECK(errors.size() > c.kinds);
    std::vector<double> medians;
    for (const auto& error : errors)
    {
        if (error.operations < 5)
            continue;
        CAPTURE(error.what, error.operations, error.recorded_median, error.charged_median);
        CHECK(error.error_median <= c.error_median);
        medians.push_back(error.error_median);
    }
    std::sort(medians.begin(), medians.end());
    REQUIRE_FALSE(medians.empty());
    CHECK(medians[medians.size() / 2] <= c.error_typical);
}

TEST_CASE("replay: a tampered line is a mismatch that names it", "[tools][replay]")
{
    struct Case
    {
        const char* file;
        std::size_t line;  // From 0: the header.
        const char* from;
        const char* to;
        const char* mismatch;
    };
    // One of every kind of field that is compared.
    const auto c = GENERATE(Case{"uniswap-v2-main-1.ndjson.gz", 1, R"("reserve0":"2)",
                                R"("reserve0":"3)", "line 2: state.reserve0: recorded 3"},
        Case{"uniswap-v2-main-1.ndjson.gz", 2, R"("kLast":"0")", R"("kLast":"1")",
            "line 3: state.kLast: recorded 1, replayed 0"},
        Case{"uniswap-v2-main-1.ndjson.gz", 1, R"("A2":"59)", R"("A2":"58)", "line 2: lp.A2: "},
        Case{"uniswap-v2-main-1.ndjson.gz", 1, R"("PAIR":["29)", R"("PAIR":["28)",
            "line 2: bal.PAIR[0]: "},
        Case{"uniswap-v2-main-1.ndjson.gz", 1, R"("feeTo":"ZERO")", R"("feeTo":"FEETO")",
            "line 2: feeTo: recorded FEETO, replayed ZERO"},
        Case{"uniswap-v2-main-1.ndjson.gz", 1, R"("liquidity":"5)", R"("liquidity":"6)",
            "line 2: ret.liquidity: "},
        Case{"uniswap-v2-edge-1.ndjson.gz", 1, R"(LIQUIDITY_MINTED")", R"(LIQUIDITY_BURNED")",
            "line 2: err: recorded UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED"},
        Case{"uniswap-v2-edge-1.ndjson.gz", 1, R"("err":")", R"("errKind":"x","err":")",
            "line 2: errKind: recorded x"},
        Case{"oz_erc20.ndjson.gz", 3, R"("ea":[1,)", R"("ea":[2,)", "line 4: ea[0]: recorded 2"},
        Case{"oz_erc20.ndjson.gz", 3, R"("ea":[1,"0")", R"("ea":[1,"2")", "line 4: ea[1]: "},
        Case{"oz_erc20.ndjson.gz", 3, R"("ea":[1,)", R"("ea":[1,"7",)",
            "line 4: ea: recorded 4 arguments"},
        Case{"oz_erc20.ndjson.gz", 3, R"("ok":false)", R"("ok":true)",
            "line 4: ok: recorded true, replayed false"},
        Case{"oz_erc20.ndjson.gz", 5, R"("supply":"1)", R"("supply":"2)", "line 6: s.supply: "},
        Case{"oz_erc20.ndjson.gz", 5, R"("6":"1)", R"("6":"2)", "line 6: s.bal.6: "},
        Case{"oz_erc20.ndjson.gz", 2, R"("allowance":"0")", R"("allowance":"1")",
            "line 3: s.allowance: "});
    auto lines = head(c.file, 7);
    {
        const TemporaryFile file{join(lines)};
        CHECK(replay_file(file.path()).mismatches == 0);
    }
    lines[c.line] = replaced(lines[c.line], c.from, c.to);
    const TemporaryFile file{join(lines)};
    const auto report = replay_file(file.path());
    CHECK(report.error.empty());
    CHECK(report.mismatches >= 1);
    REQUIRE_FALSE(report.kept.empty());
    check_contains(report.kept.front(), c.mismatch);
}

// LP fees, one for one: whatever positions have earned goes through collect in the end.
TEST_CASE("replay: positions of Uniswap v3 collect what was recorded, to the last unit",
    "[tools][replay]")
{
    constexpr auto* name = "uniswap-v3-main-1.ndjson.gz";
    auto lines = head(name, 10'000);
    std::size_t collects = 0;
    std::size_t paid = 0;
    std::size_t last_paid = 0;
    for (std::size_t i = 0; i < lines.size(); ++i)
    {
        if (lines[i].find(R"("op":"collect",)") == std::string::npos ||
            lines[i].find(R"("ok":true)") == std::string::npos)
            continue;
        ++collects;
        if (lines[i].find(R"("ret":{"amount0":"0","amount1":"0"})") != std::string::npos)
            continue;
        ++paid;
        last_paid = i;
    }
    CHECK(collects == 309);
    CHECK(paid == 108);
    CHECK(replay_file(vector_path(name)).mismatches == 0);

    // One unit more of either token is seen.
    for (const auto* field : {R"("ret":{"amount0":")", R"("amount1":")"})
    {
        auto tampered = lines;
        auto& line = tampered[last_paid];
        const auto ret = line.find(R"("ret":{)");
        const auto begin = line.find(field, ret) + std::string_view{field}.size();
        const auto end = line.find('"', begin);
        const auto amount = Amount::from_decimal(line.substr(begin, end - begin)).value();
        line.replace(begin, end - begin, wrapping_add(amount, 1).to_string());
        const TemporaryFile file{join(tampered)};
        const auto report = replay_file(file.path());
        CHECK(report.error.empty());
        CHECK(report.mismatches == 1);
        REQUIRE_FALSE(report.kept.empty());
        check_contains(report.kept.front(), fmt::format("line {}: ret.amount", last_paid + 1));
    }
}

TEST_CASE("replay: a tampered argument shows in everything that follows", "[tools][replay]")
{
    auto lines = head("uniswap-v2-main-1.ndjson.gz", 200);
    lines[1] = replaced(lines[1], R"("amount0":"29)", R"("amount0":"28)");
    const TemporaryFile file{join(lines)};
    const auto report = replay_file(file.path());
    CHECK(report.mismatches > Comparison::kept_max);
    CHECK(report.kept.size() == Comparison::kept_max);
}

TEST_CASE("replay: what cannot be replayed is one line that says why", "[tools][replay]")
{
    CHECK(error_of("") == ": the file is empty");
    std::string known;
    for (const auto& protocol : protocols())
        known += (known.empty() ? "" : ", ") + std::string{protocol.title};
    CHECK(error_of(R"({"protocol":"dogecoin"})") ==
          ":1: unknown protocol \"dogecoin\"; known: " + known);
    check_contains(error_of(R"({"a":1})"), ":1: the first line names no protocol; known: ");
    check_contains(error_of(R"({"protocol":7})"), ":1: the first line names no protocol");
    CHECK(error_of("[1]") == ":1: not a JSON object");
    check_contains(error_of("hello"), ":1: not JSON: ");
    check_contains(error_of("\x1f\x8b rubbish"), "the compressed data is damaged");
    CHECK(
        error_of(R"({"protocol":"openzeppelin-erc20"})") == ": no operations after the first line");
    check_contains(replay_file("/nowhere/x.ndjson").error,
        "/nowhere/x.ndjson: cannot be opened: No such file");
    check_contains(replay_file("/").error, "/: expected a regular file");
    check_contains(replay_file("/dev/zero").error, "/dev/zero: expected a regular file");
}

TEST_CASE("replay: a malformed operation is named by its line", "[tools][replay]")
{
    const auto operation = [](const std::string& line) { return error_of(token_header + line); };
    check_contains(operation("{\"op\":"), ":3: not JSON: ");
    check_contains(operation(R"({"op":"transfer"})"), ":3: \"a\" is missing");
    check_contains(
        operation(R"({"op":"fly","c":1,"a":{"value":"1"}})"), ":3: unknown operation \"fly\"");
    check_contains(operation(R"({"op":"transfer","c":1,"a":{"to":2,"value":"0x1"}})"),
        ":3: \"value\": \"0x1\" is not an amount");
    check_contains(operation(R"({"op":"transfer","c":1,"a":{"to":3,"value":"1"}})"),
        ":3: 3 is no user of this file");
    check_contains(operation(R"({"op":"transfer","c":"1","a":{"to":2,"value":"1"}})"),
        ":3: \"c\": expected a whole number that is not negative, got a value of type string");
    check_contains(error_of("{\"protocol\":\"openzeppelin-erc20\"}\n"
                            R"({"op":"transfer","c":1,"a":{"to":2,"value":"1"}})"),
        ":2: an operation comes before \"deploy\"");

    auto lines = head("uniswap-v2-main-1.ndjson.gz", 3);
    const auto changed = [&](std::size_t line, const char* from, const char* to)
    {
        auto copy = lines;
        copy[line] = replaced(copy[line], from, to);
        return error_of(join(copy));
    };
    check_contains(changed(1, R"("p":"P0")", R"("p":"P9")"), ":2: \"P9\" is no pair");
    check_contains(changed(1, R"("sender":"A3")", R"("sender":"B3")"), ":2: \"B3\" is no account");
    check_contains(
        changed(1, R"("op":"mint")", R"("op":"print")"), ":2: unknown operation \"print\"");
    check_contains(changed(0, R"("setup")", R"("setdown")"), ":1: ");
    check_contains(changed(0, R"("id":"P1")", R"("id":"P0")"), ":1: two pairs");
    const std::string most(77, '9');
    check_contains(changed(0, R"("actorTokenBalance":"34)",
                       ("\"actorTokenBalance\":\"" + most + "\",\"x\":\"34").c_str()),
        ":1: the actors' balances exceed 256 bits");
}

TEST_CASE("replay: a compressed file that is cut off is said to be", "[tools][replay]")
{
    std::ifstream file{vector_path("oz_erc20.ndjson.gz"), std::ios::binary};
    const std::string whole{std::istreambuf_iterator<char>{file}, {}};
    REQUIRE(whole.size() > 10'000);
    const auto size = GENERATE(as<std::size_t>{}, 5, 200, 5'000, 10'000);
    const TemporaryFile cut{whole.substr(0, size), "cut.ndjson.gz"};
    const auto report = replay_file(cut.path());
    check_contains(report.error, ": the compressed data is cut off");
}

TEST_CASE("replay: lines may end as on other systems, the last one not at all", "[tools][replay]")
{
    const TemporaryFile file{
        "{\"protocol\":\"openzeppelin-erc20\"}\r\n\r\n{\"op\":\"deploy\",\"a\":{\"users\":2}}\r\n"
        R"({"op":"transfer","c":1,"a":{"to":2,"value":"0"},"ok":true,)"
        R"("s":{"supply":"0","bal":{"1":"0"}}})"};
    const auto report = replay_file(file.path());
    CHECK(report.error.empty());
    CHECK(report.operations == 2);
    CHECK(report.mismatches == 0);
}

}  // namespace runnel::replay
