// RelayChain: the way of a session's plaintext between its legs: a relay where there are no inline tools,
// else one in front of each tool and one behind the last.
//
//   client leg <-relay-> Ta  tool  Tb <-relay-> Ta  tool  Tb <-relay-> server leg
//
// What breaks first names the culprit; the rest follows as resets through the tools, and is cut where a tool
// does not pass those on. Owned by one TlsSession; the worker's thread; reads no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/tool/inline_tool.h"
#include "tls_proxy/passage_engine.h"
#include "tls_proxy/relay.h"

namespace limpid::tls {

class RelayChain {
 public:
  /// How the chain was broken off, if it was.
  struct Break {
    enum class Who : std::uint8_t { kClient, kServer, kTool };
    Who who = Who::kClient;
    std::size_t tool = 0;  // its place in the chain
    TlsEngine::Read how = TlsEngine::Read::kBroken;
    bool after_end = false;  // that end had already ended its direction: nothing of it is lost
  };
  enum class Opening : std::uint8_t { kWait, kOpen, kFailed };

  RelayChain();
  ~RelayChain();

  /// A tool at this place, counted from the client. Before the first run().
  void insert(std::size_t place, std::unique_ptr<tool::Passage> passage);
  /// Whether all tools are ready; kFailed: one is not and never will be.
  Opening opening() const;
  /// After kFailed: the first that failed.
  std::size_t failed_tool() const;
  tool::Passage& passage(std::size_t place) { return *links_[place]->passage; }
  std::size_t tools() const { return links_.size(); }
  /// Goes on without that tool. Before the first run().
  void leave_out(std::size_t place);

  /// Only after opening() was kOpen.
  void run(Relay::Legs legs, MutableBytes scratch, RelayObserver& observer, Instant now);
  /// Both directions have ended on both legs, or what broke has been passed on.
  bool ended() const { return ended_; }
  std::optional<Break> broken() const;
  /// Why the tool of broken() or failed_tool() failed.
  Reason tool_failure(std::size_t place) const;
  bool tool_down(std::size_t place) const { return links_[place]->passage->tool_down(); }

  /// Lets the tools' connections send. After every run(), and while they open or end.
  void service(Instant now);
  /// Resets the tools' connections.
  void abort();
  /// Lets go of the tools; what has not ended by itself is reset. Nothing but deadline() and service() after.
  void drop();
  /// The tools' connections have nothing left to do.
  bool over() const;
  Instant deadline() const;
  std::size_t chunks() const;
  /// In the operator's notation: Ta of the first tool, Tb of the last; empty without tools.
  std::string_view state_a() const { return links_.empty() ? "" : links_.front()->passage->state_a(); }
  std::string_view state_b() const { return links_.empty() ? "" : links_.back()->passage->state_b(); }

 private:
  /// A tool, and the relay behind it.
  struct Link {
    std::unique_ptr<tool::Passage> passage;
    PassageEnd from_client;
    PassageEnd from_server;
    std::optional<PassageEngine> a;
    std::optional<PassageEngine> b;
    Relay behind;
  };
  class Ends;

  Relay::Legs legs_of(std::size_t relay, Relay::Legs ends);
  Relay& relay(std::size_t number) { return number == 0 ? first_ : links_[number - 1]->behind; }
  const Relay& relay(std::size_t number) const { return number == 0 ? first_ : links_[number - 1]->behind; }
  void run_relay(std::size_t number, Relay::Legs ends, MutableBytes scratch, RelayObserver& observer,
                 Instant now);
  std::optional<Break> break_of(std::size_t number) const;
  void cut(Relay::Legs ends);

  Relay first_;
  std::vector<std::unique_ptr<Link>> links_;
  std::optional<Break> break_;
  std::size_t broken_relay_ = 0;
  Instant cut_at_ = kNever;
  bool ended_ = false;
};

}  // namespace limpid::tls
