// Small data of modules: vCards, private XML, block lists, settings, by (module, owner, key).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/executor.h"

namespace herold::store {

struct RecordKey {
  std::string module;
  std::string owner;  // bare JID or domain
  std::string key;
};

struct Record {
  std::string key;
  std::string value;
  std::uint64_t version = 0;  // another one after every put, never 0
};

struct RecordUsage {
  std::uint64_t count = 0;
  Bytes bytes = 0;  // of keys and values
};

class Records {
 public:
  virtual ~Records() = default;

  virtual void get(RecordKey key, Completion<std::optional<Record>> done) = 0;
  // All whose key starts with `prefix`, ordered by the key's bytes.
  virtual void list(std::string module, std::string owner, std::string prefix,
                    Completion<std::vector<Record>> done) = 0;
  // Yields the new version.
  virtual void put(RecordKey key, std::string value, Completion<std::uint64_t> done) = 0;
  // Puts only if the record still has this version (0: only if there is none); Fault::conflict.
  virtual void put_if(RecordKey key, std::string value, std::uint64_t version,
                      Completion<std::uint64_t> done) = 0;
  // What is not there is no error.
  virtual void remove(RecordKey key, Completion<> done) = 0;
  virtual void remove_all(std::string module, std::string owner, Completion<> done) = 0;
  // The same, and yields what there was: a removal of the owner that follows does not overtake it.
  virtual void take_all(std::string module, std::string owner,
                        Completion<std::vector<Record>> done) = 0;
  virtual void usage(std::string module, std::string owner, Completion<RecordUsage> done) = 0;
};

}  // namespace herold::store
