def my_handler(event, context):
    print("greeting", event["last_name"], "as request", context.aws_request_id)
    return {"message": "Hello {} {}!".format(event["first_name"], event["last_name"])}
