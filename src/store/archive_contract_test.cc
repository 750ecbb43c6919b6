// The contract of the message store as archives need it: selections, words, retractions, age.
#include "store/testing/contract.h"

namespace herold::store {
namespace {

class ArchiveContract : public StoreContract {
 protected:
  void fill_archive();
};

INSTANTIATE_TEST_SUITE_P(Backends, ArchiveContract, testing::ValuesIn(backends),
                         [](const auto& info) { return std::string(info.param.name); });

constexpr Bytes plenty = 1 << 20;

// What a test of a selection looks at: the stanza ids, in order.
std::vector<std::uint64_t> ids_of(const Page& page) {
  std::vector<std::uint64_t> ids;
  for (const StoredMessage& one : page.messages) ids.push_back(one.message.stanza_id);
  return ids;
}
using Ids = std::vector<std::uint64_t>;

// 1 to 6 in bob's archive, a minute apart: odd ones from a@x, even ones with c@x.
void ArchiveContract::fill_archive() {
  std::vector<NewMessage> batch;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    Message one = message(i, "<message id=\"m" + std::to_string(i) + "\">" + "body</message>");
    if (i % 2 == 0) one.from = "b@x/home", one.to = "c@x/phone";
    one.time = noon + Seconds(60 * static_cast<std::int64_t>(i));
    const std::string contact = i % 2 == 0 ? "c@x" : "a@x";
    batch.push_back({one, {{archive, 0, contact}, {{contact, BoxKind::archive, ""}, 0, "b@x"}}});
  }
  ASSERT_TRUE(WAIT(void, messages().add(batch, std::move(done))));
}

TEST_P(ArchiveContract, SelectsPagesOfAnArchive) {
  fill_archive();
  const auto select = [&](Selection what, PageAt at, std::uint32_t limit) {
    auto page = WAIT(Page, messages().select(archive, what, {at, limit, plenty}, std::move(done)));
    EXPECT_TRUE(page);
    return page ? std::move(*page) : Page{};
  };
  EXPECT_EQ(ids_of(select({}, PageAt::start, 10)), (Ids{1, 2, 3, 4, 5, 6}));
  Page page = select({}, PageAt::start, 4);
  EXPECT_EQ(ids_of(page), (Ids{1, 2, 3, 4}));
  EXPECT_FALSE(page.complete);
  page = select({.after = {4}}, PageAt::start, 2);
  EXPECT_EQ(ids_of(page), (Ids{5, 6}));
  EXPECT_TRUE(page.complete);
  page = select({}, PageAt::end, 2);
  EXPECT_EQ(ids_of(page), (Ids{5, 6}));
  EXPECT_FALSE(page.complete);
  EXPECT_EQ(ids_of(select({.before = {5}}, PageAt::end, 3)), (Ids{2, 3, 4}));
  EXPECT_EQ(ids_of(select({.after = {1, 2}, .before = {6, 5}}, PageAt::start, 9)), (Ids{3, 4}));
  EXPECT_EQ(ids_of(select({.contact = "c@x"}, PageAt::start, 9)), (Ids{2, 4, 6}));
  EXPECT_EQ(ids_of(select({.contact = "c@x", .after = {2}}, PageAt::end, 1)), (Ids{6}));
  EXPECT_EQ(ids_of(select({.contact = "c@x", .address = "c@x/phone"}, PageAt::start, 9)).size(),
            3u);
  EXPECT_TRUE(
      select({.contact = "c@x", .address = "c@x/other"}, PageAt::start, 9).messages.empty());
  EXPECT_TRUE(select({.contact = "d@x"}, PageAt::start, 9).messages.empty());
  EXPECT_EQ(ids_of(select({.stanza_ids = {6, 2, 6}}, PageAt::start, 9)), (Ids{2, 6}));
  EXPECT_EQ(
      ids_of(select({.start = noon + Seconds(120), .end = noon + Seconds(240)}, PageAt::start, 9)),
      (Ids{2, 3, 4}));
  EXPECT_EQ(ids_of(select({.start = noon + Seconds(121)}, PageAt::end, 9)), (Ids{3, 4, 5, 6}));
  EXPECT_TRUE(select({.start = noon + Seconds(999)}, PageAt::start, 9).messages.empty());
  EXPECT_TRUE(select({.end = WallTime::max()}, PageAt::start, 0).messages.empty());
  const Bytes two = 2 * std::string_view("<message id='m1'>body</message>").size();
  for (const auto& [bytes, count] : {std::pair<Bytes, std::size_t>{two, 2}, {two - 1, 1}, {0, 1}}) {
    const auto small =
        WAIT(Page, messages().select(archive, {}, {PageAt::end, 9, bytes}, std::move(done)));
    EXPECT_EQ(small->messages.size(), count);
    EXPECT_FALSE(small->complete);
  }
}

TEST_P(ArchiveContract, SaysWhichNamedMessagesAreNotThere) {
  fill_archive();
  const Box nobodys{"nobody@x", BoxKind::archive, ""};
  const Box others{"a@x", BoxKind::archive, ""};
  for (const Selection& what :
       {Selection{.after = {99}}, Selection{.before = {99}}, Selection{.stanza_ids = {1, 99}}})
    EXPECT_EQ(
        WAIT(Page, messages().select(archive, what, {PageAt::start, 9, plenty}, std::move(done)))
            .error()
            .fault,
        Fault::not_found);
  // It is in the store, and not in that archive.
  EXPECT_FALSE(WAIT(Page, messages().select(others, {.after = {2}}, {PageAt::start, 9, plenty},
                                            std::move(done))));
  EXPECT_FALSE(WAIT(Page, messages().select(nobodys, {.after = {1}}, {PageAt::start, 9, plenty},
                                            std::move(done))));
  EXPECT_TRUE(WAIT(Page, messages().select(nobodys, {}, {PageAt::end, 9, plenty}, std::move(done)))
                  ->complete);
  EXPECT_EQ(*WAIT(std::uint64_t, messages().count(archive, {.contact = "a@x"}, std::move(done))),
            3u);
  EXPECT_EQ(*WAIT(std::uint64_t, messages().count(nobodys, {}, std::move(done))), 0u);
}

// A wall clock that was wrong for a while: the order stays that of arrival, times stay findable.
TEST_P(ArchiveContract, FindsMessagesWhoseTimesStepBack) {
  const WallTime times[] = {noon, noon + Seconds(std::int64_t{86400} * 365 * 90), noon + Seconds(1),
                            noon + Seconds(2)};
  for (std::uint64_t i = 0; i < 4; ++i) {
    Message one = message(i + 1);
    one.time = times[i];
    ASSERT_TRUE(WAIT(void, messages().add({{one, {{archive, 0, "a@x"}}}}, std::move(done))));
    ASSERT_TRUE(WAIT(void, messages().add({{one, {{archive, 0, "a@x"}}}}, std::move(done))));
  }
  EXPECT_EQ(WAIT(Backlog, messages().backlog(archive, std::move(done)))->count, 4u);
  const auto ids = [&](Selection what) {
    return ids_of(
        *WAIT(Page, messages().select(archive, what, {PageAt::start, 9, plenty}, std::move(done))));
  };
  EXPECT_EQ(ids({}), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(ids({.end = noon + Seconds(2)}), (Ids{1, 3, 4}));
  EXPECT_EQ(ids({.start = noon + Seconds(1), .end = noon + Seconds(1)}), (Ids{3}));
  EXPECT_EQ(ids({.after = {3}}), (Ids{4}));
}

// Some of a batch were stored for later before, some come twice: each stands once, where it came.
TEST_P(ArchiveContract, KeepsTheOrderOfABatchOfNewAndKnownMessages) {
  const Box waiting{"b@x", BoxKind::offline, ""};
  ASSERT_TRUE(
      WAIT(void, messages().add({{message(8, "<message/>"), {{waiting}}}}, std::move(done))));
  const auto kept = [&](std::uint64_t stanza_id) {
    return NewMessage{message(stanza_id, "<message>0123456789</message>"),
                      {{archive, 0, "a@x"}, {{"a@x", BoxKind::archive, ""}, 0, "b@x"}}};
  };
  for (int round = 0; round < 2; ++round) {
    std::vector<NewMessage> batch;
    for (const std::uint64_t stanza_id : {9, 8, 7, 9, 6, 5, 7}) batch.push_back(kept(stanza_id));
    ASSERT_TRUE(WAIT(void, messages().add(std::move(batch), std::move(done))));
    for (const Box& box : {archive, Box{"a@x", BoxKind::archive, ""}}) {
      const auto found =
          WAIT(Page, messages().select(box, {}, {PageAt::start, 9, plenty}, std::move(done)));
      EXPECT_EQ(ids_of(*found), (Ids{9, 8, 7, 6, 5}));
      EXPECT_EQ(WAIT(Backlog, messages().backlog(box, std::move(done)))->count, 5u);
    }
  }
  ASSERT_TRUE(WAIT(void, messages().remove_all(archive, std::move(done))));
  ASSERT_TRUE(WAIT(void, messages().remove_all({"a@x", BoxKind::archive, ""}, std::move(done))));
  const auto left =
      WAIT(std::vector<StoredMessage>, messages().fetch(waiting, 0, 9, std::move(done)));
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ(left->front().message.stanza.view(), "<message/>");
}

TEST_P(ArchiveContract, RetractsAMessageInTheArchivesThatItsRetractionComesInto) {
  fill_archive();
  const auto text = [&](const Box& box, std::uint64_t id) {
    auto page = WAIT(
        Page, messages().select(box, {.stanza_ids = {id}}, {PageAt::start, 1, 0}, std::move(done)));
    return std::string(page->messages.at(0).message.stanza.view());
  };
  std::uint64_t next = 50;
  const auto retract = [&](const char* contact, const char* sender, const char* tag_text) {
    const NewMessage one{
        message(++next), {{archive, 0, contact}}, Retraction{sender, tag_text, "<retracted/>"}};
    return WAIT(void, messages().add({one}, std::move(done)));
  };
  EXPECT_TRUE(retract("a@x", "b@x", "id=\"m1\""));  // by another
  EXPECT_TRUE(retract("c@x", "a@x", "id=\"m1\""));  // with another
  EXPECT_TRUE(retract("a@x", "a", "id=\"m1\""));
  EXPECT_TRUE(retract("a@x", "a@x", "body"));  // not in the tag
  const std::string whole = "<message id=\"m1\">body</message>";
  EXPECT_EQ(text(archive, 1), whole);
  EXPECT_TRUE(retract("a@x", "a@x", "id=\"m1\""));
  const std::string tombstone = "<message id=\"m1\"><retracted/></message>";
  EXPECT_EQ(text(archive, 1), tombstone);
  EXPECT_EQ(text({"a@x", BoxKind::archive, ""}, 1), tombstone);
  // In one batch with what it retracts; an empty message.
  const NewMessage mistake{message(90, "<message id=\"m90\"/>"), {{archive, 0, "a@x"}}};
  const NewMessage regret{
      message(91), {{archive, 0, "a@x"}}, Retraction{"a@x", "id=\"m90\"", "<retracted/>"}};
  ASSERT_TRUE(WAIT(void, messages().add({mistake, regret}, std::move(done))));
  EXPECT_EQ(text(archive, 90), "<message id=\"m90\"><retracted/></message>");
}

TEST_P(ArchiveContract, ReplacesWhatAMessageSays) {
  fill_archive();
  const auto replace = [&](const Box& box, std::uint64_t id) {
    return WAIT(void, messages().replace(box, id, "<gone/>", std::move(done)));
  };
  EXPECT_EQ(replace({"c@x", BoxKind::archive, ""}, 1).error().fault, Fault::not_found);
  EXPECT_TRUE(replace(archive, 1));
  for (const Box& box : {archive, Box{"a@x", BoxKind::archive, ""}}) {
    const auto page =
        WAIT(Page, messages().select(box, {}, {PageAt::start, 1, plenty}, std::move(done)));
    EXPECT_EQ(page->messages[0].message.stanza.view(), "<message id=\"m1\"><gone/></message>");
  }
  // It counts for what it was, until it goes.
  const Bytes before = WAIT(Backlog, messages().backlog(archive, std::move(done)))->bytes;
  EXPECT_EQ(before, 6 * std::string_view("<message id='m1'>body</message>").size());
  ASSERT_TRUE(WAIT(void, messages().remove_stanzas(archive, {1, 2, 3, 4, 5, 6}, std::move(done))));
  EXPECT_EQ(WAIT(Backlog, messages().backlog(archive, std::move(done)))->bytes, 0u);
}

TEST_P(ArchiveContract, FindsWordsOfTheArchivesThatAreSearched) {
  const std::string said[] = {"Where art thou", "thou art not here", "WHERE is h\u00e9r\u00f6ld",
                              ""};
  for (std::uint64_t i = 0; i < 4; ++i)
    ASSERT_TRUE(WAIT(
        void, messages().add({{message(i + 1, "<message><body>" + said[i] + "</body></message>"),
                               {{archive, 0, "a@x"}, {{"a@x", BoxKind::archive, ""}, 0, "b@x"}}}},
                             std::move(done))));
  const auto find = [&](const Box& box, const std::string& words) {
    while (*WAIT(bool, messages().index_text(box, 3, std::move(done)))) {
    }
    const PageBounds bounds{PageAt::start, 9, plenty};
    const auto page = WAIT(Page, messages().select(box, {.text = words}, bounds, std::move(done)));
    EXPECT_TRUE(page) << words;
    return page ? ids_of(*page) : Ids{};
  };
  EXPECT_EQ(find(archive, "where"), (Ids{1, 3}));
  EXPECT_EQ(find(archive, "thou  art"), (Ids{1, 2}));
  EXPECT_EQ(find(archive, "herold"), (Ids{3}));
  EXPECT_TRUE(find(archive, "here where").empty());
  // Nothing of what is asked for is a language.
  for (const char* odd :
       {"\"", "thou OR where", "box:1", "text:(", "thou* NOT", "'; DROP TABLE", "-"})
    find(archive, odd);
  EXPECT_EQ(find({"a@x", BoxKind::archive, ""}, "thou"), (Ids{1, 2}));
  EXPECT_TRUE(find({"c@x", BoxKind::archive, ""}, "thou").empty());
  // With other conditions, from the other end.
  const auto last = WAIT(Page, messages().select(archive, {.contact = "a@x", .text = "thou"},
                                                 {PageAt::end, 1, plenty}, std::move(done)));
  EXPECT_EQ(ids_of(*last), (Ids{2}));
  EXPECT_FALSE(last->complete);
  // What goes is not found, and what takes its place says nothing.
  ASSERT_TRUE(WAIT(void, messages().remove_stanzas(archive, {1}, std::move(done))));
  EXPECT_EQ(find(archive, "thou"), (Ids{2}));
  ASSERT_TRUE(WAIT(void, messages().replace(archive, 2, "<gone/>", std::move(done))));
  EXPECT_EQ(find(archive, "thou"), (Ids{}));
  ASSERT_TRUE(WAIT(void, messages().remove_all(archive, std::move(done))));
  EXPECT_TRUE(find(archive, "where").empty());
  for (int i = 0; i < 100 && *WAIT(bool, messages().wipe_text(std::move(done))); ++i) {
  }
  EXPECT_FALSE(*WAIT(bool, messages().wipe_text(std::move(done))));
}

TEST_P(ArchiveContract, TrimsTheOldestByTimeAndSize) {
  fill_archive();
  const auto trim = [&](WallTime older, Bytes most, std::uint32_t limit) {
    return *WAIT(bool, messages().trim(archive, older, most, limit, std::move(done)));
  };
  const auto left = [&] {
    return ids_of(
        *WAIT(Page, messages().select(archive, {}, {PageAt::start, 9, plenty}, std::move(done))));
  };
  EXPECT_FALSE(trim(noon, plenty, 100));
  EXPECT_EQ(left().size(), 6u);
  EXPECT_TRUE(trim(noon + Seconds(200), plenty, 2));  // in pieces
  EXPECT_EQ(left(), (Ids{3, 4, 5, 6}));
  EXPECT_FALSE(trim(noon + Seconds(200), plenty, 2));
  EXPECT_EQ(left(), (Ids{4, 5, 6}));
  const Bytes held = WAIT(Backlog, messages().backlog(archive, std::move(done)))->bytes;
  EXPECT_FALSE(trim(noon, held, 100));
  EXPECT_EQ(left().size(), 3u);
  EXPECT_FALSE(trim(noon, held - 1, 100));
  EXPECT_EQ(left(), (Ids{5, 6}));
  EXPECT_FALSE(trim(noon, 0, 100));
  EXPECT_TRUE(left().empty());
  // The other sides have theirs.
  const auto boxes =
      WAIT(std::vector<BoxUsage>, messages().boxes(BoxKind::archive, 0, 9, std::move(done)));
  ASSERT_EQ(boxes->size(), 3u);
  EXPECT_EQ((*boxes)[0].box, archive);
  EXPECT_EQ((*boxes)[0].held.count, 0u);
  EXPECT_EQ((*boxes)[1].held.count, 3u);
  EXPECT_EQ((*boxes)[1].oldest, noon + Seconds(60));
  EXPECT_EQ(WAIT(std::vector<BoxUsage>,
                 messages().boxes(BoxKind::archive, (*boxes)[1].number, 9, std::move(done)))
                ->size(),
            1u);
  EXPECT_FALSE(*WAIT(
      bool, messages().trim({"nobody@x", BoxKind::archive, ""}, noon, 0, 9, std::move(done))));
}

}  // namespace
}  // namespace herold::store
