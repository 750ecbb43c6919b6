// A roster in memory (RFC 6121 section 2), packed: about 40 bytes a contact beside its texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/rosters.h"

namespace herold::server {

using store::Subscription;

inline bool sees_contact(Subscription s) {
  return s == Subscription::to || s == Subscription::both;
}
inline bool seen_by_contact(Subscription s) {
  return s == Subscription::from || s == Subscription::both;
}

// Views into the roster; gone with its next change.
struct ContactView {
  std::string_view address;
  std::string_view name;
  Subscription subscription = Subscription::none;
  bool ask = false;
  bool approved = false;
  std::string_view groups;  // each with a NUL behind it

  store::RosterItem item() const;
  explicit operator bool() const { return !address.empty(); }
};

class Roster {
 public:
  std::uint64_t version = 0;
  std::vector<store::SubscriptionRequest> requests;  // unanswered, oldest first

  void load(store::Roster stored);
  std::size_t size() const { return count_; }
  // False in a bool context when there is no such contact.
  ContactView find(std::string_view address) const;
  void put(const store::RosterItem& item);
  void remove(std::string_view address);

  // In no particular order; the roster must not change meanwhile.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (std::size_t at = 0; at < packed_.size(); at += size_at(at)) visit(view_at(at));
  }

 private:
  static void pack(std::string& out, const store::RosterItem& item);
  std::size_t size_at(std::size_t at) const;
  ContactView view_at(std::size_t at) const;
  std::size_t position(std::string_view address) const;  // packed_.size() when absent

  std::string packed_;
  std::uint32_t count_ = 0;
};

}  // namespace herold::server
