#include "cli/background.h"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <functional>
#include <mutex>

#include "cli/node.h"

namespace seatls::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Pool = spdlog::details::thread_pool;

constexpr std::size_t most_waiting = 4096;  // lines
constexpr auto patience = 3s;

// Both streams may lead into one pipe: whoever found room in it writes before the other looks.
std::mutex turn;

// PatientSink writes to a descriptor, and waits for it without ever being stuck in a write: a pipe that has
// room takes PIPE_BUF bytes.
class PatientSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  PatientSink(int fd, std::function<std::string(std::uint64_t)> lost_text)
      : fd_(fd), lost_text_(std::move(lost_text)) {}
  void drops_of(const Pool* pool) { pool_ = pool; }
  void give_up_at(Clock::time_point at) { give_up_at_ = at; }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::uint64_t lost = const_cast<Pool*>(pool_)->overrun_counter();
    if (lost != told_) {
      write(lost_text_(lost - told_));
      told_ = lost;
    }
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    write({text.data(), text.size()});
  }
  void flush_() override {}

  // A line that a full disk cut is ended before the next one begins.
  void write(std::string_view text) {
    if (half_ && !out("\n").empty()) return;
    const auto left = out(text);
    half_ = !left.empty() && left.size() < text.size();
  }

  // out returns what could not be written.
  std::string_view out(std::string_view text) {
    while (!text.empty() && Clock::now() < give_up_at_.load()) {
      {
        const std::scoped_lock lock(turn);
        pollfd p{fd_, POLLOUT, 0};
        if (::poll(&p, 1, 0) > 0) {
          const auto n = ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
          if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
          if (n > 0) continue;
          if (n < 0 && errno != EINTR && errno != EAGAIN) return text;  // nobody is there, or no room ever
        }
      }
      pollfd p{fd_, POLLOUT, 0};
      (void)::poll(&p, 1, 200);  // and looks at the clock then
    }
    return text;
  }

  const int fd_;
  const std::function<std::string(std::uint64_t)> lost_text_;
  const Pool* pool_ = nullptr;
  std::uint64_t told_ = 0;
  bool half_ = false;  // of a line is out
  std::atomic<Clock::time_point> give_up_at_{Clock::time_point::max()};
};

// Stream is a descriptor with its thread.
struct Stream {
  Stream(const std::string& name, int fd, std::function<std::string(std::uint64_t)> lost_text)
      : sink(std::make_shared<PatientSink>(fd, std::move(lost_text))),
        pool(std::make_shared<Pool>(most_waiting, 1)) {
    sink->drops_of(pool.get());
    logger = std::make_shared<spdlog::async_logger>(name, sink, pool,
                                                    spdlog::async_overflow_policy::overrun_oldest);
  }
  std::shared_ptr<PatientSink> sink;
  std::shared_ptr<Pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

std::atomic<spdlog::logger*> printer = nullptr;

std::string lost_in_log(std::uint64_t lines) {
  return std::to_string(lines) + " lines of the log were lost: nobody read them\n";
}

// lost_line has the form that the other lines of stdout have.
std::string lost_line(const Console& console, std::uint64_t lines) {
  if (!console.json()) return std::to_string(lines) + " lines were lost: nobody read them\n";
  return Node::object().set("event", "lost").set("lines", static_cast<std::int64_t>(lines)).json() + "\n";
}

}  // namespace

struct BackgroundOutput::Impl {
  explicit Impl(const Console& console)
      : out("stdout", STDOUT_FILENO, [&console](std::uint64_t lines) { return lost_line(console, lines); }),
        log("seatls", STDERR_FILENO, lost_in_log) {}
  Stream out, log;
  std::shared_ptr<spdlog::logger> before;
};

BackgroundOutput::BackgroundOutput(const Console& console) : impl_(std::make_unique<Impl>(console)) {
  impl_->before = spdlog::default_logger();
  // The text has its own line ends.
  impl_->out.logger->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, ""));
  impl_->log.logger->set_pattern(log_pattern, spdlog::pattern_time_type::utc);
  impl_->log.logger->set_level(impl_->before->level());
  spdlog::set_default_logger(impl_->log.logger);
  printer = impl_->out.logger.get();
}

BackgroundOutput::~BackgroundOutput() {
  printer = nullptr;
  spdlog::set_default_logger(impl_->before);
  for (Stream* stream : {&impl_->out, &impl_->log}) stream->sink->give_up_at(Clock::now() + patience);
  // Each ends behind what waits.
  for (Stream* stream : {&impl_->out, &impl_->log}) stream->pool.reset();
}

std::uint64_t BackgroundOutput::lost() const {
  return impl_->out.pool->overrun_counter() + impl_->log.pool->overrun_counter();
}

bool print_in_background(std::string_view text) {
  spdlog::logger* const there = printer;
  if (there == nullptr) return false;
  there->log(spdlog::level::critical, spdlog::string_view_t(text.data(), text.size()));
  return true;
}

}  // namespace seatls::cli
