// SCRAM against the vectors of RFC 5802 and RFC 7677, its grammar, and both sides together.
#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/openssl/openssl_crypto.h"
#include "xmpp/sasl/client.h"
#include "xmpp/sasl/scram_client.h"
#include "xmpp/sasl/scram_message.h"
#include "xmpp/sasl/scram_server.h"
#include "xmpp/sasl/server.h"

namespace herold::xmpp {
namespace {

struct Vector {
  Mechanism mechanism;
  std::string client_nonce, server_nonce, salt, proof, verifier;
};

// RFC 5802 section 5, RFC 7677 section 3, and the SHA-512 exchange that implementations share.
const Vector vectors[] = {
    {Mechanism::scram_sha_1, "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92",
     "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {Mechanism::scram_sha_256, "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "W22ZaJ0SNY7soEsUEjb6gQ==", "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    {Mechanism::scram_sha_512, "rOprNGfwEbeRWgbNEkqO", "02431b08-2f89-4bad-a4e6-80c0564ec865",
     "Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=",
     "Hc5yec3NmCD7t+kFRw4/3yD6/F3SQHc7AVYschRja+Bc3sbdjlA0eH1OjJc0DD4ghn1tnXN5/Wr6qm9xmaHt4A==",
     "BQuhnKHqYDwQWS5jAw4sZed+C9KFUALsbrq81bB0mh+bcUUbbMPNNmBIupnS2AmyyDnG5CTBQtkjJ9kyY4kzmw=="},
};

class Scram : public ::testing::Test {
 protected:
  crypto::OpenSslCrypto crypto;
  SeededRandom random{7};
  Limits limits;
  SaslServerContext context{crypto, random, limits, "example.org", {}, {}, {}, 4096, "secret"};
  ClientCredentials pencil{"user", crypto::SecretString("pencil"), {}, {}};

  static std::string challenge_of(const SaslStep& step) {
    const auto* challenge = std::get_if<SaslChallenge>(&step);
    return challenge ? challenge->bytes : "(no challenge)";
  }
  static std::string failure_of(const SaslStep& step) {
    const auto* failure = std::get_if<SaslFailure>(&step);
    return failure ? std::string(name_of(failure->condition)) : "(no failure)";
  }
  CredentialsAnswer found(Mechanism mechanism, std::string_view salt = "0123456789abcdef") {
    return {CredentialsAnswer::Kind::found,
            derive_credentials(crypto, "pencil", salt, 4096, hash_of(mechanism)),
            AccountState::enabled};
  }
};

TEST_F(Scram, ServerSpeaksTheVectors) {
  context.downgrade_protection = DowngradeProtection::off;
  for (const Vector& vector : vectors) {
    const std::string nonce = vector.client_nonce + vector.server_nonce;
    ScramServer server(vector.mechanism, context, vector.server_nonce);
    const SaslStep first = server.respond("n,,n=user,r=" + vector.client_nonce);
    ASSERT_TRUE(std::holds_alternative<NeedCredentials>(first));
    EXPECT_EQ(std::get<NeedCredentials>(first).account.text(), "user@example.org");
    const SaslStep second =
        server.on_credentials(found(vector.mechanism, *base64_decode(vector.salt)));
    EXPECT_EQ(challenge_of(second), "r=" + nonce + ",s=" + vector.salt + ",i=4096");
    const SaslStep third = server.respond("c=biws,r=" + nonce + ",p=" + vector.proof);
    ASSERT_TRUE(std::holds_alternative<SaslSuccess>(third)) << failure_of(third);
    EXPECT_EQ(std::get<SaslSuccess>(third).bytes, "v=" + vector.verifier);
  }
}

TEST_F(Scram, ClientSpeaksTheVectors) {
  const SaslOffer offer;
  for (const Vector& vector : vectors) {
    const std::string nonce = vector.client_nonce + vector.server_nonce;
    ScramClient client({vector.mechanism, Gs2Flag::unsupported, {}, false}, crypto,
                       vector.client_nonce, offer, pencil);
    EXPECT_EQ(client.first(), "n,,n=user,r=" + vector.client_nonce);
    EXPECT_EQ(client.respond("r=" + nonce + ",s=" + vector.salt + ",i=4096"),
              "c=biws,r=" + nonce + ",p=" + vector.proof);
    EXPECT_EQ(client.keys(), nullptr);
    EXPECT_TRUE(client.finish("v=" + vector.verifier));
    ASSERT_NE(client.keys(), nullptr);
    EXPECT_EQ(client.keys()->iterations, 4096u);

    // The server's last word may also come as a challenge, before an empty <success/>.
    ScramClient other({vector.mechanism, Gs2Flag::unsupported, {}, false}, crypto,
                      vector.client_nonce, offer, pencil);
    (void)other.first();
    (void)other.respond("r=" + nonce + ",s=" + vector.salt + ",i=4096");
    EXPECT_EQ(other.respond("v=" + vector.verifier), "");
    EXPECT_TRUE(other.finish(""));
  }
}

TEST_F(Scram, DowngradeHashIsThatOfTheSpecification) {
  // XEP-0474 section 5.3, with the lists as they stand in its features.
  const SaslOffer offer{{"SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"},
                        {"tls-server-end-point", "tls-exporter"}};
  EXPECT_EQ(downgrade_hash(crypto, HashAlgorithm::sha1, offer), "G6k/rBLDqgOhRRaCuuatSDFkJ08=");
  const SaslOffer without{{"SCRAM-SHA-1"}, {}};
  EXPECT_EQ(downgrade_hash(crypto, HashAlgorithm::sha1, without),
            base64_encode(crypto.digest(HashAlgorithm::sha1, "SCRAM-SHA-1").view()));
}

TEST_F(Scram, ClientFirstGrammar) {
  const auto message = parse_client_first("p=tls-exporter,a=me=2Cyou@h,n=a=3Db=2Cc,r=abc,x=1");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->binding_type, "tls-exporter");
  EXPECT_EQ(message->authzid, "me,you@h");
  EXPECT_EQ(message->username, "a=b,c");
  EXPECT_EQ(message->nonce, "abc");
  EXPECT_EQ(message->gs2_header, "p=tls-exporter,a=me=2Cyou@h,");
  EXPECT_EQ(message->bare, "n=a=3Db=2Cc,r=abc,x=1");

