using System;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Text;

namespace Lambent.Runtime
{
    /// <summary>The levels of Amazon.Lambda.Core, by their names there.</summary>
    enum Level
    {
        Trace,
        Debug,
        Information,
        Warning,
        Error,
        Critical,
    }

    /// <summary>
    /// The function's log: of the console, of LambdaLogger and of the context's logger; in text or JSON, or as it comes in runtimes that
    /// are older than levels.
    /// </summary>
    sealed class Log
    {
        static readonly string[] Labels = { "trce", "dbug", "info", "warn", "fail", "crit" };
        static readonly object[] None = new object[0];

        readonly Era era;
        readonly Sink sink = Sink.Open();
        readonly bool json;
        readonly bool bare;
        readonly Level least;
        volatile string requestId = "";
        volatile string traceId;

        public Log(Era era)
        {
            this.era = era;
            string format = Chosen("FORMAT");
            json = era.HasLevels && format.Equals("JSON", StringComparison.OrdinalIgnoreCase);
            bare = !era.HasLevels || format.Equals("Unformatted", StringComparison.OrdinalIgnoreCase);
            least = Least(Chosen("LEVEL"));
        }

        static string Chosen(string what)
        {
            return Environment.GetEnvironmentVariable("AWS_LAMBDA_HANDLER_LOG_" + what)
                ?? Environment.GetEnvironmentVariable("AWS_LAMBDA_LOG_" + what) ?? "";
        }

        static Level Least(string name)
        {
            switch (name.ToUpperInvariant())
            {
                case "WARN": return Level.Warning;
                case "FATAL": return Level.Critical;
            }
            Level level;
            return Enum.TryParse(name, true, out level) ? level : Level.Information;
        }

        /// <summary>Lines of the console become events of this log, where the runtime has it so.</summary>
        public void Install()
        {
            if (era.HasLevels)
            {
                Console.SetOut(new LogWriter(this, sink, Level.Information));
                Console.SetError(new LogWriter(this, sink, Level.Error));
            }
        }

        /// <summary>Gives it to the LambdaLogger of the function's Amazon.Lambda.Core.</summary>
        public void Install(Assembly core)
        {
            Type logger = core.GetType("Amazon.Lambda.Core.LambdaLogger");
            Set(logger, "_loggingAction", new Action<string>(message => Write(null, null, message, None)));
            Set(logger, "_loggingWithLevelAction", new Action<string, string, object[]>((level, message, arguments) =>
                Write(level, null, message, arguments)));
            Set(logger, "_loggingWithLevelAndExceptionAction", new Action<string, Exception, string, object[]>(Write));
        }

        static void Set(Type logger, string name, Delegate action)
        {
            FieldInfo field = logger == null ? null : logger.GetField(name, BindingFlags.NonPublic | BindingFlags.Static);
            if (field != null && field.FieldType.IsInstanceOfType(action))
            {
                field.SetValue(null, action);
            }
        }

        /// <summary>From now on events belong to this invocation.</summary>
        public void Begin(Invocation invocation)
        {
            requestId = invocation.RequestId;
            traceId = invocation.TraceId;
        }

        /// <summary>Logs an error that ends an invocation or the initialisation.</summary>
        public void Error(Exception error)
        {
            Write(Level.Error.ToString(), error, null, None);
        }

        /// <summary>Answers as the context's ILambdaLogger: Log, LogLine, and a method for each level.</summary>
        public object Answer(string method, object[] arguments)
        {
            if (method == "Log" && arguments.Length == 1)
            {
                sink.Write((string)arguments[0] ?? "", false);
                return null;
            }
            int at = 0;
            string level = Level.Information.ToString();
            if (method == "Log")
            {
                level = Convert.ToString(arguments[at++]);
            }
            else if (method != "LogLine")
            {
                level = method.Substring("Log".Length);
            }
            var error = arguments[at] as Exception;
            if (error != null || arguments[at] == null && at + 1 < arguments.Length && arguments[at + 1] is string)
            {
                at++;
            }
            var message = (string)arguments[at++];
            Write(level, error, message, at < arguments.Length ? (object[])arguments[at] : None);
            return null;
        }

        /// <summary>Writes an event, if its level is not too low.</summary>
        public void Write(string name, Exception error, string template, object[] arguments)
        {
            Level level = Level.Information;
            bool hasLevel = name != null && Enum.TryParse(name, true, out level);
            if (era.HasLevels && hasLevel && level < least)
            {
                return;
            }
            var message = new LogMessage(template ?? "", arguments ?? None);
            string text = json ? Structured(level, error, message) : Joined(message.Text, error);
            string prefix = json || bare ? "" : Now() + "\t" + requestId + "\t" + Label(name, hasLevel, level);
            sink.Write(prefix + text + "\n", json);
        }

        static string Label(string name, bool hasLevel, Level level)
        {
            return string.IsNullOrEmpty(name) ? "" : (hasLevel ? Labels[(int)level] : name) + "\t";
        }

        static string Now()
        {
            return DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        }

        string Joined(string message, Exception error)
        {
            if (error == null)
            {
                return message;
            }
            return (message.Length == 0 ? "" : message + "\n") + (era.IsFirst ? Short(error) : Whole(error));
        }

        static string Short(Exception error)
        {
            var lines = ErrorDocument.Trace(error).Select(line => "   " + line);
            return string.Join("\n", new[] { error.Message + ": " + error.GetType().Name }.Concat(lines));
        }

        /// <summary>As .NET writes it, without the frames of this runtime.</summary>
        static string Whole(Exception error)
        {
            var lines = error.ToString().Split('\n').Where(line => !ErrorDocument.IsOwn(line.Trim()));
            return string.Join("\n", lines);
        }

        string Structured(Level level, Exception error, LogMessage message)
        {
            var written = new StringBuilder("{\"timestamp\":").Append(Json.Quote(Now()));
            written.Append(",\"level\":").Append(Json.Quote(level.ToString()));
            if (requestId.Length > 0)
            {
                written.Append(",\"requestId\":").Append(Json.Quote(requestId));
            }
            if (!string.IsNullOrEmpty(traceId))
            {
                written.Append(",\"traceId\":").Append(Json.Quote(traceId));
            }
            written.Append(",\"message\":").Append(Json.Quote(message.Text));
            foreach (var member in message.Members)
            {
                written.Append(',').Append(Json.Quote(member.Key)).Append(':').Append(member.Value);
            }
            if (error != null)
            {
                var lines = Whole(error).Split('\n').Select(line => Json.Quote(line.Trim()));
                written.Append(",\"errorType\":").Append(Json.Quote(error.GetType().FullName));
                written.Append(",\"errorMessage\":").Append(Json.Quote(error.Message ?? ""));
                written.Append(",\"stackTrace\":[").Append(string.Join(",", lines)).Append(']');
            }
            return written.Append('}').ToString();
        }
    }
}
