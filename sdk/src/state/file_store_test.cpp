#include "state/file_store.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "state/test_support.hpp"

namespace vdk {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using test::failure_of;
using test::in_child;

Value map_of(std::string_view key, Value value) {
  Value map(Value::Map{});
  map.set(key, std::move(value));
  return map;
}

class FileStoreTest : public testing::Test {
 protected:
  [[nodiscard]] const fs::path& root() const noexcept { return directory_.path(); }
  [[nodiscard]] FileStore store(StateKind kind = StateKind::properties) const {
    return FileStore(kind, root());
  }

 private:
  test::TemporaryDirectory directory_;
};

mode_t mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777U;
}

TEST_F(FileStoreTest, nothing_stored_is_an_empty_map_and_makes_no_file) {
  EXPECT_EQ(store().read("job", ""), Value(Value::Map{}));
  EXPECT_TRUE(fs::is_empty(root()));
}

TEST_F(FileStoreTest, what_is_written_is_read_by_the_next_run) {
  const Value map =
      parse_json(R"({"z": 1, "a": [1.5, null, {"n": true}], "big": 123456789012345678901234567890,
                                   "text": "zażółć \u0001 \"q\"", "real": 1e300})");
  EXPECT_EQ(store().write("job", "", map), map);
  EXPECT_EQ(store().read("job", ""), map);
  store().write("job", "", map_of("only", "this"));
  EXPECT_EQ(store().read("job", ""), map_of("only", "this"));
}

TEST_F(FileStoreTest, a_person_can_read_the_file) {
  FileStore properties = store();
  properties.write("job", "team", parse_json(R"({"last_date": "2026-01-31", "n": 1})"));
  EXPECT_EQ(properties.file_of("job", "team"), root() / "properties/team.job.json");
  EXPECT_EQ(read_file(root() / "properties/team.job.json"),
            "{\n  \"last_date\": \"2026-01-31\",\n  \"n\": 1\n}\n");
}

TEST_F(FileStoreTest, jobs_teams_and_kinds_are_kept_apart_whatever_their_names) {
  struct Owner {
    StateKind kind;
    std::string job;
    std::string team;
  };
  const std::vector<Owner> owners = {
      {StateKind::properties, "job", ""},
      {StateKind::secrets, "job", ""},
      {StateKind::properties, "job", "team"},
      {StateKind::properties, "team.job", ""},
      {StateKind::properties, "../secrets/job", ""},
      {StateKind::properties, "..", ".."},
      {StateKind::properties, "", ""},
      {StateKind::properties, "/etc/passwd", ""},
      {StateKind::properties, std::string(4000, 'j'), std::string(4000, 't')},
      {StateKind::properties, std::string("a\0b", 3), ""},
      {StateKind::properties, "a", ""},
      {StateKind::properties, "b", "a"},
      {StateKind::properties, "job.json", ""},
      {StateKind::properties, "job.json.lock", ""}};
  for (std::size_t i = 0; i < owners.size(); ++i) {
    store(owners[i].kind)
        .write(owners[i].job, owners[i].team, map_of("i", static_cast<std::int64_t>(i)));
  }
  for (std::size_t i = 0; i < owners.size(); ++i) {
    EXPECT_EQ(store(owners[i].kind).read(owners[i].job, owners[i].team),
              map_of("i", static_cast<std::int64_t>(i)))
        << i;
  }
  std::vector<std::string> outside;
  for (const fs::directory_entry& entry : fs::directory_iterator(root())) {
    outside.push_back(entry.path().filename().string());
  }
  std::ranges::sort(outside);
  EXPECT_EQ(outside, (std::vector<std::string>{"properties", "secrets"}));
}

