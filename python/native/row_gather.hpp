// Rows of Python on their way into batches, as ingestion plugins are used to them.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "job/job_context.hpp"
#include "python.hpp"
#include "python_rows.hpp"

namespace vdk {

// Gathers the rows of each method. A batch holds rows that follow one another for one target, table
// and collection, up to `ingester_payload_size_bytes_threshold`. Members need the interpreter lock;
// it is given away while a batch waits for room. Any thread.
class RowGather {
 public:
  explicit RowGather(JobContext& context) : context_(context) {}

  // Takes a reference to the dict.
  void add(const Destination& destination, nb::handle dict);
  // Sends what has gathered.
  void flush();

 private:
  struct Open {
    Destination destination;
    nb::object list;
    std::size_t text = 0;
    std::size_t memory = 0;
  };
  void send(Open open);

  JobContext& context_;
  std::map<std::string, Open> open_;  // by method
  std::size_t most_text_ = 0;         // of a batch; 0 until it is known
};

}  // namespace vdk
