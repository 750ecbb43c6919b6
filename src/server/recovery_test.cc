// Recovery: what records of an earlier run say of its sessions and of stanzas under way.
#include "server/recovery.h"

#include <gtest/gtest.h>

#include <map>

#include "server/testing_journal.h"

namespace herold::server {
namespace {

SessionRecord session(SessionKey key, std::uint32_t handled = 0, std::uint32_t acked = 0) {
  SessionRecord record;
  record.key = key;
  record.jid = "b@x.test/r";
  record.resume_token = "token" + std::to_string(key);
  record.resume_seconds = 600;
  record.handled = handled;
  record.acked = acked;
  return record;
}

// A run that `write` fills, then its death; what the next start reads.
class AfterARun : public testing::Test {
 protected:
  template <class Write>
  void run(Write write) {
    LedgerRun life(disk);
    write(life.ledger);
    life.write();
    life.settle();
  }
  void read() { ASSERT_TRUE(recovery.read(disk, LedgerRun::folder)); }
  const Recovery::SessionState& found(SessionKey key) { return recovery.sessions().at(key); }

  store::SimDisk disk{1};
  Recovery recovery;
};

TEST_F(AfterARun, NothingIsFoundInAnEmptyFolder) {
  read();
  EXPECT_EQ(recovery.next_run(), 1u);
  EXPECT_TRUE(recovery.sessions().empty() && recovery.open_stanzas().empty());
}

TEST_F(AfterARun, OpenStanzasComeInTheOrderOfAcceptance) {
  run([](Ledger& ledger) {
    std::vector<Stanza> stanzas;
    for (const char* body : {"1", "2", "3"}) {
      stanzas.push_back(test_message("b@x.test", body));
      ASSERT_TRUE(ledger.commit(stanzas.back(), 0, 0));
    }
    ledger.done(stanzas[1].id, waiting_for::all);
  });
  read();
  std::string bodies;
  for (const auto& [id, stanza] : recovery.open_stanzas())
    bodies += stanza.root().first_child().first_text();
  EXPECT_EQ(bodies, "13");
}

// A stanza that was committed again, into a younger segment, is one stanza in its old place.
TEST_F(AfterARun, AStanzaWrittenAgainIsOne) {
  run([](Ledger& ledger) {
    Stanza one = test_message("b@x.test", "1"), two = test_message("b@x.test", "2");
    ASSERT_TRUE(ledger.commit(one, 0, 0));
    ASSERT_TRUE(ledger.commit(two, 0, 0));
    ASSERT_TRUE(ledger.commit(one, 0, 0));
  });
  read();
  ASSERT_EQ(recovery.open_stanzas().size(), 2u);
  EXPECT_EQ(recovery.open_stanzas().begin()->second.root().first_child().first_text(), "1");
}

// It was stored and taken out again; that it was done before, another shard did not write down.
TEST_F(AfterARun, WhatWasTakenOutOfTheStoreIsOne) {
  Stanza first = test_message("b@x.test", "1");
  run([&](Ledger& ledger) { ASSERT_TRUE(ledger.commit(first, 0, 0)); });
  Stanza again = first.copy();
  again.stable = first.id;
  again.id = 0;
  Stanza once_more = again.copy();
  once_more.stable = first.id;
  run([&](Ledger& ledger) {
    ASSERT_TRUE(ledger.commit(again, 0, 0));
    ASSERT_TRUE(ledger.commit(once_more, 0, 0));
  });
  read();
  // The archives wait for the first, a client for the last, nobody for what is between.
  std::map<MessageId, Waits> waits;
  for (const auto& [id, stanza] : recovery.open_stanzas()) waits[id] = stanza.waits;
  EXPECT_EQ(waits.size(), 2u);
  EXPECT_EQ(waits[first.id], waiting_for::received);
  EXPECT_NE(waits[once_more.id] & waiting_for::delivery, 0);
  run([&](Ledger& ledger) {
    ASSERT_TRUE(ledger.commit(first, 0, 0));
    ASSERT_TRUE(ledger.commit(once_more, 0, 0));
    ledger.done(once_more.id, waiting_for::all);
    ledger.done(first.id, waiting_for::all);
  });
  Recovery later;
  ASSERT_TRUE(later.read(disk, LedgerRun::folder));
  EXPECT_TRUE(later.open_stanzas().empty());
}

// Shards note it one after the other: what another one has accepted in this run is for its own
// note, because an account of that name may be there again.
TEST_F(AfterARun, ARemovalVoidsWhatWasBeforeIt) {
  constexpr MessageId this_run = MessageId{1} << 40, other_shard = this_run | MessageId{1} << 32;
  run([](Ledger& ledger) {
    for (const MessageId id : {MessageId{7}, this_run | 7, other_shard | 7}) {
      Stanza stanza = test_message("b@x.test");
      stanza.id = id;
      ASSERT_TRUE(ledger.commit(stanza, 0, 0));
      SessionRecord of = session(id);
      ledger.note(of);
    }
    Stanza others = test_message("c@x.test");
    ASSERT_TRUE(ledger.commit(others, 0, 0));
    ledger.note(RemovedRecord{"b@x.test"});
    Stanza later = test_message("b@x.test");
    later.id = this_run | 9;
    ASSERT_TRUE(ledger.commit(later, 0, 0));
  });
  read();
  std::vector<MessageId> open;
  for (const auto& [id, stanza] : recovery.open_stanzas())
    if (stanza.head.to.bare_text() == "b@x.test") open.push_back(id);
  EXPECT_EQ(open, (std::vector<MessageId>{this_run | 9, other_shard | 7}));
  EXPECT_EQ(recovery.open_stanzas().size(), 3u);
  ASSERT_EQ(recovery.sessions().size(), 1u);
  EXPECT_EQ(recovery.sessions().begin()->first, other_shard | 7);
  EXPECT_EQ(recovery.orphans().size(), 2u);
  // Where the store says that the removal is owed, nothing of it is left.
  Recovery owed;
  ASSERT_TRUE(owed.read(disk, LedgerRun::folder, {"b@x.test"}));
  EXPECT_EQ(owed.open_stanzas().size(), 1u);
  EXPECT_TRUE(owed.sessions().empty());
  // Nor is anything owed to a sender who went as well.
  Recovery both;
  ASSERT_TRUE(both.read(disk, LedgerRun::folder, {"b@x.test", "a@x.test"}));
  EXPECT_TRUE(both.orphans().empty());
}

TEST_F(AfterARun, TheNewestRecordOfASessionCounts) {
  run([](Ledger& ledger) {
    SessionRecord old = session(5);
    old.flags = 1;
    ledger.note(old);
    SessionRecord young = session(5);
    young.flags = 4;
    ledger.note(young);
    ledger.note(session(6));
    ledger.note(EndedRecord{6});
  });
  read();
  ASSERT_EQ(recovery.sessions().size(), 1u);
  EXPECT_EQ(found(5).record.flags, 4u);
  EXPECT_EQ(found(5).record.resume_token, "token5");
}

TEST_F(AfterARun, WhatWasCommittedWasHandled) {
  run([](Ledger& ledger) {
    ledger.note(session(5, 10));
    Stanza stanza = test_message("b@x.test");
    ASSERT_TRUE(ledger.commit(stanza, 5, 12));
    ledger.note(HandledRecord{5, 14});
    Stanza late = test_message("b@x.test");
    ASSERT_TRUE(ledger.commit(late, 5, 13));  // its outcome took time: no step back
  });
  read();
  EXPECT_EQ(found(5).record.handled, 14u);
}

// A copy of the session may carry counters that are older than their own records, never younger
// knowledge lost; over the wrap as well (HOSTILE 62).
TEST_F(AfterARun, CountersNeverGoBack) {
  run([](Ledger& ledger) {
    ledger.note(session(5, UINT32_MAX - 1, UINT32_MAX));
    ledger.note(HandledRecord{5, 2});
    ledger.note(AckedRecord{5, 3});
    ledger.note(session(5, UINT32_MAX, UINT32_MAX));
  });
  read();
  EXPECT_EQ(found(5).record.handled, 2u);
  EXPECT_EQ(found(5).record.acked, 3u);
}

TEST_F(AfterARun, SentStanzasWaitUntilTheClientHasThem) {
  MessageId ids[3] = {};
  run([&](Ledger& ledger) {
    ledger.note(session(5));
    std::uint32_t number = 3;
    for (MessageId& id : ids) {
      Stanza stanza = test_message("b@x.test");
      ASSERT_TRUE(ledger.commit(stanza, 0, 0));
      id = stanza.id;
      ledger.note(SentRecord{5, id, number += 2});
    }
    ledger.note(AckedRecord{5, 6});
    ledger.done(ids[0], waiting_for::all);
    ledger.note(SentRecord{99, ids[1], 1});  // a session that nobody knows
  });
  read();
  const std::map<std::uint32_t, MessageId> expected{{7, ids[1]}, {9, ids[2]}};
  EXPECT_EQ(found(5).sent, expected);
  EXPECT_EQ(recovery.open_stanzas().size(), 2u);
}

// Its commit was copied by the second run, on another shard than that of the session that has it.
TEST_F(AfterARun, WhatAClientHasStaysDoneWhenACopyIsReadLater) {
  Stanza stanza = test_message("b@x.test");
  run([&](Ledger& ledger) {
    ASSERT_TRUE(ledger.commit(stanza, 0, 0));
    ledger.note(session(5));
    ledger.note(SentRecord{5, stanza.id, 1});
  });
  {
    LedgerRun first(disk, 0, 2);
    LedgerRun second(disk, 1, 2);
    first.ledger.note(AckedRecord{5, 1});
    ASSERT_TRUE(second.ledger.commit(stanza, 0, 0));
    first.write();
    second.write();
  }
  read();
  // It may miss in the archive, no more.
  ASSERT_EQ(recovery.open_stanzas().size(), 1u);
  EXPECT_EQ(recovery.open_stanzas().begin()->second.waits, waiting_for::received);
}

// What each stanza waits for is ticked off by itself, in whatever order the journals are read.
TEST_F(AfterARun, AStanzaWaitsForItsPartsOneByOne) {
  Stanza kept = test_message("b@x.test", "kept"), over = test_message("b@x.test", "over");
  kept.waits |= waiting_for::sent;
  over.waits |= waiting_for::sent;
  run([&](Ledger& ledger) {
    ASSERT_TRUE(ledger.commit(kept, 0, 0));
    ASSERT_TRUE(ledger.commit(over, 0, 0));
    ledger.done(kept.id, waiting_for::delivery);
    ledger.archived({kept.id, over.id}, waiting_for::received);
    ledger.done(over.id, waiting_for::delivery);
    ledger.archived({over.id}, waiting_for::sent);
    EXPECT_EQ(ledger.open_stanzas(), 1u);
    EXPECT_EQ(ledger.open_stanza(kept.id).error().fault, Fault::not_found);  // not to deliver
  });
  read();
  ASSERT_EQ(recovery.open_stanzas().size(), 1u);
  const Stanza& left = recovery.open_stanzas().begin()->second;
  EXPECT_EQ(left.id, kept.id);
  EXPECT_EQ(left.waits, waiting_for::sent);
}

// DECISIONS.md 4: after a power cut nobody resumes, and everything durable is delivered.
TEST_F(AfterARun, APowerCutRefusesResumption) {
  run([](Ledger& ledger) {
    ledger.note(session(5));
    Stanza stanza = test_message("b@x.test");
    ASSERT_TRUE(ledger.commit(stanza, 5, 1));
    ledger.note(SentRecord{5, stanza.id, 1});
  });
  disk.power_cut();
  read();
  EXPECT_FALSE(recovery.trusted());
  EXPECT_TRUE(recovery.sessions().empty());
  EXPECT_EQ(recovery.open_stanzas().size(), 1u);
}

// What they had said in a room it takes, for they were in it.
TEST_F(AfterARun, APowerCutLeavesWhereSessionsWere) {
  run([](Ledger& ledger) {
    SessionRecord record = session(5);
    record.directed = {"room@x.test/nick"};
    ledger.note(record);
    Stanza stanza = test_message("b@x.test");
    ASSERT_TRUE(ledger.commit(stanza, 0, 0));
    ledger.note(SentRecord{5, stanza.id, 1});
  });
  disk.power_cut();
  read();
  EXPECT_EQ(recovery.count_resumable(), 0u);
  EXPECT_EQ(found(5).record.resume_token, "");
  EXPECT_EQ(found(5).record.directed, std::vector<std::string>{"room@x.test/nick"});
  EXPECT_TRUE(found(5).sent.empty());
}

TEST_F(AfterARun, TheFilesGoWhenTheyAreRetired) {
  run([](Ledger& ledger) { ledger.note(session(5)); });
  read();
  EXPECT_EQ(recovery.next_run(), 2u);
  ASSERT_TRUE(recovery.retire(disk, LedgerRun::folder, 8));
  Recovery second;
  ASSERT_TRUE(second.read(disk, LedgerRun::folder));
  EXPECT_TRUE(second.sessions().empty());
}

// An answer that a client has is no more owed; one that may have got lost is.
TEST_F(AfterARun, RequestsWaitUntilTheirAnswersArrived) {
  run([](Ledger& ledger) {
    ledger.note(session(5, 4));
    const auto iq = static_cast<std::uint8_t>(StanzaKind::iq);
    for (const std::uint32_t number : {1u, 2u, 3u})
      ledger.note(RequestRecord{5, number, iq, "id" + std::to_string(number), "x.test"});
    ledger.note(AnsweredRecord{5, 1, 10});
    ledger.note(AnsweredRecord{5, 2, 11});
    ledger.note(AnsweredRecord{5, 77, 12});            // to nothing that was asked
    ledger.note(RequestRecord{99, 1, iq, "id", "x"});  // of a session that nobody knows
    ledger.note(AckedRecord{5, 10});
  });
  read();
  const auto& requests = found(5).requests;
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests.at(2).id, "id2");
  EXPECT_EQ(requests.at(2).answer, 11u);
  EXPECT_EQ(requests.at(3).to, "x.test");
  EXPECT_FALSE(requests.at(3).answer);
}

// Else its client would send it again, having been told that it was refused.
TEST_F(AfterARun, WhatWasRefusedWasHandled) {
  run([](Ledger& ledger) {
    ledger.note(session(5, 4));
    ledger.note(RequestRecord{5, 7, static_cast<std::uint8_t>(StanzaKind::message), "id", "x"});
    ledger.note(RequestRecord{5, 9, static_cast<std::uint8_t>(StanzaKind::iq), "id", "x"});
  });
  read();
  EXPECT_EQ(found(5).record.handled, 7u);
}

TEST_F(AfterARun, NothingOfARemovedAccountComesBack) {
  run([](Ledger& ledger) {
    ledger.note(session(5));
    Stanza theirs = test_message("b@x.test/r"), other = test_message("c@x.test");
    ASSERT_TRUE(ledger.commit(theirs, 0, 0));
    ASSERT_TRUE(ledger.commit(other, 0, 0));
  });
  run([](Ledger& ledger) { ledger.note(RemovedRecord{"b@x.test"}); });
  run([](Ledger& ledger) {  // a new account of that name
    ledger.note(session(7));
    Stanza theirs = test_message("b@x.test", "new");
    ASSERT_TRUE(ledger.commit(theirs, 0, 0));
  });
  read();
  ASSERT_EQ(recovery.sessions().size(), 1u);
  EXPECT_TRUE(recovery.sessions().contains(7));
  EXPECT_EQ(recovery.open_stanzas().size(), 2u);
  ASSERT_EQ(recovery.orphans().size(), 1u);  // its sender hears of it
  EXPECT_EQ(recovery.orphans().front().head.to.text(), "b@x.test/r");
}

// Records of a release that we do not know, and short ones, do no harm.
TEST_F(AfterARun, UnknownRecordsAreSkipped) {
  run([](Ledger& ledger) {
    ASSERT_TRUE(ledger.journal().append(200, "of another release"));
    ASSERT_TRUE(ledger.journal().append(static_cast<std::uint8_t>(RecordKind::acked), "abc"));
    ASSERT_TRUE(ledger.journal().append(static_cast<std::uint8_t>(RecordKind::sent), ""));
    ledger.note(session(5));
  });
  read();
  EXPECT_EQ(recovery.sessions().size(), 1u);
}

// --- what many got ---

Stanza said_in_room(std::string_view body) {
  StanzaHead head = StanzaHead::of(MessageType::groupchat);
  head.from = Jid::trusted("room@x.test/nick");
  head.to = Jid::trusted("room@x.test");
  Stanza said(head, "<body>" + std::string(body) + "</body>");
  said.waits = waiting_for::clients;
  return said;
}

TEST_F(AfterARun, WhatManyGotStaysUntilTheLastOfThemHasIt) {
  Stanza first = said_in_room("1"), second = said_in_room("2");
  run([&](Ledger& ledger) {
    for (const SessionKey key : {7, 8}) ledger.note(session(key));
    ASSERT_TRUE(ledger.commit(first, 0, 0));
    ledger.note(SharedRecord{first.id, {7, 8}, {1, 1}, {}});
    ASSERT_TRUE(ledger.commit(second, 0, 0));
    ledger.note(SharedRecord{second.id, {7, 8}, {2, 2}, {}});
    ledger.note(AckedRecord{7, 2});
    ledger.note(AckedRecord{8, 1});
  });
  read();
  EXPECT_TRUE(found(7).sent.empty());
  EXPECT_EQ(found(8).sent, (std::map<std::uint32_t, MessageId>{{2, second.id}}));
  ASSERT_EQ(recovery.open_stanzas().size(), 1u);
  EXPECT_EQ(recovery.open_stanzas().begin()->second.id, second.id);
}

// Its shard had not heard of it yet: whoever was in the room gets it now, behind what it has.
TEST_F(AfterARun, WhatWasOnItsWayToManyIsGivenToThoseWhoMissIt) {
  Stanza said = said_in_room("1");
  said.waits |= waiting_for::delivery;
  run([&](Ledger& ledger) {
    for (const SessionKey key : {7, 8, 9}) {
      SessionRecord record = session(key);
      if (key != 9) record.directed = {"room@x.test/nick" + std::to_string(key)};
      ledger.note(record);
    }
    ASSERT_TRUE(ledger.commit(said, 0, 0));
    ledger.note(SharedRecord{said.id, {7}, {1}, {}});
    ledger.note(AckedRecord{7, 1});
  });
  read();
  EXPECT_TRUE(found(7).sent.empty() && found(7).waiting.empty());
  EXPECT_EQ(found(8).waiting, std::vector<MessageId>{said.id});
  EXPECT_TRUE(found(9).waiting.empty());
  // Should a crash come before the journal of their shard has that, they are looked for again.
  EXPECT_EQ(recovery.open_stanzas().begin()->second.waits, said.waits);
}

// The process died in the midst of writing, behind the commit.
TEST_F(AfterARun, WhatHasNoReferencesAtAllIsGivenToThoseInTheRoom) {
  Stanza first = said_in_room("1"), second = said_in_room("2");
  run([&](Ledger& ledger) {
    for (const SessionKey key : {7, 8}) {
      SessionRecord record = session(key);
      record.directed = {"room@x.test/nick" + std::to_string(key)};
      ledger.note(record);
    }
    ASSERT_TRUE(ledger.commit(first, 0, 0));
    ledger.note(SharedRecord{first.id, {7}, {1}, {}});  // 8 came in later
    ASSERT_TRUE(ledger.commit(second, 0, 0));
  });
  read();
  EXPECT_EQ(found(7).waiting, std::vector<MessageId>{second.id});
  EXPECT_EQ(found(8).waiting, std::vector<MessageId>{second.id});
}

// It waited for a client that had not come back since an earlier restart, and has a number now.
TEST_F(AfterARun, WhatWaitedForANumberGetsOne) {
  Stanza said = said_in_room("1"), other = said_in_room("2");
  run([&](Ledger& ledger) {
    ledger.note(session(7));
    for (Stanza* one : {&said, &other}) {
      ASSERT_TRUE(ledger.commit(*one, 0, 0));
      ledger.note(SharedRecord{one->id, {}, {}, {7}});
    }
    ledger.note(SharedRecord{said.id, {7}, {5}, {}});
  });
  read();
  EXPECT_EQ(found(7).sent, (std::map<std::uint32_t, MessageId>{{5, said.id}}));
  EXPECT_EQ(found(7).waiting, std::vector<MessageId>{other.id});
}

// Those of an earlier run are spread over all shards, whose journals are read one after the other.
TEST_F(AfterARun, WhatWaitsKeepsItsOrderOverSeveralRuns) {
  std::vector<Stanza> said;
  std::vector<MessageId> ids;
  run([&](Ledger& ledger) {
    for (const char* body : {"1", "2", "3", "4"}) {
      said.push_back(said_in_room(body));
      ASSERT_TRUE(ledger.commit(said.back(), 0, 0));
      ids.push_back(said.back().id);
    }
  });
  Recovery earlier;
  ASSERT_TRUE(earlier.read(disk, LedgerRun::folder));
  {
    LedgerRun first(disk, 0, 2), second(disk, 1, 2);
    first.ledger.note(session(7));
    for (Stanza& one : said) {
      Ledger& owner = first.ledger.owner(one.id) == 0 ? first.ledger : second.ledger;
      ASSERT_TRUE(owner.commit(one, 0, 0));
      first.ledger.note(SharedRecord{one.id, {}, {}, {7}});
    }
    first.write();
    second.write();
  }
  ASSERT_TRUE(earlier.retire(disk, LedgerRun::folder, 8));
  read();
  EXPECT_EQ(found(7).waiting, ids);
  std::vector<MessageId> open;
  for (const auto& [id, stanza] : recovery.open_stanzas()) open.push_back(id);
  EXPECT_EQ(open, ids);
}

TEST_F(AfterARun, WhatNobodyNeedsAnyMoreIsOnlyForTheArchive) {
  Stanza said = said_in_room("1");
  said.waits |= waiting_for::kept;
  run([&](Ledger& ledger) {
    ledger.note(session(7));
    ASSERT_TRUE(ledger.commit(said, 0, 0));
    ledger.note(SharedRecord{said.id, {7}, {1}, {}});
    ledger.note(EndedRecord{7});
  });
  read();
  ASSERT_EQ(recovery.open_stanzas().size(), 1u);
  EXPECT_EQ(recovery.open_stanzas().begin()->second.waits, waiting_for::kept);
}

}  // namespace
}  // namespace herold::server
