"""How large code, requests and environments may be."""

import os

from scenario import archive, archive_of, scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaSizeLimits")

UNZIPPED = 262_144_000
ZIPPED = 52_428_800
REQUEST = 70_167_211


def zeros(size):
    """A small archive that is large when unpacked."""
    return {"ZipFile": archive({"index.py": bytes(size)})}


@recorded("test_oversized_lambda")
def too_large_unpacked_in_2022(s):
    s.step("invalid_param_exc", s.create(s.name(), Code=zeros(UNZIPPED + 1)))


@recorded("test_oversized_unzipped_lambda")
def too_large_unpacked(s):
    s.step("invalid_param_exc", s.create(s.name(), Code=zeros(UNZIPPED + 1)))


@recorded("test_large_lambda")
def just_small_enough(s):
    created = s.create(s.name(), Handler="handler.handler", Timeout=10, Code=zeros(UNZIPPED - 1024))
    s.step("create_function_large_zip", created)


@recorded("test_oversized_zipped_create_lambda")
def too_large_packed(s):
    s.step("invalid_param_exc", s.create(s.name(), Code={"ZipFile": archive_of(ZIPPED + 1)}))


@recorded("test_oversized_request_create_lambda")
def too_large_a_request(s):
    s.step("invalid_param_exc", s.create(s.name(), Code={"ZipFile": os.urandom(REQUEST * 3 // 4)}))


def environment(**sizes):
    """Variables of so many `x`s, or of a word."""
    return {"Variables": {name: size if isinstance(size, str) else "x" * size for name, size in sizes.items()}}


@recorded("test_large_environment_variables_fails")
def one_variable_too_large(s):
    s.step("failed_create_fn_result", s.create(s.name(), Environment=environment(LARGE_VAR=4081)))


@recorded("test_large_environment_fails_multiple_keys")
def two_variables_too_large(s):
    answer = s.create(s.name(), Environment=environment(SMALL_VAR="ok", LARGE_VAR=4064))
    s.step("failured_create_fn_result_multi_key", answer)


@recorded("test_lambda_envvars_near_limit_succeeds")
def one_variable_small_enough(s):
    s.step("successful_create_fn_result", s.fixture(s.name(), Environment=environment(LARGE_VAR=4080)))
