// Random lives of a room on a whole server, each held against a model: what everybody is told of
// every step, and what they believe after the server died (HOSTILE 106).
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "server/testing/room_model.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

using xmpp::ns::muc;
using xmpp::ns::muc_admin;
using xmpp::ns::muc_owner;
using xmpp::ns::muc_user;
using Setting = RoomModel::Setting;

constexpr std::string_view room = "cave@conference.xmpp.test";
constexpr RoomModel::Nick nicks[] = {
    {"nicka", 0, 0},  {"NickA", 0, 0},  {"\uff4e\uff49\uff43\uff4b\uff41", 0, 0},  // full width
    {"nickb", 1, 1},  {"nickc", 2, 2},  {"paypal", 3, 3},
    {"paypa1", 4, 3}, {"PAYPAL", 3, 3}, {"nickd", 5, 5}};
struct Person {
  std::string_view address;
  bool is_managed;  // its session outlives its connection, and the server
};
constexpr Person people[] = {
    {"romeo@xmpp.test/orchard", true},    {"romeo@xmpp.test/phone", false},
    {"juliet@xmpp.test/balcony", true},   {"juliet@xmpp.test/desk", true},
    {"mercutio@xmpp.test/street", false}, {"nurse@xmpp.test/kitchen", true},
    {"paris@xmpp.test/church", false}};
constexpr std::string_view setting_fields[] = {"membersonly", "moderatedroom",
                                               "passwordprotectedroom", "whois"};

enum class Deed : std::uint8_t {
  enter,
  change,
  leave,
  lose,
  speak,
  whisper,
  subject,
  role,
  affiliation,
  configure,
  list,
  enlist,
  resign,
  destroy,
  kill,
  restart
};
constexpr std::string_view deed_names[] = {
    "enter",       "change",    "leave", "lose",   "speak",  "whisper", "subject", "role",
    "affiliation", "configure", "list",  "enlist", "resign", "destroy", "kill",    "restart"};
// How often each is done, out of all.
constexpr unsigned weights[] = {30, 12, 8, 4, 10, 4, 2, 14, 16, 6, 3, 4, 2, 1, 2, 2};

// The pattern with each {} replaced by the next part.
template <class... Parts>
std::string filled(std::string_view pattern, const Parts&... parts) {
  std::string text;
  const auto put = [&](const auto& part) {
    const std::size_t place = pattern.find("{}");
    text += pattern.substr(0, place);
    pattern.remove_prefix(place + 2);
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(part)>>)
      text += std::to_string(part);
    else
      text += part;
  };
  (put(parts), ...);
  return text += pattern;
}

// Everything that is random about it stands in it, so that a story makes sense without any of its
// steps.
struct Step {
  Deed deed{};
  unsigned client = 0, nick = 0, user = 0, choice = 0;

  const RoomModel::Nick& its_nick() const { return nicks[nick]; }
  std::string its_user() const {
    return std::string(people[user].address.substr(0, people[user].address.find('/')));
  }
  Role its_role() const { return static_cast<Role>(choice % 4); }
  Affiliation its_affiliation() const { return static_cast<Affiliation>(choice % 5); }
  Setting its_setting() const { return static_cast<Setting>(choice % 4); }
  bool is_on() const { return (choice / 4) % 2 == 0; }
  std::string text() const {
    return filled("{} {} nick={} user={} choice={}", people[client].address,
                  deed_names[static_cast<unsigned>(deed)], its_nick().text, its_user(), choice);
  }
};

// --- what clients were told, as the model says it ------------------------------------------------

std::string codes_of(xml::Element x) {
  std::set<unsigned> codes;
  for (const xml::Element child : x.children())
    if (child.is("status", muc_user))
      codes.insert(static_cast<unsigned>(std::stoul(std::string(child.attribute("code")))));
  std::string text;
  for (const unsigned code : codes) text += ' ' + std::to_string(code);
  return text;
}

std::string resource(std::string_view address) {
  const std::size_t slash = address.find('/');
  return slash == address.npos ? std::string() : std::string(address.substr(slash + 1));
}

std::string error_line(xml::Element stanza) {
  const xml::Element error = stanza.child("error", xmpp::ns::client);
  return "no: " + std::string(error.first_child().name());
}

std::string presence_line(xml::Element presence) {
  const xml::Element x = presence.child("x", muc_user), item = x.child("item", muc_user);
  std::string text = presence.attribute("type") == "unavailable" ? "gone " : "";
  text += resource(presence.attribute("from")) + ' ' + std::string(item.attribute("affiliation")) +
          '/' + std::string(item.attribute("role"));
  if (const auto jid = item.attribute("jid"); !jid.empty()) text += " jid=" + std::string(jid);
  text += codes_of(x);
  if (const auto nick = item.attribute("nick"); !nick.empty()) text += " now " + std::string(nick);
  if (const xml::Element actor = item.child("actor", muc_user))
    text += " by " + std::string(actor.attribute("nick"));
  if (const xml::Element reason = item.child("reason", muc_user))
    text += " because " + reason.text();
  if (x.child("destroy", muc_user)) text += " destroyed";
  return text;
}

