#pragma once

#include "actors/cohort.hpp"
#include "actors/messages.hpp"
#include "execution/executor.hpp"

#include <caf/event_based_actor.hpp>

#include <map>

/// The director's crew: everybody who answers its messages.
namespace runnel::actors
{

/// An actor whose exceptions keep their text on the way to whoever monitors it.
class CrewActor : public caf::event_based_actor
{
public:
    explicit CrewActor(caf::actor_config& config);

#ifdef __SANITIZE_THREAD__
    // The CAF library is not instrumented, so ThreadSanitizer cannot see that a message, and an
    // actor that moves to another thread, take what came before with them. It is told here.
    void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override;
    resume_result resume(caf::execution_unit* host, std::size_t max_throughput) override;
    caf::invoke_message_result consume(caf::mailbox_element& element) override;
    void on_destroy() override;
#endif
};

/// What ended an actor, in its exception's own words if there was one.
[[nodiscard]] std::string error_text(caf::actor_system& system, const caf::error& error);

/// Hosts a cohort of wallets. Decide -> (AskQuotes -> Quotes)* -> Decided; CaptureState ->
/// StateCaptured.
class CohortActor : public CrewActor
{
public:
    CohortActor(caf::actor_config& config, std::uint32_t number, std::shared_ptr<Cohort> cohort,
        std::shared_ptr<const std::map<std::uint32_t, caf::actor>> protocols);
    caf::behavior make_behavior() override;
    void on_exit() override;

private:
    void report();

    std::uint32_t number_;
    std::shared_ptr<Cohort> cohort_;
    std::shared_ptr<const std::map<std::uint32_t, caf::actor>> protocols_;  // By contract id.
    std::shared_ptr<const WorldView> view_;
    caf::strong_actor_ptr director_;
    std::size_t answers_due_ = 0;
};

/// Host of some contracts of one protocol (DEX pairs, a lending pool, an oracle): publishes their
/// state, answers quotes, lends it to the director for the blocks that touch it. One message a
/// block serves all of them: with one actor for each of 64 pools messages cost as much as a tenth
/// of the block.
class ProtocolActor : public CrewActor
{
public:
    explicit ProtocolActor(caf::actor_config& config);
    caf::behavior make_behavior() override;

private:
    std::map<std::uint32_t, std::unique_ptr<Contract>> contracts_;  // Those not leased, by id.
};

/// A validator: builds blocks when it is the slot's proposer, checks and attests everybody's.
class ValidatorActor : public CrewActor
{
public:
    ValidatorActor(caf::actor_config& config, std::uint32_t number, std::uint64_t seed,
        double participation, FeeSchedule fees, BlockHeader head, Hash head_hash);
    caf::behavior make_behavior() override;

private:
    [[nodiscard]] std::string check(const FinishedBlock& block) const;
    /// Of this validator's share of the signatures.
    [[nodiscard]] std::string check_share(const Attest& message) const;

    std::uint32_t number_;
    std::uint64_t seed_;
    double participation_;
    FeeSchedule fees_;
    BlockHeader head_;
    Hash head_hash_;
};

/// Takes part in the execution of blocks.
class HelperActor : public CrewActor
{
public:
    HelperActor(caf::actor_config& config, std::shared_ptr<ExecutionGate> gate);
    caf::behavior make_behavior() override;

private:
    std::shared_ptr<ExecutionGate> gate_;
};

/// Executes blocks a second time, beside the director.
class ReplicaActor : public CrewActor
{
public:
    using CrewActor::CrewActor;
    caf::behavior make_behavior() override;
};

/// Hands finished blocks to the sink, on a thread of its own.
class WriterActor : public CrewActor
{
public:
    WriterActor(caf::actor_config& config, BlockSink* sink);
    caf::behavior make_behavior() override;

private:
    BlockSink* sink_;
};

}  // namespace runnel::actors
