// XEP-0398 User Avatar to vCard-Based Avatars Conversion: one picture, whichever way it came.
//
// An account's picture at its node (XEP-0084) stands in its card (XEP-0054) as well, and the other
// way round; its hash (XEP-0153) goes with its presence.
#include <algorithm>

#include "base/base64.h"
#include "crypto/crypto.h"
#include "server/module.h"
#include "server/own_xml.h"
#include "server/pubsub/pep.h"
#include "server/vcard_listener.h"
#include "xmpp/ext/avatar.h"
#include "xmpp/ext/vcard.h"

namespace herold::server {
namespace {

constexpr std::string_view records_of = "avatars";
constexpr std::string_view conversion = "urn:xmpp:pep-vcard-conversion:0";

// Of the picture in an account's card, hexadecimal; "" where there is none.
struct AvatarHash {
  std::string text;
};

std::string without_space(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  return text;
}

// The card as a tree; none where it is damaged.
xml::Document card_of(const std::string& card) {
  return parse_own("<vCard xmlns=\"vcard-temp\">" + card + "</vCard>");
}

struct Photo {
  std::string type;
  std::string base64;
};

std::optional<Photo> photo_in(const std::string& card) {
  const xml::Document document = card_of(card);
  if (!document) return std::nullopt;
  const std::string_view ns = xmpp::VCard::element.ns;
  const xml::Element photo = document.root().child("PHOTO", ns);
  if (!photo || !photo.child("BINVAL", ns)) return std::nullopt;
  const xml::Element type = photo.child("TYPE", ns);
  return Photo{type ? type.text() : "image/png", without_space(photo.child("BINVAL", ns).text())};
}

// The card with another picture, or without one.
std::string with_photo(const std::string& card, const std::optional<Photo>& photo) {
  const xml::Document document = card_of(card);
  std::string out;
  xml::Writer writer(out, xmpp::VCard::element.ns);
  if (document)
    for (const xml::Element child : document.root().children())
      if (child.name() != "PHOTO") writer.element(child);
  if (photo) writer.open("PHOTO").leaf("TYPE", photo->type).leaf("BINVAL", photo->base64).close();
  return out;
}

}  // namespace

class Avatars {
 public:
  static constexpr About about{398, "1.0.0", "User Avatar to vCard-Based Avatars Conversion", {}};
  static constexpr Specification also[] = {{.number = 84, .version = "1.1.4"},
                                           {.number = 153, .version = "1.1.1"}};

  static constexpr auto handlers() {
    return std::tuple{on<AccountLoading>(&Avatars::load), on<DomainConfigured>(&Avatars::begin),
                      on<ItemPublished>(&Avatars::take_metadata),
                      on<PresenceSent>(&Avatars::add_hash, Stage::amend)};
  }

  explicit Avatars(ModuleHost& host) : host_(host) { listen(); }
  void stop() {
    host_.data<VCardListener>().stored = nullptr;
    host_.data<pubsub::KnownNodes>().features.erase(std::string(conversion));
  }

 private:
  void begin(DomainConfigured&) { listen(); }
  void listen() {
    host_.data<VCardListener>().stored = [this](const Jid& owner, const std::string& card) {
      take_card(owner, card);
    };
    host_.data<pubsub::KnownNodes>().features.insert(std::string(conversion));
  }

  void load(AccountLoading& event) {
    event.loading.hold();
    host_.stores().records().get({std::string(records_of), event.account.address().text(), ""},
                                 [&account = event.account, &loading = event.loading](
                                     Result<std::optional<store::Record>> found) {
                                   if (found && *found)
                                     account.data<AvatarHash>().text = (*found)->value;
                                   loading.release();  // without it presence has no hash, no more
                                 });
  }

  // True where it is another one than before.
  bool remember(const Jid& owner, const std::string& hash) {
    Account* account = host_.find_account(owner);
    if (account == nullptr) return false;
    AvatarHash& known = account->data<AvatarHash>();
    if (known.text == hash) return false;
    known.text = hash;
    host_.stores().records().put({std::string(records_of), owner.text(), ""}, hash,
                                 [](Result<std::uint64_t>) {});
    return true;
  }

  std::optional<std::string> hash_of(const std::string& base64) const {
    const auto image = base64_decode(base64);
    if (!image) return std::nullopt;
    const auto digest = host_.crypto().digest(crypto::HashAlgorithm::sha1, *image);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char byte : digest.view()) {
      text += digits[static_cast<unsigned char>(byte) >> 4];
      text += digits[static_cast<unsigned char>(byte) & 15];
    }
    return text;
  }

