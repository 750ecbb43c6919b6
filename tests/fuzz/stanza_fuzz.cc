// Fuzzes stanzas on their way through the server: judged, cut into head and payload, written for a
// receiver, and read again as the same stanza; errors for it can be written as well.
#include <cstdint>

#include "base/check.h"
#include "server/journal_records.h"
#include "server/stanza.h"
#include "xml/parser.h"
#include "xmpp/ns.h"

using namespace herold;

namespace {

constexpr xml::Bounds bounds{.bytes = 65536, .elements = 500, .depth = 50, .attributes = 30};

bool is_kept(xml::Element child) { return child.ns() != "urn:xmpp:carbons:2"; }

void check_same(const server::Stanza& one, const server::Stanza& two) {
  CHECK(one.to_xml() == two.to_xml());
  CHECK(one.head.to == two.head.to && one.head.from == two.head.from);
  CHECK(one.head.id == two.head.id && one.head.lang == two.head.lang);
  CHECK(one.head.type_name() == two.head.type_name());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto document = xml::parse_fragment(text, xmpp::ns::client, bounds);
  if (!document || document->root().ns() != xmpp::ns::client) return 0;
  const xml::Element root = document->root();
  auto head = xmpp::parse_head(root);
  if (!head) {
    const xmpp::StanzaHead salvaged = xmpp::salvage_head(root);
    if (salvaged.may_get_error())
      CHECK(server::make_error(salvaged, head.error()).root().child("error", xmpp::ns::client));
    return 0;
  }
  SharedBytes payload(xmpp::payload_bytes(root, is_kept));
  const server::Stanza stanza(*head, std::move(payload), std::move(*document));
  for (const xml::Element child : server::parse_stored(stanza.to_xml()).root().children())
    CHECK(is_kept(child));
  check_same(stanza, server::parse_stored(stanza.to_xml()));
  const auto record = server::encode_record(server::CommitRecord::of(stanza));
  check_same(stanza, server::decode_record<server::CommitRecord>(record).stanza());
  return 0;
}
