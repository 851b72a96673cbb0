#include "tools/runnel/trace_file.hpp"

#include "storage/database.hpp"
#include "tools/runnel/commands.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::tools
{

namespace
{
constexpr std::string_view heading =
    R"([{"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"director"}},)";
}

TraceFile::TraceFile(const std::string& path)
  : file_{path, [](std::string_view beginning) { return beginning.starts_with(heading); },
        "a trace of a run"}
{
    file_.write(heading);
    file_.write(
        "\n"
        R"({"name":"thread_name","ph":"M","pid":1,"tid":2,"args":{"name":"writer"}})");
}

void TraceFile::close()
{
    if (!failure_.empty())
        throw CommandError{exit_world_failed, failure_};
    file_.write("]\n");
    file_.commit();
}

void TraceFile::phase(
    std::string_view name, std::uint64_t block, Clock::time_point start, Clock::time_point end)
{
    // Phases follow one another without a gap: all that was used since the last call was used now.
    const auto cpu_seconds = clocks_.take();
    const auto block_before = std::exchange(block_, block);
    if (block_before != block)
        clocks_.find_threads();
    if (!block_before)  // The crew was still being made.
        return write(name, 1, block, start, end);
    const auto seconds = std::chrono::duration<double>(end - start).count();
    auto usage = std::find_if(
        usage_.begin(), usage_.end(), [&](const Usage& other) { return other.name == name; });
    if (usage == usage_.end())
        usage = usage_.insert(usage_.end(), {std::string{name}});
    usage->seconds += seconds;
    usage->cpu_seconds += cpu_seconds;
    write(name, 1, block, start, end, cpu_seconds / std::max(seconds, 1e-9));
}

CoresInUse TraceFile::cores_in_use() const
{
    CoresInUse cores;
    for (const auto& usage : usage_)
        cores.emplace_back(usage.name, usage.cpu_seconds / std::max(usage.seconds, 1e-9));
    return cores;
}

void TraceFile::persisted(std::uint64_t block, Clock::time_point start, Clock::time_point end)
{
    write("persist", 2, block, start, end);
}

void TraceFile::write(std::string_view name, unsigned row, std::uint64_t block,
    Clock::time_point start, Clock::time_point end, std::optional<double> cores)
{
    const auto us = [](Clock::duration time)
    { return std::chrono::duration<double, std::micro>(time).count(); };
    auto line = fmt::format(
        ",\n{{\"name\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f},"
        "\"args\":{{\"block\":{}",
        name, row, us(start - origin_), us(end - start), block);
    if (cores)
    {
        line += fmt::format(
            ",\"cores\":{0:.2f}}}}},\n{{\"name\":\"cores in use\",\"ph\":\"C\",\"pid\":1,"
            "\"ts\":{1:.3f},\"args\":{{\"cores\":{0:.2f}",
            *cores, us(start - origin_));
    }
    line += "}}";
    const std::lock_guard lock{mutex_};
    if (!failure_.empty())
        return;
    try
    {
        file_.write(line);
    }
    catch (const storage::StorageError& error)
    {
        // The run is worth more than its trace: close() says so.
        failure_ = error.what();
    }
}

void TracedSink::append(std::shared_ptr<const FinishedBlock> block)
{
    const auto number = block->header.number;
    const auto start = PhaseTrace::Clock::now();
    sink_.append(std::move(block));
    trace_.persisted(number, start, PhaseTrace::Clock::now());
}

}  // namespace runnel::tools
