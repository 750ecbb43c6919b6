// XEP-0049 Private XML Storage: small pieces of XML that only their owner reads and writes.
#include "xmpp/ext/private.h"

#include <map>

#include "server/module.h"
#include "server/private_parts.h"

namespace herold::server {
namespace {

constexpr std::string_view query_ns = xmpp::PrivateQuery::element.ns;

// By element name, as clients ask for it.
std::string key_of(xml::Element element) {
  return std::string(element.name()) + ' ' + std::string(element.ns());
}

std::string empty_element(xml::Element element) {
  std::string xml;
  xml::Writer(xml, query_ns).open(element.name(), element.ns()).close();
  return xml;
}

using Entries = std::map<std::string, std::string>;  // by key, canonical XML

// Whether the records stay within the limits when `entries` take their places.
bool fits(const std::vector<store::Record>& records, const Entries& entries, const Limits& limits) {
  Bytes bytes = 0;
  std::uint64_t count = entries.size();
  for (const auto& [key, xml] : entries) bytes += key.size() + xml.size();
  for (const store::Record& record : records) {
    if (entries.contains(record.key)) continue;
    bytes += record.key.size() + record.value.size();
    ++count;
  }
  return count <= limits.private_entries && bytes <= limits.private_bytes;
}

void put_all(ModuleHost& host, std::string owner, Entries entries, IqRequest request) {
  if (entries.empty()) return request.succeed();
  auto entry = entries.extract(entries.begin());
  store::RecordKey key{"private", owner, std::move(entry.key())};
  host.stores().records().put(std::move(key), std::move(entry.mapped()),
                              [&host, owner, entries = std::move(entries),
                               request = std::move(request)](Result<std::uint64_t> stored) mutable {
                                if (!stored) return request.fail(stored.error());
                                put_all(host, std::move(owner), std::move(entries),
                                        std::move(request));
                              });
}

}  // namespace

class Private {
 public:
  static constexpr About about{49, "1.2", "Private XML Storage", {query_ns}};

  // Somebody else's is service-unavailable, as if there was no such account (section 5).
  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::PrivateQuery>>(&Private::tell, at_own_account),
                      on<Set<xmpp::PrivateQuery>>(&Private::keep, at_own_account)};
  }

  explicit Private(ModuleHost& host) : host_(host) {}

 private:
  void tell(IqRequest request, const xmpp::PrivateQuery&) {
    std::vector<xml::Element> asked;
    for (const xml::Element child : request.payload().children()) asked.push_back(child);
    if (asked.size() > 1) return request.fail({Condition::bad_request, "One namespace at a time"});
    if (asked.empty() || !is_private(asked[0])) return request.fail(Condition::not_acceptable);
    store::RecordKey key{"private", owner_of(request), key_of(asked[0])};
    host_.stores().records().get(
        std::move(key),
        [&host = host_, name = key_of(asked[0]), nothing = empty_element(asked[0]),
         request = std::move(request)](Result<std::optional<store::Record>> found) mutable {
          if (!found) return request.fail(found.error());
          std::string stored = *found ? (*found)->value : nothing;
          const auto& parts = host.data<PrivateParts>().parts;
          const auto part = parts.find(name);
          if (part == parts.end()) return answer(std::move(request), std::move(stored));
          const Jid owner = request.head().from.bare();
          part->second.tell(owner, std::move(stored),
                            [request = std::move(request)](std::string xml) mutable {
                              answer(std::move(request), std::move(xml));
                            });
        });
  }

  static void answer(IqRequest request, std::string xml) {
    request.answer<xmpp::PrivateQuery>(xmpp::PrivateQuery{.xml = std::move(xml)});
  }

  void keep(IqRequest request, const xmpp::PrivateQuery&) {
    Entries entries;
    for (const xml::Element child : request.payload().children()) {
      if (!is_private(child)) return request.fail(Condition::not_acceptable);
      if (!entries.emplace(key_of(child), xml::to_string(child, query_ns)).second)
        return request.fail({Condition::bad_request, "Two elements of the same name"});
    }
    if (entries.empty()) return request.fail(Condition::not_acceptable);
    std::string owner = owner_of(request);
    host_.stores().records().list(
        "private", owner, "",
        [&host = host_, owner, entries = std::move(entries),
         request = std::move(request)](Result<std::vector<store::Record>> records) mutable {
          if (!records) return request.fail(records.error());
          if (!fits(*records, entries, host.limits()))
            return request.fail({Condition::resource_constraint, "The private storage is full"});
          keep_parts(host, std::move(owner), std::move(entries), std::move(request));
        });
  }

  // What another module keeps as well is there before it is here.
  static void keep_parts(ModuleHost& host, std::string owner, Entries entries, IqRequest request) {
    for (const auto& [name, part] : host.data<PrivateParts>().parts) {
      const auto entry = entries.find(name);
      if (entry == entries.end()) continue;
      const std::string element = entry->second;
      return part.keep(Jid::trusted(owner), element,
                       [&host, owner, entries = std::move(entries),
                        request = std::move(request)](Answer<> kept) mutable {
                         if (!kept) return request.fail(kept.error());
                         put_all(host, std::move(owner), std::move(entries), std::move(request));
                       });
    }
    put_all(host, std::move(owner), std::move(entries), std::move(request));
  }

  // Section 4: "a proper namespace" of its own.
  static bool is_private(xml::Element child) {
    return !child.ns().empty() && child.ns() != query_ns && child.ns() != xmpp::ns::client;
  }

  static std::string owner_of(const IqRequest& request) {
    return request.context().account->address().text();
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(private, Private)
