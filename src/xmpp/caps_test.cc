// Capability strings: the examples of XEP-0115 and XEP-0390 with their published hashes.
#include "xmpp/caps.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/openssl/openssl_crypto.h"
#include "xmpp/testing.h"

namespace herold::xmpp {
namespace {

constexpr std::string_view exodus = R"(
<query xmlns='http://jabber.org/protocol/disco#info'>
  <identity category='client' type='pc' name='Exodus 0.9.1'/>
  <feature var='http://jabber.org/protocol/muc'/>
  <feature var='http://jabber.org/protocol/disco#items'/>
  <feature var='http://jabber.org/protocol/disco#info'/>
  <feature var='http://jabber.org/protocol/caps'/>
</query>)";

constexpr std::string_view psi = R"(
<query xmlns='http://jabber.org/protocol/disco#info'>
  <identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
  <identity xml:lang='el' category='client' name='&#936; 0.11' type='pc'/>
  <feature var='http://jabber.org/protocol/caps'/>
  <feature var='http://jabber.org/protocol/disco#info'/>
  <feature var='http://jabber.org/protocol/disco#items'/>
  <feature var='http://jabber.org/protocol/muc'/>
  <x xmlns='jabber:x:data' type='result'>
    <field var='os_version'><value>10.5.1</value></field>
    <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
    <field var='ip_version' type='text-multi'><value>ipv6</value><value>ipv4</value></field>
    <field var='os'><value>Mac</value></field>
    <field var='software'><value>Psi</value></field>
    <field var='software_version'><value>0.11</value></field>
  </x>
</query>)";

constexpr std::string_view bombus = R"(
<query xmlns="http://jabber.org/protocol/disco#info">
  <identity category="client" name="BombusMod" type="mobile"/>
  <feature var="http://jabber.org/protocol/si"/>
  <feature var="http://jabber.org/protocol/bytestreams"/>
  <feature var="http://jabber.org/protocol/chatstates"/>
  <feature var="http://jabber.org/protocol/disco#info"/>
  <feature var="http://jabber.org/protocol/disco#items"/>
  <feature var="urn:xmpp:ping"/>
  <feature var="jabber:iq:time"/>
  <feature var="jabber:iq:privacy"/>
  <feature var="jabber:iq:version"/>
  <feature var="http://jabber.org/protocol/rosterx"/>
  <feature var="urn:xmpp:time"/>
  <feature var="jabber:x:oob"/>
  <feature var="http://jabber.org/protocol/ibb"/>
  <feature var="http://jabber.org/protocol/si/profile/file-transfer"/>
  <feature var="urn:xmpp:receipts"/>
  <feature var="jabber:iq:roster"/>
  <feature var="jabber:iq:last"/>
</query>)";

constexpr std::string_view tkabber = R"(
<query xmlns="http://jabber.org/protocol/disco#info">
  <identity category="client" name="Tkabber" type="pc" xml:lang="en"/>
  <identity category="client" name="Ткаббер" type="pc" xml:lang="ru"/>
  <feature var="games:board"/>
  <feature var="http://jabber.org/protocol/activity"/>
  <feature var="http://jabber.org/protocol/activity+notify"/>
  <feature var="http://jabber.org/protocol/bytestreams"/>
  <feature var="http://jabber.org/protocol/chatstates"/>
  <feature var="http://jabber.org/protocol/commands"/>
  <feature var="http://jabber.org/protocol/disco#info"/>
  <feature var="http://jabber.org/protocol/disco#items"/>
  <feature var="http://jabber.org/protocol/evil"/>
  <feature var="http://jabber.org/protocol/feature-neg"/>
  <feature var="http://jabber.org/protocol/geoloc"/>
  <feature var="http://jabber.org/protocol/geoloc+notify"/>
  <feature var="http://jabber.org/protocol/ibb"/>
  <feature var="http://jabber.org/protocol/iqibb"/>
  <feature var="http://jabber.org/protocol/mood"/>
  <feature var="http://jabber.org/protocol/mood+notify"/>
  <feature var="http://jabber.org/protocol/rosterx"/>
  <feature var="http://jabber.org/protocol/si"/>
  <feature var="http://jabber.org/protocol/si/profile/file-transfer"/>
  <feature var="http://jabber.org/protocol/tune"/>
  <feature var="http://www.facebook.com/xmpp/messages"/>
  <feature var="http://www.xmpp.org/extensions/xep-0084.html#ns-metadata+notify"/>
  <feature var="jabber:iq:avatar"/>
  <feature var="jabber:iq:browse"/>
  <feature var="jabber:iq:dtcp"/>
  <feature var="jabber:iq:filexfer"/>
  <feature var="jabber:iq:ibb"/>
  <feature var="jabber:iq:inband"/>
  <feature var="jabber:iq:jidlink"/>
  <feature var="jabber:iq:last"/>
  <feature var="jabber:iq:oob"/>
  <feature var="jabber:iq:privacy"/>
  <feature var="jabber:iq:roster"/>
  <feature var="jabber:iq:time"/>
  <feature var="jabber:iq:version"/>
  <feature var="jabber:x:data"/>
  <feature var="jabber:x:event"/>
  <feature var="jabber:x:oob"/>
  <feature var="urn:xmpp:avatar:metadata+notify"/>
  <feature var="urn:xmpp:ping"/>
  <feature var="urn:xmpp:receipts"/>
  <feature var="urn:xmpp:time"/>
  <x xmlns="jabber:x:data" type="result">
    <field type="hidden" var="FORM_TYPE">
      <value>urn:xmpp:dataforms:softwareinfo</value>
    </field>
    <field var="software">
      <value>Tkabber</value>
    </field>
    <field var="software_version">
      <value>0.11.1-svn-20111216-mod (Tcl/Tk 8.6b2)</value>
    </field>
    <field var="os">
      <value>Windows</value>
    </field>
    <field var="os_version">
      <value>XP</value>
    </field>
  </x>
