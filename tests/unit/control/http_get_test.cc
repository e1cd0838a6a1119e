#include "control/http_get.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/base/system_clock.h"

namespace limpid::control {
namespace {

/// A server that says this to whoever comes first, on a port of its own.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
  }
  ~OneAnswer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/a.crl"; }

 private:
  void serve(const std::string& answer) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    std::string request;
    std::array<char, 1024> part{};
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(connection, part.data(), part.size(), 0);
      if (got <= 0) break;
      request.append(part.data(), static_cast<std::size_t>(got));
    }
    for (std::size_t sent = 0; sent < answer.size();) {
      const ssize_t more = ::send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
      if (more <= 0) break;
      sent += static_cast<std::size_t>(more);
    }
    ::close(connection);
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

Result<std::string, HttpFailure> answered(const std::string& answer, const HttpLimits& limits = {}) {
  const OneAnswer server(answer);
  const SystemClock clock;
  return http_get(server.url(), limits, clock);
}

std::string refusal(const std::string& answer, const HttpLimits& limits = {}) {
  const auto got = answered(answer, limits);
  if (got) return "none: " + *got;
  EXPECT_FALSE(got.error().silent) << "it has answered";
  return got.error().sentence;
}

TEST(HttpGet, ReadsTheBody) {
  EXPECT_EQ(*answered("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlist"), "list");
  EXPECT_EQ(*answered("HTTP/1.0 200 OK\r\n\r\nlist\r\n\r\n"), "list\r\n\r\n");
}

TEST(HttpGet, TakesNothingButAWholePlainAnswer) {
  EXPECT_EQ(refusal("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlist"),
            "the answer is shorter than it says");
  EXPECT_EQ(refusal("HTTP/1.1 302 Found\r\nLocation: http://a/\r\n\r\n"), "the answer is HTTP/1.1 302 Found");
  EXPECT_EQ(refusal("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "the answer is encoded");
  EXPECT_EQ(refusal("SSH-2.0-x\r\n\r\n"), "the answer is not HTTP");
  EXPECT_EQ(refusal(""), "the answer is not HTTP");
}

TEST(HttpGet, ReadsNoMoreThanItMay) {
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_EQ(answered(head + std::string(100, 'x'), {.body_max = 100})->size(), 100U);
  EXPECT_EQ(refusal(head + std::string(101, 'x'), {.body_max = 100}), "the answer is too long");
  EXPECT_EQ(refusal(head + std::string(1'000'000, 'x'), {.body_max = 100}), "the answer is too long");
}

TEST(HttpGet, AsksOnlyWhatIsAnAddress) {
  const SystemClock clock;
  for (const char* url : {"https://a.example/", "http://", "http:///a", "http://u@a.example/",
                          "http://a.example:/", "http://a.example/ HTTP/1.0\r\nX: y", "file:///etc/passwd"}) {
    const auto got = http_get(url, {}, clock);
    ASSERT_FALSE(got) << url;
    EXPECT_EQ(got.error().sentence, "this is no HTTP address") << url;
  }
}

TEST(HttpGet, SaysWhereNobodyIsThere) {
  const SystemClock clock;
  std::string url;
  { url = OneAnswer("").url(); }
  const auto got = http_get(url, {}, clock);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().sentence, "127.0.0.1 cannot be reached");
  EXPECT_TRUE(got.error().silent);
}

TEST(HttpGet, WaitsNoLongerThanItMay) {
  const SystemClock clock;
  const OneAnswer server("");
  const auto got = http_get(server.url(), {.time_max = Duration::zero()}, clock);
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().silent);
}

}  // namespace
}  // namespace limpid::control
