// XEP-0402 PEP Native Bookmarks: one list, also for clients that keep theirs in private storage
// (XEP-0048 over XEP-0049).
#include "xmpp/ext/bookmarks.h"

#include <map>

#include "server/module.h"
#include "server/own_xml.h"
#include "server/private_parts.h"
#include "server/pubsub/pep.h"

namespace herold::server {
namespace {

using xmpp::Bookmark;
using xmpp::OldBookmark;
using xmpp::OldBookmarks;

constexpr std::string_view compat = "urn:xmpp:bookmarks:1#compat";
constexpr std::string_view private_key = "storage storage:bookmarks";

using Items = std::map<std::string, std::string>;  // payloads by room

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

}  // namespace

class Bookmarks {
 public:
  static constexpr About about{402, "1.2.0", "PEP Native Bookmarks", {}};

  static constexpr auto handlers() { return std::tuple{on<DomainConfigured>(&Bookmarks::begin)}; }

  explicit Bookmarks(ModuleHost& host) : host_(host) { declare(); }
  void stop() {
    host_.data<PrivateParts>().parts.erase(std::string(private_key));
    auto& known = host_.data<pubsub::KnownNodes>();
    known.defaults.erase(node());
    known.features.erase(std::string(compat));
  }

 private:
  static std::string node() { return std::string(xmpp::ns::bookmarks); }

  void begin(DomainConfigured&) { declare(); }

  void declare() {
    auto& known = host_.data<pubsub::KnownNodes>();
    known.defaults[node()] = [](pubsub::NodeConfig config) {  // section 4.3
      config.access_model = pubsub::AccessModel::whitelist;
      config.max_items.reset();
      config.send_last = pubsub::SendLast::never;
      return config;
    };
    known.features.insert(std::string(compat));
    host_.data<PrivateParts>().parts[std::string(private_key)] = {
        [this](const Jid& owner, std::string stored, PrivatePart::Told told) {
          tell(owner, std::move(stored), std::move(told));
        },
        [this](const Jid& owner, const std::string& element, PrivatePart::Kept kept) {
          keep(owner, element, std::move(kept));
        }};
  }

  // Calls `then` with the bookmarks; nothing where there is no node of them.
  template <class Then>
  void read(const Jid& owner, Then then) {
    store::ItemQuery query{.node = node(), .most = host_.limits().pubsub_items};
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
           if (!items) return told(std::move(stored));
           OldBookmarks list;
           if (auto old = read_own<OldBookmarks>(stored)) list.others = std::move(old->others);
           for (const auto& [room, payload] : *items) list.rooms.push_back(old_form(room, payload));
           told(xmpp::to_xml(list));
         });
  }

  void keep(const Jid& owner, const std::string& element, PrivatePart::Kept kept) {
    auto list = read_own<OldBookmarks>(element);
    if (!list) return kept(xmpp::fail(Condition::bad_request, "These are no bookmarks"));
    read(owner, [this, owner, list = *std::move(list),
                 kept = std::move(kept)](std::optional<Items> items) mutable {
      change(owner, difference(list, std::move(items).value_or(Items{})), std::move(kept));
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
          owner, node(), std::move(room), std::move(payload), nullptr,
          [left = std::move(left), done = std::move(done)](Answer<std::string> answer) mutable {
            done(std::move(left), std::move(answer));
          });
    }
    std::string room = std::move(left.removed.back());
    left.removed.pop_back();
    pep->retract(
        owner, node(), std::move(room),
        [left = std::move(left), done = std::move(done)](Answer<std::string> answer) mutable {
          done(std::move(left), std::move(answer));
        });
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(bookmarks, Bookmarks)
