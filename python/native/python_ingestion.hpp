// Ingestion plugins of Python in a job: sinks, pre-processors and post-processors.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "job/job_context.hpp"
#include "python.hpp"
#include "python_rows.hpp"

namespace vdk {

// The methods that Python plugins registered in a job. Made with the job's context, which outlives
// it.
class PythonIngestion {
 public:
  explicit PythonIngestion(JobContext& context) : context_(context) {}

  // `factory` gives an IIngesterPlugin. A method of the program that stands in for that of the
  // distribution stays; the plugin may process nevertheless. Needs the interpreter lock.
  void add(const std::string& method, nb::object factory, const std::string& distribution);

  // Whether rows for the method are to stay Python's: a plugin stores them, or the configuration
  // names a processor among the plugins. Makes the plugin that stores, where it is not made yet.
  // Needs the interpreter lock.
  [[nodiscard]] bool takes_rows(const std::string& method);
  [[nodiscard]] bool is_sink(const std::string& method) const;

 private:
  struct Method {
    SharedObject factory;
    bool stores = false;
    SharedObject plugin{};  // the one that stores
  };
  [[nodiscard]] nb::object stored_plugin(const std::string& name);
  [[nodiscard]] bool names_a_processor() const;

  JobContext& context_;
  std::map<std::string, std::shared_ptr<Method>> methods_;
};

// A sink of the core for rows of Python: they become columns on their way into it.
[[nodiscard]] SinkFactory encoding_sink_factory(SinkFactory factory);

// How values of rows for the method travel in columns.
[[nodiscard]] CellRules cell_rules(const Configuration& configuration, std::string_view method);

}  // namespace vdk
