package lambent.runtime;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Speaks the Runtime API over one raw keep-alive connection: the JDK's HTTP client alone takes longer to load than all that is here. */
final class RuntimeApi {
    private static final byte[] NEXT = bytes("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n");
    private static final byte[] NOTHING = {};

    private final String address;
    private Socket socket;
    private InputStream in;
    private OutputStream out;
    private final byte[] buffer = new byte[8192];
    private int begin;
    private int end;
    private byte[] post = NOTHING;

    RuntimeApi(String address) {
        this.address = address;
    }

    /** Sends what was answered last together with the request for the next invocation, and waits for that. */
    Invocation next() throws IOException {
        byte[] answer = post;
        post = NOTHING;
        try {
            send(answer, NEXT);
            if (answer.length > 0) {
                receive();
            }
            return receive();
        } catch (IOException refused) {
            // An answer that was refused in midstream, for its size, may cost the connection.
            close();
            send(NOTHING, NEXT);
            return receive();
        }
    }

    /** Keeps the result of an invocation. */
    void respond(String requestId, byte[] body, int length) {
        post = post("invocation/" + requestId + "/response", null, body, length);
    }

    /** Keeps the error of an invocation. */
    void fail(String requestId, String type, byte[] body) {
        post = post("invocation/" + requestId + "/error", type, body, body.length);
    }

    /** Sends what is kept: no other invocation is asked for. */
    void flush() throws IOException {
        send(post, NOTHING);
        post = NOTHING;
        receive();
    }

    /** Reports that the function cannot be initialised. */
    void initError(String type, byte[] body) throws IOException {
        send(post("init/error", type, body, body.length), NOTHING);
        receive();
    }

    private static byte[] post(String path, String errorType, byte[] body, int length) {
        String head = "POST /2018-06-01/runtime/" + path + " HTTP/1.1\r\nHost: lambda\r\nContent-Type: application/json\r\n"
                + (errorType == null ? "" : "Lambda-Runtime-Function-Error-Type: " + errorType + "\r\n")
                + "Content-Length: " + length + "\r\n\r\n";
        byte[] start = bytes(head);
        byte[] all = java.util.Arrays.copyOf(start, start.length + length);
        System.arraycopy(body, 0, all, start.length, length);
        return all;
    }

    private void send(byte[] first, byte[] second) throws IOException {
        if (socket == null) {
            connect();
        }
        byte[] all = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        out.write(all);
    }

    private void connect() throws IOException {
        int colon = address.lastIndexOf(':');
        int port = Integer.parseInt(address.substring(colon + 1));
        socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getByName(address.substring(0, colon)), port));
        in = socket.getInputStream();
        out = socket.getOutputStream();
        begin = 0;
        end = 0;
    }

    private void close() {
        try {
            socket.close();
        } catch (IOException gone) {
            // It is not used any more.
        }
        socket = null;
    }

    private Invocation receive() throws IOException {
        line();
        Map<String, String> headers = new HashMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).trim());
        }
        String length = headers.get("content-length");
        return new Invocation(headers, body(length == null ? 0 : Integer.parseInt(length)));
    }

    private String line() throws IOException {
        byte[] line = NOTHING;
        while (true) {
            for (int at = begin; at < end; at++) {
                if (buffer[at] == '\n') {
                    line = joined(line, at - begin);
                    begin = at + 1;
                    int length = line.length > 0 && line[line.length - 1] == '\r' ? line.length - 1 : line.length;
                    return new String(line, 0, length, StandardCharsets.UTF_8);
                }
            }
            line = joined(line, end - begin);
            fill();
        }
    }

    private byte[] joined(byte[] before, int length) {
        byte[] all = java.util.Arrays.copyOf(before, before.length + length);
        System.arraycopy(buffer, begin, all, before.length, length);
        return all;
    }

    private void fill() throws IOException {
        begin = 0;
        end = in.read(buffer);
        if (end < 0) {
            end = 0;
            throw new EOFException("the Runtime API closed the connection");
        }
    }

    private byte[] body(int length) throws IOException {
        byte[] body = new byte[length];
        int filled = Math.min(length, end - begin);
        System.arraycopy(buffer, begin, body, 0, filled);
        begin += filled;
        while (filled < length) {
            int count = in.read(body, filled, length - filled);
            if (count < 0) {
                throw new EOFException("the Runtime API closed the connection");
            }
            filled += count;
        }
        return body;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
