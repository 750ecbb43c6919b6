// How a feature joins the server: what it is, its options, and its handlers, bound at compile time.
//
//   class Ping {
//    public:
//     static constexpr About about{199, "2.0.1", "XMPP Ping", {"urn:xmpp:ping"}};
//     struct Config { ...; static constexpr std::tuple options{...}; };
//     static constexpr auto handlers() { return std::tuple{on<Get<PingQuery>>(&Ping::answer)}; }
//     explicit Ping(ModuleHost& host, const Config& config);  // or without Config
//   };
//   HEROLD_MODULE(ping, Ping)
//
// A module that speaks more than one specification names the others in
// `static constexpr Specification also[]`.
//
// An instance serves one domain on one shard, so it needs no locks; its members are its state. A
// handler of an event (events.h) is `void f(Event&)`, `Flow f(Event&)`, `Answer<> f(Event&)` or
// `Answer<Flow> f(Event&)`, whose error goes to the stanza's sender. A handler of a request,
// Get<Payload> or Set<Payload>, is `Answer<Result> f(const IqContext&, const Payload&)` with a
// payload or Nothing as its result, or `void f(IqRequest, const Payload&)` when the answer comes
// later. A Config with a `ServiceName host` gives the module a domain of its own (service.h).
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "server/events.h"
#include "server/iq.h"
#include "server/module_host.h"
#include "server/options.h"
#include "server/service.h"

namespace herold::server {

// What a machine can read of a module: disco features, documentation and DOAP come from it.
struct About {
  unsigned xep = 0;  // 0: the RFC below
  std::string_view version;
  std::string_view title;
  std::array<std::string_view, 4> features{};  // announced by the server's disco#info
  unsigned rfc = 0;

