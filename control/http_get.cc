#include "control/http_get.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include "dataplane/base/ascii.h"
#include "dataplane/base/descriptor.h"

namespace limpid::control {

namespace {

constexpr std::size_t kHeadMax = 16'384;

struct Url {
  std::string host;
  std::string port = "80";
  std::string path = "/";
};

/// What could be taken for more than one request is none.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<Url> parse(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme) || !is_plain(text)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  Url url;
  const std::size_t slash = text.find('/');
  std::string_view authority = text.substr(0, slash);
  if (slash != std::string_view::npos) url.path = text.substr(slash);
  if (authority.find_first_of("@[]") != std::string_view::npos) return std::nullopt;
  if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    url.port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  url.host = authority;
  if (url.host.empty() || url.port.empty()) return std::nullopt;
  return url;
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Failure<HttpFailure> silence(std::string sentence) { return {{std::move(sentence), true}}; }
Failure<HttpFailure> refusal(std::string sentence) { return {{std::move(sentence), false}}; }

/// One request; every wait ends at the deadline.
class Exchange {
 public:
  Exchange(const HttpLimits& limits, const Clock& clock)
      : limits_(limits), clock_(clock), deadline_(clock.now() + limits.time_max) {}

  Result<std::string, HttpFailure> run(const Url& url) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found) != 0)
      return silence("the host " + url.host + " is not known");
    const Addresses addresses(found);
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      const Descriptor socket(::socket(each->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (socket && connect(socket.number(), *each)) return talk(socket.number(), url);
    }
    return silence(url.host + " cannot be reached");
  }

 private:
  bool await(int descriptor, short what) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_.now());
    if (left.count() <= 0) return false;
    pollfd wanted{descriptor, what, 0};
    return ::poll(&wanted, 1, static_cast<int>(left.count())) == 1;
  }

  bool connect(int descriptor, const addrinfo& to) const {
    if (::connect(descriptor, to.ai_addr, to.ai_addrlen) == 0) return true;
    if (errno != EINPROGRESS || !await(descriptor, POLLOUT)) return false;
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }

  /// HTTP/1.0: the server's end of the connection is the end of the body.
  Result<std::string, HttpFailure> talk(int descriptor, const Url& url) const {
    std::string_view unsent;
    const std::string request = "GET " + url.path + " HTTP/1.0\r\nHost: " + url.host +
                                "\r\nUser-Agent: limpid\r\nConnection: close\r\n\r\n";
    for (unsent = request; !unsent.empty();) {
      if (!await(descriptor, POLLOUT)) return silence(url.host + " takes no request");
      const ssize_t sent = ::send(descriptor, unsent.data(), unsent.size(), MSG_NOSIGNAL);
      if (sent <= 0) return refusal(url.host + " takes no request");
      unsent.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string answer;
    for (std::array<char, 16'384> part{};;) {
      if (!await(descriptor, POLLIN)) return silence(url.host + " does not answer in time");
      const ssize_t got = ::recv(descriptor, part.data(), part.size(), 0);
      if (got < 0) return refusal(url.host + " broke off its answer");
      if (got == 0) return body_of(answer);
      answer.append(part.data(), static_cast<std::size_t>(got));
      if (answer.size() > limits_.body_max + kHeadMax) return refusal("the answer is too long");
    }
  }

  Result<std::string, HttpFailure> body_of(const std::string& answer) const {
    const std::size_t end = answer.find("\r\n\r\n");
    if (end == std::string::npos || !answer.starts_with("HTTP/1.")) return refusal("the answer is not HTTP");
    const std::string head = small_letters(std::string_view(answer).substr(0, end + 2));
    if (head.find(" 200 ") != 8) return refusal("the answer is " + answer.substr(0, answer.find("\r\n")));
    if (head.find("\r\ntransfer-encoding:") != std::string::npos) return refusal("the answer is encoded");
    std::string body = answer.substr(end + 4);
    if (!is_whole(head, body.size())) return refusal("the answer is shorter than it says");
    if (body.size() > limits_.body_max) return refusal("the answer is too long");
    return body;
  }

  static bool is_whole(std::string_view head, std::size_t size) {
    constexpr std::string_view kLength = "\r\ncontent-length:";
    const std::size_t at = head.find(kLength);
    if (at == std::string_view::npos) return true;
    std::string_view value = head.substr(at + kLength.size());
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    std::size_t length = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
    return read.ec == std::errc() && length == size;
  }

  const HttpLimits& limits_;
  const Clock& clock_;
  Instant deadline_;
};

}  // namespace

Result<std::string, HttpFailure> http_get(const std::string& url, const HttpLimits& limits,
                                          const Clock& clock) {
  const std::optional<Url> parsed = parse(url);
  if (!parsed) return refusal("this is no HTTP address");
  return Exchange(limits, clock).run(*parsed);
}

}  // namespace limpid::control
