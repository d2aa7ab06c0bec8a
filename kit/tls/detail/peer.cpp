#include <kit/tls/detail/peer.hpp>

#include <array>
#include <ctime>
#include <memory>
#include <span>
#include <string_view>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <kit/detail/hex.hpp>

namespace kit::tls::detail {
namespace {

// In RFC 4514's form, UTF-8 as it is.
std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), &BIO_free);
  if (!text) throw std::bad_alloc();
  X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(text.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

// A NUL inside would make it look like another name to who takes it for a C string: then it counts
// for nothing.
void add(const ASN1_STRING* name, std::vector<std::string>& to) {
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name));
  const std::string_view text(data, static_cast<std::size_t>(ASN1_STRING_length(name)));
  if (!text.empty() && text.find('\0') == text.npos) to.emplace_back(text);
}

void read_alternative_names(const X509* x, peer_certificate& into) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    const auto* name = static_cast<const ASN1_STRING*>(value);
    if (type == GEN_DNS) add(name, into.dns_names);
    if (type == GEN_URI) add(name, into.uris);
    if (type == GEN_EMAIL) add(name, into.emails);
  }
}

std::string fingerprint_of(const X509* x) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(x, EVP_sha256(), digest.data(), &size) != 1) return {};
  std::string text;
  kit::detail::append_hex(text, std::as_bytes(std::span(digest).first(size)));
  return text;
}

std::chrono::sys_seconds time_of(const ASN1_TIME* at) {
  std::tm t{};
  if (ASN1_TIME_to_tm(at, &t) != 1) return {};
  const std::chrono::year_month_day date{std::chrono::year(t.tm_year + 1900),
                                         std::chrono::month(static_cast<unsigned>(t.tm_mon + 1)),
                                         std::chrono::day(static_cast<unsigned>(t.tm_mday))};
  return std::chrono::sys_days(date) + std::chrono::hours(t.tm_hour) +
         std::chrono::minutes(t.tm_min) + std::chrono::seconds(t.tm_sec);
}

}  // namespace

peer_certificate read_certificate(x509_st* x) {
  peer_certificate c;
  c.subject = text_of(X509_get_subject_name(x));
  c.issuer = text_of(X509_get_issuer_name(x));
  read_alternative_names(x, c);
  c.fingerprint = fingerprint_of(x);
  c.not_after = time_of(X509_get0_notAfter(x));
  return c;
}

std::vector<std::string> server_names_of(x509_st* x) {
  peer_certificate c;
  read_alternative_names(x, c);
  if (!c.dns_names.empty()) return c.dns_names;
  auto* subject = X509_get_subject_name(x);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) add(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), c.dns_names);
  return c.dns_names;
}

}  // namespace kit::tls::detail
