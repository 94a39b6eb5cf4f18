using System;

namespace Lambent.Runtime
{
    /// <summary>What is wrong with a function's handler, by the name that AWS's runtimes give it since .NET Core 3.1.</summary>
    sealed class LambdaValidationException : Exception
    {
        public LambdaValidationException(string message) : base(message)
        {
        }
    }

    /// <summary>What is wrong with a function's handler or its constructor, as AWS's runtimes had it up to .NET Core 2.1.</summary>
    sealed class LambdaException : Exception
    {
        public LambdaException(string message, Exception cause) : base(message, cause)
        {
        }
    }
}
