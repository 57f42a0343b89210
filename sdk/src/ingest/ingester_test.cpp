#include "ingest/ingester.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

// What the sinks of one test share: the rows that they stored, and a gate that can hold them back.
struct Store {
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::vector<std::int64_t>>
      tables;                  // by "method/target/table"; column 0 of each row
  std::size_t allowed = kAll;  // batches that may pass the gate
  std::size_t passed = 0;
  std::size_t at_gate = 0;
  std::size_t sinks = 0;

  void shut() { allow(0); }
  void release() { allow(kAll); }
  void allow(std::size_t count) {
    const std::lock_guard lock(mutex);
    allowed = count;
    changed.notify_all();
  }
  void wait_for_arrivals(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return at_gate >= count; });
  }
  std::vector<std::int64_t> rows(const std::string& place) {
    const std::lock_guard lock(mutex);
    return tables[place];
  }
};

// Fails for a batch whose first row is negative.
class MemorySink : public Sink {
 public:
  MemorySink(Store& store, Destination destination)
      : store_(store), destination_(std::move(destination)) {}

  WriteResult write(std::span<const Batch> batches, const LoadPosition&) override {
    // As a transaction would: nothing is stored of batches that fail together.
    if (batches.size() > 1) throw user_error({.what = "one at a time"});
    const Batch& batch = batches.front();
    const Destination& destination = destination_;
    EXPECT_FALSE(busy_.exchange(true)) << "a sink was called from two threads at a time";
    {
      std::unique_lock lock(store_.mutex);
      ++store_.at_gate;
      store_.changed.notify_all();
      store_.changed.wait(lock, [this] { return store_.passed < store_.allowed; });
      ++store_.passed;
      const std::string place =
          destination.method + "/" + destination.target + "/" + destination.table;
      const Column& column = batch.columns().at(0);
      if (column.integer(0) < 0) {
        busy_ = false;
        if (column.integer(0) == -2) throw std::out_of_range("not of our family");
        throw user_error({.what = "row " + std::to_string(column.integer(0)) + " is refused"});
      }
      for (std::size_t row = 0; row < batch.rows(); ++row)
        store_.tables[place].push_back(column.integer(row));
    }
    busy_ = false;
    WriteResult result{.rows_stored = static_cast<std::int64_t>(batch.rows())};
    result.metadata.set("stored", result.rows_stored);
    return result;
  }

  [[nodiscard]] Delivery delivery() const override { return Delivery::once; }

 private:
  Store& store_;
  Destination destination_;
  std::atomic<bool> busy_{false};
};

class LogCapture {
 public:
  LogCapture() {
    former_ = set_log_sink([this](const LogRecord& record) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::string(to_string(record.level)) + " " + std::string(record.message));
    });
  }
  ~LogCapture() { set_log_sink(std::move(former_)); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  LogSink former_;
};

Batch batch_of(const std::vector<std::int64_t>& values) {
  BatchBuilder builder;
  for (const std::int64_t value : values) {
    builder.append_integer(builder.column("number"), value);
    builder.end_row();
  }
  return builder.finish();
}

std::vector<std::int64_t> upto(std::int64_t end) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < end; ++i) values.push_back(i);
  return values;
}

class IngesterTest : public testing::Test {
 protected:
  std::unique_ptr<Ingester> make(const std::map<std::string, Value>& options = {},
                                 Ingester::Progress progress = {}) {
    ConfigurationBuilder builder;
    declare_ingest_options(builder);
    for (const auto& [key, value] : options)
      builder.set(key, value, {OriginKind::command_line, "-c"});
    configuration_ = builder.build();
    auto ingester = std::make_unique<Ingester>(
        hooks_, configuration_, IngestScope{.job_name = "job", .op_id = "op", .execution_id = "x"},
        std::move(progress));
    const auto factory = [this](const Configuration&, std::string_view,
                                const Destination& destination) {
      const std::lock_guard lock(store_.mutex);
      ++store_.sinks;
      return std::make_unique<MemorySink>(store_, destination);
    };
    ingester->add_sink("Memory", factory);
    ingester->add_sink("spare", factory);
    return ingester;
  }

