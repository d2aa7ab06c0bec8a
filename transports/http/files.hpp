#pragma once

#include <map>
#include <string>
#include <string_view>

#include <transports/http/handler.hpp>

namespace kit::http {

/// Settings of `files`.
struct files_options {
  /// The file that stands for its folder: `/docs/` is `/docs/index.html`. Empty: none; there are no
  /// listings.
  std::string index = "index.html";
  /// Sent as `Cache-Control`. Empty: no such field; browsers then guess, and ask again.
  std::string cache_control = {};
  /// Serves `a.css.br` or `a.css.gz` in place of `a.css` to who takes that, where it lies beside it
  /// and is no older.
  bool precompressed = false;
  /// Follows symbolic links, also out of the folder. Else they are not there.
  bool follow_links = false;
  /// Serves files, and looks into folders, whose names start with a dot.
  bool hidden = false;
  /// Media types by extension, in lower case and without the dot; before the usual ones.
  std::map<std::string, std::string, std::less<>> types = {};
};

/// The media type of a file by its name's extension, with `charset=utf-8` for text;
/// `application/octet-stream` where it isn't known.
std::string_view media_type_of(std::string_view file_name) noexcept;

/// The handler that serves the files of a folder, by GET and HEAD.
///
///     router.mount("/static", http::files("/srv/www", {.cache_control = "max-age=3600"}));
///
/// The request's path is taken below the folder and never leads out of it: `.`, `..`, NUL and
/// encoded slashes in it are 404, and so is what is no regular file. A folder without its slash is
/// redirected. Answers conditional requests (`ETag` from the time of change and size,
/// `Last-Modified`), and `Range`, also with several ranges.
///
/// Files above 64 KiB are streamed, and where the connection isn't encrypted the kernel copies them
/// (sendfile). Reading blocks the loop where the disk must be waited for, as with most servers.
/// A file that is changed while it is sent is sent as it then is, and broken off if it got shorter:
/// replace files by renaming.
///
/// Errors: `errc::invalid_argument` when it is made, for a path that is no folder. 404, 405, 412,
///         416, and 403 for what may not be read, as answers; 503 when out of descriptors.
/// Source: RFC 9110 13 and 14; Go's http.FileServer.
handler files(std::string folder, files_options options = {});

}  // namespace kit::http
