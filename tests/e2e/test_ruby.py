"""What the developer guide's chapter on Ruby promises: handlers of each form, context object, logging, errors."""

import json
import re

import pytest
from kit import host
from kit.zips import package


@pytest.fixture
def ruby(make):
    """`ruby(source)` is a function whose handler is `handler` in that source, of whatever version of Ruby this host has."""
    found = re.search(r"^ *ruby3\.4 +([0-9.]+) ", host.tell("runtimes", "list"), re.M)
    if not found:
        pytest.skip("this host has no ruby interpreter")

    def create(source, **options):
        options.setdefault("Timeout", 30)
        return make({"function.rb": source}, "ruby3.4", options.pop("handler", "function.handler"), **options)

    create.version = found[1]
    return create


@pytest.mark.parametrize(
    "handler, source",
    [
        ("function.handler", "def handler(event:, context:)\n  event['key1']\nend"),
        ("function.Plain.process", "class Plain\n  def self.process(event:, context:)\n    event['key1']\n  end\nend"),
        (
            "function.LambdaFunctions::Handler.process",
            "module LambdaFunctions\n  class Handler\n    def self.process(event:,context:)\n      event['key1']\n    end\n  end\nend",
        ),
    ],
    ids=["method", "class", "module"],
)
def test_each_form_of_handler_answers(ruby, handler, source):
    answer = ruby(source, handler=handler).invoke({"key1": "värde"})
    assert answer.error is None and answer.value == "värde"


def test_the_context_tells_who_and_how_long(ruby):
    function = ruby("""
        def handler(event:, context:)
          { name: context.function_name, version: context.function_version, arn: context.invoked_function_arn,
            memory: context.memory_limit_in_mb, request: context.aws_request_id, group: context.log_group_name,
            stream: context.log_stream_name, left: context.get_remaining_time_in_millis, deadline: context.deadline_ms }
        end
        """)
    answer = function.invoke()
    context = answer.value
    assert context["name"] == function.name and context["version"] == "$LATEST" and context["memory"] == "128"
    assert context["arn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"
    assert context["request"] == answer.request_id and context["group"] == f"/aws/lambda/{function.name}"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", context["stream"])
    assert 20_000 < context["left"] <= 30_000 < context["deadline"]


def test_the_log_has_what_was_put_and_what_was_logged(ruby):
    function = ruby("""
        require 'logger'
        def handler(event:, context:)
          puts "## EVENT"
          puts event
          Logger.new($stdout).info('ünformed')
        end
        """)
    answer = function.invoke({"a": 1})
    assert "## EVENT\n" in answer.log
    assert re.search(rf"^I, \[[^]]+\]  INFO {answer.request_id} -- : ünformed$", answer.log, re.M)


def test_an_error_is_told_with_its_frames(ruby):
    function = ruby("def inner\n  raise ArgumentError, 'no'\nend\ndef handler(event:, context:)\n  inner\nend")
    answer = function.invoke()
    assert answer.error == "Unhandled" and list(answer.value) == ["errorMessage", "errorType", "stackTrace"]
    assert (answer.value["errorMessage"], answer.value["errorType"]) == ("no", "Function<ArgumentError>")
    assert [re.match(r"/var/task/function\.rb:(\d):in ", frame)[1] for frame in answer.value["stackTrace"]] == ["2", "5"]
    assert "Error raised from handler method\n" in answer.log


def test_the_function_goes_on_after_an_exit(ruby):
    function = ruby("COUNT = [0]\ndef handler(event:, context:)\n  exit(7) if event['leave']\n  COUNT[0] += 1\nend")
    assert function.invoke().value == 1
    answer = function.invoke({"leave": True})
    assert answer.error == "Unhandled" and answer.value["errorType"] == "Function<SystemExit>"
    assert function.invoke().value == 1


def test_what_cannot_be_loaded_is_an_init_error(ruby):
    answer = ruby("require 'none/such'").invoke()
    assert answer.error == "Unhandled" and answer.value["errorType"] == "Init<LoadError>"
    assert answer.value["errorMessage"].startswith("cannot load such file -- none/such")


def test_libraries_and_gems_of_a_layer_are_found(ruby, aws):
    specification = 'Gem::Specification.new { |s| s.name = "greet"; s.version = "1.0"; s.summary = "x"; s.authors = ["x"]; s.files = [] }\n'
    layer = aws.publish_layer_version(
        LayerName="ruby-gems",
        Content={
            "ZipFile": package(
                {
                    "ruby/lib/shout.rb": "SHOUT = 'loud'\n",
                    "ruby/gems/3.4.0/specifications/greet-1.0.gemspec": specification,
                    "ruby/gems/3.4.0/gems/greet-1.0/lib/greet.rb": "GREET = 'hello'\n",
                }
            )
        },
    )["LayerVersionArn"]
    function = ruby("require 'shout'\nrequire 'greet'\ndef handler(event:, context:)\n  [SHOUT, GREET]\nend", Layers=[layer])
    assert function.invoke().value == ["loud", "hello"]


def test_another_version_in_its_place_says_so(ruby, lambent):
    answer = ruby("def handler(event:, context:)\n  RUBY_VERSION\nend").invoke()
    assert f"{answer.value}.".startswith(f"{ruby.version}.")
    assert answer.value.startswith("3.4.") or f"[LAMBENT] ruby3.4 is run by {ruby.version}\n" in lambent.log()


def test_a_function_cannot_tell_whether_ruby_was_started_ahead(fresh_lambent):
    from kit import functions
    from kit.eventually import eventually

    source = """
        require 'json'
        EARLY = File.binread('/proc/self/environ').include?('LAMBENT_HANDOVER_FD')
        SEEN = { environment: ENV.to_h, directory: Dir.pwd, path: $LOAD_PATH, gems: Gem.path, zone: Time.now.zone, program: $0,
                 text: ENV['STAGE'].encoding.to_s, external: Encoding.default_external.to_s, globals: global_variables.sort,
                 constants: Object.constants.sort, mine: Object.private_instance_methods.grep(/rehears/),
                 loaded: $LOADED_FEATURES.grep(/rehears/) }
        def handler(event:, context:)
          { early: EARLY, seen: SEEN }
        end
        """
    own = {"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"}
    own |= {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "_X_AMZN_TRACE_ID"}

    def start(server):
        function = functions.create(
            server.client(), {"function.rb": source}, "ruby3.4", "function.handler", Timeout=30,
            Environment={"Variables": {"STAGE": "ünï=x", "TZ": "Asia/Tokyo"}},
        )
        told = function.invoke({}).value
        told["seen"]["environment"] = {name: value for name, value in told["seen"]["environment"].items() if name not in own}
        return told

    def early(server):
        told = start(server)
        return told if told["early"] else None

    if "ruby" not in re.findall(r"\(/\S*/(ruby)[0-9.]*\)", host.tell("runtimes", "list")):
        pytest.skip("this host has no ruby interpreter")
    usual = start(fresh_lambent("--prestarted", "0"))
    assert not usual["early"] and usual["seen"]["external"] == usual["seen"]["text"] == "UTF-8"
    server = fresh_lambent()
    ahead = eventually(lambda: early(server), within=60, what="a Ruby that was started before its function")
    assert json.dumps(ahead["seen"], sort_keys=True) == json.dumps(usual["seen"], sort_keys=True)
