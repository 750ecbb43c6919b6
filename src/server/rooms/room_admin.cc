// Listing rooms and ending them.
#include "server/rooms/room_admin.h"

#include "server/admin_form.h"
#include "server/rooms/room_directory.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;

constexpr std::size_t most_listed = 1000;

// Each shard's own, of this domain.
RoomsByService& services(ModuleHost& host) { return host.data<RoomsByService>(); }

DataForm room_table() {
  DataForm table = DataForm::of(xmpp::FormType::result, admin_ns);
  table.title = "Rooms";
  table.reported.emplace();
  for (const auto& [var, label] :
       {std::pair{"room", "Address"}, std::pair{"name", "Name"},
        std::pair{"occupants", "Occupants"}, std::pair{"public", "Listed"},
        std::pair{"persistent", "Lasting"}})
    table.reported->columns.push_back({.var = var, .label = label});
  return table;
}

void list_rooms(CommandRun run) {
  ModuleHost& host = run.host();
  if (services(host).empty()) return run.complete(room_table());
  const Jid service = services(host).begin()->second->service();
  auto waiting = std::make_shared<CommandRun>(std::move(run));  // shared with the end alone
  RoomDirectory(host, service).collect([waiting](std::vector<RoomDirectory::Row> rows) {
    DataForm table = room_table();
    if (rows.size() > most_listed) rows.resize(most_listed);
    for (const RoomDirectory::Row& row : rows) {
      const auto truth = [](bool is) { return std::string(is ? "1" : "0"); };
      xmpp::FormItem item;
      for (const auto& [var, value] :
           {std::pair{"room", row.address.text()}, std::pair{"name", row.listing.name},
            std::pair{"occupants", std::to_string(row.occupants)},
            std::pair{"public", truth(row.listing.is_public)},
            std::pair{"persistent", truth(row.listing.is_persistent)}})
        item.cells.push_back({.var = var, .values = {value}});
      table.items.push_back(std::move(item));
    }
    waiting->complete(std::move(table));
  });
}

DataForm destroy_form(ModuleHost&) {
  DataForm form = admin_form("Destroy a room");
  form.add(FieldType::jid_single, "room", "The address of the room").required = true;
  form.add(FieldType::text_single, "reason", "What its occupants are told");
  return form;
}

// At the room's home. What becomes of it is told at the run's.
Answer<> close_room(ModuleHost& there, const Jid& room, const std::string& reason) {
  const auto rooms = services(there).find(room.domain());
  if (rooms == services(there).end() || !rooms->second->listings().contains(room.text()))
    return xmpp::fail(Condition::item_not_found, "There is no such room");
  rooms->second->with_room(room, [&all = *rooms->second, reason](Room* known) {
    if (known == nullptr) return;
    known->close(reason);
    all.settle(*known);
  });
  return {};
}

void destroy_room(CommandRun run) {
  const auto room = Jid::parse(run.form().value("room"));
  const std::string reason(run.form().value("reason"));
  ModuleHost& host = run.host();
  if (!room || !room->has_local() || !services(host).contains(std::string(room->domain())))
    return run.fail({Condition::bad_request, "That is no room of this domain"});
  if (reason.size() > host.limits().room_text_bytes)
    return run.fail({Condition::not_acceptable, "The reason is too long"});
  host.log().info("room-destroyed", {{"room", room->text()}, {"by", run.user().text()}});
  host.ask_home(
      room->bare_text(),
      [room = room->bare(), reason](ModuleHost& there) { return close_room(there, room, reason); },
      [run = std::move(run)](Answer<> closed) mutable {
        closed ? run.complete("The room is no more.") : run.fail(closed.error());
      });
}

constexpr AdhocCommand rows[] = {
    {"urn:herold:rooms:list", "List the rooms", CommandUser::admin, nullptr, list_rooms},
    {"urn:herold:rooms:destroy", "Destroy a room", CommandUser::admin, destroy_form, destroy_room}};

}  // namespace

void add_room_commands(std::vector<const AdhocCommand*>& commands) {
  for (const AdhocCommand& one : rows) commands.push_back(&one);
}

}  // namespace herold::server
