// The idle scenario: everybody signs in and is silent; memory is read before and then.
#include "apps/herold-load/scenario.h"

namespace herold::load {
namespace {

class Idle final : public Scenario {
 public:
  explicit Idle(Worker& worker) : Scenario(worker) { make_sessions(); }

  void prepare() override { worker_.arrive(); }
  void measure() override { sign_in(0, worker_.share().sessions); }
  void on_ready(Session& session) override {
    ++counters_.done;
    counters_.latency.add(worker_.now() - session.login_time());
    Scenario::on_ready(session);
  }
  void on_all_ready() override {
    worker_.after(options().duration, [this] { worker_.arrive(); });
  }
};

}  // namespace

std::unique_ptr<Scenario> make_idle(Worker& worker) { return std::make_unique<Idle>(worker); }

}  // namespace herold::load
