// The rooms scenario: writers of each room speak, all its occupants hear them (XEP-0045).
#include <deque>
#include <utility>

#include "apps/herold-load/scenario.h"
#include "apps/herold-load/stanza_text.h"
#include "xml/writer.h"

namespace herold::load {
namespace {

constexpr std::string_view form_id = "load-room";

// A message that goes round: its writer sends the next one when all occupants have it.
struct Slot {
  unsigned writer = 0;   // index of the session
  unsigned missing = 0;  // occupants that have not got it
  MonotonicTime sent{};
};

class Rooms final : public Scenario {
 public:
  explicit Rooms(Worker& worker) : Scenario(worker), places_(worker.share().sessions) {
    make_sessions();
    // Never the rooms of another run, whose occupants may not be gone yet.
    const auto run = std::to_string(worker.now().time_since_epoch().count());
    for (unsigned i = 0; i < sessions_.size(); ++i) {
      const unsigned user = worker.share().first + i;
      places_[i].room =
          "room" + std::to_string(user / options().occupants) + "-" + run + "@" + options().service;
      places_[i].address = places_[i].room + "/" + options().user(user);
      if (i % options().occupants == 0)
        to_enter_.push_front(i);  // the first one makes the room
      else
        to_enter_.push_back(i);
    }
  }

  void prepare() override { sign_in(0, worker_.share().sessions); }
  void on_all_ready() override { worker_.arrive(); }

  void enter() override {
    for (unsigned i = 0; i < options().parallel; ++i) enter_next();
  }

  void warm_up() override {
    began_ = worker_.now();
    for (unsigned room = 0; room < sessions_.size(); room += options().occupants)
      for (unsigned writer = 0; writer < options().writers; ++writer)
        for (unsigned n = 0; n < options().window; ++n) slots_.push_back({.writer = room + writer});
    for (unsigned slot = 0; slot < slots_.size(); ++slot) send(slot);
    worker_.after(options().warmup, [this] { worker_.arrive(); });
  }

  void measure() override {
    counters_.done = counters_.sent = 0;
    counters_.latency.clear();
    worker_.after(options().duration, [this] { end_measuring(); });
  }

  void finish() override {
    if (under_way() == 0) return leave_all();
    is_draining_ = true;
    // Far longer than anything may be under way; what is missing then is lost.
    worker_.after(Seconds(5), [this] { end_draining(); });
  }

  void on_stanza(Session& session, StanzaKind kind, std::string_view stanza) override {
    if (kind == StanzaKind::message) return take_message(stanza);
    if (kind == StanzaKind::presence) return take_presence(session, stanza);
    if (attribute(stanza, "id") == form_id) take_form_answer(session, stanza);
  }

  std::string describe() const override {
    return Scenario::describe() + ", " + std::to_string(counters_.entered.count()) + " entered, " +
           std::to_string(counters_.presences) + " presences";
  }

 private:
  struct Place {
    std::string room, address;  // of the room, and under the own nickname
    MonotonicTime entering{};   // when it asked to enter
    bool is_in = false;
  };

  unsigned index_of(const Session& session) const {
    return session.number() - worker_.share().first;
  }

  // --- entering (sections 7.2 and 10.1) ---

  // The creators, who stand first in the queue, are in before anybody else knocks.
  void enter_next() {
    if (to_enter_.empty()) return;
    const unsigned index = to_enter_.front();
    const bool is_creator = index % options().occupants == 0;
    if (!is_creator && open_rooms_ < sessions_.size() / options().occupants) return;
    to_enter_.pop_front();
    places_[index].entering = worker_.now();
    sessions_[index]->send_stanza(
        "<presence to='" + places_[index].address +
        "'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>");
  }

  void take_presence(Session& session, std::string_view stanza) {
    const unsigned index = index_of(session);
    Place& place = places_[index];
    const std::string_view from = attribute(stanza, "from");
    if (!from.starts_with(place.room)) return;  // a contact's
    ++counters_.presences;
    worker_.note_progress();
    if (place.is_in || from != place.address) return;
    if (!attribute(stanza, "type").empty())
      return worker_.fail("entering was refused: " + std::string(stanza.substr(0, 400)));
    place.is_in = true;
    counters_.entered.add(worker_.now() - place.entering);
    if (index % options().occupants == 0) return configure(session);
    go_on_entering();
  }

