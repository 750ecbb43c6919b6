// Opening the data folder: mode, lock, and the key file that is never silently made anew.
#include "server/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "base/limits.h"

namespace herold::server {
namespace {

std::unexpected<Error> cannot(const std::string& path, int reason) {
  return fail(Fault::unavailable, path + ": " + std::strerror(reason));
}

// Seals for every thread of the process.
class KeyFileSealer final : public store::Sealer {
 public:
  KeyFileSealer(crypto::KeyFile keys, const crypto::Crypto& crypto)
      : keys_(std::move(keys)), crypto_(crypto) {}

  Result<std::string> seal(std::string_view plain, std::string_view context) const override {
    const std::lock_guard lock(mutex_);  // of the random numbers
    return keys_.seal(crypto_, random_, context, plain);
  }
  Result<std::string> open(std::string_view sealed, std::string_view context) const override {
    return std::string(TRY(keys_.open(crypto_, context, sealed)).view());
  }

 private:
  const crypto::KeyFile keys_;
  const crypto::Crypto& crypto_;
  mutable std::mutex mutex_;
  mutable SystemRandom random_;
};

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

Result<crypto::FoundKeyFile> read_keys(const std::string& path) {
  const net::FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return crypto::FoundKeyFile{};
  if (!file) return cannot(path, errno);
  crypto::FoundKeyFile found;
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return cannot(path, errno);
  found.mode = status.st_mode;
  std::string text(bounds::small_file, '\0');
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) return cannot(path, errno);
  text.resize(static_cast<std::size_t>(got));
  found.text = crypto::SecretString::take(std::move(text));
  return found;
}

// Complete and on the disk before it has its name: a crash leaves no half a key file.
Result<> write_keys(const std::string& folder, const std::string& path,
                    const crypto::KeyFile& keys) {
  const std::string fresh = path + ".new";
  const crypto::SecretString text = keys.text();
  net::FileHandle file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return cannot(fresh, errno);
  const ssize_t written = ::write(file.get(), text.view().data(), text.size());
  if (written != static_cast<ssize_t>(text.size()))
    return cannot(fresh, written < 0 ? errno : ENOSPC);
  if (::fsync(file.get()) != 0) return cannot(fresh, errno);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return cannot(path, errno);
  const net::FileHandle above(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!above || ::fsync(above.get()) != 0) return cannot(folder, errno);
  return {};
}

Result<crypto::KeyFile> load_or_make_keys(const std::string& folder, crypto::StoredData data) {
  const std::string path = folder + "/herold.keys";
  auto keys = crypto::load_key_file(TRY(read_keys(path)), data);
  if (keys) return keys;
  if (keys.error().fault != Fault::not_found)
    return fail(keys.error().fault, path + ": " + keys.error().text);
  SystemRandom random;
  crypto::KeyFile fresh = crypto::KeyFile::create(random);
  TRY(write_keys(folder, path, fresh));
  return fresh;
}

}  // namespace

DataFolder::DataFolder(std::string path, net::FileHandle lock,
                       std::unique_ptr<store::Sealer> sealer)
    : path_(std::move(path)), lock_(std::move(lock)), sealer_(std::move(sealer)) {}

Result<DataFolder> DataFolder::open(const std::string& path, const crypto::Crypto& crypto) {
  TRY(make_folder(path));
  net::FileHandle lock = TRY(take_lock(path));
  const bool has_data = ::access((path + "/herold.sqlite").c_str(), F_OK) == 0;
  auto keys = TRY(
      load_or_make_keys(path, has_data ? crypto::StoredData::exists : crypto::StoredData::none));
  return DataFolder(path, std::move(lock),
                    std::make_unique<KeyFileSealer>(std::move(keys), crypto));
}

}  // namespace herold::server
