// Names that are taken for an account's or an administrator's cannot be registered (HOSTILE 72).
#include <gtest/gtest.h>

#include "server/testing/command_text.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

struct LookAlikeNames : ::testing::Test {
  // The condition, "" when it is registered.
  std::string registers(std::string_view name) {
    TestClient& client = server.opens_stream();
    client.asks("<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>" +
                    std::string(name) + "</username><password>secret</password></query></iq>",
                "<iq/>");
    const xml::Element error = client.last().child("error", "jabber:client");
    return error ? std::string(error.first_child().name()) : "";
  }

  TestServer server{
      {.limits = "registrations_per_prefix = 100", .domain = "registration = 'open'"}};
};

TEST_F(LookAlikeNames, OfAccountsAreNotAcceptable) {
  for (const char* name : {"r0meo", "rorneo", "nurze1", "romeo"})
    EXPECT_EQ(registers(name), std::string_view(name) == "romeo"    ? "conflict"
                               : std::string_view(name) == "nurze1" ? ""
                                                                    : "not-acceptable")
        << name;
  EXPECT_EQ(registers("nurzel"), "not-acceptable");  // also of those registered just now
}

TEST_F(LookAlikeNames, AreKnownAfterARestart) {
  EXPECT_EQ(registers("modern"), "");
  server.restarts();
  EXPECT_EQ(registers("modem"), "not-acceptable");
}

TEST_F(LookAlikeNames, OfAdministratorsAreReserved) {
  TestClient& admin = server.signs_in("admin/desk");
  admin.asks("<iq type='set' id='r'><query xmlns='jabber:iq:register'><remove/></query></iq>",
             "<iq type='result'/>");
  server.passes(Seconds(1));
  EXPECT_EQ(registers("admin"), "conflict");
  EXPECT_EQ(registers("adm1n"), "");  // to nobody's eyes the same
  EXPECT_EQ(registers("adrnin"), "conflict");
}

TEST_F(LookAlikeNames, AreAnAdministratorsToAllow) {
  TestClient& admin = server.signs_in("admin/desk");
  fills_in(admin, "add-user",
           field("accountjid", "r0meo@xmpp.test") + field("password", "secret") +
               field("password-verify", "secret"),
           completed);
  EXPECT_TRUE(server.signs_in("r0meo/orchard", {.password = "secret"}).is_connected());
}

}  // namespace
}  // namespace herold::server
