// The packed roster: records of [size, address size, name size, flags] and three texts.
#include "server/roster.h"

#include <cstring>

#include "base/check.h"

namespace herold::server {
namespace {

struct Header {
  std::uint32_t size;  // of the record, header included
  std::uint16_t address_size;
  std::uint16_t name_size;
  std::uint8_t subscription;
  std::uint8_t ask;
  std::uint8_t approved;
};

Header header_at(const std::string& packed, std::size_t at) {
  Header header;
  std::memcpy(&header, packed.data() + at, sizeof header);
  return header;
}

}  // namespace

store::RosterItem ContactView::item() const {
  store::RosterItem item{std::string(address), std::string(name), subscription, ask, approved, {}};
  for (std::string_view rest = groups; !rest.empty();) {
    const std::size_t end = rest.find('\0');
    item.groups.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return item;
}

void Roster::load(store::Roster stored) {
  version = stored.version;
  requests = std::move(stored.requests);
  std::string packed;
  for (const store::RosterItem& item : stored.items) pack(packed, item);
  packed_.assign(packed);  // exactly as large as needed
  count_ = static_cast<std::uint32_t>(stored.items.size());
}

ContactView Roster::find(std::string_view address) const {
  const std::size_t at = position(address);
  return at == packed_.size() ? ContactView{} : view_at(at);
}

void Roster::put(const store::RosterItem& item) {
  remove(item.address);
  pack(packed_, item);
  ++count_;
}

void Roster::remove(std::string_view address) {
  const std::size_t at = position(address);
  if (at == packed_.size()) return;
  packed_.erase(at, size_at(at));
  --count_;
}

void Roster::pack(std::string& out, const store::RosterItem& item) {
  std::size_t size = sizeof(Header) + item.address.size() + item.name.size();
  for (const std::string& group : item.groups) size += group.size() + 1;
  CHECK(item.address.size() <= UINT16_MAX && item.name.size() <= UINT16_MAX);
  const Header header{static_cast<std::uint32_t>(size),
                      static_cast<std::uint16_t>(item.address.size()),
                      static_cast<std::uint16_t>(item.name.size()),
                      static_cast<std::uint8_t>(item.subscription),
                      item.ask,
                      item.approved};
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  out += item.address;
  out += item.name;
  for (const std::string& group : item.groups) out.append(group.c_str(), group.size() + 1);
}

std::size_t Roster::size_at(std::size_t at) const { return header_at(packed_, at).size; }

ContactView Roster::view_at(std::size_t at) const {
  const Header header = header_at(packed_, at);
  const std::string_view texts =
      std::string_view(packed_).substr(at + sizeof header, header.size - sizeof header);
  return {.address = texts.substr(0, header.address_size),
          .name = texts.substr(header.address_size, header.name_size),
          .subscription = static_cast<Subscription>(header.subscription),
          .ask = header.ask != 0,
          .approved = header.approved != 0,
          .groups = texts.substr(std::size_t(header.address_size) + header.name_size)};
}

std::size_t Roster::position(std::string_view address) const {
  std::size_t at = 0;
  while (at < packed_.size()) {
    const Header header = header_at(packed_, at);
    const std::string_view found(packed_.data() + at + sizeof header, header.address_size);
    if (found == address) return at;
    at += header.size;
  }
  return at;
}

}  // namespace herold::server
