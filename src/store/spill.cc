// The ring of a spill: each text stands behind its CRC32C.
#include "store/spill.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "store/crc32c.h"

namespace herold::store {

Result<std::unique_ptr<Spill>> Spill::open(Disk& disk, SyncRunner& runner, const std::string& path,
                                           Bytes capacity) {
  auto file = disk.create(path);
  if (!file && file.error().fault == Fault::conflict) {  // a process died before the next remove
    TRY(disk.remove(path));
    file = disk.create(path);
  }
  if (!file) return std::unexpected(file.error());
  TRY(disk.remove(path));
  return std::make_unique<Spill>(runner, std::move(*file), capacity);
}

Spill::Spill(SyncRunner& runner, std::unique_ptr<File> file, Bytes capacity)
    : runner_(runner), file_(std::move(file)), capacity_(capacity) {}

// Freeing many blocks takes a file system its time.
Spill::~Spill() {
  runner_.run([file = std::move(file_)] {});
}

std::uint64_t Spill::put(std::string_view text) {
  const std::uint64_t place = end();
  const std::uint32_t crc = crc32c(0, text);
  batch_.append(reinterpret_cast<const char*>(&crc), sizeof crc).append(text);
  return place;
}

std::size_t Spill::before_wrap(std::uint64_t place, std::size_t size) const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(size, capacity_ - place % capacity_));
}

Result<> Spill::write() {
  const std::string batch = std::exchange(batch_, {});
  if (batch.size() > capacity_ - (end_ - begin_))
    return fail(Fault::unavailable, "as much as may be on disk waits already");
  const std::string_view bytes = batch;
  const std::size_t first = before_wrap(end_, bytes.size());
  TRY(file_->write(end_ % capacity_, bytes.substr(0, first)));
  if (first < bytes.size()) TRY(file_->write(0, bytes.substr(first)));
  end_ += bytes.size();
  return {};
}

Result<std::string> Spill::read(std::uint64_t place, std::uint64_t end) const {
  CHECK(begin_ <= place && place + sizeof(std::uint32_t) <= end && end <= end_);
  const auto size = static_cast<std::size_t>(end - place);
  const std::size_t first = before_wrap(place, size);
  std::string bytes = TRY(file_->read(place % capacity_, first));
  if (first < size) bytes += TRY(file_->read(0, size - first));
  std::uint32_t crc = 0;
  if (bytes.size() == size) std::memcpy(&crc, bytes.data(), sizeof crc);
  bytes.erase(0, sizeof crc);
  if (bytes.size() + sizeof crc != size || crc != crc32c(0, bytes))
    return fail(Fault::refused, "what was kept on disk has changed there");
  return bytes;
}

}  // namespace herold::store
