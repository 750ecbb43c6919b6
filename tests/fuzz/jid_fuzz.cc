// Fuzzes addresses: what is accepted is stable, splits the same way again, and keeps its bounds.
#include <cstdint>

#include "base/check.h"
#include "xmpp/jid.h"
#include "xmpp/precis.h"
#include "xmpp/unicode.h"

using namespace herold::xmpp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto nick = nickname(text)) CHECK(nickname(*nick) == *nick);
  const auto jid = Jid::parse(text);
  if (!jid) return 0;
  const auto again = Jid::parse(jid->text());
  CHECK(again && *again == *jid);
  const Jid trusted = Jid::trusted(jid->text());
  CHECK(trusted.local() == jid->local() && trusted.domain() == jid->domain());
  CHECK(trusted.resource() == jid->resource() && trusted.bare() == jid->bare());
  CHECK(jid->local().size() <= 1023 && jid->domain().size() <= 1023);
  CHECK(!jid->domain().empty() && jid->resource().size() <= 1023);
  CHECK(Jid::make(jid->local(), jid->domain(), jid->resource()) == *jid);
  CHECK(unicode::decode_utf8(jid->text()).has_value());
  return 0;
}
