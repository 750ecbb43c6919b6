// Fuzzes TLS 1.3 after the handshake: records of any content, raw bytes, any buffer, any cuts.
#include "base/check.h"
#include "net/tls13_records.h"

using namespace herold::net;

// ROLE ROOM, then TYPE LENGTH CONTENT for each record; one type stands for bytes as they are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static TlsWorkspace space{herold::Limits{}};
  const auto keys = [] { return TrafficKeys(Tls13Suite::aes_128_gcm_sha256, TrafficSecret(32)); };
  Tls13Records records(static_cast<Tls13Records::Role>(data[0] % 2), keys(), keys());
  TrafficKeys peer = keys();
  std::string sealed, expected, got, record, buffer(1ul + data[1], '\0');
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  while (rest.size() > 1) {
    const auto type = static_cast<RecordType>(20 + static_cast<unsigned char>(rest[0]) % 5);
    const std::string_view content = rest.substr(2, static_cast<unsigned char>(rest[1]));
    rest.remove_prefix(2 + content.size());
    record.assign(content.size() + record_overhead_bytes, '\0');
    if (type == RecordType(24))
      record = content;
    else
      peer.seal(type, content, record, space.ciphers);
    sealed += record;
    if (type == RecordType::application_data) expected += content;
    if (type == RecordType::handshake && content.starts_with(std::string_view("\x18\0\0\1", 4)))
      peer.update(space.ciphers, RecordCiphers::Use::seal);
  }
  for (std::size_t at = 0, count; at < sealed.size() && !records.failed(); at += count) {
    count = std::min(records.wanted(buffer.size()), sealed.size() - at);
    got.append(buffer, 0, records.open({sealed.data() + at, count}, buffer, space));
    while (records.has_data()) got.append(buffer, 0, records.take_data(buffer));
  }
  CHECK(expected.starts_with(got));
  return 0;
}
