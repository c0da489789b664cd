"""The sidecar as its operator meets it: probes, signals, limits, sockets of systemd, mistakes of a configuration."""
import resource
import select
import signal
import socket
import threading

import kit
from proxy_kit import Application, ProxyCase, Sidecar, Web


class Operation(ProxyCase):
    def test_probes_and_figures(self) -> None:
        near, far = self.pair(Application(self))
        self.assertEqual(near.operations("/live"), (200, "live\n"))
        self.assertEqual(near.operations("/ready"), (200, "ready\n"))
        self.exchange(far.connect(), b"x" * 1000)
        near.wait_for("closed")
        listener = f'{{listener="{"127.0.0.1:0"}"}}'
        self.assertEqual(near.figure("seatls_proxy_connections_total" + listener), 1)
        self.assertEqual(near.figure("seatls_proxy_connections" + listener), 0)
        self.assertEqual(near.figure('seatls_proxy_handshakes_total{result="accepted"}'), 1)
        self.assertEqual(near.figure('seatls_proxy_verdicts_total{reason="",scheme="software",tier="warning"}'), 1)
        self.assertEqual(near.figure('seatls_proxy_evidence_total{result="made"}'), 1)
        far.stop()
        near.stop()

    def test_an_application_that_is_gone_comes_back(self) -> None:
        application = Application(self)
        near, far = self.pair(application)
        port = int(application.address.rsplit(":", 1)[1])
        self.assertEqual(self.exchange(far.connect(), b"1"), b"1")
        application.end()
        self.refused(far, b"2")
        again = socket.socket()
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
        application = Application(self)
        application.socket, again = again, application.socket
        application.socket.listen(8)
        again.shutdown(socket.SHUT_RDWR)
        again.close()
        application.threads.append(threading.Thread(target=application.accept))
        application.threads[-1].start()
        self.assertEqual(self.exchange(far.connect(), b"3"), b"3")
        far.stop()
        near.stop()

    def test_a_broken_configuration_changes_nothing(self) -> None:
        first, second = Application(self), Web(self)
        near, far = self.pair(first)
        stays = far.connect()
        stays.sendall(b"a")
        self.assertEqual(stays.recv(1), b"a")
        good = (self.folder / "server.toml").read_text()
        self.write("server.toml", good.replace("[proxy]", "[proxy]\nnonsense = 1"))
        near.process.send_signal(signal.SIGHUP)
        near.until(lambda: "stays as it was" in near.errors)
        self.assertIn("nonsense", near.errors)
        self.assertEqual(self.exchange(far.connect(), b"still here"), b"still here")
        self.assertEqual(near.operations("/ready")[0], 200)
        # A good one is for new connections; it is noticed without a signal, too.
        self.write("server.toml", good.replace(first.address, second.address))
        near.until(lambda: "was read anew" in near.errors)
        self.assertIn(b"hello", self.exchange(far.connect(), b"GET / HTTP/1.1\r\n\r\n"))
        stays.sendall(b"b")
        self.assertEqual(stays.recv(1), b"b", "a connection keeps what it began with")
        self.assertGreaterEqual(near.figure('seatls_proxy_reloads_total{result="bad"}'), 1)
        stays.close()
        far.stop()
        near.stop()

    def told_to_end(self) -> tuple[Sidecar, Sidecar, socket.socket]:
        """The sidecar before the application was told to end while a connection is open."""
        near, far = self.pair(Application(self))
        stays = far.connect()
        stays.sendall(b"a")
        self.assertEqual(stays.recv(1), b"a")
        near.process.send_signal(signal.SIGTERM)
        near.until(lambda: near.operations("/ready")[0] == 503)
        return near, far, stays

    def test_it_waits_for_connections_to_end(self) -> None:
        near, far, stays = self.told_to_end()

        def refused() -> bool:
            try:
                near.connect().close()
                return False
            except ConnectionRefusedError:
                return True
        near.until(refused)
        stays.sendall(b"b")
        self.assertEqual(stays.recv(1), b"b")
        stays.close()
        near.wait()
        far.stop()

    def test_it_does_not_wait_for_ever(self) -> None:
        near, far, stays = self.told_to_end()
        near.process.send_signal(signal.SIGTERM)
        near.wait()
        self.cut_off(stays)
        self.assertIn("error", near.events("closed")[0])
        far.stop()

    def test_without_descriptors_it_refuses_and_goes_on(self) -> None:
        application = Application(self)
        self.configure("server", {"to": application.address}, proxy={"threads": 2})
        near = Sidecar(self, "server.toml", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48)))
        crowd = [near.connect() for _ in range(80)]
        # Those that were taken have 10 s to say something. Of the others some are refused, and told so.
        refused = 0
        while refused == 0:
            self.assertIsNone(near.process.poll(), near.errors)
            for one in select.select(crowd, [], [], 0.1)[0]:
                self.cut_off(one)
                refused += 1
        for one in crowd:
            one.close()
        self.configure("client", {"to": f"localhost:{near.port()}"})
        far = Sidecar(self, "client.toml")

        def empty() -> bool:
            try:
                return near.figure('seatls_proxy_connections{listener="127.0.0.1:0"}') == 0
            except OSError:  # the probe had no descriptor either
                return False
        near.until(empty)
        self.assertGreater(near.figure('seatls_proxy_limited_total{limit="descriptors"}'), 0)
        self.assertEqual(self.exchange(far.connect(), b"and on it goes"), b"and on it goes")
        far.stop()
        near.stop()

    def test_limits(self) -> None:
        application = Application(self)
        self.configure("server", {"to": application.address}, proxy={"connections_of_client": 3})
        near = Sidecar(self, "server.toml")
        crowd = [near.connect() for _ in range(3)]
        near.until(lambda: near.figure('seatls_proxy_connections{listener="127.0.0.1:0"}') == 3)
        self.cut_off(near.connect())
        self.assertEqual(near.figure('seatls_proxy_limited_total{limit="client"}'), 1)
        for one in crowd:
            one.close()
        near.stop()

    def test_sockets_of_systemd(self) -> None:
        application = Application(self)
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notices.close)
        notices.bind(str(self.folder / "notify"))
        notices.settimeout(60)
        self.configure("server", {"listen": "systemd:front", "to": application.address})
        near = Sidecar(self, "server.toml", pass_fds=(listening.fileno(),),
                       before=["sh", "-c", f'export LISTEN_PID=$$; exec "$@" 3<&{listening.fileno()}', "sh"],
                       environment={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "front", "NOTIFY_SOCKET": str(self.folder / "notify"),
                                    "WATCHDOG_USEC": "200000"})
        self.assertEqual(near.port(), listening.getsockname()[1])
        self.assertEqual(notices.recv(64), b"READY=1")
        self.assertEqual(notices.recv(64), b"WATCHDOG=1")
        self.configure("client", {"to": f"localhost:{near.port()}"})
        far = Sidecar(self, "client.toml")
        self.assertEqual(self.exchange(far.connect(), b"activated"), b"activated")
        far.stop()
        near.process.send_signal(signal.SIGTERM)
        while (notice := notices.recv(64)) != b"STOPPING=1":
            self.assertEqual(notice, b"WATCHDOG=1")
        near.wait()


