#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/parked.hpp>
#include <kit/result.hpp>
#include <kit/timer.hpp>
#include <transports/http/call_failure.hpp>
#include <transports/http/client_options.hpp>
#include <transports/http/detail/admission.hpp>
#include <transports/http/detail/curl_fields.hpp>
#include <transports/http/detail/transfer_streams.hpp>

namespace kit::http::detail {

class curl_loop;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

/// Whether one connection serves several calls with this libcurl.
bool reuses_connections(const client_options& o) noexcept;

/// One call on a libcurl easy handle, which serves one call after another.
///
/// The way of a call: `prepare` (the request becomes options of the handle) -> `curl_loop::start`
/// -> libcurl calls `on_header_line`, `on_content` ... -> `finish` -> the waiter goes on and takes
/// the answer.
/// Threads: `prepare` and `take` where the call runs, the rest on the loop's executor.
class curl_transfer final : public admission::ticket {
 public:
  enum class mode : std::uint8_t { whole, streaming };

  explicit curl_transfer(std::shared_ptr<const client_options> options);
  curl_transfer(const curl_transfer&) = delete;
  curl_transfer& operator=(const curl_transfer&) = delete;
  ~curl_transfer() override;

  // --- what the call does

  /// Takes what it needs of the request. The call may last until then.
  result<void> prepare(request&& req, mode m, time_point until);
  /// The answer, after `waiter` was resumed; for its head when streaming.
  result<response> take();
  /// Whether an answer with that head has content, as far as HTTP says.
  bool has_content() const noexcept { return has_content_; }
  /// Drops what the call has left, so that the next can be prepared.
  void clear() noexcept;
  /// Null where the request's content is bytes.
  const std::shared_ptr<upload>& sends() const noexcept { return upload_; }
  /// Null unless streaming.
  const std::shared_ptr<download>& receives() const noexcept { return download_; }

  kit::parked waiter;

  // --- what the loop does

  /// `loop` until `finish` or `fail`; null ends it.
  void attach(curl_loop* loop);
  /// Whose limits it counts for: scheme, host and port.
  std::string_view origin() const noexcept { return origin_; }
  /// CURL*, and back.
  void* handle() const noexcept { return easy_; }
  static curl_transfer& of(void* easy) noexcept;
  /// Ends it as libcurl did, by a CURLcode, or for another reason.
  void finish(int code);
  void fail(error why);
  /// Has the waiter go on, outside of libcurl: with what there is.
  void resume();
  /// What that CURLcode means for it.
  error error_of(int code) const;
  /// Whether it may have reached the server.
  bool was_sent() const noexcept { return attempts_ > 0; }
  /// Whether it goes on a connection that takes several calls, if it can.
  bool shares_connections() const noexcept { return waits_; }
  /// Whether it waits to learn if the connection that the other makes takes several calls.
  bool waits_for_connection_of(const curl_transfer& other) const noexcept;
  /// Whether this is still that call.
  bool serves(std::uint64_t call) const noexcept { return call_ == call; }
  /// The failure of a call that is given up now, because of `timeout` or `canceled`.
  error given_up(call_failure::stage why) const;
  void admitted() override;

  /// What `on_send` and `on_content` have paused. Maybe inside of libcurl.
  void send_on();
  void read_on();

  bool in_multi = false;

 private:
  friend struct curl_callbacks;
  enum class shape : std::uint8_t { unset, head, get, bytes, stream };

  // Into libcurl (curl_request.cpp).
  void configure();
  void configure_tls();
  void configure_callbacks();
  result<void> set_url(std::string_view target);
  void set_method(const request& req);
  void set_shape(shape s);
  void set_fields(const request& req);
  bool on_request() noexcept;
  void count_anew();
  std::size_t on_send(char* into, std::size_t room);
  int on_trailers(curl_slist** list);

  // Out of libcurl (curl_transfer.cpp).
  bool on_header_line(std::string_view line);
  bool on_status_line(std::string_view line);
  bool on_field(std::string_view line);
  bool settle_length();
  bool end_head();
  std::size_t on_content(std::string_view data);
  bool keep(std::string_view data);
  void look_for_early_end();
  bool refuse(errc code, call_failure::stage at, std::string text);
  void on_time_limit();
  void settle();

  struct free_parts {
    void operator()(void* parts) const noexcept;
  };

  const std::shared_ptr<const client_options> options_;
  void* const easy_;
  const std::unique_ptr<void, free_parts> parts_;  // of the URL: CURLU*
  std::array<char, 256> error_text_{};             // libcurl writes it
  curl_loop* loop_ = nullptr;
  std::uint64_t call_ = 0;  // which this is
  time_point until_ = time_point::max();
  std::optional<kit::timer> time_limit_;

  // The request.
  std::string url_;  // that `parts_` has
  std::string origin_;
  std::string content_;
  curl_fields fields_;
  http::method method_;
  bool repeatable_ = false;
  shape shape_ = shape::unset;  // what the handle is set to
  bool usual_method_ = true;    // and these, too
  bool unpacks_ = false;
  bool waits_ = false;
  std::size_t attempts_ = 0;  // how often it was sent
  std::shared_ptr<upload> upload_;

  // The answer.
  response answer_;
  headers trailers_;
  std::size_t header_bytes_ = 0;
  std::optional<error> failure_;
  std::shared_ptr<download> download_;
  bool head_done_ = false;
  bool has_content_ = false;
  bool http_2_ = false;
  bool takes_all_ = false;
  bool stop_sending_ = false;                  // the server will not read on
  std::optional<std::uint64_t> content_left_;  // of an answer that came early, where known
  std::optional<result<response>> outcome_;    // what the waiter takes
};

}  // namespace kit::http::detail
