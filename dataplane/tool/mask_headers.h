// HeaderMask: finds the values of HTTP header fields in one direction of a stream. In HTTP/1 a field begins a
// line, so every line that begins with one of the names is masked wherever it stands, with the lines that go
// on with it (RFC 9112 §5.2): no notion of messages and bodies that could be led astray. HTTP/2 compresses
// field names: there the payloads of HEADERS, PUSH_PROMISE and CONTINUATION are masked whole (RFC 9113 §6).
// Pure; keeps no bytes but for the first 24.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/bytes.h"

namespace limpid::tool {

class HeaderMask {
 public:
  /// `names` outlive the mask.
  explicit HeaderMask(const std::vector<std::string>& names);

  /// Reads the next bytes, and masks them in `copy`, which has as many.
  void mask(Bytes bytes, MutableBytes copy);
  /// Bytes were lost: until it is known where it stands again, everything is masked.
  void lose_place();

 private:
  enum class State : std::uint8_t {
    kFirst,        // HTTP/2 begins with a preface or with SETTINGS
    kName,         // in the first word of a line
    kOther,        // in a line that is shown
    kSecret,       // in a line that is masked
    kAfterSecret,  // at the beginning of the next
    kFrameHeader,  // of HTTP/2
    kFramePayload,
    kBlind,  // to the end
  };

  bool masks(std::byte byte);
  bool masks_in_line(char c);
  void break_line(char c);
  bool in_name(char c);
  bool still_http2(std::byte byte);
  void begin_frame();
  bool named() const;

  const std::vector<std::string>& names_;
  std::size_t longest_ = 0;
  State state_ = State::kFirst;
  std::string name_;                   // of the line, as far as it has come
  std::array<std::byte, 9> header_{};  // of the frame
  std::size_t seen_ = 0;               // of the first bytes, or of the header
  std::uint32_t payload_left_ = 0;
  bool secret_payload_ = false;
  bool preface_ = true;   // the first bytes are those of a client
  bool settings_ = true;  // or of a server
};

}  // namespace limpid::tool
