#include "storage/output_file.hpp"

#include "storage/database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace runnel::storage
{
namespace
{
namespace filesystem = std::filesystem;

constexpr std::size_t beginning_max = 4096;
constexpr std::size_t buffer_max = std::size_t{1} << 16U;
constexpr std::array<const char*, 3> beside_a_ledger{"-wal", "-shm", "-journal"};

/// The paths of files that were begun, for remove_unfinished_files(). What finds no place here is
/// left behind by a process that is killed, and only then.
class Unfinished
{
public:
    void add(const char* path) noexcept
    {
        const auto size = std::strlen(path) + 1;
        for (auto& entry : entries_)
        {
            auto free = Use::free;
            if (size > entry.path.size() || !entry.use.compare_exchange_strong(free, Use::changes))
                continue;
            std::memcpy(entry.path.data(), path, size);
            entry.use.store(Use::taken);
            return;
        }
    }
    void remove(const char* path) noexcept
    {
        for (auto& entry : entries_)
        {
            if (entry.use.load() == Use::taken && std::strcmp(entry.path.data(), path) == 0)
                entry.use.store(Use::free);
        }
    }
    void unlink_all() const noexcept
    {
        for (const auto& entry : entries_)
        {
            if (entry.use.load() == Use::taken)
                ::unlink(entry.path.data());
        }
    }

private:
    enum class Use : std::uint8_t
    {
        free,
        changes,
        taken,
    };
    struct Entry
    {
        std::atomic<Use> use{Use::free};
        std::array<char, 1024> path{};
    };
    std::array<Entry, 64> entries_;
};
Unfinished unfinished;

filesystem::path folder_of(const filesystem::path& path)
{
    const auto parent = path.parent_path();
    return parent.empty() ? "." : parent;
}

std::string reason_of(int error)
{
    return std::generic_category().message(error);
}

std::string_view sort_of_file(mode_t mode) noexcept
{
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISLNK(mode))
        return "a symbolic link";
    if (S_ISFIFO(mode))
        return "a pipe";
    if (S_ISSOCK(mode))
        return "a socket";
    return "a device";
}

/// The first bytes of a regular file; nothing if it cannot be read.
std::optional<std::string> beginning_of(const filesystem::path& path)
{
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0)
        return std::nullopt;
    std::string text(beginning_max, '\0');
    ssize_t size = 0;
    std::size_t used = 0;
    while (used < text.size() &&
           (size = ::read(descriptor, text.data() + used, text.size() - used)) > 0)
        used += static_cast<std::size_t>(size);
    ::close(descriptor);
    if (size < 0)
        return std::nullopt;
    text.resize(used);
    return text;
}

void sync_folder(const filesystem::path& folder) noexcept
{
    // Some file systems cannot; the file itself is safe by then.
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    (void)::fsync(descriptor);
    ::close(descriptor);
}

/// Gives a file a name that must be free; 0 or an errno.
int rename_to_free_name(const char* from, const char* to) noexcept
{
    if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    // A file system that does not know how.
    if (::link(from, to) == 0)
        return ::unlink(from) == 0 ? 0 : errno;
    if (errno != EPERM && errno != EOPNOTSUPP)
        return errno;
    struct stat status
    {};
    if (::lstat(to, &status) == 0)
        return EEXIST;
    return ::rename(from, to) == 0 ? 0 : errno;
}
}  // namespace

FileIdentity FileIdentity::of(const filesystem::path& path)
{
    struct stat status
    {};
    if (::stat(path.c_str(), &status) == 0)
        return {status.st_dev, status.st_ino, {}};
    if (::stat(folder_of(path).c_str(), &status) == 0)
        return {status.st_dev, status.st_ino, path.filename().string()};
    return {0, 0, filesystem::absolute(path).lexically_normal().string()};
}

void CommandFiles::reads(const filesystem::path& path, const std::string& what)
{
    files_.push_back({FileIdentity::of(path), what});
}

void CommandFiles::reads_ledger(const filesystem::path& path, const std::string& what)
{
    reads(path, what);
    for (const auto* suffix : beside_a_ledger)
        reads(path.string() + suffix, fmt::format("SQLite's own file beside {}", what));
}

void CommandFiles::writes(const filesystem::path& path, const std::string& what)
{
    const auto identity = FileIdentity::of(path);
    for (const auto& file : files_)
    {
        if (file.identity == identity)
        {
            throw StorageError{StorageErrorKind::exists,
                fmt::format("{}: {} cannot be written there: it is {}; choose another file",
                    path.string(), what, file.what)};
        }
    }
    files_.push_back({identity, what});
}

void CommandFiles::writes_ledger(const filesystem::path& path, const std::string& what)
{
    writes(path, what);
    for (const auto* suffix : beside_a_ledger)
        writes(path.string() + suffix, fmt::format("SQLite's own file beside {}", what));
}

