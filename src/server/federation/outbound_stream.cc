// From a connection to carrying stanzas, for servers that we go to.
#include "server/federation/outbound_stream.h"

#include "server/federation/policy.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

xmpp::OutboundPeerConfig config_of(const Federation& federation, const RouteName& name,
                                   bool begins_with_tls,
                                   xmpp::OutboundPeerConfig::Purpose purpose) {
  using Tls = xmpp::OutboundPeerConfig::Tls;
  xmpp::OutboundPeerConfig config;
  // Both stand in the server as prepared domains.
  config.pair = {*xmpp::Jid::parse(name.local), *xmpp::Jid::parse(name.remote)};
  config.purpose = purpose;
  config.tls = begins_with_tls ? Tls::direct : Tls::starttls;
  if (federation.world()->connecting(name.local) == nullptr) config.tls = Tls::never;
  const auto trust = trust_in(federation.config(), name.remote);
  config.trust = trust == PeerTrust::dialback ? xmpp::Trust::dialback : xmpp::Trust::certificate;
  return config;
}

// What an end tells of the way to that domain.
PeerFailure failure_of(const xmpp::OutboundPeerError& error) {
  using Kind = xmpp::OutboundPeerError::Kind;
  using xmpp::StreamCondition;
  const bool is_unknown =
      error.kind == Kind::stream && (error.stream.condition == StreamCondition::host_unknown ||
                                     error.stream.condition == StreamCondition::host_gone);
  if (is_unknown)
    return {.error = {Condition::remote_server_not_found, error.describe()}, .is_final = true};
  const bool is_policy =
      error.kind == Kind::no_tls || error.kind == Kind::untrusted || error.kind == Kind::no_way;
  return {
      .error = {is_policy ? Condition::remote_server_not_found : Condition::remote_server_timeout,
                error.describe()}};
}

}  // namespace

OutboundStream::OutboundStream(Federation& federation, const RouteName& name, FoundPeer found,
                               xmpp::OutboundPeerConfig::Purpose purpose)
    : PeerStreamOf(Kind::outbound, federation, federation.shard().server().next_connection(),
                   std::move(found.transport)),
      stream_(*this, config_of(federation, name, found.begins_with_tls, purpose),
              federation.environment()),
      name_(name),
      host_(std::move(found.host)),
      tlsa_(std::move(found.tlsa)) {}

OutboundStream::~OutboundStream() = default;

void OutboundStream::start() {
  attach();
  if (stream_.config().tls == xmpp::OutboundPeerConfig::Tls::direct) begin_handshake();
  stream_.start();
}

void OutboundStream::begin_handshake() {
  transport().start_tls(*federation().world()->connecting(name_.local), name_.remote);
}

void OutboundStream::on_secured() {
  keep_certificate(std::move(host_), std::move(tlsa_));
  transport().forget_handshake();
  stream_.on_tls();
  read_input();
}

// After EXTERNAL was refused, or at once where the stream is for questions alone.
void OutboundStream::on_can_verify() {
  if (Route* way = this->way()) way->secured(*this);
}

void OutboundStream::on_external_refused(xmpp::SaslCondition condition, std::string_view text) {
  shard().log().info(
      "peer-refuses-certificate",
      {{"domain", name_.remote}, {"condition", xmpp::name_of(condition)}, {"text", text}});
}

Route* OutboundStream::way() const { return federation().find(name_); }

bool OutboundStream::ask(std::string_view stream_id, std::string_view key) {
  if (!stream_.can_verify()) return false;
  const xmpp::DomainPair shown{stream_.remote(), stream_.local()};
  return stream_.verify(shown, stream_id, key);
}

void OutboundStream::on_verify_answer(const xmpp::DomainPair&, const std::string& id,
                                      const xmpp::DialbackAnswer& answer) {
  if (Route* way = this->way()) way->verified(id, answer);
}

void OutboundStream::on_accepted(const xmpp::DomainPair& pair, xmpp::PeerProof proof) {
  shard().log().info("peer-accepted", {{"peer", peer()},
                                       {"domain", pair.sender.text()},
                                       {"for", pair.target.text()},
                                       {"proof", xmpp::name_of(proof)}});
}

void OutboundStream::on_refused(const xmpp::DomainPair& pair, const StanzaError& why) {
  shard().log().info("peer-refused", {{"peer", peer()},
                                      {"domain", pair.sender.text()},
                                      {"condition", xmpp::name_of(why.condition)}});
}

void OutboundStream::on_judged(xmpp::Ticket ticket, const xmpp::DialbackAnswer& answer) {
  if (!is_open()) return;
  stream_.on_key_verdict(ticket, answer);
  read_input();
}

void OutboundStream::on_authorised(const xmpp::DomainPair&, xmpp::PeerProof proof) {
  is_authorised_ = true;
  proof_ = proof;
  shard().log().info("peer-connected", {{"domain", name_.local},
                                        {"peer", name_.remote},
                                        {"address", peer()},
                                        {"proof", xmpp::name_of(proof)},
                                        {"tls", transport().tls_description()}});
  if (stream_.offer().stream_management) ask_to_count();
  Route* way = this->way();
  if (way == nullptr) return;
  way->secured(*this);
  way->opened(*this);
}

std::string OutboundStream::describe() const {
  return "to " + peer() + ", by " + std::string(xmpp::name_of(proof_)) +
         (stream_.is_bidirectional() ? ", both ways" : "");
}

// --- the end -------------------------------------------------------------------------------------

void OutboundStream::tell_route(PeerFailure why) {
  if (std::exchange(is_told_, true)) return;
  if (route() != nullptr) return leave_route(std::move(why));
  if (Route* way = this->way()) way->lost(*this, std::move(why));
}

void OutboundStream::on_peer_error(const xmpp::StreamError& error) {
  shard().log().info("peer-closed",
                     {{"domain", name_.remote}, {"condition", xmpp::name_of(error.condition)}});
}

void OutboundStream::on_closed(const xmpp::OutboundPeerError* error) {
  PeerFailure why = error != nullptr ? failure_of(*error) : PeerFailure{};
  if (error != nullptr && error->kind == xmpp::OutboundPeerError::Kind::untrusted)
    why.error.text += " (" + problem() + ")";
  tell_route(std::move(why));
  finish_close();
}

void OutboundStream::abandon_because(PeerFailure why) {
  if (!close_at_once()) return;
  ending_ = std::move(why);
  shard().drop(*this);  // which gives back, unless the server stops
  give_back();
}

void OutboundStream::give_back() { tell_route(std::move(ending_)); }

void OutboundStream::on_ended(net::Ending ending, std::string_view detail) {
  PeerFailure why;
  if (ending == net::Ending::tls_failed)
    why.error.text = name_.remote + ": no TLS: " + std::string(detail);
  abandon_because(std::move(why));
}

}  // namespace herold::server
