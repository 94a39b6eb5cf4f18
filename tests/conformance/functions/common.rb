# Does what its event asks for: fails, calls AWS, tells what it sees of itself, or returns the event.
require 'json'
require 'net/http'

CONTEXT = %w[aws_request_id function_name function_version invoked_function_arn log_group_name log_stream_name memory_limit_in_mb].freeze

# The names of the account's functions.
def listed
  credential = "AWS4-HMAC-SHA256 Credential=#{ENV['AWS_ACCESS_KEY_ID']}/20260101/#{ENV['AWS_REGION']}/lambda/aws4_request"
  headers = { 'Authorization' => "#{credential}, SignedHeaders=host, Signature=#{'0' * 64}" }
  url = URI(ENV['AWS_ENDPOINT_URL'] + '/2015-03-31/functions')
  answer = Net::HTTP.start(url.host, url.port) { |api| api.get(url.path, headers) }
  JSON.parse(answer.body)['Functions'].map { |each| each['FunctionName'] }
end

def handler(event:, context:)
  return event unless event.is_a?(Hash) && event.key?('common')

  case event['common']
  when 'fail' then raise 'Error: ' + event['message']
  when 'call' then { functions: listed }
  else
    told = CONTEXT.map { |name| [name, context.send(name)] }.to_h
    told['remaining_time_in_millis'] = context.get_remaining_time_in_millis
    { ctx: told, environment: ENV.to_h, packages: Dir.children('/opt') }
  end
end
