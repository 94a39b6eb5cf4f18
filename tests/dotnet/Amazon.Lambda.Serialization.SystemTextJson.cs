// A stand-in for tests, of the public shape of AWS's package; see README.md.
using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Text;
using Amazon.Lambda.Core;

namespace Amazon.Lambda.Serialization.SystemTextJson
{
    public class JsonSerializerException : Exception
    {
        public JsonSerializerException(string message, Exception cause) : base(message, cause)
        {
        }
    }

    /// <summary>By reflection: the compiler has no System.Text.Json to refer to.</summary>
    public class DefaultLambdaJsonSerializer : ILambdaSerializer
    {
        static readonly Type Json = Type.GetType("System.Text.Json.JsonSerializer, System.Text.Json", true);
        static readonly Type Options = Json.Assembly.GetType("System.Text.Json.JsonSerializerOptions", true);

        public T Deserialize<T>(Stream requestStream)
        {
            string text = new StreamReader(requestStream, Encoding.UTF8).ReadToEnd();
            var options = Activator.CreateInstance(Options);
            Options.GetProperty("PropertyNameCaseInsensitive").SetValue(options, true, null);
            try
            {
                return (T)Call("Deserialize", new[] { typeof(string), typeof(Type), Options }, text, typeof(T), options);
            }
            catch (Exception error)
            {
                throw new JsonSerializerException("Error converting the Lambda event JSON payload to type " + typeof(T).FullName + ": " + error.Message, error);
            }
        }

        public void Serialize<T>(T response, Stream responseStream)
        {
            object text = Call("Serialize", new[] { typeof(object), typeof(Type), Options }, response, typeof(T), null);
            byte[] bytes = Encoding.UTF8.GetBytes((string)text);
            responseStream.Write(bytes, 0, bytes.Length);
        }

        static object Call(string name, Type[] types, params object[] arguments)
        {
            try
            {
                return Json.GetMethod(name, types).Invoke(null, arguments);
            }
            catch (TargetInvocationException error)
            {
                ExceptionDispatchInfo.Capture(error.InnerException).Throw();
                throw;
            }
        }
    }
}
