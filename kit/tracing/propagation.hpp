#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <kit/context.hpp>
#include <kit/http/headers.hpp>
#include <kit/tracing/span_context.hpp>

/// How the current span and the baggage travel in the fields of a message: HTTP headers, metadata
/// of gRPC, headers of NATS and AMQP.
namespace kit::tracing {

/// Reads the fields of a message. Their names are compared without case.
class carrier_reader {
 public:
  virtual ~carrier_reader() = default;
  /// How many values the field has; the first `most` of them, in order, are put into `into`. Views
  /// are valid as long as the message is not changed.
  virtual std::size_t read(std::string_view name, std::string_view* into,
                           std::size_t most) const = 0;
  /// The value of a field that is there once; nothing otherwise.
  std::optional<std::string_view> only(std::string_view name) const;
};

/// Writes the fields of a message.
class carrier_writer {
 public:
  virtual ~carrier_writer() = default;
  /// Instead of what the field has. The name is in lower case; it and the value are fit for HTTP.
  virtual void set(std::string_view name, std::string_view value) = 0;
  virtual void remove(std::string_view name) = 0;
};

/// HTTP headers. Refers to them.
class header_reader final : public carrier_reader {
 public:
  explicit header_reader(const http::headers& h) noexcept : headers_(h) {}
  std::size_t read(std::string_view name, std::string_view* into, std::size_t most) const override;

 private:
  const http::headers& headers_;
};
class header_writer final : public carrier_writer {
 public:
  explicit header_writer(http::headers& h) noexcept : headers_(h) {}
  void set(std::string_view name, std::string_view value) override;
  void remove(std::string_view name) override;

 private:
  http::headers& headers_;
};

/// A format for the current span: three functions. One of your own is such a value, too.
struct propagator {
  /// For logs and settings: `w3c`, `b3`, `b3multi`.
  std::string_view name;
  /// What the fields say: nothing where the message has none of this format or they are malformed.
  /// One without ids is a decision only, see `span_context`. It must not throw.
  std::optional<span_context> (*extract)(const carrier_reader& from);
  /// Writes the fields, instead of what there is.
  void (*inject)(const span_context& span, carrier_writer& into);
  /// Removes them.
  void (*remove)(carrier_writer& from);
};

/// `traceparent` and `tracestate`: W3C Trace Context, level 2.
extern const propagator w3c;
/// B3 in one field, `b3`, and in several, `X-B3-TraceId` and so on. Both read both, the single
/// field first. Source: the B3 specification of openzipkin.
extern const propagator b3;
extern const propagator b3multi;

/// Which formats are read and written. Plain data.
struct propagation {
  /// The first one in this order that the message has counts.
  std::vector<propagator> extract = {w3c, b3};
  std::vector<propagator> inject = {w3c};
  /// Takes the caller's `baggage` into the context, and sends that of the context.
  bool baggage = true;
};

/// A context with what the message says of the caller's span and baggage; the same where it says
/// nothing. The caller's span becomes the parent of the next one that is started. Whether to
/// believe a caller is for the server to decide, see `tracer`.
context extract(const context& ctx, const carrier_reader& from, const propagation& formats = {});

/// Writes the context's current span and baggage. Without a span, it removes the fields of these
/// formats: what a proxy received is not its own.
void inject(const context& ctx, carrier_writer& into, const propagation& formats = {});

}  // namespace kit::tracing
