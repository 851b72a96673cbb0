#include "contracts/kit/registration.hpp"
#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "contracts/stablecoins/makerdao_dss/events.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace runnel::contracts
{

using namespace makerdao_dss;

namespace
{
constexpr double dai_max = 1e15;  // Whole Dai.
constexpr double factor_bps_max = 1'000'000;
constexpr double seconds_max = 1e9;

const Amount& one_dai_rad()
{
    static const auto value = Amount::power_of_ten(45);
    return value;
}

Amount whole(const Parameters& parameters, std::string_view name)
{
    return Amount{static_cast<std::uint64_t>(parameters.integer(name))};
}
Amount rad_of(const Parameters& parameters, std::string_view name)
{
    return (Checked{whole(parameters, name)} * one_dai_rad()).value;
}
Amount ray_of_bps(const Parameters& parameters, std::string_view name)
{
    return (Checked{whole(parameters, name)} * Amount::power_of_ten(23)).value;
}
Amount wad_of_bps(const Parameters& parameters, std::string_view name)
{
    return (Checked{whole(parameters, name)} * Amount::power_of_ten(14)).value;
}

constexpr std::string_view no_growth = "\"1 ray\"";

constexpr std::array ilk_columns{
    ParameterSpec{"mat_bps", ParameterKind::integer, "15000", unit::bps,
        "Collateral must be worth so much of the debt.", 10'000, factor_bps_max},
    ParameterSpec{"duty", ParameterKind::amount, no_growth, unit::ray,
        "The stability fee: growth of debt per second; 1.000000001547125957863212448 ray is 5 % a "
        "year.",
        1},
    ParameterSpec{"line", ParameterKind::integer, "1000000000", unit::other("Dai"),
        "The most debt of all its urns.", 0, dai_max},
    ParameterSpec{"dust", ParameterKind::integer, "0", unit::other("Dai"),
        "The least debt of an urn that has any.", 0, dai_max},
    ParameterSpec{"hop", ParameterKind::duration, "1h", {},
        "How long the OSM keeps a price back; 0s: there is none.", 0, 1e12},
    ParameterSpec{"price", ParameterKind::amount, "0", unit::wad,
        "USD per whole token, where there is no feed.", 0},
    ParameterSpec{"chop_bps", ParameterKind::integer, "11300", unit::bps,
        "An auction is to raise so much of the debt.", 10'000, factor_bps_max},
    ParameterSpec{"hole", ParameterKind::integer, "1000000000", unit::other("Dai"),
        "The most that its auctions may be out for.", 0, dai_max},
    ParameterSpec{"buf_bps", ParameterKind::integer, "12000", unit::bps,
        "An auction's first price, of the feed's.", 1, factor_bps_max},
    ParameterSpec{"abacus", ParameterKind::choice, "\"stairstep\"", {},
        "How the price falls: linear within tau; by cut every step; exponential: by cut every "
        "second.",
        0, 0, "linear|stairstep|exponential"},
    ParameterSpec{"tau", ParameterKind::integer, "21600", unit::seconds,
        "Until a linear price is 0.", 1, seconds_max},
    ParameterSpec{"cut", ParameterKind::amount, "\"0.99 ray\"", unit::ray,
        "What is left of the price at each step.", 0},
    ParameterSpec{
        "step", ParameterKind::integer, "90", unit::seconds, "Between two cuts.", 1, seconds_max},
    ParameterSpec{"tail", ParameterKind::integer, "8400", unit::seconds,
        "After which an auction must start again.", 0, seconds_max},
    ParameterSpec{"cusp_bps", ParameterKind::integer, "4000", unit::bps,
        "The same, by its price over the first one.", 0, factor_bps_max},
    ParameterSpec{"chip_bps", ParameterKind::integer, "10", unit::bps,
        "A keeper's share of the debt for starting an auction.", 0, 10'000},
    ParameterSpec{
        "tip", ParameterKind::integer, "0", unit::other("Dai"), "What he gets beside.", 0, dai_max},
};

IlkSpec ilk_of(ContractId gem, const Parameters& row, std::size_t number)
{
    IlkSpec spec;
    spec.gem = gem;
    spec.label = std::to_string(number);
    spec.vat.rate = ray;
    spec.vat.line = rad_of(row, "line");
    spec.vat.dust = rad_of(row, "dust");
    spec.jug.duty = row.amount("duty");
    spec.mat = ray_of_bps(row, "mat_bps");
    spec.pip.value = row.amount("price");
    spec.pip.has = !spec.pip.value.is_zero();
    spec.hop = static_cast<std::uint64_t>(row.duration_ms("hop")) / 1'000;
    spec.dog.chop = wad_of_bps(row, "chop_bps");
    spec.dog.hole = rad_of(row, "hole");
    spec.clip.buf = ray_of_bps(row, "buf_bps");
    spec.clip.tail = whole(row, "tail");
    spec.clip.cusp = ray_of_bps(row, "cusp_bps");
    spec.clip.chip = wad_of_bps(row, "chip_bps");
    spec.clip.tip = rad_of(row, "tip");
    spec.clip.chost = (Checked{spec.vat.dust} * spec.dog.chop / wad).value;
    const auto& abacus = row.text("abacus");
    spec.abacus.kind = abacus == "linear"      ? Abacus::Kind::linear
                       : abacus == "stairstep" ? Abacus::Kind::stairstep
                                               : Abacus::Kind::exponential;
    spec.abacus.tau = whole(row, "tau");
    spec.abacus.cut = row.amount("cut");
    spec.abacus.step = whole(row, "step");
    return spec;
}

std::unique_ptr<Contract> create(const Parameters& parameters, ContractIdentity identity)
{
    Setup setup;
    setup.dai = parameters.token("dai");
    if (parameters.has("mkr"))
        setup.mkr = parameters.token("mkr");
    if (parameters.has("feed"))
        setup.feed = parameters.contract("feed");
    setup.admin = parameters.text("admin");
    setup.line = rad_of(parameters, "line");
    setup.base = parameters.amount("base");
    setup.pot.chi = ray;
    setup.pot.dsr = parameters.amount("dsr");
    setup.hole = rad_of(parameters, "hole");
    setup.vow.wait = whole(parameters, "wait");
    setup.vow.dump = parameters.amount("dump");
    setup.vow.sump = rad_of(parameters, "sump");
    setup.vow.bump = rad_of(parameters, "bump");
    setup.vow.hump = rad_of(parameters, "hump");
    setup.flap.beg = wad_of_bps(parameters, "beg_bps");
    setup.flap.lid = rad_of(parameters, "lid");
    setup.flap.ttl = whole(parameters, "ttl").low64();
    setup.flap.tau = whole(parameters, "tau").low64();
    setup.flop = setup.flap;
    setup.flop.pad = wad_of_bps(parameters, "pad_bps");
    std::vector<IlkSpec> ilks;
    for (const auto& [token, row] : parameters.per_token("ilks"))
        ilks.push_back(ilk_of(token, row, ilks.size()));
    return std::make_unique<MakerDss>(std::move(identity), std::move(setup), ilks);
}

std::string check_ilks(const Parameters& parameters)
{
    const auto count = parameters.per_token("ilks").size();
    if (count > MakerDss::ilks_max)
        return fmt::format("ilks: expected at most {}, got {}", MakerDss::ilks_max, count);
    return {};
}
}  // namespace

const ContractType& MakerDss::contract_type()
{
    static const ContractType type{.kind = "makerdao_dss",
        .help =
            "MakerDAO's multi-collateral Dai: urns, fees, savings, Dutch auctions, surplus and "
            "debt.",
        .role = ContractRole::lending,
        .sectors = implements<MakerDss, DebtPositions, BackstopAuctions>(),
        .methods = methods(),
        .events = event_types<PokeLog, BarkLog, KickLog, TakeLog, RedoLog, YankLog, FlapKickLog,
            FlopKickLog, LogValueLog, DebtChangeRow, CollateralAuctionRow, BackstopAuctionRow,
            DebtBooksRow, DebtCollateralRow, DebtStatementRow, DebtPositionRow>(),
        .parameters =
            {
                token_parameter("dai", "makerdao_dai", "The token that it mints and burns."),
                {"mkr", ParameterKind::token, "\"\"", {},
                    "What surplus is sold for and debt is paid with: an erc20 whose minter is this "
                    "contract; empty: neither is auctioned.",
                    0, 0, {}, "erc20"},
                {"feed", ParameterKind::contract, "\"\"", {},
                    "Whose prices its pips and OSMs see; empty: the admin sets them.", 0, 0, {},
                    PriceSource::sector},
                {"admin", ParameterKind::account, "\"maker_admin\"", {},
                    "The account that may change parameters."},
                {"line", ParameterKind::integer, "1000000000", unit::other("Dai"),
                    "The most debt there may be.", 0, dai_max},
                {"base", ParameterKind::amount, "0", unit::ray,
                    "A stability fee for all ilks, per second.", 0},
                {"dsr", ParameterKind::amount, no_growth, unit::ray,
                    "The savings rate: growth per second.", 1},
                {"hole", ParameterKind::integer, "1000000000", unit::other("Dai"),
                    "The most that all auctions may be out for.", 0, dai_max},
                {"wait", ParameterKind::integer, "561600", unit::seconds,
                    "How long debt waits in the queue before it may be healed.", 0, seconds_max},
                {"dump", ParameterKind::amount, "\"250 wad\"", unit::wad,
                    "MKR that a debt auction begins with.", 0},
                {"sump", ParameterKind::integer, "50000", unit::other("Dai"),
                    "What it is to bring.", 0, dai_max},
                {"bump", ParameterKind::integer, "10000", unit::other("Dai"),
                    "What a surplus auction sells.", 0, dai_max},
                {"hump", ParameterKind::integer, "500000", unit::other("Dai"),
                    "Surplus that is kept.", 0, dai_max},
                {"lid", ParameterKind::integer, "1000000000", unit::other("Dai"),
                    "The most that all surplus auctions may sell at a time.", 0, dai_max},
                {"beg_bps", ParameterKind::integer, "10500", unit::bps,
                    "A bid for MKR or with it is better by this.", 10'000, factor_bps_max},
                {"pad_bps", ParameterKind::integer, "15000", unit::bps,
                    "A debt auction without bids starts again with so much MKR.", 10'000,
                    factor_bps_max},
                {"ttl", ParameterKind::integer, "10800", unit::seconds, "How long a bid stands.", 1,
                    seconds_max},
                {"tau", ParameterKind::integer, "172800", unit::seconds,
                    "How long such an auction takes at most.", 1, seconds_max},
                {"ilks", ParameterKind::per_token, "", {},
                    "The tokens it takes as collateral, numbered from 0 in the order of the "
                    "scenario's tokens.",
                    0, 0, {}, {}, ilk_columns},
            },
        .create = create,
        .validate = check_ilks};
    return type;
}

void MakerDss::genesis(const Parameters&, GenesisBuilder& builder)
{
    for (const auto& account_name : account_names())
        (void)builder.account(account_name, "lending");
    admin_ = builder.account(setup_.admin, "admin");
    connect(builder.world());
    CallWriter calls;
    for (std::size_t i = 0; i < ilks_.size(); ++i)
    {
        const auto number = static_cast<std::uint8_t>(i);
        if (feed_ != nullptr && ilks_[i].hop != 0)
        {
            // The OSM has had this price for a while.
            const auto& usd = feed_->prices().get(index(ilks_[i].gem_id)).price;
            auto& pip = pips_.at(i);
            pip = read_feed(usd);
            pip.next = pip.value;
            pip.next_has = pip.has;
        }
        calls.add(id(), JugDrip{number});
        calls.add(id(), SpotterPoke{number});
    }
    calls.add(id(), PotDrip{});
    builder.transaction(admin_, std::move(calls).take());
}

}  // namespace runnel::contracts
