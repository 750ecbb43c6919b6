// Files by the system calls of POSIX and Linux.
#include "store/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/random.h"

namespace herold::store {
namespace {

Fault fault_of(int code) {
  switch (code) {
    case ENOENT:
      return Fault::not_found;
    case EEXIST:
    case EWOULDBLOCK:
      return Fault::conflict;
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Fault::unavailable;
    default:
      return Fault::refused;
  }
}

std::unexpected<Error> disk_error(std::string_view doing, const std::string& path, int code) {
  return fail(fault_of(code), std::string(doing) + " " + path + ": " + strerrordesc_np(code));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Result<std::uint64_t> size() const override {
    struct stat status;
    if (::fstat(fd_.get(), &status) != 0) return disk_error("cannot look at", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<std::string> read(std::uint64_t offset, std::size_t size) const override {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n =
          ::pread(fd_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return disk_error("cannot read", path_, errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    bytes.resize(done);
    return bytes;
  }

  Result<> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return disk_error("cannot write", path_, errno);
      offset += static_cast<std::uint64_t>(n);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }

  Result<> sync() override {
    // No second try on EINTR or anything else: after a failed sync the kernel may have dropped
    // the pages and would report success (HOSTILE 177).
    if (::fdatasync(fd_.get()) != 0) return disk_error("cannot sync", path_, errno);
    return {};
  }

  Result<> preallocate(std::uint64_t size) override {
    int code = EINTR;
    while (code == EINTR) code = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    if (code != 0) return disk_error("cannot reserve space for", path_, code);
    return {};
  }

 private:
  Descriptor fd_;
  std::string path_;
};

class PosixLock final : public Lock {
 public:
  explicit PosixLock(int fd) : fd_(fd) {}

 private:
  Descriptor fd_;  // closing it gives the lock back
};

Result<std::unique_ptr<File>> open_file(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return disk_error("cannot open", path, errno);
  return std::make_unique<PosixFile>(fd, path);
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string read_boot_id() {
  const Descriptor fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  char text[64];
  const ssize_t n = fd.valid() ? ::read(fd.get(), text, sizeof text) : -1;
  if (n > 0) {
    std::string id(text, static_cast<std::size_t>(n));
    while (!id.empty() && id.back() == '\n') id.pop_back();
    if (!id.empty()) return id;
  }
  // Not knowing means never trusting what an earlier process left unsynced.
  SystemRandom random;
  return "unknown-" + random.token();
}

}  // namespace

PosixDisk::PosixDisk() : boot_id_(read_boot_id()) {}

Result<std::unique_ptr<File>> PosixDisk::open(const std::string& path) {
  return open_file(path, 0);
}

Result<std::unique_ptr<File>> PosixDisk::create(const std::string& path) {
  return open_file(path, O_CREAT | O_EXCL);
}

Result<std::vector<std::string>> PosixDisk::list(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), &::closedir);
  if (!open) return disk_error("cannot list", folder, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return disk_error("cannot list", folder, errno);
  std::ranges::sort(names);
  return names;
}

Result<> PosixDisk::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return disk_error("cannot remove", path, errno);
  return {};
}

Result<> PosixDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return disk_error("cannot rename", from, errno);
  return {};
}

Result<> PosixDisk::make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_folder(parent_of(path));
  if (errno == ENOENT && parent_of(path) != path) {
    TRY(make_folder(parent_of(path)));
    if (::mkdir(path.c_str(), 0700) == 0) return sync_folder(parent_of(path));
  }
  const int code = errno;
  struct stat status;
  if (code == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return disk_error("cannot make the folder", path, code);
}

Result<> PosixDisk::sync_folder(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return disk_error("cannot open the folder", path, errno);
  if (::fsync(fd.get()) != 0 && errno != EINVAL)  // some file systems have nothing to sync here
    return disk_error("cannot sync the folder", path, errno);
  return {};
}

Result<std::unique_ptr<Lock>> PosixDisk::lock(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return disk_error("cannot open", path, errno);
  auto held = std::make_unique<PosixLock>(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return held;
  if (errno == EWOULDBLOCK)
    return fail(Fault::conflict, path + " is held by another running process");
  return disk_error("cannot lock", path, errno);
}

}  // namespace herold::store
