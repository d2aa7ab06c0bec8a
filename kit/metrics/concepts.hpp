#pragma once

namespace kit::metrics {

/// What can be counted with: `counter`, `up_down_counter`, `gauge`, several of them as a `multi`.
template <class T>
concept addable = requires(const T& t, double d) { t.add(d); };

/// What can be set and added to: `gauge`, several as a `multi`.
template <class T>
concept settable = addable<T> && requires(const T& t, double v) { t.set(v); };

/// What takes observations: `histogram`, several as a `multi`.
template <class T>
concept observable = requires(const T& t, double v) { t.observe(v); };

/// What makes handles from such label values: `labelled`, several as a `multi`.
template <class T, class... Values>
concept family_of = requires(const T& t, const Values&... values) { t.with(values...); };

}  // namespace kit::metrics
