// Names that new accounts may have, and how many accounts one place may make.
#include "server/registration.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

std::string name_of(std::string_view username) {
  const auto account = account_name("xmpp.test", username);
  if (!account) return std::string(xmpp::name_of(account.error().condition));
  return account->text();
}

TEST(AccountName, IsPreparedAsAnAddress) {
  EXPECT_EQ(name_of("Bill"), "bill@xmpp.test");
  EXPECT_EQ(name_of("J\xC3\xBCrgen"), "j\xC3\xBCrgen@xmpp.test");
}

TEST(AccountName, RefusesWhatIsNoUsername) {
  for (const std::string_view wrong : {"", "a@b", "a/b", "two words", "\xFF", "<script>"})
    EXPECT_EQ(name_of(wrong), "not-acceptable") << wrong;
  EXPECT_EQ(name_of(std::string(1024, 'a')), "not-acceptable");
}

TEST(AccountName, RefusesLookAlikes) {
  EXPECT_EQ(name_of("p\xD0\xB0ypal"), "not-acceptable");  // one Cyrillic letter among Latin ones
  // Cyrillic through and through, and yet "scope".
  EXPECT_EQ(name_of("\xD1\x81\xD1\x81\xD0\xBE\xD1\x80\xD0\xB5"), "not-acceptable");
  EXPECT_EQ(name_of("\xD0\xBC\xD0\xB8\xD1\x88\xD0\xB0"),  // misha
            "\xD0\xBC\xD0\xB8\xD1\x88\xD0\xB0@xmpp.test");
}

TEST(RegistrationCounts, BoundsEachPrefixWithinTheWindow) {
  Limits limits;
  limits.registrations_per_prefix = 2;
  limits.registration_window = 60;
  RegistrationCounts counts{HashKey{}};
  const MonotonicTime start{Seconds(1000)};
  EXPECT_TRUE(counts.take("192.0.2.0", start, limits));
  EXPECT_TRUE(counts.take("192.0.2.0", start + Seconds(30), limits));
  EXPECT_FALSE(counts.take("192.0.2.0", start + Seconds(59), limits));
  EXPECT_TRUE(counts.take("198.51.100.0", start + Seconds(59), limits));
  EXPECT_TRUE(counts.take("192.0.2.0", start + Seconds(60), limits));
  EXPECT_FALSE(counts.take("192.0.2.0", start + Seconds(61), limits));
}

}  // namespace
}  // namespace herold::server
