"""A FastAPI application, as its authors' tutorial has them, behind Mangum."""

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response
from mangum import Mangum
from pydantic import BaseModel

app = FastAPI(title="items")


class Item(BaseModel):
    name: str
    price: float


@app.get("/items/{number}")
async def read(number: int, q: str | None = None):
    if number == 404:
        raise HTTPException(404, "no such item")
    return {"number": number, "q": q}


@app.post("/items", status_code=201)
def create(item: Item):
    return {"name": item.name.upper(), "price": item.price}


@app.get("/cookies")
def cookies(request: Request):
    response = PlainTextResponse(",".join(f"{name}={value}" for name, value in sorted(request.cookies.items())))
    response.set_cookie("first", "1")
    response.set_cookie("second", "2")
    return response


@app.get("/image")
def image():
    return Response(bytes(range(256)), media_type="image/png")


@app.get("/scope")
def scope(request: Request):
    context = request.scope["aws.context"]
    return {"request": context.aws_request_id, "function": context.function_name, "address": request.client.host}


handler = Mangum(app, lifespan="off")
