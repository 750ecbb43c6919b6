// Names asked without waiting (RFC 1035), as everybody sees it: the real DNS or a table.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "crypto/tlsa.h"
#include "net/loop.h"

namespace herold::net {

// What is asked for; the values are the DNS's own.
enum class DnsType : std::uint16_t { a = 1, aaaa = 28, srv = 33, tlsa = 52 };

struct DnsQuestion {
  std::string name;  // A-labels (xmpp::ascii_domain() makes them), no dot at the end
  DnsType type = DnsType::a;

  bool operator==(const DnsQuestion&) const = default;
};

// RFC 2782.
struct DnsService {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;  // lower case, no dot at the end; "": there is no such service here

  bool operator==(const DnsService&) const = default;
};

struct DnsAnswer {
  enum class Status {
    found,
    nothing,  // there is no such name, or no such record of it
    failed,   // nobody answered, or what was answered is forged, looped, malformed or endless
  };
  Status status = Status::failed;
  // The domain's zone is signed, and the signatures of this answer (also that there is nothing) are
  // good up to the root (RFC 4035 section 5).
  bool secure = false;
  std::string why;  // of `failed`, for a person

  // Whichever was asked for, in no order, at most bounds::dns_records.
  std::vector<std::string> addresses;  // of A or AAAA: "192.0.2.1", "2001:db8::1"
  std::vector<DnsService> services;
  std::vector<crypto::TlsaRecord> tlsa;
};

// Used by many threads at once.
class Resolver {
 public:
  using Then = std::move_only_function<void(DnsAnswer)>;

  virtual ~Resolver() = default;

  // Calls `then` once, from a later turn of `home`, which outlives the resolver. Who asked may be
  // gone by then: `then` finds it again, or holds a ticket that says so. A resolver that ends
  // drops what it has not answered.
  virtual void ask(DnsQuestion question, Loop& home, Then then) = 0;
};

}  // namespace herold::net
