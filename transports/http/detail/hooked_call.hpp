#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <kit/context.hpp>
#include <kit/result.hpp>
#include <transports/http/handler_options.hpp>

namespace kit::http::detail {

/// One request on its way through the hooks. What of it doesn't depend on the endpoint's types.
///
/// Ends by `succeed` or `fail`, or abandoned when destroyed: the finalizers run once in any case.
class hooked_call {
 public:
  hooked_call(std::shared_ptr<const handler_options> options, kit::context ctx, http::request req);
  hooked_call(hooked_call&& other) noexcept = default;
  hooked_call& operator=(hooked_call&&) = delete;
  ~hooked_call();

  /// What the last hook returned.
  const kit::context& context() const noexcept { return context_; }
  http::request& request() noexcept { return request_; }

  /// Throw what a hook throws.
  void before();
  void after(response& r);

  /// The answer, its content counted where that is a stream.
  response succeed(response r);
  /// Reports the failure, and makes the answer; or gives the error back where the server answers.
  result<response> fail(error e);

 private:
  struct streaming;

  void report(const error& e) const noexcept;
  response answer_to(const error& e) const;
  response close(response r);
  void finalize(status code, const headers& fields, std::uint64_t bytes) noexcept;

  std::shared_ptr<const handler_options> options_;  // null: moved from, or all is done
  kit::context context_;
  http::request request_;
  std::optional<error> failure_;
};

}  // namespace kit::http::detail
