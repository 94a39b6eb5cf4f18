using System;
using System.IO;
using System.Reflection;
using System.Threading.Tasks;

namespace Lambent.Runtime
{
    /// <summary>A function that is ready to be called.</summary>
    sealed class Handler
    {
        const string Context = "Amazon.Lambda.Core.ILambdaContext";

        readonly MethodInfo method;
        readonly object target;
        readonly Serializer serializer;
        readonly Era era;
        readonly Func<Stream, object> input;
        readonly Type context;
        readonly PropertyInfo taskResult;
        readonly Action<object, Stream> output;

        public Handler(MethodInfo method, object target, Serializer serializer, string assembly, string type, Era era)
        {
            this.method = method;
            this.target = target;
            this.serializer = serializer;
            this.era = era;
            ParameterInfo[] parameters = method.GetParameters();
            Count(parameters, type);
            Type first = parameters.Length > 0 ? parameters[0].ParameterType : null;
            bool takesEvent = first != null && first.FullName != Context;
            context = takesEvent ? (parameters.Length == 2 ? parameters[1].ParameterType : null) : first;
            input = takesEvent ? Input(first, assembly) : null;
            taskResult = TaskResult(method.ReturnType);
            bool isTask = typeof(Task).IsAssignableFrom(method.ReturnType);
            Type result = taskResult != null ? taskResult.PropertyType : isTask ? typeof(void) : method.ReturnType;
            output = result == typeof(void) ? null : Output(result, assembly);
        }

        void Count(ParameterInfo[] parameters, string type)
        {
            string named = "Method '" + method.Name + "' of type '" + type + "' is not supported: the method has ";
            if (parameters.Length > 2)
            {
                throw new LambdaValidationException(named + "more than 2 parameters.");
            }
            if (parameters.Length == 2 && parameters[1].ParameterType.FullName != Context)
            {
                throw new LambdaValidationException(named + "2 parameters, but the second parameter is not of type '" + Context + "'.");
            }
        }

        Func<Stream, object> Input(Type type, string assembly)
        {
            if (type == typeof(Stream))
            {
                return stream => stream;
            }
            Require(type, assembly, "deserialize input");
            return serializer.Reader(type);
        }

        Action<object, Stream> Output(Type type, string assembly)
        {
            if (typeof(Stream).IsAssignableFrom(type))
            {
                return (result, stream) => Copy((Stream)result, stream);
            }
            Require(type, assembly, "serialize output");
            return serializer.Writer(type);
        }

        static void Copy(Stream result, Stream stream)
        {
            if (result != null)
            {
                using (result)
                {
                    result.CopyTo(stream);
                }
            }
        }

        void Require(Type type, string assembly, string purpose)
        {
            if (serializer == null)
            {
                throw new LambdaValidationException("Could not find the LambdaSerializerAttribute on the assembly '" + assembly + "' or method '"
                    + method.Name + "' while attempting to " + purpose + " data of type '" + type.FullName + "'. To use types other than"
                    + " System.IO.Stream as input/output parameters, the assembly or Lambda function should be annotated with "
                    + Serializer.Attribute + ".");
            }
        }

        /// <summary>The result of a Task with one, whichever class of its own it is.</summary>
        static PropertyInfo TaskResult(Type type)
        {
            for (; type != null; type = type.BaseType)
            {
                if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>))
                {
                    return type.GetProperty("Result");
                }
            }
            return null;
        }

        /// <summary>Runs one invocation: what is answered.</summary>
        public ArraySegment<byte> Handle(Invocation invocation, Log log)
        {
            object result = Serializer.Call(method, target, Arguments(invocation, log));
            var task = result as Task;
            if (task != null && typeof(Task).IsAssignableFrom(method.ReturnType))
            {
                Wait(task);
                result = taskResult == null ? null : taskResult.GetValue(task, null);
            }
            var answer = new MemoryStream();
            if (output != null)
            {
                output(result, answer);
            }
            return new ArraySegment<byte>(answer.ToArray());
        }

        object[] Arguments(Invocation invocation, Log log)
        {
            var arguments = new object[method.GetParameters().Length];
            int at = 0;
            if (input != null)
            {
                arguments[at++] = input(new MemoryStream(invocation.Event, 0, invocation.Event.Length, false, true));
            }
            if (context != null)
            {
                arguments[at] = LambdaContext.Of(context, invocation, log, serializer == null ? null : serializer.Object);
            }
            return arguments;
        }

        void Wait(Task task)
        {
            if (era.Aggregates)
            {
                task.Wait();
            }
            else
            {
                task.GetAwaiter().GetResult();
            }
        }
    }
}
