// Starting, accepting, changing settings, stopping.
#include "server/server.h"

#include <utility>

#include "server/components/components.h"
#include "server/federation/federation.h"
#include "server/recovery.h"

namespace herold::server {

// A connection over the rate of its prefix, until its turn comes.
struct Server::Delayed {
  std::unique_ptr<net::Transport> transport;
  ListenerKind kind;
  net::Timer timer;
};

struct Server::Early {
  std::unique_ptr<net::Transport> transport;
  ListenerKind kind;
};

Server::Server(Config config, ServerWorld world)
    : config_(std::move(config)),
      world_(std::move(world)),
      hash_key_(HashKey::make(*world_.randoms.front())),
      started_(world_.loops.front()->clock().now()),
      started_wall_(world_.loops.front()->clock().wall()),
      message_names_(unknown_user_secret("message names")),
      sign_in_(*this),
      gate_(config_.limits, world_.most_files * config_.limits.unauthenticated_fd_percent / 100) {
  for (unsigned i = 0; i < world_.loops.size(); ++i)
    shards_.push_back(std::make_unique<Shard>(
        *this, i, Shard::World{*world_.loops[i], *world_.randoms[i], world_.log}));
  for (const auto& shard : shards_) shard->configure(config_);
}

Server::~Server() = default;

Result<> Server::start() {
  const std::string folder = config_.data + "/journal";
  TRY(world_.disk.make_folder(folder));
  recovery_ = std::make_unique<Recovery>();
  Recovery& recovery = *recovery_;
  TRY(recovery.read(world_.disk, folder, world_.database.owed_removals()));
  for (const auto& shard : shards_)
    TRY(shard->open_journal(folder, recovery.next_run(), world_.disk, world_.sync_runner));
  if (!recovery.sessions().empty() || !recovery.open_stanzas().empty() || !recovery.trusted())
    world_.log.info("recovered", {{"sessions", std::to_string(recovery.count_resumable())},
                                  {"stanzas", std::to_string(recovery.open_stanzas().size())},
                                  {"trusted", recovery.trusted() ? "yes" : "no"}});
  if (!recovery.corrupt().empty())
    world_.log.error("journal-damaged", {{"files", std::to_string(recovery.corrupt().size())},
                                         {"first", recovery.corrupt().front() + ".corrupt"},
                                         {"resumption", "refused"}});
  TRY(recovery_->rewrite({.of_stanza = [this](MessageId id) -> Ledger& {
                            return shard(shard(0).ledger().owner(id)).ledger();
                          },
                          .of_account = [this](std::string_view bare) -> Ledger& {
                            return shard(home_of(bare)).ledger();
                          }}));
  journals_to_sync_ = shard_count();
  for (const auto& shard : shards_) TRY(shard->sync_recovered());
  for (const auto& shard : shards_) shard->loop().post([&home = *shard] { home.begin(); });
  recovery_->restore_sessions(*this, [this](Shard& last) { sessions_are_back(last); });
  return {};
}

// Nobody is served before: who resumes finds the session, and what is said in a room comes to all
// who were in it. The empty letters run after the turns in which the last sessions came back, so
// what these told rooms has left.
void Server::sessions_are_back(Shard& last) {
  on_all_shards(
      last, [](Shard&) {},
      [this] {
        recovery_->restore_stanzas(*this);
        for (const auto& shard : shards_) shard->loop().post([&home = *shard] { home.restored(); });
        shards_.front()->loop().post([this] {
          is_serving_ = true;
          for (Early& one : std::exchange(early_, {})) serve(std::move(one.transport), one.kind);
        });
      });
}

// What was recovered stands in this run's journals for good. Once that is marked, so that no start
// reads the old files any more, they may go.
void Server::recovered_is_safe() {
  if (journals_to_sync_.fetch_sub(1) != 1 || recovery_->is_empty()) return;
  Shard& first = *shards_.front();
  first.loop().post([this, &first] {
    first.mark_takeover([this] {
      world_.sync_runner.run([this] {
        const auto retired = recovery_->retire(world_.disk, config_.data + "/journal",
                                               config_.limits.journal_corrupt_files);
        if (!retired) world_.log.warning("journal-not-retired", {{"reason", retired.error().text}});
      });
    });
  });
}

void Server::accept(std::unique_ptr<net::Transport> transport, ListenerKind kind) {
  if (stopping_) return;  // closed by its destructor
  const MonotonicTime now = world_.loops.front()->clock().now();
  const ConnectionGate::Decision decision = gate_.enter(transport->peer_address(), now);
  if (!decision.admitted) return;
  if (decision.wait == Duration(0)) return serve(std::move(transport), kind);
  auto delayed = std::make_unique<Delayed>(std::move(transport), kind, net::Timer());
  Delayed* waiting = delayed.get();
  delayed_.push_back(std::move(delayed));
  waiting->timer.start(*world_.loops.front(), decision.wait, [this, waiting] {
    auto served = std::move(waiting->transport);
    const ListenerKind served_as = waiting->kind;
    std::erase_if(delayed_, [&](const auto& entry) { return entry.get() == waiting; });
    serve(std::move(served), served_as);
  });
}

void Server::serve(std::unique_ptr<net::Transport> transport, ListenerKind kind) {
  if (!is_serving_) return early_.push_back({std::move(transport), kind});
  const unsigned shard = next_shard_++ % shard_count();
  shards_.front()->post_to(
      shard, [id = next_connection(), kind, transport = std::move(transport)](Shard& home) mutable {
        if (home.stopping()) return;
        if (kind == ListenerKind::component || kind == ListenerKind::component_tls)
          return home.components().accept(
              id, std::move(transport),
              kind == ListenerKind::component ? ComponentTls::none : ComponentTls::direct);
        if (kind == ListenerKind::peer || kind == ListenerKind::peer_tls)
          return home.federation().accept(
              id, std::move(transport),
              kind == ListenerKind::peer ? PeerTls::starttls : PeerTls::direct);
        home.add(std::make_unique<Connection>(home, id, std::move(transport), kind)).start();
      });
}

void Server::left_gate(Shard& from, const std::string& peer, ConnectionGate::Outcome outcome) {
  from.post_to(0, [this, peer, outcome](Shard& first) { gate_.leave(peer, outcome, first.now()); });
}

void Server::configure(Config config) {
  shards_.front()->loop().post([this, config = std::move(config)]() mutable {
    config_ = std::move(config);
    gate_.set_limits(config_.limits);
    for (const auto& shard : shards_)
      shards_.front()->post_to(shard->index(),
                               [copy = config_](Shard& home) { home.configure(copy); });
  });
}

void Server::stop(std::function<void()> stopped) {
  shards_.front()->loop().post([this, stopped = std::move(stopped)]() mutable {
    stopping_ = true;
    delayed_.clear();
    early_.clear();
    stop_from(0, std::move(stopped));
  });
}

// One after the other, so that what a shard sends to the next still arrives there.
void Server::stop_from(unsigned index, std::function<void()> stopped) {
  shards_[index]->stop();
  if (index + 1 == shard_count()) return stopped();
  shards_[index + 1]->loop().post([this, index, stopped = std::move(stopped)]() mutable {
    stop_from(index + 1, std::move(stopped));
  });
}

void Server::release_stores() {
  for (const auto& shard : shards_) shard->release_stores();
}

void Server::fail(const Error& error) {
  world_.log.error("storage-failed", {{"reason", error.text}});
  if (fatal_) fatal_(error);
}

std::string Server::unknown_user_secret(std::string_view domain) const {
  const crypto::Digest secret =
      world_.crypto.hmac(crypto::HashAlgorithm::sha256, world_.unknown_user_secret, domain);
  return std::string(secret.view());
}

void Server::on_all_shards(Shard& from, std::function<void(Shard&)> letter,
                           std::function<void()> done) {
  struct Round {
    std::atomic<unsigned> left;
    std::function<void()> done;
  };
  // Shared by the letters under way; the last one posts the end home.
  auto round = std::make_shared<Round>(shard_count(), std::move(done));
  for (unsigned i = 0; i < shard_count(); ++i)
    from.post_to(i, [letter, round, &from](Shard& shard) {
      letter(shard);
      if (round->left.fetch_sub(1) == 1)
        shard.post_to(from.index(), [round](Shard&) { round->done(); });
    });
}

}  // namespace herold::server
