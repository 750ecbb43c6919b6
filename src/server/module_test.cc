// How a module's methods become handlers: every form a method may have, and what becomes of it.
#include "server/module.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

// One handler of each form that STYLE.md knows, for an event that is easily made.
class Forms {
 public:
  static constexpr auto handlers() {
    return std::tuple{on<StreamFeatures>(&Forms::watch), on<StreamFeatures>(&Forms::end),
                      on<StreamFeatures>(&Forms::judge, Stage::screen),
                      on<StreamFeatures>(&Forms::judge_and_end, Stage::observe)};
  }

  Answer<> judgement;
  Answer<Flow> flow = Flow::stop;

 private:
  void watch(StreamFeatures& event) { event.xml += 'w'; }
  Flow end(StreamFeatures& event) {
    event.xml += 'e';
    return Flow::stop;
  }
  Answer<> judge(StreamFeatures& event) {
    event.xml += 'j';
    return judgement;
  }
  Answer<Flow> judge_and_end(StreamFeatures& event) {
    event.xml += 'f';
    return flow;
  }
};

class ModuleForms : public testing::Test {
 protected:
  template <std::size_t I>
  Outcome call() {
    return detail::call_event<Forms, I, StreamFeatures>(&module, event);
  }
  Forms module;
  Domain domain;
  std::string xml;
  StreamFeatures event{domain, StreamFeatures::Moment::before_login, xml};
};

TEST_F(ModuleForms, ReturningNothingGoesOn) {
  EXPECT_EQ(call<0>(), Flow::go_on);
  EXPECT_EQ(xml, "w");
}

TEST_F(ModuleForms, ReturningAFlowIsObeyed) { EXPECT_EQ(call<1>(), Flow::stop); }

TEST_F(ModuleForms, ReturningAnErrorEndsTheEvent) {
  EXPECT_EQ(call<2>(), Flow::go_on);
  module.judgement = xmpp::fail(Condition::forbidden, "no");
  const Outcome outcome = call<2>();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().condition, Condition::forbidden);
  EXPECT_EQ(outcome.error().text, "no");
}

TEST_F(ModuleForms, ReturningAFlowOrAnErrorDoesEither) {
  EXPECT_EQ(call<3>(), Flow::stop);
  module.flow = Flow::go_on;
  EXPECT_EQ(call<3>(), Flow::go_on);
  module.flow = xmpp::fail(Condition::conflict);
  EXPECT_EQ(call<3>().error().condition, Condition::conflict);
}

TEST_F(ModuleForms, TheirStagesDecideTheOrder) {
  Hooks hooks;
  constexpr auto handlers = Forms::handlers();
  hooks.add(Hook<StreamFeatures>{std::get<3>(handlers).stage, &module,
                                 detail::call_event<Forms, 3, StreamFeatures>});
  hooks.add(Hook<StreamFeatures>{std::get<0>(handlers).stage, &module,
                                 detail::call_event<Forms, 0, StreamFeatures>});
  hooks.add(Hook<StreamFeatures>{std::get<2>(handlers).stage, &module,
                                 detail::call_event<Forms, 2, StreamFeatures>});
  EXPECT_EQ(hooks.fire(event), Flow::stop);
  EXPECT_EQ(xml, "jwf");
}

TEST(ModuleAbout, NamesItsSpecification) {
  constexpr About extension{.xep = 199, .version = "2.0.1", .title = "XMPP Ping"};
  constexpr About core{.version = "", .title = "Roster", .rfc = 6121};
  EXPECT_EQ(extension.specification().series, Specification::Series::xep);
  EXPECT_EQ(core.specification().series, Specification::Series::rfc);
  EXPECT_EQ(core.specification().number, 6121u);
}

}  // namespace
}  // namespace herold::server
