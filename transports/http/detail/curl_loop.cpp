#include <transports/http/detail/curl_loop.hpp>

#include <algorithm>
#include <new>
#include <optional>

#include <curl/curl.h>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>

#include <kit/asio_compat.hpp>
#include <kit/job.hpp>
#include <kit/this_context.hpp>

namespace kit::http::detail {

namespace {

// Calls to an HTTP/2 server on one connection; libcurl's default.
constexpr std::size_t max_streams = 100;
constexpr std::size_t max_spare = 64;

long to_long(std::size_t n) {
  return static_cast<long>(std::min<std::size_t>(n, INT32_MAX));
}

// The loops that have connections of clients, so that these end with the loop.
class curl_loops final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;
  explicit curl_loops(asio::execution_context& owner) : asio::execution_context::service(owner) {}

  void add(std::shared_ptr<curl_loop> loop) {
    const std::lock_guard lock(mutex_);
    loops_.push_back(std::move(loop));
  }
  void remove(const curl_loop& loop) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase_if(loops_, [&](const auto& l) { return l.get() == &loop; });
  }

 private:
  void shutdown() override {
    for (;;) {
      std::shared_ptr<curl_loop> last;
      {
        const std::lock_guard lock(mutex_);
        if (loops_.empty()) return;
        last = std::move(loops_.back());
        loops_.pop_back();
      }
      last->shut_down();
    }
  }

  std::mutex mutex_;
  std::vector<std::shared_ptr<curl_loop>> loops_;
};

asio::execution_context::id curl_loops::id;

}  // namespace

std::shared_ptr<curl_loop> curl_loop::make(std::shared_ptr<const client_options> options,
                                           const asio::any_io_executor& ex) {
  auto made = std::make_shared<curl_loop>(std::move(options), without_context(ex));
  asio::use_service<curl_loops>(made->context_).add(made);
  return made;
}

curl_loop::curl_loop(std::shared_ptr<const client_options> options, const asio::any_io_executor& ex)
    : options_(std::move(options)),
      one_thread_(one_thread_loop(ex) != nullptr),
      executor_(serialized(ex)),
      context_(asio::query(executor_, asio::execution::context)),
      wheel_(timer_wheel::of(executor_)),
      multi_(curl_multi_init()),
      sockets_(*this, multi_, executor_, one_thread_),
      timer_(std::in_place, wheel_, on_due<&curl_loop::on_timer>, *this),
      admission_({.per_host = options_->max_connections_per_host,
                  .total = options_->max_connections,
                  .waiting = options_->max_waiting,
                  .streams = max_streams}) {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(
      multi_, CURLMOPT_TIMERFUNCTION, +[](CURLM*, long milliseconds, void* user) {
        static_cast<curl_loop*>(user)->on_timeout(milliseconds);
        return 0;
      });
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                    to_long(options_->max_connections_per_host));
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, to_long(options_->max_connections));
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, to_long(options_->max_connections));
  curl_multi_setopt(multi_, CURLMOPT_MAX_CONCURRENT_STREAMS, to_long(max_streams));
}

curl_loop::~curl_loop() {
  if (multi_) curl_multi_cleanup(multi_);
}

// --- spare handles

std::shared_ptr<curl_transfer> curl_loop::take() {
  {
    const std::lock_guard lock(spare_mutex_);
    if (!spare_.empty()) {
      auto last = std::move(spare_.back());
      spare_.pop_back();
      return last;
    }
  }
  auto made = std::make_shared<curl_transfer>(options_);
  sockets_.serve(made->handle());
  return made;
}

void curl_loop::give_back(std::shared_ptr<curl_transfer> done) {
  // Once it has sent trailers, a handle of libcurl 7.88 writes outside of its buffer when it sends
  // chunks again.
  if (done->sends()) return;
  done->clear();
  const std::lock_guard lock(spare_mutex_);
  if (spare_.size() < max_spare && !closed()) spare_.push_back(std::move(done));
}

// --- calls

void curl_loop::start(std::shared_ptr<curl_transfer> t) {
  auto& now = *t;
  if (closed()) return now.fail(error(errc::unavailable, "the client's loop has ended"));
  running_.emplace(&now, std::move(t));
  now.attach(this);
  switch (admission_.enter(now, now.origin())) {
    case admission::answer::admitted:
      add(now);
      break;
    case admission::answer::waiting:
      break;
    case admission::answer::refused:
      refuse(now, error(errc::resource_exhausted, "too many calls wait for a connection")
                      .with(call_failure{call_failure::stage::admission}));
  }
}

