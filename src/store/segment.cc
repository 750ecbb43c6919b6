// Reading and writing the bytes of a journal segment.
#include "store/segment.h"

#include <bit>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "store/crc32c.h"

namespace herold::store {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie here");

constexpr std::string_view magic = "HEROLDJ\n";
constexpr std::size_t boot_id_bytes = 64;

// The header as it lies in the file; every field at its natural place, no padding.
struct HeaderBytes {
  char magic[8];
  std::uint32_t format;
  std::uint32_t shard;
  std::uint64_t run;
  std::uint64_t segment;
  std::uint64_t salt;
  char boot_id[boot_id_bytes];
  std::uint32_t zero;
  std::uint32_t crc;  // over all before it
};
static_assert(sizeof(HeaderBytes) == 112);

template <class T>
std::string_view bytes_of(const T& value, std::size_t size = sizeof(T)) {
  return {reinterpret_cast<const char*>(&value), size};
}

std::uint32_t record_crc(std::uint64_t salt, std::uint64_t offset, std::uint32_t word,
                         std::string_view payload) {
  struct {
    std::uint64_t salt, offset;
  } place{salt, offset};
  const std::uint32_t seed = crc32c(crc32c(0, bytes_of(place)), bytes_of(word));
  return crc32c(seed, payload);
}

std::optional<SegmentHeader> decode_one(std::string_view bytes) {
  HeaderBytes raw;
  if (bytes.size() < sizeof raw) return {};
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (std::string_view(raw.magic, 8) != magic) return {};
  if (raw.crc != crc32c(0, bytes_of(raw, sizeof raw - 4))) return {};
  if (raw.format != segment_format && raw.format + 1 != segment_format) return {};
  SegmentHeader header{raw.format, raw.shard, raw.run, raw.segment, raw.salt, {}};
  header.boot_id.assign(raw.boot_id, strnlen(raw.boot_id, boot_id_bytes));
  return header;
}

}  // namespace

std::string segment_name(const SegmentHeader& header) {
  char name[64];
  std::snprintf(name, sizeof name, "%016llx-%04x-%016llx.journal",
                static_cast<unsigned long long>(header.run), header.shard,
                static_cast<unsigned long long>(header.segment));
  return name;
}

std::optional<std::uint64_t> run_of_segment_name(std::string_view name) {
  constexpr std::string_view ending = ".journal";
  if (!name.ends_with(ending) || name.size() < 17 || name[16] != '-') return {};
  std::uint64_t run = 0;
  for (const char digit : name.substr(0, 16)) {
    if (digit >= '0' && digit <= '9')
      run = run << 4 | static_cast<std::uint64_t>(digit - '0');
    else if (digit >= 'a' && digit <= 'f')
      run = run << 4 | static_cast<std::uint64_t>(digit - 'a' + 10);
    else
      return {};
  }
  return run;
}

std::string encode_header(const SegmentHeader& header) {
  HeaderBytes raw{};
  std::memcpy(raw.magic, magic.data(), magic.size());
  raw.format = header.format;
  raw.shard = header.shard;
  raw.run = header.run;
  raw.segment = header.segment;
  raw.salt = header.salt;
  std::memcpy(raw.boot_id, header.boot_id.data(), std::min(header.boot_id.size(), boot_id_bytes));
  raw.crc = crc32c(0, bytes_of(raw, sizeof raw - 4));
  std::string bytes(first_record, '\0');
  std::memcpy(bytes.data(), &raw, sizeof raw);
  std::memcpy(bytes.data() + second_header, &raw, sizeof raw);
  return bytes;
}

std::optional<SegmentHeader> decode_header(std::string_view bytes) {
  if (auto first = decode_one(bytes)) return first;
  if (bytes.size() <= second_header) return {};
  return decode_one(bytes.substr(second_header));
}

void encode_record(std::string& buffer, std::uint64_t salt, std::uint64_t offset, std::uint8_t kind,
                   std::string_view payload) {
  CHECK(payload.size() <= longest_record);
  const std::uint32_t word =
      static_cast<std::uint32_t>(payload.size()) | static_cast<std::uint32_t>(kind) << 24;
  const std::uint32_t crc = record_crc(salt, offset, word, payload);
  const std::size_t end = buffer.size() + record_size(payload.size());
  buffer.append(bytes_of(word)).append(bytes_of(crc)).append(payload);
  buffer.resize(end, '\0');
}

std::optional<RecordView> decode_record(std::string_view bytes, std::uint64_t salt,
                                        std::uint64_t offset) {
  if (bytes.size() < record_header) return {};
  std::uint32_t word, crc;
  std::memcpy(&word, bytes.data(), 4);
  std::memcpy(&crc, bytes.data() + 4, 4);
  const std::size_t length = word & longest_record;
  if (word == 0 || length > bytes.size() - record_header) return {};
  const std::string_view payload = bytes.substr(record_header, length);
  if (crc != record_crc(salt, offset, word, payload)) return {};
  return RecordView{static_cast<std::uint8_t>(word >> 24), payload};
}

namespace {

std::string encode_own(OwnRecord what, std::uint64_t number) {
  std::string payload(1, static_cast<char>(what));
  return payload.append(bytes_of(number));
}

std::optional<std::uint64_t> decode_own(OwnRecord what, const RecordView& record) {
  if (record.kind != 0 || record.payload.size() != group_mark_bytes) return {};
  if (record.payload[0] != static_cast<char>(what)) return {};
  std::uint64_t number;
  std::memcpy(&number, record.payload.data() + 1, 8);
  return number;
}

}  // namespace

std::string encode_group_mark(std::uint64_t synced) { return encode_own(OwnRecord::group, synced); }

std::optional<std::uint64_t> decode_group_mark(const RecordView& record) {
  return decode_own(OwnRecord::group, record);
}

std::string encode_takeover(std::uint64_t run) { return encode_own(OwnRecord::taken_over, run); }

std::optional<std::uint64_t> decode_takeover(const RecordView& record) {
  return decode_own(OwnRecord::taken_over, record);
}

}  // namespace herold::store
