#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace runnel::storage::fixture
{

/// What a file system does for SQLite, as far as it can fail.
enum class Operation : std::uint8_t
{
    open,
    read,
    write,
    truncate,
    sync,
    size,
    lock,
    access,
    remove,
    shm,  // The index that readers of a write-ahead log share.
};

/// A failing disk: a shim over SQLite's default VFS that is the default itself while it lives.
///
/// Counts operations on every file, and makes those fail that a plan names. Keeps, for every file,
/// what a power cut would leave: bytes that were synced, and the writes since.
class FaultyDisk
{
public:
    enum class Fault : std::uint8_t
    {
        none,
        io_error,   // Each kind's own SQLITE_IOERR code; CANTOPEN of open.
        full,       // SQLITE_FULL after half of a write; only writes are counted.
        busy,       // Somebody else has the lock; only locks are counted.
        power_cut,  // Nothing works any more; see restore_power().
        kill,       // Nothing works any more; what was written is there, synced or not.
    };
    /// Fails operation number @p first, counted from 1, and all after it if @p lasting.
    struct Plan
    {
        Fault fault = Fault::none;
        std::uint64_t first = 0;
        bool lasting = false;
    };

    FaultyDisk();
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;
    ~FaultyDisk();

    /// Counts from 0 again.
    void set_plan(const Plan& plan);
    /// No more faults.
    void repair() { set_plan({}); }
    /// Operations since set_plan() that its fault could have hit.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] bool has_failed() const noexcept { return failures_ > 0; }
    [[nodiscard]] std::uint64_t count(Operation operation) const
    {
        return by_operation_.at(static_cast<std::size_t>(operation));
    }

    /// Forgets all files: what they hold now counts as synced.
    void forget_files() { files_.clear(); }
    /// Leaves on the real disk what a power cut left, and repairs: synced bytes, and of the writes
    /// since then those that @p seed chooses, some of them only in part. A removal that was not
    /// synced may not have happened.
    void restore_power(std::uint64_t seed);

private:
    struct Write
    {
        std::int64_t offset = 0;
        std::string bytes;
        bool truncates = false;  // To offset.
    };
    struct FileImage
    {
        std::string synced;
        std::vector<Write> unsynced;
        bool removed = false;
    };
    struct File;
    struct Methods;
    struct Vfs;  // SQLite's.

    /// SQLITE_OK, or the error to return.
    [[nodiscard]] int enter(Operation operation, int io_error);
    [[nodiscard]] bool counts(Operation operation) const noexcept;
    FileImage& image(const std::string& path);

    std::unique_ptr<Vfs> vfs_;
    Plan plan_;
    std::uint64_t count_ = 0;
    std::uint64_t failures_ = 0;
    std::vector<std::uint64_t> by_operation_;
    bool dead_ = false;
    bool tracks_ = false;  // Images are kept while a power cut is planned.
    std::map<std::string, FileImage> files_;
};

}  // namespace runnel::storage::fixture
