// XEP-0377 Spam Reporting: what users say of those whom they block, kept for the administrators,
// and told to those of the other server where the user wants that.
#include <algorithm>

#include "base/datetime.h"
#include "server/admin_form.h"
#include "server/admin_notices.h"
#include "server/commands.h"
#include "server/module.h"
#include "server/shard.h"
#include "xml/parser.h"
#include "xmpp/ext/disco.h"
#include "xmpp/ext/reporting.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;

constexpr std::string_view records_of = "reports";

// As it is kept, in this order, a line each; the texts are last and may have several.
struct KeptReport {
  std::string time, reporter, reported, reason, messages, text;

  std::string record() const {
    std::string out;
    for (const std::string* field : {&time, &reporter, &reported, &reason, &messages})
      out += *field + '\n';
    return out + text;
  }
  static KeptReport parse(std::string_view record) {
    KeptReport report;
    for (std::string* field :
         {&report.time, &report.reporter, &report.reported, &report.reason, &report.messages}) {
      const std::size_t end = std::min(record.find('\n'), record.size());
      *field = record.substr(0, end);
      record.remove_prefix(std::min(end + 1, record.size()));
    }
    report.text = record;
    return report;
  }
};

// Reasons and ids come from clients; each is to stay on its line.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace(out, '\n', ' ');
  return out;
}

KeptReport kept(const ContactReported& event, WallTime now) {
  KeptReport report{.time = format_datetime(now),
                    .reporter = event.account.address().text(),
                    .reported = event.contact.text(),
                    .reason = one_line(event.report.reason)};
  for (const xmpp::StanzaId& message : event.report.messages)
    report.messages += (report.messages.empty() ? "" : " ") + one_line(message.id);
  for (const xmpp::ReportText& text : event.report.texts)
    report.text += (report.text.empty() ? "" : "\n") + text.text;
  return report;
}

// --- the commands ---

void list(CommandRun run) {
  ModuleHost& host = run.host();
  host.stores().records().list(
      std::string(records_of), host.domain().name, "",
      [run = std::move(run)](Result<std::vector<store::Record>> found) mutable {
        if (!found) return run.fail(found.error());
        DataForm form = DataForm::of(xmpp::FormType::result, admin_ns);
        form.title = "Reports of unwanted messages";
        for (const auto& [var, label] : {std::pair{"time", "Time"},
                                         {"reporter", "By"},
                                         {"reported", "Whom"},
                                         {"reason", "Why"},
                                         {"text", "In their words"},
                                         {"messages", "Messages"}})
          form.add_column(var, label);
        for (const store::Record& record : *found) {
          const KeptReport one = KeptReport::parse(record.value);
          form.add_row({one.time, one.reporter, one.reported, one.reason, one.text, one.messages});
        }
        run.complete(std::move(form));
      });
}

void clear(CommandRun run) {
  ModuleHost& host = run.host();
  host.stores().records().remove_all(
      std::string(records_of), host.domain().name,
      [&host, run = std::move(run)](Result<> removed) mutable {
        if (!removed) return run.fail(removed.error());
        host.log().info("administration",
                        {{"what", "delete-reports"}, {"by", run.user().bare_text()}});
        run.complete("Done");
      });
}

#define ADMIN_NODE(name) "http://jabber.org/protocol/admin#" name
constexpr AdhocCommand commands[] = {
    {ADMIN_NODE("get-reports"), "Reports of unwanted messages", CommandUser::admin, nullptr, list},
    {ADMIN_NODE("delete-reports"), "Delete the reports", CommandUser::admin, nullptr, clear},
};
#undef ADMIN_NODE

}  // namespace

class Reports {
 public:
  static constexpr About about{377, "0.4.0", "Spam Reporting", {xmpp::ns::reporting}};

  static constexpr auto handlers() {
    return std::tuple{on<ContactReported>(&Reports::keep), on<CommandsAsked>(&Reports::offer)};
  }

  explicit Reports(ModuleHost& host) : host_(host) {}

  void stop() { notices_.stop(); }

 private:
  void offer(CommandsAsked& asked) {
    for (const AdhocCommand& command : commands) asked.commands.push_back(&command);
  }

  void keep(ContactReported& event) {
    const WallTime now = host_.clock().wall();
    const KeptReport report = kept(event, now);
    notices_.tell(told(report));
    if (event.report.report_origin) tell_origin(event.contact, event.report);
    host_.stores().records().put(
        {std::string(records_of), host_.domain().name, key_of(now) + host_.random().token(6)},
        report.record(), [this](Result<std::uint64_t> put) {
          if (!put) return host_.log().warning("report-not-stored", {{"reason", put.error().text}});
          make_room();
        });
  }

