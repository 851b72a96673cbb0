#include "audit/light.hpp"

#include "audit/light_gasper.hpp"
#include "consensus/bft/check.hpp"
#include "consensus/pow/check.hpp"
#include "consensus/schedule.hpp"
#include "scenarios/loader/loader.hpp"
#include "scenarios/run.hpp"
#include "storage/consensus_rows.hpp"
#include "storage/database.hpp"
#include "storage/ledger_reader.hpp"
#include "storage/row_visitors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>

namespace runnel::audit
{
namespace
{
using Json = nlohmann::ordered_json;

constexpr unsigned format_version = 1;

tl::expected<scenarios::Scenario, scenarios::ScenarioError> scenario_of(
    const storage::Manifest& manifest)
{
    const auto resolved = manifest.find("resolved_scenario");
    if (!resolved)
        return tl::unexpected{scenarios::ScenarioError{"the manifest has no resolved_scenario"}};
    scenarios::LoadOptions options;
    options.open_input_files = false;
    return scenarios::parse_scenario(*resolved, "the manifest's scenario", ".", {}, options);
}

/// Of the first who makes blocks: accounts are numbered zero, tokens, contracts, makers.
std::uint32_t first_maker(const scenarios::Scenario& scenario)
{
    return static_cast<std::uint32_t>(1 + scenario.tokens.size() + scenario.contracts.size());
}

/// Whom a block's header names: its maker, or the pool, which comes behind the makers and their
/// deposits.
std::uint32_t fee_recipient(const scenarios::Scenario& scenario, NodeId maker)
{
    const auto& consensus = scenario.consensus;
    return first_maker(scenario) + (consensus.shares_fees() ? consensus.makers() + 1 : maker);
}

constexpr const char* one_proposer =
    "one proposer makes this chain, without votes and without work: headers have nothing to show";

template <typename Enum, std::size_t count>
std::optional<Enum> named(std::string_view name, const std::array<Enum, count>& all)
{
    const auto found = std::find_if(
        all.begin(), all.end(), [name](Enum value) { return to_string(value) == name; });
    return found == all.end() ? std::nullopt : std::optional{*found};
}

constexpr std::array vote_kinds{VoteKind::prevote, VoteKind::precommit, VoteKind::attestation};
constexpr std::array evidence_kinds{EvidenceKind::double_vote, EvidenceKind::surround_vote,
    EvidenceKind::double_proposal, EvidenceKind::invalid_block};

std::vector<std::uint64_t> bits_of(ByteView bytes)
{
    std::vector<std::uint64_t> words((bytes.size() + 7) / 8);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        words[i / 8] |= std::uint64_t{bytes[i]} << (8 * (i % 8));
    return words;
}

Bytes bytes_of(const std::vector<std::uint64_t>& words)
{
    Bytes bytes;
    for (const auto word : words)
    {
        for (unsigned shift = 0; shift < 64; shift += 8)
            bytes.push_back(static_cast<std::uint8_t>(word >> shift));
    }
    return bytes;
}

/// Rows of a table, handed to the step of the block with which they were stored.
template <typename Row, typename Take>
void for_each_row(storage::Database& database, std::uint64_t blocks, Take&& take)
{
    auto rows = database.prepare(storage::select_rows<Row>() + " ORDER BY rowid");
    while (rows.step())
    {
        const auto row = storage::read_row<Row>(rows);
        if (row.block_number >= 1 && row.block_number <= blocks)
            take(row, static_cast<std::size_t>(row.block_number - 1));
    }
}

ProofError damaged(std::string_view what)
{
    return ProofError{fmt::format("{} is not what a run writes: see runnel verify", what)};
}

// The document.

ProofError expected(std::string_view what)
{
    return ProofError{fmt::format("not headers: expected {}", what)};
}

const Json& member(const Json& object, const char* name)
{
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (!object.is_object() || found == object.end())
        throw expected(fmt::format("a member {}", name));
    return *found;
}

const Json& list(const Json& object, const char* name)
{
    const auto& value = member(object, name);
    if (!value.is_array())
        throw expected(fmt::format("a list in {}", name));
    return value;
}

template <typename T>
T number(const Json& object, const char* name)
{
    const auto& value = member(object, name);
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > max)
        throw expected(fmt::format("a number from 0 to {} in {}", max, name));
    return static_cast<T>(value.get<std::uint64_t>());
}

std::string text(const Json& value, std::string_view what)
{
    if (!value.is_string())
        throw expected(fmt::format("a text in {}", what));
    return value.get<std::string>();
}

Bytes bytes(const Json& value, std::string_view what)
{
    const auto hex = text(value, what);
    const auto decoded =
        hex.starts_with("0x") ? from_hex(std::string_view{hex}.substr(2)) : std::nullopt;
    if (!decoded)
        throw expected(fmt::format("0x and hex digits in {}", what));
    return *decoded;
}

template <typename Enum, std::size_t count>
Enum kind(const Json& object, const std::array<Enum, count>& all)
{
    const auto found = named(text(member(object, "kind"), "kind"), all);
    if (!found)
        throw expected("a kind of votes or evidence in kind");
    return *found;
}

Json to_document(const NetworkVotes& one)
{
    return {{"kind", to_string(one.kind)}, {"height", one.height}, {"round", one.round},
        {"block", one.block}, {"voters", "0x" + to_hex(bytes_of(one.voters))}};
}

Json to_document(const NetworkEvidence& one)
{
    return {{"kind", to_string(one.kind)}, {"offender", one.offender},
        {"found_at_us", one.found_at}, {"height", one.height}, {"round", one.round},
        {"first", one.first}, {"second", one.second}};
}

Json to_document(const GasperVotes& one)
{
    const auto& data = one.data;
    return {{"slot", data.slot}, {"block", data.block}, {"source_epoch", data.source.epoch},
        {"source_block", data.source.block}, {"target_epoch", data.target.epoch},
        {"target_block", data.target.block}, {"voters", "0x" + to_hex(bytes_of(one.voters))}};
}

Json to_document(const SlashingProof& one)
{
    return {{"kind", to_string(one.kind)}, {"validator", one.validator}, {"slot", one.slot},
        {"first", one.first}, {"second", one.second}};
}

template <typename Item>
Json to_documents(const std::vector<Item>& items)
{
    auto documents = Json::array();
    for (const auto& item : items)
        documents.push_back(to_document(item));
    return documents;
}

/// @p attested: of gasper, else nullptr.
Json to_document(const ConsensusStep& step, const GasperBlockContents* attested)
{
    const auto& block = step.added.front();
    Json document{{"id", block.id}, {"parent", block.parent}, {"height", block.height},
        {"maker", block.maker}, {"made_at_us", block.made_at}, {"stated_at_us", block.stated_at},
        {"round", block.round}, {"bits", block.bits}, {"nonce", block.nonce}};
    if (attested != nullptr)
    {
        document["attestations"] = to_documents(attested->votes);
        document["slashings"] = to_documents(attested->slashings);
        return document;
    }
    document["votes"] = to_documents(step.votes);
    document["evidence"] = to_documents(step.evidence);
    return document;
}

/// What a block says where attestations are in it.
GasperBlockContents read_attested(const Json& document)
{
    GasperBlockContents contents;
    for (const auto& one : list(document, "attestations"))
    {
        GasperVotes votes;
        votes.data.slot = number<Slot>(one, "slot");
        votes.data.block = number<NetworkBlockId>(one, "block");
        votes.data.source.epoch = number<Epoch>(one, "source_epoch");
        votes.data.source.block = number<NetworkBlockId>(one, "source_block");
        votes.data.target.epoch = number<Epoch>(one, "target_epoch");
        votes.data.target.block = number<NetworkBlockId>(one, "target_block");
        votes.voters = bits_of(bytes(member(one, "voters"), "voters"));
        contents.votes.push_back(std::move(votes));
    }
    for (const auto& one : list(document, "slashings"))
    {
        SlashingProof proof;
        proof.kind = kind(one, evidence_kinds);
        proof.validator = number<ValidatorId>(one, "validator");
        proof.slot = number<Slot>(one, "slot");
        proof.first = number<NetworkBlockId>(one, "first");
        proof.second = number<NetworkBlockId>(one, "second");
        contents.slashings.push_back(proof);
    }
    return contents;
}

ConsensusStep read_step(const Json& document)
{
    ConsensusStep step;
    auto& block = step.added.emplace_back();
    block.id = number<NetworkBlockId>(document, "id");
    block.parent = number<NetworkBlockId>(document, "parent");
    block.height = number<std::uint64_t>(document, "height");
    block.maker = number<NodeId>(document, "maker");
    block.made_at = number<VirtualTime>(document, "made_at_us");
    block.stated_at = number<VirtualTime>(document, "stated_at_us");
    block.round = number<std::uint64_t>(document, "round");
    block.bits = number<std::uint32_t>(document, "bits");
    block.nonce = number<std::uint64_t>(document, "nonce");
    if (document.contains("attestations"))
        return step;
    for (const auto& one : list(document, "votes"))
    {
        NetworkVotes votes;
        votes.kind = kind(one, vote_kinds);
        votes.height = number<std::uint64_t>(one, "height");
        votes.round = number<std::uint64_t>(one, "round");
        votes.block = number<NetworkBlockId>(one, "block");
        votes.voters = bits_of(bytes(member(one, "voters"), "voters"));
        step.votes.push_back(std::move(votes));
    }
    for (const auto& one : list(document, "evidence"))
    {
        NetworkEvidence evidence;
        evidence.kind = kind(one, evidence_kinds);
        evidence.offender = number<NodeId>(one, "offender");
        evidence.found_at = number<VirtualTime>(one, "found_at_us");
        evidence.height = number<std::uint64_t>(one, "height");
        evidence.round = number<std::uint64_t>(one, "round");
        evidence.first = number<NetworkBlockId>(one, "first");
        evidence.second = number<NetworkBlockId>(one, "second");
        step.evidence.push_back(evidence);
    }
    return step;
}

// The check.

std::string check_headers(const LightChain& chain)
{
    if (chain.headers.empty())
        return "there are no headers";
    if (chain.headers.front().number != 0 ||
        chain.headers.front().parent_hash != storage::manifest_hash(chain.manifest))
        return "the first header is not that of block 0 behind the manifest";
    for (std::size_t i = 1; i < chain.headers.size(); ++i)
    {
        const auto& header = chain.headers[i];
        if (header.number != i || header.parent_hash != chain.headers[i - 1].hash())
            return fmt::format("header {} does not follow the one before it", i);
    }
    return {};
}

/// Whether votes and evidence name makers alone.
bool names_makers(const ConsensusStep& step, std::uint32_t makers)
{
    const auto is_maker_only = [makers](const std::vector<std::uint64_t>& voters)
    {
        for (std::size_t i = 0; i < voters.size(); ++i)
        {
            const auto first = 64 * i;
            if (voters[i] != 0 &&
                first + static_cast<std::size_t>(std::bit_width(voters[i])) > makers)
                return false;
        }
        return voters.size() <= words_for_voters(makers);
    };
    return std::all_of(step.votes.begin(), step.votes.end(),
               [&](const NetworkVotes& votes) { return is_maker_only(votes.voters); }) &&
           std::all_of(step.evidence.begin(), step.evidence.end(),
               [&](const NetworkEvidence& evidence) { return evidence.offender < makers; });
}

/// Whether the headers are those of the network's blocks.
std::string check_binding(const LightChain& chain, const scenarios::Scenario& scenario)
{
    if (chain.steps.size() + 1 != chain.headers.size())
        return "there is not a block of the network for each header";
    for (std::size_t i = 0; i < chain.steps.size(); ++i)
    {
        const auto& block = chain.steps[i].added.front();
        const auto& header = chain.headers[i + 1];
        if (!names_makers(chain.steps[i], scenario.consensus.makers()))
            return fmt::format("block {}: a vote or evidence is of nobody who votes", i + 1);
        if (block.height != header.number || block.maker >= scenario.consensus.makers() ||
            index(header.proposer) != fee_recipient(scenario, block.maker) ||
            header.timestamp != timestamp_of(block, scenario.start, chain.headers[i].timestamp))
            return fmt::format("header {} is not that of the network's block", header.number);
    }
    return {};
}

std::vector<NetworkBlock> blocks_of(const LightChain& chain)
{
    std::vector<NetworkBlock> blocks;
    for (const auto& step : chain.steps)
        blocks.push_back(step.added.front());
    return blocks;
}

std::string check_votes(const LightChain& chain, const scenarios::Scenario& scenario)
{
    const auto& options = scenario.consensus.bft;
    const auto replay = replay_bft(options, scenario.seed, chain.steps);
    const auto blocks = blocks_of(chain);
    std::vector<NetworkVotes> votes;
    for (const auto& step : chain.steps)
        votes.insert(votes.end(), step.votes.begin(), step.votes.end());
    const auto violations = check_bft({replay.powers, blocks, votes, {}, false});
    if (!violations.empty())
    {
        return fmt::format(
            "precommits do not show that block {} was decided", violations.front().height);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i)
    {
        if (i >= replay.proposers.size() || replay.proposers[i] != blocks[i].maker)
            return fmt::format("block {}: it was not its proposer's turn", i + 1);
    }
    return {};
}
}  // namespace

