require 'socket'

module Lambent
  # An invocation as it came: what `AwsLambda::Marshaller.marshall_request` is given.
  class Request
    attr_reader :body

    def initialize(headers, body)
      @headers = headers
      @body = body
    end

    # The value of a header, whatever the case of its name.
    def [](name)
      @headers[name.downcase]
    end
  end

  # Speaks the Runtime API over one raw keep-alive connection: net/http alone takes longer to load than everything here together.
  class Client
    VERSION = '/2018-06-01/runtime/'.freeze
    NEXT = "GET #{VERSION}invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n".freeze
    # Up to here a head and its body are sent in one piece.
    JOIN_LIMIT = 65_536

    def initialize(address)
      @host, _, @port = address.rpartition(':')
      @socket = nil
      @post = nil
    end

    # Sends the answer that was kept, if any, and waits for an invocation.
    def next
      post = @post
      @post = nil
      begin
        write([*post, NEXT])
        receive if post
        receive
      rescue SystemCallError, IOError
        # An answer that was refused in midstream, for its size, may cost the connection.
        @socket = nil
        write([NEXT])
        receive
      end
    end

    # Keeps the response or the error (`kind`) to an invocation, to be sent together with the request for the next one.
    def answer(request_id, kind, headers, body)
      @post = post("invocation/#{request_id}/#{kind}", headers, body)
    end

    # Sends the answer that was kept, for a process that is about to end.
    def flush
      return unless @post

      write(@post)
      @post = nil
      receive
    end

    # Reports that the function cannot be initialised.
    def init_error(headers, body)
      write(post('init/error', headers, body))
      receive
    end

    private

    def post(path, headers, body)
      lines = headers.map { |name, value| "#{name}: #{value}\r\n" }.join
      head = "POST #{VERSION}#{path} HTTP/1.1\r\nHost: lambda\r\n#{lines}Content-Length: #{body.bytesize}\r\n\r\n"
      [head.b, body.b]
    end

    def write(parts)
      @socket ||= connect
      whole = parts.sum(&:bytesize) <= JOIN_LIMIT
      (whole ? [parts.join] : parts).each { |part| @socket.write(part) }
    end

    def connect
      socket = TCPSocket.new(@host, @port.to_i)
      socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
      socket.sync = true
      socket
    end

    def receive
      raise EOFError unless @socket.gets("\r\n")

      headers = {}
      while (line = @socket.gets("\r\n", chomp: true)) && !line.empty?
        name, _, value = line.partition(':')
        headers[name.downcase] = value.strip.force_encoding(Encoding::UTF_8)
      end
      length = headers['content-length'].to_i
      body = length.zero? ? +'' : @socket.read(length)
      raise EOFError if body.nil? || body.bytesize < length

      Request.new(headers, body.force_encoding(Encoding::UTF_8))
    end
  end
end
