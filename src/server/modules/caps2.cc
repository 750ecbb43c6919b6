// XEP-0390 Entity Capabilities 2.0: hashes of the server's own disco#info in its stream features.
#include "xmpp/ext/caps2.h"

#include "base/base64.h"
#include "crypto/crypto.h"
#include "server/disco.h"
#include "server/module.h"
#include "xmpp/caps.h"

namespace herold::server {

class Caps2 {
 public:
  static constexpr About about{390, "0.3.2", "Entity Capabilities 2.0", {xmpp::Caps2::element.ns}};

  static constexpr auto handlers() {
    return std::tuple{on<StreamFeatures>(&Caps2::announce), on<DiscoInfoAsked>(&Caps2::answer),
                      on<DomainConfigured>(&Caps2::forget)};
  }

  explicit Caps2(ModuleHost& host) : host_(host) {}

 private:
  // Section 6.2.1: streams of servers announce as presence does.
  void announce(StreamFeatures& features) {
    if (features.moment != StreamFeatures::Moment::after_login) return;
    features.xml += xmpp::to_xml(hashes(), xmpp::ns::client);
  }

  // Section 4.3.
  void answer(DiscoInfoAsked& asked) {
    if (asked.account != nullptr || asked.info.node.empty()) return;
    for (const xmpp::HashValue& hash : hashes().hashes) {
      if (asked.info.node != xmpp::caps2_node(hash.algorithm, hash.value)) continue;
      auto info = disco_info(host_, nullptr, asked.asker, {});
      if (!info) return;
      info->node = std::move(asked.info.node);
      asked.info = std::move(*info);
      asked.node_known = true;
      return;
    }
  }

  // New settings may change what any module says of itself.
  void forget(DomainConfigured&) { caps_.hashes.clear(); }

  // Made at the first login, when all modules run.
  const xmpp::Caps2& hashes() {
    if (!caps_.hashes.empty()) return caps_;
    const auto info = disco_info(host_, nullptr, host_.address(), {});
    const auto text = info ? xmpp::caps2_string(*info) : std::nullopt;
    if (!text) return caps_;
    const auto add = [&](std::string_view name, crypto::HashAlgorithm algorithm) {
      caps_.hashes.push_back(
          {std::string(name), base64_encode(host_.crypto().digest(algorithm, *text).view())});
    };
    add("sha-256", crypto::HashAlgorithm::sha256);
    add("sha3-256", crypto::HashAlgorithm::sha3_256);
    return caps_;
  }

  ModuleHost& host_;
  xmpp::Caps2 caps_;
};

}  // namespace herold::server

HEROLD_MODULE(caps2, Caps2)
