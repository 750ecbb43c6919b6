// Putting aside and taking out.
#include "server/aside.h"

#include "xmpp/ns.h"

namespace herold::server {

std::string make_aside(std::string_view xml) {
  std::string out;
  xml::Writer writer(out, xmpp::ns::client);
  writer.open(aside_element.name, aside_element.ns);
  writer.raw(xml);
  writer.close();
  return out;
}

std::string take_aside(Stanza& stanza) {
  if (!stanza.payload().view().contains(aside_element.ns)) return {};
  const xml::Element aside = stanza.child(aside_element);
  if (!aside) return {};
  std::string inside;
  for (const xml::Element child : aside.children())
    inside += xml::to_string(child, xmpp::ns::client);
  stanza.set_payload(xmpp::payload_bytes(
      stanza.root(), [](xml::Element child) { return !child.is("aside", aside_element.ns); }));
  return inside;
}

}  // namespace herold::server