</query>)";

DiscoInfo info_of(std::string_view xml) { return read_text<DiscoInfo>(xml).value(); }

std::string hash_of(crypto::HashAlgorithm algorithm, const std::optional<std::string>& text) {
  if (!text) return "ill-formed";
  const crypto::OpenSslCrypto crypto;
  return base64_encode(crypto.digest(algorithm, *text).view());
}

std::string caps_hash(std::string_view xml) {
  return hash_of(crypto::HashAlgorithm::sha1, caps_string(info_of(xml)));
}

// An answer with these things in it and nothing else.
std::string query(std::string_view inside) {
  std::string out = "<query xmlns='http://jabber.org/protocol/disco#info'>";
  return (out += inside) += "</query>";
}

std::string form(std::string_view inside) {
  std::string out = "<x xmlns='jabber:x:data' type='result'>";
  return (out += inside) += "</x>";
}

TEST(CapsTest, MakesTheHashesOfXep0115) {
  EXPECT_EQ(caps_hash(exodus), "QgayPKawpkPSDYmwT/WM94uAlu0=");
  EXPECT_EQ(caps_hash(psi), "q07IKJEyjvHSyhy//CH0CxmKi8w=");
}

TEST(CapsTest, MakesTheHashesOfXep0390) {
  using enum crypto::HashAlgorithm;
  const auto simple = caps2_string(info_of(bombus)), full = caps2_string(info_of(tkabber));
  EXPECT_EQ(hash_of(sha256, simple), "kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=");
  EXPECT_EQ(hash_of(sha3_256, simple), "79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q=");
  EXPECT_EQ(hash_of(sha256, full), "u79ZroNJbdSWhdSp311mddz44oHHPsEBntQ5b1jqBSY=");
  EXPECT_EQ(hash_of(sha3_256, full), "XpUJzLAc93258sMECZ3FJpebkzuyNXDzRNwQog8eycg=");
  EXPECT_EQ(caps2_node("sha-256", "kzBZ="), "urn:xmpp:caps#sha-256.kzBZ=");
}

TEST(CapsTest, SortsBeforeItEndsTheParts) {
  EXPECT_EQ(caps_string(info_of(query("<feature var='a#b'/><feature var='a'/>"))), "a<a#b<");
}

TEST(CapsTest, RefusesIllFormedAnswers) {
  const std::string type = "<field var='FORM_TYPE' type='hidden'><value>t</value></field>";
  EXPECT_FALSE(caps_string(info_of(query("<feature var='a'/><feature var='a'/>"))));
  const std::string identity = "<identity category='c' type='t'/>";
  EXPECT_FALSE(caps_string(info_of(query(identity + identity))));
  EXPECT_FALSE(caps_string(info_of(query(form(type) + form(type)))));
  EXPECT_FALSE(caps_string(info_of(query("<feature var='a&lt;b'/>"))));
  EXPECT_FALSE(caps_string(info_of(query(
      form("<field var='FORM_TYPE' type='hidden'><value>t</value><value>u</value></field>")))));
  EXPECT_FALSE(caps2_string(info_of(query(form("<field var='a'><value>t</value></field>")))));
  EXPECT_FALSE(caps2_string(info_of(query(form(type + "<item/>")))));
}

TEST(CapsTest, IgnoresFormsWithoutHiddenType) {
  const std::string open_type = "<field var='FORM_TYPE'><value>t</value></field>";
  EXPECT_EQ(caps_string(info_of(query("<feature var='a'/>" + form(open_type)))), "a<");
}

TEST(CapsTest, IdentitiesInheritTheLanguage) {
  const std::string plain = query("<identity category='c' type='t'/>");
  const std::string french = query("<identity category='c' type='t' xml:lang='fr'/>");
  EXPECT_EQ(caps2_string(info_of(plain), "fr"), caps2_string(info_of(french), "de"));
}

}  // namespace
}  // namespace herold::xmpp
