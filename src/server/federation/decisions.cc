// The file of decisions: read whole, written whole.
#include "server/federation/decisions.h"

#include <map>

#include "base/limits.h"
#include "server/small_file.h"
#include "xmpp/jid.h"

namespace herold::server {
namespace {

using Decisions = std::map<std::string, PeerDecision, std::less<>>;

std::string path_in(const std::string& folder) { return folder + "/federation.list"; }

Result<Decisions> read_decisions(const std::string& folder) {
  Decisions decisions;
  const auto text = read_small_file(path_in(folder));
  if (!text && text.error().fault == Fault::not_found) return decisions;
  if (!text) return std::unexpected(text.error());
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    if (space == line.npos || (word != "allow" && word != "block"))
      return fail(Fault::malformed, path_in(folder) + ": not a decision: " + std::string(line));
    decisions[std::string(line.substr(space + 1))] =
        word == "allow" ? PeerDecision::allow : PeerDecision::block;
  }
  return decisions;
}

}  // namespace

Result<std::string> prepare_listed_domain(std::string_view text) {
  const std::string_view stars = text.starts_with("*.") ? "*." : "";
  const auto jid = xmpp::Jid::parse(text.substr(stars.size()));
  if (jid && jid->is_domain()) return std::string(stars) + jid->text();
  return fail(Fault::invalid, "\"" + std::string(text) + "\" is not a domain name");
}

Result<> apply_decisions(const std::string& data_folder, FederationConfig& config) {
  for (const auto& [domain, decision] : TRY(read_decisions(data_folder)))
    (decision == PeerDecision::allow ? config.allow : config.deny).push_back(domain);
  return {};
}

Result<> decide(const std::string& data_folder, std::string_view domain, PeerDecision decision) {
  Decisions decisions = TRY(read_decisions(data_folder));
  decisions[std::string(domain)] = decision;
  std::string text;
  for (const auto& [name, what] : decisions)
    text += (what == PeerDecision::allow ? "allow " : "block ") + name + '\n';
  if (text.size() > bounds::small_file)
    return fail(Fault::refused, "There are too many decisions; write them to [federation]");
  return write_small_file(path_in(data_folder), text, 0600);
}

}  // namespace herold::server
