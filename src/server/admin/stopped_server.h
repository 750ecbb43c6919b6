// Administration of a server that does not run: works on the data folder itself.
#pragma once

#include <memory>
#include <span>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "server/admin/administration.h"
#include "server/config.h"
#include "server/data_folder.h"
#include "store/database.h"
#include "store/disk.h"
#include "store/executor.h"
#include "xmpp/jid.h"

namespace herold::server {

// Every command is done when perform() returns. "status", "reload" and "stop" need a running
// server: Fault::unavailable. Others outlive the object.
class StoppedServer final : public Administration {
 public:
  struct World {
    const crypto::Crypto& crypto;
    Random& random;
    const Clock& clock;
    Log& log;
    store::Disk& disk;
  };
  // Takes the lock of config.data: Fault::conflict when somebody has it. `tables` are those of the
  // modules, whose rows go with a removed account.
  static Result<std::unique_ptr<StoppedServer>> open(const Config& config,
                                                     std::span<const ModuleDescription> modules,
                                                     std::span<const store::Schema> tables,
                                                     World world);

  StoppedServer(const Config& config, std::span<const ModuleDescription> modules, World world,
                DataFolder folder);  // for open()
  ~StoppedServer() override;

  void perform(AdminCommand command, std::function<void(AdminReply)> done) override;

 private:
  AdminReply answer(const AdminCommand& command);
  AdminReply add_user(const AdminCommand& command);
  AdminReply change_password(const AdminCommand& command);
  AdminReply remove_user(const AdminCommand& command);
  AdminReply erase();
  Result<std::uint64_t> rewrite_journals();
  AdminReply set_state(const AdminCommand& command, store::AccountState state);
  AdminReply manage_clients(const AdminCommand& command);
  AdminReply export_user(const AdminCommand& command);
  AdminReply list_users(const AdminCommand& command);
  Result<> list_domain(const std::string& domain, nlohmann::json& list);
  store::Accounts& accounts() { return stores_->accounts(); }

  // Runs an operation of the store to its end; `begin` is given the completion.
  template <class T, class F>
  Result<T> wait(F&& begin);

  const Config& config_;
  std::span<const ModuleDescription> modules_;
  World world_;
  DataFolder folder_;
  store::TaskQueue tasks_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Stores> stores_;
};

}  // namespace herold::server
