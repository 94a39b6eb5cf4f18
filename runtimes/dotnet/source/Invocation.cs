using System;
using System.Collections.Generic;

namespace Lambent.Runtime
{
    /// <summary>One event, and what the Runtime API tells about it.</summary>
    sealed class Invocation
    {
        static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

        readonly Dictionary<string, string> headers;

        public readonly byte[] Event;

        public Invocation(Dictionary<string, string> headers, byte[] payload)
        {
            this.headers = headers;
            Event = payload;
        }

        public string RequestId
        {
            get { return Header("Aws-Request-Id"); }
        }

        public string FunctionArn
        {
            get { return Header("Invoked-Function-Arn"); }
        }

        public string TraceId
        {
            get { return Header("Trace-Id"); }
        }

        public string TenantId
        {
            get { return Header("Aws-Tenant-Id"); }
        }

        public string ClientContext
        {
            get { return Header("Client-Context"); }
        }

        public string Identity
        {
            get { return Header("Cognito-Identity"); }
        }

        public TimeSpan Remaining
        {
            get
            {
                long deadline;
                long.TryParse(Header("Deadline-Ms"), out deadline);
                return Epoch.AddMilliseconds(deadline) - DateTime.UtcNow;
            }
        }

        string Header(string name)
        {
            string value;
            return headers.TryGetValue("Lambda-Runtime-" + name, out value) ? value : null;
        }
    }
}
