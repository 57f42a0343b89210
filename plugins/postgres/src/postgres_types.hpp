// The types of columns that loads make and change.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "vdk/data/batch.hpp"

namespace vdk::postgres {

// Of a new column, as the server spells it.
[[nodiscard]] std::string type_for(ColumnType type);

// What a type that the server spells so is among ours; `null` where only the server knows.
[[nodiscard]] ColumnType family_of_type(std::string_view type);

// The type that holds a column's old values and the new ones too; empty where its own does. The
// column may be without values (see TableStore::wider_type).
[[nodiscard]] std::string wider_type_for(std::string_view known, const Column& column,
                                         std::size_t rows);

// SQL for the values of the column `name` in its new type: no value is lost or rounded.
[[nodiscard]] std::string converted(std::string_view name, std::string_view from,
                                    std::string_view to);

}  // namespace vdk::postgres
