// Fuzzes DNS records: what is read keeps its bounds, and names that are read can be asked for.
#include "base/check.h"
#include "base/limits.h"
#include "net/dns_records.h"

using namespace herold::net;

// KIND, then LENGTH and the bytes of each record.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr DnsType types[] = {DnsType::a, DnsType::aaaa, DnsType::srv, DnsType::tlsa};
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::string_view> records;
  while (!rest.empty()) {
    records.push_back(rest.substr(1, static_cast<unsigned char>(rest[0])));
    rest.remove_prefix(1 + records.back().size());
  }
  const DnsAnswer answer = read_dns_records(types[data[0] % 4], records);
  const std::size_t read = answer.addresses.size() + answer.services.size() + answer.tlsa.size();
  CHECK(read == (answer.status == DnsAnswer::Status::found ? records.size() : 0));
  CHECK(read <= herold::bounds::dns_records && !answer.secure);
  for (const DnsService& one : answer.services)
    CHECK(one.target.empty() || is_dns_name(one.target));
  return 0;
}
