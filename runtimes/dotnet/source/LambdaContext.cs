using System;
using System.Collections.Generic;
using System.Reflection;

namespace Lambent.Runtime
{
    /// <summary>What is behind the function's ILambdaContext.</summary>
    sealed class LambdaContext
    {
        readonly Invocation invocation;
        readonly Log log;
        readonly object serializer;
        readonly Type face;
        object client;
        object identity;
        object logger;

        LambdaContext(Type face, Invocation invocation, Log log, object serializer)
        {
            this.face = face;
            this.invocation = invocation;
            this.log = log;
            this.serializer = serializer;
        }

        /// <summary>An object of the function's ILambdaContext.</summary>
        public static object Of(Type face, Invocation invocation, Log log, object serializer)
        {
            var context = new LambdaContext(face, invocation, log, serializer);
            return Facade.Of(face, context.Answer, "get_TenantId", "get_TraceId", "get_Serializer");
        }

        object Answer(string method, object[] arguments)
        {
            switch (method)
            {
                case "get_AwsRequestId": return invocation.RequestId;
                case "get_ClientContext": return client ?? (client = Client());
                case "get_FunctionName": return Variable("AWS_LAMBDA_FUNCTION_NAME");
                case "get_FunctionVersion": return Variable("AWS_LAMBDA_FUNCTION_VERSION");
                case "get_Identity": return identity ?? (identity = Identity());
                case "get_InvokedFunctionArn": return invocation.FunctionArn;
                case "get_Logger": return logger ?? (logger = Facade.Of(Face("Logger"), log.Answer, "Log"));
                case "get_LogGroupName": return Variable("AWS_LAMBDA_LOG_GROUP_NAME");
                case "get_LogStreamName": return Variable("AWS_LAMBDA_LOG_STREAM_NAME");
                case "get_MemoryLimitInMB": return Memory();
                case "get_RemainingTime": return invocation.Remaining;
                case "get_TenantId": return invocation.TenantId;
                case "get_TraceId": return invocation.TraceId;
                case "get_Serializer": return serializer;
                default: throw new NotSupportedException(method);
            }
        }

        Type Face(string property)
        {
            return face.GetProperty(property).PropertyType;
        }

        static string Variable(string name)
        {
            return Environment.GetEnvironmentVariable(name);
        }

        static int Memory()
        {
            int memory;
            int.TryParse(Variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), out memory);
            return memory;
        }

        object Client()
        {
            Type type = Face("ClientContext");
            var told = Json.Members(invocation.ClientContext);
            var application = told.ContainsKey("client") ? Application(type, told["client"]) : null;
            return Facade.Of(type, (method, _) =>
            {
                switch (method)
                {
                    case "get_Client": return application;
                    case "get_Custom": return Texts(told, "custom");
                    case "get_Environment": return Texts(told, "env");
                    default: throw new NotSupportedException(method);
                }
            });
        }

        static object Application(Type client, object told)
        {
            var members = told as Dictionary<string, object> ?? new Dictionary<string, object>();
            return Facade.Of(client.GetProperty("Client").PropertyType, (method, _) =>
            {
                switch (method)
                {
                    case "get_AppPackageName": return Text(members, "app_package_name");
                    case "get_AppTitle": return Text(members, "app_title");
                    case "get_AppVersionCode": return Text(members, "app_version_code");
                    case "get_AppVersionName": return Text(members, "app_version_name");
                    case "get_InstallationId": return Text(members, "installation_id");
                    default: throw new NotSupportedException(method);
                }
            });
        }

        object Identity()
        {
            var told = Json.Members(invocation.Identity);
            return Facade.Of(Face("Identity"), (method, _) =>
            {
                switch (method)
                {
                    case "get_IdentityId": return Text(told, "cognitoIdentityId");
                    case "get_IdentityPoolId": return Text(told, "cognitoIdentityPoolId");
                    default: throw new NotSupportedException(method);
                }
            });
        }

        static string Text(Dictionary<string, object> members, string name)
        {
            object value;
            return members.TryGetValue(name, out value) && value != null ? Json.Text(value) : null;
        }

        static IDictionary<string, string> Texts(Dictionary<string, object> told, string name)
        {
            object value;
            told.TryGetValue(name, out value);
            var members = value as Dictionary<string, object>;
            if (members == null)
            {
                return null;
            }
            var texts = new Dictionary<string, string>();
            foreach (var member in members)
            {
                texts[member.Key] = Json.Text(member.Value);
            }
            return texts;
        }
    }
}
