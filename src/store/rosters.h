// Rosters (RFC 6121 section 2) with their versions (section 2.6), and subscription requests that
// wait for an answer (section 3.1.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "store/executor.h"

namespace herold::store {

enum class Subscription : std::uint8_t { none = 0, to = 1, from = 2, both = 3 };

struct RosterItem {
  std::string address;  // the contact's bare JID
  std::string name;
  Subscription subscription = Subscription::none;
  bool ask = false;       // our request is pending: ask='subscribe'
  bool approved = false;  // pre-approved (RFC 6121 section 3.4)
  std::vector<std::string> groups;
  bool operator==(const RosterItem&) const = default;
};

// A request from a contact that the owner has not answered yet.
struct SubscriptionRequest {
  std::string from;
  std::string stanza;  // as it will be handed over, with its status text and nick
  WallTime received{};
  bool operator==(const SubscriptionRequest&) const = default;
};

struct Roster {
  std::uint64_t version = 0;  // 0: never changed
  std::vector<RosterItem> items;
  std::vector<SubscriptionRequest> requests;  // oldest first
};

struct RosterDifference {
  std::uint64_t version = 0;
  std::vector<RosterItem> changed;
  std::vector<std::string> removed;
};

struct PutItem {
  RosterItem item;
};
struct RemoveItem {
  std::string address;
};
struct PutRequest {
  SubscriptionRequest request;
};
struct RemoveRequest {
  std::string from;
};
using RosterChange = std::variant<PutItem, RemoveItem, PutRequest, RemoveRequest>;

class Rosters {
 public:
  virtual ~Rosters() = default;

  // An unknown owner has an empty roster of version 0.
  virtual void load(std::string owner, Completion<Roster> done) = 0;

  // All of `changes` or none. Yields the roster's version afterwards: one higher, or as it was
  // when only requests changed. Versions grow even over the removal of the account. Removing what
  // is not there is no error.
  virtual void change(std::string owner, std::vector<RosterChange> changes,
                      Completion<std::uint64_t> done) = 0;

  // What changed after `version`; empty when that is not known any more (send the whole roster).
  virtual void changes_since(std::string owner, std::uint64_t version,
                             Completion<std::optional<RosterDifference>> done) = 0;
};

}  // namespace herold::store
