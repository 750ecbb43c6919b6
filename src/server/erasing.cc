// One step after the other, each on all shards.
#include "server/erasing.h"

#include <memory>
#include <utility>

#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

using Answered = std::move_only_function<void(Result<std::uint64_t>)>;

// Asks every shard for a number and brings the sum home; an error where one has one.
void sum_of_all(Server& server, Shard& from, const std::function<void(Shard&, Answered)>& ask,
                Answered then) {
  struct Round {
    unsigned left;
    Answered then;
    Result<std::uint64_t> sum{0};
  };
  // Shared by the letters under way; only touched at home.
  const auto round = std::make_shared<Round>(server.shard_count(), std::move(then));
  const auto take = [round](Result<std::uint64_t> number) {
    if (!number)
      round->sum = std::move(number);
    else if (round->sum)
      *round->sum += *number;
    if (--round->left == 0) round->then(std::move(round->sum));
  };
  for (unsigned i = 0; i < server.shard_count(); ++i)
    from.post_to(i, [ask, take, home = from.index()](Shard& there) {
      ask(there, [&there, take, home](Result<std::uint64_t> number) {
        there.post_to(home, [take, number = std::move(number)](Shard&) { take(number); });
      });
    });
}

}  // namespace

void erase_now(Server& server, Shard& from, std::move_only_function<void(Result<Erased>)> done) {
  struct Course {
    std::move_only_function<void(Result<Erased>)> done;
    Erased erased;
  };
  const auto course = std::make_shared<Course>(std::move(done));  // shared by its steps
  const auto write_anew = [&server, &from, course](Result<std::uint64_t> files) {
    if (!files) return course->done(std::unexpected(std::move(files).error()));
    course->erased.journal_files = *files;
    server.database().scrub(from.executor(), [course](Result<store::Database::Scrubbed> scrubbed) {
      if (!scrubbed) return course->done(std::unexpected(std::move(scrubbed).error()));
      course->erased.database = *scrubbed;
      course->done(course->erased);
    });
  };
  const auto leave_journals = [&server, &from, course, write_anew](Result<std::uint64_t> owed) {
    if (!owed) return course->done(std::unexpected(std::move(owed).error()));
    course->erased.owed = *owed;
    sum_of_all(
        server, from,
        [](Shard& there, Answered answered) { there.leave_journal(std::move(answered)); },
        write_anew);
  };
  sum_of_all(
      server, from,
      [](Shard& there, Answered answered) {
        there.removals().finish([answered = std::move(answered)](std::size_t owed) mutable {
          answered(static_cast<std::uint64_t>(owed));
        });
      },
      leave_journals);
}

}  // namespace herold::server
