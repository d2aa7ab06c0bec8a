#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/monitor.hpp>
#include <kit/result.hpp>
#include <middleware/detail/recent_map.hpp>

namespace kit::middleware::detail {

/// A request's content, as far as it matters whether it's the same.
using call_print = std::array<std::uint64_t, 2>;

/// One call that several wait for, or whose answer is kept.
template <class Resp>
class joined_call {
 public:
  explicit joined_call(call_print print) : print_(print) {}

  /// What tells a request apart from another one with the same key.
  const call_print& print() const noexcept { return print_; }

  /// By whoever makes the call. What isn't for the others they don't get: one of them has to make
  /// it anew. Nothing: it was abandoned.
  void publish(std::optional<result<Resp>> answer, bool for_others) {
    const auto lock = changed_.lock();
    answer_ = std::move(answer);
    for_others_ = for_others;
    over_ = true;
    changed_.notify_all();
  }
  /// Nothing: it has to be made anew. When cancelled, that is the answer.
  static asio::awaitable<std::optional<result<Resp>>> answer(std::shared_ptr<joined_call> self,
                                                             context ctx, bool first = false) {
    auto lock = self->changed_.lock();
    while (!self->over_) {
      const auto woken = co_await self->changed_.wait(std::move(lock));
      if (woken == wake::cancelled) {
        co_return result<Resp>(fail(ctx.cancelled() ? ctx.cause() : errc::canceled));
      }
      lock = self->changed_.lock();
    }
    co_return first || self->for_others_ ? self->answer_ : std::nullopt;
  }

 private:
  const call_print print_;
  monitor changed_;
  // With it locked:
  std::optional<result<Resp>> answer_;
  bool for_others_ = false;
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
  std::optional<joined> join(const std::string& key, const call_print& print, time_point now) {
    const std::lock_guard lock(mutex_);
    if (const auto at = running_.find(key); at != running_.end()) return joined{at->second, false};
    if (const auto* e = kept_.find(key)) {
      if (now < e->until) {
        kept_.touch(key);
        return joined{e->call, false};
      }
      kept_.erase(key);
    }
    if (running_.size() + kept_.size() >= capacity_ && !kept_.erase_oldest()) return std::nullopt;
    auto call = std::make_shared<joined_call<Resp>>(print);
    running_.emplace(key, call);
    return joined{std::move(call), true};
  }

  /// Its answer is there: it's kept until then.
  void keep(const std::string& key, const call_ptr& call, time_point until) {
    const std::lock_guard lock(mutex_);
    if (running_.erase(key) > 0) kept_.insert(key, {call, until});
  }
  /// It isn't kept.
  void forget(const std::string& key) noexcept {
    const std::lock_guard lock(mutex_);
    running_.erase(key);
  }

 private:
  struct entry {
    call_ptr call;
    time_point until;
  };

  const std::size_t capacity_;
  std::mutex mutex_;
  std::unordered_map<std::string, call_ptr> running_;
  recent_map<entry> kept_;
};

/// While somebody makes a call: where he doesn't come to its end, the others go on.
template <class Resp>
class leading {
 public:
  leading(std::shared_ptr<joined_calls<Resp>> calls, std::string key,
          typename joined_calls<Resp>::call_ptr call)
      : calls_(std::move(calls)), key_(std::move(key)), call_(std::move(call)) {}
  leading(leading&&) noexcept = default;
  ~leading() {
    if (call_) give_up();
  }

  /// `until`: how long the answer is kept; not beyond now for not at all.
  void publish(result<Resp> answer, time_point now, time_point until) {
    if (until > now) {
      calls_->keep(key_, call_, until);
    } else {
      calls_->forget(key_);
    }
    std::exchange(call_, nullptr)->publish(std::move(answer), true);
  }
  /// The answer is for whoever was the first alone.
  void give_up(std::optional<result<Resp>> answer = {}) {
    calls_->forget(key_);
    std::exchange(call_, nullptr)->publish(std::move(answer), false);
  }

 private:
  std::shared_ptr<joined_calls<Resp>> calls_;
  std::string key_;
  typename joined_calls<Resp>::call_ptr call_;
};

}  // namespace kit::middleware::detail
