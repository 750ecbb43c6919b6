// Sealing under the key file of the data folder, and changing its keys (DECISIONS.md 17).
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "crypto/crypto.h"
#include "crypto/key_file.h"
#include "store/sealer.h"

namespace herold::server {

// For every thread of the process.
class KeySealer final : public store::Sealer {
 public:
  // Reads the file at `path`, or makes it where there is no `data` yet; one that is missing beside
  // data is never made anew. `crypto` outlives the object.
  static Result<std::unique_ptr<KeySealer>> open(const std::string& path, crypto::StoredData data,
                                                 const crypto::Crypto& crypto);

  Result<std::string> seal(std::string_view plain, std::string_view context) const override;
  Result<std::string> open(std::string_view sealed, std::string_view context) const override;

  // A change of keys: a new one is in the file and seals from now on; then whoever stored
  // something seals it anew; then finish() forgets the old keys, or abandon() keeps them, so that a
  // change that broke off costs nothing but being done again. One at a time: Fault::conflict.
  Result<std::uint32_t> begin_change();
  Result<> finish_change();
  void abandon_change();

 private:
  KeySealer(std::string path, crypto::KeyFile keys, const crypto::Crypto& crypto)
      : path_(std::move(path)), keys_(std::move(keys)), crypto_(crypto) {}

  const std::string path_;
  mutable std::mutex mutex_;
  crypto::KeyFile keys_;
  bool is_changing_ = false;
  const crypto::Crypto& crypto_;
  mutable SystemRandom random_;
};

}  // namespace herold::server
