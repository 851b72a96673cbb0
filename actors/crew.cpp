#include "actors/crew.hpp"

#include "state/signing.hpp"

#include <caf/actor_system.hpp>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

#include <fmt/format.h>
#include <sys/resource.h>

#include <exception>
#include <iterator>

namespace runnel::actors
{
namespace
{
constexpr int writer_niceness = 5;
}

CrewActor::CrewActor(caf::actor_config& config) : caf::event_based_actor{config}
{
    set_exception_handler(
        [](caf::scheduled_actor*, std::exception_ptr& thrown) -> caf::error
        {
            try
            {
                std::rethrow_exception(thrown);
            }
            catch (const std::exception& error)
            {
                return caf::make_error(caf::sec::runtime_error, std::string{error.what()});
            }
            catch (...)
            {
                return caf::make_error(caf::sec::runtime_error, std::string{"unknown exception"});
            }
        });
}

#ifdef __SANITIZE_THREAD__
void CrewActor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host)
{
    __tsan_release(this);
    caf::event_based_actor::enqueue(std::move(element), host);
}

caf::resumable::resume_result CrewActor::resume(
    caf::execution_unit* host, std::size_t max_throughput)
{
    __tsan_acquire(this);
    const auto result = caf::event_based_actor::resume(host, max_throughput);
    __tsan_release(this);
    return result;
}

caf::invoke_message_result CrewActor::consume(caf::mailbox_element& element)
{
    // Released here and not only when it stops running: it may be resumed elsewhere before that.
    __tsan_acquire(this);
    auto result = caf::event_based_actor::consume(element);
    __tsan_release(this);
    return result;
}

void CrewActor::on_destroy()
{
    __tsan_acquire(this);
    caf::event_based_actor::on_destroy();
}
#endif

std::string error_text(caf::actor_system& system, const caf::error& error)
{
    const auto& context = error.context();
    if (context.match_elements<std::string>())
        return context.get_as<std::string>(0);
    return system.render(error);
}

CohortActor::CohortActor(caf::actor_config& config, std::uint32_t number,
    std::shared_ptr<Cohort> cohort,
    std::shared_ptr<const std::map<std::uint32_t, caf::actor>> protocols)
  : CrewActor{config}, number_{number}, cohort_{std::move(cohort)}, protocols_{std::move(protocols)}
{}

void CohortActor::on_exit()
{
    protocols_.reset();
    director_ = nullptr;
}

void CohortActor::report()
{
    Decided decided;
    decided.cohort = number_;
    decided.next_block = cohort_->next_block();
    decided.transactions = std::make_shared<std::vector<Transaction>>(cohort_->take_transactions());
    decided.letters = std::make_shared<std::vector<AddressedLetter>>(cohort_->take_letters());
    view_.reset();
    send(caf::actor_cast<caf::actor>(director_), std::move(decided));
}

caf::behavior CohortActor::make_behavior()
{
    return {[this](const Decide& message)
        {
            director_ = current_sender();
            view_ = message.view;
            cohort_->begin(*view_, *message.news);
            cohort_->decide();
            auto questions = cohort_->take_questions();
            answers_due_ = questions.size();
            for (auto& [contract, requests] : questions)
                send(protocols_->at(index(contract)), AskQuotes{contract, std::move(requests)});
            if (questions.empty())
                report();
        },
        [this](const Quotes& message)
        {
            cohort_->answer(message.contract, message.amounts_out);
            if (--answers_due_ == 0)
            {
                cohort_->quoted();
                report();
            }
        },
        [this](const CaptureState& message) -> StateCaptured
        {
            cohort_->learn(message.next_block, *message.news);
            return {number_, cohort_->next_block(), cohort_};
        }};
}

ProtocolActor::ProtocolActor(caf::actor_config& config) : CrewActor{config} {}

caf::behavior ProtocolActor::make_behavior()
{
    return {[this](const AskQuotes& message) -> Quotes
        {
            const auto& contract = *contracts_.at(index(message.contract));
            Quotes quotes;
            quotes.contract = message.contract;
            for (const auto& request : message.requests)
                quotes.amounts_out.push_back(contract.quote(request));
            return quotes;
        },
        [this](const Lease& message) -> Leased
        {
            Leased leased{std::make_shared<std::vector<std::unique_ptr<Contract>>>()};
            for (const auto id : message.contracts)
            {
                const auto found = contracts_.find(index(id));
                leased.contracts->push_back(std::move(found->second));
                contracts_.erase(found);
            }
            return leased;
        },
        [this](const LeaseReturn& message) -> Published
        {
            Published published;
            for (auto& contract : *message.contracts)
            {
                const auto id = contract->id();
                published.views.push_back({id, message.block_number, contract.get()});
                contracts_.emplace(index(id), std::move(contract));
            }
            return published;
        }};
}

