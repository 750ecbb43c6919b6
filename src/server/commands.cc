// Answers of commands, and the sessions between their stages.
#include "server/commands.h"

namespace herold::server {

void CommandRun::complete(std::string note) {
  complete_with(xmpp::Command{.notes = {{xmpp::NoteType::info, std::move(note)}}});
}

void CommandRun::complete(xmpp::DataForm result) {
  complete_with(xmpp::Command{.form = std::move(result)});
}

Answer<std::string> CommandSessions::begin(const Jid& user, std::string_view node,
                                           MonotonicTime now, Random& random,
                                           const Limits& limits) {
  if (sessions_.size() >= limits.adhoc_sessions)
    std::erase_if(sessions_, [&](const auto& entry) { return entry.second.until <= now; });
  if (sessions_.size() >= limits.adhoc_sessions)
    return xmpp::fail(Condition::resource_constraint, "Too many commands wait for their forms");
  std::string id = random.token();
  sessions_.emplace(id, Waiting{user, std::string(node), now + Seconds(limits.adhoc_session_time)});
  return id;
}

Answer<> CommandSessions::check(const std::string& id, const Jid& user, std::string_view node,
                                MonotonicTime now) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.user != user || found->second.node != node)
    return xmpp::fail(Condition::bad_request, xmpp::bad_sessionid);
  if (found->second.until > now) return {};
  sessions_.erase(found);
  return xmpp::fail(Condition::not_allowed, xmpp::session_expired);
}

}  // namespace herold::server
