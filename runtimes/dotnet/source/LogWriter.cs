using System;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading.Tasks;

namespace Lambent.Runtime
{
    /// <summary>The console: what is written with the end of a line becomes an event of the log, the rest passes as it is.</summary>
    sealed class LogWriter : TextWriter
    {
        static readonly object[] None = new object[0];

        readonly Log log;
        readonly Sink sink;
        readonly string level;

        public LogWriter(Log log, Sink sink, Level level) : base(CultureInfo.InvariantCulture)
        {
            this.log = log;
            this.sink = sink;
            this.level = level.ToString();
        }

        public override Encoding Encoding
        {
            get { return Encoding.UTF8; }
        }

        void Event(string text)
        {
            log.Write(level, null, text, None);
        }

        void Event(IFormattable value)
        {
            Event(value.ToString(null, FormatProvider));
        }

        public override void Write(char value) { sink.Write(value.ToString(), false); }
        public override void Write(string value) { sink.Write(value ?? "", false); }
        public override void Write(char[] buffer, int index, int count) { sink.Write(new string(buffer, index, count), false); }

        public override void WriteLine() { Event(""); }
        public override void WriteLine(string value) { Event(value); }
        public override void WriteLine(object value) { Event(value == null ? "" : Convert.ToString(value, FormatProvider)); }
        public override void WriteLine(char value) { Event(value.ToString()); }
        public override void WriteLine(char[] buffer) { Event(buffer == null ? "" : new string(buffer)); }
        public override void WriteLine(char[] buffer, int index, int count) { Event(new string(buffer, index, count)); }
        public override void WriteLine(bool value) { Event(value ? "True" : "False"); }
        public override void WriteLine(int value) { Event((IFormattable)value); }
        public override void WriteLine(uint value) { Event((IFormattable)value); }
        public override void WriteLine(long value) { Event((IFormattable)value); }
        public override void WriteLine(ulong value) { Event((IFormattable)value); }
        public override void WriteLine(float value) { Event((IFormattable)value); }
        public override void WriteLine(double value) { Event((IFormattable)value); }
        public override void WriteLine(decimal value) { Event((IFormattable)value); }
        public override void WriteLine(string format, object arg0) { Event(string.Format(FormatProvider, format, arg0)); }
        public override void WriteLine(string format, object arg0, object arg1) { Event(string.Format(FormatProvider, format, arg0, arg1)); }
        public override void WriteLine(string format, params object[] arg) { Event(string.Format(FormatProvider, format, arg)); }

        public override void WriteLine(string format, object arg0, object arg1, object arg2)
        {
            Event(string.Format(FormatProvider, format, arg0, arg1, arg2));
        }

        public override Task WriteLineAsync() { return Done(() => WriteLine()); }
        public override Task WriteLineAsync(string value) { return Done(() => WriteLine(value)); }
        public override Task WriteLineAsync(char value) { return Done(() => WriteLine(value)); }

        public override Task WriteLineAsync(char[] buffer, int index, int count)
        {
            return Done(() => WriteLine(buffer, index, count));
        }

        static Task Done(Action action)
        {
            action();
            return Task.FromResult(true);
        }
    }
}
