// XEP-0084 User Avatar, and the hash in presence of XEP-0153.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view avatar_data = "urn:xmpp:avatar:data";
inline constexpr std::string_view avatar_metadata = "urn:xmpp:avatar:metadata";
}  // namespace ns

// The image as Base64, which may have line feeds.
struct AvatarData {
  std::string base64;
  static constexpr ElementName element{"data", ns::avatar_data};
  static constexpr std::tuple fields{content(&AvatarData::base64)};
};

struct AvatarInfo {
  std::uint64_t bytes = 0;
  std::string id;  // SHA-1 of the image, hexadecimal
  std::string type;
  std::string url;  // where it is, unless it is at the node of data
  std::optional<std::uint32_t> height;
  std::optional<std::uint32_t> width;
  static constexpr ElementName element{"info", ns::avatar_metadata};
  static constexpr std::tuple fields{
      attribute("bytes", &AvatarInfo::bytes, required), attribute("id", &AvatarInfo::id, required),
      attribute("type", &AvatarInfo::type, required),   attribute("url", &AvatarInfo::url),
      attribute("height", &AvatarInfo::height),         attribute("width", &AvatarInfo::width)};
};

// Without an info: no avatar any more.
struct AvatarMetadata {
  std::vector<AvatarInfo> infos;
  static constexpr ElementName element{"metadata", ns::avatar_metadata};
  static constexpr std::tuple fields{child(&AvatarMetadata::infos)};
};

// XEP-0153 section 4: no photo says nothing, an empty one that there is none.
struct VCardUpdate {
  std::optional<std::string> photo;
  static constexpr ElementName element{"x", "vcard-temp:x:update"};
  static constexpr std::tuple fields{child_text("photo", &VCardUpdate::photo)};
};

}  // namespace herold::xmpp