Replacement::Replacement(filesystem::path path, const IsOurs& is_ours, std::string_view kind)
  : path_{std::move(path)}
{
    struct stat status
    {};
    const bool is_there = ::lstat(path_.c_str(), &status) == 0;
    if (!is_there && errno != ENOENT)
        fail("cannot be written", errno);
    const auto name = path_.filename();
    if (!is_there && (name.empty() || name == "." || name == ".."))
        refuse("expected the name of a file");
    if (is_there)
    {
        if (!S_ISREG(status.st_mode))
        {
            refuse(fmt::format("it is {}, which is never replaced; expected a file",
                sort_of_file(status.st_mode)));
        }
        if (::access(path_.c_str(), W_OK) != 0)
            fail("cannot be replaced", errno);
        const auto beginning = beginning_of(path_);
        if (!beginning)
            fail("cannot be replaced", errno);
        if (!beginning->empty() && !is_ours(*beginning))
            refuse(fmt::format("it exists and is not {}, so it is not replaced", kind));
        mode_ = status.st_mode & 0777U;
    }
    if (::access(folder_of(path_).c_str(), W_OK | X_OK) != 0)
        fail("cannot be written", errno);
    old_ = FileIdentity::of(path_);
}

Replacement::Replacement(Replacement&& other) noexcept
  : path_{std::move(other.path_)},
    beside_{std::exchange(other.beside_, {})},
    old_{std::move(other.old_)},
    mode_{other.mode_}
{}

Replacement::~Replacement()
{
    if (beside_.empty())
        return;
    ::unlink(beside_.c_str());
    unfinished.remove(beside_.c_str());
}

const filesystem::path& Replacement::begin()
{
    static std::atomic<unsigned> count{0};
    constexpr int attempts_max = 1000;  // Others died before they could tidy up.
    for (int attempt = 0; attempt < attempts_max; ++attempt)
    {
        const auto beside =
            folder_of(path_) / fmt::format("runnel-{}-{}.part", ::getpid(), ++count);
        const int descriptor =
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (descriptor >= 0)
        {
            if (mode_)
                (void)::fchmod(descriptor, *mode_);
            ::close(descriptor);
            beside_ = beside;
            unfinished.add(beside_.c_str());
            return beside_;
        }
        if (errno != EEXIST)
            break;
    }
    fail("cannot be written", errno);
}

void Replacement::commit()
{
    if (!old_.name.empty())
    {
        if (const int error = rename_to_free_name(beside_.c_str(), path_.c_str()); error != 0)
        {
            if (error == EEXIST)
                refuse("another process made it meanwhile");
            fail("cannot be written", error);
        }
    }
    else
    {
        struct stat status
        {};
        if (::lstat(path_.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
            status.st_dev != old_.device || status.st_ino != old_.inode)
            refuse("another process changed it meanwhile");
        if (::rename(beside_.c_str(), path_.c_str()) != 0)
            fail("cannot be replaced", errno);
    }
    unfinished.remove(beside_.c_str());
    beside_.clear();
    sync_folder(folder_of(path_));
}

void Replacement::refuse(std::string_view why) const
{
    throw StorageError{
        StorageErrorKind::exists, fmt::format("{}: {}; choose another file", path_.string(), why)};
}

void Replacement::fail(std::string_view action, int error) const
{
    const bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    throw StorageError{is_full ? StorageErrorKind::full : StorageErrorKind::io,
        fmt::format("{}: {}: {}; does the folder exist, is there space, and may you write there?",
            path_.string(), action, reason_of(error))};
}

void remove_unfinished_files() noexcept
{
    unfinished.unlink_all();
}

OutputFile::OutputFile(
    filesystem::path path, const Replacement::IsOurs& is_ours, std::string_view kind)
  : replacement_{std::move(path), is_ours, kind}
{}

OutputFile::OutputFile(OutputFile&& other) noexcept
  : replacement_{std::move(other.replacement_)},
    descriptor_{std::exchange(other.descriptor_, -1)},
    buffer_{std::move(other.buffer_)}
{}

OutputFile::~OutputFile()
{
    if (descriptor_ >= 0)
        ::close(descriptor_);
}

void OutputFile::write(std::string_view text)
{
    buffer_ += text;
    if (buffer_.size() >= buffer_max)
        flush();
}

void OutputFile::flush()
{
    const auto fail = [&]
    {
        throw StorageError{errno == ENOSPC || errno == EDQUOT || errno == EFBIG
                               ? StorageErrorKind::full
                               : StorageErrorKind::io,
            fmt::format("{}: cannot be written: {}", path().string(), reason_of(errno))};
    };
    if (descriptor_ < 0)
    {
        descriptor_ = ::open(replacement_.begin().c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (descriptor_ < 0)
            fail();
    }
    std::string_view left = buffer_;
    while (!left.empty())
    {
        const auto written = ::write(descriptor_, left.data(), left.size());
        if (written < 0 && errno != EINTR)
            fail();
        left.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    buffer_.clear();
}

void OutputFile::commit()
{
    flush();
    const bool is_written = ::fsync(descriptor_) == 0 || errno == EINVAL;
    const int error = errno;
    const bool is_closed = ::close(std::exchange(descriptor_, -1)) == 0;
    if (!is_written || !is_closed)
    {
        throw StorageError{
            StorageErrorKind::io, fmt::format("{}: cannot be written: {}", path().string(),
                                      reason_of(is_written ? errno : error))};
    }
    replacement_.commit();
}

}  // namespace runnel::storage
