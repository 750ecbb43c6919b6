// The race: one attempt after the other, the next when one fails or takes its time.
#include "net/dial.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/address.h"
#include "net/dns_records.h"

namespace herold::net {

// A connection that may become the one.
class Dial::Attempt final : public Transport::Handler {
 public:
  Attempt(Dial& dial, Way way, std::unique_ptr<Transport> transport)
      : dial_(dial), way_(way), transport_(std::move(transport)) {
    transport_->attach(dial.world_.loop, *this);
  }

  const Way& way() const { return way_; }
  std::string address(const Host& host) const {
    return socket_text(way_.address, host.target.port);
  }
  std::unique_ptr<Transport> take() {
    transport_->detach();
    return std::move(transport_);
  }

 private:
  void on_readable() override {}  // whoever takes it over is told again
  void on_writable() override { dial_.win(*this); }
  void on_secured() override {}
  void on_ended(Ending ending, std::string_view detail) override {
    const std::string why(detail);
    dial_.lose(*this, !why.empty() ? why : ending == Ending::timed_out ? "timed out" : "closed");
  }

  Dial& dial_;
  const Way way_;
  std::unique_ptr<Transport> transport_;
};

Dial::Dial(const DialWorld& world, std::string domain,
           std::move_only_function<void(DialResult)> then)
    : world_(world),
      domain_(std::move(domain)),
      then_(std::move(then)),
      left_(world.settings.patience),
      self_(std::make_shared<Dial*>(this)) {
  start_clock();
  begin();
}

Dial::~Dial() { *self_ = nullptr; }

void Dial::go_on() {
  CHECK(is_over_);
  is_over_ = false;
  start_clock();
  pump();
}

void Dial::start_clock() {
  started_ = world_.loop.clock().now();
  deadline_.start(world_.loop, left_, [this] {
    note("not connected after " + std::to_string(world_.settings.patience / Seconds(1)) + " s");
    fail(DialFailure::Reason::timed_out);
  });
}

void Dial::begin() {
  if (begin_listed()) return pump();
  if (!is_dns_name(domain_)) {
    note("not a name");
    return fail(DialFailure::Reason::no_server);
  }
  asks_for_services_ = true;
  ask(direct_tls_question(domain_), [this](DnsAnswer answer) {
    direct_ = std::move(answer);
    if (starttls_) take_services(std::move(*direct_), std::move(*starttls_));
  });
  ask(starttls_question(domain_), [this](DnsAnswer answer) {
    starttls_ = std::move(answer);
    if (direct_) take_services(std::move(*direct_), std::move(*starttls_));
  });
}

// Whoever needs no name server: what the operator wrote, and addresses.
bool Dial::begin_listed() {
  const auto listed = world_.settings.hosts.find(domain_);
  if (listed != world_.settings.hosts.end()) {
    for (const std::string& text : listed->second) {
      const auto socket = parse_address(text);
      const auto address = socket ? IpAddress::parse(socket->host()) : std::nullopt;
      if (!address) {
        note(text + ": not an address");
        continue;
      }
      hosts_.push_back({.target = {.host = domain_, .port = socket->port()},
                        .is_listed = true,
                        .is_secure = false});
      add_address(hosts_.back(), *address);
    }
    return true;
  }
  const auto address = IpAddress::parse(domain_);
  if (!address) return false;
  hosts_.push_back({.target = {.host = domain_}, .is_secure = false});
  add_address(hosts_.back(), *address);
  return true;
}

void Dial::ask(DnsQuestion question, std::move_only_function<void(DnsAnswer)> then) {
  world_.resolver.ask(std::move(question), world_.loop,
                      [self = self_, then = std::move(then)](DnsAnswer answer) mutable {
                        if (*self) then(std::move(answer));
                      });
}

void Dial::take_services(DnsAnswer direct, DnsAnswer starttls) {
  asks_for_services_ = false;
  if (is_over_) return;
  const auto targets = choose_targets(domain_, direct, starttls, world_.random);
  if (!targets) {
    note(targets.error().text);
    return fail(targets.error().fault == Fault::not_found ? DialFailure::Reason::no_server
                                                          : DialFailure::Reason::no_names);
  }
  for (const ServiceTarget& target : *targets)
    hosts_.push_back({.target = target, .open_questions = 2, .is_secure = target.is_secure});
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    for (const DnsType type : {DnsType::aaaa, DnsType::a})
      ask({hosts_[i].target.host, type},
          [this, i, type](const DnsAnswer& answer) { take_addresses(i, type, answer); });
  pump();
}

void Dial::take_addresses(std::size_t number, DnsType type, const DnsAnswer& answer) {
  Host& host = hosts_[number];
  --host.open_questions;
  if (answer.status == DnsAnswer::Status::failed) {
    any_failed_name_ = true;
    note(host.target.host + ": " + answer.why);
  }
  // The absence of long addresses says nothing of short ones that are used.
  if (answer.status == DnsAnswer::Status::found) host.is_secure &= answer.secure;
  std::vector<IpAddress> addresses;
  for (const std::string& text : answer.addresses)
    if (const auto address = IpAddress::parse(text)) addresses.push_back(*address);
  std::ranges::sort(addresses);  // so that the same zone is dialled in the same way
  if (addresses.size() > bounds::dial_addresses) addresses.resize(bounds::dial_addresses);
  for (const IpAddress& address : addresses) add_address(host, address);
  // RFC 8305 section 3: short ones wait a moment for long ones, not the reverse.
  host.is_waiting_six = type == DnsType::a && host.open_questions > 0 && !host.short_ones.empty();
  if (host.is_waiting_six)
    family_wait_.start(world_.loop, world_.settings.family_wait, [this] {
      for (Host& one : hosts_) one.is_waiting_six = false;
      pump();
    });
  pump();
}

void Dial::add_address(Host& host, const IpAddress& address) {
  const auto permitted = host.is_listed ? world_.policy.permit_listed(address, host.target.port)
                                        : world_.policy.permit(address, host.target.port);
  if (!permitted) {
    any_refused_ = true;
    return note(permitted.error().text);
  }
  auto& family = address.is_short() ? host.short_ones : host.long_ones;
  if (std::ranges::find(family, address) == family.end()) family.push_back(address);
}

// Whatever has changed: begins what may be begun now.
void Dial::pump() {
  if (is_over_ || winner_ || (stagger_.running() && !attempts_.empty())) return;
  while (const std::optional<Way> way = next_way())
    if (attempt(*way)) return;
  if (waits_for_names() || !attempts_.empty()) return;
  fail(reason_of_failure());
}

// The first host that has an address to try. One whose addresses are still asked for is waited for
// as long as for an attempt.
std::optional<Dial::Way> Dial::next_way() {
  if (attempted_ == bounds::dial_attempts) return std::nullopt;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    Host& host = hosts_[i];
    const bool is_waiting = host.is_waiting_six && host.long_ones.empty();
    if (!is_waiting && !(host.long_ones.empty() && host.short_ones.empty())) {
      // XEP-0495: the families take turns; long addresses begin.
      const bool is_short =
          host.long_ones.empty() || (host.next_is_short && !host.short_ones.empty());
      auto& family = is_short ? host.short_ones : host.long_ones;
      const Way way{i, family.front()};
      family.pop_front();
      host.next_is_short = !is_short;
      return way;
    }
    if (host.open_questions == 0 || host.is_late) continue;
    if (!name_wait_.running())
      name_wait_.start(world_.loop, world_.settings.stagger, [this, i] {
        hosts_[i].is_late = true;
        pump();
      });
    return std::nullopt;
  }
  return std::nullopt;
}

