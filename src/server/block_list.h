// Whom an account blocks, and which addresses an entry stands for (XEP-0191 section 5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "xmpp/jid.h"

namespace herold::server {

class BlockList {
 public:
  using Jid = xmpp::Jid;

  // Whether `entry` stands for `other`: itself, for user@domain all its resources, for a domain
  // all that belongs to it.
  static bool covers(const Jid& entry, const Jid& other);

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const std::vector<Jid>& entries() const { return entries_; }  // sorted
  bool contains(const Jid& entry) const;
  bool blocks(const Jid& other) const;

  void add(const Jid& entry);
  void remove(const Jid& entry);
  void clear() { entries_.clear(); }

  // As it is stored: an address a line. What cannot be read was not written by us.
  std::string text() const;
  static BlockList parse(std::string_view text);

 private:
  bool contains(std::string_view entry) const;

  std::vector<Jid> entries_;
};

}  // namespace herold::server
