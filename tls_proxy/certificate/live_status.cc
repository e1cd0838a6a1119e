#include "tls_proxy/certificate/live_status.h"

#include <algorithm>

#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/stapled_response.h"

namespace limpid::certificate {

LiveStatus::Answer LiveStatus::ask(const std::string& question) {
  const std::lock_guard held(lock_);
  if (const Known* known = known_.find(question)) {
    if (known->awaited) return {.what = Answer::What::kAwaited};
    const bool good = !known->response.empty() && clock_.wall() < known->until;
    if (good) return {Answer::What::kKnown, known->response};
    if (clock_.now() < known->again) return {};
  }
  if (waiting_.size() >= kWaitingMax) return {};
  waiting_.push_back(question);
  known_.put(question, Known{.response = {}, .awaited = true}, question.size());
  asked_.notify_one();
  return {.what = Answer::What::kAwaited};
}

void LiveStatus::refuse(const std::string& question) {
  const std::lock_guard held(lock_);
  fail(question);
}

std::optional<std::string> LiveStatus::next(const std::stop_token& stop) {
  std::unique_lock held(lock_);
  if (!asked_.wait(held, stop, [this] { return !waiting_.empty(); })) return std::nullopt;
  std::string question = std::move(waiting_.front());
  waiting_.pop_front();
  return question;
}

bool LiveStatus::answer(const std::string& question, const Result<std::string, std::string>& body) {
  const WallTime wall = clock_.wall();
  const bool usable = body.ok() && body->size() <= PresentedChain::kStapleBytesMax;
  const std::optional<WallTime> until = usable ? in_time_until(*body, wall) : std::nullopt;
  const std::lock_guard held(lock_);
  if (until) {
    known_.put(question, Known{.response = *body, .until = std::min<WallTime>(*until, wall + kKeptMax)},
               question.size() + body->size());
  } else {
    fail(question);
  }
  return until.has_value();
}

void LiveStatus::fail(const std::string& question) {
  known_.put(question, Known{.response = {}, .again = clock_.now() + kAskAgainAfter}, question.size());
}

}  // namespace limpid::certificate
