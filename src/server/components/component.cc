// What goes to a component: in order, until it is known to have it.
#include "server/components/component.h"

#include <algorithm>

#include "server/components/component_wire.h"
#include "server/components/components.h"
#include "server/components/privileges.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

// In a room nobody is left when its service comes back, so what is said there cannot wait.
bool can_wait(const Stanza& stanza) {
  return stanza.id != 0 && !stanza.head.is(MessageType::groupchat);
}

}  // namespace

Component::Component(Components& all, ComponentConfig config)
    : all_(all), config_(std::move(config)), line_(all.shard().limits(), component_line) {}

Component::~Component() = default;

void Component::send(Stanza stanza) {
  Shard& shard = all_.shard();
  if (stanza.head.is(PresenceType::unavailable)) told_.left(stanza.head.from, stanza.head.to);
  if (wire_ == nullptr) {
    if (!can_wait(stanza)) return refuse(stanza);
    stanza.late = stanza.late || stanza.kind() == StanzaKind::message;
  }
  switch (line_.push(stanza, shard.now())) {
    case WaitingLine::Taken::kept:
      break;
    case WaitingLine::Taken::no_room:
      return refuse(stanza);
    case WaitingLine::Taken::full:
      return shard.bounce(stanza, {Condition::resource_constraint,
                                   "Too much waits for " + config_.name + " already"});
  }
  all_.watch();
  feed();
}

// Nobody waits for an answer to his leaving.
void Component::refuse(const Stanza& stanza) {
  Shard& shard = all_.shard();
  if (stanza.head.is(PresenceType::unavailable) || stanza.head.is(PresenceType::probe)) return;
  shard.bounce(stanza, StanzaError(Condition::service_unavailable, config_.name + " is away")
                           .with_type(xmpp::ErrorType::wait));
}

// --- its stream ----------------------------------------------------------------------------------

void Component::opened(ComponentWire& wire) {
  wire_ = &wire;
  answers_ = Answers::perhaps;
  for (const Stanza& word : advertisements(config_)) wire_->write_stanza(word);
  show_presence();
  feed();
}

// XEP-0356 section 6.2: of those who are there already.
void Component::show_presence() {
  if (config_.presence == PresencePrivilege::none) return;
  const auto show = [config = config_](Shard& shard) {
    for (const auto& [key, session] : shard.sessions()) {
      const std::string& domain = session->host().domain().name;
      if (!session->available() || !has_privilege(config, Privilege::see_presence, domain))
        continue;
      StanzaHead head = StanzaHead::of(PresenceType::available);
      head.from = session->address();
      head.to = Jid::trusted(config.name);
      shard.route(Stanza(std::move(head), session->presence()));
    }
  };
  all_.shard().server().on_all_shards(all_.shard(), show, [] {});
}

void Component::feed() {
  if (wire_ == nullptr) return;
  while (line_.has_next() && wire_->takes_more()) {
    ++carried_;
    const Stanza& next = line_.send_next(carried_);
    if (next.id != 0) last_committed_ = carried_;
    wire_->carry(next, carried_);
  }
  ask();
  fetch();
}

void Component::taken(std::uint64_t number) {
  taken_ = number;
  confirm();
}

void Component::ask() {
  const bool is_due = answers_ != Answers::no && last_committed_ > read_;
  if (!is_due || !ping_.empty() || wire_ == nullptr) return;
  Shard& shard = all_.shard();
  ping_ = shard.random().token(9);
  asked_ = carried_;
  StanzaHead head = StanzaHead::of(IqType::get);
  head.from = all_.own_address();
  head.to = Jid::trusted(config_.name);
  head.id = ping_;
  wire_->write_stanza(Stanza(std::move(head), "<ping xmlns=\"urn:xmpp:ping\"/>"));
  patience_.start(shard.loop(), Seconds(shard.limits().component_answer_time),
                  [this] { no_answer(); });
}

bool Component::take_answer(const StanzaHead& head) {
  const bool is_answer = head.is(IqType::result) || head.is(IqType::error);
  if (!is_answer || ping_.empty() || head.id != ping_ || head.to != all_.own_address())
    return false;
  patience_.stop();
  ping_.clear();
  answers_ = Answers::yes;
  read_ = asked_;
  confirm();
  ask();
  return true;
}

void Component::no_answer() {
  if (answers_ == Answers::yes) return wire_->give_up("component-does-not-answer");
  ping_.clear();
  answers_ = Answers::no;
  confirm();
}

// Others than committed stanzas are as good as there once the socket has them.
void Component::confirm() {
  const bool is_told = answers_ != Answers::no && last_committed_ > read_;
  const std::uint64_t number = is_told ? read_ : taken_;
  line_.confirm(number, [this](MessageId id) { all_.shard().done(id); });
  fetch();
}

void Component::sent_presence(const Stanza& presence) {
  told_.note(presence, all_.shard().limits().component_presences);
}

// What it was sent and may not have read goes to it again when it is back, as it was: with its id,
// and a word on when it was said first (XEP-0203).
void Component::lost() {
  wire_ = nullptr;
  patience_.stop();
  ping_.clear();
  read_ = taken_ = asked_ = last_committed_ = carried_;
  if (all_.shard().stopping()) return;
  std::vector<Stanza> refused = line_.take_back();
  std::ranges::move(line_.remove_if([](const auto& entry) { return !can_wait(entry.stanza); }),
                    std::back_inserter(refused));
  for (const Stanza& stanza : refused) refuse(stanza);
  for (Stanza& gone : told_.take_back()) all_.shard().route(std::move(gone));
}

// --- what is in the journal alone ----------------------------------------------------------------

void Component::fetch() {
  for (const MessageId id : line_.to_fetch()) {
    Shard& shard = all_.shard();
    const unsigned owner = shard.ledger().owner(id);
    shard.post_to(owner, [id, name = config_.name, back = shard.index()](Shard& there) {
      auto open = there.ledger().open_stanza(id);
      there.post_to(back, [id, name, open = std::move(open)](Shard& home) mutable {
        Component* self = home.components().here(name);
        if (self != nullptr) self->take_fetched(id, open ? &*open : nullptr);
      });
    });
  }
}

void Component::take_fetched(MessageId id, Stanza* stanza) {
  if (stanza != nullptr && wire_ == nullptr && !can_wait(*stanza)) {
    refuse(*stanza);
    stanza = nullptr;
  }
  line_.fetched(id, stanza, all_.shard().now());
  feed();
}

// --- time ----------------------------------------------------------------------------------------

void Component::sweep() {
  Shard& shard = all_.shard();
  const WallTime oldest = shard.loop().clock().wall() - Seconds(shard.limits().message_lifetime);
  for (const Stanza& late : line_.expire(oldest, MonotonicTime::min())) refuse(late);
  fetch();
}

void Component::refuse_all() {
  for (const Stanza& stanza : line_.give_up()) refuse(stanza);
  if (wire_ != nullptr) wire_->fail({xmpp::StreamCondition::host_gone});
}

}  // namespace herold::server
