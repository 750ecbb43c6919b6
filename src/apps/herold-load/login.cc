// The login scenario: sign in, roster, presence, leave; so many at a time, again and again.
#include <deque>

#include "apps/herold-load/scenario.h"

namespace herold::load {
namespace {

class Login final : public Scenario {
 public:
  explicit Login(Worker& worker) : Scenario(worker) {
    make_sessions();
    for (const auto& session : sessions_) free_.push_back(session.get());
  }

  // The warm-up counts in logins here.
  void prepare() override {
    run(static_cast<std::uint64_t>(options().warmup / Milliseconds(1000)));
  }
  void measure() override {
    counters_ = {};
    run(worker_.share().count);
  }

  void on_ready(Session& session) override {
    worker_.note_progress();
    counters_.latency.add(worker_.now() - session.login_time());
    note_roster(session);
    session.leave();
  }
  // A login has cost what it costs when the server has also let the session go.
  void on_left(Session& session) override {
    worker_.note_progress();
    ++counters_.done;
    free_.push_back(&session);
    if (begun_ < target_) return begin_next();
    if (counters_.done == target_) worker_.arrive();
  }

 private:
  void run(std::uint64_t count) {
    begun_ = 0;
    target_ = count;
    counters_.done = 0;
    if (count == 0) return worker_.arrive();
    for (unsigned i = 0; i < options().parallel; ++i) begin_next();
  }
  void begin_next() {
    if (begun_ == target_ || free_.empty()) return;
    ++begun_;
    Session* session = free_.front();
    free_.pop_front();
    session->login();
  }

  std::deque<Session*> free_;
  std::uint64_t begun_ = 0, target_ = 0;
};

}  // namespace

std::unique_ptr<Scenario> make_login(Worker& worker) { return std::make_unique<Login>(worker); }

}  // namespace herold::load
