// The machine's file system: files 0600, folders 0700, closed on exec.
#pragma once

#include "store/disk.h"

namespace herold::store {

class PosixDisk final : public Disk {
 public:
  PosixDisk();
  Result<std::unique_ptr<File>> open(const std::string& path) override;
  Result<std::unique_ptr<File>> create(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<> remove(const std::string& path) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> make_folder(const std::string& path) override;
  Result<> sync_folder(const std::string& path) override;
  std::string boot_id() override { return boot_id_; }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

 private:
  std::string boot_id_;
};

}  // namespace herold::store
