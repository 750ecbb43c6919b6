// The key file on the disk: read with its mode, and replaced whole or not at all.
#include "server/key_sealer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/limits.h"
#include "net/file_handle.h"

namespace herold::server {
namespace {

std::unexpected<Error> cannot(const std::string& path, int reason) {
  return fail(Fault::unavailable, path + ": " + std::strerror(reason));
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
Result<> write_keys(const std::string& path, const crypto::KeyFile& keys) {
  const std::string fresh = path + ".new", folder = path.substr(0, path.rfind('/'));
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

}  // namespace

Result<std::unique_ptr<KeySealer>> KeySealer::open(const std::string& path, crypto::StoredData data,
                                                   const crypto::Crypto& crypto) {
  auto keys = crypto::load_key_file(TRY(read_keys(path)), data);
  if (!keys && keys.error().fault != Fault::not_found)
    return fail(keys.error().fault, path + ": " + keys.error().text);
  if (!keys) {
    SystemRandom random;
    keys = crypto::KeyFile::create(random);
    TRY(write_keys(path, *keys));
  }
  return std::unique_ptr<KeySealer>(new KeySealer(path, std::move(*keys), crypto));
}

Result<std::string> KeySealer::seal(std::string_view plain, std::string_view context) const {
  const std::lock_guard lock(mutex_);
  return keys_.seal(crypto_, random_, context, plain);
}

Result<std::string> KeySealer::open(std::string_view sealed, std::string_view context) const {
  const std::lock_guard lock(mutex_);
  return std::string(TRY(keys_.open(crypto_, context, sealed)).view());
}

Result<std::uint32_t> KeySealer::begin_change() {
  const std::lock_guard lock(mutex_);
  if (is_changing_) return fail(Fault::conflict, "The keys are being changed already.");
  auto changed = TRY(crypto::KeyFile::parse(keys_.text().view()));
  changed.rotate(random_);
  TRY(write_keys(path_, changed));  // before anything is sealed under it
  keys_ = std::move(changed);
  is_changing_ = true;
  return keys_.current();
}

Result<> KeySealer::finish_change() {
  const std::lock_guard lock(mutex_);
  is_changing_ = false;
  auto changed = TRY(crypto::KeyFile::parse(keys_.text().view()));
  changed.keep_current();
  TRY(write_keys(path_, changed));
  keys_ = std::move(changed);
  return {};
}

void KeySealer::abandon_change() {
  const std::lock_guard lock(mutex_);
  is_changing_ = false;
}

}  // namespace herold::server
