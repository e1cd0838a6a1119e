// limpid beside what is known of the recordings (truth.jsonl), flow by flow: what it knows better or cannot
// know is on a list here, with the reason, and the list holds nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "tests/unit/tls_proxy/recordings/replay.h"
#include "tls_proxy/certificate/fingerprint.h"
#include "tls_proxy/certificate/server_handshake_observer.h"

namespace limpid::testing {
namespace {

using tls::FirstBytes;

class KnownFlows : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kRecordings)) GTEST_SKIP() << kRecordings << " is not there";
    known_ = known_flows();
    ASSERT_FALSE(known_.empty());
  }
  std::vector<KnownFlow> known_;
};

/// Flows where it is otherwise than the truth has it, and why.
class Otherwise {
 public:
  Otherwise(std::initializer_list<std::pair<const std::string, std::string_view>> reasons)
      : reasons_(reasons) {}
  ~Otherwise() {
    for (const auto& [flow, reason] : reasons_) {
      EXPECT_TRUE(used_.contains(flow))
          << flow << " is as it is known: take it off the list (" << reason << ")";
    }
  }
  Otherwise(const Otherwise&) = delete;
  Otherwise& operator=(const Otherwise&) = delete;

  /// `as_known`, or else on the list.
  void expect(bool as_known, const KnownFlow& known, const std::string& found) {
    if (as_known) return;
    EXPECT_TRUE(reasons_.contains(known.text())) << known.text() << ": " << found;
    used_.insert(known.text());
  }

 private:
  std::map<std::string, std::string_view> reasons_;
  std::set<std::string> used_;
};

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& each : list) text += each + " ";
  return text.empty() ? "nothing" : text;
}

TEST_F(KnownFlows, AllAreInTheRecordings) {
  Otherwise otherwise{{"wireshark-tls/wireguard-ping-tcp-dsb.pcapng 10.10.0.1:49472->178.21.112.251:443",
                       "recorded within WireGuard, and decrypted by whoever wrote the truth"}};
  for (const KnownFlow& known : known_) otherwise.expect(!recorded(known).empty(), known, "not recorded");
  std::cout << known_.size() << " flows are known\n";
}

TEST_F(KnownFlows, EveryUpgradeIsRecognisedAndLeadsToAClientHello) {
  Otherwise otherwise{
      {"zeek-tls/tls/https-to-http.pcap 127.0.0.1:50382->127.0.0.1:80", "no upgrade: HTTP answers TLS"},
      {"zeek-tls/tls/ssl-to-http-server.pcap 192.168.1.108:62561->87.240.132.72:80", "likewise"},
      {"zeek-tls/tls/tls-1.2-protocol-error.pcap 192.168.4.149:53525->74.125.239.37:443",
       "no upgrade: TLS from the first byte on, answered with what is no TLS"},
      {"zeek-tls/websocket/wstunnel-https.pcap 127.0.0.1:39992->127.0.0.1:8888",
       "TLS in masked frames of WebSocket: no bytes of a ClientHello are on the wire"}};
  int recognised = 0;
  for (const KnownFlow& known : known_) {
    if (known.upgrade.empty()) continue;
    const SpokenUpgrade* upgrade = upgrade_of(known);
    bool good = upgrade != nullptr;
    for (const RecordedFlow& flow : recorded(known)) {
      tls::ClientHello hello;
      if (upgrade == nullptr) continue;
      const Replayed replayed = replay(flow, upgrade->protocol);
      good = good && replayed.found.kind == tls::Finding::Kind::kUpgraded &&
             first_bytes_of(replayed.behind, hello) == FirstBytes::kComplete;
    }
    recognised += good ? 1 : 0;
    otherwise.expect(good, known, "no upgrade by " + known.upgrade);
  }
  std::cout << recognised << " upgrades are recognised\n";
}

TEST_F(KnownFlows, EveryClientHelloIsReadWithTheNameThatItAsksFor) {
  std::size_t hellos = 0;
  std::size_t names = 0;
  for (const KnownFlow& known : known_) {
    std::vector<std::string> found;
    const std::vector<RecordedFlow> flows = recorded(known);  // none: a test above speaks of it
    for (const RecordedFlow& flow : flows) {
      tls::ClientHello hello;
      const FirstBytes first = first_bytes_of(tls_turns(known, flow), hello);
      const FirstBytes right = known.hellos == 0 ? FirstBytes::kNotTls
                               : known.ssl2      ? FirstBytes::kSsl2
                                                 : FirstBytes::kComplete;
      EXPECT_EQ(first, right) << known.text();
      hellos += first == FirstBytes::kComplete ? 1 : 0;
      if (hello.sni) found.push_back(*hello.sni);
    }
    if (flows.empty()) continue;
    EXPECT_EQ(found, known.names) << known.text();
    names += found.size();
  }
  std::cout << hellos << " ClientHellos, " << names << " names\n";
}

std::vector<std::string> certificates_of(const std::vector<RecordedTurn>& turns) {
  certificate::ServerHandshakeObserver observer;
  for (const RecordedTurn& turn : turns) {
    if (!turn.of_client) observer.on_bytes(as_bytes(turn.bytes));
  }
  std::vector<std::string> found;
  for (const std::string& der : observer.chain())
    found.push_back(certificate::hex(certificate::fingerprint_of(der)));
  return found;
}

TEST_F(KnownFlows, AClearHandshakeShowsTheCertificatesOfItsServerAndNoOtherShowsAny) {
  Otherwise otherwise{
      {"zeek-tls/tls/tls-fragmented-handshake.pcap.gz 192.168.6.86:61454->104.236.167.107:4433",
       "one certificate of 340 KB, of thousands of names: the observer keeps 64 KB of a handshake"}};
  std::size_t certificates = 0;
  for (const KnownFlow& known : known_) {
    std::vector<std::string> found;
    const std::vector<RecordedFlow> flows = recorded(known);
    for (const RecordedFlow& flow : flows) {
      for (std::string& each : certificates_of(tls_turns(known, flow))) found.push_back(std::move(each));
    }
    certificates += found.size();
    otherwise.expect(flows.empty() || found == known.certificates, known, joined(found));
  }
  std::cout << certificates << " certificates\n";
}

}  // namespace
}  // namespace limpid::testing
