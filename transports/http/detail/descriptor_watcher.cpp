#include <cstddef>
#include <memory>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <asio/error.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/post.hpp>

#include <transports/http/detail/socket_watcher.hpp>

namespace kit::http::detail {
namespace {

using descriptor = asio::posix::basic_stream_descriptor<asio::any_io_executor>;

class descriptor_watcher final : public socket_watcher {
 public:
  descriptor_watcher(owner& o, asio::any_io_executor ex) : owner_(o), executor_(std::move(ex)) {}
  ~descriptor_watcher() override {
    for (const auto& [socket, w] : watches_)
      w->end();
  }

  void want(int socket, std::uint8_t what) override {
    auto& w = watches_[socket];
    if (!w) w = std::make_shared<watch>(*this, socket);
    w->want(what);
  }
  void unread() noexcept override {}  // every wait asks the socket
  void forget(int socket) noexcept override {
    const auto found = watches_.find(socket);
    if (found == watches_.end()) return;
    found->second->end();
    watches_.erase(found);
  }

 private:
  // Outlives the watcher until what is pending has come back.
  class watch : public std::enable_shared_from_this<watch> {
   public:
    watch(descriptor_watcher& of, int socket)
        : watcher_(&of), socket_(socket), descriptor_(of.executor_) {
      descriptor_.assign(socket, failed_);
    }
    ~watch() { end(); }

    void want(std::uint8_t what) {
      wanted_ = what;
      if (failed_) return complain();
      start(readable, descriptor::wait_read);
      start(writable, descriptor::wait_write);
      // What isn't wanted any more would keep the loop running.
      if (pending_ & ~wanted_) descriptor_.cancel();
    }

    void end() noexcept {
      watcher_ = nullptr;
      wanted_ = none;
      if (descriptor_.is_open()) descriptor_.release();
    }

   private:
    void start(std::uint8_t what, descriptor::wait_type type) {
      if (!(wanted_ & what) || (pending_ & what)) return;
      pending_ |= what;
      descriptor_.async_wait(
          type, [self = shared_from_this(), what, type](const std::error_code& failed) {
            self->pending_ &= static_cast<std::uint8_t>(~what);
            if (failed != asio::error::operation_aborted) self->tell(what);
            self->start(what, type);
          });
    }
    void tell(std::uint8_t what) {
      if (watcher_ && (wanted_ & what)) watcher_->owner_.ready(socket_, what);
    }
    // It cannot be watched: its owner shall see for himself that it is of no use.
    void complain() {
      asio::post(descriptor_.get_executor(),
                 [self = shared_from_this()] { self->tell(self->wanted_); });
    }

    descriptor_watcher* watcher_;
    const int socket_;
    descriptor descriptor_;
    std::error_code failed_;
    std::uint8_t wanted_ = none, pending_ = none;
  };

  owner& owner_;
  const asio::any_io_executor executor_;
  std::unordered_map<int, std::shared_ptr<watch>> watches_;
};

}  // namespace

std::unique_ptr<socket_watcher> make_descriptor_watcher(socket_watcher::owner& o,
                                                        const asio::any_io_executor& ex) {
  return std::make_unique<descriptor_watcher>(o, ex);
}

}  // namespace kit::http::detail
