// A queue of texts in a file without a name: what has to wait and is too much for memory.
//
// A ring of at most so many bytes; what was put first is released first. It is no durable state:
// nothing is synced, and nothing of it outlives the process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "store/disk.h"
#include "store/sync_runner.h"

namespace herold::store {

class Spill {
 public:
  // The file is made at `path` and loses that name at once; its space is given back on `runner`,
  // which outlives it, as does `disk`.
  static Result<std::unique_ptr<Spill>> open(Disk& disk, SyncRunner& runner,
                                             const std::string& path, Bytes capacity);
  Spill(SyncRunner& runner, std::unique_ptr<File> file, Bytes capacity);
  Spill(const Spill&) = delete;
  ~Spill();

  // Yields the place where the text will stand once write() has succeeded; places grow.
  std::uint64_t put(std::string_view text);
  // With one system call, or two. Fault::unavailable when it is full, or the disk is: then nothing
  // was put since the last one.
  Result<> write();
  // The text that stands at `place`, in front of what was put next, at `end`. Blocks as little as
  // the page cache does.
  Result<std::string> read(std::uint64_t place, std::uint64_t end) const;
  // What stands before `place` is needed no more.
  void release(std::uint64_t place) { begin_ = place; }

  std::uint64_t end() const { return end_ + batch_.size(); }  // the place of what is put next

 private:
  std::size_t before_wrap(std::uint64_t place, std::size_t size) const;

  SyncRunner& runner_;
  std::unique_ptr<File> file_;
  const Bytes capacity_;
  std::uint64_t begin_ = 0, end_ = 0;  // of what is written
  std::string batch_;
};

}  // namespace herold::store
