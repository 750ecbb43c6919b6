// A domain that a module answers for beside the server's own: rooms at conference.example.org.
//
// A module whose Config has a member `ServiceName host` owns that domain: it binds handlers of the
// events below and requests with `at_service` and `at_service_address`. Each bare address there
// has its home as accounts have; what comes for it is handled on that shard.
#pragma once

#include <string>

#include "server/hooks.h"
#include "server/iq.h"
#include "server/stanza.h"

namespace herold::server {

class ModuleHost;
class Service;

// What the handlers of a service are bound to.
struct ServiceEvent {};
// A message to the service or an address at it. A handler takes the stanza and, where it was
// committed, says done(); nobody's is answered with service-unavailable.
struct ServiceMessage : ServiceEvent {
  Stanza& stanza;
};
struct ServicePresence : ServiceEvent {
  Stanza& stanza;
};
// An IQ that is no request to the service or a bare address: from one client to another, through
// it.
struct ServiceIq : ServiceEvent {
  Stanza& stanza;
};
using ServiceHooks = HookTable<ServiceMessage, ServicePresence, ServiceIq>;

// One of them on one shard.
class Service {
 public:
  Service(ModuleHost& host, Jid address, std::string_view title)
      : host_(host), address_(std::move(address)), title_(title) {}

  ModuleHost& host() const { return host_; }  // of the domain that it belongs to
  const Jid& address() const { return address_; }
  std::string_view title() const { return title_; }  // for people
  ServiceHooks& hooks() { return hooks_; }
  RequestTable& requests() { return requests_; }

 private:
  ModuleHost& host_;
  Jid address_;
  std::string_view title_;
  ServiceHooks hooks_;
  RequestTable requests_;
};

}  // namespace herold::server
