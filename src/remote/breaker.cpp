#include "remote/breaker.h"

namespace seatls::remote {

bool Breaker::admit(Time now) {
  if (!opened_) return true;
  if (probing_ || now < *opened_ + rule_.pause) return false;
  probing_ = true;
  return true;
}

void Breaker::succeeded() {
  failures_ = 0;
  opened_.reset();
  probing_ = false;
}

void Breaker::failed(Time now) {
  ++failures_;
  if (opened_ || failures_ >= rule_.failures) opened_ = now;
  probing_ = false;
}

void Breaker::gave_up() { probing_ = false; }

}  // namespace seatls::remote
