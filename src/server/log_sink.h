// Log on a file descriptor: one logfmt line an event, for standard error or the systemd journal.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

namespace herold::server {

enum class LogStyle {
  terminal,  // "time=2026-11-21T09:30:00Z level=info event=signed_in account=alice@xmpp.test"
  journal,   // "<6>event=signed_in account=alice@xmpp.test": the journal brings time and level
};

// journal when standard error is connected to it (systemd.exec(5), $JOURNAL_STREAM).
LogStyle detect_log_style();

// Thread-safe. Each event is one write(2) of one whole line, so lines never mix. Of equal events
// Limits::log_events_per_second pass in a second; the rest are counted, and the count is told by
// a line event=log_suppressed as soon as that second is over and something is written (HOSTILE
// 173). Values are escaped so that no peer can end a line, forge a field or send a terminal
// commands (HOSTILE 166).
class LogSink final : public Log {
 public:
  // The descriptor stays the caller's and open.
  LogSink(int descriptor, LogStyle style, LogLevel level, const Limits& limits, const Clock& clock);
  ~LogSink() override;

  bool wants(LogLevel level) const override { return level >= level_.load(); }
  void write(LogLevel level, std::string_view event, std::span<const LogField> fields) override;
  void set_level(LogLevel level) { level_ = level; }  // from any thread, on reload

 private:
  struct Count {
    std::uint64_t seen = 0;
    LogLevel level = LogLevel::info;
  };

  bool admit(LogLevel level, std::string_view event);
  void tell_suppressed();
  void write_line(LogLevel level, std::string_view event, std::span<const LogField> fields);

  const int descriptor_;
  const LogStyle style_;
  const std::uint64_t events_per_second_;
  const Clock& clock_;
  std::atomic<LogLevel> level_;
  std::mutex mutex_;  // of everything below, and of the order of lines
  MonotonicTime second_{};
  std::map<std::string, Count, std::less<>> counts_;  // event names are our own: few
};

// A value as it stands in a line: bare, or in quotes with \" \\ \n \xNN and \uNNNN. At most 1 KiB
// of it is shown.
std::string log_value(std::string_view value);

}  // namespace herold::server
