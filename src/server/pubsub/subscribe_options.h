// What a subscriber chooses: XEP-0060 section 6.3, leases (section 12.18), temporary subscriptions
// (section 12.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "xmpp/ext/presence.h"
#include "xmpp/form.h"

namespace herold::server::pubsub {

inline constexpr std::string_view subscribe_options_form =
    "http://jabber.org/protocol/pubsub#subscribe_options";

// In which states of availability somebody wants to be notified; at first in all, and whoever
// chooses none of them in particular is not asked.
class Shows {
 public:
  bool all() const { return bits_ == everything; }
  bool has(xmpp::Show show) const { return (bits_ & bit(show)) != 0; }
  void add(xmpp::Show show) { bits_ |= bit(show); }
  void add(const Shows& others) { bits_ |= others.bits_; }
  static Shows none() { return Shows(0); }
  unsigned number() const { return bits_; }
  static Shows of(unsigned number) { return Shows(number & everything); }
  bool operator==(const Shows&) const = default;
  Shows() = default;

 private:
  static constexpr unsigned everything = 31;
  static constexpr unsigned bit(xmpp::Show show) { return 1U << static_cast<unsigned>(show); }
  explicit Shows(unsigned bits) : bits_(bits) {}
  unsigned bits_ = everything;
};

struct SubscribeOptions {
  bool deliver = true;
  bool while_online = false;  // goes when the subscriber does
  std::optional<WallTime> expire;
  Shows shows;

  xmpp::DataForm form(xmpp::FormType type) const;
  // These with what was filled in. bad-request with invalid-options: what cannot be, and what is
  // not done here: digests, bodies, collections.
  xmpp::Answer<SubscribeOptions> read(const xmpp::DataForm& submitted, WallTime now) const;
  // As they are stored.
  std::string text() const;
  static SubscribeOptions parse(std::string_view text);
  bool operator==(const SubscribeOptions&) const = default;
};

}  // namespace herold::server::pubsub
