// The loop of the simulator: always the earliest thing next, all of one instant as one burst, oracles after
// each step.
#include <algorithm>
#include <deque>
#include <memory>

#include "tests/simulation/scenario.h"

namespace limpid::simulation {
namespace {

constexpr std::uint64_t kStepsMax = 3'000'000;

class Run {
 public:
  Run(const Scenario& scenario, Observer* observer)
      : scenario_(scenario),
        observer_(observer),
        to_right_(scenario.to_right, scenario.seed * 2 + 1, start_),
        to_left_(scenario.to_left, scenario.seed * 2 + 2, start_),
        dice_(scenario.seed * 991) {
    const Stream rightwards{.name = scenario.seed * 977 + 1};
    const Stream leftwards{.name = scenario.seed * 983 + 500};
    left_ = std::make_unique<EndpointHost>(scenario.left, rightwards, leftwards, scenario.seed + 11, start_);
    if (scenario.right_reference) {
      right_ = std::make_unique<ReferencePeer>(*scenario.right_reference, leftwards, rightwards, start_);
    } else {
      right_ = std::make_unique<EndpointHost>(*scenario.right_endpoint, leftwards, rightwards,
                                              scenario.seed + 12, start_);
    }
  }

  RunResult play() {
    for (std::uint64_t step = 0; !result_.complaint; ++step) {
      if (step > kStepsMax) complain("does not come to an end");
      if (over() && idle()) break;
      if (!advance()) break;
      if (now_ - start_ > scenario_.bound) complain("has not ended in time");
      if (!result_.complaint) step_once();
    }
    result_.took = now_ - start_;
    result_.delivered = left_->application().read() + right_->application().read();
    result_.log = "left:  " + left_->describe() + "\nright: " + right_->describe() + "\n";
    left_->cover(result_.coverage);
    right_->cover(result_.coverage);
    if (!result_.complaint) check_outcome(*left_, *right_, "left");
    if (!result_.complaint) check_outcome(*right_, *left_, "right");
    if (!result_.complaint) note(left_->check_end(), "left ");
    if (!result_.complaint) note(right_->check_end(), "right ");
    return result_;
  }

 private:
  void complain(const Complaint& complaint) {
    if (!result_.complaint) result_.complaint = complaint;
  }
  void note(const std::optional<Complaint>& complaint, const std::string& who) {
    if (complaint) complain(who + *complaint);
  }
  bool over() const { return left_->ended() && right_->ended(); }
  // Only TIME_WAIT is left to wait for: nothing is on the wire, and both applications have read everything.
  bool idle() const {
    return to_left_.next_arrival() == kNever && to_right_.next_arrival() == kNever &&
           left_->application().deadline() == kNever && right_->application().deadline() == kNever;
  }

  // To the next thing that happens; false where nothing ever will.
  bool advance() {
    Instant next =
        std::min({to_left_.next_arrival(), to_right_.next_arrival(), left_->deadline(), right_->deadline()});
    if (!reports_.empty()) next = std::min(next, reports_.front().at);
    if (first_) next = start_;
    first_ = false;
    if (!healed_ && next - start_ > scenario_.heals_after) {
      to_left_.heal();
      to_right_.heal();
      healed_ = true;
    }
    if (next == kNever) return false;
    now_ = std::max(now_, next);
    return true;
  }

  void step_once() {
    report();
    while (auto frame = to_left_.arrived(now_)) left_->receive(*frame, now_);
    while (auto frame = to_right_.arrived(now_)) right_->receive(*frame, now_);
    note(left_->run(now_, [this](Frame frame) { emit(to_right_, *left_, std::move(frame)); }), "left ");
    note(right_->run(now_, [this](Frame frame) { emit(to_left_, *right_, std::move(frame)); }), "right ");
  }

  void emit(Link& link, Host& sender, Frame frame) {
    ++result_.frames;
    if (observer_ != nullptr) observer_->on_frame(&sender == left_.get(), frame, now_);
    const std::uint32_t seq = frame.seq;
    const std::optional<std::uint16_t> mtu = link.send(std::move(frame), now_).told_mtu;
    if (mtu) reports_.push_back({now_ + scenario_.to_right.delay, &sender, seq, *mtu});
    if (dice_.chance(scenario_.lies)) {  // of somebody who does not know the numbers, or only nearly
      const bool near = dice_.chance(0.5);
      const auto wrong = static_cast<std::uint32_t>(near ? seq - dice_.between(1, 200'000) : dice_.next());
      reports_.push_back({now_, &sender, wrong, static_cast<std::uint16_t>(dice_.between(68, 9000))});
    }
  }

  // In the order in which they were made, which is all but that of their times.
  void report() {
    while (!reports_.empty() && reports_.front().at <= now_) {
      const Report& report = reports_.front();
      if (observer_ != nullptr) observer_->on_too_big(report.seq, report.mtu, now_);
      report.to->too_big(report.seq, static_cast<std::uint16_t>(report.mtu - 40));
      reports_.pop_front();
    }
  }

  void check_outcome(const Host& host, const Host& other, const std::string& who) {
    const bool aborted = host.application().aborted() || other.application().aborted();
    const Application& application = host.application();
    if (application.saw_end() &&
        (application.read() != other.application().written() || !other.application().finish_called())) {
      return complain(who + " saw an end that is none");
    }
    if (aborted) return;
    if (host.failure() != Reason::none)
      return complain(who + " failed: " + std::string(name(host.failure())));
    if (application.read() != other.application().model().bytes)
      return complain(who + " did not get everything");
    if (!application.saw_end()) return complain(who + " did not see the end");
  }

  struct Report {  // ICMP on its way
    Instant at;
    Host* to;
    std::uint32_t seq;
    std::uint16_t mtu;
  };

  const Scenario& scenario_;
  Instant start_{std::chrono::seconds{1000}};
  Observer* observer_;  // may be null
  Link to_right_;
  Link to_left_;
  std::unique_ptr<Host> left_;
  std::unique_ptr<Host> right_;
  Dice dice_;
  std::deque<Report> reports_;
  Instant now_ = start_;
  bool first_ = true;
  bool healed_ = false;
  RunResult result_;
};

}  // namespace

void Coverage::add(const Coverage& other) {
  recoveries += other.recoveries;
  timeouts += other.timeouts;
  tail_probes += other.tail_probes;
  undone += other.undone;
  echoed += other.echoed;
  narrowed += other.narrowed;
}

RunResult run(const Scenario& scenario, Observer* observer) { return Run(scenario, observer).play(); }

}  // namespace limpid::simulation
