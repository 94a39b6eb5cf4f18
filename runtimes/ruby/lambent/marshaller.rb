require 'json'
require 'stringio'

module AwsLambda
  # What a handler is given and how its result is written. Functions may put their own methods in the place of these, as at AWS.
  class Marshaller
    class << self
      # The event: parsed if it is JSON, else as it came.
      def marshall_request(raw_request)
        raw_request['Content-Type'] == 'application/json' ? JSON.parse(raw_request.body) : raw_request.body
      end

      # The result as JSON; a stream with the content type that says it is none.
      def marshall_response(method_response)
        case method_response
        when StringIO, IO then [method_response, 'application/unknown']
        else method_response.to_json
        end
      end
    end
  end
end
