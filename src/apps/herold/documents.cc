// Manual pages in man(7) form, DOAP as XEP-0453 shapes it, and a Markdown table.
#include "apps/herold/documents.h"

#include <algorithm>
#include <map>

#include "apps/herold/invocation.h"
#include "server/config.h"
#include "server/version.h"

namespace herold::app {
namespace {

using server::ModuleDescription;
using server::OptionRow;
using server::Specification;

// Text in man(7): no backslash commands, no line that begins like a request.
std::string roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else if ((c == '.' || c == '\'') && (escaped.empty() || escaped.back() == '\n')) {
      escaped += std::string("\\&") + c;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// Help as input lines of at most 72 columns, as man(7) wants its sources.
std::string paragraph(std::string_view text) {
  constexpr std::size_t columns = 72;
  std::string lines(text);
  std::size_t begin = 0;
  while (lines.size() - begin > columns) {
    std::size_t blank = lines.rfind(' ', begin + columns);
    if (blank == lines.npos || blank <= begin) blank = lines.find(' ', begin + columns);
    if (blank == lines.npos) break;
    lines[blank] = '\n';
    begin = blank + 1;
  }
  return roff(lines);
}

// The title line; what the version was, and when it began.
std::string title(std::string_view name, std::string_view section) {
  return ".TH " + std::string(name) + ' ' + std::string(section) + ' ' +
         std::string(herold::version_date) + " \"herold " + std::string(herold::version) + "\"\n";
}

std::string xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '"')
      escaped += "&quot;";
    else
      escaped += c;
  }
  return escaped;
}

std::string document_name(const Specification& specification) {
  std::string number = std::to_string(specification.number);
  if (specification.series == Specification::Series::rfc) return "RFC " + number;
  number.insert(0, 4 - std::min<std::size_t>(4, number.size()), '0');
  return "XEP-" + number;
}

std::string files_and_backup() {
  constexpr std::pair<std::string_view, std::string_view> files[] = {
      {"/etc/herold/herold.toml", "The configuration, see herold.toml(5)."},
      {"herold.sqlite", "In the data folder: accounts, rosters, stored messages."},
      {"herold.keys",
       "The keys under which credentials in the database are sealed. Existing data without its key "
       "file is refused; a new one is never made silently."},
      {"journal/",
       "What was accepted and is not delivered or stored yet, and sessions that can be resumed."},
      {"journal/*.corrupt",
       "Journal files that were found damaged at a start (event journal-damaged in the log). All "
       "that could be read was taken over, and nobody could resume; of messages in the damaged "
       "places nothing is known. The disk should be examined. The youngest journal_corrupt_files "
       "of them are kept for a look at them, and may be removed at any time."}};
  std::string page = ".SH FILES\n";
  for (const auto& [name, meaning] : files)
    page += ".TP\n.I " + std::string(name) + '\n' + paragraph(meaning) + '\n';
  return page + ".SH BACKUP\n" +
         paragraph(
             "Keep database (with -wal), journal and key file of one moment together: from a "
             "stopped "
             "server, or from a snapshot of the file system. Keep a copy of the key file apart as "
             "well: without it a backup has no usable credentials, with it whoever has the backup "
             "has them. After \"herold keys change\" older backups need the key file of their own "
             "time. A change that broke off may be repeated; until it succeeds all keys stay in "
             "the "
             "file.") +
         '\n';
}

std::string erasing() {
  return ".SH ERASING\n" +
         paragraph(
             "What is removed (an account, a retracted or expired message, a node) is deleted from "
             "the database at once, and SQLite overwrites it with zeros (secure_delete). Three "
             "kinds of copies stay for a while: journal files, until they are left behind "
             "(journal_segment_age, at most a day); words in the index for searches, until its "
             "parts are merged (hourly); and copies in the unused space of database pages, which "
             "SQLite leaves when it divides or joins pages: secure_delete overwrites what is "
             "deleted and pages that become free, but not those. When an account is removed a "
             "database up to 16 MiB is therefore written anew; a larger one only by \"herold erase "
             "--now\".") +
         "\n.PP\n" +
         paragraph(
             "\"herold erase --now\" leaves nothing of these three, and waits until that is done. "
             "What is still under way is copied into new journal files. The database needs its "
             "size again as free space in its folder (in the write-ahead log) and, above 64 MiB, "
             "for files without a name in SQLITE_TMPDIR or /var/tmp; what is stored meanwhile "
             "waits in the journal, as long as the disk takes to write the database twice. It may "
             "also be run while the "
             "server is stopped; then what rooms and nodes have of accounts that were removed "
             "meanwhile goes with the next start.") +
         "\n.PP\n" +
         paragraph(
             "Not erased is what others have: messages in the archives of those they were sent to "
             "or that wait for their clients, and bans of the address. Nor can a program reach "
             "backups, snapshots of a file system, and blocks that a disk has replaced or a file "
             "system has freed: for these, encrypt the disk.") +
         '\n';
}