LightChain read_light_chain(const std::string& path)
{
    auto reader = storage::LedgerReader::open(path);
    LightChain chain;
    chain.manifest = reader.manifest();
    const auto scenario = scenario_of(chain.manifest);
    if (!scenario)
        throw ProofError{"t_manifest: " + scenario.error().message};
    const auto engine = scenario->consensus.engine;
    if (engine == ConsensusKind::proposer)
        throw ProofError{one_proposer};
    const auto last = reader.last_block();
    for (std::uint64_t number = 0; last && number <= *last; ++number)
        chain.headers.push_back(reader.header(number).header);
    const auto blocks = chain.headers.empty() ? 0 : chain.headers.size() - 1;
    chain.steps.resize(blocks);
    const auto maker_by_account = [&](AccountId account)
    {
        const auto maker = index(account) - first_maker(*scenario);
        if (maker >= scenario->consensus.makers())
            throw damaged("a maker of t_network_blocks or an offender of t_network_evidence");
        return maker;
    };
    auto& database = reader.database();
    for_each_row<storage::NetworkBlockRow>(database, blocks,
        [&](const storage::NetworkBlockRow& row, std::size_t place)
        {
            if (row.status != "canonical")
                return;
            NetworkBlock block;
            block.id = row.id;
            block.parent = row.parent;
            block.height = row.height;
            block.maker = maker_by_account(row.maker);
            block.made_at = row.made_at_us;
            block.stated_at = row.stated_at_us;
            block.round = row.round;
            block.bits = static_cast<std::uint32_t>(row.bits);
            block.nonce = row.nonce;
            chain.steps[place].added.assign(1, block);
        });
    for (const auto& step : chain.steps)
    {
        if (step.added.empty())
            throw damaged("t_network_blocks");
    }
    if (engine == ConsensusKind::gasper)
    {
        chain.attested = gasper_contents(*scenario, chain.steps);
        return chain;
    }
    for_each_row<storage::NetworkVoteRow>(database, blocks,
        [&](const storage::NetworkVoteRow& row, std::size_t place)
        {
            const auto found = named(row.kind, vote_kinds);
            if (!found)
                throw damaged("t_network_votes");
            NetworkVotes votes;
            votes.kind = *found;
            votes.height = row.height;
            votes.round = row.round;
            votes.block = row.block.value_or(no_block);
            votes.voters = bits_of(row.voters);
            chain.steps[place].votes.push_back(std::move(votes));
        });
    for_each_row<storage::NetworkEvidenceRow>(database, blocks,
        [&](const storage::NetworkEvidenceRow& row, std::size_t place)
        {
            const auto found = named(row.kind, evidence_kinds);
            if (!found)
                throw damaged("t_network_evidence");
            NetworkEvidence evidence;
            evidence.kind = *found;
            evidence.offender = maker_by_account(row.offender);
            evidence.found_at = row.found_at_us;
            evidence.height = row.height;
            evidence.round = row.round;
            evidence.first = row.first.value_or(no_block);
            evidence.second = row.second.value_or(no_block);
            chain.steps[place].evidence.push_back(evidence);
        });
    return chain;
}

