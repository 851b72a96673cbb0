#include "analytics/detectors/detector.hpp"
#include "analytics/detectors/score.hpp"
#include "analytics/render.hpp"
#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_text.hpp"
#include "tools/runnel/printable.hpp"
#include "tools/runnel/progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::tools
{
namespace
{

using analytics::Detector;
using analytics::Finding;
using analytics::Score;
using Json = nlohmann::ordered_json;

struct DetectOptions
{
    std::vector<std::string> databases;
    std::vector<std::string> only;
    std::vector<std::string> settings;
    bool score = false;
    bool json = false;
};

std::vector<const Detector*> chosen(const DetectOptions& options)
{
    std::vector<const Detector*> result;
    for (const auto* detector : analytics::detectors())
    {
        if (options.only.empty() || std::find(options.only.begin(), options.only.end(),
                                        detector->name()) != options.only.end())
            result.push_back(detector);
    }
    return result;
}

/// As it is given on the command line.
std::string threshold_text(const analytics::ThresholdRule& rule, std::uint64_t value)
{
    return rule.unit == analytics::share_unit ? fmt::format("{}", static_cast<double>(value) / 1000)
                                              : fmt::format("{}", value);
}

/// Empty: it is none, or none of @p rule.
std::optional<std::uint64_t> parse_threshold(
    const analytics::ThresholdRule& rule, const std::string& text)
{
    std::optional<std::uint64_t> value;
    if (rule.unit != analytics::share_unit)
        value = parsed<std::uint64_t>(text);
    else if (const auto share = parsed<double>(text); share && *share >= 0 && *share <= 1e6)
    {
        const auto thousandths = std::round(*share * 1000);
        if (std::abs(*share * 1000 - thousandths) < 1e-6)
            value = static_cast<std::uint64_t>(thousandths);
    }
    return value && *value >= rule.min && *value <= rule.max ? value : std::nullopt;
}

analytics::Thresholds thresholds_of(const DetectOptions& options)
{
    const auto& rules = analytics::threshold_rules;
    analytics::Thresholds thresholds;
    for (const auto& text : options.settings)
    {
        const auto equals = text.find('=');
        if (equals == std::string::npos)
            throw CommandError{exit_bad_input, fmt::format("--set {}: expected KEY=VALUE", text)};
        const auto name = text.substr(0, equals);
        const auto* rule = std::find_if(
            rules.begin(), rules.end(), [&](const auto& one) { return one.name == name; });
        if (rule == rules.end())
        {
            throw CommandError{exit_bad_input,
                fmt::format(
                    "--set {}: no threshold {}; runnel detect --help lists them", text, name)};
        }
        const auto value = parse_threshold(*rule, text.substr(equals + 1));
        if (!value)
        {
            throw CommandError{exit_bad_input,
                fmt::format("--set {}: expected {} of {} to {}{}", text,
                    rule->unit == analytics::share_unit ? "a share" : "a whole number",
                    threshold_text(*rule, rule->min), threshold_text(*rule, rule->max),
                    rule->unit == analytics::share_unit ? ", with three decimals at most"
                                                        : fmt::format(" ({})", rule->unit))};
        }
        thresholds.*rule->member = *value;
    }
    return thresholds;
}

/// Those that were altered, by name.
std::vector<std::pair<std::string, std::string>> altered(const analytics::Thresholds& thresholds)
{
    std::vector<std::pair<std::string, std::string>> result;
    for (const auto& rule : analytics::threshold_rules)
    {
        const auto value = thresholds.*rule.member;
        if (value != analytics::Thresholds{}.*rule.member)
            result.emplace_back(rule.name, threshold_text(rule, value));
    }
    return result;
}

/// One line for each: its name, unit, default and range.
std::string thresholds_text()
{
    std::string text = "Thresholds, their defaults and ranges:\n";
    for (const auto& rule : analytics::threshold_rules)
    {
        text += fmt::format("  {:<31} {:>6}  {} to {} {}\n", rule.name,
            threshold_text(rule, analytics::Thresholds{}.*rule.member),
            threshold_text(rule, rule.min), threshold_text(rule, rule.max), rule.unit);
    }
    return text;
}

std::string place_text(const analytics::Place& place)
{
    return fmt::format("{}:{}", place.block, place.transaction);
}

/// `0x` and 40 hex digits. Names are what no observer has.
std::string address_of(analytics::LedgerQueries& source, AccountId account)
{
    auto row = source.query("SELECT address FROM t_addresses WHERE id = ?");
    row.bind(1, storage::Value{std::int64_t{index(account)}});
    return row.step() ? std::string{row.text(0)} : fmt::format("#{}", index(account));
}

Json finding_json(analytics::LedgerQueries& source, const Finding& finding)
{
    auto object = Json::object();
    auto& places = object["transactions"] = Json::array();
    for (const auto& place : finding.transactions)
        places.push_back({{"block", place.block}, {"index", place.transaction}});
    auto& accounts = object["accounts"] = Json::array();
    for (const auto account : finding.accounts)
        accounts.push_back(address_of(source, account));
    if (finding.token == no_contract)
        object["token"] = object["amount_raw"] = object["amount"] = nullptr;
    else
    {
        const auto money = source.money(finding.amount, finding.token);
        object["token"] = money.symbol;
        object["amount_raw"] = money.raw;
        object["amount"] = money.to_double();
    }
    object["why"] = finding.why;
    return object;
}

Json or_null(const std::optional<double>& value)
{
    return value ? Json(*value) : Json(nullptr);
}

Json score_json(const Detector& detector, const Score& score)
{
    const auto& rule = analytics::score_rule(detector);
    auto object = Json::object();
    object["unit"] = rule.unit;
    object["positives"] = rule.positives;
    object["precision"] = or_null(score.precision());
    object["recall"] = or_null(score.recall());
    object["f1"] = or_null(score.f1());
    object["true_positives"] = score.found;
    object["false_positives"] = score.wrong;
    object["false_negatives"] = score.missed;
    object["true_negatives"] = score.rest ? Json(*score.rest) : Json(nullptr);
    object["flagged_by_purpose"] = score.flagged_purposes;
    object["missed_by_purpose"] = score.missed_purposes;
    object["incidents"] = score.incidents;
    object["incidents_found"] = score.incidents_found;
    return object;
}

/// One line per finding, the first ones.
std::string findings_text(analytics::LedgerQueries& source, const Detector& detector,
    const std::vector<Finding>& findings)
{
    constexpr std::size_t shown_max = 8;
    std::size_t transactions = 0;
    for (const auto& finding : findings)
        transactions += finding.transactions.size();
    auto text = fmt::format("{}: {} in {} transactions\n  {}\n", detector.name(), findings.size(),
        transactions, detector.description());
    for (std::size_t i = 0; i < std::min(findings.size(), shown_max); ++i)
    {
        const auto& finding = findings[i];
        auto places = finding.transactions.empty() ? std::string{"-"}
                                                   : place_text(finding.transactions.front());
        if (finding.transactions.size() > 1)
            places += fmt::format(" and {} more", finding.transactions.size() - 1);
        const auto account = finding.accounts.empty()
                                 ? std::string{"-"}
                                 : address_of(source, finding.accounts.front());
        const auto amount =
            finding.token == no_contract
                ? std::string{"-"}
                : analytics::shown(analytics::Value{source.money(finding.amount, finding.token)},
                      analytics::Unit::none);
        text += fmt::format("  {:<20}  {}  {:>14}  {}\n", places, account, amount, finding.why);
    }
    if (findings.size() > shown_max)
        text += fmt::format("  and {} more (all of them: --json)\n", findings.size() - shown_max);
    return text;
}

std::string purposes_text(const std::map<std::string, std::uint64_t>& purposes)
{
    std::string text;
    for (const auto& [purpose, count] : purposes)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, purpose);
    return text.empty() ? "-" : text;
}

std::string scores_text(const std::vector<const Detector*>& all, const std::vector<Score>& scores)
{
    using analytics::Unit;
    using analytics::Value;
    const auto value = [](const std::optional<double>& number)
    { return number ? Value{*number} : Value{}; };
    analytics::Table measures{"measures", "",
        {{"detector", "Detector", Unit::none}, {"unit", "of", Unit::none},
            {"precision", "Precision", Unit::share}, {"recall", "Recall", Unit::share},
            {"found", "found", Unit::count}, {"wrong", "wrong", Unit::count},
            {"missed", "missed", Unit::count}, {"rest", "rest", Unit::count}},
        {}, all.size()};
    analytics::Table purposes{"purposes", "Why they were sent",
        {{"detector", "Detector", Unit::none}, {"flagged", "flagged", Unit::none},
            {"missed", "missed", Unit::none}},
        {}, all.size()};
    for (std::size_t i = 0; i < all.size(); ++i)
    {
        const auto& score = scores[i];
        if (score.found + score.wrong + score.missed == 0)
            continue;
        const std::string name{all[i]->name()};
        measures.rows.push_back({name, std::string{analytics::score_rule(*all[i]).unit},
            value(score.precision()), value(score.recall()), static_cast<std::int64_t>(score.found),
            static_cast<std::int64_t>(score.wrong), static_cast<std::int64_t>(score.missed),
            score.rest ? Value{static_cast<std::int64_t>(*score.rest)} : Value{}});
        purposes.rows.push_back(
            {name, purposes_text(score.flagged_purposes), purposes_text(score.missed_purposes)});
    }
    if (measures.rows.empty())
        return "By the truth there is nothing that was chosen to be found, and nothing was.\n";
    analytics::Report report;
    report.sections.push_back(
        {"score", "By the truth", {}, {}, {std::move(measures), std::move(purposes)}});
    return analytics::render_text(report, stdout_has_colour(), output_columns());
}

int run_detect(const DetectOptions& options)
{
    using Access = storage::Database::Access;
    const auto all = chosen(options);
    const auto thresholds = thresholds_of(options);
    const auto set = altered(thresholds);
    std::vector<Score> scores(all.size());
    auto ledgers = Json::array();
    if (!set.empty() && !options.json)
    {
        std::string text = "Other thresholds than the descriptions say:";
        for (const auto& [name, value] : set)
            text += fmt::format(" {}={}", name, value);
        fmt::print("{}\n\n", text);
    }
    for (const auto& path : options.databases)
    {
        // What detectors read through cannot read the truth; the scorer has its own.
        auto database = storage::Database::open(path, Access::analysis);
        analytics::LedgerQueries source{database};
        std::optional<storage::Database> truth;
        if (options.score)
            truth = storage::Database::open(path, Access::read_only);
        auto found = Json::object();
        std::string text = fmt::format("{}\n\n", path);
        std::vector<std::string_view> nothing;
        for (std::size_t i = 0; i < all.size(); ++i)
        {
            const auto findings = run_detector(*all[i], source, thresholds);
            if (truth)
                scores[i].add(analytics::score(*truth, *all[i], findings));
            if (!options.json)
            {
                if (findings.empty())
                    nothing.push_back(all[i]->name());
                else
                    text += findings_text(source, *all[i], findings) + "\n";
                continue;
            }
            auto& list = found[std::string{all[i]->name()}] = Json::array();
            for (const auto& finding : findings)
                list.push_back(finding_json(source, finding));
        }
        if (!nothing.empty())
            text += fmt::format("Nothing for: {}\n\n", fmt::join(nothing, ", "));
        if (options.json)
            ledgers.push_back({{"ledger", path}, {"findings", std::move(found)}});
        else
            fmt::print("{}", printable(text, Layout::keep));
    }
    auto object = Json::object();
    for (const auto& [name, value] : set)
        object["thresholds"][name] = Json::parse(value);
    object["ledgers"] = std::move(ledgers);
    if (options.score && options.json)
    {
        auto& by_name = object["scores"] = Json::object();
        for (std::size_t i = 0; i < all.size(); ++i)
            by_name[std::string{all[i]->name()}] = score_json(*all[i], scores[i]);
    }
    if (options.json)
        fmt::print("{}\n", object.dump(2, ' ', true, Json::error_handler_t::replace));
    else if (options.score)
        fmt::print("{}", printable(scores_text(all, scores), Layout::keep));
    return exit_done;
}

}  // namespace

