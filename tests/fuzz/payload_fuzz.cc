// Fuzzes payloads: whatever an extension reads it writes in a form that it reads as the same.
#include "base/check.h"
#include "xml/parser.h"
#include "xmpp/ext/adhoc.h"
#include "xmpp/ext/archive.h"
#include "xmpp/ext/blocking.h"
#include "xmpp/ext/caps.h"
#include "xmpp/ext/caps2.h"
#include "xmpp/ext/carbons.h"
#include "xmpp/ext/delay.h"
#include "xmpp/ext/dialback.h"
#include "xmpp/ext/disco.h"
#include "xmpp/ext/idle.h"
#include "xmpp/ext/last.h"
#include "xmpp/ext/moderation.h"
#include "xmpp/ext/muc.h"
#include "xmpp/ext/private.h"
#include "xmpp/ext/register.h"
#include "xmpp/ext/retraction.h"
#include "xmpp/ext/roster.h"
#include "xmpp/ext/rsm.h"
#include "xmpp/ext/stanza_id.h"
#include "xmpp/ext/stream_management.h"
#include "xmpp/ext/time.h"
#include "xmpp/ext/vcard.h"
#include "xmpp/ext/version.h"
#include "xmpp/form.h"

using namespace herold;
using namespace herold::xmpp;

namespace {

// What is written may be longer than what was read: references, namespaces.
constexpr xml::Bounds bounds{.bytes = 1 << 20, .elements = 4000, .depth = 60, .attributes = 60};

template <class P>
void check(xml::Element element) {
  const Answer<P> payload = is<P>(element) ? read<P>(element) : Answer<P>(P{});
  if (!payload || !is<P>(element)) return;
  const std::string written = to_xml(*payload, ns::client);
  const auto document = xml::parse_fragment(written, ns::client, bounds);
  CHECK(document.has_value());
  const Answer<P> again = read<P>(document->root());
  CHECK(again.has_value());
  CHECK(to_xml(*again, ns::client) == written);
}

template <class... P>
void check_each(xml::Element element) {
  (check<P>(element), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = xml::parse_fragment(text, ns::client, {65536, 500, 50, 30});
  if (!document) return 0;
  const xml::Element root = document->root();
  check_each<Command, DataForm, Block, Unblock, Blocklist, Caps, Caps2, CarbonReceived, CarbonSent,
             Delay, DiscoInfo, DiscoItems, Idle, LastActivity, PrivateQuery, RegisterQuery>(root);
  check_each<RosterQuery, ResultSet, StanzaId, OriginId, SmEnable, SmEnabled, SmResume, SmResumed,
             SmFailed, SmAck, EntityTime, VCard, Version>(root);
  check_each<DialbackResult, DialbackVerify, DialbackFeature>(root);
  check_each<MucJoin, MucUser, MucAdmin, MucOwner, OccupantId, Moderate, ModeratedRetraction>(root);
  check_each<ArchiveQuery, ArchiveResult, ArchiveFin, ArchiveMetadata, ArchivePreferences, Retract,
             Retracted>(root);
  return 0;
}
