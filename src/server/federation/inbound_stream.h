// A stream that another server opened: it proves who it is, goes where its pair of domains lives,
// and brings stanzas (RFC 6120, XEP-0178, XEP-0220, XEP-0288).
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "server/federation/peer_stream.h"
#include "xmpp/stream/inbound_peer.h"

namespace herold::server {

class InboundStream final : public PeerStreamOf<xmpp::InboundPeerHost> {
 public:
  InboundStream(Federation& federation, ConnectionId id, std::unique_ptr<net::Transport> transport,
                PeerTls tls);
  ~InboundStream() override;

  void start();
  void arrive(Shard& shard) override;
  void fail(const xmpp::StreamError& error) override { stream_.fail(error); }
  void close() override { stream_.close(); }
  void abandon() override;
  void give_back() override;
  std::string describe() const override;

 private:
  // net::Transport::Handler
  void on_secured() override;
  void on_ended(net::Ending ending, std::string_view detail) override;

  // Wire, PeerStream
  bool wants_input() const override { return stream_.wants_input(); }
  void take_header(const xml::StreamHeader& header) override { stream_.on_header(header); }
  void take_element(xml::Document element) override { stream_.on_element(std::move(element)); }
  void take_footer() override { stream_.on_footer(); }
  void move_on() override;
  void begin_handshake() override;
  bool is_proven() const override { return stream_.is_authenticated(); }
  void on_judged(xmpp::Ticket ticket, const xmpp::DialbackAnswer& answer) override;

  // xmpp::InboundPeerHost
  void on_opened(const xmpp::Jid& local, const xmpp::Jid& remote) override;
  void on_auth_failure(const xmpp::Jid& remote, xmpp::SaslCondition condition) override;
  void on_accepted(const xmpp::DomainPair& pair, xmpp::PeerProof proof) override;
  void on_refused(const xmpp::DomainPair& pair, const StanzaError& why) override;
  void on_peer_error(const xmpp::StreamError& error) override;
  void on_closed(const xmpp::StreamError* error) override;

  void await_proof();
  void settle_in();
  void leave_gate(bool has_signed_in);

  xmpp::InboundPeer stream_;
  const PeerTls tls_;
  MonotonicTime proof_until_{};
  RouteName name_;  // of the first pair that it proved; ours is its target
  xmpp::PeerProof proof_ = xmpp::PeerProof::certificate;
  bool counted_ = true;      // among the unauthenticated
  bool is_settled_ = false;  // where the pair lives
};

}  // namespace herold::server
