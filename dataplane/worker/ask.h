// ask(): how the control plane reads what belongs to a worker: a question that is answered on the worker's
// thread between two bursts. Not for the data plane: the asker waits.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "dataplane/worker/worker.h"

namespace limpid::worker {

/// Any thread but a worker's, here and below. The question may be executed after the asker has given up, so
/// it owns whatever it refers to, or that outlives the worker.
template <typename Answer>
std::future<Answer> put(Worker& worker, std::function<Answer(Worker&)> question) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  const bool posted = worker.post([promise = std::move(promise), question = std::move(question)](
                                      Worker& asked) { promise->set_value(question(asked)); });
  return posted ? std::move(answer) : std::future<Answer>();
}

/// Nullopt where the worker does not answer in time, or has ended.
template <typename Answer>
std::optional<Answer> answer_within(std::future<Answer>& answer, std::chrono::milliseconds at_most) {
  if (!answer.valid() || answer.wait_for(at_most) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

template <typename Answer>
std::optional<Answer> ask(Worker& worker, std::function<Answer(Worker&)> question,
                          std::chrono::milliseconds at_most) {
  std::future<Answer> answer = put<Answer>(worker, std::move(question));
  return answer_within(answer, at_most);
}

}  // namespace limpid::worker
