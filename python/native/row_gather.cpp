#include "row_gather.hpp"

#include <algorithm>
#include <utility>

namespace vdk {

void RowGather::add(const Destination& destination, nb::handle dict) {
  const Configuration& configuration = context_.configuration();
  if (most_text_ == 0) {
    most_text_ = static_cast<std::size_t>(std::max<std::int64_t>(
        1, configuration.get_integer("ingester_payload_size_bytes_threshold")));
    if (configuration.get_bool("ingester_wait_to_finish_after_every_send")) most_text_ = 1;
  }
  const RowSize size = row_size(dict);
  Open& open = open_[destination.method];
  const bool has_rows = open.list.is_valid();
  if (has_rows && (open.destination != destination || open.text + size.text > most_text_)) {
    Open full = std::exchange(open, {});
    open = {destination, nb::list(), size.text, size.memory};
    nb::borrow<nb::list>(open.list).append(dict);
    send(std::move(full));
    return;
  }
  if (!has_rows) open = {destination, nb::list(), 0, 0};
  nb::borrow<nb::list>(open.list).append(dict);
  open.text += size.text;
  open.memory += size.memory;
  if (most_text_ == 1) send(std::exchange(open, {}));
}

void RowGather::flush() {
  auto open = std::exchange(open_, {});
  for (auto& [method, batch] : open) {
    if (batch.list.is_valid()) send(std::move(batch));
  }
}

void RowGather::send(Open open) {
  const auto rows =
      std::make_shared<PythonRows>(std::move(open.list), open.memory, open.destination);
  const nb::gil_scoped_release unlocked;
  context_.ingester().send(open.destination, Batch(std::static_pointer_cast<HostRows>(rows)));
}

}  // namespace vdk
