// What a setting's text must be like; each rule returns null, or what is wrong in a few words.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skiclock {

const char* check_text(const char* text);
const char* check_key(const char* text);
const char* check_host(const char* text);
const char* check_url(const char* text);
const char* check_topic(const char* text);

// Reads a decimal between the bounds.
const char* read_whole(const char* text, std::int32_t min, std::int32_t max, std::int32_t* value);
// Reads "rrggbb", with or without a `#` before it.
const char* read_colour(const char* text, std::uint8_t rgb[3]);

// Takes the next word of a list with single spaces; returns where the rest begins, null at the
// end. `word` is terminated and empty where it would not fit.
const char* next_word(const char* text, char* word, std::size_t capacity);

// Copies and appends within the capacity, terminated; what does not fit is cut.
void copy_text(const char* text, char* out, std::size_t capacity);
void append_text(const char* text, char* out, std::size_t capacity);

// Writes a decimal, terminated; 12 bytes are enough.
void write_whole(std::int32_t value, char* text);

}  // namespace skiclock