  // --- from the card to the node (section 3.2) ---

  void take_card(const Jid& owner, const std::string& card) {
    pubsub::Pep* pep = host_.data<pubsub::PepDoor>().pep;
    const auto photo = photo_in(card);
    const auto hash = photo ? hash_of(photo->base64) : std::optional<std::string>("");
    if (!hash || !remember(owner, *hash) || pep == nullptr) return;
    xmpp::AvatarMetadata metadata;
    if (photo) {
      metadata.infos.push_back(
          {.bytes = base64_decode(photo->base64)->size(), .id = *hash, .type = photo->type});
      pep->publish(owner, std::string(xmpp::ns::avatar_data), *hash,
                   xmpp::to_xml(xmpp::AvatarData{photo->base64}), nullptr,
                   [](Answer<std::string>) {});
    }
    pep->publish(owner, std::string(xmpp::ns::avatar_metadata), photo ? *hash : "current",
                 xmpp::to_xml(metadata), nullptr, [](Answer<std::string>) {});
  }

  // --- from the node to the card (section 3.1) ---

  void take_metadata(ItemPublished& event) {
    if (event.node != xmpp::ns::avatar_metadata) return;
    const auto metadata = read_own<xmpp::AvatarMetadata>(event.payload);
    if (!metadata) return;
    const Jid owner = event.account.address();
    if (metadata->infos.empty()) return change_card(owner, "", std::nullopt);
    const auto info = std::ranges::find(metadata->infos, "", &xmpp::AvatarInfo::url);
    if (info == metadata->infos.end()) return;
    if (info->id == event.account.data<AvatarHash>().text) return;
    take_data(owner, info->id, info->type);
  }

  // Section 6: everybody reads the card, so only what everybody may read goes there.
  void take_data(const Jid& owner, const std::string& id, const std::string& type) {
    pubsub::Pep* pep = host_.data<pubsub::PepDoor>().pep;
    if (pep == nullptr) return;
    pep->open(owner, [this, owner, id, type](pubsub::Service* service) {
      const std::string node(xmpp::ns::avatar_data);
      const pubsub::Node* data = service == nullptr ? nullptr : service->find(node);
      if (data == nullptr || data->config.access_model != pubsub::AccessModel::open) return;
      host_.stores().nodes().items(
          owner.text(), {.node = node, .ids = {id}, .most = 1},
          [this, owner, id, type](Result<store::ItemPage> page) {
            if (!page || page->items.empty()) return;
            const xml::Document document = parse_own(page->items[0].payload);
            if (!document) return;
            const std::string base64 = without_space(document.root().text());
            if (hash_of(base64) == id) change_card(owner, id, Photo{type, base64});
          });
    });
  }

  void change_card(const Jid& owner, const std::string& hash, const std::optional<Photo>& photo) {
    const store::RecordKey key{"vcard", owner.text(), ""};
    host_.stores().records().get(
        key, [this, key, owner, hash, photo](Result<std::optional<store::Record>> found) {
          if (!found) return;
          const std::string card = *found ? (*found)->value : std::string();
          const std::uint64_t version = *found ? (*found)->version : 0;
          std::string changed = with_photo(card, photo);
          if (changed == card || changed.size() > host_.limits().vcard_bytes) return;
          host_.stores().records().put_if(key, std::move(changed), version,
                                          [this, owner, hash](Result<std::uint64_t> put) {
                                            if (put) remember(owner, hash);
                                          });
        });
  }

  // --- presence (section 4) ---

  void add_hash(PresenceSent& event) {
    if (!event.stanza.head.is(PresenceType::available)) return;
    const auto* hash = event.session.account().find_data<AvatarHash>();
    if (hash == nullptr || hash->text.empty()) return;
    const xml::Element root = event.stanza.root();
    if (const xml::Element element = xmpp::find<xmpp::VCardUpdate>(root)) {
      const auto update = xmpp::read<xmpp::VCardUpdate>(element);
      if (update && update->photo && (update->photo->empty() || *update->photo == hash->text))
        return;
    }
    const auto keep = [](xml::Element child) { return !xmpp::is<xmpp::VCardUpdate>(child); };
    std::string payload = xmpp::payload_bytes(root, keep);
    payload += xmpp::to_xml(xmpp::VCardUpdate{.photo = hash->text}, xmpp::ns::client);
    event.stanza.set_payload(payload);
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(avatars, Avatars)
