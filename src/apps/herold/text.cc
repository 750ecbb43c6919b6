// The table of messages, English and German side by side.
#include "apps/herold/text.h"

#include <cstdlib>

namespace herold::app {
namespace {

struct Row {
  Text text;
  std::string_view english;
  std::string_view german;
};

constexpr Row rows[] = {
    {Text::about, "Herold, an XMPP server: one program to run it and to administer it.",
     "Herold, ein XMPP-Server: ein Programm, das ihn betreibt und verwaltet."},
    {Text::help_serve, "Run the server.", "Den Server betreiben."},
    {Text::help_check,
     "Look at configuration, files, certificates and ports, and say what is wrong.",
     "Konfiguration, Dateien, Zertifikate und Ports ansehen und sagen, was nicht stimmt."},
    {Text::help_user, "Accounts.", "Konten."},
    {Text::help_user_add, "Make an account.", "Ein Konto anlegen."},
    {Text::help_user_remove, "Remove an account and all that belongs to it.",
     "Ein Konto und alles, was dazu gehört, entfernen."},
    {Text::help_user_passwd, "Give an account a new password.",
     "Einem Konto ein neues Passwort geben."},
    {Text::help_user_list, "List the accounts.", "Die Konten auflisten."},
    {Text::help_user_enable, "Let an account sign in again.", "Ein Konto wieder anmelden lassen."},
    {Text::help_user_disable, "Keep an account, but let it not sign in.",
     "Ein Konto behalten, aber nicht mehr anmelden lassen."},
    {Text::help_user_clients, "List what has access to an account.",
     "Auflisten, was Zugang zu einem Konto hat."},
    {Text::help_user_revoke, "Switch one client of an account off.",
     "Einen Client eines Kontos abschalten."},
    {Text::help_user_factor_off, "Let an account sign in without its second factor.",
     "Ein Konto ohne seinen zweiten Faktor anmelden lassen."},
    {Text::help_user_export,
     "Print all data of an account as XEP-0227 has it, with its archive and keys.",
     "Alle Daten eines Kontos nach XEP-0227 ausgeben, mit Archiv und Schlüsseln."},
    {Text::help_status, "Say how the running server is.",
     "Sagen, wie es dem laufenden Server geht."},
    {Text::help_reload, "Make the running server read its configuration and certificates again.",
     "Den laufenden Server Konfiguration und Zertifikate neu lesen lassen."},
    {Text::help_stop, "Stop the running server; sessions can be resumed after its next start.",
     "Den laufenden Server anhalten; Sitzungen gehen nach dem nächsten Start weiter."},
    {Text::help_config, "The configuration.", "Die Konfiguration."},
    {Text::help_config_print,
     "Print the configuration with defaults, help and where each value is from.",
     "Die Konfiguration mit Vorgaben, Hilfe und der Herkunft jedes Werts ausgeben."},
    {Text::help_component, "External components.", "Externe Komponenten."},
    {Text::help_component_list, "List the components: who is connected, and what waits for each.",
     "Die Komponenten auflisten: wer verbunden ist, und was auf jede wartet."},
    {Text::help_keys, "The keys under which credentials are stored.",
     "Die Schlüssel, unter denen Zugangsdaten gespeichert sind."},
    {Text::help_keys_change,
     "Make a new key, seal all stored credentials anew and forget the old keys.",
     "Einen neuen Schlüssel machen, alle Zugangsdaten neu verschließen, die alten vergessen."},
    {Text::help_federation, "Other servers.", "Andere Server."},
    {Text::help_federation_list, "List the connections with other servers and what waits for them.",
     "Die Verbindungen mit anderen Servern auflisten, und was auf sie wartet."},
    {Text::help_federation_show, "Say how it is with one other domain.",
     "Sagen, wie es um eine andere Domäne steht."},
    {Text::help_federation_block, "Talk to this domain no more, from now on.",
     "Mit dieser Domäne ab jetzt nicht mehr sprechen."},
    {Text::help_federation_allow, "Talk to this domain, from now on.",
     "Ab jetzt mit dieser Domäne sprechen."},
    {Text::option_peer, "The other domain; \"*.example.org\" is all below it.",
     "Die andere Domäne; \"*.example.org\" ist alles darunter."},
    {Text::peer_waiting, "{} waiting", "{} wartend"},
    {Text::no_peers, "There is no connection with another server.",
     "Es gibt keine Verbindung mit einem anderen Server."},
    {Text::peer_is_refused, "This server does not talk to {}.",
     "Dieser Server spricht nicht mit {}."},
    {Text::peer_is_welcome, "This server talks to {}, which has to prove itself by: {}.",
     "Dieser Server spricht mit {}; Nachweis: {}."},
    {Text::help_erase,
     "Erase from all files what was removed, which otherwise takes up to a day: what accounts that "
     "went are still owed is finished, every journal file is left behind, and the database is "
     "written anew (which takes its size in free space, and holds up what is stored meanwhile). "
     "Backups, copies by the file system and what others still have are not touched.",
     "Entferntes aus allen Dateien löschen, was sonst bis zu einem Tag dauert: was entfernten "
     "Konten noch geschuldet ist, wird erledigt, alle Journaldateien werden verlassen, und die "
     "Datenbank "
     "wird neu geschrieben (das braucht ihre Größe an freiem Platz und hält auf, was inzwischen "
     "gespeichert wird). Sicherungen, Kopien des Dateisystems und was andere noch haben, bleiben."},
    {Text::option_now, "At once. There is no other way to run it.",
     "Sofort. Anders läuft es nicht."},
    {Text::help_modules, "List the modules.", "Die Module auflisten."},
    {Text::help_version, "Print the version.", "Die Version ausgeben."},
    {Text::help_help, "Print help, also for a command: herold help user.",
     "Hilfe ausgeben, auch zu einem Befehl: herold help user."},
    {Text::help_doc, "Print generated documents.", "Erzeugte Dokumente ausgeben."},
    {Text::option_help, "Print this help.", "Diese Hilfe ausgeben."},
    {Text::option_config, "The configuration file (else /etc/herold/herold.toml, else defaults).",
     "Die Konfigurationsdatei (sonst /etc/herold/herold.toml, sonst Vorgaben)."},
    {Text::option_json, "Print JSON.", "JSON ausgeben."},
    {Text::option_password_stdin, "Read the password from standard input (else one is made up).",
     "Das Passwort von der Standardeingabe lesen (sonst wird eines ausgedacht)."},
    {Text::option_address, "The account, such as alice@example.org.",
     "Das Konto, etwa alice@example.org."},
    {Text::option_domain, "Only this domain.", "Nur diese Domäne."},
    {Text::option_client, "The client, by its id in the list of clients.",
     "Der Client, mit seiner Kennung aus der Liste der Clients."},
    {Text::no_password_on_stdin, "no password on standard input",
     "kein Passwort auf der Standardeingabe"},
    {Text::user_added, "{} is added.", "{} ist angelegt."},
    {Text::user_added_with_password, "{} is added, with the password: {}",
     "{} ist angelegt, mit dem Passwort: {}"},
    {Text::user_removed, "{} is removed.", "{} ist entfernt."},
    {Text::password_changed, "{} has the new password.", "{} hat das neue Passwort."},
    {Text::password_made, "{} has the new password: {}", "{} hat das neue Passwort: {}"},
    {Text::user_enabled, "{} may sign in again.", "{} kann sich wieder anmelden."},
    {Text::user_disabled, "{} can no longer sign in.", "{} kann sich nicht mehr anmelden."},
    {Text::user_is_disabled, "{} (disabled)", "{} (gesperrt)"},
    {Text::no_users, "There are no accounts yet.", "Es gibt noch keine Konten."},
    {Text::add_first_user, "Add one: {}", "Eines anlegen: {}"},
    {Text::no_clients, "Nothing has access but whoever knows the password.",
     "Nichts hat Zugang, außer wer das Passwort kennt."},
    {Text::client_connected, "connected", "verbunden"},
    {Text::client_revoked, "The client is switched off.", "Der Client ist abgeschaltet."},
    {Text::client_knows_password, "It knows the password; only another one keeps it out: {}",
     "Er kennt das Passwort; draußen bleibt er erst mit einem anderen: {}"},
    {Text::factor_is_off, "{} signs in without a second factor.",
     "{} meldet sich ohne zweiten Faktor an."},
    {Text::component_away, "away", "fort"},
    {Text::component_waiting, "{} waiting", "{} wartend"},
    {Text::no_components, "There are no components in the configuration.",
     "In der Konfiguration stehen keine Komponenten."},
    {Text::keys_changed,
     "Key {} is in use, {} accounts are sealed anew. Make a backup of data and herold.keys now: "
     "older ones only fit together.",
     "Schlüssel {} gilt, {} Konten sind neu verschlossen. Jetzt Daten und herold.keys sichern: "
     "ältere Sicherungen passen nur zueinander."},
    {Text::erased,
     "Erased: {} journal files are gone, the database is written anew ({} bytes, before {}), and "
     "its "
     "log is empty. Backups and snapshots still have what they had.",
     "Gelöscht: {} Journaldateien sind weg, die Datenbank ist neu geschrieben ({} Bytes, vorher "
     "{}) "
     "und ihr Protokoll leer. Sicherungen und Schnappschüsse haben noch, was sie hatten."},
    {Text::erased_but_owed,
     "Not finished: the removal of {} accounts. What rooms and nodes have of them is still there; "
     "the log says why. Run it again later.",
     "Nicht fertig: die Entfernung von {} Konten. Was Räume und Knoten von ihnen haben, ist noch "
     "da; "
     "das Log sagt, warum. Später noch einmal ausführen."},
    {Text::erased_but_stopped,
     "Not finished, because the server does not run: the removal of {} accounts. Start the server, "
     "which does the rest, and run it again.",
     "Nicht fertig, weil der Server nicht läuft: die Entfernung von {} Konten. Den Server starten, "
     "der den Rest erledigt, und es noch einmal ausführen."},
    {Text::reloaded, "The server has read its configuration again.",
     "Der Server hat seine Konfiguration neu gelesen."},
    {Text::stopping, "The server stops.", "Der Server hält an."},
    {Text::unknown_command, "there is no command {}", "es gibt keinen Befehl {}"},
    {Text::not_running, "the server is not running ({})", "der Server läuft nicht ({})"},
    {Text::start_it, "Start it: {}", "So startet er: {}"},
    {Text::failed, "herold: {}", "herold: {}"},
    {Text::configuration_wrong, "The configuration has mistakes:", "Die Konfiguration hat Fehler:"},
    {Text::module_on, "on", "an"},
    {Text::module_off, "off", "aus"},
    {Text::check_good, "ok", "gut"},
    {Text::check_warning, "warning", "Warnung"},
    {Text::check_problem, "problem", "Problem"},
    {Text::check_config_file, "configuration {} is understood", "Konfiguration {} ist verstanden"},
    {Text::check_config_defaults, "no configuration file: defaults, this machine only",
     "keine Konfigurationsdatei: Vorgaben, nur dieser Rechner"},
    {Text::check_data_ready, "data folder {} is ours alone", "Datenordner {} gehört uns allein"},
    {Text::check_data_new, "data folder {} will be made on the first start",
     "Datenordner {} wird beim ersten Start angelegt"},
    {Text::check_data_open, "others may look into the data folder {}; run: chmod 700 {}",
     "andere können in den Datenordner {} sehen; abhelfen mit: chmod 700 {}"},
    {Text::check_data_missing_parent, "data folder {} cannot be made: {} is not writable",
     "Datenordner {} lässt sich nicht anlegen: {} ist nicht beschreibbar"},
    {Text::check_data_not_ours, "data folder {} is not writable for this user",
     "Datenordner {} ist für diesen Benutzer nicht beschreibbar"},
    {Text::check_keys_missing, "there is data but no key file {}: restore it from a backup",
     "es gibt Daten, aber keine Schlüsseldatei {}: aus einer Sicherung zurückholen"},
    {Text::check_tls_own, "{}: certificate by the server's own authority",
     "{}: Zertifikat der eigenen Zertifizierungsstelle des Servers"},
    {Text::check_tls_ready, "{}: certificate {} is good until {}", "{}: Zertifikat {} gilt bis {}"},
    {Text::check_tls_ends_soon, "{}: certificate {} ends soon: {}",
     "{}: Zertifikat {} läuft bald ab: {}"},
    {Text::check_tls_ended, "{}: certificate {} ended: {}", "{}: Zertifikat {} ist abgelaufen: {}"},
    {Text::check_tls_name_missing, "{}: certificate {} is for other names: {}",
     "{}: Zertifikat {} ist für andere Namen: {}"},
    {Text::check_port_free, "{} is free", "{} ist frei"},
    {Text::check_port_ours, "{} is held by our running server", "{} hält unser laufender Server"},
    {Text::check_port_taken, "{} is taken by another program; find it: ss -ltnp",
     "{} hat ein anderes Programm; finden mit: ss -ltnp"},
    {Text::check_port_denied,
     "{} is refused to this user; ports below 1024 need CAP_NET_BIND_SERVICE",
     "{} ist diesem Benutzer verwehrt; Ports unter 1024 brauchen CAP_NET_BIND_SERVICE"},
    {Text::check_port_no_address, "{}: this machine has no such address",
     "{}: diese Adresse hat der Rechner nicht"},
    {Text::check_only_loopback,
     "{} listens on this machine only; for others set client and client_tls in [listen]",
     "{} ist nur auf diesem Rechner erreichbar; für andere client und client_tls in [listen] "
     "setzen"},
    {Text::check_clock_wrong, "the clock says {}: certificates and stamps will be wrong",
     "die Uhr sagt {}: Zertifikate und Zeitangaben werden falsch"},
    {Text::check_clock_right, "the clock says {}", "die Uhr sagt {}"},
    {Text::check_few_files, "only {} open files are allowed (ulimit -n): so many connections fit",
     "nur {} offene Dateien sind erlaubt (ulimit -n): so viele Verbindungen passen"},
    {Text::check_summary_good, "Nothing stands against starting.",
     "Dem Start steht nichts entgegen."},
    {Text::check_summary_bad, "{} to mend before the server can run.",
     "{} zu beheben, bevor der Server laufen kann."},
};

constexpr bool is_complete() {
  if (std::size(rows) != static_cast<std::size_t>(Text::count_)) return false;
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (rows[i].text != static_cast<Text>(i)) return false;
  return true;
}
static_assert(is_complete(), "every text stands in the table, in the order of the keys");

}  // namespace

Language language_of_environment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    return std::string_view(value).starts_with("de") ? Language::german : Language::english;
  }
  return Language::english;
}

std::string say(Language language, Text text, const std::vector<std::string>& arguments) {
  const Row& row = rows[static_cast<std::size_t>(text)];
  std::string_view rest = language == Language::german ? row.german : row.english;
  std::string made;
  for (const std::string& argument : arguments) {
    const std::size_t hole = rest.find("{}");
    if (hole == rest.npos) break;
    made += rest.substr(0, hole);
    made += argument;
    rest.remove_prefix(hole + 2);
  }
  return made += rest;
}

std::string harmless(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (is_c1) ++i;
    const bool is_control = (byte < 0x20 && byte != '\n') || byte == 0x7f || is_c1;
    shown += is_control ? '?' : text[i];
  }
  return shown;
}

}  // namespace herold::app
