// Lists the account's functions at AWS's own name.
using System;
using System.IO;
using System.Net;

public class Https
{
    public Stream Look(Stream input)
    {
        var client = new WebClient();
        string region = Environment.GetEnvironmentVariable("AWS_REGION");
        string scope = Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID") + "/20260101/" + region + "/lambda/aws4_request";
        client.Headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=" + new string('0', 64);
        return new MemoryStream(client.DownloadData("https://lambda." + region + ".amazonaws.com/2015-03-31/functions"));
    }
}
