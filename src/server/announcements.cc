// Texts of administrators as messages.
#include "server/announcements.h"

#include "xml/writer.h"
#include "xmpp/ns.h"

namespace herold::server {

Answer<std::string> announcement_text(const xmpp::DataForm& form, std::string_view field,
                                      const Limits& limits) {
  std::string text;
  for (const std::string& line : form.find(field)->values)
    text += (text.empty() ? "" : "\n") + line;
  if (text.empty()) return xmpp::fail(Condition::not_acceptable, "There is no text");
  if (text.size() > limits.greeting_bytes)
    return xmpp::fail(Condition::not_acceptable, "The text is too long");
  return text;
}

SharedBytes announcement(std::string_view subject, std::string_view body) {
  std::string xml;
  xml::Writer writer(xml, xmpp::ns::client);
  if (!subject.empty()) writer.leaf("subject", subject);
  writer.leaf("body", body);
  return SharedBytes(xml);
}

Stanza announcement_to(const ModuleHost& host, const Jid& to, const SharedBytes& payload) {
  StanzaHead head = StanzaHead::of(MessageType::headline);
  head.from = host.address();
  head.to = to;
  return Stanza(std::move(head), payload);
}

}  // namespace herold::server
