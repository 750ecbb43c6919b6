// The data folder: one server at a time, mode 0700, with the key file beside what it seals.
//
//   herold.lock    held by the server (or a command on a stopped one), so that there is only one
//   herold.keys    the key file (DECISIONS.md 17); without it existing data is refused
//   herold.sqlite  the database      herold.sock  the administration socket, while a server runs
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "crypto/crypto.h"
#include "net/file_handle.h"
#include "server/key_sealer.h"

namespace herold::server {

class DataFolder {
 public:
  // Makes the folder where there is none, takes the lock, reads or (first start) makes the keys.
  // Fault::conflict: a server or another command holds the lock. Fault::refused: others may read
  // the folder or the keys, or the keys are gone. `crypto` outlives the object.
  static Result<DataFolder> open(const std::string& path, const crypto::Crypto& crypto);

  const std::string& path() const { return path_; }
  std::string database_path() const { return path_ + "/herold.sqlite"; }
  KeySealer& sealer() { return *sealer_; }

 private:
  DataFolder(std::string path, net::FileHandle lock, std::unique_ptr<KeySealer> sealer);

  std::string path_;
  net::FileHandle lock_;
  std::unique_ptr<KeySealer> sealer_;
};

}  // namespace herold::server
