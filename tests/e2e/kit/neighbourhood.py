"""The program that makes the network of `outside.py` and becomes the server in it. What stands beside it ends with it."""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

FAR, PRIVATE, NAME_SERVER = "198.51.100.7", "10.9.8.7", "198.51.100.53"
NEAR = "203.0.113.1"  # The server's host, as the far one knows it.
ECHO, CLOSED = 7, 81
ON_ALL, ON_LOOPBACK = 7001, 7002  # Echo on the server's host.
LISTEN = 4599


def become_the_server(folder, door, who, *command):
    run("ip", "link", "set", "lo", "up")
    far = subprocess.Popen(
        ["unshare", "-n", sys.executable, __file__, "far"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=end_with_parent
    )
    far.stdout.readline()
    run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(far.pid))
    run("ip", "address", "add", f"{NEAR}/24", "dev", "near")
    run("ip", "link", "set", "near", "up")
    run("ip", "route", "add", "default", "via", "203.0.113.2")
    far.stdin.write(b"linked\n")
    far.stdin.flush()
    far.stdout.readline()
    names = pathlib.Path(folder, "resolv.conf")
    names.write_text(f"nameserver {NAME_SERVER}\n")
    run("mount", "--bind", str(names), os.path.realpath("/etc/resolv.conf"))
    beside = subprocess.Popen(
        [sys.executable, __file__, "near", door], pass_fds=[int(door)], stdout=subprocess.PIPE, preexec_fn=end_with_parent
    )
    beside.stdout.readline()
    os.close(int(door))
    user, group = who.split(":")
    if user != "0":
        # In another namespace below, the one who started all this is who it is again.
        command = ["unshare", "-U", f"--map-user={user}", f"--map-group={group}", *command]
    os.execvp(command[0], command)


def be_far():
    print("here", flush=True)
    sys.stdin.readline()
    for address in (f"{FAR}/32", f"{NAME_SERVER}/32", f"{PRIVATE}/32"):
        run("ip", "address", "add", address, "dev", "lo")
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", "203.0.113.2/24", "dev", "far")
    run("ip", "link", "set", "far", "up")
    for address in (FAR, PRIVATE):
        echo(address, ECHO)
        datagrams(address, ECHO, lambda datagram: datagram)
    datagrams(NAME_SERVER, 53, answer)
    print("ready", flush=True)
    signal.pause()


def be_near(door):
    """What else there is on the server's host, and the tests' way to the server."""
    echo("0.0.0.0", ON_ALL)
    echo("127.0.0.1", ON_LOOPBACK)
    datagrams("127.0.0.1", ON_LOOPBACK, lambda datagram: datagram)
    listener = socket.socket(fileno=int(door))
    serve(listener, lambda near: join(near, socket.create_connection(("127.0.0.1", LISTEN))))
    print("ready", flush=True)
    signal.pause()


def echo(address, port):
    def back(connection):
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.close()

    serve(socket.create_server((address, port)), back)


def serve(listener, what):
    def accept():
        while True:
            connection, _ = listener.accept()
            start(what, connection)

    start(accept)


def join(one, other):
    def carry(source, sink):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    start(carry, one, other)
    carry(other, one)


def datagrams(address, port, reply):
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((address, port))

    def forever():
        while True:
            datagram, sender = bound.recvfrom(65536)
            bound.sendto(reply(datagram), sender)

    start(forever)


def answer(question):
    """Every name that begins with `far.` is the far host's; there are no others."""
    end = question.index(b"\0", 12) + 5
    kind = question[end - 4 : end - 2]
    known = question[12:].lower().startswith(b"\x03far")
    found = known and kind == b"\0\1"
    head = question[:2] + bytes([0x81, 0x80 if known else 0x83, 0, 1, 0, found, 0, 0, 0, 0])
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(FAR) if found else b""
    return head + question[12:end] + record


def start(what, *arguments):
    threading.Thread(target=what, args=arguments, daemon=True).start()


def run(*command):
    subprocess.run(command, check=True)


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    {"far": be_far, "near": be_near}.get(sys.argv[1], lambda *rest: become_the_server(sys.argv[1], *rest))(*sys.argv[2:])
