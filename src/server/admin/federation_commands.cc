// What the shards know of other servers, in one list.
#include "server/admin/federation_commands.h"

#include <algorithm>
#include <mutex>

#include "server/federation/decisions.h"
#include "server/federation/federation.h"
#include "server/federation/peer_stream.h"
#include "server/federation/policy.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

using nlohmann::json;

std::string trust_text(const FederationConfig& config, std::string_view domain) {
  const auto trust = trust_in(config, domain);
  if (!trust) return "none";
  return *trust == PeerTrust::dialback ? "dialback" : "certificate";
}

std::string_view state_of(const Route& route) {
  if (route.stream() != nullptr) return "open";
  switch (route.state()) {
    case Route::State::looking:
    case Route::State::connected:
      return "looking";
    case Route::State::resting:
      return "resting";
    case Route::State::idle:
      break;
  }
  return "idle";
}

json way_json(const Route& route) {
  json way = {{"domain", route.name().local},
              {"peer", route.name().remote},
              {"state", state_of(route)},
              {"waiting", route.line().count()},
              {"waiting_bytes", route.line().bytes()}};
  if (route.stream() != nullptr) way["stream"] = route.stream()->describe();
  if (route.failure()) way["problem"] = route.failure()->error.text;
  return way;
}

// Streams that only bring something.
void add_inbound(Federation& federation, json& ways) {
  for (const auto& [name, ids] : federation.inbound()) {
    for (const ConnectionId id : ids) {
      const PeerStream* stream = federation.find_stream(id);
      const Route* route = federation.find(name);
      if (stream == nullptr || (route != nullptr && route->stream() == stream)) continue;
      ways.push_back({{"domain", name.local},
                      {"peer", name.remote},
                      {"state", "inbound"},
                      {"waiting", 0},
                      {"waiting_bytes", 0},
                      {"stream", stream->describe()}});
    }
  }
}

}  // namespace

bool is_federation_command(std::string_view name) { return name.starts_with("federation "); }

void list_peers(Server& server, const AdminCommand& command, const FederationConfig& config,
                std::function<void(AdminReply)> done) {
  struct Gathered {
    std::mutex mutex;
    json ways = json::array();
  };
  const bool is_show = command.name == "federation show";
  std::string only;
  if (is_show) {
    auto domain = prepare_listed_domain(command.text("domain"));
    if (!domain) return done(std::unexpected(domain.error()));
    only = *std::move(domain);
  }
  json result = {{"domain", only}, {"trust", trust_text(config, only)}};
  auto gathered = std::make_shared<Gathered>();  // shared with the letters under way
  Shard& first = server.shard(0);
  first.loop().post([&server, &first, gathered, only, is_show, result = std::move(result),
                     done = std::move(done)]() mutable {
    server.on_all_shards(
        first,
        [gathered, only](Shard& shard) {
          Federation& federation = shard.federation();
          json ways = json::array();
          for (const auto& [name, route] : federation.routes()) ways.push_back(way_json(*route));
          add_inbound(federation, ways);
          const std::lock_guard lock(gathered->mutex);
          for (json& way : ways)
            if (only.empty() || way["peer"] == only) gathered->ways.push_back(std::move(way));
        },
        [gathered, is_show, result = std::move(result), done = std::move(done)]() mutable {
          json& ways = gathered->ways;
          const auto key = [](const json& way) {
            return std::pair(way["peer"].get<std::string>(), way["domain"].get<std::string>());
          };
          std::sort(ways.begin(), ways.end(),
                    [key](const json& one, const json& other) { return key(one) < key(other); });
          if (!is_show) return done(std::move(ways));
          result["ways"] = std::move(ways);
          done(std::move(result));
        });
  });
}

AdminReply decide_about_peer(const AdminCommand& command, const Config& config) {
  const std::string domain = TRY(prepare_listed_domain(command.text("domain")));
  const bool is_block = command.name == "federation block";
  if (!is_block && command.name != "federation allow")
    return fail(Fault::invalid, "There is no command \"" + command.name + "\"");
  TRY(decide(config.data, domain, is_block ? PeerDecision::block : PeerDecision::allow));
  FederationConfig then = config.federation;
  // What was decided before is in these lists; the newest decision takes its place.
  for (auto* list : {&then.allow, &then.deny}) std::erase(*list, domain);
  TRY(apply_decisions(config.data, then));
  return json{{"domain", domain}, {"trust", trust_text(then, domain)}};
}

}  // namespace herold::server
