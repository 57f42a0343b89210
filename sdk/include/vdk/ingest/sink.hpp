// What receives a job's rows: a database's bulk path, a file, a web service.
#pragma once

#include <cstdint>
#include <string>

#include "vdk/base/export.hpp"
#include "vdk/data/batch.hpp"

namespace vdk {

// Where rows go. Rows with equal destinations keep their order.
struct Destination {
  std::string method;  // lower case
  std::string target;  // what it means is the sink's matter; may be empty
  std::string table;   // may be empty where the sink derives it
  std::string collection_id;
  bool operator==(const Destination&) const = default;
};

// One batch on its way, as ingestion hooks see it.
struct IngestRequest {
  Destination destination;
  Batch batch;
};

class VDK_API Sink {
 public:
  virtual ~Sink();

  // Stores all rows of the batch or none, and returns once they are committed. Creates the table,
  // and adds columns to a table that the sink itself created, where its options allow. Called from
  // one thread at a time. Throws Error: user where the rows or the table are wrong, platform where
  // the store failed.
  virtual void write(const Destination& destination, const Batch& batch) = 0;
};

}  // namespace vdk
