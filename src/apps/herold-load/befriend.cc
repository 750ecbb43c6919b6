// The befriend scenario: everybody in a circle subscribes to everybody else (RFC 6121 section 3).
#include <charconv>

#include "apps/herold-load/scenario.h"
#include "apps/herold-load/stanza_text.h"

namespace herold::load {
namespace {

// One circle after the other. Of two users the one with the lower number asks first; both rosters
// say in the end that the subscription is mutual.
class Befriend final : public Scenario {
 public:
  explicit Befriend(Worker& worker) : Scenario(worker), members_(worker.options().contacts + 1) {
    make_sessions();
  }

  void prepare() override { worker_.arrive(); }
  void measure() override { begin_circle(); }
  void finish() override { worker_.arrive(); }

  void on_ready(Session& session) override {
    read_items(session, session.roster());
    counters_.existing += friends_at(session).count;
    Scenario::on_ready(session);
  }

  void on_all_ready() override {
    for (unsigned asking = 0; asking < members_; ++asking) {
      for (unsigned asked = asking + 1; asked < members_; ++asked) {
        if (!friends_[asking].is_mutual[asked] || !friends_[asked].is_mutual[asking])
          tell(*sessions_[circle_ + asking], circle_ + asked, "subscribe");
      }
    }
    has_asked_ = true;
    leave_if_done();
  }

  void on_stanza(Session& session, StanzaKind kind, std::string_view stanza) override {
    if (kind == StanzaKind::iq) {
      read_items(session, stanza);
      return leave_if_done();
    }
    if (kind != StanzaKind::presence || attribute(stanza, "type") != "subscribe") return;
    const auto from = index_of(attribute(stanza, "from"));
    if (!from) return;
    tell(session, circle_ + *from, "subscribed");
    if (circle_ + *from < session.number() - worker_.share().first)
      tell(session, circle_ + *from, "subscribe");
  }

  void on_all_left() override {
    circle_ += members_;
    begin_circle();
  }

 private:
  struct Friends {
    std::vector<bool> is_mutual;  // by place in the circle
    unsigned count = 0;
  };

  void begin_circle() {
    if (circle_ >= sessions_.size()) return worker_.arrive();
    friends_.assign(members_, Friends{std::vector<bool>(members_), 0});
    has_asked_ = false;
    sign_in(circle_, circle_ + members_);
  }

  Friends& friends_at(const Session& session) {
    return friends_[session.number() - worker_.share().first - circle_];
  }

  void tell(Session& session, unsigned index, std::string_view type) {
    session.send_stanza("<presence to='" + options().user(worker_.share().first + index) + "@" +
                        options().domain + "' type='" + std::string(type) + "'/>");
  }

  // The place in this circle of a bare or full address.
  std::optional<unsigned> index_of(std::string_view address) const {
    const std::string_view local = address.substr(0, address.find('@'));
    const std::size_t at = options().users.find("%d");
    if (local.size() <= at) return {};
    unsigned number = 0;
    std::from_chars(local.data() + at, local.data() + local.size(), number);
    const unsigned begin = worker_.share().first + circle_;
    if (number < begin || number >= begin + members_) return {};
    return number - begin;
  }

  // Items of a roster or of a push.
  void read_items(Session& session, std::string_view iq) {
    for (std::size_t at = 0; (at = iq.find("<item", at)) != iq.npos; ++at) {
      const std::string_view item = iq.substr(at);
      const auto contact = index_of(attribute(item, "jid"));
      if (!contact || attribute(item, "subscription") != "both") continue;
      Friends& friends = friends_at(session);
      if (friends.is_mutual[*contact]) continue;
      friends.is_mutual[*contact] = true;
      ++friends.count;
      ++counters_.done;
      worker_.note_progress();
    }
  }

  void leave_if_done() {
    if (!has_asked_) return;
    for (const Friends& friends : friends_) {
      if (friends.count < members_ - 1) return;
    }
    has_asked_ = false;
    leave_all();
  }

  const unsigned members_;
  unsigned circle_ = 0;           // index of its first session
  std::vector<Friends> friends_;  // by place in the circle
  bool has_asked_ = false;
};

}  // namespace

std::unique_ptr<Scenario> make_befriend(Worker& worker) {
  return std::make_unique<Befriend>(worker);
}

}  // namespace herold::load
