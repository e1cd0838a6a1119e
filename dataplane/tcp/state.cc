#include "dataplane/tcp/state.h"

namespace limpid::tcp {

std::string_view name(State state) {
  switch (state) {
    case State::kSynSent:
      return "SYN_SENT";
    case State::kSynReceived:
      return "SYN_RCV";
    case State::kEstablished:
      return "EST";
    case State::kFinWait1:
      return "FIN_WAIT_1";
    case State::kFinWait2:
      return "FIN_WAIT_2";
    case State::kCloseWait:
      return "CLOSE_WAIT";
    case State::kClosing:
      return "CLOSING";
    case State::kLastAck:
      return "LAST_ACK";
    case State::kTimeWait:
      return "TIME_WAIT";
    case State::kClosed:
      return "CLOSED";
  }
  return "?";
}

}  // namespace limpid::tcp
