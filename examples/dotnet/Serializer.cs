using Amazon.Lambda.Core;

#if FIRST
// As packages for .NET Core 1.0, 2.0 and 2.1 had it.
[assembly: LambdaSerializer(typeof(Amazon.Lambda.Serialization.Json.JsonSerializer))]
#else
[assembly: LambdaSerializer(typeof(Amazon.Lambda.Serialization.SystemTextJson.DefaultLambdaJsonSerializer))]
#endif
