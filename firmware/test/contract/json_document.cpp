// A JSON document of any size as a tree, for tests.
#include "contract/json_document.h"

#include <cctype>
#include <stdexcept>

namespace skiclock::test {
namespace {

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  Json document() {
    Json json = value();
    if (next() != '\0') fail();
    return json;
  }

 private:
  [[noreturn]] void fail() const {
    throw std::runtime_error("no JSON at byte " + std::to_string(at_));
  }

  // The next character that is not white space; not taken.
  char next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char c) {
    const bool found = next() == c;
    at_ += found ? 1 : 0;
    return found;
  }

  void want(const std::string& word) {
    if (text_.compare(at_, word.size(), word) != 0) fail();
    at_ += word.size();
  }

  Json value() {
    Json json;
    switch (next()) {
      case '{':
        return object();
      case '[':
        return list();
      case '"':
        json.kind = Json::Kind::kText;
        json.text = text();
        return json;
      case 't':
      case 'f':
        json.kind = Json::Kind::kTruth;
        json.truth = next() == 't';
        want(json.truth ? "true" : "false");
        return json;
      case 'n':
        want("null");
        return json;
      default:
        return number();
    }
  }

  Json object() {
    Json json;
    json.kind = Json::Kind::kObject;
    take('{');
    while (!take('}')) {
      if (!json.members.empty() && !take(',')) fail();
      if (next() != '"') fail();
      const std::string key = text();
      if (!take(':')) fail();
      json.members[key] = value();
    }
    return json;
  }

  Json list() {
    Json json;
    json.kind = Json::Kind::kList;
    take('[');
    while (!take(']')) {
      if (!json.list.empty() && !take(',')) fail();
      json.list.push_back(value());
    }
    return json;
  }

  Json number() {
    Json json;
    json.kind = Json::Kind::kNumber;
    std::size_t used = 0;
    json.number = std::stoll(text_.substr(at_, 24), &used);
    at_ += used;
    return json;
  }

  std::string text() {
    std::string found;
    for (++at_; text_.at(at_) != '"'; ++at_) {
      if (text_[at_] != '\\') {
        found += text_[at_];
        continue;
      }
      const char letter = text_.at(++at_);
      if (letter == 'u') {
        append(found, std::stoul(text_.substr(at_ + 1, 4), nullptr, 16));
        at_ += 4;
      } else {
        const std::string letters = "nrtbf";
        const std::size_t index = letters.find(letter);
        found += index == std::string::npos ? letter : "\n\r\t\b\f"[index];
      }
    }
    ++at_;
    return found;
  }

  // Code points of the first plane: the samples have no others as escapes.
  static void append(std::string& text, unsigned long code_point) {
    if (code_point < 0x80) {
      text += static_cast<char>(code_point);
    } else if (code_point < 0x800) {
      text += static_cast<char>(0xC0 | code_point >> 6);
      text += static_cast<char>(0x80 | (code_point & 0x3F));
    } else {
      text += static_cast<char>(0xE0 | code_point >> 12);
      text += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
      text += static_cast<char>(0x80 | (code_point & 0x3F));
    }
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

}  // namespace

const Json& Json::operator[](const std::string& key) const {
  static const Json nothing;
  const auto found = members.find(key);
  return found == members.end() ? nothing : found->second;
}

bool Json::operator==(const Json& other) const {
  return kind == other.kind && truth == other.truth && number == other.number &&
         text == other.text && list == other.list && members == other.members;
}

Json read_json(const std::string& text) { return Reader(text).document(); }

}  // namespace skiclock::test
