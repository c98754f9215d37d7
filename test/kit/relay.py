#!/usr/bin/python3
"""Stands between a client and the local S3: relay.py FILE S3-PORT ipv6|tls|proxy|tape [CERTIFICATE KEY]

ipv6 listens on ::1 alone, tls speaks TLS with a certificate, proxy takes CONNECT and writes the place to standard
output, tape writes all that clients send there. The port is written to FILE. Ends with its parent.
"""

import os
import socket
import ssl
import sys
import threading

file, s3_port, kind = sys.argv[1:4]


def pump(source, sink, taped=False):
    try:
        while data := source.recv(65536):
            if taped:
                os.write(1, data)
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    port = int(s3_port)
    try:
        if kind == "tls":
            client = context.wrap_socket(client, server_side=True)
        if kind == "proxy":
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(1)
            print(head.split(b"\r\n")[0].decode(), flush=True)
            port = int(head.split()[1].rpartition(b":")[2])
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        upstream = socket.create_connection(("127.0.0.1", port))
    except (OSError, ssl.SSLError):
        client.close()
        return
    threading.Thread(target=pump, args=(client, upstream, kind == "tape"), daemon=True).start()
    pump(upstream, client)


if kind == "tls":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[4:6])
listener = socket.socket(socket.AF_INET6 if kind == "ipv6" else socket.AF_INET)
listener.bind(("::1" if kind == "ipv6" else "127.0.0.1", 0))
listener.listen(64)
with open(file + ".new", "w") as out:
    out.write(str(listener.getsockname()[1]))
os.rename(file + ".new", file)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
