#include "config/conditions.h"

#include <gtest/gtest.h>

#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

/// What is said of one value under a key of a rule's conditions.
std::string said_of(const std::string& key, const std::string& value) {
  return said_with("policy: { rules: [ { then: pass, when: { " + key + ": " + value + " } } ] }\n");
}

TEST(Conditions, TakeOneValueOrAListOfThem) {
  EXPECT_EQ(said_of("server", "192.0.2.1"), "");
  EXPECT_EQ(said_of("server", "[192.0.2.1, \"2001:db8::/32\"]"), "");
  EXPECT_EQ(said_of("server_port", "[443, 8000-9000]"), "");
  EXPECT_EQ(said_of("sni", "[shop.example, \"*.Shop.Example\"]"), "");
}

TEST(Conditions, SayWhichPartIsWrong) {
  EXPECT_NE(said_of("server", "192.0.2.1/24").find("as in 192.0.2.0/24"), std::string::npos);
  EXPECT_NE(said_of("server", "\"192.0.2.1:443\"").find("leave the port out"), std::string::npos);
  EXPECT_NE(said_of("server_port", "9000-8000").find("begins above its end"), std::string::npos);
  EXPECT_NE(said_of("server_port", "70000").find("is out of range"), std::string::npos);
  EXPECT_NE(said_of("sni", "\"a..b\"").find("is not a host pattern"), std::string::npos);
}

}  // namespace
}  // namespace limpid::config
