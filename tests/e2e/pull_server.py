#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pull_server.py - an HTTPS server that goes wrong in the way a path says.

usage: pull_server.py [ADDRESS:]PORT CERTIFICATE ROOT LOG

/FAULT/FILE is ROOT/FILE, answered as the function fault_FAULT below does it; numbers behind
its name, as in /cut-100000-1/FILE, are its arguments. LOG gets a line for each request,
"get FILE START", and one for each block that is about to be sent, "sent FILE BYTES".
"""

import collections
import http.server
import os
import select
import socket
import ssl
import sys
import threading
import time

BLOCK = 16384
FOREVER = 1 << 62


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "pull_server"

    def log_message(self, *args):
        pass

    def log(self, *words):
        with self.server.lock:
            print(*words, file=self.server.log, flush=True)

    def do_GET(self):
        fault, _, self.name = self.path.lstrip("/").partition("/")
        word, *numbers = fault.split("-")
        self.start = int(self.headers.get("Range", "bytes=0-")[len("bytes="):].rstrip("-"))
        self.log("get", self.name, self.start)
        with self.server.lock:
            self.server.count[self.path] += 1
            self.count = self.server.count[self.path]
        try:
            with open(os.path.join(self.server.root, self.name), "rb") as file:
                self.data = file.read()
        except FileNotFoundError:
            self.head(404, 0)
            return
        try:
            getattr(self, "fault_" + word)(*map(int, numbers))
        except OSError:
            self.close_connection = True

    # --- what answers are made of

    def head(self, status, length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is None:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def head_of_data(self):
        size = len(self.data)
        if self.start == 0:
            self.head(200, size)
        elif self.start >= size:
            self.head(416, 0, Content_Range=f"bytes */{size}")
            raise OSError
        else:
            self.head(206, size - self.start,
                      Content_Range=f"bytes {self.start}-{size - 1}/{size}")

    def body(self, data, pause=0):
        for at in range(0, len(data), BLOCK):
            block = data[at:at + BLOCK]
            self.log("sent", self.name, len(block))
            self.wfile.write(block)
            time.sleep(pause)

    def cut(self):
        """End the connection without a word of TLS, as a server that dies does."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    # --- faults

    def fault_plain(self):
        self.head_of_data()
        self.body(self.data[self.start:])

    def fault_cut(self, length, times=FOREVER):
        """Not more than length bytes; the first times alone."""
        if self.count > times:
            return self.fault_plain()
        self.head_of_data()
        self.body(self.data[self.start:][:length])
        self.cut()

    def fault_hold(self, length):
        """length bytes, and the rest when ROOT/go is there, if somebody still waits for it."""
        self.head_of_data()
        rest = self.data[self.start:]
        self.body(rest[:length])
        while not os.path.exists(os.path.join(self.server.root, "go")):
            if select.select([self.connection], [], [], 0.02)[0]:
                raise OSError
        self.body(rest[length:])

    def fault_pace(self, ms):
        """That long from block to block."""
        self.head_of_data()
        self.body(self.data[self.start:], ms / 1000)

    def fault_status(self, code, times=FOREVER):
        if self.count > times:
            return self.fault_plain()
        self.head(code, 0)

    def fault_later(self, seconds, times=FOREVER):
        if self.count > times:
            return self.fault_plain()
        self.head(503, 0, Retry_After=seconds)

    def fault_redirect(self, code, times):
        """So many redirects, and then the file."""
        to = f"redirect-{code}-{times - 1}" if times > 1 else "plain"
        self.head(code, 0, Location=f"/{to}/{self.name}")

    def fault_tohttp(self, port):
        self.head(302, 0, Location=f"http://127.0.0.1:{port}/{self.name}")

    def fault_short(self, length):
        """The whole file is so short, says the server."""
        self.data = self.data[:length]
        self.fault_plain()

    def fault_long(self, more):
        """More bytes are told than come."""
        self.head(200, len(self.data) + more)
        self.body(self.data)
        self.cut()

    def fault_liar(self, times=FOREVER):
        """A byte in the middle is another one."""
        if self.count <= times:
            self.spoil(len(self.data) // 2)
        self.fault_plain()

    def fault_liarcut(self, length):
        """Not more than length bytes, of which one in the middle is another one."""
        self.spoil(length // 2)
        self.fault_cut(length)

    def fault_liarrange(self):
        """As above in what is asked for by a range."""
        if self.start:
            self.spoil(self.start)
        self.fault_plain()

    def spoil(self, at):
        self.data = self.data[:at] + bytes([self.data[at] ^ 1]) + self.data[at + 1:]

    def fault_norange(self, length, times=FOREVER):
        """Cut off at length, and ranges are not known here."""
        self.start = 0
        self.fault_cut(length, times)

    def fault_nolength(self):
        """How much it will be is not told."""
        self.head(200)
        self.body(self.data)

    def fault_endless(self):
        self.head(200)
        while True:
            self.body(self.data)

    def fault_drip(self, length):
        """length bytes, and then one a second."""
        self.head_of_data()
        self.body(self.data[:length])
        for at in range(length, len(self.data)):
            self.body(self.data[at:at + 1], 1)

    def fault_driphead(self):
        """The header a byte a second."""
        for byte in b"HTTP/1.1 200 OK\r\nX-Header: " + b"x" * 1000:
            self.wfile.write(bytes([byte]))
            time.sleep(1)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, port, certificate, root, log):
        # few bytes are on the way when one side ends; a connection inherits it
        super().__init__((address, port), Handler, bind_and_activate=False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * BLOCK)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        self.root = root
        self.log = open(log, "a", encoding="ascii", errors="replace")
        self.lock = threading.Lock()
        self.count = collections.Counter()
        self.server_bind()
        self.server_activate()

    def finish_request(self, request, client_address):
        with self.tls.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request, client_address):
        self.close_request(request)


def main():
    where, certificate, root, log = sys.argv[1:]
    address, _, port = where.rpartition(":")
    Server(address or "127.0.0.1", int(port), certificate, root, log).serve_forever()


if __name__ == "__main__":
    main()
