#include "tools/replay/makerdao_dss_replay.hpp"

#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/refusal_text.hpp"

#include <map>

namespace runnel::replay
{
namespace
{
using namespace contracts::makerdao_dss;
using contracts::Dai;
using contracts::Erc20Approve;
using contracts::Erc20Mint;
using contracts::MakerDss;
using contracts::Sandbox;
using nlohmann::json;

using Values = std::map<std::string, std::string, std::less<>>;

void compare_all(
    Comparison& comparison, const std::string& prefix, const json& object, const Values& replayed)
{
    for (const auto& [field, recorded] : object.items())
    {
        const auto found = replayed.find(field);
        comparison.equal(prefix + field, recorded_text(recorded),
            found == replayed.end() ? std::string{"nothing"} : found->second);
    }
}

/// The recordings' collateral: it looks at the balance before the allowance.
class TestGem final : public contracts::Erc20
{
public:
    TestGem(ContractIdentity identity, TokenInfo info, AccountId minter)
      : Erc20{std::move(identity), std::move(info), contracts::TokenFlavour::openzeppelin4, minter}
    {}

    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override
    {
        RUNNEL_REQUIRE(
            holding(context, from) >= amount, Refusal::error("gem/insufficient-balance"));
        return Erc20::transfer_from(context, from, to, amount);
    }
};

class DssReplayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    struct Ilk
    {
        std::string name;
        TestGem* gem = nullptr;
    };

    [[nodiscard]] IlkSpec add_ilk(const std::string& name, const json& fields, std::uint64_t start);
    [[nodiscard]] AccountId account(const std::string& name) const;
    [[nodiscard]] AccountId account_in(const json& line, const char* field) const
    {
        return account(text_of(line, field));
    }
    [[nodiscard]] std::uint8_t ilk_named(const std::string& name) const;
    [[nodiscard]] std::uint8_t ilk_in(const json& line) const
    {
        return ilk_named(text_of(line, "ilk"));
    }
    [[nodiscard]] bool add_vat_call(CallWriter& calls, const std::string& op, const json& line);
    [[nodiscard]] bool add_auction_call(CallWriter& calls, const std::string& op, const json& line);
    [[nodiscard]] bool add_file_call(CallWriter& calls, const std::string& op, const json& line);
    [[nodiscard]] Sandbox::Outcome run(const json& line);
    void compare_outcome(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_state(const json& state, Comparison& comparison) const;
    void compare_ilk(std::uint8_t ilk, const json& recorded, Comparison& comparison) const;
    void compare_user(const std::string& name, const json& recorded, Comparison& comparison) const;
    void compare_sale(const json& line, Comparison& comparison) const;

    Sandbox sandbox_;
    MakerDss* dss_ = nullptr;
    Dai* dai_ = nullptr;
    AccountId faucet_{};
    std::map<std::string, AccountId, std::less<>> accounts_;
    std::map<std::uint32_t, std::string> names_;
    std::vector<Ilk> ilks_;
};

Abacus abacus_of(const json& fields)
{
    const auto& kind = text_of(fields, "type");
    const auto& params = object_of(fields, "params");
    const auto number = [&](const char* name)
    {
        const auto& value = member(params, name);
        return value.is_number_unsigned() ? Amount{value.get<std::uint64_t>()}
                                          : amount_of(params, name);
    };
    Abacus abacus;
    if (kind == "LinearDecrease")
    {
        abacus.kind = Abacus::Kind::linear;
        abacus.tau = number("tau");
    }
    else if (kind == "StairstepExponentialDecrease")
    {
        abacus.kind = Abacus::Kind::stairstep;
        abacus.cut = number("cut");
        abacus.step = number("step");
    }
    else if (kind == "ExponentialDecrease")
    {
        abacus.kind = Abacus::Kind::exponential;
        abacus.cut = number("cut");
    }
    else
        throw std::invalid_argument{fmt::format("unknown abacus \"{}\"", kind)};
    return abacus;
}

IlkSpec DssReplayer::add_ilk(const std::string& name, const json& fields, std::uint64_t start)
{
    auto& gem = sandbox_.add<TestGem>("gem/" + name, TokenInfo{name, 18}, faucet_);
    const auto wallet = amount_of(fields, "initialGemWalletPerUser");
    if (!(Checked{wallet} * accounts_.size()).ok())
        throw std::invalid_argument{"the users' wallets exceed 256 bits"};
    for (const auto& [user, id] : accounts_)
    {
        if (user != "admin")
            gem.allocate(id, wallet);
    }
    ilks_.push_back({name, &gem});

    IlkSpec spec;
    spec.gem = gem.id();
    spec.label = name;
    spec.vat.rate = ray;
    spec.vat.line = amount_of(fields, "line_rad");
    spec.vat.dust = amount_of(fields, "dust_rad");
    spec.jug = {amount_of(fields, "duty_ray"), start};
    spec.mat = amount_of(fields, "mat_ray");
    spec.pip.value = amount_of(fields, "pip_wad");
    spec.pip.has = true;
    spec.dog.chop = amount_of(fields, "chop_wad");
    spec.dog.hole = amount_of(fields, "hole_rad");
    const auto& clip = object_of(fields, "clip");
    spec.clip.buf = amount_of(clip, "buf");
    spec.clip.tail = amount_of(clip, "tail");
    spec.clip.cusp = amount_of(clip, "cusp");
    spec.clip.chip = amount_of(clip, "chip");
    spec.clip.tip = amount_of(clip, "tip");
    spec.clip.chost = amount_of(clip, "chost_rad");
    spec.clip.stopped = count_of(clip, "stopped");
    spec.abacus = abacus_of(object_of(fields, "abacus"));
    return spec;
}

void DssReplayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    const auto start = integer_of(setup, "t0");
    faucet_ = sandbox_.account("faucet");
    for (const auto& [name, address] : object_of(setup, "users").items())
        accounts_.emplace(name, sandbox_.account(name == "admin" ? name : "user/" + name));
    accounts_.insert_or_assign("admin", sandbox_.account("admin"));

