// What was offered, and the hash of XEP-0474 over it.
#include "xmpp/sasl/mechanism.h"

#include <algorithm>

#include "base/base64.h"

namespace herold::xmpp {
namespace {

// Sorted by octets ("i;octet", RFC 4790 section 9.3): string comparison is unsigned.
void append_sorted(std::string& out, std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out.push_back('\x1e');
    out.append(values[i]);
  }
}

}  // namespace

const ChannelBinding* find_binding(const std::vector<ChannelBinding>& bindings,
                                   std::string_view type) {
  for (const ChannelBinding& binding : bindings) {
    if (binding.type == type) return &binding;
  }
  return nullptr;
}

bool SaslOffer::offers(std::string_view mechanism) const {
  return std::find(mechanisms.begin(), mechanisms.end(), mechanism) != mechanisms.end();
}

bool SaslOffer::offers_plus() const {
  return std::any_of(mechanisms.begin(), mechanisms.end(),
                     [](const std::string& name) { return name.ends_with("-PLUS"); });
}

bool offers_token(const SaslOffer& offer, Mechanism token_mechanism) {
  const std::string_view binding = binding_of(token_mechanism);
  const auto& types = offer.binding_types;
  return binding.empty() || std::find(types.begin(), types.end(), binding) != types.end();
}

std::optional<HashAlgorithm> upgrade_hash(std::string_view task) {
  if (task == upgrade_tasks[0]) return HashAlgorithm::sha256;
  if (task == upgrade_tasks[1]) return HashAlgorithm::sha512;
  return {};
}

std::string downgrade_hash(const crypto::Crypto& crypto, HashAlgorithm algorithm,
                           const SaslOffer& offer) {
  std::string list;
  append_sorted(list, offer.mechanisms);
  if (!offer.binding_types.empty()) {
    list.push_back('\x1f');
    append_sorted(list, offer.binding_types);
  }
  return base64_encode(crypto.digest(algorithm, list).view());
}

}  // namespace herold::xmpp
