// Which components there are, what comes from them, and the clock of what waits for them.
#include "server/components/components.h"

#include "server/components/component_wire.h"
#include "server/components/privileges.h"
#include "server/server.h"
#include "server/shard.h"
#include "xmpp/ext/delay.h"
#include "xmpp/ext/forward.h"
#include "xmpp/ext/privilege.h"
#include "xmpp/ext/stanza_id.h"

namespace herold::server {

Components::Components(Shard& shard) : shard_(shard) {}
Components::~Components() = default;

void Components::configure(const Config& config) {
  own_address_ = Jid::trusted(config.domains.front().name);
  configured_.clear();
  for (const ComponentConfig& one : config.components) configured_.emplace(one.name, one);
  for (const auto& [name, one] : configured_) {
    if (shard_.server().home_of(name) != shard_.index()) continue;
    auto& place = here_[name];
    place ? place->configure(one) : void(place = std::make_unique<Component>(*this, one));
  }
  for (auto one = here_.begin(); one != here_.end();) {
    if (configured_.contains(one->first)) {
      ++one;
      continue;
    }
    const std::unique_ptr<Component> gone = std::move(one->second);
    one = here_.erase(one);
    gone->refuse_all();
  }
}

const ComponentConfig* Components::find(std::string_view domain) const {
  if (configured_.empty()) return nullptr;
  for (std::string_view name = domain;;) {
    const auto found = configured_.find(name);
    const bool is_it =
        found != configured_.end() && (name.size() == domain.size() || found->second.subdomains);
    if (is_it) return &found->second;
    const std::size_t dot = name.find('.');
    if (dot == name.npos) return nullptr;
    name.remove_prefix(dot + 1);
  }
}

Component* Components::here(std::string_view name) {
  const auto found = here_.find(name);
  return found == here_.end() ? nullptr : found->second.get();
}

void Components::send(const ComponentConfig& component, Stanza stanza) {
  shard_.post_to(shard_.server().home_of(component.name),
                 [name = component.name, stanza = std::move(stanza)](Shard& home) mutable {
                   Component* found = home.components().here(name);
                   if (found == nullptr) return home.bounce(stanza, Condition::service_unavailable);
                   found->send(std::move(stanza));
                 });
}

void Components::accept(ConnectionId id, std::unique_ptr<net::Transport> transport,
                        ComponentTls tls) {
  shard_.add(std::make_unique<ComponentWire>(*this, id, std::move(transport), tls)).start();
}

// --- what they bring -----------------------------------------------------------------------------

// What other servers may not say either, but for words on its own domain.
bool Components::may_pass(const Component& component, xml::Element child) const {
  if (!shard_.is_forgery_of_peer(child)) return true;
  const bool stanza_id = xmpp::is<xmpp::StanzaId>(child);
  if (!stanza_id && !xmpp::is<xmpp::Delay>(child)) return false;
  const auto by = Jid::parse(child.attribute(stanza_id ? "by" : "from"));
  const ComponentConfig* owner = by ? find(by->domain()) : nullptr;
  return owner != nullptr && owner->name == component.name();
}

void Components::receive(Component& component, Answer<StanzaHead> head, xml::Document document) {
  const xml::Element root = document.root();
  if (!head) {
    StanzaHead salvaged = xmpp::salvage_head(root);
    if (!salvaged.from) salvaged.from = Jid::trusted(component.name());
    if (salvaged.may_get_error()) shard_.route(make_error(salvaged, head.error()));
    return;
  }
  const auto keep = [&](xml::Element child) { return may_pass(component, child); };
  SharedBytes payload(xmpp::payload_bytes(root, keep));
  Stanza stanza(std::move(*head), std::move(payload), std::move(document));
  if (stanza.head.id.size() > shard_.limits().stanza_id_bytes)
    return shard_.bounce(stanza, Condition::bad_request);
  if (send_in_its_name(component, stanza)) return;
  if (stanza.kind() == StanzaKind::presence) component.sent_presence(stanza);
  if (is_durable(stanza) && !shard_.commit(stanza)) return;
  shard_.route(std::move(stanza));
}

// XEP-0356 section 5.2: a message that an account of ours did not write. False: it is none.
bool Components::send_in_its_name(const Component& component, const Stanza& stanza) {
  const Jid& to = stanza.head.to;
  const bool is_one = stanza.kind() == StanzaKind::message && to.is_domain() &&
                      stanza.has({"privilege", xmpp::ns::privilege});
  if (!is_one) return false;
  const xml::Element inner = stanza.child({"privilege", xmpp::ns::privilege})
                                 .child("forwarded", xmpp::Forwarded::element.ns)
                                 .child("message", xmpp::ns::client);
  const auto head = xmpp::parse_head(inner ? inner : stanza.root());
  const bool may = inner && head && head->to && head->from.is_bare() && head->from.has_local() &&
                   head->from.domain() == to.domain() &&
                   has_privilege(component.config(), Privilege::send_messages, to.domain());
  if (!may) return shard_.bounce(stanza, Condition::forbidden), true;
  const auto keep = [this](xml::Element child) { return !shard_.is_forgery(child); };
  shard_.post_to(shard_.server().home_of(head->from.bare_text()),
                 [one = Stanza(*head, xmpp::payload_bytes(inner, keep))](Shard& home) mutable {
                   Account& account = home.account(one.head.from);
                   account.when_loaded([&home, &account, one = std::move(one)]() mutable {
                     if (account.state() != Account::State::ready) return;  // nobody's message
                     if (is_durable(one) && !home.commit(one)) return;
                     home.route(std::move(one));
                   });
                 });
  return true;
}

// --- time ----------------------------------------------------------------------------------------

void Components::watch() {
  if (timer_.running() || shard_.stopping()) return;
  timer_.start(shard_.loop(), Seconds(1), [this] { sweep(); });
}

void Components::sweep() {
  bool is_waiting = false;
  for (const auto& [name, component] : here_) {
    component->sweep();
    is_waiting = is_waiting || !component->line().empty();
  }
  if (is_waiting) watch();
}

}  // namespace herold::server
