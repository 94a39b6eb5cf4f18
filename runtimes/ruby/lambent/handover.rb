module Lambent
  # Waits for the function, where Ruby was started before it was known.
  module Handover
    VARIABLE = 'LAMBENT_HANDOVER_FD'.freeze

    module_function

    # Whether Ruby was started before its function was known.
    def ahead?
      ENV.key?(VARIABLE)
    end

    # Returns once this process has its function's directory and variables.
    def take
      pipe = IO.for_fd(ENV[VARIABLE].to_i, 'rb')
      words = pipe.read
      pipe.close
      exit!(0) if words.empty?
      words = words.force_encoding(Encoding::UTF_8).split("\0")
      ENV.replace(words.drop(1).map { |word| word.split('=', 2) }.to_h)
      Dir.chdir(words.first)
      # Where gems are was read of the variables that Ruby was started with.
      Gem.clear_paths
    end
  end
end
