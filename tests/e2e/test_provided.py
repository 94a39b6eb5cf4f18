"""Functions that bring their own program: `provided.al2023` with a `bootstrap` file."""

import subprocess

import pytest

from kit import host

SHELL = """
#!/bin/bash
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while true; do
    exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}"
    printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: runtime\\r\\n\\r\\n' >&3
    length=0
    while IFS=$'\\r' read -r line _ <&3 && [ -n "$line" ]; do
        case "${line,,}" in
            lambda-runtime-aws-request-id:*) id="${line#*: }" ;;
            content-length:*) length="${line#*: }" ;;
        esac
    done
    IFS= read -r -N "$length" event <&3
    exec 3>&-
    echo "handling $_HANDLER in $PWD"
    answer="{\\"echo\\":$event}"
    exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}"
    printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: runtime\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%s' \\
        "$id" "${#answer}" "$answer" >&3
    cat <&3 >/dev/null
    exec 3>&-
done
"""

C = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int dial(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9001), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) exit(3);
    return fd;
}
static void ask(const char *request, char *answer, size_t room) {
    int fd = dial();
    size_t used = 0;
    ssize_t got;
    if (write(fd, request, strlen(request)) < 0) exit(4);
    while (used + 1 < room && (got = read(fd, answer + used, room - 1 - used)) > 0) used += got;
    answer[used] = 0;
    close(fd);
}
int main(void) {
    static char answer[65536], request[4096], id[64];
    for (;;) {
        ask("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n", answer, sizeof answer);
        char *header = strcasestr(answer, "lambda-runtime-aws-request-id: ");
        if (!header || sscanf(strchr(header, ' '), " %36s", id) != 1) return 5;
        snprintf(request, sizeof request,
            "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: r\r\nConnection: close\r\n"
            "Content-Length: 8\r\n\r\n\"static\"", id);
        ask(request, answer, sizeof answer);
    }
}
"""


def test_a_shell_script_is_a_runtime(provided):
    function = provided(SHELL, handler="some.name")
    for number in range(3):
        answer = function.invoke({"n": number})
        assert answer.error is None, answer
        assert answer.value == {"echo": {"n": number}}
        assert "handling some.name in /var/task" in answer.log


def test_a_static_program_is_a_runtime(provided, tmp_path):
    (tmp_path / "bootstrap.c").write_text(C)
    compiler = host.need("gcc")
    command = [compiler, "-D_GNU_SOURCE", "-O1", "-static", "-o", tmp_path / "bootstrap", tmp_path / "bootstrap.c"]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode != 0:
        pytest.skip(f"gcc cannot link statically here: {built.stderr.strip().splitlines()[-1]}")
    function = provided((tmp_path / "bootstrap").read_bytes())
    assert function.invoke().value == "static"
    assert function.invoke().value == "static"


def test_a_package_without_bootstrap_has_an_invalid_entrypoint(make):
    answer = make({"other": "x"}, "provided.al2023", "any").invoke()
    assert answer.error == "Unhandled"
    assert answer.value["errorType"] == "Runtime.InvalidEntrypoint"
    assert answer.value["errorMessage"].startswith(f"RequestId: {answer.request_id} Error: ")


def test_a_bootstrap_that_cannot_be_executed_has_an_invalid_entrypoint(provided):
    answer = provided("#!/bin/sh\n", mode=0o644).invoke()
    assert answer.error == "Unhandled"
    assert answer.value["errorType"] == "Runtime.InvalidEntrypoint"


def test_a_bootstrap_that_fails_is_reported_with_its_status(provided):
    answer = provided("#!/bin/sh\nexit 127\n").invoke()
    assert answer.error == "Unhandled"
    assert answer.value == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {answer.request_id} Error: Runtime exited with error: exit status 127",
    }