    Setup system;
    system.admin = "admin";
    system.line = amount_of(setup, "vat_Line_rad");
    system.base = amount_of(setup, "jug_base_ray");
    system.par = amount_of(setup, "spotter_par_ray");
    system.pot = {{}, ray, amount_of(setup, "pot_dsr_ray"), start};
    system.hole = amount_of(setup, "dog_Hole_rad");
    system.vow.wait = amount_of(setup, "vow_wait_s");
    std::vector<IlkSpec> specs;
    for (const auto& item : member(setup, "ilksInOrder"))
    {
        const auto& name = as_text(item, "ilksInOrder");
        specs.push_back(add_ilk(name, object_of(object_of(setup, "ilks"), name), start));
    }
    if (specs.size() > MakerDss::ilks_max)
        throw std::invalid_argument{"there are too many ilks"};
    dai_ = &sandbox_.add<Dai>("DAI", "DAI");
    system.dai = dai_->id();
    dss_ = &sandbox_.add<MakerDss>("dss", std::move(system), specs);
    for (const auto& name : dss_->account_names())
        (void)sandbox_.account(name);
    sandbox_.connect();
    accounts_.emplace("vow", dss_->vow_account());
    accounts_.emplace("pot", dss_->pot_account());
    for (const auto& [name, id] : accounts_)
        names_.emplace(index(id), name);

