using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;

namespace Lambent.Runtime
{
    /// <summary>The function's assemblies.</summary>
    static class Assemblies
    {
        const string Core = "Amazon.Lambda.Core";

        /// <summary>
        /// Gives the function's Amazon.Lambda.Core the log as soon as it is loaded, and helps where the host has found no assembly:
        /// those that no list of dependencies names are beside the function's own, and where an older .NET stands in its assemblies are
        /// older than the function asks for.
        /// </summary>
        public static void Install(Log log)
        {
            AppDomain.CurrentDomain.AssemblyLoad += (_, loaded) =>
            {
                if (loaded.LoadedAssembly.GetName().Name == Core)
                {
                    log.Install(loaded.LoadedAssembly);
                }
            };
            AppDomain.CurrentDomain.AssemblyResolve += (_, wanted) => Resolve(new AssemblyName(wanted.Name));
        }

        static Assembly Resolve(AssemblyName wanted)
        {
            string root = Environment.GetEnvironmentVariable("LAMBDA_TASK_ROOT") ?? "/var/task";
            string file = Path.Combine(root, wanted.Name + ".dll");
            if (File.Exists(file))
            {
                return Assembly.LoadFrom(file);
            }
            // Without its version: whichever is there.
            if (wanted.Version == null || !Looking.Add(wanted.Name))
            {
                return null;
            }
            try
            {
                return Assembly.Load(new AssemblyName(wanted.Name));
            }
            catch (IOException)
            {
                return null;
            }
            finally
            {
                Looking.Remove(wanted.Name);
            }
        }

        [ThreadStatic] static HashSet<string> looking;

        static HashSet<string> Looking
        {
            get { return looking ?? (looking = new HashSet<string>()); }
        }
    }
}
