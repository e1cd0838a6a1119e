// Masking: what a mirror must not show. The copy's secrets are overwritten with 'x', byte for byte, so that
// lengths stay; the traffic itself is never touched. What finds patterns is given from above: nothing here
// knows how. One Masking belongs to one thread: a mirror's, or a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/bytes.h"

namespace limpid::tool {

/// One direction of one session, searched in pieces.
class SecretStream {
 public:
  /// A secret, by offsets from the stream's first byte: [from, to).
  using Found = std::function<void(std::uint64_t from, std::uint64_t to)>;

  virtual ~SecretStream() = default;
  /// `found` is called for secrets that end in these bytes; they may have begun in earlier ones.
  virtual void scan(Bytes bytes, const Found& found) = 0;
  /// Nothing more comes: some secrets wait for that.
  virtual void finish(const Found& found) = 0;
};

class SecretScanner {
 public:
  virtual ~SecretScanner() = default;
  /// The scanner outlives its streams.
  virtual std::unique_ptr<SecretStream> open() = 0;
  /// No secret has more bytes.
  virtual std::size_t longest() const = 0;
};

struct Masking {
  std::vector<std::string> headers;        // names of HTTP header fields in small letters
  bool card_numbers = false;               // 13 to 19 digits with a right check digit
  std::unique_ptr<SecretScanner> scanner;  // null: no patterns
};

}  // namespace limpid::tool
