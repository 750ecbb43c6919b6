// The administration socket over a real socket, with an administration that only notes.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "server/admin/admin_client.h"
#include "server/admin/admin_server.h"
#include "server/admin/protocol.h"
#include "server/admin/socket_address.h"

namespace herold::server {
namespace {

using Json = nlohmann::json;

// Answers "echo" at once, "fail" with an error, "later" from another thread; "hang" never.
class FakeAdministration final : public Administration {
 public:
  void perform(AdminCommand command, std::function<void(AdminReply)> done) override {
    if (command.name == "echo") return done(command.arguments);
    if (command.name == "fail") return done(fail(Fault::conflict, "there already"));
    if (command.name == "later") {
      threads_.emplace_back([done] { done(Json("from afar")); });
      return;
    }
    const std::lock_guard lock(mutex_);
    owed_.push_back(std::move(done));
  }
  std::size_t owed() {
    const std::lock_guard lock(mutex_);
    return owed_.size();
  }
  void pay() {
    const std::lock_guard lock(mutex_);
    for (auto& done : owed_) done(Json("late"));
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void(AdminReply)>> owed_;
  std::vector<std::jthread> threads_;
};

class AdminSocket : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/herold-admin-XXXXXX";
    ASSERT_TRUE(::mkdtemp(name));
    folder_ = name;
    path_ = folder_ + "/herold.sock";
  }
  void TearDown() override {
    server_.reset();
    EXPECT_EQ(::access(path_.c_str(), F_OK), -1) << "the socket goes with its server";
    ::rmdir(folder_.c_str());
  }
  void start() {
    auto server = AdminServer::start(path_, administration_, limits_, clock_, log_);
    ASSERT_TRUE(server) << server.error().text;
    server_ = *std::move(server);
  }
  AdminReply ask(const std::string& name, Json arguments = Json::object()) {
    auto client = AdminClient::connect(path_);
    if (!client) return std::unexpected(client.error());
    return client->ask({name, std::move(arguments)}, Seconds(20));
  }
  net::FileHandle raw() {
    const auto address = SocketAddress::make(path_);
    net::FileHandle socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), address->address(), address->size()), 0);
    return socket;
  }
  // Sends bytes and reads until `lines` lines or the end.
  static std::string talk(int socket, std::string_view bytes, std::ptrdiff_t lines) {
    (void)!::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    std::string text;
    char buffer[4096];
    while (std::ranges::count(text, '\n') < lines) {
      const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }

  std::string folder_, path_;
  Limits limits_;
  SystemClock clock_;
  NoLog log_;
  FakeAdministration administration_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminSocket, CommandsAndAnswers) {
  start();
  EXPECT_EQ(*ask("echo", {{"address", "zoë@xmpp.test"}}), Json({{"address", "zoë@xmpp.test"}}));
  EXPECT_EQ(*ask("later"), Json("from afar"));
  const auto failed = ask("fail");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().fault, Fault::conflict);
  EXPECT_EQ(failed.error().text, "there already");
}

TEST_F(AdminSocket, SeveralOnOneConnection) {
  start();
  const net::FileHandle socket = raw();
  EXPECT_EQ(talk(socket.get(),
                 "{\"command\":\"echo\"}\nnonsense\n{\"command\":\"later\"}\n{\"command\":\"echo\","
                 "\"args\":{\"a\":\"b\"}}\n",
                 4),
            "{\"ok\":true,\"result\":{}}\n"
            "{\"error\":{\"fault\":\"malformed\",\"text\":\"a request is one JSON object a "
            "line\"},\"ok\":false}\n"
            "{\"ok\":true,\"result\":\"from afar\"}\n"
            "{\"ok\":true,\"result\":{\"a\":\"b\"}}\n");
}

TEST_F(AdminSocket, MalformedRequestsAreAnswered) {
  start();
  const net::FileHandle socket = raw();
  std::string nested(60000, '[');
  for (const std::string& line :
       {std::string(""), std::string("[]"), std::string("{}"), std::string("{\"command\":5}"),
        std::string("{\"command\":\"echo\",\"args\":[]}"), std::string("{\"command\":\"\xff\"}"),
        std::string("\0", 1), nested})
    EXPECT_NE(talk(socket.get(), line + '\n', 1).find("\"malformed\""), std::string::npos) << line;
}

