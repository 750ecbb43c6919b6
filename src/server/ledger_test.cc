// The ledger: what was accepted is open until it is done, over segments, full disks and restarts.
#include "server/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "server/testing_journal.h"

namespace herold::server {
namespace {

// What recovery would find open, and the kinds of all records.
struct Found {
  std::set<MessageId> open;
  std::vector<RecordKind> kinds;
};

Found read_back(store::SimDisk& disk) {
  Found found;
  const auto read = store::read_journals(disk, LedgerRun::folder, [&](const auto& record) {
    const auto kind = static_cast<RecordKind>(record.kind);
    found.kinds.push_back(kind);
    if (kind == RecordKind::commit)
      found.open.insert(decode_record<CommitRecord>(record.payload).id);
    if (kind == RecordKind::done) found.open.erase(decode_record<DoneRecord>(record.payload).id);
  });
  EXPECT_TRUE(read);
  return found;
}

TEST(Ledger, GivesEveryStanzaAnIdOfItsOwn) {
  store::SimDisk disk(1);
  std::set<MessageId> ids;
  for (int run = 0; run < 3; ++run) {
    for (unsigned shard = 0; shard < 3; ++shard) {
      LedgerRun life(disk, shard, 3);
      for (int i = 0; i < 5; ++i) {
        Stanza stanza = test_message("b@x.test");
        ASSERT_TRUE(life.ledger.commit(stanza, 0, 0));
        EXPECT_TRUE(ids.insert(stanza.id).second);
        EXPECT_NE(stanza.id, 0u);
        EXPECT_EQ(life.ledger.owner(stanza.id), shard);
      }
      life.write();
    }
  }
}

TEST(Ledger, GivesAnOpenStanzaAgain) {
  store::SimDisk disk(1);
  LedgerRun life(disk);
  Stanza stanza = test_message("b@x.test", "again");
  ASSERT_TRUE(life.ledger.commit(stanza, 0, 0));
  EXPECT_EQ(life.ledger.open_stanza(stanza.id).error().fault, Fault::unavailable);  // not written
  life.write();
  const auto again = life.ledger.open_stanza(stanza.id);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, stanza.id);
  EXPECT_EQ(again->to_xml(), stanza.to_xml());
  life.ledger.done(stanza.id, waiting_for::all);
  EXPECT_EQ(life.ledger.open_stanza(stanza.id).error().fault, Fault::not_found);
}

TEST(Ledger, RemembersWhatIsNotDone) {
  store::SimDisk disk(1);
  Stanza one = test_message("b@x.test"), two = test_message("c@x.test");
  {
    LedgerRun life(disk);
    ASSERT_TRUE(life.ledger.commit(one, 5, 6));
    ASSERT_TRUE(life.ledger.commit(two, 5, 7));
    EXPECT_EQ(life.ledger.open_stanzas(), 2u);
    life.ledger.done(one.id, waiting_for::all);
    life.ledger.done(one.id, waiting_for::all);  // twice is once
    life.ledger.done(12345, waiting_for::all);   // nobody's
    EXPECT_EQ(life.ledger.open_stanzas(), 1u);
    life.write();
  }
  disk.kill();
  const Found found = read_back(disk);
  EXPECT_EQ(found.open, std::set<MessageId>{two.id});
  EXPECT_EQ(std::ranges::count(found.kinds, RecordKind::done), 1);
}

TEST(Ledger, KeepsTheIdOfAnEarlierRun) {
  store::SimDisk disk(1);
  Stanza stanza = test_message("b@x.test");
  {
    LedgerRun life(disk, 1, 2);
    ASSERT_TRUE(life.ledger.commit(stanza, 0, 0));
    life.write();
  }
  const MessageId id = stanza.id;
  for (const unsigned shards : {1u, 2u, 7u}) {
    LedgerRun life(disk, 0, shards);
    EXPECT_LT(life.ledger.owner(id), shards);  // whoever rewrites it hears of its end
    ASSERT_TRUE(life.ledger.commit(stanza, 0, 0));
    EXPECT_EQ(stanza.id, id);
    EXPECT_EQ(life.ledger.open_stanzas(), 1u);
  }
}

TEST(Ledger, NamesSessionsForEver) {
  store::SimDisk disk(1);
  std::set<SessionKey> keys;
  for (unsigned run = 0; run < 3; ++run) {
    LedgerRun life(disk, run, 3);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(keys.insert(life.ledger.next_session()).second);
    life.write();
  }
  EXPECT_FALSE(keys.contains(0));
}

TEST(Ledger, RewritesWhatIsOpenBeforeASegmentGoes) {
  store::SimDisk disk(1);
  Limits limits;
  limits.journal_segment_bytes = 24_KiB;
  limits.journal_reserve_bytes = 2_KiB;
  limits.journal_segments = 4;
  Stanza kept = test_message("b@x.test", "kept");
  {
    LedgerRun life(disk, 0, 1, limits);
    ASSERT_TRUE(life.ledger.commit(kept, 5, 6));
    for (int i = 0; i < 400; ++i) {
      Stanza passing = test_message("b@x.test", std::string(1000, 'x'));
      ASSERT_TRUE(life.ledger.commit(passing, 0, 0)) << i;
      life.write();
      life.ledger.done(passing.id, waiting_for::all);
      life.settle();
      for (const std::uint64_t segment : std::exchange(life.old_segments, {}))
        life.ledger.leave_segment(segment);
      life.write();
      life.settle();
    }
    EXPECT_LE(life.ledger.journal().statistics().segments, 5u);
    EXPECT_EQ(life.ledger.open_stanzas(), 1u);
  }
  disk.kill();
  EXPECT_TRUE(read_back(disk).open.contains(kept.id));
}

// HOSTILE 175: on a full disk nothing is accepted, and outcomes are still written.
TEST(Ledger, RefusesOnAFullDiskAndStillNotesOutcomes) {
  store::SimDisk disk(1);
  Limits limits;
  limits.journal_segment_bytes = 24_KiB;
  limits.journal_reserve_bytes = 2_KiB;
  limits.journal_segments = 4;
  LedgerRun life(disk, 0, 1, limits);
  life.settle();
  disk.set_capacity(disk.used());
  std::vector<MessageId> accepted;
  Stanza refused = test_message("b@x.test", std::string(1000, 'x'));
  for (int i = 0; i < 200; ++i) {
    Stanza stanza = refused.copy();
    const auto position = life.ledger.commit(stanza, 0, 0);
    life.write();
    life.settle();
    if (!position) {
      EXPECT_EQ(position.error().fault, Fault::unavailable);
      EXPECT_EQ(stanza.id, 0u);  // it has no id that anybody could be told
      break;
    }
    accepted.push_back(stanza.id);
  }
  ASSERT_LT(accepted.size(), 200u);
  ASSERT_FALSE(accepted.empty());
  EXPECT_EQ(life.ledger.open_stanzas(), accepted.size());
  life.ledger.done(accepted.front(), waiting_for::all);
  life.write();
  EXPECT_EQ(life.ledger.lost_notes(), 0u);
  EXPECT_FALSE(read_back(disk).open.contains(accepted.front()));
}

}  // namespace
}  // namespace herold::server
