// XEP-0082 date and time.
#include "base/datetime.h"

#include <cstdio>

namespace herold {
namespace {

// A cursor over the text; every take_* fails by setting `good` to false.
struct Cursor {
  std::string_view rest;
  bool good = true;

  int take_digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest.empty() || rest[0] < '0' || rest[0] > '9') return good = false, 0;
      value = value * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
    }
    return value;
  }

  void take(char c) {
    if (rest.empty() || rest[0] != c)
      good = false;
    else
      rest.remove_prefix(1);
  }

  // Up to microseconds count; further digits are read and dropped.
  Microseconds take_fraction() {
    if (rest.empty() || rest[0] != '.') return Microseconds(0);
    rest.remove_prefix(1);
    std::int64_t value = 0, scale = 1000000;
    if (rest.empty() || rest[0] < '0' || rest[0] > '9') good = false;
    while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
      if (scale > 1) value = value * 10 + (rest[0] - '0'), scale /= 10;
      rest.remove_prefix(1);
    }
    return Microseconds(value * scale);
  }

  Seconds take_zone() {
    if (rest == "Z") return rest = {}, Seconds(0);
    const bool behind = !rest.empty() && rest[0] == '-';
    take(behind ? '-' : '+');
    const int hours = take_digits(2);
    take(':');
    const int minutes = take_digits(2);
    if (hours > 14 || minutes > 59) good = false;
    const Seconds offset(hours * 3600 + minutes * 60);
    return behind ? -offset : offset;
  }
};

}  // namespace

std::string format_datetime(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const std::int64_t in_day = (time - day).count();
  char text[48];
  const int micros = static_cast<int>(in_day % 1000000);
  const int seconds_of_day = static_cast<int>(in_day / 1000000);
  int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()),
                           unsigned(date.month()), unsigned(date.day()), seconds_of_day / 3600,
                           seconds_of_day / 60 % 60, seconds_of_day % 60);
  std::string out(text, static_cast<std::size_t>(size));
  if (micros != 0) {
    size = std::snprintf(text, sizeof text, ".%06d", micros);
    out.append(text, static_cast<std::size_t>(size));
  }
  return out += 'Z';
}

std::optional<WallTime> parse_datetime(std::string_view text) {
  using namespace std::chrono;
  Cursor cursor{text};
  const int y = cursor.take_digits(4);
  cursor.take('-');
  const int m = cursor.take_digits(2);
  cursor.take('-');
  const int d = cursor.take_digits(2);
  cursor.take('T');
  const int hour = cursor.take_digits(2);
  cursor.take(':');
  const int minute = cursor.take_digits(2);
  cursor.take(':');
  const int second = cursor.take_digits(2);
  const Microseconds fraction = cursor.take_fraction();
  const Seconds zone = cursor.take_zone();
  const year_month_day date(year(y), month(static_cast<unsigned>(m)),
                            day(static_cast<unsigned>(d)));
  const bool possible = date.ok() && hour < 24 && minute < 60 && second <= 60;
  if (!cursor.good || !cursor.rest.empty() || !possible) return std::nullopt;
  return WallTime(sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) + fraction -
         zone;
}

}  // namespace herold
