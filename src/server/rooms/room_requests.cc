// Requests, each at its room.
#include "server/rooms/room_requests.h"

#include "server/archive_query.h"
#include "server/rooms/room_admin.h"
#include "server/rooms/room_card.h"
#include "server/rooms/room_commands.h"

namespace herold::server {
namespace {

constexpr std::string_view reserved_nick_node = "x-roomuser-item";

}  // namespace

// Runs `use` with the room of the request; a room that is hidden from who asks is none.
template <class Use>
void RoomRequests::at_room(IqRequest request, Use use) {
  const Jid room = request.head().to;
  if (const Answer<> may = rooms_.may_ask(room); !may) return request.fail(may.error());
  const Bytes payload = request.payload_bytes();
  auto take = [request = std::move(request), use = std::move(use)](Room* known) mutable {
    if (known == nullptr || known->is_hidden_from(request.head().from))
      return request.fail({Condition::item_not_found, "There is no such room"});
    use(*known, std::move(request));
  };
  rooms_.with_room(room, std::move(take), payload);
}

// The same for what changes the room: the answer waits until that is stored.
template <class Change>
void RoomRequests::change_room(IqRequest request, Change change) {
  at_room(std::move(request),
          [this, change = std::move(change)](Room& room, IqRequest asked) mutable {
            const Answer<> done = change(room, asked.head().from);
            if (!done) asked.fail(done.error());
            rooms_.settle(room, [asked = std::move(asked)](Result<> stored) mutable {
              if (!asked) return;
              if (!stored) return asked.fail(stored.error());
              asked.succeed();
            });
          });
}

void RoomRequests::list(IqRequest request, const xmpp::MucAdmin& query) {
  at_room(std::move(request), [query](Room& room, IqRequest asked) {
    asked.answer(room.list(asked.head().from, query));
  });
}
void RoomRequests::change_list(IqRequest request, const xmpp::MucAdmin& query) {
  change_room(std::move(request),
              [query](Room& room, const Jid& user) { return room.change_list(user, query); });
}
void RoomRequests::form(IqRequest request, const xmpp::MucOwner&) {
  at_room(std::move(request),
          [](Room& room, IqRequest asked) { asked.answer(room.form(asked.head().from)); });
}
void RoomRequests::own(IqRequest request, const xmpp::MucOwner& query) {
  change_room(std::move(request),
              [query](Room& room, const Jid& user) { return room.own(user, query); });
}
void RoomRequests::registration(IqRequest request, const xmpp::RegisterQuery&) {
  at_room(std::move(request),
          [](Room& room, IqRequest asked) { asked.answer(room.registration(asked.head().from)); });
}
void RoomRequests::register_member(IqRequest request, const xmpp::RegisterQuery& query) {
  change_room(std::move(request),
              [query](Room& room, const Jid& user) { return room.register_member(user, query); });
}
void RoomRequests::moderate(IqRequest request, const xmpp::Moderate& query) {
  if (!query.retract) return request.fail(Condition::feature_not_implemented);
  at_room(std::move(request), [this, query](Room& room, IqRequest asked) {
    const Jid moderator = asked.head().from;
    if (const Answer<> may = room.may_moderate(moderator, query.reason); !may)
      return asked.fail(may.error());
    rooms_.moderate(room.address(), moderator, query,
                    [asked = std::move(asked)](Answer<> done) mutable {
                      done ? asked.succeed() : asked.fail(done.error());
                    });
  });
}

// --- the room's archive (XEP-0313 section 6.1.2) ---

void RoomRequests::query_archive(IqRequest request, const xmpp::ArchiveQuery& query) {
  at_archive(std::move(request), [query](const Room& room, IqRequest asked) {
    ArchiveView view = RoomArchive::view_for(room, asked.head().from);
    answer_archive_query(std::move(asked), room.address(), query, std::move(view));
  });
}
void RoomRequests::tell_archive_form(IqRequest request, const xmpp::ArchiveQuery&) {
  at_archive(std::move(request), [](const Room&, IqRequest asked) {
    asked.answer<xmpp::ArchiveQuery>(archive_query_form());
  });
}
void RoomRequests::tell_archive_metadata(IqRequest request, const xmpp::ArchiveMetadata&) {
  at_archive(std::move(request), [](const Room& room, IqRequest asked) {
    answer_archive_metadata(std::move(asked), room.address());
  });
}
template <class Use>
void RoomRequests::at_archive(IqRequest request, Use use) {
  at_room(std::move(request), [use = std::move(use)](Room& room, IqRequest asked) {
    if (!room.config().is_logged)
      return asked.fail({Condition::feature_not_implemented, "The room keeps no archive"});
    if (const Answer<> may = room.may_read(asked.head().from); !may) return asked.fail(may.error());
    use(room, std::move(asked));
  });
}

// --- the room's card and picture (XEP-0054, XEP-0486) ---

void RoomRequests::tell_card(IqRequest request, const xmpp::VCard&) {
  at_room(std::move(request), [this](Room& room, IqRequest asked) {
    read_room_card(host_, room.address(),
                   [asked = std::move(asked)](Answer<xmpp::VCard> card) mutable {
                     asked.answer(std::move(card));
                   });
  });
}

void RoomRequests::keep_card(IqRequest request, const xmpp::VCard& card) {
  if (card.xml.size() > host_.limits().vcard_bytes)
    return request.fail({Condition::not_acceptable, "The card is too large"});
  auto hash = picture_hash(host_, request.payload());
  if (!hash) return request.fail(hash.error());
  change_room(std::move(request),
              [this, xml = card.xml, hash = *hash](Room& room, const Jid& user) {
                return keep_room_card(host_, room, user, xml, hash);
              });
}

// --- commands: hats (XEP-0317) in a room, all rooms for administrators ---

void RoomRequests::run_command(IqRequest request, const xmpp::Command& command) {
  at_room(std::move(request), [this, command](Room& room, IqRequest asked) {
    auto answer = run_room_command(room, asked.head().from, command, host_.random().token());
    if (!answer) return asked.fail(answer.error());
    rooms_.settle(room,
                  [asked = std::move(asked), answer = std::move(*answer)](Result<> stored) mutable {
                    if (!stored) return asked.fail(stored.error());
                    asked.answer<xmpp::Command>(std::move(answer));
                  });
  });
}
void RoomRequests::add_commands(CommandsAsked& asked) { add_room_commands(asked.commands); }

// --- discovery (section 6) ---

Answer<xmpp::DiscoInfo> RoomRequests::describe_service(const IqContext&,
                                                       const xmpp::DiscoInfo& question) {
  if (!question.node.empty()) return xmpp::fail(Condition::item_not_found);
  return RoomDirectory::describe();
}

void RoomRequests::describe_room(IqRequest request, const xmpp::DiscoInfo& question) {
  at_room(std::move(request), [node = question.node](Room& room, IqRequest asked) {
    if (node.empty()) return asked.answer<xmpp::DiscoInfo>(room.describe());
    if (node == xmpp::ns::muc_traffic) return asked.fail(Condition::service_unavailable);
    if (node != reserved_nick_node) return asked.fail(Condition::item_not_found);
    xmpp::DiscoInfo info{.node = node};  // section 7.12
    const RoomMember* member = room.find_member(asked.head().from);
    if (member != nullptr && !member->nick.empty())
      info.identities.push_back({.category = "conference", .type = "text", .name = member->nick});
    asked.answer<xmpp::DiscoInfo>(std::move(info));
  });
}

// Section 6.5: only to who is in the room.
void RoomRequests::list_occupants(IqRequest request, const RoomItems& question) {
  at_room(std::move(request), [node = question.node](Room& room, IqRequest asked) {
    if (node == xmpp::ns::commands)
      return asked.answer<RoomItems>(
          RoomItems{.node = node, .items = room_commands(room, asked.head().from)});
    if (!node.empty()) return asked.fail(Condition::item_not_found);
    RoomItems answer;
    if (room.find_client(asked.head().from) != nullptr)
      for (const auto& occupant : room.occupants())
        answer.items.push_back({.jid = occupant->address});
    asked.answer<RoomItems>(std::move(answer));
  });
}

void RoomRequests::list_rooms(IqRequest request, const RoomItems& question) {
  RoomDirectory(host_, rooms_.service()).list(std::move(request), question);
}
void RoomRequests::search_rooms(IqRequest request, const xmpp::ChannelSearch& question) {
  RoomDirectory(host_, rooms_.service()).search(std::move(request), question);
}

}  // namespace herold::server
