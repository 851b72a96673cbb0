#include "tests/storage/fault_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace runnel::storage::fixture
{
namespace
{
constexpr std::size_t operation_count = 10;
constexpr std::int64_t sector = 512;  // What a disk writes whole or not at all.

std::string read_all(const std::string& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}
}  // namespace

/// What SQLite holds as its open file; the real file lies behind it in memory.
struct FaultyDisk::File
{
    sqlite3_file base;
    FaultyDisk* disk;
    std::string* path;  // nullptr: a temporary file without a name.

    [[nodiscard]] sqlite3_file* real() noexcept
    {
        return reinterpret_cast<sqlite3_file*>(this + 1);
    }
};

struct FaultyDisk::Vfs
{
    sqlite3_vfs shim;
    sqlite3_vfs* real;
    sqlite3_io_methods methods;
};

struct FaultyDisk::Methods
{
    static File& self(sqlite3_file* file) noexcept { return *reinterpret_cast<File*>(file); }
    static FaultyDisk& disk(sqlite3_vfs* vfs) noexcept
    {
        return *static_cast<FaultyDisk*>(vfs->pAppData);
    }

    static int close(sqlite3_file* file)
    {
        auto& mine = self(file);
        delete mine.path;
        const auto* methods = mine.real()->pMethods;
        return methods == nullptr ? SQLITE_OK : methods->xClose(mine.real());
    }
    static int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset)
    {
        auto& mine = self(file);
        if (const int code = mine.disk->enter(Operation::read, SQLITE_IOERR_READ))
            return code;
        return mine.real()->pMethods->xRead(mine.real(), bytes, size, offset);
    }
    static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset)
    {
        auto& mine = self(file);
        if (const int code = mine.disk->enter(Operation::write, SQLITE_IOERR_WRITE))
        {
            // A write that fails may have come half the way.
            if (!mine.disk->dead_)
                (void)mine.real()->pMethods->xWrite(mine.real(), bytes, size / 2, offset);
            return code;
        }
        if (mine.path != nullptr && mine.disk->tracks_)
        {
            mine.disk->image(*mine.path)
                .unsynced.push_back({offset,
                    std::string{static_cast<const char*>(bytes), static_cast<std::size_t>(size)},
                    false});
        }
        return mine.real()->pMethods->xWrite(mine.real(), bytes, size, offset);
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size)
    {
        auto& mine = self(file);
        if (const int code = mine.disk->enter(Operation::truncate, SQLITE_IOERR_TRUNCATE))
            return code;
        if (mine.path != nullptr && mine.disk->tracks_)
            mine.disk->image(*mine.path).unsynced.push_back({size, {}, true});
        return mine.real()->pMethods->xTruncate(mine.real(), size);
    }
    static int sync(sqlite3_file* file, int)
    {
        auto& mine = self(file);
        if (const int code = mine.disk->enter(Operation::sync, SQLITE_IOERR_FSYNC))
            return code;
        if (mine.path != nullptr && mine.disk->tracks_)
        {
            auto& image = mine.disk->image(*mine.path);
            image.synced = read_all(*mine.path);
            image.unsynced.clear();
            // The folder is synced with it: what was removed from it stays removed.
            std::erase_if(
                mine.disk->files_, [](const auto& entry) { return entry.second.removed; });
        }
        return SQLITE_OK;  // The real disk need not spin: what a cut leaves is in the image.
    }
    static int file_size(sqlite3_file* file, sqlite3_int64* size)
    {
        auto& mine = self(file);
        if (const int code = mine.disk->enter(Operation::size, SQLITE_IOERR_FSTAT))
            return code;
        return mine.real()->pMethods->xFileSize(mine.real(), size);
    }
    static int lock(sqlite3_file* file, int level)
    {
        auto& mine = self(file);
        if (const int code = mine.disk->enter(Operation::lock, SQLITE_IOERR_LOCK))
            return code;
        return mine.real()->pMethods->xLock(mine.real(), level);
    }
    static int unlock(sqlite3_file* file, int level)
    {
        auto& mine = self(file);
        return mine.real()->pMethods->xUnlock(mine.real(), level);
    }
    static int check_reserved(sqlite3_file* file, int* reserved)
    {
        auto& mine = self(file);
        return mine.real()->pMethods->xCheckReservedLock(mine.real(), reserved);
    }
    static int control(sqlite3_file* file, int operation, void* argument)
    {
        auto& mine = self(file);
        return mine.real()->pMethods->xFileControl(mine.real(), operation, argument);
    }
    static int sector_size(sqlite3_file* file)
    {
        auto& mine = self(file);
        return mine.real()->pMethods->xSectorSize(mine.real());
    }
    static int characteristics(sqlite3_file* file)
    {
        auto& mine = self(file);
        return mine.real()->pMethods->xDeviceCharacteristics(mine.real());
    }
    static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** memory)
    {
        auto& mine = self(file);
        if (const int code = mine.disk->enter(Operation::shm, SQLITE_IOERR_SHMMAP))
            return code;
        return mine.real()->pMethods->xShmMap(mine.real(), page, size, extend, memory);
    }
    static int shm_lock(sqlite3_file* file, int offset, int count, int flags)
    {
        auto& mine = self(file);
        const bool locks = (flags & SQLITE_SHM_LOCK) != 0;
        if (const int code = locks ? mine.disk->enter(Operation::shm, SQLITE_IOERR_SHMLOCK) : 0)
            return code;
        return mine.real()->pMethods->xShmLock(mine.real(), offset, count, flags);
    }
    static void shm_barrier(sqlite3_file* file)
    {
        auto& mine = self(file);
        mine.real()->pMethods->xShmBarrier(mine.real());
    }
    static int shm_unmap(sqlite3_file* file, int remove)
    {
        auto& mine = self(file);
        return mine.real()->pMethods->xShmUnmap(mine.real(), remove);
    }

    static int open(
        sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out)
    {
        auto& mine = self(file);
        mine.base.pMethods = nullptr;
        auto& owner = disk(vfs);
        if (const int code = owner.enter(Operation::open, SQLITE_CANTOPEN))
            return code;
        const int code =
            owner.vfs_->real->xOpen(owner.vfs_->real, name, mine.real(), flags, flags_out);
        if (code != SQLITE_OK)
            return code;
        mine.disk = &owner;
        mine.path = name == nullptr ? nullptr : new std::string{name};
        mine.base.pMethods = &owner.vfs_->methods;
        if (mine.path != nullptr && owner.tracks_)
            (void)owner.image(*mine.path);
        return SQLITE_OK;
    }
    static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder)
    {
        auto& owner = disk(vfs);
        if (const int code = owner.enter(Operation::remove, SQLITE_IOERR_DELETE))
            return code;
        if (owner.tracks_)
        {
            if (sync_folder != 0)
                owner.files_.erase(name);
            else if (const auto found = owner.files_.find(name); found != owner.files_.end())
                found->second.removed = true;
        }
        return owner.vfs_->real->xDelete(owner.vfs_->real, name, 0);
    }
    static int access(sqlite3_vfs* vfs, const char* name, int flags, int* answer)
    {
        auto& owner = disk(vfs);
        if (const int code = owner.enter(Operation::access, SQLITE_IOERR_ACCESS))
            return code;
        return owner.vfs_->real->xAccess(owner.vfs_->real, name, flags, answer);
    }
};

