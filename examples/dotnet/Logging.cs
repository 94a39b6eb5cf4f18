using System;
using Amazon.Lambda.Core;

namespace Example
{
    /// <summary>Example::Example.Logging::Write: the ways to log.</summary>
    public class Logging
    {
        public void Write(ILambdaContext context)
        {
            Console.WriteLine("from the console\nin two lines");
            Console.Error.WriteLine("from standard error");
            LambdaLogger.Log("from LambdaLogger");
            context.Logger.LogLine("from the context");
#if !FIRST
            context.Logger.LogTrace("below the level");
            context.Logger.LogInformation("with a level");
            context.Logger.LogWarning("with a higher one");
            context.Logger.LogInformation("{count} of {product}", 2, "tea");
            context.Logger.LogError(new InvalidOperationException("no tea"), "cannot serve {guest}", "Ada");
#endif
        }
    }
}
