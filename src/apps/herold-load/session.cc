// ClientStream does the login with all its checks; afterwards a stanza costs a scan and a look.
#include "apps/herold-load/session.h"

#include <utility>

#include "apps/herold-load/stanza_text.h"
#include "apps/herold-load/worker.h"
#include "xmpp/stream/reader.h"

namespace herold::load {
namespace {

constexpr std::string_view roster_id = "load-roster";
constexpr std::string_view enter_roster =
    "<iq type='get' id='load-roster'><query xmlns='jabber:iq:roster'/></iq>";
constexpr std::string_view legacy_session =
    "<iq type='set' id='load-session'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>";
constexpr std::string_view enable_management = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
constexpr std::string_view request = "<r xmlns='urn:xmpp:sm:3'/>";

xmpp::ClientStreamConfig::Tls tls_of(TransportKind transport) {
  using Tls = xmpp::ClientStreamConfig::Tls;
  return transport == TransportKind::plain      ? Tls::never
         : transport == TransportKind::starttls ? Tls::starttls
                                                : Tls::direct;
}

xmpp::ClientStreamConfig make_config(const Options& options, unsigned number) {
  xmpp::ClientStreamConfig config;
  const std::string user = options.user(number);
  config.account = xmpp::Jid::make(user, options.domain).value_or(xmpp::Jid());
  config.credentials.username = user;
  config.credentials.password = crypto::SecretString(options.password);
  config.policy.plain = xmpp::SaslPolicy::Plain::allowed;
  config.policy.forced = options.mechanism;
  config.tls = tls_of(options.transport);
  if (options.sign_in == SignInKind::sasl) return config;
  std::string id = std::to_string(number);
  id.insert(0, 12 - std::min<std::size_t>(id.size(), 12), '0');
  xmpp::ModernSignIn& modern = config.modern.emplace();
  modern.agent = {"00000000-0000-4000-8000-" + id, "herold-load", ""};
  modern.tag = "load";
  modern.wants_token = options.sign_in == SignInKind::token;
  return config;
}

}  // namespace

Session::Session(Worker& worker, SessionOwner& owner, unsigned number)
    : Connection(worker),
      owner_(owner),
      number_(number),
      config_(make_config(worker.options(), number)) {}

Session::~Session() = default;

void Session::login() {
  state_ = State::signing_in;
  login_time_ = worker_.now();
  stream_ =
      std::make_unique<xmpp::ClientStream>(*this, config_, worker_.crypto(), worker_.random());
  if (!config_.account) return fail("the user's name and the domain are no address");
  open();
  if (is_open()) stream_->start();
}

void Session::leave() {
  state_ = State::leaving;
  // What is not acknowledged would be kept for our next login (XEP-0198 section 8).
  if (worker_.options().sm_every > 0) acknowledge();
  Connection::send("</stream:stream>");
}

void Session::send_stanza(std::string_view stanza) {
  Connection::send(stanza);
  const unsigned every = worker_.options().sm_every;
  if (every == 0 || ++sent_unasked_ < every) return;
  sent_unasked_ = 0;
  Connection::send(request);
}

void Session::on_tls() {
  std::vector<xmpp::ChannelBinding> bindings;
  const auto& wanted = worker_.options().mechanism;
  // Without bindings the client says that it has none, which is what a forced plain SCRAM needs.
  if (!wanted || xmpp::is_plus(*wanted)) {
    for (const std::string_view type : {xmpp::tls_exporter, xmpp::tls_server_end_point}) {
      if (auto data = transport_->channel_binding(type))
        bindings.push_back({std::string(type), std::move(*data)});
    }
  }
  stream_->on_tls(std::move(bindings));
}

void Session::take(xml::Scanner::Token token, std::string_view bytes) {
  if (token == xml::Scanner::Token::whitespace) return;
  if (stream_) return negotiate(token, bytes);
  if (token == xml::Scanner::Token::element) return take_element(bytes);
  if (token != xml::Scanner::Token::footer) return fail("the server sent bytes that are no XML");
  if (state_ != State::leaving) return fail("the server closed the stream");
  be_left();
}

void Session::negotiate(xml::Scanner::Token token, std::string_view bytes) {
  if (!stream_->wants_input()) return fail("the server spoke out of turn");
  const xml::Bounds bounds = xmpp::stanza_bounds(worker_.limits());
  switch (token) {
    case xml::Scanner::Token::header: {
      auto header = xml::parse_header(bytes, bounds);
      if (!header) return stream_->fail(xmpp::condition_of(header.error()));
      scope_ = header->scope;
      return stream_->on_header(*header);
    }
    case xml::Scanner::Token::element: {
      auto element = xml::parse_element(bytes, scope_, bounds);
      if (!element) return stream_->fail(xmpp::condition_of(element.error()));
      return stream_->on_element(std::move(*element));
    }
    case xml::Scanner::Token::footer:
      return stream_->on_footer();
    default:
      return stream_->fail(xmpp::condition_of(token));
  }
}

void Session::on_token(const xmpp::FastToken& token, xmpp::Mechanism mechanism) {
  config_.modern->wants_token = false;  // the server renews it by itself
  config_.modern->token.emplace(
      xmpp::ClientToken{mechanism, crypto::SecretString(token.token), {}});
}

void Session::on_signed_in(xml::Element features) {
  const xml::Element session = features.child("session", xmpp::ns::session);
  wants_legacy_session_ = session && !session.child("optional", xmpp::ns::session);
  if (const auto mechanism = stream_->mechanism()) mechanism_ = xmpp::name_of(*mechanism);
  stream_->bind("load");
}

void Session::on_bound(const xmpp::Jid& address) {
  address_ = address.text();
  stream_.reset();
  scope_ = {};
  state_ = State::entering;
  received_ = 0;
  if (wants_legacy_session_) Connection::send(legacy_session);
  if (worker_.options().sm_every > 0) Connection::send(enable_management);
  Connection::send(enter_roster);
  Connection::send("<presence/>");
}

void Session::on_bind_failed(const xmpp::StanzaError& error) {
  fail("binding was refused: " + std::string(xmpp::name_of(error.condition)));
}

void Session::on_closed(const xmpp::ClientStreamError* error) {
  if (worker_.may_retry()) {
    drop();
    return login();
  }
  fail(error != nullptr ? error->describe() : "closed");
}

void Session::on_lost(std::string text) {
  if (state_ == State::leaving) return be_left();
  fail(text);
}

void Session::take_element(std::string_view element) {
  const std::string_view name = element_name(element);
  if (name == "message" || name == "presence") {
    ++received_;
    if (state_ == State::leaving) return;
    const StanzaKind kind = name == "message" ? StanzaKind::message : StanzaKind::presence;
    return owner_.on_stanza(*this, kind, element);
  }
  if (name == "iq") {
    ++received_;
    return take_iq(element);
  }
  take_other(element);
}

void Session::take_iq(std::string_view iq) {
  const std::string_view type = attribute(iq, "type");
  if (type == "get" || type == "set") {
    // Roster pushes are confirmed; that nothing else is known here is no error worth a text.
    const std::string_view from = attribute(iq, "from");
    std::string answer = "<iq type=\"result\" id=\"";
    answer.append(attribute(iq, "id")).append("\"");
    if (!from.empty()) answer.append(" to=\"").append(from).append("\"");
    Connection::send(answer.append("/>"));
  }
  if (attribute(iq, "id") == roster_id && state_ == State::entering) {
    if (type != "result") return fail("the roster was refused");
    state_ = State::ready;
    roster_ = iq;
    return owner_.on_ready(*this);
  }
  if (state_ != State::leaving) owner_.on_stanza(*this, StanzaKind::iq, iq);
}

void Session::take_other(std::string_view element) {
  const std::string_view name = element_name(element);
  if (name == "r") {
    acknowledge();
  } else if (name == "enabled") {
    received_ = 0;
  } else if (name == "failed") {
    fail("stream management was refused");
  } else if (name.ends_with("error") && state_ != State::leaving) {
    fail("the server ended the stream: " + std::string(element.substr(0, 300)));
  }
}

void Session::acknowledge() {
  Connection::send("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(received_) + "'/>");
}

void Session::be_left() {
  state_ = State::away;
  drop();
  owner_.on_left(*this);
}

void Session::fail(std::string_view text) {
  worker_.fail(worker_.options().user(number_) + ": " + std::string(text));
}

}  // namespace herold::load
