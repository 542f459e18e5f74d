// Keys and signatures made with Python's cryptography; golden_signatures.py writes it.
#pragma once

#include <cstdint>

// Public: good for tests alone.
struct GoldenKey {
  const char* name;
  const char* secret_hex;
  const char* point_hex;
};
struct GoldenSignature {
  const char* platform;
  const char* version;
  std::uint32_t size_bytes;
  const char* sha256_hex;
  const char* signature_base64[3];  // one a key
};
// clang-format off
inline constexpr GoldenKey kGoldenKeys[] = {
{"current",
"1216d708925e81fcf6ca0ed4fbcfd31ed4fef339b9a79b41eab7f4a350383c87",
"04a65b042d75022f07ef0f291384f7abc6658d4274902ac9399e94d14f00d4237dae8512707e625cabe285363f3b37389619732a06237b90876d1ed3043df950c8"},
{"next",
"212ab40ed2be9c11c92fc27c49ab7bfdde97b85bde1dbb8c5175f76565d5b0af",
"04d58d1d6f1f31f532bec4c668c4c67d76e3460c619a0c4634e5cabbf52db02f86a43a42ca8a694f368f19e6eb480404601f244acd02009e3a34fb0f47c0d0ec24"},
{"stranger",
"5a14f186a5d062c22913e9b1bfc0948e1e65f9529ad4ecd6c76e494ad0225c51",
"042840731b0ca2dff532ac23e5b93574d26b99f21118f0b856d06d98204e96f352c21b1df1d37e7d425b96f0972aca05ae23f842f466691b1205a5a3dd983efdb8"},
};
inline constexpr GoldenSignature kGoldenSignatures[] = {
{"linux", "2026.11.24.2", 2048, "bafe76e65a8d29ad65106888f2adc93c931fc084c5c6ba1b19de592c5f49de57", {"MEYCIQDMaNgTqBG62HLwHiQ+Z5rWIzkRFOoohAa3TaghKlG8swIhAPzy6yb5+xBCNTdIabO/7MWqL742t8iWYEwvpYEhf1uw",
"MEYCIQDKnmrIxTXnJlEzTZD1vUraufE79NeKYmg1cRmtV8SdPAIhAJRW9qJbY68NQGxQh2VTby4tiq8p8EVf3oy/F2ro2Asg",
"MEYCIQDBYhBOy0IM4VEobaBT52cdOGSoYWMPSc2aDrrPAEL8xAIhAP5J8YNKTKcv/fqspL6AAFmOA6gHFjVVVc3ZVYSFcCL2"}},
{"esp32", "2026.11.24.7", 1014016, "79d568a400cfde5813d96f3e6979993a1a4d48d945802eb9580c0683dd1a0d40", {"MEYCIQCmLfX28z5jf7q2iqNa9rPfhqIRdfNTeokVrZ8SjrwQYAIhAJxjCyTMMkmUGgTQml7DieVDZJh0eKbTtD1Z8t/mM+TH",
"MEQCIEycYDj5SvW7kKzNo6ZHkTqDIzsk1rMXYF1zKJ1TKP9DAiBMxyixKot4dpVTlsMLLUnlnQ7/LFsfmbR43PKouhE5EA==",
"MEUCIH8RtyZBqIJPhoXf9DLnAlMSQ4LYtueh2Cstw7nlJoLgAiEAyAmB0gcJL2ijB6qyDNBFMmY9dJWlF9kHrf+JGkdueiY="}},
{"esp01", "v1.2.3", 403456, "d5292affbddfc96de7b16d4b59029726745a3785b5f7db3cddfc09262ea2182c", {"MEUCIQDoFc4b7T0G1pvj9ZfH/H+mnVJW875jpgXAG5Isg9xabQIgVDZVsEKFB0qLDEub7GKFRdBVGm5FAJFThfO4UvXfGw4=",
"MEYCIQD2uI/aMouDYgOwlXjXThiTa9Qapf1i/NcZG9UGDwQs4gIhALBiBDHbbltitfMArHmaMO5f8Vmfe2ZjC5+inaoV9HsA",
"MEUCIBW6HRIfdqvEylekw9w6D4En93RHlSax/E38q9tEq/sCAiEAl65DbZdWPQJQggwEW3b1QOagLv5LuqpO2oX7xIJ1XqQ="}},
{"d1mini", "2030.1.1.999999999", 1, "7d8ea48267aab0919f71bb8f063b71b8f42a7ed0feedd83eacabeb80a7a85d9b", {"MEYCIQDGhmbLIqIZnJc5cEEpROxJCUGAvdFpDlWnRmOHCHpN/AIhAKC4p1f9seFtnJk4HK9LEHWfKGO5Bu7OZOpGsi+J3PvF",
"MEQCICJhu5e0WXGur2OOv1GlsAiT44vOZB/a4uYTrplbD2K+AiB3zGTkcz+jPT0Oy1zJuxnzaLN8jxYm2o+UI1Fu5NuVTQ==",
"MEUCIQDE8bahF/YUgi0XBjx1ee/5Zj4orzbUHPwRqHZ78l7jKwIgaCzfTgFkPBZQ3inNtWg/JUKVotJiI1qI/dPvsiDW9I8="}},
};
// clang-format on
