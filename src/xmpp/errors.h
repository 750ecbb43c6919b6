// Error conditions of RFC 6120: of stanzas (8.3.3), of streams (4.9.3) and of SASL (6.5).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "xml/element.h"
#include "xml/writer.h"
#include "xmpp/enum_names.h"
#include "xmpp/ns.h"

namespace herold::xmpp {

// Section 8.3.3, in its order.
enum class Condition : std::uint8_t {
  bad_request,
  conflict,
  feature_not_implemented,
  forbidden,
  gone,
  internal_server_error,
  item_not_found,
  jid_malformed,
  not_acceptable,
  not_allowed,
  not_authorized,
  policy_violation,
  recipient_unavailable,
  redirect,
  registration_required,
  remote_server_not_found,
  remote_server_timeout,
  resource_constraint,
  service_unavailable,
  subscription_required,
  undefined_condition,
  unexpected_request,
};
inline constexpr std::string_view condition_names[] = {
    "bad-request",
    "conflict",
    "feature-not-implemented",
    "forbidden",
    "gone",
    "internal-server-error",
    "item-not-found",
    "jid-malformed",
    "not-acceptable",
    "not-allowed",
    "not-authorized",
    "policy-violation",
    "recipient-unavailable",
    "redirect",
    "registration-required",
    "remote-server-not-found",
    "remote-server-timeout",
    "resource-constraint",
    "service-unavailable",
    "subscription-required",
    "undefined-condition",
    "unexpected-request",
};
constexpr EnumNames names_of(Condition) { return condition_names; }

// Section 8.3.2: what the sender may do about it.
enum class ErrorType : std::uint8_t { auth, cancel, continue_, modify, wait };
inline constexpr std::string_view error_type_names[] = {"auth", "cancel", "continue", "modify",
                                                        "wait"};
constexpr EnumNames names_of(ErrorType) { return error_type_names; }

// The type that section 8.3.3 recommends for a condition.
ErrorType default_type(Condition condition);

// An application-specific condition (section 8.3.4) as it is kept and compared.
struct ApplicationCondition {
  std::string name;
  std::string ns;
  friend bool operator==(const ApplicationCondition&, const ApplicationCondition&) = default;
  explicit operator bool() const { return !name.empty(); }
};

// What a handler fails with; the framework makes the error stanza of it.
struct StanzaError {
  Condition condition = Condition::undefined_condition;
  ErrorType type = ErrorType::cancel;
  std::string text;                  // for a person, in English; may be empty
  ApplicationCondition application;  // e.g. {"stanza-too-big", "urn:xmpp:errors"}
  std::vector<std::pair<std::string_view, std::string>> application_attributes;  // not read
  std::string uri;       // of `gone` and `redirect`: the new address
  std::string by;        // who says so, where that is not the address of whom it was sent to
  std::string enclosed;  // canonical XML that goes in front of the <error/>, of the request

  StanzaError() = default;
  StanzaError(Condition what, std::string why = {})  // NOLINT(google-explicit-constructor)
      : condition(what), type(default_type(what)), text(std::move(why)) {}
  StanzaError(Condition what, ElementName application_name, std::string why = {})
      : StanzaError(what, std::move(why)) {
    application = {std::string(application_name.name), std::string(application_name.ns)};
  }
  // Of our own faults, so that TRY works in handlers; what went wrong inside is not told.
  StanzaError(const Error& error);  // NOLINT(google-explicit-constructor)
  StanzaError with_type(ErrorType other) && { return type = other, std::move(*this); }
  StanzaError with_by(std::string_view who) && { return by = who, std::move(*this); }

  // Of a received <error/>: never fails, what is missing or unknown is undefined-condition.
  static StanzaError parse(xml::Element error);
  // Writes what is enclosed and <error/>, in the namespace in force, which is the stream's.
  void write(xml::Writer& writer) const;

  friend bool operator==(const StanzaError&, const StanzaError&) = default;
};

// What a handler returns: a value, or the error that the sender gets.
template <class T = void>
using Answer = std::expected<T, StanzaError>;

inline std::unexpected<StanzaError> fail(Condition condition, std::string text = {}) {
  return std::unexpected(StanzaError(condition, std::move(text)));
}
inline std::unexpected<StanzaError> fail(Condition condition, ElementName application,
                                         std::string text = {}) {
  return std::unexpected(StanzaError(condition, application, std::move(text)));
}

// Section 4.9.3, in its order.
enum class StreamCondition : std::uint8_t {
  bad_format,
  bad_namespace_prefix,
  conflict,
  connection_timeout,
  host_gone,
  host_unknown,
  improper_addressing,
  internal_server_error,
  invalid_from,
  invalid_namespace,
  invalid_xml,
  not_authorized,
  not_well_formed,
  policy_violation,
  remote_connection_failed,
  reset,
  resource_constraint,
  restricted_xml,
  see_other_host,
  system_shutdown,
  undefined_condition,
  unsupported_encoding,
  unsupported_feature,
  unsupported_stanza_type,
  unsupported_version,
};
inline constexpr std::string_view stream_condition_names[] = {
    "bad-format",
    "bad-namespace-prefix",
    "conflict",
    "connection-timeout",
    "host-gone",
    "host-unknown",
    "improper-addressing",
    "internal-server-error",
    "invalid-from",
    "invalid-namespace",
    "invalid-xml",
    "not-authorized",
    "not-well-formed",
    "policy-violation",
    "remote-connection-failed",
    "reset",
    "resource-constraint",
    "restricted-xml",
    "see-other-host",
    "system-shutdown",
    "undefined-condition",
    "unsupported-encoding",
    "unsupported-feature",
    "unsupported-stanza-type",
    "unsupported-version",
};
constexpr EnumNames names_of(StreamCondition) { return stream_condition_names; }

// What ends a stream.
struct StreamError {
  StreamCondition condition = StreamCondition::undefined_condition;
  std::string text;
  ApplicationCondition application;
  std::vector<std::pair<std::string_view, std::string>> application_attributes;
  std::string host;  // of `see_other_host`

  StreamError() = default;
  StreamError(StreamCondition what, std::string why = {})  // NOLINT(google-explicit-constructor)
      : condition(what), text(std::move(why)) {}
  StreamError(StreamCondition what, ElementName application_name, std::string why = {})
      : condition(what),
        text(std::move(why)),
        application{std::string(application_name.name), std::string(application_name.ns)} {}

  static StreamError parse(xml::Element error);
  // The whole <stream:error/>; the prefix is declared by the stream header.
  std::string to_xml() const;

  friend bool operator==(const StreamError&, const StreamError&) = default;
};

// Section 6.5, in its order.
enum class SaslCondition : std::uint8_t {
  aborted,
  account_disabled,
  credentials_expired,
  encryption_required,
  incorrect_encoding,
  invalid_authzid,
  invalid_mechanism,
  malformed_request,
  mechanism_too_weak,
  not_authorized,
  temporary_auth_failure,
};
inline constexpr std::string_view sasl_condition_names[] = {
    "aborted",
    "account-disabled",
    "credentials-expired",
    "encryption-required",
    "incorrect-encoding",
    "invalid-authzid",
    "invalid-mechanism",
    "malformed-request",
    "mechanism-too-weak",
    "not-authorized",
    "temporary-auth-failure",
};
constexpr EnumNames names_of(SaslCondition) { return sasl_condition_names; }

}  // namespace herold::xmpp
