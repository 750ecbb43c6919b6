// Fuzzes names in certificates: what is presented speaks for itself and its own labels, no more.
#include <algorithm>

#include "base/check.h"
#include "crypto/peer_identity.h"

using namespace herold::crypto;

// PRESENTED, a line's end, DOMAIN.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string presented(text.substr(0, end)), domain(text.substr(end + 1));
  if (!is_presented_domain(presented)) return 0;
  CHECK(presented.size() <= 255 && !presented.contains('\0'));
  PeerIdentity peer;
  peer.domains = {presented};
  const bool is_wild = presented.starts_with("*.");
  CHECK(peer.is_for(is_wild ? "a" + presented.substr(1) : presented) || presented.size() > 253);
  CHECK(!is_wild || std::ranges::count(presented, '.') >= 2);
  if (!peer.is_for(domain)) return 0;
  CHECK(domain.size() >= presented.size() - is_wild && !domain.contains('*'));
  CHECK(std::ranges::count(domain, '.') == std::ranges::count(presented, '.'));
  return 0;
}
