// Reaches the server of a domain: SRV, addresses, Happy Eyeballs (RFC 6120 section 3.2, RFC 8305,
// XEP-0368, XEP-0495), and its TLSA records (RFC 7673).
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "net/connector.h"
#include "net/networks.h"
#include "net/resolver.h"
#include "net/service_targets.h"

namespace herold::net {

struct DialSettings {
  // Domains whose servers are known without asking anybody ("intranet.test": "10.0.0.7:5269").
  std::map<std::string, std::vector<std::string>, std::less<>> hosts;
  Duration stagger = Milliseconds(bounds::dial_stagger);
  Duration family_wait = Milliseconds(bounds::dial_family_wait);
  Duration patience = Seconds(bounds::dial_time);  // for everything
};

// What a dial needs; all of it outlives the dial.
struct DialWorld {
  Loop& loop;
  Resolver& resolver;
  Connector& connector;
  const AddressPolicy& policy;
  Random& random;
  const DialSettings& settings;
};

// A connection to a server of the domain, without a byte sent, on no loop. Its certificate must be
// the domain's; where `is_secure`, DNSSEC stands behind the way there, and with TLSA records
// `target.host` may be its name as well (RFC 7673 section 4).
struct Dialled {
  std::unique_ptr<Transport> transport;
  ServiceTarget target;
  std::string address;  // "192.0.2.1:5269"
  bool is_secure = false;
  std::vector<crypto::TlsaRecord> tlsa;  // only where it is secure
};

struct DialFailure {
  enum class Reason {
    no_server,    // no such domain, it says that it has none, or its hosts have no address
    refused,      // all its addresses are of networks that are not permitted
    no_names,     // the name servers fail or lie
    unreachable,  // nobody listens there
    timed_out,    // somebody did not answer in time
  };
  Reason reason;
  std::string text;  // for a person: what was tried, and what came of it
};

using DialResult = std::expected<Dialled, DialFailure>;

// One domain being dialled, on one loop's thread. Destroying it ends it, and nothing is told.
class Dial {
 public:
  // `domain` in A-labels, or an address ("192.0.2.1", "[2001:db8::1]"). `then` is called from a
  // later turn and may destroy the dial.
  Dial(const DialWorld& world, std::string domain, std::move_only_function<void(DialResult)> then);
  Dial(const Dial&) = delete;
  ~Dial();

  // The connection that was told was no good (TLS fails, a stranger's certificate): tries what is
  // left, in the time that dialling has not used yet, and tells again.
  void go_on();

 private:
  class Attempt;
  // A host of the domain; its addresses come as they are learned.
  struct Host {
    ServiceTarget target;
    unsigned open_questions = 0;
    bool is_late = false;         // others need not wait for its addresses any more
    bool is_waiting_six = false;  // short addresses are there, long ones may come
    bool is_listed = false;       // by the operator
    bool is_secure = true;        // of all answers
    bool next_is_short = false;
    std::deque<IpAddress> long_ones, short_ones;
  };
  struct Way {
    std::size_t host;
    IpAddress address;
  };

  void begin();
  bool begin_listed();
  void take_services(DnsAnswer direct, DnsAnswer starttls);
  void take_addresses(std::size_t host, DnsType type, const DnsAnswer& answer);
  void ask(DnsQuestion question, std::move_only_function<void(DnsAnswer)> then);
  void add_address(Host& host, const IpAddress& address);

  void pump();
  std::optional<Way> next_way();
  bool waits_for_names() const;
  void start_clock();
  bool attempt(const Way& way);
  void lose(Attempt& attempt, std::string_view why);
  void win(Attempt& attempt);
  void take_tlsa(DnsAnswer answer);

  void note(std::string text);
  void fail(DialFailure::Reason reason);
  DialFailure::Reason reason_of_failure() const;
  void tell(DialResult result);

  const DialWorld world_;
  const std::string domain_;
  std::move_only_function<void(DialResult)> then_;
  std::vector<Host> hosts_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::size_t attempted_ = 0;
  std::optional<DnsAnswer> direct_, starttls_;
  bool asks_for_services_ = false;
  std::optional<Dialled> winner_;  // until its TLSA records are there
  bool is_over_ = false;           // told, until go_on()
  // What came of it, for the text; and of which kinds it was.
  std::vector<std::string> notes_;
  bool any_refused_ = false, any_failed_name_ = false;
  Duration left_;  // of the time, when the clock was started
  MonotonicTime started_{};
  Timer stagger_, name_wait_, family_wait_, deadline_, telling_;
  std::optional<DialResult> result_;
  // Shared with the answers that are on their way, which do nothing when the dial has gone.
  std::shared_ptr<Dial*> self_;
};

}  // namespace herold::net
