// Logging: one structured line an event. Never a message body or a secret, at any level.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace herold {

enum class LogLevel { debug, info, warning, error };

struct LogField {
  std::string_view key;
  std::string_view value;  // hostile bytes are fine: the sink escapes them
};

// Where events go. Implementations are thread-safe and limit the rate of equal events.
class Log {
 public:
  virtual ~Log() = default;
  virtual bool wants(LogLevel level) const = 0;
  virtual void write(LogLevel level, std::string_view event, std::span<const LogField> fields) = 0;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    if (wants(LogLevel::debug)) write(LogLevel::debug, event, {fields.begin(), fields.size()});
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, event, {fields.begin(), fields.size()});
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warning, event, {fields.begin(), fields.size()});
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, event, {fields.begin(), fields.size()});
  }
};

// Drops everything; for tests and tools that have nobody to tell.
class NoLog final : public Log {
 public:
  bool wants(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::span<const LogField>) override {}
};

}  // namespace herold
