// ReferencePeer: a deliberately simple TCP to test against, sharing no code with the endpoint: go-back-N with
// a fixed window, receives in order only, acknowledges every segment, probes closed windows in the way of
// Linux or of Windows. Slow and correct; it knows no SACK and no congestion. It is connected from the start,
// or shakes hands in its own simple way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/simulation/host.h"

namespace limpid::simulation {

/// How it comes to be connected; the numbers of the other end are then learned.
struct ReferenceHandshake {
  bool opens = false;
  bool sack = false;  // permits blocks, though it makes none and hears of none
  std::optional<std::uint16_t> mss{};
  std::optional<std::uint8_t> shift{};  // offered
  bool timestamps = false;              // offered
  Duration again = std::chrono::milliseconds{500};
};

struct ReferencePeerModel {
  std::optional<ReferenceHandshake> handshake{};
  std::uint32_t snd_nxt = 0;
  std::uint32_t rcv_nxt = 0;
  std::uint32_t peer_window = 65535;
  std::uint8_t peer_shift = 0;
  std::uint8_t shift = 0;
  std::uint32_t buffer = 32768;  // receive buffer: at least what was announced at adoption
  std::uint32_t in_flight_max = 8 * 1448;
  std::uint16_t payload_max = 1448;
  bool timestamps = false;
  std::uint32_t timestamp = 0;  // ours at time zero
  std::uint32_t peer_timestamp = 0;
  bool probes_with_data = false;  // one new byte (Windows), or an old empty position (Linux)
  Duration timeout = std::chrono::milliseconds{300};
  ApplicationModel application{};
  bool used_from_outside = false;  // by who takes stream(); the application does nothing
};

class ReferencePeer final : public Host, private tcp::ByteStream {
 public:
  ReferencePeer(const ReferencePeerModel& model, const Stream& writes, const Stream& reads, Instant now);

  void receive(const Frame& frame, Instant now) override;
  /// Its segments are as small as every path takes.
  void too_big(std::uint32_t /*seq*/, std::uint16_t /*segment_max*/) override {}
  std::optional<Complaint> run(Instant now, const Emit& emit) override;
  Instant deadline() const override;
  const Application& application() const override { return application_; }
  void expect_mask(std::byte mask) override { application_.expect_mask(mask); }
  Reason failure() const override { return failure_; }
  bool ended() const override;
  std::string describe() const override;
  std::optional<Complaint> check_end() override { return std::nullopt; }
  bool connected() const { return phase_ == Phase::kConnected; }
  /// For who uses the stream instead of an application, before each run().
  tcp::ByteStream& stream() { return *this; }

 private:
  enum class Phase : std::uint8_t { kListening, kSynSent, kSynReceived, kConnected };

  std::size_t readable() const override { return inbox_.size(); }
  Bytes peek() const override { return as_bytes(inbox_); }
  std::size_t copy_front(MutableBytes into) const override;
  void consume(std::size_t size) override;
  bool finished() const override { return fin_received_ && inbox_.empty(); }
  std::size_t credit() const override { return outbox_.size() < 65536 ? 65536 - outbox_.size() : 0; }
  std::size_t write(Bytes bytes) override;
  void finish() override { finishing_ = true; }
  std::size_t unacknowledged() const override { return outbox_.size(); }
  void abort() override;

  void begin(Instant now);
  void fail();
  wire::Timestamps stamps(Instant now) const;
  void take_connected(const Frame& frame, Instant now);
  bool shake_hands(const Frame& frame, Instant now);
  void agree(const Frame& syn, Instant now);
  void send_syn(Instant now, const Emit& emit);
  void take_ack(const Frame& frame, Instant now);
  void take_text(const Frame& frame);
  Frame header(Instant now);
  void send_text(Instant now, const Emit& emit);
  std::uint32_t sent() const { return snd_nxt_ - snd_una_; }

  ReferencePeerModel model_;
  Application application_;
  std::string inbox_;   // received in order, not read
  std::string outbox_;  // not acknowledged; begins at snd_una_
  std::uint32_t snd_una_;
  std::uint32_t snd_nxt_;
  std::uint32_t snd_max_;
  std::uint32_t snd_edge_;
  std::uint32_t rcv_nxt_;
  std::uint32_t rcv_edge_;
  std::uint32_t ts_recent_;
  Phase phase_ = Phase::kConnected;
  Instant syn_at_ = kNever;  // SYN or SYN-ACK goes out, again perhaps
  Instant timeout_at_ = kNever;
  Duration timeout_;
  Reason failure_ = Reason::none;
  bool acknowledge_ = false;
  bool finishing_ = false;
  bool fin_sent_ = false;
  bool fin_acknowledged_ = false;
  bool fin_received_ = false;
  bool probe_ = false;
  bool reset_ = false;
  bool closed_ = false;
};

}  // namespace limpid::simulation
