// The events' tables: handlers in the order of named stages, called without looking anything up.
#pragma once

#include <expected>
#include <tuple>
#include <vector>

#include "xmpp/errors.h"

namespace herold::server {

// When a handler of an event runs. Within a stage the order of the module list decides.
enum class Stage : unsigned char {
  screen,   // may refuse: blocking, permissions, rates
  amend,    // may change what is passed on
  handle,   // does the thing, may end it
  observe,  // sees what came of it, changes nothing
};

// Whether the next handler, and in the end the server itself, goes on with the event.
enum class Flow : unsigned char { go_on, stop };

// An error ends the event; the sender of its stanza is told.
using Outcome = std::expected<Flow, xmpp::StanzaError>;

template <class Event>
struct Hook {
  Stage stage;
  void* module;
  Outcome (*call)(void* module, Event& event);
};

// The handlers of all events of one domain on one shard.
template <class... Events>
class HookTable {
 public:
  template <class Event>
  void add(Hook<Event> hook) {
    auto& hooks = std::get<std::vector<Hook<Event>>>(hooks_);
    auto place = hooks.begin();
    while (place != hooks.end() && place->stage <= hook.stage) ++place;
    hooks.insert(place, hook);
  }

  template <class Event>
  Outcome fire(Event& event) const {
    for (const Hook<Event>& hook : std::get<std::vector<Hook<Event>>>(hooks_)) {
      Outcome outcome = hook.call(hook.module, event);
      if (!outcome || *outcome == Flow::stop) return outcome;
    }
    return Flow::go_on;
  }

  template <class Event>
  bool has() const {
    return !std::get<std::vector<Hook<Event>>>(hooks_).empty();
  }

  void clear() { ((std::get<std::vector<Hook<Events>>>(hooks_).clear()), ...); }

 private:
  std::tuple<std::vector<Hook<Events>>...> hooks_;
};

}  // namespace herold::server
