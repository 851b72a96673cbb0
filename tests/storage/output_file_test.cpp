#include "storage/output_file.hpp"

#include "storage/database.hpp"
#include "tests/support/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>

using namespace runnel::storage;
namespace filesystem = std::filesystem;

namespace
{
/// A folder of its own, deleted at the end.
class Folder
{
public:
    Folder()
    {
        std::string name = (filesystem::temp_directory_path() / "runnel-output-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { filesystem::remove_all(path_); }
    [[nodiscard]] filesystem::path operator/(const char* name) const { return path_ / name; }
    /// How many names are in it.
    [[nodiscard]] std::ptrdiff_t size() const
    {
        return std::distance(
            filesystem::directory_iterator{path_}, filesystem::directory_iterator{});
    }

private:
    filesystem::path path_;
};

std::string contents(const filesystem::path& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void put(const filesystem::path& path, std::string_view text)
{
    std::ofstream{path, std::ios::binary} << text;
}

bool is_ours(std::string_view beginning)
{
    return beginning.starts_with("ours");
}

void write(const filesystem::path& path, std::string_view text)
{
    OutputFile file{path, is_ours, "one of ours"};
    file.write(text);
    file.commit();
}

std::optional<StorageErrorKind> kind_of(const std::function<void()>& action)
{
    try
    {
        action();
    }
    catch (const StorageError& error)
    {
        CHECK(std::string_view{error.what()}.find('\n') == std::string_view::npos);
        return error.kind();
    }
    return std::nullopt;
}
}  // namespace

TEST_CASE("output file: it is there when it is whole, or not at all", "[storage][output]")
{
    const Folder folder;
    const auto path = folder / "out";
    {
        OutputFile file{path, is_ours, "one of ours"};
        file.write(std::string(200'000, 'x'));
        CHECK_FALSE(filesystem::exists(path));
    }
    CHECK(folder.size() == 0);
    const auto text = "ours" + std::string(200'000, 'x');
    write(path, text);
    CHECK(contents(path) == text);
    CHECK(folder.size() == 1);
    write(path, "ours, again");
    CHECK(contents(path) == "ours, again");
    CHECK(folder.size() == 1);
}

TEST_CASE("output file: the file that is replaced keeps its permissions", "[storage][output]")
{
    const Folder folder;
    const auto path = folder / "out";
    write(path, "ours");
    filesystem::permissions(path, filesystem::perms{0640});
    write(path, "ours 2");
    CHECK(filesystem::status(path).permissions() == filesystem::perms{0640});
}

TEST_CASE("output file: what is not ours is not replaced", "[storage][output]")
{
    const Folder folder;
    const auto path = folder / "out";
    SECTION("another file")
    {
        put(path, "precious");
    }
    SECTION("a folder")
    {
        filesystem::create_directory(path);
    }
    SECTION("a pipe")
    {
        REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    }
    SECTION("a link to nothing")
    {
        filesystem::create_symlink(folder / "target", path);
    }
    SECTION("a link to a file of ours")
    {
        put(folder / "target", "ours");
        filesystem::create_symlink(folder / "target", path);
    }
    const auto before = filesystem::symlink_status(path).type();
    const auto names = folder.size();
    CHECK(kind_of([&] { write(path, "ours"); }) == StorageErrorKind::exists);
    CHECK(filesystem::symlink_status(path).type() == before);
    CHECK(folder.size() == names);
    if (before == filesystem::file_type::regular)
        CHECK(contents(path) == "precious");
}

TEST_CASE("output file: an empty file is nobody's", "[storage][output]")
{
    const Folder folder;
    put(folder / "out", "");
    write(folder / "out", "ours");
    CHECK(contents(folder / "out") == "ours");
}

TEST_CASE("output file: a path that names no file is refused", "[storage][output]")
{
    const Folder folder;
    CHECK(kind_of([&] { write(folder / "no/out", "ours"); }) == StorageErrorKind::io);
    CHECK(kind_of([&] { write((folder / "out").string() + "/", "ours"); }).has_value());
    CHECK(kind_of([&] { write("", "ours"); }).has_value());
    CHECK(folder.size() == 0);
}

TEST_CASE("output file: who comes second does not win", "[storage][output]")
{
    const Folder folder;
    const auto path = folder / "out";
    SECTION("it was free")
    {
        OutputFile file{path, is_ours, "one of ours"};
        file.write("ours");
        put(path, "theirs");
        CHECK(kind_of([&] { file.commit(); }) == StorageErrorKind::exists);
    }
    SECTION("it was ours")
    {
        write(path, "ours");
        OutputFile file{path, is_ours, "one of ours"};
        file.write("ours");
        put(folder / "other", "theirs");
        filesystem::rename(folder / "other", path);
        CHECK(kind_of([&] { file.commit(); }) == StorageErrorKind::exists);
    }
    CHECK(contents(path) == "theirs");
    CHECK(folder.size() == 1);
}

TEST_CASE("command files: no output is an input or another output", "[storage][output]")
{
    const Folder folder;
    put(folder / "in.db", "x");
    filesystem::create_hard_link(folder / "in.db", folder / "hard");
    filesystem::create_symlink(folder / "in.db", folder / "soft");
    filesystem::create_directory(folder / "sub");
    filesystem::create_symlink(folder / "", folder / "loop");
    CommandFiles files;
    files.reads_ledger(folder / "in.db", "the ledger");
    files.writes(folder / "out", "the report");
    const auto refused = [&](const char* name) {
        return kind_of([&] { files.writes(folder / name, "the trace"); }) ==
               StorageErrorKind::exists;
    };
    CHECK(refused("in.db"));
    CHECK(refused("./in.db"));
    CHECK(refused("sub/../in.db"));
    CHECK(refused("hard"));
    CHECK(refused("soft"));
    CHECK(refused("loop/in.db"));
    CHECK(refused("in.db-wal"));
    CHECK(refused("in.db-journal"));
    CHECK(refused("out"));
    CHECK(refused("loop/out"));
    CHECK_FALSE(refused("other"));
    CHECK_FALSE(refused("sub/in.db"));
}
