// Lines of the log: escaping, the limit of equal events, and writing.
#include "server/log_sink.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/datetime.h"

namespace herold::server {
namespace {

constexpr char digits[] = "0123456789abcdef";

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

// The first character of `text`; overlong forms, surrogates and halves are no UTF-8.
Character decode(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (at(0) < 0x80) return {at(0), 1};
  const std::size_t length = at(0) >= 0xf0 ? 4 : at(0) >= 0xe0 ? 3 : 2;
  if (at(0) < 0xc2 || at(0) > 0xf4 || text.size() < length) return {};
  std::uint32_t code = at(0) & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (at(i) & 0x3f);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, length};
}

// Characters that move a terminal's cursor, break a line or turn the reading direction around.
bool is_dangerous(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0xfeff ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x2069);
}

void append_byte(std::string& line, std::uint32_t byte) {
  line += {'\\', 'x', digits[byte >> 4 & 15], digits[byte & 15]};
}

void append_escaped(std::string& line, std::uint32_t code) {
  if (code == '\n') {
    line += "\\n";
  } else if (code < 0x80) {
    append_byte(line, code);
  } else {
    line += {'\\',
             'u',
             digits[code >> 12 & 15],
             digits[code >> 8 & 15],
             digits[code >> 4 & 15],
             digits[code & 15]};
  }
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      break;
  }
  return "error";
}

// sd-daemon(3): syslog priorities in front of a line.
std::string_view journal_prefix(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "<7>";
    case LogLevel::info:
      return "<6>";
    case LogLevel::warning:
      return "<4>";
    case LogLevel::error:
      break;
  }
  return "<3>";
}

}  // namespace

std::string log_value(std::string_view value) {
  std::string text;
  bool needs_quotes = value.empty();
  const std::string_view shown = value.substr(0, bounds::log_value);
  for (std::size_t i = 0; i < shown.size();) {
    const Character c = decode(shown.substr(i));
    if (c.bytes == 0) {
      append_byte(text, static_cast<unsigned char>(shown[i]));
      needs_quotes = true;
    } else if (is_dangerous(c.code)) {
      append_escaped(text, c.code);
      needs_quotes = true;
    } else {
      if (c.code == '"' || c.code == '\\') text += '\\';
      needs_quotes |= c.code == ' ' || c.code == '=' || c.code == '"' || c.code == '\\';
      text += shown.substr(i, c.bytes);
    }
    i += c.bytes == 0 ? 1 : c.bytes;
  }
  if (shown.size() < value.size()) text += "...";
  return needs_quotes ? '"' + text + '"' : text;
}

LogStyle detect_log_style() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat found{};
  if (!stream || ::fstat(STDERR_FILENO, &found) != 0) return LogStyle::terminal;
  const std::string own = std::to_string(found.st_dev) + ':' + std::to_string(found.st_ino);
  return own == stream ? LogStyle::journal : LogStyle::terminal;
}

LogSink::LogSink(int descriptor, LogStyle style, LogLevel level, const Limits& limits,
                 const Clock& clock)
    : descriptor_(descriptor),
      style_(style),
      events_per_second_(limits.log_events_per_second),
      clock_(clock),
      level_(level),
      second_(clock.now()) {}

LogSink::~LogSink() { tell_suppressed(); }

void LogSink::write(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  if (!wants(level)) return;
  const std::lock_guard lock(mutex_);
  if (admit(level, event)) write_line(level, event, fields);
}

bool LogSink::admit(LogLevel level, std::string_view event) {
  const MonotonicTime now = clock_.now();
  if (now - second_ >= Seconds(1)) {
    tell_suppressed();
    second_ = now;
  }
  auto count = counts_.find(event);
  if (count == counts_.end()) count = counts_.emplace(std::string(event), Count{}).first;
  count->second.level = level;
  return ++count->second.seen <= events_per_second_;
}

void LogSink::tell_suppressed() {
  for (const auto& [event, count] : counts_) {
    if (count.seen <= events_per_second_) continue;
    const std::string number = std::to_string(count.seen - events_per_second_);
    const LogField fields[] = {{"of", event}, {"count", number}};
    write_line(count.level, "log_suppressed", fields);
  }
  counts_.clear();
}

void LogSink::write_line(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  std::string line;
  if (style_ == LogStyle::journal) {
    line += journal_prefix(level);
  } else {
    line += "time=" + format_datetime(clock_.wall()) + " level=";
    line += level_name(level);
    line += ' ';
  }
  line += "event=" + log_value(event);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=' + log_value(field.value);
  }
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR) return;  // nobody is left to tell
  }
}

}  // namespace herold::server
