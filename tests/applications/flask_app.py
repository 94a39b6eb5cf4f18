"""A Flask application behind apig-wsgi."""

from apig_wsgi import make_lambda_handler
from flask import Flask, Response, abort, jsonify, request

app = Flask(__name__)


@app.get("/items/<int:number>")
def read(number):
    if number == 404:
        abort(404)
    return jsonify(number=number, q=request.args.get("q"))


@app.post("/form")
def form():
    return f"Hello {request.form['name']}!"


@app.get("/image")
def image():
    return Response(bytes(range(256)), mimetype="image/png")


@app.get("/fails")
def fails():
    raise ValueError("as asked")


handler = make_lambda_handler(app, binary_support=True)
