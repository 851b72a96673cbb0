#include "contracts/kit/creation.hpp"
#include "scenarios/loader/loader.hpp"
#include "scenarios/loader/messages.hpp"
#include "scenarios/loader/script_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::scenarios
{

void Loader::collect_accounts()
{
    account_tables_ = named_tables("accounts", accounts_max);
    for (const auto& table : account_tables_)
    {
        check_account_name(table);
        const bool is_taken = names_.find_contract(table.name) || names_.group_size(table.name) ||
                              table.name == "validator";
        if (is_taken)
        {
            document_.fail(
                table.place, table.path, "expected a name that no token, contract or group has");
        }
    }
}

void Loader::read_builders()
{
    constexpr std::size_t builders_max = 64;
    for (const auto& table : named_tables("builders", builders_max))
    {
        auto values = read(table, section("builders").keys);
        const auto& parameters = values.parameters;
        BuilderEntry builder{table.name, parameters.text("account"),
            parameters.number("order_flow"), parameters.number("margin"),
            parameters.text("censors"), place(table)};
        const auto is_account = [&](const AccountSpec& spec)
        { return spec.name == builder.account; };
        if (std::none_of(scenario_.accounts.begin(), scenario_.accounts.end(), is_account))
        {
            fail_key(table, "account",
                fmt::format("expected an account of [accounts], got {}", shown(builder.account)));
        }
        const auto has_it = [&](const BuilderEntry& other)
        { return other.account == builder.account; };
        if (std::any_of(scenario_.builders.begin(), scenario_.builders.end(), has_it))
            fail_key(table, "account", "expected an account of no other builder");
        // Whom it censors it knows by account: those who arrive have none yet.
        const auto arrives = [&](const AgentSpec& group)
        { return group.name == builder.censors && group.arrives(); };
        if (std::any_of(scenario_.agents.begin(), scenario_.agents.end(), arrives))
            fail_key(table, "censors", "expected a group whose wallets are there from the start");
        scenario_.builders.push_back(std::move(builder));
        resolve(table, values.canonical);
    }
    if (scenario_.chain.ordering == Ordering::builders && scenario_.builders.empty())
    {
        fail_key(single_table("chain"), "ordering",
            "expected a table [builders.NAME] for the ordering builders, got none");
    }
}

void Loader::read_accounts()
{
    for (const auto& table : account_tables_)
    {
        AccountSpec account{table.name, {}, place(table)};
        for (const auto& member : *table.node->as<Node::Table>())
        {
            if (member.key != "funds")
            {
                document_.fail(member.place, fmt::format("{}.{}", table.path, member.key),
                    fmt::format("expected a key of {} (funds){}, got an unknown one", table.path,
                        hint(member.key, {"funds"})));
            }
        }
        Node::Table canonical;
        const auto* funds = table.node->find("funds");
        const auto path = table.path + ".funds";
        if (funds != nullptr && funds->node.as<Node::Table>() == nullptr)
            document_.fail(funds->place, path,
                fmt::format("expected a table of amounts per token, got {}", shown(funds->node)));
        if (funds != nullptr)
        {
            const ScriptReader reader{document_, names_, 0};
            std::vector<std::string_view> known;
            for (const auto& unit : names_.token_units())
                known.push_back(unit.name);
            for (const auto& held : *funds->node.as<Node::Table>())
            {
                const auto where = fmt::format("{}.{}", path, held.key);
                const auto token = names_.find_token(held.key);
                if (!token)
                {
                    document_.fail(held.place, where,
                        fmt::format("expected a token ({}){}, got {}", listed(known),
                            hint(held.key, known), shown(std::string_view{held.key})));
                }
                const auto amount = reader.read_funds(held.node, where, *token);
                account.funds.emplace_back(*token, amount);
                const auto& unit = names_.token_units().at(index(*token));
                canonical.push_back({held.key, {},
                    Node{fmt::format("{} {}", format_decimal(amount, unit.decimals), unit.name)}});
            }
        }
        std::sort(account.funds.begin(), account.funds.end());
        resolve(table, {{"funds", {}, Node{std::move(canonical)}}});
        scenario_.accounts.push_back(std::move(account));
    }
}

void Loader::read_script()
{
    const auto* member = document_.root().find("script");
    if (member == nullptr)
        return;
    const auto& lines = *member->node.as<Node::Array>();
    if (lines.size() > script_lines_max)
    {
        document_.fail(member->place, "script",
            fmt::format("expected at most {} tables, got more", script_lines_max));
    }
    for (std::size_t i = 0; i < lines.size(); ++i)
    {
        NamedTable table{&lines[i], lines[i].place, "script", fmt::format("script[{}]", i)};
        read_script_line(table);
    }
    find_created();
}

void Loader::find_created()
{
    auto& script = scenario_.script;
    for (auto& contract : scenario_.created)
    {
        if (const auto address = Address::from_string(contract.name))
        {
            contract.address = *address;
            continue;
        }
        const auto& line = script[contract.line];
        // Its own lines are all that it sends.
        std::uint64_t nonce = 0;
        for (std::size_t i = 0; i < script.size(); ++i)
        {
            const bool is_before =
                std::pair{script[i].at_block, i} < std::pair{line.at_block, contract.line};
            nonce += is_before && script[i].from == line.from ? 1 : 0;
        }
        const auto creator = scenario_.chain.signatures == SignatureScheme::none
                                 ? address_of_name(line.from)
                                 : key_address_of_name(line.from);
        contract.address = contracts::creation_address(creator, nonce);
    }
    // From here on a name of such a contract's account is its address.
    const auto rename = [&](std::string& account)
    {
        for (const auto& contract : scenario_.created)
        {
            if (account == contract.name)
                account = contract.address.to_string();
        }
    };
    const auto rename_in = [&](std::vector<ExpectedRow>& rows)
    {
        for (auto& row : rows)
        {
            for (auto& field : row.fields)
            {
                if (auto* account = std::get_if<ExpectedField::Account>(&field.value))
                    rename(account->name);
            }
        }
    };
    for (auto& line : script)
    {
        std::for_each(line.accounts.begin(), line.accounts.end(), rename);
        for (auto& balance : line.expect.balances)
            rename(balance.account);
        for (auto& health : line.expect.health_factors)
            rename(health.account);
        rename_in(line.expect.events);
        rename_in(line.expect.state);
    }
}

void Loader::read_script_line(const NamedTable& table)
{
    // What contracts describe has no fixed keys.
    Node::Table plain;
    const Node* calls = nullptr;
    const Node* expect = nullptr;
    if (table.node->as<Node::Table>() == nullptr)
        document_.fail(
            table.place, table.path, fmt::format("expected a table, got {}", shown(*table.node)));
    std::vector<std::string_view> all;
    for (const auto& key : section("script").keys)
        all.push_back(key.spec.name);
    for (const auto& member : *table.node->as<Node::Table>())
    {
        if (member.key == "calls")
            calls = &member.node;
        else if (member.key == "expect")
            expect = &member.node;
        else
            plain.push_back(member);
        if (std::find(all.begin(), all.end(), member.key) == all.end())
        {
            document_.fail(member.place, fmt::format("{}.{}", table.path, member.key),
                fmt::format("expected a key of {}{}, got an unknown one", table.path,
                    hint(member.key, all).empty() ? fmt::format(" ({})", listed(all))
                                                  : hint(member.key, all)));
        }
    }
    if (calls == nullptr)
    {
        document_.fail(table.place, table.path + ".calls",
            "expected a list of calls, [{ contract = ..., call = ..., ... }], got nothing");
    }
    const Node plain_node{std::move(plain), table.place};
    std::vector<Key> keys;
    for (const auto& key : section("script").keys)
    {
        if (key.form != KeyForm::calls && key.form != KeyForm::expect)
            keys.push_back(key);
    }
    const auto values = read({&plain_node, table.place, table.name, table.path}, keys);
    const auto& parameters = values.parameters;

    ScriptLine line;
    line.place = place(table);
    line.path = table.path;
    if (const auto& name = parameters.text("name"); !name.empty())
        line.path += fmt::format(" ({})", name);
    line.at_block = static_cast<std::uint64_t>(parameters.integer("at_block"));
    line.from = parameters.text("from");
    std::vector<std::string_view> known;
    for (const auto& account : account_tables_)
        known.push_back(account.name);
    if (line.from.find('/') == std::string::npos && !names_.find_contract(line.from) &&
        std::find(known.begin(), known.end(), line.from) == known.end())
    {
        const auto* from = plain_node.find("from");
        document_.fail(from->node.place, table.path + ".from",
            fmt::format("expected an account of [accounts] ({}) or GROUP/NUMBER{}, got {}",
                listed(known), hint(line.from, known), shown(from->node)));
    }
    line.gas_limit = static_cast<std::uint64_t>(parameters.integer("gas_limit"));
    line.priority_fee = parameters.amount("priority_fee").low64();
    const auto max_fee = parameters.amount("max_fee").low64();
    if (plain_node.find("max_fee") != nullptr && max_fee != 0)
    {
        line.max_fee = max_fee;
        if (line.priority_fee > max_fee)
        {
            fail_key({&plain_node, table.place, table.name, table.path}, "max_fee",
                fmt::format("expected at least priority_fee, {} wei, got {} wei", line.priority_fee,
                    max_fee));
        }
    }
    line.motive.purpose = *purpose_of(parameters.text("purpose"));
    line.motive.incident = static_cast<std::uint64_t>(parameters.integer("incident"));
    line.controller = parameters.text("controller");
    if (parameters.has("stolen_token"))
    {
        line.motive.token = parameters.token("stolen_token");
        line.motive.stolen = parameters.amount("stolen");
    }
    else if (plain_node.find("stolen") != nullptr)
    {
        fail_key({&plain_node, table.place, table.name, table.path}, "stolen",
            "expected stolen_token beside it, got nothing");
    }
    const auto& times = scenario_.times.known();
    const auto [last, last_time] =
        times.empty() ? BlockTimes::Known{0, scenario_.start} : times.back();
    const auto block_time = static_cast<std::int64_t>(
        line.at_block <= last
            ? scenario_.times.of(line.at_block, scenario_.start, scenario_.slot_seconds)
            : last_time + (line.at_block - last) * scenario_.slot_seconds);
    ScriptReader reader{document_, names_, block_time};
    line.calls = reader.read_calls(*calls, table.path + ".calls");
    line.accounts = std::move(reader.accounts());
    if (!reader.created().empty())
    {
        // Its nonce must be known, so nobody else may act for it; an address says itself who it is.
        const bool is_address = Address::from_string(reader.created()).has_value();
        const bool pays = std::any_of(scenario_.agents.begin(), scenario_.agents.end(),
            [&](const AgentSpec& agent) { return agent.funded_by == line.from; });
        if (!is_address && (pays || line.from.find('/') != std::string::npos))
        {
            fail_key({&plain_node, table.place, table.name, table.path}, "from",
                fmt::format("expected an account of [accounts] that pays for no arrivals, as the "
                            "line names what it deploys, got {}",
                    line.from));
        }
        const auto id = *names_.find_contract(reader.created());
        scenario_.created.push_back(
            {reader.created(), names_[id].type, scenario_.script.size(), {}});
    }
    if (expect != nullptr)
        line.expect = reader.read_expect(*expect, table.path + ".expect");

    scenario_.resolved_text += "\n[[script]]\n";
    for (const auto& key : values.canonical)
    {
        // What the chain does not depend on stands in the manifest only where it is given.
        constexpr std::array<std::string_view, 6> notes{
            "name", "purpose", "incident", "stolen_token", "stolen", "controller"};
        const bool is_note = std::find(notes.begin(), notes.end(), key.key) != notes.end();
        if (!is_note || plain_node.find(key.key) != nullptr)
            scenario_.resolved_text += fmt::format("{} = {}\n", key.key, to_toml(key.node));
    }
    scenario_.resolved_text += fmt::format("calls = {}\n", to_toml(*calls));
    if (expect != nullptr)
        scenario_.resolved_text += fmt::format("expect = {}\n", to_toml(*expect));
    scenario_.script.push_back(std::move(line));
}

}  // namespace runnel::scenarios
