// What an address answers to service discovery (XEP-0030), put together from all modules.
#pragma once

#include <string>

#include "server/module_host.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

// Of the server (no account) or of an account; features sorted, each once. item-not-found where
// no module knows the node.
Answer<xmpp::DiscoInfo> disco_info(ModuleHost& host, const Account* account, const Jid& asker,
                                   std::string node);
Answer<xmpp::DiscoItems> disco_items(ModuleHost& host, const Account* account, const Jid& asker,
                                     std::string node);

}  // namespace herold::server
