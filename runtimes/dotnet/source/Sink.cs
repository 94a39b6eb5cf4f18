using System;
using System.IO;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Lambent.Runtime
{
    /// <summary>Where events go: framed, so that each is one event of the log however many lines it has.</summary>
    sealed class Sink
    {
        const uint Text = 0xa55a0003;
        const uint Json = 0xa55a0002;
        const int Head = 16;

        /// <summary>Microseconds from the beginning of .NET's time to that of Unix.</summary>
        const long Epoch = 62135596800000000;

        readonly Stream stream;
        readonly bool framed;

        Sink(Stream stream, bool framed)
        {
            this.stream = stream;
            this.framed = framed;
        }

        /// <summary>The descriptor that the environment has for it, else standard output.</summary>
        public static Sink Open()
        {
            int descriptor;
            if (!int.TryParse(Environment.GetEnvironmentVariable("_LAMBDA_TELEMETRY_LOG_FD"), out descriptor))
            {
                return new Sink(Console.OpenStandardOutput(), false);
            }
            var handle = new SafeFileHandle(new IntPtr(descriptor), false);
            return new Sink(new FileStream(handle, FileAccess.Write, 1), true);
        }

        public void Write(string message, bool isJson)
        {
            int size = Encoding.UTF8.GetByteCount(message);
            int head = framed ? Head : 0;
            if (size == 0)
            {
                return;
            }
            var all = new byte[head + size];
            Encoding.UTF8.GetBytes(message, 0, message.Length, all, head);
            if (framed)
            {
                Put(all, 0, 4, isJson ? Json : Text);
                Put(all, 4, 4, size);
                Put(all, 8, 8, DateTime.UtcNow.Ticks / 10 - Epoch);
            }
            lock (stream)
            {
                stream.Write(all, 0, all.Length);
                stream.Flush();
            }
        }

        static void Put(byte[] into, int offset, int length, long number)
        {
            for (int at = length - 1; at >= 0; at--, number >>= 8)
            {
                into[offset + at] = (byte)number;
            }
        }
    }
}
