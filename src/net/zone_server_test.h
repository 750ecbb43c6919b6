// For tests: Debian's unbound as the name server of a few zones, on loopback and a free port.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/tcp.h"

namespace herold::net {

// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "herold-dns-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TestFolder(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code nothing_to_do;
    std::filesystem::remove_all(path_, nothing_to_do);
  }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }
  void write(std::string_view name, std::string_view text) const {
    std::ofstream(file(name), std::ios::binary) << text;
  }
  std::string read(std::string_view name) const {
    std::ifstream stream(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

 private:
  std::string path_;
};

// Runs a program; what it writes to either output can be read from `output`.
struct TestProgram {
  explicit TestProgram(const std::string& command) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    output = ::fdopen(ends[0], "r");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    const std::string line = "exec " + command;
    const char* const words[] = {"sh", "-c", line.c_str(), nullptr};
    EXPECT_EQ(::posix_spawn(&process, "/bin/sh", &actions, nullptr, const_cast<char* const*>(words),
                            environ),
              0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  TestProgram(const TestProgram&) = delete;
  ~TestProgram() {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    ::fclose(output);
  }
  // The next line that has `text`, or the empty string at the end of all output.
  std::string wait_for(std::string_view text) {
    char line[1000];
    while (::fgets(line, sizeof line, output))
      if (std::string_view(line).contains(text)) return line;
    return {};
  }
  std::string all() {
    std::string text;
    char line[1000];
    while (::fgets(line, sizeof line, output)) text += line;
    return text;
  }

  pid_t process = -1;
  FILE* output = nullptr;
};

inline bool has_program(const std::string& path) { return std::filesystem::exists(path); }

inline std::uint16_t free_port() {
  NoLog log;
  Limits limits;
  return (*Listener::open("127.0.0.1:0", limits, log))->port();
}

class ZoneServer {
 public:
  struct Zone {
    std::string name;  // "example.test"
    std::string text;  // records, without SOA and NS
  };
  explicit ZoneServer(const TestFolder& folder, std::vector<Zone> zones) : port_(free_port()) {
    std::string settings = "server:\n interface: 127.0.0.1\n port: " + std::to_string(port_) +
                           "\n username: \"\"\n chroot: \"\"\n pidfile: \"\"\n directory: \"" +
                           folder.path() +
                           "\"\n use-syslog: no\n logfile: \"\"\n verbosity: 1\n do-ip6: no\n"
                           " local-zone: \"test.\" nodefault\n module-config: "
                           "\"iterator\"\nremote-control:\n control-enable: no\n";
    for (const Zone& zone : zones) {
      if (!zone.text.empty()) folder.write(zone.name, head(zone.name) + zone.text);
      settings += "auth-zone:\n name: \"" + zone.name + ".\"\n zonefile: \"" +
                  folder.file(zone.name) +
                  "\"\n for-downstream: yes\n for-upstream: no\n fallback-enabled: no\n";
    }
    folder.write("unbound.conf", settings);
    program_ =
        std::make_unique<TestProgram>("/usr/sbin/unbound -d -c " + folder.file("unbound.conf"));
    EXPECT_FALSE(program_->wait_for("start of service").empty());
  }
  static std::string head(const std::string& name) {
    return "$ORIGIN " + name +
           ".\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\n"
           "ns A 127.0.0.1\n";
  }
  std::string address() const { return "127.0.0.1@" + std::to_string(port_); }

 private:
  std::uint16_t port_;
  std::unique_ptr<TestProgram> program_;
};

}  // namespace herold::net
