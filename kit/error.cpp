#include <kit/error.hpp>

#include <array>
#include <new>

#include <asio/error.hpp>
#include <asio/multiple_exceptions.hpp>

namespace kit {
namespace {

constexpr std::array<const char*, 17> names{
    "ok",        "canceled",       "unknown",           "invalid_argument",   "deadline_exceeded",
    "not_found", "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
    "aborted",   "out_of_range",   "unimplemented",     "internal",           "unavailable",
    "data_loss", "unauthenticated"};

const char* c_name(errc code) noexcept {
  const auto i = static_cast<std::size_t>(code);
  return i < names.size() ? names[i] : "unknown";
}

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "kit"; }
  std::string message(int value) const override { return c_name(static_cast<errc>(value)); }
};

// Asio has a category of its own for the system's errors, which older versions don't compare with
// std::errc.
std::error_code of_system(const std::error_code& ec) noexcept {
  if (ec.category() != asio::error::get_system_category()) return ec;
  return {ec.value(), std::system_category()};
}

errc code_of(const std::error_code& any) noexcept {
  if (any.category() == error_category()) return static_cast<errc>(any.value());
  if (any == asio::error::eof || any == asio::error::host_not_found ||
      any == asio::error::host_not_found_try_again) {
    return errc::unavailable;
  }
  const auto ec = of_system(any);
  if (ec == std::errc::operation_canceled) return errc::canceled;
  if (ec == std::errc::timed_out) return errc::deadline_exceeded;
  if (ec == std::errc::connection_refused || ec == std::errc::connection_reset ||
      ec == std::errc::connection_aborted || ec == std::errc::broken_pipe ||
      ec == std::errc::host_unreachable || ec == std::errc::network_unreachable ||
      ec == std::errc::network_down || ec == std::errc::not_connected) {
    return errc::unavailable;
  }
  if (ec == std::errc::too_many_files_open || ec == std::errc::too_many_files_open_in_system ||
      ec == std::errc::not_enough_memory || ec == std::errc::no_buffer_space ||
      ec == std::errc::no_space_on_device) {
    return errc::resource_exhausted;
  }
  if (ec == std::errc::permission_denied || ec == std::errc::operation_not_permitted) {
    return errc::permission_denied;
  }
  if (ec == std::errc::no_such_file_or_directory) return errc::not_found;
  if (ec == std::errc::file_exists) return errc::already_exists;
  return errc::unknown;
}

}  // namespace

struct error::payload {
  std::atomic<int> uses{1};
  std::string message;
  std::exception_ptr cause;
  std::optional<std::chrono::milliseconds> retry_after;
  std::shared_ptr<const detail_node> details;

  void acquire() noexcept { uses.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (uses.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

std::string_view name(errc code) noexcept {
  return c_name(code);
}

std::optional<errc> errc_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<errc>(i);
  }
  return std::nullopt;
}

const std::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

error::error(errc code, std::string message) : code_(of_failure(code)), payload_(new payload) {
  payload_->message = std::move(message);
}

error::error(const error& other) noexcept
    : std::exception(other),
      code_(other.code_),
      refused_(other.refused_),
      forbids_retry_(other.forbids_retry_),
      payload_(other.payload_) {
  if (payload_) payload_->acquire();
}

error::error(error&& other) noexcept
    : code_(other.code_),
      refused_(other.refused_),
      forbids_retry_(other.forbids_retry_),
      payload_(std::exchange(other.payload_, nullptr)) {}

error& error::operator=(const error& other) noexcept {
  error copy(other);
  return *this = std::move(copy);
}

error& error::operator=(error&& other) noexcept {
  code_ = other.code_;
  refused_ = other.refused_;
  forbids_retry_ = other.forbids_retry_;
  std::swap(payload_, other.payload_);
  return *this;
}

error::~error() {
  if (payload_) payload_->release();
}

const char* error::what() const noexcept {
  return payload_ && !payload_->message.empty() ? payload_->message.c_str() : c_name(code_);
}

error error::own_copy() && {
  if (payload_ && payload_->uses.load(std::memory_order_acquire) == 1) return std::move(*this);
  return static_cast<const error&>(*this).own_copy();
}

error error::own_copy() const& {
  error e(code_);
  e.refused_ = refused_;
  e.forbids_retry_ = forbids_retry_;
  e.payload_ = new payload;
  if (payload_) {
    e.payload_->message = payload_->message;
    e.payload_->cause = payload_->cause;
    e.payload_->retry_after = payload_->retry_after;
    e.payload_->details = payload_->details;
  }
  return e;
}

error error::with_message(std::string message) const {
  error e = own_copy();
  e.payload_->message = std::move(message);
  return e;
}

std::exception_ptr error::cause() const noexcept {
  return payload_ ? payload_->cause : nullptr;
}

error error::with_cause(std::exception_ptr cause) const& {
  return error(*this).with_cause(std::move(cause));
}

error error::with_cause(std::exception_ptr cause) && {
  error e = std::move(*this).own_copy();
  e.payload_->cause = std::move(cause);
  return e;
}

std::optional<std::chrono::milliseconds> error::retry_after() const noexcept {
  return payload_ ? payload_->retry_after : std::nullopt;
}

error error::with_retry_after(std::chrono::milliseconds wait) const& {
  return error(*this).with_retry_after(wait);
}

error error::with_retry_after(std::chrono::milliseconds wait) && {
  error e = std::move(*this).own_copy();
  e.payload_->retry_after = wait;
  return e;
}

error error::with_detail(std::shared_ptr<const detail_node> node) const {
  error e = own_copy();
  e.payload_->details = std::move(node);
  return e;
}

const std::shared_ptr<const error::detail_node>* error::details() const noexcept {
  return payload_ ? &payload_->details : nullptr;
}

error to_error(const std::error_code& ec) {
  return error(code_of(ec), ec.message());
}

namespace {

// Attached where an `&&` was cancelled or a side of it failed: Asio doesn't tell which.
struct maybe_cancelled {};

error of_several(const asio::multiple_exceptions& several, const std::exception_ptr& all) {
  error first = to_error(several.first_exception());
  if (first.code() != errc::canceled) return first;
  return error(errc::unknown, "several operations failed").with(maybe_cancelled{}).with_cause(all);
}

}  // namespace

error to_error(std::exception_ptr e) noexcept {
  if (!e) return error(errc::unknown);
  try {
    try {
      std::rethrow_exception(e);
    } catch (const error& known) {
      return known;
    } catch (const std::system_error& s) {
      return error(code_of(s.code()), s.what()).with_cause(e);
    } catch (const asio::multiple_exceptions& several) {
      return of_several(several, e);
    } catch (const std::bad_alloc&) {
      return error(errc::resource_exhausted, "out of memory").with_cause(e);
    } catch (const std::exception& x) {
      return error(errc::unknown, x.what()).with_cause(e);
    } catch (...) {
      return error(errc::unknown, "unknown exception").with_cause(e);
    }
  } catch (...) {
    return error(errc::internal);  // no memory for the text: the code must do
  }
}

error detail::settled(error e, errc context_cause) {
  if (context_cause == errc::ok) return e;
  if (e.code() == errc::canceled ? context_cause == errc::canceled : !e.get<maybe_cancelled>()) {
    return e;
  }
  const error told(context_cause);
  return e.cause() ? told.with_cause(e.cause()) : told;
}

}  // namespace kit
