using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.ExceptionServices;

namespace Lambent.Runtime
{
    /// <summary>The serializer that an attribute of the function names.</summary>
    sealed class Serializer
    {
        public const string Attribute = "Amazon.Lambda.Core.LambdaSerializerAttribute";
        const string Face = "Amazon.Lambda.Core.ILambdaSerializer";

        readonly Type face;

        /// <summary>The function's object.</summary>
        public readonly object Object;

        Serializer(object serializer, Type face)
        {
            Object = serializer;
            this.face = face;
        }

        /// <summary>The one of the method, else the one of the assembly, else none.</summary>
        public static Serializer Of(MethodInfo method, Assembly assembly)
        {
            object attribute = method.GetCustomAttributes(false).FirstOrDefault(Names)
                ?? assembly.GetCustomAttributes(false).FirstOrDefault(Names);
            return attribute == null ? null : Make(attribute);
        }

        static bool Names(object attribute)
        {
            for (Type type = attribute.GetType(); type != null; type = type.BaseType)
            {
                if (type.FullName == Attribute)
                {
                    return true;
                }
            }
            return false;
        }

        static Serializer Make(object attribute)
        {
            string name = attribute.GetType().FullName;
            PropertyInfo property = attribute.GetType().GetProperty("SerializerType");
            if (property == null)
            {
                throw Refuse("The '" + name + "' class is invalid: no 'SerializerType' property detected.");
            }
            var type = property.GetValue(attribute, null) as Type;
            if (type == null)
            {
                throw Refuse("The 'SerializerType' property on attribute class '" + name + "' is not set.");
            }
            ConstructorInfo constructor = type.GetConstructor(Type.EmptyTypes);
            if (constructor == null)
            {
                throw Refuse("The indicated serializer '" + type.FullName + "' does not define a public zero-parameter constructor.");
            }
            Type face = type.GetInterface(Face);
            if (face == null)
            {
                throw Refuse("The '" + type.FullName + "' class is invalid: it does not implement the 'ILambdaSerializer' interface.");
            }
            return new Serializer(constructor.Invoke(null), face);
        }

        /// <summary>What makes an object of this type from a stream.</summary>
        public Func<Stream, object> Reader(Type type)
        {
            MethodInfo read = face.GetMethod("Deserialize").MakeGenericMethod(type);
            return stream => Call(read, Object, stream);
        }

        /// <summary>What writes an object of this type to a stream.</summary>
        public Action<object, Stream> Writer(Type type)
        {
            MethodInfo write = face.GetMethod("Serialize").MakeGenericMethod(type);
            return (value, stream) => Call(write, Object, value, stream);
        }

        /// <summary>Calls a method of the function's; what it throws is thrown as if nothing were between.</summary>
        public static object Call(MethodInfo method, object target, params object[] arguments)
        {
            try
            {
                return method.Invoke(target, arguments);
            }
            catch (TargetInvocationException error)
            {
                ExceptionDispatchInfo.Capture(error.InnerException).Throw();
                throw;
            }
        }

        static Exception Refuse(string message)
        {
            return new LambdaValidationException(message);
        }
    }
}