bool Dial::waits_for_names() const {
  if (attempted_ == bounds::dial_attempts) return false;
  return asks_for_services_ ||
         std::ranges::any_of(hosts_, [](const Host& host) { return host.open_questions > 0; });
}

// False when it could not even begin.
bool Dial::attempt(const Way& way) {
  ++attempted_;
  const std::string address = socket_text(way.address, hosts_[way.host].target.port);
  auto transport = world_.connector.connect(address);
  if (!transport) {
    note(transport.error().text);
    return false;
  }
  attempts_.push_back(std::make_unique<Attempt>(*this, way, std::move(*transport)));
  stagger_.start(world_.loop, world_.settings.stagger, [this] { pump(); });
  return true;
}

void Dial::lose(Attempt& lost, std::string_view why) {
  note(lost.address(hosts_[lost.way().host]) + ": " + std::string(why));
  std::erase_if(attempts_, [&](const auto& one) { return one.get() == &lost; });
  stagger_.stop();  // RFC 8305 section 5: the next one need not wait
  pump();
}

void Dial::win(Attempt& winner) {
  const Host& host = hosts_[winner.way().host];
  Dialled dialled{.transport = winner.take(),
                  .target = host.target,
                  .address = winner.address(host),
                  .is_secure = host.is_secure,
                  .tlsa = {}};
  stagger_.stop();
  attempts_.clear();
  if (!host.is_secure) return tell(std::move(dialled));
  winner_ = std::move(dialled);
  ask({"_" + std::to_string(host.target.port) + "._tcp." + host.target.host, DnsType::tlsa},
      [this](DnsAnswer answer) { take_tlsa(std::move(answer)); });
}

// RFC 7673 section 3.3: where the records exist but cannot be had, this host is not to be used.
void Dial::take_tlsa(DnsAnswer answer) {
  if (is_over_ || !winner_) return;
  Dialled dialled = std::move(*std::exchange(winner_, std::nullopt));
  if (answer.status == DnsAnswer::Status::failed) {
    any_failed_name_ = true;
    note(dialled.target.host + ": TLSA: " + answer.why);
    return pump();
  }
  if (answer.secure) dialled.tlsa = std::move(answer.tlsa);
  tell(std::move(dialled));
}

void Dial::note(std::string text) {
  if (notes_.size() < bounds::dial_attempts && std::ranges::find(notes_, text) == notes_.end())
    notes_.push_back(std::move(text));
}

DialFailure::Reason Dial::reason_of_failure() const {
  using enum DialFailure::Reason;
  if (attempted_ > 0) return unreachable;
  if (any_refused_) return refused;
  return any_failed_name_ ? no_names : no_server;
}

void Dial::fail(DialFailure::Reason reason) {
  attempts_.clear();
  winner_.reset();
  std::string text = domain_;
  for (const std::string& one : notes_) text += (text == domain_ ? ": " : "; ") + one;
  if (notes_.empty())
    text += attempted_ > 0 ? ": nothing else is left to try" : ": there is no such server";
  tell(std::unexpected(DialFailure{reason, std::move(text)}));
}

void Dial::tell(DialResult result) {
  is_over_ = true;
  deadline_.stop();
  left_ -= std::min(left_, world_.loop.clock().now() - started_);
  result_ = std::move(result);
  telling_.start(world_.loop, Duration(0), [this] {
    // `then` may destroy this dial, and itself with it.
    const auto self = self_;
    auto then = std::move(then_);
    then(std::move(*std::exchange(result_, std::nullopt)));
    if (*self) then_ = std::move(then);
  });
}

}  // namespace herold::net
