// Error conditions: names and types of RFC 6120, and the way through XML and back.
#include "xmpp/errors.h"

#include <gtest/gtest.h>

#include "xmpp/testing.h"

namespace herold::xmpp {
namespace {

std::string written(const StanzaError& error) {
  std::string out;
  xml::Writer writer(out, ns::client);
  error.write(writer);
  return out;
}

StanzaError parsed(std::string_view text) {
  const xml::Document document = parse_test(text);
  return StanzaError::parse(document.root());
}

TEST(ErrorsTest, EveryConditionComesBack) {
  for (std::size_t i = 0; i < std::size(condition_names); ++i) {
    const StanzaError error(static_cast<Condition>(i), "why & <so>");
    EXPECT_EQ(parsed(written(error)), error) << condition_names[i];
  }
  for (std::size_t i = 0; i < std::size(stream_condition_names); ++i) {
    const StreamError error(static_cast<StreamCondition>(i), "why");
    const std::string text =
        "<s:e xmlns:s='http://etherx.jabber.org/streams'>" + error.to_xml().substr(14);
    const std::string closed = text.substr(0, text.rfind("</")) + "</s:e>";
    const xml::Document document = parse_test(closed);
    EXPECT_EQ(StreamError::parse(document.root()), error) << stream_condition_names[i];
  }
  EXPECT_EQ(std::size(condition_names), std::size_t(Condition::unexpected_request) + 1);
  EXPECT_EQ(std::size(stream_condition_names),
            std::size_t(StreamCondition::unsupported_version) + 1);
  EXPECT_EQ(name_of(SaslCondition::temporary_auth_failure), "temporary-auth-failure");
  EXPECT_EQ(value_of<SaslCondition>("not-authorized"), SaslCondition::not_authorized);
  EXPECT_FALSE(value_of<SaslCondition>("bad-auth"));
}

TEST(ErrorsTest, WritesWhatTheRfcShows) {
  EXPECT_EQ(written({Condition::jid_malformed}),
            "<error type=\"modify\">"
            "<jid-malformed xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error>");
  EXPECT_EQ(written({Condition::item_not_found}),
            "<error type=\"cancel\" code=\"404\">"  // Profanity looks for the number (XEP-0086)
            "<item-not-found xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error>");
  StanzaError gone(Condition::gone);
  gone.uri = "xmpp:romeo@afterlife.example.net";
  EXPECT_EQ(parsed(written(gone)), gone);
  const StanzaError big(Condition::policy_violation, {"stanza-too-big", "urn:xmpp:errors"}, "big");
  EXPECT_EQ(written(big),
            "<error type=\"modify\">"
            "<policy-violation xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/>"
            "<text xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\" xml:lang=\"en\">big</text>"
            "<stanza-too-big xmlns=\"urn:xmpp:errors\"/></error>");
  EXPECT_EQ(parsed(written(big)), big);
  EXPECT_EQ(StreamError(StreamCondition::host_unknown).to_xml(),
            "<stream:error><host-unknown xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/>"
            "</stream:error>");
}

TEST(ErrorsTest, TypesAreThoseOfTheRfc) {
  EXPECT_EQ(default_type(Condition::bad_request), ErrorType::modify);
  EXPECT_EQ(default_type(Condition::forbidden), ErrorType::auth);
  EXPECT_EQ(default_type(Condition::item_not_found), ErrorType::cancel);
  EXPECT_EQ(default_type(Condition::resource_constraint), ErrorType::wait);
  EXPECT_EQ(StanzaError(Condition::policy_violation).with_type(ErrorType::wait).type,
            ErrorType::wait);
}

TEST(ErrorsTest, ReadsAnythingAsSomeError) {
  EXPECT_EQ(parsed("<error/>").condition, Condition::undefined_condition);
  EXPECT_EQ(parsed("<error type='later'><what/></error>").type, ErrorType::cancel);
  const StanzaError old =
      parsed("<error><new-one xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
  EXPECT_EQ(old.condition, Condition::undefined_condition);
  EXPECT_FALSE(old.application);
}

Answer<int> handler(Result<int> inner) { return TRY(std::move(inner)) + 1; }

TEST(ErrorsTest, OurFaultsBecomeConditionsWithoutTheirReasons) {
  EXPECT_EQ(handler(1), 2);
  EXPECT_EQ(handler(fail(Fault::not_found, "no such node")).error(),
            StanzaError(Condition::item_not_found, "no such node"));
  const StanzaError disk = handler(fail(Fault::unavailable, "/var/lib: disk full")).error();
  EXPECT_EQ(disk.condition, Condition::internal_server_error);
  EXPECT_EQ(disk.type, ErrorType::wait);
  EXPECT_EQ(disk.text, "");
}

}  // namespace
}  // namespace herold::xmpp
