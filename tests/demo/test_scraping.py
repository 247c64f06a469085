"""The demo's own scrapes, against a server that counts them."""

import http.server
import threading

from exporter.demo.scraping import scrape_until


class Counting(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if len(self.server.asked) == 3:
            self.server.stop.set()
        if len(self.server.asked) == 1:
            self.close_connection = True  # says nothing: not HTTP
            return
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_it_scrapes_until_stopped_whatever_is_answered():
    with http.server.HTTPServer(("127.0.0.1", 0), Counting) as server:
        server.asked, server.stop = [], threading.Event()
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        scrape_until(server.stop, f"127.0.0.1:{server.server_port}", "/x/metrics", seconds=0.01)
        server.shutdown()
        serving.join()
    assert server.asked == ["/x/metrics"] * 3


def test_an_exporter_that_is_gone_is_borne():
    stop = threading.Event()
    timer = threading.Timer(0.05, stop.set)
    timer.start()
    scrape_until(stop, "127.0.0.1:1", "/metrics", seconds=0.01)
    timer.join()
    assert stop.is_set()
