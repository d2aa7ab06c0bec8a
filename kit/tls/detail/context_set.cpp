#include <kit/tls/detail/context_set.hpp>

#include <array>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <kit/error.hpp>
#include <kit/tls/detail/errors.hpp>
#include <kit/tls/detail/peer.hpp>

namespace kit::tls::detail {
namespace {

constexpr const char* usual_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* usual_groups = "X25519:P-256:P-384";
constexpr const char* usual_groups_3_5 = "X25519MLKEM768:X25519:P-256:P-384";

using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using x509_ptr = std::unique_ptr<X509, decltype(&X509_free)>;

void require(bool right, const char* what) {
  if (!right) throw_error(std::string("server_options::") + what);
}

std::string lower(std::string_view text) {
  std::string all(text);
  for (char& c : all)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return all;
}

bio_ptr open_file(const std::string& file) {
  ERR_clear_error();
  bio_ptr from(BIO_new_file(file.c_str(), "rb"), &BIO_free);
  if (!from) throw_error(file);
  return from;
}

std::string read_file(const std::string& file) {
  const auto from = open_file(file);
  std::string all;
  char bytes[4096];
  int size = 0;
  while ((size = BIO_read(from.get(), bytes, sizeof bytes)) > 0)
    all.append(bytes, static_cast<std::size_t>(size));
  if (size < 0) throw_error(file);
  return all;
}

// The next certificate of a PEM text; null at its end.
x509_ptr next_certificate(BIO* from, const std::string& file) {
  ERR_clear_error();
  x509_ptr x(PEM_read_bio_X509(from, nullptr, nullptr, nullptr), &X509_free);
  const bool at_end = !x && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!x && !at_end) throw_error(file);
  ERR_clear_error();
  return x;
}

x509_ptr first_certificate(const std::string& file) {
  const auto from = open_file(file);
  auto x = next_certificate(from.get(), file);
  if (!x) throw_error(file + ": holds no certificate");
  return x;
}

std::string protocol_list(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) {
    require(!name.empty() && name.size() < 256, "protocols: a name has 1 to 255 bytes");
    all += static_cast<char>(name.size());
    all += name;
  }
  return all;
}

// Of the key that is being read; none, or one that is too long, is a failure. Without this function
// OpenSSL would ask for it on the terminal.
int give_password(char* into, int room, int, void* of) {
  const auto* password = static_cast<const std::string*>(of);
  if (!password || password->empty() || std::cmp_greater(password->size(), room)) return -1;
  password->copy(into, password->size());
  return static_cast<int>(password->size());
}

int choose_context(SSL* ssl, int*, void* set) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (!name) return SSL_TLSEXT_ERR_NOACK;
  auto* found = static_cast<const context_set*>(set)->find(name);
  if (found) SSL_set_SSL_CTX(ssl, found);
  return SSL_TLSEXT_ERR_OK;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void* set) {
  const auto& ours = static_cast<const context_set*>(set)->protocols();
  unsigned char* chosen = nullptr;
  const int r =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), offered, offered_size);
  if (r != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// A session is resumed only where the same clients would be let in.
std::array<unsigned char, 32> clients_id(client_certificates clients, const std::string& ca) {
  std::array<unsigned char, 32> id{};
  const std::string all = std::to_string(static_cast<int>(clients)) + ca;
  if (EVP_Digest(all.data(), all.size(), id.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw_error("SHA-256 is not there");
  }
  return id;
}

}  // namespace

void context_free::operator()(ssl_ctx_st* c) const noexcept {
  SSL_CTX_free(c);
}

context_set::context_set(const server_options& options, std::shared_ptr<ticket_keys> keys)
    : options_(options), keys_(std::move(keys)), protocols_(protocol_list(options.protocols)) {
  ERR_clear_error();
  require(!options.certificates.empty(), "certificates: there must be one");
  const bool clients = options.clients != client_certificates::ignored;
  require(!clients || !options.ca_file.empty(), "ca_file: is missing");
  if (clients) authorities_ = read_file(options.ca_file);
  for (const auto& c : options.certificates)
    load(c);
  SSL_CTX_set_tlsext_servername_callback(first(), &choose_context);
  SSL_CTX_set_tlsext_servername_arg(first(), this);
}

ssl_ctx_st* context_set::find(std::string_view name) const {
  const auto wanted = lower(name);
  if (const auto at = by_name_.find(wanted); at != by_name_.end()) return at->second;
  const auto dot = wanted.find('.');
  if (dot == 0 || dot == wanted.npos) return nullptr;
  const auto at = by_name_.find("*" + wanted.substr(dot));
  return at != by_name_.end() ? at->second : nullptr;
}

void context_set::load(const certificate& c) {
  const auto leaf = first_certificate(c.certificate_file);
  auto names = c.server_names.empty() ? server_names_of(leaf.get()) : c.server_names;
  for (auto& name : names)
    name = lower(name);
  auto* context = context_of(names);
  const int kind = EVP_PKEY_get_base_id(X509_get0_pubkey(leaf.get()));
  for (long more = SSL_CTX_set_current_cert(context, SSL_CERT_SET_FIRST); more == 1;
       more = SSL_CTX_set_current_cert(context, SSL_CERT_SET_NEXT)) {
    const auto* other = SSL_CTX_get0_certificate(context);
    if (other && EVP_PKEY_get_base_id(X509_get0_pubkey(other)) == kind) {
      throw_error(c.certificate_file + ": another certificate has the same names and kind of key");
    }
  }
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, c.certificate_file.c_str()) != 1) {
    throw_error(c.certificate_file);
  }
  SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<std::string*>(&c.key_password));
  const bool read = SSL_CTX_use_PrivateKey_file(context, c.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (!read) throw_error(c.key_file);
  if (SSL_CTX_check_private_key(context) != 1) {
    throw_error(c.key_file + ": is not the key of " + c.certificate_file);
  }
}

