// HTTP CONNECT (RFC 9110 §9.3.6) and the dialogue about credentials that may come before it succeeds: answers
// other than 2xx have bodies, and the client then tries once more on the same connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tls_proxy/upgrade/line_splitter.h"
#include "tls_proxy/upgrade/recogniser.h"

namespace limpid::tls {

/// One answer of a proxy, line by line.
class ProxyAnswer {
 public:
  enum class Took : std::uint8_t { kPartly, kTunnel, kRefusal, kMalformed };
  /// Takes what belongs to the answer off the front of `rest`.
  Took take(Bytes& rest);

 private:
  enum class Part : std::uint8_t { kStatus, kFields, kBody, kChunkSize, kChunk, kTrailer };
  bool on_line(std::string_view line);
  bool on_status(std::string_view line);
  bool on_field(std::string_view line);
  bool on_chunk_size(std::string_view line);
  void end_fields();
  void begin();

  LineSplitter lines_;
  std::uint64_t body_ = 0;  // that is still to come
  std::uint32_t status_ = 0;
  Part part_ = Part::kStatus;
  bool chunked_ = false;
  bool over_ = false;
};

class HttpConnect final : public Recogniser {
 public:
  Finding on_client(Bytes bytes) override;
  Finding on_server(Bytes bytes) override;
  const TunnelTarget* target() const override { return &target_; }

 private:
  enum class Part : std::uint8_t { kRequestLine, kFields, kAsked };
  Finding on_line(std::string_view line);

  LineSplitter client_;
  ProxyAnswer answer_;
  TunnelTarget target_;
  Part part_ = Part::kRequestLine;
};

/// "host:port", with brackets around an IPv6 address.
std::optional<TunnelTarget> parse_authority(std::string_view text);

}  // namespace limpid::tls
