#include "vdk/connection/driver.hpp"

#include <string_view>

#include "connection/literal.hpp"
#include "connection/managed_operation.hpp"
#include "vdk/connection/result_batch.hpp"

namespace vdk {
namespace {

// What a driver of this program does in the life of its statements: it executes them.
class DriverSteps final : public OperationSteps {
 public:
  explicit DriverSteps(DriverConnection& driver) : driver_(driver) {}
  void execute(ManagedOperation& operation) override {
    result = driver_.execute(operation.operation());
  }
  std::unique_ptr<ResultStream> result;

 private:
  DriverConnection& driver_;
};

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

bool is_finite_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

}  // namespace

ResultStream::~ResultStream() = default;

std::optional<Batch> ResultStream::next_batch(std::size_t max_rows) {
  BatchBuilder builder;
  const std::vector<std::size_t> places = add_columns(builder, columns());
  std::vector<Value> row;
  while (builder.rows() < max_rows && next(row)) {
    for (std::size_t i = 0; i < places.size(); ++i) append_value(builder, places[i], row[i]);
    builder.end_row();
  }
  if (builder.rows() == 0) return std::nullopt;
  return builder.finish();
}

void ResultStream::drain() {
  std::vector<Value> row;
  while (next(row)) {
  }
}

DriverConnection::~DriverConnection() = default;

std::optional<std::int64_t> DriverConnection::changed_rows() const { return std::nullopt; }

bool DriverConnection::in_transaction() const { return false; }

LiteralStyle DriverConnection::literal_style() const noexcept { return LiteralStyle::unknown; }

std::string DriverConnection::literal(const SqlParameter& value) const {
  const auto quoted = [&](std::string_view text) {
    auto literal = text_literal(text, literal_style());
    if (literal) return *std::move(literal);
    throw user_error({.what = "A parameter cannot be written as a SQL literal.",
                      .why = std::string(literal.error().why),
                      .consequence = "The statement was not sent.",
                      .countermeasure = "Remove what the engine cannot hold from the value."});
  };
  switch (value.type) {
    case ColumnType::null:
      return "NULL";
    case ColumnType::boolean:
      return value.text == "true" ? "TRUE" : "FALSE";
    case ColumnType::integer:
      return number_literal(value.text);
    case ColumnType::real:
      if (is_finite_number(value.text)) return number_literal(value.text);
      return "CAST(" + quoted(value.text) + " AS DOUBLE PRECISION)";
    case ColumnType::decimal:
      if (is_finite_number(value.text)) return number_literal(value.text);
      return "CAST(" + quoted(value.text) + " AS DECIMAL)";
    case ColumnType::binary:
      return "X'" + hexadecimal(value.text) + "'";
    case ColumnType::date:
      return "DATE " + quoted(value.text);
    case ColumnType::timestamp:
      return "TIMESTAMP " + quoted(value.text);
    case ColumnType::timestamp_tz:
      return "TIMESTAMP WITH TIME ZONE " + quoted(value.text);
    case ColumnType::text:
    case ColumnType::json:
      return quoted(value.text);
  }
  return "NULL";
}

bool DriverConnection::answers() { return is_connected(); }

bool DriverConnection::reconnect() { return false; }

void DriverConnection::end_orphans(std::string_view) {}

std::unique_ptr<ResultStream> DriverConnection::execute_managed(HookDispatcher& hooks,
                                                                std::string_view sql) {
  ManagedOperation operation{std::string(sql)};
  DriverSteps steps(*this);
  run_operation(hooks, operation, steps);
  return std::move(steps.result);
}

}  // namespace vdk
