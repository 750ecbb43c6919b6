// A stream between servers, whoever opened it: it brings stanzas, and carries those of one route,
// counted where both sides want that (XEP-0198).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/federation/federation.h"
#include "server/federation/peer_world.h"
#include "server/federation/route.h"
#include "server/wire.h"
#include "xmpp/stream/peer.h"

namespace herold::server {

class PeerStream : public Wire {
 public:
  ~PeerStream() override;

  // Writes a stanza of ours. Its route hears of `number` by confirmed() when it has arrived as far
  // as can be known: acknowledged, or taken by the transport where the peer does not count.
  void carry(const Stanza& stanza, std::uint64_t number);
  void carry_for(Route* route) { route_ = route; }
  bool counts() const { return counted_from_.has_value(); }
  virtual std::string describe() const = 0;  // for a person: who opened it, how it is proven
  virtual void close() = 0;                  // in peace

 protected:
  PeerStream(Kind kind, Federation& federation, ConnectionId id,
             std::unique_ptr<net::Transport> transport);

  Federation& federation() const { return *federation_; }
  void set_federation(Federation& federation) { federation_ = &federation; }
  Route* route() const { return route_; }
  // It carries nothing any more: its route looks for another.
  void leave_route(PeerFailure why);

  // --- what both machines ask of their hosts
  bool serves(const xmpp::Jid& domain) const;
  xmpp::PeerPolicy policy_of_peer(const xmpp::Jid& remote) const;
  bool has_certificate_of(const xmpp::Jid& domain) const;
  void take_stanza(Answer<StanzaHead> head, xml::Document stanza);
  // Elements of XEP-0198.
  void take_management(xml::Element element);
  void ask_to_count();  // as the one who opened the stream
  virtual void verify_elsewhere(xmpp::Ticket ticket, const xmpp::DomainPair& pair,
                                const std::string& id, const std::string& key);
  virtual void on_judged(xmpp::Ticket ticket, const xmpp::DialbackAnswer& answer) = 0;

  // Wire
  bool spend(std::size_t bytes) override;
  bool refill() override;
  void confirm(MessageId number) override;
  void slow_reader() override {}  // what waits for it is bounded by its route
  xml::Bounds bounds() const override;
  void take_oversized(std::string_view front) override;
  virtual bool is_proven() const = 0;  // that it may bring stanzas

 private:
  void ask_for_ack();
  void take_ack(xml::Element ack);
  void answer_ack_request();

  Federation* federation_;
  Route* route_ = nullptr;
  std::optional<PeerEvidence> evidence_;
  mutable std::string problem_;  // of what was shown, when it was looked at last
  std::uint64_t preauth_bytes_ = 0;
  std::uint32_t brought_ = 0;  // stanzas of the peer since we count
  bool counts_brought_ = false;
  std::uint64_t last_carried_ = 0, last_taken_ = 0, last_confirmed_ = 0;  // numbers of the route
  std::optional<std::uint64_t> counted_from_;  // the number before the first counted stanza
  std::uint64_t acked_ = 0;                    // of those
  bool is_asked_ = false;                      // for an ack
  net::Timer patience_;                        // with its acks

 protected:
  // As soon as TLS is up: what the peer showed is looked at again for each domain, in the light of
  // what `found` says of it.
  void keep_certificate(std::string host = {}, std::vector<crypto::TlsaRecord> tlsa = {});
  const std::string& problem() const { return problem_; }
};

// What the hosts of both machines have in common.
template <class Host>
class PeerStreamOf : public PeerStream, protected Host {
 protected:
  using PeerStream::PeerStream;

 private:
  void send(std::string_view bytes) override { write(bytes); }
  bool has_unread_input() const override { return has_unread(); }
  void restart_input() override { restart_scanner(); }
  void begin_tls() override { start_tls_after_flush(); }
  bool is_served(const xmpp::Jid& domain) override { return serves(domain); }
  xmpp::PeerPolicy policy_of(const xmpp::Jid&, const xmpp::Jid& remote) override {
    return policy_of_peer(remote);
  }
  bool is_certified(const xmpp::Jid& domain) override { return has_certificate_of(domain); }
  void verify_key(xmpp::Ticket ticket, const xmpp::DomainPair& pair, const std::string& id,
                  const std::string& key) override {
    verify_elsewhere(ticket, pair, id, key);
  }
  void on_stanza(Answer<StanzaHead> head, xml::Document stanza) override {
    take_stanza(std::move(head), std::move(stanza));
  }
  void on_management(xml::Document element) override { take_management(element.root()); }
};

}  // namespace herold::server
