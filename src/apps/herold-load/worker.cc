// The loop of one thread, flushing what a turn has written and noticing when nothing goes on.
#include "apps/herold-load/worker.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "apps/herold-load/connection.h"
#include "apps/herold-load/scenario.h"

namespace herold::load {
namespace {

Result<net::TlsClientSettings> tls_settings(const Options& options) {
  net::TlsClientSettings settings;
  if (options.transport == TransportKind::tls) settings.protocols = {"xmpp-client"};
  if (options.roots_file.empty()) {
    settings.check = net::ServerCheck::none;
    return settings;
  }
  std::ifstream file(options.roots_file);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(Fault::not_found, "cannot read " + options.roots_file);
  settings.roots_pem = text.str();
  return settings;
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::make(const Options& options, Phases& phases, Share share) {
  auto worker = std::make_unique<Worker>(options, phases, share);
  worker->loop_ = TRY(net::EpollLoop::open(worker->clock_, worker->limits_));
  const net::TlsClientSettings settings = TRY(tls_settings(options));
  worker->tls_ = TRY(net::TlsClientContext::make(settings));
  worker->scenario_ = make_scenario(*worker);
  return worker;
}

Worker::Worker(const Options& options, Phases& phases, Share share)
    : options_(options), phases_(phases), share_(share), buffer_(64_KiB) {
  // Whatever a server sends is measured, not judged.
  limits_.stanza_bytes = 16_MiB;
  limits_.stanza_elements = 1'000'000;
}

Worker::~Worker() = default;

void Worker::run() {
  loop_->set_turn_end([this] { flush(); });
  watch_progress();
  loop_->run();
  scenario_->disconnect();
}

void Worker::stop() { loop_->stop(); }

void Worker::begin(Phase phase) {
  loop_->post([this, phase] {
    has_progress_ = true;
    switch (phase) {
      case Phase::prepare:
        return scenario_->prepare();
      case Phase::enter:
        return scenario_->enter();
      case Phase::warm_up:
        return scenario_->warm_up();
      case Phase::measure:
        return scenario_->measure();
      case Phase::finish:
        return scenario_->finish();
    }
  });
}

void Worker::fail(std::string text) {
  if (!std::exchange(has_failed_, true)) phases_.fail(std::move(text));
}

void Worker::after(Duration delay, net::Task task) { timer_.start(*loop_, delay, std::move(task)); }

void Worker::watch_progress() {
  watch_timer_.start(*loop_, options_.patience, [this] {
    if (!std::exchange(has_progress_, false) && !timer_.running())
      return fail("nothing has happened for " + std::to_string(options_.patience.count()) +
                  " s: " + scenario_->describe());
    watch_progress();
  });
}

void Worker::flush() {
  std::swap(unflushed_, flushing_);
  for (Connection* connection : flushing_) connection->flush();
  flushing_.clear();
}

std::string Worker::next_source() {
  if (options_.sources == 1) return {};
  return "127.0.0." + std::to_string(1 + source_++ % options_.sources) + ":0";
}

}  // namespace herold::load
