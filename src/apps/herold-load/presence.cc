// The presence scenario: users of a circle change their presence in turn; all contacts are told.
#include <utility>

#include "apps/herold-load/scenario.h"
#include "apps/herold-load/stanza_text.h"

namespace herold::load {
namespace {

class Presence final : public Scenario {
 public:
  explicit Presence(Worker& worker) : Scenario(worker), missing_(worker.share().sessions) {
    make_sessions();
  }

  void prepare() override { sign_in(0, worker_.share().sessions); }

  void on_all_ready() override {
    began_ = worker_.now();
    has_begun_ = true;
    if (counters_.fewest_contacts < options().contacts)
      return worker_.fail("a roster has only " + std::to_string(counters_.fewest_contacts) +
                          " contacts; the befriend scenario makes them");
    for (unsigned circle = 0; circle < sessions_.size(); circle += options().contacts + 1) {
      for (unsigned i = 0; i < options().window; ++i) broadcast(circle + i);
    }
    worker_.after(options().warmup, [this] { worker_.arrive(); });
  }

  void measure() override {
    if (counters_.done == 0 && options().warmup > Milliseconds(0))
      return worker_.fail("no presence has arrived during the warm-up");
    counters_.done = counters_.sent = 0;
    counters_.latency.clear();
    worker_.after(options().duration, [this] { end_measuring(); });
  }

  void on_stanza(Session& session, StanzaKind kind, std::string_view stanza) override {
    if (kind != StanzaKind::presence || !has_begun_ || has_ended_) return;
    const auto mark = find_mark(stanza);
    // A contact may still show what it said in another run.
    if (!mark || mark->sent < began_ || mark->number >= missing_.size()) return;
    worker_.note_progress();
    ++counters_.done;
    counters_.latency.add(worker_.now() - mark->sent);
    // Servers also tell the sender itself, some do not: that delivery counts but none waits for it.
    const bool is_own = session.number() - worker_.share().first == mark->number;
    if (!is_own && missing_[mark->number] > 0 && --missing_[mark->number] == 0)
      broadcast(following(mark->number));
    if (counters_.done == worker_.share().count) end_measuring();
  }

 private:
  // The next in the circle who is not under way already: `window` of them go round.
  unsigned following(unsigned index) const {
    const unsigned members = options().contacts + 1;
    const unsigned circle = index - index % members;
    unsigned next = index;
    do {
      next = circle + (next + 1) % members;
    } while (missing_[next] != 0);
    return next;
  }

  void broadcast(unsigned index) {
    missing_[index] = options().contacts;
    sessions_[index]->send_stanza("<presence><show>away</show><status>" +
                                  Mark{worker_.now(), index}.text() + "</status></presence>");
    ++counters_.sent;
  }

  void end_measuring() {
    if (std::exchange(has_ended_, true)) return;
    worker_.arrive();
  }

  std::vector<unsigned> missing_;  // by session: deliveries of its broadcast that are under way
  MonotonicTime began_{};
  bool has_begun_ = false;
  bool has_ended_ = false;
};

}  // namespace

std::unique_ptr<Scenario> make_presence(Worker& worker) {
  return std::make_unique<Presence>(worker);
}

}  // namespace herold::load
