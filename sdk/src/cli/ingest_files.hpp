// Files into a job's ingestion.
#pragma once

#include <string>
#include <vector>

#include "cli/program.hpp"

namespace vdk {

struct FilesToIngest {
  std::vector<std::string> files;  // "-" is standard input
  std::string table;
  std::string method{};  // empty: the configured one
  std::string target{};
  std::string format{};  // empty: by the names of the files
  Value options{};       // of the format
  std::string once{};    // the name of a load that goes on where it ended; empty: a load of its own
  std::vector<std::string> settings{};
};

// Reads the files as one source and sends it; returns when everything is committed. On a terminal,
// tells how far it is. `done` gets what was loaded, and is not called after a signal. Returns the
// exit code.
int ingest_files(Program& program, const FilesToIngest& request,
                 const std::function<void(const std::vector<LoadStatistics>&)>& done);

}  // namespace vdk
