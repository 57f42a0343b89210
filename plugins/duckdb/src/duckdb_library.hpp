// DuckDB's C interface, as far as this plugin calls it, found in a library that is opened at run
// time. Names, numbers and layouts are those of DuckDB's stable C API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vdk/base/error.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk::duckdb {

using Index = std::uint64_t;
using DatabaseHandle = struct OpaqueDatabase*;
using ConnectionHandle = struct OpaqueConnection*;
using ConfigHandle = struct OpaqueConfig*;
using StatementsHandle = struct OpaqueStatements*;
using PreparedHandle = struct OpaquePrepared*;
using PendingHandle = struct OpaquePending*;
using ChunkHandle = struct OpaqueChunk*;
using VectorHandle = struct OpaqueVector*;
using TypeHandle = struct OpaqueType*;
using TableFunctionHandle = struct OpaqueTableFunction*;
using BindHandle = struct OpaqueBind*;
using InitHandle = struct OpaqueInit*;
using FunctionHandle = struct OpaqueFunction*;

enum class State : int { success = 0, error = 1 };
enum class Pending : int { ready = 0, not_ready = 1, error = 2, no_tasks = 3 };
enum class ReturnType : int { invalid = 0, changed_rows = 1, nothing = 2, query_result = 3 };

enum class TypeId : int {
  invalid = 0,
  boolean = 1,
  tinyint = 2,
  smallint = 3,
  integer = 4,
  bigint = 5,
  utinyint = 6,
  usmallint = 7,
  uinteger = 8,
  ubigint = 9,
  float32 = 10,
  float64 = 11,
  timestamp = 12,
  date = 13,
  time = 14,
  interval = 15,
  hugeint = 16,
  varchar = 17,
  blob = 18,
  decimal = 19,
  timestamp_s = 20,
  timestamp_ms = 21,
  timestamp_ns = 22,
  enumeration = 23,
  list = 24,
  structure = 25,
  map = 26,
  uuid = 27,
  tagged_union = 28,
  bit = 29,
  time_tz = 30,
  timestamp_tz = 31,
  uhugeint = 32,
  array = 33,
  sql_null = 36,
};

// Owned by the caller, passed by value to fetch_chunk; only the library looks inside.
struct Result {
  Index reserved_numbers[3];
  void* reserved_pointers[2];
  void* internal;
};

struct HugeInteger {
  std::uint64_t lower;
  std::int64_t upper;
};

struct Interval {
  std::int32_t months;
  std::int32_t days;
  std::int64_t microseconds;
};

struct ListEntry {
  std::uint64_t offset;
  std::uint64_t length;
};

// Up to twelve bytes are stored in place.
struct StringReference {
  std::uint32_t length;
  char prefix[4];
  const char* pointer;

  [[nodiscard]] std::string_view view() const noexcept {
    constexpr std::uint32_t kInlined = 12;
    return {length <= kInlined ? prefix : pointer, length};
  }
};