// In a later round, so that who tries again and again in a loop needs no stack for it.
void curl_loop::refuse(curl_transfer& t, error why) {
  const auto keep = running_.at(&t);
  end(t);
  asio::post(executor_, [keep, why = std::move(why)]() mutable { keep->fail(std::move(why)); });
}

void curl_loop::add(curl_transfer& t) {
  const bool inside = std::exchange(driving_, true);
  const auto added = curl_multi_add_handle(multi_, t.handle());
  driving_ = inside;
  if (added != CURLM_OK) {
    return refuse(t, error(errc::internal, curl_multi_strerror(added)));
  }
  t.in_multi = true;
  if (driving_) {
    kicked_ = true;
  } else {
    drive(CURL_SOCKET_TIMEOUT, 0);
  }
}

void curl_loop::admitted(curl_transfer& t) {
  admitted_.push_back(&t);
}

void curl_loop::speaks_http_2(curl_transfer& t) {
  if (reuses_connections(*options_)) admission_.multiplexes(t, true);
}

void curl_loop::start_admitted() {
  while (!admitted_.empty()) {
    auto* next = admitted_.back();
    admitted_.pop_back();
    add(*next);
  }
}

// Takes it out of everything. Whoever calls keeps it.
void curl_loop::end(curl_transfer& t) {
  if (std::exchange(t.in_multi, false)) curl_multi_remove_handle(multi_, t.handle());
  for (auto* list : {&admitted_, &headed_, &answered_, &resumable_, &stuck_})
    std::erase(*list, &t);
  admission_.leave(t);
  t.attach(nullptr);
  running_.erase(&t);
}

void curl_loop::cancel(const std::shared_ptr<curl_transfer>& t, call_failure::stage why) {
  if (!running_.contains(t.get())) return;
  auto failure = t->given_up(why);
  end(*t);
  t->fail(std::move(failure));
  if (!driving_ && !admitted_.empty()) kick();
}

void curl_loop::time_is_over(curl_transfer& t, std::uint64_t call) {
  run([self = shared_from_this(), &t, call] {
    const auto found = self->running_.find(&t);
    if (found == self->running_.end() || !found->second->serves(call)) return;
    self->cancel(std::shared_ptr(found->second), call_failure::stage::timeout);
  });
}

void curl_loop::send_on(const std::shared_ptr<curl_transfer>& t) {
  if (!t->in_multi || !running_.contains(t.get())) return;
  t->send_on();
  if (!driving_) drive(CURL_SOCKET_TIMEOUT, 0);
}

void curl_loop::read_on(const std::shared_ptr<curl_transfer>& t) {
  if (!t->in_multi || !running_.contains(t.get())) return;
  sockets_.unread();
  t->read_on();
  kicked_ = true;  // later, once for all who read on: on one connection, each brings content to all
  if (!driving_) kick();
}

// --- libcurl

// libcurl 7.88 keeps what is ready by connection, and whichever of its calls looks first uses it
// up: told of input alone, a call would leave its content unsent until later, when on HTTP/2 an
// answer may have ended its stream. The socket says itself what it isn't ready for.
void curl_loop::ready(int socket) {
  drive(socket, CURL_CSELECT_IN | CURL_CSELECT_OUT);
}

void curl_loop::unconnected(void* easy) {
  if (closed()) return;
  auto& t = curl_transfer::of(easy);
  if (t.in_multi && std::ranges::find(stuck_, &t) == stuck_.end()) stuck_.push_back(&t);
}

void curl_loop::on_timeout(long milliseconds) {
  if (!timer_) return;  // inside `shut_down`
  if (milliseconds < 0) {
    timer_->disarm();
  } else if (milliseconds == 0 && driving_) {
    kicked_ = true;
  } else {
    timer_->arm_after(std::chrono::milliseconds(milliseconds));
  }
}

void curl_loop::on_timer() {
  run([this] {
    if (!closed()) drive(CURL_SOCKET_TIMEOUT, 0);
  });
}

