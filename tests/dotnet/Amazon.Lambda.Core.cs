// A stand-in for tests, of the public shape of AWS's package; see README.md.
using System;
using System.Collections.Generic;
using System.IO;

namespace Amazon.Lambda.Core
{
    public interface IClientApplication
    {
        string AppPackageName { get; }
        string AppTitle { get; }
        string AppVersionCode { get; }
        string AppVersionName { get; }
        string InstallationId { get; }
    }

    public interface IClientContext
    {
        IDictionary<string, string> Environment { get; }
        IClientApplication Client { get; }
        IDictionary<string, string> Custom { get; }
    }

    public interface ICognitoIdentity
    {
        string IdentityId { get; }
        string IdentityPoolId { get; }
    }

    public interface ILambdaContext
    {
        string AwsRequestId { get; }
        IClientContext ClientContext { get; }
        string FunctionName { get; }
        string FunctionVersion { get; }
        ICognitoIdentity Identity { get; }
        string InvokedFunctionArn { get; }
        ILambdaLogger Logger { get; }
        string LogGroupName { get; }
        string LogStreamName { get; }
        int MemoryLimitInMB { get; }
        TimeSpan RemainingTime { get; }
#if !FIRST
        string TenantId { get; }
        string TraceId { get; }
        ILambdaSerializer Serializer { get; }
#endif
    }

    public interface ILambdaLogger
    {
        void Log(string message);
        void LogLine(string message);
#if !FIRST
        void Log(string level, string message);
        void Log(string level, string message, params object[] args);
        void Log(string level, Exception exception, string message, params object[] args);
#endif
    }

    public interface ILambdaSerializer
    {
        T Deserialize<T>(Stream requestStream);
        void Serialize<T>(T response, Stream responseStream);
    }

    [AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Method, AllowMultiple = false)]
    public sealed class LambdaSerializerAttribute : Attribute
    {
        public LambdaSerializerAttribute(Type serializerType)
        {
            SerializerType = serializerType;
        }

        public Type SerializerType { get; set; }
    }

    public static class LambdaLogger
    {
#pragma warning disable 0649
        static Action<string> _loggingAction = Console.WriteLine;
#if !FIRST
        static Action<string, string, object[]> _loggingWithLevelAction;
        static Action<string, Exception, string, object[]> _loggingWithLevelAndExceptionAction;
#endif
#pragma warning restore 0649

        public static void Log(string message)
        {
            _loggingAction(message);
        }

#if !FIRST
        public static void Log(LogLevel level, string message, params object[] args)
        {
            _loggingWithLevelAction(level.ToString(), message, args);
        }

        public static void Log(LogLevel level, Exception exception, string message, params object[] args)
        {
            _loggingWithLevelAndExceptionAction(level.ToString(), exception, message, args);
        }
#endif
    }

#if !FIRST
    public enum LogLevel
    {
        Trace,
        Debug,
        Information,
        Warning,
        Error,
        Critical,
    }

    public static class LambdaLoggerLevels
    {
        public static void LogTrace(this ILambdaLogger logger, string message) { logger.Log("Trace", message); }
        public static void LogDebug(this ILambdaLogger logger, string message) { logger.Log("Debug", message); }
        public static void LogInformation(this ILambdaLogger logger, string message) { logger.Log("Information", message); }
        public static void LogWarning(this ILambdaLogger logger, string message) { logger.Log("Warning", message); }
        public static void LogError(this ILambdaLogger logger, string message) { logger.Log("Error", message); }
        public static void LogCritical(this ILambdaLogger logger, string message) { logger.Log("Critical", message); }

        public static void LogInformation(this ILambdaLogger logger, string message, params object[] args)
        {
            logger.Log("Information", message, args);
        }

        public static void LogError(this ILambdaLogger logger, Exception exception, string message, params object[] args)
        {
            logger.Log("Error", exception, message, args);
        }
    }
#endif
}
