// Our stream to another server: it proves who we are, then carries what its route has (RFC 6120,
// XEP-0178, XEP-0220), and asks about keys that were shown to us.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/federation/peer_stream.h"
#include "xmpp/stream/outbound_peer.h"

namespace herold::server {

class OutboundStream final : public PeerStreamOf<xmpp::OutboundPeerHost> {
 public:
  OutboundStream(Federation& federation, const RouteName& name, FoundPeer found,
                 xmpp::OutboundPeerConfig::Purpose purpose);
  ~OutboundStream() override;

  void start();
  // Whether its key was made by the other domain's server. False: not yet, or not here.
  bool ask(std::string_view stream_id, std::string_view key);

  void arrive(Shard&) override {}  // it begins where it belongs
  void fail(const xmpp::StreamError& error) override { stream_.fail(error); }
  void close() override { stream_.close(); }
  void abandon() override { abandon_because({}); }
  void abandon_because(PeerFailure why);
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
  void begin_handshake() override;
  bool is_proven() const override { return is_authorised_; }
  void on_judged(xmpp::Ticket ticket, const xmpp::DialbackAnswer& answer) override;

  // xmpp::OutboundPeerHost
  void on_can_verify() override;
  void on_external_refused(xmpp::SaslCondition condition, std::string_view text) override;
  void on_accepted(const xmpp::DomainPair& pair, xmpp::PeerProof proof) override;
  void on_refused(const xmpp::DomainPair& pair, const StanzaError& why) override;
  void on_authorised(const xmpp::DomainPair& pair, xmpp::PeerProof proof) override;
  void on_pair_refused(const xmpp::DomainPair&, const xmpp::DialbackAnswer&) override {}
  void on_verify_answer(const xmpp::DomainPair& pair, const std::string& id,
                        const xmpp::DialbackAnswer& answer) override;
  void on_peer_error(const xmpp::StreamError& error) override;
  void on_closed(const xmpp::OutboundPeerError* error) override;

  Route* way() const;  // its route, also before it carries for it
  void tell_route(PeerFailure why);

  xmpp::OutboundPeer stream_;
  const RouteName name_;
  std::string host_;                      // of FoundPeer,
  std::vector<crypto::TlsaRecord> tlsa_;  // until TLS is up
  xmpp::PeerProof proof_ = xmpp::PeerProof::certificate;
  bool is_authorised_ = false;
  bool is_told_ = false;  // its route, that it is gone
  PeerFailure ending_;    // why, where that is known
};

}  // namespace herold::server
