// XEP-0355 Namespace Delegation: requests of some namespaces are answered by a component in the
// place of the server.
#pragma once

#include "server/config.h"
#include "server/iq.h"
#include "server/module_host.h"

namespace herold::server {

// Asks the component, and passes its answer on as the server's own.
void delegate(ModuleHost& host, const ComponentConfig& component, IqRequest request);

}  // namespace herold::server
