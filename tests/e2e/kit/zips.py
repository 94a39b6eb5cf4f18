"""Deployment packages, good and bad."""

import io
import stat
import zipfile


def package(files, compression=zipfile.ZIP_DEFLATED):
    """A zip of `files`: name to text or bytes, or to (content, mode)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            content, mode = content if isinstance(content, tuple) else (content, 0o644)
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            entry.external_attr = (stat.S_IFREG | mode) << 16
            entry.compress_type = compression
            archive.writestr(entry, content)
    return buffer.getvalue()


def with_link(name, target, files=None):
    """A zip whose first entry is a symbolic link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo(name)
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, target)
        for path, content in (files or {}).items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def with_lying_sizes(archive, claimed=1):
    """The same zip, whose central directory and local headers claim other unpacked sizes."""
    patched = bytearray(archive)
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = patched.find(signature)
        while at != -1:
            patched[at + offset : at + offset + 4] = claimed.to_bytes(4, "little")
            at = patched.find(signature, at + 4)
    return bytes(patched)
