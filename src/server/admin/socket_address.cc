// Short names for long socket paths, through an open folder.
#include "server/admin/socket_address.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace herold::server {

Result<SocketAddress> SocketAddress::make(const std::string& path) {
  SocketAddress made;
  made.address_.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof made.address_.sun_path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
    made.folder_ = net::FileHandle(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!made.folder_)
      return fail(errno == ENOENT ? Fault::not_found : Fault::unavailable,
                  folder + ": " + std::strerror(errno));
    name = "/proc/self/fd/" + std::to_string(made.folder_.get()) + '/' + path.substr(slash + 1);
  }
  if (name.size() >= sizeof made.address_.sun_path)
    return fail(Fault::invalid, path + ": too long a name for a socket");
  std::memcpy(made.address_.sun_path, name.c_str(), name.size() + 1);
  return made;
}

}  // namespace herold::server
