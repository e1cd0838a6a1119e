#include "tls_proxy/certificate/live_status.h"

#include <algorithm>

#include "tls_proxy/certificate/presented_chain.h"
#include "tls_proxy/certificate/stapled_response.h"
#include "tls_proxy/certificate/status_question.h"

namespace limpid::certificate {

LiveStatus::Answer LiveStatus::ask(const std::string& question) {
  const std::lock_guard held(lock_);
  if (const Known* known = known_.find(question)) {
    if (known->awaited) return {.what = Answer::What::kAwaited};
    const bool good = !known->response.empty() && clock_.wall() < known->until;
    if (good) return {Answer::What::kKnown, known->response};
    if (clock_.now() < known->again) return {};
  }
  if (waiting_.size() >= kWaitingMax || is_silent(responder_of(question))) return {};
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
  std::optional<std::string> question;
  asked_.wait(held, stop, [&] {
    question = take();
    return question.has_value();
  });
  return question;
}

/// The first whose responder has time for it. What nobody would answer is not asked.
std::optional<std::string> LiveStatus::take() {
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    const std::string responder = responder_of(*each);
    const bool silent = is_silent(responder);
    if (!silent && asked_at_once_[responder] >= kAtOnce) {
      ++each;
      continue;
    }
    std::string question = std::move(*each);
    each = waiting_.erase(each);
    if (silent) {
      fail(question);
      continue;
    }
    ++asked_at_once_[responder];
    return question;
  }
  return std::nullopt;
}

bool LiveStatus::is_silent(const std::string& responder) {
  const Instant* until = silent_.find(responder);
  return until != nullptr && clock_.now() < *until;
}

bool LiveStatus::answer(const std::string& question, const Body& body) {
  const WallTime wall = clock_.wall();
  const bool usable = body.ok() && body->size() <= PresentedChain::kStapleBytesMax;
  const std::optional<WallTime> until = usable ? in_time_until(*body, wall) : std::nullopt;
  const std::string responder = responder_of(question);
  const std::lock_guard held(lock_);
  if (const auto put = asked_at_once_.find(responder); put != asked_at_once_.end() && --put->second == 0)
    asked_at_once_.erase(put);
  const bool silent = !body.ok() && body.error() == None::kSilence;
  if (silent) silent_.put(responder, clock_.now() + kAskAgainAfter);
  asked_.notify_all();
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
