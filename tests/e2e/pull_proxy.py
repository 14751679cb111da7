#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pull_proxy.py - a proxy that knows CONNECT alone (RFC 9110, 9.3.6) and writes down who asked.

usage: pull_proxy.py PORT LOG [USER:PASSWORD]

With USER:PASSWORD it serves nobody else (RFC 7617), and writes down "refused" before the request.
"""

import base64
import socket
import socketserver
import sys
import threading


def pass_on(source, to):
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def may_pass(fields):
    if len(sys.argv) < 4:
        return True
    word = base64.b64encode(sys.argv[3].encode()).decode()
    return fields.get("proxy-authorization") == f"Basic {word}"


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline().decode("ascii").split()
        if not line:
            return
        method, target, _ = line
        fields = {}
        while field := self.rfile.readline().decode("ascii").strip():
            name, _, value = field.partition(":")
            fields[name.lower()] = value.strip()
        passes = may_pass(fields)
        with open(sys.argv[2], "a", encoding="ascii") as log:
            print("" if passes else "refused ", method, " ", target, sep="", file=log)
        if not passes:
            self.request.sendall(b"HTTP/1.1 407 Who asks?\r\nContent-Length: 0\r\n"
                                 b"Proxy-Authenticate: Basic realm=lab\r\n\r\n")
            return
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=pass_on, args=(server, self.request))
            back.start()
            pass_on(self.request, server)
            back.join()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
