#pragma once

#include <string>

#include <transports/http/handler.hpp>

namespace kit::http {

/// Middleware: lets a request say how much is logged of it, e.g. `X-Log-Level: debug`. Loggers that
/// are bound to its context (`logger::in`, `logger::here`) then write records from that level up,
/// too, whatever their own level is. A value that is no level means nothing.
///
///     router.use(http::log_level());
///
/// Whoever may send the field can fill the log: put it behind what authenticates, or where only
/// trusted callers come in. It isn't sent on to others.
///
/// Errors:  the constructor throws `errc::invalid_argument` where the name is no field name.
/// Threads: calls may overlap.
class log_level {
 public:
  explicit log_level(std::string field = "X-Log-Level");

  handler operator()(handler next) const;

 private:
  std::string field_;
};

}  // namespace kit::http
