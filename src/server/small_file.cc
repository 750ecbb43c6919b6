// Reading and replacing small files.
#include "server/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/limits.h"
#include "net/file_handle.h"

namespace herold::server {
namespace {

std::unexpected<Error> cannot(const std::string& path) {
  const Fault fault = errno == ENOENT ? Fault::not_found : Fault::unavailable;
  return fail(fault, path + ": " + std::strerror(errno));
}

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  const net::FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return cannot(path);
  std::string text(bounds::small_file + 1, '\0');
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) return cannot(path);
  if (static_cast<Bytes>(got) > bounds::small_file)
    return fail(Fault::limit, path + ": longer than 64 KiB");
  text.resize(static_cast<std::size_t>(got));
  return text;
}

Result<> write_small_file(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string draft = path + ".new";
  const net::FileHandle file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file || ::fchmod(file.get(), mode) != 0) return cannot(draft);
  const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
  if (written != static_cast<ssize_t>(bytes.size())) return cannot(draft);
  if (::fsync(file.get()) != 0 || ::rename(draft.c_str(), path.c_str()) != 0) return cannot(path);
  return {};
}

}  // namespace herold::server
