#pragma once

#include "contracts/stablecoins/makerdao_dss/gas.hpp"
#include "ledger/call.hpp"
#include "ledger/int256.hpp"

#include <array>
#include <cstdint>
#include <string_view>

/// The calls of the modules of dss. Ilks are numbers, in the order of the scenario. Returns are the
/// deployed functions'.
namespace runnel::contracts::makerdao_dss
{

// --- Joins ------------------------------------------------------------------------------------

/// Takes collateral tokens in, as gem of @p usr.
struct GemJoinJoin
{
    RUNNEL_CALL("gemJoin_join", 0, 62'000);
    std::uint8_t ilk = 0;
    AccountId usr{};
    Amount wad;
    RUNNEL_FIELDS(ilk, usr, (wad, wad));
};

/// Pays own gem out as tokens.
struct GemJoinExit
{
    RUNNEL_CALL("gemJoin_exit", 1, 60'000);
    std::uint8_t ilk = 0;
    AccountId usr{};
    Amount wad;
    RUNNEL_FIELDS(ilk, usr, (wad, wad));
};

/// Burns Dai of the sender for internal dai of @p usr.
struct DaiJoinJoin
{
    RUNNEL_CALL("daiJoin_join", 2, 58'000);
    AccountId usr{};
    Amount wad;
    RUNNEL_FIELDS(usr, (wad, wad));
};

/// Mints Dai to @p usr for own internal dai; the joiner must be allowed to move it (hope).
struct DaiJoinExit
{
    RUNNEL_CALL("daiJoin_exit", 3, 64'000);
    AccountId usr{};
    Amount wad;
    RUNNEL_FIELDS(usr, (wad, wad));
};

// --- Vat --------------------------------------------------------------------------------------

/// Locks or frees collateral of urn @p u with gem of @p v, draws or wipes debt with dai of @p w.
struct Frob
{
    RUNNEL_CALL("frob", 4, 110'000);
    std::uint8_t ilk = 0;
    AccountId u{};
    AccountId v{};
    AccountId w{};
    Int256 dink;
    Int256 dart;
    RUNNEL_FIELDS(ilk, u, v, w, dink, dart);
};

/// Splits an urn.
struct Fork
{
    RUNNEL_CALL("fork", 5, 90'000);
    std::uint8_t ilk = 0;
    AccountId src{};
    AccountId dst{};
    Int256 dink;
    Int256 dart;
    RUNNEL_FIELDS(ilk, src, dst, dink, dart);
};

/// Lets @p usr do with one's urns, gem and dai as oneself.
struct Hope
{
    RUNNEL_CALL("hope", 6, 24'000);
    AccountId usr{};
    RUNNEL_FIELDS(usr);
};

struct Nope
{
    RUNNEL_CALL("nope", 7, 8'000);
    AccountId usr{};
    RUNNEL_FIELDS(usr);
};

struct Move
{
    RUNNEL_CALL("move", 8, 28'000);
    AccountId src{};
    AccountId dst{};
    Amount rad;
    RUNNEL_FIELDS(src, dst, (rad, other("rad")));
};

struct Flux
{
    RUNNEL_CALL("flux", 9, 28'000);
    std::uint8_t ilk = 0;
    AccountId src{};
    AccountId dst{};
    Amount wad;
    RUNNEL_FIELDS(ilk, src, dst, (wad, wad));
};

// --- Rates and prices -------------------------------------------------------------------------

/// Brings an ilk's stability fee up to now. Returns the rate.
struct JugDrip
{
    RUNNEL_CALL("jug_drip", 10, 76'000);
    std::uint8_t ilk = 0;
    RUNNEL_FIELDS(ilk);
};

/// Brings the savings rate up to now. Returns chi.
struct PotDrip
{
    RUNNEL_CALL("pot_drip", 11, 72'000);
    RUNNEL_FIELDS();
};

/// Saves this much normalized dai.
struct PotJoin
{
    RUNNEL_CALL("pot_join", 12, 70'000);
    Amount wad;
    RUNNEL_FIELDS((wad, wad));
};

struct PotExit
{
    RUNNEL_CALL("pot_exit", 13, 62'000);
    Amount wad;
    RUNNEL_FIELDS((wad, wad));
};

/// Tells the vat what the pip says.
struct SpotterPoke
{
    RUNNEL_CALL("spotter_poke", 14, 48'000);
    std::uint8_t ilk = 0;
    RUNNEL_FIELDS(ilk);
};

/// Lets the next price become the price, once an hour or whatever the hop is.
struct OsmPoke
{
    RUNNEL_CALL("osm_poke", 15, 52'000);
    std::uint8_t ilk = 0;
    RUNNEL_FIELDS(ilk);
};

// --- Liquidations -----------------------------------------------------------------------------

/// Takes an unsafe urn and starts an auction. Returns its number.
struct Bark
{
    RUNNEL_CALL("bark", 16, 300'000);
    std::uint8_t ilk = 0;
    AccountId urn{};
    AccountId kpr{};
    RUNNEL_FIELDS(ilk, urn, kpr);
};

/// Buys collateral of an auction at its present price, at most @p amt of it and not above @p max.
/// With @p data that runs before the dai is taken, as the sender or, for another @p who, what that
/// account has registered; it is told what is owed and what has been bought.
struct Take
{
    RUNNEL_CALL("take", 17, 190'000);
    std::uint8_t ilk = 0;
    std::uint64_t id = 0;
    Amount amt;
    Amount max;
    AccountId who{};
    CallList data;
    RUNNEL_FIELDS(ilk, id, (amt, wad), (max, ray), who, data);
};

/// Starts an auction again that has fallen too far or taken too long.
struct Redo
{
    RUNNEL_CALL("redo", 18, 120'000);
    std::uint8_t ilk = 0;
    std::uint64_t id = 0;
    AccountId kpr{};
    RUNNEL_FIELDS(ilk, id, kpr);
};

/// Gives an auction's collateral to the admin, who alone may.
struct Yank
{
    RUNNEL_CALL("yank", 19, 90'000);
    std::uint8_t ilk = 0;
    std::uint64_t id = 0;
    RUNNEL_FIELDS(ilk, id);
};

/// Computes what is left of an auction at least.
struct Upchost
{
    RUNNEL_CALL("upchost", 20, 34'000);
    std::uint8_t ilk = 0;
    RUNNEL_FIELDS(ilk);
};

// --- Surplus and debt -------------------------------------------------------------------------

/// Lets surplus and debt of the vow cancel out.
struct Heal
{
    RUNNEL_CALL("heal", 21, 42'000);
    Amount rad;
    RUNNEL_FIELDS((rad, other("rad")));
};

/// Takes debt out of the queue that was put there at @p era.
struct Flog
{
    RUNNEL_CALL("flog", 22, 30'000);
    std::uint64_t era = 0;
    RUNNEL_FIELDS((era, unix_seconds));
};

/// The same as heal, of debt that a flop has brought dai for.
struct Kiss
{
    RUNNEL_CALL("kiss", 23, 46'000);
    Amount rad;
    RUNNEL_FIELDS((rad, other("rad")));
};

/// Sells surplus for MKR, which is burnt. Returns the auction's number.
struct Flap
{
    RUNNEL_CALL("flap", 24, 150'000);
    RUNNEL_FIELDS();
};

/// Sells new MKR for dai, where there is debt and no surplus. Returns the auction's number.
struct Flop
{
    RUNNEL_CALL("flop", 25, 130'000);
    RUNNEL_FIELDS();
};

/// Starts a flap again that nobody bid in.
struct FlapTick
{
    RUNNEL_CALL("flap_tick", 26, 32'000);
    std::uint64_t id = 0;
    RUNNEL_FIELDS(id);
};

/// Bids more MKR for the same dai.
struct Tend
{
    RUNNEL_CALL("tend", 27, 105'000);
    std::uint64_t id = 0;
    Amount lot;
    Amount bid;
    RUNNEL_FIELDS(id, (lot, other("rad")), (bid, wad));
};

struct FlapDeal
{
    RUNNEL_CALL("flap_deal", 28, 80'000);
    std::uint64_t id = 0;
    RUNNEL_FIELDS(id);
};

struct FlopTick
{
    RUNNEL_CALL("flop_tick", 29, 36'000);
    std::uint64_t id = 0;
    RUNNEL_FIELDS(id);
};

/// Bids the same dai for less MKR.
struct Dent
{
    RUNNEL_CALL("dent", 30, 110'000);
    std::uint64_t id = 0;
    Amount lot;
    Amount bid;
    RUNNEL_FIELDS(id, (lot, wad), (bid, other("rad")));
};

struct FlopDeal
{
    RUNNEL_CALL("flop_deal", 31, 78'000);
    std::uint64_t id = 0;
    RUNNEL_FIELDS(id);
};

// --- The admin --------------------------------------------------------------------------------

/// Changes an ilk's rate; the difference is dai of @p u.
struct Fold
{
    RUNNEL_CALL("fold", 32, 50'000);
    std::uint8_t ilk = 0;
    AccountId u{};
    Int256 rate;
    RUNNEL_FIELDS(ilk, u, rate);
};

/// Sets a price; of an ilk without a feed.
struct PipSet
{
    RUNNEL_CALL("pip_set", 33, 34'000);
    std::uint8_t ilk = 0;
    Amount value;
    bool has = true;
    RUNNEL_FIELDS(ilk, (value, wad), has);
};

enum class Parameter : std::uint8_t
{
    vat_line,  // Line.
    jug_base,
    spotter_par,
    pot_dsr,
    dog_hole,  // Hole.
    vow_wait,
    vow_dump,
    vow_sump,
    vow_bump,
    vow_hump,
    flap_beg,
    flap_ttl,
    flap_tau,
    flap_lid,
    flop_beg,
    flop_pad,
    flop_ttl,
    flop_tau,
};

enum class IlkParameter : std::uint8_t
{
    vat_line,
    vat_dust,
    jug_duty,
    spotter_mat,
    dog_chop,
    dog_hole,
    clip_buf,
    clip_tail,
    clip_cusp,
    clip_chip,
    clip_tip,
    clip_stopped,
};

/// Sets a parameter of the whole system.
struct File
{
    RUNNEL_CALL("file", 34, 34'000);
    Parameter what{};
    Amount data;
    RUNNEL_FIELDS(what, (data, other("of the parameter")));
};

/// Sets one of an ilk.
struct FileIlk
{
    RUNNEL_CALL("file_ilk", 35, 34'000);
    std::uint8_t ilk = 0;
    IlkParameter what{};
    Amount data;
    RUNNEL_FIELDS(ilk, what, (data, other("of the parameter")));
};

}  // namespace runnel::contracts::makerdao_dss
