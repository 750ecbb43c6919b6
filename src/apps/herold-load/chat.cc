// The chat scenario: two users a pair throw messages back and forth, so many under way at a time.
#include <utility>

#include "apps/herold-load/scenario.h"
#include "apps/herold-load/stanza_text.h"
#include "xml/writer.h"

namespace herold::load {
namespace {

// One session's message, whole but for its mark; the mark stands in the body and serves as id.
struct Template {
  std::string text;
  std::size_t body_at = 0;
  std::uint32_t number = 0;
};

class Chat final : public Scenario {
 public:
  explicit Chat(Worker& worker) : Scenario(worker) { make_sessions(); }

  void prepare() override { sign_in(0, worker_.share().sessions); }

  void on_all_ready() override {
    began_ = worker_.now();
    for (const auto& session : sessions_)
      templates_.push_back(make_template(partner(*session).address()));
    for (std::size_t i = 0; i < sessions_.size(); i += 2) {
      for (unsigned n = 0; n < options().window; ++n) send(*sessions_[i]);
    }
    worker_.after(options().warmup, [this] { worker_.arrive(); });
  }

  void measure() override {
    if (counters_.done == 0 && options().warmup > Milliseconds(0))
      return worker_.fail("no message has arrived during the warm-up");
    counters_.done = counters_.sent = 0;
    counters_.latency.clear();
    is_measuring_ = true;
    worker_.after(options().duration, [this] { end_measuring(); });
  }

  void finish() override {
    if (under_way_ == 0) return leave_all();
    is_draining_ = true;
    // Far longer than anything may be under way; what is missing then is lost.
    worker_.after(Seconds(5), [this] { end_draining(); });
  }

  void on_stanza(Session& session, StanzaKind kind, std::string_view stanza) override {
    if (kind != StanzaKind::message) return;
    const auto mark = find_mark(stanza);
    // Older ones were waiting since another run.
    if (!mark || templates_.empty() || mark->sent < began_) return;
    if (attribute(stanza, "type") == "error")
      return worker_.fail("a message came back: " + std::string(stanza.substr(0, 400)));
    worker_.note_progress();
    --under_way_;
    if (is_measuring_ || !has_ended_) {
      ++counters_.done;
      counters_.latency.add(worker_.now() - mark->sent);
    }
    if (!has_ended_) send(session);
    if (is_measuring_ && counters_.done == worker_.share().count) end_measuring();
    if (is_draining_ && under_way_ == 0) end_draining();
  }

 private:
  Session& partner(const Session& session) {
    return *sessions_[(session.number() - worker_.share().first) ^ 1u];
  }

  Template make_template(const std::string& to) const {
    Template made;
    std::string escaped;
    xml::append_attribute_value(escaped, to);
    const std::string mark(Mark::size, ' ');
    made.text = "<message to=\"" + escaped + "\" type=\"chat\" id=\"" + mark + "\"><body>" + mark;
    made.body_at = made.text.size() - Mark::size;
    if (options().size > Mark::size) made.text.append(options().size - Mark::size, 'x');
    made.text += "</body></message>";
    return made;
  }

  void send(Session& session) {
    Template& message = templates_[session.number() - worker_.share().first];
    const Mark mark{worker_.now(), message.number++};
    const std::size_t id_at = message.body_at - std::string_view("\"><body>").size() - Mark::size;
    mark.write(message.text.data() + message.body_at);
    mark.write(message.text.data() + id_at);
    session.send_stanza(message.text);
    ++counters_.sent;
    ++under_way_;
  }

  void end_measuring() {
    if (has_ended_) return;
    has_ended_ = true;
    is_measuring_ = false;
    worker_.arrive();
  }

  void end_draining() {
    if (!std::exchange(is_draining_, false)) return;
    counters_.lost = under_way_;
    leave_all();
  }

  std::vector<Template> templates_;  // by session
  MonotonicTime began_{};
  std::uint64_t under_way_ = 0;
  bool is_measuring_ = false;
  bool has_ended_ = false;  // measuring: nobody answers any more
  bool is_draining_ = false;
};

}  // namespace

std::unique_ptr<Scenario> make_chat(Worker& worker) { return std::make_unique<Chat>(worker); }

}  // namespace herold::load
