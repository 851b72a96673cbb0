#include "contracts/compliance/screening_list/screening_list.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/token_book.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace runnel::contracts
{

using namespace screening_list;

ScreeningList::ScreeningList(ContractIdentity identity, Terms terms)
  : ContractBase{std::move(identity)},
    terms_{std::move(terms)},
    state_{name() + ".state"},
    entries_{name() + ".entries", KeyOf::account}
{
    add_table(state_);
    add_table(entries_);
}

const ContractType& ScreeningList::contract_type()
{
    static const std::array columns{ParameterSpec{"amount", ParameterKind::amount, "", {},
        "From so much on a movement of this token is written down.", 1, 1e60}};
    static const ContractType type{.kind = "screening_list",
        .help = "Accounts that institutions are warned of, and what these do about them.",
        .role = ContractRole::ledger,
        .sectors = implements<ScreeningList, ScreeningPolicy, ScreeningBook>(),
        .methods = methods(),
        .events = event_types<ListedLog, ScreeningReport>(),
        .parameters =
            {
                {"keeper", ParameterKind::account, "", {}, "Who keeps the list."},
                {.name = "mode",
                    .kind = ParameterKind::choice,
                    .default_value = "\"block\"",
                    .unit = {},
                    .help = "What becomes of movements of listed accounts: flag (written down, "
                            "passed) or block (deposits held, withdrawals refused).",
                    .choices = "flag|block"},
                {.name = "thresholds",
                    .kind = ParameterKind::per_token,
                    .default_value = "{}",
                    .unit = {},
                    .help = "The travel rule, by token.",
                    .columns = columns},
                {"hold_from_threshold", ParameterKind::boolean, "false", {},
                    "What is that large is held too."},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            Terms terms;
            terms.kept_by = parameters.text("keeper");
            terms.mode = parameters.text("mode") == "flag" ? Mode::flag : Mode::block;
            for (const auto& [token, row] : parameters.per_token("thresholds"))
                terms.thresholds.emplace_back(token, row.amount("amount"));
            terms.holds_from_threshold = parameters.boolean("hold_from_threshold");
            return std::make_unique<ScreeningList>(std::move(identity), std::move(terms));
        }};
    return type;
}

void ScreeningList::connect(World& world)
{
    keeper_ = world.find_account(terms_.kept_by).value_or(zero_account);
}

void ScreeningList::genesis(const Parameters&, GenesisBuilder& builder)
{
    keeper_ = builder.account(terms_.kept_by, "wallet");
}

void ScreeningList::check_invariants(const World&, Findings& findings) const
{
    const auto keys = entries_.keys();
    const auto listed = std::count_if(
        keys.begin(), keys.end(), [&](std::uint64_t key) { return entries_.get(key).is_listed; });
    if (static_cast<std::uint64_t>(listed) != state_.get(0).listed)
    {
        findings.push_back(fmt::format(
            "{}: {} accounts are listed, it counts {}", name(), listed, state_.get(0).listed));
    }
}

ScreeningVerdict ScreeningList::screen(CallContext& context, const ScreenedMovement& movement)
{
    const auto is_on = [&](AccountId account)
    { return account != zero_account && context.read(entries_, account).is_listed; };
    const auto report = [&](ScreeningReason reason, ScreeningOutcome outcome)
    {
        context.emit(
            id(), ScreeningReport{movement.custodian, movement.customer, movement.counterparty,
                      movement.token, movement.amount, movement.is_deposit, reason, outcome});
    };
    if (is_on(movement.customer) || is_on(movement.counterparty))
    {
        if (terms_.mode == Mode::flag)
        {
            report(ScreeningReason::list, ScreeningOutcome::passed);
            return ScreeningVerdict::pass;
        }
        report(ScreeningReason::list,
            movement.is_deposit ? ScreeningOutcome::held : ScreeningOutcome::refused);
        return movement.is_deposit ? ScreeningVerdict::hold : ScreeningVerdict::refuse;
    }
    const auto threshold = std::find_if(terms_.thresholds.begin(), terms_.thresholds.end(),
        [&](const auto& entry) { return entry.first == movement.token; });
    if (threshold == terms_.thresholds.end() || movement.amount < threshold->second)
        return ScreeningVerdict::pass;
    report(ScreeningReason::threshold,
        terms_.holds_from_threshold ? ScreeningOutcome::held : ScreeningOutcome::passed);
    return terms_.holds_from_threshold ? ScreeningVerdict::hold : ScreeningVerdict::pass;
}

void ScreeningList::add_list(CallWriter& calls, AccountId account) const
{
    calls.add(id(), AddToList{account});
}

Result<Returns> ScreeningList::set(CallContext& context, AccountId account, bool is_listed)
{
    RUNNEL_REQUIRE(context.sender() == keeper_, Refusal::error("Ownable: caller is not the owner"));
    RUNNEL_TRY(require_account(context.world(), account));
    auto& entry = context.write(entries_, account);
    if (entry.is_listed == is_listed)
        return Returns{};
    entry.is_listed = is_listed;
    auto& state = context.write(state_, 0);
    state.listed = is_listed ? state.listed + 1 : state.listed - 1;
    context.emit(id(), ListedLog{account, is_listed});
    return Returns{};
}

Result<Returns> ScreeningList::execute(const AddToList& call, CallContext& context)
{
    return set(context, call.account, true);
}

Result<Returns> ScreeningList::execute(const RemoveFromList& call, CallContext& context)
{
    return set(context, call.account, false);
}

}  // namespace runnel::contracts
