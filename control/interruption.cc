#include "control/interruption.h"

#include <chrono>
#include <csignal>
#include <ctime>

namespace limpid::control {

namespace {

sigset_t ending() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Interruption::Interruption() {
  const sigset_t set = ending();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

bool Interruption::within(Duration time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const timespec most{seconds.count(), static_cast<long>((time - seconds).count())};
  const sigset_t set = ending();
  return sigtimedwait(&set, nullptr, &most) > 0;
}

}  // namespace limpid::control
