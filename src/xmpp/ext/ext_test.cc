// The payloads of the extensions: the examples of their specifications, read and written back.
#include <gtest/gtest.h>

#include "xmpp/ext/adhoc.h"
#include "xmpp/ext/avatar.h"
#include "xmpp/ext/bind.h"
#include "xmpp/ext/blocking.h"
#include "xmpp/ext/bookmarks.h"
#include "xmpp/ext/caps.h"
#include "xmpp/ext/caps2.h"
#include "xmpp/ext/carbons.h"
#include "xmpp/ext/chat_states.h"
#include "xmpp/ext/csi.h"
#include "xmpp/ext/delay.h"
#include "xmpp/ext/disco.h"
#include "xmpp/ext/displayed.h"
#include "xmpp/ext/forward.h"
#include "xmpp/ext/hints.h"
#include "xmpp/ext/idle.h"
#include "xmpp/ext/last.h"
#include "xmpp/ext/moderation.h"
#include "xmpp/ext/muc.h"
#include "xmpp/ext/ping.h"
#include "xmpp/ext/private.h"
#include "xmpp/ext/pubsub.h"
#include "xmpp/ext/register.h"
#include "xmpp/ext/roster.h"
#include "xmpp/ext/rsm.h"
#include "xmpp/ext/sasl_channel_binding.h"
#include "xmpp/ext/session.h"
#include "xmpp/ext/stanza_id.h"
#include "xmpp/ext/stream_limits.h"
#include "xmpp/ext/stream_management.h"
#include "xmpp/ext/testing.h"
#include "xmpp/ext/time.h"
#include "xmpp/ext/vcard.h"
#include "xmpp/ext/version.h"

