// Listing rooms and ending them.
#include "server/rooms/room_admin.h"

#include "server/admin_form.h"
#include "server/rooms/room_directory.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;

constexpr std::size_t most_listed = 1000;

DataForm room_table() {
  DataForm table = DataForm::of(xmpp::FormType::result, admin_ns);
  table.title = "Rooms";
  for (const auto& [var, label] :
       {std::pair{"room", "Address"}, std::pair{"name", "Name"},
        std::pair{"occupants", "Occupants"}, std::pair{"public", "Listed"},
        std::pair{"persistent", "Lasting"}})
    table.add_column(var, label);
  return table;
}

void list_rooms(CommandRun run) {
  ModuleHost& host = run.host();
  const auto& services = host.data<RoomsByService>();
  if (services.empty()) return run.complete(room_table());
  const Jid service = services.begin()->second->service();
  auto waiting = std::make_shared<CommandRun>(std::move(run));  // shared with the end alone
  RoomDirectory(host, service).collect([waiting](std::vector<RoomDirectory::Row> rows) {
    DataForm table = room_table();
    if (rows.size() > most_listed) rows.resize(most_listed);
    for (const RoomDirectory::Row& row : rows) {
      const auto truth = [](bool is) { return std::string(is ? "1" : "0"); };
      table.add_row({row.address.text(), row.listing.name, std::to_string(row.occupants),
                     truth(row.listing.is_public), truth(row.listing.is_persistent)});
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
  Rooms* rooms = find_rooms(there, room.domain());
  if (rooms == nullptr || !rooms->listings().contains(room.text()))
    return xmpp::fail(Condition::item_not_found, "There is no such room");
  rooms->with_room(room, [rooms, reason](Room* known) {
    if (known == nullptr) return;
    known->close(reason);
    rooms->settle(*known);
  });
  return {};
}

void destroy_room(CommandRun run) {
  const auto room = Jid::parse(run.form().value("room"));
  const std::string reason(run.form().value("reason"));
  ModuleHost& host = run.host();
  if (!room || !room->has_local() || find_rooms(host, room->domain()) == nullptr)
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
