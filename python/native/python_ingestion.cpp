#include "python_ingestion.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <nanobind/stl/string.h>

#include "python_error.hpp"
#include "python_step.hpp"
#include "signals.hpp"
#include "vdk/ingest/dead_letter.hpp"
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
  EncodingSink(std::unique_ptr<Sink> sink, CellRules rules, DeadLetter dead_letter)
      : sink_(std::move(sink)), rules_(rules), dead_letter_(std::move(dead_letter)) {}

  LoadPosition begin_load(const Load& load) override {
    load_ = load;
    unwritten_ = 0;
    return sink_->begin_load(load);
  }
  WriteResult write(std::span<const Batch> batches, const LoadPosition& after) override {
    const auto is_python = [](const Batch& batch) { return batch.host_rows() != nullptr; };
    if (std::ranges::none_of(batches, is_python)) return sink_->write(batches, after);
    std::vector<Batch> columns;
    std::vector<Rejection> rejected;
    call_python({}, [&] {
      for (const Batch& batch : batches) add_columns(batch, after, columns, rejected);
    });
    for (const Rejection& each : rejected) unwritten_ += each.rows;
    WriteResult result;
    if (!columns.empty()) {
      LoadPosition reached = after;
      reached.rejected = unwritten_;
      result = sink_->write(columns, reached);
      unwritten_ = 0;
    }
    result.rejected.insert(result.rejected.end(), rejected.begin(), rejected.end());
    return result;
  }
  [[nodiscard]] bool needs_table() const override { return sink_->needs_table(); }
  void end_load() override { sink_->end_load(); }
  [[nodiscard]] bool holds_back() const override { return sink_->holds_back(); }
  [[nodiscard]] bool takes_arrow() const override { return sink_->takes_arrow(); }
  [[nodiscard]] std::size_t row_group() const override { return sink_->row_group(); }
  [[nodiscard]] Delivery delivery() const override { return sink_->delivery(); }
  [[nodiscard]] std::string delivery_note() const override { return sink_->delivery_note(); }

 private:
  // Rows of Python come one batch at a time, so `after` tells where this one ends.
  void add_columns(const Batch& batch, const LoadPosition& after, std::vector<Batch>& columns,
                   std::vector<Rejection>& rejected) const {
    if (!batch.host_rows()) return columns.push_back(batch);
    const auto& rows = static_cast<const PythonRows&>(*batch.host_rows());
    EncodedRows encoded = encode(rows, rules_);
    const std::int64_t before =
        std::max<std::int64_t>(0, after.rows - static_cast<std::int64_t>(batch.rows()));
    for (const EncodedRows::Refused& each : encoded.refused) {
      rejected.push_back({std::string(kReason), each.column, each.why,
                          before + static_cast<std::int64_t>(each.row) + 1, 1});
    }
    if (dead_letter_.keeps() && !encoded.refused.empty()) {
      const Batch described = describe(rows, encoded.refused, rules_);
      for (std::size_t i = 0; i < described.rows(); ++i) {
        const auto number = before + static_cast<std::int64_t>(encoded.refused[i].row) + 1;
        dead_letter_.append(load_, described, std::span(&i, 1),
                            number - static_cast<std::int64_t>(i), kReason);
      }
    }
    if (encoded.batch.rows() != 0) columns.push_back(std::move(encoded.batch));
  }

  static constexpr std::string_view kReason = "wrong_type";

  std::unique_ptr<Sink> sink_;
  const CellRules rules_;
  const DeadLetter dead_letter_;
  Load load_{};
  std::int64_t unwritten_ = 0;  // rejected since the sink's last write
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
  auto added = std::make_shared<Method>();
  added->factory = SharedObject(std::move(factory));
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
  return [factory = std::move(factory)](const Configuration& configuration,
                                        std::string_view section,
                                        const Destination& destination) -> std::unique_ptr<Sink> {
    return std::make_unique<EncodingSink>(
        factory(configuration, section, destination), cell_rules(configuration, destination.method),
        DeadLetter(configuration.get_string("ingest_dead_letter")));
  };
}

CellRules cell_rules(const Configuration& configuration, std::string_view method) {
  const bool sqlite =
      method == "sqlite" || !configuration.get("sqlite_file", std::string(method)).is_null();
  return {sqlite ? Temporal::iso_text : Temporal::typed, sqlite};
}

}  // namespace vdk
