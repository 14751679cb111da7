#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pull_dns.py - a name server with one answer, which it gives while a file is there.

usage: pull_dns.py ADDRESS ANSWER GO LOG

Each question is a line of LOG. What is asked for IPv6 has no answer of that kind (RFC 1035, 4.1;
RFC 2308, 2.2).
"""

import os
import socket
import struct
import sys

A, IN, TTL = 1, 1, 1
RESPONSE = 0x8180  # RFC 1035, 4.1.1: QR, RD, RA


def question_end(message):
    at = 12
    while message[at]:
        at += 1 + message[at]
    return at + 5


def answer(message, address):
    end = question_end(message)
    kind, = struct.unpack("!H", message[end - 4:end - 2])
    records = b""
    if kind == A:
        records = struct.pack("!HHHIH", 0xc00c, A, IN, TTL, 4) + socket.inet_aton(address)
    head = message[:2] + struct.pack("!HHHHH", RESPONSE, 1, int(kind == A), 0, 0)
    return head + message[12:end] + records


def main():
    address, to, go, log = sys.argv[1:]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    with open(log, "a", encoding="ascii") as file:
        while True:
            message, peer = server.recvfrom(512)
            print("question", file=file, flush=True)
            if os.path.exists(go):
                server.sendto(answer(message, to), peer)


if __name__ == "__main__":
    main()
