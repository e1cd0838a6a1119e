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

/// Any thread but a worker's. Nullopt where the worker does not answer in time (or has ended); the question
/// may then still be executed later, so it owns whatever it refers to.
template <typename Answer>
std::optional<Answer> ask(Worker& worker, std::function<Answer(Worker&)> question,
                          std::chrono::milliseconds at_most) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  const bool posted = worker.post([promise = std::move(promise), question = std::move(question)](
                                      Worker& asked) { promise->set_value(question(asked)); });
  if (!posted || answer.wait_for(at_most) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

}  // namespace limpid::worker
