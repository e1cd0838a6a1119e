// AdversarialPeer: a reference peer whose segments are spoiled on their way out: windows of a byte or none,
// windows taken back, SACK blocks that are lies or are reneged on, other bytes where bytes have been
// acknowledged, the FIN before the text, stray resets and acknowledgements. Whatever it does, the bytes of
// its stream are those of an honest peer.
#pragma once

#include "tests/simulation/reference_peer.h"

namespace limpid::simulation {

/// Probabilities are for each segment.
struct Mischief {
  std::uint16_t window_max = 65535;  // as announced: never more
  double retracts = 0;               // announces less than before
  Duration closed_from{};            // since the start; and for so long no window at all
  Duration closed_for{};
  double sack_lies = 0;
  double reneges = 0;   // tells of what it has thrown away
  double overlaps = 0;  // begins with other bytes than were acknowledged already
  double strays = 0;    // resets and acknowledgements that are out of place
  bool fin_first = false;

  std::string describe() const;
};

class AdversarialPeer final : public Host {
 public:
  AdversarialPeer(const ReferencePeerModel& model, const Mischief& mischief, const Stream& writes,
                  const Stream& reads, std::uint64_t seed, Instant now)
      : mischief_(mischief), peer_(model, writes, reads, now), dice_(seed), start_(now) {}

  void receive(const Frame& frame, Instant now) override;
  void too_big(std::uint32_t seq, std::uint16_t segment_max) override { peer_.too_big(seq, segment_max); }
  std::optional<Complaint> run(Instant now, const Emit& emit) override;
  Instant deadline() const override;
  const Application& application() const override { return peer_.application(); }
  void expect_mask(std::byte mask) override { peer_.expect_mask(mask); }
  Reason failure() const override { return peer_.failure(); }
  bool ended() const override { return peer_.ended(); }
  std::string describe() const override { return "adversarial " + peer_.describe(); }
  std::optional<Complaint> check_end() override { return std::nullopt; }

 private:
  void spoil(Frame frame, Instant now, const Emit& emit);
  void spoil_window(Frame& frame, Instant now);
  void spoil_sack(Frame& frame);
  void lie(Frame& frame);
  void overlap(Frame& frame);
  void stray(const Frame& frame, const Emit& emit);
  bool closed(Instant now) const;

  Mischief mischief_;
  ReferencePeer peer_;
  Dice dice_;
  Instant start_;
  bool sack_agreed_ = false;
  bool sack_offered_ = false;
  bool reopens_ = false;         // the window, which its sender should hear of
  std::optional<Frame> last_{};  // an acknowledgement to repeat
  std::optional<wire::SackBlock> thrown_away_{};
  std::uint32_t first_ = 0;         // sequence number of the first byte
  std::uint32_t acknowledged_ = 0;  // by the other end
  std::uint32_t heard_end_ = 0;     // of the other end's text
};

}  // namespace limpid::simulation
