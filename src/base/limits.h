// Every bound of the system, named, with its default and the reason. Configurable by `[limits]`,
// except those that hold before a configuration is read or follow from the design (`bounds`).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace herold {

// Values are counts, bytes, seconds or milliseconds as the row in limit_rows() says.
struct Limits {
  // Before authentication.
  std::uint64_t preauth_element_bytes = 16_KiB;
  std::uint64_t preauth_elements = 64;
  std::uint64_t preauth_depth = 16;
  std::uint64_t preauth_total_bytes = 64_KiB;
  std::uint64_t preauth_time = 30;
  std::uint64_t handshake_time = 10;
  // Stanzas of clients.
  std::uint64_t stanza_bytes = 256_KiB;
  std::uint64_t stanza_elements = 5000;
  std::uint64_t stanza_depth = 100;
  std::uint64_t stanza_attributes = 64;
  std::uint64_t oversize_skip_factor = 4;
  std::uint64_t stanza_id_bytes = 1023;
  // Connections.
  std::uint64_t connection_rate = 20;
  std::uint64_t connection_burst = 50;
  std::uint64_t connections_unauthenticated = 200;
  std::uint64_t unauthenticated_fd_percent = 10;
  std::uint64_t client_bandwidth = 32 * 1000;
  std::uint64_t client_bandwidth_burst = 512 * 1000;
  std::uint64_t send_buffer = 512_KiB;
  std::uint64_t close_linger = 5;
  // Sessions.
  std::uint64_t resources = 20;
  std::uint64_t sm_queue_bytes = 1_MiB;
  std::uint64_t sm_disk_bytes = 64_MiB;
  std::uint64_t sm_resume_time = 600;
  std::uint64_t sm_ack_wait = 45;
  std::uint64_t sm_requests = 100;
  std::uint64_t csi_queue = 200;
  std::uint64_t csi_toggles = 10;
  std::uint64_t presence_rate = 10;
  std::uint64_t presence_burst = 100;
  std::uint64_t directed_presence = 2000;
  std::uint64_t held_presences = 1000;
  // Accounts.
  std::uint64_t offline_messages = 1000;
  std::uint64_t offline_bytes = 5_MiB;
  std::uint64_t roster_items = 2000;
  std::uint64_t roster_groups = 20;
  std::uint64_t roster_removals = 100;
  std::uint64_t roster_name_bytes = 1023;
  std::uint64_t pending_subscriptions = 200;
  std::uint64_t block_items = 1000;
  std::uint64_t private_entries = 100;
  std::uint64_t private_bytes = 256_KiB;
  std::uint64_t vcard_bytes = 256_KiB;
  std::uint64_t caps_cache = 5000;
  std::uint64_t caps_cache_bytes = 4_MiB;
  std::uint64_t caps_entry_bytes = 32_KiB;
  std::uint64_t strangers = 100;
  std::uint64_t stranger_window = 3600;
  std::uint64_t multicast_recipients = 20;
  // Archive.
  std::uint64_t archive_page = 250;
  std::uint64_t archive_bytes = 1_GiB;
  std::uint64_t archive_tail = 4000;
  std::uint64_t archive_settle_time = 1000;
  // Rooms.
  std::uint64_t rooms = 100000;
  std::uint64_t rooms_per_account = 200;
  std::uint64_t rooms_joined = 1000;
  std::uint64_t room_occupants = 20000;
  std::uint64_t room_affiliations = 20000;
  std::uint64_t room_history = 100;
  std::uint64_t room_history_bytes = 256_KiB;
  std::uint64_t room_text_bytes = 4_KiB;
  std::uint64_t room_nick_bytes = 256;
  std::uint64_t room_occupant_rate = 10;
  std::uint64_t room_occupant_burst = 50;
  // Nodes (XEP-0060, XEP-0163).
  std::uint64_t pubsub_nodes = 1000;
  std::uint64_t pubsub_items = 10000;
  std::uint64_t pubsub_bytes = 16_MiB;
  std::uint64_t pubsub_subscriptions = 10000;
  std::uint64_t pubsub_affiliations = 1000;
  std::uint64_t pubsub_id_bytes = 512;
  std::uint64_t pubsub_page = 100;
  // Devices.
  std::uint64_t clients = 100;
  std::uint64_t client_token_time = 60 * 86400;
  std::uint64_t app_passwords = 50;
  std::uint64_t push_registrations = 20;
  std::uint64_t push_rate = 10;
  std::uint64_t push_failures = 16;
  // Reports of spam (XEP-0377).
  std::uint64_t reports = 1000;
  // Sign-in.
  std::uint64_t scram_iterations = 10000;
  std::uint64_t auth_failures_stream = 3;
  std::uint64_t auth_failures_pair = 10;
  std::uint64_t auth_failure_window = 600;
  std::uint64_t password_bytes = 1023;
  std::uint64_t registrations_per_prefix = 5;
  std::uint64_t registration_window = 3600;
  std::uint64_t counted_places = 10000;
  std::uint64_t anonymous_per_prefix = 50;
  // Other servers.
  std::uint64_t peer_stanza_bytes = 512_KiB;
  std::uint64_t peer_stanza_elements = 10000;
  std::uint64_t peer_stanza_depth = 100;
  std::uint64_t peer_bandwidth = 256 * 1000;
  std::uint64_t peer_bandwidth_burst = 4000 * 1000;
  std::uint64_t peer_queue = 1000;
  std::uint64_t peer_queue_bytes = 4_MiB;
  std::uint64_t peer_waiting_bytes = 64_MiB;
  std::uint64_t peer_connect_time = 30;
  std::uint64_t peer_answer_time = 30;
  std::uint64_t peer_retry_first = 5;
  std::uint64_t peer_retry_most = 300;
  std::uint64_t peer_idle_time = 600;
  std::uint64_t peer_ack_wait = 60;
  std::uint64_t peer_streams = 8;
  std::uint64_t peer_pairs = 64;
  std::uint64_t peer_routes = 10000;
  // Components.
  std::uint64_t component_queue = 1000;
  std::uint64_t component_queue_bytes = 4_MiB;
  std::uint64_t component_waiting_bytes = 64_MiB;
  std::uint64_t component_bandwidth = 8000 * 1000;
  std::uint64_t component_bandwidth_burst = 16000 * 1000;
  std::uint64_t component_answer_time = 120;
  std::uint64_t component_presences = 20000;
  std::uint64_t component_requests = 1000;
  // Inside the server.
  std::uint64_t shard_mailbox = 65536;
  std::uint64_t turn_bytes = 256_KiB;
  std::uint64_t turn_events = 256;
  std::uint64_t turn_accepts = 32;
  std::uint64_t accept_pause = 1;
  std::uint64_t tls_idle_records = 32;
  std::uint64_t tls_key_records = 1 << 23;
  std::uint64_t store_queue = 4096;
  std::uint64_t store_batch = 1000;
  std::uint64_t journal_segment_bytes = 32_MiB;
  std::uint64_t journal_reserve_bytes = 1_MiB;
  std::uint64_t journal_segments = 16;
  std::uint64_t journal_segment_age = 23 * 3600;
  std::uint64_t journal_retry_time = 1;
  std::uint64_t journal_settle_time = 50;
  std::uint64_t journal_corrupt_files = 8;
  std::uint64_t message_lifetime = 24 * 3600;
  std::uint64_t log_events_per_second = 50;
  std::uint64_t adhoc_sessions = 100;
  std::uint64_t adhoc_session_time = 600;
  std::uint64_t greeting_bytes = 10000;
  std::uint64_t admin_connections = 16;
  std::uint64_t admin_line_bytes = 64_KiB;
  std::uint64_t stop_time = 5;
};

