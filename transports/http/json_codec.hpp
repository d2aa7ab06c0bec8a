#pragma once
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>
namespace kit::http {
template <class T> struct json_decoder { result<T> operator()(request&) const; };
template <class T> struct json_encoder { result<void> operator()(const T&, response&) const; };
}
