#include <kit/testing/loop.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>

namespace kit::testing {

void loop::spawn(const asio::any_io_executor& ex, asio::awaitable<void> work,
                 std::shared_ptr<detail::started_state> state) {
  const auto slot = state->signal.slot();
  auto finished = [state = std::move(state)](std::exception_ptr failure) {
    state->failure = std::move(failure);
    state->done = true;
  };
  asio::co_spawn(ex, std::move(work), asio::bind_cancellation_slot(slot, std::move(finished)));
}

}  // namespace kit::testing
