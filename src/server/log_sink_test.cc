// Lines of the log: their shape, hostile values (HOSTILE 166), and floods (173).
#include "server/log_sink.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace herold::server {
namespace {

class StoppedClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }
  WallTime wall() const override { return WallTime(Seconds(1795253400)); }
  void advance(Duration by) { now_ += by; }

 private:
  MonotonicTime now_{};
};

class LogTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe(ends_), 0); }
  void TearDown() override { ::close(ends_[0]); }
  // Closes the writing end and returns all that was written.
  std::string written() {
    ::close(ends_[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }
  int ends_[2] = {-1, -1};
  StoppedClock clock_;
  Limits limits_;
};

TEST_F(LogTest, OneLineAnEvent) {
  {
    LogSink log(ends_[1], LogStyle::terminal, LogLevel::info, limits_, clock_);
    log.info("signed_in", {{"account", "alice@xmpp.test"}, {"client", "a b"}});
    log.debug("hidden");
    log.set_level(LogLevel::debug);
    log.debug("shown");
  }
  EXPECT_EQ(written(),
            "time=2026-11-21T09:30:00Z level=info event=signed_in account=alice@xmpp.test "
            "client=\"a b\"\n"
            "time=2026-11-21T09:30:00Z level=debug event=shown\n");
}

TEST_F(LogTest, JournalPrefixes) {
  {
    LogSink log(ends_[1], LogStyle::journal, LogLevel::debug, limits_, clock_);
    log.debug("a");
    log.info("b");
    log.warning("c");
    log.error("d");
  }
  EXPECT_EQ(written(), "<7>event=a\n<6>event=b\n<4>event=c\n<3>event=d\n");
}

TEST(LogValue, EscapesWhatCouldDeceive) {
  EXPECT_EQ(log_value("plain@host/r"), "plain@host/r");
  EXPECT_EQ(log_value(""), "\"\"");
  EXPECT_EQ(log_value("a=b"), "\"a=b\"");
  EXPECT_EQ(log_value("x\nlevel=error event=forged"), R"("x\nlevel=error event=forged")");
  EXPECT_EQ(log_value("\" event=\\"), R"("\" event=\\")");
  EXPECT_EQ(log_value("\x1b[31m\r\t"), R"("\x1b[31m\x0d\x09")");
  EXPECT_EQ(log_value(std::string_view("\0", 1)), R"("\x00")");
  EXPECT_EQ(log_value("Zoë 🐙"), "\"Zoë 🐙\"");
  EXPECT_EQ(log_value("\xc2\x9b"
                      "1m"),
            R"("\u009b1m")")
      << "C1 control";
  EXPECT_EQ(log_value("\xe2\x80\xae"
                      "gpj"),
            R"("\u202egpj")")
      << "right-to-left override";
  EXPECT_EQ(log_value("\xff\xc0\x80\xed\xa0\x80"), R"("\xff\xc0\x80\xed\xa0\x80")") << "not UTF-8";
  EXPECT_EQ(log_value("\xf0\x9f"), R"("\xf0\x9f")") << "cut in a character";
  EXPECT_EQ(log_value(std::string(5000, 'a')).size(), 1027u);
}

TEST_F(LogTest, FloodsAreCounted) {
  limits_.log_events_per_second = 2;
  {
    LogSink log(ends_[1], LogStyle::journal, LogLevel::info, limits_, clock_);
    for (int i = 0; i < 10; ++i) log.warning("auth_failed");
    log.info("other");
    clock_.advance(Seconds(1));
    log.info("next");
    for (int i = 0; i < 3; ++i) log.warning("auth_failed");
  }
  EXPECT_EQ(written(),
            "<4>event=auth_failed\n<4>event=auth_failed\n<6>event=other\n"
            "<4>event=log_suppressed of=auth_failed count=8\n<6>event=next\n"
            "<4>event=auth_failed\n<4>event=auth_failed\n"
            "<4>event=log_suppressed of=auth_failed count=1\n");
}

TEST_F(LogTest, LinesOfThreadsDoNotMix) {
  limits_.log_events_per_second = 1000;
  {
    LogSink log(ends_[1], LogStyle::journal, LogLevel::info, limits_, clock_);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 100; ++n) log.info("turn", {{"value", "some words here"}});
      });
  }
  const std::string text = written();
  const std::string line = "<6>event=turn value=\"some words here\"\n";
  ASSERT_EQ(text.size(), 400 * line.size());
  for (std::size_t at = 0; at < text.size(); at += line.size())
    EXPECT_EQ(text.substr(at, line.size()), line);
}

}  // namespace
}  // namespace herold::server
