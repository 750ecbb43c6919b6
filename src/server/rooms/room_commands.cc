// Commands of rooms, from one table.
#include "server/rooms/room_commands.h"

#include <algorithm>
#include <iterator>

namespace herold::server {
namespace {

using xmpp::Command;
using xmpp::DataForm;
using xmpp::FieldType;

constexpr std::string_view var_uri = "hats#uri", var_title = "hats#title", var_hue = "hats#hue",
                           var_jid = "hats#jid";

DataForm form_of(std::string_view title) {
  DataForm form = DataForm::of(xmpp::FormType::form, xmpp::ns::hats_commands);
  form.title = title;
  return form;
}

void add_hats(DataForm& form, const Room& room) {
  xmpp::FormField& field = form.add(FieldType::list_single, var_uri, "The hat");
  field.required = true;
  for (const xmpp::Hat& hat : room.hats().all()) field.options.push_back({hat.title, hat.uri});
}

// Sections 3.2 to 3.7.
DataForm create_form(const Room&) {
  DataForm form = form_of("Creating a Hat");
  form.add(FieldType::text_single, var_title, "Hat Title").required = true;
  form.add(FieldType::text_single, var_uri, "Hat URI").required = true;
  form.add(FieldType::text_single, var_hue, "Hat Hue");
  return form;
}
DataForm destroy_form(const Room& room) {
  DataForm form = form_of("Destroying a Hat");
  add_hats(form, room);
  return form;
}
DataForm assign_form(const Room& room) {
  DataForm form = form_of("Assigning a Hat");
  form.add(FieldType::jid_single, var_jid, "User Address").required = true;
  add_hats(form, room);
  return form;
}
DataForm unassign_form(const Room& room) {
  DataForm form = assign_form(room);
  form.title = "Removing a Hat";
  return form;
}

Answer<Jid> address_in(const DataForm& form) {
  auto jid = Jid::parse(form.value(var_jid));
  if (!jid || !jid->has_local()) return xmpp::fail(Condition::bad_request, "Who shall wear it?");
  return jid->bare();
}

Answer<> create(Room& room, const DataForm& form) {
  return room.put_hat({.uri = std::string(form.value(var_uri)),
                       .title = std::string(form.value(var_title)),
                       .hue = std::string(form.value(var_hue))});
}
Answer<> destroy(Room& room, const DataForm& form) { return room.remove_hat(form.value(var_uri)); }
Answer<> assign(Room& room, const DataForm& form) {
  return room.assign_hat(TRY(address_in(form)), form.value(var_uri));
}
Answer<> unassign(Room& room, const DataForm& form) {
  return room.unassign_hat(TRY(address_in(form)), form.value(var_uri));
}

DataForm list(const Room& room) {
  DataForm table{.type = xmpp::FormType::result, .title = "Hats List"};
  for (const std::string_view var : {var_title, var_uri, var_hue}) table.add_column(var);
  for (const xmpp::Hat& hat : room.hats().all()) table.add_row({hat.title, hat.uri, hat.hue});
  return table;
}

DataForm list_assigned(const Room& room) {
  DataForm table{.type = xmpp::FormType::result, .title = "Assigned Hats List"};
  for (const std::string_view var : {var_jid, var_uri, var_title, var_hue}) table.add_column(var);
  for (const RoomHats::Wearer& one : room.hats().wearers())
    if (const xmpp::Hat* hat = room.hats().find(one.uri))
      table.add_row({one.user, hat->uri, hat->title, hat->hue});
  return table;
}

struct RoomCommand {
  std::string_view node, name;
  Affiliation least;
  DataForm (*form)(const Room& room);  // to be filled in, or nullptr and a table
  Answer<> (*run)(Room& room, const DataForm& form);
  DataForm (*table)(const Room& room);
};
constexpr RoomCommand commands[] = {
    {"urn:xmpp:hats:commands:create", "Create a hat", Affiliation::owner, create_form, create,
     nullptr},
    {"urn:xmpp:hats:commands:destroy", "Destroy a hat", Affiliation::owner, destroy_form, destroy,
     nullptr},
    {"urn:xmpp:hats:commands:assign", "Assign a hat", Affiliation::owner, assign_form, assign,
     nullptr},
    {"urn:xmpp:hats:commands:unassign", "Remove a hat from somebody", Affiliation::owner,
     unassign_form, unassign, nullptr},
    {"urn:xmpp:hats:commands:list", "List the hats", Affiliation::none, nullptr, nullptr, list},
    {"urn:xmpp:hats:commands:list-assigned", "List who wears hats", Affiliation::admin, nullptr,
     nullptr, list_assigned}};

}  // namespace

Answer<Command> run_room_command(Room& room, const Jid& user, const Command& asked,
                                 const std::string& new_session) {
  using enum xmpp::CommandStatus;
  const auto* const command = std::ranges::find(commands, asked.node, &RoomCommand::node);
  if (command == std::end(commands)) return xmpp::fail(Condition::item_not_found);
  if (room.affiliation(user) < command->least)
    return xmpp::fail(Condition::forbidden, "Only owners of the room do this");
  Command answer{.node = asked.node,
                 .sessionid = asked.sessionid.empty() ? new_session : asked.sessionid};
  if (asked.action == xmpp::CommandAction::cancel) {
    answer.status = canceled;
  } else if (command->table != nullptr) {
    answer.status = completed;
    answer.form = command->table(room);
  } else if (!asked.form) {
    answer.status = executing;
    answer.actions =
        xmpp::CommandActions{.execute = xmpp::CommandAction::complete, .complete = true};
    answer.form = command->form(room);
  } else {
    const DataForm form = TRY(check_submission(*asked.form, command->form(room)));
    TRY(command->run(room, form));
    answer.status = completed;
  }
  return answer;
}

std::vector<xmpp::DiscoItem> room_commands(const Room& room, const Jid& user) {
  std::vector<xmpp::DiscoItem> items;
  for (const RoomCommand& one : commands)
    if (room.affiliation(user) >= one.least)
      items.push_back(
          {.jid = room.address(), .name = std::string(one.name), .node = std::string(one.node)});
  return items;
}

}  // namespace herold::server
