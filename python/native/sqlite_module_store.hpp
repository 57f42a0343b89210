// SQLite as a store for rows, through the interpreter's own module, where nobody else can call its
// copy of the library.
#pragma once

#include <string>
#include <vector>

#include "python.hpp"
#include "sqlite_tables.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

class SqliteModuleStore final : public sqlite::SqliteTables {
 public:
  SqliteModuleStore(const std::string& file, std::int64_t timeout_seconds);
  ~SqliteModuleStore() override;

  void run(const std::string& sql) override;
  [[nodiscard]] std::vector<std::vector<Value>> query(const std::string& sql) override;
  void append(const TableShape& table, std::span<const std::size_t> into,
              std::span<const Batch> batches) override;

 protected:
  [[nodiscard]] bool in_transaction() const override;

 private:
  struct Opened {
    SharedObject connection;
    SharedObject error_class;
    std::size_t most_columns;
  };
  SqliteModuleStore(const std::string& file, Opened opened);
  static Opened open(const std::string& file, std::int64_t timeout_seconds);

  template <class Call>
  auto with_engine(std::string_view during, Call&& call) const -> decltype(call());

  SharedObject connection_;
  SharedObject error_class_;
};

// Rows of batches for sqlite3's executemany, each made when it is asked for.
class SqliteRowFeed {
 public:
  SqliteRowFeed(std::span<const Batch> batches, const TableShape& table,
                std::span<const std::size_t> into);

  static void bind(nb::module_& module);
  // The next row as a tuple; null at the end, or with Python's error set.
  PyObject* next() noexcept;
  // Counted over the batches: the row that next() gave last.
  [[nodiscard]] std::size_t row() const noexcept { return given_ - 1; }
  // Rows that were left out because a column would make a double of their integers.
  struct OutOfRange {
    std::string column{};
    std::vector<std::size_t> rows{};
  };
  [[nodiscard]] const OutOfRange& out_of_range() const noexcept { return out_of_range_; }

 private:
  [[nodiscard]] nb::object cell(const Column& column, sqlite::Form form);
  [[nodiscard]] bool refuses(const Batch& batch);

  std::span<const Batch> batches_;
  const TableShape& table_;
  std::span<const std::size_t> into_;
  std::size_t batch_ = 0;
  std::size_t row_ = 0;    // in the batch
  std::size_t given_ = 0;  // over the batches
  std::vector<sqlite::Form> forms_;
  OutOfRange out_of_range_;
  std::string buffer_;
};

// The native sink with the copy of SQLite that the interpreter's own module uses, or, where others
// cannot call that copy, a sink through the module itself: two copies in a process would lose the
// locks of a file.
[[nodiscard]] SinkFactory sqlite_sink_factory(SinkFactory native);

}  // namespace vdk
