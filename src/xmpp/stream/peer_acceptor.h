// Which pairs of domains a peer may send for on a stream, and its keys that are being verified
// (XEP-0220 section 2.2). Private to the machines of streams between servers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xmpp/stream/peer.h"

namespace herold::xmpp {

// What both machines write. Elements of dialback have the prefix that every server understands
// (XEP-0220 section 2.4.1), and are written in the scope of a stream of jabber:server.
std::string write_dialback(const DialbackResult& request);
std::string write_dialback(const DialbackVerify& question);
// The answer to a request or question, whose addresses are swapped.
std::string answer_dialback(const DialbackResult& request, const DialbackAnswer& answer);
std::string answer_dialback(const DialbackVerify& question, const DialbackAnswer& answer);
// What an element of dialback with a type says.
DialbackAnswer read_answer(DialbackType type, xml::Element element);

// <sm/>, where the policy is to offer it, and the limits of XEP-0478.
void append_peer_features(std::string& out, const PeerPolicy& policy, const Limits& limits);

class PeerAcceptor {
 public:
  bool accepts(const Jid& from, const Jid& to) const { return accepts(from.domain(), to.domain()); }
  bool is_empty() const { return accepted_.empty(); }
  void accept(const DomainPair& pair);

  // A key was shown on the stream `id`: answers it, or asks the host, which is the last thing that
  // happens. An error ends the stream.
  std::optional<StreamError> take_result(xml::Element element, PeerStreamHost& host,
                                         const std::string& id, const Limits& limits);
  // The host's answer. An error ends the stream: a wrong key where nobody else is known on it.
  std::optional<StreamError> take_verdict(Ticket ticket, const DialbackAnswer& answer,
                                          PeerStreamHost& host);
  // A question about one of our keys, answered at once.
  static std::optional<StreamError> take_verify(xml::Element element, PeerStreamHost& host,
                                                const DialbackKeys& keys);
  // Who a stanza is from and for (RFC 6120 section 8.1).
  std::optional<StreamError> judge_stanza(const Answer<StanzaHead>& head, xml::Element root,
                                          PeerStreamHost& host) const;

 private:
  struct Pending {
    Ticket ticket;
    DomainPair pair;
  };
  bool accepts(std::string_view from, std::string_view to) const;
  std::optional<StreamError> settle(const DomainPair& pair, const DialbackAnswer& answer,
                                    PeerProof proof, PeerStreamHost& host);

  std::vector<DomainPair> accepted_;
  std::vector<Pending> pending_;
  std::uint32_t ticket_ = 0;
};

}  // namespace herold::xmpp
