// XEP-0060 Publish-Subscribe: a service of the domain, where its users make nodes for everybody.
//
// All of its nodes have one home, that of the service's address.
#include "xmpp/ext/pubsub.h"

#include <algorithm>

#include "server/module.h"
#include "server/pubsub/desk.h"
#include "server/removals.h"
#include "server/server.h"
#include "server/shard.h"
#include "xmpp/ext/adhoc.h"
#include "xmpp/ext/disco.h"
#include "xmpp/sasl/anonymous.h"

namespace herold::server {

using pubsub::Node;
using pubsub::Viewer;

class PubSub final : public pubsub::Desk {
 public:
  static constexpr About about{60, "1.30.0", "Publish-Subscribe", {}};
  static constexpr Specification also[] = {{.number = 131, .version = "1.2"},
                                           {.number = 442, .version = "0.2.0"}};

  struct Config {
    ServiceName host{"pubsub.{domain}"};
    bool multi_subscribe = false;
    static constexpr std::tuple options{
        option("host", &Config::host, "The domain of the nodes; {domain} stands for the server's."),
        option("multi_subscribe", &Config::multi_subscribe,
               "Whether an address may subscribe to a node several times, with other options each "
               "time; programs that subscribe again and again then have to know.")};
  };

  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::PubSub>>(&PubSub::get, at_service),
                      on<Set<xmpp::PubSub>>(&PubSub::set, at_service),
                      on<Get<xmpp::PubSubOwner>>(&PubSub::get_as_owner, at_service),
                      on<Set<xmpp::PubSubOwner>>(&PubSub::set_as_owner, at_service),
                      on<Set<xmpp::ArchiveQuery>>(&PubSub::query_archive, at_service),
                      on<Get<xmpp::ArchiveQuery>>(&PubSub::tell_archive_form, at_service),
                      on<Get<xmpp::DiscoInfo>>(&PubSub::tell_info, at_service),
                      on<Get<xmpp::DiscoItems>>(&PubSub::tell_items, at_service),
                      on<Set<xmpp::Command>>(&PubSub::tell_pending, at_service),
                      on<ServiceMessage>(&PubSub::take_approval),
                      on<ServicePresence>(&PubSub::take_presence),
                      on<PresenceSent>(&PubSub::note_leaving, Stage::amend),
                      on<SessionEnded>(&PubSub::note_end, Stage::screen),
                      on<SessionAvailable>(&PubSub::greet),
                      on<AccountErased>(&PubSub::forget_account)};
  }

  PubSub(ModuleHost& host, const Config& config)
      : Desk(host, find_desk),
        address_(Jid::trusted(config.host.for_domain(host.domain().name))),
        multi_subscribe_(config.multi_subscribe) {
    host.data<Kept>().desk = this;
    host.data<Kept>().place.service.reset();  // it knows the settings of before
    sweep_later();
  }
  void stop() {
    sweep_timer_.stop();
    if (host().data<Kept>().desk == this) host().data<Kept>().desk = nullptr;
  }

 private:
  // What stays when settings change; the desk is the one that runs.
  struct Kept {
    pubsub::Place place;
    PubSub* desk = nullptr;
    bool greets = false;  // some node's last item goes to subscribers who come online
  };

  static pubsub::Desk* find_desk(ModuleHost& there) { return there.data<Kept>().desk; }

  // Nobody has to come for what has had its time.
  void sweep_later() {
    if (host().shard().server().home_of(address_.text()) != host().shard().index()) return;
    // Once soon after the start.
    const Seconds delay = swept_ ? pubsub::sweep_interval : Seconds(1);
    swept_ = true;
    host().after(sweep_timer_, delay, [this] {
      open(address_, [this](pubsub::Service* service) {
        if (service != nullptr) sweep(*service);
      });
      sweep_later();
    });
  }

  // --- who comes online (pubsub#send_last_published_item) ---

  // Where no node wants it so, no shard asks.
  void begin_to_greet() {
    if (host().data<Kept>().greets) return;
    host().on_all_shards([](ModuleHost& there) { there.data<Kept>().greets = true; }, [] {});
  }
  void opened(const pubsub::Service& service) override {
    for (const auto& [name, node] : service.nodes())
      if (node.config.send_last == pubsub::SendLast::on_sub_and_presence) begin_to_greet();
  }
  void stored(const Jid&, const std::vector<store::NodeChange>& changes) override {
    for (const store::NodeChange& change : changes)
      if (const auto* put = std::get_if<store::PutNode>(&change))
        if (pubsub::parse_settings(put->settings).send_last ==
            pubsub::SendLast::on_sub_and_presence)
          begin_to_greet();
  }
  void greet(SessionAvailable& event) {
    if (!event.is_initial || !host().data<Kept>().greets) return;
    host().at_home(address_.text(), [who = event.session.address()](ModuleHost& there) {
      PubSub* desk = there.data<Kept>().desk;
      if (desk == nullptr) return;
      desk->open(desk->address_, [desk, who](pubsub::Service* service) {
        if (service != nullptr) desk->send_last(*service, who, service->last_for(who, desk->now()));
      });
    });
  }

  bool is_mine(const Jid& service) const override { return service == address_; }
  pubsub::Place* find_place(const Jid& address) override {
    return address == address_ ? &host().data<Kept>().place : nullptr;
  }

  // A node has an owner (section 8.9.2.4), or it goes.
  void forget_account(AccountErased& event) {
    host().at_home(address_.text(),
                   [account = event.account, part = event.work.begin()](ModuleHost& there) {
                     if (PubSub* desk = there.data<Kept>().desk) return desk->forget(account, part);
                     part(there, herold::fail(Fault::unavailable, "the service is switched off"));
                   });
  }
  void forget(const Jid& account, RemovalWork::Part part) {
    open(address_, [this, account, part = std::move(part)](pubsub::Service* service) {
      if (service == nullptr)
        return part(host(), herold::fail(Fault::unavailable, "the nodes cannot be read"));
      struct Round {
        std::size_t left;
        Result<> outcome{};
      };
      auto removals = service->forget(account, now());
      // Shared by the changes under way.
      const auto round = std::make_shared<Round>(removals.size() + 1);
      const auto end_one = [this, round, part] {
        if (--round->left == 0) part(host(), round->outcome);
      };
      for (pubsub::Decision& removal : removals)
        carry_out(*service, std::move(removal), [round, end_one](const Answer<std::string>& gone) {
          if (!gone) round->outcome = herold::fail(Fault::unavailable, "a node is not stored");
          end_one();
        });
      end_one();
    });
  }

  pubsub::Rules rules_of(const Jid& address) override {
    pubsub::NodeConfig defaults;
    defaults.send_last = pubsub::SendLast::on_sub;
    return {.address = address,
            .multi_subscribe = multi_subscribe_,
            .domain = host().domain().name,
            .defaults = defaults,
            .may_create = [this](const Viewer& who) { return may_create(who); },
            .limits = host().limits(),
            .viewer = [this](const Jid& who) { return view(who); }};
  }

  // An administrator owns every node, and so does the domain itself.
  Viewer view(const Jid& who) const {
    return {.jid = who,
            .owns_service = host().is_admin(who) || who == host().address(),
            .is_temporary = xmpp::is_anonymous_address(who.bare_text())};
  }

  bool may_create(const Viewer& who) const {
    const bool lives_here = who.jid.has_local() && who.jid.domain() == host().address().domain();
    return who.owns_service || (lives_here && !who.is_temporary);
  }

  // --- service discovery (section 5) ---

  template <class Tell>
  void look_up(IqRequest request, Tell tell) {
    open(address_, [this, request = std::move(request),
                    tell = std::move(tell)](pubsub::Service* service) mutable {
      if (service == nullptr) return request.fail(Condition::internal_server_error);
      tell(*service, view(request.head().from), std::move(request));
    });
  }

  void tell_info(IqRequest request, const xmpp::DiscoInfo& question) {
    look_up(std::move(request), [this, asked = question.node](pubsub::Service& service,
                                                              const Viewer& viewer,
                                                              IqRequest answered) {
      xmpp::DiscoInfo info{.node = asked};
      const auto add = [&](std::string feature) { info.features.push_back({std::move(feature)}); };
      add(std::string(xmpp::ns::pubsub));
      if (asked.empty()) {
        info.identities.push_back({.category = "pubsub", .type = "service", .name = "Nodes"});
        for (const std::string_view feature :
             {xmpp::ns::disco_info, xmpp::ns::disco_items, xmpp::ns::commands, xmpp::ns::rsm,
              xmpp::ns::archive})
          add(std::string(feature));
        if (multi_subscribe_) add(std::string(shim));
        for (const std::string_view feature : service.features())
          add(std::string(xmpp::ns::pubsub) + '#' + std::string(feature));
      } else if (multi_subscribe_ && asked == shim) {  // XEP-0131 section 3.2
        add(std::string(shim) + "#SubID");
      } else {
        const auto node = service.get(asked);
        if (!node) return answered.fail(node.error());
        if (!service.is_visible(**node, viewer, now()))
          return answered.fail(Condition::item_not_found);
        info.identities.push_back(
            {.category = "pubsub", .type = "leaf", .name = (*node)->config.title});
        info.forms.push_back(service.meta_data(**node, now()));
      }
      std::ranges::sort(info.features, {}, &xmpp::DiscoFeature::var);
      answered.answer<xmpp::DiscoInfo>(std::move(info));
    });
  }

  void tell_items(IqRequest request, const xmpp::DiscoItems& question) {
    look_up(std::move(request), [this, asked = question.node](pubsub::Service& service,
                                                              const Viewer& viewer,
                                                              IqRequest answered) {
      if (!asked.empty()) return list_items(service, viewer, asked, std::move(answered));
      xmpp::DiscoItems items;
      for (const Node* node : service.visible(viewer, now()))
        items.items.push_back({.jid = address_, .name = node->config.title, .node = node->name});
      answered.answer<xmpp::DiscoItems>(std::move(items));
    });
  }

  // Section 5.5: the items of a node by their ids.
  void list_items(pubsub::Service& service, const Viewer& viewer, const std::string& node,
                  IqRequest request) {
    auto wanted = service.read_items(viewer, {.node = node}, nullptr, now());
    if (!wanted) return request.fail(wanted.error());
    wanted->query.from_end = true;
    host().stores().nodes().items(
        address_.text(), wanted->query,
        [address = address_, node,
         request = std::move(request)](Result<store::ItemPage> page) mutable {
          if (!page) return request.fail(page.error());
          xmpp::DiscoItems items{.node = node};
          for (store::NodeItem& item : page->items)
            items.items.push_back({.jid = address, .name = std::move(item.id)});
          request.answer<xmpp::DiscoItems>(std::move(items));
        });
  }

  static constexpr std::string_view shim = xmpp::ShimHeaders::element.ns;

  // --- approvals (sections 8.6 and 8.7) ---

  Flow take_approval(ServiceMessage& event) {
    const xml::Element element = xmpp::find<xmpp::DataForm>(event.stanza.root());
    const auto form =
        element ? xmpp::read<xmpp::DataForm>(element) : xmpp::fail(Condition::bad_request);
    const bool is_answer = form && form->form_type() == pubsub::authorization_form;
    if (!is_answer && !event.stanza.head.is_error()) return Flow::go_on;
    host().done(event.stanza);
    if (!is_answer) return take_bounce(event.stanza), Flow::stop;
    open(address_, [this, from = event.stanza.head.from, form = *form](pubsub::Service* service) {
      if (service == nullptr) return;
      auto decision = service->answer_approval(view(from), form);
      if (decision) carry_out(*service, *std::move(decision), [](Answer<std::string>) {});
    });
    return Flow::stop;
  }

  // Section 12.2: who is no more is not notified any more. Whatever else is wrong may pass.
  void take_bounce(const Stanza& bounced) {
    const xml::Element error = bounced.root().child("error", bounced.root().ns());
    const bool is_final =
        error.child("gone", xmpp::ns::stanzas) || error.child("item-not-found", xmpp::ns::stanzas);
    if (!is_final) return;
    open(address_, [this, from = bounced.head.from](pubsub::Service* service) {
      if (service != nullptr) carry_out_all(*service, service->bounced(from));
    });
  }

  Flow take_presence(ServicePresence& event) {
    if (event.stanza.head.is(PresenceType::unavailable))
      presence_ended(address_, event.stanza.head.from);
    host().done(event.stanza);
    return Flow::stop;
  }

  static constexpr std::string_view pending_command =
      "http://jabber.org/protocol/pubsub#get-pending";

  void tell_pending(IqRequest request, const xmpp::Command& asked) {
    if (asked.node != pending_command) return request.fail(Condition::item_not_found);
    look_up(std::move(request), [this, asked](pubsub::Service& service, const Viewer& viewer,
                                              IqRequest answered) mutable {
      const bool cancels = asked.action == xmpp::CommandAction::cancel;
      xmpp::Command result{
          .node = asked.node,
          .sessionid = asked.sessionid.empty() ? host().random().token() : asked.sessionid,
          .status = cancels ? xmpp::CommandStatus::canceled : xmpp::CommandStatus::completed};
      if (!cancels && !asked.form) {
        result.status = xmpp::CommandStatus::executing;
        result.actions = {.execute = xmpp::CommandAction::complete, .complete = true};
        result.form = nodes_with_pending(service, viewer);
        if (result.form->questions.back().options.empty())
          return answered.fail(Condition::forbidden);
      } else if (!cancels) {
        const auto notices = service.pending(viewer, asked.form->value("pubsub#node"));
        if (!notices) return answered.fail(notices.error());
        for (const pubsub::Notice& notice : *notices) send(service, notice);
      }
      answered.answer<xmpp::Command>(std::move(result));
    });
  }

  static xmpp::DataForm nodes_with_pending(const pubsub::Service& service, const Viewer& viewer) {
    auto form = xmpp::DataForm::of(xmpp::FormType::form, pubsub::authorization_form);
    auto& question = form.add(xmpp::FieldType::list_single, "pubsub#node", "The node");
    for (const auto& [name, node] : service.nodes())
      if (pubsub::may_configure(node, viewer)) question.options.push_back({.value = name});
    return form;
  }

  Jid address_;
  const bool multi_subscribe_;
  Timer sweep_timer_;
  bool swept_ = false;
};

}  // namespace herold::server

HEROLD_MODULE(pubsub, PubSub)
