// What stays when the clock's program is replaced: chooses a slot, runs it, runs it again.
#include "boot_loader.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "boot_flags.h"
#include "crypto.h"
#include "files.h"
#include "flash.h"

namespace skiclock::host {
namespace {

constexpr int kExitBusy = 75;
constexpr int kExitNothingBoots = 70;
constexpr int kExitNoExec = 127;
constexpr int kCrashesInARow = 5;
constexpr std::chrono::seconds kLivedLong{10};
constexpr std::chrono::milliseconds kBootTime{300};

volatile sig_atomic_t child_to_end = 0;
volatile sig_atomic_t is_to_end = 0;

// The clock ends as it likes (it says goodbye to its broker); we end after it.
void pass_on(int signal) {
  is_to_end = 1;
  if (child_to_end > 0) ::kill(child_to_end, signal);
}

void listen_to_signals() {
  struct sigaction action = {};
  action.sa_handler = pass_on;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGHUP, &action, nullptr);
  // The terminal sends this one to the clock itself, too.
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &action, nullptr);
}

int lock_folder(const std::string& folder) {
  const int file = ::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  if (file >= 0) ::close(file);
  return -1;
}

// A program given on the command line is like one that comes over USB: flashed when it is new.
bool flash_when_new(const std::string& folder, const std::string& program) {
  const auto bytes = read_file(program);
  if (!bytes) return false;
  const std::string hash = sha256_hex(*bytes);
  const auto flashed = read_file(folder + "/flashed");
  if (flashed && std::string(flashed->begin(), flashed->end()) == hash) return true;
  return flash_whole(folder, program) && write_file(folder + "/flashed", hash.data(), hash.size());
}

bool is_whole(const std::string& folder, const BootFlags& flags, int slot) {
  const auto bytes = read_file(slot_path(folder, slot));
  return bytes && bytes->size() == flags.slots[slot].size &&
         sha256_hex(*bytes) == flags.slots[slot].sha256;
}

// One start of the clock's program.
struct Life {
  int slot = 0;
  int number = 0;
  const char* reason = "power_on";
};

[[noreturn]] void become(const std::string& program, const Life& life, char** arguments,
                         pid_t parent) {
  // Without its boot loader the clock would be a stray that nobody restarts.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kExitNoExec);
  ::signal(SIGINT, SIG_DFL);
  ::setenv(kSlotVariable, life.slot == 1 ? "b" : "a", 1);
  ::setenv(kReasonVariable, life.reason, 1);
  ::setenv(kLifeVariable, std::to_string(life.number).c_str(), 1);
  ::execv(program.c_str(), arguments);
  std::perror(program.c_str());
  ::_exit(kExitNoExec);
}

int run(const std::string& folder, const Life& life, char** arguments) {
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become(slot_path(folder, life.slot), life, arguments, self);
  if (child < 0) return -1;
  child_to_end = child;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  child_to_end = 0;
  return status;
}

// Why the clock starts again, or nullptr where it ended because somebody wanted that.
const char* why_again(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return signal == SIGTERM || signal == SIGINT || signal == SIGHUP ? nullptr : "panic";
  }
  switch (WEXITSTATUS(status)) {
    case kExitRestart:
      return "software";
    case kExitPowerCut:
      return "power_on";
    case kExitNoExec:
      return "panic";
    default:
      return nullptr;
  }
}

int run_until_it_ends(const std::string& folder, char** arguments) {
  Life life;
  int crashes = 0;
  while (is_to_end == 0) {
    BootFlags flags = read_flags(flags_path(folder));
    life.slot = choose_slot(flags, [&](int one) { return is_whole(folder, flags, one); });
    if (life.slot < 0 || !write_flags(flags_path(folder), flags) || crashes >= kCrashesInARow) {
      std::fprintf(stderr, "Nothing in %s boots; remove the folder to begin anew.\n",
                   folder.c_str());
      return kExitNothingBoots;
    }
    const auto started = std::chrono::steady_clock::now();
    const int status = run(folder, life, arguments);
    life.reason = why_again(status);
    if (life.reason == nullptr) return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    ++life.number;
    const bool lived_long = std::chrono::steady_clock::now() - started > kLivedLong;
    crashes = lived_long || life.reason == std::string("software") ? 0 : crashes + 1;
    std::this_thread::sleep_for(kBootTime);
  }
  return 0;
}

}  // namespace

int boot(const std::string& folder, const std::string& own_program, char** arguments) {
  if (!make_folders(folder)) {
    std::fprintf(stderr, "%s cannot be made a folder for the clock's flash.\n", folder.c_str());
    return kExitNothingBoots;
  }
  const int lock = lock_folder(folder);
  if (lock < 0) {
    std::fprintf(stderr, "Another clock runs in %s; give this one its own --data.\n",
                 folder.c_str());
    return kExitBusy;
  }
  if (!flash_when_new(folder, own_program)) {
    std::fprintf(stderr, "%s cannot be written into %s.\n", own_program.c_str(), folder.c_str());
    return kExitNothingBoots;
  }
  listen_to_signals();
  const int code = run_until_it_ends(folder, arguments);
  ::close(lock);
  return code;
}

}  // namespace skiclock::host
