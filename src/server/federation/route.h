// The way from one domain of ours to one domain of another server: what waits for it, the stream
// that carries it, and when it is tried again (DECISIONS.md 12, 27; HOSTILE 149-151).
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/loop.h"
#include "server/federation/waiting_line.h"
#include "server/stanza.h"
#include "xmpp/ext/dialback.h"

namespace herold::server {

class Federation;
class OutboundStream;
class PeerSearch;
class PeerStream;
struct FoundPeer;

// Its ends, prepared: a domain of ours and one of another server.
struct RouteName {
  std::string local, remote;
  std::string text() const { return local + ' ' + remote; }
  friend auto operator<=>(const RouteName&, const RouteName&) = default;
};

// Why there is no way, in the words that a sender is told.
struct PeerFailure {
  StanzaError error{Condition::remote_server_timeout};
  // Nothing will change soon: what waits is refused now, messages too.
  bool is_final = false;
};

class Route {
 public:
  // Of our own stream; another one, which was opened to us, may carry our stanzas meanwhile.
  enum class State : std::uint8_t { idle, looking, connected, resting };

  Route(Federation& federation, RouteName name);
  Route(const Route&) = delete;
  ~Route();

  const RouteName& name() const { return name_; }
  State state() const { return state_; }
  const WaitingLine& line() const { return line_; }
  // Why the latest attempt came to nothing; nothing when it did not.
  const std::optional<PeerFailure>& failure() const { return failure_; }
  const PeerStream* stream() const { return stream_; }

  void send(Stanza stanza);
  // Asks the authoritative server of the other domain whether `key` is its own.
  using Judged = std::move_only_function<void(const xmpp::DialbackAnswer&)>;
  void verify(std::string stream_id, std::string key, Judged then);

  // --- told by streams
  // It may carry our stanzas from now on. An inbound one does so by XEP-0288.
  void opened(PeerStream& stream);
  // It can carry requests for verification, nothing else yet.
  void secured(OutboundStream& stream);
  // It takes more.
  void feed();
  // All that it was given up to this number arrived.
  void confirmed(std::uint64_t number);
  // It is gone.
  void lost(PeerStream& stream, PeerFailure why);
  void verified(const std::string& stream_id, const xmpp::DialbackAnswer& answer);

  // Every second while anything waits. False: nothing is left of it.
  bool sweep();
  // The server stops, or the other domain is not talked to any more.
  void close();
  void refuse(PeerFailure why);

 private:
  struct Verification {
    std::string stream_id, key;
    Judged then;
    MonotonicTime since;
    bool is_asked = false;
  };
  void want_stream();
  void start();
  void take_found(std::expected<FoundPeer, PeerFailure> found);
  void failed(PeerFailure why);
  void rest();
  void fetch();
  void take_fetched(MessageId id, Stanza* stanza);
  void answer(std::vector<Stanza> refused, const StanzaError& why);
  void end_verifications(const StanzaError& why);
  MonotonicTime now() const;

  Federation& federation_;
  const RouteName name_;
  WaitingLine line_;
  State state_ = State::idle;
  PeerStream* stream_ = nullptr;        // that carries our stanzas
  OutboundStream* outbound_ = nullptr;  // ours, which may be that one or still on its way
  std::uint64_t last_number_ = 0;
  std::unique_ptr<PeerSearch> search_;  // until there is a stream of ours that may send
  std::optional<PeerFailure> tried_;    // how it went with the last server that search_ found
  Duration pause_{0};                   // before the next attempt
  net::Timer timer_;                    // for an attempt, or for the pause before the next
  std::vector<Verification> verifications_;
  std::optional<PeerFailure> failure_;
  bool is_refusing_ = false;  // what is still in the journal is refused as well
  MonotonicTime used_at_{};
};

}  // namespace herold::server