FaultyDisk::FaultyDisk() : vfs_{std::make_unique<Vfs>()}, by_operation_(operation_count)
{
    vfs_->real = sqlite3_vfs_find(nullptr);
    vfs_->methods = {2, &Methods::close, &Methods::read, &Methods::write, &Methods::truncate,
        &Methods::sync, &Methods::file_size, &Methods::lock, &Methods::unlock,
        &Methods::check_reserved, &Methods::control, &Methods::sector_size,
        &Methods::characteristics, &Methods::shm_map, &Methods::shm_lock, &Methods::shm_barrier,
        &Methods::shm_unmap, nullptr, nullptr};
    // What is not replaced looks at nothing but its arguments.
    auto& shim = vfs_->shim;
    shim = *vfs_->real;
    shim.zName = "faulty";
    shim.pAppData = this;
    shim.pNext = nullptr;
    shim.szOsFile = static_cast<int>(sizeof(File)) + vfs_->real->szOsFile;
    shim.xOpen = &Methods::open;
    shim.xDelete = &Methods::remove;
    shim.xAccess = &Methods::access;
    sqlite3_vfs_register(&shim, 1);
}

FaultyDisk::~FaultyDisk()
{
    sqlite3_vfs_unregister(&vfs_->shim);
    sqlite3_vfs_register(vfs_->real, 1);
}

