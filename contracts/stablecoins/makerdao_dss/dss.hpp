#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/backstop_auctions.hpp"
#include "contracts/kit/sectors/debt_positions.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/token.hpp"
#include "contracts/stablecoins/makerdao_dss/calls.hpp"
#include "contracts/stablecoins/makerdao_dss/dai.hpp"
#include "contracts/stablecoins/makerdao_dss/state.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace runnel::contracts
{

class Erc20;

namespace makerdao_dss
{

// Records of Dss::prices_: jug's base and spotter's par.
inline constexpr std::uint64_t base_record = 0;
inline constexpr std::uint64_t par_record = 1;
// Records of Dss::houses_.
inline constexpr std::uint64_t flap_record = 0;
inline constexpr std::uint64_t flop_record = 1;

/// How an ilk starts.
struct IlkSpec
{
    ContractId gem{};
    std::string label;  // Of the clipper's account and of tables: "ETH-A".
    Ilk vat;
    JugIlk jug;
    Amount mat;  // Ray.
    Pip pip;
    std::uint64_t hop = 0;  // Seconds; 0: no OSM between the feed and the system.
    DogIlk dog;
    ClipState clip;
    Abacus abacus;
};

/// How the system starts.
struct Setup
{
    ContractId dai{};
    ContractId mkr = no_contract;   // Without it there are no flaps and flops.
    ContractId feed = no_contract;  // Without it the admin sets prices.
    std::string admin;              // Name of the account.
    Amount line;                    // Line.
    Amount base;
    Amount par = ray;
    PotState pot;
    Amount hole;  // Hole.
    VowState vow;
    AuctionHouse flap;
    AuctionHouse flop;
};

/// What keepers ask of an auction: getStatus().
struct SaleStatus
{
    bool needs_redo = false;
    Amount price;
};

}  // namespace makerdao_dss

/// MakerDAO's multi-collateral Dai (dss): vat, jug, spotter, pot, dog, clippers, vow, flapper,
/// flopper, joins and OSMs in one contract.
///
/// Each deployed contract that owns something here has an account of its own, NAME/vow, NAME/pot,
/// NAME/dai_join, NAME/flap, NAME/flop and NAME/clip/ILK, and must be given leave (hope) as there.
/// Collateral tokens are held and taken by the contract itself. The admin is the one ward beside
/// the modules. Units: wad, ray and rad as in dss; collateral of fewer decimals is scaled to 18
/// when it joins. Rounding: quotients down, powers
/// half up (math.hpp). Errors: those of the deployed contracts, in the order of their checks.
/// Failure: a refusal may leave records half written; the ledger rolls the transaction back.
/// Source: makerdao/dss at fa4f6630; makerdao/osm. Not modelled: end, cat and flip, the list of
/// wards, anonymous notes.
class MakerDss
  : public ContractBase<MakerDss, makerdao_dss::GemJoinJoin, makerdao_dss::GemJoinExit,
        makerdao_dss::DaiJoinJoin, makerdao_dss::DaiJoinExit, makerdao_dss::Frob,
        makerdao_dss::Fork, makerdao_dss::Hope, makerdao_dss::Nope, makerdao_dss::Move,
        makerdao_dss::Flux, makerdao_dss::JugDrip, makerdao_dss::PotDrip, makerdao_dss::PotJoin,
        makerdao_dss::PotExit, makerdao_dss::SpotterPoke, makerdao_dss::OsmPoke, makerdao_dss::Bark,
        makerdao_dss::Take, makerdao_dss::Redo, makerdao_dss::Yank, makerdao_dss::Upchost,
        makerdao_dss::Heal, makerdao_dss::Flog, makerdao_dss::Kiss, makerdao_dss::Flap,
        makerdao_dss::Flop, makerdao_dss::FlapTick, makerdao_dss::Tend, makerdao_dss::FlapDeal,
        makerdao_dss::FlopTick, makerdao_dss::Dent, makerdao_dss::FlopDeal, makerdao_dss::Fold,
        makerdao_dss::PipSet, makerdao_dss::File, makerdao_dss::FileIlk>,
    public DebtPositions,
    public BackstopAuctions
{
public:
    static constexpr std::size_t ilks_max = 64;
    static constexpr std::uint64_t seed_collateral = 10;  // Times the Dai of block 0.

    MakerDss(ContractIdentity identity, makerdao_dss::Setup setup,
        const std::vector<makerdao_dss::IlkSpec>& ilks);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override
    {
        snapshot_debt_positions(*this, context);
    }
    /// The identities of dss: all dai is debt, all sin is vice, and debt is what urns owe and vice;
    /// what urns, gem, Dai, savers, auctions and the queue add up to.
    void check_invariants(const World& world, Findings& findings) const override;

    // --- Committed state -------------------------------------------------------------------------

    [[nodiscard]] std::size_t ilk_count() const noexcept { return ilks_.size(); }
    [[nodiscard]] ContractId gem_token(std::size_t ilk) const { return ilks_.at(ilk).gem_id; }
    [[nodiscard]] const makerdao_dss::VatState& vat() const noexcept { return vat_.get(0); }
    [[nodiscard]] const makerdao_dss::Ilk& ilk(std::size_t ilk) const noexcept
    {
        return vat_ilks_.get(ilk);
    }
    [[nodiscard]] const makerdao_dss::Urn& urn(std::size_t ilk, AccountId user) const
    {
        return ilks_.at(ilk).urns->get(user);
    }
    [[nodiscard]] const Amount& gem(std::size_t ilk, AccountId user) const
    {
        return ilks_.at(ilk).gems->get(user);
    }
    [[nodiscard]] const Amount& dai(AccountId user) const noexcept { return dai_.get(user); }
    [[nodiscard]] const Amount& sin(AccountId user) const noexcept { return sin_.get(user); }
    [[nodiscard]] const makerdao_dss::JugIlk& jug(std::size_t ilk) const noexcept
    {
        return jug_ilks_.get(ilk);
    }
    [[nodiscard]] const Amount& mat(std::size_t ilk) const noexcept { return mats_.get(ilk); }
    [[nodiscard]] const makerdao_dss::PotState& pot() const noexcept { return pot_.get(0); }
    [[nodiscard]] const Amount& pie(AccountId user) const noexcept { return pies_.get(user); }
    /// What the pip says.
    [[nodiscard]] makerdao_dss::Pip pip(std::size_t ilk) const;
    [[nodiscard]] const makerdao_dss::DogState& dog() const noexcept { return dog_.get(0); }
    [[nodiscard]] const makerdao_dss::DogIlk& dog(std::size_t ilk) const noexcept
    {
        return dog_ilks_.get(ilk);
    }
    [[nodiscard]] const makerdao_dss::ClipState& clip(std::size_t ilk) const noexcept
    {
        return clips_.get(ilk);
    }
    /// The running auctions of an ilk, in the order that the clipper keeps.
    [[nodiscard]] std::vector<std::uint64_t> active_sales(std::size_t ilk) const;
    [[nodiscard]] const makerdao_dss::Sale& sale(std::size_t ilk, std::uint64_t id) const
    {
        return ilks_.at(ilk).sales->get(id);
    }
    [[nodiscard]] Result<makerdao_dss::SaleStatus> sale_status(
        std::size_t ilk, std::uint64_t id, std::uint64_t now) const;
    [[nodiscard]] const makerdao_dss::VowState& vow() const noexcept { return vow_.get(0); }
    [[nodiscard]] const makerdao_dss::AuctionHouse& flap() const noexcept
    {
        return houses_.get(makerdao_dss::flap_record);
    }
    [[nodiscard]] const makerdao_dss::AuctionHouse& flop() const noexcept
    {
        return houses_.get(makerdao_dss::flop_record);
    }
    [[nodiscard]] const makerdao_dss::Bid& flap(std::uint64_t id) const { return flaps_.get(id); }
    [[nodiscard]] const makerdao_dss::Bid& flop(std::uint64_t id) const { return flops_.get(id); }

    [[nodiscard]] AccountId vow_account() const noexcept { return vow_account_; }
    [[nodiscard]] AccountId pot_account() const noexcept { return pot_account_; }
    [[nodiscard]] AccountId dai_join_account() const noexcept { return dai_join_account_; }
    [[nodiscard]] AccountId flap_account() const noexcept { return flap_account_; }
    [[nodiscard]] AccountId flop_account() const noexcept { return flop_account_; }
    [[nodiscard]] AccountId clip_account(std::size_t ilk) const { return ilks_.at(ilk).clip; }
    /// Names of the modules' accounts; a world without a genesis needs them before connect().
    [[nodiscard]] std::vector<std::string> account_names() const;

    /// Whether the first ilk's collateral has a price and can be given at block 0.
    [[nodiscard]] bool can_back_dai() const;
    /// At block 0: draws @p wad in an urn of the first ilk, of the account NAME/seed_vault, whose
    /// collateral comes out of nothing and is worth ten times as much, for the Dai join.
    bool back_dai(World& world, const Amount& wad);

    // --- DebtPositions (positions.cpp) -----------------------------------------------------------

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId debt_token() const noexcept override { return setup_.dai; }
    [[nodiscard]] Amount debt_token_supply() const noexcept override;
    [[nodiscard]] std::size_t collateral_count() const noexcept override { return ilks_.size(); }
    [[nodiscard]] DebtTerms terms(std::size_t collateral) const override;
    [[nodiscard]] DebtBooks books() const override;
    [[nodiscard]] std::vector<AccountId> accounts(std::size_t collateral) const override;
    [[nodiscard]] DebtPosition position(std::size_t collateral, AccountId owner) const override;
    [[nodiscard]] DebtClaims claims(std::size_t collateral, AccountId account) const override;
    [[nodiscard]] std::vector<CollateralAuction> auctions(
        std::size_t collateral, std::uint64_t at) const override;
    [[nodiscard]] Result<AuctionPurchase> preview_take(std::size_t collateral,
        std::uint64_t auction, const Amount& most, std::uint64_t at) const override;
    [[nodiscard]] Amount start_reward(std::size_t collateral, AccountId owner) const override;
    [[nodiscard]] bool is_update_due(std::size_t collateral, std::uint64_t at) const override;
    [[nodiscard]] AccountId collateral_spender(std::size_t) const noexcept override
    {
        return account();
    }
    [[nodiscard]] AccountId debt_spender() const noexcept override { return dai_join_account_; }
    [[nodiscard]] CallGas gas_of(DebtAction action) const noexcept override;
    void add_change(CallWriter& calls, std::size_t collateral, const DebtChange& change,
        AccountId sender) const override;
    void add_claim(CallWriter& calls, std::size_t collateral, const DebtClaims& claims,
        AccountId sender) const override;
    void add_start(CallWriter& calls, std::size_t collateral, AccountId owner,
        AccountId sender) const override;
    void add_restart(CallWriter& calls, std::size_t collateral, std::uint64_t auction,
        AccountId sender) const override;
    void add_take(CallWriter& calls, std::size_t collateral, std::uint64_t auction,
        const AuctionPurchase& purchase, AccountId sender) const override;
    void add_take_and_sell(CallWriter& calls, std::size_t collateral, std::uint64_t auction,
        const AuctionPurchase& purchase, const std::function<void(CallWriter&)>& add_sale,
        AccountId sender) const override;
    void add_update(CallWriter& calls, std::size_t collateral, std::uint64_t at) const override;

    // --- BackstopAuctions (backstops.cpp): flaps and flops ---------------------------------------

    [[nodiscard]] ContractId backstop_money() const noexcept override { return setup_.dai; }
    [[nodiscard]] std::optional<ContractId> governance_token() const noexcept override;
    [[nodiscard]] std::vector<BackstopAuction> backstop_auctions(
        BackstopKind kind, std::uint64_t at) const override;
    [[nodiscard]] std::optional<BackstopBid> first_bid(
        BackstopKind kind, std::uint64_t at) const override;
    [[nodiscard]] std::optional<BackstopBid> better_bid(
        BackstopKind kind, const BackstopAuction& auction) const override;
    [[nodiscard]] Amount backstop_claim(AccountId account) const override;
    [[nodiscard]] CallGas backstop_gas(
        BackstopKind kind, BackstopAction action) const noexcept override;
    void add_backstop(CallWriter& calls, BackstopKind kind, std::uint64_t at) const override;
    void add_backstop_restart(
        CallWriter& calls, BackstopKind kind, std::uint64_t auction) const override;
    void add_backstop_bid(CallWriter& calls, BackstopKind kind, std::uint64_t auction,
        const BackstopBid& bid, AccountId sender) const override;
    void add_backstop_settlement(
        CallWriter& calls, BackstopKind kind, std::uint64_t auction) const override;
    void add_backstop_claim(
        CallWriter& calls, const Amount& amount, AccountId sender) const override;

    // --- Calls -----------------------------------------------------------------------------------

    // Bark and what the vow does are left to a dry run: which record of the queue they touch is the
    // block's time.
    void declare(
        const makerdao_dss::GemJoinJoin& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const makerdao_dss::GemJoinExit& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const makerdao_dss::DaiJoinJoin& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const makerdao_dss::DaiJoinExit& call, AccountId sender, AccessCollector& access) const;
    void declare(const makerdao_dss::Frob& call, AccountId sender, AccessCollector& access) const;
    void declare(const makerdao_dss::Hope& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const makerdao_dss::JugDrip& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const makerdao_dss::SpotterPoke& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const makerdao_dss::OsmPoke& call, AccountId sender, AccessCollector& access) const;
    void declare(const makerdao_dss::Take& call, AccountId sender, AccessCollector& access) const;
    void declare(const makerdao_dss::Redo& call, AccountId sender, AccessCollector& access) const;

    using ContractBase::declare;
    using ContractBase::execute;
    Result<Returns> execute(const makerdao_dss::GemJoinJoin& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::GemJoinExit& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::DaiJoinJoin& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::DaiJoinExit& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Frob& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Fork& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Hope& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Nope& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Move& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Flux& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::JugDrip& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::PotDrip& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::PotJoin& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::PotExit& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::SpotterPoke& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::OsmPoke& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Bark& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Take& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Redo& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Yank& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Upchost& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Heal& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Flog& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Kiss& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Flap& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Flop& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::FlapTick& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Tend& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::FlapDeal& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::FlopTick& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Dent& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::FlopDeal& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::Fold& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::PipSet& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::File& call, CallContext& context);
    Result<Returns> execute(const makerdao_dss::FileIlk& call, CallContext& context);

private:
    struct IlkTables
    {
        ContractId gem_id{};
        Token* gem = nullptr;
        Amount scale;  // Of the token's units to a wad.
        std::string label;
        std::uint64_t hop = 0;
        makerdao_dss::Abacus abacus;
        AccountId clip{};                                  // Its clipper's account.
        std::unique_ptr<Table<makerdao_dss::Urn>> urns;    // By account.
        std::unique_ptr<Table<Amount>> gems;               // By account, wad.
        std::unique_ptr<Table<makerdao_dss::Sale>> sales;  // By id.
        std::unique_ptr<Table<Amount>> active;             // Ids, by place.
    };

    /// Records of an ilk that may not exist; whatever calls name has to.
    [[nodiscard]] Result<IlkTables*> require_ilk(std::uint8_t ilk, std::string_view reason);
    [[nodiscard]] Result<void> require_admin(CallContext& context, std::string_view reason) const;

    [[nodiscard]] static Amount from_rad_down(const Amount& rad);
    [[nodiscard]] static Amount from_rad_up(const Amount& rad);
    /// Collateral in the token's smallest units.
    [[nodiscard]] Amount units_down(std::size_t ilk, const Amount& wad) const;
    /// The largest lot that is so many of the token's smallest units, rounded down.
    [[nodiscard]] Amount lot_of_units(std::size_t ilk, const Amount& units) const;
    [[nodiscard]] DebtChangeRow change_row(
        std::size_t ilk, AccountId owner, const Int256& dink, const Int256& dtab) const;
    void add_leave(CallWriter& calls, AccountId owner, AccountId user) const;
    /// The vow's, once debt has left the queue that may, and debt and surplus have cancelled out.
    struct VowBooks
    {
        std::vector<std::uint64_t> due;  // What may leave the queue.
        Amount healed;                   // Rad, as all that follow.
        Amount surplus;
        Amount debt;
        Amount free_debt;  // Neither in the queue nor in flops.
    };
    [[nodiscard]] VowBooks vow_books(std::uint64_t at) const;
    [[nodiscard]] std::optional<BackstopBid> lower(const Amount& lot, const Amount& bid) const;
    void tell_backstop(CallContext& context, BackstopKind kind, BackstopAction action,
        std::uint64_t number, const makerdao_dss::Bid& bid) const;
    void declare_dai(AccessCollector& access, AccountId from, AccountId to) const;
    void declare_pip(AccessCollector& access, std::size_t ilk, AccessMode mode) const;

    // Vat (vat.cpp). Who calls it there is @p context's sender.
    [[nodiscard]] bool wish(CallContext& context, AccountId owner, AccountId user);
    [[nodiscard]] Result<void> move(
        CallContext& context, AccountId caller, AccountId from, AccountId to, const Amount& rad);
    [[nodiscard]] Result<void> flux(CallContext& context, std::size_t ilk, AccountId caller,
        AccountId from, AccountId to, const Amount& wad);
    [[nodiscard]] Result<void> slip(
        CallContext& context, std::size_t ilk, AccountId user, const Int256& wad);
    [[nodiscard]] Result<void> grab(CallContext& context, std::size_t ilk, AccountId u, AccountId v,
        AccountId w, const Int256& dink, const Int256& dart);
    [[nodiscard]] Result<void> heal(CallContext& context, AccountId user, const Amount& rad);
    [[nodiscard]] Result<void> suck(
        CallContext& context, AccountId u, AccountId v, const Amount& rad);
    [[nodiscard]] Result<void> fold(
        CallContext& context, std::size_t ilk, AccountId u, const Int256& rate);

    // Prices (rates.cpp).
    /// What the pip says as the transaction sees it.
    [[nodiscard]] makerdao_dss::Pip peek(CallContext& context, std::size_t ilk);
    [[nodiscard]] makerdao_dss::Pip first_price() const;
    /// What the spotter makes of it for an ilk that wants @p mat.
    [[nodiscard]] static Result<Amount> spot_of(
        const makerdao_dss::Pip& pip, const Amount& par, const Amount& mat);
    [[nodiscard]] makerdao_dss::Pip read_feed(const Amount& usd_e8) const;

    // Auctions (auctions.cpp).
    /// What is owed for how much of the lot.
    struct Purchase
    {
        Amount owe;
        Amount slice;
    };
    [[nodiscard]] static Result<Purchase> purchase(const makerdao_dss::Sale& sale,
        const makerdao_dss::ClipState& clip, const Amount& price, const Amount& amt);
    [[nodiscard]] CollateralAuctionRow auction_row(std::size_t ilk, CollateralAuctionStep step,
        std::uint64_t id, const makerdao_dss::Sale& sale, AccountId who) const;
    [[nodiscard]] Result<makerdao_dss::SaleStatus> status(const makerdao_dss::Sale& sale,
        const makerdao_dss::ClipState& clip, const makerdao_dss::Abacus& abacus,
        std::uint64_t now) const;
    [[nodiscard]] Result<makerdao_dss::ClipState*> unlocked(
        CallContext& context, std::size_t ilk, std::uint64_t stopped_below);
    [[nodiscard]] Result<Amount> feed_price(CallContext& context, std::size_t ilk);
    [[nodiscard]] Result<std::uint64_t> kick(CallContext& context, std::size_t ilk,
        const Amount& tab, const Amount& lot, AccountId user, AccountId keeper);
    [[nodiscard]] Result<void> digs(CallContext& context, std::size_t ilk, const Amount& rad);
    void remove(CallContext& context, std::size_t ilk, std::uint64_t id);

    // Surplus and debt (vow.cpp).
    [[nodiscard]] Result<void> fess(CallContext& context, const Amount& tab);
    [[nodiscard]] Result<void> kiss(CallContext& context, const Amount& rad);
    /// Debt of the vow that is neither queued nor being auctioned.
    [[nodiscard]] Result<Amount> free_debt(CallContext& context);

    makerdao_dss::Setup setup_;
    std::vector<IlkTables> ilks_;
    const PriceSource* feed_ = nullptr;
    Dai* dai_token_ = nullptr;
    Erc20* mkr_ = nullptr;
    const World* world_ = nullptr;
    AccountId admin_{};
    AccountId vow_account_{};
    AccountId pot_account_{};
    AccountId dai_join_account_{};
    AccountId flap_account_{};
    AccountId flop_account_{};
    Table<makerdao_dss::VatState> vat_;    // Record 0: debt weighs -1 in the conservation law,
    Table<Amount> dai_;                    // by account, +1.
    Table<Amount> sin_;                    // By account.
    Table<makerdao_dss::Ilk> vat_ilks_;    // By ilk, as all that are called ilks.
    Table<makerdao_dss::Permission> can_;  // By pair_key(owner, user).
    Table<Amount> prices_;                 // base_record, par_record.
    Table<makerdao_dss::JugIlk> jug_ilks_;
    Table<Amount> mats_;                 // By ilk, ray.
    Table<makerdao_dss::Pip> pips_;      // By ilk.
    Table<makerdao_dss::PotState> pot_;  // Record 0.
    Table<Amount> pies_;                 // By account, wad.
    Table<makerdao_dss::DogState> dog_;  // Record 0.
    Table<makerdao_dss::DogIlk> dog_ilks_;
    Table<makerdao_dss::ClipState> clips_;      // By ilk.
    Table<makerdao_dss::VowState> vow_;         // Record 0.
    Table<Amount> queue_;                       // By time, rad.
    Table<makerdao_dss::AuctionHouse> houses_;  // flap_record, flop_record.
    Table<makerdao_dss::Bid> flaps_;            // By id.
    Table<makerdao_dss::Bid> flops_;            // By id.
};

}  // namespace runnel::contracts
