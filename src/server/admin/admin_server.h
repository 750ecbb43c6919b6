// The administration socket's server: a thread of its own that hands commands to Administration.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/file_handle.h"
#include "server/admin/administration.h"

namespace herold::server {

// Only root and the server's own user are served (mode 0600, and SO_PEERCRED). At most
// Limits::admin_connections at once, admin_line_bytes a request, one request under way on each; a
// peer that leaves a request unfinished or an answer unread for preauth_time is closed.
class AdminServer {
 public:
  // Takes the place of a socket that nobody listens on any more; Fault::conflict when somebody
  // does. `administration`, `clock` and `log` outlive the object.
  static Result<std::unique_ptr<AdminServer>> start(const std::string& path,
                                                    Administration& administration,
                                                    const Limits& limits, const Clock& clock,
                                                    Log& log);
  // Stops the thread and removes the socket; answers that were not given yet are lost.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  class Worker;  // what the thread does

  AdminServer(std::string path, std::unique_ptr<Worker> worker);  // for start()

 private:
  std::string path_;
  std::unique_ptr<Worker> worker_;
  std::thread thread_;
};

}  // namespace herold::server