ssl_ctx_st* context_set::context_of(const std::vector<std::string>& names) {
  auto& known = by_names_[names];
  if (!known) {
    contexts_.push_back(make_context());
    known = contexts_.back().get();
  }
  for (const auto& name : names)
    by_name_.emplace(name, known);  // the first one keeps it
  return known;
}

context_ptr context_set::make_context() const {
  context_ptr made(SSL_CTX_new(TLS_server_method()));
  if (!made) throw_error("no context");
  auto* context = made.get();
  set_parameters(context);
  set_sessions(context);
  set_clients(context);
  if (!protocols_.empty()) {
    SSL_CTX_set_alpn_select_cb(context, &choose_protocol, const_cast<context_set*>(this));
  }
  return made;
}

void context_set::set_parameters(ssl_ctx_st* context) const {
  const auto& o = options_;
  SSL_CTX_set_min_proto_version(
      context, o.min_version == version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);  // the chain is what the file says
  SSL_CTX_set_default_passwd_cb(context, &give_password);
  const auto* ciphers = o.ciphers.empty() ? usual_ciphers : o.ciphers.c_str();
  require(SSL_CTX_set_cipher_list(context, ciphers) == 1, "ciphers");
  if (!o.cipher_suites.empty()) {
    require(SSL_CTX_set_ciphersuites(context, o.cipher_suites.c_str()) == 1, "cipher_suites");
  }
  constexpr auto version_3_5 = 0x30500000UL;
  std::string groups = o.groups;
  if (groups.empty()) {
    groups = OpenSSL_version_num() >= version_3_5 ? usual_groups_3_5 : usual_groups;
  }
  require(SSL_CTX_set1_groups_list(context, groups.data()) == 1, "groups");
}

void context_set::set_sessions(ssl_ctx_st* context) const {
  const auto& o = options_;
  const auto id = clients_id(o.clients, authorities_);
  SSL_CTX_set_session_id_context(context, id.data(), static_cast<unsigned>(id.size()));
  SSL_CTX_set_timeout(context, static_cast<long>(o.session_timeout.count()));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);  // making two, as OpenSSL would, doubles the cost
  if (o.session_tickets) return keys_->install(context);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  if (o.session_cache_size > 0) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context, static_cast<long>(o.session_cache_size));
  } else {
    SSL_CTX_set_num_tickets(context, 0);
  }
}

void context_set::set_clients(ssl_ctx_st* context) const {
  if (options_.clients == client_certificates::ignored) return;
  const bool required = options_.clients == client_certificates::required;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  const bio_ptr from(BIO_new_mem_buf(authorities_.data(), static_cast<int>(authorities_.size())),
                     &BIO_free);
  if (!from) throw_error(options_.ca_file);
  std::size_t count = 0;
  for (auto x = next_certificate(from.get(), options_.ca_file); x;
       x = next_certificate(from.get(), options_.ca_file)) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), x.get()) != 1 ||
        SSL_CTX_add_client_CA(context, x.get()) != 1) {
      throw_error(options_.ca_file);
    }
    ++count;
  }
  if (count == 0) throw_error(options_.ca_file + ": holds no certificate");
}

}  // namespace kit::tls::detail