  constexpr Specification specification() const {
    if (xep != 0) return {Specification::Series::xep, xep, version};
    return {Specification::Series::rfc, rfc, version};
  }
};

template <class What, class Method>
struct Binding {
  Method method;
  Stage stage;
  Targets targets;
};

// Binds an event or a request to a member function; a request at the server and the own account.
template <class What, class M, class R, class... A>
consteval auto on(R (M::*method)(A...), Stage stage = Stage::handle) {
  return Binding<What, R (M::*)(A...)>{method, stage, at_server | at_own_account};
}

// Binds a request to a member function, for the addresses named.
template <class What, class M, class R, class... A>
consteval auto on(R (M::*method)(A...), Targets targets) {
  return Binding<What, R (M::*)(A...)>{method, Stage::handle, targets};
}

// A module as the server sees it: everything that its class declares, types erased.
struct Module {
  ModuleDescription description;
  std::array<std::string_view, 4> features;
  // Makes the instance for one domain on one shard.
  std::unique_ptr<ModuleInstance> (*make)(ModuleHost& host, const ModuleSettings& settings);
  // Adds its handlers to the host's tables.
  void (*bind)(ModuleHost& host, ModuleInstance& instance);
};

namespace detail {

template <class M>
struct Instance final : ModuleInstance {
  template <class... A>
  explicit Instance(A&&... arguments) : module(std::forward<A>(arguments)...) {}
  void stop() override {
    if constexpr (requires { module.stop(); }) module.stop();
  }
  M module;
};

// The event handler number `I` of module M, as a plain function.
template <class M, std::size_t I, class Event>
Outcome call_event(void* module, Event& event) {
  constexpr auto method = std::get<I>(M::handlers()).method;
  using Answered = decltype((static_cast<M*>(module)->*method)(event));
  if constexpr (std::is_void_v<Answered>) {
    (static_cast<M*>(module)->*method)(event);
    return Flow::go_on;
  } else if constexpr (std::is_same_v<Answered, Flow>) {
    return (static_cast<M*>(module)->*method)(event);
  } else {
    static_assert(std::is_same_v<Answered, Answer<>> || std::is_same_v<Answered, Answer<Flow>>);
    if constexpr (std::is_same_v<Answered, Answer<Flow>>)
      return (static_cast<M*>(module)->*method)(event);
    else if (auto done = (static_cast<M*>(module)->*method)(event); !done)
      return std::unexpected(std::move(done).error());
    return Flow::go_on;
  }
}

// The request handler number `I` of module M: reads the payload, calls, writes the answer.
template <class M, std::size_t I, class Payload>
void call_request(void* module, IqRequest request) {
  constexpr auto method = std::get<I>(M::handlers()).method;
  auto payload = xmpp::read<Payload>(request.payload());
  if (!payload) return request.fail(std::move(payload).error());
  if constexpr (std::is_invocable_v<decltype(method), M&, IqRequest, const Payload&>) {
    (static_cast<M*>(module)->*method)(std::move(request), *payload);
  } else {
    auto answer = (static_cast<M*>(module)->*method)(request.context(), *payload);
    request.answer(std::move(answer));
  }
}

template <class M, std::size_t I, class What>
struct Add {
  static void to(ModuleHost& host, M* module, Stage stage, Targets) {
    const Hook<What> hook{stage, module, call_event<M, I, What>};
    if constexpr (std::is_base_of_v<ServiceEvent, What>)
      host.own_service().hooks().add(hook);
    else
      host.hooks().add(hook);
  }
};
template <class M, std::size_t I, class Payload>
struct Add<M, I, Get<Payload>> {
  static void to(ModuleHost& host, M* module, Stage, Targets targets) {
    host.add({xmpp::IqType::get, Payload::element, targets, module, call_request<M, I, Payload>});
  }
};
template <class M, std::size_t I, class Payload>
struct Add<M, I, Set<Payload>> {
  static void to(ModuleHost& host, M* module, Stage, Targets targets) {
    host.add({xmpp::IqType::set, Payload::element, targets, module, call_request<M, I, Payload>});
  }
};

template <class M, std::size_t... I>
void add_handlers(ModuleHost& host, M* module, std::index_sequence<I...>) {
  constexpr auto handlers = M::handlers();
  auto add = [&]<std::size_t N, class What, class Method>(std::integral_constant<std::size_t, N>,
                                                          Binding<What, Method> binding) {
    Add<M, N, What>::to(host, module, binding.stage, binding.targets);
  };
  (add(std::integral_constant<std::size_t, I>{}, std::get<I>(handlers)), ...);
}

template <class M>
std::unique_ptr<ModuleInstance> make_module(ModuleHost& host, const ModuleSettings& settings) {
  if constexpr (requires { typename M::Config; })
    return std::make_unique<Instance<M>>(host, read_options<typename M::Config>(settings));
  else
    return std::make_unique<Instance<M>>(host);
}

template <class M>
void bind_module(ModuleHost& host, ModuleInstance& instance) {
  using Handlers = decltype(M::handlers());
  add_handlers<M>(host, &static_cast<Instance<M>&>(instance).module,
                  std::make_index_sequence<std::tuple_size_v<Handlers>>{});
}

template <class M>
constexpr std::span<const OptionRow> module_options() {
  if constexpr (requires { typename M::Config; })
    return option_rows<typename M::Config>();
  else
    return {};
}

template <class M>
constexpr bool on_by_default() {
  if constexpr (requires { M::enabled_by_default; })
    return M::enabled_by_default;
  else
    return true;
}

// A Config with a member `ServiceName host` makes its module the owner of that domain.
template <class M>
std::string service_name(const ModuleSettings& settings, std::string_view domain) {
  return read_options<typename M::Config>(settings).host.for_domain(domain);
}
template <class M>
constexpr bool owns_service = requires(typename M::Config config) {
  { config.host } -> std::same_as<ServiceName&>;
};
template <class M>
constexpr auto service_function() {
  std::string (*name)(const ModuleSettings&, std::string_view) = nullptr;
  if constexpr (owns_service<M>) name = service_name<M>;
  return name;
}

// What it is, and what it has of others: a member `also`, an array of Specification.
template <class M>
constexpr auto specifications() {
  if constexpr (requires { M::also; }) {
    std::array<Specification, 1 + std::size(M::also)> all{M::about.specification()};
    std::ranges::copy(M::also, all.begin() + 1);
    return all;
  } else {
    return std::array{M::about.specification()};
  }
}
template <class M>
inline constexpr auto specifications_of = specifications<M>();

template <class M>
constexpr Module describe(std::string_view name) {
  return {{name, M::about.title, specifications_of<M>, module_options<M>(), on_by_default<M>(),
           service_function<M>()},
          M::about.features,
          make_module<M>,
          bind_module<M>};
}

}  // namespace detail
}  // namespace herold::server

// Names a module; the same name stands once in module_list.h.
#define HEROLD_MODULE(name, Class)                             \
  namespace herold::server {                                   \
  extern const Module name##_module;                           \
  const Module name##_module = detail::describe<Class>(#name); \
  }