std::string message_line(xml::Element message) {
  const std::string nick = resource(message.attribute("from"));
  const xml::Element body = message.child("body", xmpp::ns::client),
                     subject = message.child("subject", xmpp::ns::client),
                     x = message.child("x", muc_user);
  const bool is_late = bool(message.child("delay", "urn:xmpp:delay"));
  if (x.child("invite", muc_user)) return "invited";
  if (subject && !body)
    return "subject '" + subject.text() + "' of " + (nick.empty() ? "nobody" : nick);
  if (!body) return "room" + codes_of(x);
  if (message.attribute("type") == "groupchat")
    return (is_late ? "(late) " : "") + nick + ": " + body.text();
  return nick + " whispers " + body.text();
}

std::string iq_line(xml::Element iq) {
  const xml::Element query = iq.child("query", muc_admin);
  if (!query) return "yes";
  std::string text = "list";
  for (const xml::Element item : query.children()) text += ' ' + std::string(item.attribute("jid"));
  return text;
}

std::string line_of(xml::Element stanza) {
  if (stanza.attribute("type") == "error") return error_line(stanza);
  if (stanza.name() == "presence") return presence_line(stanza);
  return stanza.name() == "message" ? message_line(stanza) : iq_line(stanza);
}

bool concerns_room(xml::Element stanza) {
  const std::string_view from = stanza.attribute("from");
  return from.starts_with(room);
}

// Who is there in which standing, by all that a client was told.
class Belief {
 public:
  void hear(const std::string& line) {
    const bool is_gone = line.starts_with("gone ");
    const std::string text = is_gone ? line.substr(5) : line;
    const std::size_t end = text.find(' '), after = text.find(' ', end + 1);
    if (text.find('/') == text.npos || end == text.npos) return;  // no presence
    const std::string nick = text.substr(0, end);
    const bool is_renamed = text.find(" 303") != text.npos;
    if (is_gone && text.find(" 110") != text.npos && !is_renamed) return there_.clear();
    if (is_gone)
      there_.erase(nick);
    else
      there_[nick] = text.substr(end + 1, after - end - 1);
  }
  void forget() { there_.clear(); }
  const std::map<std::string, std::string>& there() const { return there_; }

 private:
  std::map<std::string, std::string> there_;
};

// --- a life --------------------------------------------------------------------------------------

class Life {
 public:
  explicit Life(unsigned seed)
      : server_({.limits = "room_occupant_burst = 1000000\nroom_occupant_rate = 1000000",
                 .shards = seed % 3 + 1,
                 .seed = seed}),
        model_(addresses()) {
    for (const Person& one : people)
      clients_.push_back(&server_.comes_online(one.address, {.managed = one.is_managed}));
    take();
  }

  // What went wrong; "" when nothing did.
  std::string live(const std::vector<Step>& story) {
    for (std::size_t i = 0; i < story.size(); ++i) {
      const Step& step = story[i];
      const bool is_end = step.deed == Deed::kill || step.deed == Deed::restart;
      std::string wrong = is_end ? die(step.deed) : take_step(step);
      if (wrong.empty()) wrong = check_beliefs();
      if (!wrong.empty()) return filled("step {}: {}: {}", i + 1, step.text(), wrong);
    }
    return {};
  }

 private:
  static std::vector<std::string> addresses() {
    std::vector<std::string> all;
    for (const Person& one : people) all.emplace_back(one.address);
    return all;
  }

  std::string take_step(const Step& step) {
    const std::string who(people[step.client].address);
    act(step, who);
    const RoomModel::Told told = model_.take_told();
    auto heard = take();
    // A private message that was not acknowledged yet goes to the user's other clients.
    if (step.deed == Deed::lose)
      for (auto& [one, lines] : heard)
        std::erase_if(lines, [](const auto& line) { return line.contains(" whispers "); });
    if (model_.is_unsure()) return {};
    for (const Person& one : people) {
      const std::string name(one.address);
      const auto lines = heard.find(name);
      const auto groups = told.find(name);
      std::string wrong =
          compare(groups == told.end() ? std::vector<RoomModel::Group>() : groups->second,
                  lines == heard.end() ? std::vector<std::string>() : lines->second);
      if (!wrong.empty()) return name + " " + wrong;
    }
    return {};
  }