void FaultyDisk::set_plan(const Plan& plan)
{
    plan_ = plan;
    count_ = 0;
    failures_ = 0;
    dead_ = false;
    tracks_ = plan.fault == Fault::power_cut;
    if (!tracks_)
        files_.clear();
    std::fill(by_operation_.begin(), by_operation_.end(), 0);
}

bool FaultyDisk::counts(Operation operation) const noexcept
{
    switch (plan_.fault)
    {
        case Fault::full: return operation == Operation::write;
        case Fault::busy: return operation == Operation::lock;
        case Fault::none:
        case Fault::io_error:
        case Fault::power_cut:
        case Fault::kill: break;
    }
    return true;
}

int FaultyDisk::enter(Operation operation, int io_error)
{
    ++by_operation_[static_cast<std::size_t>(operation)];
    if (dead_)
        return io_error;
    if (!counts(operation))
        return SQLITE_OK;
    ++count_;
    if (plan_.fault == Fault::none || count_ < plan_.first ||
        (count_ > plan_.first && !plan_.lasting))
        return SQLITE_OK;
    ++failures_;
    switch (plan_.fault)
    {
        case Fault::full: return SQLITE_FULL;
        case Fault::busy: return SQLITE_BUSY;
        case Fault::power_cut:
        case Fault::kill: dead_ = true; break;
        case Fault::none:
        case Fault::io_error: break;
    }
    return io_error;
}

FaultyDisk::FileImage& FaultyDisk::image(const std::string& path)
{
    auto [found, is_new] = files_.try_emplace(path);
    if (is_new)
        found->second.synced = read_all(path);
    if (found->second.removed)
    {
        // A new file of the old name; a cut may bring the old one's bytes back instead.
        found->second.removed = false;
        found->second.unsynced.push_back({0, {}, true});
    }
    return found->second;
}

void FaultyDisk::restore_power(std::uint64_t seed)
{
    std::mt19937_64 random{seed};
    // All lost, all there, or a choice of them: each is a cut that happens.
    const auto mode = random() % 3;
    for (auto& [path, image] : files_)
    {
        if (image.removed && (mode == 1 || random() % 2 == 0))
            continue;
        // Renamed or removed by who wrote it, not by SQLite.
        if (!image.removed && !std::filesystem::exists(path))
            continue;
        auto bytes = std::move(image.synced);
        for (const auto& write : image.unsynced)
        {
            if (mode == 0 || (mode == 2 && random() % 2 == 0))
                continue;
            if (write.truncates)
            {
                bytes.resize(static_cast<std::size_t>(write.offset), '\0');
                continue;
            }
            const auto size = static_cast<std::int64_t>(write.bytes.size());
            const auto end = static_cast<std::size_t>(write.offset + size);
            if (bytes.size() < end)
                bytes.resize(end, '\0');
            for (std::int64_t at = 0; at < size;)
            {
                // Sectors end at multiples of their size in the file.
                const auto part = std::min(size - at, sector - (write.offset + at) % sector);
                if (mode == 1 || random() % 8 != 0)
                {
                    std::memcpy(bytes.data() + write.offset + at, write.bytes.data() + at,
                        static_cast<std::size_t>(part));
                }
                at += part;
            }
        }
        std::ofstream{path, std::ios::binary | std::ios::trunc}.write(
            bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    files_.clear();
    repair();
}

}  // namespace runnel::storage::fixture
