// RFC 3921 section 3 Session Establishment: the formality that older clients still ask for.
#include "xmpp/ext/session.h"

#include "server/module.h"

namespace herold::server {

// Binding a resource makes the session (RFC 6120 section 7), so there is nothing left to do. Who is
// told <optional/> may leave it out; libpurple asks nonetheless and ends where it is refused.
class SessionEstablishment {
 public:
  static constexpr About about{
      .version = "", .title = "Session Establishment", .features = {}, .rfc = 3921};

  static constexpr auto handlers() {
    return std::tuple{on<Set<xmpp::SessionFeature>>(&SessionEstablishment::agree),
                      on<StreamFeatures>(&SessionEstablishment::announce)};
  }

  explicit SessionEstablishment(ModuleHost&) {}

 private:
  Answer<Nothing> agree(const IqContext&, const xmpp::SessionFeature&) { return Nothing{}; }

  void announce(StreamFeatures& features) {
    if (features.moment != StreamFeatures::Moment::after_login) return;
    features.xml += xmpp::to_xml(xmpp::SessionFeature{.optional = true}, xmpp::ns::client);
  }
};

}  // namespace herold::server

HEROLD_MODULE(session, SessionEstablishment)