  static Destination to(std::string table, std::string collection = "c") {
    return {"memory", "", std::move(table), std::move(collection)};
  }
  static void send_row(Ingester& ingester, const Destination& destination, std::int64_t value) {
    ingester.send_rows(destination, [value](BatchBuilder& rows) {
      rows.append_integer(rows.column("number"), value);
      rows.end_row();
    });
  }

  Store store_;
  HookDispatcher hooks_;
  Configuration configuration_;
};

TEST_F(IngesterTest, rows_and_batches_arrive_in_the_order_of_the_sends) {
  const auto ingester = make({{"ingest_batch_bytes", 4096}});
  std::vector<std::int64_t> expected;
  for (std::int64_t i = 0; i < 20'000;) {
    if (i % 1'000 == 999) {
      ingester->send(to("t"), batch_of({i, i + 1}));
      expected.insert(expected.end(), {i, i + 1});
      i += 2;
    } else {
      send_row(*ingester, to("t"), i);
      expected.push_back(i++);
    }
  }
  ingester->flush();
  EXPECT_EQ(store_.rows("memory//t"), expected);
  ingester->close();
}

TEST_F(IngesterTest, rows_that_do_not_wait_arrive_in_the_order_of_all_sends) {
  using Gathered = Ingester::Gathered;
  const auto ingester = make({{"ingest_batch_bytes", 4096}});
  const auto try_row = [&](const Destination& destination, std::int64_t value, bool takes = true) {
    return ingester->try_send_row(destination, [&](BatchBuilder& rows) {
      rows.append_integer(rows.column("number"), value);
      if (takes) rows.end_row();
      return takes;
    });
  };
  EXPECT_EQ(try_row(to("t"), 0), Gathered::refused);  // the first row makes the lane
  std::size_t full = 0;
  for (std::int64_t i = 0; i < 20'000; ++i) {
    if (i % 1'000 == 0) {
      send_row(*ingester, to("t"), i);
      EXPECT_EQ(try_row(to("t"), -1, false), Gathered::refused);  // and leaves nothing
      continue;
    }
    const Gathered gathered = try_row(to("t"), i);
    ASSERT_NE(gathered, Gathered::refused);
    if (gathered == Gathered::full) {
      ++full;
      EXPECT_EQ(try_row(to("t"), -1), Gathered::refused);
      ingester->settle(to("t"));
    }
  }
  EXPECT_GT(full, std::size_t{10});
  EXPECT_EQ(try_row(to("t", "other collection"), -1), Gathered::refused);
  ingester->flush();
  EXPECT_EQ(store_.rows("memory//t"), upto(20'000));
  ingester->close();
  EXPECT_EQ(try_row(to("t"), -1), Gathered::refused);
}

TEST_F(IngesterTest, nothing_is_stored_before_a_batch_is_full_or_the_barrier_comes) {
  const auto ingester = make();
  for (std::int64_t i = 0; i < 100; ++i) send_row(*ingester, to("t"), i);
  EXPECT_EQ(store_.rows("memory//t").size(), std::size_t{0});
  ingester->flush();
  EXPECT_EQ(store_.rows("memory//t"), upto(100));
}

TEST_F(IngesterTest, destinations_are_stored_side_by_side) {
  store_.shut();
  const auto ingester = make();
  for (const std::string table : {"a", "b", "c"}) ingester->send(to(table), batch_of({1}));
  store_.wait_for_arrivals(3);  // all three are inside the sink at once
  store_.release();
  ingester->close();
}

TEST_F(IngesterTest, no_more_threads_than_allowed_store_at_once) {
  store_.shut();
  const auto ingester = make({{"ingester_number_of_worker_threads", 2}});
  for (int i = 0; i < 50; ++i) ingester->send(to("t" + std::to_string(i)), batch_of({1}));
  store_.wait_for_arrivals(2);
  EXPECT_EQ(store_.at_gate, std::size_t{2});
  store_.release();
  ingester->close();
  EXPECT_EQ(store_.at_gate, std::size_t{50});
}

// With the sink held back, a known number of sends returns; from then on each batch that is stored
// lets one more return.
TEST_F(IngesterTest, a_full_queue_makes_senders_wait) {
  constexpr std::int64_t kRows = 1'000;
  constexpr int kSends = 100;
  const auto rows = upto(kRows);
  const std::int64_t batch_bytes = static_cast<std::int64_t>(batch_of(rows).bytes());
  const std::int64_t in_queue = 10;
  store_.shut();
  const auto ingester =
      make({{"ingest_queue_bytes", in_queue * (batch_bytes + 300)}, {"ingest_commit_bytes", 1}});
  std::mutex mutex;
  std::condition_variable changed;
  std::int64_t returned = 0;
  std::thread producer([&] {
    for (int i = 0; i < kSends; ++i) {
      ingester->send(to("t"), batch_of(rows));
      const std::lock_guard lock(mutex);
      ++returned;
      changed.notify_all();
    }
  });
  for (std::int64_t stored = 0; in_queue + stored <= kSends; ++stored) {
    store_.allow(static_cast<std::size_t>(stored));
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return returned >= in_queue + stored; });
    EXPECT_EQ(returned, in_queue + stored);
  }
  store_.release();
  producer.join();
  ingester->close();
  EXPECT_EQ(store_.rows("memory//t").size(), std::size_t{kSends * kRows});
}

