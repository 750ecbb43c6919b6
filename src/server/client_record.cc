// Clients and their two slots for tokens, "current" and "fresh" (XEP-0484 section 5.1).
#include "server/client_record.h"

#include "base/base64.h"

namespace herold::server {
namespace {

using xmpp::Proof;

std::uint64_t new_id(Random& random) {
  for (;;)
    if (const std::uint64_t id = random.number() >> 1; id != 0) return id;
}

bool rename(std::string& name, const std::string& said) {
  const std::string wanted = client_name(said);
  if (wanted.empty() || wanted == name) return false;
  name = wanted;
  return true;
}

// A used token makes all that expire before it worthless (section 3.5). True: it has to be written.
bool use_token(store::Client& client, const xmpp::SignedIn& who) {
  const xmpp::FastUse& use = *who.request.token_use;
  if (use.invalidate) {
    client.current = client.fresh = {};
    return true;
  }
  if (who.proof.is_fresh_token) client.current = std::exchange(client.fresh, {});
  if (use.count) client.current.count = *use.count;
  return who.proof.is_fresh_token || use.count.has_value();
}

// The mechanism of the token that the client gets now; empty: none. One that it uses is replaced
// when a sixtieth of its time is over: a day, as the limit is set.
std::string due_token(const store::Client& client, const xmpp::SignedIn& who, WallTime now,
                      const Limits& limits) {
  if (const auto& wish = who.request.token_request) {
    const auto mechanism = xmpp::value_of<xmpp::Mechanism>(wish->mechanism);
    return mechanism && is_token(*mechanism) ? wish->mechanism : std::string();
  }
  if (who.proof.kind != Proof::Kind::token || client.current.secret.empty()) return {};
  const auto age = now - client.current.issued;
  return age > Seconds(limits.client_token_time) / 60 ? client.current.mechanism : std::string();
}

}  // namespace

ClientUpdate update_client(std::optional<store::Client> known, const xmpp::SignedIn& who,
                           WallTime now, const Limits& limits, Random& random) {
  ClientUpdate update{.client = {}, .must_be_stored = !known, .token = {}};
  store::Client& client = update.client;
  if (known) {
    client = std::move(*known);
  } else {
    client.id = new_id(random);
    client.agent = who.request.agent->id;
    client.first_seen = now;
  }
  client.last_seen = now;
  update.must_be_stored |= rename(client.software, who.request.agent->software);
  update.must_be_stored |= rename(client.device, who.request.agent->device);
  if (who.proof.kind == Proof::Kind::password && !std::exchange(client.knows_password, true))
    update.must_be_stored = true;
  if (who.proof.kind == Proof::Kind::token) update.must_be_stored |= use_token(client, who);
  if (std::string mechanism = due_token(client, who, now, limits); !mechanism.empty()) {
    client.fresh = {random.token(32), std::move(mechanism), now,
                    now + Seconds(limits.client_token_time), 0};
    update.token = {client.fresh.expiry, client.fresh.secret};
    update.must_be_stored = true;
  }
  return update;
}

std::string resource_for(const crypto::Crypto& crypto, const std::string& tag,
                         const xmpp::Jid& account, std::uint64_t client, Random& random) {
  const std::string front = client_name(tag);
  std::string own = random.token(9);
  if (client != 0) {
    const std::string what =
        "resource " + std::to_string(client) + ' ' + account.text() + ' ' + front;
    own = base64url_encode(crypto.digest(crypto::HashAlgorithm::sha256, what).view().substr(0, 9));
  }
  return front.empty() ? own : front + '/' + own;
}

std::string client_name(std::string_view text) {
  if (text.size() <= bounds::client_name) return std::string(text);
  std::size_t size = bounds::client_name;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

std::string client_id_text(std::uint64_t id) {
  std::string bytes(8, '\0');
  for (std::size_t i = 8; i-- > 0; id >>= 8) bytes[i] = static_cast<char>(id & 255);
  return base64url_encode(bytes);
}

}  // namespace herold::server