class Configuration(ProxyCase):
    def test_mistakes_are_told(self) -> None:
        to = "127.0.0.1:1"
        for listeners, key in (([{}], "to"), ([{"to": "nowhere"}], "to"), ([{"to": "192.0.2.1:80"}], "to"),
                               ([{"to": to, "mode": "socks5"}], "to"), ([{"to": to, "allow": ["a:1"]}], "allow"),
                               ([{"to": to, "sni": ["a b"]}], "sni"), ([{"to": to, "listen": "systemd:"}], "listen"),
                               ([{"to": to, "config": "absent.toml"}], "config"), ([{"to": to, "colour": "red"}], "colour")):
            with self.subTest(listeners=listeners):
                self.configure("server", *listeners)
                found = self.mistakes("server.toml")
                self.assertIn(f"proxy.listener[0].{key}", [m["key"] for m in found])
                self.assertTrue(all(m["line"] > 0 for m in found if m["file"] == "server.toml"))
        for listeners, key in (([{"to": "a.test:1", "sni": ["a"]}], "sni"), ([{"mode": "connect"}], "allow"),
                               ([{"mode": "connect", "allow": ["*:443"]}], "allow"), ([{"to": "a.test:1", "proxy_protocol": True}], "proxy_protocol"),
                               ([{"to": "a.test:1", "listen": "0.0.0.0:1"}], "listen"), ([{"to": "unix:/x"}], "to")):
            with self.subTest(listeners=listeners):
                self.configure("client", *listeners)
                self.assertIn(f"proxy.listener[0].{key}", [m["key"] for m in self.mistakes("client.toml")])
        self.configure("server", {"to": to, "listen": "127.0.0.1:7"}, {"to": to, "listen": "127.0.0.1:7"})
        self.assertEqual([m["key"] for m in self.mistakes("server.toml")], ["proxy.listener[1].listen"])

    def test_dangers_are_told(self) -> None:
        self.configure("server", {"to": "192.0.2.1:80"}, more="[danger]\nplain_beyond_host = true\n")
        told = self.seatls("check", "server.toml", "--json").json
        self.assertIn("plain_beyond_host", told["dangers"])

    def test_a_configuration_without_listeners(self) -> None:
        self.assertIn("[[proxy.listener]]", self.seatls("proxy", "--config", "server-endpoint.toml", code=2).err)
        self.assertIn("--config", self.seatls("proxy", code=2).err)


if __name__ == "__main__":
    kit.main()
