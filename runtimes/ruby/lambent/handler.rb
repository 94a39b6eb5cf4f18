# The function that is to be called, and the `self` of handlers that are written outside of classes. Its name is AWS's: it is in the
# message about a handler that does not exist.
class LambdaHandler
  FORM = 'must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME corresponds with an existing Ruby source file ' \
         'FILENAME.rb, CLASS is an optional module/class namespace and METHOD is a callable method. If using CLASS, METHOD must be a ' \
         'class-level method.'.freeze
  private_constant :FORM

  attr_reader :handler_file_name, :handler_method_name

  def initialize(env_handler:)
    parts = env_handler.split('.')
    raise ArgumentError, "Invalid handler #{parts}, #{FORM}" unless [2, 3].include?(parts.size)

    @handler_file_name = parts.first
    @handler_class = parts[1] if parts.size == 3
    @handler_method_name = parts.last
  end

  # The body of the response and, where it is no JSON, its content type.
  def call_handler(request:, context:)
    arguments = { event: request, context: context }
    owner = @handler_class ? Kernel.const_get(@handler_class) : self
    result = owner.__send__(@handler_method_name, **arguments)
    AwsLambda::Marshaller.marshall_response(result)
  end
end
