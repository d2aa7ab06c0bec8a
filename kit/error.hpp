#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <utility>

namespace kit {

/// Canonical error codes: what a failure tells its caller to do. The set and the numbers are
/// gRPC's (google.rpc.Code); every transport maps them in one table.
enum class errc : std::uint8_t {
  ok = 0,                   ///< No error; never the code of a `kit::error`.
  canceled = 1,             ///< The caller gave up.
  unknown = 2,              ///< A failure nobody classified, e.g. a foreign exception.
  invalid_argument = 3,     ///< The request is wrong whatever the state; do not retry.
  deadline_exceeded = 4,    ///< Time ran out before the answer was there.
  not_found = 5,            ///< The named thing does not exist.
  already_exists = 6,       ///< The thing to create exists.
  permission_denied = 7,    ///< The caller is known and may not.
  resource_exhausted = 8,   ///< A quota or limit is used up, e.g. a rate limiter refused.
  failed_precondition = 9,  ///< The state forbids it; fix the state, do not retry.
  aborted = 10,             ///< A conflict; retry the whole transaction.
  out_of_range = 11,        ///< Past the valid range.
  unimplemented = 12,       ///< No such operation here.
  internal = 13,            ///< An invariant is broken.
  unavailable = 14,         ///< Not reachable now; a retry may help.
  data_loss = 15,           ///< Data is lost or corrupt.
  unauthenticated = 16,     ///< The caller is not known.
};

/// The code's lower-case name, e.g. `"deadline_exceeded"`.
std::string_view name(errc code) noexcept;
/// The code of that lower-case name, nothing for any other text.
std::optional<errc> errc_from_name(std::string_view name) noexcept;

const std::error_category& error_category() noexcept;
inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

/// One failure: a code, a message, and optionally details, a cause and a retry hint.
///
/// A small value that is cheap to copy (copies share what they hold) and never changes: the
/// `with_*` functions return a changed copy. Endpoints throw it from `ep(req)` and return it from
/// `ep.try_call(req)`. Building one from a code alone allocates nothing. The message is for the
/// caller: servers send it to the peer. What must stay inside goes into the cause, or into an
/// exception of another type, of which peers see only that it happened.
/// Threads: copies may be used from different threads.
class error : public std::exception {
 public:
  /// The message is the code's name. `errc::ok`, or a number that is no code, becomes `unknown`.
  error(errc code) noexcept : code_(of_failure(code)) {}
  error(errc code, std::string message);

  error(const error&) noexcept;
  error(error&&) noexcept;
  error& operator=(const error&) noexcept;
  error& operator=(error&&) noexcept;
  ~error() override;

  errc code() const noexcept { return code_; }
  const char* what() const noexcept override;
  std::string_view message() const noexcept { return what(); }

  /// The exception this error was made from; null when there is none.
  std::exception_ptr cause() const noexcept;
  error with_cause(std::exception_ptr cause) const&;
  error with_cause(std::exception_ptr cause) &&;

  /// How long the peer asked to wait before a retry (`Retry-After`, gRPC `RetryInfo`).
  std::optional<std::chrono::milliseconds> retry_after() const noexcept;
  error with_retry_after(std::chrono::milliseconds wait) const&;
  error with_retry_after(std::chrono::milliseconds wait) &&;

  /// Whether the peer said that the same call must not be made again (gRPC's pushback below 0).
  bool forbids_retry() const noexcept { return forbids_retry_; }
  error with_retry_forbidden() const noexcept {
    error e(*this);
    e.forbids_retry_ = true;
    return e;
  }

  /// Whether the call was refused before its work began: by a limit, a breaker, a check of who is
  /// asking. `chain` marks what an interceptor's `enter` refuses with, and layers pass it on; what
  /// a handler fails with is no refusal, although one may be the reason.
  bool refused() const noexcept { return refused_; }
  error with_refused(bool refused = true) const noexcept {
    error e(*this);
    e.refused_ = refused;
    return e;
  }

  /// The same with another text.
  error with_message(std::string message) const;

  /// Attaches a value that another layer finds by its type, e.g. the HTTP status to answer with.
  template <class T>
  error with(T detail) const;
  /// The last attached detail of that type, or null. Valid as long as this error or a copy.
  template <class T>
  const T* get() const noexcept;

  /// Errors are equal when code and message are.
  friend bool operator==(const error& a, const error& b) noexcept {
    return a.code_ == b.code_ && a.message() == b.message();
  }
  friend bool operator==(const error& e, errc code) noexcept { return e.code_ == code; }

 private:
  struct detail_node {
    detail_node(const std::type_info& t, std::shared_ptr<const detail_node> n)
        : type(&t), next(std::move(n)) {}
    virtual ~detail_node() = default;
    const std::type_info* type;
    std::shared_ptr<const detail_node> next;
  };
  template <class T>
  struct detail_value final : detail_node {
    detail_value(T v, std::shared_ptr<const detail_node> n)
        : detail_node(typeid(T), std::move(n)), value(std::move(v)) {}
    T value;
  };
  struct payload;

  static constexpr errc of_failure(errc code) noexcept {
    return code == errc::ok || code > errc::unauthenticated ? errc::unknown : code;
  }
  error with_detail(std::shared_ptr<const detail_node> node) const;
  const std::shared_ptr<const detail_node>* details() const noexcept;
  error own_copy() const&;  // with a payload that nobody else has
  error own_copy() &&;

  errc code_;
  bool refused_ = false;
  bool forbids_retry_ = false;
  payload* payload_ = nullptr;  // null: the code says it all
};

/// Turns the exception being handled, or one held by pointer, into an error: a `kit::error` as it
/// is; `std::system_error` by its code (`operation_aborted` is `canceled`, timeouts are
/// `deadline_exceeded`, connection failures are `unavailable`); `std::bad_alloc` is
/// `resource_exhausted`; of the several exceptions of an `&&` or `||` the first counts, unless that
/// is a cancellation, which may well be due to the others; anything else is `unknown` with the
/// exception's text. Whatever is not a `kit::error` becomes the result's `cause()`.
error to_error(std::exception_ptr e) noexcept;
error to_error(const std::error_code& ec);

namespace detail {
/// The error as seen where the context was cancelled for that reason (`ok`: it was not): what was
/// aborted because time ran out is `deadline_exceeded`, not `canceled`.
error settled(error e, errc context_cause);
}  // namespace detail

template <class T>
error error::with(T detail) const {
  const auto* old = details();
  return with_detail(
      std::make_shared<const detail_value<T>>(std::move(detail), old ? *old : nullptr));
}

template <class T>
const T* error::get() const noexcept {
  const auto* first = details();
  for (auto* n = first ? first->get() : nullptr; n; n = n->next.get()) {
    if (*n->type == typeid(T)) return &static_cast<const detail_value<T>*>(n)->value;
  }
  return nullptr;
}

}  // namespace kit

template <>
struct std::is_error_code_enum<kit::errc> : std::true_type {};