std::string program_page() {
  std::string page = title("HEROLD", "1");
  page += ".SH NAME\nherold \\- XMPP server and its administration\n.SH SYNOPSIS\n";
  const auto commands = command_help(Language::english);
  for (const CommandHelp& command : commands)
    page += (&command == &commands.front() ? ".B " : ".br\n.B ") + roff(command.name) + '\n';
  page += ".SH DESCRIPTION\n" + paragraph(say(Language::english, Text::about)) + '\n';
  page += ".SH COMMANDS\n";
  for (const CommandHelp& command : commands) {
    page += ".SS " + roff(command.name) + '\n' + paragraph(command.help) + '\n';
    for (const auto& [name, help] : command.options)
      page += ".TP\n.B " + roff(name) + '\n' + paragraph(help) + '\n';
  }
  page += ".SH \"EXIT STATUS\"\n.TP\n0\nDone.\n.TP\n1\nIt failed; standard error says why.\n";
  page += ".TP\n2\nThe command line is wrong.\n.TP\n3\nThe server is not running.\n";
  page += files_and_backup();
  page += erasing();
  return page + ".SH \"SEE ALSO\"\nherold.toml(5)\n";
}

void add_options(std::string& page, std::span<const OptionRow> rows) {
  for (const OptionRow& row : rows) {
    page += ".TP\n.BR " + roff(row.name) + " \" = " + roff(row.type_text()) + "\"\n";
    page += paragraph(std::string(row.help) + " Default: " + row.default_text()) + '\n';
  }
}

// The types have quotes in them, which an argument of a request cannot.
std::string quote_safe(std::string page) {
  for (std::size_t line = 0; (line = page.find(".BR ", line)) != page.npos; ++line) {
    const std::size_t end = page.find('\n', line);
    const std::size_t first = page.find('"', line), last = page.rfind('"', end);
    for (std::size_t i = last - 1; i > first; --i)
      if (page[i] == '"') page.replace(i, 1, "\\(dq");
  }
  return page;
}

std::string config_page(std::span<const ModuleDescription> modules) {
  std::string page = title("HEROLD.TOML", "5");
  page += ".SH NAME\nherold.toml \\- configuration of the herold server\n.SH DESCRIPTION\n";
  page +=
      "A TOML file. Relative paths are below its folder.\nTables of a domain go before the "
      "global ones of the same name.\n.SH KEYS\n.SS Above all tables\n";
  add_options(page, server::option_rows<server::GeneralConfig>());
  page +=
      ".SS [[domain]]\nOnce a domain; [domain.tls], [domain.limits], [domain.contact] and\n"
      "[domain.module.NAME] follow it.\n";
  add_options(page, server::option_rows<server::DomainConfig>());
  page += ".SS [tls]\n";
  add_options(page, server::option_rows<server::TlsConfig>());
  page += ".SS [listen]\nWhat the table leaves out is not listened on.\n";
  add_options(page, server::option_rows<server::ListenConfig>());
  page += ".SS [log]\n";
  add_options(page, server::option_rows<server::LogConfig>());
  page += ".SS [contact]\n";
  add_options(page, server::option_rows<server::ContactConfig>());
  page += ".SS [limits]\n";
  for (const LimitRow& row : limit_rows())
    page += ".TP\n.B " + roff(row.name) + '\n' +
            paragraph(std::string(row.reason) +
                      " Default: " + server::print_limit(row.unit, Limits{}.*row.field)) +
            '\n';
  for (const ModuleDescription& module : modules) {
    page += ".SS [module." + roff(module.name) + "]\n" + roff(module.title) + ".\n";
    page += ".TP\n.BR enabled \" = true | false\"\nWhether the module runs. Default: ";
    page += module.enabled_by_default ? "true\n" : "false\n";
    add_options(page, module.options);
  }
  return quote_safe(std::move(page));
}

// What the server itself does, whichever modules there are. RFC 6120 and its kin stand in
// doap() and in the README's own words.
struct CoreDocument {
  Specification specification;
  std::string_view title;
};
constexpr CoreDocument core_documents[] = {
    {{.number = 4, .version = "2.13.2"}, "Data Forms"},
    {{.number = 68, .version = "1.3.0"}, "Field Standardization for Data Forms"},
    {{.number = 82, .version = "1.1.1"}, "XMPP Date and Time Profiles"},
    {{.number = 128, .version = "1.0.1"}, "Service Discovery Extensions"},
    {{.number = 178, .version = "1.2"},
     "Best Practices for Use of SASL EXTERNAL with Certificates"},
    {{.number = 185, .version = "1.0"}, "Dialback Key Generation and Validation"},
    {{.number = 198, .version = "1.6.3"}, "Stream Management"},
    {{.number = 203, .version = "2.0"}, "Delayed Delivery"},
    {{.number = 220, .version = "1.1.1"}, "Server Dialback"},
    {{.number = 237, .version = "1.3"}, "Roster Versioning"},
    {{.number = 288, .version = "1.0.1"}, "Bidirectional Server-to-Server Connections"},
    {{.number = 297, .version = "1.0"}, "Stanza Forwarding"},
    {{.number = 300, .version = "1.0.0"}, "Use of Cryptographic Hash Functions in XMPP"},
    {{.number = 334, .version = "1.0.0"}, "Message Processing Hints"},
    {{.number = 368, .version = "1.1.0"}, "SRV records for XMPP over TLS"},
    {{.number = 386, .version = "1.1.0"}, "Bind 2"},
    {{.number = 388, .version = "1.0.4"}, "Extensible SASL Profile"},
    {{.number = 440, .version = "1.0.0"}, "SASL Channel-Binding Type Capability"},
    {{.number = 474, .version = "0.5.0"}, "SASL SCRAM Downgrade Protection"},
    {{.number = 480, .version = "0.2.0"}, "SASL Upgrade Tasks"},
    {{.number = 484, .version = "0.2.0"}, "Fast Authentication Streamlining Tokens"},
    {{.number = 509, .version = "0.2.0"}, "Initial Authentication Pipelining"},
    {{.number = 515, .version = "0.1.0"}, "TLS Channel-Binding Downgrade Protection"},
};

