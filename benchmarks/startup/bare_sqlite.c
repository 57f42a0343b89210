/* bare_sqlite DATABASE FILE.sql...
 *
 * The least that a program can do to run SQL files on SQLite: open, execute each, close. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "read_file.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: bare_sqlite DATABASE FILE.sql...\n");
    return 2;
  }
  sqlite3* database = NULL;
  if (sqlite3_open(argv[1], &database) != SQLITE_OK) {
    fprintf(stderr, "%s: %s\n", argv[1], sqlite3_errmsg(database));
    return 1;
  }
  for (int i = 2; i < argc; ++i) {
    char* sql = read_file(argv[i]);
    char* reason = NULL;
    if (sqlite3_exec(database, sql, NULL, NULL, &reason) != SQLITE_OK) {
      fprintf(stderr, "%s: %s\n", argv[i], reason);
      return 1;
    }
    free(sql);
  }
  return sqlite3_close(database) == SQLITE_OK ? 0 : 1;
}
