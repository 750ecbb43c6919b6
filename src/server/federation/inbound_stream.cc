// From connecting to bringing stanzas, for servers that come to us.
#include "server/federation/inbound_stream.h"

#include <algorithm>

#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

xmpp::Channel channel_of(const Federation& federation) {
  // The transports of a simulation have no TLS.
  return federation.world()->accepting() ? xmpp::Channel::open : xmpp::Channel::trusted;
}

}  // namespace

InboundStream::InboundStream(Federation& federation, ConnectionId id,
                             std::unique_ptr<net::Transport> transport, PeerTls tls)
    : PeerStreamOf(Kind::inbound, federation, id, std::move(transport)),
      stream_(*this, federation.environment(), channel_of(federation)),
      tls_(tls) {}

InboundStream::~InboundStream() = default;

void InboundStream::start() {
  proof_until_ = shard().now() + Seconds(shard().limits().preauth_time);
  attach();
  tls_ == PeerTls::direct ? begin_handshake() : await_proof();
}

// One time for everything from connecting to the first proof.
void InboundStream::await_proof() {
  if (is_proven()) return deadline().stop();
  deadline().start(shard().loop(), std::max<Duration>(proof_until_ - shard().now(), Duration(0)),
                   [this] { fail({xmpp::StreamCondition::connection_timeout, "Not signed in"}); });
}

void InboundStream::begin_handshake() {
  net::TlsServerContext* context = federation().world()->accepting();
  if (context == nullptr) return stream_.on_tls();
  deadline().start(shard().loop(), Seconds(shard().limits().handshake_time), [this] { abandon(); });
  transport().start_tls(*context);
}

void InboundStream::on_secured() {
  keep_certificate();
  transport().forget_handshake();
  await_proof();
  stream_.on_tls();
  read_input();
}

// --- who it is -----------------------------------------------------------------------------------

void InboundStream::on_opened(const xmpp::Jid&, const xmpp::Jid&) {}

void InboundStream::on_auth_failure(const xmpp::Jid& remote, xmpp::SaslCondition condition) {
  shard().log().info("peer-refused", {{"peer", peer()},
                                      {"domain", remote.text()},
                                      {"condition", xmpp::name_of(condition)},
                                      {"certificate", problem()}});
}

void InboundStream::on_refused(const xmpp::DomainPair& pair, const StanzaError& why) {
  shard().log().info("peer-refused", {{"peer", peer()},
                                      {"domain", pair.sender.text()},
                                      {"condition", xmpp::name_of(why.condition)},
                                      {"certificate", problem()}});
}

void InboundStream::on_accepted(const xmpp::DomainPair& pair, xmpp::PeerProof proof) {
  shard().log().info("peer-accepted", {{"peer", peer()},
                                       {"domain", pair.sender.text()},
                                       {"for", pair.target.text()},
                                       {"proof", xmpp::name_of(proof)},
                                       {"tls", transport().tls_description()}});
  if (!name_.remote.empty()) return;
  name_ = {pair.target.text(), pair.sender.text()};
  proof_ = proof;
  leave_gate(true);
  deadline().stop();
  set_phase(Phase::moving);
}

void InboundStream::on_judged(xmpp::Ticket ticket, const xmpp::DialbackAnswer& answer) {
  if (!is_open()) return;
  stream_.on_key_verdict(ticket, answer);
  if (phase() == Phase::moving && !in_input()) return move_on();
  read_input();
}

// The first proof is there: to the home of that pair, where its route is.
void InboundStream::move_on() {
  const unsigned home = shard().server().home_of(name_.text());
  if (home == shard().index()) {
    set_phase(Phase::open);
    settle_in();
    shard().want_read(*this);
    return;
  }
  leave();
  std::unique_ptr<Wire> self = shard().release(*this);
  shard().post_to(home,
                  [self = std::move(self)](Shard& there) mutable { there.adopt(std::move(self)); });
}

void InboundStream::arrive(Shard& shard) {
  settle(shard);
  set_federation(shard.federation());
  stream_.move_to(*this, shard.federation().environment());
  attach();
  settle_in();
  shard.want_flush(*this);
  shard.want_read(*this);
}

void InboundStream::settle_in() {
  is_settled_ = true;
  federation().settle_in(id(), name_);
  if (!stream_.is_bidirectional()) return;
  if (Route* route = federation().route(name_)) route->opened(*this);
}

std::string InboundStream::describe() const {
  return "from " + peer() + ", by " + std::string(xmpp::name_of(proof_)) +
         (stream_.is_bidirectional() ? ", both ways" : "");
}

// --- the end -------------------------------------------------------------------------------------

void InboundStream::on_peer_error(const xmpp::StreamError& error) {
  shard().log().info("peer-closed", {{"peer", peer()},
                                     {"domain", stream_.remote().text()},
                                     {"condition", xmpp::name_of(error.condition)},
                                     {"certificate", problem()}});
}

void InboundStream::on_closed(const xmpp::StreamError* error) {
  if (error)
    shard().log().info("peer-stream-error", {{"peer", peer()},
                                             {"domain", stream_.remote().text()},
                                             {"condition", xmpp::name_of(error->condition)}});
  leave_route({});
  finish_close();
}

void InboundStream::abandon() {
  if (!close_at_once()) return;
  leave_route({});
  shard().drop(*this);
}

void InboundStream::give_back() {
  leave_gate(false);
  leave_route({});
  if (std::exchange(is_settled_, false)) federation().left(id(), name_);
}

void InboundStream::leave_gate(bool has_signed_in) {
  if (!std::exchange(counted_, false)) return;
  shard().server().left_gate(
      shard(), peer(),
      has_signed_in ? ConnectionGate::Outcome::signed_in : ConnectionGate::Outcome::gone);
}

void InboundStream::on_ended(net::Ending ending, std::string_view detail) {
  if (ending == net::Ending::tls_failed)
    shard().log().info("peer-tls-failed", {{"peer", peer()}, {"reason", detail}});
  abandon();
}

}  // namespace herold::server
