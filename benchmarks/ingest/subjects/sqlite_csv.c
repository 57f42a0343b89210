/* SQLite's own limit for a CSV file: one loop that parses it to the types of the table and inserts
   with one prepared statement in one transaction.

   sqlite_csv FILE DATABASE TYPES: a letter for each column, i(nteger), r(eal), t(ext). */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static char* read_all(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) fail("the file cannot be read");
  *size = (size_t)ftell(file);
  rewind(file);
  char* text = malloc(*size + 1);
  if (!text || fread(text, 1, *size, file) != *size) fail("the file cannot be read");
  text[*size] = '\0';
  fclose(file);
  return text;
}

/* One field from *at on, unquoted in place; *at is behind its end. */
static char* next_field(char** at, size_t* length, int* quoted) {
  char* begin = *at;
  *quoted = *begin == '"';
  if (!*quoted) {
    char* end = begin;
    while (*end != ',' && *end != '\n' && *end != '\0') ++end;
    *length = (size_t)(end - begin);
    *at = end;
    return begin;
  }
  char *from = ++begin, *to = begin;
  for (;; ++from) {
    if (*from == '"' && *++from != '"') break;
    *to++ = *from;
  }
  *length = (size_t)(to - begin);
  *at = from;
  return begin;
}

static void bind(sqlite3_stmt* insert, int column, char type, char* field, size_t length,
                 int quoted) {
  if (length == 0 && !quoted) {
    sqlite3_bind_null(insert, column);
  } else if (type == 'i') {
    sqlite3_int64 value = 0;
    const char* digit = field + (*field == '-');
    for (; digit < field + length; ++digit) value = value * 10 + (*digit - '0');
    sqlite3_bind_int64(insert, column, *field == '-' ? -value : value);
  } else if (type == 'r') {
    sqlite3_bind_double(insert, column, strtod(field, NULL));
  } else {
    sqlite3_bind_text(insert, column, field, (int)length, SQLITE_STATIC);
  }
}

int main(int count, char** words) {
  if (count != 4) fail("sqlite_csv FILE DATABASE TYPES");
  const char* types = words[3];
  const int columns = (int)strlen(types);
  char create[4096] = "create table t (", insert_text[4096] = "insert into t values (";
  for (int i = 0; i < columns; ++i) {
    const char* type = types[i] == 'i' ? "integer" : types[i] == 'r' ? "real" : "text";
    sprintf(create + strlen(create), "%sc%d %s", i ? ", " : "", i, type);
    strcat(insert_text, i ? ", ?" : "?");
  }
  strcat(create, ")");
  strcat(insert_text, ")");

  sqlite3* database;
  sqlite3_stmt* insert;
  if (sqlite3_open(words[2], &database) != SQLITE_OK) fail("the database cannot be opened");
  if (sqlite3_exec(database, create, NULL, NULL, NULL) != SQLITE_OK ||
      sqlite3_exec(database, "begin", NULL, NULL, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(database, insert_text, -1, &insert, NULL) != SQLITE_OK) {
    fail(sqlite3_errmsg(database));
  }

  size_t size;
  char* text = read_all(words[1], &size);
  char* at = strchr(text, '\n') + 1;
  while (at < text + size) {
    for (int i = 0; i < columns; ++i) {
      size_t length;
      int quoted;
      char* field = next_field(&at, &length, &quoted);
      bind(insert, i + 1, types[i], field, length, quoted);
      ++at; /* the comma, or the line's end */
    }
    if (sqlite3_step(insert) != SQLITE_DONE) fail(sqlite3_errmsg(database));
    sqlite3_reset(insert);
  }
  if (sqlite3_exec(database, "commit", NULL, NULL, NULL) != SQLITE_OK)
    fail(sqlite3_errmsg(database));
  sqlite3_finalize(insert);
  return sqlite3_close(database) == SQLITE_OK ? 0 : 1;
}
