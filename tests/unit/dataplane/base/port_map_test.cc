#include "dataplane/base/port_map.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(PortMap, SaysWhatIsSeenOfThePortsInItAndLeavesAllOthers) {
  const PortMap ports({{8'443, 8'080}, {443, 80}, {65'535, 1}});
  EXPECT_EQ(ports.of(443), 80);
  EXPECT_EQ(ports.of(8'443), 8'080);
  EXPECT_EQ(ports.of(65'535), 1);
  for (const int port : {1, 80, 442, 444, 8'080, 65'534})
    EXPECT_EQ(ports.of(static_cast<std::uint16_t>(port)), port);
  EXPECT_EQ(PortMap().of(443), 443);
}

TEST(PortMap, IsTheSameWhateverTheOrderItWasWrittenIn) {
  EXPECT_EQ(PortMap({{1, 2}, {3, 4}}), PortMap({{3, 4}, {1, 2}}));
}

}  // namespace
}  // namespace limpid
