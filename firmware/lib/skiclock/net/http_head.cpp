// The head of an HTTP response, read byte by byte from a server that may send anything.
#include "skiclock/net/http_head.h"

namespace skiclock {
namespace {

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_same_word(Text text, const char* word) {
  if (text.size != std::strlen(word)) return false;
  for (std::size_t i = 0; i < text.size; ++i) {
    if (small(text.data[i]) != word[i]) return false;
  }
  return true;
}

Text trim(Text text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (text.size > 0 && is_blank(text.data[0])) text = {text.data + 1, text.size - 1};
  while (text.size > 0 && is_blank(text.data[text.size - 1])) --text.size;
  return text;
}

bool take(Text* text, char c) {
  if (text->size == 0 || text->data[0] != c) return false;
  *text = {text->data + 1, text->size - 1};
  return true;
}

// A number of at least one digit, taken off the front; refuses what 32 bits do not hold.
bool take_number(Text* text, std::uint32_t* number) {
  std::uint64_t sum = 0;
  std::size_t size = 0;
  while (size < text->size && is_digit(text->data[size])) {
    sum = sum * 10 + static_cast<std::uint64_t>(text->data[size++] - '0');
    if (sum > UINT32_MAX) return false;
  }
  *text = {text->data + size, text->size - size};
  *number = static_cast<std::uint32_t>(sum);
  return size > 0;
}

// "bytes 100-199/1000", "bytes 100-199/*" or "bytes */1000".
bool read_range(Text value, HttpHead* head) {
  if (value.size < 6 || !is_same_word({value.data, 6}, "bytes ")) return false;
  value = {value.data + 6, value.size - 6};
  head->has_range = !take(&value, '*');
  if (head->has_range) {
    if (!take_number(&value, &head->range_first) || !take(&value, '-')) return false;
    if (!take_number(&value, &head->range_last)) return false;
    if (head->range_last < head->range_first) return false;
  }
  if (!take(&value, '/')) return false;
  if (take(&value, '*')) return value.size == 0;
  head->has_total = take_number(&value, &head->range_total) && value.size == 0;
  return head->has_total && (!head->has_range || head->range_last < head->range_total);
}

bool read_length(Text value, HttpHead* head) {
  std::uint32_t length = 0;
  if (!take_number(&value, &length) || value.size != 0) return false;
  const bool contradicts = head->has_length && head->length_bytes != length;
  head->has_length = true;
  head->length_bytes = length;
  return !contradicts;
}

bool read_etag(Text value, HttpHead* head) {
  // One that does not fit is of no use: without it a download is resumed unconditionally, and
  // the hash tells.
  if (value.size >= kEtagCapacity) return true;
  std::memcpy(head->etag, value.data, value.size);
  head->etag[value.size] = '\0';
  return true;
}

}  // namespace

void HttpHeadReader::reset() {
  head_ = {};
  size_ = 0;
  has_status_ = false;
  line_size_ = 0;
}

HttpHeadReader::Result HttpHeadReader::take(std::uint8_t byte) {
  if (++size_ > kMaxHeadBytes) return Result::kBad;
  if (byte == '\n') return end_line();
  // The beginning tells whether it is HTTP at all: binary noise is not read to its end.
  if (!has_status_ && line_size_ < 5 && byte != static_cast<std::uint8_t>("HTTP/"[line_size_])) {
    return Result::kBad;
  }
  if (byte == 0) return Result::kBad;
  if (line_size_ < kLineCapacity) line_[line_size_++] = static_cast<char>(byte);
  return Result::kMore;
}

HttpHeadReader::Result HttpHeadReader::end_line() {
  if (line_size_ > 0 && line_[line_size_ - 1] == '\r') --line_size_;
  const bool is_empty = line_size_ == 0;
  if (is_empty && has_status_) {
    // 1xx heads announce another one (RFC 9110, section 15.2).
    if (head_.status >= 200) return Result::kDone;
    const std::size_t size = size_;
    reset();
    size_ = size;
    return Result::kMore;
  }
  const bool good = has_status_ ? read_field() : read_status();
  line_size_ = 0;
  has_status_ = true;
  return good ? Result::kMore : Result::kBad;
}

// "HTTP/1.1 200 OK"
bool HttpHeadReader::read_status() {
  const Text line{line_, line_size_};
  if (line.size < 12 || std::memcmp(line_, "HTTP/1.", 7) != 0) return false;
  if (!is_digit(line_[7]) || line_[8] != ' ' || (line.size > 12 && line_[12] != ' ')) return false;
  Text code{line_ + 9, 3};
  std::uint32_t status = 0;
  if (!take_number(&code, &status) || code.size != 0) return false;
  head_.status = static_cast<std::uint16_t>(status);
  return status >= 100 && status <= 599;
}

bool HttpHeadReader::read_field() {
  const auto* colon = static_cast<const char*>(std::memchr(line_, ':', line_size_));
  if (colon == nullptr || colon == line_) return false;
  const Text name{line_, static_cast<std::size_t>(colon - line_)};
  const Text value = trim({colon + 1, line_size_ - name.size - 1});
  if (is_same_word(name, "content-length")) return read_length(value, &head_);
  if (is_same_word(name, "content-range")) return read_range(value, &head_);
  if (is_same_word(name, "etag")) return read_etag(value, &head_);
  if (is_same_word(name, "transfer-encoding")) {
    head_.is_transfer_encoded |= !is_same_word(value, "identity");
  }
  if (is_same_word(name, "content-encoding")) {
    head_.is_content_encoded |= !is_same_word(value, "identity");
  }
  return true;
}

}  // namespace skiclock
