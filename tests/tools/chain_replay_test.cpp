#include "tools/replay/chain_replay.hpp"

#include "tests/support/catch.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

namespace runnel::replay
{
namespace
{
/// A file in the temporary folder that goes away with the test.
class EventFile
{
public:
    explicit EventFile(const std::string& content, const std::string& name = "events.ndjson")
      : path_{(std::filesystem::temp_directory_path() /
               ("runnel_chain_replay_test_" + std::to_string(::getpid()) + "_" + name))
                  .string()}
    {
        std::ofstream{path_, std::ios::binary} << content;
    }
    EventFile(const EventFile&) = delete;
    EventFile& operator=(const EventFile&) = delete;
    ~EventFile() { std::filesystem::remove(path_); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

/// The first events of mainnet's DAI/WETH pool of 0.3%, 4 May 2021: its creation, price, first
/// liquidity and first swap (blocks 12369854 and 12369879).
const std::string create =
    R"({"b":12369854,"t":1620159368,"pool":"0xc2e9f25be6257c210d7adf0d4cd6e3e881ba25f8","k":"create","token0":"0x6b175474e89094c44da98b954eedeac495271d0f","token1":"0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2","fee":3000,"tickSpacing":60})"
    "\n";
const std::string init =
    R"({"b":12369854,"t":1620159368,"pool":"0xc2e9f25be6257c210d7adf0d4cd6e3e881ba25f8","k":"init","sqrtPriceX96":"1354707084081889255546596745","tick":-81379})"
    "\n";
const std::string mint =
    R"({"b":12369854,"t":1620159368,"pool":"0xc2e9f25be6257c210d7adf0d4cd6e3e881ba25f8","k":"mint","owner":"0xc36442b4a4522e871399cd717abdd847ab11fe88","lo":-84120,"hi":-78240,"L":"80059851033970806503","a0":"680071584006526489483","a1":"175315040975323805"})"
    "\n";
const std::string swap =
    R"({"b":12369879,"t":1620159675,"pool":"0xc2e9f25be6257c210d7adf0d4cd6e3e881ba25f8","k":"swap","zeroForOne":false,"amountSpecified":"10000000000000000","limit":"1461446703485210103287273052203988822378723970341","a0":"-33854155678824490173","a1":"10000000000000000","sqrtPriceX96":"1364573512386034424627810688","L":"80059851033970806503","tick":-81234})"
    "\n";

std::string with(std::string text, std::string_view from, std::string_view to)
{
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::optional<std::string> data(const char* name)
{
    const char* folder = std::getenv("RUNNEL_DATA");
    if (folder == nullptr || *folder == '\0')
    {
        std::cout << "SKIPPED: RUNNEL_DATA is unset, no mainnet events\n";
        return std::nullopt;
    }
    return std::string{folder} + "/uniswap_v3/" + name;
}
}  // namespace

TEST_CASE("chain replay: a pool's first events on mainnet come out again", "[tools][replay][chain]")
{
    const EventFile file{create + init + mint + swap};
    const auto report = replay_chain(file.path());
    CAPTURE(report.error, report.kept);
    CHECK(report.error.empty());
    CHECK(report.pools == 1);
    CHECK(report.events() == 3);
    CHECK(report.first_block == 12'369'854);
    CHECK(report.last_block == 12'369'879);
    CHECK(report.comparisons == 10);
    CHECK(report.mismatches == 0);
}

TEST_CASE("chain replay: a difference is told with block, field and both values",
    "[tools][replay][chain]")
{
    struct Case
    {
        std::string text;
        const char* message;
    };
    const auto c = GENERATE(Case{with(create, "0xc2e9", "0xc2e8") + with(init, "0xc2e9", "0xc2e8"),
                                "line 1: block 12369854, create: address: recorded "
                                "0xC2E8F25Be6257C210d7ADf0D4cd6E3e881Ba25F8, replayed "
                                "0xC2e9F25Be6257c210d7Adf0D4Cd6E3E881ba25f8"},
        Case{create + with(init, "-81379", "-81380"),
            "line 2: block 12369854, init: tick: recorded -81380, replayed -81379"},
        Case{create + init + with(mint, "323805", "323806"),
            "line 3: block 12369854, mint: a1: recorded 175315040975323806, replayed "
            "175315040975323805"},
        Case{create + init + mint + with(swap, "490173", "490174"),
            "line 4: block 12369879, swap: a0: recorded -33854155678824490174, replayed "
            "-33854155678824490173"},
        Case{create + init + mint + with(swap, "-81234", "-81235"),
            "line 4: block 12369879, swap: tick: recorded -81235, replayed -81234"},
        Case{create + init + mint + with(swap, "627810688", "627810689"),
            "line 4: block 12369879, swap: sqrtPriceX96: recorded 1364573512386034424627810689, "
            "replayed 1364573512386034424627810688"});
    const EventFile file{c.text};
    const auto report = replay_chain(file.path());
    CAPTURE(report.error);
    CHECK(report.error.empty());
    CHECK(report.mismatches == 1);
    REQUIRE(report.kept.size() == 1);
    CHECK(report.kept[0] == c.message);
}

TEST_CASE("chain replay: input that is not as it should be is one line", "[tools][replay][chain]")
{
    struct Case
    {
        std::string text;
        const char* error;  // After the file's name.
    };
    const auto c = GENERATE(Case{"", ": the file is empty"}, Case{create, ": no events"},
        Case{init,
            ":1: \"pool\": 0xC2e9F25Be6257c210d7Adf0D4Cd6E3E881ba25f8 was not created before"},
        Case{create + create, ":2: \"pool\": is there already"},
        Case{with(create, "3000", "1000000"), ":1: \"fee\" is above 999999"},
        Case{with(create, "60}", "0}"), ":1: \"tickSpacing\": expected 1 to 16383"},
        Case{with(create, "0x6b17", "0xd017"),
            ":1: \"token0\": expected the lower of the two addresses"},
        Case{create + with(init, "\"init\"", "\"begin\""),
            ":2: \"k\": expected create, init, mint, burn, swap, start or end, got begin"},
        Case{create + init + with(mint, "0xc364", "0xZZ64"), ":3: \"owner\": expected an address"},
        Case{create + init + with(mint, "-84120", "-84120000"), ":3: \"lo\" is no tick"},
        Case{create + init + with(mint, "12369854", "12369853"),
            ":3: expected blocks in order, got 12369853 after 12369854"},
        Case{create + with(init, "\"tick\":-81379", "\"teak\":1"), ":2: \"tick\" is missing"},
        Case{create + "[1]\n", ":2: not a JSON object"});
    const EventFile file{c.text};
    const auto report = replay_chain(file.path());
    CHECK(report.error == file.path() + c.error);
}

TEST_CASE("chain replay: what a pool refuses is a difference", "[tools][replay][chain]")
{
    const EventFile file{create + init + with(mint, "-84120", "-84121")};
    const auto report = replay_chain(file.path());
    CHECK(report.error.empty());
    CHECK(report.mismatches == 1);
    REQUIRE_FALSE(report.kept.empty());
    CHECK(report.kept[0] == "line 3: block 12369854, mint: refused: (no reason)");
}

TEST_CASE("chain replay: mainnet's recorded days come out again", "[tools][replay][chain][data]")
{
    const auto first_day = data("v3_mainnet_first_events_12369739_12376625.ndjson.gz");
    if (!first_day)
        return;
    const auto all = replay_chain(*first_day);
    CAPTURE(all.error, all.kept);
    CHECK(all.error.empty());
    CHECK(all.pools == 168);
    CHECK(all.swaps == 1'001);
    CHECK(all.mints == 917);
    CHECK(all.burns == 70);
    CHECK(all.mismatches == 0);

    const auto window = replay_chain(*data("chain-wbtc-weth-3000-window379.ndjson.gz"));
    CAPTURE(window.error, window.kept);
    CHECK(window.error.empty());
    CHECK(window.events() == 379);
    CHECK(window.end_states == 1);
    CHECK(window.comparisons == 2'432 + 2 * 41);
    CHECK(window.mismatches == 0);
    REQUIRE(window.notes.size() == 1);
    CHECK(window.notes[0] ==
          "LP fees: growth inside of 41 positions from the first state to the last; the 10 whose "
          "liquidity stood still have earned 4124554 of token0 and 461736050498604971 of token1, "
          "in smallest units");
}

TEST_CASE("chain replay: mints and burns pass through the recorded maps of ticks",
    "[tools][replay][chain][data]")
{
    const auto events = data("usdc_weth_3000_liquidity_events.csv.gz");
    if (!events)
        return;
    const auto report = replay_chain(*events, *data("usdc_weth_3000_state_snapshots.json.gz"));
    CAPTURE(report.error, report.kept);
    CHECK(report.error.empty());
    CHECK(report.mints == 18'616);
    CHECK(report.burns == 17'347);
    CHECK(report.end_states == 2);
    CHECK(report.mismatches == 0);
    REQUIRE(report.notes.size() == 3);
    CHECK(report.notes[1] ==
          "state 1: 280 ticks (gross, net) and active liquidity are equal after event 1844, block "
          "12420573");
}

}  // namespace runnel::replay