TEST_F(AdminSocket, LongRequestsAreRefusedAndClosed) {
  limits_.admin_line_bytes = 4096;
  start();
  const net::FileHandle socket = raw();
  const std::string answer = talk(socket.get(), std::string(20000, 'x'), 1000);
  EXPECT_NE(answer.find("\"limit\""), std::string::npos);
}

TEST_F(AdminSocket, ModeAndStaleSocket) {
  start();
  struct stat found{};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  auto second = AdminServer::start(path_, administration_, limits_, clock_, log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::conflict);
  EXPECT_EQ(*ask("later"), Json("from afar")) << "the first one is unharmed";
  server_.reset();
  {
    // What a killed server leaves: a socket that nobody listens on.
    const auto address = SocketAddress::make(path_);
    const net::FileHandle dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(dead.get(), address->address(), address->size()), 0);
  }
  start();
  EXPECT_TRUE(ask("echo"));
}

TEST_F(AdminSocket, NobodyListens) {
  EXPECT_EQ(ask("echo").error().fault, Fault::not_found);
  path_ = folder_ + "/no/such/folder";
  EXPECT_EQ(ask("echo").error().fault, Fault::not_found);
}

TEST_F(AdminSocket, DeepFoldersWork) {
  const std::string deep = folder_ + '/' + std::string(120, 'd');
  ASSERT_EQ(::mkdir(deep.c_str(), 0700), 0);
  path_ = deep + "/herold.sock";
  start();
  EXPECT_TRUE(ask("echo"));
  server_.reset();
  ::rmdir(deep.c_str());
}

TEST_F(AdminSocket, ConnectionsBeyondTheLimitWait) {
  limits_.admin_connections = 2;
  start();
  net::FileHandle first = raw();
  const net::FileHandle second = raw();
  EXPECT_EQ(talk(first.get(), "{\"command\":\"echo\"}\n", 1), "{\"ok\":true,\"result\":{}}\n");
  EXPECT_EQ(talk(second.get(), "{\"command\":\"echo\"}\n", 1), "{\"ok\":true,\"result\":{}}\n");
  const net::FileHandle third = raw();
  const timeval soon{.tv_sec = 0, .tv_usec = 200000};
  ::setsockopt(third.get(), SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
  EXPECT_EQ(talk(third.get(), "{\"command\":\"echo\"}\n", 1), "") << "not accepted yet";
  first.reset();
  const timeval later{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(third.get(), SOL_SOCKET, SO_RCVTIMEO, &later, sizeof later);
  EXPECT_EQ(talk(third.get(), "", 1), "{\"ok\":true,\"result\":{}}\n");
}

TEST_F(AdminSocket, StopsWhileAnswersAreOwed) {
  start();
  const net::FileHandle socket = raw();
  (void)!::send(socket.get(), "{\"command\":\"hang\"}\n", 19, MSG_NOSIGNAL);
  while (administration_.owed() == 0) std::this_thread::yield();
  server_.reset();
  administration_.pay();  // nobody is there any more, and nothing breaks
}

TEST(AdminProtocol, RoundTrips) {
  const auto command = read_command(write_command({"user add", {{"address", "a@b"}}}));
  ASSERT_TRUE(command);
  EXPECT_EQ(command->name, "user add");
  EXPECT_EQ(command->text("address"), "a@b");
  EXPECT_EQ(command->text("password"), "");
  for (Fault fault : {Fault::malformed, Fault::limit, Fault::not_found, Fault::conflict,
                      Fault::refused, Fault::unavailable, Fault::invalid})
    EXPECT_EQ(read_reply(write_reply(fail(fault, "why"))).error().fault, fault);
  for (std::string_view bad : {"", "{}", "[]", "{\"ok\":1}", "{\"ok\":false}",
                               "{\"ok\":false,\"error\":{\"fault\":\"odd\"}}"})
    EXPECT_EQ(read_reply(bad).error().fault, Fault::malformed) << bad;
}

}  // namespace
}  // namespace herold::server
