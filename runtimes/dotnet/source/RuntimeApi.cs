using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Lambent.Runtime
{
    /// <summary>The Runtime API, over one connection that is kept.</summary>
    sealed class RuntimeApi
    {
        const string Base = "/2018-06-01/runtime/";

        readonly string authority;
        readonly Socket socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        readonly byte[] buffer = new byte[16384];
        int begin;
        int end;

        public RuntimeApi(string authority)
        {
            this.authority = authority;
            int colon = authority.LastIndexOf(':');
            socket.Connect(new IPEndPoint(IPAddress.Parse(authority.Substring(0, colon)), int.Parse(authority.Substring(colon + 1))));
        }

        /// <summary>Waits for the next invocation, however long.</summary>
        public Invocation Next()
        {
            Send("GET " + Base + "invocation/next HTTP/1.1\r\nHost: " + authority + "\r\n\r\n", new ArraySegment<byte>(new byte[0]));
            return Receive();
        }

        public void Respond(string requestId, ArraySegment<byte> result)
        {
            Post("invocation/" + requestId + "/response", "", result);
        }

        public void Fail(string requestId, string errorType, string document)
        {
            Post("invocation/" + requestId + "/error", "Lambda-Runtime-Function-Error-Type: " + Ascii(errorType) + "\r\n", Bytes(document));
        }

        public void FailToStart(string document)
        {
            Post("init/error", "", Bytes(document));
        }

        void Post(string path, string header, ArraySegment<byte> body)
        {
            string head = "POST " + Base + path + " HTTP/1.1\r\nHost: " + authority
                + "\r\nContent-Type: application/json\r\n" + header + "Content-Length: " + body.Count + "\r\n\r\n";
            Send(head, body);
            // What was refused, such as a result that is too large, has been reported by who refused it.
            Receive();
        }

        /// <summary>Head and body go together: the other side would wait for the rest of a packet that is not full.</summary>
        void Send(string head, ArraySegment<byte> body)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(head);
            byte[] all = new byte[bytes.Length + body.Count];
            Buffer.BlockCopy(bytes, 0, all, 0, bytes.Length);
            Buffer.BlockCopy(body.Array, body.Offset, all, bytes.Length, body.Count);
            for (int sent = 0; sent < all.Length;)
            {
                sent += socket.Send(all, sent, all.Length - sent, SocketFlags.None);
            }
        }

        Invocation Receive()
        {
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            Line();
            for (string line = Line(); line.Length > 0; line = Line())
            {
                int colon = line.IndexOf(':');
                headers[line.Substring(0, colon)] = line.Substring(colon + 1).Trim();
            }
            string length;
            headers.TryGetValue("Content-Length", out length);
            return new Invocation(headers, Read(length == null ? 0 : int.Parse(length)));
        }

        string Line()
        {
            var line = new MemoryStream();
            for (int letter = Byte(); letter != '\n'; letter = Byte())
            {
                line.WriteByte((byte)letter);
            }
            return Encoding.UTF8.GetString(line.ToArray()).TrimEnd('\r');
        }

        byte[] Read(int length)
        {
            var all = new byte[length];
            int buffered = Math.Min(end - begin, length);
            Buffer.BlockCopy(buffer, begin, all, 0, buffered);
            begin += buffered;
            for (int read = buffered; read < length;)
            {
                read += Some(all, read, length - read);
            }
            return all;
        }

        int Byte()
        {
            if (begin == end)
            {
                end = Some(buffer, 0, buffer.Length);
                begin = 0;
            }
            return buffer[begin++];
        }

        int Some(byte[] into, int offset, int length)
        {
            int some = socket.Receive(into, offset, length, SocketFlags.None);
            if (some == 0)
            {
                throw new EndOfStreamException("The Runtime API has ended the connection.");
            }
            return some;
        }

        static ArraySegment<byte> Bytes(string text)
        {
            return new ArraySegment<byte>(Encoding.UTF8.GetBytes(text));
        }

        static string Ascii(string text)
        {
            return Encoding.ASCII.GetString(Encoding.ASCII.GetBytes(text));
        }
    }
}
