// The administration socket's client: what the herold commands use to reach a running server.
#pragma once

#include <string>

#include "base/clock.h"
#include "net/file_handle.h"
#include "server/admin/administration.h"

namespace herold::server {

class AdminClient {
 public:
  // Fault::not_found: no server listens there. Fault::refused: not ours to talk to.
  static Result<AdminClient> connect(const std::string& path);

  // Blocks until the answer is there, at most `patience` without progress.
  AdminReply ask(const AdminCommand& command, Seconds patience);

 private:
  explicit AdminClient(net::FileHandle socket) : socket_(std::move(socket)) {}

  net::FileHandle socket_;
};

}  // namespace herold::server
