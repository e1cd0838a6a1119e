#include "dataplane/tool/mirror_server.h"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <optional>

#include "dataplane/base/system_clock.h"
#include "dataplane/tool/socket.h"
#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::tool {
namespace {

class ServerMirrorTest : public testing::Test {
 protected:
  void open(const ServerMirrorSettings& settings) {
    auto made = open_server_mirror(settings, clock_, [this](std::string_view) { ++warnings_; });
    ASSERT_TRUE(made.ok()) << made.error();
    server_ = std::move(made).value();
  }
  void SetUp() override { open({.listen = *SocketAddress::parse("127.0.0.1:0"), .interface_name = "live"}); }

  Descriptor connect() const {
    Descriptor socket = open_socket(AF_INET, SOCK_STREAM, 0).value();
    const KernelAddress address(server_.address);
    EXPECT_EQ(::connect(socket.number(), address.get(), address.size), 0);
    return socket;
  }
  /// A client that has been taken in: the beginning of its capture has come.
  Descriptor connected(std::vector<std::byte>& got) const {
    Descriptor socket = connect();
    EXPECT_TRUE(read_some(socket, got));
    return socket;
  }
  /// Waits for bytes. False: the end.
  static bool read_some(const Descriptor& socket, std::vector<std::byte>& got) {
    std::array<std::byte, 65'536> piece{};
    const ssize_t size = ::recv(socket.number(), piece.data(), piece.size(), 0);
    if (size > 0) got.insert(got.end(), piece.begin(), piece.begin() + size);
    return size > 0;
  }
  static std::string read_to_end(const Descriptor& socket, std::vector<std::byte>& got,
                                 const FlowFacts& facts) {
    while (read_some(socket, got)) {
    }
    StreamReader reader(facts.client);
    reader.read(read_pcapng(got).frames);
    EXPECT_EQ(reader.gaps, 0);
    return reader.from_server();
  }
  void tell(const FlowFacts& facts, const std::string& text) {
    const auto tap = server_.mirror->for_worker(0).open(facts, moment());
    tap->on_bytes(Direction::kFromServer, as_bytes(text), moment(1));
  }

  SystemClock clock_;
  ServerMirror server_;
  std::atomic<int> warnings_{0};
};

TEST_F(ServerMirrorTest, EveryClientGetsWhatIsToldFromItsConnectionOn) {
  std::vector<std::byte> first_got;
  std::vector<std::byte> second_got;
  const Descriptor first = connected(first_got);
  tell(v4_flow(), "early");
  while (read_pcapng(first_got).frames.size() < 6) ASSERT_TRUE(read_some(first, first_got));
  const Descriptor second = connected(second_got);
  tell(v6_flow(), pattern(50'000));
  server_.mirror->stop();
  server_.mirror.reset();
  EXPECT_EQ(read_to_end(second, second_got, v6_flow()), pattern(50'000));
  while (read_some(first, first_got)) {
  }
  EXPECT_EQ(read_pcapng(first_got).frames.size(), 6 + read_pcapng(second_got).frames.size());
}

TEST_F(ServerMirrorTest, MoreThanSoManyAreTurnedAwayAndADeadOneMakesRoom) {
  server_.mirror.reset();
  open({.listen = *SocketAddress::parse("127.0.0.1:0"), .interface_name = "live", .clients_max = 1});
  std::vector<std::byte> got;
  std::optional<Descriptor> first(connected(got));
  std::vector<std::byte> nothing;
  EXPECT_FALSE(read_some(connect(), nothing));
  first.reset();
  // Its end is noticed within the next rounds; until then the next is turned away like the second.
  while (nothing.empty()) read_some(connect(), nothing);
  server_.mirror->stop();
  EXPECT_EQ(warnings_, 1);
}

TEST_F(ServerMirrorTest, AClientThatDoesNotReadLosesPacketsThatAreCountedAndHoldsUpNobody) {
  server_.mirror.reset();
  open({.listen = *SocketAddress::parse("127.0.0.1:0"), .interface_name = "live", .waiting_max = 100'000});
  std::vector<std::byte> idle_got;
  const Descriptor idle = connected(idle_got);
  tell(v4_flow(), pattern(30'000'000));
  server_.mirror->stop();
  EXPECT_GT(server_.mirror->counters().lost_write, 1'000U);
  EXPECT_EQ(server_.mirror->counters().lost_queue, 0U);
}

TEST_F(ServerMirrorTest, WithoutClientsNothingIsLost) {
  tell(v4_flow(), pattern(1'000'000));
  server_.mirror->stop();
  EXPECT_EQ(server_.mirror->counters().packets, 0U);
  EXPECT_EQ(server_.mirror->counters().lost_write, 0U);
}

TEST_F(ServerMirrorTest, APortThatIsTakenIsAnErrorAtTheStart) {
  const auto second = open_server_mirror({.listen = server_.address}, clock_, [](std::string_view) {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error(), "cannot listen on " + server_.address.text() + ": Address already in use");
}

}  // namespace
}  // namespace limpid::tool
