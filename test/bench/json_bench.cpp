// What decoding and encoding JSON costs, in time and allocations, beside simdjson's On-Demand API
// used by hand for the same struct.
//   json_bench [--seconds S]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include <kit/codec/json.hpp>

#include "bench.hpp"

namespace {

namespace json = kit::json;
namespace ondemand = simdjson::ondemand;
using bench::measure;

// What must not be optimised away ends up here.
volatile std::size_t sink;

// --- a small body
// ---------------------------------------------------------------------------------

struct text_request {
  std::string s;
};
struct text_response {
  std::string v;
};
struct sum_request {
  std::int64_t a = 0, b = 0;
};

void decode_by_hand(ondemand::parser& parser, const std::string& text, text_request& out) {
  ondemand::document document = parser.iterate(text);
  for (ondemand::field field : document.get_object()) {
    if (std::string_view(field.unescaped_key()) == "s") out.s = std::string_view(field.value());
  }
}

// --- a document
// -----------------------------------------------------------------------------------

struct address {
  std::string street, city;
  std::optional<std::string> line2;
};
struct profile {
  std::int64_t id = 0;
  std::string name, email;
  bool active = false;
  double balance = 0;
  std::vector<std::string> tags;
  std::vector<address> addresses;
};
struct page {
  std::vector<profile> profiles;
  std::int64_t total = 0;
};

page make_page(int profiles) {
  page p;
  for (int i = 0; i < profiles; ++i) {
    const std::string n = std::to_string(i);
    p.profiles.push_back({.id = 1'000'000'007LL * i,
                          .name = "Ada Lovelace the " + n + "th",
                          .email = "ada" + n + "@example.org",
                          .active = i % 2 == 0,
                          .balance = i * 12.25 - 100.1,
                          .tags = {"engine", "analytical", "caf\xc3\xa9", "a \"quoted\" one"},
                          .addresses = {{"12 St James's Square", "London", {}},
                                        {"1 Rue de l'\xc3\x89toile", "Paris", "2nd floor"}}});
  }
  p.total = profiles;
  return p;
}

address read_address(ondemand::object object) {
  address out;
  for (ondemand::field field : object) {
    const std::string_view key = field.unescaped_key();
    if (key == "street") {
      out.street = std::string_view(field.value());
    } else if (key == "city") {
      out.city = std::string_view(field.value());
    } else if (key == "line2") {
      if (!field.value().is_null()) out.line2 = std::string_view(field.value());
    }
  }
  return out;
}

profile read_profile(ondemand::object object) {
  profile out;
  for (ondemand::field field : object) {
    const std::string_view key = field.unescaped_key();
    if (key == "id") {
      out.id = std::int64_t(field.value());
    } else if (key == "name") {
      out.name = std::string_view(field.value());
    } else if (key == "email") {
      out.email = std::string_view(field.value());
    } else if (key == "active") {
      out.active = bool(field.value());
    } else if (key == "balance") {
      out.balance = double(field.value());
    } else if (key == "tags") {
      for (ondemand::value tag : field.value().get_array())
        out.tags.emplace_back(std::string_view(tag));
    } else if (key == "addresses") {
      for (ondemand::object one : field.value().get_array())
        out.addresses.push_back(read_address(one));
    }
  }
  return out;
}

page decode_by_hand(ondemand::parser& parser, const std::string& text) {
  page out;
  ondemand::document document = parser.iterate(text);
  for (ondemand::field field : document.get_object()) {
    const std::string_view key = field.unescaped_key();
    if (key == "profiles") {
      for (ondemand::object one : field.value().get_array())
        out.profiles.push_back(read_profile(one));
    } else if (key == "total") {
      out.total = std::int64_t(field.value());
    }
  }
  return out;
}

void require(bool ok) {
  if (!ok) std::abort();
}

void small_benches(double seconds) {
  ondemand::parser parser;
  std::string text = R"({"s":"hello, world"})";
  text.reserve(text.size() + 64);
  std::string sum = R"({"a":12345,"b":-678})";
  sum.reserve(sum.size() + 64);
  measure("decode {\"s\":\"hello, world\"}", seconds, text.size(), [&] {
    const auto r = json::decode<text_request>(text);
    require(r.has_value());
    sink = r->s.size();
  });
  measure("  simdjson On-Demand by hand", seconds, text.size(), [&] {
    text_request r;
    decode_by_hand(parser, text, r);
    sink = r.s.size();
  });
  measure("decode {\"a\":12345,\"b\":-678}", seconds, sum.size(), [&] {
    const auto r = json::decode<sum_request>(sum);
    require(r.has_value());
    sink = static_cast<std::size_t>(r->a);
  });
  const text_response response{"HELLO, WORLD"};
  std::string out;
  measure("append {\"v\":\"HELLO, WORLD\"}", seconds, text.size(), [&] {
    out.clear();
    require(json::append(out, response).has_value());
    sink = out.size();
  });
  measure("encode {\"v\":\"HELLO, WORLD\"}", seconds, text.size(), [&] {
    const auto r = json::encode(response);
    sink = r->size();
  });
}

void document_benches(const char* size, int profiles, double seconds) {
  ondemand::parser parser;
  const page p = make_page(profiles);
  std::string text = json::encode(p).value();
  const std::size_t n = text.size();
  text.reserve(n + 64);
  std::printf("%s: %zu bytes\n", size, n);
  measure("  decode", seconds, n, [&] {
    const auto r = json::decode<page>(text);
    require(r.has_value());
    sink = r->profiles.size();
  });
  measure("  decode, by hand", seconds, n,
          [&] { sink = decode_by_hand(parser, text).profiles.size(); });
  measure("  validate (json::raw)", seconds, n,
          [&] { sink = json::raw::parse(text)->text().size(); });
  measure("  encode", seconds, n, [&] { sink = json::encode(p)->size(); });
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = bench::seconds_option(argc, argv, 0.5);
  small_benches(seconds);
  document_benches("1 KiB", 3, seconds);
  document_benches("10 KiB", 30, seconds);
  document_benches("1 MiB", 3000, seconds);
}
