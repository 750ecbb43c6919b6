// An unknown user costs the same path and amount of arithmetic as a wrong password (HOSTILE 43, 44,
// DECISIONS 29). What the clock says of it is measured by bench/timing.cc.
#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/openssl/openssl_crypto.h"
#include "xmpp/sasl/scram_server.h"
#include "xmpp/sasl/server.h"

namespace herold::xmpp {
namespace {

// Writes down what is asked of it: the operation and the sizes of all it works on.
class CountingCrypto final : public crypto::Crypto {
 public:
  using Digest = crypto::Digest;

  Digest digest(HashAlgorithm algorithm, std::string_view bytes) const override {
    note("digest", algorithm, bytes.size(), 0, 0);
    return real_.digest(algorithm, bytes);
  }
  Digest hmac(HashAlgorithm algorithm, std::string_view key,
              std::string_view bytes) const override {
    note("hmac", algorithm, key.size(), bytes.size(), 0);
    return real_.hmac(algorithm, key, bytes);
  }
  Digest pbkdf2(HashAlgorithm algorithm, std::string_view password, std::string_view salt,
                std::uint32_t iterations) const override {
    note("pbkdf2", algorithm, password.size(), salt.size(), iterations);
    return real_.pbkdf2(algorithm, password, salt, iterations);
  }
  std::string seal(std::string_view key, std::string_view nonce, std::string_view associated,
                   std::string_view plain) const override {
    return real_.seal(key, nonce, associated, plain);
  }
  std::optional<crypto::SecretString> open(std::string_view key, std::string_view nonce,
                                           std::string_view associated,
                                           std::string_view sealed) const override {
    return real_.open(key, nonce, associated, sealed);
  }
  std::vector<std::string> take() { return std::exchange(work_, {}); }

 private:
  void note(const char* what, HashAlgorithm algorithm, std::size_t a, std::size_t b,
            std::size_t c) const {
    work_.push_back(std::string(what) + " " + std::to_string(static_cast<int>(algorithm)) + " " +
                    std::to_string(a) + " " + std::to_string(b) + " " + std::to_string(c));
  }
  crypto::OpenSslCrypto real_;
  mutable std::vector<std::string> work_;
};

class SameWork : public ::testing::Test {
 protected:
  CountingCrypto crypto;
  SeededRandom random{7};
  Limits limits;
  SaslServerContext context{crypto, random, limits, "example.org", {}, {}, {}, 4096, "secret"};

  StoredCredentials stored(HashAlgorithm hash) {
    auto made = derive_credentials(crypto, "pencil", "0123456789abcdef", 4096, hash);
    std::ignore = crypto.take();
    return made;
  }

  // What a login with a proof of the right size that is wrong costs.
  std::vector<std::string> scram(Mechanism mechanism, CredentialsAnswer answer) {
    ScramServer server(mechanism, context, "server");
    EXPECT_TRUE(std::holds_alternative<NeedCredentials>(server.respond("n,,n=user,r=client")));
    std::ignore = server.on_credentials(answer);
    const std::string proof(crypto::digest_size(hash_of(mechanism)), 'p');
    const auto last = server.respond("c=biws,r=clientserver,p=" + base64_encode(proof));
    const auto* failure = std::get_if<SaslFailure>(&last);
    EXPECT_TRUE(failure != nullptr && failure->condition == SaslCondition::not_authorized);
    return crypto.take();
  }
};

TEST_F(SameWork, OfScramForUnknownUsers) {
  for (const Mechanism mechanism :
       {Mechanism::scram_sha_1, Mechanism::scram_sha_256, Mechanism::scram_sha_512}) {
    const auto known = scram(mechanism, {CredentialsAnswer::Kind::found, stored(hash_of(mechanism)),
                                         AccountState::enabled});
    EXPECT_GE(known.size(), 5u);
    EXPECT_EQ(known, scram(mechanism, {}));
    EXPECT_EQ(known, scram(mechanism, {CredentialsAnswer::Kind::found, stored(hash_of(mechanism)),
                                       AccountState::disabled}));
  }
}

TEST_F(SameWork, OfPasswordsForUnknownUsers) {
  const Jid account = *Jid::parse("user@example.org");
  for (const HashAlgorithm hash : {HashAlgorithm::sha1, HashAlgorithm::sha256}) {
    const StoredCredentials known = stored(hash);
    const StoredCredentials unknown = made_up_credentials(crypto, "secret", account, 4096, hash);
    std::ignore = crypto.take();
    EXPECT_FALSE(verify_password(crypto, known, "guess"));
    const auto work = crypto.take();
    EXPECT_FALSE(verify_password(crypto, unknown, "guess"));
    EXPECT_EQ(work, crypto.take());
    EXPECT_TRUE(verify_password(crypto, known, "pencil"));
    EXPECT_EQ(work.size(), crypto.take().size());
  }
}

}  // namespace
}  // namespace herold::xmpp
