// Whether times tell secrets apart: Welch's t-test over interleaved samples (HOSTILE 43, 44).
//
//   herold-timing [SAMPLES]     one line a comparison; exit 1 where |t| >= 4.5
//
// Both sides of a comparison run the same code on the same memory, which is filled before the clock
// starts. The slowest twentieth is left out: interrupts and other programs.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/random.h"
#include "crypto/openssl/openssl_crypto.h"
#include "crypto/secret.h"
#include "xmpp/sasl/hashed_token.h"
#include "xmpp/sasl/scram_server.h"

namespace herold {
namespace {

using Work = std::function<bool()>;
using Samples = std::vector<double>;

double nanoseconds(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  const bool result = work();
  const auto end = std::chrono::steady_clock::now();
  asm volatile("" : : "r"(result));  // so that the work is not left out
  return std::chrono::duration<double, std::nano>(end - start).count();
}

struct Moments {
  double mean = 0, variance = 0, count = 0;
};

// `most`: what is slower is left out.
Moments moments_of(const Samples& samples, double most) {
  Moments found;
  double square = 0;
  for (const double sample : samples) {
    if (sample > most) continue;
    found.count += 1;
    const double off = sample - found.mean;
    found.mean += off / found.count;
    square += off * (sample - found.mean);
  }
  found.variance = square / (found.count - 1);
  return found;
}

double slowest_twentieth(const Samples& a, const Samples& b) {
  Samples all = a;
  all.insert(all.end(), b.begin(), b.end());
  const auto place = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 20 * 19);
  std::ranges::nth_element(all, place);
  return *place;
}

using Prepare = std::function<void(bool second)>;

// True when the two cannot be told apart.
bool compare(const char* name, std::size_t count, const Prepare& prepare, const Work& work) {
  SystemRandom random;
  Samples a, b;
  a.reserve(2 * count);
  b.reserve(2 * count);
  for (std::size_t i = 0; i < 2 * count; ++i) {
    const bool second = random.below(2) == 1;
    prepare(second);
    (second ? b : a).push_back(nanoseconds(work));
  }
  const double most = slowest_twentieth(a, b);
  const Moments x = moments_of(a, most), y = moments_of(b, most);
  const double t = (x.mean - y.mean) / std::sqrt(x.variance / x.count + y.variance / y.count);
  const bool alike = std::abs(t) < 4.5;
  std::printf("%-40s %9.1f ns %9.1f ns  t = %6.2f  %s\n", name, x.mean, y.mean, t,
              alike ? "alike" : "DIFFERENT");
  return alike;
}

// A whole exchange with a wrong proof, as the server lives through it.
bool exchange(const xmpp::SaslServerContext& context, const xmpp::CredentialsAnswer& answer,
              const std::string& final) {
  xmpp::ScramServer server(xmpp::Mechanism::scram_sha_256, context, "server");
  std::ignore = server.respond("n,,n=user,r=client");
  std::ignore = server.on_credentials(answer);
  return std::holds_alternative<xmpp::SaslFailure>(server.respond(final));
}

// The same with a token that is not right.
bool token_exchange(const xmpp::SaslServerContext& context, const xmpp::TokensAnswer& answer,
                    const std::string& message) {
  xmpp::HashedTokenServer server(xmpp::Mechanism::ht_sha_256_none, context);
  std::ignore = server.respond(message);
  return std::holds_alternative<xmpp::SaslFailure>(server.on_tokens(answer));
}

bool compare_tokens(const xmpp::SaslServerContext& context, std::size_t samples) {
  const auto token = [](char letter) {
    return xmpp::Token{crypto::SecretString(std::string(43, letter)), "HT-SHA-256-NONE",
                       WallTime(Seconds(100))};
  };
  using Kind = xmpp::CredentialsAnswer::Kind;
  const xmpp::TokensAnswer known{Kind::found, xmpp::AccountState::enabled, 1, token('f'),
                                 token('c'),  WallTime(Seconds(50))};
  // What a client has that was never given one: keys of the same length that fit nothing.
  const std::string message = std::string("user\0", 5) + std::string(32, 'h');
  const std::string nearly = std::string("user\0", 5) + [&] {
    std::string right(
        context.crypto.hmac(crypto::HashAlgorithm::sha256, std::string(43, 'f'), "Initiator")
            .view());
    right.back() = static_cast<char>(right.back() ^ 1);
    return right;
  }();
  std::string sent = message;
  return compare(
      "token, wrong at once, wrong at the end", samples,
      [&](bool second) { std::ranges::copy(second ? nearly : message, sent.begin()); },
      [&] { return token_exchange(context, known, sent); });
}

int measure(std::size_t samples) {
  const crypto::OpenSslCrypto crypto;
  SystemRandom random;
  Limits limits;
  const xmpp::SaslServerContext context{crypto, random, limits, "example.org",       {},
                                        {},     {},     4096,   std::string(32, 's')};
  const xmpp::CredentialsAnswer known{xmpp::CredentialsAnswer::Kind::found,
                                      xmpp::derive_credentials(crypto, "pencil", "0123456789abcdef",
                                                               4096, crypto::HashAlgorithm::sha256),
                                      xmpp::AccountState::enabled};
  const xmpp::CredentialsAnswer unknown;
  const std::string final = "c=biws,r=clientserver,p=" + base64_encode(std::string(32, 'p'));
  const std::string secret(32, 'a');
  std::string early = secret, late = secret, guess = secret;
  early.front() = late.back() = 'b';
  const auto guessed = [&](const std::string& one, const std::string& other) -> Prepare {
    return [&](bool second) { std::ranges::copy(second ? other : one, guess.begin()); };
  };
  const auto compares = [&] { return crypto::equal(secret, guess); };
  bool alike = compare("secrets that differ early, late", samples, guessed(early, late), compares);
  alike &= compare("secrets that are equal, differ", samples, guessed(secret, early), compares);
  xmpp::CredentialsAnswer answer;
  alike &= compare(
      "SCRAM, wrong password, unknown user", samples / 10,
      [&](bool second) { answer = second ? unknown : known; },
      [&] { return exchange(context, answer, final); });
  alike &= compare_tokens(context, samples / 10);
  return alike ? 0 : 1;
}

}  // namespace
}  // namespace herold

int main(int count, char** arguments) {
  const unsigned long samples = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 1000000;
  if (samples >= 1000) return herold::measure(samples);
  std::fprintf(stderr, "usage: herold-timing [SAMPLES], at least 1000\n");
  return 2;
}
