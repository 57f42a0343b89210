#include "vdk/data/batch_stream.hpp"

#include <cerrno>
#include <new>
#include <span>
#include <utility>

#include "data/batch_state.hpp"
#include "vdk/data/batch_rows.hpp"

namespace vdk {

namespace {

struct Stream {
  std::shared_ptr<const std::vector<Batch>> batches;
  std::size_t next = 0;

  static Stream& of(ArrowArrayStream* stream) {
    return *static_cast<Stream*>(stream->private_data);
  }

  static int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
    ArrowArray unused{};
    Batch::export_to_arrow(of(stream).batches->front(), out, &unused);
    unused.release(&unused);
    return 0;
  }

  static int get_next(ArrowArrayStream* stream, ArrowArray* out) {
    Stream& self = of(stream);
    *out = ArrowArray{};
    if (self.next == self.batches->size()) return 0;
    try {
      ArrowSchema unused{};
      Batch::export_to_arrow(concatenate_rows(self.take()), &unused, out);
      unused.release(&unused);
      return 0;
    } catch (const std::bad_alloc&) {
      return ENOMEM;
    }
  }

  // The next batches that make one of full size. What is another library's stays as it is.
  std::span<const Batch> take() {
    const std::size_t first = next++;
    std::size_t rows = (*batches)[first].rows();
    while (next < batches->size() && is_own((*batches)[first]) && is_own((*batches)[next]) &&
           rows + (*batches)[next].rows() <= kMostBatchRows) {
      rows += (*batches)[next++].rows();
    }
    return std::span(*batches).subspan(first, next - first);
  }

  static bool is_own(const Batch& batch) { return batch.state().foreign.empty(); }

  static const char* get_last_error(ArrowArrayStream*) { return nullptr; }

  static void release(ArrowArrayStream* stream) {
    delete &of(stream);
    stream->release = nullptr;
  }
};

}  // namespace

void export_stream(std::shared_ptr<const std::vector<Batch>> batches, ArrowArrayStream* stream) {
  stream->get_schema = Stream::get_schema;
  stream->get_next = Stream::get_next;
  stream->get_last_error = Stream::get_last_error;
  stream->release = Stream::release;
  stream->private_data = new Stream{std::move(batches)};
}

}  // namespace vdk