  static std::string compare(const std::vector<RoomModel::Group>& groups,
                             const std::vector<std::string>& lines) {
    auto next = lines.begin();
    std::string wanted;
    bool is_equal = true;
    for (const RoomModel::Group& group : groups) {
      RoomModel::Group got;
      while (got.size() < group.size() && next != lines.end()) got.insert(*next++);
      is_equal = is_equal && got == group;
      for (const std::string& one : group) wanted += "\n    " + one;
    }
    if (is_equal && next == lines.end()) return {};
    std::string text = "should be told" + wanted + "\n  but was told";
    for (const std::string& one : lines) text += "\n    " + one;
    return text;
  }

  // Nobody who stays misses that others did not come back.
  std::string die(Deed deed) {
    take();
    deed == Deed::kill ? server_.is_killed() : server_.restarts();
    std::vector<std::string> returning;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (!people[i].is_managed) beliefs_[std::string(people[i].address)].forget();
      if (people[i].is_managed)
        clients_[i]->resumes(), returning.emplace_back(people[i].address);
      else
        signs_in_again(i);
    }
    model_.restart(returning);
    server_.passes(Seconds(6));  // in which who is lost could enter again
    take();
    const std::string wrong = check_beliefs();
    // Whose address is shown is not known any more; so each shows itself.
    for (std::size_t i = 0; i < clients_.size(); ++i)
      if (const auto* nick = model_.nick_of(std::string(people[i].address))) {
        model_.change(std::string(people[i].address), *nick);
        presence(*clients_[i], *nick);
      }
    model_.take_told();
    take();
    return wrong;
  }

  std::string check_beliefs() {
    for (const Person& one : people) {
      const std::string name(one.address);
      const auto view = model_.view_of(name);
      if (beliefs_[name].there() == view) continue;
      std::string text = name + " should see";
      for (const auto& [nick, standing] : view) text += ' ' + nick + '=' + standing;
      text += ", but sees";
      for (const auto& [nick, standing] : beliefs_[name].there())
        text += ' ' + nick + '=' + standing;
      return text;
    }
    return {};
  }

  std::map<std::string, std::vector<std::string>> take() {
    std::map<std::string, std::vector<std::string>> all;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      const std::string name(people[i].address);
      for (const xml::Document& one : clients_[i]->takes_all()) {
        if (!concerns_room(one.root())) continue;
        all[name].push_back(line_of(one.root()));
        beliefs_[name].hear(all[name].back());
      }
    }
    return all;
  }

  void signs_in_again(std::size_t i) {
    clients_[i]->signs_in_again();
    clients_[i]->sends("<presence/>");
  }

  // --- each deed, of the model and of a client ---

  void act(const Step& step, const std::string& who) {
    TestClient& client = *clients_[step.client];
    const RoomModel::Nick& nick = step.its_nick();
    switch (step.deed) {
      case Deed::enter:
        return enter(step, who, client);
      case Deed::change:
        return model_.change(who, nick), presence(client, nick);
      case Deed::leave:
        model_.leave(who);
        return client.sends(filled("<presence type='unavailable' to='{}/{}'/>", room, nick.text));
      case Deed::lose:
        model_.lose(who);
        client.loses_connection();
        return lose(step.client, who);
      case Deed::speak:
      case Deed::whisper:
      case Deed::subject:
        return say(step, who, client);
      case Deed::configure:
        model_.configure(who, step.its_setting(), step.is_on());
        return configure(client, step.its_setting(), step.is_on());
      case Deed::destroy:
        return model_.destroy(who), iq(client, "set", muc_owner, "<destroy/>");
      case Deed::enlist:
      case Deed::resign:
        return register_with_room(step, who, client);
      default:
        return administer(step, who, client);
    }
  }

  void enter(const Step& step, const std::string& who, TestClient& client) {
    const std::string_view password = step.choice % 3 == 0 ? "wrong" : RoomModel::password;
    model_.enter(who, step.its_nick(), password);
    client.sends(
        filled("<presence to='{}/{}'><x xmlns='{}'><password>{}</password>"
               "<history maxstanzas='5'/></x></presence>",
               room, step.its_nick().text, muc, password));
  }

  void lose(std::size_t i, const std::string& who) {
    signs_in_again(i);
    beliefs_[who].forget();
    clients_[i]->skips();
  }

  static void presence(TestClient& client, const RoomModel::Nick& nick) {
    client.sends(filled("<presence to='{}/{}'/>", room, nick.text));
  }

  void say(const Step& step, const std::string& who, TestClient& client) {
    const std::string text = "line " + std::to_string(step.choice);
    if (step.deed == Deed::speak) {
      model_.speak(who, text);
      client.sends(
          filled("<message type='groupchat' to='{}'><body>{}</body></message>", room, text));
    } else if (step.deed == Deed::whisper) {
      model_.whisper(who, step.its_nick(), text);
      client.sends(filled("<message type='chat' to='{}/{}'><body>{}</body></message>", room,
                          step.its_nick().text, text));
    } else {
      model_.set_subject(who, text);
      client.sends(
          filled("<message type='groupchat' to='{}'><subject>{}</subject></message>", room, text));
    }
  }

  void administer(const Step& step, const std::string& who, TestClient& client) {
    const std::string_view reason = RoomModel::reason;
    if (step.deed == Deed::list) {
      model_.list(who, step.its_affiliation());
      iq(client, "get", muc_admin,
         filled("<item affiliation='{}'/>", xmpp::name_of(step.its_affiliation())));
    } else if (step.deed == Deed::role) {
      model_.set_role(who, step.its_nick(), step.its_role());
      iq(client, "set", muc_admin,
         filled("<item nick='{}' role='{}'><reason>{}</reason></item>", step.its_nick().text,
                xmpp::name_of(step.its_role()), reason));
    } else {
      model_.set_affiliation(who, step.its_user(), step.its_affiliation());
      iq(client, "set", muc_admin,
         filled("<item jid='{}' affiliation='{}'><reason>{}</reason></item>", step.its_user(),
                xmpp::name_of(step.its_affiliation()), reason));
    }
  }

  static void configure(TestClient& client, Setting setting, bool is_on) {
    std::string value = is_on ? "1" : "0";
    if (setting == Setting::non_anonymous) value = is_on ? "anyone" : "moderators";
    const auto field = [](std::string_view name, std::string_view text) {
      return filled("<field var='muc#roomconfig_{}'><value>{}</value></field>", name, text);
    };
    iq(client, "set", muc_owner,
       "<x xmlns='jabber:x:data' type='submit'>" + field("persistentroom", "1") +
           field("roomsecret", RoomModel::password) +
           field(setting_fields[static_cast<unsigned>(setting)], value) + "</x>");
  }

  void register_with_room(const Step& step, const std::string& who, TestClient& client) {
    if (step.deed == Deed::resign) {
      model_.resign(who);
      return iq(client, "set", "jabber:iq:register", "<remove/>");
    }
    model_.enlist(who, step.its_nick());
    iq(client, "set", "jabber:iq:register",
       filled("<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{}"
              "</value></field><field var='muc#register_roomnick'><value>{}</value></field>"
              "</x>",
              xmpp::ns::muc_register, step.its_nick().text));
  }

  static void iq(TestClient& client, std::string_view type, std::string_view ns,
                 std::string_view content) {
    client.sends(filled("<iq type='{}' id='q' to='{}'><query xmlns='{}'>{}</query></iq>", type,
                        room, ns, content));
  }

  TestServer server_;
  RoomModel model_;
  std::vector<TestClient*> clients_;
  std::map<std::string, Belief> beliefs_;
};

