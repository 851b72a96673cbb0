#include "tools/replay/masterchef_replay.hpp"

#include "contracts/farms/masterchef/masterchef.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tools/replay/recorded_fields.hpp"

#include <memory>

namespace runnel::replay
{
namespace
{
using namespace contracts::masterchef;
using contracts::Erc20;
using contracts::MasterChef;
using contracts::Sandbox;
using nlohmann::json;

/// Users are numbers, and so are the tokens that pools are made of. Gifts to a pool come from a
/// minter.
class MasterChefReplayer final : public Replayer
{
public:
    void start(const json&) override {}
    void operation(const json& line, Comparison& comparison) override;

private:
    void deploy(const json& args);
    [[nodiscard]] Erc20& lp_token(std::uint64_t number);
    [[nodiscard]] Amount pid_of(const json& args) const;
    [[nodiscard]] Sandbox::Outcome run(const json& line);
    void compare_state(const json& line, Comparison& comparison) const;

    std::unique_ptr<Sandbox> sandbox_;
    Erc20* sushi_ = nullptr;
    MasterChef* chef_ = nullptr;
    AccountId minter_{};
    AccountId owner_{};
    AccountId dev_{};
    Amount funds_;
    std::vector<AccountId> users_;
    std::vector<Erc20*> lp_tokens_;
};

void MasterChefReplayer::deploy(const json& args)
{
    const auto count = user_count_of(args);
    funds_ = funds_of(args, "user_lp_balance", count);
    sandbox_ = std::make_unique<Sandbox>();
    minter_ = sandbox_->account("minter");
    owner_ = sandbox_->account("owner");
    dev_ = sandbox_->account("dev");
    sushi_ = &sandbox_->add<Erc20>("sushi", TokenInfo{"SUSHI", 18},
        contracts::TokenFlavour::openzeppelin4, sandbox_->account("chef"));
    const Schedule schedule{amount_of(args, "sushi_per_block"), integer_of(args, "start_block"),
        amount_of(args, "bonus_end_block"), amount_of(args, "bonus_multiplier")};
    chef_ = &sandbox_->add<MasterChef>(
        "chef", sushi_->id(), schedule, std::vector<FirstPool>{}, owner_, dev_);
    lp_tokens_.clear();
    users_.clear();
    for (std::uint64_t i = 0; i < count; ++i)
        users_.push_back(sandbox_->account(fmt::format("user/{}", i)));
    sandbox_->connect();
}

Erc20& MasterChefReplayer::lp_token(std::uint64_t number)
{
    constexpr std::uint64_t tokens_max = 1'000;
    if (number >= tokens_max)
        throw std::invalid_argument{"\"lp\" is above 999"};
    while (lp_tokens_.size() <= number)
    {
        auto& token = sandbox_->add<Erc20>(fmt::format("lp/{}", lp_tokens_.size()),
            TokenInfo{"LP", 18}, contracts::TokenFlavour::openzeppelin4, minter_);
        lp_tokens_.push_back(&token);
        for (const auto user : users_)
            token.allocate(user, funds_);
        sandbox_->connect();
        for (const auto user : users_)
        {
            (void)sandbox_->run(
                user, token.id(), contracts::Erc20Approve{chef_->account(), Amount::max()});
        }
    }
    return *lp_tokens_[number];
}

Amount MasterChefReplayer::pid_of(const json& args) const
{
    return Amount{count_of(args, "pid")};
}

Sandbox::Outcome MasterChefReplayer::run(const json& line)
{
    const auto& name = text_of(line, "op");
    const auto& args = object_of(line, "a");
    const auto user = user_of(users_, line, "u");
    const auto id = chef_->id();
    const auto in_block = [&](AccountId sender, ContractId contract, const auto& call)
    {
        sandbox_->set_block(count_of(line, "b"));
        return sandbox_->run(sender, contract, call);
    };
    if (name == "deposit")
        return in_block(user, id, Deposit{pid_of(args), amount_of(args, "amount")});
    if (name == "withdraw")
        return in_block(user, id, Withdraw{pid_of(args), amount_of(args, "amount")});
    if (name == "emergencyWithdraw")
        return in_block(user, id, EmergencyWithdraw{pid_of(args)});
    if (name == "updatePool")
        return in_block(user, id, UpdatePool{pid_of(args)});
    if (name == "massUpdatePools")
        return in_block(user, id, MassUpdatePools{});
    if (name == "add")
    {
        const auto token = lp_token(count_of(args, "lp")).account();
        return in_block(
            owner_, id, Add{amount_of(args, "alloc"), token, flag_of(args, "with_update")});
    }
    if (name == "set")
    {
        return in_block(
            owner_, id, Set{pid_of(args), amount_of(args, "alloc"), flag_of(args, "with_update")});
    }
    if (name == "lpDonate")
    {
        const auto pid = count_of(args, "pid");
        if (pid >= chef_->pool_count())
            throw std::invalid_argument{fmt::format("{} is no pool of this file", pid)};
        return in_block(minter_, chef_->pool_info(pid).lp_token,
            contracts::Erc20Mint{chef_->account(), amount_of(args, "amount")});
    }
    throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

/// The recordings' own LP token says in another word that somebody does not have so much.
void use_recorded_words(Refusal& refusal)
{
    if (refusal.text == "ERC20: transfer amount exceeds balance")
        refusal.text = "bal";
}

void MasterChefReplayer::operation(const json& line, Comparison& comparison)
{
    if (text_of(line, "op") == "deploy")
    {
        deploy(object_of(line, "a"));
        return;
    }
    if (sandbox_ == nullptr)
        throw std::invalid_argument{"an operation comes before \"deploy\""};
    if (count_of(line, "b") == 0)
        throw std::invalid_argument{"\"b\" is 0"};
    const auto user = user_of(users_, line, "u");
    const auto sushi_before = sushi_->balance(user);
    const auto dev_before = sushi_->balance(dev_);
    auto outcome = run(line);
    use_recorded_words(outcome.receipt.refusal);
    compare_outcome(line, outcome.ok() ? nullptr : &outcome.receipt.refusal, comparison);
    if (line.contains("r"))
    {
        compare_fields("r", member(line, "r"),
            {{"sushi_to_user", wrapping_sub(sushi_->balance(user), sushi_before).to_string()},
                {"sushi_to_dev", wrapping_sub(sushi_->balance(dev_), dev_before).to_string()}},
            comparison);
    }
    compare_state(line, comparison);
}

void MasterChefReplayer::compare_state(const json& line, Comparison& comparison) const
{
    const auto block = count_of(line, "b");
    const auto& recorded = object_of(line, "s");
    const auto pid = count_of(recorded, "pid");
    if (pid >= chef_->pool_count())
        throw std::invalid_argument{fmt::format("{} is no pool of this file", pid)};
    const auto& pool = chef_->pool_info(pid);
    compare_fields("s", recorded,
        {{"pid", std::to_string(pid)},
            {"total_alloc", chef_->state().total_alloc_point.to_string()},
            {"sushi_supply", sushi_->total_supply().to_string()},
            {"chef_sushi", sushi_->balance(chef_->account()).to_string()},
            {"alloc", pool.alloc_point.to_string()},
            {"last_block", std::to_string(pool.last_reward_block)},
            {"acc", pool.acc_sushi_per_share.to_string()},
            {"lp_supply", chef_->lp_supply(pid).to_string()}},
        comparison);
    const auto user = user_of(users_, line, "u");
    const auto& info = chef_->user_info(pid, user);
    compare_fields("us", object_of(line, "us"),
        {{"amount", info.amount.to_string()}, {"debt", info.reward_debt.to_string()},
            {"pending", text_of_view(chef_->pending(pid, user, block))},
            {"sushi", sushi_->balance(user).to_string()}},
        comparison);
    if (line.contains("all_pending"))
    {
        const auto& all = member(line, "all_pending");
        if (all.size() != users_.size())
            comparison.mismatch("\"all_pending\" is not one for each user");
        else
        {
            compare_users(
                "all_pending", all,
                [&](std::size_t i) { return chef_->pending(pid, users_[i], block); }, comparison);
        }
    }
}
}  // namespace

Protocol masterchef_protocol()
{
    return {"sushi-masterchef",
        [](const json& header) { return header.value("protocol", json{}) == "sushi-masterchef"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<MasterChefReplayer>(); }};
}

}  // namespace runnel::replay