std::string to_json(const LightChain& chain)
{
    Json document{{"runnel_headers", format_version}};
    auto manifest = Json::array();
    for (const auto& [key, value] : chain.manifest.entries)
        manifest.push_back(Json::array({key, value}));
    document["manifest"] = std::move(manifest);
    auto headers = Json::array();
    for (const auto& header : chain.headers)
    {
        Bytes encoded;
        encode(header, encoded);
        headers.push_back("0x" + to_hex(encoded));
    }
    document["headers"] = std::move(headers);
    auto blocks = Json::array();
    for (std::size_t i = 0; i < chain.steps.size(); ++i)
    {
        blocks.push_back(
            to_document(chain.steps[i], chain.attested.empty() ? nullptr : &chain.attested[i]));
    }
    document["blocks"] = std::move(blocks);
    return document.dump(1, ' ', true, Json::error_handler_t::replace) + '\n';
}

LightChain parse_light_chain(std::string_view json)
{
    // Nothing lies deeper; the parser would recurse as deep as the file says.
    constexpr int depth_max = 6;
    bool too_deep = false;
    const auto document = Json::parse(
        json,
        [&](int depth, Json::parse_event_t, Json&)
        {
            too_deep = too_deep || depth > depth_max;
            return !too_deep;
        },
        false);
    if (too_deep || document.is_discarded() || json.find('\0') != std::string_view::npos)
        throw ProofError{"not headers: it is not JSON"};
    if (number<unsigned>(document, "runnel_headers") != format_version)
        throw ProofError{fmt::format("not headers of format {}", format_version)};
    LightChain chain;
    for (const auto& entry : list(document, "manifest"))
    {
        if (!entry.is_array() || entry.size() != 2)
            throw expected("pairs in manifest");
        auto key = text(entry[0], "manifest");
        if (chain.manifest.find(key))
            throw expected(fmt::format("{} once in manifest", key));
        chain.manifest.add(std::move(key), text(entry[1], "manifest"));
    }
    for (const auto& encoded : list(document, "headers"))
    {
        auto& header = chain.headers.emplace_back();
        if (!decode(bytes(encoded, "headers"), header))
            throw expected("encoded headers in headers");
    }
    for (const auto& block : list(document, "blocks"))
    {
        chain.steps.push_back(read_step(block));
        if (block.contains("attestations"))
            chain.attested.push_back(read_attested(block));
    }
    return chain;
}

