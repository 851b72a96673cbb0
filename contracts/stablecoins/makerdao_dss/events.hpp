#pragma once

#include "ledger/event.hpp"

#include <array>
#include <cstdint>

/// The logs of dss that have a name; those of vat, jug, pot, vow and joins are anonymous notes of
/// their calls and are not emitted. Where Solidity says bytes32 ilk, here is the ilk's number.
/// Source: makerdao/dss, src/{spot,dog,clip,flap,flop}.sol.
namespace runnel::contracts::makerdao_dss
{

struct PokeLog
{
    static constexpr std::string_view table = "makerdao_pokes";
    static constexpr std::string_view signature = "Poke(bytes32,bytes32,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "The ilk's number.", "What the pip says, USD.", "Dai that a unit of collateral secures."};

    Amount ilk;
    Amount val;
    Amount spot;
    RUNNEL_FIELDS((ilk, other("number")), (val, wad), (spot, ray));
};

struct BarkLog
{
    static constexpr std::string_view table = "makerdao_barks";
    static constexpr std::string_view signature =
        "Bark(bytes32 indexed,address indexed,uint256,uint256,uint256,address,uint256 indexed)";
    static constexpr std::array<std::string_view, 7> meanings{"The ilk's number.",
        "Whose urn was taken.", "How much collateral.", "How much normalized debt.",
        "How much debt.", "Who auctions it.", "The auction's number."};

    Amount ilk;
    AccountId urn{};
    Amount ink;
    Amount art;
    Amount due;
    AccountId clip{};
    std::uint64_t id = 0;
    RUNNEL_FIELDS(
        (ilk, other("number")), urn, (ink, wad), (art, wad), (due, other("rad")), clip, id);
};

struct KickLog
{
    static constexpr std::string_view table = "makerdao_clip_kicks";
    static constexpr std::string_view signature =
        "Kick(uint256 indexed,uint256,uint256,uint256,address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 7> meanings{"The auction's number.",
        "The first price.", "Dai to be raised.", "Collateral for sale.", "Whose it was.",
        "The keeper.", "What he gets."};

    std::uint64_t id = 0;
    Amount top;
    Amount tab;
    Amount lot;
    AccountId usr{};
    AccountId kpr{};
    Amount coin;
    RUNNEL_FIELDS(id, (top, ray), (tab, other("rad")), (lot, wad), usr, kpr, (coin, other("rad")));
};

struct TakeLog
{
    static constexpr std::string_view table = "makerdao_clip_takes";
    static constexpr std::string_view signature =
        "Take(uint256 indexed,uint256,uint256,uint256,uint256,uint256,address indexed)";
    static constexpr std::array<std::string_view, 7> meanings{"The auction's number.",
        "The most that the buyer would pay.", "The price.", "What he paid.",
        "What is still to be raised.", "Collateral left.", "Whose it was."};

    std::uint64_t id = 0;
    Amount max;
    Amount price;
    Amount owe;
    Amount tab;
    Amount lot;
    AccountId usr{};
    RUNNEL_FIELDS(
        id, (max, ray), (price, ray), (owe, other("rad")), (tab, other("rad")), (lot, wad), usr);
};

struct RedoLog
{
    static constexpr std::string_view table = "makerdao_clip_redos";
    static constexpr std::string_view signature =
        "Redo(uint256 indexed,uint256,uint256,uint256,address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 7> meanings{"The auction's number.",
        "The new first price.", "Dai to be raised.", "Collateral for sale.", "Whose it was.",
        "The keeper.", "What he gets."};

    std::uint64_t id = 0;
    Amount top;
    Amount tab;
    Amount lot;
    AccountId usr{};
    AccountId kpr{};
    Amount coin;
    RUNNEL_FIELDS(id, (top, ray), (tab, other("rad")), (lot, wad), usr, kpr, (coin, other("rad")));
};

struct YankLog
{
    static constexpr std::string_view table = "makerdao_clip_yanks";
    static constexpr std::string_view signature = "Yank(uint256)";
    static constexpr std::array<std::string_view, 1> meanings{"The auction's number."};

    std::uint64_t id = 0;
    RUNNEL_FIELDS(id);
};

struct FlapKickLog
{
    static constexpr std::string_view table = "makerdao_flap_kicks";
    static constexpr std::string_view signature = "Kick(uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "The auction's number.", "Dai for sale.", "MKR bid."};

    std::uint64_t id = 0;
    Amount lot;
    Amount bid;
    RUNNEL_FIELDS(id, (lot, other("rad")), (bid, wad));
};

struct FlopKickLog
{
    static constexpr std::string_view table = "makerdao_flop_kicks";
    static constexpr std::string_view signature = "Kick(uint256,uint256,uint256,address indexed)";
    static constexpr std::array<std::string_view, 4> meanings{
        "The auction's number.", "MKR for sale.", "Dai wanted.", "Who gets it."};

    std::uint64_t id = 0;
    Amount lot;
    Amount bid;
    AccountId gal{};
    RUNNEL_FIELDS(id, (lot, wad), (bid, other("rad")), gal);
};

/// The OSM's.
struct LogValueLog
{
    static constexpr std::string_view table = "makerdao_osm_values";
    static constexpr std::string_view signature = "LogValue(bytes32)";
    static constexpr std::array<std::string_view, 1> meanings{"The price from now on, USD."};

    Amount val;
    RUNNEL_FIELDS((val, wad));
};

}  // namespace runnel::contracts::makerdao_dss
