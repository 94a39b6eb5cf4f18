package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type MyEvent struct {
	What string `json:"what"`
	Name string `json:"name"`
}

type CustomError struct{}

func (CustomError) Error() string { return "custom" }

func HandleRequest(ctx context.Context, event MyEvent) (interface{}, error) {
	switch event.What {
	case "fail":
		return nil, errors.New(event.Name)
	case "custom":
		return nil, CustomError{}
	case "panic":
		panic(errors.New(event.Name))
	case "exit":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Minute)
	case "stream":
		return strings.NewReader("one\ntwo\nthree\n"), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]interface{}{"request": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "identity": lc.Identity, "client": lc.ClientContext,
			"left": time.Until(deadline).Milliseconds(), "name": lambdacontext.FunctionName, "version": lambdacontext.FunctionVersion,
			"memory": lambdacontext.MemoryLimitInMB, "group": lambdacontext.LogGroupName, "stream": lambdacontext.LogStreamName,
			"trace": ctx.Value("x-amzn-trace-id"), "rpc": os.Getenv("_LAMBDA_SERVER_PORT") != ""}, nil
	}
	fmt.Println("logged", event.Name)
	return fmt.Sprintf("Hello %s!", event.Name), nil
}

func main() { lambda.Start(HandleRequest) }
