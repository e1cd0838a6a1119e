#include "dataplane/tool/mirror_interface.h"

#include "dataplane/tool/session_copy.h"

namespace limpid::tool {

class InterfaceMirror::Tap final : public PlaintextTap, private FrameSink {
 public:
  Tap(InterfaceMirror& mirror, const FlowFacts& facts, WallTime when)
      : mirror_(mirror),
        last_(when),
        copy_(facts, when, SessionCopy::Surroundings{*this, mirror.masking_.get()}) {}
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;
  ~Tap() override { copy_.on_over(last_); }

  void on_bytes(Direction direction, Bytes bytes, WallTime when) override {
    last_ = when;
    copy_.on_bytes(direction, bytes, when);
  }
  void on_end(Direction direction, WallTime when) override {
    last_ = when;
    copy_.on_end(direction, when);
  }
  void on_reset(Direction direction, WallTime when) override {
    last_ = when;
    copy_.on_reset(direction, when);
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
  SessionCopy copy_;
};

std::unique_ptr<PlaintextTap> InterfaceMirror::open(const FlowFacts& facts, WallTime when) {
  ++counters_.sessions;
  return std::make_unique<Tap>(*this, facts, when);
}

}  // namespace limpid::tool
