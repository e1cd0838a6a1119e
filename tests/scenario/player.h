// Plays one script to one subject and judges what comes back.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/scenario/subject.h"

namespace limpid::scenario {

class Player {
 public:
  Player(const Script& script, Subject& subject);
  /// Stops at the first step that fails, with a GTest failure at its line and the transcript.
  void play();

 private:
  using Complaint = std::string;  // empty: none

  Complaint run(const Inject& step);
  Complaint run(const Expect& step);
  Complaint run(const ExpectText& step);
  Complaint run(const ExpectSilence& step);
  Complaint run(const Wait& step);
  Complaint run(const Ignore& step);
  Complaint run(const Write& step);
  Complaint run(const Read& step);
  Complaint run(const Close& step);
  Complaint run(const Abort& step);
  Complaint run(const Keepalive& step);
  Complaint run(const TooBig& step);
  Complaint run(const ExpectState& step);
  Complaint run(const ExpectReadable& step);
  Complaint run(const ExpectUnacknowledged& step);
  Complaint run(const ExpectFinished& step);
  Complaint run(const ExpectFailure& step);
  Complaint run(const ExpectCount& step);

  Complaint nothing_left();
  Complaint take(const Within& within, Sent& into);
  Complaint differs(const SegmentText& expected, const Frame& frame) const;
  Complaint differs_in_options(const SegmentText& expected, const Frame& frame) const;
  void note_sent(const Sent& sent);
  void note_injected(const SegmentText& text, const Frame& frame);
  void add_options(const SegmentText& text, Frame& frame) const;
  Frame compose(const SegmentText& text) const;
  std::uint32_t ours(const Position& position) const;
  std::uint32_t peers(const Position& position) const;
  void log(const char* arrow, const Frame& frame, Duration at);

  const Script& script_;
  Subject& subject_;
  std::uint32_t our_next_ = 1;   // behind all that the subject has sent
  std::uint32_t peer_next_ = 1;  // behind all that the script has injected in order
  std::uint32_t tsval_ = 0;      // the subject's last
  std::uint16_t window_;
  std::uint64_t written_ = 0;
  std::uint64_t read_ = 0;
  Duration mark_{};         // the step before
  std::string unexpected_;  // found while a segment was noted: its payload is wrong
  std::string transcript_;
};

}  // namespace limpid::scenario
