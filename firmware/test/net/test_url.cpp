// URLs: taken apart, or refused.
#include <doctest/doctest.h>

#include <string>

#include "skiclock/net/url.h"

using skiclock::parse_url;
using skiclock::text_of;
using skiclock::Url;

TEST_CASE("an address is taken apart") {
  const struct {
    const char* text;
    bool is_https;
    const char* host;
    int port;
    const char* path;
  } rows[] = {
      {"https://clock.example.org/api/firmware/esp32?version=2026.11.24.7", true,
       "clock.example.org", 443, "/api/firmware/esp32?version=2026.11.24.7"},
      {"http://127.0.0.1:8080/x", false, "127.0.0.1", 8080, "/x"},
      {"HTTPS://A-b_c", true, "A-b_c", 443, "/"},
      {"http://host:65535", false, "host", 65535, "/"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    Url url;
    REQUIRE(parse_url(text_of(row.text), &url));
    CHECK(url.is_https == row.is_https);
    CHECK(std::string(url.host) == row.host);
    CHECK(url.port == row.port);
    CHECK(std::string(url.path.data, url.path.size) == row.path);
  }
}

TEST_CASE("what could end a request line, name somebody or mean something else is refused") {
  const char* bad[] = {"",
                       "https://",
                       "https:///x",
                       "ftp://host/",
                       "host/path",
                       "https:/host",
                       "https://user@host/",
                       "https://user:1@host/",
                       "https://host:/",
                       "https://host:0/",
                       "https://host:65536/",
                       "https://host:99999999999999999999/",
                       "https://host:80x/",
                       "https://host?x=1",
                       "https://host/a b",
                       "https://host/a\r\nX-Evil: 1",
                       "https://host/a#b",
                       "https://host/\xc3\xa5",
                       "https://[::1]/"};
  for (const char* text : bad) {
    CAPTURE(text);
    Url url;
    CHECK_FALSE(parse_url(text_of(text), &url));
  }
}

TEST_CASE("a host's name has a greatest length") {
  Url url;
  const std::string longest(skiclock::kUrlHostCapacity - 1, 'h');
  CHECK(parse_url(text_of(("http://" + longest + "/").c_str()), &url));
  CHECK_FALSE(parse_url(text_of(("http://" + longest + "h/").c_str()), &url));
}
