"""Container images, made from files and without any Docker: layers are tar archives, the rest is JSON."""

import dataclasses
import functools
import gzip
import hashlib
import io
import json
import pathlib
import platform
import re
import socket
import subprocess
import sysconfig
import tarfile
import tempfile

import pytest

from kit import host
from kit.eventually import eventually

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"

# A runtime in plain Python: `runtime.py module.function`, as the entry point of AWS's own images takes it.
RUNTIME = """
import http.client, importlib, json, os, sys, traceback
sys.path.insert(0, os.getcwd())
module, name = sys.argv[1].rsplit(".", 1)
handler = getattr(importlib.import_module(module), name)
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    event = api.getresponse()
    request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
    try:
        way, answer = "response", handler(json.loads(body), None)
    except Exception as error:
        way, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
    api.request("POST", f"/2018-06-01/runtime/invocation/{request}/{way}", json.dumps(answer))
    api.getresponse().read()
"""

# A program without any library, for images that have nothing else.
STATIC = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void ask(const char *request, char *answer, size_t room) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9001), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t used = 0;
    ssize_t got;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) || write(fd, request, strlen(request)) < 0) exit(4);
    while (used + 1 < room && (got = read(fd, answer + used, room - 1 - used)) > 0) used += got;
    answer[used] = 0;
    close(fd);
}
int main(int count, char **words) {
    static char answer[65536], request[4096], body[2048], id[64], here[512];
    for (;;) {
        ask("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n", answer, sizeof answer);
        char *header = strcasestr(answer, "lambda-runtime-aws-request-id: ");
        if (!header || sscanf(strchr(header, ' '), " %36s", id) != 1) return 5;
        snprintf(body, sizeof body, "{\"uid\":%d,\"cwd\":\"%s\",\"word\":\"%s\",\"write\":%d,\"tmp\":%d}", getuid(),
            getcwd(here, sizeof here), count > 1 ? words[1] : "", access("/", W_OK), access("/tmp", W_OK));
        snprintf(request, sizeof request,
            "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: r\r\nConnection: close\r\n"
            "Content-Length: %zu\r\n\r\n%s", id, strlen(body), body);
        ask(request, answer, sizeof answer);
    }
}
"""


@dataclasses.dataclass
class Entry:
    """An entry of a layer that is more than a file with its content."""

    kind: bytes = tarfile.REGTYPE
    content: bytes = b""
    mode: int = 0o644
    target: str = ""


def program(content):
    return Entry(content=content if isinstance(content, bytes) else content.encode(), mode=0o755)


def link(target):
    return Entry(kind=tarfile.SYMTYPE, target=target)


def hard_link(target):
    return Entry(kind=tarfile.LNKTYPE, target=target)


def folder(mode=0o755):
    return Entry(kind=tarfile.DIRTYPE, mode=mode)


def layer(entries):
    """A layer's archive. `entries` are pairs of path and content, or a dict of them; the order is kept, also of duplicates."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, entry in entries.items() if isinstance(entries, dict) else entries:
            if not isinstance(entry, Entry):
                entry = Entry(content=entry if isinstance(entry, bytes) else entry.encode())
            info = tarfile.TarInfo(path)
            info.type, info.mode, info.linkname, info.size = entry.kind, entry.mode, entry.target, len(entry.content)
            archive.addfile(info, io.BytesIO(entry.content))
    return buffer.getvalue()


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def zstd(content):
    return subprocess.run([host.need("zstd"), "-q", "-c"], input=content, capture_output=True, check=True).stdout


COMPRESSIONS = {"": lambda content: content, "gzip": functools.partial(gzip.compress, compresslevel=1, mtime=0), "zstd": zstd}


@dataclasses.dataclass
class Image:
    """Layers and how they run."""

    layers: list
    config: dict = dataclasses.field(default_factory=dict)
    architecture: str = ARCHITECTURE

    def configuration(self):
        layers = {"type": "layers", "diff_ids": [digest(each) for each in self.layers]}
        whole = {"architecture": self.architecture, "os": "linux", "config": self.config, "rootfs": layers}
        return json.dumps(whole).encode()

    def blobs(self, compression="gzip", docker=False):
        """The manifest's digest, and all blobs by theirs."""
        blobs = {}

        def put(kind, content):
            blobs[digest(content)] = content
            return {"mediaType": kind, "digest": digest(content), "size": len(content)}

        suffix = f"+{compression}" if compression else ""
        kinds = (f"{OCI}.config.v1+json", f"{OCI}.layer.v1.tar{suffix}", f"{OCI}.manifest.v1+json")
        if docker:
            suffix = f".{compression}" if compression else ""
            kinds = (f"{DOCKER}.container.image.v1+json", f"{DOCKER}.image.rootfs.diff.tar{suffix}", f"{DOCKER}.distribution.manifest.v2+json")
        manifest = {
            "schemaVersion": 2,
            "mediaType": kinds[2],
            "config": put(kinds[0], self.configuration()),
            "layers": [put(kinds[1], COMPRESSIONS[compression](each)) for each in self.layers],
        }
        return put(kinds[2], json.dumps(manifest).encode()), blobs

    def layout(self, place, tag=None, **form):
        """Writes an OCI layout, and returns the manifest's digest."""
        manifest, blobs = self.blobs(**form)
        if tag:
            manifest["annotations"] = {"org.opencontainers.image.ref.name": tag}
        write_layout(place, [manifest], blobs)
        return manifest["digest"]

    def save(self, file, *names):
        """Writes what `docker save` wrote before it wrote OCI layouts, and returns the image's id."""
        config = self.configuration()
        names_of_layers = [f"{number}/layer.tar" for number in range(len(self.layers))]
        list_of_images = [{"Config": f"{digest(config)[7:]}.json", "RepoTags": list(names), "Layers": names_of_layers}]
        entries = dict(zip(names_of_layers, self.layers))
        entries |= {list_of_images[0]["Config"]: config, "manifest.json": json.dumps(list_of_images)}
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(layer(entries))
        return digest(config)