#define VDK_DUCKDB_FUNCTIONS(X)                                                               \
  X(library_version, const char*, ())                                                         \
  X(free, void, (void*))                                                                      \
  X(create_config, State, (ConfigHandle*))                                                    \
  X(set_config, State, (ConfigHandle, const char*, const char*))                              \
  X(destroy_config, void, (ConfigHandle*))                                                    \
  X(open_ext, State, (const char*, DatabaseHandle*, ConfigHandle, char**))                    \
  X(close, void, (DatabaseHandle*))                                                           \
  X(connect, State, (DatabaseHandle, ConnectionHandle*))                                      \
  X(disconnect, void, (ConnectionHandle*))                                                    \
  X(interrupt, void, (ConnectionHandle))                                                      \
  X(query, State, (ConnectionHandle, const char*, Result*))                                   \
  X(extract_statements, Index, (ConnectionHandle, const char*, StatementsHandle*))            \
  X(extract_statements_error, const char*, (StatementsHandle))                                \
  X(destroy_extracted, void, (StatementsHandle*))                                             \
  X(prepare_extracted_statement, State,                                                       \
    (ConnectionHandle, StatementsHandle, Index, PreparedHandle*))                             \
  X(prepare, State, (ConnectionHandle, const char*, PreparedHandle*))                         \
  X(prepare_error, const char*, (PreparedHandle))                                             \
  X(destroy_prepare, void, (PreparedHandle*))                                                 \
  X(pending_prepared_streaming, State, (PreparedHandle, PendingHandle*))                      \
  X(pending_error, const char*, (PendingHandle))                                              \
  X(pending_execute_task, Pending, (PendingHandle))                                           \
  X(execute_pending, State, (PendingHandle, Result*))                                         \
  X(destroy_pending, void, (PendingHandle*))                                                  \
  X(result_error, const char*, (Result*))                                                     \
  X(result_return_type, ReturnType, (Result))                                                 \
  X(destroy_result, void, (Result*))                                                          \
  X(column_count, Index, (Result*))                                                           \
  X(column_name, const char*, (Result*, Index))                                               \
  X(column_logical_type, TypeHandle, (Result*, Index))                                        \
  X(fetch_chunk, ChunkHandle, (Result))                                                       \
  X(destroy_data_chunk, void, (ChunkHandle*))                                                 \
  X(data_chunk_get_size, Index, (ChunkHandle))                                                \
  X(data_chunk_get_vector, VectorHandle, (ChunkHandle, Index))                                \
  X(vector_get_data, void*, (VectorHandle))                                                   \
  X(vector_get_validity, std::uint64_t*, (VectorHandle))                                      \
  X(list_vector_get_child, VectorHandle, (VectorHandle))                                      \
  X(array_vector_get_child, VectorHandle, (VectorHandle))                                     \
  X(struct_vector_get_child, VectorHandle, (VectorHandle, Index))                             \
  X(destroy_logical_type, void, (TypeHandle*))                                                \
  X(get_type_id, TypeId, (TypeHandle))                                                        \
  X(logical_type_get_alias, char*, (TypeHandle))                                              \
  X(decimal_width, std::uint8_t, (TypeHandle))                                                \
  X(decimal_scale, std::uint8_t, (TypeHandle))                                                \
  X(decimal_internal_type, TypeId, (TypeHandle))                                              \
  X(enum_internal_type, TypeId, (TypeHandle))                                                 \
  X(enum_dictionary_size, std::uint32_t, (TypeHandle))                                        \
  X(enum_dictionary_value, char*, (TypeHandle, Index))                                        \
  X(list_type_child_type, TypeHandle, (TypeHandle))                                           \
  X(array_type_child_type, TypeHandle, (TypeHandle))                                          \
  X(array_type_array_size, Index, (TypeHandle))                                               \
  X(map_type_key_type, TypeHandle, (TypeHandle))                                              \
  X(map_type_value_type, TypeHandle, (TypeHandle))                                            \
  X(struct_type_child_count, Index, (TypeHandle))                                             \
  X(struct_type_child_name, char*, (TypeHandle, Index))                                       \
  X(struct_type_child_type, TypeHandle, (TypeHandle, Index))                                  \
  X(union_type_member_count, Index, (TypeHandle))                                             \
  X(union_type_member_type, TypeHandle, (TypeHandle, Index))                                  \
  X(vector_size, Index, ())                                                                   \
  X(vector_ensure_validity_writable, void, (VectorHandle))                                    \
  X(unsafe_vector_assign_string_element_len, void, (VectorHandle, Index, const char*, Index)) \
  X(data_chunk_set_size, void, (ChunkHandle, Index))                                          \
  X(create_logical_type, TypeHandle, (TypeId))                                                \
  X(create_table_function, TableFunctionHandle, ())                                           \
  X(destroy_table_function, void, (TableFunctionHandle*))                                     \
  X(table_function_set_name, void, (TableFunctionHandle, const char*))                        \
  X(table_function_set_extra_info, void, (TableFunctionHandle, void*, void (*)(void*)))       \
  X(table_function_set_bind, void, (TableFunctionHandle, void (*)(BindHandle)))               \
  X(table_function_set_init, void, (TableFunctionHandle, void (*)(InitHandle)))               \
  X(table_function_set_function, void,                                                        \
    (TableFunctionHandle, void (*)(FunctionHandle, ChunkHandle)))                             \
  X(register_table_function, State, (ConnectionHandle, TableFunctionHandle))                  \
  X(bind_get_extra_info, void*, (BindHandle))                                                 \
  X(bind_add_result_column, void, (BindHandle, const char*, TypeHandle))                      \
  X(bind_set_error, void, (BindHandle, const char*))                                          \
  X(function_get_extra_info, void*, (FunctionHandle))

struct Api {
// NOLINTNEXTLINE(bugprone-macro-parentheses): these are declarators
#define VDK_DUCKDB_MEMBER(name, result, arguments) result(*name) arguments = nullptr;
  VDK_DUCKDB_FUNCTIONS(VDK_DUCKDB_MEMBER)
#undef VDK_DUCKDB_MEMBER
};

// The functions of the library that `duckdb_library` names, else of PREFIX/lib/vdk/libduckdb.so,
// else of the loader's libduckdb.so. Loaded once and kept until the process ends. Any thread.
// Throws Error (configuration) where there is no library or it is older than 2.0, whose files older
// ones cannot read.
[[nodiscard]] const Api& load_api(const Configuration& configuration);

// Empty where the version ("v2.0.1") will do, else why not.
[[nodiscard]] std::string why_too_old(std::string_view version);

// What DuckDB refuses, with the class name that its Python module gives it ("CatalogException").
class DuckdbError : public Error {
 public:
  enum class During { statement, ingestion };
  // `message` is the engine's: its kind, a colon, and lines of text.
  DuckdbError(std::string_view message, During during, std::string consequence = {});
  ~DuckdbError() override;
  [[nodiscard]] std::string type_name() const override { return type_name_; }

 private:
  std::string type_name_;
};

}  // namespace vdk::duckdb
