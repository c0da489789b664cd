// The few things about addresses that are judged before anybody is asked.
#pragma once

#include <string>

namespace seatls::net {

// host_of returns the host of an http or https address, with the brackets of an IPv6 address; nothing where
// there is none, or where a name and a password stand before it.
[[nodiscard]] std::string host_of(const std::string& url);
[[nodiscard]] bool is_loopback(const std::string& host);

}  // namespace seatls::net
