// Listing rooms, ending them, and giving them owners.
#include "server/rooms/room_admin.h"

#include "server/admin_form.h"
#include "server/rooms/room_directory.h"
#include "xmpp/sasl/anonymous.h"

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

DataForm appoint_form(ModuleHost&) {
  DataForm form = admin_form("Give a room an owner");
  form.add(FieldType::jid_single, "room", "The address of the room").required = true;
  form.add(FieldType::jid_single, "owner", "Who owns it from now on").required = true;
  return form;
}

// What the form says of a room of this domain.
Answer<Jid> room_of(const CommandRun& run) {
  const auto room = Jid::parse(run.form().value("room"));
  if (!room || !room->has_local() || find_rooms(run.host(), room->domain()) == nullptr)
    return xmpp::fail(Condition::bad_request, "That is no room of this domain");
  return room->bare();
}

// At the room's home. What becomes of it is told at the run's.
using Change = std::function<void(Room& room)>;
Answer<> change_there(ModuleHost& there, const Jid& room, const Change& change) {
  Rooms* rooms = find_rooms(there, room.domain());
  if (rooms == nullptr || !rooms->listings().contains(room.text()))
    return xmpp::fail(Condition::item_not_found, "There is no such room");
  rooms->with_room(room, [rooms, change](Room* known) {
    if (known == nullptr) return;
    change(*known);
    rooms->settle(*known);
  });
  return {};
}

void change_room(CommandRun run, const Jid& room, Change change, std::string_view done) {
  ModuleHost& host = run.host();
  host.ask_home(
      room.text(),
      [room, change = std::move(change)](ModuleHost& there) {
        return change_there(there, room, change);
      },
      [run = std::move(run), done](Answer<> changed) mutable {
        changed ? run.complete(std::string(done)) : run.fail(changed.error());
      });
}

void destroy_room(CommandRun run) {
  const Answer<Jid> room = room_of(run);
  if (!room) return run.fail(room.error());
  const std::string reason(run.form().value("reason"));
  if (reason.size() > run.host().limits().room_text_bytes)
    return run.fail({Condition::not_acceptable, "The reason is too long"});
  run.host().log().info("room-destroyed", {{"room", room->text()}, {"by", run.user().text()}});
  const auto close = [reason](Room& known) { known.close(reason); };
  change_room(std::move(run), *room, close, "The room is no more.");
}

void appoint_owner(CommandRun run) {
  const Answer<Jid> room = room_of(run);
  if (!room) return run.fail(room.error());
  const auto owner = Jid::parse(run.form().value("owner"));
  if (!owner || !owner->has_local())
    return run.fail({Condition::bad_request, "That is nobody's address"});
  if (xmpp::is_anonymous_address(owner->bare_text()))
    return run.fail({Condition::not_allowed, "Who has no account can own no room"});
  run.host().log().info(
      "room-owner-appointed",
      {{"room", room->text()}, {"owner", owner->bare().text()}, {"by", run.user().text()}});
  const auto appoint = [owner = owner->bare()](Room& known) { std::ignore = known.appoint(owner); };
  change_room(std::move(run), *room, appoint, "The room has this owner now.");
}

constexpr AdhocCommand rows[] = {
    {"urn:herold:rooms:list", "List the rooms", CommandUser::admin, nullptr, list_rooms},
    {"urn:herold:rooms:destroy", "Destroy a room", CommandUser::admin, destroy_form, destroy_room},
    {"urn:herold:rooms:appoint", "Give a room an owner", CommandUser::admin, appoint_form,
     appoint_owner}};

}  // namespace

void add_room_commands(std::vector<const AdhocCommand*>& commands) {
  for (const AdhocCommand& one : rows) commands.push_back(&one);
}

}  // namespace herold::server
