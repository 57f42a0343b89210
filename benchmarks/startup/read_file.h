#pragma once

#include <stdio.h>
#include <stdlib.h>

/* The text of a file, which the caller frees. Ends the program where it cannot be read. */
static char* read_file(const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  fseek(file, 0, SEEK_END);
  const size_t size = (size_t)ftell(file);
  rewind(file);
  char* text = malloc(size + 1);
  if (text == NULL || fread(text, 1, size, file) != size) {
    perror(path);
    exit(1);
  }
  text[size] = '\0';
  fclose(file);
  return text;
}
