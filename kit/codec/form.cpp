#include <kit/codec/form.hpp>

#include <kit/codec/detail/json_scan.hpp>
#include <kit/error.hpp>
#include <kit/http/media_type.hpp>
#include <kit/http/percent.hpp>
#include <kit/http/query.hpp>
#include <kit/http/syntax.hpp>

namespace kit::form {
namespace {

constexpr std::size_t none = SIZE_MAX;
constexpr std::string_view form_place = "form field ";
constexpr std::string_view path_place = "path parameter ";

expected_ns::unexpected<error> refuse(std::string_view place, std::string_view name,
                                      std::string_view why) {
  std::string text(place);
  text += json::detail::quoted(name);
  text += ": ";
  text += why;
  return fail(errc::invalid_argument, std::move(text));
}

expected_ns::unexpected<error> too_much(std::string what) {
  return fail(errc::resource_exhausted, "form: more than " + std::move(what));
}

bool is_type(std::string_view content_type, std::string_view type) noexcept {
  return http::iequals(http::trim_ows(content_type.substr(0, content_type.find(';'))), type);
}
constexpr std::string_view urlencoded_type = "application/x-www-form-urlencoded";
constexpr std::string_view multipart_type = "multipart/form-data";

}  // namespace

bool is_form_type(std::string_view content_type) noexcept {
  return is_type(content_type, urlencoded_type) || is_type(content_type, multipart_type);
}

std::size_t decoder::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < type_.count; ++i) {
    if (type_.fields[i].name == name) return (seen_ >> i & 1) == 0 ? i : none;
  }
  return none;
}

result<void> decoder::claim(std::string_view place, std::size_t index) const {
  const auto& field = type_.fields[index];
  if (is_first(index) || field.repeats) return {};
  return refuse(place, field.name, "given more than once");
}

result<void> decoder::take_text(std::string_view place, std::size_t index, std::string_view text) {
  const auto& field = type_.fields[index];
  if (!field.decode) return refuse(place, field.name, "expected a file, got text");
  if (auto free = claim(place, index); !free) return free;
  if (field.boolean && text == "on") text = "true";
  std::string expected;
  if (!field.decode(members_[field.member], text, is_first(index), expected)) {
    return refuse(place, field.name,
                  "expected " + expected + ", got " + json::detail::quoted(text));
  }
  here_ |= std::uint64_t{1} << index;
  return {};
}

result<void> decoder::take_file(std::size_t index, form_file&& file) {
  const auto& field = type_.fields[index];
  if (file.filename.empty() && file.content.empty()) return {};  // none was chosen
  if (!field.take) return refuse(form_place, field.name, "expected text, got a file");
  if (auto free = claim(form_place, index); !free) return free;
  field.take(members_[field.member], std::move(file), is_first(index));
  here_ |= std::uint64_t{1} << index;
  return {};
}

result<void> decoder::path(const http::path_params& params) {
  here_ = 0;
  result<void> done;
  params.for_each([&](std::string_view name, std::string_view value) {
    const auto index = find(name);
    if (!done || index == none || !type_.fields[index].decode) return;
    done = take_text(path_place, index, value);
  });
  seen_ |= here_;
  return done;
}

result<void> decoder::content(std::string_view content_type, std::string_view content) {
  if (content.size() > options_.max_bytes) {
    return too_much(std::to_string(options_.max_bytes) + " bytes");
  }
  here_ = 0;
  result<void> done;
  if (is_type(content_type, urlencoded_type)) {
    done = urlencoded(content);
  } else if (is_type(content_type, multipart_type)) {
    const auto boundary = http::multipart_boundary(content_type);
    if (!boundary) return fail(errc::invalid_argument, "form: no boundary in its content type");
    done = multipart(*boundary, content);
  } else {
    done = fail(errc::invalid_argument,
                "expected a form, got content of type " + json::detail::quoted(content_type));
  }
  seen_ |= here_;
  return done;
}

result<void> decoder::urlencoded(std::string_view content) {
  std::string name, value;
  std::size_t count = 0;
  while (const auto raw = http::next_query_param(content)) {
    if (++count > options_.max_parts)
      return too_much(std::to_string(options_.max_parts) + " fields");
    name.clear();
    value.clear();
    if (!http::append_form_decoded(name, raw->name)) continue;
    const auto index = find(name);
    if (index == none) continue;
    if (!http::append_form_decoded(value, raw->value)) {
      return refuse(form_place, name, "malformed percent-encoding");
    }
    if (auto done = take_text(form_place, index, value); !done) return done;
  }
  return {};
}

// Takes the parts of multipart content, one after another.
class decoder::parts {
 public:
  explicit parts(decoder& into) noexcept : into_(into) {}

  result<void> begin(const http::headers& fields) {
    auto described = http::describe_part(fields);
    if (!described) return fail(std::move(described).error());
    part_ = *std::move(described);
    index_ = into_.find(part_.name);
    content_.clear();
    return {};
  }
  result<void> add(std::string_view data) {
    if (index_ == none) return {};
    if (part_.filename && data.size() > into_.options_.max_file_bytes - content_.size()) {
      return too_much(std::to_string(into_.options_.max_file_bytes) + " bytes of a file");
    }
    content_ += data;
    return {};
  }
  result<void> end() {
    if (index_ == none) return {};
    if (!part_.filename) return into_.take_text(form_place, index_, content_);
    return into_.take_file(
        index_, {*std::move(part_.filename), std::move(part_.content_type), std::move(content_)});
  }

 private:
  decoder& into_;
  http::part_description part_;
  std::size_t index_ = none;
  std::string content_;
};

result<void> decoder::multipart(std::string_view boundary, std::string_view content) {
  using event = http::multipart_parser::event;
  http::multipart_parser parser(boundary, {.max_parts = options_.max_parts});
  parts into(*this);
  for (;;) {
    const auto r = parser.next(content);
    content.remove_prefix(r.consumed);
    result<void> done;
    switch (r.what) {
      case event::part:
        done = into.begin(parser.headers());
        break;
      case event::data:
        done = into.add(r.data);
        break;
      case event::part_end:
        done = into.end();
        break;
      case event::end:
        return {};
      case event::need_more:
        return fail(errc::invalid_argument, "form: its content breaks off");
      case event::failed:
        return fail(parser.error());
    }
    if (!done) return done;
  }
}

result<void> decoder::finish() const {
  for (std::size_t i = 0; i < type_.count; ++i) {
    if (type_.fields[i].required && (seen_ >> i & 1) == 0) {
      return refuse(form_place, type_.fields[i].name, "missing");
    }
  }
  return {};
}

namespace detail {

result<http::multipart_form> encode(const object_type& type, const void* object,
                                    random_source random) {
  void* members[64];
  type.members(const_cast<void*>(object), members);  // only their addresses are wanted
  http::multipart_form out(random);
  for (std::size_t i = 0; i < type.count; ++i) {
    const auto& field = type.fields[i];
    const void* member = members[field.member];
    if (field.files) {
      std::vector<const form_file*> files;
      field.files(member, files);
      for (const auto* f : files) {
        if (field.omit_empty && f->filename.empty() && f->content.empty()) continue;
        out.add_file(field.name, f->filename, f->content_type, f->content);
      }
      continue;
    }
    std::vector<std::string> texts;
    std::string problem;
    if (!field.texts(member, field.omit_empty, texts, problem)) {
      return refuse(form_place, field.name, problem);
    }
    for (const auto& text : texts)
      out.add(field.name, text);
  }
  return out;
}

}  // namespace detail
}  // namespace kit::form