TEST_F(IngesterTest, a_batch_larger_than_the_queue_passes) {
  const auto ingester = make({{"ingest_queue_bytes", 10}});
  ingester->send(to("t"), batch_of(upto(10'000)));
  ingester->close();
  EXPECT_EQ(store_.rows("memory//t").size(), std::size_t{10'000});
}

TEST_F(IngesterTest, many_half_full_destinations_are_bounded_together) {
  const auto ingester = make({{"ingest_queue_bytes", 200'000}});
  for (std::int64_t i = 0; i < 100'000; ++i)
    send_row(*ingester, to("t" + std::to_string(i % 50)), i);
  std::size_t stored = 0;
  for (const LoadStatistics& load : ingester->statistics())
    stored += static_cast<std::size_t>(load.rows_sent);
  EXPECT_GT(stored, std::size_t{50'000}) << "no single destination was full, all together were";
  ingester->close();
}

TEST_F(IngesterTest, a_hundred_producers_lose_nothing) {
  const auto ingester = make({{"ingest_batch_bytes", 10'000}, {"ingest_queue_bytes", 50'000}});
  constexpr std::int64_t kThreads = 100;
  constexpr std::int64_t kRows = 500;
  std::vector<std::thread> producers;
  for (std::int64_t thread = 0; thread < kThreads; ++thread) {
    producers.emplace_back([&, thread] {
      const Destination destination = to("t" + std::to_string(thread % 3));
      for (std::int64_t i = 0; i < kRows; ++i) send_row(*ingester, destination, thread * kRows + i);
    });
  }
  for (std::thread& producer : producers) producer.join();
  ingester->close();
  std::vector<std::int64_t> all;
  for (const std::string table : {"memory//t0", "memory//t1", "memory//t2"}) {
    std::map<std::int64_t, std::int64_t> last;  // of each producer: its own rows stay in order
    for (const std::int64_t value : store_.rows(table)) {
      const auto [place, fresh] = last.try_emplace(value / kRows, value);
      EXPECT_TRUE(fresh || place->second < value);
      place->second = value;
      all.push_back(value);
    }
  }
  std::ranges::sort(all);
  EXPECT_EQ(all, upto(kThreads * kRows));
}

TEST_F(IngesterTest, a_failed_batch_does_not_stop_later_ones) {
  const auto ingester = make();
  ingester->send(to("t"), batch_of({1}));
  ingester->send(to("t"), batch_of({-1, 2}));
  ingester->send(to("t"), batch_of({3}));
  try {
    ingester->flush();
    FAIL() << "the failure was not reported";
  } catch (const Error& error) {
    EXPECT_EQ(error.text().what, "row -1 is refused");
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  }
  EXPECT_EQ(store_.rows("memory//t"), (std::vector<std::int64_t>{1, 3}));
  const auto statistics = ingester->statistics();
  ASSERT_EQ(statistics.size(), std::size_t{1});
  EXPECT_EQ(statistics[0].rows_sent, 4);
  EXPECT_EQ(statistics[0].rows_committed, 2);
  EXPECT_EQ(statistics[0].batches_failed, 1);
}

TEST_F(IngesterTest, the_barrier_throws_the_first_failure_once_and_in_its_own_type) {
  const auto ingester = make();
  ingester->send(to("t"), batch_of({-2}));
  ingester->send(to("t"), batch_of({-1}));
  EXPECT_THROW(ingester->flush(), std::out_of_range);
  ingester->send(to("t"), batch_of({5}));
  EXPECT_NO_THROW(ingester->flush());
  ingester->send(to("t"), batch_of({-1}));
  EXPECT_THROW(ingester->close(), Error);
  EXPECT_NO_THROW(ingester->close());
  EXPECT_EQ(store_.rows("memory//t"), (std::vector<std::int64_t>{5}));
}

TEST_F(IngesterTest, failures_are_logged_unless_told_otherwise) {
  LogCapture log;
  const auto fail = [this](const std::map<std::string, Value>& options) {
    const auto ingester = make(options);
    ingester->send(to("t"), batch_of({-1, 7}));
    EXPECT_THROW(ingester->close(), Error);
  };
  fail({{"ingester_log_upload_errors", false}});
  EXPECT_EQ(log.lines(), std::vector<std::string>{});
  fail({});
  EXPECT_EQ(log.lines(),
            std::vector<std::string>{
                "WARNING A batch of 2 rows for table t by memory failed: row -1 is refused"});
}

TEST_F(IngesterTest, failures_are_only_counted_where_the_user_wants_that) {
  LogCapture log;
  const auto ingester = make({{"ingester_should_raise_exception_on_failure", false},
                              {"ingester_log_upload_errors", false}});
  ingester->send(to("t"), batch_of({-1}));
  EXPECT_NO_THROW(ingester->close());
  EXPECT_EQ(ingester->statistics().at(0).batches_failed, 1);
  ASSERT_EQ(log.lines().size(), std::size_t{1});
  EXPECT_NE(log.lines()[0].find("WARNING 1 batch was not ingested."), std::string::npos);
}

TEST_F(IngesterTest, each_send_waits_for_its_rows_where_the_user_wants_that) {
  const auto ingester = make({{"ingester_wait_to_finish_after_every_send", true}});
  send_row(*ingester, to("t"), 1);
  EXPECT_EQ(store_.rows("memory//t"), (std::vector<std::int64_t>{1}));
  ingester->send(to("t"), batch_of({2}));
  EXPECT_EQ(store_.rows("memory//t"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_NO_THROW(ingester->send(to("t"), batch_of({-1})));
  EXPECT_THROW(ingester->close(), Error);
}

TEST_F(IngesterTest, upstreams_batch_size_is_honoured_where_it_is_set) {
  const auto ingester = make({{"ingester_payload_size_bytes_threshold", 1}});
  for (std::int64_t i = 0; i < 10; ++i) send_row(*ingester, to("t"), i);
  EXPECT_EQ(ingester->statistics().at(0).rows_sent, 10) << "every row is a batch of its own";
  ingester->close();
  EXPECT_EQ(store_.rows("memory//t"), upto(10));
}

TEST_F(IngesterTest, a_size_that_makes_no_sense_is_a_configuration_error) {
  const auto ingester = make({{"ingest_batch_bytes", 0}});
  try {
    send_row(*ingester, to("t"), 1);
    FAIL() << "the size was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
    EXPECT_EQ(error.text().what, "ingest_batch_bytes must be above 0, and is 0.");
  }
}

TEST_F(IngesterTest, rows_of_another_collection_start_another_batch) {
  std::vector<std::string> collections;
  hooks_.pre_ingest_process.add("test", [&](IngestRequest& request) {
    collections.push_back(request.destination.collection_id);
    return std::nullopt;
  });
  const auto ingester = make();
  send_row(*ingester, to("t", "one"), 1);
  send_row(*ingester, to("t", "two"), 2);
  send_row(*ingester, to("t", "two"), 3);
  ingester->send(to("t", "three"), batch_of({4}));
  ingester->close();
  EXPECT_EQ(store_.rows("memory//t"), (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(collections, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(store_.sinks, std::size_t{1});
}

TEST_F(IngesterTest, a_row_that_throws_half_way_leaves_the_whole_rows) {
  const auto ingester = make();
  EXPECT_THROW(ingester->send_rows(to("t"),
                                   [](BatchBuilder& rows) {
                                     const std::size_t column = rows.column("number");
                                     rows.append_integer(column, 1);
                                     rows.end_row();
                                     rows.append_integer(column, 2);
                                     throw std::runtime_error("a value that cannot be encoded");
                                   }),
               std::runtime_error);
  send_row(*ingester, to("t"), 3);
  ingester->close();
  EXPECT_EQ(store_.rows("memory//t"), (std::vector<std::int64_t>{1, 3}));
}

TEST_F(IngesterTest, a_closed_ingester_refuses_rows) {
  const auto ingester = make();
  send_row(*ingester, to("t"), 1);
  ingester->close();
  EXPECT_THROW(send_row(*ingester, to("t"), 2), Error);
  EXPECT_THROW(ingester->send(to("t"), batch_of({2})), Error);
  try {
    ingester->send(to("new"), batch_of({2}));
    FAIL() << "rows were taken after the end";
  } catch (const Error& error) {
    EXPECT_EQ(error.text().what, "Rows were sent for ingestion after ingestion had ended.");
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  }
  EXPECT_EQ(store_.rows("memory//t"), (std::vector<std::int64_t>{1}));
}

TEST_F(IngesterTest, rows_sent_while_it_closes_are_stored_or_refused) {
  for (int round = 0; round < 20; ++round) {
    const auto ingester = make({{"ingest_batch_bytes", 1}});
    std::atomic<std::int64_t> accepted{0};
    std::atomic<bool> started{false};
    std::thread producer([&] {
      try {
        for (std::int64_t i = 0;; ++i) {
          send_row(*ingester, to("t" + std::to_string(round)), i);
          accepted = i + 1;
          started = true;
          started.notify_all();
        }
      } catch (const Error&) {
      }
    });
    started.wait(false);
    ingester->close();
    producer.join();
    EXPECT_EQ(store_.rows("memory//t" + std::to_string(round)), upto(accepted));
  }
}

TEST_F(IngesterTest, an_ingester_that_is_dropped_ends_its_threads) {
  const auto ingester = make();
  for (int i = 0; i < 100; ++i) ingester->send(to("t"), batch_of({1}));
}

TEST_F(IngesterTest, an_empty_batch_is_not_sent) {
  const auto ingester = make();
  ingester->send(to("t"), Batch());
  ingester->send_rows(to("t"), [](BatchBuilder&) {});
  ingester->close();
  EXPECT_TRUE(ingester->statistics().empty() || ingester->statistics().at(0).rows_sent == 0);
  EXPECT_EQ(store_.at_gate, std::size_t{0});
}

TEST_F(IngesterTest, a_sink_that_cannot_be_made_fails_the_batch_and_is_tried_again) {
  const auto ingester = make();
  std::atomic<int> attempts{0};
  ingester->add_sink(
      "late",
      [&](const Configuration&, std::string_view section,
          const Destination& destination) -> std::unique_ptr<Sink> {
        EXPECT_EQ(section, "reports");
        if (attempts++ == 0) throw platform_error({.what = "the library is missing"});
        return std::make_unique<MemorySink>(store_, destination);
      },
      "reports");
  ingester->send({"late", "", "t", ""}, batch_of({1}));
  EXPECT_THROW(ingester->flush(), Error);
  ingester->send({"late", "", "t", ""}, batch_of({2}));
  ingester->flush();
  EXPECT_EQ(store_.rows("late//t"), (std::vector<std::int64_t>{2}));
}

TEST_F(IngesterTest, progress_follows_every_commit) {
  std::vector<std::int64_t> committed;
  const auto ingester = make({{"ingest_commit_bytes", 1}}, [&](const LoadStatistics& load) {
    committed.push_back(load.rows_committed);
  });
  ingester->send(to("t"), batch_of({1, 2}));
  ingester->send(to("t"), batch_of({-1}));
  ingester->send(to("t"), batch_of({3}));
  EXPECT_THROW(ingester->close(), Error);
  EXPECT_EQ(committed, (std::vector<std::int64_t>{2, 3}));
}

TEST_F(IngesterTest, hooks_see_each_batch_before_and_after) {
  std::vector<std::string> seen;
  hooks_.pre_ingest_process.add("test", [&](IngestRequest& request) -> std::optional<NoResult> {
    seen.push_back("pre " + request.destination.table);
    if (request.batch.columns()[0].integer(0) == 7) throw user_error({.what = "seven is refused"});
    request.destination.table = "renamed";
    request.batch = batch_of({request.batch.columns()[0].integer(0) + 100});
    return std::nullopt;
  });
  hooks_.post_ingest_process.add(
      "test", [&](const IngestRequest& request, const Error* error) -> std::optional<NoResult> {
        seen.push_back("post " + request.destination.table +
                       (error == nullptr ? " stored" : " " + error->text().what));
        return std::nullopt;
      });
  const auto ingester = make();
  ingester->send(to("t"), batch_of({1}));
  ingester->send(to("t"), batch_of({7}));
  EXPECT_THROW(ingester->close(), Error);
  EXPECT_EQ(store_.rows("memory//renamed"), (std::vector<std::int64_t>{101}));
  EXPECT_EQ(seen, (std::vector<std::string>{"pre t", "post renamed stored", "pre t",
                                            "post t seven is refused"}));
}

TEST_F(IngesterTest, post_processing_sees_a_foreign_error_by_its_message) {
  std::string seen;
  hooks_.post_ingest_process.add(
      "test", [&](const IngestRequest&, const Error* error) -> std::optional<NoResult> {
        seen = error == nullptr ? "" : error->text().what;
        return std::nullopt;
      });
  const auto ingester = make();
  ingester->send(to("t"), batch_of({-2}));
  EXPECT_THROW(ingester->close(), std::out_of_range);
  EXPECT_EQ(seen, "not of our family");
}

TEST_F(IngesterTest, post_processing_sees_what_the_sink_says_or_else_what_hooks_said) {
  std::vector<std::string> seen;
  hooks_.pre_ingest_process.add("test", [](IngestRequest& request) -> std::optional<NoResult> {
    request.metadata.set("size", 3);
    return std::nullopt;
  });
  hooks_.post_ingest_process.add(
      "test", [&](const IngestRequest& request, const Error*) -> std::optional<NoResult> {
        seen.push_back(to_json(request.metadata));
        return std::nullopt;
      });
  const auto ingester = make();
  ingester->send(to("t"), batch_of({1, 2}));
  ingester->send(to("t"), batch_of({-1}));
  EXPECT_THROW(ingester->close(), Error);
  EXPECT_EQ(seen, (std::vector<std::string>{R"({"stored": 2})", R"({"size": 3})"}));
}

TEST_F(IngesterTest, failing_post_processing_fails_the_load_but_the_rows_count) {
  hooks_.post_ingest_process.add("test",
                                 [](const IngestRequest&, const Error*) -> std::optional<NoResult> {
                                   throw user_error({.what = "the audit is closed"});
                                 });
  const auto ingester = make();
  ingester->send(to("t"), batch_of({1}));
  EXPECT_THROW(ingester->close(), Error);
  EXPECT_EQ(ingester->statistics().at(0).rows_committed, 1);
  EXPECT_EQ(ingester->statistics().at(0).batches_failed, 1);
}

TEST_F(IngesterTest, a_batch_that_pre_processing_empties_is_not_written) {
  hooks_.pre_ingest_process.add("test", [](IngestRequest& request) -> std::optional<NoResult> {
    request.batch = Batch();
    return std::nullopt;
  });
  const auto ingester = make();
  ingester->send(to("t"), batch_of({1}));
  EXPECT_NO_THROW(ingester->close());
  EXPECT_EQ(store_.sinks, std::size_t{0});
}

TEST_F(IngesterTest, defaults_complete_a_destination) {
  const auto ingester =
      make({{"ingest_method_default", "MEMORY"}, {"ingest_target_default", "file.db"}});
  EXPECT_EQ(ingester->resolve("", "", "t", ""),
            (std::vector<Destination>{{"memory", "file.db", "t", "job|op"}}));
  EXPECT_EQ(ingester->resolve("Spare", "x", "", "mine"),
            (std::vector<Destination>{{"spare", "x", "", "mine"}}));
}

TEST_F(IngesterTest, a_list_of_methods_gives_one_destination_each) {
  const auto ingester = make({{"ingest_method_default", "memory, Spare,memory"}});
  const auto destinations = ingester->resolve("", "", "t", "");
  ASSERT_EQ(destinations.size(), std::size_t{2});
  for (const Destination& destination : destinations) ingester->send(destination, batch_of({1}));
  ingester->close();
  EXPECT_EQ(store_.rows("memory//t"), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(store_.rows("spare//t"), (std::vector<std::int64_t>{1}));
}

class TableOnlySink : public MemorySink {
 public:
  using MemorySink::MemorySink;
  [[nodiscard]] bool needs_table() const override { return true; }
};

TEST_F(IngesterTest, a_method_that_needs_a_table_takes_none_only_where_a_hook_may_name_it) {
  const auto ingester = make();
  ingester->add_sink(
      "tables", [this](const Configuration&, std::string_view, const Destination& destination) {
        return std::make_unique<TableOnlySink>(store_, destination);
      });
  try {
    (void)ingester->resolve("memory,tables", "", "", "");
    FAIL() << "rows without a table were taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    EXPECT_EQ(error.text().why,
              "The call names none, and the method tables stores rows in tables.");
  }
  hooks_.pre_ingest_process.add("test", [](IngestRequest& request) -> std::optional<NoResult> {
    request.destination.table = "named";
    return std::nullopt;
  });
  const auto destinations = ingester->resolve("tables", "", "", "");
  ingester->send(destinations.at(0), batch_of({1}));
  ingester->close();
  EXPECT_EQ(store_.rows("tables//named"), (std::vector<std::int64_t>{1}));
}

TEST_F(IngesterTest, an_unknown_method_is_named_with_the_known_ones) {
  const auto ingester = make();
  try {
    (void)ingester->resolve("memry", "", "t", "");
    FAIL() << "the method was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
    EXPECT_EQ(error.text().what, "There is no ingestion method \"memry\".");
    EXPECT_EQ(error.text().why, "Known methods: memory, spare. Did you mean memory?");
  }
  EXPECT_THROW(ingester->send({"nowhere", "", "t", ""}, batch_of({1})), Error);
}

TEST_F(IngesterTest, no_method_at_all_is_a_configuration_error) {
  const auto ingester = make();
  try {
    (void)ingester->resolve("", "", "t", "");
    FAIL() << "no method was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
    EXPECT_EQ(error.text().what, "Rows were sent for ingestion without a method.");
    EXPECT_NE(error.text().countermeasure.find("One of: memory, spare."), std::string::npos);
  }
}

// 0: refused with the error of a forked process, and neither the barrier nor the end did anything.
int use_in_child(Ingester& ingester, const Destination& destination) {
  const auto refuses = [](auto call) {
    try {
      call();
    } catch (const Error& error) {
      return error.text().what == "Rows were sent for ingestion from a forked process.";
    }
    return false;
  };
  const bool send = refuses([&] { ingester.send(destination, batch_of({2})); });
  const bool rows = refuses([&] { ingester.send_rows(destination, [](BatchBuilder&) {}); });
  const bool names = refuses([&] { (void)ingester.resolve("memory", "", "t", ""); });
  ingester.flush();
  ingester.close();
  return send && rows && names && ingester.statistics().empty() ? 0 : 1;
}

TEST_F(IngesterTest, a_forked_child_sends_and_stores_nothing) {
  store_.shut();
  auto ingester = make();
  ingester->send(to("t"), batch_of({1}));
  send_row(*ingester, to("t"), 3);
  store_.wait_for_arrivals(1);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int status = use_in_child(*ingester, to("t"));
    ingester.reset();
    _exit(status);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  store_.release();
  ingester->close();
  EXPECT_EQ(store_.rows("memory//t"), (std::vector<std::int64_t>{1, 3}));
}

}  // namespace
}  // namespace vdk
