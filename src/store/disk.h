// The file system as the journal sees it, so that a test can cut the power or fill the disk.
//
// Faults: not_found; conflict (it exists already, or another process holds it); unavailable (no
// space, or remounted read-only: may pass); refused (permissions, EIO and all else: it will not).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace herold::store {

class File {
 public:
  virtual ~File() = default;
  virtual Result<std::uint64_t> size() const = 0;
  virtual Result<std::string> read(std::uint64_t offset, std::size_t size) const = 0;
  // After it returns the bytes survive the death of the process, not of the machine.
  virtual Result<> write(std::uint64_t offset, std::string_view bytes) = 0;
  // After it returns all earlier writes survive the death of the machine. Blocks; may be called
  // from another thread than write(). After an error nothing may be believed any more.
  virtual Result<> sync() = 0;
  virtual Result<> preallocate(std::uint64_t size) = 0;
};

// A second server on the same data must refuse to start (HOSTILE 183).
class Lock {
 public:
  virtual ~Lock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path) = 0;
  virtual Result<std::unique_ptr<File>> create(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;  // names, sorted
  virtual Result<> remove(const std::string& path) = 0;
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<> make_folder(const std::string& path) = 0;  // with parents, mode 0700
  virtual Result<> sync_folder(const std::string& path) = 0;
  // Differs after a power cut or a restart of the machine, not after the death of the process.
  virtual std::string boot_id() = 0;
  // Holds `path` for this process until the result dies; Fault::conflict when another one does.
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& path) = 0;
};

}  // namespace herold::store
