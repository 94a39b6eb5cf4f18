using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Reflection.Emit;

namespace Lambent.Runtime
{
    /// <summary>What answers the calls of an interface: the method's name and the arguments give the result.</summary>
    public delegate object Answering(string method, object[] arguments);

    /// <summary>
    /// Makes objects of interfaces that only the function's package has, in whatever version. Each method of such an object passes its
    /// name and arguments on.
    /// </summary>
    static class Facade
    {
        const MethodAttributes Implementing =
            MethodAttributes.Public | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.HideBySig | MethodAttributes.NewSlot;

        static readonly Dictionary<Type, Type> Made = new Dictionary<Type, Type>();
        static ModuleBuilder module;

        /// <summary>
        /// An object of the interface. Methods that have an implementation of their own keep it unless `answered` names them.
        /// </summary>
        public static object Of(Type face, Answering answering, params string[] answered)
        {
            Type made;
            lock (Made)
            {
                if (!Made.TryGetValue(face, out made))
                {
                    made = Made[face] = Make(face, answered);
                }
            }
            return Activator.CreateInstance(made, answering);
        }

        static Type Make(Type face, string[] answered)
        {
            if (module == null)
            {
                var name = new AssemblyName("Lambent.Runtime.Facades");
                module = AssemblyBuilder.DefineDynamicAssembly(name, AssemblyBuilderAccess.Run).DefineDynamicModule(name.Name);
            }
            TypeBuilder type = module.DefineType(face.Name + Made.Count, TypeAttributes.Public, typeof(object), new[] { face });
            FieldBuilder answering = type.DefineField("answering", typeof(Answering), FieldAttributes.Private);
            Construct(type, answering);
            var faces = new[] { face }.Concat(face.GetInterfaces());
            foreach (MethodInfo method in faces.SelectMany(each => each.GetMethods()).Where(each => each.IsVirtual))
            {
                if (method.IsAbstract || answered.Contains(method.Name) && !method.IsGenericMethod)
                {
                    Pass(type, answering, method);
                }
            }
            return type.CreateType();
        }

        static void Construct(TypeBuilder type, FieldBuilder answering)
        {
            var parameters = new[] { typeof(Answering) };
            ILGenerator code = type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, parameters).GetILGenerator();
            code.Emit(OpCodes.Ldarg_0);
            code.Emit(OpCodes.Call, typeof(object).GetConstructor(Type.EmptyTypes));
            code.Emit(OpCodes.Ldarg_0);
            code.Emit(OpCodes.Ldarg_1);
            code.Emit(OpCodes.Stfld, answering);
            code.Emit(OpCodes.Ret);
        }

        static void Pass(TypeBuilder type, FieldBuilder answering, MethodInfo method)
        {
            Type[] parameters = method.GetParameters().Select(each => each.ParameterType).ToArray();
            MethodBuilder passing = type.DefineMethod(method.Name, Implementing, method.ReturnType, parameters);
            ILGenerator code = passing.GetILGenerator();
            code.Emit(OpCodes.Ldarg_0);
            code.Emit(OpCodes.Ldfld, answering);
            code.Emit(OpCodes.Ldstr, method.Name);
            code.Emit(OpCodes.Ldc_I4, parameters.Length);
            code.Emit(OpCodes.Newarr, typeof(object));
            for (int at = 0; at < parameters.Length; at++)
            {
                code.Emit(OpCodes.Dup);
                code.Emit(OpCodes.Ldc_I4, at);
                code.Emit(OpCodes.Ldarg, (short)(at + 1));
                code.Emit(OpCodes.Box, parameters[at]);
                code.Emit(OpCodes.Stelem_Ref);
            }
            code.Emit(OpCodes.Callvirt, typeof(Answering).GetMethod("Invoke"));
            code.Emit(method.ReturnType == typeof(void) ? OpCodes.Pop : OpCodes.Nop);
            if (method.ReturnType != typeof(void))
            {
                code.Emit(OpCodes.Unbox_Any, method.ReturnType);
            }
            code.Emit(OpCodes.Ret);
            type.DefineMethodOverride(passing, method);
        }
    }
}
