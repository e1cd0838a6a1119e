// The life of a flow as the engine sees it: states, and which may follow which.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/edges.h"

namespace limpid::flow {

enum class FlowState : std::uint8_t {
  kSynSeen,      // a candidate's SYN is on its way to the server
  kSynAnswered,  // the server's SYN-ACK is on its way back
  kOpen,         // the handshake is complete; the first bytes are awaited
  kDialogue,     // both sides speak in the clear, and are read along
  kHeld,         // first bytes are held back until they can be judged
  kForwarded,    // only forwarded, for ever
  kClosing,      // forwarded, and both FINs or a RST were seen
  kAdopted,      // two endpoints
  kTombstone,    // an adopted flow has ended; stragglers are answered
  kDropped,      // refused, by policy or for want of a tool; whatever comes is answered with RST
};

std::string_view name(FlowState state);

/// What is not listed is a defect of ours. A flow may end in every state; a new SYN then begins a new one.
inline constexpr Edges<FlowState, 27> kFlowEdges{{{
    {FlowState::kSynSeen, FlowState::kSynAnswered},  // a SYN-ACK that answers the SYN
    {FlowState::kSynSeen,
     FlowState::kForwarded},                     // policy, a signed flow, simultaneous open, no SYN-ACK seen
    {FlowState::kSynSeen, FlowState::kDropped},  // policy
    {FlowState::kSynAnswered, FlowState::kSynAnswered},  // the SYN-ACK once more
    {FlowState::kSynAnswered,
     FlowState::kOpen},  // the client's acknowledgement, perhaps with its first bytes
    {FlowState::kSynAnswered, FlowState::kForwarded},  // it cannot be taken over, or the server speaks first
    {FlowState::kSynAnswered, FlowState::kDropped},    // the same, and policy blocks what is not known
    {FlowState::kOpen, FlowState::kHeld},              // the client's first bytes
    {FlowState::kOpen, FlowState::kForwarded},         // the server speaks first, or one side closes
    {FlowState::kOpen, FlowState::kDialogue},          // the port's connections begin in the clear
    {FlowState::kOpen, FlowState::kDropped},           // the server spoke where it may not; policy
    {FlowState::kDialogue, FlowState::kOpen},          // upgraded: the client's hello is awaited
    {FlowState::kDialogue, FlowState::kHeld},          // upgraded by the client's own bytes
    {FlowState::kDialogue, FlowState::kForwarded},     // it came to nothing
    {FlowState::kDialogue, FlowState::kDropped},       // somebody spoke where it may not; policy
    {FlowState::kDialogue, FlowState::kDialogue},      // bytes out of order, or in order again
    {FlowState::kHeld, FlowState::kDialogue},          // the first bytes begin a dialogue
    {FlowState::kHeld, FlowState::kForwarded},         // judged, and released
    {FlowState::kHeld, FlowState::kAdopted},           // judged, or adopted undecided
    {FlowState::kHeld, FlowState::kDropped},           // policy
    {FlowState::kHeld, FlowState::kClosing},           // reset by a peer
    {FlowState::kForwarded, FlowState::kClosing},      // both FINs, or a RST
    {FlowState::kForwarded, FlowState::kDropped},      // a tool that it goes through has reset it, or is down
    {FlowState::kClosing, FlowState::kClosing},        // another one
    {FlowState::kClosing, FlowState::kDropped},        // the same, while it closes
    {FlowState::kAdopted, FlowState::kTombstone},      // both endpoints and the session are done
    {FlowState::kDropped, FlowState::kDropped},        // another packet
}}};
static_assert(!kFlowEdges.allow(FlowState::kAdopted, FlowState::kForwarded), "adoption is one-way");
static_assert(!kFlowEdges.allow(FlowState::kForwarded, FlowState::kAdopted), "a passed flow stays passed");

}  // namespace limpid::flow
