// A real broker on a port of its own.
#include "net/mosquitto.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

extern char** environ;

namespace skiclock::test {
namespace {

std::string find(const std::string& program) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/",
                             "/opt/homebrew/sbin/", "/opt/homebrew/bin/"}) {
    if (access((folder + program).c_str(), X_OK) == 0) return folder + program;
  }
  return "";
}

std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool good = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(probe);
  if (!good) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

pid_t spawn(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  const int error =
      posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + words[0]);
  return process;
}

}  // namespace

bool Mosquitto::is_installed() {
  return !find("mosquitto").empty() && !find("mosquitto_passwd").empty();
}

Mosquitto::Mosquitto() : port_(free_port()) {
  std::string pattern = std::filesystem::temp_directory_path() / "skiclock-broker-XXXXXX";
  folder_ = mkdtemp(pattern.data());
  write("passwords", "clock:secret\n");
  int status = 0;
  waitpid(spawn({find("mosquitto_passwd"), "-U", folder_ + "/passwords"}), &status, 0);
  if (status != 0) throw std::runtime_error("mosquitto_passwd failed");
  // Started as root it would become another user, who may not read this folder.
  write("mosquitto.conf", "listener " + std::to_string(port_) +
                              " 127.0.0.1\nuser root\nallow_anonymous false\npassword_file " +
                              folder_ + "/passwords\n");
  start();
}

Mosquitto::~Mosquitto() {
  kill();
  std::filesystem::remove_all(folder_);
}

void Mosquitto::start() {
  process_ = spawn({find("mosquitto"), "-c", folder_ + "/mosquitto.conf"});
}

void Mosquitto::kill() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

void Mosquitto::write(const std::string& name, const std::string& content) const {
  std::ofstream file(folder_ + "/" + name);
  file << content;
}

}  // namespace skiclock::test
