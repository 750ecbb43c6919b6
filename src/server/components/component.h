// One external component, where its domain has its home: its stream, what waits for it, and what it
// told others (XEP-0114; DECISIONS.md 12, HOSTILE 156).
//
// XEP-0114 knows no acknowledgements, and what a socket took may die with the program behind it. So
// a component is pinged (XEP-0199) behind what must not be lost: it reads in order, and its answer,
// whatever it says, shows that it has read all before. Who never answers is trusted to have what
// its socket took.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "net/loop.h"
#include "server/components/told_presence.h"
#include "server/config.h"
#include "server/federation/waiting_line.h"
#include "server/stanza.h"

namespace herold::server {

class Components;
class ComponentWire;

class Component {
 public:
  Component(Components& all, ComponentConfig config);
  Component(const Component&) = delete;
  ~Component();

  const std::string& name() const { return config_.name; }
  const ComponentConfig& config() const { return config_; }
  void configure(const ComponentConfig& config) { config_ = config; }
  bool is_connected() const { return wire_ != nullptr; }
  const WaitingLine& line() const { return line_; }

  // For its domain. While it is away messages and subscriptions wait, everything else is refused.
  void send(Stanza stanza);

  // --- told by its stream
  void opened(ComponentWire& wire);
  // It takes more.
  void feed();
  // Its socket has all up to this number.
  void taken(std::uint64_t number);
  // Whether this answers our ping.
  bool take_answer(const StanzaHead& head);
  void sent_presence(const Stanza& presence);
  void lost();

  // Every second while anything waits: what waited too long comes back.
  void sweep();
  // It is not configured any more.
  void refuse_all();

 private:
  // Whether it answers pings.
  enum class Answers : std::uint8_t { perhaps, yes, no };
  void show_presence();
  void refuse(const Stanza& stanza);
  void ask();
  void no_answer();
  void confirm();
  void fetch();
  void take_fetched(MessageId id, Stanza* stanza);

  Components& all_;
  ComponentConfig config_;
  WaitingLine line_;
  ToldPresence told_;
  ComponentWire* wire_ = nullptr;
  std::uint64_t carried_ = 0, taken_ = 0;  // numbers of what it was sent
  std::uint64_t last_committed_ = 0;       // of those
  std::uint64_t read_ = 0, asked_ = 0;     // up to where it said so, and is asked to
  std::string ping_;                       // the id of the one under way
  Answers answers_ = Answers::perhaps;
  net::Timer patience_;
};

}  // namespace herold::server
