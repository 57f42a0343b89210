#include "python_ingestion.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <nanobind/stl/string.h>

#include "python_error.hpp"
#include "python_step.hpp"
#include "signals.hpp"
#include "vdk/base/log.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk {

namespace {

constexpr const char* kModule = "vdk.host.ingestion";

nb::object text_or_none(const std::string& text) {
  return text.empty() ? nb::object(nb::none()) : make_str(text);
}

nb::object collection_of(const PythonRows& rows) {
  return text_or_none(rows.collection_id.empty() ? rows.destination().collection_id
                                                 : rows.collection_id);
}

// Calls a plugin in a thread of the core. A child that it forked and that comes back here ends: the
// batch is its parent's.
template <class Call>
auto call_plugin(Call&& call) {
  return call_python({}, [&] {
    try {
      auto answer = call();
      if (in_forked_child()) end_forked_child(nullptr);
      return answer;
    } catch (nb::python_error& error) {
      if (in_forked_child()) end_forked_child(&error);
      throw;
    }
  });
}

class PythonSink final : public Sink {
 public:
  PythonSink(nb::object plugin, Destination destination)
      : plugin_(std::move(plugin)), destination_(std::move(destination)) {}

  WriteResult write(std::span<const Batch> batches, const LoadPosition&) override {
    WriteResult result;
    for (const Batch& batch : batches) {
      call_plugin([&] {
        const auto rows = python_rows(batch, destination_);
        nb::object metadata = import(kModule).attr("ingest")(
            plugin_.get(), rows->list(), text_or_none(destination_.table),
            text_or_none(destination_.target), collection_of(*rows), rows->metadata());
        rows->set_metadata(std::move(metadata));
        return true;
      });
      result.rows_stored += static_cast<std::int64_t>(batch.rows());
    }
    return result;
  }
  [[nodiscard]] bool needs_table() const override { return false; }
  [[nodiscard]] Delivery delivery() const override { return Delivery::once; }

 private:
  SharedObject plugin_;
  const Destination destination_;
};

class EncodingSink final : public Sink {
 public:
  EncodingSink(std::unique_ptr<Sink> sink, CellRules rules)
      : sink_(std::move(sink)), rules_(rules) {}

  LoadPosition begin_load(const Load& load) override { return sink_->begin_load(load); }
  WriteResult write(std::span<const Batch> batches, const LoadPosition& after) override {
    const auto is_python = [](const Batch& batch) { return batch.host_rows() != nullptr; };
    if (std::ranges::none_of(batches, is_python)) return sink_->write(batches, after);
    std::vector<Batch> columns;
    call_python({}, [&] {
      for (const Batch& batch : batches) columns.push_back(encoded(batch));
    });
    return sink_->write(columns, after);
  }
  [[nodiscard]] bool needs_table() const override { return sink_->needs_table(); }
  void end_load() override { sink_->end_load(); }
  [[nodiscard]] bool holds_back() const override { return sink_->holds_back(); }
  [[nodiscard]] bool takes_arrow() const override { return sink_->takes_arrow(); }
  [[nodiscard]] std::size_t row_group() const override { return sink_->row_group(); }
  [[nodiscard]] Delivery delivery() const override { return sink_->delivery(); }
  [[nodiscard]] std::string delivery_note() const override { return sink_->delivery_note(); }

 private:
  [[nodiscard]] Batch encoded(const Batch& batch) const {
    if (!batch.host_rows()) return batch;
    try {
      return columns_of(static_cast<const PythonRows&>(*batch.host_rows()), rules_);
    } catch (const nb::builtin_exception& failure) {
      throw user_error({.what = std::string("A row cannot be stored: ") + failure.what(),
                        .why = "A pre-processor passed it on as it is.",
                        .consequence = "No row of its batch was stored.",
                        .countermeasure = "Let a pre-processor make it text or a number."});
    }
  }

