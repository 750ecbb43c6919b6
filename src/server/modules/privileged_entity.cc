// XEP-0356 Privileged Entity: components ask in the name of accounts and see whom these see, as far
// as the configuration allows; roster, messages and own presence stand where those are handled.
#include "server/components/privileges.h"
#include "server/module.h"
#include "server/shard.h"
#include "xmpp/ext/forward.h"
#include "xmpp/ext/privilege.h"

namespace herold::server {

class PrivilegedEntity {
 public:
  static constexpr About about{356, "0.4.1", "Privileged Entity", {}};
  static constexpr Specification also[]{{Specification::Series::xep, 114, "1.6"},
                                        {Specification::Series::xep, 355, "0.5"}};

  static constexpr auto handlers() {
    return std::tuple{
        on<Get<xmpp::PrivilegedIq>>(&PrivilegedEntity::ask_in_its_name, at_other_account),
        on<Set<xmpp::PrivilegedIq>>(&PrivilegedEntity::ask_in_its_name, at_other_account),
        on<PresenceReceived>(&PrivilegedEntity::show_contact, Stage::observe)};
  }

  explicit PrivilegedEntity(ModuleHost& host) : host_(host) {}

 private:
  struct UnderWay {
    std::size_t count = 0;
  };

  // Section 6.2: each of its conditions that is not met is forbidden.
  void ask_in_its_name(IqRequest request, const xmpp::PrivilegedIq&) {
    const Jid account = request.context().account->address();
    const xml::Element inner = request.payload().child("iq", xmpp::ns::client);
    const auto head = xmpp::parse_head(inner ? inner : request.payload());
    const bool is_request = inner && head && head->is_request();
    if (!is_request) return request.fail(Condition::forbidden);
    const bool may = head->iq_type == request.head().iq_type &&
                     (!head->from || head->from == account) &&
                     may_ask(host_, request.head().from, head->iq_type, inner.first_child().ns());
    if (!may) return request.fail(Condition::forbidden);
    std::size_t& under_way = host_.data<UnderWay>().count;
    if (under_way >= host_.limits().component_requests)
      return request.fail(Condition::resource_constraint);
    ++under_way;
    Stanza asked(*head, xmpp::payload_bytes(inner));
    asked.head.from = account;
    if (!asked.head.to) asked.head.to = account;
    host_.ask(
        std::move(asked), Seconds(host_.limits().peer_answer_time),
        [&under_way, id = head->id, request = std::move(request)](const Stanza* answer) mutable {
          --under_way;
          if (answer == nullptr) return request.fail(Condition::remote_server_timeout);
          request.succeed(wrapped(*answer, id));
        });
  }

  static std::string wrapped(const Stanza& answer, const std::string& id) {
    StanzaHead head = answer.head;
    head.id = id;
    std::string out;
    xml::Writer writer(out, xmpp::ns::client);
    writer.open("privilege", xmpp::ns::privilege).open("forwarded", xmpp::Forwarded::element.ns);
    writer.raw(xmpp::to_xml(head, answer.payload().view(), xmpp::ns::client));
    writer.close().close();
    return out;
  }

  // Section 7.2.
  void show_contact(PresenceReceived& event) {
    const StanzaHead& head = event.stanza.head;
    if (!head.is(PresenceType::available) && !head.is(PresenceType::unavailable)) return;
    const std::vector<Jid> watchers = privileged(host_, Privilege::see_contacts);
    if (watchers.empty()) return;
    const ContactView contact = event.account.roster().find(head.from.bare_text());
    if (!sees_contact(contact.subscription)) return;
    for (const Jid& watcher : watchers) {
      Stanza copy = event.stanza.copy();
      copy.head.to = watcher;
      host_.send(std::move(copy));
    }
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(privileged_entity, PrivilegedEntity)
