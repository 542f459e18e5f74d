// A JSON document of any size as a tree, for tests: reads the golden samples, compares by value.
// Not the reader under test, on purpose.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace skiclock::test {

struct Json {
  enum class Kind { kNull, kTruth, kNumber, kText, kList, kObject };

  Kind kind = Kind::kNull;
  bool truth = false;
  long long number = 0;  // whole numbers only: the wire has no others
  std::string text;
  std::vector<Json> list;
  std::map<std::string, Json> members;

  // The member, or null where there is none.
  const Json& operator[](const std::string& key) const;
  bool is_null() const { return kind == Kind::kNull; }
  bool operator==(const Json& other) const;
};

// Throws std::runtime_error where the text is no JSON.
Json read_json(const std::string& text);

}  // namespace skiclock::test