std::vector<Step> make_story(unsigned seed, std::size_t length) {
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t n) { return static_cast<unsigned>(random() % n); };
  std::discrete_distribution<unsigned> some_deed(std::begin(weights), std::end(weights));
  std::vector<Step> story(length);
  for (Step& one : story)
    one = {static_cast<Deed>(some_deed(random)), pick(std::size(people)), pick(std::size(nicks)),
           pick(std::size(people)), pick(1000)};
  // Mostly by who may: romeo makes the room.
  for (Step& one : story) {
    const bool is_rule =
        one.deed == Deed::role || one.deed == Deed::affiliation || one.deed == Deed::configure;
    if (is_rule && pick(3) != 0) one.client = pick(2);
  }
  story.front() = {.deed = Deed::enter};
  story[1] = {.deed = Deed::configure, .choice = 4};  // open to all
  return story;
}

// The same story without what it does not need to go wrong.
std::vector<Step> shortened(unsigned seed, std::vector<Step> story) {
  for (std::size_t size = std::max<std::size_t>(story.size() / 2, 1);; size /= 2) {
    for (std::size_t from = 0; from < story.size();) {
      std::vector<Step> rest(story.begin(), story.begin() + static_cast<std::ptrdiff_t>(from));
      const std::size_t to = std::min(from + size, story.size());
      rest.insert(rest.end(), story.begin() + static_cast<std::ptrdiff_t>(to), story.end());
      if (Life(seed).live(rest).empty())
        from = to;
      else
        story = std::move(rest);
    }
    if (size == 1) return story;
  }
}

TEST(RoomLife, IsAsTheModelSays) {
  constexpr unsigned lives = 40;
  constexpr std::size_t length = 200;
  for (unsigned seed = 1; seed <= lives; ++seed) {
    std::vector<Step> story = make_story(seed, length);
    if (Life(seed).live(story).empty()) continue;
    story = shortened(seed, std::move(story));
    std::string text = filled("seed {}:", seed);
    for (const Step& one : story) text += "\n  " + one.text();
    FAIL() << text << "\n" << Life(seed).live(story);
  }
}

}  // namespace
}  // namespace herold::server
