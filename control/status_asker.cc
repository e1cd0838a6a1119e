#include "control/status_asker.h"

#include <optional>
#include <utility>

#include "tls_proxy/certificate/status_question.h"

namespace limpid::control {

StatusAsker::StatusAsker(certificate::LiveStatus& live, Get get, Warn warn)
    : get_(std::move(get)), warn_(std::move(warn)) {
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads_.emplace_back([this, &live](const std::stop_token& stop) {
      while (const std::optional<std::string> question = live.next(stop)) put(live, *question);
    });
  }
}

void StatusAsker::put(certificate::LiveStatus& live, const std::string& question) {
  using certificate::LiveStatus;
  const Result<std::string, HttpFailure> body = get_(question);
  const auto heard = [&body]() -> LiveStatus::Body {
    if (body) return *body;
    return Failure{body.error().silent ? LiveStatus::None::kSilence : LiveStatus::None::kRefusal};
  };
  if (live.answer(question, heard())) return;
  const std::string line = "asking " + certificate::responder_of(question) +
                           " whether a certificate is revoked: " +
                           (body ? std::string("its answer says nothing of use") : body.error().sentence);
  const std::lock_guard held(lock_);
  if (said_.first(line)) warn_(line);
}

}  // namespace limpid::control
