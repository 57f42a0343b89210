#include "vdk/data/batch.hpp"

#include <algorithm>
#include <utility>

#include "data/batch_state.hpp"
#include "vdk/data/host_rows.hpp"

namespace vdk {
namespace {

const Column& read_column(const Batch::State& state, std::size_t index) {
  if (!state.read[index]) {
    state.columns[index] = state.foreign[index]->read();
    state.columns[index].field = state.schema[index];
    state.read[index] = true;
  }
  return state.columns[index];
}

bool has_unread(const Batch::State& state) { return !state.foreign.empty(); }

// The columns' memory; one part of so many of what is another library's.
std::size_t count_bytes(const Batch::State& state, std::size_t foreign_part) {
  std::unique_lock<std::mutex> lock;
  if (has_unread(state)) lock = std::unique_lock(state.reading);
  std::size_t total = sizeof(Batch) + sizeof(Batch::State) +
                      state.columns.capacity() * sizeof(Column) +
                      (state.host ? state.host->bytes() : 0);
  for (std::size_t i = 0; i < state.columns.size(); ++i) {
    if (has_unread(state) && state.foreign[i]) {
      total += state.foreign[i]->bytes() / foreign_part;
      if (!state.read[i]) continue;
    }
    const Column& column = state.columns[i];
    total += column.field.name.capacity() + column.validity.capacity() + column.values.capacity() +
             column.offsets.capacity() * sizeof(std::int64_t);
  }
  return total;
}

}  // namespace

Batch::Batch() {
  static const auto none = std::make_shared<const State>();
  state_ = none;
}

Batch::Batch(std::vector<Column> columns, std::size_t rows) : rows_(rows) {
  auto state = std::make_shared<State>();
  state->rows = rows;
  state->schema.reserve(columns.size());
  for (const Column& column : columns) state->schema.push_back(column.field);
  state->columns = std::move(columns);
  state_ = std::move(state);
}

Batch::Batch(std::shared_ptr<HostRows> rows) : rows_(rows->rows()) {
  auto state = std::make_shared<State>();
  state->rows = rows_;
  state->host = std::move(rows);
  state_ = std::move(state);
}

HostRows::~HostRows() = default;

const std::shared_ptr<HostRows>& Batch::host_rows() const noexcept { return state_->host; }

Batch::Batch(std::shared_ptr<const State> state) : state_(std::move(state)), rows_(state_->rows) {}

const Schema& Batch::schema() const noexcept { return state_->schema; }

const Column& Batch::column(std::size_t index) const {
  if (!has_unread(*state_)) return state_->columns[index];
  const std::lock_guard lock(state_->reading);
  return read_column(*state_, index);
}

const std::vector<Column>& Batch::columns() const {
  if (!has_unread(*state_)) return state_->columns;
  const std::lock_guard lock(state_->reading);
  for (std::size_t i = 0; i < state_->columns.size(); ++i) read_column(*state_, i);
  return state_->columns;
}

bool Batch::is_foreign(std::size_t index) const noexcept {
  return has_unread(*state_) && state_->foreign[index];
}

bool Batch::has_foreign() const noexcept {
  return std::ranges::any_of(state_->foreign, [](const auto& column) { return column != nullptr; });
}

std::size_t Batch::bytes() const noexcept { return count_bytes(*state_, 4); }

std::size_t Batch::bytes_while_unread() const noexcept {
  return count_bytes(*state_, state_->held_elsewhere ? 32 : 4);
}

Batch Batch::select(std::span<const std::size_t> columns) const {
  auto state = std::make_shared<State>();
  state->rows = rows_;
  state->held_elsewhere = state_->held_elsewhere;
  const bool foreign = has_unread(*state_);
  std::unique_lock<std::mutex> lock;
  if (foreign) lock = std::unique_lock(state_->reading);
  for (const std::size_t index : columns) {
    state->schema.push_back(state_->schema[index]);
    state->columns.push_back(state_->columns[index]);
    if (!foreign) continue;
    state->foreign.push_back(state_->foreign[index]);
    state->read.push_back(state_->read[index]);
  }
  return Batch(std::shared_ptr<const State>(std::move(state)));
}

Batch Batch::rename(std::span<const std::string> names) const {
  std::vector<std::size_t> all(names.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  const Batch same = select(all);
  auto state = std::make_shared<State>();
  state->rows = rows_;
  state->schema = same.state_->schema;
  state->columns = same.state_->columns;
  state->foreign = same.state_->foreign;
  state->held_elsewhere = same.state_->held_elsewhere;
  state->read = same.state_->read;
  for (std::size_t i = 0; i < names.size(); ++i) {
    state->schema[i].name = names[i];
    state->columns[i].field.name = names[i];
  }
  return Batch(std::shared_ptr<const State>(std::move(state)));
}

bool Batch::exports_alike(const Batch& other) const {
  if (state_->schema != other.state_->schema) return false;
  const auto format_at = [](const State& state, std::size_t index) {
    return has_unread(state) && state.foreign[index] ? state.foreign[index]->format()
                                                     : std::string_view();
  };
  for (std::size_t i = 0; i < state_->schema.size(); ++i) {
    if (format_at(*state_, i) != format_at(*other.state_, i)) return false;
  }
  return true;
}

}  // namespace vdk
