#pragma once

#include "contracts/stablecoins/makerdao_dss/math.hpp"
#include "ledger/fields.hpp"
#include "ledger/ids.hpp"
#include "ledger/unit.hpp"

#include <cstdint>

/// What the modules of dss keep. Names are theirs; docs/makerdao_dss.md says what they mean.
namespace runnel::contracts::makerdao_dss
{

// --- vat --------------------------------------------------------------------------------------

struct VatState
{
    Amount debt;  // All internal dai.
    Amount vice;  // All sin.
    Amount line;  // Line: the most debt there may be.
    RUNNEL_FIELDS((debt, other("rad")), (vice, other("rad")), (line, other("rad")));
};

struct Ilk
{
    Amount art;   // Art: debt of all urns over the rate, wad.
    Amount rate;  // Ray.
    Amount spot;  // Ray: dai that a unit of collateral secures.
    Amount line;
    Amount dust;
    RUNNEL_FIELDS((art, wad), (rate, ray), (spot, ray), (line, other("rad")), (dust, other("rad")));
};

struct Urn
{
    Amount ink;
    Amount art;
    RUNNEL_FIELDS((ink, wad), (art, wad));
};

/// Whether an account may do with another one's as that one itself.
struct Permission
{
    bool allowed = false;
    RUNNEL_FIELDS(allowed);
};

// --- jug, pot, spotter ------------------------------------------------------------------------

struct JugIlk
{
    Amount duty;  // Ray, growth per second beside the base.
    std::uint64_t rho = 0;
    RUNNEL_FIELDS((duty, ray), (rho, unix_seconds));
};

struct PotState
{
    Amount pie;  // Pie: of all savers.
    Amount chi;
    Amount dsr;  // Growth per second.
    std::uint64_t rho = 0;
    RUNNEL_FIELDS((pie, wad), (chi, ray), (dsr, ray), (rho, unix_seconds));
};

/// A pip: what an ilk's collateral is worth. With a hop it is an OSM, whose price is a hop old.
struct Pip
{
    Amount value;  // Wad, USD.
    Amount next;   // What becomes the value at the next poke.
    bool has = false;
    bool next_has = false;
    std::uint64_t zzz = 0;  // When the last hop began.
    RUNNEL_FIELDS((value, wad), (next, wad), has, next_has, (zzz, unix_seconds));
};

// --- dog, clip --------------------------------------------------------------------------------

struct DogState
{
    Amount hole;  // Hole: the most that all auctions may be out for.
    Amount dirt;  // Dirt.
    RUNNEL_FIELDS((hole, other("rad")), (dirt, other("rad")));
};

struct DogIlk
{
    Amount chop;  // Wad; 1.13 is a penalty of 13 %.
    Amount hole;
    Amount dirt;
    RUNNEL_FIELDS((chop, wad), (hole, other("rad")), (dirt, other("rad")));
};

struct ClipState
{
    Amount buf;                 // Ray: the first price over the feed's.
    Amount tail;                // Seconds until an auction needs a reset,
    Amount cusp;                // ray: and the share of its first price at which it does.
    Amount chip;                // Wad: a keeper's share of the debt,
    Amount tip;                 // rad: and what he gets beside.
    Amount chost;               // Rad: what is left of an auction is at least this.
    std::uint64_t stopped = 0;  // 1: no kick, 2: no redo either, 3: no take either.
    std::uint64_t kicks = 0;
    std::uint64_t count = 0;  // Running auctions.
    bool locked = false;
    RUNNEL_FIELDS((buf, ray), (tail, seconds), (cusp, ray), (chip, wad), (tip, other("rad")),
        (chost, other("rad")), stopped, kicks, count, locked);
};

struct Sale
{
    Amount tab;  // Rad, to be raised.
    Amount lot;  // Wad, for sale.
    Amount top;  // Ray, the first price.
    AccountId usr{};
    std::uint64_t pos = 0;
    std::uint64_t tic = 0;
    RUNNEL_FIELDS((tab, other("rad")), (lot, wad), (top, ray), usr, pos, (tic, unix_seconds));
};

/// How the price of an auction falls (abaci.sol).
struct Abacus
{
    enum class Kind : std::uint8_t
    {
        linear,       // LinearDecrease: to nothing within tau seconds.
        stairstep,    // StairstepExponentialDecrease: by cut every step seconds.
        exponential,  // ExponentialDecrease: by cut every second.
    };
    Kind kind = Kind::linear;
    Amount tau;
    Amount cut;
    Amount step;

    /// The price after @p seconds, ray, rounded down.
    [[nodiscard]] Result<Amount> price_down(const Amount& top, const Amount& seconds) const;
};

// --- vow, flap, flop --------------------------------------------------------------------------

struct VowState
{
    Amount sin;   // Sin: queued debt.
    Amount ash;   // Ash: debt in flop auctions.
    Amount wait;  // Seconds in the queue.
    Amount dump;  // Wad: what a flop begins with,
    Amount sump;  // rad: and the dai it is to bring.
    Amount bump;  // Rad: what a flap sells,
    Amount hump;  // and what stays in the vow.
    RUNNEL_FIELDS((sin, other("rad")), (ash, other("rad")), (wait, seconds), (dump, wad),
        (sump, other("rad")), (bump, other("rad")), (hump, other("rad")));
};

/// The flapper or the flopper.
struct AuctionHouse
{
    Amount beg;             // Wad: a bid is better than the last one by this factor.
    Amount pad;             // Wad: a flop without bids starts again with so much more.
    Amount lid;             // Rad: the most that all flaps may sell,
    Amount fill;            // and what they do.
    std::uint64_t ttl = 0;  // Seconds that a bid stands,
    std::uint64_t tau = 0;  // and that an auction takes at most.
    std::uint64_t kicks = 0;
    RUNNEL_FIELDS((beg, wad), (pad, wad), (lid, other("rad")), (fill, other("rad")), (ttl, seconds),
        (tau, seconds), kicks);
};

struct Bid
{
    Amount bid;  // Flap: MKR; flop: rad.
    Amount lot;  // Flap: rad; flop: MKR.
    AccountId guy{};
    std::uint64_t tic = 0;  // When the last bid wins; 0: there is none.
    std::uint64_t end = 0;
    RUNNEL_FIELDS((bid, other("wad or rad")), (lot, other("rad or wad")), guy, (tic, unix_seconds),
        (end, unix_seconds));
};

}  // namespace runnel::contracts::makerdao_dss
