// The states of a connection (RFC 9293 §3.3.2), and which may follow which.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/edges.h"

namespace limpid::tcp {

enum class State : std::uint8_t {
  kSynSent,
  kSynReceived,
  kEstablished,
  kFinWait1,
  kFinWait2,
  kCloseWait,
  kClosing,
  kLastAck,
  kTimeWait,
  kClosed,
};

/// The operator's words: "SYN_SENT", "SYN_RCV", "EST", "FIN_WAIT_1" … "TIME_WAIT", "CLOSED".
std::string_view name(State state);

// RFC 9293 §3.3.2, and the ways to CLOSED by reset, abort and time-out.
inline constexpr Edges<State, 22> kStateEdges{{{
    {State::kSynSent, State::kEstablished},     {State::kSynSent, State::kSynReceived},  // simultaneous open
    {State::kSynReceived, State::kEstablished}, {State::kSynReceived, State::kFinWait1},
    {State::kEstablished, State::kFinWait1},   // our user finishes first
    {State::kEstablished, State::kCloseWait},  // the peer's FIN is reached
    {State::kFinWait1, State::kFinWait2},      // our FIN is acknowledged
    {State::kFinWait1, State::kClosing},       // both FINs crossed
    {State::kFinWait2, State::kTimeWait},       {State::kClosing, State::kTimeWait},
    {State::kCloseWait, State::kLastAck},       {State::kLastAck, State::kClosed},
    {State::kTimeWait, State::kClosed},         {State::kSynSent, State::kClosed},
    {State::kSynReceived, State::kClosed},      {State::kEstablished, State::kClosed},
    {State::kFinWait1, State::kClosed},         {State::kFinWait2, State::kClosed},
    {State::kCloseWait, State::kClosed},        {State::kClosing, State::kClosed},
    {State::kSynReceived, State::kCloseWait},   {State::kSynSent, State::kFinWait1},
}}};
static_assert(!kStateEdges.allow(State::kTimeWait, State::kEstablished),
              "a finished connection does not come back");
static_assert(!kStateEdges.allow(State::kEstablished, State::kTimeWait), "both FINs are needed");

}  // namespace limpid::tcp
