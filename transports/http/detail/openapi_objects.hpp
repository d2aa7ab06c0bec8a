#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <kit/codec/json_raw.hpp>
#include <kit/reflect/traits.hpp>

/// The objects of an OpenAPI document (OpenAPI Specification 3.1.0, 4.8), as they stand in JSON.
namespace kit::http::detail::openapi {

struct contact {
  std::string name, url, email;
};
struct license {
  std::string name, identifier, url;
};
struct info {
  std::string title, summary, description, terms_of_service;
  std::optional<openapi::contact> contact;
  std::optional<openapi::license> license;
  std::string version;
};
struct server {
  std::string url, description;
};
struct media_type {
  json::raw schema;
};
using content_map = std::map<std::string, media_type>;

struct parameter {
  std::string name, in, description;
  bool required = false;
  json::raw schema;
};
struct request_body {
  bool required = false;
  content_map content;
};
struct response {
  std::string description;
  content_map content;
};
struct operation {
  std::vector<std::string> tags;
  std::string summary, description, operation_id;
  std::vector<parameter> parameters;
  std::optional<openapi::request_body> request_body;
  std::map<std::string, response> responses;
};
using path_item = std::map<std::string, operation>;  // by method

struct components {
  json::raw schemas;
};
struct tag {
  std::string name, description;
};
struct document {
  std::string openapi = "3.1.0";
  openapi::info info;
  std::vector<server> servers;
  std::map<std::string, path_item> paths;
  std::optional<openapi::components> components;
  std::vector<tag> tags;
};

}  // namespace kit::http::detail::openapi

// What is empty is left out.

template <>
struct kit::reflect_traits<kit::http::detail::openapi::contact> {
  using type = kit::http::detail::openapi::contact;
  static constexpr auto fields =
      kit::fields(kit::field<&type::name>().omit_empty(), kit::field<&type::url>().omit_empty(),
                  kit::field<&type::email>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::http::detail::openapi::license> {
  using type = kit::http::detail::openapi::license;
  static constexpr auto fields = kit::fields(kit::field<&type::identifier>().omit_empty(),
                                             kit::field<&type::url>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::http::detail::openapi::info> {
  using type = kit::http::detail::openapi::info;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&type::summary>().omit_empty(), kit::field<&type::description>().omit_empty(),
      kit::field<&type::terms_of_service>().omit_empty(), kit::field<&type::contact>().omit_empty(),
      kit::field<&type::license>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::http::detail::openapi::server> {
  using type = kit::http::detail::openapi::server;
  static constexpr auto fields = kit::fields(kit::field<&type::description>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::http::detail::openapi::parameter> {
  using type = kit::http::detail::openapi::parameter;
  static constexpr auto fields = kit::fields(kit::field<&type::description>().omit_empty(),
                                             kit::field<&type::required>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::http::detail::openapi::request_body> {
  using type = kit::http::detail::openapi::request_body;
  static constexpr auto fields = kit::fields(kit::field<&type::required>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::http::detail::openapi::response> {
  using type = kit::http::detail::openapi::response;
  static constexpr auto fields = kit::fields(kit::field<&type::content>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::http::detail::openapi::operation> {
  using type = kit::http::detail::openapi::operation;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&type::tags>().omit_empty(), kit::field<&type::summary>().omit_empty(),
      kit::field<&type::description>().omit_empty(), kit::field<&type::parameters>().omit_empty(),
      kit::field<&type::request_body>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::http::detail::openapi::tag> {
  using type = kit::http::detail::openapi::tag;
  static constexpr auto fields = kit::fields(kit::field<&type::description>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::http::detail::openapi::document> {
  using type = kit::http::detail::openapi::document;
  static constexpr auto fields = kit::fields(kit::field<&type::servers>().omit_empty(),
                                             kit::field<&type::components>().omit_empty(),
                                             kit::field<&type::tags>().omit_empty());
};
