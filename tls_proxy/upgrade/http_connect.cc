#include "tls_proxy/upgrade/http_connect.h"

#include <algorithm>

#include "tls_proxy/upgrade/words.h"

namespace limpid::tls {

namespace {

constexpr std::size_t kHostMax = 255;
constexpr std::size_t kLengthDigitsMax = 9;  // a body is longer than a dialogue may be long before that
constexpr std::string_view kVersion = "HTTP/1.";

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kHostMax && std::all_of(host.begin(), host.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '/' && c != '@' && c != '[' && c != ']';
  });
}

/// "name: value" where the name is that one.
std::optional<std::string_view> value_of(std::string_view field, std::string_view name) {
  if (!begins_with(field, name) || field.size() == name.size() || field[name.size()] != ':')
    return std::nullopt;
  field.remove_prefix(name.size() + 1);
  return take_word(field);
}

}  // namespace

std::optional<TunnelTarget> parse_authority(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::optional<std::uint32_t> port = decimal(text.substr(colon + 1), 5);
  if (!port || *port == 0 || *port > UINT16_MAX) return std::nullopt;
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!is_host(host) || (!bracketed && host.find(':') != std::string_view::npos)) return std::nullopt;
  return TunnelTarget{.host = std::string(host), .port = static_cast<std::uint16_t>(*port)};
}

// --- The client -----------------------------------------------------------------------------------------

Finding HttpConnect::on_client(Bytes bytes) {
  std::string_view line;
  while (!bytes.empty()) {
    if (part_ == Part::kAsked) return kPipelined;
    const LineSplitter::Took took = client_.next(bytes, line);
    if (took == LineSplitter::Took::kTooLong) return kTooMuch;
    if (took == LineSplitter::Took::kNothing) break;
    if (const Finding found = on_line(line); found.kind != Finding::Kind::kMore) return found;
  }
  return kMore;
}

Finding HttpConnect::on_line(std::string_view line) {
  if (part_ == Part::kFields) {
    if (line.empty()) part_ = Part::kAsked;
    const std::optional<std::string_view> length = value_of(line, "Content-Length");
    // What stands behind it would be a body to some proxies, and the tunnel's first bytes to others.
    const bool body = (length && *length != "0") || value_of(line, "Transfer-Encoding").has_value();
    return body ? kNonsense : kMore;
  }
  if (take_word(line) != "CONNECT") return kStaysPlain;  // another request, after a refusal
  const std::optional<TunnelTarget> target = parse_authority(take_word(line));
  if (!target || !line.starts_with(kVersion)) return kNonsense;
  target_ = *target;
  part_ = Part::kFields;
  return kMore;
}

// --- The proxy ------------------------------------------------------------------------------------------

Finding HttpConnect::on_server(Bytes bytes) {
  while (!bytes.empty()) {
    if (part_ != Part::kAsked) return kStaysPlain;  // it does not wait, as before it closes
    switch (answer_.take(bytes)) {
      case ProxyAnswer::Took::kPartly:
        break;
      case ProxyAnswer::Took::kTunnel:
        return agreed(bytes);
      case ProxyAnswer::Took::kRefusal:
        part_ = Part::kRequestLine;
        break;
      case ProxyAnswer::Took::kMalformed:
        return kNonsense;
    }
  }
  return kMore;
}

ProxyAnswer::Took ProxyAnswer::take(Bytes& rest) {
  std::string_view line;
  while (!rest.empty() || over_) {
    if (over_) {
      const bool tunnel = status_ / 100 == 2;
      begin();
      return tunnel ? Took::kTunnel : Took::kRefusal;
    }
    if (part_ == Part::kBody || part_ == Part::kChunk) {
      const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(body_, rest.size()));
      rest = rest.subspan(taken);
      body_ -= taken;
      if (body_ == 0) over_ = part_ == Part::kBody;
      if (body_ == 0) part_ = Part::kChunkSize;
      continue;
    }
    const LineSplitter::Took took = lines_.next(rest, line);
    if (took == LineSplitter::Took::kTooLong) return Took::kMalformed;
    if (took == LineSplitter::Took::kLine && !on_line(line)) return Took::kMalformed;
  }
  return Took::kPartly;
}

void ProxyAnswer::begin() {
  body_ = 0;
  status_ = 0;
  part_ = Part::kStatus;
  chunked_ = false;
  over_ = false;
}

bool ProxyAnswer::on_line(std::string_view line) {
  switch (part_) {
    case Part::kStatus:
      return on_status(line);
    case Part::kFields:
      return on_field(line);
    case Part::kChunkSize:
      return on_chunk_size(line);
    case Part::kTrailer:
      over_ = line.empty();
      return true;
    case Part::kBody:
    case Part::kChunk:
      break;
  }
  return false;
}

bool ProxyAnswer::on_status(std::string_view line) {
  const std::string_view version = take_word(line);
  const std::optional<std::uint32_t> status = decimal(take_word(line), 3);
  if (!version.starts_with(kVersion) || !status || *status < 100) return false;
  status_ = *status;
  part_ = Part::kFields;
  return true;
}

bool ProxyAnswer::on_field(std::string_view line) {
  if (line.empty()) {
    end_fields();
    return true;
  }
  if (const auto length = value_of(line, "Content-Length")) {
    const std::optional<std::uint32_t> size = decimal(*length, kLengthDigitsMax);
    body_ = size.value_or(0);
    return size.has_value();
  }
  if (const auto coding = value_of(line, "Transfer-Encoding")) chunked_ = same_word(*coding, "chunked");
  return true;
}

void ProxyAnswer::end_fields() {
  if (status_ / 100 == 1) return begin();  // interim: another answer follows
  // A tunnel's first bytes are no body, whatever the fields say.
  if (status_ / 100 == 2) {
    over_ = true;
  } else if (chunked_) {
    part_ = Part::kChunkSize;
  } else if (body_ == 0) {
    over_ = true;
  } else {
    part_ = Part::kBody;
  }
}

bool ProxyAnswer::on_chunk_size(std::string_view line) {
  constexpr std::size_t kDigitsMax = 8;
  if (line.empty()) return true;  // the end of the chunk before
  const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
  if (digits.empty() || digits.size() > kDigitsMax) return false;
  body_ = 0;
  for (const char c : digits) {
    const char digit = small_letter(c);
    const bool hexadecimal = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    if (!hexadecimal) return false;
    body_ = body_ * 16 + static_cast<std::uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  part_ = body_ == 0 ? Part::kTrailer : Part::kChunk;
  return true;
}

}  // namespace limpid::tls
