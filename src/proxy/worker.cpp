#include "proxy/worker.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

namespace seatls::proxy {

namespace asio = boost::asio;

void Worker::take(std::shared_ptr<const Site> site, Descriptor accepted, std::string id,
                  std::function<void()> over) {
  ++open_;
  asio::dispatch(io_, [this, site = std::move(site), fd = std::make_shared<Descriptor>(std::move(accepted)),
                       id = std::move(id), over = std::move(over)]() mutable {
    auto session =
        std::make_shared<Session>(Host{io_, scratch_, events_, metrics_}, std::move(site), std::move(*fd),
                                  std::move(id), [this, over = std::move(over)](Session& ended) {
                                    sessions_.erase(&ended);
                                    --open_;
                                    over();
                                  });
    sessions_.emplace(session.get(), session);
    session->start();
  });
}

void Worker::each(std::function<void(Session&)> act) {
  asio::post(io_, [this, act = std::move(act)] {
    // What is done to a session may end it.
    std::vector<std::shared_ptr<Session>> all;
    for (const auto& [raw, session] : sessions_) all.push_back(session);
    for (const auto& session : all) act(*session);
  });
}

void Worker::wind_up() {
  each([](Session& session) { session.wind_up(); });
}
void Worker::abort(const Error& reason) {
  each([reason](Session& session) { session.abort(reason); });
}

}  // namespace seatls::proxy