  // The oldest comes first.
  static std::string key_of(WallTime now) {
    std::string micros = std::to_string(
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count());
    return std::string(20 - std::min<std::size_t>(20, micros.size()), '0') + micros;
  }

  void make_room() {
    auto& records = host_.stores().records();
    records.usage(std::string(records_of), host_.domain().name,
                  [this](Result<store::RecordUsage> usage) {
                    if (usage && usage->count > host_.limits().reports) remove_oldest();
                  });
  }

  void remove_oldest() {
    host_.stores().records().list(
        std::string(records_of), host_.domain().name, "",
        [this](Result<std::vector<store::Record>> found) {
          if (!found) return;  // the next report tries again
          const std::uint64_t most = host_.limits().reports;
          for (std::size_t i = 0; i + most < found->size(); ++i)
            host_.stores().records().remove(
                {std::string(records_of), host_.domain().name, (*found)[i].key}, [](Result<>) {
                  // What stays is removed after the next report.
                });
        });
  }

  // --- the server of whom was reported (section 5, report-origin)

  // Whoever runs it says in its disco#info to whom reports go (XEP-0157): only somebody there is
  // believed to want them.
  void tell_origin(const Jid& reported, const xmpp::Report& report) {
    if (host_.shard().serves(reported.domain()) || open_questions_ >= most_questions) return;
    ++open_questions_;
    StanzaHead head = StanzaHead::of(IqType::get);
    head.from = host_.address();
    head.to = Jid::trusted(std::string(reported.domain()));
    // Nothing that names the reporter: not the messages either, whose ids his server gave.
    xmpp::Report passed{.reason = report.reason, .texts = report.texts};
    host_.ask(Stanza(std::move(head), xmpp::to_xml(xmpp::DiscoInfo{}, xmpp::ns::client)), patience,
              [this, reported, passed = std::move(passed)](const Stanza* answer) {
                --open_questions_;
                if (const auto to = address_for_reports(answer)) send_report(*to, reported, passed);
              });
  }

  static std::optional<Jid> address_for_reports(const Stanza* answer) {
    if (answer == nullptr || !answer->head.is(IqType::result)) return std::nullopt;
    const auto info = xmpp::read<xmpp::DiscoInfo>(answer->root().first_child());
    if (!info) return std::nullopt;
    for (const std::string_view kind : {"report-addresses", "abuse-addresses"})
      for (const DataForm& form : info->forms)
        if (const xmpp::FormField* field = form.find(kind))
          for (std::string_view uri : field->values) {
            if (!uri.starts_with("xmpp:")) continue;
            uri = uri.substr(5, uri.find('?') - 5);
            const auto jid = Jid::parse(uri);
            if (jid && jid->domain() == answer->head.from.domain()) return jid->bare();
          }
    return std::nullopt;
  }

  void send_report(const Jid& to, const Jid& reported, const xmpp::Report& report) {
    StanzaHead head = StanzaHead::of(MessageType::normal);
    head.from = host_.address();
    head.to = to;
    head.id = host_.random().token(9);
    const std::string whom(reported.bare_text());
    std::string text =
        "A user of " + host_.domain().name + " reports " + whom + ": " + report.reason;
    for (const xmpp::ReportText& one : report.texts) text += "\n" + one.text;
    std::string xml;
    xml::Writer writer(xml, xmpp::ns::client);
    writer.open("body", xmpp::ns::client).text(text).close();
    writer.open("jid", "urn:xmpp:jid:0").text(whom).close();
    xmpp::write(writer, report);
    Stanza message(std::move(head), xml);
    if (host_.commit(message)) host_.send(std::move(message));
  }

  static std::string told(const KeptReport& report) {
    std::string text = report.reporter + " reports " + report.reported + ": " + report.reason;
    if (!report.text.empty()) text += "\n" + report.text;
    return text;
  }

  static constexpr Seconds patience{60};
  static constexpr unsigned most_questions = 16;  // at once; others are told to nobody else

  ModuleHost& host_;
  unsigned open_questions_ = 0;
  AdminNotices notices_{host_, "Report of unwanted messages", "more reports"};
};

}  // namespace herold::server

HEROLD_MODULE(reports, Reports)
