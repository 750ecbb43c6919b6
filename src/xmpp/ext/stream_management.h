// XEP-0198 Stream Management.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view stream_management = "urn:xmpp:sm:3";
}

// Stream feature.
struct SmFeature {
  static constexpr ElementName element{"sm", ns::stream_management};
};

struct SmEnable {
  bool resume = false;
  std::optional<std::uint32_t> max;  // seconds
  static constexpr ElementName element{"enable", ns::stream_management};
  static constexpr std::tuple fields{attribute("resume", &SmEnable::resume),
                                     attribute("max", &SmEnable::max)};
};

struct SmEnabled {
  std::string id;
  bool resume = false;
  std::optional<std::uint32_t> max;  // seconds
  std::string location;
  static constexpr ElementName element{"enabled", ns::stream_management};
  static constexpr std::tuple fields{
      attribute("id", &SmEnabled::id), attribute("resume", &SmEnabled::resume),
      attribute("max", &SmEnabled::max), attribute("location", &SmEnabled::location)};
};

struct SmResume {
  std::uint32_t h = 0;
  std::string previd;
  static constexpr ElementName element{"resume", ns::stream_management};
  static constexpr std::tuple fields{attribute("h", &SmResume::h, required),
                                     attribute("previd", &SmResume::previd, required)};
};

struct SmResumed {
  std::uint32_t h = 0;
  std::string previd;
  static constexpr ElementName element{"resumed", ns::stream_management};
  static constexpr std::tuple fields{attribute("h", &SmResumed::h, required),
                                     attribute("previd", &SmResumed::previd, required)};
};

// `h` where the session is gone but its count is still known (section 5).
struct SmFailed {
  std::optional<std::uint32_t> h;
  std::optional<Condition> condition;
  std::string text;
  static constexpr ElementName element{"failed", ns::stream_management};
  static constexpr std::tuple fields{attribute("h", &SmFailed::h),
                                     choice(&SmFailed::condition, ns::stanzas),
                                     child_text("text", &SmFailed::text, ns::stanzas)};
};

struct SmRequest {
  static constexpr ElementName element{"r", ns::stream_management};
};

struct SmAck {
  std::uint32_t h = 0;
  static constexpr ElementName element{"a", ns::stream_management};
  static constexpr std::tuple fields{attribute("h", &SmAck::h, required)};
};

// In the stream error of a peer that acknowledged more than was sent (section 4).
struct SmHandledTooMany {
  std::uint32_t h = 0;
  std::uint32_t sent = 0;
  static constexpr ElementName element{"handled-count-too-high", ns::stream_management};
  static constexpr std::tuple fields{attribute("h", &SmHandledTooMany::h),
                                     attribute("send-count", &SmHandledTooMany::sent)};
};

}  // namespace herold::xmpp
