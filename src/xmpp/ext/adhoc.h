// XEP-0050 Ad-Hoc Commands.
#pragma once

#include "xmpp/form.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view commands = "http://jabber.org/protocol/commands";
}

enum class CommandAction : std::uint8_t { execute, cancel, complete, next, prev };
inline constexpr std::string_view command_action_names[] = {"execute", "cancel", "complete", "next",
                                                            "prev"};
constexpr EnumNames names_of(CommandAction) { return command_action_names; }

enum class CommandStatus : std::uint8_t { executing, completed, canceled };
inline constexpr std::string_view command_status_names[] = {"executing", "completed", "canceled"};
constexpr EnumNames names_of(CommandStatus) { return command_status_names; }

enum class NoteType : std::uint8_t { info, warn, error };
inline constexpr std::string_view note_type_names[] = {"info", "warn", "error"};
constexpr EnumNames names_of(NoteType) { return note_type_names; }

// What may be asked for next; `execute` says which of them is the usual one.
struct CommandActions {
  std::optional<CommandAction> execute;
  bool prev = false;
  bool next = false;
  bool complete = false;
  static constexpr ElementName element{"actions", ns::commands};
  static constexpr std::tuple fields{
      attribute("execute", &CommandActions::execute), flag("prev", &CommandActions::prev),
      flag("next", &CommandActions::next), flag("complete", &CommandActions::complete)};
};

struct CommandNote {
  NoteType type = NoteType::info;
  std::string text;
  static constexpr ElementName element{"note", ns::commands};
  static constexpr std::tuple fields{attribute("type", &CommandNote::type),
                                     content(&CommandNote::text)};
};

struct Command {
  std::string node;
  std::string sessionid;
  std::optional<CommandAction> action;  // of requests; absent means execute
  std::optional<CommandStatus> status;  // of answers
  std::string lang;
  std::optional<CommandActions> actions;
  std::optional<DataForm> form;
  std::vector<CommandNote> notes;
  static constexpr ElementName element{"command", ns::commands};
  static constexpr std::tuple fields{attribute("node", &Command::node, required),
                                     attribute("sessionid", &Command::sessionid),
                                     attribute("action", &Command::action),
                                     attribute("status", &Command::status),
                                     attribute("xml:lang", &Command::lang),
                                     child(&Command::actions),
                                     child(&Command::form),
                                     child(&Command::notes)};
};

// Application conditions of section 4.6.
inline constexpr ElementName malformed_action{"malformed-action", ns::commands};
inline constexpr ElementName bad_action{"bad-action", ns::commands};
inline constexpr ElementName bad_locale{"bad-locale", ns::commands};
inline constexpr ElementName bad_payload{"bad-payload", ns::commands};
inline constexpr ElementName bad_sessionid{"bad-sessionid", ns::commands};
inline constexpr ElementName session_expired{"session-expired", ns::commands};

}  // namespace herold::xmpp
