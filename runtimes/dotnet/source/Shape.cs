using System;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Lambent.Runtime
{
    /// <summary>Which methods can be handlers, in AWS's words.</summary>
    static class Shape
    {
        public static void Check(MethodInfo method)
        {
            string cannot = "The method '" + method + "' cannot be used as a Lambda Handler because it is ";
            if (method.IsAbstract)
            {
                throw Refuse(cannot + "an abstract method. Handler methods cannot be abstract. Please specify a non-abstract handler method.");
            }
            if (method.IsGenericMethod)
            {
                throw Refuse(cannot + "a generic method. Handler methods cannot be generic. Please specify a non-generic handler method.");
            }
            if (method.ReturnType == typeof(void) && method.IsDefined(typeof(AsyncStateMachineAttribute), false))
            {
                throw Refuse(cannot + "an 'async void' method. Handler methods cannot be 'async void'."
                    + " Please specify a method that is not 'async void'.");
            }
            ParameterInfo last = method.GetParameters().LastOrDefault();
            if (last != null && last.IsDefined(typeof(ParamArrayAttribute), false))
            {
                throw Refuse(cannot + "a 'params' method. Please specify a method that does not use 'params'.");
            }
            if ((method.CallingConvention & CallingConventions.VarArgs) == CallingConventions.VarArgs)
            {
                throw Refuse(cannot + "a 'vararg (variable arguments)' method. Please specify a method that is not 'vararg'.");
            }
        }

        public static void Check(Type type, MethodInfo method)
        {
            if (type.IsGenericType)
            {
                throw Refuse("The type '" + type.FullName + "' cannot be used as a Lambda Handler type because it is generic. Handler methods"
                    + " cannot be located in generic types. Please specify a handler method in a non-generic type.");
            }
            if (!method.IsStatic && type.IsAbstract)
            {
                throw Refuse("The instance method '" + method + "' cannot be used as a Lambda Handler because its type '" + type.FullName
                    + "' is abstract. Please either use a static handler or specify a type that is not abstract.");
            }
            bool isStruct = type.IsValueType && !type.IsPrimitive && !type.IsEnum;
            if (!type.IsClass && !isStruct)
            {
                throw Refuse("The type '" + type.FullName + "' cannot be used as a handler type since it is not a class or a struct."
                    + " Please specify a handler method on a class or struct.");
            }
        }

        static Exception Refuse(string message)
        {
            return new LambdaValidationException(message);
        }
    }
}
