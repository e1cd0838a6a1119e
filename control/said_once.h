// SaidOnce: which sentences have been said lately, so that each is said once however often it comes. Bounded:
// the oldest is forgotten for a new one. Control thread.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

namespace limpid::control {

class SaidOnce {
 public:
  static constexpr std::size_t kRememberedMax = 1'024;

  /// Whether this is the first time.
  bool first(const std::string& sentence) {
    if (!said_.insert(sentence).second) return false;
    order_.push_back(sentence);
    if (order_.size() > kRememberedMax) {
      said_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  std::unordered_set<std::string> said_;
  std::deque<std::string> order_;
};

}  // namespace limpid::control
