#include <transports/http/detail/curl_sockets.hpp>

#include <utility>

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kit::http::detail {

// What libcurl calls. Only forwards.
struct curl_sockets::callbacks {
  static curl_sockets& self(void* user) noexcept { return *static_cast<curl_sockets*>(user); }

  static int socket(CURL* easy, curl_socket_t s, int what, void* user, void*) {
    std::uint8_t wanted = socket_watcher::none;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) wanted |= socket_watcher::readable;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) wanted |= socket_watcher::writable;
    self(user).want(s, wanted, easy);
    return 0;
  }
  static curl_socket_t open(void* user, curlsocktype, curl_sockaddr* a) {
    const int s = ::socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
    if (s < 0) return CURL_SOCKET_BAD;
    self(user).forget(s);  // one that was closed silently
    self(user).at(s).at = stage::connecting;
    return s;
  }
  static int close(void* user, curl_socket_t s) {
    self(user).forget(s);
    self(user).at(s).at = stage::unknown;
    return ::close(s);
  }
};

curl_sockets::curl_sockets(owner& o, void* multi, const asio::any_io_executor& ex, bool one_thread)
    : owner_(o),
      watcher_(one_thread ? make_reactor_watcher(*this, ex) : make_descriptor_watcher(*this, ex)) {
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &callbacks::socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
}

void curl_sockets::end() noexcept {
  watcher_.reset();
  for (const auto& e : std::exchange(entries_, {})) {
    if (e.duplicate >= 0) ::close(e.duplicate);
  }
}

void curl_sockets::serve(void* easy) noexcept {
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &callbacks::open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &callbacks::close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

curl_sockets::entry& curl_sockets::at(int socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (entries_.size() <= index) entries_.resize(index + 64);
  return entries_[index];
}

void curl_sockets::want(int socket, std::uint8_t what, void* easy) {
  auto& e = at(socket);
  if (e.at == stage::connecting) {
    if (what == socket_watcher::writable) return want_connecting(socket);
    forget(socket);
    e.at = what == socket_watcher::none ? stage::unknown : stage::connected;
    if (what == socket_watcher::none) return owner_.unconnected(easy);
  }
  if (what == socket_watcher::none && e.at == stage::unknown) {
    watcher_->forget(socket);  // not opened here: nobody will tell of its end
  } else {
    watcher_->want(socket, what);
  }
}

void curl_sockets::want_connecting(int socket) {
  int duplicate = at(socket).duplicate;
  if (duplicate < 0) duplicate = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) return watcher_->want(socket, socket_watcher::writable);
  at(duplicate).original = socket;
  at(socket).duplicate = duplicate;
  watcher_->want(duplicate, socket_watcher::writable);
}

void curl_sockets::forget(int socket) {
  if (!watcher_) return;
  const int duplicate = std::exchange(at(socket).duplicate, -1);
  if (duplicate < 0) return watcher_->forget(socket);
  watcher_->forget(duplicate);
  at(duplicate).original = -1;
  ::close(duplicate);
}

void curl_sockets::ready(int socket, std::uint8_t) {
  const int original = at(socket).original;
  owner_.ready(original < 0 ? socket : original);
}

}  // namespace kit::http::detail
