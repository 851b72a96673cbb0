#include "contracts/stablecoins/makerdao_dss/dss.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace runnel::contracts
{

using namespace makerdao_dss;

namespace
{
constexpr unsigned wad_decimals = 18;

constexpr std::string_view vow_suffix = "/vow";
constexpr std::string_view pot_suffix = "/pot";
constexpr std::string_view dai_join_suffix = "/dai_join";
constexpr std::string_view flap_suffix = "/flap";
constexpr std::string_view flop_suffix = "/flop";
constexpr std::string_view clip_suffix = "/clip/";

std::uint64_t low(const Amount& value) noexcept
{
    return value.fits_uint64() ? value.low64() : ~std::uint64_t{0};
}
}  // namespace

MakerDss::MakerDss(ContractIdentity identity, Setup setup, const std::vector<IlkSpec>& ilks)
  : ContractBase{std::move(identity)},
    setup_{std::move(setup)},
    vat_{name() + ".vat"},
    dai_{name() + ".dai", KeyOf::account},
    sin_{name() + ".sin", KeyOf::account},
    vat_ilks_{name() + ".vat_ilks", KeyOf::number},
    can_{name() + ".can", KeyOf::account_pair},
    prices_{name() + ".base_and_par", KeyOf::number},
    jug_ilks_{name() + ".jug_ilks", KeyOf::number},
    mats_{name() + ".spotter_mats", KeyOf::number},
    pips_{name() + ".pips", KeyOf::number},
    pot_{name() + ".pot"},
    pies_{name() + ".pies", KeyOf::account},
    dog_{name() + ".dog"},
    dog_ilks_{name() + ".dog_ilks", KeyOf::number},
    clips_{name() + ".clips", KeyOf::number},
    vow_{name() + ".vow"},
    queue_{name() + ".vow_queue", KeyOf::sparse_number},
    houses_{name() + ".auction_houses", KeyOf::number},
    flaps_{name() + ".flaps", KeyOf::number},
    flops_{name() + ".flops", KeyOf::number}
{
    RUNNEL_CHECK(ilks.size() <= ilks_max);
    dai_.set_conservation_weight(1);
    vat_.set_conservation_weight(-1);
    for (auto* table : std::initializer_list<RecordTable*>{&vat_, &dai_, &sin_, &vat_ilks_, &can_,
             &prices_, &jug_ilks_, &mats_, &pips_, &pot_, &pies_, &dog_, &dog_ilks_, &clips_, &vow_,
             &queue_, &houses_, &flaps_, &flops_})
        add_table(*table);
    vat_.at(0).line = setup_.line;
    prices_.at(base_record) = setup_.base;
    prices_.at(par_record) = setup_.par;
    pot_.at(0) = setup_.pot;
    dog_.at(0).hole = setup_.hole;
    vow_.at(0) = setup_.vow;
    houses_.at(flap_record) = setup_.flap;
    houses_.at(flop_record) = setup_.flop;
    for (const auto& spec : ilks)
    {
        const auto i = ilks_.size();
        auto& tables = ilks_.emplace_back();
        tables.gem_id = spec.gem;
        tables.label = spec.label;
        tables.hop = spec.hop;
        tables.abacus = spec.abacus;
        const auto called = [&](const char* what)
        { return fmt::format("{}.{}_{}", name(), what, spec.label); };
        tables.urns = std::make_unique<Table<Urn>>(called("urns"), KeyOf::account);
        tables.gems = std::make_unique<Table<Amount>>(called("gems"), KeyOf::account);
        tables.sales = std::make_unique<Table<Sale>>(called("sales"), KeyOf::number);
        tables.active = std::make_unique<Table<Amount>>(called("active_sales"), KeyOf::number);
        add_table(*tables.urns);
        add_table(*tables.gems);
        add_table(*tables.sales);
        add_table(*tables.active);
        vat_ilks_.at(i) = spec.vat;
        jug_ilks_.at(i) = spec.jug;
        mats_.at(i) = spec.mat;
        pips_.at(i) = spec.pip;
        dog_ilks_.at(i) = spec.dog;
        clips_.at(i) = spec.clip;
    }
}

std::vector<std::string> MakerDss::account_names() const
{
    std::vector<std::string> names;
    for (const auto suffix : {vow_suffix, pot_suffix, dai_join_suffix, flap_suffix, flop_suffix})
        names.push_back(name() + std::string{suffix});
    for (const auto& tables : ilks_)
        names.push_back(name() + std::string{clip_suffix} + tables.label);
    return names;
}

void MakerDss::connect(World& world)
{
    world_ = &world;
    const auto find = [&](const std::string& account_name)
    { return world.find_account(account_name).value_or(zero_account); };
    const auto module = [&](std::string_view suffix) { return find(name() + std::string{suffix}); };
    if (setup_.feed != no_contract)
    {
        feed_ = dynamic_cast<const PriceSource*>(world.find_contract(setup_.feed));
        RUNNEL_CHECK(feed_ != nullptr && "a feed is a price source");
    }
    dai_token_ = dynamic_cast<Dai*>(world.find_contract(setup_.dai));
    RUNNEL_CHECK(dai_token_ != nullptr);
    dai_token_->join(*this);
    if (setup_.mkr != no_contract)
    {
        mkr_ = dynamic_cast<Erc20*>(world.find_contract(setup_.mkr));
        RUNNEL_CHECK(mkr_ != nullptr);
    }
    admin_ = find(setup_.admin);
    vow_account_ = module(vow_suffix);
    pot_account_ = module(pot_suffix);
    dai_join_account_ = module(dai_join_suffix);
    flap_account_ = module(flap_suffix);
    flop_account_ = module(flop_suffix);
    for (auto& tables : ilks_)
    {
        tables.clip = module(std::string{clip_suffix} + tables.label);
        tables.gem = &token_at(world, tables.gem_id);
        const auto info = world.contract(tables.gem_id).token_info();
        const unsigned decimals = info.has_value() ? info->decimals : wad_decimals;
        RUNNEL_CHECK(decimals <= wad_decimals && "collateral has at most 18 decimals");
        tables.scale = Amount::power_of_ten(wad_decimals - decimals);
    }
}

Pip MakerDss::first_price() const
{
    // An OSM has none before genesis() gives it the feed's.
    if (feed_ == nullptr)
        return pips_.get(0);
    return read_feed(feed_->prices().get(index(ilks_.front().gem_id)).price);
}

bool MakerDss::can_back_dai() const
{
    return !ilks_.empty() && ilks_.front().gem != nullptr &&
           ilks_.front().gem->can_be_allocated() && first_price().has;
}

bool MakerDss::back_dai(World& world, const Amount& wad_amount)
{
    GenesisBuilder builder{world};
    const auto vault = builder.account(name() + "/seed_vault", "wallet");
    const auto dai_join = builder.account(name() + std::string{dai_join_suffix}, "lending");
    auto& tables = ilks_.front();
    // In whole units of the token, so that what it holds is what the urn has.
    const auto units =
        Checked{wad_amount} * seed_collateral * wad / first_price().value / tables.scale + 1;
    const auto ink = units * tables.scale;
    const auto rad = Checked{wad_amount} * ray;
    if (!ink.ok() || !rad.ok() || !tables.gem->allocate(world, account(), units.value))
        return false;
    auto& urn = tables.urns->at(vault);
    urn.ink = wrapping_add(urn.ink, ink.value);
    urn.art = wrapping_add(urn.art, wad_amount);
    auto& ilk = vat_ilks_.at(0);
    ilk.art = wrapping_add(ilk.art, wad_amount);
    auto& vat = vat_.at(0);
    vat.debt = wrapping_add(vat.debt, rad.value);
    auto& dai = dai_.at(dai_join);
    dai = wrapping_add(dai, rad.value);
    return true;
}

Result<MakerDss::IlkTables*> MakerDss::require_ilk(std::uint8_t ilk, std::string_view reason)
{
    RUNNEL_REQUIRE(ilk < ilks_.size(), Refusal::error(reason));
    return &ilks_[ilk];
}

Result<void> MakerDss::require_admin(CallContext& context, std::string_view reason) const
{
    RUNNEL_REQUIRE(context.sender() == admin_ && admin_ != zero_account, Refusal::error(reason));
    return {};
}

// --- File -------------------------------------------------------------------------------------

Result<Returns> MakerDss::execute(const File& call, CallContext& context)
{
    const auto& data = call.data;
    auto& flap = context.write(houses_, flap_record);
    auto& flop = context.write(houses_, flop_record);
    auto& vow = context.write(vow_, 0);
    const auto authorized = [&](std::string_view reason) { return require_admin(context, reason); };
    constexpr std::string_view by_vow = "Vow/not-authorized";
    constexpr std::string_view by_flapper = "Flapper/not-authorized";
    constexpr std::string_view by_flopper = "Flopper/not-authorized";
    switch (call.what)
    {
        case Parameter::vat_line:
            RUNNEL_TRY(authorized("Vat/not-authorized"));
            context.write(vat_, 0).line = data;
            break;
        case Parameter::jug_base:
            RUNNEL_TRY(authorized("Jug/not-authorized"));
            context.write(prices_, base_record) = data;
            break;
        case Parameter::spotter_par:
            RUNNEL_TRY(authorized("Spotter/not-authorized"));
            context.write(prices_, par_record) = data;
            break;
        case Parameter::pot_dsr: {
            RUNNEL_TRY(authorized("Pot/not-authorized"));
            auto& pot = context.write(pot_, 0);
            RUNNEL_REQUIRE(
                context.block().timestamp == pot.rho, Refusal::error("Pot/rho-not-updated"));
            pot.dsr = data;
            break;
        }
        case Parameter::dog_hole:
            RUNNEL_TRY(authorized("Dog/not-authorized"));
            context.write(dog_, 0).hole = data;
            break;
        case Parameter::vow_wait:
            RUNNEL_TRY(authorized(by_vow));
            vow.wait = data;
            break;
        case Parameter::vow_dump:
            RUNNEL_TRY(authorized(by_vow));
            vow.dump = data;
            break;
        case Parameter::vow_sump:
            RUNNEL_TRY(authorized(by_vow));
            vow.sump = data;
            break;
        case Parameter::vow_bump:
            RUNNEL_TRY(authorized(by_vow));
            vow.bump = data;
            break;
        case Parameter::vow_hump:
            RUNNEL_TRY(authorized(by_vow));
            vow.hump = data;
            break;
        case Parameter::flap_beg:
            RUNNEL_TRY(authorized(by_flapper));
            flap.beg = data;
            break;
        case Parameter::flap_ttl:
            RUNNEL_TRY(authorized(by_flapper));
            flap.ttl = low(data);
            break;
        case Parameter::flap_tau:
            RUNNEL_TRY(authorized(by_flapper));
            flap.tau = low(data);
            break;
        case Parameter::flap_lid:
            RUNNEL_TRY(authorized(by_flapper));
            flap.lid = data;
            break;
        case Parameter::flop_beg:
            RUNNEL_TRY(authorized(by_flopper));
            flop.beg = data;
            break;
        case Parameter::flop_pad:
            RUNNEL_TRY(authorized(by_flopper));
            flop.pad = data;
            break;
        case Parameter::flop_ttl:
            RUNNEL_TRY(authorized(by_flopper));
            flop.ttl = low(data);
            break;
        case Parameter::flop_tau:
            RUNNEL_TRY(authorized(by_flopper));
            flop.tau = low(data);
            break;
        default: return fail("Dss/file-unrecognized-param");
    }
    return Returns{};
}

Result<Returns> MakerDss::execute(const FileIlk& call, CallContext& context)
{
    const auto i = call.ilk;
    const auto& data = call.data;
    RUNNEL_TRY(require_ilk(i, "Vat/ilk-not-init"));
    const auto authorized = [&](std::string_view reason) { return require_admin(context, reason); };
    if (call.what >= IlkParameter::clip_buf)
    {
        RUNNEL_TRY(authorized("Clipper/not-authorized"));
        RUNNEL_REQUIRE(!context.read(clips_, i).locked, Refusal::error("Clipper/system-locked"));
    }
    switch (call.what)
    {
        case IlkParameter::vat_line:
            RUNNEL_TRY(authorized("Vat/not-authorized"));
            context.write(vat_ilks_, i).line = data;
            break;
        case IlkParameter::vat_dust:
            RUNNEL_TRY(authorized("Vat/not-authorized"));
            context.write(vat_ilks_, i).dust = data;
            break;
        case IlkParameter::jug_duty: {
            RUNNEL_TRY(authorized("Jug/not-authorized"));
            auto& jug = context.write(jug_ilks_, i);
            RUNNEL_REQUIRE(
                context.block().timestamp == jug.rho, Refusal::error("Jug/rho-not-updated"));
            jug.duty = data;
            break;
        }
        case IlkParameter::spotter_mat:
            RUNNEL_TRY(authorized("Spotter/not-authorized"));
            context.write(mats_, i) = data;
            break;
        case IlkParameter::dog_chop:
            RUNNEL_TRY(authorized("Dog/not-authorized"));
            RUNNEL_REQUIRE(data >= wad, Refusal::error("Dog/file-chop-lt-WAD"));
            context.write(dog_ilks_, i).chop = data;
            break;
        case IlkParameter::dog_hole:
            RUNNEL_TRY(authorized("Dog/not-authorized"));
            context.write(dog_ilks_, i).hole = data;
            break;
        case IlkParameter::clip_buf: context.write(clips_, i).buf = data; break;
        case IlkParameter::clip_tail: context.write(clips_, i).tail = data; break;
        case IlkParameter::clip_cusp: context.write(clips_, i).cusp = data; break;
        case IlkParameter::clip_chip:
            context.write(clips_, i).chip = Amount{data.low64()};  // uint64(data)
            break;
        case IlkParameter::clip_tip:
            // uint192(data)
            context.write(clips_, i).tip =
                data & wrapping_sub(Amount::power_of_two(192), Amount{1});
            break;
        case IlkParameter::clip_stopped: context.write(clips_, i).stopped = low(data); break;
        default: return fail("Dss/file-unrecognized-param");
    }
    return Returns{};
}

// --- Invariants -------------------------------------------------------------------------------

void MakerDss::check_invariants(const World&, Findings& findings) const
{
    const auto expect = [&](std::string_view what, const Checked& sum, const Amount& total)
    {
        if (sum.ok() && sum.value == total)
            return;
        findings.push_back(fmt::format("{}: {} come to {}, recorded are {}", name(), what,
            sum.value.to_string(), total.to_string()));
    };
    const auto covers = [&](std::string_view what, const Amount& there, const Checked& owed)
    {
        if (owed.ok() && there >= owed.value)
            return;
        findings.push_back(fmt::format(
            "{}: {} are {}, owed are {}", name(), what, there.to_string(), owed.value.to_string()));
    };
    const auto sum_of = [](const Table<Amount>& table)
    {
        Checked sum{0};
        for (const auto key : table.keys())
            sum = sum + table.get(key);
        return sum;
    };
    expect("sins", sum_of(sin_), vat().vice);
    Checked debt{vat().vice};
    Checked dirt{0};
    std::map<std::uint32_t, Checked> gem_of_token;  // In the tokens' units.
    for (std::size_t i = 0; i < ilks_.size(); ++i)
    {
        const auto& tables = ilks_[i];
        debt = debt + Checked{ilk(i).art} * ilk(i).rate;
        Checked art{0};
        auto held = sum_of(*tables.gems);
        for (const auto key : tables.urns->keys())
        {
            const auto& urn = tables.urns->get(key);
            art = art + urn.art;
            held = held + urn.ink;
        }
        expect("debts of urns", art, ilk(i).art);
        auto& of_token = gem_of_token.try_emplace(index(tables.gem_id), Checked{0}).first->second;
        of_token = of_token + held / tables.scale;
        Checked tab{0};
        Checked lot{0};
        for (const auto id : active_sales(i))
        {
            tab = tab + sale(i, id).tab;
            lot = lot + sale(i, id).lot;
        }
        expect("auctions' tabs", tab, dog(i).dirt);
        covers("clipper's gem", gem(i, tables.clip), lot);
        dirt = dirt + dog(i).dirt;
    }
    expect("urns' debt and vice", debt, vat().debt);
    expect("dirt of ilks", dirt, dog().dirt);
    for (const auto& tables : ilks_)
    {
        if (!tables.gem->rebases())
            covers("tokens in joins", tables.gem->holding(account()),
                gem_of_token.at(index(tables.gem_id)));
    }
    covers(
        "dai of the Dai join", dai(dai_join_account_), Checked{dai_token_->total_supply()} * ray);
    covers("dai of savers", dai(pot_account_), Checked{pot().pie} * pot().chi);
    expect("pies", sum_of(pies_), pot().pie);
    expect("queued debt", sum_of(queue_), vow().sin);
}

}  // namespace runnel::contracts
