using System.Collections.Generic;
using Amazon.Lambda.Core;

namespace Example
{
    public class Surroundings
    {
        public string AwsRequestId { get; set; }
        public string FunctionName { get; set; }
        public string FunctionVersion { get; set; }
        public string InvokedFunctionArn { get; set; }
        public string LogGroupName { get; set; }
        public string LogStreamName { get; set; }
        public int MemoryLimitInMB { get; set; }
        public int RemainingMillis { get; set; }
        public string AppTitle { get; set; }
        public IDictionary<string, string> Custom { get; set; }
        public IDictionary<string, string> Environment { get; set; }
        public string IdentityId { get; set; }
    }

    /// <summary>Example::Example.Context::Tell: what the context has.</summary>
    public class Context
    {
        public Surroundings Tell(ILambdaContext context)
        {
            IClientApplication client = context.ClientContext.Client;
            return new Surroundings
            {
                AwsRequestId = context.AwsRequestId,
                FunctionName = context.FunctionName,
                FunctionVersion = context.FunctionVersion,
                InvokedFunctionArn = context.InvokedFunctionArn,
                LogGroupName = context.LogGroupName,
                LogStreamName = context.LogStreamName,
                MemoryLimitInMB = context.MemoryLimitInMB,
                RemainingMillis = (int)context.RemainingTime.TotalMilliseconds,
                AppTitle = client == null ? null : client.AppTitle,
                Custom = context.ClientContext.Custom,
                Environment = context.ClientContext.Environment,
                IdentityId = context.Identity.IdentityId,
            };
        }
    }
}
