// XEP-0402 PEP Native Bookmarks: one list, also for clients that keep theirs in private storage
// (XEP-0048 over XEP-0049), or all of them in one item (XEP-0048 over XEP-0223).
#include "xmpp/ext/bookmarks.h"

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "server/module.h"
#include "server/own_xml.h"
#include "server/private_parts.h"
#include "server/pubsub/pep.h"

namespace herold::server {
namespace {

using xmpp::Bookmark;
using xmpp::OldBookmark;
using xmpp::OldBookmarks;

constexpr std::string_view node = xmpp::ns::bookmarks;
constexpr std::string_view old_node = xmpp::ns::old_bookmarks;
constexpr std::string_view private_key = "storage storage:bookmarks";

using Items = std::map<std::string, std::string>;  // payloads by room

// Of an account whose lists are brought together.
struct Unifying {
  std::uint64_t running = 0;  // changes of a list that was stored, and collations
  bool again = false;         // there was one more change meanwhile
  std::string collated;       // the newest list of ours, which is no client's
};

// Those that are named as an old list names them; others are not for it.
Items items_in(const store::ItemPage& page) {
  Items items;
  for (const store::NodeItem& item : page.items) {
    const auto room = Jid::parse(item.id);
    if (room && room->text() == item.id) items[item.id] = item.payload;
  }
  return items;
}

OldBookmark old_form(const std::string& room, const std::string& payload) {
  const Bookmark bookmark = read_own<Bookmark>(payload).value_or(Bookmark{});
  return {.jid = Jid::trusted(room),
          .autojoin = bookmark.autojoin,
          .name = bookmark.name,
          .nick = bookmark.nick,
          .password = bookmark.password};
}

// With what other programs keep there.
std::string new_form(const OldBookmark& old, const std::string& before) {
  Bookmark bookmark{
      .autojoin = old.autojoin, .name = old.name, .nick = old.nick, .password = old.password};
  if (!before.empty())
    if (auto known = read_own<Bookmark>(before)) bookmark.extensions = known->extensions;
  return xmpp::to_xml(bookmark);
}

// Section 5.3.2: what a client's list changes; nothing of what it leaves as it is.
struct Difference {
  std::vector<std::pair<std::string, std::string>> put;  // room, payload
  std::vector<std::string> removed;
};

Difference difference(const OldBookmarks& list, Items items) {
  Difference found;
  for (const OldBookmark& one : list.rooms) {
    const auto known = items.find(one.jid.text());
    const std::string before = known == items.end() ? std::string() : known->second;
    const bool same =
        known != items.end() && xmpp::to_xml(old_form(one.jid.text(), before)) == xmpp::to_xml(one);
    if (known != items.end()) items.erase(known);
    if (!same) found.put.emplace_back(one.jid.text(), new_form(one, before));
  }
  for (const auto& [room, payload] : items) found.removed.push_back(room);
  return found;
}

OldBookmarks collate(const Items& items, std::string_view before) {
  OldBookmarks list;
  if (auto old = read_own<OldBookmarks>(before)) list.others = std::move(old->others);
  for (const auto& [room, payload] : items) list.rooms.push_back(old_form(room, payload));
  return list;
}

// Section 4.3; the old list likewise.
pubsub::NodeConfig nobody_elses(pubsub::NodeConfig config) {
  config.access_model = pubsub::AccessModel::whitelist;
  return config;
}
pubsub::NodeConfig one_each(pubsub::NodeConfig config) {
  config.max_items.reset();
  config.send_last = pubsub::SendLast::never;
  return nobody_elses(std::move(config));
}

}  // namespace

class Bookmarks {
 public:
  static constexpr About about{402, "1.2.0", "PEP Native Bookmarks", {}};
  static constexpr Specification also[] = {{.number = 48, .version = "1.2"}};

  static constexpr auto handlers() {
    return std::tuple{on<ItemPublished>(&Bookmarks::follow_publication),
                      on<ItemRetracted>(&Bookmarks::follow_retraction)};
  }

  explicit Bookmarks(ModuleHost& host)
      : host_(host),
        nodes_(host, {{node, one_each}, {old_node, nobody_elses}},
               {"urn:xmpp:bookmarks:1#compat", "urn:xmpp:bookmarks:1#compat-pep"}) {
    host_.data<PrivateParts>().parts[std::string(private_key)] = {
        [this](const Jid& owner, std::string stored, PrivatePart::Told told) {
          tell(owner, std::move(stored), std::move(told));
        },
        [this](const Jid& owner, const std::string& element, PrivatePart::Kept kept) {
          keep(owner, element, std::move(kept));
        }};
  }
  void stop() {
    host_.data<PrivateParts>().parts.erase(std::string(private_key));
    nodes_.end();
  }

 private:
  // Calls `then` with the bookmarks; nothing where there is no node of them.
  template <class Then>
  void read(const Jid& owner, Then then) {
    store::ItemQuery query{.node = std::string(node), .most = host_.limits().pubsub_items};
    host_.stores().nodes().items(owner.text(), std::move(query),
                                 [then = std::move(then)](Result<store::ItemPage> page) mutable {
                                   if (page) return then(std::optional(items_in(*page)));
                                   then(std::optional<Items>());
                                 });
  }

