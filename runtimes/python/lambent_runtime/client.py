"""Speaks the Runtime API over one raw keep-alive connection.

`http.client` alone takes as long to import as everything here together.
"""

import _socket

_NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n"
_JOIN_LIMIT = 65536


class Disconnected(Exception):
    """The Runtime API closed the connection."""


class Client(object):
    """`answer` keeps the post to be sent, `next` sends it together with the request for the next invocation."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._socket = None
        self._received = b""
        self._posts = []

    def next(self):
        """Waits for an invocation: its headers, with names in lower case, and its body."""
        posts, self._posts = self._posts, []
        try:
            self._send(posts + [_NEXT])
            for _ in posts:
                self._receive()
            return self._receive()[1:]
        except (Disconnected, _socket.error):
            # An answer that was refused in midstream, for its size, may cost the connection.
            self._socket = None
            self._send([_NEXT])
            return self._receive()[1:]

    def answer(self, request_id, kind, content_type, body):
        """Keeps the response (`kind` "response") or the error (`kind` "error") to an invocation."""
        self._posts = [_post("invocation/%s/%s" % (request_id, kind), "Content-Type: %s\r\n" % content_type, body)]

    def init_error(self, error_type, body):
        """Reports that the function cannot be initialised."""
        header = "Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: %s\r\n" % error_type
        self._send([_post("init/error", header, body)])
        self._receive()

    def _send(self, parts):
        if self._socket is None:
            self._socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            self._socket.connect(self._address)
            self._received = b""
        for part in parts if sum(map(len, parts)) > _JOIN_LIMIT else [b"".join(parts)]:
            self._socket.sendall(part)

    def _receive(self):
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        while not separator:
            head, separator, rest = (head + self._read(65536)).partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers[_text(name).lower()] = _text(value.strip())
        body = self._body(rest, int(headers.get("content-length", 0)))
        return int(lines[0].split(b" ")[1]), headers, body

    def _body(self, start, length):
        if len(start) >= length:
            self._received = start[length:]
            return start[:length]
        self._received = b""
        body = bytearray(length)
        body[: len(start)] = start
        view, filled = memoryview(body), len(start)
        while filled < length:
            count = self._socket.recv_into(view[filled:])
            if not count:
                raise Disconnected()
            filled += count
        return bytes(body)

    def _read(self, count):
        data = self._socket.recv(count)
        if not data:
            raise Disconnected()
        return data


def _post(path, header, body):
    head = "POST /2018-06-01/runtime/%s HTTP/1.1\r\nHost: lambda\r\n%sContent-Length: %d\r\n\r\n" % (path, header, len(body))
    return head.encode("utf-8", "replace") + body


if str is bytes:

    def _text(data):
        return data

else:

    def _text(data):
        return data.decode("utf-8", "replace")
