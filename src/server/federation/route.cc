// One stream at a time, what waits in order, and back-off when there is no way.
#include "server/federation/route.h"

#include <algorithm>

#include "server/federation/federation.h"
#include "server/federation/outbound_stream.h"
#include "server/federation/peer_world.h"
#include "server/shard.h"

namespace herold::server {

using xmpp::DialbackAnswer;

Route::Route(Federation& federation, RouteName name)
    : federation_(federation),
      name_(std::move(name)),
      line_(federation.limits()),
      used_at_(federation.shard().now()) {}

Route::~Route() = default;

MonotonicTime Route::now() const { return federation_.shard().now(); }

// --- what waits ----------------------------------------------------------------------------------

void Route::send(Stanza stanza) {
  used_at_ = now();
  Shard& shard = federation_.shard();
  // Whoever can wait waits for the next attempt; the others hear at once how the last one ended.
  const bool is_hopeless = state_ == State::resting && stream_ == nullptr;
  if (stanza.id == 0 && is_hopeless) return shard.bounce(stanza, failure_->error);
  switch (line_.push(stanza, now())) {
    case WaitingLine::Taken::kept:
      break;
    case WaitingLine::Taken::no_room:
      return shard.bounce(stanza, Condition::remote_server_timeout);
    case WaitingLine::Taken::full:
      return shard.bounce(stanza, {Condition::resource_constraint,
                                   "Too much waits for " + name_.remote + " already"});
  }
  federation_.watch();
  stream_ != nullptr ? feed() : want_stream();
}

void Route::feed() {
  if (stream_ == nullptr) return;
  while (line_.has_next() && stream_->takes_more()) {
    ++last_number_;
    stream_->carry(line_.send_next(last_number_), last_number_);
  }
  fetch();
}

void Route::confirmed(std::uint64_t number) {
  line_.confirm(number, [this](MessageId id) { federation_.shard().done(id); });
  fetch();
}

// Ids are all that is kept of what there was no memory for: each stands in the journal of the shard
// that accepted it.
void Route::fetch() {
  for (const MessageId id : line_.to_fetch()) {
    Shard& shard = federation_.shard();
    const unsigned owner = shard.ledger().owner(id);
    shard.post_to(owner, [id, name = name_, back = shard.index()](Shard& there) {
      auto open = there.ledger().open_stanza(id);
      there.post_to(back, [id, name, open = std::move(open)](Shard& home) mutable {
        Route* route = home.federation().find(name);
        if (route != nullptr) route->take_fetched(id, open ? &*open : nullptr);
      });
    });
  }
}

void Route::take_fetched(MessageId id, Stanza* stanza) {
  line_.fetched(id, stanza, now());
  if (is_refusing_) return refuse(*failure_);
  feed();
}

void Route::answer(std::vector<Stanza> refused, const StanzaError& why) {
  for (const Stanza& stanza : refused) federation_.shard().bounce(stanza, why);
}

// --- the stream ----------------------------------------------------------------------------------

void Route::want_stream() {
  const bool is_over = federation_.shard().stopping();
  if (state_ == State::idle && stream_ == nullptr && !is_over) start();
}

void Route::start() {
  state_ = State::looking;
  is_refusing_ = false;
  tried_.reset();
  Shard& shard = federation_.shard();
  timer_.start(shard.loop(), Seconds(federation_.limits().peer_connect_time), [this] {
    const PeerFailure late{.error = {Condition::remote_server_timeout, "No connection in time"}};
    search_.reset();
    if (outbound_ != nullptr) return outbound_->abandon_because(late);
    failed(late);
  });
  search_ = federation_.world()->find(name_.remote, shard.loop(), shard.random(),
                                      [this](auto found) { take_found(std::move(found)); });
}

void Route::take_found(std::expected<FoundPeer, PeerFailure> found) {
  if (!found) return failed(std::move(found.error()));
  using Purpose = xmpp::OutboundPeerConfig::Purpose;
  const Purpose purpose = stream_ == nullptr ? Purpose::stanzas : Purpose::verify;
  auto stream = std::make_unique<OutboundStream>(federation_, name_, std::move(*found), purpose);
  state_ = State::connected;
  outbound_ = stream.get();
  federation_.shard().add(std::move(stream)).start();
}

void Route::opened(PeerStream& stream) {
  if (&stream == outbound_) {
    timer_.stop();
    search_.reset();
  }
  if (stream_ != nullptr) return;  // one is enough, and keeps the order
  stream_ = &stream;
  stream.carry_for(this);
  if (state_ == State::looking && verifications_.empty()) {  // for what is not needed any more
    search_.reset();
    state_ = State::idle;
    timer_.stop();
  }
  failure_.reset();
  is_refusing_ = false;
  pause_ = Duration(0);
  feed();
}

void Route::secured(OutboundStream& stream) {
  for (Verification& one : verifications_)
    if (!one.is_asked) one.is_asked = stream.ask(one.stream_id, one.key);
}

void Route::lost(PeerStream& stream, PeerFailure why) {
  const bool was_carrying = &stream == stream_;
  if (was_carrying) {
    stream_ = nullptr;
    answer(line_.take_back(), {Condition::remote_server_timeout, "The connection was lost"});
    // Ours beside it only asks about keys: another one follows its end.
    if (outbound_ != nullptr && outbound_ != &stream) return outbound_->close();
  }
  if (&stream == outbound_) {
    outbound_ = nullptr;
    const bool was_found = search_ == nullptr || federation_.shard().stopping();
    if (!was_found && !why.is_final) {  // another of its servers may do better
      state_ = State::looking;
      for (Verification& one : verifications_) one.is_asked = false;
      tried_ = std::move(why);
      return search_->go_on();
    }
    tried_.reset();
    if (!was_carrying && stream_ == nullptr) return failed(std::move(why));
    end_verifications(why.error);
    search_.reset();
    state_ = State::idle;
    timer_.stop();
  }
  if (line_.has_waiting()) want_stream();
}

void Route::failed(PeerFailure why) {
  // What was wrong with a server says more than that there is no other.
  if (auto tried = std::exchange(tried_, std::nullopt); tried && !tried->error.text.empty())
    why = std::move(*tried);
  timer_.stop();
  search_.reset();
  federation_.shard().log().info(
      "peer-unreachable",
      {{"domain", name_.local}, {"peer", name_.remote}, {"reason", why.error.text}});
  end_verifications(why.error);
  if (why.is_final) return refuse(std::move(why));
  failure_ = std::move(why);
  // Requests and presence do not outlive the attempt; messages wait for the next one.
  answer(line_.expire(WallTime::min(), MonotonicTime::max()), failure_->error);
  rest();
}

void Route::rest() {
  state_ = State::resting;
  const Limits& limits = federation_.limits();
  pause_ = std::clamp<Duration>(pause_ * 2, Seconds(limits.peer_retry_first),
                                Seconds(limits.peer_retry_most));
  // Servers that lost the same peer do not come back in the same moment.
  const Duration spread(
      federation_.shard().random().below(static_cast<std::uint64_t>(pause_.count()) / 4 + 1));
  timer_.start(federation_.shard().loop(), pause_ - spread, [this] {
    state_ = State::idle;
    if (line_.has_waiting()) want_stream();
  });
}

void Route::refuse(PeerFailure why) {
  failure_ = std::move(why);
  is_refusing_ = true;
  const StanzaError error = failure_->error;
  answer(line_.give_up(), error);
  if (state_ != State::resting) rest();
  fetch();
}

// --- keys ----------------------------------------------------------------------------------------

void Route::verify(std::string stream_id, std::string key, Judged then) {
  if (verifications_.size() >= bounds::peer_questions)
    return then(DialbackAnswer::failed(Condition::resource_constraint));
  if (state_ == State::resting) return then(DialbackAnswer::failed(failure_->error));
  verifications_.push_back({std::move(stream_id), std::move(key), std::move(then), now()});
  federation_.watch();
  if (outbound_ != nullptr) return secured(*outbound_);
  // XEP-0288 section 2: not over the stream on which it was shown, so not over an inbound one.
  if (state_ == State::idle) start();
}

void Route::verified(const std::string& stream_id, const DialbackAnswer& answer) {
  const auto found = std::ranges::find(verifications_, stream_id, &Verification::stream_id);
  if (found == verifications_.end()) return;
  Judged then = std::move(found->then);
  verifications_.erase(found);
  then(answer);
}

void Route::end_verifications(const StanzaError& why) {
  const bool is_unknown = why.condition == Condition::remote_server_not_found;
  const DialbackAnswer answer = DialbackAnswer::failed(
      {is_unknown ? Condition::remote_server_not_found : Condition::remote_server_timeout});
  for (Verification& one : std::exchange(verifications_, {})) one.then(answer);
}

// --- time ----------------------------------------------------------------------------------------

bool Route::sweep() {
  const Limits& limits = federation_.limits();
  const WallTime wall = federation_.shard().loop().clock().wall();
  answer(line_.expire(wall - Seconds(limits.message_lifetime),
                      now() - Seconds(limits.peer_answer_time)),
         {Condition::remote_server_timeout, name_.remote + " could not be reached"});
  fetch();
  const MonotonicTime asked_before = now() - Seconds(limits.peer_answer_time);
  while (!verifications_.empty() && verifications_.front().since < asked_before)
    verified(std::string(verifications_.front().stream_id),
             DialbackAnswer::failed(Condition::remote_server_timeout));
  const bool is_unused = now() - used_at_ > Seconds(limits.peer_idle_time);
  if (outbound_ != nullptr && is_unused && line_.empty()) outbound_->close();
  const bool is_at_rest = state_ == State::idle || (state_ == State::resting && is_unused);
  return !(is_at_rest && line_.empty() && verifications_.empty() && stream_ == nullptr);
}

void Route::close() {
  if (outbound_ != nullptr) outbound_->stop();
}

}  // namespace herold::server
