// Greeting: the handshake in front of an endpoint, which itself begins with a connection that is there: one
// end of the wire of a whole-box run. It sends its SYN or SYN-ACK until that is answered.
#pragma once

#include <optional>

#include "dataplane/tcp/endpoint_settings.h"
#include "tests/simulation/host.h"

namespace limpid::simulation {

struct GreetingModel {
  bool opens = false;
  std::uint32_t isn = 0;
  std::uint16_t window = 65535;
  wire::TcpOptions syn{};  // what is offered; the timestamp's value is the clock at time zero
  bool ecn = false;
  tcp::Leg leg = tcp::Leg::kClient;
  Duration again = std::chrono::milliseconds{300};
};

class Greeting {
 public:
  Greeting(const GreetingModel& model, Instant now) : model_(model), send_at_(model.opens ? now : kNever) {}

  /// True where the segment is one for the connection that is there now.
  bool receive(const Frame& frame, Instant now);
  void run(Instant now, const Emit& emit);
  Instant deadline() const { return adoption_ || refused_ ? kNever : send_at_; }
  /// What was agreed, once there is a connection.
  const std::optional<tcp::Adoption>& adoption() const { return adoption_; }
  bool refused() const { return refused_; }

 private:
  bool receive_syn(const Frame& frame, Instant now);
  void agree(Instant now);
  Frame own_syn(Instant now) const;
  std::uint32_t clock(Instant now) const;

  GreetingModel model_;
  Instant send_at_;
  std::optional<Frame> heard_{};  // the other end's SYN or SYN-ACK
  std::optional<tcp::Adoption> adoption_{};
  bool acknowledge_ = false;  // the third segment is due
  bool refused_ = false;
};

}  // namespace limpid::simulation