TEST_F(FileStoreTest, secrets_are_their_owners_alone) {
  const mode_t mask = umask(0);
  store(StateKind::secrets).write("job", "", map_of("password", "p4ssword"));
  umask(mask);
  EXPECT_EQ(mode_of(root() / "secrets"), 0700U);
  EXPECT_EQ(mode_of(root() / "secrets/job.json"), 0600U);
  chmod((root() / "secrets/job.json").c_str(), 0644);
  store(StateKind::secrets).write("job", "", map_of("password", "changed"));
  EXPECT_EQ(mode_of(root() / "secrets/job.json"), 0600U);
}

TEST_F(FileStoreTest, secrets_stay_out_of_another_users_directory) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make another user's directory";
  chmod(root().c_str(), 0777);
  ASSERT_EQ(chown(root().c_str(), 12345, 12345), 0);
  const int exit_code = in_child([&] {
    if (setuid(54321) != 0) return 3;
    try {
      store(StateKind::secrets).write("job", "", map_of("password", "p4ssword"));
    } catch (const Error& error) {
      return error.text().what.find("belongs to another user") != std::string::npos ? 0 : 2;
    }
    return 1;
  });
  EXPECT_EQ(exit_code, 0);
  EXPECT_FALSE(fs::exists(root() / "secrets"));
}

TEST_F(FileStoreTest, a_damaged_file_is_named_and_left_alone) {
  fs::create_directories(root() / "properties");
  for (const char* text : {"", "{\"a\": ", "[1]", "not json", "{} {}"}) {
    std::ofstream(root() / "properties/job.json", std::ios::trunc) << text;
    const auto error = failure_of([&] { (void)store().read("job", ""); });
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    EXPECT_EQ(error.text().what, "The properties of the job 'job' cannot be read from " +
                                     (root() / "properties/job.json").string() + ".");
    EXPECT_FALSE(error.text().why.empty());
    EXPECT_EQ(error.text().countermeasure, "Repair the file, or remove it to begin with none.");
    EXPECT_EQ(read_file(root() / "properties/job.json"), text);
  }
}

TEST_F(FileStoreTest, a_damaged_file_of_secrets_is_not_quoted) {
  fs::create_directories(root() / "secrets");
  std::ofstream(root() / "secrets/job.json") << R"({"password": p4ssword})";
  const auto error = failure_of([&] { (void)store(StateKind::secrets).read("job", ""); });
  EXPECT_EQ(std::string(error.what()).find("p4ssword"), std::string::npos);
}

TEST_F(FileStoreTest, what_json_cannot_hold_is_refused_by_name_and_nothing_changes) {
  store().write("job", "", map_of("a", 1));
  Value deep(Value::List{});
  for (int i = 0; i < 300; ++i) deep = Value(Value::List{std::move(deep)});
  for (const Value& value : {Value("caf\xE9"), deep}) {
    Value map = map_of("good", 2);
    map.set("bad one", value);
    const auto error = failure_of([&] { store().write("job", "", map); });
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    EXPECT_EQ(error.text().what, "The property 'bad one' cannot be stored.");
    EXPECT_EQ(store().read("job", ""), map_of("a", 1));
  }
}

TEST_F(FileStoreTest, a_file_where_the_directory_should_be_is_a_platform_error) {
  std::ofstream(root() / "properties") << "x";
  const auto error = failure_of([&] { store().write("job", "", map_of("a", 1)); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_EQ(error.text().why, "The system says: Not a directory.");
}

TEST_F(FileStoreTest, a_directory_that_may_not_be_written_is_a_platform_error) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  chmod(root().c_str(), 0500);
  const auto error = failure_of([&] { store().write("job", "", map_of("a", 1)); });
  chmod(root().c_str(), 0700);
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_EQ(error.text().why, "The system says: Permission denied.");
}

// A limit on file sizes ends a write half-way, as a full disk does.
TEST_F(FileStoreTest, a_full_disk_keeps_what_was_stored) {
  store().write("job", "", map_of("a", "old"));
  const int exit_code = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{500, 500};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      store().write("job", "", map_of("a", std::string(4000, 'n')));
    } catch (const Error& error) {
      return error.resolvable_by() == ResolvableBy::platform ? 0 : 2;
    }
    return 1;
  });
  EXPECT_EQ(exit_code, 0);
  EXPECT_EQ(store().read("job", ""), map_of("a", "old"));
  const auto entries = fs::directory_iterator(root() / "properties");
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 2)
      << "the file and its lock, nothing else";
}

