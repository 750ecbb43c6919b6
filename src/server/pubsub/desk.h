// The desk of publish-subscribe services: requests come in, are judged by the engine (service.h),
// stored, answered, and those who want to hear of it are told.
//
// What an account's own service (modules/pep.cc) and the domain's (modules/pubsub.cc) have in
// common; each says where its services are and who is told beyond the subscribers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/module_host.h"
#include "server/pubsub/service.h"
#include "xmpp/ext/archive.h"

namespace herold::server::pubsub {

// How often what has had its time is looked for; nobody sees it in between.
inline constexpr Seconds sweep_interval{60};

// A service in memory, or on its way there.
struct Place {
  std::unique_ptr<Service> service;
  bool loading = false;
  std::vector<std::move_only_function<void(Service*)>> waiting;
};

class Desk {
 public:
  // How it is found on another shard, where the module may have been switched off: nullptr.
  using Find = Desk* (*)(ModuleHost& there);
  Desk(ModuleHost& host, Find find) : host_(host), find_(find) {}
  Desk(const Desk&) = delete;
  virtual ~Desk() = default;

  using Then = std::move_only_function<void(Service*)>;
  using Done = std::move_only_function<void(Answer<std::string>)>;  // with the answer's payload

  // --- requests ---
  void get(IqRequest request, const xmpp::PubSub& asked);
  void set(IqRequest request, const xmpp::PubSub& asked);
  void get_as_owner(IqRequest request, const xmpp::PubSubOwner& asked);
  void set_as_owner(IqRequest request, const xmpp::PubSubOwner& asked);
  void query_archive(IqRequest request, const xmpp::ArchiveQuery& asked);
  Answer<xmpp::ArchiveQuery> tell_archive_form(const IqContext&, const xmpp::ArchiveQuery&);

  // --- for others ---
  // Calls `then` with the service, read from the store where it is not in memory; nullptr when
  // that cannot be done.
  void open(const Jid& address, Then then);
  // Stores and tells. The service is judged as it is after the decision at once.
  void carry_out(Service& service, Decision decision, Done done);
  void carry_out_all(Service& service, std::vector<Decision> decisions);
  // Publishes in the name of the service's owner.
  void publish(const Jid& address, std::string node, std::string id, std::string payload,
               const DataForm* options, Done done);
  void retract(const Jid& address, std::string node, std::string id, Done done);
  // The last items of those nodes that `who` may read, stamped with their time.
  void send_last(Service& service, const Jid& who, const std::vector<std::string>& nodes);
  void send(const Service& service, const Notice& notice);

  // --- time and presence ---
  // What has had its time at a service goes: leases, items.
  void sweep(Service& service);
  // Somebody went offline, as far as the service can know of it.
  void went_offline(const Jid& service, const Jid& who, Service::Left left);
  // He says so himself, with a presence.
  void presence_ended(const Jid& service, const Jid& who);
  // At the home of the session: its presence ends.
  void note_leaving(PresenceSent& event);
  void note_end(SessionEnded& event);

 protected:
  ModuleHost& host() const { return host_; }
  WallTime now() const { return host_.clock().wall(); }

  // Whether services at such an address are this desk's.
  virtual bool is_mine(const Jid& service) const = 0;
  // Where the service at an address is; nullptr: not here any more.
  virtual Place* find_place(const Jid& address) = 0;
  virtual Rules rules_of(const Jid& address) = 0;
  // Who may be told of what happens at a node by asking for it (section 9.2); as of now.
  virtual std::vector<Jid> interested(const Service&, const Node&) { return {}; }
  // Tells those of them who want to hear of the node.
  virtual void tell_interested(const Service&, const Notice&, const std::vector<Jid>&) {}
  // In memory from now on.
  virtual void opened(const Service&) {}
  // Stored, and its answer is on its way.
  virtual void stored(const Jid&, const std::vector<store::NodeChange>&) {}
  virtual ConfigOffer offer(const Jid&) { return {}; }

 private:
  using Handler = void (Desk::*)(Service&, IqRequest);
  void handle(IqRequest request, Handler handler);
  void handle_get(Service& service, IqRequest request);
  void handle_set(Service& service, IqRequest request);
  void handle_get_as_owner(Service& service, IqRequest request);
  void handle_set_as_owner(Service& service, IqRequest request);
  void handle_archive(Service& service, IqRequest request);
  void read_items(Service& service, IqRequest request, const xmpp::PubSub& asked);
  Answer<Decision> decide(Service& service, const Viewer& viewer, xml::Element payload,
                          const xmpp::PubSub& asked);
  Answer<Decision> decide_publication(Service& service, const Viewer& viewer, xml::Element payload,
                                      const xmpp::PubSub& asked);
  void carry_out(Service& service, Answer<Decision> decision, IqRequest request);
  void watch(const Jid& service, const Jid& who);
  void watch_all(const Service& service);
  void tell_departure(Session& session);
  void load(const Jid& address, Place& place);
  void loaded(const Jid& address, std::unique_ptr<Service> service);
  void forget(const Jid& address);

  // A notice whose audience is known.
  struct Letter {
    Notice notice;
    std::vector<Jid> interested;
  };
  void deliver(Service& service, const Letter& letter);
  void send_alone(Stanza stanza, const Recipient& to);
  void finish(const Jid& address, Decision decision, std::vector<Letter> letters,
              const store::NodeOutcome& outcome);

  ModuleHost& host_;
  const Find find_;
};

// What the store's refusals mean (sections 7.1.3.4, 7.2.3).
StanzaError store_error(const Error& error);

}  // namespace herold::server::pubsub
