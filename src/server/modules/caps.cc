// XEP-0115 Entity Capabilities: the hash of the server's own disco#info in its stream features, and
// what those of clients stand for.
#include "xmpp/ext/caps.h"

#include "base/base64.h"
#include "crypto/crypto.h"
#include "server/client_caps.h"
#include "server/disco.h"
#include "server/module.h"
#include "xmpp/caps.h"

namespace herold::server {

class Caps {
 public:
  static constexpr About about{115, "1.6.0", "Entity Capabilities", {xmpp::Caps::element.ns}};

  static constexpr auto handlers() {
    return std::tuple{on<StreamFeatures>(&Caps::announce), on<DiscoInfoAsked>(&Caps::answer),
                      on<PresenceSent>(&Caps::learn, Stage::amend),
                      on<SessionResumed>(&Caps::learn_again), on<DomainConfigured>(&Caps::forget)};
  }

  explicit Caps(ModuleHost& host) : host_(host) {}

 private:
  // A URI that names the sender; section 4 wants one that leads to the program, which has no page.
  std::string name() const { return "xmpp:" + host_.address().text(); }

  // Section 6.3.
  void announce(StreamFeatures& features) {
    if (features.moment != StreamFeatures::Moment::after_login || hash().empty()) return;
    const xmpp::Caps caps{.hash = "sha-1", .node = name(), .ver = hash()};
    features.xml += xmpp::to_xml(caps, xmpp::ns::client);
  }

  // Section 6.2: whoever knows the hash asks for what it stands for.
  void answer(DiscoInfoAsked& asked) {
    if (asked.account != nullptr || asked.info.node.empty()) return;
    if (asked.info.node != name() + '#' + hash()) return;
    auto info = disco_info(host_, nullptr, asked.asker, {});
    if (!info) return;
    info->node = std::move(asked.info.node);
    asked.info = std::move(*info);
    asked.node_known = true;
  }

  // Section 6.2, and the same for XEP-0390.
  void learn(PresenceSent& event) {
    const StanzaHead& head = event.stanza.head;
    if (head.is(PresenceType::available) && !head.to)
      learn_caps(event.session, event.stanza.root());
  }

  // What was known of it went with the old server.
  void learn_again(SessionResumed& event) {
    if (event.after_restart) learn_caps(event.session);
  }

  // New settings may change what any module says of itself.
  void forget(DomainConfigured&) { hash_.clear(); }

  // Made at the first login, when all modules run.
  const std::string& hash() {
    if (!hash_.empty()) return hash_;
    const auto info = disco_info(host_, nullptr, host_.address(), {});
    const auto text = info ? xmpp::caps_string(*info) : std::nullopt;
    if (text)
      hash_ = base64_encode(host_.crypto().digest(crypto::HashAlgorithm::sha1, *text).view());
    return hash_;
  }

  ModuleHost& host_;
  std::string hash_;
};

}  // namespace herold::server

HEROLD_MODULE(caps, Caps)
