#include "vdk/connection/result_batch.hpp"

#include <set>
#include <string>

namespace vdk {

Schema schema_of(const std::vector<ResultColumn>& columns) {
  Schema schema;
  schema.reserve(columns.size());
  std::set<std::string> names;
  for (const ResultColumn& column : columns) {
    std::string name = column.name;
    for (int again = 1; !names.insert(name).second; ++again) {
      name = column.name + "_" + std::to_string(again);
    }
    schema.push_back({std::move(name), column.batch_type});
  }
  return schema;
}

std::vector<std::size_t> add_columns(BatchBuilder& builder,
                                     const std::vector<ResultColumn>& columns) {
  std::vector<std::size_t> places;
  places.reserve(columns.size());
  for (const Field& field : schema_of(columns)) places.push_back(builder.column(field.name));
  return places;
}

void append_value(BatchBuilder& builder, std::size_t column, const Value& value) {
  if (value.is_null()) {
    builder.append_null(column);
  } else if (const bool* boolean = value.if_bool()) {
    builder.append_boolean(column, *boolean);
  } else if (const std::int64_t* integer = value.if_integer()) {
    builder.append_integer(column, *integer);
  } else if (const double* real = value.if_real()) {
    builder.append_real(column, *real);
  } else if (const std::string* text = value.if_string()) {
    builder.append_text(column, *text);
  } else {
    builder.append_json(column, to_json(value));
  }
}

}  // namespace vdk
