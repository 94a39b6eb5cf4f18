"""The least of an S3: objects are put by the scenarios and got by the server, by path."""

import contextlib
import http.server
import threading
import urllib.parse

MISSING = {
    "NoSuchBucket": "The specified bucket does not exist",
    "NoSuchKey": "The specified key does not exist.",
}


class ObjectStore:
    """Buckets of objects, and the URL where they are got."""

    def __init__(self):
        self.buckets = {}
        self.lock = threading.Lock()
        self.url = None

    def put(self, bucket, key, content):
        with self.lock:
            self.buckets.setdefault(bucket, {})[key] = content

    def get(self, bucket, key):
        """The status, the type and the body of the answer."""
        with self.lock:
            if bucket not in self.buckets:
                return self._missing("NoSuchBucket")
            if key not in self.buckets[bucket]:
                return self._missing("NoSuchKey")
            return 200, "application/octet-stream", self.buckets[bucket][key]

    @staticmethod
    def _missing(code):
        error = f"<Error><Code>{code}</Code><Message>{MISSING[code]}</Message></Error>"
        return 404, "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'.encode()


@contextlib.contextmanager
def serving():
    """An object store that serves while the context lasts."""
    store = ObjectStore()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            bucket, _, key = path.lstrip("/").partition("/")
            status, kind, body = store.get(bucket, key)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        store.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield store
        finally:
            server.shutdown()
            thread.join()