ValidatorActor::ValidatorActor(caf::actor_config& config, std::uint32_t number, std::uint64_t seed,
    double participation, FeeSchedule fees, BlockHeader head, Hash head_hash)
  : CrewActor{config},
    number_{number},
    seed_{seed},
    participation_{participation},
    fees_{fees},
    head_{head},
    head_hash_{head_hash}
{}

std::string ValidatorActor::check(const FinishedBlock& block) const
{
    const auto& header = block.header;
    if (header.hash() != block.hash)
        return "the header does not have the block's hash";
    if (header.parent_hash != head_hash_ || header.number != head_.number + 1)
        return "the block does not extend the head";
    if (header.timestamp <= head_.timestamp)
        return "the timestamp does not grow";
    if (header.gas_used > header.gas_limit || header.gas_limit != fees_.block_gas_limit)
        return "the gas is beyond the limit";
    if (header.base_fee != next_base_fee(fees_, head_.base_fee, head_.gas_used))
        return "the base fee does not follow from the parent";
    return check_executed_bundles(block.transactions, block.receipts);
}

std::string ValidatorActor::check_share(const Attest& message) const
{
    if (message.senders == nullptr)
        return {};
    const auto& transactions = message.block->transactions;
    for (std::size_t i = number_; i < transactions.size(); i += message.validators)
    {
        const auto wrong = check_signature(transactions[i], (*message.senders)[i]);
        if (!wrong.empty())
            return fmt::format("transaction {}: {}", i, wrong);
    }
    return {};
}

caf::behavior ValidatorActor::make_behavior()
{
    return {[](Propose& message) -> Proposed
        {
            Proposed proposed;
            auto taken = message.mempool->build_block(
                *message.world, message.slot, *message.head, message.fate);
            proposed.transactions = std::move(message.head);
            if (proposed.transactions->empty())
                *proposed.transactions = std::move(taken);
            else
            {
                proposed.transactions->insert(proposed.transactions->end(),
                    std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end()));
            }
            proposed.dropped =
                std::make_shared<std::vector<DroppedTransaction>>(message.mempool->take_dropped());
            proposed.mempool = std::move(message.mempool);
            return proposed;
        },
        [this](const Rewind& message)
        {
            head_ = message.head;
            head_hash_ = message.hash;
        },
        [this](const Attest& message) -> Attested
        {
            const auto& block = *message.block;
            Attested attested;
            attested.validator = number_;
            attested.block_number = block.header.number;
            attested.refusal = check(block);
            if (attested.refusal.empty())
                attested.refusal = check_share(message);
            head_ = block.header;
            head_hash_ = block.hash;
            attested.attests = attested.refusal.empty() &&
                               attests(seed_, participation_, number_, block.header.number);
            return attested;
        }};
}

HelperActor::HelperActor(caf::actor_config& config, std::shared_ptr<ExecutionGate> gate)
  : CrewActor{config}, gate_{std::move(gate)}
{}

caf::behavior HelperActor::make_behavior()
{
    return {[this](const Assist& message) { gate_->assist(message.epoch, message.worker); }};
}

caf::behavior ReplicaActor::make_behavior()
{
    return {[](Replicate& message) -> Replicated
        {
            auto block = std::make_shared<FinishedBlock>(
                message.replica->execute(std::move(*message.order)));
            return {std::move(message.replica), std::move(block)};
        }};
}

WriterActor::WriterActor(caf::actor_config& config, BlockSink* sink)
  : CrewActor{config}, sink_{sink}
{}

caf::behavior WriterActor::make_behavior()
{
    // This thread is the writer's own. Where it shares a core with a worker it gets a quarter:
    // a block waits for its slowest worker, but nobody waits for the writer until its credits are
    // gone. Linux sets it for the calling thread alone; where that fails it is only slower.
    (void)setpriority(PRIO_PROCESS, 0, writer_niceness);
    return {[this](const Persist& message) -> Persisted
        {
            sink_->append(message.block);
            return {1};
        },
        [this](const SaveCheckpoint& message) -> CheckpointSaved
        {
            sink_->checkpoint(message.block_number, *message.parts);
            return {};
        },
        [this](const FlushLedger&) -> LedgerFlushed
        {
            sink_->flush();
            return {};
        },
        [this](const FinishLedger&) -> LedgerFinished
        {
            sink_->finish();
            return {};
        }};
}

}  // namespace runnel::actors
