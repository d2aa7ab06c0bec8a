#pragma once

#include <optional>
#include <string_view>

#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/http/headers.hpp>

/// What of a context travels in the fields of a request: the time that is left, in `Grpc-Timeout`,
/// and the metadata, each pair in a field `Grpc-Metadata-` with its key. Both as grpc-gateway has
/// them, so that they also cross from HTTP to gRPC there.
///
/// What comes in is the caller's word, like any field of the request: nothing says that he may
/// claim it. A server for the public internet switches it off (`server_options::propagate`). What
/// goes out is all metadata of the context, those that a caller sent, too, to whatever URL is
/// called: calls to third parties switch it off (`endpoint_options::propagate`).
namespace kit::http {

/// Sets the fields, instead of those of the same names. Pairs whose key or value cannot be a field
/// are left out.
void inject_context(headers& into, const context& ctx, time_point now);

/// How long the caller waits; nothing where he doesn't say so, or not well.
std::optional<duration> extract_timeout(const headers& from) noexcept;
bool has_metadata(const headers& from) noexcept;
void remove_metadata(headers& from);
/// The context with the metadata in the fields, or as it was where there is none.
context extract_metadata(const headers& from, context ctx);

/// What a request shows of who is asking: its `Authorization`, and the field that is named for
/// keys.
bool has_credentials(const headers& from, std::string_view api_key_field) noexcept;
/// The context with it as `credentials`, or as it was where there is none.
context extract_credentials(const headers& from, std::string_view api_key_field, context ctx);
/// Sets the fields by the context's `outgoing_credentials`, where there are some.
void inject_credentials(headers& into, std::string_view api_key_field, const context& ctx);

}  // namespace kit::http
