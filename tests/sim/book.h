// What was sent, acknowledged and received in one run, and what the server broke of its promise.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace herold::sim {

// One bound session as its client sees it, over all its resumptions.
struct Reception {
  std::string account;
  std::string name;                          // for messages to people
  std::set<std::string, std::less<>> ids;    // stanza-ids that it got
  std::map<unsigned, std::uint32_t> newest;  // by sending client: the highest serial so far
};

class Book {
 public:
  struct Entry {
    unsigned sender = 0;  // client
    std::string to;
    std::string account;  // of the recipient
    bool acked = false;
    bool bounced = false;
    bool forgiven = false;
    unsigned received = 0;
    std::string stanza_id;
  };

  // A message is about to be sent; its serial number grows with time.
  std::uint32_t write(unsigned sender, const std::string& to);
  void acked(std::uint32_t serial);
  // A connection was lost between binding and <enabled/>: what went to its full address meanwhile
  // went to a session without stream management, and may be lost.
  void forgive(const std::string& to);
  // With this condition the server may refuse a message.
  void allow(std::string condition) { allowed_.insert(std::move(condition)); }
  // The sender's session is gone, and with it refusals that it had not read.
  void lose_refusals(unsigned sender);
  void bounced(std::uint32_t serial, std::string_view condition);
  void refused_entry(const std::string& name, std::string_view condition);
  // `delayed`: it says itself that it was kept for a while (XEP-0203).
  enum class Way : std::uint8_t { straight, delayed };
  void received(Reception& reception, std::uint32_t serial, std::string_view stanza_id, Way way);

  void blame(std::string problem);
  // What happens, for whoever replays a seed; nothing without a listener.
  void tell(const std::string& event) const {
    if (listener_) listener_(event);
  }
  void set_listener(std::function<void(const std::string&)> listener) {
    listener_ = std::move(listener);
  }
  const std::vector<std::string>& problems() const { return problems_; }
  // Serials that were acknowledged and did not arrive.
  std::vector<std::uint32_t> missing() const;
  const Entry& entry(std::uint32_t serial) const { return entries_.at(serial); }
  std::size_t sent() const { return entries_.size(); }
  std::size_t deliveries() const { return deliveries_; }
  std::size_t acknowledged() const;

 private:
  std::vector<Entry> entries_;
  std::vector<std::string> problems_;
  std::size_t deliveries_ = 0;
  std::set<std::string, std::less<>> allowed_;
  std::function<void(const std::string&)> listener_;
};

}  // namespace herold::sim