// Every document once, in order; several modules may share one.
std::map<std::string, std::pair<const Specification*, std::string>> documents(
    std::span<const ModuleDescription> modules) {
  std::map<std::string, std::pair<const Specification*, std::string>> all;
  for (const CoreDocument& core : core_documents)
    all.try_emplace(document_name(core.specification), &core.specification, core.title);
  for (const ModuleDescription& module : modules)
    for (const Specification& specification : module.specifications)
      all.try_emplace(document_name(specification), &specification, std::string(module.title));
  return all;
}

std::string doap(std::span<const ModuleDescription> modules) {
  std::string text =
      "<?xml version='1.0' encoding='UTF-8'?>\n"
      "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'\n"
      "         xmlns='http://usefulinc.com/ns/doap#' "
      "xmlns:xmpp='https://linkmauve.fr/ns/xmpp-doap#'>\n"
      "  <Project>\n    <name>Herold</name>\n"
      "    <shortdesc xml:lang='en'>XMPP server in modern C++</shortdesc>\n"
      "    <description xml:lang='en'>Chat, contacts and presence over TLS for several devices, "
      "with nothing lost when a process, a disk or a connection fails.</description>\n"
      "    <created>2026-11-21</created>\n    <language>en</language>\n"
      "    <programming-language>C++</programming-language>\n    <os>Linux</os>\n"
      "    <license rdf:resource='https://www.apache.org/licenses/LICENSE-2.0'/>\n"
      "    <category rdf:resource='https://linkmauve.fr/ns/xmpp-doap#category-server'/>\n";
  for (const char* rfc : {"6120", "6121", "7590", "7622"})
    text +=
        "    <implements rdf:resource='https://xmpp.org/rfcs/rfc" + std::string(rfc) + ".html'/>\n";
  for (const auto& [name, entry] : documents(modules)) {
    const Specification& specification = *entry.first;
    if (specification.series != Specification::Series::xep) continue;
    std::string file = name;
    std::ranges::transform(file, file.begin(), [](char c) {
      return c == 'X' ? 'x' : c == 'E' ? 'e' : c == 'P' ? 'p' : c;
    });
    text += "    <implements>\n      <xmpp:SupportedXep>\n";
    text += "        <xmpp:xep rdf:resource='https://xmpp.org/extensions/" + file + ".html'/>\n";
    text += "        <xmpp:status>" + xml(specification.status) + "</xmpp:status>\n";
    if (!specification.version.empty())
      text += "        <xmpp:version>" + xml(specification.version) + "</xmpp:version>\n";
    text += "        <xmpp:note xml:lang='en'>" + xml(entry.second) + "</xmpp:note>\n";
    text += "      </xmpp:SupportedXep>\n    </implements>\n";
  }
  return text + "  </Project>\n</rdf:RDF>\n";
}

std::string modules_table(std::span<const ModuleDescription> modules) {
  std::string text = "| module | what | documents | options |\n|---|---|---|---|\n";
  for (const ModuleDescription& module : modules) {
    std::string names, options;
    for (const Specification& specification : module.specifications)
      names += (names.empty() ? "" : ", ") + document_name(specification) +
               (specification.version.empty() ? "" : " " + std::string(specification.version));
    for (const OptionRow& row : module.options)
      options += (options.empty() ? "`" : ", `") + std::string(row.name) + '`';
    text += "| " + std::string(module.name) + " | " + std::string(module.title) + " | " + names +
            " | " + options + " |\n";
  }
  for (const CoreDocument& core : core_documents)
    text += "| | " + std::string(core.title) + " | " + document_name(core.specification) + ' ' +
            std::string(core.specification.version) + " | |\n";
  return text;
}

}  // namespace

std::string make_document(std::string_view name, std::span<const ModuleDescription> modules) {
  if (name == "man") return program_page();
  if (name == "man-config") return config_page(modules);
  if (name == "doap") return doap(modules);
  return modules_table(modules);
}

}  // namespace herold::app
