// What a database driver gives to the core.
//
// A factory that cannot connect throws Error: a transient one (Error::is_transient) where the
// server is starting, gone, or has no connection left, for then it is tried again; for wrong
// credentials or a wrong address an error of configuration.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/error.hpp"
#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

class HookDispatcher;

struct ResultColumn {
  std::string name;
  std::string type{};  // the engine's name of the type; empty where it has none
  // What next_batch() makes of it; null where only the values tell, as in engines whose columns
  // have no types.
  ColumnType batch_type = ColumnType::null;
};

// The rows of one statement, read forward once, in bounded memory, by next() or by next_batch().
// Not for use from two threads.
class VDK_API ResultStream {
 public:
  virtual ~ResultStream();
  [[nodiscard]] virtual const std::vector<ResultColumn>& columns() const = 0;
  // Fills `row` with the next row; false at the end. Values without a JSON type (dates, decimals,
  // blobs as hexadecimal) come as text.
  virtual bool next(std::vector<Value>& row) = 0;
  // The next rows, at most `max_rows`, as columns that keep the types which Value has no place for;
  // nothing at the end. A batch may have another type than the column: a narrower one where its
  // values allow, a wider one where they need it. Built from next() where a driver has nothing
  // better.
  [[nodiscard]] virtual std::optional<Batch> next_batch(std::size_t max_rows);
  // Runs the statement to its end without handing out what is left of its rows.
  virtual void drain();
};

// How an engine reads a backslash inside '…': as itself, as an escape, or nobody knows.
enum class LiteralStyle { unknown, standard, backslash };

// A value that takes the place of a parameter. `text` is the bytes of binary, true or false of
// boolean, and else what append_cell_text gives.
struct SqlParameter {
  ColumnType type = ColumnType::null;
  std::string text{};
};

// One open connection. One statement at a time, from one thread; only interrupt() may come from
// another.
class VDK_API DriverConnection {
 public:
  virtual ~DriverConnection();

  // Runs one SQL text: whole where the engine takes several statements, else split and in order,
  // each in the engine's own auto-commit. Returns the rows of the last statement, or null where it
  // has no result set. The stream must be destroyed before the next call. Throws Error: user for
  // what is wrong with the statement.
  [[nodiscard]] virtual std::unique_ptr<ResultStream> execute(std::string_view sql) = 0;

  // How many rows the last statement changed, where the engine says so.
  [[nodiscard]] virtual std::optional<std::int64_t> changed_rows() const;

  // Whether a transaction is open that a statement began.
  [[nodiscard]] virtual bool in_transaction() const;

  // How the engine reads string literals; decides how parameters are quoted.
  [[nodiscard]] virtual LiteralStyle literal_style() const noexcept;

  // The value as a SQL expression. The default is standard SQL: 'it''s', X'00ff', DATE '…',
  // TIMESTAMP '…'. Throws Error (user) for what has no safe literal in the engine.
  [[nodiscard]] virtual std::string literal(const SqlParameter& value) const;

  // Cheap: false where the connection is known to be closed or broken.
  [[nodiscard]] virtual bool is_connected() = 0;

  // Whether the database answers. Asked before an open connection is used again, outside of all
  // hooks; is_connected() unless the driver knows better.
  [[nodiscard]] virtual bool answers();

  // Opens a connection that does not answer again, in place, and says whether it did; false where
  // this kind cannot, and a new one takes its place. Throws as the factory does.
  [[nodiscard]] virtual bool reconnect();

  // Ends the statements that bear this text in front, as far as the server still carries them out
  // for a client that was killed: an earlier attempt of this run. Returns when none is under way.
  // The default is for engines that end with their process. Throws Error (platform) where a
  // statement does not end.
  virtual void end_orphans(std::string_view comment);

  // The whole life of one statement, hooks included. Only languages whose connections have methods
  // of their own in that life do it differently.
  [[nodiscard]] virtual std::unique_ptr<ResultStream> execute_managed(HookDispatcher& hooks,
                                                                      std::string_view sql);

  // Makes a running statement fail soon. Async-signal-unsafe, but callable from any thread.
  virtual void interrupt() noexcept = 0;

  // The place of the data, for messages: a path or host, never a credential.
  [[nodiscard]] virtual std::string description() const = 0;
};

}  // namespace vdk
