#include "dataplane/tool/mask_headers.h"

#include <algorithm>
#include <string_view>

#include "dataplane/base/ascii.h"

namespace limpid::tool {

namespace {

constexpr std::byte kMasked{'x'};
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 §3.4
constexpr std::size_t kFrameHeader = 9;
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kSettings = 4;
constexpr std::uint8_t kPushPromise = 5;
constexpr std::uint8_t kContinuation = 9;

bool is_break(char c) { return c == '\r' || c == '\n'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The first frame of a server: SETTINGS of stream 0, no acknowledgement, of fewer than 256 settings.
bool may_be_settings(std::size_t at, std::byte byte) {
  if (at == 1 || at == 2) return true;
  return byte == (at == 3 ? std::byte{kSettings} : std::byte{0});
}

}  // namespace

HeaderMask::HeaderMask(const std::vector<std::string>& names) : names_(names) {
  for (const std::string& name : names) longest_ = std::max(longest_, name.size());
}

void HeaderMask::mask(Bytes bytes, MutableBytes copy) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (masks(bytes[i])) copy[i] = kMasked;
  }
}

void HeaderMask::lose_place() {
  const bool lines = state_ == State::kName || state_ == State::kOther || state_ == State::kSecret ||
                     state_ == State::kAfterSecret;
  state_ = lines ? State::kSecret : State::kBlind;
}

bool HeaderMask::masks(std::byte byte) {
  switch (state_) {
    case State::kFirst:
      if (still_http2(byte)) return false;
      return masks_in_line(static_cast<char>(byte));
    case State::kBlind:
      return true;
    case State::kFrameHeader:
      header_[seen_++] = byte;
      if (seen_ == kFrameHeader) begin_frame();
      return false;
    case State::kFramePayload: {
      const bool secret = secret_payload_;
      if (--payload_left_ == 0) state_ = State::kFrameHeader;
      return secret;
    }
    case State::kName:
    case State::kOther:
    case State::kSecret:
    case State::kAfterSecret:
      break;
  }
  return masks_in_line(static_cast<char>(byte));
}

/// False: the first bytes are not those of HTTP/2. What came so far is then the beginning of a line.
bool HeaderMask::still_http2(std::byte byte) {
  preface_ = preface_ && std::byte(kPreface[seen_]) == byte;
  settings_ = settings_ && may_be_settings(seen_, byte);
  if (preface_ || settings_) {
    if (seen_ < kFrameHeader) header_[seen_] = byte;
    ++seen_;
    if (preface_ && seen_ == kPreface.size()) {
      state_ = State::kFrameHeader;
      seen_ = 0;
    }
    if (settings_ && seen_ == kFrameHeader) begin_frame();
    return true;
  }
  state_ = State::kName;
  for (std::size_t i = 0; i < seen_; ++i) {
    const std::byte earlier = i < kFrameHeader ? header_[i] : std::byte(kPreface[i]);
    masks_in_line(static_cast<char>(earlier));  // nothing of a name is masked
  }
  return false;
}

void HeaderMask::begin_frame() {
  const auto at = [this](std::size_t i) { return std::to_integer<std::uint32_t>(header_[i]); };
  payload_left_ = at(0) << 16U | at(1) << 8U | at(2);
  const std::uint32_t type = at(3);
  secret_payload_ = type == kHeaders || type == kPushPromise || type == kContinuation;
  state_ = payload_left_ == 0 ? State::kFrameHeader : State::kFramePayload;
  seen_ = 0;
}

bool HeaderMask::masks_in_line(char c) {
  if (is_break(c)) {
    break_line(c);
    return false;
  }
  if (state_ == State::kAfterSecret) state_ = is_blank(c) ? State::kSecret : State::kName;
  return state_ == State::kName ? in_name(c) : state_ == State::kSecret;
}

/// A bare CR may begin a line, to a lenient reader, but it does not end a secret, to another.
void HeaderMask::break_line(char c) {
  name_.clear();
  if (state_ != State::kSecret) {
    state_ = State::kName;
  } else if (c == '\n') {
    state_ = State::kAfterSecret;
  }
}

/// Blanks around a name are against the rules, and accepted by some all the same.
bool HeaderMask::in_name(char c) {
  if (c == ':') {
    state_ = named() ? State::kSecret : State::kOther;
    return false;
  }
  if (is_blank(c)) return false;
  if (name_.size() >= longest_) {
    state_ = State::kOther;
    return false;
  }
  name_ += small_letter(c);
  return false;
}

bool HeaderMask::named() const { return std::find(names_.begin(), names_.end(), name_) != names_.end(); }

}  // namespace limpid::tool
