// Jid: an XMPP address, always in the enforced form of RFC 7622, so that equality is bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace herold::xmpp {

// A value of 40 bytes: the whole text and where its parts begin. The empty Jid stands for "none".
class Jid {
 public:
  static constexpr std::size_t max_part_bytes = 1023;  // RFC 7622 sections 3.2 to 3.4

  Jid() = default;

  // Enforces RFC 7622: "local@domain/resource" with local and resource optional. Any text that
  // is not an address, or a part of more than 1023 bytes, is Fault::malformed.
  static Result<Jid> parse(std::string_view text);
  // The same from parts; an empty local part or resource means that there is none.
  static Result<Jid> make(std::string_view local, std::string_view domain,
                          std::string_view resource = {});
  // For the text() of a Jid that was stored by us: splits it and enforces nothing.
  static Jid trusted(std::string text);

  explicit operator bool() const { return !text_.empty(); }
  std::string_view local() const { return view().substr(0, local_size_); }
  std::string_view domain() const { return bare_text().substr(domain_offset()); }
  std::string_view resource() const {
    return is_full() ? view().substr(bare_size_ + 1u) : std::string_view();
  }
  const std::string& text() const { return text_; }
  std::string_view bare_text() const { return view().substr(0, bare_size_); }

  bool has_local() const { return local_size_ != 0; }
  bool is_full() const { return text_.size() > bare_size_; }    // has a resource
  bool is_bare() const { return *this && !is_full(); }          // has none
  bool is_domain() const { return is_bare() && !has_local(); }  // nothing but a domain

  Jid bare() const;         // without the resource
  Jid domain_only() const;  // without local part and resource
  // This account or domain with another resource, enforced; an empty one is malformed.
  Result<Jid> with_resource(std::string_view resource) const;
  bool same_bare(const Jid& other) const { return bare_text() == other.bare_text(); }

  friend bool operator==(const Jid& a, const Jid& b) { return a.text_ == b.text_; }
  friend std::strong_ordering operator<=>(const Jid& a, const Jid& b) {
    return a.text_ <=> b.text_;
  }

 private:
  std::string_view view() const { return text_; }
  std::size_t domain_offset() const { return has_local() ? local_size_ + 1u : 0u; }

  std::string text_;
  std::uint16_t local_size_ = 0;
  std::uint16_t bare_size_ = 0;
};

static_assert(sizeof(std::string) != 32 || sizeof(Jid) <= 40);

}  // namespace herold::xmpp