  std::unique_ptr<Sink> sink_;
  const CellRules rules_;
};

nb::object plugin_of(nb::handle factory, const std::string& method) {
  return import(kModule).attr("make")(factory, make_str(method));
}

PreProcessor preprocessor(nb::object made) {
  return [plugin = SharedObject(std::move(made))](IngestRequest& request) {
    call_plugin([&] {
      const auto rows = python_rows(request.batch, request.destination);
      const Destination& sent = rows->destination();
      const nb::object answer = import(kModule).attr("preprocess")(
          plugin.get(), rows->list(), text_or_none(sent.table), text_or_none(sent.target),
          text_or_none(sent.collection_id), rows->metadata(), text_or_none(sent.method));
      const auto taken = rows->with_list(nb::borrow(answer[0]));
      taken->set_metadata(nb::borrow(answer[1]));
      const auto change = [&](int index, std::string& text) {
        const nb::object wanted = answer[index];
        if (!wanted.is_none()) text = nb::cast<std::string>(nb::str(wanted));
      };
      change(2, request.destination.table);
      change(3, request.destination.target);
      change(4, taken->collection_id);
      request.batch = Batch(std::static_pointer_cast<HostRows>(taken));
      return true;
    });
  };
}

PostProcessor postprocessor(nb::object made) {
  return
      [plugin = SharedObject(std::move(made))](const IngestRequest& request, const Error* error) {
        call_plugin([&] {
          const auto rows = python_rows(request.batch, request.destination);
          nb::object metadata = import(kModule).attr("postprocess")(
              plugin.get(), rows->list(), text_or_none(request.destination.table),
              text_or_none(request.destination.target), collection_of(*rows), rows->metadata(),
              error ? to_python_exception(*error) : nb::object(nb::none()),
              text_or_none(request.destination.method));
          rows->set_metadata(std::move(metadata));
          return true;
        });
      };
}

}  // namespace

void PythonIngestion::add(const std::string& method, nb::object factory,
                          const std::string& distribution) {
  const auto name = nb::cast<std::string>(make_str(method).attr("lower")());
  const auto known = methods_.find(name);
  if (known != methods_.end() && known->second->distribution != distribution) {
    log(LogLevel::warning, "vdk.plugins",
        "The ingestion method " + name + " is registered twice: by " + known->second->distribution +
            " and by " + distribution + ", whose plugin is used. Uninstall one of the two.");
  }
  auto added = std::make_shared<Method>();
  added->factory = SharedObject(std::move(factory));
  added->distribution = distribution;
  added->stores = !context_.is_shadowed(Contribution::sink, name, distribution);
  methods_.insert_or_assign(name, added);

  Ingester& ingester = context_.ingester();
  const auto make = [added, name] {
    return call_python({}, [&] { return plugin_of(added->factory.get(), name); });
  };
  ingester.add_preprocessor(name, [make] {
    const nb::gil_scoped_acquire lock;
    return preprocessor(make());
  });
  ingester.add_postprocessor(name, [make] {
    const nb::gil_scoped_acquire lock;
    return postprocessor(make());
  });
  if (!added->stores) return;
  ingester.add_sink(name,
                    [this, name](const Configuration&, std::string_view,
                                 const Destination& destination) -> std::unique_ptr<Sink> {
                      return call_python({}, [&] {
                        return std::make_unique<PythonSink>(stored_plugin(name), destination);
                      });
                    });
}

nb::object PythonIngestion::stored_plugin(const std::string& name) {
  Method& method = *methods_.at(name);
  if (!method.plugin.get().is_valid()) {
    nb::object made = plugin_of(method.factory.get(), name);
    // Another thread may have been faster while the plugin's code ran.
    if (!method.plugin.get().is_valid()) method.plugin = SharedObject(std::move(made));
  }
  return nb::borrow(method.plugin.get());
}

bool PythonIngestion::is_sink(const std::string& method) const {
  const auto known = methods_.find(method);
  return known != methods_.end() && known->second->stores;
}

bool PythonIngestion::names_a_processor() const {
  return Ingester::names_processor(context_.configuration(), [this](const std::string& name) {
    return methods_.contains(name);
  });
}

bool PythonIngestion::takes_rows(const std::string& method) {
  if (!is_sink(method)) return names_a_processor();
  (void)stored_plugin(method);
  return true;
}

SinkFactory encoding_sink_factory(SinkFactory factory) {
  return
      [factory = std::move(factory)](const Configuration& configuration, std::string_view section,
                                     const Destination& destination) -> std::unique_ptr<Sink> {
        return std::make_unique<EncodingSink>(factory(configuration, section, destination),
                                              cell_rules(configuration, destination.method));
      };
}

CellRules cell_rules(const Configuration& configuration, std::string_view method) {
  const bool sqlite =
      method == "sqlite" || !configuration.get("sqlite_file", std::string(method)).is_null();
  return {sqlite ? Temporal::iso_text : Temporal::typed, sqlite};
}

}  // namespace vdk