  const std::string_view bad[] = {"",
                                  ",",
                                  "n,",
                                  "n,,",
                                  "n,,n=user",
                                  "n,,r=a,n=user",
                                  "n,,n=,r=a",
                                  "n,,n=user,r=",
                                  "n,,m=x,n=user,r=a",
                                  "n,,n=user,r=a,m=x",
                                  "n,,n=user,r=a,r=b",
                                  "n,,n=user,n=x,r=a",
                                  "n,,n=user,r=a,",
                                  "n,,n=user,r=a,x",
                                  "n,,n=user,r=a,x=",
                                  "n,,n=user,r=a,1=x",
                                  "n,,n=us=er,r=a",
                                  "n,,n=us=2cer,r=a",
                                  "n,,n=user=,r=a",
                                  "x,,n=user,r=a",
                                  "N,,n=user,r=a",
                                  "p,,n=user,r=a",
                                  "p=,,n=user,r=a",
                                  "p=a b,,n=user,r=a",
                                  "n,b=x,n=user,r=a",
                                  "n,a=,n=user,r=a",
                                  "n,a==,n=user,r=a",
                                  "n,,n=user,r=a b",
                                  "n,,n=user,r=\xc3\xa9",
                                  "n,,,n=user,r=a",
                                  "n=user,r=a",
                                  "n,,n=user,r=a,x=1,x=2"};
  for (const std::string_view text : bad) EXPECT_FALSE(parse_client_first(text)) << text;
  EXPECT_FALSE(parse_client_first(std::string_view("n,,n=us\0er,r=a", 14)));
  EXPECT_FALSE(parse_client_first(std::string_view("n,,n=user,r=a,x=\0", 17)));
}

TEST_F(Scram, OtherMessagesGrammar) {
  for (const std::string_view text :
       {"", "r=a,s=QQ==", "s=QQ==,r=a,i=1", "r=a,s=QQ,i=1", "r=a,s=QQ==,i=0", "r=a,s=QQ==,i=01",
        "r=a,s=QQ==,i=-1", "r=a,s=QQ==,i=1x", "r=a,s=QQ==,i=99999999999", "r=a,s=,i=1",
        "m=x,r=a,s=QQ==,i=1", "r=a,s=QQ==,i=1,m=x", "r=a,s=QQ==,i=1,i=2", "r=,s=QQ==,i=1"}) {
    EXPECT_FALSE(parse_server_first(text)) << text;
  }
  EXPECT_EQ(parse_server_first("r=a,s=QQ==,i=10000000,d=old,h=x")->downgrade_hash, "x");
  for (const std::string_view text :
       {"", "c=biws,r=a", "c=biws,p=QQ==,r=a", "c=biws,r=a,p=QQ", "c=bi,r=a,p=QQ==",
        "c=biws,r=a,p=QQ==,x=1", "c=biws,r=a,p=QQ==,p=QQ==", "c=biws,r=a,m=1,p=QQ==",
        "r=a,c=biws,p=QQ==", "c=biws,c=biws,r=a,p=QQ==", "c=biws,r=a,p="}) {
    EXPECT_FALSE(parse_client_final(text)) << text;
  }
  EXPECT_EQ(parse_client_final("c=biws,r=a,x=1,p=QQ==")->without_proof, "c=biws,r=a,x=1");
  EXPECT_FALSE(parse_server_final("v="));
  EXPECT_FALSE(parse_server_final("v=QQ"));
  EXPECT_FALSE(parse_server_final("x=QQ=="));
  EXPECT_EQ(parse_server_final("e=other-error")->error, "other-error");
}

// A server and a client with a channel between them that a test may bend.
class ScramPair : public Scram {
 protected:
  SaslOffer seen;  // by the client
  std::vector<ChannelBinding> client_bindings;

