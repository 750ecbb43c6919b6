// XEP-0313, 0441, 0424: the payloads of archives, after the examples and against nonsense.
#include "xmpp/ext/archive.h"

#include <gtest/gtest.h>

#include "xmpp/ext/retraction.h"
#include "xmpp/ext/testing.h"

namespace herold::xmpp {
namespace {

TEST(ArchivePayloads, AreReadAndWrittenAsInTheExamples) {
  expect_same<ArchiveQuery>(R"(<query xmlns="urn:xmpp:mam:2" queryid="f27"/>)");
  expect_same<ArchiveQuery>(
      R"(<query xmlns="urn:xmpp:mam:2"><x xmlns="jabber:x:data" type="submit">)"
      R"(<field var="FORM_TYPE" type="hidden"><value>urn:xmpp:mam:2</value></field></x>)"
      R"(<set xmlns="http://jabber.org/protocol/rsm"><before/><max>10</max></set>)"
      R"(<flip-page/></query>)");
  expect_same<ArchiveResult>(
      R"(<result xmlns="urn:xmpp:mam:2" queryid="f27" id="28482-98726-73623">)"
      R"(<forwarded xmlns="urn:xmpp:forward:0">)"
      R"(<delay xmlns="urn:xmpp:delay" stamp="2010-07-10T23:08:25Z"/>)"
      R"(<message xmlns="jabber:client"><body>Hail to thee</body></message></forwarded>)"
      R"(</result>)");
  expect_same<ArchiveFin>(
      R"(<fin xmlns="urn:xmpp:mam:2" complete="true"><set xmlns="http://jabber.org/protocol/rsm">)"
      R"(<first index="0">23452-4534-1</first><last>390-2342-22</last><count>16</count>)"
      R"(</set></fin>)");
  expect_same<ArchiveMetadata>(
      R"(<metadata xmlns="urn:xmpp:mam:2">)"
      R"(<start id="YWxwaGEg" timestamp="2008-08-22T21:09:04Z"/>)"
      R"(<end id="b21lZ2Eg" timestamp="2020-04-20T14:34:21Z"/></metadata>)");
  expect_same<ArchiveMetadata>(R"(<metadata xmlns="urn:xmpp:mam:2"/>)");
  expect_same<ArchivePreferences>(
      R"(<prefs xmlns="urn:xmpp:mam:2" default="roster"><always><jid>romeo@montague.lit</jid>)"
      R"(</always><never><jid>montague@montague.lit</jid></never></prefs>)");
  expect_same<Retract>(R"(<retract xmlns="urn:xmpp:message-retract:1" id="wrong-recipient-1"/>)");
  expect_same<Retracted>(
      R"(<retracted xmlns="urn:xmpp:message-retract:1" id="r1" stamp="2019-09-20T23:09:32Z"/>)");
}

TEST(ArchivePayloads, RefuseNonsense) {
  expect_refused<ArchiveQuery>(
      R"(<query xmlns="urn:xmpp:mam:2"><set xmlns="http://jabber.org/protocol/rsm">)"
      R"(<max>-1</max></set></query>)");
  expect_refused<ArchiveQuery>(
      R"(<query xmlns="urn:xmpp:mam:2"><x xmlns="jabber:x:data" type="wish"/></query>)");
  expect_refused<ArchiveQuery>(
      R"(<query xmlns="urn:xmpp:mam:2"><x xmlns="jabber:x:data" type="submit"/>)"
      R"(<x xmlns="jabber:x:data" type="submit"/></query>)");
  expect_refused<ArchivePreferences>(R"(<prefs xmlns="urn:xmpp:mam:2"/>)");
  expect_refused<ArchivePreferences>(R"(<prefs xmlns="urn:xmpp:mam:2" default="sometimes"/>)");
  expect_refused<ArchivePreferences>(
      R"(<prefs xmlns="urn:xmpp:mam:2" default="never"><always><jid>@</jid></always></prefs>)");
  expect_refused<ArchivePreferences>(
      R"(<prefs xmlns="urn:xmpp:mam:2" default="never"><always/><always/></prefs>)");
  expect_refused<ArchiveStart>(R"(<start xmlns="urn:xmpp:mam:2" id="1" timestamp="now"/>)");
  expect_refused<Retract>(R"(<retract xmlns="urn:xmpp:message-retract:1"/>)");
}

}  // namespace
}  // namespace herold::xmpp
