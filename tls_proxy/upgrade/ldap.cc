#include "tls_proxy/upgrade/ldap.h"

#include <algorithm>

namespace limpid::tls {

namespace {

constexpr std::size_t kSequence = 0x30;
constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kEnumerated = 0x0a;
constexpr std::uint8_t kExtendedRequest = 0x77;
constexpr std::uint8_t kExtendedResponse = 0x78;
constexpr std::uint8_t kRequestName = 0x80;
constexpr std::string_view kStartTls = "1.3.6.1.4.1.1466.20037";
constexpr std::size_t kLongForm = 0x80;
constexpr std::size_t kLengthBytesMax = 4;
constexpr std::size_t kKept = 128;  // of a message: the request and its answer's status lie within

/// A BER length, as far as it goes; more than there can be where it is malformed.
std::size_t read_length(ByteReader& reader) {
  const std::size_t first = reader.u8();
  if (first < kLongForm) return first;
  std::size_t length = 0;
  const std::size_t bytes = first - kLongForm;
  if (bytes == 0 || bytes > kLengthBytesMax) return SIZE_MAX;
  for (std::size_t i = 0; i < bytes; ++i) length = (length << 8U) | reader.u8();
  return length;
}

/// The contents of the element at the front, if it is of that kind, and as far as they are there.
std::optional<Bytes> read_element(ByteReader& reader, std::uint8_t tag) {
  if (reader.u8() != tag) return std::nullopt;
  const std::size_t length = read_length(reader);
  if (reader.failed()) return std::nullopt;
  return reader.take(std::min(length, reader.rest().size()));
}

/// False: it is none.
bool read_message(Bytes content, LdapMessages::Message& message) {
  ByteReader reader(content);
  const std::optional<Bytes> id = read_element(reader, kInteger);
  if (!id || id->empty() || id->size() > sizeof(message.id)) return false;
  message.id = 0;
  for (const std::byte byte : *id) message.id = (message.id << 8U) | std::to_integer<std::uint32_t>(byte);
  message.operation = reader.u8();
  const std::size_t length = read_length(reader);
  if (reader.failed()) return false;
  message.body = reader.rest().first(std::min(length, reader.rest().size()));
  return true;
}

bool asks_for_tls(const LdapMessages::Message& message) {
  if (message.operation != kExtendedRequest) return false;
  ByteReader reader(message.body);
  const std::optional<Bytes> request = read_element(reader, kRequestName);
  return request && as_text(*request) == kStartTls;
}

bool succeeded(const LdapMessages::Message& message) {
  ByteReader reader(message.body);
  const std::optional<Bytes> result = read_element(reader, kEnumerated);
  return message.operation == kExtendedResponse && result && result->size() == 1 &&
         (*result)[0] == std::byte{0};
}

}  // namespace

std::optional<std::size_t> LdapMessages::content(Bytes& rest) {
  if (!head_.fill(2, rest)) return std::nullopt;
  const std::size_t first = head_.at(1);
  const std::size_t more = first < kLongForm ? 0 : first - kLongForm;
  malformed_ = head_.at(0) != kSequence || first == kLongForm || more > kLengthBytesMax;
  if (malformed_ || !head_.fill(2 + more, rest)) return std::nullopt;
  ByteReader reader(head_.bytes().subspan(1));
  return read_length(reader);
}

LdapMessages::Took LdapMessages::next(Bytes& rest, Message& message) {
  const std::size_t skipped = std::min(skip_, rest.size());
  skip_ -= skipped;
  rest = rest.subspan(skipped);
  const std::optional<std::size_t> length = content(rest);
  if (!length) return malformed_ ? Took::kMalformed : Took::kNothing;
  const std::size_t first = head_.at(1);
  const std::size_t header = 2 + (first < kLongForm ? 0 : first - kLongForm);
  const std::size_t kept = std::min(*length, kKept);
  if (!head_.fill(header + kept, rest)) return Took::kNothing;
  kept_ = head_;
  head_.clear();
  skip_ = *length - kept;
  return read_message(kept_.bytes().subspan(header), message) ? Took::kMessage : Took::kMalformed;
}

Finding Ldap::on_client(Bytes bytes) {
  LdapMessages::Message message;
  while (!bytes.empty()) {
    if (asked_) return kPipelined;
    const LdapMessages::Took took = client_.next(bytes, message);
    if (took == LdapMessages::Took::kMalformed) return kNonsense;
    if (took == LdapMessages::Took::kMessage && asks_for_tls(message)) asked_ = message.id;
  }
  return kMore;
}

Finding Ldap::on_server(Bytes bytes) {
  LdapMessages::Message message;
  while (!bytes.empty()) {
    const LdapMessages::Took took = server_.next(bytes, message);
    if (took == LdapMessages::Took::kMalformed) return kNonsense;
    if (took == LdapMessages::Took::kNothing || asked_ != message.id) continue;
    asked_.reset();
    if (succeeded(message)) return agreed(bytes);
  }
  return kMore;
}

}  // namespace limpid::tls
