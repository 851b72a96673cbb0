#include "tools/replay/oz_erc20_replay.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "tools/replay/json_fields.hpp"

namespace runnel::replay
{
namespace
{
using contracts::Erc20;
using contracts::Sandbox;
using nlohmann::json;

/// Users are numbers, 0 is the zero address. Mint and burn are open to all in the recorded
/// contract; here its minter makes them.
class OzErc20Replayer final : public Replayer
{
public:
    void start(const json&) override {}
    void operation(const json& line, Comparison& comparison) override;

private:
    void deploy(const json& args);
    [[nodiscard]] AccountId user(std::uint64_t number) const;
    [[nodiscard]] AccountId user(const json& object, const char* name) const;
    [[nodiscard]] std::string number_of(std::uint64_t account) const;
    [[nodiscard]] Sandbox::Outcome run(const json& line);
    void compare_refusal(const json& line, const Refusal& refusal, Comparison& comparison) const;
    void compare_state(const json& line, Comparison& comparison) const;

    std::unique_ptr<Sandbox> sandbox_;
    Erc20* token_ = nullptr;
    AccountId minter_{};
    std::vector<AccountId> users_;  // By number.
};

void OzErc20Replayer::deploy(const json& args)
{
    constexpr std::uint64_t users_max = 1'000'000;
    const auto count = count_of(args, "users");
    if (count > users_max)
        throw std::invalid_argument{"\"users\" is above 1000000"};
    sandbox_ = std::make_unique<Sandbox>();
    minter_ = sandbox_->account("minter");
    users_.assign(1, zero_account);
    for (std::uint64_t i = 1; i <= count; ++i)
        users_.push_back(sandbox_->account(fmt::format("user/{}", i)));
    token_ = &sandbox_->add<Erc20>(
        "token", TokenInfo{"TOKEN", 18}, contracts::TokenFlavour::openzeppelin5, minter_);
    sandbox_->connect();
}

AccountId OzErc20Replayer::user(std::uint64_t number) const
{
    if (number >= users_.size())
        throw std::invalid_argument{fmt::format("{} is no user of this file", number)};
    return users_[number];
}

AccountId OzErc20Replayer::user(const json& object, const char* name) const
{
    return user(count_of(object, name));
}

std::string OzErc20Replayer::number_of(std::uint64_t account) const
{
    for (std::size_t i = 0; i < users_.size(); ++i)
    {
        if (index(users_[i]) == account)
            return std::to_string(i);
    }
    return "another account";
}

Sandbox::Outcome OzErc20Replayer::run(const json& line)
{
    const auto& name = text_of(line, "op");
    const auto& args = object_of(line, "a");
    const auto value = amount_of(args, "value");
    const auto caller = user(line, "c");
    if (name == "transfer")
        return sandbox_->run(
            caller, token_->id(), contracts::Erc20Transfer{user(args, "to"), value});
    if (name == "approve")
    {
        return sandbox_->run(
            caller, token_->id(), contracts::Erc20Approve{user(args, "spender"), value});
    }
    if (name == "transferFrom")
    {
        return sandbox_->run(caller, token_->id(),
            contracts::Erc20TransferFrom{user(args, "from"), user(args, "to"), value});
    }
    if (name == "mint")
        return sandbox_->run(minter_, token_->id(), contracts::Erc20Mint{user(args, "to"), value});
    if (name == "burn")
        return sandbox_->run(
            minter_, token_->id(), contracts::Erc20Burn{user(args, "from"), value});
    throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

void OzErc20Replayer::operation(const json& line, Comparison& comparison)
{
    if (text_of(line, "op") == "deploy")
    {
        deploy(object_of(line, "a"));
        return;
    }
    if (sandbox_ == nullptr)
        throw std::invalid_argument{"an operation comes before \"deploy\""};
    const auto outcome = run(line);
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", ok ? "true" : "false", outcome.ok() ? "true" : "false");
    if (!ok && !outcome.ok())
        compare_refusal(line, outcome.receipt.refusal, comparison);
    else if (!outcome.ok())
        comparison.mismatch("refused: " + outcome.receipt.refusal.to_string());
    compare_state(line, comparison);
}

void OzErc20Replayer::compare_refusal(
    const json& line, const Refusal& refusal, Comparison& comparison) const
{
    comparison.equal("e", text_of(line, "e"),
        refusal.kind == RefusalKind::ledger ? refusal.to_string() : std::string{refusal.text});
    if (!line.contains("ea"))
    {
        comparison.equal("ea", "0 arguments", fmt::format("{} arguments", refusal.argument_count));
        return;
    }
    const auto& arguments = member(line, "ea");
    comparison.equal("ea", fmt::format("{} arguments", arguments.size()),
        fmt::format("{} arguments", refusal.argument_count));
    for (unsigned i = 0; i < refusal.argument_count && i < arguments.size(); ++i)
    {
        // An account's number is a JSON number, an amount is a string.
        const auto& recorded = arguments.at(i);
        const bool is_account = (refusal.account_mask >> i & 1U) != 0;
        comparison.equal(fmt::format("ea[{}]", i), recorded.dump(),
            is_account ? number_of(refusal.arguments[i].low64())
                       : fmt::format("\"{}\"", refusal.arguments[i].to_string()));
    }
}

void OzErc20Replayer::compare_state(const json& line, Comparison& comparison) const
{
    const auto& state = object_of(line, "s");
    comparison.equal("s.supply", text_of(state, "supply"), token_->total_supply().to_string());
    for (const auto& [number, balance] : member(state, "bal").items())
    {
        const auto parsed = parse_amount(number);
        comparison.equal("s.bal." + number, as_text(balance, "s.bal." + number),
            token_->balance(user(parsed.fits_uint64() ? parsed.low64() : ~0ULL)).to_string());
    }
    if (!state.contains("allowance"))
        return;
    const auto& args = object_of(line, "a");
    const bool is_approval = text_of(line, "op") == "approve";
    const auto owner = is_approval ? user(line, "c") : user(args, "from");
    const auto spender = is_approval ? user(args, "spender") : user(line, "c");
    comparison.equal(
        "s.allowance", text_of(state, "allowance"), token_->allowance(owner, spender).to_string());
}
}  // namespace

Protocol oz_erc20_protocol()
{
    return {"openzeppelin-erc20",
        [](const json& header) { return header.value("protocol", json{}) == "openzeppelin-erc20"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<OzErc20Replayer>(); }};
}

}  // namespace runnel::replay
