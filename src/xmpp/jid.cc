// Addresses: split and enforced as RFC 7622 section 3 says, with a fast path for ASCII.
#include "xmpp/jid.h"

#include <algorithm>

#include "xmpp/idna.h"
#include "xmpp/precis.h"

namespace herold::xmpp {
namespace {

// Width mapping shortens a text, to a third at most; what is longer than this is refused before any
// work is done for it.
constexpr std::size_t max_raw_bytes = 3 * Jid::max_part_bytes;
constexpr std::size_t max_text_bytes = 3 * Jid::max_part_bytes + 2;

std::unexpected<Error> malformed(const char* why) { return fail(Fault::malformed, why); }

// Section 3.3.1: what the profile allows and an address does not.
bool is_forbidden(char c) {
  switch (c) {
    case '"':
    case '&':
    case '\'':
    case '/':
    case ':':
    case '<':
    case '>':
    case '@':
      return true;
    default:
      return false;
  }
}

Result<std::string> prepare_local(std::string_view text) {
  if (text.size() > max_raw_bytes) return malformed("the local part is too long");
  std::string local = TRY(username_case_mapped(text));
  if (local.size() > Jid::max_part_bytes) return malformed("the local part is too long");
  if (std::ranges::any_of(local, is_forbidden))
    return malformed("a character is not allowed in the local part");
  return local;
}

Result<std::string> prepare_resource(std::string_view text) {
  if (text.size() > max_raw_bytes) return malformed("the resource is too long");
  std::string resource = TRY(opaque_string(text));
  if (resource.size() > Jid::max_part_bytes) return malformed("the resource is too long");
  return resource;
}

// Where the parts of a text are: section 3.1, the first "/" and then the first "@" before it.
struct Split {
  std::string_view local, domain, resource;
  bool has_local, has_resource;
};

Split split(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view bare = text.substr(0, slash);
  const std::size_t at = bare.find('@');
  const bool has_local = at != std::string_view::npos;
  const bool has_resource = slash != std::string_view::npos;
  return {has_local ? bare.substr(0, at) : std::string_view(),
          has_local ? bare.substr(at + 1) : bare,
          has_resource ? text.substr(slash + 1) : std::string_view(), has_local, has_resource};
}

}  // namespace

Result<Jid> Jid::parse(std::string_view text) {
  const Split parts = split(text);
  if (parts.has_local && parts.local.empty()) return malformed("the local part is missing");
  if (parts.has_resource && parts.resource.empty()) return malformed("the resource is missing");
  return make(parts.local, parts.domain, parts.resource);
}

Result<Jid> Jid::make(std::string_view local, std::string_view domain, std::string_view resource) {
  Jid jid;
  jid.text_.reserve(std::min(local.size() + domain.size() + resource.size() + 2, max_text_bytes));
  if (!local.empty()) {
    jid.text_ += TRY(prepare_local(local));
    jid.local_size_ = static_cast<std::uint16_t>(jid.text_.size());
    jid.text_ += '@';
  }
  jid.text_ += TRY(prepare_domain(domain));
  jid.bare_size_ = static_cast<std::uint16_t>(jid.text_.size());
  if (!resource.empty()) {
    jid.text_ += '/';
    jid.text_ += TRY(prepare_resource(resource));
  }
  return jid;
}

Jid Jid::trusted(std::string text) {
  const Split parts = split(text);
  Jid jid;
  jid.local_size_ = static_cast<std::uint16_t>(parts.local.size());
  jid.bare_size_ = static_cast<std::uint16_t>(std::min(text.find('/'), text.size()));
  jid.text_ = std::move(text);
  return jid;
}

Jid Jid::bare() const {
  Jid jid;
  jid.text_ = bare_text();
  jid.local_size_ = local_size_;
  jid.bare_size_ = bare_size_;
  return jid;
}

Jid Jid::domain_only() const {
  Jid jid;
  jid.text_ = domain();
  jid.bare_size_ = static_cast<std::uint16_t>(jid.text_.size());
  return jid;
}

Result<Jid> Jid::with_resource(std::string_view resource) const {
  if (!*this) return malformed("the address is missing");
  Jid jid = bare();
  jid.text_ += '/';
  jid.text_ += TRY(prepare_resource(resource));
  return jid;
}

}  // namespace herold::xmpp
