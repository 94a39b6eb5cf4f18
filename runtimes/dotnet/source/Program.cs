using System;

namespace Lambent.Runtime
{
    /// <summary>Initialises the function, then runs its invocations one after another.</summary>
    static class Program
    {
        const string TraceVariable = "_X_AMZN_TRACE_ID";

        /// <summary>Ends with the environment, by the function's own exit, or because the initialisation failed.</summary>
        static int Main(string[] arguments)
        {
            var api = new RuntimeApi(Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API"));
            var era = Era.Now();
            var log = new Log(era);
            log.Install();
            Assemblies.Install(log);
            Handler handler;
            try
            {
                handler = Loader.Load(arguments[0], era);
            }
            catch (Exception error)
            {
                log.Error(error);
                api.FailToStart(ErrorDocument.Of(error));
                return 1;
            }
            Serve(api, handler, log);
            return 0;
        }

        static void Serve(RuntimeApi api, Handler handler, Log log)
        {
            while (true)
            {
                Invocation invocation = api.Next();
                Environment.SetEnvironmentVariable(TraceVariable, invocation.TraceId);
                log.Begin(invocation);
                Answer(api, handler, log, invocation);
            }
        }

        static void Answer(RuntimeApi api, Handler handler, Log log, Invocation invocation)
        {
            ArraySegment<byte> result;
            try
            {
                result = handler.Handle(invocation, log);
            }
            catch (Exception error)
            {
                log.Error(error);
                api.Fail(invocation.RequestId, error.GetType().Name, ErrorDocument.Of(error));
                return;
            }
            api.Respond(invocation.RequestId, result);
        }
    }
}
