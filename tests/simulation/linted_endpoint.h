// LintedEndpoint: the endpoint under test with its stream memory, a sink that now and then has no packet
// buffer, and the lint on its wire. Whoever uses its stream comes between run_timers() and flush().
#pragma once

#include <optional>

#include "dataplane/tcp/endpoint.h"
#include "tests/simulation/host.h"
#include "tests/simulation/wire_lint.h"

namespace limpid::simulation {

struct LintedEndpointModel {
  tcp::EndpointSettings settings{};
  tcp::Adoption adoption{};
  std::size_t chunks_max = 65'536;
  double no_packet = 0;       // the sink refuses with this probability
  std::size_t burst = 16384;  // the most that is written at once
};

class LintedEndpoint {
 public:
  LintedEndpoint(const LintedEndpointModel& model, const Stream& writes, std::uint64_t seed, Instant now);

  void receive(const Frame& frame, Instant now);
  void too_big(std::uint32_t seq, std::uint16_t segment_max);
  void run_timers(Instant now);
  /// Sends what is due, and judges how the endpoint stands then.
  std::optional<Complaint> flush(Instant now, const Emit& emit);
  void expect_reset() { lint_.expect_reset(); }
  /// Over, but for TIME_WAIT.
  bool ended() const;
  std::string describe() const;
  void cover(Coverage& into) const;
  /// The last call: nothing may be left behind.
  std::optional<Complaint> check_end();
  tcp::Endpoint& endpoint() { return *endpoint_; }
  const tcp::Endpoint& endpoint() const { return *endpoint_; }

 private:
  std::optional<Complaint> check(Instant now) const;
  std::size_t chunks_cap() const;

  LintedEndpointModel model_;
  tcp::ChunkPool pool_;
  std::optional<tcp::Endpoint> endpoint_;
  WireLint lint_;
  Dice dice_;
};

}  // namespace limpid::simulation
