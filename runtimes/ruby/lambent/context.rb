require 'json'

# The second argument of a handler. Its name and its attributes are AWS's: functions print them.
class LambdaContext
  attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name, :function_name,
              :memory_limit_in_mb, :function_version, :identity, :client_context, :deadline_ms

  def initialize(request)
    @clock_diff = milliseconds(Process::CLOCK_REALTIME) - milliseconds(Process::CLOCK_MONOTONIC)
    @deadline_ms = request['Lambda-Runtime-Deadline-Ms'].to_i
    @aws_request_id = request['Lambda-Runtime-Aws-Request-Id']
    @invoked_function_arn = request['Lambda-Runtime-Invoked-Function-Arn']
    @log_group_name = ENV['AWS_LAMBDA_LOG_GROUP_NAME']
    @log_stream_name = ENV['AWS_LAMBDA_LOG_STREAM_NAME']
    @function_name = ENV['AWS_LAMBDA_FUNCTION_NAME']
    @memory_limit_in_mb = ENV['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
    @function_version = ENV['AWS_LAMBDA_FUNCTION_VERSION']
    identity = request['Lambda-Runtime-Cognito-Identity']
    @identity = JSON.parse(identity) if identity
    client_context = request['Lambda-Runtime-Client-Context']
    @client_context = JSON.parse(client_context) if client_context
  end

  def get_remaining_time_in_millis
    left = @deadline_ms - (milliseconds(Process::CLOCK_MONOTONIC) + @clock_diff)
    left > 0 ? left : 0
  end

  private

  def milliseconds(clock)
    Process.clock_gettime(clock, :millisecond)
  end
end
