// The command line: what a real clock has compiled in or provisioned, and faults.
#include "options.h"

#include <cctype>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "files.h"
#include "skiclock/display/frame.h"

namespace skiclock::host {
namespace {

using Value = const std::string&;

// One option. `take` returns a complaint, "" where the value is good.
struct Option {
  const char* name;
  const char* metavar;   // "" for a switch
  const char* variable;  // of the environment, "" for none
  const char* help;
  std::string (*take)(Options&, Value);
};

template <typename Number>
bool read_number(const std::string& text, Number* number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *number);
  return result.ec == std::errc() && result.ptr == end && !text.empty();
}

std::string take_number(const std::string& text, std::uint32_t* number) {
  return read_number(text, number) ? "" : "is no number";
}

// "30:10" or "30": the second number stays as it is where it is missing.
std::string take_two(const std::string& text, std::uint32_t* first, std::uint32_t* second) {
  const std::size_t colon = text.find(':');
  if (!read_number(text.substr(0, colon), first)) return "is no number";
  if (colon == std::string::npos) return "";
  return read_number(text.substr(colon + 1), second) ? "" : "has no number behind its colon";
}

// The first line of a file, for secrets that do not belong on a command line.
std::string take_line_of(const std::string& path, std::string* text) {
  const auto bytes = read_file(path);
  if (!bytes) return "cannot be read";
  text->assign(bytes->begin(), bytes->end());
  text->erase(text->find_last_not_of("\r\n") + 1);
  return "";
}

std::string take_device_id(Options& options, Value value) {
  options.device_id = value;
  const bool is_hex = value.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_hex && !value.empty() && value.size() <= 16 ? "" : "must be 1 to 16 digits 0-9, a-f";
}

std::string take_port(Options& options, Value value) {
  return read_number(value, &options.mqtt_port) && options.mqtt_port > 0 ? "" : "is no port";
}

std::string take_roots(Options& options, Value value) {
  const auto bytes = read_file(value);
  if (!bytes) return "cannot be read";
  options.roots_pem.assign(bytes->begin(), bytes->end());
  return options.roots_pem.find("-----BEGIN CERTIFICATE-----") != std::string::npos
             ? ""
             : "holds no certificate in PEM";
}

std::string take_trust(Options& options, Value value) {
  if (value == "verified")
    options.trust = Trust::kVerified;
  else if (value == "insecure")
    options.trust = Trust::kInsecure;
  else if (value == "plain")
    options.trust = Trust::kPlain;
  else
    return "must be verified, insecure or plain";
  return "";
}

std::string take_wall(Options& options, Value value) {
  options.wall.clear();
  int panels = 0;
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t plus = std::min(value.find('+', at), value.size());
    int row = 0;
    if (!read_number(value.substr(at, plus - at), &row) || row < 1) return "must be like 4+4";
    options.wall.push_back(row);
    panels += row;
    at = plus + 1;
  }
  const bool fits = options.wall.size() <= 4 && panels <= static_cast<int>(kMaxPanels);
  return fits ? "" : "has more than 4 rows or 8 panels";
}

std::string take_wifi_lost(Options& options, Value value) {
  std::uint32_t after = 0;
  options.faults.wifi_lost_for_s = 30;
  const std::string problem = take_two(value, &after, &options.faults.wifi_lost_for_s);
  options.faults.wifi_lost_after_s = after;
  return problem;
}

std::string take_power_cut(Options& options, Value value) {
  return take_number(value, &options.faults.power_cut_at_byte.emplace(0));
}

std::string take_corrupt(Options& options, Value value) {
  return take_number(value, &options.faults.corrupt_byte.emplace(0));
}

std::string take_stall(Options& options, Value value) {
  return take_two(value, &options.faults.stall_at_byte.emplace(0), &options.faults.stall_for_s);
}

std::string take_rtc_error(Options& options, Value value) {
  return read_number(value, &options.faults.rtc_error_s) ? "" : "is no number";
}

template <std::string Options::*Member>
std::string take_text(Options& options, Value value) {
  options.*Member = value;
  return "";
}

template <std::string Options::*Member>
std::string take_file(Options& options, Value value) {
  return take_line_of(value, &(options.*Member));
}

template <std::uint32_t Options::*Member>
std::string take_seconds(Options& options, Value value) {
  return take_number(value, &(options.*Member));
}

template <bool Options::*Member, bool Meaning>
std::string take_switch(Options& options, Value) {
  options.*Member = Meaning;
  return "";
}

std::string take_full_flash(Options& options, Value) {
  options.faults.flash_is_full = true;
  return "";
}

