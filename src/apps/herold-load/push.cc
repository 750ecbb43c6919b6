// The push scenario: messages for users who are away, and what wakes their phones (XEP-0357).
#include <utility>

#include "apps/herold-load/scenario.h"
#include "apps/herold-load/stanza_text.h"

namespace herold::load {
namespace {

// Three users belong together: who writes, who is away, and a client that plays the app's service
// and is told. The next message follows when the service has heard of the one before.
class Push final : public Scenario {
 public:
  explicit Push(Worker& worker) : Scenario(worker), sent_(worker.share().sessions / members) {
    make_sessions();
  }

  void prepare() override { sign_in(0, worker_.share().sessions); }

  void on_all_ready() override {
    for (unsigned trio = 0; trio < sent_.size(); ++trio)
      away(trio).send_stanza("<iq type='set' id='load-push'><enable xmlns='urn:xmpp:push:0' jid='" +
                             service(trio).address() + "' node='load'/></iq>");
  }

  void on_left(Session& session) override {
    if (has_begun_) return Scenario::on_left(session);
    worker_.note_progress();
    if (++left_ < sent_.size()) return;
    // Servers need a moment until they know that a client is gone.
    worker_.after(Seconds(1), [this] { begin(); });
  }

  void measure() override {
    if (counters_.done == 0 && options().warmup > Milliseconds(0))
      return worker_.fail("nobody was told of a message during the warm-up");
    counters_.done = counters_.sent = 0;
    counters_.latency.clear();
    worker_.after(options().duration, [this] { end_measuring(); });
  }

  void on_stanza(Session& session, StanzaKind kind, std::string_view stanza) override {
    const unsigned index = session.number() - worker_.share().first;
    const unsigned trio = index / members;
    if (kind == StanzaKind::message && attribute(stanza, "type") == "error")
      return worker_.fail("a message came back: " + std::string(stanza.substr(0, 400)));
    if (kind != StanzaKind::iq) return;
    if (index % members == 1) return take_enabled(session, stanza);
    const bool is_news = index % members == 2 && attribute(stanza, "type") == "set" &&
                         stanza.find("urn:xmpp:push") != stanza.npos;
    if (!is_news || !has_begun_ || has_ended_) return;
    worker_.note_progress();
    ++counters_.done;
    counters_.latency.add(worker_.now() - sent_[trio]);
    send(trio);
  }

 private:
  static constexpr unsigned members = 3;

  Session& writer(unsigned trio) { return *sessions_[trio * members]; }
  Session& away(unsigned trio) { return *sessions_[trio * members + 1]; }
  Session& service(unsigned trio) { return *sessions_[trio * members + 2]; }

  void take_enabled(Session& session, std::string_view stanza) {
    if (attribute(stanza, "id") != "load-push") return;
    if (attribute(stanza, "type") != "result")
      return worker_.fail("push was refused: " + std::string(stanza.substr(0, 400)));
    session.leave();
  }

  void begin() {
    has_begun_ = true;
    for (unsigned trio = 0; trio < sent_.size(); ++trio) send(trio);
    worker_.after(options().warmup, [this] { worker_.arrive(); });
  }

  void send(unsigned trio) {
    sent_[trio] = worker_.now();
    std::string body = Mark{sent_[trio], trio}.text();
    if (options().size > Mark::size) body.append(options().size - Mark::size, 'x');
    const std::string& to = away(trio).address();
    writer(trio).send_stanza("<message to='" + to.substr(0, to.find('/')) + "' type='chat' id='" +
                             body.substr(0, Mark::size) + "'><body>" + body + "</body></message>");
    ++counters_.sent;
  }

  void end_measuring() {
    if (std::exchange(has_ended_, true)) return;
    worker_.arrive();
  }

  std::vector<MonotonicTime> sent_;  // by trio
  std::size_t left_ = 0;
  bool has_begun_ = false;
  bool has_ended_ = false;
};

}  // namespace

std::unique_ptr<Scenario> make_push(Worker& worker) { return std::make_unique<Push>(worker); }

}  // namespace herold::load
