using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Lambent.Runtime
{
    /// <summary>Finds what a handler's name means: ASSEMBLY::TYPE::METHOD.</summary>
    sealed class Loader
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;
        const string Form = " The valid format is 'ASSEMBLY::TYPE::METHOD'.";

        readonly Era era;
        readonly AssemblyName assembly;
        readonly string type;
        readonly string method;

        Loader(string handler, Era era)
        {
            this.era = era;
            if (string.IsNullOrWhiteSpace(handler))
            {
                throw Refuse("Empty lambda function handler." + Form);
            }
            string[] parts = handler.Split(new[] { "::" }, 3, StringSplitOptions.None).Select(part => part.Trim()).ToArray();
            if (parts.Length != 3)
            {
                throw Refuse("Invalid lambda function handler: '" + handler + "'." + Form);
            }
            string[] names = { "assembly", "type", "method" };
            int missing = Array.FindIndex(parts, part => part.Length == 0);
            if (missing >= 0)
            {
                throw Refuse("Invalid lambda function handler: '" + handler + "', the " + names[missing] + " is missing." + Form);
            }
            assembly = new AssemblyName(parts[0]);
            type = parts[1];
            method = parts[2];
        }

        /// <summary>Loads the function and makes its object.</summary>
        public static Handler Load(string handler, Era era)
        {
            try
            {
                return new Loader(handler, era).Load();
            }
            catch (LambdaValidationException error)
            {
                if (era.IsFirst)
                {
                    throw new LambdaException(error.Message, null);
                }
                throw;
            }
        }

        Handler Load()
        {
            Assembly loaded = LoadAssembly();
            Type found = loaded.GetType(type);
            if (found == null)
            {
                throw Refuse("Unable to load type '" + type + "' from assembly '" + assembly + "'.");
            }
            MethodInfo handling = FindMethod(found);
            Shape.Check(handling);
            Shape.Check(found, handling);
            object target = Make(found, handling);
            var serializer = Serializer.Of(handling, loaded);
            return new Handler(handling, target, serializer, assembly.ToString(), type, era);
        }

        Assembly LoadAssembly()
        {
            try
            {
                return Assembly.Load(assembly);
            }
            catch (FileNotFoundException error)
            {
                throw Refuse("Could not find the specified handler assembly with the file name '" + error.FileName
                    + "'. The assembly should be located in the root of your uploaded .zip file.");
            }
            catch (Exception)
            {
                throw Refuse("Unable to load assembly '" + assembly + "'.");
            }
        }

        /// <summary>By its name, or by its whole signature where it has overloads; of the type, else of one that it extends.</summary>
        MethodInfo FindMethod(Type from)
        {
            for (Type at = from; at != null; at = at.BaseType)
            {
                MethodInfo[] all = at.GetMethods(All);
                var named = all.Where(each => each.Name == method).ToList();
                if (named.Select(each => each.ToString()).Distinct().Count() > 1)
                {
                    throw Refuse("The method '" + method + "' in type '" + at.FullName + "' appears to have a number of overloads. To call this"
                        + " method please specify a complete method signature. Possible candidates are:\n" + string.Join("\n", named) + ".");
                }
                MethodInfo found = named.FirstOrDefault() ?? all.FirstOrDefault(each => each.ToString() == method);
                if (found != null)
                {
                    return found;
                }
            }
            throw Refuse("Unable to find method '" + method + "' in type '" + type + "' from assembly '" + assembly
                + "': Found no methods matching method name '" + method + "'.");
        }

        object Make(Type found, MethodInfo handling)
        {
            if (handling.IsStatic)
            {
                // What it does belongs to the initialisation.
                RuntimeHelpers.RunClassConstructor(found.TypeHandle);
                return null;
            }
            try
            {
                return Activator.CreateInstance(found);
            }
            catch (TargetInvocationException error)
            {
                if (era.IsFirst)
                {
                    throw new LambdaException("An exception was thrown when the constructor for type '" + type
                        + "' was invoked. Check inner exception for more details.", error);
                }
                throw;
            }
        }

        static Exception Refuse(string message)
        {
            return new LambdaValidationException(message);
        }
    }
}
