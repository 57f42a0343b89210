#include "archive.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/base/temporary_directory.hpp"

namespace vdk::control {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class Archive : public testing::Test {
 protected:
  Archive() {
    write(folder_ / "config.ini", "[owner]\n");
    write(folder_ / "10_load.sql", std::string(100000, 'x'));
    write(folder_ / "lib" / "empty.py", "");
    write(folder_ / "lib" / "__pycache__" / "empty.pyc", "code");
    write(folder_ / ".git" / "HEAD", "ref");
    fs::permissions(folder_ / "10_load.sql", fs::perms::owner_exec, fs::perm_options::add);
  }

  // The archive with one byte changed, wherever that is.
  static std::string with_byte(std::string archive, std::size_t offset, char byte) {
    archive[offset] = byte;
    return archive;
  }

  TemporaryDirectory directory_{"archive"};
  fs::path folder_ = directory_.path() / "my-job";
};

TEST_F(Archive, comes_back_as_it_was) {
  const fs::path elsewhere = directory_.path() / "elsewhere";
  fs::create_directories(elsewhere);
  unpack_archive(pack_folder(folder_), elsewhere);
  EXPECT_EQ(read(elsewhere / "my-job" / "10_load.sql"), std::string(100000, 'x'));
  EXPECT_TRUE(fs::exists(elsewhere / "my-job" / "lib" / "empty.py"));
  EXPECT_NE(fs::status(elsewhere / "my-job" / "10_load.sql").permissions() & fs::perms::owner_exec,
            fs::perms::none);
  EXPECT_FALSE(fs::exists(elsewhere / "my-job" / ".git"));
  EXPECT_FALSE(fs::exists(elsewhere / "my-job" / "lib" / "__pycache__"));
}

TEST_F(Archive, of_the_same_files_is_the_same) {
  EXPECT_EQ(pack_folder(folder_), pack_folder(folder_));
}

TEST_F(Archive, is_one_to_others_too) {
  const fs::path file = directory_.path() / "job.zip";
  write(file, pack_folder(folder_));
  const std::string check =
      "python3 -c \"import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); "
      "assert z.testzip() is None; assert sorted(z.namelist()) == "
      "['my-job/10_load.sql', 'my-job/config.ini', 'my-job/lib/empty.py']\" ";
  EXPECT_EQ(std::system((check + file.string()).c_str()), 0);
}

TEST_F(Archive, never_writes_outside_or_over_a_file) {
  const std::string good = pack_folder(folder_);
  const auto renamed = [&good](std::string_view from, std::string_view to) {
    std::string archive = good;
    for (std::size_t at = archive.find(from); at != std::string::npos;
         at = archive.find(from, at + 1)) {
      archive.replace(at, from.size(), to);
    }
    return archive;
  };
  const fs::path elsewhere = directory_.path() / "a" / "b";
  fs::create_directories(elsewhere);
  EXPECT_THROW(unpack_archive(renamed("my-job/config.ini", "../..b/config.ini"), elsewhere), Error)
      << "a name that only looks like one that leads out may be refused, never written outside";
  EXPECT_THROW(unpack_archive(renamed("my-job/", "/tmp/x/"), elsewhere), Error);
  EXPECT_THROW(unpack_archive(renamed("my-job/", "x/../../"), elsewhere), Error);
  unpack_archive(good, elsewhere);
  EXPECT_THROW(unpack_archive(good, elsewhere), Error);
}

TEST_F(Archive, that_is_damaged_is_refused_and_crashes_nothing) {
  const std::string good = pack_folder(folder_);
  for (std::size_t size = 0; size < good.size(); size += 13) {
    EXPECT_THROW(unpack_archive(good.substr(0, size), directory_.path() / "cut"), Error) << size;
  }
  EXPECT_THROW(unpack_archive(good.substr(0, good.size() - 1), directory_.path() / "cut"), Error);
  for (std::size_t at = 0; at < good.size(); at += 11) {
    const fs::path place = directory_.path() / "changed" / std::to_string(at);
    try {
      unpack_archive(with_byte(good, at, static_cast<char>(good[at] ^ 0x55)), place);
    } catch (const std::exception&) {
      // A changed name or date need not be noticed; content that is changed is.
      continue;
    }
    if (fs::exists(place / "my-job" / "10_load.sql")) {
      EXPECT_EQ(read(place / "my-job" / "10_load.sql"), std::string(100000, 'x')) << at;
    }
  }
}

}  // namespace
}  // namespace vdk::control
