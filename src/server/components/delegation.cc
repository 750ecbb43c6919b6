// A request there and back, wrapped both times (XEP-0355 section 4.3).
#include "server/components/delegation.h"

#include "xml/writer.h"
#include "xmpp/ext/forward.h"
#include "xmpp/ext/privilege.h"

namespace herold::server {
namespace {

struct UnderWay {
  std::size_t count = 0;
};

std::string wrapped(const StanzaHead& head, xml::Element payload) {
  std::string out;
  xml::Writer writer(out, xmpp::ns::client);
  writer.open("delegation", xmpp::ns::delegation).open("forwarded", xmpp::Forwarded::element.ns);
  writer.raw(xmpp::to_xml(head, xml::to_string(payload, xmpp::ns::client), xmpp::ns::client));
  writer.close().close();
  return out;
}

// What stands in the answer, if it answers that request; it must not say anything to others.
xml::Element unwrapped(const Stanza& answer, const StanzaHead& asked) {
  const xml::Element inner = answer.child({"delegation", xmpp::ns::delegation})
                                 .child("forwarded", xmpp::Forwarded::element.ns)
                                 .child("iq", xmpp::ns::client);
  if (!inner) return {};
  const auto head = xmpp::parse_head(inner);
  const bool is_it = head && !head->is_request() && head->id == asked.id &&
                     head->from == asked.to && head->to == asked.from;
  return is_it ? inner : xml::Element();
}

void answer_as_told(IqRequest request, const StanzaHead& asked, const Stanza* answer) {
  const bool is_result = answer != nullptr && answer->head.is(IqType::result);
  const xml::Element inner = is_result ? unwrapped(*answer, asked) : xml::Element();
  if (!inner) return request.fail(Condition::service_unavailable);
  if (inner.attribute("type") == "error")
    return request.fail(StanzaError::parse(inner.child("error", xmpp::ns::client)));
  request.succeed(xmpp::payload_bytes(inner));
}

}  // namespace

void delegate(ModuleHost& host, const ComponentConfig& component, IqRequest request) {
  std::size_t& under_way = host.data<UnderWay>().count;
  if (under_way >= host.limits().component_requests)
    return request.fail(Condition::resource_constraint);
  ++under_way;
  StanzaHead asked = request.head();
  if (!asked.to) asked.to = asked.from.bare();
  StanzaHead head = StanzaHead::of(IqType::set);
  head.from = host.address();
  head.to = Jid::trusted(component.name);
  const std::string payload = wrapped(asked, request.payload());
  host.ask(Stanza(std::move(head), payload), Seconds(host.limits().peer_answer_time),
           [&under_way, asked, request = std::move(request)](const Stanza* answer) mutable {
             --under_way;
             answer_as_told(std::move(request), asked, answer);
           });
}

}  // namespace herold::server
