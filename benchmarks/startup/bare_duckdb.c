/* bare_duckdb LIBRARY[:LIBRARY...] DATABASE FILE.sql...
 *
 * The least that a program can do to run SQL files on DuckDB: load the library, open, execute each
 * file, close. Of several libraries the last is DuckDB and the others are what it needs: the shared
 * object of the Python package wants libpython loaded before it. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read_file.h"

/* The part of DuckDB's C interface that is needed here. */
typedef struct {
  unsigned long long deprecated[3];
  void* columns;
  char* error_message;
  void* internal;
} Result;
typedef int (*Open)(const char*, void**);
typedef int (*Connect)(void*, void**);
typedef int (*Query)(void*, const char*, Result*);
typedef const char* (*ResultError)(Result*);
typedef void (*DestroyResult)(Result*);
typedef void (*Close)(void**);

static void* find(void* library, const char* name) {
  void* symbol = dlsym(library, name);
  if (symbol == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return symbol;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: bare_duckdb LIBRARY[:LIBRARY...] DATABASE FILE.sql...\n");
    return 2;
  }
  void* library = NULL;
  for (char* path = strtok(argv[1], ":"); path != NULL; path = strtok(NULL, ":")) {
    library = dlopen(path, RTLD_LAZY | RTLD_GLOBAL);
    if (library == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
  }
  const Open duckdb_open = (Open)find(library, "duckdb_open");
  const Connect duckdb_connect = (Connect)find(library, "duckdb_connect");
  const Query duckdb_query = (Query)find(library, "duckdb_query");
  const ResultError duckdb_result_error = (ResultError)find(library, "duckdb_result_error");
  const DestroyResult duckdb_destroy_result = (DestroyResult)find(library, "duckdb_destroy_result");
  const Close duckdb_disconnect = (Close)find(library, "duckdb_disconnect");
  const Close duckdb_close = (Close)find(library, "duckdb_close");

  void* database = NULL;
  void* connection = NULL;
  if (duckdb_open(argv[2], &database) != 0 || duckdb_connect(database, &connection) != 0) {
    fprintf(stderr, "%s: cannot be opened\n", argv[2]);
    return 1;
  }
  for (int i = 3; i < argc; ++i) {
    char* sql = read_file(argv[i]);
    Result result;
    if (duckdb_query(connection, sql, &result) != 0) {
      fprintf(stderr, "%s: %s\n", argv[i], duckdb_result_error(&result));
      return 1;
    }
    duckdb_destroy_result(&result);
    free(sql);
  }
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  return 0;
}
