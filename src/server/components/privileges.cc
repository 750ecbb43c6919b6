// Reading the table of a component, and telling it.
#include "server/components/privileges.h"

#include <algorithm>

#include "server/components/components.h"
#include "server/module_host.h"
#include "server/shard.h"
#include "xml/writer.h"
#include "xmpp/ext/privilege.h"

namespace herold::server {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool reads_roster(const ComponentConfig& component) {
  return component.roster == RosterPrivilege::get || component.roster == RosterPrivilege::both;
}

bool says(const ComponentConfig& component, Privilege which) {
  switch (which) {
    case Privilege::read_roster:
      return reads_roster(component);
    case Privilege::change_roster:
      return component.roster == RosterPrivilege::set || component.roster == RosterPrivilege::both;
    case Privilege::hear_roster:
      return component.roster_push && reads_roster(component);
    case Privilege::send_messages:
      return component.message == MessagePrivilege::outgoing;
    case Privilege::see_presence:
      return component.presence != PresencePrivilege::none;
    case Privilege::see_contacts:  // XEP-0356 section 7: only with the roster
      return component.presence == PresencePrivilege::roster && reads_roster(component);
  }
  return false;
}

const ComponentConfig* find_component(ModuleHost& host, const Jid& who) {
  if (!who.is_domain()) return nullptr;
  const auto& all = host.shard().components().configured();
  const auto found = all.find(who.domain());
  return found == all.end() ? nullptr : &found->second;
}

void permission(xml::Writer& writer, std::string_view access, std::string_view type) {
  writer.open("perm").attribute("access", access).attribute("type", type).close();
}

std::string_view type_of(RosterPrivilege roster) {
  constexpr std::string_view names[] = {"none", "get", "set", "both"};
  return names[static_cast<std::size_t>(roster)];
}

void requests(xml::Writer& writer, const ComponentConfig& component) {
  if (component.iq_get.empty() && component.iq_set.empty()) return;
  writer.open("perm").attribute("access", "iq");
  const auto one = [&](std::string_view ns, std::string_view type) {
    writer.open("namespace").attribute("ns", ns).attribute("type", type).close();
  };
  for (const std::string& ns : component.iq_get)
    one(ns, contains(component.iq_set, ns) ? "both" : "get");
  for (const std::string& ns : component.iq_set)
    if (!contains(component.iq_get, ns)) one(ns, "set");
  writer.close();
}

// XEP-0356 sections 4.2, 5.1, 6.1 and 7.1.
std::string privilege_payload(const ComponentConfig& component) {
  std::string out;
  xml::Writer writer(out, xmpp::ns::client);
  writer.open("privilege", xmpp::ns::privilege);
  const std::size_t empty = out.size();
  if (component.roster != RosterPrivilege::none) {
    writer.open("perm").attribute("access", "roster").attribute("type", type_of(component.roster));
    writer.attribute("push", says(component, Privilege::hear_roster) ? "true" : "false").close();
  }
  if (says(component, Privilege::send_messages)) permission(writer, "message", "outgoing");
  if (says(component, Privilege::see_presence))
    permission(writer, "presence",
               says(component, Privilege::see_contacts) ? "roster" : "managed_entity");
  requests(writer, component);
  const bool is_empty = out.size() == empty;
  writer.close();
  return is_empty ? std::string() : out;
}

// XEP-0355 section 4.2.
std::string delegation_payload(const ComponentConfig& component) {
  if (component.delegated.empty()) return {};
  std::string out;
  xml::Writer writer(out, xmpp::ns::client);
  writer.open("delegation", xmpp::ns::delegation);
  for (const std::string& ns : component.delegated)
    writer.open("delegated").attribute("namespace", ns).close();
  writer.close();
  return out;
}

}  // namespace

bool has_privilege(const ComponentConfig& component, Privilege which, std::string_view domain) {
  return says(component, which) && contains(component.domains, domain);
}

bool is_privileged(ModuleHost& host, const Jid& who, Privilege which) {
  const ComponentConfig* component = find_component(host, who);
  return component != nullptr && has_privilege(*component, which, host.domain().name);
}

std::vector<Jid> privileged(ModuleHost& host, Privilege which) {
  std::vector<Jid> found;
  for (const auto& [name, component] : host.shard().components().configured())
    if (has_privilege(component, which, host.domain().name)) found.push_back(Jid::trusted(name));
  return found;
}

bool may_ask(ModuleHost& host, const Jid& who, IqType type, std::string_view ns) {
  const ComponentConfig* component = find_component(host, who);
  if (component == nullptr || !contains(component->domains, host.domain().name)) return false;
  return contains(type == IqType::get ? component->iq_get : component->iq_set, ns);
}

const ComponentConfig* delegate_of(ModuleHost& host, std::string_view ns) {
  for (const auto& [name, component] : host.shard().components().configured())
    if (contains(component.delegated, ns) && contains(component.domains, host.domain().name))
      return &component;
  return nullptr;
}

std::vector<Stanza> advertisements(const ComponentConfig& component) {
  std::vector<Stanza> all;
  for (const std::string& domain : component.domains)
    for (const std::string& payload :
         {privilege_payload(component), delegation_payload(component)}) {
      if (payload.empty()) continue;
      StanzaHead head = StanzaHead::of(MessageType::normal);
      head.from = Jid::trusted(domain);
      head.to = Jid::trusted(component.name);
      all.emplace_back(std::move(head), payload);
    }
  return all;
}

}  // namespace herold::server