TEST_F(FileStoreTest, concurrent_writers_leave_the_whole_map_of_one_of_them) {
  std::vector<pid_t> writers;
  for (int writer = 0; writer < 4; ++writer) {
    const pid_t child = fork();
    if (child == 0) {
      FileStore own = store();
      Value map = map_of("writer", writer);
      map.set("filling", std::string(static_cast<std::size_t>(writer) * 30000 + 10, 'x'));
      for (int i = 0; i < 10; ++i) own.write("job", "", map);
      _exit(0);
    }
    writers.push_back(child);
  }
  const auto check = [&] {
    const Value map = store().read("job", "");
    const Value* writer = map.find("writer");
    if (writer == nullptr) return map == Value(Value::Map{});
    return map.find("filling")->if_string()->size() ==
           static_cast<std::size_t>(*writer->if_integer()) * 30000 + 10;
  };
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(check());
  for (const pid_t writer : writers) {
    int status = 0;
    waitpid(writer, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_TRUE(check());
  EXPECT_NE(store().read("job", "").find("writer"), nullptr);
  store().write("job", "", map_of("last", "wins"));
  EXPECT_EQ(store().read("job", ""), map_of("last", "wins"));
}

TEST_F(FileStoreTest, a_kill_while_writing_leaves_the_old_map_or_the_new_one) {
  const Value old_map = map_of("state", std::string(50000, 'o'));
  const Value new_map = map_of("state", std::string(90000, 'n'));
  store().write("job", "", old_map);
  for (int round = 0; round < 15; ++round) {
    int progress[2];
    ASSERT_EQ(pipe(progress), 0);
    const pid_t child = fork();
    if (child == 0) {
      FileStore own = store();
      for (;;) {
        own.write("job", "", new_map);
        if (write(progress[1], "n", 1) != 1) _exit(1);
        own.write("job", "", old_map);
      }
    }
    char byte = 0;
    ASSERT_EQ(read(progress[0], &byte, 1), 1);
    for (int i = 0; i < round; ++i) (void)store().read("job", "");
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(progress[0]);
    close(progress[1]);
    const Value left = store().read("job", "");
    ASSERT_TRUE(left == old_map || left == new_map);
    store().write("job", "", old_map);  // no lock is left behind either
  }
}

TEST_F(FileStoreTest, overwriting_what_another_run_wrote_is_said_once) {
  FileStore first = store();
  FileStore second = store();
  (void)first.read("job", "");
  (void)second.read("job", "");
  first.write("job", "", map_of("by", "first"));
  {
    const test::Warnings warnings;
    second.write("job", "", map_of("by", "second"));
    ASSERT_EQ(warnings.lines.size(), 1U);
    EXPECT_NE(warnings.lines[0].find("Another run of the job 'job' changed its properties"),
              std::string::npos);
  }
  const test::Warnings warnings;
  second.write("job", "", map_of("by", "second again"));
  first.write("job", "", map_of("by", "first again"));
  second.write("job", "", map_of("by", "second once more"));
  store().write("job", "", map_of("by", "one that read nothing"));
  EXPECT_EQ(warnings.lines.size(), 1U) << "of the first store, for its own overwriting";
}

TEST_F(FileStoreTest, a_lock_that_never_comes_is_a_platform_error) {
  store().write("job", "", map_of("a", 1));
  const FileLock other(root() / "properties/job.json.lock", 0ms);
  FileStore hasty(StateKind::properties, root(), 1ms);
  const auto error = failure_of([&] { hasty.write("job", "", map_of("a", 2)); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_EQ(store().read("job", ""), map_of("a", 1));
}

}  // namespace
}  // namespace vdk
