#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <kit/http/request.hpp>

/// The HTTP/1.1 corpus of test/data/http1, and the judgement of what a server made of a case.
namespace test {

/// A request as the application saw it, or as it should have.
struct http_message {
  std::optional<std::string> method = {}, target = {}, path = {}, body = {};  // as far as stated
  std::map<std::string, std::string> headers = {};  // lower-case names; repeats joined with ", "
  std::map<std::string, std::string> headers_ws =
      {};                                // compared with runs of white space as one space
  std::vector<std::string> absent = {};  // names that must not be there
};

http_message as_seen(const kit::http::request& r);

struct http_case {
  std::string id, level, reason, expect;
  std::string wire;  // all the bytes; those of `parts` put together
  bool large = false;
  std::vector<int> status;
  std::optional<bool> close;
  std::optional<std::size_t> max_responses;
  std::vector<http_message> seen, first;
  std::map<std::string, std::string> or_sanitised;
};

/// All cases. Throws when the file cannot be read.
std::vector<http_case> http_corpus();

/// What a server did with a case.
struct http_outcome {
  std::vector<int> answers = {};           // final statuses, in order
  std::vector<http_message> reached = {};  // what the application was handed
  bool closed = false;
};

/// Empty when the outcome is right, else what is wrong with it.
std::string judge(const http_case& c, const http_outcome& outcome);

}  // namespace test
