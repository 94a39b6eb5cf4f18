require_relative 'client'
require_relative 'context'
require_relative 'faults'
require_relative 'handler'
require_relative 'handover'
require_relative 'log'
require_relative 'marshaller'

module Lambent
  # Initialises the function, then runs its invocations one after another.
  module Loop
    # The locale of the catalogue, by which Ruby takes texts for UTF-8 on hosts without AWS's en_US. Functions do not see it.
    LOCALE = 'C.utf8'.freeze
    # The statuses with which AWS's runtime ends.
    INIT_FAILED = 252
    CRITICAL = 255

    module_function

    # Never returns: the process ends with the environment, after a critical error, or because initialisation failed.
    def run
      $stdout.sync = true
      if Handover.ahead?
        rehearse
        Handover.take
      end
      ENV.delete('LC_CTYPE') if ENV['LC_CTYPE'] == LOCALE
      client = Client.new(ENV['AWS_LAMBDA_RUNTIME_API'])
      handler = load_handler(client)
      loop { invoke(client, handler, wait(client)) }
    end

    def wait(client)
      client.next
    rescue SignalException
      exit(0)
    end

    def load_handler(client)
      root = ENV.fetch('LAMBDA_TASK_ROOT', '/var/task')
      $LOAD_PATH.unshift(root) unless $LOAD_PATH.include?(root)
      handler = LambdaHandler.new(env_handler: ENV.fetch('_HANDLER', ''))
      require handler.handler_file_name
      handler
    rescue Exception => error
      document = Faults.document(error, 'Init')
      Log.uncaught('Init error when loading handler ', document)
      client.init_error(Faults.headers(error, 'Init'), JSON.generate(document))
      exit(INIT_FAILED)
    end

    def invoke(client, handler, request)
      request_id = Log.request_id = request['Lambda-Runtime-Aws-Request-Id']
      trace = request['Lambda-Runtime-Trace-Id']
      ENV['_X_AMZN_TRACE_ID'] = trace if trace
      event = AwsLambda::Marshaller.marshall_request(request)
      body, content_type = handler.call_handler(request: event, context: LambdaContext.new(request))
      body = body.read if content_type == 'application/unknown'
      client.answer(request_id, 'response', { 'Content-Type' => content_type || 'application/json' }, body.to_s)
    rescue Exception => error
      report(client, request_id, error)
    end

    def report(client, request_id, error)
      document = Faults.document(error, 'Function')
      critical = Faults.critical?(error)
      Log.uncaught(critical ? 'Critical exception from handler' : 'Error raised from handler method', document)
      client.answer(request_id, 'error', Faults.headers(error, 'Function'), JSON.generate(document))
      return unless critical

      client.flush
      exit(CRITICAL)
    end

    # One whole invocation before there is a function: what Ruby loads and sets up at first use costs the first real one nothing.
    def rehearse
      headers = { 'content-type' => 'application/json', 'lambda-runtime-aws-request-id' => 'rehearsal' }
      file = File.join(__dir__, 'rehearsed.rb')
      require file
      handler = LambdaHandler.new(env_handler: 'rehearsed.lambent_rehearsed')
      invoke(Audience.new, handler, Request.new(headers, '{"key":"value"}'))
      Object.send(:remove_method, :lambent_rehearsed)
      $LOADED_FEATURES.delete(file)
      Log.request_id = nil
    end

    # Takes the place of the Runtime API in the rehearsal.
    class Audience
      def answer(*); end
    end
  end
end

# AWS's runtime has loaded these, so that functions use them without asking. Here they are loaded once they are used.
autoload :Net, 'net/http'
autoload :URI, 'uri'

module Kernel
  private

  # The library puts its own in this one's place.
  def URI(text)
    require 'uri'
    URI(text)
  end
end
