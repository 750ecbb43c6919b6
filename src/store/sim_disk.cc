// The disk in memory: what is seen, what is durable, and what lies between.
#include "store/sim_disk.h"

#include <algorithm>
#include <cstring>

namespace herold::store {
namespace {

constexpr std::uint64_t sector = 512;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

class SimFile final : public File {
 public:
  SimFile(SimDisk& disk, SimDisk::NodePointer node) : disk_(disk), node_(std::move(node)) {
    ++node_->handles;
  }
  SimFile(const SimFile&) = delete;
  ~SimFile() override { --node_->handles; }

  Result<std::uint64_t> size() const override { return node_->seen.size(); }

  Result<std::string> read(std::uint64_t offset, std::size_t size) const override {
    if (offset >= node_->seen.size()) return std::string();
    return node_->seen.substr(offset, size);
  }

  Result<> write(std::uint64_t offset, std::string_view bytes) override {
    const bool was_dead = disk_.dead_;
    auto stepped = disk_.step();
    if (!stepped && (was_dead || !disk_.dead_)) return stepped;
    if (stepped && disk_.refuse_writes_)
      stepped = fail(Fault::unavailable, "the simulated disk takes no writes");
    if (!stepped) bytes = bytes.substr(0, disk_.random_.below(bytes.size() + 1));
    if (!disk_.grow(*node_, offset + bytes.size()))
      return fail(Fault::unavailable, "no space left on the simulated disk");
    disk_.put(node_->seen, offset, bytes);
    node_->unsynced.push_back({offset, std::string(bytes)});
    return stepped;
  }

  Result<> sync() override {
    if (auto stepped = disk_.step(); !stepped) {
      node_->unsynced.clear();  // as Linux does: the pages count as clean, nobody tries again
      return stepped;
    }
    for (const auto& write : node_->unsynced) disk_.put(node_->durable, write.offset, write.bytes);
    node_->durable.resize(std::max(node_->durable.size(), node_->seen.size()), '\0');
    node_->unsynced.clear();
    return {};
  }

  Result<> preallocate(std::uint64_t size) override {
    TRY(disk_.step());
    if (!disk_.grow(*node_, size))
      return fail(Fault::unavailable, "no space left on the simulated disk");
    if (node_->seen.size() < size) node_->seen.resize(size, '\0');
    return {};
  }

 private:
  SimDisk& disk_;
  SimDisk::NodePointer node_;
};

class SimLock final : public Lock {
 public:
  SimLock(SimDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  ~SimLock() override { disk_.locks_.erase(path_); }

 private:
  SimDisk& disk_;
  std::string path_;
};

Result<> SimDisk::step() {
  if (dead_) return fail(Fault::refused, "the simulated process is dead");
  ++operations_;
  if (operations_ == die_at_) {
    dead_ = true;
    return fail(Fault::refused, "the simulated process dies here");
  }
  if (operations_ == fail_at_) return fail(Fault::refused, "input/output error, injected");
  return {};
}

Bytes SimDisk::used() const {
  Bytes sum = 0;
  for (const auto& [name, node] : names_) sum += node->allocated;
  for (const auto& node : nameless_)
    if (const NodePointer open = node.lock(); open && open->handles > 0) sum += open->allocated;
  return sum;
}

bool SimDisk::grow(Node& node, Bytes size) {
  if (size <= node.allocated) return true;
  const Bytes used_now = used();
  if (size - node.allocated > capacity_ || used_now > capacity_ - (size - node.allocated))
    return false;
  node.allocated = size;
  return true;
}

void SimDisk::put(std::string& target, std::uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  if (target.size() < offset + bytes.size()) target.resize(offset + bytes.size(), '\0');
  std::memcpy(target.data() + offset, bytes.data(), bytes.size());
}

void SimDisk::corrupt(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  Node& node = *names_.at(path);
  put(node.seen, offset, bytes);
  put(node.durable, offset, bytes);
}

void SimDisk::cut(Node& node) {
  for (const Write& write : node.unsynced) {
    const std::uint64_t end = write.offset + write.bytes.size();
    for (std::uint64_t at = write.offset; at < end;) {
      const std::uint64_t next = std::min(end, (at / sector + 1) * sector);
      if (random_.below(2) == 0)
        put(node.durable, at, std::string_view(write.bytes).substr(at - write.offset, next - at));
      at = next;
    }
  }
  node.unsynced.clear();
  node.seen = node.durable;
  node.allocated = node.seen.size();
}

void SimDisk::cut_names() {
  Names after;
  for (const auto& [name, node] : names_)
    if (durable_names_.contains(name) || random_.below(2) == 0) after[name] = node;
  for (const auto& [name, node] : durable_names_)
    if (!names_.contains(name) && random_.below(2) == 0) after[name] = node;
  names_ = after;
  durable_names_ = std::move(after);
}

void SimDisk::power_cut() {
  cut_names();
  for (auto& [name, node] : names_) cut(*node);
  ++boots_;
  kill();
}

void SimDisk::kill() {
  dead_ = false;
  fail_at_ = die_at_ = 0;
  locks_.clear();
}

Result<std::unique_ptr<File>> SimDisk::open(const std::string& path) {
  const auto found = names_.find(path);
  if (found == names_.end()) return fail(Fault::not_found, path + " does not exist");
  return std::make_unique<SimFile>(*this, found->second);
}

Result<std::unique_ptr<File>> SimDisk::create(const std::string& path) {
  TRY(step());
  if (names_.contains(path)) return fail(Fault::conflict, path + " exists");
  auto node = std::make_shared<Node>();
  names_[path] = node;
  return std::make_unique<SimFile>(*this, std::move(node));
}

Result<std::vector<std::string>> SimDisk::list(const std::string& folder) {
  if (!folders_.contains(folder)) return fail(Fault::not_found, folder + " does not exist");
  std::vector<std::string> names;
  for (const auto& [name, node] : names_)
    if (folder_of(name) == folder) names.push_back(name.substr(folder.size() + 1));
  return names;
}

Result<> SimDisk::remove(const std::string& path) {
  TRY(step());
  const auto found = names_.find(path);
  if (found == names_.end()) return fail(Fault::not_found, path + " does not exist");
  std::erase_if(nameless_, [](const auto& node) { return node.expired(); });
  nameless_.push_back(found->second);
  names_.erase(found);
  return {};
}

Result<> SimDisk::rename(const std::string& from, const std::string& to) {
  TRY(step());
  auto node = names_.extract(from);
  if (node.empty()) return fail(Fault::not_found, from + " does not exist");
  names_[to] = std::move(node.mapped());
  return {};
}

Result<> SimDisk::make_folder(const std::string& path) {
  TRY(step());
  folders_.insert(path);
  return {};
}

Result<> SimDisk::sync_folder(const std::string& path) {
  TRY(step());
  std::erase_if(durable_names_, [&](const auto& entry) {
    return folder_of(entry.first) == path && !names_.contains(entry.first);
  });
  for (const auto& [name, node] : names_)
    if (folder_of(name) == path) durable_names_[name] = node;
  return {};
}

Result<std::unique_ptr<Lock>> SimDisk::lock(const std::string& path) {
  if (!locks_.insert(path).second)
    return fail(Fault::conflict, path + " is held by another running process");
  return std::make_unique<SimLock>(*this, path);
}

}  // namespace herold::store
