require 'json'

module Lambent
  # Failures, and the documents that report them.
  module Faults
    HERE = File.dirname(__dir__) + '/'
    FRAMES = 100
    # Classes that AWS names in the header; of others it says that they are the user's.
    NAMED = %w[ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit SystemStackError].freeze
    OTHER = 'Function<UserException>'.freeze

    module_function

    # The error document, its keys in AWS's order. `phase` is "Function" or "Init".
    def document(error, phase)
      { 'errorMessage' => text(error.message), 'errorType' => "#{phase}<#{error.class}>", 'stackTrace' => frames(error) }
    end

    # The header that tells the platform what happened.
    def headers(error, phase)
      type = NAMED.include?(error.class.to_s) ? "#{phase}<#{error.class}>" : OTHER
      { 'Content-Type' => 'application/json', 'Lambda-Runtime-Function-Error-Type' => type }
    end

    # Whether the process ends with it, as at AWS: what is no StandardError, and names that do not exist.
    def critical?(error)
      error.is_a?(NameError) || !error.is_a?(StandardError)
    end

    # UTF-8, whatever the error was worded in.
    def text(message)
      text = message.to_s
      text = text.dup.force_encoding(Encoding::UTF_8) if [Encoding::BINARY, Encoding::US_ASCII].include?(text.encoding)
      text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub
    end

    # The function's frames, up to the first that is the runtime's own.
    def frames(error)
      lines = (error.backtrace_locations || []).first(FRAMES).map(&:to_s)
      lines.take_while { |line| !line.start_with?(HERE) }.map { |line| text(line) }
    end
  end
end
