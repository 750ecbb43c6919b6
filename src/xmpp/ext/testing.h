// For tests of payloads: the examples of their specifications, and what is none.
#pragma once

#include <gtest/gtest.h>

#include "xmpp/testing.h"

namespace herold::xmpp {

// Reads `text`, which is written canonically, and expects the same bytes back.
template <class P>
void expect_same(std::string_view text) {
  const Answer<P> payload = read_text<P>(text);
  ASSERT_TRUE(payload) << text << ": " << payload.error().text;
  EXPECT_EQ(to_xml(*payload), text);
}

template <class P>
void expect_refused(std::string_view text) {
  const Answer<P> payload = read_text<P>(text);
  ASSERT_FALSE(payload) << text;
  EXPECT_EQ(payload.error().condition, Condition::bad_request);
}

}  // namespace herold::xmpp
