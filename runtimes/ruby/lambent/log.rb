require 'json'
require 'logger'

module Lambent
  # Log lines that name the request, as text or as JSON, of the standard library's Logger and of uncaught errors.
  module Log
    STAMP = '%Y-%m-%dT%H:%M:%S.%LZ'.freeze

    class << self
      attr_accessor :request_id

      def json?
        ENV.fetch('AWS_LAMBDA_LOG_FORMAT', '').casecmp('JSON').zero?
      end

      # The least level that a Logger writes unless it is told another.
      def level
        wanted = ENV.fetch('AWS_LAMBDA_LOG_LEVEL', '').downcase
        { 'trace' => 'debug' }.fetch(wanted, wanted)[/\A(debug|info|warn|error|fatal)\z/] || 'debug'
      end

      # Logs an error that nobody rescued.
      def uncaught(title, document)
        if json?
          fields = { 'timestamp' => Time.now.utc.strftime(STAMP), 'level' => 'ERROR', 'message' => title, 'requestId' => request_id }
          write(JSON.generate(fields.compact.merge(document)))
        else
          write("#{title}\n#{JSON.pretty_generate(document)}")
        end
      end

      private

      def write(text)
        $stdout.write(text + "\n")
      end
    end
  end

  # Loggers that write to the log, rather than to a file, get AWS's formatter and the function's level.
  module Logging
    def initialize(logdev, *arguments, level: nil, formatter: nil, **options)
      ours = logdev.equal?($stdout) || logdev.equal?($stderr)
      options[:level] = level || (ours ? Log.level : ::Logger::DEBUG)
      options[:formatter] = formatter if formatter
      super(logdev, *arguments, **options)
      @default_formatter = Log.json? ? JsonLogFormatter.new : LambdaLogFormatter.new if ours
    end
  end
end

# The line of a Logger, with the request in it. Its name is AWS's.
class LambdaLogFormatter < Logger::Formatter
  def call(severity, time, progname, message)
    line = format('%s, [%s #%d] %5s %s -- %s: %s', severity[0], format_datetime(time), $$, severity, Lambent::Log.request_id, progname,
                  msg2str(message))
    line.encode(Encoding::UTF_8, invalid: :replace, undef: :replace) + "\n"
  end
end

# The line of a Logger as one JSON object.
class JsonLogFormatter < Logger::Formatter
  def call(severity, time, progname, message)
    fields = {
      'timestamp' => time.getutc.strftime(Lambent::Log::STAMP),
      'level' => severity,
      'message' => Lambent::Faults.text(message.is_a?(Exception) ? message.message : msg2str(message)),
      'logger' => progname,
      'requestId' => Lambent::Log.request_id
    }
    fields.update(error(message)) if message.is_a?(Exception)
    JSON.generate(fields.compact) + "\n"
  end

  private

  def error(error)
    trace = (error.backtrace || []).map { |line| Lambent::Faults.text(line) }
    { 'errorType' => error.class.to_s, 'errorMessage' => Lambent::Faults.text(error.message), 'stackTrace' => trace, 'location' => trace.first }
  end
end
Logger.prepend(Lambent::Logging)
