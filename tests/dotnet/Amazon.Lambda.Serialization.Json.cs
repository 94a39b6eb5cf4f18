// A stand-in for tests, of the public shape of AWS's package; see README.md.
using System;
using System.IO;
using System.Reflection;
using System.Runtime.ExceptionServices;
using Amazon.Lambda.Core;

namespace Amazon.Lambda.Serialization.Json
{
    /// <summary>By reflection: the compiler has no DataContractJsonSerializer to refer to.</summary>
    public class JsonSerializer : ILambdaSerializer
    {
        const string Name = "System.Runtime.Serialization.Json";
        static readonly Assembly Library = Assembly.Load(new AssemblyName(Name));
        static readonly Type Json = Library.GetType(Name + ".DataContractJsonSerializer", true);
        static readonly Type Settings = Library.GetType(Name + ".DataContractJsonSerializerSettings", true);

        public T Deserialize<T>(Stream requestStream)
        {
            return (T)Call("ReadObject", new[] { typeof(Stream) }, typeof(T), requestStream);
        }

        public void Serialize<T>(T response, Stream responseStream)
        {
            Call("WriteObject", new[] { typeof(Stream), typeof(object) }, typeof(T), responseStream, response);
        }

        static object Call(string name, Type[] types, Type subject, params object[] arguments)
        {
            object settings = Activator.CreateInstance(Settings);
            Settings.GetProperty("UseSimpleDictionaryFormat").SetValue(settings, true, null);
            try
            {
                return Json.GetMethod(name, types).Invoke(Activator.CreateInstance(Json, subject, settings), arguments);
            }
            catch (TargetInvocationException error)
            {
                ExceptionDispatchInfo.Capture(error.InnerException).Throw();
                throw;
            }
        }
    }
}
