#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <kit/timer.hpp>

namespace timers {

// Writes down its name when due.
struct recorder {
  recorder(kit::timer_wheel& wheel, std::vector<int>& log, int name)
      : log_(log), name_(name), timer(wheel, kit::on_due<&recorder::due>, *this) {}
  void due() { log_.push_back(name_); }

  std::vector<int>& log_;
  int name_;
  kit::timer timer;
};

// Runs a function when due.
struct acting {
  acting(kit::timer_wheel& wheel, std::function<void()> f)
      : function(std::move(f)), timer(wheel, kit::on_due<&acting::due>, *this) {}
  void due() { function(); }

  std::function<void()> function;
  kit::timer timer;
};

using log_type = std::vector<int>;

}  // namespace timers