def write_layout(place, manifests, blobs):
    folder = pathlib.Path(place) / "blobs/sha256"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in blobs.items():
        (folder / name[7:]).write_bytes(content)
    (folder.parents[1] / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder.parents[1] / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))


@functools.cache
def static_program():
    """The bytes of a runtime that needs nothing."""
    compiler = host.need("gcc")
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "program"
        command = [compiler, "-x", "c", "-", "-D_GNU_SOURCE", "-O1", "-static", "-o", result]
        built = subprocess.run(command, input=STATIC.encode(), capture_output=True)
        if built.returncode != 0:
            pytest.skip(f"gcc cannot link statically here: {built.stderr.decode().strip().splitlines()[-1]}")
        return result.read_bytes()


@functools.cache
def python_layer():
    """A layer with the host's own Python, its libraries and a runtime at `/runtime.py`: like a small distribution with merged `/usr`."""
    python = pathlib.Path(host.need("/usr/bin/python3")).resolve()
    version = python.name.removeprefix("python")
    library = pathlib.Path("/usr/lib") / python.name
    modules = [library] if library.is_dir() else pytest.skip(f"this host has no {library}")
    extensions = list((library / "lib-dynload").glob("*.so"))
    entries = {"usr/bin": folder(), "usr/lib": folder(), "bin": link("usr/bin"), "lib": link("usr/lib"), "lib64": link("usr/lib64")}
    programs = [pathlib.Path(path) for path in ("/usr/bin/sh", "/usr/bin/cat", "/usr/bin/sleep")]
    entries |= of_host([python, *programs, *extensions])
    entries |= {f"usr/bin/python{suffix}": link(f"python{version}") for suffix in ("", "3")}
    skipped = {"test", "idlelib", "ensurepip", "lib2to3", "tkinter", "turtledemo", "pydoc_data", "__pycache__", "dist-packages"}
    for root in modules:
        for file in sorted(root.rglob("*.py")):
            if not skipped & set(file.parts):
                entries[str(file)[1:]] = file.read_bytes()
    return layer(entries | {"runtime.py": RUNTIME})


def of_host(files):
    """These programs of the host, and the libraries that they need."""
    entries = {}
    for file in files:
        for needed in [str(file), *libraries(file)]:
            inside = re.sub("^/(bin|lib|lib64)/", r"/usr/\1/", needed)
            entries[inside[1:]] = program(pathlib.Path(needed).read_bytes())
    return entries


def libraries(file):
    listed = subprocess.run(["ldd", file], capture_output=True, text=True).stdout
    return [word for word in listed.split() if word.startswith("/")]


def python_image(source, *more, **config):
    """An image whose function is `app.handler` in this source, below whatever layers come with it."""
    settings = {"Entrypoint": ["/usr/bin/python3", "-u", "/runtime.py"], "Cmd": ["app.handler"], "WorkingDir": "/var/task"}
    return Image([python_layer(), layer({"var/task/app.py": source}), *more], settings | config)


def wheel_suffix():
    """How extension modules of the host's Python end."""
    return sysconfig.get_config_var("EXT_SUFFIX")


class Registry:
    """A registry of the CNCF distribution, as Debian packages it. With a `user` it lets nobody else in."""

    def __init__(self, place, user=None, password=None):
        program = host.need("docker-registry")
        place.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{free.getsockname()[1]}"
        auth = ""
        if user:
            (place / "users").write_text(f"{user}:{bcrypt(password)}\n")
            auth = f"auth: {{htpasswd: {{realm: tests, path: {place}/users}}}}\n"
        storage = f"storage: {{filesystem: {{rootdirectory: {place}/data}}, delete: {{enabled: true}}}}\n"
        (place / "config").write_text(f"version: 0.1\n{storage}http: {{addr: '{self.host}'}}\n{auth}")
        self.data, self.credentials = place / "data", f"{user}:{password}" if user else None
        log = open(place / "log", "wb")
        self.process = subprocess.Popen([program, "serve", str(place / "config")], stdout=log, stderr=log)
        eventually(self._answers, 30, "the registry's first answer")

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the registry ended with status {self.process.returncode}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.host.rpartition(":")[2]))) == 0

    @property
    def url(self):
        return f"http://{self.host}"

    def push(self, source, name, *flags):
        """Copies an image there, by another's program."""
        credentials = ["--dest-creds", self.credentials] if self.credentials else []
        command = [host.need("skopeo"), "--insecure-policy", "copy", "--dest-tls-verify=false", *credentials, *flags]
        done = subprocess.run([*command, source, f"docker://{self.host}/{name}"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def stop(self):
        self.process.terminate()
        self.process.wait(15)


def bcrypt(password):
    """The hash of a password that the registry understands."""
    crypt = pytest.importorskip("crypt", reason="this Python has no crypt")
    hashed = crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)) if crypt.METHOD_BLOWFISH in crypt.methods else None
    if not hashed:
        pytest.skip("this host cannot make bcrypt hashes")
    # Two names of one algorithm.
    return hashed.replace("$2b$", "$2y$")
