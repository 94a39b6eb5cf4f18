// An executable assembly: it speaks the Runtime API itself, as one does that is built with Amazon.Lambda.RuntimeSupport.
using System;
using System.Net;
using System.Security.Cryptography;
using System.Text;

static class OwnProgram
{
    static void Main()
    {
        string api = "http://" + Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/";
        while (true)
        {
            var client = new WebClient();
            byte[] received = client.DownloadData(api + "next");
            string id = client.ResponseHeaders["Lambda-Runtime-Aws-Request-Id"];
            byte[] hash = SHA256.Create().ComputeHash(received);
            client.UploadData(api + id + "/response", Encoding.UTF8.GetBytes("\"" + Convert.ToBase64String(hash) + "\""));
        }
    }
}