LightFinality check_finality(
    const LightChain& chain, const Proof& proof, std::uint64_t confirmations)
{
    const auto fails = [](std::string why) { return LightFinality{{}, std::move(why)}; };
    if (auto wrong = check_headers(chain); !wrong.empty())
        return fails(std::move(wrong));
    const auto scenario = scenario_of(chain.manifest);
    if (!scenario)
        return fails(scenario.error().message);
    if (auto wrong = check_binding(chain, *scenario); !wrong.empty())
        return fails(std::move(wrong));
    const auto number = proof.header.number;
    if (number >= chain.headers.size() || chain.headers[number].hash() != proof.block_hash)
        return fails(fmt::format("the headers have no block {} with the proof's hash", number));
    if (scenario->consensus.engine == ConsensusKind::gasper)
        return check_attestations(chain, *scenario, first_maker(*scenario), number);
    if (scenario->consensus.engine == ConsensusKind::bft)
    {
        if (auto wrong = check_votes(chain, *scenario); !wrong.empty())
            return fails(std::move(wrong));
        return {fmt::format("block {} is final: validators with more than two thirds of the stake "
                            "precommitted it and every block before it",
                    number),
            {}};
    }
    if (scenario->consensus.engine == ConsensusKind::pow)
    {
        const auto blocks = blocks_of(chain);
        const auto work = check_pow(scenario->consensus.pow, blocks);
        if (work.fault != PowFault::none)
            return fails(fmt::format("block {}: {}", work.height, to_string(work.fault)));
        const auto found = chain.headers.size() - number;
        if (found < confirmations)
        {
            return fails(fmt::format("block {} has {} confirmations, expected at least {}", number,
                found, confirmations));
        }
        return {fmt::format("block {} has {} confirmations; the chain took {} hashes on average",
                    number, found, work.work.to_string()),
            {}};
    }
    return fails(one_proposer);
}

}  // namespace runnel::audit
