// Journal records: read as written, short ones with defaults, longer ones of a later release.
#include "server/journal_records.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace herold::server {
namespace {

SessionRecord full_session() {
  SessionRecord record;
  record.key = 0x0102030405060708;
  record.jid = "alice@xmpp.test/phone";
  record.resume_token = "token";
  record.resume_seconds = 600;
  record.handled = 0xfffffffe;
  record.acked = 7;
  record.flags = 5;
  record.priority = 0x80;  // -128
  record.presence = SharedBytes("<show>away</show>");
  record.directed = {"room@chat.test/nick", "bob@xmpp.test"};
  return record;
}

Stanza message() {
  StanzaHead head = StanzaHead::of(MessageType::chat);
  head.from = *Jid::parse("a@x.test/r");
  head.to = *Jid::parse("b@x.test");
  head.id = "id-1";
  head.lang = "de";
  Stanza stanza(head, std::string_view("<body>x\xF0\x9F\x98\x80</body>"));
  stanza.id = 99;
  stanza.accepted = WallTime(Microseconds(1795000000123456));
  return stanza;
}

TEST(JournalRecords, GiveASessionBack) {
  const SessionRecord written = full_session();
  const auto read = decode_record<SessionRecord>(encode_record(written));
  EXPECT_EQ(read.key, written.key);
  EXPECT_EQ(read.jid, written.jid);
  EXPECT_EQ(read.resume_token, written.resume_token);
  EXPECT_EQ(read.resume_seconds, written.resume_seconds);
  EXPECT_EQ(read.handled, written.handled);
  EXPECT_EQ(read.acked, written.acked);
  EXPECT_EQ(read.flags, written.flags);
  EXPECT_EQ(read.priority, written.priority);
  EXPECT_EQ(read.presence.view(), written.presence.view());
  EXPECT_EQ(read.directed, written.directed);
}

TEST(JournalRecords, GiveAStanzaBack) {
  const Stanza written = message();
  CommitRecord record = CommitRecord::of(written);
  record.session = 5;
  record.inbound = 6;
  const auto read = decode_record<CommitRecord>(encode_record(record));
  EXPECT_EQ(read.session, 5u);
  EXPECT_EQ(read.inbound, 6u);
  const Stanza stanza = read.stanza();
  EXPECT_EQ(stanza.to_xml(), written.to_xml());
  EXPECT_EQ(stanza.id, written.id);
  EXPECT_EQ(stanza.accepted, written.accepted);
}

TEST(JournalRecords, KeepEveryKindAndType) {
  for (const PresenceType type : {PresenceType::subscribe, PresenceType::unsubscribed}) {
    StanzaHead head = StanzaHead::of(type);
    head.from = *Jid::parse("a@x.test");
    head.to = *Jid::parse("b@x.test");
    const auto record = CommitRecord::of(Stanza(head, std::string_view()));
    EXPECT_TRUE(decode_record<CommitRecord>(encode_record(record)).stanza().head.is(type));
  }
  StanzaHead head = StanzaHead::of(IqType::set);
  head.id = "1";
  EXPECT_TRUE(CommitRecord::of(Stanza(head, std::string_view("<q xmlns=\"urn:q\"/>")))
                  .stanza()
                  .head.is(IqType::set));
}

TEST(JournalRecords, GiveSmallOnesBack) {
  EXPECT_EQ(decode_record<DoneRecord>(encode_record(DoneRecord{~0ull})).id, ~0ull);
  EXPECT_EQ(decode_record<EndedRecord>(encode_record(EndedRecord{3})).session, 3u);
  const auto handled = decode_record<HandledRecord>(encode_record(HandledRecord{3, 4}));
  EXPECT_EQ(handled.session, 3u);
  EXPECT_EQ(handled.handled, 4u);
  const auto sent = decode_record<SentRecord>(encode_record(SentRecord{3, 4, 5}));
  EXPECT_EQ(sent.id, 4u);
  EXPECT_EQ(sent.number, 5u);
  EXPECT_EQ(decode_record<AckedRecord>(encode_record(AckedRecord{3, 9})).acked, 9u);
}

// An older release wrote fewer fields: the rest is at its defaults, and what is there is right.
TEST(JournalRecords, ReadAShorterRecordWithDefaults) {
  const std::string whole = encode_record(full_session());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = decode_record<SessionRecord>(std::string_view(whole).substr(0, size));
    EXPECT_EQ(read.key, size >= 8 ? full_session().key : 0u) << size;
    if (read.resume_seconds != 0) EXPECT_EQ(read.resume_seconds, 600u) << size;
    EXPECT_LE(read.directed.size(), 2u) << size;
  }
  const auto none = decode_record<SessionRecord>("");
  EXPECT_TRUE(none.jid.empty() && none.presence.empty() && none.directed.empty());
}

TEST(JournalRecords, IgnoreFieldsOfALaterRelease) {
  const std::string later = encode_record(full_session()) + "more fields";
  EXPECT_EQ(decode_record<SessionRecord>(later).directed.size(), 2u);
}

// Lengths that lie take no memory and read nothing that is not there.
TEST(JournalRecords, SurviveAnyBytes) {
  SeededRandom random(1);
  const std::string session = encode_record(full_session());
  const std::string commit = encode_record(CommitRecord::of(message()));
  for (int round = 0; round < 2000; ++round) {
    for (std::string bytes : {session, commit}) {
      for (int changes = 0; changes < 4; ++changes)
        bytes[random.below(bytes.size())] = static_cast<char>(random.number());
      bytes.resize(random.below(bytes.size() + 1));
      const auto read_session = decode_record<SessionRecord>(bytes);
      EXPECT_LE(read_session.jid.size() + read_session.presence.size(), bytes.size());
      EXPECT_LE(read_session.directed.size(), bytes.size());
      EXPECT_LE(decode_record<CommitRecord>(bytes).payload.size(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace herold::server