  void configure(Session& session) {
    std::string fields;
    const auto field = [&](std::string_view name, std::string_view value) {
      fields.append("<field var='").append(name).append("'><value>");
      fields.append(value).append("</value></field>");
    };
    field("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig");
    constexpr unsigned many = 200;  // what servers allow unasked
    if (options().occupants >= many)
      field("muc#roomconfig_maxusers", std::to_string(options().occupants + 1));
    if (options().shown == ShownKind::moderators)
      field("muc#roomconfig_presencebroadcast", "moderator");
    for (const std::string& more : options().room_fields) {
      const std::size_t equals = more.find('=');
      field(std::string_view(more).substr(0, equals), std::string_view(more).substr(equals + 1));
    }
    session.send_stanza("<iq type='set' id='" + std::string(form_id) + "' to='" +
                        places_[index_of(session)].room +
                        "'><query xmlns='http://jabber.org/protocol/muc#owner'>"
                        "<x xmlns='jabber:x:data' type='submit'>" +
                        fields + "</x></query></iq>");
  }

  void take_form_answer(Session&, std::string_view stanza) {
    if (attribute(stanza, "type") != "result")
      return worker_.fail("the room's form was refused: " + std::string(stanza.substr(0, 400)));
    ++open_rooms_;
    if (open_rooms_ * options().occupants == sessions_.size() && to_enter_.size() > 0)
      for (unsigned i = 0; i < options().parallel; ++i) enter_next();
    go_on_entering();
  }

  void go_on_entering() {
    enter_next();
    if (counters_.entered.count() == sessions_.size() &&
        open_rooms_ * options().occupants == sessions_.size())
      await_quiet();
  }

  // Until nobody hears of anybody any more.
  void await_quiet() {
    worker_.after(Milliseconds(200), [this, seen = counters_.presences] {
      if (counters_.presences != seen) return await_quiet();
      worker_.arrive();
    });
  }

  // --- speaking (section 7.4) ---

  void send(unsigned number) {
    Slot& slot = slots_[number];
    slot.sent = worker_.now();
    slot.missing = options().occupants;
    const std::string mark = Mark{slot.sent, number}.text();
    std::string message = "<message to='" + places_[slot.writer].room + "' type='groupchat' id='" +
                          mark + "'><body>" + mark;
    if (options().size > Mark::size) message.append(options().size - Mark::size, 'x');
    sessions_[slot.writer]->send_stanza(message.append("</body></message>"));
    ++counters_.sent;
  }

  void take_message(std::string_view stanza) {
    const auto mark = find_mark(stanza);
    if (!mark || slots_.empty() || mark->sent < began_ || mark->number >= slots_.size()) return;
    if (attribute(stanza, "type") == "error")
      return worker_.fail("a message came back: " + std::string(stanza.substr(0, 400)));
    Slot& slot = slots_[mark->number];
    if (slot.sent != mark->sent || slot.missing == 0)
      return worker_.fail("a message came twice: " + std::string(stanza.substr(0, 400)));
    worker_.note_progress();
    --slot.missing;
    if (!has_ended_) {
      ++counters_.done;
      counters_.latency.add(worker_.now() - mark->sent);
      if (slot.missing == 0) send(mark->number);
    }
    if (is_draining_ && under_way() == 0) end_draining();
  }

  std::uint64_t under_way() const {
    std::uint64_t sum = 0;
    for (const Slot& slot : slots_) sum += slot.missing;
    return sum;
  }

  void end_measuring() {
    if (std::exchange(has_ended_, true)) return;
    worker_.arrive();
  }

  void end_draining() {
    if (!std::exchange(is_draining_, false)) return;
    counters_.lost = under_way();
    leave_all();
  }

  std::vector<Place> places_;  // by session
  std::deque<unsigned> to_enter_;
  std::vector<Slot> slots_;
  unsigned open_rooms_ = 0;
  MonotonicTime began_{};
  bool has_ended_ = false;
  bool is_draining_ = false;
};

}  // namespace

std::unique_ptr<Scenario> make_rooms(Worker& worker) { return std::make_unique<Rooms>(worker); }

}  // namespace herold::load