  void SetUp() override {
    for (const Mechanism mechanism : scram_mechanisms) {
      context.offer.mechanisms.emplace_back(name_of(mechanism));
    }
    context.bindings = {{"tls-exporter", "exported"}, {"tls-server-end-point", "certificate"}};
    context.offer.binding_types = {"tls-exporter", "tls-server-end-point"};
    seen = context.offer;
    client_bindings = context.bindings;
  }

  // The outcome in one word: "ok", the client's fault or the server's condition.
  std::string run(SaslPolicy policy = {}, CredentialsAnswer* answer = nullptr) {
    const auto choice = choose_mechanism(seen, policy, client_bindings);
    if (!choice) return "client " + std::to_string(static_cast<int>(choice.error()));
    chosen = choice->mechanism;
    const auto client = make_client_mechanism(*choice, crypto, random, seen, pencil);
    const auto server = make_server_mechanism(chosen, context);
    SaslStep step = server->respond(client->first());
    if (!std::holds_alternative<NeedCredentials>(step)) return failed(step);
    step = server->on_credentials(answer ? *answer : found(chosen));
    if (!std::holds_alternative<SaslChallenge>(step)) return failed(step);
    const auto response = client->respond(challenge_of(step));
    if (!response) return "client " + std::to_string(static_cast<int>(response.error()));
    step = server->respond(*response);
    if (!std::holds_alternative<SaslSuccess>(step)) return failed(step);
    EXPECT_EQ(std::get<SaslSuccess>(step).account.text(), "user@example.org");
    return client->finish(std::get<SaslSuccess>(step).bytes) ? "ok" : "client unverified";
  }
  std::string failed(const SaslStep& step) {
    alarm = std::get<SaslFailure>(step).alarm;
    return failure_of(step);
  }
  static std::string client(SaslFault fault) {
    return "client " + std::to_string(static_cast<int>(fault));
  }

