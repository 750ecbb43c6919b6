// What scenarios have in common: many sessions sign in, and leave.
#include "apps/herold-load/scenario.h"

#include "apps/herold-load/stanza_text.h"

namespace herold::load {

void Counters::add(const Counters& other) {
  done += other.done;
  sent += other.sent;
  lost += other.lost;
  existing += other.existing;
  fewest_contacts = std::min(fewest_contacts, other.fewest_contacts);
  most_contacts = std::max(most_contacts, other.most_contacts);
  if (mechanism.empty()) mechanism = other.mechanism;
  latency.add(other.latency);
  entered.add(other.entered);
  presences += other.presences;
}

std::string Scenario::describe() const {
  return std::to_string(ready_) + " of " + std::to_string(sessions_.size()) + " signed in, " +
         std::to_string(counters_.done) + " done";
}

void Scenario::disconnect() { sessions_.clear(); }

void Scenario::make_sessions() {
  for (unsigned i = 0; i < worker_.share().sessions; ++i)
    sessions_.push_back(std::make_unique<Session>(worker_, *this, worker_.share().first + i));
}

void Scenario::sign_in(unsigned begin, unsigned end) {
  next_ = begin;
  end_ = end;
  missing_ = end - begin;
  if (missing_ == 0) return on_all_ready();
  for (unsigned i = 0; i < options().parallel; ++i) sign_in_next();
}

void Scenario::sign_in_next() {
  if (next_ < end_) sessions_[next_++]->login();
}

void Scenario::on_ready(Session& session) {
  worker_.note_progress();
  note_roster(session);
  ++ready_;
  sign_in_next();
  if (--missing_ == 0) on_all_ready();
}

void Scenario::note_roster(Session& session) {
  unsigned contacts = 0;
  const std::string& roster = session.roster();
  for (std::size_t at = 0; (at = roster.find("<item", at)) != roster.npos; ++at) ++contacts;
  counters_.fewest_contacts = std::min(counters_.fewest_contacts, contacts);
  counters_.most_contacts = std::max(counters_.most_contacts, contacts);
  counters_.mechanism = session.mechanism();
  session.forget_roster();
}

void Scenario::leave_all() {
  for (const auto& session : sessions_) {
    if (!session->is_open()) continue;
    ++leaving_;
    session->leave();
  }
  if (leaving_ == 0) on_all_left();
}

void Scenario::on_left(Session&) {
  worker_.note_progress();
  --ready_;
  if (--leaving_ == 0) on_all_left();
}

std::unique_ptr<Scenario> make_scenario(Worker& worker) {
  switch (worker.options().scenario) {
    case ScenarioKind::login:
      return make_login(worker);
    case ScenarioKind::idle:
      return make_idle(worker);
    case ScenarioKind::chat:
      return make_chat(worker);
    case ScenarioKind::presence:
      return make_presence(worker);
    case ScenarioKind::rooms:
      return make_rooms(worker);
    case ScenarioKind::push:
      return make_push(worker);
    case ScenarioKind::register_users:
      return make_register(worker);
    case ScenarioKind::befriend:
      return make_befriend(worker);
  }
  return nullptr;
}

}  // namespace herold::load
