// Uses every registry and most hooks of the public API, so that what a plugin can do is what a test
// has seen.
#include <cctype>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "vdk/plugin.hpp"

namespace {

std::string g_file;  // where lines go
std::string g_fail;  // the hook that fails

void note(const std::string& line) {
  if (!g_file.empty()) std::ofstream(g_file, std::ios::app) << line << '\n';
}

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

void pass(const std::string& hook) {
  note(hook);
  if (g_fail == hook) throw std::runtime_error("on purpose");
}

// A database of one table: what was asked comes back as one row.
class Echo : public vdk::ResultStream {
 public:
  explicit Echo(std::string_view sql) : sql_(sql) {}
  const std::vector<vdk::ResultColumn>& columns() const override {
    static const std::vector<vdk::ResultColumn> columns{{.name = "asked"}};
    return columns;
  }
  bool next(std::vector<vdk::Value>& row) override {
    if (done_) return false;
    row = {vdk::Value(last_line(sql_))};
    return done_ = true;
  }

 private:
  std::string sql_;
  bool done_ = false;
};

class EchoConnection : public vdk::DriverConnection {
 public:
  std::unique_ptr<vdk::ResultStream> execute(std::string_view sql) override {
    return std::make_unique<Echo>(sql);
  }
  bool is_connected() override { return true; }
  void interrupt() noexcept override {}
  std::string description() const override { return "echo"; }
};

class NoteSink : public vdk::Sink {
 public:
  vdk::WriteResult write(std::span<const vdk::Batch> batches, const vdk::LoadPosition&) override {
    vdk::WriteResult result;
    for (const vdk::Batch& batch : batches) {
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        std::string line = "row";
        for (const vdk::Column& column : batch.columns()) {
          line += ' ' + column.field.name + '=';
          vdk::append_cell_text(line, column, row);
        }
        note(line);
      }
      result.rows_stored += static_cast<std::int64_t>(batch.rows());
    }
    return result;
  }
  vdk::Delivery delivery() const override { return vdk::Delivery::at_least_once; }
};

class NoteStore : public vdk::KeyValueStore {
 public:
  vdk::Value read(std::string_view, std::string_view) override {
    std::ifstream file(g_file + ".store");
    std::stringstream text;
    text << file.rdbuf();
    return text.str().empty() ? vdk::Value(vdk::Value::Map{}) : vdk::parse_json(text.str());
  }
  vdk::Value write(std::string_view, std::string_view, const vdk::Value& map) override {
    std::ofstream(g_file + ".store") << vdk::to_json(map);
    return map;
  }
};

// A word a line.
class WordReader : public vdk::BatchReader {
 public:
  explicit WordReader(const std::vector<vdk::InputFile>& files) {
    vdk::BatchBuilder builder;
    const std::size_t column = builder.column("word");
    for (const vdk::InputFile& file : files) {
      std::ifstream in(file.path);
      for (std::string word; in >> word;) {
        builder.append_text(column, word);
        builder.end_row();
      }
    }
    if (builder.rows() > 0) batch_ = builder.finish();
  }
  std::optional<vdk::Batch> next() override {
    if (done_ || batch_.rows() == 0) return std::nullopt;
    done_ = true;
    return batch_;
  }

 private:
  vdk::Batch batch_;
  bool done_ = false;
};

bool shout(vdk::JobContext& job, const vdk::Step& step) {
  std::ifstream file(step.file);
  std::string line;
  if (!std::getline(file, line)) return false;
  for (char& c : line) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  note("shout " + line + " in " + job.name());

  // What a step of a plugin can do.
  const auto rows = job.execute_query("tell {name}", "everything");
  std::vector<vdk::Value> row;
  while (rows->next(row)) note("asked " + vdk::to_python_text(row.front()));
  vdk::Value properties = job.read_properties();
  properties.set("shouted", line);
  job.write_properties(properties);
  vdk::BatchBuilder builder;
  builder.append_text(builder.column("said"), line);
  builder.end_row();
  job.send(builder.finish(), "shouts", "everything");
  if (line == "TEMPLATE") {
    vdk::Value arguments;
    arguments.set("name", "Ada");
    (void)job.execute_template("greet", arguments);
  }
  return true;
}

class Everything : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& add) override {
    if (const char* file = std::getenv("VDK_EVERYTHING_FILE")) g_file = file;
    if (const char* fail = std::getenv("VDK_EVERYTHING_FAIL")) g_fail = fail;
    add.add_connection("everything", [](const vdk::Configuration&, std::string_view) {
      return std::make_unique<EchoConnection>();
    });
    add.add_sink("everything",
                 [](const vdk::Configuration&, std::string_view, const vdk::Destination&) {
                   return std::make_unique<NoteSink>();
                 });
    add.add_preprocessor("everything-pre", [](vdk::JobContext& job) -> vdk::PreProcessor {
      return [id = job.execution_id()](vdk::IngestRequest& request) {
        note("pre " + request.destination.table + ' ' + id);
      };
    });
    add.add_postprocessor("everything-post", [](vdk::JobContext&) -> vdk::PostProcessor {
      return [](const vdk::IngestRequest& request, const vdk::Error* error) {
        note("post " + request.destination.table + (error ? " failed" : " stored"));
      };
    });
    const auto store = [](const vdk::Configuration&) { return std::make_unique<NoteStore>(); };
    add.add_properties("everything-store", store);
    add.add_secrets("everything-store", store);
    add.add_step_type("shout", shout);
    add.add_format(
        "words",
        {.open_reader = [](const vdk::Configuration&, const std::vector<vdk::InputFile>& files,
                           const vdk::Value&) { return std::make_unique<WordReader>(files); }});
    add.add_command("everything-greet", [](vdk::Invocation& invocation) {
      std::string text = "Hello, " + invocation.get("who") + " (" + invocation.get("tone") + ")!\n";
      if (invocation.has("loud")) {
        for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      }
      invocation.print(text);
      return invocation.get("who") == "nobody" ? 3 : 0;
    });

    vdk::HookDispatcher& hooks = add.hooks();
    hooks.initialize_job.add("everything", [](vdk::JobContext&) {
      pass("initialize_job");
      return std::nullopt;
    });
    hooks.run_job.add_wrapper("everything", [](const auto& proceed, vdk::JobContext&) {
      pass("run_job before");
      auto results = proceed();
      pass("run_job after");
      return results;
    });
    hooks.run_step.add_wrapper("everything",
                               [](const auto& proceed, vdk::JobContext&, const vdk::Step& step) {
                                 pass("run_step " + step.name);
                                 return proceed();
                               });
    hooks.finalize_job.add("everything", [](vdk::JobContext&) {
      pass("finalize_job");
      return std::nullopt;
    });
    hooks.vdk_exit.add("everything", [](int code) {
      pass("vdk_exit " + std::to_string(code));
      return std::nullopt;
    });
    hooks.db_connection_before_operation.add("everything", [](vdk::ManagedOperation& operation) {
      pass("before " + last_line(operation.initial_operation()));
      return std::nullopt;
    });
    hooks.post_ingest_process.add("everything",
                                  [](const vdk::IngestRequest& request, const vdk::Error*) {
                                    pass("ingested " + request.destination.table);
                                    return std::nullopt;
                                  });
    hooks.vdk_exception.add("everything", [](const vdk::Error& error) -> std::optional<bool> {
      pass("vdk_exception " + error.text().what);
      return std::nullopt;
    });
  }
};

}  // namespace

VDK_PLUGIN(Everything)
