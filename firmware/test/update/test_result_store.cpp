// Results of updates wait in flash until the server has acknowledged them.
#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "fakes/fake_store.h"
#include "skiclock/update/result_store.h"
#include "skiclock/update/text.h"
#include "skiclock/update/update_record.h"

using namespace skiclock;

namespace {

UpdateResult result(const char* session, bool success = true) {
  UpdateResult made;
  copy_text(text_of(session), made.session_id);
  copy_text(text_of("2026.1.1.1"), made.old_version);
  copy_text(text_of("2026.1.1.2"), made.new_version);
  copy_text(text_of(success ? "" : "no Wi-Fi"), made.reason);
  made.success = success;
  return made;
}

// The sessions that are due now, in their order.
std::string due(ResultStore& results, std::uint32_t now_ms) {
  std::string sessions;
  UpdateResult found;
  for (int i = 0; i < 10 && results.take_due(now_ms, &found); ++i) {
    sessions += std::string(found.session_id) + " ";
  }
  return sessions;
}

}  // namespace

TEST_CASE("a result is kept over restarts until its session is acknowledged") {
  fakes::FakeStore store;
  {
    ResultStore results(store);
    results.begin();
    CHECK(results.count() == 0);
    REQUIRE(results.add(result("a", false)));
  }
  ResultStore results(store);
  results.begin();
  REQUIRE(results.count() == 1);
  UpdateResult found;
  REQUIRE(results.take_due(0, &found));
  CHECK(std::string(found.session_id) == "a");
  CHECK(std::string(found.old_version) == "2026.1.1.1");
  CHECK(std::string(found.new_version) == "2026.1.1.2");
  CHECK_FALSE(found.success);
  CHECK(std::string(found.reason) == "no Wi-Fi");
  CHECK_FALSE(results.acknowledge(text_of("b")));
  CHECK_FALSE(results.acknowledge(text_of("")));
  CHECK(results.acknowledge(text_of("a")));
  CHECK_FALSE(results.acknowledge(text_of("a")));
  CHECK(results.count() == 0);
  CHECK(store.records.empty());
  CHECK(due(results, 1000000) == "");
}

TEST_CASE("it is published at once, then after 10, 20, 40 ... 300 s, and at once on a new line") {
  fakes::FakeStore store;
  ResultStore results(store);
  results.begin();
  REQUIRE(results.add(result("a")));
  std::uint32_t now_ms = 0xFFFFF000;  // the counter wraps meanwhile
  CHECK(due(results, now_ms) == "a ");
  for (const std::uint32_t delay_ms : {10000U, 20000U, 40000U, 80000U, 160000U, 300000U, 300000U}) {
    CHECK(due(results, now_ms + delay_ms - 1) == "");
    now_ms += delay_ms;
    CHECK(due(results, now_ms) == "a ");
  }
  results.publish_again();
  CHECK(due(results, now_ms) == "a ");
  CHECK(due(results, now_ms + 9999) == "");
  CHECK(due(results, now_ms + 10000) == "a ");
}

TEST_CASE("several are published in their order; an unknown session does not hold up the others") {
  fakes::FakeStore store;
  ResultStore results(store);
  results.begin();
  for (const char* session : {"a", "b", "c"}) REQUIRE(results.add(result(session)));
  CHECK(due(results, 0) == "a b c ");
  CHECK(results.acknowledge(text_of("b")));
  CHECK(due(results, 10000) == "a c ");
  REQUIRE(results.add(result("d")));
  CHECK(due(results, 10001) == "a c d ");
}

TEST_CASE("one that is acknowledged in the middle of a round does not end it") {
  fakes::FakeStore store;
  ResultStore results(store);
  results.begin();
  for (const char* session : {"a", "b"}) REQUIRE(results.add(result(session)));
  UpdateResult found;
  REQUIRE(results.take_due(0, &found));
  CHECK(results.acknowledge(text_of("a")));
  REQUIRE(results.take_due(0, &found));
  CHECK(std::string(found.session_id) == "b");
  CHECK_FALSE(results.take_due(0, &found));
}

TEST_CASE("the last of a round may go while it is under way") {
  fakes::FakeStore store;
  ResultStore results(store);
  results.begin();
  for (const char* session : {"a", "b"}) REQUIRE(results.add(result(session)));
  UpdateResult found;
  REQUIRE(results.take_due(0, &found));
  CHECK(results.acknowledge(text_of("b")));
  REQUIRE(results.take_due(1, &found));
  CHECK(std::string(found.session_id) == "a");
  CHECK_FALSE(results.take_due(2, &found));
}

TEST_CASE("a fourth takes the place of the oldest") {
  fakes::FakeStore store;
  ResultStore results(store);
  results.begin();
  for (const char* session : {"a", "b", "c", "d"}) REQUIRE(results.add(result(session)));
  CHECK(results.count() == 3);
  CHECK(due(results, 0) == "b c d ");
  ResultStore later(store);
  later.begin();
  CHECK(due(later, 0) == "b c d ");
}

TEST_CASE("the first word on a session stays; without a session there is nothing to keep") {
  fakes::FakeStore store;
  ResultStore results(store);
  results.begin();
  REQUIRE(results.add(result("a", true)));
  REQUIRE(results.add(result("a", false)));
  CHECK(results.count() == 1);
  UpdateResult found;
  REQUIRE(results.take_due(0, &found));
  CHECK(found.success);
  CHECK_FALSE(results.add(result("")));
  CHECK(results.contains(text_of("a")));
  CHECK_FALSE(results.contains(text_of("b")));
}

TEST_CASE("a full flash is said so, and damaged records are passed over") {
  fakes::FakeStore store;
  ResultStore results(store);
  results.begin();
  for (const char* session : {"a", "b"}) REQUIRE(results.add(result(session)));
  store.is_full = true;
  CHECK_FALSE(results.add(result("c")));
  store.records["result0"][4] ^= 1;
  UpdateResult found;
  CHECK_FALSE(results.take_due(0, &found));
  REQUIRE(results.take_due(0, &found));
  CHECK(std::string(found.session_id) == "b");
  ResultStore later(store);
  later.begin();
  CHECK(later.count() == 1);
}

TEST_CASE("the longest result fits its record") {
  fakes::FakeStore store;
  ResultStore results(store);
  results.begin();
  UpdateResult longest;
  std::memset(longest.session_id, 's', kMaxSessionLength);
  std::memset(longest.old_version, 'o', kMaxVersionLength);
  std::memset(longest.new_version, 'n', kMaxVersionLength);
  std::memset(longest.reason, 'r', kMaxReasonLength);
  REQUIRE(results.add(longest));
  UpdateResult found;
  REQUIRE(results.take_due(0, &found));
  CHECK(std::string(found.reason) == longest.reason);
}

TEST_CASE("a damaged record with the last number there is does not stop the next result") {
  fakes::FakeStore store;
  RecordWriter record;
  record.add_number(0xFFFFFFFF).add_text("a").add_text("2026.1.1.1").add_text("2026.1.1.2");
  record.add_byte(1).add_text("");
  REQUIRE(store.write("result2", record.finish(RecordKind::kResult)));
  ResultStore results(store);
  results.begin();
  REQUIRE(results.count() == 1);
  REQUIRE(results.add(result("b")));
  CHECK(results.contains(text_of("b")));
  CHECK(due(results, 0) == "b ");
  ResultStore again(store);
  again.begin();
  CHECK(due(again, 0) == "b ");
}
