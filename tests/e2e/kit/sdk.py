"""boto3, as people pack it with their functions."""

import pathlib

import boto3
import botocore
import dateutil
import jmespath
import s3transfer
import six
import urllib3


def sdk():
    """The files of boto3 and of what it stands on, of botocore's many services only Lambda."""
    files = {"six.py": pathlib.Path(six.__file__).read_bytes()}
    for module in (boto3, botocore, s3transfer, jmespath, dateutil, urllib3):
        root = pathlib.Path(module.__file__).parent
        for path in root.rglob("*"):
            name = path.relative_to(root.parent)
            service = module is botocore and name.parts[1] == "data" and len(name.parts) > 3 and name.parts[2] != "lambda"
            if path.is_file() and not service and path.suffix in (".py", ".json", ".gz", ".pem"):
                files[str(name)] = path.read_bytes()
    return files
