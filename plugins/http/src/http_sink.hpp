// Rows as POST requests to a web service.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "http_client.hpp"
#include "vdk/ingest/dead_letter.hpp"
#include "vdk/ingest/sink.hpp"

namespace vdk::http {

// A row of a load: the n-th of a batch, which is known by the number of the rows that the step had
// sent with it. Processors may have made more rows of a batch, or fewer.
struct Place {
  std::int64_t batch = 0;
  std::int64_t row = 0;
  auto operator<=>(const Place&) const = default;
};

// Says which rows a request holds: the same for a repetition, in a resumed run too, and for no
// other request. `last`: the request's last row.
[[nodiscard]] std::string idempotency_key(const Load& load, std::string_view url, Place last,
                                          std::string_view body);

class HttpSink : public Sink {
 public:
  HttpSink(Target target, Settings settings, DeadLetter dead_letter);

  LoadPosition begin_load(const Load& load) override;
  // Throws Error: user where the service refuses the rows, platform where it failed. Requests of
  // the same batches before that one were accepted; neither they nor the refused one are sent
  // again with the next write, which counts their rows.
  // Metadata: uncompressed_size_in_bytes, compressed_size_in_bytes (null where nothing was
  // compressed), both of all requests, and http_status of the last one.
  WriteResult write(std::span<const Batch> batches, const LoadPosition& after) override;
  [[nodiscard]] Delivery delivery() const override { return Delivery::at_least_once; }

 private:
  // A request that the service has not taken, and never will: it is not sent again.
  struct Refused {
    Place last;
    Error error;
  };
  // What the service has taken since the last write that went well.
  struct Taken {
    std::int64_t rows = 0;
    std::size_t bytes = 0;
    std::size_t compressed_bytes = 0;
    long status = 0;
  };

  void write(const Batch& batch, std::int64_t end, WriteResult& result);
  void send(const std::string& body, std::int64_t rows, Place last);
  [[nodiscard]] long post(const Request& request);
  [[nodiscard]] bool may_pass(long status) const;
  [[nodiscard]] Error refusal(const Answer& answer) const;

  const Target target_;
  const Settings settings_;
  const DeadLetter dead_letter_;
  Client client_;

  // Of the load.
  Load load_;
  Place accepted_;  // up to the last request that went well
  Taken taken_;
  std::optional<Refused> refused_;  // the last one
  Place lettered_;                  // rejected rows up to here were kept
  std::optional<Error> given_up_;   // why no further request is tried
};

}  // namespace vdk::http
