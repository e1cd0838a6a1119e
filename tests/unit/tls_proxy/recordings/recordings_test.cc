// Every file in ../shared/data/pcaps is read, and what is no TLS is taken for none.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <set>

#include "tests/unit/tls_proxy/recordings/replay.h"

namespace limpid::testing {
namespace {

using policy::UpgradeProtocol;
using tls::FirstBytes;

class Recordings : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kRecordings)) GTEST_SKIP() << kRecordings << " is not there";
  }
};

/// No packet of TCP was recorded on any of these.
const std::map<unsigned, std::string_view>& links_not_read() {
  static const std::map<unsigned, std::string_view> kLinks{
      {6, "Token Ring"}, {105, "802.11"}, {107, "Frame Relay"}, {127, "802.11 with its radio's data"},
      {230, "802.15.4"}, {235, "DVB-CI"}};
  return kLinks;
}

TEST_F(Recordings, EveryFileIsReadToItsEnd) {
  std::set<unsigned> not_read;
  for (const std::string& file : recorded_files()) {
    const CaptureEnd end = read_recording(kRecordings / file).end;
    EXPECT_EQ(end.trouble, "") << file;
    for (const unsigned link : end.links_not_read) {
      EXPECT_TRUE(links_not_read().contains(link)) << file << " has packets of link " << link;
      EXPECT_TRUE(is_without_tls(file)) << file;
      not_read.insert(link);
    }
  }
  for (const auto& [link, name] : links_not_read())
    EXPECT_TRUE(not_read.contains(link)) << name << " is nowhere: take it off the list";
}

/// What one side says first; nullopt: nothing.
std::optional<FirstBytes> judged(const std::vector<RecordedTurn>& turns) {
  tls::ClientHello hello;
  const bool speaks =
      std::any_of(turns.begin(), turns.end(), [](const RecordedTurn& turn) { return turn.of_client; });
  return speaks ? std::optional(first_bytes_of(turns, hello)) : std::nullopt;
}

TEST_F(Recordings, NothingIsTakenForTlsThatIsNone) {
  std::size_t sides = 0;
  for (const std::string& file : recorded_files()) {
    if (!is_without_tls(file)) continue;
    for (const RecordedFlow& flow : read_recording(kRecordings / file).flows) {
      // Either side, as it is not always recorded which of them is the client.
      for (const RecordedFlow& side : {flow, turned(flow)}) {
        const std::optional<FirstBytes> first = judged(side.turns);
        EXPECT_EQ(first.value_or(FirstBytes::kNotTls), FirstBytes::kNotTls) << file << " " << side.name;
        sides += first ? 1 : 0;
        for (const auto& protocol :
             {std::optional<UpgradeProtocol>(), policy::usual_protocol(side.server_port)}) {
          EXPECT_EQ(judged(replay(side, protocol).behind).value_or(FirstBytes::kNotTls), FirstBytes::kNotTls)
              << file << " " << side.name << ", behind an upgrade";
        }
      }
    }
  }
  std::cout << sides << " sides of flows say something that is no TLS\n";
  EXPECT_GT(sides, 0U);
}

TEST_F(Recordings, NoFlowIsRefused) {
  for (const std::string& file : recorded_files()) {
    for (const RecordedFlow& flow : read_recording(kRecordings / file).flows) {
      for (const auto& protocol :
           {std::optional<UpgradeProtocol>(), policy::usual_protocol(flow.server_port)}) {
        EXPECT_NE(replay(flow, protocol).found.kind, tls::Finding::Kind::kViolation)
            << file << " " << flow.name;
      }
    }
  }
}

}  // namespace
}  // namespace limpid::testing
