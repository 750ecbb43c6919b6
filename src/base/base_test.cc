// Units and helpers of base: hashes, base64, dates, limits, shared bytes.
#include <gtest/gtest.h>

#include <set>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/datetime.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/random.h"

namespace herold {
namespace {

TEST(SipHash, MatchesTheReferenceVectors) {
  const HashKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string input;
  EXPECT_EQ(siphash(key, input), 0x726fdb47dd0e0e31u);
  for (int i = 0; i < 8; ++i) input += static_cast<char>(i);
  EXPECT_EQ(siphash(key, input), 0x93f5f5799a932462u);
  for (int i = 8; i < 15; ++i) input += static_cast<char>(i);
  EXPECT_EQ(siphash(key, input), 0xa129ca6149be45e5u);
}

TEST(Base64, EncodesAndDecodesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(base64_encode(plain), text);
    EXPECT_EQ(base64_decode(text), plain);
  }
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (const char* bad : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z g=", "Zg==\n", "=",
                          "====", "Zm9v=", "Z===", "Zm-v", "Zg==Zg=="})
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
}

TEST(DateTime, RoundTripsAndKeepsFractions) {
  for (const char* text : {"1969-07-21T02:56:15Z", "2026-11-21T09:30:00Z",
                           "2026-02-28T23:59:59.000001Z", "2000-02-29T00:00:00.500000Z"}) {
    const auto time = parse_datetime(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_datetime(*time), text);
  }
  EXPECT_EQ(parse_datetime("1969-07-20T21:56:15-05:00"), parse_datetime("1969-07-21T02:56:15Z"));
  EXPECT_EQ(parse_datetime("2002-09-10T23:08:25.1Z"),
            parse_datetime("2002-09-10T23:08:25.1000009Z"));
}

TEST(DateTime, RefusesTheImpossible) {
  for (const char* bad :
       {"", "2026-11-21", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T09:30:00", "2026-11-21T09:30:00.Z", "2026-11-21T09:30:00ZZ",
        "2026-11-21T09:30:00+99:00", "2026-1-21T09:30:00Z"})
    EXPECT_EQ(parse_datetime(bad), std::nullopt) << bad;
}

TEST(Limits, NamesAreUniqueAndDefaultsAreAboveTheLeast) {
  const Limits defaults;
  std::set<std::string_view> names;
  for (const LimitRow& row : limit_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_GE(defaults.*row.field, row.least) << row.name;
    EXPECT_TRUE(row.reason.ends_with('.')) << row.name;
  }
  ASSERT_NE(find_limit("stanza_bytes"), nullptr);
  EXPECT_EQ(find_limit("nothing"), nullptr);
}

TEST(SharedBytes, SharesOneBlock) {
  const SharedBytes first("hello");
  SharedBytes second = first;
  EXPECT_EQ(first.view().data(), second.view().data());
  second = SharedBytes();
  EXPECT_EQ(first.view(), "hello");
  EXPECT_TRUE(second.empty());
}

TEST(Random, TokensAreLongAndDiffer) {
  SystemRandom random;
  const std::string token = random.token(16);
  EXPECT_EQ(token.size(), 22u);
  EXPECT_NE(token, random.token(16));
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(7), 7u);
}

TEST(Random, ASeedReplays) {
  SeededRandom one(42), two(42);
  EXPECT_EQ(one.token(32), two.token(32));
}

}  // namespace
}  // namespace herold