Command add_detect_command(CLI::App& app)
{
    auto options = std::make_shared<DetectOptions>();
    auto* command = app.add_subcommand("detect",
        "Find what looks like sandwiches, laundering, wash trading and their like in ledgers, "
        "without the truth that they hold; and say how right that is.");
    command->add_option("DB", options->databases, "Ledgers that `runnel run --db` wrote")
        ->required();
    std::vector<std::string> names;
    for (const auto* detector : analytics::detectors())
        names.emplace_back(detector->name());
    command
        ->add_option("--only", options->only,
            fmt::format("Only this detector; may be repeated: {}", fmt::join(names, ", ")))
        ->type_name("NAME")
        ->check(CLI::IsMember(names));
    command
        ->add_option("--set", options->settings,
            "Another threshold than the default, for its detector and what builds on it: "
            "--set peel_chain.hops_min=3 (may be repeated)")
        ->type_name("KEY=VALUE");
    command->add_flag("--score", options->score,
        "Precision, recall and confusion of each detector by the truth tables, over all ledgers");
    command->add_flag("--json", options->json, "Print one JSON object with every finding");
    command->footer(
        thresholds_text() +
        "Examples:\n"
        "  runnel detect mev.db\n"
        "  runnel detect mev.db --only sandwich --only arbitrage --score\n"
        "  runnel detect hack.db --only peel_chain --set peel_chain.hops_min=3 --score\n"
        "  runnel detect hack.db --json | jq '.ledgers[0].findings.peel_chain'\n"
        "docs/analytics.md says what each detector looks for, and how often it is right.");
    return [options] { return run_detect(*options); };
}

}  // namespace runnel::tools
