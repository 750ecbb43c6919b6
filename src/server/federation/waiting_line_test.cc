// What waits for another server: order, memory, time, and what comes back when a stream is lost.
#include "server/federation/waiting_line.h"

#include <gtest/gtest.h>

#include <string>

namespace herold::server {
namespace {

constexpr MonotonicTime start{Seconds(1)};

Stanza message(MessageId id, std::string_view body = "x") {
  StanzaHead head;
  head.kind = StanzaKind::message;
  head.id = "m" + std::to_string(id);
  Stanza stanza(std::move(head), "<body>" + std::string(body) + "</body>");
  stanza.id = id;
  stanza.accepted = WallTime(Seconds(1000));
  return stanza;
}

Stanza request(std::string id) {
  StanzaHead head;
  head.kind = StanzaKind::iq;
  head.iq_type = IqType::get;
  head.id = std::move(id);
  return Stanza(std::move(head), "<query xmlns='jabber:iq:version'/>");
}

class WaitingLines : public ::testing::Test {
 protected:
  WaitingLine::Taken push(Stanza stanza) { return line.push(stanza, start); }
  std::string send() { return line.send_next(++sent).head.id; }
  std::vector<MessageId> confirm(std::uint64_t number) {
    std::vector<MessageId> done;
    line.confirm(number, [&](MessageId id) { done.push_back(id); });
    return done;
  }

  Limits limits;
  WaitingLine line{limits};
  std::uint64_t sent = 0;
};

using Ids = std::vector<MessageId>;

TEST_F(WaitingLines, KeepTheirOrderAndForgetWhatArrived) {
  push(message(1));
  push(request("q"));
  push(message(2));
  EXPECT_EQ(send(), "m1");
  EXPECT_EQ(send(), "q");
  EXPECT_EQ(send(), "m2");
  EXPECT_FALSE(line.has_next());
  EXPECT_FALSE(line.empty());
  EXPECT_EQ(confirm(2), Ids{1});
  EXPECT_EQ(confirm(3), Ids{2});
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.bytes(), 0u);
}

TEST_F(WaitingLines, SendAgainInOrderWhatALostStreamMayNotHaveBrought) {
  push(message(1));
  push(request("q"));
  push(message(2));
  push(message(3));
  send(), send(), send();
  confirm(1);
  const auto requests = line.take_back();
  ASSERT_EQ(requests.size(), 1u);  // which may have been carried out: it is not repeated
  EXPECT_EQ(requests[0].head.id, "q");
  EXPECT_EQ(send(), "m2");
  EXPECT_EQ(send(), "m3");
  confirm(sent);
  EXPECT_TRUE(line.empty());
}

TEST_F(WaitingLines, LeaveToTheJournalWhatThereIsNoMemoryFor) {
  limits.peer_queue = 2;
  EXPECT_EQ(push(message(1)), WaitingLine::Taken::kept);
  EXPECT_EQ(push(message(2)), WaitingLine::Taken::kept);
  EXPECT_EQ(push(message(3)), WaitingLine::Taken::kept);
  EXPECT_EQ(push(request("q")), WaitingLine::Taken::no_room);
  EXPECT_EQ(line.to_fetch(), Ids{});
  send();
  confirm(1);
  // Younger ones wait behind what is in the journal, though there is memory now.
  EXPECT_EQ(push(message(4)), WaitingLine::Taken::kept);
  EXPECT_EQ(push(request("q")), WaitingLine::Taken::no_room);
  EXPECT_EQ(line.to_fetch(), Ids{3});
  EXPECT_EQ(line.to_fetch(), Ids{});  // asked already
  Stanza three = message(3);
  line.fetched(3, &three, start);
  EXPECT_EQ(send(), "m2");
  EXPECT_EQ(send(), "m3");
  confirm(3);
  EXPECT_EQ(line.to_fetch(), Ids{4});
  line.fetched(4, nullptr, start);  // it is done already
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.bytes(), 0u);
}

TEST_F(WaitingLines, AreBoundedAlsoInTheJournal) {
  limits.peer_queue = 1;
  limits.peer_waiting_bytes = 2000;
  EXPECT_EQ(push(message(1)), WaitingLine::Taken::kept);
  EXPECT_EQ(push(message(2)), WaitingLine::Taken::kept);
  EXPECT_EQ(push(message(3)), WaitingLine::Taken::kept);
  EXPECT_EQ(push(message(4)), WaitingLine::Taken::full);
}

TEST_F(WaitingLines, LetGoOfWhatIsLate) {
  push(request("q"));
  push(message(1));
  const auto nothing = line.expire(WallTime(Seconds(1000)), start);
  EXPECT_TRUE(nothing.empty());
  auto late = line.expire(WallTime(Seconds(1000)), start + Seconds(1));
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].head.id, "q");
  late = line.expire(WallTime(Seconds(1001)), start);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].id, 1u);
  EXPECT_TRUE(line.empty());
}

TEST_F(WaitingLines, GiveEverythingUpAtOnce) {
  limits.peer_queue = 2;
  push(message(1));
  push(request("q"));
  push(message(2));
  send(), send();
  const auto all = line.give_up();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(line.to_fetch(), Ids{2});  // the rest is found in the journal
}

}  // namespace
}  // namespace herold::server
