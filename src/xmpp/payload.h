// Payloads: a wire format is declared once as typed fields; reading and writing follow.
//
//   // XEP-0012 Last Activity.
//   struct LastActivity {
//     std::optional<std::uint64_t> seconds;
//     std::string status;
//     static constexpr ElementName element{"query", "jabber:iq:last"};
//     static constexpr std::tuple fields{attribute("seconds", &LastActivity::seconds),
//                                        content(&LastActivity::status)};
//   };
//   Answer<LastActivity> last = read<LastActivity>(element);
//   write(writer, LastActivity{.seconds = 5});
//
// `element` says where a payload is found; a payload without content has no `fields`. Values are
// std::string, bool, integers, Jid, WallTime (XEP-0082), enums with names (enum_names.h),
// std::optional of these and, for children, std::vector. What is absent keeps its default, unless
// the field is `required`; an empty string, an empty Jid, a false bool and an empty optional are
// not written, unless the field is `required`. Unknown attributes and children are ignored; a wrong
// value, a missing required field or a second child where one is meant is bad-request. A payload
// with `bool valid() const` is asked after reading: rules between fields belong there.
#pragma once

#include <string>
#include <tuple>
#include <utility>

#include "xml/element.h"
#include "xml/writer.h"
#include "xmpp/errors.h"
#include "xmpp/ns.h"
#include "xmpp/payload_table.h"

namespace herold::xmpp {

struct Required {};
inline constexpr Required required;

// An attribute; its name is "xml:lang" for the language.
template <class P, class M>
constexpr detail::FieldOf<P, M> attribute(std::string_view name, M P::* member) {
  return {member, detail::value_row<M>(detail::FieldKind::attribute, {name, {}})};
}
template <class P, class M>
constexpr detail::FieldOf<P, M> attribute(std::string_view name, M P::* member, Required) {
  return attribute(name, member).as_required();
}

// The text directly inside the element.
template <class P, class M>
constexpr detail::FieldOf<P, M> content(M P::* member) {
  return {member, detail::value_row<M>(detail::FieldKind::content, {})};
}
template <class P, class M>
constexpr detail::FieldOf<P, M> content(M P::* member, Required) {
  return content(member).as_required();
}

// <name>value</name>, in the payload's namespace unless `ns` names another; std::vector: any
// number of them.
template <class P, class M>
constexpr detail::FieldOf<P, M> child_text(std::string_view name, M P::* member,
                                           std::string_view ns = {}) {
  return {member, detail::leaf_row<M>({name, ns})};
}
template <class P, class M>
constexpr detail::FieldOf<P, M> child_text(std::string_view name, M P::* member, Required) {
  return child_text(name, member).as_required();
}

// True where an empty child of this name is present.
template <class P>
constexpr detail::FieldOf<P, bool> flag(std::string_view name, bool P::* member,
                                        std::string_view ns = {}) {
  return {member, detail::value_row<bool>(detail::FieldKind::flag, {name, ns})};
}

// An empty child whose name is the value (of a NamedEnum or std::optional of one), in the
// payload's namespace unless `ns` names another.
template <class P, class M>
constexpr detail::FieldOf<P, M> choice(M P::* member, std::string_view ns = {}) {
  return {member, detail::value_row<M>(detail::FieldKind::choice, {{}, ns})};
}

// A payload inside: one (P, which must be there), at most one (std::optional) or any number
// (std::vector).
template <class P, class M>
constexpr detail::FieldOf<P, M> child(M P::* member) {
  return {member, detail::nested_row<M>()};
}

// Every child that no other field claims, as canonical XML in the scope of the payload's
// namespace; give it back to xml::parse_fragment() with that namespace. At most one a payload.
template <class P>
constexpr detail::FieldOf<P, std::string> raw(std::string P::* member) {
  return {member, detail::value_row<std::string>(detail::FieldKind::raw, {})};
}

template <class P>
bool is(xml::Element element) {
  return element && element.is(P::element.name, P::element.ns);
}

// The first child of `parent` that is a P.
template <class P>
xml::Element find(xml::Element parent) {
  return parent.child(P::element.name, P::element.ns);
}

// `element` is a P's (see is() and find()); another one is bad-request.
template <class P>
Answer<P> read(xml::Element element) {
  P payload{};
  if (auto wrong = detail::read_payload(detail::payload_type<P>, element, &payload); !wrong)
    return std::unexpected(std::move(wrong).error());
  return payload;
}

template <class P>
void write(xml::Writer& writer, const P& payload) {
  detail::write_payload(detail::payload_type<P>, writer, &payload);
}

// In a scope where `default_ns` is in force.
template <class P>
std::string to_xml(const P& payload, std::string_view default_ns = {}) {
  std::string out;
  xml::Writer writer(out, default_ns);
  write(writer, payload);
  return out;
}

}  // namespace herold::xmpp