// Not configurable.
namespace bounds {
// A value in a line of the log: what a client wrote must not fill the disk.
inline constexpr Bytes log_value = 1_KiB;
// The limits are read from the configuration, so its own bound stands here.
inline constexpr Bytes config_file = 4_MiB;
inline constexpr std::size_t config_problems = 100;     // told of one file
inline constexpr std::size_t config_longest_word = 64;  // for which a similar one is looked for
inline constexpr std::uint64_t shards = 256;            // message ids have 8 bits for the shard
// No sensible option meets these, and they keep every computation with one from overflowing.
inline constexpr std::uint64_t longest_time = 36500ull * 86400;  // seconds; a hundred years
inline constexpr Bytes largest_size = 1024ull * 1024 * 1_GiB;
// Keys, secrets and certificates beside the data.
inline constexpr Bytes small_file = 64_KiB;
// A running server answers commands with lists of accounts: long, but never this long.
inline constexpr Bytes admin_answer = 1_GiB;
inline constexpr std::uint32_t accounts_page = 1000;  // read from the database at once
inline constexpr std::uint32_t offline_page = 100;    // messages handed over at once
inline constexpr std::size_t last_status = 1023;      // bytes of XEP-0012's status text
// Sign-ins and registrations that wait for their keys to be derived; more are told to wait.
inline constexpr std::size_t password_queue = 64;
inline constexpr unsigned password_threads = 2;
inline constexpr std::size_t loop_events = 1024;          // the kernel's answer, on our stack
inline constexpr std::size_t certificate_addresses = 16;  // of one client's certificate
inline constexpr std::size_t key_file_keys = 1000;        // more than a century of rotations needs
inline constexpr Bytes read_scratch = 64_KiB;    // a shard's, for what a connection has to say
inline constexpr Bytes output_to_move = 64_KiB;  // written bytes at its start are kept up to this
inline constexpr Bytes recovery_window = 1_MiB;  // of a segment in memory while it is searched
inline constexpr std::int64_t checked_pages = 16384;  // of a database at the start; more on demand
// Addresses that an account wrote to or heard from. More would be slow to look through for every
// message; who is forgotten counts once more as a stranger.
inline constexpr std::size_t known_strangers = 1000;
inline constexpr std::size_t client_name = 128;        // bytes of what a client calls itself
inline constexpr std::size_t listed_accounts = 10000;  // in the answer to one command
// Of an archive: queries of one account under way; named messages of a query; addresses in one list
// of preferences; messages of a conversation among which a retraction finds the one it means; boxes
// looked at and messages removed at once.
inline constexpr std::size_t archive_queries = 8;
inline constexpr std::size_t archive_ids = 250;
inline constexpr std::size_t archive_preferences = 1000;
inline constexpr std::uint64_t retractable = 1000;
inline constexpr std::uint32_t archive_piece = 500;
inline constexpr std::size_t archive_words = 16;  // that a search names
// Of a shard: memory of written output that is kept for what is written next, in how many pieces of
// which size at most. A larger one goes back at once.
inline constexpr std::size_t spare_outputs = 1024;
inline constexpr std::size_t spare_output = 2_KiB;
// Stanzas of a room on their way to many, with which the next request to it waits in its line; what
// waits so for one room, and for all of a shard: who comes with more is refused. Twice as much may
// wait of those who leave.
inline constexpr std::size_t room_stanzas_ahead = 32;
inline constexpr Bytes room_line = 16_MiB;
inline constexpr Bytes room_lines = 64_MiB;
// Other servers. Their names: questions under way at once, above which they fail; records of an
// answer, of which no honest domain has more; seconds that a question may take.
inline constexpr std::size_t dns_questions = 4096;
inline constexpr std::size_t dns_records = 64;
inline constexpr std::uint64_t dns_time = 10;
// Connecting to them: hosts of a domain and addresses of a host that are tried, attempts in all,
// milliseconds from one attempt to the next and to wait for addresses of the other family (RFC 8305
// sections 5 and 3), seconds for everything.
inline constexpr std::size_t dial_targets = 16;
inline constexpr std::size_t dial_addresses = 16;
inline constexpr std::size_t dial_attempts = 32;
inline constexpr std::uint64_t dial_stagger = 250;
inline constexpr std::uint64_t dial_family_wait = 50;
inline constexpr std::uint64_t dial_time = 30;
// Their certificates: names of one, and how many stand in a chain.
inline constexpr std::size_t peer_names = 1000;
inline constexpr std::size_t peer_chain = 16;
// Of a stream between servers: pairs of domains that it carries, and keys or answers that are
// awaited at once. Whoever asks for more gets resource-constraint.
inline constexpr std::size_t peer_pairs = 256;
inline constexpr std::size_t peer_questions = 64;
// In a configuration, and bytes of the secret of one.
inline constexpr std::size_t components = 200;
inline constexpr std::size_t component_secret = 1024;
}  // namespace bounds

enum class LimitUnit { count, bytes, seconds, milliseconds, bytes_per_second, percent };

struct LimitRow {
  std::string_view name;
  std::uint64_t Limits::* field;
  LimitUnit unit;
  std::uint64_t least;      // the smallest value that makes sense
  std::string_view reason;  // one sentence: why there is a bound and what happens at it
};

std::span<const LimitRow> limit_rows();
const LimitRow* find_limit(std::string_view name);

}  // namespace herold