constexpr Option kOptions[] = {
    {"data", "FOLDER", "SKICLOCK_CLOCK_DATA", "the clock's flash (~/.local/share/skiclock-clock)",
     take_text<&Options::data>},
    {"device-id", "HEX", "SKICLOCK_DEVICE_ID", "up to 16 digits; made once when not given",
     take_device_id},
    {"name", "TEXT", "", "what people call it", take_text<&Options::name>},
    {"server", "URL", "UPDATE_SERVER_URL", "where updates are downloaded, https://...",
     take_text<&Options::server>},
    {"download-key", "KEY", "DOWNLOAD_API_KEY", "its key for downloads",
     take_text<&Options::download_key>},
    {"download-key-file", "FILE", "", "the same from a file", take_file<&Options::download_key>},
    {"mqtt-host", "HOST", "MQTT_HOST", "the broker", take_text<&Options::mqtt_host>},
    {"mqtt-port", "PORT", "MQTT_PORT", "8883, without TLS 1883", take_port},
    {"mqtt-user", "NAME", "MQTT_USERNAME", "", take_text<&Options::mqtt_username>},
    {"mqtt-password", "TEXT", "MQTT_PASSWORD",
     "everybody on this machine sees it; better:", take_text<&Options::mqtt_password>},
    {"mqtt-password-file", "FILE", "", "the password from a file",
     take_file<&Options::mqtt_password>},
    {"ca", "FILE", "MQTT_CA_FILE", "root certificates (PEM) of broker and server", take_roots},
    {"trust", "HOW", "SKICLOCK_TRUST", "verified; insecure: TLS unchecked; plain: no TLS",
     take_trust},
    {"prefix", "TOPIC", "MQTT_TOPIC_PREFIX", "first level of every topic (skiclock)",
     take_text<&Options::topic_prefix>},
    {"wall", "ROWS", "", "panels of each row, such as 4+4 (2)", take_wall},
    {"png", "FILE", "", "keeps a picture of the wall there", take_text<&Options::png>},
    {"headless", "", "", "no wall in the terminal, lines of text",
     take_switch<&Options::is_headless, true>},
    {"no-rtc", "", "", "no battery-backed clock is fitted", take_switch<&Options::has_rtc, false>},
    {"no-thermometer", "", "", "no sensor is fitted",
     take_switch<&Options::has_thermometer, false>},
    {"no-wifi", "", "", "knows no network yet, as a new board; Improv gives it one",
     take_switch<&Options::has_wifi, false>},
    {"improv", "", "", "standard input and output are the serial line",
     take_switch<&Options::speaks_improv, true>},
    {"trial", "S", "", "how long a new program may take to prove itself (180)",
     take_seconds<&Options::trial_s>},
    {"heartbeat", "S", "", "between two heartbeats (60)", take_seconds<&Options::heartbeat_s>},
    {"jitter", "S", "", "by how much it waits with an update that all hear of (120)",
     take_seconds<&Options::jitter_s>},
    {"wifi-lost", "AFTER:FOR", "", "fault: Wi-Fi is away for so many seconds, once",
     take_wifi_lost},
    {"power-cut", "BYTE", "", "fault: power goes at this byte of an update", take_power_cut},
    {"corrupt", "BYTE", "", "fault: this byte of an update is stored wrong", take_corrupt},
    {"stall", "BYTE:S", "", "fault: a connection stops behind this byte, once", take_stall},
    {"rtc-error", "S", "", "fault: the battery-backed clock is off by so much", take_rtc_error},
    {"full-flash", "", "", "fault: the flash takes nothing more", take_full_flash},
    {"version", "", "", "prints this program's version",
     take_switch<&Options::wants_version, true>},
    {"help", "", "", "prints this", take_switch<&Options::wants_help, true>},
};

const Option* option_named(const std::string& name) {
  for (const Option& one : kOptions) {
    if (name == one.name) return &one;
  }
  return nullptr;
}

bool take(const Option& option, const std::string& shown_as, Value value, Options* options,
          std::string* problem) {
  const std::string complaint = option.take(*options, value);
  if (!complaint.empty()) *problem = shown_as + ": '" + value + "' " + complaint + ".";
  return complaint.empty();
}

bool read_environment(Options* options, std::string* problem) {
  for (const Option& one : kOptions) {
    const char* value = *one.variable != '\0' ? std::getenv(one.variable) : nullptr;
    if (value == nullptr || *value == '\0') continue;
    if (!take(one, one.variable, value, options, problem)) return false;
  }
  return true;
}

std::string default_folder() {
  const char* data_home = std::getenv("XDG_DATA_HOME");
  if (data_home != nullptr && *data_home != '\0') return std::string(data_home) + "/skiclock-clock";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.local/share/skiclock-clock";
}

}  // namespace

bool read_options(int count, char** arguments, Options* options, std::string* problem) {
  options->data = default_folder();
  if (!read_environment(options, problem)) return false;
  for (int at = 1; at < count; ++at) {
    std::string word = arguments[at];
    const Option* option =
        word.rfind("--", 0) == 0 ? option_named(word.substr(2, word.find('=') - 2)) : nullptr;
    if (option == nullptr) {
      *problem = word + ": there is no such option; --help names them.";
      return false;
    }
    std::string value;
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (*option->metavar != '\0') {
      if (++at == count) {
        *problem = word + " wants a value; --help says which.";
        return false;
      }
      value = arguments[at];
    }
    if (!take(*option, std::string("--") + option->name, value, options, problem)) return false;
  }
  if (options->mqtt_port == 0) options->mqtt_port = options->trust == Trust::kPlain ? 1883 : 8883;
  return true;
}

std::string usage() {
  std::string text =
      "The ski clock as a Linux program.\n\n"
      "Keys: space = the button, r = holds it, w = Wi-Fi away or back, q = end.\n\n";
  for (const Option& one : kOptions) {
    std::string left = std::string("  --") + one.name + " " + one.metavar;
    left.resize(std::max<std::size_t>(left.size() + 1, 30), ' ');
    text += left + one.help;
    if (*one.variable != '\0') text += std::string(" [") + one.variable + "]";
    text += "\n";
  }
  return text;
}

}  // namespace skiclock::host