    sandbox_.set_time(start);
    CallWriter pokes;
    for (std::uint8_t i = 0; i < ilks_.size(); ++i)
        pokes.add(dss_->id(), SpotterPoke{i});
    if (!sandbox_.run(account("admin"), pokes).ok())
        throw std::invalid_argument{"the first prices cannot be poked"};
    for (const auto& [name, user] : accounts_)
    {
        CallWriter calls;
        calls.add(dai_->id(), Erc20Approve{dss_->dai_join_account(), Amount::max()});
        calls.add(dss_->id(), Hope{dss_->dai_join_account()});
        calls.add(dss_->id(), Hope{dss_->pot_account()});
        for (std::uint8_t i = 0; i < ilks_.size(); ++i)
        {
            calls.add(ilks_[i].gem->id(), Erc20Approve{dss_->account(), Amount::max()});
            calls.add(dss_->id(), Hope{dss_->clip_account(i)});
        }
        if (!sandbox_.run(user, calls).ok())
            throw std::invalid_argument{"the users cannot approve the system"};
    }
}

AccountId DssReplayer::account(const std::string& name) const
{
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no user of this file", name)};
    return found->second;
}

std::uint8_t DssReplayer::ilk_named(const std::string& name) const
{
    for (std::size_t i = 0; i < ilks_.size(); ++i)
    {
        if (ilks_[i].name == name)
            return static_cast<std::uint8_t>(i);
    }
    throw std::invalid_argument{fmt::format("\"{}\" is no ilk of this file", name)};
}

bool DssReplayer::add_vat_call(CallWriter& calls, const std::string& op, const json& line)
{
    const auto id = dss_->id();
    const auto wad = [&] { return amount_of(line, "wad"); };
    if (op == "gemJoin.join")
        calls.add(id, GemJoinJoin{ilk_in(line), account_in(line, "usr"), wad()});
    else if (op == "gemJoin.exit")
        calls.add(id, GemJoinExit{ilk_in(line), account_in(line, "usr"), wad()});
    else if (op == "daiJoin.join")
        calls.add(id, DaiJoinJoin{account_in(line, "usr"), wad()});
    else if (op == "daiJoin.exit")
        calls.add(id, DaiJoinExit{account_in(line, "usr"), wad()});
    else if (op == "vat.frob")
    {
        calls.add(id, Frob{ilk_in(line), account_in(line, "u"), account_in(line, "v"),
                          account_in(line, "w"), signed_of(line, "dink"), signed_of(line, "dart")});
    }
    else if (op == "vat.fork")
    {
        calls.add(id, Fork{ilk_in(line), account_in(line, "src"), account_in(line, "dst"),
                          signed_of(line, "dink"), signed_of(line, "dart")});
    }
    else if (op == "vat.hope")
        calls.add(id, Hope{account_in(line, "usr")});
    else if (op == "vat.nope")
        calls.add(id, Nope{account_in(line, "usr")});
    else if (op == "vat.move")
    {
        calls.add(
            id, Move{account_in(line, "src"), account_in(line, "dst"), amount_of(line, "rad")});
    }
    else if (op == "vat.flux")
    {
        calls.add(id, Flux{ilk_in(line), account_in(line, "src"), account_in(line, "dst"), wad()});
    }
    else if (op == "vat.fold")
        calls.add(id, Fold{ilk_in(line), account_in(line, "u"), signed_of(line, "rate")});
    else if (op == "jug.drip")
        calls.add(id, JugDrip{ilk_in(line)});
    else if (op == "pot.drip")
        calls.add(id, PotDrip{});
    else if (op == "pot.join")
        calls.add(id, PotJoin{wad()});
    else if (op == "pot.exit")
        calls.add(id, PotExit{wad()});
    else if (op == "pip.set")
        calls.add(id, PipSet{ilk_in(line), amount_of(line, "val"), flag_of(line, "has")});
    else if (op == "spotter.poke")
        calls.add(id, SpotterPoke{ilk_in(line)});
    else
        return false;
    return true;
}

bool DssReplayer::add_auction_call(CallWriter& calls, const std::string& op, const json& line)
{
    const auto id = dss_->id();
    const auto number = [&] { return integer_of(line, "id"); };
    if (op == "dog.bark")
        calls.add(id, Bark{ilk_in(line), account_in(line, "urn"), account_in(line, "kpr")});
    else if (op == "clip.take")
    {
        calls.add(id, Take{ilk_in(line), number(), amount_of(line, "amt"), amount_of(line, "max"),
                          account_in(line, "who"), {}});
    }
    else if (op == "clip.redo")
        calls.add(id, Redo{ilk_in(line), number(), account_in(line, "kpr")});
    else if (op == "clip.yank")
        calls.add(id, Yank{ilk_in(line), number()});
    else if (op == "clip.upchost")
        calls.add(id, Upchost{ilk_in(line)});
    else if (op == "vow.heal")
        calls.add(id, Heal{amount_of(line, "rad")});
    else if (op == "vow.flog")
        calls.add(id, Flog{integer_of(line, "era")});
    else
        return false;
    return true;
}

bool DssReplayer::add_file_call(CallWriter& calls, const std::string& op, const json& line)
{
    static const std::map<std::string, Parameter, std::less<>> of_system{
        {"vat.file.Line", Parameter::vat_line}, {"jug.file.base", Parameter::jug_base},
        {"spotter.file.par", Parameter::spotter_par}, {"pot.file.dsr", Parameter::pot_dsr},
        {"dog.file.Hole", Parameter::dog_hole}, {"vow.file.wait", Parameter::vow_wait}};
    static const std::map<std::string, IlkParameter, std::less<>> of_ilk{
        {"vat.file.line", IlkParameter::vat_line}, {"vat.file.dust", IlkParameter::vat_dust},
        {"jug.file.duty", IlkParameter::jug_duty}, {"spotter.file.mat", IlkParameter::spotter_mat},
        {"dog.file.chop", IlkParameter::dog_chop}, {"dog.file.hole", IlkParameter::dog_hole},
        {"clip.file.buf", IlkParameter::clip_buf}, {"clip.file.tail", IlkParameter::clip_tail},
        {"clip.file.cusp", IlkParameter::clip_cusp}, {"clip.file.chip", IlkParameter::clip_chip},
        {"clip.file.tip", IlkParameter::clip_tip},
        {"clip.file.stopped", IlkParameter::clip_stopped}};
    if (const auto found = of_system.find(op); found != of_system.end())
        calls.add(dss_->id(), File{found->second, amount_of(line, "value")});
    else if (const auto ilk = of_ilk.find(op); ilk != of_ilk.end())
        calls.add(dss_->id(), FileIlk{ilk_in(line), ilk->second, amount_of(line, "value")});
    else
        return false;
    return true;
}

Sandbox::Outcome DssReplayer::run(const json& line)
{
    const auto& op = text_of(line, "op");
    auto sender = account_in(line, "from");
    CallWriter calls;
    if (op == "gem.mint")
    {
        calls.add(ilks_[ilk_in(line)].gem->id(),
            Erc20Mint{account_in(line, "usr"), amount_of(line, "wad")});
        sender = faucet_;
    }
    else if (!add_vat_call(calls, op, line) && !add_auction_call(calls, op, line) &&
             !add_file_call(calls, op, line))
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", op)};
    return sandbox_.run(sender, calls);
}

void DssReplayer::operation(const json& line, Comparison& comparison)
{
    sandbox_.set_time(integer_of(line, "t"));
    const auto outcome = run(line);
    compare_outcome(line, outcome, comparison);
    compare_state(object_of(line, "state"), comparison);
    for (const auto& [name, recorded] : object_of(line, "users").items())
        compare_user(name, recorded, comparison);
    if (line.contains("sale"))
        compare_sale(line, comparison);
    Findings findings;
    dss_->check_invariants(sandbox_.world(), findings);
    for (auto& finding : findings)
        comparison.mismatch(std::move(finding));
}

void DssReplayer::compare_outcome(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("outcome", ok ? "ok" : recorded_revert(line),
        outcome.ok() ? "ok" : revert_text(outcome.receipt.refusal));
    if (!line.contains("ret"))
        return;
    const auto& ret = member(line, "ret");
    for (std::size_t i = 0; i < ret.size(); ++i)
    {
        const auto& returns = outcome.returns;
        comparison.equal(fmt::format("ret[{}]", i), recorded_text(ret.at(i)),
            i < returns.count ? returns.values[i].to_string() : std::string{"nothing"});
    }
}

void DssReplayer::compare_state(const json& state, Comparison& comparison) const
{
    for (const auto& [module, recorded] : state.items())
    {
        if (module == "ilks")
        {
            for (const auto& [name, fields] : recorded.items())
                compare_ilk(ilk_named(name), fields, comparison);
            continue;
        }
        Values replayed;
        const auto& pot = dss_->pot();
        if (module == "vat")
        {
            replayed = {{"debt", dss_->vat().debt.to_string()},
                {"vice", dss_->vat().vice.to_string()}, {"Line", dss_->vat().line.to_string()}};
        }
        else if (module == "vow")
        {
            replayed = {{"dai", dss_->dai(dss_->vow_account()).to_string()},
                {"sin", dss_->sin(dss_->vow_account()).to_string()},
                {"Sin", dss_->vow().sin.to_string()}};
        }
        else if (module == "pot")
        {
            replayed = {{"Pie", pot.pie.to_string()}, {"chi", pot.chi.to_string()},
                {"dsr", pot.dsr.to_string()}, {"rho", std::to_string(pot.rho)},
                {"dai", dss_->dai(dss_->pot_account()).to_string()}};
        }
        else if (module == "dog")
        {
            replayed = {
                {"Hole", dss_->dog().hole.to_string()}, {"Dirt", dss_->dog().dirt.to_string()}};
        }
        compare_all(comparison, "state." + module + ".", recorded, replayed);
    }
}

void DssReplayer::compare_ilk(std::uint8_t ilk, const json& recorded, Comparison& comparison) const
{
    const auto prefix = "state.ilks." + ilks_[ilk].name + ".";
    const auto& vat = dss_->ilk(ilk);
    const auto& dog = dss_->dog(std::size_t{ilk});
    const auto& clip = dss_->clip(ilk);
    const Values replayed{{"Art", vat.art.to_string()}, {"rate", vat.rate.to_string()},
        {"spot", vat.spot.to_string()}, {"line", vat.line.to_string()},
        {"dust", vat.dust.to_string()}, {"duty", dss_->jug(ilk).duty.to_string()},
        {"rho", std::to_string(dss_->jug(ilk).rho)}, {"mat", dss_->mat(ilk).to_string()},
        {"pip", dss_->pip(ilk).value.to_string()}, {"chop", dog.chop.to_string()},
        {"hole", dog.hole.to_string()}, {"dirt", dog.dirt.to_string()},
        {"chost", clip.chost.to_string()}, {"kicks", std::to_string(clip.kicks)},
        {"clipGem", dss_->gem(ilk, dss_->clip_account(ilk)).to_string()}};
    for (const auto& [field, value] : recorded.items())
    {
        if (field == "active")
        {
            auto active = json::array();
            for (const auto id : dss_->active_sales(ilk))
                active.push_back(std::to_string(id));
            comparison.equal(prefix + field, value.dump(), active.dump());
            continue;
        }
        const auto found = replayed.find(field);
        comparison.equal(prefix + field, recorded_text(value),
            found == replayed.end() ? std::string{"nothing"} : found->second);
    }
}

void DssReplayer::compare_user(
    const std::string& name, const json& recorded, Comparison& comparison) const
{
    const auto user = account(name);
    const auto prefix = "users." + name + ".";
    const Values replayed{{"dai", dss_->dai(user).to_string()},
        {"daiToken", dai_->balance(user).to_string()}, {"pie", dss_->pie(user).to_string()}};
    for (const auto& [field, value] : recorded.items())
    {
        if (field == "urns")
        {
            for (const auto& [ilk_name, fields] : value.items())
            {
                const auto ilk = ilk_named(ilk_name);
                const auto& urn = dss_->urn(ilk, user);
                compare_all(comparison, prefix + ilk_name + ".", fields,
                    {{"ink", urn.ink.to_string()}, {"art", urn.art.to_string()},
                        {"gem", dss_->gem(ilk, user).to_string()},
                        {"wallet", ilks_[ilk].gem->balance(user).to_string()}});
            }
            continue;
        }
        const auto found = replayed.find(field);
        comparison.equal(prefix + field, recorded_text(value),
            found == replayed.end() ? std::string{"nothing"} : found->second);
    }
}

void DssReplayer::compare_sale(const json& line, Comparison& comparison) const
{
    const auto& recorded = object_of(line, "sale");
    const auto ilk = ilk_in(line);
    const auto id = integer_of(recorded, "id");
    const auto& sale = dss_->sale(ilk, id);
    const bool is_running = sale.usr != zero_account;
    const auto name = names_.find(index(sale.usr));
    Values replayed{{"id", std::to_string(id)}, {"pos", std::to_string(sale.pos)},
        {"tab", sale.tab.to_string()}, {"lot", sale.lot.to_string()}, {"top", sale.top.to_string()},
        {"tic", std::to_string(sale.tic)},
        {"usr", !is_running            ? "0x0000000000000000000000000000000000000000"
                : name == names_.end() ? "nobody"
                                       : name->second}};
    if (is_running)
    {
        const auto status = dss_->sale_status(ilk, id, integer_of(line, "t"));
        replayed["needsRedo"] = status.has_value() ? (status->needs_redo ? "1" : "0") : "revert";
        replayed["price"] = status.has_value() ? status->price.to_string() : "revert";
    }
    compare_all(comparison, "sale.", recorded, replayed);
}
}  // namespace

Protocol makerdao_dss_protocol()
{
    return {"makerdao-dss",
        [](const json& header) { return header.value("protocol", json{}) == "makerdao-dss"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<DssReplayer>(); }};
}

}  // namespace runnel::replay