  // Section 5.3.1: the node's bookmarks, and the old list's pages.
  void tell(const Jid& owner, std::string stored, PrivatePart::Told told) {
    read(owner,
         [stored = std::move(stored), told = std::move(told)](std::optional<Items> items) mutable {
           told(items ? xmpp::to_xml(collate(*items, stored)) : std::move(stored));
         });
  }

  void keep(const Jid& owner, const std::string& element, PrivatePart::Kept kept) {
    auto list = read_own<OldBookmarks>(element);
    if (!list) return kept(xmpp::fail(Condition::bad_request, "These are no bookmarks"));
    take_over(owner, *std::move(list), std::move(kept));
  }

  // What a list says becomes items.
  void take_over(const Jid& owner, OldBookmarks list, PrivatePart::Kept kept) {
    begin(owner);
    read(owner, [this, owner, list = std::move(list),
                 kept = std::move(kept)](std::optional<Items> items) mutable {
      auto done = [this, owner, kept = std::move(kept)](Answer<> answer) mutable {
        kept(std::move(answer));
        end(owner);
      };
      change(owner, difference(list, std::move(items).value_or(Items{})), std::move(done));
    });
  }

  // One after the other, so that each is judged by what the one before made.
  void change(const Jid& owner, Difference left, PrivatePart::Kept kept) {
    pubsub::Pep* pep = host_.data<pubsub::PepDoor>().pep;
    if (pep == nullptr || (left.put.empty() && left.removed.empty())) return kept({});
    auto done = [this, owner, kept = std::move(kept)](Difference rest,
                                                      Answer<std::string> answer) mutable {
      if (!answer) return kept(std::unexpected(answer.error()));
      change(owner, std::move(rest), std::move(kept));
    };
    if (!left.put.empty()) {
      auto [room, payload] = std::move(left.put.back());
      left.put.pop_back();
      return pep->publish(
          owner, std::string(node), std::move(room), std::move(payload), nullptr,
          [left = std::move(left), done = std::move(done)](Answer<std::string> answer) mutable {
            done(std::move(left), std::move(answer));
          });
    }
    std::string room = std::move(left.removed.back());
    left.removed.pop_back();
    pep->retract(
        owner, std::string(node), std::move(room),
        [left = std::move(left), done = std::move(done)](Answer<std::string> answer) mutable {
          done(std::move(left), std::move(answer));
        });
  }

  // --- the list in one item (section 5.3) ---

  void follow_publication(ItemPublished& event) {
    const Jid owner = event.account.address();
    if (event.node == node) return list_anew(owner);
    if (event.node != old_node || event.payload == event.account.data<Unifying>().collated) return;
    if (auto list = read_own<OldBookmarks>(event.payload))
      take_over(owner, *std::move(list), [](const Answer<>&) {});
  }

  void follow_retraction(ItemRetracted& event) {
    if (event.node == node) list_anew(event.account.address());
  }

  Unifying* unifying(const Jid& owner) {
    Account* account = host_.find_account(owner);
    return account == nullptr ? nullptr : &account->data<Unifying>();
  }

  void begin(const Jid& owner) {
    if (Unifying* state = unifying(owner)) ++state->running;
  }
  void end(const Jid& owner) {
    Unifying* state = unifying(owner);
    if (state == nullptr || state->running == 0) return;  // was out of memory meanwhile
    if (--state->running == 0 && std::exchange(state->again, false)) list_anew(owner);
  }

  // One at a time, and not while a client's list is only half taken over.
  void list_anew(const Jid& owner) {
    Unifying* state = unifying(owner);
    if (state == nullptr) return;
    if (state->running > 0) {
      state->again = true;
      return;
    }
    begin(owner);
    read_list(owner, [this, owner](std::string before) {
      read(owner, [this, owner, before = std::move(before)](std::optional<Items> items) {
        put_list(owner, before, xmpp::to_xml(collate(items.value_or(Items{}), before)));
      });
    });
  }

  // Calls `then` with the item's payload.
  template <class Then>
  void read_list(const Jid& owner, Then then) {
    host_.stores().nodes().last_items(
        owner.text(), {std::string(old_node)},
        [then = std::move(then)](const Result<std::vector<store::LastItem>>& found) mutable {
          then(found && !found->empty() ? found->front().item.payload : std::string());
        });
  }

  void put_list(const Jid& owner, const std::string& before, std::string list) {
    Unifying* state = unifying(owner);
    pubsub::Pep* pep = host_.data<pubsub::PepDoor>().pep;
    if (state == nullptr || pep == nullptr || says_the_same(before, list)) return end(owner);
    state->collated = list;
    pep->publish(owner, std::string(old_node), "current", std::move(list), nullptr,
                 [this, owner](const Answer<std::string>&) { end(owner); });
  }

  // In whatever order.
  static bool says_the_same(const std::string& before, const std::string& list) {
    const auto old = read_own<OldBookmarks>(before);
    const auto fresh = read_own<OldBookmarks>(list);
    if (!old || !fresh) return false;
    const auto rooms = [](const OldBookmarks& bookmarks) {
      std::multiset<std::string> texts;
      for (const OldBookmark& room : bookmarks.rooms) texts.insert(xmpp::to_xml(room));
      return texts;
    };
    return rooms(*old) == rooms(*fresh);
  }

  ModuleHost& host_;
  pubsub::NodeUse nodes_;
};

}  // namespace herold::server

HEROLD_MODULE(bookmarks, Bookmarks)
