// External components as one shard sees them: which there are, and those whose domain has its home
// here (XEP-0114).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "net/loop.h"
#include "net/transport.h"
#include "server/components/component.h"
#include "server/config.h"
#include "server/stanza.h"
#include "server/wire.h"

namespace herold::server {

class Shard;

enum class ComponentTls : std::uint8_t { none, direct };

class Components {
 public:
  explicit Components(Shard& shard);
  Components(const Components&) = delete;
  ~Components();

  Shard& shard() { return shard_; }
  void configure(const Config& config);

  // The component that a domain belongs to; nullptr: to none.
  const ComponentConfig* find(std::string_view domain) const;
  using Configured = std::map<std::string, ComponentConfig, std::less<>>;
  const Configured& configured() const { return configured_; }
  // The one of that name, if it lives here.
  Component* here(std::string_view name);
  // What the server calls itself towards components.
  const Jid& own_address() const { return own_address_; }

  // To a component, wherever it lives.
  void send(const ComponentConfig& component, Stanza stanza);
  // Somebody connected.
  void accept(ConnectionId id, std::unique_ptr<net::Transport> transport, ComponentTls tls);
  // What a component brought.
  void receive(Component& component, Answer<StanzaHead> head, xml::Document document);

  // Something waits: each hears of it every second.
  void watch();
  void stop() { timer_.stop(); }

 private:
  void sweep();
  bool may_pass(const Component& component, xml::Element child) const;
  bool send_in_its_name(const Component& component, const Stanza& stanza);

  Shard& shard_;
  Jid own_address_;
  Configured configured_;
  std::map<std::string, std::unique_ptr<Component>, std::less<>> here_;
  net::Timer timer_;
};

}  // namespace herold::server
