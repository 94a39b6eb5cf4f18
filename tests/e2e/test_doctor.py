"""What the program tells about itself, the host and its options."""

import subprocess

from kit import host
from kit.server import environment


def run(*arguments, **variables):
    return subprocess.run(
        [host.binary(), *arguments], capture_output=True, text=True, timeout=30, env={**environment(), **variables}
    )


def test_the_doctor_tells_what_is_enforced_and_how_to_fix_the_rest(tmp_path):
    told = run("doctor", "--data-dir", str(tmp_path / "data"))
    assert told.returncode == 0
    for what in (
        "user namespace", "mount namespace", "pid namespace", "network namespace", "ipc namespace", "uts namespace",
        "memory limit", "processor share", "limit on processes", "seccomp", "landlock",
    ):  # fmt: skip
        line = next(line for line in told.stdout.splitlines() if what in line)
        assert line.split()[0] in ("enforced", "ABSENT")
    lines = told.stdout.splitlines()
    for line, after in zip(lines, lines[1:]):
        assert not line.strip().startswith("ABSENT") or after.strip().startswith("fix: ")
    assert "python3" in told.stdout and "nodejs" in told.stdout
    assert str(tmp_path / "data") in told.stdout


def test_every_runtime_is_listed_with_what_was_found(tmp_path):
    told = run("runtimes", "list", "--data-dir", str(tmp_path / "data"))
    listed = {line.split()[0]: line for line in told.stdout.splitlines()}
    assert {"python3.12", "nodejs20.x", "provided.al2023", "java21", "dotnet8", "ruby3.3", "go1.x"} <= set(listed)
    assert "own program" in listed["provided.al2023"]
    assert "not available" in listed["dotnet8"]


def test_help_explains_each_option():
    told = run("serve", "--help").stdout
    for option in ("--listen", "--data-dir", "--config", "--runtime-support", "--function-logs"):
        assert option in told and "LAMBENT_" + option[2:].replace("-", "_").upper() in told


def test_health_is_json(lambent):
    health = lambent.health()
    assert health["status"] == "ok" and health["version"]
    assert isinstance(health["environments"], int) and isinstance(health["pendingEvents"], int)


def test_an_option_that_does_not_exist_is_named(tmp_path):
    (tmp_path / "lambent.toml").write_text('lissten = "127.0.0.1:0"\n')
    told = run("serve", "--config", str(tmp_path / "lambent.toml"))
    assert told.returncode != 0 and "lissten" in told.stderr


def test_an_address_that_others_can_reach_needs_credentials(tmp_path):
    told = run("serve", "--listen", "0.0.0.0:0", "--data-dir", str(tmp_path / "data"))
    assert told.returncode != 0 and "credentials" in told.stderr


def test_a_data_directory_has_one_server(lambent):
    told = run("serve", "--listen", "127.0.0.1:0", "--data-dir", str(lambent.data))
    assert told.returncode != 0 and told.stderr.strip()
    assert lambent.health()["status"] == "ok"


def test_variables_and_the_file_say_what_flags_say(fresh_lambent, tmp_path):
    (tmp_path / "lambent.toml").write_text('runtime-support = "aws"\nfunction-logs = true\n')
    server = fresh_lambent("--config", str(tmp_path / "lambent.toml"))
    client = server.client()
    try:
        client.create_function(FunctionName="f", Runtime="python2.7", Handler="f.f", Role="arn:aws:iam::000000000000:role/r",
                               Code={"ZipFile": b"PK"})  # fmt: skip
    except client.exceptions.InvalidParameterValueException as refused:
        assert "python2.7" in str(refused)
    else:
        raise AssertionError("a runtime that AWS has given up was accepted")
