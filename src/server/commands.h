// Ad-hoc commands (XEP-0050) as modules offer them: what one is, a run of it, and its sessions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "server/iq.h"
#include "server/module_host.h"
#include "xmpp/ext/adhoc.h"

namespace herold::server {

// One execution: the form is filled in and checked. Movable, as the request that it answers.
class CommandRun {
 public:
  CommandRun(ModuleHost& host, IqRequest request, std::string node, std::string session,
             xmpp::DataForm form)
      : host_(host),
        request_(std::move(request)),
        node_(std::move(node)),
        session_(std::move(session)),
        form_(std::move(form)) {}

  ModuleHost& host() const { return host_; }
  const Jid& user() const { return request_.head().from; }
  const xmpp::DataForm& form() const { return form_; }

  void complete(std::string note);
  void complete(xmpp::DataForm result);
  // With another payload that is a <command/>: its node, sessionid and status are filled in.
  template <class Payload>
  void complete_with(Payload command) {
    command.node = node_;
    command.sessionid = session_;
    command.status = xmpp::CommandStatus::completed;
    request_.answer<Payload>(std::move(command));
  }
  void fail(const StanzaError& error) { request_.fail(error); }

 private:
  ModuleHost& host_;
  IqRequest request_;
  std::string node_;
  std::string session_;
  xmpp::DataForm form_;
};

enum class CommandUser : std::uint8_t { admin, anybody };

// A row of a module's table of commands, which outlives every run.
struct AdhocCommand {
  std::string_view node;
  std::string_view name;
  CommandUser user;
  xmpp::DataForm (*form)(
      ModuleHost& host);  // to be filled in before it runs; nullptr: it runs at once
  void (*run)(CommandRun run);
};

// Runs that wait for their form, by session id: one user's, within bounds of number and time.
class CommandSessions {
 public:
  // resource-constraint when there are too many.
  Answer<std::string> begin(const Jid& user, std::string_view node, MonotonicTime now,
                            Random& random, const Limits& limits);
  // Section 4.6: bad-sessionid where it is unknown, over, or somebody else's; session-expired.
  Answer<> check(const std::string& id, const Jid& user, std::string_view node, MonotonicTime now);
  void end(const std::string& id) { sessions_.erase(id); }

 private:
  struct Waiting {
    Jid user;
    std::string node;
    MonotonicTime until;
  };
  std::map<std::string, Waiting> sessions_;
};

}  // namespace herold::server
