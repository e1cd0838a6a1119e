#include "dataplane/nic/interface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpid::nic {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Interface, NamesTheOneThatDoesNotExist) {
  const auto facts = look_at_interface("nosuch0");
  ASSERT_FALSE(facts.ok());
  EXPECT_THAT(facts.error(), HasSubstr("nosuch0 does not exist"));
}

TEST(Interface, RefusesNamesThatTheKernelCannotHave) {
  EXPECT_FALSE(look_at_interface("").ok());
  EXPECT_FALSE(look_at_interface("a-name-much-too-long").ok());
}

TEST(Interface, RefusesWhatIsNotEthernet) {
  const auto facts = look_at_interface("lo");
  ASSERT_FALSE(facts.ok());
  EXPECT_THAT(facts.error(), HasSubstr("not an Ethernet interface"));
}

TEST(Interface, SaysWhichOffloadsToTurnOffAndHow) {
  InterfaceFacts facts;
  facts.veth = true;
  facts.transmit_checksum = facts.gro = facts.tso = true;
  EXPECT_THAT(offload_warning("d0", facts), HasSubstr("ethtool -K d0 tx off tso off gro off"));
}

TEST(Interface, ThatIsNotThereCannotBeSetUpOrDown) {
  for (const bool up : {false, true}) {
    const auto done = set_interface("no-such-if", up);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error(), HasSubstr("interface no-such-if cannot be set"));
  }
}

TEST(Interface, DoesNotMindTheTransmitOffloadsOfAHardwarePort) {
  InterfaceFacts facts;
  facts.transmit_checksum = facts.receive_checksum = facts.tso = facts.gso = true;
  EXPECT_THAT(offload_warning("eno1", facts), IsEmpty());
  facts.gro = true;
  EXPECT_THAT(offload_warning("eno1", facts), HasSubstr("ethtool -K eno1 gro off"));
}

}  // namespace
}  // namespace limpid::nic
