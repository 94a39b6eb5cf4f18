"""Functions whose code is a container image."""

from scenario import package, scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaImages")

VARIABLES = {"Variables": {"CUSTOM_ENV": "test"}}


def image(s, repository="an-image"):
    return f"{s.account}.dkr.ecr.{s.region}.amazonaws.com/{repository}:latest"


def create(s, name, **parameters):
    """Creates a function from an image."""
    code = {"ImageUri": image(s)}
    none = {"Runtime": None, "Handler": None}
    return s.create(name, PackageType="Image", Code=code, Environment=VARIABLES, **none, **parameters)


def look(s, name, what, when=""):
    suffix = f"-{when}" if when else ""
    s.step(f"get-function-code-{what}response{suffix}", s.ask.get_function(FunctionName=name))
    found = s.ask.get_function_configuration(FunctionName=name)
    s.step(f"get-function-config-{what}response{suffix}", found)


@recorded("test_lambda_image_crud")
def life(s):
    name = s.name()
    s.step("create-image-response", create(s, name))
    s.active(name)
    look(s, name, "")
    zipped = s.ask.update_function_code(FunctionName=name, ZipFile=package())
    s.step("image-to-zipfile-error", zipped)
    other = s.ask.update_function_code(FunctionName=name, ImageUri=image(s, "another-image"))
    s.step("update-function-code-response", other)
    s.active(name)
    look(s, name, "", "after-update")


@recorded("test_lambda_image_and_image_config_crud")
def overrides(s):
    name = s.name()
    config = {"EntryPoint": ["sh"], "Command": ["-c", "echo test"], "WorkingDirectory": "/app1"}
    s.step("create-image-with-config-response", create(s, name, ImageConfig=config))
    s.active(name)
    look(s, name, "with-config-")
    changes = {
        ("update-function-code-response", "after-update"): {"Command": ["-c", "echo test1"], "WorkingDirectory": "/app1"},
        ("update-function-code-delete-imageconfig-response", "after-delete-imageconfig"): {},
    }
    for (step, when), config in changes.items():
        s.step(step, s.ask.update_function_configuration(FunctionName=name, ImageConfig=config))
        s.active(name)
        look(s, name, "", when)


@recorded("test_lambda_zip_file_to_image")
def an_archive_stays_one(s):
    name = s.name()
    s.step("create-image-response", s.create(name, Handler="handler.handler"))
    s.active(name)
    look(s, name, "")
    answer = s.ask.update_function_code(FunctionName=name, ImageUri=image(s))
    s.step("zipfile-to-image-error", answer)
    look(s, name, "", "after-update")


@recorded("test_lambda_image_versions")
def versions(s):
    name = s.name()
    s.step("create_image_response", create(s, name, Publish=True))
    s.active(name)
    s.step("get_function_result", s.ask.get_function(FunctionName=name))
    s.step("list_versions_result", s.ask.list_versions_by_function(FunctionName=name))
    for which, ordinal in ("first", "Second"), ("second", "Third"):
        described = s.ask.update_function_configuration(FunctionName=name, Description=f"{ordinal} version :)")
        s.step(f"{which}_update_response", described)
        s.active(name)
        s.step(f"{which}_update_get_function", s.ask.get_function(FunctionName=name))
        if which == "first":
            s.step("invalid_sha_publish", s.ask.publish_version(FunctionName=name, CodeSha256="a" * 64))
        published = s.ask.publish_version(FunctionName=name, Description=f"{ordinal} version description :)")
        s.step(f"{which}_publish_response", published)
