// A second opinion on what mirrors write: tshark. Visibly skipped where it is not installed.
#include <array>
#include <cstdio>

#include "dataplane/base/system_clock.h"
#include "dataplane/tool/mirror_pcapng.h"
#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::tool {
namespace {

std::string output_of(const std::string& command) {
  std::string output;
  // NOLINTNEXTLINE(cert-env33-c): the command is this test's own, and tshark has no other door
  FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> piece{};
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), pipe))
    output.append(piece.data(), size);
  ::pclose(pipe);
  return output;
}

class TsharkTest : public testing::Test {
 protected:
  void SetUp() override {
    if (output_of("tshark --version").empty()) GTEST_SKIP() << "tshark is not installed";
  }

  /// An HTTP dialogue over port 443, as the demo shows it.
  void record(FlowFacts facts) {
    auto mirror =
        open_pcapng_mirror({.path = path_, .interface_name = "recorder"}, clock_, [](std::string_view) {});
    ASSERT_TRUE(mirror.ok()) << mirror.error();
    {
      const auto tap = (*mirror)->for_worker(0).open(facts, moment());
      tap->on_bytes(Direction::kFromClient, as_bytes(kRequest), moment(1'000'000));
      const std::string body = pattern(50'000);
      const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 50000\r\n\r\n";
      tap->on_bytes(Direction::kFromServer, as_bytes(head + body), moment(2'000'000));
      tap->on_end(Direction::kFromServer, moment(3'000'000));
      tap->on_end(Direction::kFromClient, moment(4'000'000));
    }
    (*mirror)->stop();
  }
  std::string tshark(const std::string& arguments) {
    return output_of("tshark -n -r " + path_ + " -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE " +
                     arguments);
  }

  static constexpr std::string_view kRequest = "GET /hello HTTP/1.1\r\nHost: shop.example\r\n\r\n";
  TemporaryFolder folder_;
  std::string path_ = folder_.file("plain.pcapng");
  SystemClock clock_;
};

TEST_F(TsharkTest, FollowsASessionWithoutRemarks) {
  FlowFacts vlan = v4_flow();
  vlan.vlan = 42;
  vlan.client.port = 50'001;
  record(v4_flow());
  record(v6_flow());
  record(vlan);
  EXPECT_EQ(
      tshark(
          "-Y 'tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed'"),
      "");
  EXPECT_EQ(tshark("-Y 'vlan.id == 42 && tcp.flags.syn == 1 && tcp.flags.ack == 0' -T fields -e tcp.srcport"),
            "50001\n");
}

// Port 443 means TLS to tshark: -d tells it that this file holds the plaintext.
TEST_F(TsharkTest, ReadsHttpOnPort443WhereItIsToldSo) {
  record(v4_flow());
  EXPECT_EQ(
      tshark(
          "-d tcp.port==443,http -Y http -T fields -e http.host -e http.request.uri -e http.response.code"),
      "shop.example\t/hello\t\n\t\t200\n");
}

TEST_F(TsharkTest, PutsTheSamePlaintextTogether) {
  record(v6_flow());
  const std::string followed = tshark("-q -z follow,tcp,ascii,0");
  EXPECT_THAT(followed, testing::HasSubstr(pattern(1'000)));
  const std::string sizes = tshark("-q -z conv,tcp");
  EXPECT_FALSE(sizes.empty());
}

TEST_F(TsharkTest, ShowsTheTimesAsTheyWereGiven) {
  record(v4_flow());
  EXPECT_EQ(tshark("-Y 'frame.number == 1' -T fields -e frame.time_epoch"), "1795176000.000000123\n");
}

}  // namespace
}  // namespace limpid::tool
