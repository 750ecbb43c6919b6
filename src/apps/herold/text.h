// What the herold program says to people, in English and German.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace herold::app {

enum class Language : std::uint8_t { english, german };

// From $LC_ALL, $LC_MESSAGES and $LANG, the first that is set.
Language language_of_environment();

// The keys of the table in text.cc.
enum class Text : std::uint8_t {
  about,
  help_serve,
  help_check,
  help_user,
  help_user_add,
  help_user_remove,
  help_user_passwd,
  help_user_list,
  help_user_enable,
  help_user_disable,
  help_user_clients,
  help_user_revoke,
  help_user_factor_off,
  help_user_export,
  help_status,
  help_reload,
  help_stop,
  help_config,
  help_config_print,
  help_component,
  help_component_list,
  help_keys,
  help_keys_change,
  help_federation,
  help_federation_list,
  help_federation_show,
  help_federation_block,
  help_federation_allow,
  option_peer,
  peer_waiting,
  no_peers,
  peer_is_refused,
  peer_is_welcome,
  help_erase,
  option_now,
  help_modules,
  help_version,
  help_help,
  help_doc,
  option_help,
  option_config,
  option_json,
  option_password_stdin,
  option_address,
  option_domain,
  option_client,
  no_password_on_stdin,
  user_added,
  user_added_with_password,
  user_removed,
  password_changed,
  password_made,
  user_enabled,
  user_disabled,
  user_is_disabled,
  no_users,
  add_first_user,
  no_clients,
  client_connected,
  client_revoked,
  client_knows_password,
  factor_is_off,
  component_away,
  component_waiting,
  no_components,
  keys_changed,
  erased,
  erased_but_owed,
  erased_but_stopped,
  reloaded,
  stopping,
  unknown_command,
  not_running,
  start_it,
  failed,
  configuration_wrong,
  module_on,
  module_off,
  check_good,
  check_warning,
  check_problem,
  check_config_file,
  check_config_defaults,
  check_data_ready,
  check_data_new,
  check_data_open,
  check_data_missing_parent,
  check_data_not_ours,
  check_keys_missing,
  check_tls_own,
  check_tls_ready,
  check_tls_ends_soon,
  check_tls_ended,
  check_tls_name_missing,
  check_port_free,
  check_port_ours,
  check_port_taken,
  check_port_denied,
  check_port_no_address,
  check_only_loopback,
  check_clock_wrong,
  check_clock_right,
  check_few_files,
  check_summary_good,
  check_summary_bad,
  count_,
};

// The text with each "{}" replaced by the next argument.
std::string say(Language language, Text text, const std::vector<std::string>& arguments = {});

// Text from elsewhere (addresses, names) with what could command a terminal made visible.
std::string harmless(std::string_view text);

}  // namespace herold::app