namespace herold::xmpp {
namespace {

TEST(ExtTest, CoreOfRfc6120And6121) {
  expect_same<Bind>(R"(<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>)");
  expect_same<Bind>(
      R"(<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>balcony</resource></bind>)");
  expect_same<SessionFeature>(
      R"(<session xmlns="urn:ietf:params:xml:ns:xmpp-session"><optional/></session>)");
  expect_same<RosterQuery>(
      R"(<query xmlns="jabber:iq:roster" ver=""><item jid="romeo@example.net" name="Romeo" )"
      R"(subscription="both" approved="true"><group>Friends</group></item>)"
      R"(<item jid="a@b" subscription="none" ask="subscribe"/></query>)");
  EXPECT_FALSE(read_text<RosterQuery>("<query xmlns='jabber:iq:roster'/>")->ver);
  expect_refused<RosterQuery>("<query xmlns='jabber:iq:roster'><item/></query>");
  expect_refused<RosterQuery>("<query xmlns='jabber:iq:roster'><item jid='@'/></query>");
  expect_refused<RosterQuery>(
      "<query xmlns='jabber:iq:roster'><item jid='a@b' subscription='all'/></query>");
}

TEST(ExtTest, SmallQueries) {
  expect_same<PingQuery>(R"(<ping xmlns="urn:xmpp:ping"/>)");
  expect_same<Version>(
      R"(<query xmlns="jabber:iq:version"><name>Exodus</name><version>0.7</version></query>)");
  expect_same<EntityTime>(R"(<time xmlns="urn:xmpp:time"><tzo>-06:00</tzo>)"
                          R"(<utc>2006-12-19T17:58:35Z</utc></time>)");
  expect_same<LastActivity>(R"(<query xmlns="jabber:iq:last" seconds="903">Heading</query>)");
  expect_refused<LastActivity>("<query xmlns='jabber:iq:last' seconds='-1'/>");
}

TEST(ExtTest, Discovery) {
  expect_same<DiscoInfo>(
      R"(<query xmlns="http://jabber.org/protocol/disco#info" node="n">)"
      R"(<identity category="server" type="im" name="H" xml:lang="en"/>)"
      R"(<feature var="urn:xmpp:ping"/><x xmlns="jabber:x:data" type="result">)"
      R"(<field var="FORM_TYPE" type="hidden"><value>t</value></field></x></query>)");
  expect_same<DiscoItems>(R"(<query xmlns="http://jabber.org/protocol/disco#items">)"
                          R"(<item jid="people.shakespeare.lit" name="Directory"/></query>)");
  expect_same<Caps>(
      R"(<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="n" ver="v="/>)");
  expect_same<Caps2>(R"(<c xmlns="urn:xmpp:caps"><hash xmlns="urn:xmpp:hashes:2" )"
                     R"(algo="sha-256">K1Njy3HZ</hash></c>)");
}

TEST(ExtTest, AccountsAndStorage) {
  expect_same<Block>(
      R"(<block xmlns="urn:xmpp:blocking"><item jid="romeo@montague.net"/></block>)");
  expect_same<Unblock>(R"(<unblock xmlns="urn:xmpp:blocking"/>)");
  expect_same<Blocklist>(R"(<blocklist xmlns="urn:xmpp:blocking"/>)");
  expect_same<PrivateQuery>(R"(<query xmlns="jabber:iq:private"><exodus xmlns="exodus:prefs">)"
                            R"(<nick>Hamlet</nick></exodus></query>)");
  expect_same<VCard>(R"(<vCard xmlns="vcard-temp"><FN>P</FN><N><GIVEN/></N></vCard>)");
  expect_same<RegisterQuery>(
      R"(<query xmlns="jabber:iq:register"><instructions>i</instructions>)"
      R"(<username/><password/><x xmlns="jabber:x:data" type="form"/></query>)");
  EXPECT_TRUE(
      read_text<RegisterQuery>("<query xmlns='jabber:iq:register'><remove/></query>")->remove);
}

TEST(ExtTest, Messages) {
  const std::string forwarded =
      R"(<forwarded xmlns="urn:xmpp:forward:0"><delay xmlns="urn:xmpp:delay" )"
      R"(stamp="2010-07-10T23:08:25Z"/><message xmlns="jabber:client" to="a@b">)"
      R"(<body>x</body></message></forwarded>)";
  expect_same<Forwarded>(forwarded);
  expect_same<CarbonSent>("<sent xmlns=\"urn:xmpp:carbons:2\">" + forwarded + "</sent>");
  expect_refused<CarbonReceived>("<received xmlns='urn:xmpp:carbons:2'/>");
  expect_same<CarbonsEnable>(R"(<enable xmlns="urn:xmpp:carbons:2"/>)");
  expect_same<Delay>(R"(<delay xmlns="urn:xmpp:delay" from="capulet.com" )"
                     R"(stamp="2002-09-10T23:08:25Z">Offline Storage</delay>)");
  expect_refused<Delay>("<delay xmlns='urn:xmpp:delay'/>");
  expect_same<HintNoStore>(R"(<no-store xmlns="urn:xmpp:hints"/>)");
  expect_same<StanzaId>(R"(<stanza-id xmlns="urn:xmpp:sid:0" id="5f3d" by="a@b"/>)");
  expect_refused<StanzaId>("<stanza-id xmlns='urn:xmpp:sid:0' id='1'/>");
  expect_same<OriginId>(R"(<origin-id xmlns="urn:xmpp:sid:0" id="de30"/>)");
  expect_same<Idle>(R"(<idle xmlns="urn:xmpp:idle:1" since="1969-07-21T02:56:15Z"/>)");
  const xml::Document state = parse_test(
      "<message><body/><paused xmlns='http://jabber.org/protocol/chatstates'/></message>");
  EXPECT_EQ(find_chat_state(state.root()), ChatState::paused);
}

TEST(ExtTest, MultiUserChat) {
  expect_same<MucJoin>(R"(<x xmlns="http://jabber.org/protocol/muc"/>)");
  expect_same<MucJoin>(
      R"(<x xmlns="http://jabber.org/protocol/muc"><password>cauldronburn</password>)"
      R"(<history maxchars="65000" maxstanzas="20" seconds="180" )"
      R"(since="1970-01-01T00:00:00Z"/></x>)");
  expect_refused<MucJoin>(
      "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='-1'/></x>");
  expect_refused<MucJoin>(
      "<x xmlns='http://jabber.org/protocol/muc'><history since='yesterday'/></x>");
  expect_refused<MucJoin>("<x xmlns='http://jabber.org/protocol/muc'><history/><history/></x>");
  expect_same<MucUser>(
      R"(<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="outcast" )"
      R"(role="none"><actor nick="The King"/><reason>Treason</reason></item>)"
      R"(<status code="301"/></x>)");
  expect_same<MucUser>(
      R"(<x xmlns="http://jabber.org/protocol/muc#user"><invite to="hecate@shakespeare.lit">)"
      R"(<reason>Hey</reason><continue thread="e0ff"/></invite><password>p</password></x>)");
  expect_same<MucUser>(R"(<x xmlns="http://jabber.org/protocol/muc#user">)"
                       R"(<destroy jid="coven@chat"><reason>Macbeth</reason></destroy></x>)");
  expect_refused<MucUser>(
      "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='king'/></x>");
  expect_refused<MucUser>("<x xmlns='http://jabber.org/protocol/muc#user'><status/></x>");
  expect_same<MucAdmin>(
      R"(<query xmlns="http://jabber.org/protocol/muc#admin">)"
      R"(<item affiliation="member" jid="hag66@shakespeare.lit" nick=""/>)"
      R"(<item nick="pistol" role="none"><reason>Avaunt</reason></item></query>)");
  expect_refused<MucAdmin>(
      "<query xmlns='http://jabber.org/protocol/muc#admin'><item jid='@'/></query>");
  expect_refused<MucAdmin>(
      "<query xmlns='http://jabber.org/protocol/muc#admin'><item role='lord'/></query>");
  expect_same<MucOwner>(R"(<query xmlns="http://jabber.org/protocol/muc#owner"/>)");
  expect_same<MucOwner>(R"(<query xmlns="http://jabber.org/protocol/muc#owner">)"
                        R"(<destroy jid="coven@chat"><password>p</password></destroy></query>)");
  expect_refused<MucOwner>(
      "<query xmlns='http://jabber.org/protocol/muc#owner'>"
      "<x xmlns='jabber:x:data' type='nonsense'/></query>");
  expect_same<OccupantId>(R"(<occupant-id xmlns="urn:xmpp:occupant-id:0" id="dd72"/>)");
  expect_refused<OccupantId>("<occupant-id xmlns='urn:xmpp:occupant-id:0'/>");
  expect_same<Moderate>(
      R"(<moderate xmlns="urn:xmpp:message-moderate:1" id="1">)"
      R"(<retract xmlns="urn:xmpp:message-retract:1"/><reason>No</reason></moderate>)");
  expect_refused<Moderate>("<moderate xmlns='urn:xmpp:message-moderate:1'/>");
}

TEST(ExtTest, StreamManagement) {
  expect_same<SmEnable>(R"(<enable xmlns="urn:xmpp:sm:3" resume="true" max="60"/>)");
  EXPECT_TRUE(read_text<SmEnable>("<enable xmlns='urn:xmpp:sm:3' resume='1'/>")->resume);
  expect_same<SmEnabled>(R"(<enabled xmlns="urn:xmpp:sm:3" id="some-id" resume="true"/>)");
  expect_same<SmResume>(R"(<resume xmlns="urn:xmpp:sm:3" h="4294967295" previd="id"/>)");
  expect_same<SmResumed>(R"(<resumed xmlns="urn:xmpp:sm:3" h="0" previd="id"/>)");
  expect_same<SmFailed>(R"(<failed xmlns="urn:xmpp:sm:3" h="1"><item-not-found )"
                        R"(xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></failed>)");
  expect_same<SmAck>(R"(<a xmlns="urn:xmpp:sm:3" h="1"/>)");
  expect_refused<SmAck>("<a xmlns='urn:xmpp:sm:3'/>");
  for (const char* const h : {"-1", "4294967296", "one", "1.0", ""})
    expect_refused<SmAck>("<a xmlns='urn:xmpp:sm:3' h='" + std::string(h) + "'/>");
}

TEST(ExtTest, StreamsAndResults) {
  expect_same<CsiInactive>(R"(<inactive xmlns="urn:xmpp:csi:0"/>)");
  expect_same<StreamLimits>(
      R"(<limits xmlns="urn:xmpp:stream-limits:0"><max-bytes>10000</max-bytes>)"
      R"(<idle-seconds>1800</idle-seconds></limits>)");
  expect_same<ChannelBindings>(
      R"(<sasl-channel-binding xmlns="urn:xmpp:sasl-cb:0"><channel-binding )"
      R"(type="tls-server-end-point"/><channel-binding type="tls-exporter"/>)"
      R"(</sasl-channel-binding>)");
  expect_same<ResultSet>(
      R"(<set xmlns="http://jabber.org/protocol/rsm"><before/><max>10</max></set>)");
  expect_same<ResultSet>(R"(<set xmlns="http://jabber.org/protocol/rsm"><first index="0">a</first>)"
                         R"(<last>b</last><count>800</count></set>)");
  expect_refused<ResultSet>("<set xmlns='http://jabber.org/protocol/rsm'><max>-1</max></set>");
}

TEST(ExtTest, Commands) {
  expect_same<Command>(
      R"(<command xmlns="http://jabber.org/protocol/commands" node="config" sessionid="s" )"
      R"(status="executing"><actions execute="next"><prev/><next/></actions>)"
      R"(<x xmlns="jabber:x:data" type="form"/><note type="info">Done</note></command>)");
  expect_refused<Command>(
      "<command xmlns='http://jabber.org/protocol/commands' node='n' action='fly'/>");
}

TEST(ExtTest, PublishSubscribe) {
  expect_same<PubSub>(
      R"(<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="princely_musings">)"
      R"(<item id="ae89"><entry xmlns="http://www.w3.org/2005/Atom"><title>To be</title></entry>)"
      R"(</item></publish></pubsub>)");
  expect_same<PubSub>(
      R"(<pubsub xmlns="http://jabber.org/protocol/pubsub"><subscription node="n" jid="a@b" )"
      R"(subid="123-abc" subscription="unconfigured"><subscribe-options><required/>)"
      R"(</subscribe-options></subscription></pubsub>)");
  expect_same<PubSub>(
      R"(<pubsub xmlns="http://jabber.org/protocol/pubsub"><items node="n" max_items="2">)"
      R"(<item id="1"/></items><set xmlns="http://jabber.org/protocol/rsm"><max>10</max></set>)"
      R"(</pubsub>)");
  expect_same<PubSub>(
      R"(<pubsub xmlns="http://jabber.org/protocol/pubsub"><retract node="n" notify="true">)"
      R"(<item id="1"/></retract></pubsub>)");
  expect_same<PubSubOwner>(
      R"(<pubsub xmlns="http://jabber.org/protocol/pubsub#owner"><delete node="n">)"
      R"(<redirect uri="xmpp:hamlet@denmark.lit?;node=blog"/></delete></pubsub>)");
  expect_same<PubSubOwner>(
      R"(<pubsub xmlns="http://jabber.org/protocol/pubsub#owner"><affiliations node="n">)"
      R"(<affiliation jid="a@b" affiliation="publish-only"/></affiliations></pubsub>)");
  expect_same<PubSubEvent>(
      R"(<event xmlns="http://jabber.org/protocol/pubsub#event"><items node="n">)"
      R"(<item id="1" publisher="a@b"/><retract id="2"/></items></event>)");
  const auto refused = [](std::string_view inside) {
    expect_refused<PubSub>("<pubsub xmlns='http://jabber.org/protocol/pubsub'>" +
                           std::string(inside) + "</pubsub>");
  };
  refused("<publish node='a'/><publish node='b'/>");
  refused("<subscribe node='n' jid='@'/>");
  refused("<items node='n' max_items='-1'/>");
  refused("<items node='n' max_items='99999999999999999999999'/>");
  refused("<retract node='n' notify='perhaps'/>");
  refused("<affiliations><affiliation affiliation='god'/></affiliations>");
  refused("<subscription subscription='maybe'/>");
  refused("<configure><x xmlns='jabber:x:data'/></configure>");
  refused("<items node='n'/><set xmlns='http://jabber.org/protocol/rsm'><max>x</max></set>");
  expect_refused<PubSubOwner>(
      "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><delete node='n'><redirect/>"
      "</delete></pubsub>");
}

TEST(ExtTest, WhatAccountsPublish) {
  expect_same<AvatarData>(R"(<data xmlns="urn:xmpp:avatar:data">aW1hZ2U=</data>)");
  expect_same<AvatarMetadata>(
      R"(<metadata xmlns="urn:xmpp:avatar:metadata"><info bytes="12345" id="111f" )"
      R"(type="image/png" height="64" width="64"/></metadata>)");
  expect_same<AvatarMetadata>(R"(<metadata xmlns="urn:xmpp:avatar:metadata"/>)");
  expect_refused<AvatarMetadata>("<metadata xmlns='urn:xmpp:avatar:metadata'><info/></metadata>");
  expect_refused<AvatarMetadata>(
      "<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='-1' id='1' type='image/png'/>"
      "</metadata>");
  expect_same<VCardUpdate>(R"(<x xmlns="vcard-temp:x:update"/>)");
  expect_same<VCardUpdate>(R"(<x xmlns="vcard-temp:x:update"><photo/></x>)");
  expect_same<Bookmark>(
      R"(<conference xmlns="urn:xmpp:bookmarks:1" autojoin="true" name="Council of Oberon">)"
      R"(<nick>Puck</nick><extensions><state xmlns="urn:x"/></extensions></conference>)");
  expect_same<OldBookmarks>(
      R"(<storage xmlns="storage:bookmarks"><conference jid="council@conference.underhill.org" )"
      R"(name="Council"><nick>Puck</nick></conference><url name="w" url="u"/></storage>)");
  expect_refused<OldBookmarks>("<storage xmlns='storage:bookmarks'><conference/></storage>");
  expect_same<Displayed>(
      R"(<displayed xmlns="urn:xmpp:mds:displayed:0"><stanza-id xmlns="urn:xmpp:sid:0" id="0f71" )"
      R"(by="juliet@capulet.lit"/></displayed>)");
  expect_refused<Displayed>(
      "<displayed xmlns='urn:xmpp:mds:displayed:0'><stanza-id xmlns='urn:xmpp:sid:0'/>"
      "</displayed>");
}

}  // namespace
}  // namespace herold::xmpp
