// A disk in memory that loses power, fills up and breaks at the operation that a test names.
//
// Seeded: the same seed tears the same sectors. For one thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "store/disk.h"

namespace herold::store {

class SimDisk final : public Disk {
 public:
  explicit SimDisk(std::uint64_t seed) : random_(seed) {}

  // The machine dies: of each unsynced write a random subset of its 512-byte sectors remains, of
  // each unsynced change of a folder perhaps the old state. Drop all open files before or after.
  void power_cut();
  // The process dies: everything written remains. Ends what die_at() started.
  void kill();

  void set_capacity(Bytes bytes) { capacity_ = bytes; }  // ENOSPC above
  // A full copy-on-write disk: even overwriting fails, after a prefix, with ENOSPC.
  void refuse_writes(bool refuse) { refuse_writes_ = refuse; }
  // The operation with this number (counted from now, 1 the next that changes something) fails
  // with EIO; a sync that fails loses what it should have kept.
  void fail_at(std::uint64_t operation) { fail_at_ = operations_ + operation; }
  // At that operation the process dies: a write leaves a prefix, and nothing works until kill()
  // or power_cut().
  void die_at(std::uint64_t operation) { die_at_ = operations_ + operation; }
  bool dead() const { return dead_; }
  bool is_doomed() const { return die_at_ > operations_ || dead_; }
  std::uint64_t operations() const { return operations_; }
  Bytes used() const;
  // Changes bytes behind the program's back, on the platter too.
  void corrupt(const std::string& path, std::uint64_t offset, std::string_view bytes);

  Result<std::unique_ptr<File>> open(const std::string& path) override;
  Result<std::unique_ptr<File>> create(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<> remove(const std::string& path) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> make_folder(const std::string& path) override;
  Result<> sync_folder(const std::string& path) override;
  std::string boot_id() override { return "boot-" + std::to_string(boots_); }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

 private:
  friend class SimFile;
  friend class SimLock;
  struct Write {
    std::uint64_t offset = 0;
    std::string bytes;
  };
  struct Node {
    std::string seen;     // what processes read
    std::string durable;  // what a power cut leaves for sure
    std::vector<Write> unsynced;
    Bytes allocated = 0;
    int handles = 0;  // files that are open on it
  };
  // Shared by the names (before and after a power cut) and open files.
  using NodePointer = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePointer>;

  Result<> step();  // counts an operation; the error of an injected fault
  bool grow(Node& node, Bytes size);
  void put(std::string& target, std::uint64_t offset, std::string_view bytes);
  void cut_names();
  void cut(Node& node);

  SeededRandom random_;
  Names names_, durable_names_;
  std::vector<std::weak_ptr<Node>> nameless_;  // removed while they were open
  std::set<std::string> folders_;
  std::set<std::string> locks_;
  Bytes capacity_ = ~Bytes{0};
  std::uint64_t operations_ = 0, fail_at_ = 0, die_at_ = 0;
  bool dead_ = false;
  bool refuse_writes_ = false;
  unsigned boots_ = 1;
};

}  // namespace herold::store
