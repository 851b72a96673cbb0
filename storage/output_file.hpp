#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What commands write. No output ever replaces what is not ours, or what the same command reads.
namespace runnel::storage
{

/// Which file a path means: two names of one file, hard links too, are equal. A file that is not
/// there yet is known by its folder and its name.
struct FileIdentity
{
    [[nodiscard]] static FileIdentity of(const std::filesystem::path& path);
    bool operator==(const FileIdentity&) const = default;

    dev_t device = 0;
    ino_t inode = 0;
    std::string name;  // Empty: the file is there.
};

/// The files of one command: what it reads, and what it may therefore not write.
class CommandFiles
{
public:
    /// @p what as in "the scenario".
    void reads(const std::filesystem::path& path, const std::string& what);
    /// A ledger, and what SQLite keeps beside it.
    void reads_ledger(const std::filesystem::path& path, const std::string& what);
    /// A StorageError (exists) if the command reads it, or writes it already.
    void writes(const std::filesystem::path& path, const std::string& what);
    void writes_ledger(const std::filesystem::path& path, const std::string& what);

private:
    struct File
    {
        FileIdentity identity;
        std::string what;
    };
    std::vector<File> files_;
};

/// Puts a new file in the place of an old one, or of none, at once and only when it is whole: it is
/// written beside it, under a name of its own.
///
/// A StorageError (exists) says what may not be replaced: folders, pipes, devices, symbolic links,
/// and files of others.
class Replacement
{
public:
    /// Whether a file is one of ours, from its first bytes (4 KiB, or all there are). An empty file
    /// is anybody's.
    using IsOurs = std::function<bool(std::string_view beginning)>;

    /// Looks at what is there; changes nothing yet. @p kind as in "a proof of runnel".
    Replacement(std::filesystem::path path, const IsOurs& is_ours, std::string_view kind);
    Replacement(Replacement&& other) noexcept;
    Replacement(const Replacement&) = delete;
    Replacement& operator=(const Replacement&) = delete;
    Replacement& operator=(Replacement&&) = delete;
    /// Removes what was begun and not committed.
    ~Replacement();

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    /// Makes the new file, empty; returns where. Once.
    const std::filesystem::path& begin();
    /// Gives the new file its name, unless somebody else has taken it meanwhile.
    void commit();

private:
    [[noreturn]] void refuse(std::string_view why) const;
    [[noreturn]] void fail(std::string_view action, int error) const;

    std::filesystem::path path_;
    std::filesystem::path beside_;  // Empty: not begun, or committed.
    FileIdentity old_;
    std::optional<mode_t> mode_;  // Of the file that is replaced.
};

/// Removes the files of replacements that were begun and not committed: for a process that leaves
/// at once, from a signal handler too.
void remove_unfinished_files() noexcept;

/// A text file that appears whole or not at all. Not for several threads at once.
class OutputFile
{
public:
    OutputFile(
        std::filesystem::path path, const Replacement::IsOurs& is_ours, std::string_view kind);
    OutputFile(OutputFile&& other) noexcept;
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return replacement_.path(); }
    void write(std::string_view text);
    void commit();

private:
    void flush();

    Replacement replacement_;
    int descriptor_ = -1;
    std::string buffer_;
};

}  // namespace runnel::storage
