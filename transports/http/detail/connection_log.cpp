// What a connection tells the access log.
#include <utility>

#include <transports/http/access_log.hpp>
#include <transports/http/detail/connection.hpp>
#include <transports/http/detail/request_notes.hpp>

namespace kit::http {

std::string_view name(access_record::end outcome) noexcept {
  switch (outcome) {
    case access_record::end::completed:
      return "completed";
    case access_record::end::client_gone:
      return "client_gone";
    case access_record::end::broken:
      return "broken";
  }
  return "";
}

namespace detail {

using end = access_record::end;

void request_notes::tell(const access_log& log, const request_note& n, end outcome,
                         time_point now) noexcept {
  try {
    log({.method = n.method,
         .target = n.target,
         .route = n.route ? *n.route : std::string_view(),
         .version = n.version,
         .status = n.status,
         .request_bytes = n.request_bytes,
         .response_bytes = n.response_bytes,
         .duration = now - n.began,
         .connection = n.connection,
         .outcome = outcome});
  } catch (...) {  // there is nobody left to tell
  }
}

// Of the request that is about to start.
void connection::note_request() {
  auto& now = x();
  if (!now.notes) now.notes = std::make_unique<request_notes>();
  auto& message = now.parser.message();
  message.route_note = std::make_shared<std::string_view>();
  const auto* c = now.context->context().get<connection_info>();
  now.notes->running.emplace(request_note{.method = message.method,
                                          .target = message.target,
                                          .route = message.route_note,
                                          .version = message.version,
                                          .began = now_,
                                          .connection = c ? *c : connection_info()});
}

// An answer is on its way; without a request when that made no sense.
void connection::note_answer(status s, std::uint64_t bytes) {
  if (!hub_->options.access_log) return;
  auto& now = x();
  if (!now.notes) now.notes = std::make_unique<request_notes>();
  auto& notes = *now.notes;
  if (!notes.running) {  // refused: what is known of it
    const auto& message = now.parser.message();
    notes.running.emplace(request_note{.method = message.method,
                                       .target = message.target,
                                       .version = message.version,
                                       .began = now_,
                                       .connection = info()});
  }
  auto note = std::move(*notes.running);
  notes.running.reset();
  note.status = s;
  note.request_bytes = now.parser.body_size();
  note.response_bytes = bytes;
  notes.answered.push_back(std::move(note));
}

void connection::log_sent() {
  auto& notes = *exchange_->notes;
  const auto now = hub_->wheel.now();  // `now_` is from before the handler, if that didn't suspend
  for (const auto& n : notes.answered)
    request_notes::tell(hub_->options.access_log, n, end::completed, now);
  notes.answered.clear();
}

// All that was not sent is lost, or is broken off.
void connection::log_lost() {
  if (!exchange_ || !exchange_->notes) return;
  auto& notes = *exchange_->notes;
  const auto outcome = exchange_->broken ? end::broken : end::client_gone;
  const auto now = hub_->wheel.now();
  for (const auto& n : notes.answered)
    request_notes::tell(hub_->options.access_log, n, outcome, now);
  notes.answered.clear();
}

}  // namespace detail
}  // namespace kit::http
