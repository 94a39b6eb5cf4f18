using System;

namespace Lambent.Runtime
{
    /// <summary>What AWS's runtimes for .NET came to do differently as time went by.</summary>
    sealed class Era
    {
        /// <summary>Lines of the console begin with a time and the request, and events have levels: since .NET 6.</summary>
        public readonly bool HasLevels;

        /// <summary>What goes wrong at the start is a LambdaException, and errors are logged shortly: up to .NET Core 2.1.</summary>
        public readonly bool IsFirst;

        /// <summary>What a task throws is reported in the AggregateException around it.</summary>
        public readonly bool Aggregates;

        Era(bool hasLevels, bool isFirst, bool aggregates)
        {
            HasLevels = hasLevels;
            IsFirst = isFirst;
            Aggregates = aggregates;
        }

        /// <summary>By the runtime that the function names, whichever runs it.</summary>
        public static Era Now()
        {
            string runtime = Environment.GetEnvironmentVariable("AWS_EXECUTION_ENV") ?? "";
            bool isFirst = runtime.Contains("dotnetcore1.") || runtime.Contains("dotnetcore2.");
            string unwrap = Environment.GetEnvironmentVariable("UNWRAP_AGGREGATE_EXCEPTIONS");
            bool unwraps = unwrap == "1" || string.Equals(unwrap, "true", StringComparison.OrdinalIgnoreCase);
            return new Era(!runtime.Contains("dotnetcore"), isFirst, isFirst && !unwraps);
        }
    }
}
