// Opening the data folder: mode and lock.
#include "server/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace herold::server {
namespace {

std::unexpected<Error> cannot(const std::string& path, int reason) {
  return fail(Fault::unavailable, path + ": " + std::strerror(reason));
}

Result<> make_folder(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) {
    std::error_code problem;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), problem);
    if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return cannot(path, errno);
    if (::stat(path.c_str(), &found) != 0) return cannot(path, errno);
  }
  if (!S_ISDIR(found.st_mode)) return fail(Fault::invalid, path + ": is not a folder");
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Fault::refused, path +
                                    ": other users of this machine may look into the data; "
                                    "run: chmod 700 " +
                                    path);
  return {};
}

Result<net::FileHandle> take_lock(const std::string& folder) {
  const std::string path = folder + "/herold.lock";
  net::FileHandle lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!lock) return cannot(path, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return cannot(path, errno);
  return fail(Fault::conflict, folder + ": another herold uses this data folder");
}

}  // namespace

DataFolder::DataFolder(std::string path, net::FileHandle lock, std::unique_ptr<KeySealer> sealer)
    : path_(std::move(path)), lock_(std::move(lock)), sealer_(std::move(sealer)) {}

Result<DataFolder> DataFolder::open(const std::string& path, const crypto::Crypto& crypto) {
  TRY(make_folder(path));
  net::FileHandle lock = TRY(take_lock(path));
  const bool has_data = ::access((path + "/herold.sqlite").c_str(), F_OK) == 0;
  auto sealer = TRY(
      KeySealer::open(path + "/herold.keys",
                      has_data ? crypto::StoredData::exists : crypto::StoredData::none, crypto));
  return DataFolder(path, std::move(lock), std::move(sealer));
}

}  // namespace herold::server
