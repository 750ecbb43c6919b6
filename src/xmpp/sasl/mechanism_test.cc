// PLAIN, EXTERNAL and ANONYMOUS of both sides, stored credentials, and the choice of a mechanism.
#include "xmpp/sasl/mechanism.h"

#include <gtest/gtest.h>

#include "crypto/openssl/openssl_crypto.h"
#include "xmpp/sasl/anonymous.h"
#include "xmpp/sasl/client.h"
#include "xmpp/sasl/server.h"

namespace herold::xmpp {
namespace {

using std::string_literals::operator""s;

class Mechanisms : public ::testing::Test {
 protected:
  crypto::OpenSslCrypto crypto;
  SeededRandom random{7};
  Limits limits;
  SaslServerContext context{crypto, random, limits, "example.org", {}, {}, {}, 4096, "secret"};

  SaslStep take(Mechanism mechanism, std::string_view message) {
    return make_server_mechanism(mechanism, context)->respond(message);
  }
  std::string refusal(Mechanism mechanism, std::string_view message) {
    const SaslStep step = take(mechanism, message);
    const auto* failure = std::get_if<SaslFailure>(&step);
    return failure ? std::string(name_of(failure->condition)) : "(none)";
  }
};

TEST_F(Mechanisms, PlainAsksForThePasswordToBeChecked) {
  const ClientCredentials credentials{"juliet", crypto::SecretString("r0m30"), {}, {}};
  const auto client =
      make_client_mechanism({Mechanism::plain, {}, {}, false}, crypto, random, {}, credentials);
  const auto server = make_server_mechanism(Mechanism::plain, context);
  const SaslStep step = server->respond(client->first());
  const auto* need = std::get_if<NeedPasswordCheck>(&step);
  ASSERT_NE(need, nullptr);
  EXPECT_EQ(need->account.text(), "juliet@example.org");
  EXPECT_EQ(need->password.view(), "r0m30");
  const SaslStep end = server->on_verdict(Verdict::accepted);
  EXPECT_EQ(std::get<SaslSuccess>(end).account.text(), "juliet@example.org");
  EXPECT_TRUE(client->finish(""));
  EXPECT_EQ(std::get<SaslFailure>(server->respond("again")).condition,
            SaslCondition::malformed_request);
}

TEST_F(Mechanisms, PlainVerdictsHaveTheirConditions) {
  const auto server = make_server_mechanism(Mechanism::plain, context);
  (void)server->respond("\0juliet\0x"s);
  const auto condition = [&](Verdict verdict) {
    return std::get<SaslFailure>(server->on_verdict(verdict)).condition;
  };
  EXPECT_EQ(condition(Verdict::refused), SaslCondition::not_authorized);
  EXPECT_EQ(condition(Verdict::disabled), SaslCondition::account_disabled);
  EXPECT_EQ(condition(Verdict::unavailable), SaslCondition::temporary_auth_failure);
}

TEST_F(Mechanisms, PlainRefusesMalformedMessages) {
  const Mechanism plain = Mechanism::plain;
  for (const std::string& message :
       {""s, "juliet"s, "\0juliet"s, "\0\0"s, "\0juliet\0"s, "\0\0password"s, "\0a\0b\0c"s,
        "\0ju\xff\0x"s, "\0juliet\0\xff\xfe"s, "\0juliet\0\xc0\x80"s, "\0juliet\0a\x01"s,
        "\0ju liet\0x"s, "\0juliet@example.org\0x"s}) {
    EXPECT_EQ(refusal(plain, message), "malformed-request") << testing::PrintToString(message);
  }
  // HOSTILE 52: too long a password is refused before anything is hashed.
  EXPECT_EQ(refusal(plain, "\0juliet\0"s + std::string(1'000'000, 'x')), "malformed-request");
  EXPECT_EQ(refusal(plain, "\0juliet\0"s + std::string(limits.password_bytes, 'x')), "(none)");
  EXPECT_EQ(refusal(plain, "\0juliet\0"s + std::string(limits.password_bytes + 1, 'x')),
            "malformed-request");
  EXPECT_EQ(refusal(plain, "romeo@example.org\0juliet\0x"s), "invalid-authzid");
  EXPECT_EQ(refusal(plain, "juliet@example.org/x\0juliet\0x"s), "invalid-authzid");
  EXPECT_EQ(refusal(plain, "Juliet@Example.ORG\0juliet\0x"s), "(none)");
}

TEST_F(Mechanisms, ExternalTrustsTheCertificateForOurDomainOnly) {
  const Mechanism external = Mechanism::external;
  EXPECT_EQ(refusal(external, ""), "not-authorized");
  context.certificate_jids = {*Jid::parse("juliet@elsewhere.net"), *Jid::parse("example.org")};
  EXPECT_EQ(refusal(external, ""), "not-authorized");
  EXPECT_EQ(refusal(external, "juliet@elsewhere.net"), "not-authorized");

  context.certificate_jids.push_back(*Jid::parse("juliet@example.org"));
  EXPECT_EQ(std::get<NeedAccount>(take(external, "")).account.text(), "juliet@example.org");
  EXPECT_EQ(refusal(external, "romeo@example.org"), "invalid-authzid");
  EXPECT_EQ(refusal(external, "juliet@elsewhere.net"), "invalid-authzid");
  EXPECT_EQ(refusal(external, "\xff"), "invalid-authzid");

  context.certificate_jids.push_back(*Jid::parse("romeo@example.org"));
  EXPECT_EQ(refusal(external, ""), "invalid-authzid");
  EXPECT_EQ(std::get<NeedAccount>(take(external, "romeo@example.org")).account.text(),
            "romeo@example.org");
}

TEST_F(Mechanisms, AnonymousGetsANameOfItsOwn) {
  const SaslStep one = take(Mechanism::anonymous, ""), two = take(Mechanism::anonymous, "trace");
  const Jid& account = std::get<NeedAdmission>(one).account;
  EXPECT_EQ(account.domain(), "example.org");
  EXPECT_TRUE(is_anonymous_address(account.text())) << account.text();
  EXPECT_NE(account, std::get<NeedAdmission>(two).account);
}

TEST_F(Mechanisms, AnonymousSignsInOnceAndOnlyWhenItIsAdmitted) {
  const auto exchange = make_server_mechanism(Mechanism::anonymous, context);
  const SaslStep asks = exchange->respond("");
  EXPECT_EQ(std::get<SaslFailure>(exchange->respond("")).condition,
            SaslCondition::malformed_request);
  EXPECT_EQ(std::get<SaslFailure>(exchange->on_verdict(Verdict::unavailable)).condition,
            SaslCondition::temporary_auth_failure);
  EXPECT_EQ(std::get<SaslSuccess>(exchange->on_verdict(Verdict::accepted)).account,
            std::get<NeedAdmission>(asks).account);
}

TEST(AnonymousName, HasAFormThatIsKnownAgain) {
  SeededRandom random(3);
  const std::string name = anonymous_name(random);
  EXPECT_TRUE(is_anonymous_name(name)) << name;
  EXPECT_EQ(Jid::make(name, "example.org")->local(), name);  // preparation leaves it alone
  EXPECT_TRUE(is_anonymous_address(name + "@example.org"));
  EXPECT_TRUE(is_anonymous_address(name + "@example.org/resource"));
  for (const std::string& other :
       {std::string(), std::string("anon-"), std::string("anon-ymous"), name + "0",
        name.substr(0, name.size() - 1), "x" + name, name.substr(0, name.size() - 1) + "g",
        name.substr(0, name.size() - 1) + "F", "ANON-" + name.substr(5)})
    EXPECT_FALSE(is_anonymous_name(other)) << other;
  EXPECT_FALSE(is_anonymous_address("example.org/" + name));
  EXPECT_FALSE(is_anonymous_address(name));  // a domain
}

TEST_F(Mechanisms, PasswordsAreVerifiedAfterPreparation) {
  const auto stored = make_credentials(crypto, random, prepare_password("p\xc3\xa9")->view(), 4096,
                                       HashAlgorithm::sha256);
  EXPECT_EQ(stored.salt.size(), scram_salt_bytes);
  EXPECT_TRUE(verify_password(crypto, stored, prepare_password("pe\xcc\x81")->view()));
  EXPECT_FALSE(verify_password(crypto, stored, "pe"));
  EXPECT_FALSE(verify_password(crypto, stored, ""));
  EXPECT_FALSE(prepare_password(""));
  EXPECT_FALSE(prepare_password("a\nb"));
  const Jid account = *Jid::make("nobody", "example.org");
  const auto made = made_up_credentials(crypto, "s", account, 4096, HashAlgorithm::sha256);
  EXPECT_FALSE(verify_password(crypto, made, "password"));
}

TEST(ChooseMechanism, StrongestFirstAndOnlyWhatIsAllowed) {
  const std::vector<ChannelBinding> bindings{{"tls-exporter", "a"}, {"tls-server-end-point", "b"}};
  const auto chosen = [&](SaslOffer offer, SaslPolicy policy,
                          const std::vector<ChannelBinding>& ours) -> std::string {
    const auto choice = choose_mechanism(offer, policy, ours);
    if (!choice) return std::string(describe(choice.error()));
    return std::string(name_of(choice->mechanism)) + " " + choice->binding.type;
  };
  const SaslOffer all{{"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "X-NEW", "SCRAM-SHA-512",
                       "ANONYMOUS", "EXTERNAL"},
                      {"tls-server-end-point", "tls-exporter"}};
  const SaslPolicy plain{.plain = SaslPolicy::Plain::allowed};
  EXPECT_EQ(chosen(all, {}, bindings), "SCRAM-SHA-256-PLUS tls-exporter");
  EXPECT_EQ(chosen(all, {}, {}), "SCRAM-SHA-512 ");
  EXPECT_EQ(chosen(all, {.certificate = SaslPolicy::Certificate::presented}, bindings),
            "EXTERNAL ");
  EXPECT_EQ(chosen(all, {.login = SaslPolicy::Login::anonymous}, bindings), "ANONYMOUS ");
  EXPECT_EQ(chosen(all, {.forced = Mechanism::plain}, bindings), "PLAIN ");
  EXPECT_EQ(chosen(all, {.forced = Mechanism::scram_sha_256}, bindings),
            describe(SaslFault::no_mechanism));
  EXPECT_EQ(chosen({{"PLAIN"}, {}}, {}, bindings), describe(SaslFault::no_mechanism));
  EXPECT_EQ(chosen({{"PLAIN"}, {}}, plain, bindings), "PLAIN ");
  EXPECT_EQ(chosen({{"PLAIN", "SCRAM-SHA-1"}, {}}, plain, bindings), "SCRAM-SHA-1 ");
  // A server of the time before XEP-0440: the type that each must have, and no other.
  const SaslOffer old{{"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"}, {}};
  EXPECT_EQ(chosen(old, {}, bindings), "SCRAM-SHA-1 ");
  EXPECT_EQ(chosen(old, {}, {{"tls-exporter", "a"}, {"tls-unique", "c"}}),
            "SCRAM-SHA-1-PLUS tls-unique");
}

}  // namespace
}  // namespace herold::xmpp
