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
#include <middleware/detail/keyed_hash.hpp>
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

  /// What those who wait for it get.
  struct answers {
    /// Who was the first, if it isn't the same; once, and not kept when he has gone.
    std::optional<result<Resp>> first = {};
    /// All. Nothing: it has to be made anew.
    std::optional<result<Resp>> others = {};
    /// By each of the others for himself, rather than by one of them.
    bool apart = false;
  };

  /// By whoever makes the call.
  void publish(answers a) {
    const auto lock = changed_.lock();
    std::swap(answers_, a);
    if (first_gone_) std::swap(answers_.first, a.first);  // not destroyed with the lock
    over_ = true;
    changed_.notify_all();
  }
  /// Whether each has to make it for himself, now that it's over.
  bool apart() const {
    const auto lock = changed_.lock();
    return answers_.apart;
  }
  /// Nothing: it has to be made anew. When cancelled, that is the answer.
  static asio::awaitable<std::optional<result<Resp>>> answer(std::shared_ptr<joined_call> self,
                                                             context ctx, bool first = false) {
    struct leaving {
      joined_call& call;
      bool first;
      ~leaving() {
        if (!first) return;
        std::optional<result<Resp>> unclaimed;
        const auto lock = call.changed_.lock();
        std::swap(call.answers_.first, unclaimed);
        call.first_gone_ = true;
      }
    } const guard{*self, first};
    auto lock = self->changed_.lock();
    while (!self->over_) {
      const auto woken = co_await self->changed_.wait(std::move(lock));
      if (woken == wake::cancelled) {
        co_return result<Resp>(fail(ctx.cancelled() ? ctx.cause() : errc::canceled));
      }
      lock = self->changed_.lock();
    }
    if (first && self->answers_.first) co_return std::exchange(self->answers_.first, std::nullopt);
    co_return self->answers_.others;
  }

 private:
  const call_print print_;
  monitor changed_;
  // With it locked:
  answers answers_;
  bool first_gone_ = false;
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
    std::optional<entry> gone;  // not with the lock, as an answer may be anything
    const std::lock_guard lock(mutex_);
    if (const auto at = running_.find(key); at != running_.end()) return joined{at->second, false};
    if (const auto* e = kept_.find(key)) {
      if (now < e->until) {
        kept_.touch(key);
        return joined{e->call, false};
      }
      gone = kept_.take(key);
    }
    if (running_.size() + kept_.size() >= capacity_) {
      gone = kept_.take_oldest();
      if (!gone) return std::nullopt;
    }
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
  std::unordered_map<std::string, call_ptr, process_hash> running_;
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
    if (call_) give({});
  }

  using answers = typename joined_call<Resp>::answers;

  /// Those who come until then get it, too.
  void keep(answers a, time_point until) {
    calls_->keep(key_, call_, until);
    std::exchange(call_, nullptr)->publish(std::move(a));
  }
  /// Only those who wait get it.
  void give(answers a) {
    calls_->forget(key_);
    std::exchange(call_, nullptr)->publish(std::move(a));
  }

 private:
  std::shared_ptr<joined_calls<Resp>> calls_;
  std::string key_;
  typename joined_calls<Resp>::call_ptr call_;
};

}  // namespace kit::middleware::detail
