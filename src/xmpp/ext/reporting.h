// XEP-0377 Spam Reporting: why somebody is blocked.
#pragma once

#include "xmpp/ext/stanza_id.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view reporting = "urn:xmpp:reporting:1";
}

struct ReportText {
  std::string text;
  std::string lang;
  static constexpr ElementName element{"text", ns::reporting};
  static constexpr std::tuple fields{content(&ReportText::text),
                                     attribute("xml:lang", &ReportText::lang)};
};

// Sections 4 and 5. Reasons are an open set.
struct Report {
  std::string reason;
  std::vector<ReportText> texts;
  std::vector<StanzaId> messages;
  bool report_origin = false;
  bool third_party = false;
  static constexpr ElementName element{"report", ns::reporting};
  static constexpr std::tuple fields{attribute("reason", &Report::reason, required),
                                     child(&Report::texts), child(&Report::messages),
                                     flag("report-origin", &Report::report_origin),
                                     flag("third-party", &Report::third_party)};
};

}  // namespace herold::xmpp
