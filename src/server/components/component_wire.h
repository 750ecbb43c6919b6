// The stream of an external component (XEP-0114): it shows that it knows the secret, goes where its
// domain lives, then brings and takes stanzas.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "server/components/components.h"
#include "server/wire.h"
#include "xmpp/stream/component_stream.h"

namespace herold::server {

class ComponentWire final : public Wire, private xmpp::ComponentStreamHost {
 public:
  ComponentWire(Components& all, ConnectionId id, std::unique_ptr<net::Transport> transport,
                ComponentTls tls);
  ~ComponentWire() override;

  void start();
  // Writes a stanza for it; its Component hears of `number` by taken().
  void carry(const Stanza& stanza, std::uint64_t number);
  void write_stanza(const Stanza& stanza) { carry(stanza, 0); }
  void give_up(std::string_view reason) { abandon_later(reason); }

  void arrive(Shard& shard) override;
  void fail(const xmpp::StreamError& error) override { stream_.fail(error); }
  void abandon() override;
  void give_back() override;

 private:
  // net::Transport::Handler
  void on_secured() override;
  void on_ended(net::Ending ending, std::string_view detail) override;

  // Wire
  bool wants_input() const override { return stream_.wants_input(); }
  xml::Bounds bounds() const override;
  void take_header(const xml::StreamHeader& header) override { stream_.on_header(header); }
  void take_element(xml::Document element) override { stream_.on_element(std::move(element)); }
  void take_footer() override { stream_.on_footer(); }
  void take_oversized(std::string_view front) override;
  bool spend(std::size_t bytes) override;
  bool refill() override;
  void confirm(MessageId number) override;
  void slow_reader() override {}  // what waits for it is bounded
  void move_on() override;
  void begin_handshake() override;

  // xmpp::ComponentStreamHost
  void send(std::string_view bytes) override { write(bytes); }
  std::optional<crypto::SecretString> find_secret(const xmpp::Jid& domain) override;
  bool speaks_for(const xmpp::Jid& domain, const xmpp::Jid& other) override;
  void on_auth_failure(const xmpp::Jid& domain) override;
  void on_proven(const xmpp::Jid& domain) override;
  void on_stanza(Answer<StanzaHead> head, xml::Document stanza) override;
  void on_peer_error(const xmpp::StreamError& error) override;
  void on_closed(const xmpp::StreamError* error) override;

  void settle_in();
  void leave_component();
  void leave_gate(bool has_signed_in);

  Components* all_;
  xmpp::ComponentStream stream_;
  const ComponentTls tls_;
  Component* component_ = nullptr;  // once it speaks for it
  std::uint64_t preauth_bytes_ = 0;
  bool counted_ = true;  // among the unauthenticated
};

}  // namespace herold::server