void curl_loop::drive(int socket, int events) {
  const auto keep = shared_from_this();
  driving_ = true;
  kicked_ = false;  // this is the call
  // libcurl takes its timer for expired then, and doesn't say when it needs none any more.
  if (socket == CURL_SOCKET_TIMEOUT && timer_) timer_->disarm();
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  take_messages();
  driving_ = false;
  if (!closed() && is_due()) kick();
}

bool curl_loop::is_due() const noexcept {
  return kicked_ || !admitted_.empty() || !headed_.empty() || !answered_.empty() ||
         !resumable_.empty() || !stuck_.empty();
}

// Calls that end may be followed by others at once. These are started behind what else is ready on
// the loop: so all of them with one call of libcurl, and none holds up those that it has.
void curl_loop::kick() {
  if (std::exchange(kick_is_due_, true)) return;
  asio::post(executor_, [self = shared_from_this()] {
    self->kick_is_due_ = false;
    if (!self->closed()) self->on_kick();
  });
}

void curl_loop::on_kick() {
  if (!is_due()) return;  // an event was sooner
  const bool inside = std::exchange(driving_, true);
  start_admitted();
  while (!resumable_.empty()) {
    auto* next = resumable_.back();
    resumable_.pop_back();
    next->send_on();
  }
  for (auto* t : std::exchange(stuck_, {})) {
    for (const int paused : {CURLPAUSE_RECV, CURLPAUSE_CONT})  // a change makes libcurl look at it
      curl_easy_pause(t->handle(), paused);
  }
  driving_ = inside;
  drive(CURL_SOCKET_TIMEOUT, 0);
}

// Their callers may well end these calls, and the loop.
void curl_loop::take_heads() {
  while (!closed() && !headed_.empty()) {
    const auto keep = running_.at(headed_.back());
    headed_.pop_back();
    keep->resume();
  }
}

void curl_loop::take_early_answers() {
  while (!closed() && !answered_.empty()) {
    auto& t = *answered_.back();
    const auto keep = running_.at(&t);
    end(t);
    t.finish(CURLE_OK);
  }
}

void curl_loop::take_messages() {
  take_heads();
  int left = 0;
  while (!closed()) {
    const CURLMsg* m = curl_multi_info_read(multi_, &left);
    if (!m) break;
    if (m->msg != CURLMSG_DONE) continue;
    end_call(curl_transfer::of(m->easy_handle), m->data.result);
  }
  take_early_answers();
}

// Calls that wait for a connection fail with the one that couldn't make it: they would try one
// after another. (libcurl has the first of them begin before it tells of the failure.)
void curl_loop::end_call(curl_transfer& t, int code) {
  const auto keep = running_.at(&t);
  std::vector<std::shared_ptr<curl_transfer>> waiting;
  std::optional<error> why;
  if (code != CURLE_OK && t.shares_connections() && !t.was_sent()) {
    why = t.error_of(code);
    for (const auto& [other, owner] : running_) {
      if (other->waits_for_connection_of(t)) waiting.push_back(owner);
    }
  }
  end(t);
  for (const auto& w : waiting)
    end(*w);
  t.finish(code);
  for (const auto& w : waiting)
    w->fail(*why);
}

// --- the end

void curl_loop::drop(std::shared_ptr<curl_transfer> t) {
  if (closed()) return;
  asio::dispatch(executor_, [self = shared_from_this(), t = std::move(t)] {
    self->cancel(t, call_failure::stage::canceled);
  });
}

void curl_loop::abandon() {
  if (closed()) return;
  asio::dispatch(executor_, [self = shared_from_this()] {
    if (self->closed()) return;
    asio::use_service<curl_loops>(self->context_).remove(*self);
    self->shut_down();
  });
}

void curl_loop::shut_down() noexcept {
  if (closed_.exchange(true)) return;
  {
    const std::lock_guard lock(spare_mutex_);
    spare_.clear();
  }
  timer_.reset();
  for (auto all = std::move(running_); const auto& [t, keep] : all) {
    if (std::exchange(t->in_multi, false)) curl_multi_remove_handle(multi_, t->handle());
    t->attach(nullptr);
    t->waiter.drop();
  }
  curl_multi_cleanup(std::exchange(multi_, nullptr));
  sockets_.end();
  executor_ = {};
}

}  // namespace kit::http::detail
