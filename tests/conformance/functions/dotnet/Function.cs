using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Amazon.Lambda.Core;

namespace Dotnet
{
    /// <summary>Does what its event asks for: fails, calls AWS, tells what it sees of itself, or returns the event.</summary>
    public class Function
    {
        public Stream FunctionHandler(Stream input, ILambdaContext context)
        {
            string text = new StreamReader(input, Encoding.UTF8).ReadToEnd();
            string asked = Member("common", text);
            if (asked == "fail")
            {
                throw new Exception("Error: " + Member("message", text));
            }
            string answer = asked == "call" ? Listed() : asked == "tell" ? Told(context) : text;
            return new MemoryStream(Encoding.UTF8.GetBytes(answer));
        }

        static string Member(string name, string text)
        {
            Match found = Regex.Match(text, "\"" + name + "\": *\"([^\"]*)\"");
            return found.Success ? found.Groups[1].Value : null;
        }

        /// <summary>The names of the account's functions.</summary>
        static string Listed()
        {
            var client = new WebClient();
            string scope = Variable("AWS_ACCESS_KEY_ID") + "/20260101/" + Variable("AWS_REGION") + "/lambda/aws4_request";
            client.Headers["Authorization"] =
                "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=" + new string('0', 64);
            string answer = client.DownloadString(Variable("AWS_ENDPOINT_URL") + "/2015-03-31/functions");
            var names = Regex.Matches(answer, "\"FunctionName\": *(\"[^\"]*\")").Cast<Match>().Select(each => each.Groups[1].Value);
            return "{\"functions\": [" + string.Join(",", names) + "]}";
        }

        static string Variable(string name)
        {
            return Environment.GetEnvironmentVariable(name);
        }

        static string Told(ILambdaContext context)
        {
            var told = new Dictionary<string, string>
            {
                ["aws_request_id"] = context.AwsRequestId,
                ["function_name"] = context.FunctionName,
                ["function_version"] = context.FunctionVersion,
                ["invoked_function_arn"] = context.InvokedFunctionArn,
                ["log_group_name"] = context.LogGroupName,
                ["log_stream_name"] = context.LogStreamName,
                ["memory_limit_in_mb"] = context.MemoryLimitInMB.ToString(),
                ["remaining_time_in_millis"] = ((int)context.RemainingTime.TotalMilliseconds).ToString(),
            };
            var all = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>();
            var variables = all.ToDictionary(each => (string)each.Key, each => (string)each.Value);
            var packages = Directory.GetFileSystemEntries("/opt").Select(each => "\"" + Path.GetFileName(each) + "\"");
            return "{\"ctx\": " + Members(told) + ", \"environment\": " + Members(variables)
                + ", \"packages\": [" + string.Join(",", packages) + "]}";
        }

        static string Members(Dictionary<string, string> members)
        {
            return "{" + string.Join(",", members.Select(each => "\"" + each.Key + "\":\"" + each.Value + "\"")) + "}";
        }
    }
}
