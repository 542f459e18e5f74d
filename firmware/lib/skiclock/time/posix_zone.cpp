// A POSIX time zone text and what it says of an instant.
#include "skiclock/time/posix_zone.h"

#include "skiclock/time/civil.h"

namespace skiclock {
namespace {

constexpr std::int32_t kMaxOffsetHours = 24;
constexpr std::int32_t kMaxRuleHours = 167;

// Reads a text from left to right; each `read` answers false where it cannot.
class Scanner {
 public:
  explicit Scanner(Text text) : text_(text) {}

  bool is_at_end() const { return at_ == text_.size; }
  bool take(char wanted) {
    if (peek() != wanted || is_at_end()) return false;
    ++at_;
    return true;
  }
  bool read_number(std::int32_t low, std::int32_t high, std::int32_t* value);
  bool read_name();
  bool read_time(std::int32_t max_hours, std::int32_t* seconds);
  bool read_change(Change* change);
  bool is_at_offset() const { return is_digit(peek()) || peek() == '+' || peek() == '-'; }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  char peek() const { return at_ < text_.size ? text_.data[at_] : '\0'; }
  bool read_day(Change* change);

  Text text_;
  std::size_t at_ = 0;
};

bool Scanner::read_number(std::int32_t low, std::int32_t high, std::int32_t* value) {
  if (!is_digit(peek())) return false;
  std::int32_t number = 0;
  while (is_digit(peek())) {
    number = number * 10 + (peek() - '0');
    if (number > high) return false;
    ++at_;
  }
  *value = number;
  return number >= low;
}

// Three letters or more, or in angle brackets also digits and signs.
bool Scanner::read_name() {
  const bool is_quoted = take('<');
  const std::size_t begin = at_;
  while (is_letter(peek()) || (is_quoted && is_at_offset())) ++at_;
  return at_ - begin >= 3 && (!is_quoted || take('>'));
}

// [+-]hh[:mm[:ss]]
bool Scanner::read_time(std::int32_t max_hours, std::int32_t* seconds) {
  const bool is_negative = take('-');
  if (!is_negative) take('+');
  std::int32_t hours = 0;
  std::int32_t minutes = 0;
  std::int32_t rest = 0;
  if (!read_number(0, max_hours, &hours)) return false;
  if (take(':')) {
    if (!read_number(0, 59, &minutes)) return false;
    if (take(':') && !read_number(0, 59, &rest)) return false;
  }
  const std::int32_t total = hours * 3600 + minutes * 60 + rest;
  *seconds = is_negative ? -total : total;
  return true;
}

bool Scanner::read_day(Change* change) {
  std::int32_t month = 1;
  std::int32_t week = 1;
  std::int32_t day = 0;
  if (take('M')) {
    change->rule = DayRule::kMonthWeekDay;
    if (!read_number(1, 12, &month) || !take('.') || !read_number(1, 5, &week) || !take('.') ||
        !read_number(0, 6, &day)) {
      return false;
    }
  } else if (take('J')) {
    change->rule = DayRule::kJulianNoLeap;
    if (!read_number(1, 365, &day)) return false;
  } else {
    change->rule = DayRule::kJulianWithLeap;
    if (!read_number(0, 365, &day)) return false;
  }
  change->month = static_cast<std::uint8_t>(month);
  change->week = static_cast<std::uint8_t>(week);
  change->day = static_cast<std::uint16_t>(day);
  return true;
}

bool Scanner::read_change(Change* change) {
  if (!read_day(change)) return false;
  change->time_s = 2 * 3600;
  return !take('/') || read_time(kMaxRuleHours, &change->time_s);
}

std::int64_t day_of(const Change& change, std::int32_t year) {
  const std::int64_t january = days_of(year, 1, 1);
  if (change.rule == DayRule::kJulianWithLeap) return january + change.day;
  if (change.rule == DayRule::kJulianNoLeap) {
    const bool is_after_leap_day = is_leap_year(year) && change.day >= 60;
    return january + change.day - 1 + (is_after_leap_day ? 1 : 0);
  }
  const std::int64_t first = days_of(year, change.month, 1);
  const std::int64_t first_weekday = civil_of(first * kSecondsPerDay).weekday;
  std::int64_t day = (change.day - first_weekday + 7) % 7 + (change.week - 1) * std::int64_t{7};
  if (day >= days_in_month(year, change.month)) day -= 7;
  return first + day;
}

// In UTC; `offset_s` is in force before the change.
std::int64_t instant_of(const Change& change, std::int32_t year, std::int32_t offset_s) {
  return day_of(change, year) * kSecondsPerDay + change.time_s - offset_s;
}

}  // namespace

bool parse_posix_zone(Text text, PosixZone* zone) {
  Scanner scanner(text);
  PosixZone parsed;
  std::int32_t west_s = 0;
  if (!scanner.read_name() || !scanner.read_time(kMaxOffsetHours, &west_s)) return false;
  parsed.standard_offset_s = -west_s;
  if (!scanner.is_at_end()) {
    parsed.has_summer = true;
    parsed.summer_offset_s = parsed.standard_offset_s + 3600;
    if (!scanner.read_name()) return false;
    if (scanner.is_at_offset()) {
      if (!scanner.read_time(kMaxOffsetHours, &west_s)) return false;
      parsed.summer_offset_s = -west_s;
    }
    if (!scanner.take(',') || !scanner.read_change(&parsed.begin)) return false;
    if (!scanner.take(',') || !scanner.read_change(&parsed.end)) return false;
  }
  if (!scanner.is_at_end()) return false;
  *zone = parsed;
  return true;
}

// The last change before the instant decides. The neighbouring years are looked at too: a zone
// south of the equator has its summer across New Year, and a rule's hours may leave its year.
std::int32_t offset_of(const PosixZone& zone, std::int64_t unix_s) {
  if (!zone.has_summer) return zone.standard_offset_s;
  const std::int32_t this_year = civil_of(unix_s + zone.standard_offset_s).year;
  std::int64_t latest = INT64_MIN;
  bool is_summer = false;
  for (std::int32_t year = this_year - 1; year <= this_year + 1; ++year) {
    const std::int64_t end = instant_of(zone.end, year, zone.summer_offset_s);
    if (end <= unix_s && end > latest) {
      latest = end;
      is_summer = false;
    }
    const std::int64_t begin = instant_of(zone.begin, year, zone.standard_offset_s);
    if (begin <= unix_s && begin >= latest) {
      latest = begin;
      is_summer = true;
    }
  }
  return is_summer ? zone.summer_offset_s : zone.standard_offset_s;
}

}  // namespace skiclock
