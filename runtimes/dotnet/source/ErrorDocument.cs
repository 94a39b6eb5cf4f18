using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;

namespace Lambent.Runtime
{
    /// <summary>What callers are told of an error, laid out as at AWS.</summary>
    static class ErrorDocument
    {
        /// <summary>A longer document is replaced by one that says so.</summary>
        const int Longest = 256 * 1024;

        const string Own = "at Lambent.Runtime.";

        public static string Of(Exception error)
        {
            string document = Write(error, "") + "\n";
            return document.Length <= Longest
                ? document
                : "{\"errorMessage\": \"Exception exceeded maximum payload size of 256KB.\"}";
        }

        /// <summary>The lines of an error's stack trace, without those of this runtime.</summary>
        public static List<string> Trace(Exception error)
        {
            if (string.IsNullOrEmpty(error.StackTrace))
            {
                return new List<string>();
            }
            var lines = new StackTrace(error, true).ToString().Split('\n').Select(line => line.Trim());
            var trace = lines.Where(line => line.Length > 0).TakeWhile(line => !IsOwn(line)).ToList();
            // It would be between the function's frames and those of this runtime.
            if (trace.Count > 0 && trace[trace.Count - 1].StartsWith("--- "))
            {
                trace.RemoveAt(trace.Count - 1);
            }
            return trace;
        }

        /// <summary>Whether a line is of this runtime, or of how it calls the function in the words of the various versions of .NET.</summary>
        public static bool IsOwn(string line)
        {
            return line.StartsWith(Own)
                || line.StartsWith("at System.RuntimeMethodHandle.InvokeMethod(")
                || line.StartsWith("at InvokeStub_")
                || line.StartsWith("at System.Reflection.MethodBaseInvoker.")
                || line.StartsWith("at System.Reflection.MethodInvoker.")
                || line.StartsWith("at System.Reflection.RuntimeMethodInfo.");
        }

        static string Write(Exception error, string indent)
        {
            string inner = indent + "  ";
            var members = new List<string>
            {
                inner + "\"errorType\": " + Json.Quote(error.GetType().Name),
                inner + "\"errorMessage\": " + Json.Quote((error.Message ?? "").Trim()),
            };
            List<string> trace = Trace(error);
            if (trace.Count > 0)
            {
                var lines = trace.Select(line => inner + "  " + Json.Quote(line));
                members.Add(inner + "\"stackTrace\": [\n" + string.Join(",\n", lines) + "\n" + inner + "]");
            }
            if (error.InnerException != null)
            {
                members.Add(inner + "\"cause\": " + Write(error.InnerException, inner));
            }
            var many = error as AggregateException;
            if (many != null && many.InnerExceptions.Count > 0)
            {
                var causes = many.InnerExceptions.Select(each => inner + "  " + Write(each, inner + "  "));
                members.Add(inner + "\"causes\": [\n" + string.Join(",\n", causes) + "\n" + inner + "]");
            }
            return "{\n" + string.Join(",\n", members) + "\n" + indent + "}";
        }
    }
}
