// The client's side of the promise.
#include "client.h"

#include <algorithm>
#include <charconv>

#include "xml/parser.h"
#include "xmpp/ext/stanza_id.h"

namespace herold::sim {
namespace {

constexpr xml::Bounds bounds{1 << 20, 1000, 50, 64};
constexpr std::string_view sm_ns = "urn:xmpp:sm:3";

std::uint32_t number_in(std::string_view text) {
  std::uint32_t value = UINT32_MAX;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Client::Client(ClientWorld world, Persona persona)
    : world_(std::move(world)), persona_(std::move(persona)), scanner_(bounds) {
  config_.account = xmpp::Jid::trusted(persona_.account);
  config_.credentials.username = config_.account.local();
  config_.credentials.keys = world_.keys;
  config_.policy.forced = xmpp::Mechanism::scram_sha_256;
  config_.tls = xmpp::ClientStreamConfig::Tls::never;
}

Client::~Client() = default;

void Client::set_state(State state) {
  constexpr std::string_view names[] = {"offline", "signing in", "online", "leaving"};
  world_.book.tell(address() + " is " + std::string(names[static_cast<int>(state)]));
  state_ = state;
  since_ = world_.loop.clock().now();
}

// --- the connection ------------------------------------------------------------------------------

void Client::connect() {
  auto pair = world_.network.connect("10.0.0." + std::to_string(persona_.number + 1));
  if (!world_.dial(std::move(pair.server))) return;
  ++connection_;
  link_ = pair.link;
  expected_ = std::exchange(next_expected_, Expect::anything);
  transport_ = std::move(pair.client);
  scanner_ = xml::Scanner(bounds);
  scope_ = {};
  input_.clear();
  output_.clear();
  reading_ = true;
  stream_ = std::make_unique<xmpp::ClientStream>(static_cast<xmpp::ClientStreamHost&>(*this),
                                                 config_, world_.crypto, world_.random);
  set_state(State::signing_in);
  transport_->attach(world_.loop, *this);
  stream_->start();
}

// Called from inside of callbacks too: what runs now is destroyed in a later turn.
void Client::drop_connection() {
  ++connection_;
  if (transport_) transport_->detach();
  world_.loop.post([transport = std::move(transport_), stream = std::move(stream_)] {});
  lazy_ack_.stop();
  if (state_ == State::online) lost_at_ = world_.loop.clock().now();
  if (state_ == State::leaving) forget();  // in peace: it does not mean to come back
  set_state(State::offline);
  counting_ = enabling_ = false;
  was_exposed_ |= std::exchange(exposed_, false);
  if (persona_.managed && !token_.empty()) return;
  forget();
}

void Client::lose_connection(Loss how) {
  if (how == Loss::reset) world_.network.reset(link_);
  if (how == Loss::silent) world_.network.freeze(link_);
  drop_connection();
}

void Client::forget() {
  token_.clear();
  unacked_.clear();
  asked_.clear();
  sent_plainly_.clear();
}

void Client::sign_off() {
  set_state(State::leaving);
  set_reading(true);
  send("</stream:stream>");  // what is on its way is read until the server closes as well
}

void Client::set_reading(bool on) {
  reading_ = on;
  transport_->set_reading(on);
}

void Client::send(std::string_view bytes) {
  output_ += bytes;
  flush();
}

void Client::flush() {
  if (!transport_) return;
  output_.erase(0, transport_->write(output_));
}

void Client::on_ended(net::Ending, std::string_view) { drop_connection(); }

void Client::restart_input() {
  scanner_.restart();
  scope_ = {};
}

void Client::on_readable() {
  const std::uint64_t connection = connection_;
  std::string buffer(4096, '\0');
  while (connection == connection_ && reading_) {
    const std::size_t size = transport_->read(buffer);
    if (size == 0) return;
    input_.append(buffer, 0, size);
    feed();
  }
}

void Client::feed() {
  const std::uint64_t connection = connection_;
  while (connection == connection_ && !input_.empty() && stream_->wants_input()) {
    const auto [token, size] = scanner_.next(input_);
    if (token == xml::Scanner::Token::need_more) return;
    const std::string item = input_.substr(0, size);
    input_.erase(0, size);
    take_item(token, item);
  }
}

void Client::take_item(xml::Scanner::Token token, const std::string& item) {
  using Token = xml::Scanner::Token;
  switch (token) {
    case Token::header: {
      auto header = xml::parse_header(item, bounds);
      if (!header) return blame("a stream header that cannot be read");
      scope_ = header->scope;
      return stream_->on_header(*header);
    }
    case Token::element: {
      auto element = xml::parse_element(item, scope_, bounds);
      if (!element) return blame("an element that cannot be read");
      return stream_->on_element(std::move(*element));
    }
    case Token::footer:
      return stream_->on_footer();
    case Token::whitespace:
      return;
    default:
      return blame("bytes that are no stream: " + item);
  }
}

void Client::on_closed(const xmpp::ClientStreamError* error) {
  if (error != nullptr && error->kind == xmpp::ClientStreamError::Kind::stream &&
      error->stream.condition != xmpp::StreamCondition::system_shutdown)
    blame("stream error: " + error->describe());
  else if (error != nullptr && error->kind != xmpp::ClientStreamError::Kind::stream &&
           error->kind != xmpp::ClientStreamError::Kind::ended)
    blame("stream ended: " + error->describe());
  flush();
  drop_connection();
}

// --- sessions ------------------------------------------------------------------------------------

void Client::on_signed_in(xml::Element) {
  if (token_.empty()) return bind();
  send("<resume xmlns='urn:xmpp:sm:3' h='" + std::to_string(got_) + "' previd='" + token_ + "'/>");
}

void Client::on_bind_failed(const xmpp::StanzaError& error) {
  blame("cannot bind: " + error.text);
  drop_connection();
}

void Client::on_bound(const xmpp::Jid&) {
  ++sessions_;
  end_stay();
  world_.book.lose_refusals(persona_.number);
  reception_ = {persona_.account, address() + " session " + std::to_string(sessions_), {}, {}};
  got_ = acked_ = 0;
  asked_.clear();
  contacts_.clear();
  has_contacts_ = false;
  expected_ = Expect::anything;
  set_state(State::online);
  if (persona_.managed) {
    send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    enabling_ = true;
  }
  begin_session();
}

void Client::begin_session() {
  // What an earlier session had sent without knowing its fate is sent again: as new messages.
  const std::deque<Sent> again = std::exchange(unacked_, {});
  if (persona_.carbons)
    send_stanza({"<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>"});
  load_contacts();
  const std::string priority = std::to_string(persona_.priority);
  send_stanza({"<presence><priority>" + priority + "</priority></presence>"});
  active_ = true;
  for (const Sent& sent : again)
    if (sent.kind == Sent::Kind::message) send_message(sent.to, "again");
}

void Client::send_stanza(Sent stanza) {
  send(stanza.xml);
  if (enabling_) unacked_.push_back(std::move(stanza));
}

void Client::send_message(const std::string& to, std::string_view filler) {
  const std::uint32_t serial = world_.book.write(persona_.number, to);
  const std::string number = std::to_string(serial);
  std::string xml = "<message type='chat' id='" + number + "' to='" + to + "'><body>" + number +
                    " " + std::string(filler) + "</body></message>";
  send_stanza({std::move(xml), Sent::Kind::message, serial, to});
  // Whoever has no stream management knows by a later answer that the server took it.
  if (persona_.managed) return;
  sent_plainly_.push_back(serial);
  send("<iq type='get' to='sim.test' id='" + number + "'><ping xmlns='urn:xmpp:ping'/></iq>");
}

void Client::ask_server() {
  const std::string id = "q" + std::to_string(++questions_);
  if (persona_.managed) asked_.insert(id);
  send_stanza({"<iq type='get' to='sim.test' id='" + id + "'><ping xmlns='urn:xmpp:ping'/></iq>"});
}

// --- the room ------------------------------------------------------------------------------------

void Client::visit_room(std::string_view filler) {
  if (!stay_) {
    stay_ = world_.room.begin_stay(reception_.name);
    world_.book.tell(reception_.name + " enters the room");
    return send_stanza({"<presence to='" + occupant() +
                        "'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>"
                        "</presence>"});
  }
  if (!is_in_room_) return;
  const std::uint32_t serial = world_.room.say();
  const std::string id = "g" + std::to_string(serial);
  world_.book.tell(reception_.name + " says " + id);
  send_stanza({"<message type='groupchat' id='" + id + "' to='" + std::string(hall) + "'><body>" +
                   id + " " + std::string(filler) + "</body></message>",
               Sent::Kind::to_room, serial});
}

// By session: the end of an earlier one of this address may be told to this one.
std::string Client::occupant() const {
  return std::string(hall) + "/" + std::to_string(persona_.number) + "." +
         std::to_string(sessions_);
}

void Client::end_stay() {
  if (stay_) world_.room.end_stay(*stay_);
  stay_.reset();
  is_in_room_ = false;
}

void Client::take_room_presence(xml::Element presence) {
  const std::string_view type = presence.attribute("type");
  if (!stay_ || (type != "error" && presence.attribute("from") != occupant())) return;
  if (type == "error") {
    const xml::Element condition = presence.child("error", presence.ns()).first_child();
    world_.book.refused_entry(reception_.name, condition.name());
    return end_stay();
  }
  if (!type.empty()) return blame("is put out of the room");
  world_.book.tell(reception_.name + " is in the room");
  is_in_room_ = true;
  world_.room.confirm(*stay_);
}

void Client::hear(xml::Element message) {
  const std::string body(message.child("body", message.ns()).text());
  if (body.empty()) return;  // the subject
  world_.book.tell(reception_.name + " hears " + body.substr(0, body.find(' ')));
  // Before, it may be for an earlier session of this address that the room has not seen end.
  if (is_in_room_) world_.room.hear(*stay_, number_in(std::string_view(body).substr(1)));
}

// --- contacts ------------------------------------------------------------------------------------

void Client::load_contacts() {
  const std::string id = "roster" + std::to_string(++questions_);
  asked_.insert(id);
  send_stanza({"<iq type='get' id='" + id + "'><query xmlns='jabber:iq:roster'/></iq>"});
}

void Client::set_contact(const std::string& item) {
  const std::string id = "set" + std::to_string(++questions_);
  asked_.insert(id);
  send_stanza(
      {"<iq type='set' id='" + id + "'><query xmlns='jabber:iq:roster'>" + item + "</query></iq>"});
}

void Client::change_contacts(const std::string& other) {
  const std::uint64_t wish = world_.random.below(8);
  if (wish < 4) {
    const std::string id = "name" + std::to_string(++names_);
    asked_.insert(id);
    return send_stanza({"<iq type='set' id='" + id +
                        "'><query xmlns='jabber:iq:roster'><item jid='" + own_contact() +
                        "' name='" + std::to_string(names_) + "'/></query></iq>"});
  }
  if (other == persona_.account) return;
  const auto tell = [&](std::string_view type) {
    world_.book.tell(address() + " sends " + std::string(type) + " to " + other);
    send_stanza({"<presence type='" + std::string(type) + "' to='" + other + "'/>"});
  };
  if (tie_between(persona_.account, other) == Tie::growing) return tell("subscribe");
  if (wish == 4) return tell("unsubscribe");
  if (wish == 5) return tell("unsubscribed");
  if (wish == 6) set_contact("<item jid='" + other + "' subscription='remove'/>");
}

void Client::take_presence(xml::Element presence) {
  const std::string from(presence.attribute("from"));
  if (from.starts_with(hall)) return take_room_presence(presence);
  if (presence.attribute("type") != "subscribe") return;
  world_.book.tell(address() + " is asked by " + from);
  if (world_.random.below(4) != 0 && tie_between(persona_.account, from) == Tie::growing)
    send_stanza({"<presence type='subscribed' to='" + from + "'/>"});
}

void Client::show_contacts(xml::Element query) {
  for (const xml::Element item : query.children()) {
    const std::string jid(item.attribute("jid"));
    const std::string subscription(item.attribute("subscription"));
    const bool asks = item.attribute("ask") == "subscribe";
    if (subscription == "remove")
      contacts_.erase(jid);
    else
      contacts_[jid] = subscription + (asks ? " ask " : " ") + std::string(item.attribute("name"));
  }
}

void Client::take_answer(const std::string& id, xml::Element iq) {
  const bool is_result = iq.attribute("type") == "result";
  if (id.starts_with("name") && is_result)
    name_acked_ = std::max(name_acked_, number_in(std::string_view(id).substr(4)));
  if (!id.starts_with("roster")) return;
  if (!is_result) return load_contacts();
  contacts_.clear();
  has_contacts_ = true;
  show_contacts(iq.first_child());
}

void Client::ask_for_ack() {
  if (enabling_) send("<r xmlns='urn:xmpp:sm:3'/>");
}

void Client::toggle_activity() {
  active_ = !active_;
  send(active_ ? "<active xmlns='urn:xmpp:csi:0'/>" : "<inactive xmlns='urn:xmpp:csi:0'/>");
}

// --- what the server says ------------------------------------------------------------------------

void Client::on_element(xml::Document document) {
  const xml::Element element = document.root();
  if (element.ns() == sm_ns) return take_management(element);
  if (counting_) ++got_;
  if (element.name() == "message") return take_message(element);
  if (element.name() == "iq") return take_iq(element);
  if (element.name() == "presence") return take_presence(element);
}

void Client::take_message(xml::Element message) {
  const std::string_view type = message.attribute("type"), name = message.attribute("id");
  if (type == "groupchat") return hear(message);
  if (type == "error" && name.starts_with('g')) {
    world_.book.tell(address() + " hears that " + std::string(name) + " is refused");
    return world_.room.refused(number_in(name.substr(1)));
  }
  if (type == "error")
    return world_.book.bounced(number_in(name),
                               message.child("error", message.ns()).first_child().name());
  const xml::Element body = message.child("body", message.ns());
  if (!body) return;  // a carbon copy
  const xml::Element id = message.child("stanza-id", "urn:xmpp:sid:0");
  world_.book.received(
      reception_, number_in(body.text()), id ? id.attribute("id") : "",
      message.child("delay", "urn:xmpp:delay") ? Book::Way::delayed : Book::Way::straight);
}

void Client::take_iq(xml::Element iq) {
  const std::string id(iq.attribute("id"));
  if (iq.attribute("type") == "get")
    return send_stanza({"<iq type='result' id='" + id + "' to='sim.test'/>"});
  if (iq.attribute("type") == "set") {
    show_contacts(iq.first_child());
    return send_stanza({"<iq type='result' id='" + id + "'/>"});
  }
  if (asked_.erase(id) > 0) return take_answer(id, iq);
  if (!persona_.managed && iq.attribute("from") == domain) {
    while (!sent_plainly_.empty() && sent_plainly_.front() <= number_in(id)) {
      world_.book.acked(sent_plainly_.front());
      sent_plainly_.pop_front();
    }
  }
}

void Client::take_management(xml::Element element) {
  if (element.name() == "r") {
    const auto acknowledge = [this] {
      send("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(got_) + "'/>");
    };
    if (!persona_.lazy) return acknowledge();
    return lazy_ack_.start(world_.loop, Milliseconds(world_.random.below(2000)), acknowledge);
  }
  if (element.name() == "a") return take_ack(number_in(element.attribute("h")));
  if (element.name() == "enabled") {
    counting_ = true;
    exposed_ = false;
    if (std::exchange(was_exposed_, false)) world_.book.forgive(address());
    token_ = element.attribute("id");
    return;
  }
  if (element.name() == "failed") return take_refusal();
  if (element.name() != "resumed") return blame("unknown " + std::string(element.name()));
  if (expected_ == Expect::refused) blame("resumed after a power cut");
  expected_ = Expect::anything;
  ++resumptions;
  world_.book.tell(address() + " resumes");
  counting_ = enabling_ = true;
  set_state(State::online);
  take_ack(number_in(element.attribute("h")));
  for (const Sent& sent : unacked_) send(sent.xml);
  ask_for_ack();
}

void Client::take_refusal() {
  if (token_.empty()) return blame("stream management was refused");
  const bool in_time = world_.loop.clock().now() - lost_at_ < world_.resume_time;
  if (expected_ == Expect::resumed && in_time && !world_.ran_over(address()))
    blame("resumption was refused");
  ++refusals;
  world_.book.tell(address() + " must not resume");
  token_.clear();
  bind();
}

void Client::bind() {
  exposed_ = true;
  stream_->bind(persona_.resource);
}

void Client::take_ack(std::uint32_t h) {
  if (h < acked_ || h - acked_ > unacked_.size())
    return blame("h=" + std::to_string(h) + " after " + std::to_string(acked_) + " with " +
                 std::to_string(unacked_.size()) + " waiting");
  for (; acked_ < h; ++acked_) {
    const Sent& sent = unacked_.front();
    if (sent.kind == Sent::Kind::message) world_.book.acked(sent.serial);
    if (sent.kind == Sent::Kind::to_room) world_.room.acked(sent.serial);
    unacked_.pop_front();
  }
}

}  // namespace herold::sim
