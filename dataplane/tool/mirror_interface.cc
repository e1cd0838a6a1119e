#include "dataplane/tool/mirror_interface.h"

#include "dataplane/tool/mirror_story.h"

namespace limpid::tool {

class InterfaceMirror::Tap final : public PlaintextTap, private FrameSink {
 public:
  Tap(InterfaceMirror& mirror, const FlowFacts& facts, WallTime when)
      : mirror_(mirror), last_(when), story_(facts, when, *this) {}
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;
  ~Tap() override { story_.tell_over(last_, *this); }

  void on_bytes(Direction direction, Bytes bytes, WallTime when) override {
    last_ = when;
    story_.tell_bytes(direction, bytes, when, *this);
  }
  void on_end(Direction direction, WallTime when) override {
    last_ = when;
    story_.tell_end(direction, when, *this);
  }
  void on_reset(Direction direction, WallTime when) override {
    last_ = when;
    story_.tell_reset(direction, when, *this);
  }

 private:
  void on_frame(Bytes frame, WallTime) override {
    if (!mirror_.output_.send(frame)) {
      ++mirror_.counters_.lost_queue;
      return;
    }
    ++mirror_.counters_.packets;
    mirror_.counters_.bytes += frame.size();
  }

  InterfaceMirror& mirror_;
  WallTime last_;
  TcpStory story_;
};

std::unique_ptr<PlaintextTap> InterfaceMirror::open(const FlowFacts& facts, WallTime when) {
  ++counters_.sessions;
  return std::make_unique<Tap>(*this, facts, when);
}

}  // namespace limpid::tool