  Mechanism chosen = Mechanism::plain;
  AuthAlarm alarm = AuthAlarm::none;
};

TEST_F(ScramPair, EveryMechanismSignsIn) {
  for (const Mechanism mechanism : scram_mechanisms) {
    EXPECT_EQ(run({.forced = mechanism}), "ok") << name_of(mechanism);
    EXPECT_EQ(chosen, mechanism);
  }
  client_bindings = {{"tls-server-end-point", "certificate"}};
  EXPECT_EQ(run(), "ok");
  EXPECT_EQ(chosen, Mechanism::scram_sha_512_plus);
}

TEST_F(ScramPair, WithoutTlsNoBinding) {
  client_bindings.clear();
  EXPECT_EQ(run(), "ok");
  EXPECT_EQ(chosen, Mechanism::scram_sha_512);
  // TLS on our side, a server that cannot bind at all: "y", which it accepts.
  client_bindings = context.bindings;
  std::erase_if(context.offer.mechanisms,
                [](const std::string& name) { return name.ends_with("-PLUS"); });
  context.offer.binding_types.clear();
  seen = context.offer;
  EXPECT_EQ(run(), "ok");
}

TEST_F(ScramPair, RemovedMechanismsAreDetected) {
  // HOSTILE 39: -PLUS and the types removed; the client says "y".
  std::erase_if(seen.mechanisms, [](const std::string& name) { return name.ends_with("-PLUS"); });
  seen.binding_types.clear();
  EXPECT_EQ(run(), "not-authorized");
  EXPECT_EQ(alarm, AuthAlarm::downgrade);
  // Types left behind: the client stops by itself (XEP-0440 rule 5).
  seen.binding_types = context.offer.binding_types;
  EXPECT_EQ(run(), client(SaslFault::downgrade));
  // Only the strong hashes removed: XEP-0474.
  seen = context.offer;
  std::erase(seen.mechanisms, "SCRAM-SHA-512-PLUS");
  EXPECT_EQ(run(), client(SaslFault::downgrade));
  // Types exchanged for one that nobody knows: the client goes on with "n" up to the hash.
  seen = context.offer;
  seen.binding_types = {"tls-unheard-of"};
  EXPECT_EQ(run(), client(SaslFault::downgrade));
  // All of them removed, as if the server was of the time before XEP-0440.
  seen.binding_types.clear();
  EXPECT_EQ(run(), client(SaslFault::downgrade));
  // The same list in honesty, and the server proves it.
  seen.binding_types = {"tls-unheard-of"};
  context.offer.binding_types = {"tls-unheard-of"};
  EXPECT_EQ(run(), "ok");
  EXPECT_EQ(chosen, Mechanism::scram_sha_512);
  context.downgrade_protection = DowngradeProtection::off;
  EXPECT_EQ(run(), client(SaslFault::downgrade));
}

TEST_F(ScramPair, AnotherTlsConnectionIsDetected) {
  client_bindings[0].data = "somebody else's";  // HOSTILE 40
  EXPECT_EQ(run(), "not-authorized");
  EXPECT_EQ(alarm, AuthAlarm::channel_mismatch);
  client_bindings = {{"tls-unique", "x"}};
  seen.binding_types = {"tls-unique"};
  EXPECT_EQ(run(), "not-authorized");
}

TEST_F(ScramPair, WrongPasswordAndUnknownUserLookAlike) {
  CredentialsAnswer unknown;
  CredentialsAnswer wrong = found(Mechanism::scram_sha_512_plus);
  wrong.credentials.stored_key[0] = static_cast<char>(wrong.credentials.stored_key[0] ^ 1);
  EXPECT_EQ(run({}, &wrong), "not-authorized");
  EXPECT_EQ(run({}, &unknown), "not-authorized");
  EXPECT_EQ(alarm, AuthAlarm::none);

  // The made-up salt is stable, and of its own for another name, hash and domain secret.
  const Jid a = *Jid::make("a", "example.org"), b = *Jid::make("b", "example.org");
  const auto made = made_up_credentials(crypto, "s", a, 4096, HashAlgorithm::sha256);
  EXPECT_EQ(made.salt, made_up_credentials(crypto, "s", a, 4096, HashAlgorithm::sha256).salt);
  EXPECT_EQ(made.salt.size(), scram_salt_bytes);
  EXPECT_EQ(made.iterations, 4096u);
  EXPECT_EQ(made.stored_key.size(), 32u);
  EXPECT_NE(made.salt, made_up_credentials(crypto, "s", b, 4096, HashAlgorithm::sha256).salt);
  EXPECT_NE(made.salt, made_up_credentials(crypto, "s", a, 4096, HashAlgorithm::sha512).salt);
  EXPECT_NE(made.salt, made_up_credentials(crypto, "t", a, 4096, HashAlgorithm::sha256).salt);
}

TEST_F(ScramPair, DisabledAccountsAreToldOnlyToWhoKnowsThePassword) {
  CredentialsAnswer disabled = found(Mechanism::scram_sha_512_plus);
  disabled.state = AccountState::disabled;
  EXPECT_EQ(run({}, &disabled), "account-disabled");
  disabled.credentials.stored_key[0] = static_cast<char>(disabled.credentials.stored_key[0] ^ 1);
  EXPECT_EQ(run({}, &disabled), "not-authorized");
  CredentialsAnswer busy{CredentialsAnswer::Kind::unavailable, {}, AccountState::enabled};
  EXPECT_EQ(run({}, &busy), "temporary-auth-failure");
}

TEST_F(ScramPair, ServerThatDoesNotKnowTheKeysIsNotBelieved) {
  CredentialsAnswer forged = found(Mechanism::scram_sha_512_plus);
  forged.credentials.server_key = crypto.digest(HashAlgorithm::sha512, "guess");
  EXPECT_EQ(run({}, &forged), "client unverified");
}

TEST_F(Scram, ServerRefusesWhatBreaksTheRules) {
  context.offer.mechanisms = {"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};
  context.bindings = {{"tls-exporter", "x"}};
  const auto first = [&](Mechanism mechanism, std::string_view text) {
    return failure_of(make_server_mechanism(mechanism, context)->respond(text));
  };
  const Mechanism plain = Mechanism::scram_sha_256, plus = Mechanism::scram_sha_256_plus;
  EXPECT_EQ(first(plain, "p=tls-exporter,,n=user,r=a"), "malformed-request");
  EXPECT_EQ(first(plus, "n,,n=user,r=a"), "malformed-request");
  EXPECT_EQ(first(plus, "y,,n=user,r=a"), "malformed-request");
  EXPECT_EQ(first(plus, "p=tls-unique,,n=user,r=a"), "not-authorized");
  EXPECT_EQ(first(plain, "y,,n=user,r=a"), "not-authorized");
  EXPECT_EQ(first(plain, "n,a=other@example.org,n=user,r=a"), "invalid-authzid");
  EXPECT_EQ(first(plain, "n,a=user@example.com,n=user,r=a"), "invalid-authzid");
  EXPECT_EQ(first(plain, "n,a=user@example.org/x,n=user,r=a"), "invalid-authzid");
  EXPECT_EQ(first(plain, "n,a=@,n=user,r=a"), "invalid-authzid");
  EXPECT_EQ(first(plain, "n,,n=us er,r=a"), "malformed-request");
  EXPECT_EQ(first(plain, "n,,n=us\xff,r=a"), "malformed-request");
  EXPECT_EQ(first(plain, "n,,n=user@example.org,r=a"), "malformed-request");
  EXPECT_EQ(first(plain, "n,a=user@example.org,n=User,r=a"), "(no failure)");
}

TEST_F(Scram, ServerRefusesEveryBentFinalMessage) {
  const auto final_step = [&](std::string (*bend)(std::string)) {
    context.offer.mechanisms = {"SCRAM-SHA-1"};
    const auto client =
        make_client_mechanism({Mechanism::scram_sha_1, Gs2Flag::unsupported, {}, false}, crypto,
                              random, context.offer, pencil);
    const auto server = make_server_mechanism(Mechanism::scram_sha_1, context);
    (void)server->respond(client->first());
    const auto response =
        client->respond(challenge_of(server->on_credentials(found(Mechanism::scram_sha_1))));
    return failure_of(server->respond(bend(*response)));
  };
  EXPECT_EQ(final_step([](std::string m) { return m; }), "(no failure)");
  EXPECT_EQ(final_step([](std::string m) { return m.replace(m.find("r="), 3, "r=0"); }),
            "malformed-request");  // another nonce
  EXPECT_EQ(final_step([](std::string m) { return m.substr(0, m.find(",p=")) + ",p=QQ=="; }),
            "malformed-request");  // a short proof
  EXPECT_EQ(final_step([](std::string m) { return m.substr(0, m.find(",p=")); }),
            "malformed-request");
  EXPECT_EQ(final_step([](std::string m) { return m.replace(2, 4, "eSws"); }),
            "not-authorized");  // "y,," where "n,," was sent
  EXPECT_EQ(final_step([](std::string m) { return m.replace(2, 4, "biwseA=="); }),
            "not-authorized");  // data where there is no binding
  EXPECT_EQ(final_step([](std::string m) { return m.insert(m.find(",p="), ",x=1"); }),
            "not-authorized");  // under the proof
  EXPECT_EQ(final_step([](std::string) { return std::string(); }), "malformed-request");
}

TEST_F(Scram, AMessageAfterTheEndIsRefused) {
  const auto server = make_server_mechanism(Mechanism::scram_sha_1, context);
  EXPECT_EQ(failure_of(server->respond("nonsense")), "malformed-request");
  EXPECT_EQ(failure_of(server->respond("n,,n=user,r=a")), "malformed-request");
}

TEST_F(Scram, ClientRefusesWhatBreaksTheRules) {
  const SaslOffer offer;
  const auto answer = [&](std::string_view challenge) {
    ScramClient client({Mechanism::scram_sha_256, Gs2Flag::unsupported, {}, false}, crypto, "abc",
                       offer, pencil);
    (void)client.first();
    const auto response = client.respond(challenge);
    return response ? std::string("ok") : std::string(describe(response.error()));
  };
  EXPECT_EQ(answer("r=abcd,s=QQ==,i=4096"), "ok");
  EXPECT_EQ(answer("r=abc,s=QQ==,i=4096"), describe(SaslFault::nonce));
  EXPECT_EQ(answer("r=abx,s=QQ==,i=4096"), describe(SaslFault::nonce));
  EXPECT_EQ(answer("r=abcd,s=QQ==,i=4095"), describe(SaslFault::iterations));
  EXPECT_EQ(answer("r=abcd,s=QQ==,i=10000001"), describe(SaslFault::iterations));
  EXPECT_EQ(answer("r=abcd,s=QQ==,i=1000000000"), describe(SaslFault::iterations));
  EXPECT_EQ(answer("r=abcd,s=QQ==,i=4096,h=AAAA"), describe(SaslFault::downgrade));
  EXPECT_EQ(answer("r=abcd,s=QQ==,i=4096,m=1"), describe(SaslFault::malformed));
  EXPECT_EQ(answer("e=unknown-user"), describe(SaslFault::malformed));
}

TEST_F(Scram, ClientTakesNoSuccessWithoutTheServersSignature) {
  const SaslOffer offer;
  ScramClient client({Mechanism::scram_sha_1, Gs2Flag::unsupported, {}, false}, crypto, "abc",
                     offer, pencil);
  (void)client.first();
  EXPECT_FALSE(client.finish(""));
  ASSERT_TRUE(client.respond("r=abcd,s=QQ==,i=4096"));
  EXPECT_FALSE(client.finish(""));
  EXPECT_FALSE(client.finish("v=" + base64_encode(std::string(20, 'x'))));
  EXPECT_FALSE(client.finish("e=other-error"));
  EXPECT_EQ(client.keys(), nullptr);
}

TEST_F(Scram, KeptKeysServeInsteadOfThePassword) {
  const SaslOffer offer;
  const ClientKeys keys{HashAlgorithm::sha1, 4096, "A",
                        scram_keys(crypto, HashAlgorithm::sha1, "pencil", "A", 4096)};
  const ClientCredentials kept{"user", crypto::SecretString(), keys, {}};
  const SaslChoice choice{Mechanism::scram_sha_1, Gs2Flag::unsupported, {}, false};
  ScramClient with_keys(choice, crypto, "abc", offer, kept);
  ScramClient with_password(choice, crypto, "abc", offer, pencil);
  (void)with_keys.first();
  (void)with_password.first();
  EXPECT_EQ(with_keys.respond("r=abcd,s=QQ==,i=4096"),
            with_password.respond("r=abcd,s=QQ==,i=4096"));
  ScramClient other_salt(choice, crypto, "abc", offer, kept);
  (void)other_salt.first();
  EXPECT_EQ(other_salt.respond("r=abcd,s=Qg==,i=4096").error(), SaslFault::no_password);
}

}  // namespace
}  // namespace herold::xmpp
