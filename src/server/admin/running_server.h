// Administration of the running server: what `herold user add` and the like reach by the socket.
#pragma once

#include <functional>
#include <span>

#include "server/admin/administration.h"
#include "server/config.h"
#include "server/key_sealer.h"
#include "server/server.h"

namespace herold::server {

class RunningAdministration final : public Administration {
 public:
  // What only the program around the server can do.
  struct Program {
    std::function<Result<>()> reload;  // reads the configuration again; blocks
    std::function<void()> stop;
    std::function<Config()> config;  // in effect now
    KeySealer& keys;
  };

  RunningAdministration(Server& server, Program program, std::span<const ModuleDescription> modules)
      : server_(server), program_(std::move(program)), modules_(modules) {}

  void perform(AdminCommand command, std::function<void(AdminReply)> done) override;

 private:
  using Done = std::function<void(AdminReply)>;
  void change_user(const AdminCommand& command, Done done);
  void manage_peers(const AdminCommand& command, Done done);
  void manage_clients(const AdminCommand& command, Done done);
  void export_user(const AdminCommand& command, Done done);
  void list_users(const AdminCommand& command, Done done);
  void erase(Done done);
  void status(Done done);
  void list_components(Done done);
  AdminReply print_configuration(const AdminCommand& command);

  Server& server_;
  Program program_;
  std::span<const ModuleDescription> modules_;
};

}  // namespace herold::server
