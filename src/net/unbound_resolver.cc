// Hands questions to libunbound and makes of its results what they are worth.
#include "net/unbound_resolver.h"

#include <string_view>
#include <utility>

#include "net/dns_records.h"

namespace herold::net {
namespace {

constexpr int class_internet = 1;
constexpr int code_no_such_name = 3;  // RFC 1035 section 4.1.1

struct FreeResult {
  void operator()(ub_result* result) const { ub_resolve_free(result); }
};

DnsAnswer failed(std::string why) { return {.why = std::move(why)}; }

Result<> fine(int code, std::string_view what) {
  if (code == UB_NOERROR) return {};
  return fail(Fault::invalid, "resolver: " + std::string(what) + ": " + ub_strerror(code));
}

DnsAnswer read_result(const ub_result& result) {
  if (result.bogus)
    return failed(std::string("forged, or signed badly: ") +
                  (result.why_bogus ? result.why_bogus : "no reason given"));
  if (result.rcode != 0 && result.rcode != code_no_such_name)
    return failed("the name servers fail (code " + std::to_string(result.rcode) + ")");
  std::vector<std::string_view> records;
  // One over the bound is enough to know.
  for (std::size_t i = 0; result.data && result.data[i] && i <= bounds::dns_records; ++i)
    records.emplace_back(result.data[i], static_cast<std::size_t>(result.len[i]));
  DnsAnswer answer = read_dns_records(static_cast<DnsType>(result.qtype), records);
  answer.secure = result.secure && answer.status != DnsAnswer::Status::failed;
  return answer;
}

}  // namespace

Result<std::unique_ptr<UnboundResolver>> UnboundResolver::open(const ResolverSettings& settings,
                                                               const Clock& clock,
                                                               const Limits& limits) {
  Context context(ub_ctx_create());
  if (!context) return fail(Fault::unavailable, "resolver: libunbound does not start");
  TRY(prepare(*context, settings));
  std::unique_ptr<EpollLoop> loop = TRY(EpollLoop::open(clock, limits));
  std::unique_ptr<UnboundResolver> made(
      new UnboundResolver(std::move(context), std::move(loop), settings.patience));
  TRY(made->start());
  return made;
}

Result<> UnboundResolver::prepare(ub_ctx& context, const ResolverSettings& settings) {
  TRY(fine(ub_ctx_debugout(&context, nullptr), "log"));
  TRY(fine(ub_ctx_async(&context, 1), "thread"));
  // A resolver on this machine is as good as any, and a network of one's own has such addresses.
  TRY(fine(ub_ctx_set_option(&context, "do-not-query-localhost:", "no"), "localhost"));
  // A server that was down is tried again while it is taken as down.
  TRY(fine(ub_ctx_set_option(&context, "infra-keep-probing:", "yes"), "probing"));
  for (const std::string& server : settings.servers)
    TRY(fine(ub_ctx_set_fwd(&context, server.c_str()), server));
  // A machine without that file asks the root.
  if (settings.servers.empty()) ub_ctx_resolvconf(&context, nullptr);
  if (settings.trust_anchors.empty())
    TRY(fine(ub_ctx_set_option(&context, "module-config:", "iterator"), "no trust anchors"));
  else
    TRY(fine(ub_ctx_add_ta_file(&context, settings.trust_anchors.c_str()), settings.trust_anchors));
  for (const std::string& domain : settings.unsigned_domains)
    TRY(fine(ub_ctx_set_option(&context, "domain-insecure:", domain.c_str()), domain));
  // libunbound knows that these are nobody's (RFC 6761, RFC 8375), which in a network of one's own
  // is for its servers to say. From the first of these calls on the settings hold; so it tells what
  // is wrong with them.
  for (const char* zone : {"test.", "home.arpa."})
    TRY(fine(ub_ctx_zone_add(&context, zone, "transparent"), "servers or trust anchors"));
  return {};
}

Result<> UnboundResolver::start() {
  watch_ = TRY(loop_->watch(ub_fd(context_.get()), *this));
  thread_ = std::jthread([this] { loop_->run(); });
  return {};
}

UnboundResolver::~UnboundResolver() {
  if (thread_.joinable()) {
    loop_->stop();
    thread_.join();
  }
  if (watch_ != EpollLoop::Watch::none) loop_->unwatch(ub_fd(context_.get()), watch_);
  // Before the questions that it would answer.
  context_.reset();
  loop_->drop_tasks();
}

void UnboundResolver::ask(DnsQuestion question, Loop& home, Then then) {
  loop_->post([this, &home, question = std::move(question), then = std::move(then)]() mutable {
    begin(std::move(question), home, std::move(then));
  });
}

void UnboundResolver::begin(DnsQuestion question, Loop& home, Then then) {
  const std::uint64_t number = asked_++;
  Asked& asked =
      open_.try_emplace(number, *this, number, std::move(question), home, std::move(then))
          .first->second;
  if (!is_dns_name(asked.question.name)) return answer(number, failed("not a name"));
  if (open_.size() > bounds::dns_questions) return answer(number, failed("too many questions"));
  const int code = ub_resolve_async(context_.get(), asked.question.name.c_str(),
                                    static_cast<int>(asked.question.type), class_internet, &asked,
                                    take_result, &asked.id);
  if (code != UB_NOERROR) return answer(number, failed(ub_strerror(code)));
  asked.patience.start(*loop_, patience_, [this, number, id = asked.id] {
    ub_cancel(context_.get(), id);
    answer(number, failed("no answer in time"));
  });
}

// libunbound holds answers back until it is asked for them; each edge of its pipe reads all.
void UnboundResolver::on_ready(Readiness) { ub_process(context_.get()); }

void UnboundResolver::take_result(void* self, int error, ub_result* taken) {
  const std::unique_ptr<ub_result, FreeResult> result(taken);
  const auto& asked = *static_cast<const Asked*>(self);
  asked.resolver.answer(asked.number, result ? read_result(*result) : failed(ub_strerror(error)));
}

void UnboundResolver::answer(std::uint64_t number, DnsAnswer answer) {
  const auto found = open_.find(number);
  Loop& home = found->second.home;
  home.post([then = std::move(found->second.then), answer = std::move(answer)]() mutable {
    then(std::move(answer));
  });
  open_.erase(found);
}

}  // namespace herold::net
