#include <kit/log/value.hpp>

#include <cmath>

namespace kit::log {
namespace {

template <class T>
void append_scalar(std::string& out, T v) {
  std::string problem;
  text::append(out, v, problem);
}

template <class Float>
void append_float(std::string& out, Float v) {
  if (std::isfinite(v)) {
    append_scalar(out, v);
  } else {
    out += std::isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf";
  }
}

void append_duration(std::string& out, std::chrono::nanoseconds d) {
  using namespace std::chrono_literals;
  struct unit {
    std::chrono::nanoseconds size;
    std::string_view name;
  };
  const auto size = d < 0ns ? -d : d;
  if (size == 0ns || size >= 1s || d == std::chrono::nanoseconds::min()) {
    append_scalar(out, d);
    return;
  }
  const unit u = size < 1us ? unit{1ns, "ns"} : size < 1ms ? unit{1us, "us"} : unit{1ms, "ms"};
  // Both are exact: less than a second is less than 2^53 nanoseconds.
  append_scalar(out, static_cast<double>(d.count()) / static_cast<double>(u.size.count()));
  out += u.name;
}

}  // namespace

void value_receiver::operator()(const value& v) {
  if (v.type() == value::kind::object) {
    v.u_.object.print(v.u_.object.address, *this);
    return;
  }
  if (done_) return;
  done_ = true;
  function_(context_, v);
}

void value_receiver::fail(std::string_view why) {
  (*this)(value("(FAILED: " + std::string(why) + ")"));
}

void value::resolve(const record_info& info, value_receiver::function f, void* context) const {
  value_receiver out(info, f, context);
  try {
    out(*this);
    if (!out.done()) out.fail("nothing was printed");
  } catch (const std::exception& e) {
    if (out.done()) throw;
    out.fail(e.what());
  } catch (...) {
    if (out.done()) throw;
    out.fail("unknown exception");
  }
}

void value::print_error(const std::exception_ptr& e, value_receiver& out) {
  std::string text;
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& held) {
    text = held.what();
  } catch (...) {
    text = "unknown exception";
  }
  out(value(text));
}

void value::print_error(const std::error_code& e, value_receiver& out) {
  const std::string text = e.message();
  out(value(text));
}

void append(std::string& out, const value& v) {
  switch (v.type()) {
    case value::kind::null:
      out += "null";
      break;
    case value::kind::boolean:
      append_scalar(out, v.boolean());
      break;
    case value::kind::signed_integer:
      append_scalar(out, v.signed_integer());
      break;
    case value::kind::unsigned_integer:
      append_scalar(out, v.unsigned_integer());
      break;
    case value::kind::single_float:
      append_float(out, v.single_float());
      break;
    case value::kind::double_float:
      append_float(out, v.double_float());
      break;
    case value::kind::duration:
      append_duration(out, v.duration());
      break;
    case value::kind::time:
      append_scalar(out, v.time());
      break;
    case value::kind::text:
    case value::kind::json:
      out += v.text();
      break;
    case value::kind::object:
      break;
  }
}

}  // namespace kit::log
