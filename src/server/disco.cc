// Service discovery asks every module and tidies what they say.
#include "server/disco.h"

#include <algorithm>

namespace herold::server {

Answer<xmpp::DiscoInfo> disco_info(ModuleHost& host, const Account* account, const Jid& asker,
                                   std::string node) {
  xmpp::DiscoInfo info{.node = std::move(node)};
  DiscoInfoAsked asked{account, asker, info};
  TRY(host.hooks().fire(asked));
  if (!info.node.empty() && !asked.node_known) return xmpp::fail(Condition::item_not_found);
  std::ranges::sort(info.features, {}, &xmpp::DiscoFeature::var);
  const auto repeated = std::ranges::unique(info.features, {}, &xmpp::DiscoFeature::var);
  info.features.erase(repeated.begin(), repeated.end());
  return info;
}

Answer<xmpp::DiscoItems> disco_items(ModuleHost& host, const Account* account, const Jid& asker,
                                     std::string node) {
  xmpp::DiscoItems items{.node = std::move(node)};
  DiscoItemsAsked asked{account, asker, items};
  TRY(host.hooks().fire(asked));
  if (!items.node.empty() && !asked.node_known) return xmpp::fail(Condition::item_not_found);
  return items;
}

}  // namespace herold::server
