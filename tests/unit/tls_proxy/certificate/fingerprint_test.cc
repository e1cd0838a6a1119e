#include "tls_proxy/certificate/fingerprint.h"

#include <gtest/gtest.h>

#include <thread>

namespace limpid::certificate {
namespace {

// NIST's examples of SHA-256 (FIPS 180-4).
constexpr std::string_view kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Fingerprint, IsTheSha256OfTheBytes) {
  EXPECT_EQ(hex(fingerprint_of("abc")), kOfAbc);
  EXPECT_EQ(hex(fingerprint_of("")), kOfNothing);
}

TEST(Fingerprint, DoesNotDependOnWhatWasDigestedBefore) {
  const Fingerprint first = fingerprint_of("abc");
  fingerprint_of(std::string(100'000, 'x'));
  EXPECT_EQ(fingerprint_of("abc"), first);
}

TEST(Fingerprint, IsTheSameOnEveryThread) {
  Fingerprint other{};
  std::thread([&other] { other = fingerprint_of("abc"); }).join();
  EXPECT_EQ(hex(other), kOfAbc);
}

}  // namespace
}  // namespace limpid::certificate
