#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/monitor.hpp>
#include <kit/result.hpp>
#include <middleware/detail/recent_map.hpp>

namespace kit::middleware::detail {

/// One call that several wait for, or whose answer is kept.
template <class Resp>
class joined_call {
 public:
  explicit joined_call(std::string fingerprint) : fingerprint_(std::move(fingerprint)) {}

  /// What tells a request apart from another one with the same key.
  const std::string& fingerprint() const noexcept { return fingerprint_; }

  /// By whoever makes the call: its answer, or nothing, so that somebody else has to make it.
  void publish(std::optional<result<Resp>> answer) {
    const auto lock = changed_.lock();
    answer_ = std::move(answer);
    over_ = true;
    changed_.notify_all();
  }
  /// By the others. Nothing: it was abandoned. When cancelled, that is the answer.
  static asio::awaitable<std::optional<result<Resp>>> answer(std::shared_ptr<joined_call> self,
                                                             context ctx) {
    auto lock = self->changed_.lock();
    while (!self->over_) {
      const auto woken = co_await self->changed_.wait(std::move(lock));
      if (woken == wake::cancelled) {
        co_return result<Resp>(fail(ctx.cancelled() ? ctx.cause() : errc::canceled));
      }
      lock = self->changed_.lock();
    }
    co_return self->answer_;
  }

 private:
  const std::string fingerprint_;
  monitor changed_;
  // With it locked:
  std::optional<result<Resp>> answer_;
  bool over_ = false;
};

/// Calls by their keys: those being made, and those whose answers are kept, of which the least
/// recently asked for go first. Threads: any.
template <class Resp>
class joined_calls {
 public:
  using call_ptr = std::shared_ptr<joined_call<Resp>>;

  explicit joined_calls(std::size_t capacity) : capacity_(capacity) {}

  struct joined {
    call_ptr call;
    bool leads = false;  // it's the caller who has to make it
  };
  /// The call of that key; a new one where there is none, or only one whose time is over. Nothing
  /// where a new one finds no room, as all that are there are being made.
  std::optional<joined> join(const std::string& key, std::string fingerprint, time_point now) {
    const std::lock_guard lock(mutex_);
    if (const auto* e = calls_.find(key)) {
      if (now < e->until) {
        calls_.touch(key);
        return joined{e->call, false};
      }
      calls_.erase(key);
    }
    const auto has_ended = [](const entry& e) { return !e.running; };
    if (calls_.size() >= capacity_ && !calls_.erase_oldest(has_ended)) return std::nullopt;
    auto call = std::make_shared<joined_call<Resp>>(std::move(fingerprint));
    return joined{calls_.insert(key, {std::move(call), time_point::max(), true}).call, true};
  }

  /// Its answer is there: it's kept until then.
  void keep(const std::string& key, const call_ptr& call, time_point until) {
    const std::lock_guard lock(mutex_);
    auto* const e = calls_.find(key);
    if (!e || e->call != call) return;
    e->until = until;
    e->running = false;
  }
  /// It isn't kept.
  void forget(const std::string& key, const call_ptr& call) noexcept {
    const std::lock_guard lock(mutex_);
    const auto* const e = calls_.find(key);
    if (e && e->call == call) calls_.erase(key);
  }

 private:
  struct entry {
    call_ptr call;
    time_point until;
    bool running = false;
  };

  const std::size_t capacity_;
  std::mutex mutex_;
  recent_map<entry> calls_;
};

/// While somebody makes a call: where he doesn't come to its end, the others go on.
template <class Resp>
class leading {
 public:
  leading(joined_calls<Resp>& calls, const std::string& key,
          typename joined_calls<Resp>::call_ptr call)
      : calls_(calls), key_(key), call_(std::move(call)) {}
  leading(const leading&) = delete;
  ~leading() {
    if (call_) give_up();
  }

  /// `until`: how long the answer is kept; not beyond now for not at all.
  void publish(result<Resp> answer, time_point now, time_point until) {
    if (until > now) {
      calls_.keep(key_, call_, until);
    } else {
      calls_.forget(key_, call_);
    }
    std::exchange(call_, nullptr)->publish(std::move(answer));
  }
  void give_up() {
    calls_.forget(key_, call_);
    std::exchange(call_, nullptr)->publish(std::nullopt);
  }

 private:
  joined_calls<Resp>& calls_;
  const std::string& key_;
  typename joined_calls<Resp>::call_ptr call_;
};

}  // namespace kit::middleware::detail
